"""What one process writes about one run: its pending file and the run's metrics. Nothing given to it gets lost.

What could not be written stays in memory and goes first with the next call. A forked child writes a pending file of its
own. A pending file that was removed under its writer, while the machine slept for days, is replaced.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from tracker.folders import Folders
from tracker.journal.metrics import MetricsWriter
from tracker.journal.pending import HEARTBEAT_SECONDS, PendingWriter
from tracker.model import Change, Key


class Recorder:
    """Writes the changes and metrics of one run.

    Raises:
        OSError: by every method; the folder cannot be written, or the disk is full. What was given is kept.
    """

    def __init__(self, folders: Folders, run_id: str, who: str) -> None:
        self._folders = folders
        self._run_id = run_id
        self._who = who
        self._written: dict[tuple[str, Key], dict[str, Any]] = {}
        self.begin_anew()
        self._open_pending()
        self._metrics.open()

    def begin_anew(self) -> None:
        """Open nothing and wait for nothing: at first, and in a forked child, whose parent keeps what was waiting."""
        self._lock = threading.RLock()
        self._waiting: deque[Change] = deque()
        self._pending: PendingWriter | None = None
        self._last_sent = 0.0
        self._metrics = MetricsWriter(self._folders.metrics(self._run_id))

    @property
    def waiting(self) -> bool:
        """Something could not be written yet."""
        return bool(self._waiting) or self._metrics.waiting

    def change(
        self, table: str, key: Key, cells: Mapping[str, Any], *, was: Mapping[str, Any] | None = None, new: bool = False
    ) -> None:
        """Set cells of one row; what this run wrote into them before is told along, unless ``was`` says otherwise."""
        with self._lock:
            row = self._written.setdefault((table, key), {})
            if was is None:
                was = {column: row[column] for column in cells if column in row}
            row.update(cells)
            self._waiting.append(Change(table, key, cells, was, new, time.time()))
            self._send()

    def metric(self, name: str, value: float, step: int | None, timestamp_ms: int | None) -> None:
        """Write one value of one metric."""
        self._metrics.log(name, value, step, timestamp_ms)
        if self._pending is None:
            self._open_pending()

    def metrics(self, values: Mapping[str, float], step: int | None, timestamp_ms: int | None) -> None:
        """Write values of several metrics."""
        self._metrics.log_many(values, step, timestamp_ms)
        if self._pending is None:
            self._open_pending()

    def heartbeat(self) -> None:
        """Show that this process is alive, and try again what could not be written."""
        with self._lock:
            if self._pending is not None:
                try:
                    self._pending.heartbeat()
                except FileNotFoundError:
                    self._open_pending()
            self.flush()

    def flush(self) -> None:
        """Try again what could not be written."""
        with self._lock:
            self._send()
            self._metrics.flush()

    def close(self) -> None:
        """Let go of the files, after a last attempt; what is written later opens them again."""
        with self._lock:
            self._send()
            self._metrics.close()
            if self._pending is not None:
                self._pending.close()
                self._pending = None

    def _send(self) -> None:
        while self._waiting:
            pending = self._pending or self._open_pending()
            now = time.time()
            if now - self._last_sent > HEARTBEAT_SECONDS and not os.path.exists(pending.path):
                pending = self._open_pending()
            change = self._waiting.popleft()
            try:
                pending.append(change)
            except OSError:
                self._waiting.appendleft(change)
                raise
            self._last_sent = now

    def _open_pending(self) -> PendingWriter:
        """Open a pending file, also where there are metrics only: a sync looks for metrics of runs that have one."""
        with self._lock:
            if self._pending is not None:
                self._pending.close()
            self._pending = PendingWriter(self._folders.pending, run_id=self._run_id, who=self._who, program="script")
            return self._pending
