"""Texts of which Excel made dates and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.conversions import SHORT_DIGITS, may_have_become
from tracker.journal.changes import Journal
from tracker.model import Problem
from tracker.reading.facts import Cell, Facts, Sheet, capped, shown
from tracker.schema import Column


@dataclass(frozen=True, slots=True)
class Converted:
    """A cell of which Excel made something else than the text that it was."""

    cell: Cell
    column: Column
    was: str | None
    """The text that the history knows; None where it knows none."""


def find_converted(facts: Facts, sheet: Sheet) -> list[Converted]:
    """Dates and long numbers where text belongs; in params only those of which the history knows the text."""
    found: list[Converted] = []
    for place, column in sheet.declared():
        if column.kind not in ("text", "any"):
            continue
        suspects = {cell.row: cell for cell in sheet.cells(place, _is_suspect)}
        if not suspects or not sheet.keys:
            continue
        keys = [sheet.keys[row] for row in suspects]
        known = Journal(facts.folders.changes).last_entries(sheet.name, column.name, keys)
        for row, cell in suspects.items():
            entry = known.get(sheet.keys[row])
            put = entry.cells[column.name].new if entry else None
            was = put if isinstance(put, str) and may_have_become(put, cell.value) else None
            if was is not None or (column.kind == "text" and column.writer != "person" and put != cell.value):
                found.append(Converted(cell, column, was))
    return found


def _is_suspect(value: Any) -> bool:
    if isinstance(value, datetime):
        return True
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= SHORT_DIGITS


def converted_cells(facts: Facts) -> Iterator[Problem]:
    """Dates that were versions or names such as MAR1, and numbers that were long ids."""
    for sheet in facts.known_sheets():
        found = find_converted(facts, sheet)
        for name in dict.fromkeys(one.column.name for one in found):
            here = {one.cell: one for one in found if one.column.name == name}

            def says(cell: Cell, here: dict[Cell, Converted] = here) -> str:
                what = "the date" if isinstance(cell.value, datetime) else "the number"
                was = here[cell].was
                made_of = f"; it was {shown(was)}, of which Excel made it" if was is not None else ", not text"
                return f"holds {what} {shown(cell.value)}{made_of}"

            def hint(cell: Cell, here: dict[Cell, Converted] = here) -> str:
                if here[cell].was is not None:
                    return "python -m tracker check --fix puts the text back."
                return "If Excel made it of a text, such as 3-1 or MAR1, type that with an apostrophe before it."

            for one in (True, False):
                cells = [cell for cell, each in here.items() if (each.was is not None) == one]
                yield from capped(sheet, name, "converted", cells, says, hint, "warning" if one else "info")


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (converted_cells,)
