"""The process that :mod:`tracker.contents.tasks` starts."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from tracker.contents.compared import leakage_between
from tracker.contents.kept import look_into
from tracker.contents.parts import find_part, unchanged_source
from tracker.contents.tasks import Task
from tracker.errors import TrackerError
from tracker.folders import Folders


def main() -> int:
    """Do the tasks on standard input; the exit code is 1 if one of them failed, and says why on standard error."""
    if hasattr(os, "nice"):
        os.nice(19)
    given = json.loads(sys.stdin.buffer.read())
    folders = Folders(Path(given["registry"]), Path(given["aside"]) if given["aside"] else None)
    failed = False
    for record in given["tasks"]:
        try:
            _do(folders, Task(**{**record, "ignore": tuple(record["ignore"])}))
        except TrackerError as error:
            failed = True
            print(error, file=sys.stderr, flush=True)
    return int(failed)


def _do(folders: Folders, task: Task) -> None:
    progress = task.progress_file(folders)

    def tell(words: str) -> None:
        with contextlib.suppress(OSError):
            progress.write_text(words, encoding="utf-8")

    try:
        part: Any = find_part(folders, task.part)
        if task.test:
            leakage_between(folders, part, find_part(folders, task.test), task.ignore, tell)
        else:
            source = unchanged_source(Path(task.source), part) if task.source else None
            look_into(folders, part, source, tell)
    finally:
        progress.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
