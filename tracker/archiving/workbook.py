"""The archive's workbook: made from the general template, with the columns that people added to the registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tracker.deciding.decision import Cells
from tracker.disk import fsync_folder, writing
from tracker.errors import WorkbookChangedError, WorkbookOpenElsewhereError
from tracker.folders import Folders
from tracker.reading.registry import templates
from tracker.syncing.cache import FileIdentity
from tracker.syncing.elsewhere import open_elsewhere
from tracker.syncing.lock import locked
from tracker.workbook import Workbook, open_workbook

LOCK_WAIT = 10.0


def make_archive(folders: Folders, own_columns: Sequence[str], people: Sequence[Cells]) -> None:
    """Make an archive; the same people have the same roles in it.

    It has no standard operating procedure: what is archived was judged, and is not judged anew.
    """
    with open_workbook(templates()["general"]) as book:
        procedure = book.table("sop")
        if procedure is not None:
            for row in procedure.rows():
                procedure.set(row.number, dict.fromkeys(range(len(procedure.columns))))
        _add(book, own_columns)
        table = book.table("people")
        if table is not None and people:
            known = {header.lower(): header for header in table.columns}
            table.append([{known[name]: value for name, value in row.items() if name in known} for row in people])
        with writing(folders.workbook):
            folders.side.mkdir(parents=True, exist_ok=True)
            _put(book, folders.workbook, None)


def add_own_columns(folders: Folders, own_columns: Sequence[str], who: str) -> None:
    """Add the columns of people's own that the runs table lacks.

    Raises:
        WorkbookOpenElsewhereError, WorkbookChangedError, RegistryLockedError: later; nothing was changed.
        ContentInTheWayError, SheetFullError: there is no room for them.
    """
    with writing(folders.workbook), locked(folders, who, "person", LOCK_WAIT):
        path = Path(os.path.realpath(folders.workbook))
        before = FileIdentity.of(os.stat(path))
        with open_workbook(path) as book:
            if not _add(book, own_columns):
                return
            found = open_elsewhere(path)
            if found is not None:
                raise WorkbookOpenElsewhereError(path=path, program=found.program, owner=found.owner, lock=found.lock)
            book.refuse_unwritable()
            _put(book, path, before)


def _add(book: Workbook, own_columns: Sequence[str]) -> bool:
    """Whether any was added."""
    runs = book.table("runs")
    assert runs is not None, "it is a registry"
    there = {header.lower() for header in runs.columns}
    names = [name for name in own_columns if name.lower() not in there]
    if names:
        runs.add_columns(names, [float(max(14, len(name) + 3)) for name in names])
    return bool(names)


def _put(book: Workbook, path: Path, before: FileIdentity | None) -> None:
    """Write the workbook beside its place and put it there when it is whole."""
    target = path.with_name(f".{path.name}.syncing-{os.getpid()}-columns")
    try:
        with open(target, "w+b") as file:
            book.save(file)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            os.chmod(target, os.stat(path).st_mode & 0o7777)
            if FileIdentity.of(os.stat(path)) != before:
                raise WorkbookChangedError(path=path)
        os.replace(target, path)
    finally:
        target.unlink(missing_ok=True)
    fsync_folder(path.parent)
