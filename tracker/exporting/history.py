"""The history of some rows, and whether the whole history is what it was when it was written.

The name of a change set ends in the hash of its content, and its content names its parents: who alters one, takes one
out or puts one in between breaks the chain, which is looked at here from end to end.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.folders import Folders
from tracker.journal.change_set_file import from_bytes, hash_of
from tracker.journal.changes import Journal
from tracker.journal.verify import Fault, prove
from tracker.model import ChangeSet, Key
from tracker.values import utc

RowKey = tuple[str, Key]
"""A table and the key of a row in it."""


@dataclass(frozen=True, slots=True)
class CellEvent:
    """One cell that was set, or that was to be set and was not."""

    change_set: str
    time: datetime
    """UTC, when it was decided."""
    who: str
    by: str
    """``script``, ``person`` or ``sync``."""
    table: str
    key: Key
    column: str
    old: Any
    new: Any
    what: str
    """``new row``, ``changed``, or why it was not written."""


@dataclass(frozen=True, slots=True)
class Link:
    """One change set that says something about the rows."""

    id: str
    parents: tuple[str, ...]
    time: datetime
    who: str
    content: bytes
    """The file as it is, so that whoever has it can compute its hash."""


@dataclass(frozen=True, slots=True)
class History:
    """What happened to the rows, oldest first, and how the whole history stands."""

    events: tuple[CellEvent, ...]
    links: tuple[Link, ...]
    count: int
    """How many change sets the registry has."""
    faults: tuple[Fault, ...]
    """What is wrong with the history of the whole registry."""
    altered: frozenset[str]
    """Change sets whose content is not what their name says."""
    stamp: str
    """The last change set that the workbook contains; empty where it was never synced."""
    newest: datetime | None
    """When the last change set was written, UTC."""


def read_history(folders: Folders, rows: Collection[RowKey], stamp: str | None) -> History:
    """The history of these rows of a registry whose workbook has that stamp."""
    links: list[Link] = []
    events: list[CellEvent] = []
    altered, count, newest = set(), 0, None
    needles = [json.dumps(list(key), ensure_ascii=False, separators=(",", ":")).encode() for _, key in rows]
    for id, content in sorted(Journal(folders.changes).contents()):
        count += 1
        if hash_of(content) != id.partition("-")[2]:
            altered.add(id)
        try:
            change_set = from_bytes(id, content)
        except (ValueError, KeyError, TypeError, IndexError):
            continue  # torn, and one of the faults
        newest = utc(change_set.time)
        if any(needle in content for needle in needles) and (found := _events(change_set, rows)):
            events += found
            links.append(Link(id, change_set.parents, newest, change_set.who, content))
    stamps = {stamp: folders.workbook.name} if stamp else {}
    faults = prove(folders.changes, stamps).faults
    return History(tuple(events), tuple(links), count, tuple(faults), frozenset(altered), stamp or "", newest)


def _events(change_set: ChangeSet, rows: Collection[RowKey]) -> list[CellEvent]:
    found = []
    for entry in change_set.entries:
        if (entry.table, entry.key) in rows:
            what = "new row" if entry.new or entry.typed else "changed"
            when, who = utc(entry.time or change_set.time), entry.who or change_set.who
            for column, cell in entry.cells.items():
                event = (change_set.id, when, who, entry.by, entry.table, entry.key, column, cell.old, cell.new, what)
                found.append(CellEvent(*event))
    for conflict in change_set.conflicts:
        if (conflict.table, conflict.key) in rows:
            when = utc(conflict.time or change_set.time)
            what = f"not written: {conflict.reason}"
            place = (conflict.table, conflict.key, conflict.column)
            found.append(
                CellEvent(change_set.id, when, conflict.who, "", *place, conflict.kept, conflict.dropped, what)
            )
    return found
