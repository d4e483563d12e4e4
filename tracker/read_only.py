"""Looking only: a process in which ``TRACKER_READ_ONLY`` is set changes no registry, whatever it is asked to do."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.errors import ReadOnlyError

READ_ONLY_VARIABLE = "TRACKER_READ_ONLY"
_OFF = ("", "0", "no", "off", "false")


def is_read_only() -> bool:
    """Whether this process is not to change anything."""
    return os.environ.get(READ_ONLY_VARIABLE, "").strip().lower() not in _OFF


def refuse_read_only(path: Path) -> None:
    """Raise ReadOnlyError where this process is not to change anything; the path is named in the message."""
    if is_read_only():
        raise ReadOnlyError(path=path)
