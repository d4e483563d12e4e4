"""Processes beside the server that read and reckon for it: meanwhile it answers clicks. No streamlit in here."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from typing import Any, TypeVar

COUNT = 2
"""So that who wants to know something quick does not wait for what takes long."""
LONG = 0.1
"""Seconds that something takes to find out in a registry that is worth other processes; most never need them."""

T = TypeVar("T")


class Workers:
    """Finds things out here, and in processes of their own once the first has taken long."""

    def __init__(self) -> None:
        """Has no processes, and starts none yet."""
        self._lock = threading.Lock()
        self._imports: tuple[str, ...] | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._coming: list[Future[None]] = []

    def allow(self, imports: Sequence[str]) -> None:
        """From now on they may be started; whoever allows it has to :meth:`stop` them.

        Args:
            imports: the modules that they import before they are asked anything.
        """
        self._imports = tuple(imports)

    def stop(self) -> None:
        """End the processes."""
        with self._lock:
            pool, self._pool, self._imports = self._pool, None, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def find(self, find: Callable[..., T], *arguments: Any) -> T:
        """What a function of a module gives for these arguments; raises what it raises."""
        pool = self._pool
        if pool is not None and all(coming.done() for coming in self._coming):
            try:
                found: tuple[T] | None = pool.submit(_tried, find, arguments).result()
            except BrokenProcessPool:  # somebody killed one, perhaps for want of memory: then better none
                found, self._pool = None, None
            if found is not None:
                return found[0]
        begun = time.perf_counter()
        result = find(*arguments)
        if time.perf_counter() - begun > LONG:
            self._start()
        return result

    def _start(self) -> None:
        with self._lock:
            if self._imports is None:
                return
            imports, self._imports = self._imports, None
            context = multiprocessing.get_context("spawn")  # a fork would copy the locks that other threads hold
            self._pool = ProcessPoolExecutor(COUNT, context, _begin)
            self._coming = [self._pool.submit(_get_ready, imports) for _ in range(COUNT)]


def _begin() -> None:
    """Leave it to the server when to end, but end with it, however it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()


def _end_with(server: Any) -> None:
    server.join()
    os._exit(0)


def _get_ready(imports: Sequence[str]) -> None:
    for name in imports:
        import_module(name)


def _tried(find: Callable[..., T], arguments: tuple[Any, ...]) -> tuple[T] | None:
    """What was found, else None: the server meets the error itself, since not every error can be sent to it."""
    try:
        return (find(*arguments),)
    except Exception:
        return None
