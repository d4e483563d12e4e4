"""What is wrong between rows: links to runs and rows that are not there, times that run backwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from tracker.matching import as_date, as_number
from tracker.model import Problem
from tracker.reading.facts import Cell, Facts, Severity, Sheet, capped, shown
from tracker.reading.fitting import FIXES, spelt
from tracker.schema import TABLES
from tracker.values import key_text

LINKS: tuple[tuple[str, str, str, str], ...] = (
    ("runs", "parent_run_id", "runs", "run_id"),
    ("artifacts", "run_id", "runs", "run_id"),
    ("lineage", "run_id", "runs", "run_id"),
    ("lineage", "artifact", "artifacts", "artifact"),
    ("checklist", "run_id", "runs", "run_id"),
    ("checklist", "item", "sop", "item"),
    ("models", "artifact", "artifacts", "artifact"),
    ("models", "run_id", "runs", "run_id"),
)
"""Columns whose cells name a row of another table: table, column, the other table, its column."""
RECORDS = ("lineage", "checklist")
"""Tables that scripts fill: a link of theirs that leads nowhere tells of a row that somebody deleted."""

TIMES: tuple[tuple[str, str, str], ...] = (
    ("runs", "start_time", "end_time"),
    ("artifacts", "created", "status_time"),
)
"""Columns of a table of which the second is never earlier than the first."""


def known_keys(facts: Facts, table: str, column: str) -> set[str] | None:
    """What a column holds, rows that the next sync adds included; None where there is no such column."""
    sheet = facts.sheets.get(table)
    if sheet is None or column not in sheet.columns:
        return None
    place = sheet.columns.index(column)
    known = {key_text(cell.value) for cell in sheet.cells(place)}
    incoming = (*facts.incoming.changes, *facts.incoming.deferred)
    known |= {change.key[0] for change in incoming if change.new and change.table == table}
    for change_set in facts.incoming.replay:
        known |= {entry.key[0] for entry in change_set.entries if entry.table == table}
    return known


def broken_links(facts: Facts) -> Iterator[Problem]:
    """Cells that name a run, an artifact version or an item which there is not."""
    for table, column, other, target in LINKS:
        sheet, known = facts.sheets.get(table), known_keys(facts, other, target)
        if sheet is None or known is None or column not in sheet.columns:
            continue
        if other == "sop" and not known:
            continue  # an archive has what runs proved, and the procedure stays with the team
        place = sheet.columns.index(column)
        cells = (cell for cell in sheet.cells(place) if key_text(cell.value) not in known)
        severity: Severity = "info" if table in RECORDS else "warning"

        def says(cell: Cell, other: str = other) -> str:
            return f"names {shown(cell.value)}, which is not in table '{other}'"

        def hint(cell: Cell, known: set[str] = known, is_key: bool = column in TABLES[table].key) -> str:
            right = spelt(key_text(cell.value), known)
            if right is not None:
                return f"Did you mean {right}?{'' if is_key else FIXES}"
            return "Correct it; or nothing, if the row was deleted on purpose."

        yield from capped(sheet, column, "broken-link", cells, says, hint, severity)


def backward_times(facts: Facts) -> Iterator[Problem]:
    """Ends before their beginnings, and durations below zero."""
    for table, first, second in TIMES:
        sheet = facts.sheets.get(table)
        if sheet is None or not {first, second} <= set(sheet.columns):
            continue
        place = sheet.columns.index(first)

        def beginning(cell: Cell, sheet: Sheet = sheet, place: int = place) -> datetime | None:
            return as_date(sheet.rows.rows[cell.row][place])

        def backwards(cell: Cell, beginning: Callable[[Cell], datetime | None] = beginning) -> bool:
            start, end = beginning(cell), as_date(cell.value)
            return start is not None and end is not None and end < start

        def says(cell: Cell, first: str = first, beginning: Callable[[Cell], datetime | None] = beginning) -> str:
            return f"is {shown(as_date(cell.value))}, which is before {first}, {shown(beginning(cell))}"

        cells = filter(backwards, sheet.cells(sheet.columns.index(second)))
        hint = "Correct one of the two; a clock may have been wrong, or day and month changed places."
        yield from capped(sheet, second, "backward-time", cells, says, hint)
    runs = facts.sheets.get("runs")
    if runs is not None and "duration" in runs.columns:
        below = (cell for cell in runs.cells(runs.columns.index("duration")) if (as_number(cell.value) or 0) < 0)
        hint = "Correct it, or start_time and end_time."
        yield from capped(
            runs, "duration", "backward-time", below, lambda cell: f"is {shown(cell.value)}, below zero", hint
        )


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (broken_links, backward_times)
