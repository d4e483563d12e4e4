"""What people saved in other programs: found by comparing with the version before, and kept beside the change sets.

A sync that meets a workbook which the last sync did not leave notes it: when it was saved, by whom and with what, and
which of the kept versions holds it. What changed in it is looked up at once where the tables are small. Large ones take
seconds, so whoever looks at the history does that. A save that is overwritten before any sync came is not seen.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tracker.disk import write_durably
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.history.compare import compare_files, stamped
from tracker.history.versions import find_replaced
from tracker.journal.change_set_file import from_bytes, to_bytes
from tracker.journal.changes import Journal
from tracker.model import ChangeSet
from tracker.workbook import Workbook, open_workbook

AT_ONCE = 50_000
"""How many cells the tables may have so that a sync looks up what changed, which then takes about 0.1 s."""
HELD = 5
"""How many versions that nobody has looked at yet are kept from being thinned."""
LATER = ".later.json"
"""What the name of a noted save ends in until it is known what changed in it."""
GONE = "what changed is not known: the workbooks to compare are no longer there"
NOT_YET = "what changed has not been looked up yet"
NOTHING = "nothing in Tracker's tables changed: perhaps formats, the order of rows, or other sheets"


def note_outside_save(folders: Folders, workbook: Workbook, version: str, kept: Path, saved: float) -> None:
    """Note that somebody saved the workbook in another program; failing to is no error.

    Args:
        workbook: the one that was saved, open and unchanged.
        version: the name of the version that holds it, or will when this sync has replaced it.
        kept: where it is now.
        saved: when: seconds since 1970, UTC.
    """
    stamp = workbook.stamp
    if stamp is None and not Journal(folders.changes).newest():
        return  # before the first sync there is no history
    found = ChangeSet(
        parents=(stamp,) if stamp else (),
        time=saved,
        who=workbook.last_modified_by,
        program=workbook.program or "another program",
        outside=version,
        note=NOT_YET,
    )
    tables = (table for name in workbook.table_names if (table := workbook.table(name)) is not None)
    if sum(len(table.columns) * (table.ref.last_row - table.ref.first_row) for table in tables) <= AT_ONCE:
        found = _looked_up(folders, found, kept)
    with contextlib.suppress(OSError):
        _write(folders, found)


def outside_saves(folders: Folders) -> Iterator[ChangeSet]:
    """Every outside save that was noted, the newest first; what changed in it is looked up where no sync did.

    What was looked up is written down, so that it is there once the versions are thinned.
    """
    for path in reversed(_files(folders)):
        found = _read(path)
        if found is None:
            continue
        if found.note == NOT_YET:
            found = _looked_up(folders, found, folders.versions / found.outside)
            if found.note != GONE:  # a sync that is under way may not have kept the version yet
                with contextlib.suppress(OSError):
                    _write(folders, found)
        if not _is_nothing(found):
            yield found


def find_outside_save(folders: Folders, name: str) -> ChangeSet | None:
    """The outside save of that id, or of which this is the beginning; None where there is none."""
    return next((found for found in outside_saves(folders) if name and found.id.startswith(name)), None)


def held_versions(folders: Folders) -> set[str]:
    """The versions that are still to be looked at, and those that they are compared with."""
    held: set[str] = set()
    for path in [path for path in _files(folders) if path.name.endswith(LATER)][-HELD:]:
        if (found := _read(path)) is not None:
            base = _base(folders, found, rows=False)
            held |= {found.outside, *([base[0].name] if base else [])}
    return held


# -- comparing ----------------------------------------------------------------------------------------------------


def _looked_up(folders: Folders, found: ChangeSet, kept: Path) -> ChangeSet:
    """The outside save with what changed in it, or why that is not known."""
    base = _base(folders, found)
    if base is None or not kept.exists():
        return replace(found, note=GONE)
    try:
        differences = compare_files(base[0], kept, base[1])
        same_save = _saved(base[0]) == _saved(kept)
    except (TrackerError, OSError) as error:
        return replace(found, note=f"what changed is not known: {error}")
    # Which other sheets have other bytes says nothing: a program that saves writes every sheet anew.
    entries, columns = stamped(differences, found.time, found.who), differences.columns
    return replace(found, entries=entries, columns=columns, note="" if entries or columns or same_save else NOTHING)


def _base(folders: Folders, found: ChangeSet, rows: bool = True) -> tuple[Path, tuple[ChangeSet, ...]] | None:
    """What the outside save is compared with: a version, and the change sets that were applied to it meanwhile."""
    for path in reversed(_files(folders, _number(found))):
        earlier = _read(path)
        if earlier is None or earlier.time >= found.time or earlier.parents != found.parents:
            continue
        if (version := folders.versions / earlier.outside).exists():
            return version, ()
    return workbook_at(folders, found.parents[0], rows) if found.parents else None


def workbook_at(folders: Folders, stamp: str, rows: bool = True) -> tuple[Path, tuple[ChangeSet, ...]] | None:
    """The workbook as the sync left it that made this change set: a version, and the change sets applied to it since.

    None where the version is no longer there. Without ``rows`` the change sets are left out.
    """
    journal = Journal(folders.changes)
    try:
        last = journal.read_head(stamp)
        if last.restored:
            version = folders.versions / last.restored
            return (version, ()) if version.exists() else None
        replaced = find_replaced(folders.versions, last.time)
        if replaced is None:
            return None
        return replaced, tuple(map(journal.read, (*last.replayed, stamp))) if rows else ()
    except (KeyError, ValueError):
        return None


def _saved(path: Path) -> str:
    """When a program saved this workbook, as the program wrote it."""
    with open_workbook(path) as workbook:
        return workbook.last_modified


def _is_nothing(found: ChangeSet) -> bool:
    """A copy of the registry, or a touched file: nobody saved anything."""
    return not (found.entries or found.columns or found.note)


# -- files --------------------------------------------------------------------------------------------------------


def _files(folders: Folders, number: str = "") -> list[Path]:
    """The noted saves, oldest first; only of workbooks that contained this change set where it is given."""
    endings = (f"-{number}.json", f"-{number}{LATER}") if number else ".json"
    try:
        return sorted(folders.outside / name for name in os.listdir(folders.outside) if name.endswith(endings))
    except FileNotFoundError:
        return []


def _name(found: ChangeSet) -> str:
    """By the time of the save: whoever notes the same save again writes the same file."""
    moment = datetime.fromtimestamp(found.time, UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z-{_number(found)}"


def _number(found: ChangeSet) -> str:
    return found.parents[0].partition("-")[0] if found.parents else "unsynced"


def _write(folders: Folders, found: ChangeSet) -> None:
    folders.outside.mkdir(parents=True, exist_ok=True)
    known, later = (folders.outside / f"{_name(found)}{ending}" for ending in (".json", LATER))
    write_durably(later if found.note == NOT_YET else known, to_bytes(found))
    if found.note != NOT_YET:
        later.unlink(missing_ok=True)


def _read(path: Path) -> ChangeSet | None:
    try:
        return from_bytes(path.name.removesuffix(LATER).removesuffix(".json"), path.read_bytes())
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
