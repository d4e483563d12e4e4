"""Taking a change set back: the old values again, as a new change set. Nothing in the history is rewritten.

A cell is set back only while it holds what the change set put there. Rows cannot be deleted from a workbook that people
arrange as they like: of a row that the change set added, the cells become blank again and the key stays. Artifacts and
lineage stay, which say what is in the store; an item of the procedure is retired. A row that it removed comes back. An
outside save is taken back in the same way, as far as it touched Tracker's tables.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision
from tracker.deciding.rows import rows_by_key
from tracker.errors import UndoRefusedError
from tracker.history.timeline import find_event
from tracker.model import CellChange, Change, ChangeSet, Entry, Key
from tracker.reading import roles
from tracker.reading.registry import Registry
from tracker.schema import RETIRED, TABLES
from tracker.terminal import one_line, quoted
from tracker.values import same
from tracker.wording import count

STORED = ("artifacts", "lineage")
"""Tables of which an added row stays as it is: the files are in the store."""
STORE_CELLS = frozenset(
    ("path", "size", "files", "sha256", "status", "status_time", "status_by", "status_why", "version", "name")
)
"""Cells of ``artifacts`` that say where files are and what became of them: no undo moves a file."""
MOST_TOLD = 10
"""How many cells a refusal names."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A cell that holds something else than the change set put there."""

    table: str
    key: Key
    column: str
    put: Any
    now: Any

    def __str__(self) -> str:
        place = one_line(f"{self.table} {' '.join(self.key)} {self.column}")
        return f"{place}: was set to {quoted(self.put)}, is {quoted(self.now)} now"


@dataclass(frozen=True, slots=True)
class Undo:
    """What an undo would do, and what it would not."""

    decision: Decision
    acts: tuple[str, ...] = ()
    """Which of :data:`tracker.reading.roles.ACTS` it amounts to."""
    changed: tuple[Changed, ...] = ()
    """Cells that changed since."""
    blanked: tuple[tuple[str, Key], ...] = ()
    """Rows that the change set added, of which only the key will be left."""
    left: tuple[str, ...] = ()
    """What is not undone, in sentences."""


def plan_undo(
    found: ChangeSet, rows: Mapping[tuple[str, Key], Cells], who: str, now: float, columns: Mapping[str, set[str]]
) -> Undo:
    """The undo of a change set, whatever of it can be undone: a pure decision.

    Args:
        rows: every row of the change set that is there now.
        columns: the columns that each table has now.
    """
    why = f"undo of {label(found)}"
    changes, changed, blanked = [], [], []
    left: dict[str, int] = {}
    by_hand = bool(found.outside or found.restored)
    for entry in found.entries:
        if entry.is_judgement:
            continue  # the next sync finds it out anew
        if entry.table == "runs" and "checklist" in entry.cells:
            entry = replace(entry, cells={name: cell for name, cell in entry.cells.items() if name != "checklist"})
        if entry.table == "sop" and entry.new:  # with only its name it would be asked of every run
            level = entry.cells["level"].new if "level" in entry.cells else None
            entry = replace(entry, cells={**entry.cells, "level": CellChange(RETIRED, level)})
        row = rows.get((entry.table, entry.key))
        if reason := _not_undone(entry, row, columns):
            left[reason] = left.get(reason, 0) + 1
            continue
        if row is None:
            back = {name: cell.old for name, cell in entry.cells.items() if cell.old is not None}
            changes.append(Change(entry.table, entry.key, back, {}, True, now, who, "person", why))
        else:
            values, since = _set_back(entry, row, by_hand)
            changed += since
            if values:
                was = {name: row.get(name) for name in values}
                changes.append(Change(entry.table, entry.key, values, was, False, now, who, "person", why))
                blanked += [(entry.table, entry.key)] if entry.new else []
    acts = dict.fromkeys(act for change in changes for act in roles.acts_of_edit(change.table, change.set))
    cells = sum(len(change.set) for change in changes)
    what = f"{label(found).capitalize()} is taken back: {count(cells, 'cell')} in {count(len(changes), 'row')}"
    sentences = tuple(f"{count(rows, 'row')} {reason}" for reason, rows in left.items())
    return Undo(Decision(what, tuple(changes), "undo"), ("undo", *acts), tuple(changed), tuple(blanked), sentences)


def undoing(registry: Registry, change: str | ChangeSet, who: str) -> Undo:
    """The plan to take a change set or an outside save back, by its number or id.

    Raises:
        ChangeNotFoundError: there is none.
    """
    found = find_event(registry.folders, change) if isinstance(change, str) else change
    rows = rows_by_key(registry.folders, {(entry.table, entry.key) for entry in found.entries})
    columns = {table: set(registry.rows(table).columns) for table in {e.table for e in found.entries} & TABLES.keys()}
    return plan_undo(found, rows, who, time.time(), columns)


def undo(
    registry: Registry, change: str, who: str, *, what_is_unchanged: bool = False, agreed: Undo | None = None
) -> Decided:
    """Take a change set or an outside save back.

    Args:
        what_is_unchanged: leave cells alone that changed since, instead of refusing.
        agreed: what :func:`undoing` gave and the person saw.

    Raises:
        ChangeNotFoundError: there is none.
        UndoRefusedError: cells changed since; lists them.
        Others: as :func:`tracker.deciding.decide.carry_out`.
    """
    plan = partial(_refusing, registry, change, who, what_is_unchanged)
    return carry_out(registry, plan, who, agreed.decision if agreed else None)


def refusal(found: Undo) -> UndoRefusedError:
    """The error that lists the cells that changed since."""
    told = [f"  {cell}" for cell in found.changed[:MOST_TOLD]]
    if len(found.changed) > MOST_TOLD:
        told.append(f"  … and {count(len(found.changed) - MOST_TOLD, 'more cell')}")
    what = found.decision.what.partition(" is taken back")[0]
    return UndoRefusedError(what=what, count=count(len(found.changed), "cell"), cells="\n".join(told))


def label(found: ChangeSet) -> str:
    """``change set 57``, or an outside save by its id."""
    return f"outside save {found.id}" if found.outside else f"change set {found.number}"


def _refusing(registry: Registry, change: str, who: str, what_is_unchanged: bool) -> Decision:
    found = undoing(registry, change, who)
    roles.require_all(registry.folders, who, found.acts)
    if found.changed and not what_is_unchanged:
        raise refusal(found)
    return found.decision


def _not_undone(entry: Entry, row: Cells | None, columns: Mapping[str, set[str]]) -> str:
    """Why a row of a change set is left alone; empty where it is not."""
    if entry.table not in columns or not all(entry.key):
        return "stay as they are: they are in a table of people's own, or have no key"
    if entry.new and entry.table in STORED:
        return f"in {entry.table} stay: they say what is in the store"
    if row is None and not entry.removed:
        return "are not there any more"
    if row is not None and entry.removed:
        return "are there again already"
    return ""


def _set_back(entry: Entry, row: Cells, by_hand: bool) -> tuple[dict[str, Any], list[Changed]]:
    """The old values of the cells that hold what was put there, and the cells that do not."""
    values, changed = {}, []
    for name, cell in _cells(entry, by_hand):
        if name not in row:
            continue  # the column is gone, and with it what was put there
        current = row[name]
        if same(current, cell.old):
            continue
        if same(current, cell.new):
            values[name] = cell.old
        else:
            changed.append(Changed(entry.table, entry.key, name, cell.new, current))
    return values, changed


def _cells(entry: Entry, by_hand: bool) -> Iterator[tuple[str, CellChange]]:
    """The cells of an entry that an undo may set: not those that only tell what was done to a file."""
    keys = TABLES[entry.table].key
    for name, cell in entry.cells.items():
        if name not in keys and (by_hand or entry.table != "artifacts" or name not in STORE_CELLS):
            yield name, cell
