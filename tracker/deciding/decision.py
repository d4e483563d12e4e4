"""A decision of a person's that takes several changes: planned first, agreed to, then made as one.

Planning is pure: it reads rows and gives a :class:`Decision`. :mod:`tracker.deciding.decide` carries it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.errors import CellTooLongError, ValueChangedError
from tracker.model import Change, Key
from tracker.reading.roles import ACTS
from tracker.schema import TABLES
from tracker.values import MAX_TEXT, from_cell, same, to_cell

Cells = Mapping[str, Any]
"""One row of a table: cells by the columns' own names, as the workbook holds them."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What will be changed, and what a person is told about it before they agree."""

    what: str
    """One sentence: ``churn v3 goes into production; v2 is retired``."""
    changes: tuple[Change, ...] = ()
    """Empty where everything is as it was decided already."""
    act: str = "edit"
    """Which of :data:`tracker.reading.roles.ACTS` it is: who may decide it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the caller wants to know of it, such as the version that a registration makes."""

    @property
    def role(self) -> str:
        """The lowest role that may decide it."""
        return ACTS[self.act].role

    def refuse_other(self, agreed: Decision) -> None:
        """Raise ValueChangedError where this decision, planned just now, is not the one that a person agreed to."""
        now = {(change.table, change.key): change for change in self.changes}
        then = {(change.table, change.key): change for change in agreed.changes}
        for place in {**then, **now}:
            mine, theirs = now.get(place), then.get(place)
            expected = theirs.was if theirs else {}
            current = mine.was if mine else {}
            for column in {**(theirs.set if theirs else {}), **(mine.set if mine else {})}:
                if mine is None or theirs is None or not same(expected.get(column), current.get(column)):
                    kind = TABLES[place[0]].kind(column)
                    seen = from_cell(expected.get(column), kind) if theirs else "nothing to change"
                    found = from_cell(current.get(column), kind) if mine else "nothing to change"
                    raise ValueChangedError(column=column, key=" ".join(place[1]), seen=seen, current=found)


def change_row(table: str, key: Key, row: Cells, values: Mapping[str, Any], who: str, now: float) -> Change | None:
    """A person's change of one row as they saw it; None where the row holds all that already.

    Raises:
        CellTooLongError: more text than a cell holds.
    """
    cells = {column: to_cell(value, TABLES[table].kind(column)) for column, value in values.items()}
    cells = {column: cell for column, cell in cells.items() if not same(cell, row.get(column))}
    for column, cell in cells.items():
        if isinstance(cell, str) and len(cell) > MAX_TEXT:
            raise CellTooLongError(column=column, key=" ".join(key), length=len(cell))
    if not cells:
        return None
    return Change(table, key, cells, {column: row.get(column) for column in cells}, False, now, who, "person")


def new_row(table: str, key: Key, values: Mapping[str, Any], who: str, now: float) -> Change:
    """A row that a person adds; values that are None stay blank. CellTooLongError as for :func:`change_row`."""
    change = change_row(table, key, {}, {name: v for name, v in values.items() if v is not None}, who, now)
    return Change(table, key, change.set if change else {}, {}, True, now, who, "person")


def on_one_line(text: str) -> str:
    """The text without line breaks, without what a terminal would obey, and without needless blanks."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
