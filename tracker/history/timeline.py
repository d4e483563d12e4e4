"""Everything that became of a registry, newest first: change sets and outside saves, all or what concerns something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tracker.errors import ChangeNotFoundError
from tracker.folders import Folders
from tracker.history.outside import find_outside_save, outside_saves
from tracker.history.versions import known_versions
from tracker.journal.changes import Journal
from tracker.journal.verify import Proof, prove
from tracker.model import CellChange, ChangeSet, ColumnChange, Conflict, Entry
from tracker.workbook import read_stamp


@dataclass(frozen=True, slots=True)
class About:
    """What of the history is wanted; what is left empty does not matter."""

    run_id: str = ""
    """What concerns this run: its row, its checklist, its lineage, the artifacts that it made."""
    table: str = ""
    who: str = ""
    """Part of the name of who decided or synced; capitals do not count."""
    since: float | None = None
    """Seconds since 1970, UTC."""


def events(folders: Folders, about: About | None = None) -> Iterator[ChangeSet]:
    """The change sets and outside saves, newest first, with what of each is wanted; those that have nothing of it not.

    A save in another program that was overwritten before any sync came is not among them: nobody saw it.
    """
    about = about or About()
    needle = json.dumps(about.run_id, ensure_ascii=False).encode() if about.run_id else b""
    for found in _by_time(Journal(folders.changes).newest_first(needle), outside_saves(folders)):
        if about.since is not None and found.time < about.since:
            return
        if part := _part(found, about):
            yield part


def find_event(folders: Folders, name: str) -> ChangeSet:
    """One change set by its number or id, or one outside save by the beginning of its id.

    Raises:
        ChangeNotFoundError: there is none.
    """
    name = name.strip()
    journal = Journal(folders.changes)
    id = journal.find(name)
    found = journal.read(id) if id else find_outside_save(folders, name)
    if found is None:
        raise ChangeNotFoundError(change=name, path=folders.workbook)
    return found


def verify(folders: Folders) -> Proof:
    """Whether all change sets are what they were when they were written, and all are there that a workbook contains."""
    stamps = {}
    for path in (*(version.path for version in known_versions(folders.versions)), folders.workbook):
        if stamp := read_stamp(path):
            stamps[stamp] = path.name
    return prove(folders.changes, stamps)


def _by_time(change_sets: Iterator[ChangeSet], saves: Iterator[ChangeSet]) -> Iterator[ChangeSet]:
    """Both in one, newest first; change sets keep their order even where a clock was set back."""
    save = next(saves, None)
    for change_set in change_sets:
        while save is not None and save.time > change_set.time:
            yield save
            save = next(saves, None)
        yield change_set
    if save is not None:
        yield save
    yield from saves


def _part(found: ChangeSet, about: About) -> ChangeSet | None:
    """What is wanted of a change set; None where it says nothing about it."""
    if not (about.run_id or about.table or about.who):
        return found
    all_of_it = not about.who or about.who.casefold() in found.who.casefold()

    def wanted(item: Entry | Conflict) -> bool:
        by = all_of_it or about.who.casefold() in item.who.casefold()
        return by and about.table in ("", item.table) and (not about.run_id or _is_of_run(item, about.run_id))

    def wanted_column(change: ColumnChange) -> bool:
        return all_of_it and not about.run_id and about.table in ("", change.table)

    part = replace(
        found,
        entries=tuple(filter(wanted, found.entries)),
        conflicts=tuple(filter(wanted, found.conflicts)),
        columns=tuple(filter(wanted_column, found.columns)),
    )
    whole = all_of_it and not (about.run_id or about.table)
    return part if whole or part.entries or part.conflicts or part.columns else None


def _is_of_run(item: Entry | Conflict, run_id: str) -> bool:
    if item.key[0] == run_id:
        return True
    made_by = item.cells.get("run_id", CellChange(None, None)) if isinstance(item, Entry) else None
    return made_by is not None and run_id in (made_by.old, made_by.new)
