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
from tracker.metrics import MetricsWriter
from tracker.model import Change, Key
from tracker.pending import HEARTBEAT_SECONDS, PendingWriter


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
        self._begin()
        self._open_metrics()

    def _begin(self) -> None:
        """Nothing is open and nothing waits: at first, and in a forked child, whose parent keeps what was waiting."""
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._waiting: deque[Change] = deque()
        self._pending: PendingWriter | None = None
        self._last_sent = 0.0
        self._metrics: MetricsWriter | None = None

    @property
    def waiting(self) -> bool:
        """Something could not be written yet."""
        return bool(self._waiting) or (self._metrics is not None and self._metrics.waiting)

    def change(
        self, table: str, key: Key, cells: Mapping[str, Any], *, was: Mapping[str, Any] | None = None, new: bool = False
    ) -> None:
        """Set cells of one row; what this run wrote into them before is told along, unless ``was`` says otherwise."""
        if os.getpid() != self._pid:
            self._begin()
        with self._lock:
            row = self._written.setdefault((table, key), {})
            if was is None:
                was = {column: row[column] for column in cells if column in row}
            row.update(cells)
            self._waiting.append(Change(table, key, cells, was, new, time.time()))
            self._send()

    def metric(self, name: str, value: float, step: int | None, timestamp_ms: int | None) -> None:
        """Write one value of one metric."""
        if os.getpid() != self._pid:
            self._begin()
        (self._metrics or self._open_metrics()).log(name, value, step, timestamp_ms)

    def metrics(self, values: Mapping[str, float], step: int | None, timestamp_ms: int | None) -> None:
        """Write values of several metrics."""
        if os.getpid() != self._pid:
            self._begin()
        (self._metrics or self._open_metrics()).log_many(values, step, timestamp_ms)

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
            if self._metrics is not None:
                self._metrics.flush()

    def close(self) -> None:
        """Let go of the files, after a last attempt; what is written later opens them again."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            self.flush()
            if self._pending is not None:
                self._pending.close()
                self._pending = None
            if self._metrics is not None:
                self._metrics.close()
                self._metrics = None

    def _send(self) -> None:
        while self._waiting:
            pending = self._pending or self._open_pending()
            now = time.time()
            if now - self._last_sent > HEARTBEAT_SECONDS and not os.path.exists(pending.path):
                pending = self._open_pending()
            pending.append(self._waiting[0])
            self._last_sent = now
            self._waiting.popleft()

    def _open_pending(self) -> PendingWriter:
        if self._pending is not None:
            self._pending.close()
        self._pending = PendingWriter(self._folders.pending, run_id=self._run_id, who=self._who, program="script")
        return self._pending

    def _open_metrics(self) -> MetricsWriter:
        with self._lock:
            if self._pending is None:  # a sync looks for metrics where a pending file says that the run is at work
                self._open_pending()
            if self._metrics is None:
                self._metrics = MetricsWriter(self._folders.metrics(self._run_id))
            return self._metrics
