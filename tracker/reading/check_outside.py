"""What stands outside of the tables that it belongs to: a table was shrunk, or something was put beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tracker.journal.changes import Journal
from tracker.model import Problem
from tracker.reading.facts import Facts
from tracker.values import key_text
from tracker.wording import some_of

MOST_TOLD = 5


def rows_outside(facts: Facts) -> Iterator[Problem]:
    """Rows that the history knows as rows of a table and that stand below it, where the next sync does not reach."""
    journal = Journal(facts.folders.changes)
    for sheet in facts.known_sheets():
        if not sheet.key_places:
            continue
        inside, below = set(sheet.keys), set(sheet.rows.below)
        found: dict[int, str] = {}
        for row in facts.outside.get(sheet.name, ()):
            key = tuple(key_text(row.values[place]) for place in sheet.key_places)
            if row.number in below or not all(key):
                continue
            if key in inside or journal.last_entry(sheet.name, key, None) is not None:
                found[row.number] = " ".join(key)
        if found:
            listed = some_of((f"{key} in row {number}" for number, key in found.items()), MOST_TOLD)
            cell = replace(sheet.rows, numbers=list(found)).address(0, sheet.rows.columns[sheet.key_places[0]])
            message = f"Rows of table '{sheet.name}' stand outside of it: {listed}."
            hint = (
                "Drag the corner of the table over them (Table Design, Resize Table), or move them directly below the "
                "table. Of a row that stands in the table as well, delete the one outside."
            )
            yield sheet.problem("rows-outside-table", cell, message, hint, "error")


def columns_outside(facts: Facts) -> Iterator[Problem]:
    """Columns that a person added directly right of a table, which LibreOffice leaves outside of it."""
    for sheet in facts.known_sheets():
        for cell, header in facts.beside.get(sheet.name, {}).items():
            message = f"Column '{header}' stands directly right of table '{sheet.name}' and is not part of it yet."
            yield sheet.problem("column-outside-table", cell, message, "The next sync takes it in.", "info")


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (rows_outside, columns_outside)
