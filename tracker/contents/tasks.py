"""Looking into artifacts in a process of its own, so that neither a training nor a page waits for it or fails by it.

The process is given its tasks as JSON on its standard input; what it finds is kept where everybody looks for it. It
runs at the lowest priority. A file that breaks its reader breaks nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tracker.contents.kept import cache_folder
from tracker.folders import Folders

_PACKAGE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Task:
    """A part to look into, or two parts between which rows may leak."""

    part: str
    """``name:v3`` or ``name:v3/file.csv``; the training table where there is a test table."""
    source: str = ""
    """Where the same content may still lie, so that it need not be fetched from a far store."""
    test: str = ""
    ignore: tuple[str, ...] = ()

    def progress_file(self, folders: Folders) -> Path:
        """Where a few words say how far it is, while it is done."""
        words = json.dumps([self.part, self.test, self.ignore])
        return cache_folder(folders) / f"{hashlib.sha256(words.encode()).hexdigest()[:40]}.progress"


def start(folders: Folders, tasks: Sequence[Task], stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start a process that does these tasks, one after the other; what fails is said on its standard error.

    Raises:
        OSError: no process can be started here.
    """
    # The caller's folder may hold modules that are called like ours: -P keeps it off the path.
    command = [sys.executable, "-P", "-m", "tracker.contents"]
    path = os.pathsep.join(filter(None, (str(_PACKAGE), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        env={**os.environ, "PYTHONPATH": path},
        **_detached(),
    )
    assert process.stdin is not None
    aside = str(folders.aside) if folders.aside else None
    given = {"registry": str(folders.workbook), "aside": aside, "tasks": [asdict(task) for task in tasks]}
    with contextlib.suppress(OSError), process.stdin as stdin:  # one that ended at once says why by itself
        stdin.write(json.dumps(given).encode())
    process.stdin = None
    return process


def _detached() -> dict[str, Any]:
    """A key pressed or a window closed at the training ends the training, not what it left to be done."""
    if sys.platform == "win32":
        flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
