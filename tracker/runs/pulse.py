"""What a process does in the background for one registry: heartbeats, syncs, and tables to be looked into."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tracker.errors import RegistryLockedError, TrackerError, WorkbookChangedError
from tracker.folders import Folders
from tracker.journal.pending import HEARTBEAT_SECONDS
from tracker.settings import Settings
from tracker.store import Stored
from tracker.workbook import open_workbook

if TYPE_CHECKING:
    from tracker.checklist.standing import Tally
    from tracker.contents.backlog import Backlog

PROGRESS_SECONDS = 30.0
"""How often, at most, the progress of an open run goes into the workbook."""
RETRY_SECONDS = 5.0
"""How long a sync that was put off, or had to wait for somebody, is left alone."""

TICK_SECONDS = 1.0


class Beating(Protocol):
    """What shows that it is alive: the recorder of a run."""

    def heartbeat(self) -> None: ...


class Pulse:
    """Keeps this process's runs alive for others to see, and brings what they logged into the workbook.

    No sync begins before the last one has been paid for: after one that took a second, a ``sync.share`` of 0.05 in the
    registry's settings means a pause of twenty.
    """

    def __init__(self, folders: Folders, who: str) -> None:
        self._folders = folders
        self._who = who
        self._state = threading.Lock()
        self._syncing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._beating: tuple[Beating, ...] = ()
        self._unsynced = False
        self._paused = False
        self._since = 0.0
        self._last_end = float("-inf")
        self._last_took = 0.0
        self._share: float | None = None
        self._backlog: Backlog | None = None
        self._untold: dict[str, Callable[[Tally], object]] = {}

    def join(self, run: Beating) -> None:
        """Begin the heartbeat of a run."""
        with self._state:
            self._beating += (run,)
            self._since = time.monotonic()
            self._start_thread()

    def leave(
        self, run: Beating, run_id: str = "", tell: Callable[[Tally], object] | None = None
    ) -> TrackerError | None:
        """End the heartbeat of a run, and sync: now, or soon where the last sync was a moment ago.

        Args:
            tell: told how far the run's checklist is, once a sync of this process has judged it.

        Returns:
            What keeps the sync from being done, if a person has to see to it. What was logged is safe all the same.
        """
        with self._state:
            self._beating = tuple(other for other in self._beating if other is not run)
            self._unsynced = True
            if tell is not None:
                self._untold[run_id] = tell
        error = self._sync(10.0, lambda: self._unsynced and time.monotonic() >= self._paid())
        if self._unsynced:
            with self._state:
                self._start_thread()
        return error

    def finish(self) -> TrackerError | None:
        """Sync what was put off; the process is about to end. Returns what :meth:`leave` does."""
        if self._backlog is not None:
            self._backlog.finish()
        return self._sync(10.0, lambda: self._unsynced)

    def look_into(self, stored: Stored, settings: Settings, source: Path | None = None) -> None:
        """Have a version looked into; see :class:`tracker.contents.backlog.Backlog`."""
        with self._state:
            if self._backlog is None:
                from tracker.contents.backlog import Backlog

                self._backlog = Backlog(self._folders)
        self._backlog.add(stored, settings, source)

    def pause(self, seconds: float) -> None:
        """Begin no sync, after having waited for one that is under way, for so long at most."""
        self._paused = self._syncing.acquire(timeout=seconds)

    def go_on(self) -> None:
        """The end of a pause."""
        if self._paused:
            self._paused = False
            self._syncing.release()

    def _start_thread(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._beat, name="tracker-pulse", daemon=True)
            with suppress(RuntimeError):  # the interpreter is shutting down: finish() is next
                thread.start()
                self._thread = thread

    def _beat(self) -> None:
        last_beat = time.monotonic()
        while True:
            time.sleep(TICK_SECONDS)
            if time.monotonic() >= last_beat + HEARTBEAT_SECONDS:
                last_beat = time.monotonic()
                for run in self._beating:
                    with suppress(Exception):  # the run says so itself at its next call
                        run.heartbeat()
            with suppress(Exception):  # what matters is said at the end of the run
                self._sync(0.0, self._due)
            with self._state:
                if not self._beating and not self._unsynced:
                    self._thread = None
                    return

    def _due(self) -> bool:
        """Whether the background should sync: what was put off, or the progress of open runs."""
        last, pause = (self._last_end, RETRY_SECONDS) if self._unsynced else (self._since, PROGRESS_SECONDS)
        return bool(self._unsynced or self._beating) and time.monotonic() >= max(self._paid(), last + pause)

    def _paid(self) -> float:
        """The moment at which the last sync is paid for."""
        if self._last_took and self._share is None:
            self._share = self._read_share()
        return self._last_end + self._last_took / (self._share or 1.0)

    def _read_share(self) -> float:
        try:
            with open_workbook(self._folders.workbook) as workbook:
                settings = workbook.settings()
        except TrackerError:  # a person is saving it: what is usual will do
            settings = Settings()
        return min(max(settings.number("sync.share"), 0.001), 1.0)

    def _sync(self, wait: float, due: Callable[[], bool]) -> TrackerError | None:
        with self._syncing:
            if not due():  # another thread may just have done it
                return None
            # Only a process that lives long enough to sync needs it loaded.
            from tracker.syncing.sync import sync

            begin = time.monotonic()
            self._unsynced = False
            done = False
            try:
                report = sync(self._folders, who=self._who, wait=wait)
                done = True
                for run_id in self._untold.keys() & report.judged.keys() if self._untold else ():
                    self._untold.pop(run_id)(report.judged[run_id])
            except TrackerError as error:
                somebody_else_does_it = isinstance(error, (RegistryLockedError, WorkbookChangedError))
                return None if somebody_else_does_it else error
            finally:
                self._unsynced = self._unsynced or not done
                self._since = self._last_end = time.monotonic()
                self._last_took = self._last_end - begin
        return None
