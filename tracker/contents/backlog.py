"""What the runs of a process stored and nobody has looked into yet: another process does that, while they go on."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from pathlib import Path

from tracker.contents.kept import is_profilable
from tracker.contents.parts import Part, is_far
from tracker.contents.tasks import Task, start
from tracker.folders import Folders
from tracker.settings import Settings
from tracker.store import Stored

OFF_VARIABLE = "TRACKER_PROFILE"
"""While it says ``off``, nothing that runs on this machine store is looked into before somebody asks."""


class Backlog:
    """Has artifacts looked into, a process at a time; what comes meanwhile waits for the next one."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._waiting: list[Task] = []
        self._thread: threading.Thread | None = None

    def add(self, stored: Stored, settings: Settings, source: Path | None = None) -> None:
        """Have a version looked into, if it is a table or lies far away, and is small enough by the settings."""
        if not is_wanted(self._folders, Part(stored), settings):
            return
        if os.getpid() != self._pid:  # a forked child has no such thread
            self._begin_anew()
        with self._lock:
            self._waiting.append(Task(stored.artifact, str(source.absolute()) if source else ""))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="tracker-contents", daemon=True)
                self._thread.start()

    def finish(self) -> None:
        """Have what still waits looked into by a process that outlives this one; nobody waits for it."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            tasks, self._waiting = self._waiting, []
        if tasks:
            with contextlib.suppress(OSError):
                start(self._folders, tasks).returncode = 0  # else Python would warn of a process that is left alone

    def _work(self) -> None:
        while True:
            with self._lock:
                tasks, self._waiting = self._waiting, []
                if not tasks:
                    self._thread = None
                    return
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                start(self._folders, tasks).wait()


def is_wanted(folders: Folders, part: Part, settings: Settings) -> bool:
    """Whether a version that a run stored or read should be looked into without anybody asking."""
    if not part.is_table and not (is_far(folders, part) and not part.stored.uri):
        return False
    if part.stored.uri and is_far(folders, part):  # the data was not copied for some reason
        return False
    if os.environ.get(OFF_VARIABLE, "").lower() == "off" or not settings.is_on("data.profile"):
        return False
    small = part.size <= settings.number("data.megabytes") * 1e6
    return small and is_profilable() and not folders.metadata(part.stored.name, part.stored.version).exists()
