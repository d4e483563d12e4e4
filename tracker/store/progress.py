"""How far the storing or fetching of many bytes is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

OnProgress = Callable[[int, int], object]
"""Called with the bytes done and the bytes in all; from several threads, though never from two at once."""

_SHOW_AFTER = 1.0
"""Seconds after which it is worth a bar."""


class Progress:
    """Adds up bytes from several threads, and tells them."""

    def __init__(self, total: int, on_progress: OnProgress | None, beat: Callable[[], object] | None = None) -> None:
        self.total = total
        self._done = 0
        self._on_progress = on_progress
        self._beat = beat
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """So many bytes more; fewer, where something is done again."""
        if self._beat is not None:
            self._beat()
        if self._on_progress is not None:
            with self._lock:
                self._done += count
                self._on_progress(self._done, self.total)


@contextmanager
def bar(what: str) -> Iterator[OnProgress | None]:
    """Something to call with progress. In a terminal or notebook it draws a bar, if it takes long and tqdm is there."""
    if not (sys.stderr is not None and sys.stderr.isatty()) and "ipykernel" not in sys.modules:
        yield None
        return
    begun = time.monotonic()
    shown: list[Any] = []

    def show(done: int, total: int) -> None:
        if not shown and time.monotonic() - begun > _SHOW_AFTER:
            shown.append(_new_bar(what))
        if shown and shown[0] is not None:
            shown[0].total = total
            shown[0].update(done - shown[0].n)

    try:
        yield show
    finally:
        if shown and shown[0] is not None:
            shown[0].close()


def _new_bar(what: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    return tqdm(desc=what, unit="B", unit_scale=True, leave=False)
