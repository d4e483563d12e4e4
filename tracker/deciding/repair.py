"""Putting right what is wrong with a registry, as far as it takes no opinion: planned, shown, then made as one.

Only what means the same as before, or what the history knows, is set: a number that stands as text, a choice in another
case, a text of which Excel made a date. What a sync puts right by itself, such as rows typed below a table, is left to
the sync that follows. Everything else stays a problem for people.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Decision
from tracker.deciding.edits import EditReport
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.journal.changes import Journal
from tracker.journal.pending import GONE_AFTER_SECONDS
from tracker.model import Author, Change, Key, Problem
from tracker.reading import roles
from tracker.reading import tables as reading
from tracker.reading.check_columns import Renamed, renamed_columns
from tracker.reading.check_conversions import Converted, find_converted
from tracker.reading.check_journal import find_dead
from tracker.reading.check_links import LINKS, known_keys
from tracker.reading.facts import Cell, Facts, Sheet, read_facts, shown
from tracker.reading.fitting import spelt, value_of_text
from tracker.reading.registry import Registry
from tracker.values import key_text, utc
from tracker.wording import count

WHY = "repair"
"""What the history says of these changes."""
BY_SYNC = "The next sync"
"""How the hints of problems begin that the next sync puts right."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that is put right."""

    code: str
    """That of its problem."""
    what: str
    """``status of r1: 'finished' becomes 'FINISHED'``."""
    change: Change
    sheet: str = ""
    cell: str = ""


@dataclass(frozen=True, slots=True)
class Repairs:
    """What can be put right."""

    decision: Decision
    repairs: tuple[Repair, ...] = ()
    by_sync: tuple[Problem, ...] = ()
    """What the sync that follows puts right."""
    refused: tuple[Repair, ...] = ()
    """What takes a higher role than the person has."""

    @property
    def is_empty(self) -> bool:
        """Nothing that this person could have put right."""
        return not (self.repairs or self.by_sync)


@dataclass(frozen=True, slots=True)
class Known:
    """What the history knows of cells that may be put right."""

    converted: Sequence[tuple[Sheet, Converted]] = ()
    dead: Mapping[str, float] | None = None
    """When runs that are RUNNING were last heard of (seconds since 1970, UTC), as far as a script said RUNNING."""


def plan_repairs(facts: Facts, known: Known, who: str, now: float) -> list[Repair]:
    """Everything that can be put right: a pure decision.

    Cells that hold a formula, that a change is waiting for, or whose row cannot be told from another are left alone.
    """
    busy = {
        (change.table, change.key, column)
        for change in (*facts.incoming.changes, *facts.incoming.deferred)
        for column in change.set
    }
    makers = (_dead_runs, _converted, _texts, _choices, _links)
    found = [repair for maker in makers for repair in maker(facts, known, who, now)]
    repairs: dict[tuple[str, Key, str], Repair] = {}
    for repair in found:
        change = repair.change
        for column in change.set:
            if (change.table, change.key, column) not in busy:
                repairs.setdefault((change.table, change.key, column), repair)
    kept = list({id(repair): repair for repair in repairs.values()}.values())
    return [*_renamed(facts, who, now), *kept]


def repairing(registry: Registry, who: str) -> Repairs:
    """What can be put right now, as far as this person may; changes nothing.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    folders, now = registry.folders, time.time()
    facts = reading.steadily(folders, lambda: read_facts(folders))
    role = roles.role_of(folders, who)
    repairs: list[Repair] = []
    refused: list[Repair] = []
    for repair in plan_repairs(facts, _known(facts), who, now):
        acts = roles.acts_of_edit(repair.change.table, repair.change.set)
        (repairs if all(roles.may(role, act) for act in acts) else refused).append(repair)
    by_sync = [problem for problem in registry.check() if problem.hint.startswith(BY_SYNC)]
    changes = _together([repair.change for repair in repairs])
    cells = sum(len(change.set) for change in changes)
    what = f"{count(cells, 'cell')} put right"
    return Repairs(Decision(what, tuple(changes)), tuple(repairs), tuple(by_sync), tuple(refused))


def repair(registry: Registry, who: str, agreed: Repairs | None = None) -> Decided:
    """Put right what can be, and sync.

    Args:
        agreed: what :func:`repairing` gave and the person saw.

    Raises:
        As :func:`tracker.deciding.decide.carry_out`; nothing was changed then.
    """
    done = carry_out(registry, lambda: repairing(registry, who).decision, who, agreed.decision if agreed else None)
    if done.report.changed:
        return done
    try:
        registry.sync(who=who, program="person")
    except TrackerError as error:
        return replace(done, report=EditReport(changed=False, in_workbook=False, pending_because=str(error)))
    return done


# -- what can be put right ----------------------------------------------------------------------------------------


def _may_be_set(sheet: Sheet, cell: Cell) -> bool:
    """Whether its row has a key of its own, and the cell is no part of it and holds no formula."""
    is_key = cell.place in sheet.key_places
    return cell.row in sheet.unique_rows and not is_key and (cell.row, cell.place) not in sheet.rows.formulas


def _cells(sheet: Sheet, place: int) -> Iterator[Cell]:
    """The cells of a column that may be set."""
    return (cell for cell in sheet.cells(place) if _may_be_set(sheet, cell))


def _repair(
    sheet: Sheet, code: str, cell: Cell, value: Any, who: str, now: float, by: Author = "person", more: str = ""
) -> Repair:
    column = sheet.columns[cell.place]
    said = shown(value) if isinstance(value, (str, datetime)) else key_text(value)
    what = f"{column} of {sheet.label(cell.row)}: {shown(cell.value)} becomes {said}{more}"
    change = Change(sheet.name, sheet.keys[cell.row], {column: value}, {column: cell.value}, False, now, who, by, WHY)
    return Repair(code, what, change, sheet.rows.sheet, sheet.address(cell.row, cell.place))


def _texts(facts: Facts, known: Known, who: str, now: float) -> Iterator[Repair]:
    for sheet in facts.known_sheets():
        for place, column in sheet.declared():
            for cell in _cells(sheet, place):
                value = value_of_text(cell.value, column.kind)
                if value is not None:
                    what = (
                        "date"
                        if isinstance(value, datetime)
                        else "truth value"
                        if isinstance(value, bool)
                        else "number"
                    )
                    yield _repair(sheet, "stored-as-text", cell, value, who, now, more=f", a {what}")


def _choices(facts: Facts, known: Known, who: str, now: float) -> Iterator[Repair]:
    kinds = facts.sheets.get("kinds")
    for sheet in facts.known_sheets():
        for place, column in sheet.declared():
            choices = reading.choices(sheet.name, column.name, kinds.rows if kinds else None)
            for cell in _cells(sheet, place) if choices else ():
                right = spelt(key_text(cell.value), choices)
                if right is not None and cell.value != right:
                    yield _repair(sheet, "wrong-choice", cell, right, who, now)


def _links(facts: Facts, known: Known, who: str, now: float) -> Iterator[Repair]:
    for table, column, other, target in LINKS:
        sheet, keys = facts.sheets.get(table), known_keys(facts, other, target)
        if sheet is None or keys is None or column not in sheet.columns:
            continue
        for cell in _cells(sheet, sheet.columns.index(column)):
            text = key_text(cell.value)
            right = None if text in keys else spelt(text, keys)
            if right is not None:
                yield _repair(sheet, "broken-link", cell, right, who, now)


def _converted(facts: Facts, known: Known, who: str, now: float) -> Iterator[Repair]:
    for sheet, one in known.converted:
        if one.was is not None and _may_be_set(sheet, one.cell):
            yield _repair(sheet, "converted", one.cell, one.was, who, now, more=" again")


def _dead_runs(facts: Facts, known: Known, who: str, now: float) -> Iterator[Repair]:
    """Runs of which nothing was heard for a day. A script that goes on with one after all may say so."""
    for sheet, index in find_dead(facts):
        run_id = sheet.keys[index][0]
        seen = (known.dead or {}).get(run_id)
        place = sheet.columns.index("status")
        cell = Cell(index, place, sheet.rows.rows[index][place])
        if seen is None or now - seen < GONE_AFTER_SECONDS or not _may_be_set(sheet, cell):
            continue
        moment = utc(int(seen))
        made = _repair(sheet, "dead-run", cell, "KILLED", who, now, "sync", f"; last heard of {moment} UTC")
        end = sheet.columns.index("end_time") if "end_time" in sheet.columns else None
        if end is not None and sheet.rows.rows[index][end] is None and (index, end) not in sheet.rows.formulas:
            change = replace(
                made.change, set={**made.change.set, "end_time": moment}, was={**made.change.was, "end_time": None}
            )
            made = replace(made, change=change)
        yield made


def _renamed(facts: Facts, who: str, now: float) -> Iterator[Repair]:
    """A row of the settings for each column that is sure to be there under another header."""
    settings = facts.sheets.get("settings")
    if settings is None or not {"name", "value"} <= set(settings.columns):
        return
    guesses: list[Renamed] = [guess for sheet in facts.known_sheets() for guess in renamed_columns(sheet)]
    counts = Counter((guess.sheet.name, guess.place) for guess in guesses)
    for guess in guesses:
        if not guess.is_sure or counts[guess.sheet.name, guess.place] > 1 or (guess.setting,) in settings.keys:
            continue
        change = Change("settings", (guess.setting,), {"value": guess.header}, {}, True, now, who, "person", WHY)
        what = f"column '{guess.header}' of table '{guess.sheet.name}' counts as {guess.column.name}"
        sheet = guess.sheet
        yield Repair("missing-column", what, change, sheet.rows.sheet, sheet.header_cell(guess.place))


def _together(changes: Sequence[Change]) -> list[Change]:
    """One change for each row and author."""
    rows: dict[tuple[str, Key, Author], Change] = {}
    for change in changes:
        place = (change.table, change.key, change.by)
        before = rows.get(place)
        rows[place] = (
            change
            if before is None
            else replace(before, set={**before.set, **change.set}, was={**before.was, **change.was})
        )
    return list(rows.values())


# -- what the history knows ---------------------------------------------------------------------------------------


def _known(facts: Facts) -> Known:
    converted = [(sheet, one) for sheet in facts.known_sheets() for one in find_converted(facts, sheet)]
    runs = [sheet.keys[index] for sheet, index in find_dead(facts)]
    journal = Journal(facts.folders.changes)
    dead: dict[str, float] = {}
    for key, entry in journal.last_entries("runs", "status", runs).items() if runs else ():
        latest = journal.last_entry("runs", key, None)
        if entry.by != "person" and entry.cells["status"].new == "RUNNING" and latest is not None:
            dead[key[0]] = max(entry.time, latest.time, _logged(facts.folders, key[0]))
    return Known(converted, dead)


def _logged(folders: Folders, run_id: str) -> float:
    """When the last metric step of a run was written; 0 where it has none."""
    try:
        return folders.metrics(run_id).stat().st_mtime
    except OSError:
        return 0.0
