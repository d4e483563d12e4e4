"""The archive's workbook: made from the general template, with the columns that people added to the registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tracker.deciding.decision import Cells
from tracker.disk import writing
from tracker.folders import Folders
from tracker.reading.registry import templates
from tracker.syncing.cache import FileIdentity
from tracker.syncing.elsewhere import refuse_open_elsewhere
from tracker.syncing.lock import locked
from tracker.syncing.replacing import put_in_place, refuse_changed, written_beside
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
            with written_beside(book, folders.workbook) as (target, _):
                put_in_place(target, folders.workbook)


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
            refuse_open_elsewhere(path)
            book.refuse_unwritable()
            with written_beside(book, path) as (target, _):
                refuse_changed(path, before)
                put_in_place(target, path)


def _add(book: Workbook, own_columns: Sequence[str]) -> bool:
    """Whether any was added."""
    runs = book.table("runs")
    assert runs is not None, "it is a registry"
    there = {header.lower() for header in runs.columns}
    names = [name for name in own_columns if name.lower() not in there]
    if names:
        runs.add_columns(names, [float(max(14, len(name) + 3)) for name in names])
    return bool(names)
