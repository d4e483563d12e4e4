"""mlflow's way of logging: module-level verbs that act on the active run of this thread.

What a process shares, in one :class:`Session`: its open runs, the background of each registry, and what happens when
the process ends. A forked child begins a session of its own.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

from tracker.begin import new_run, registry_folders, resumed_run
from tracker.capture import owner as login
from tracker.errors import BadRequestError
from tracker.pulse import Pulse
from tracker.run import Run, status_after
from tracker.store import Stored

DEFAULT_EXPERIMENT = "Default"


class Session:
    """What one process has under way."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.experiment = DEFAULT_EXPERIMENT
        self._runs: list[Run] = []
        self._pulses: dict[Path, Pulse] = {}
        self._error: BaseException | None = None

    def pulse(self, workbook: Path) -> Pulse: ...
