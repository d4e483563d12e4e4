"""Tables and columns that are missing, and which of those that are there may be meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tracker.model import Problem
from tracker.reading.facts import Facts, Severity, Sheet
from tracker.reading.fitting import FIXES, suits
from tracker.schema import TABLES, Column, Table
from tracker.settings import COLUMN_PREFIX


def missing_tables(facts: Facts) -> Iterator[Problem]:
    """Tables that the workbook lacks; which of its own tables is meant is guessed by the columns."""
    for name, table in TABLES.items():
        if name in facts.sheets:
            continue
        candidates = [
            sheet for other, sheet in facts.sheets.items() if other not in TABLES and _looks_like(sheet, table)
        ]
        hint = f"Name your table '{name}' (Table Design, Table Name), or copy the sheet from a template."
        if candidates:
            rows = candidates[0].rows
            hint = f"Is it '{rows.name}' on sheet '{rows.sheet}'? Then rename that table '{name}' (Table Design)."
        severity: Severity = "error" if name == "runs" else "warning" if candidates else "info"
        yield Problem("missing-table", f"The workbook has no table named '{name}'.", hint, severity=severity)


def _looks_like(sheet: Sheet, table: Table) -> bool:
    headers = {column.lower() for column in sheet.rows.columns}
    return sum(column.name in headers for column in table.columns) * 2 > len(table.columns)


@dataclass(frozen=True, slots=True)
class Renamed:
    """A column that a table lacks, and the one that may be it under another header."""

    sheet: Sheet
    column: Column
    place: int
    is_sure: bool
    """Its header says so but for case and signs, or it stands in that very place and holds what belongs there."""

    @property
    def header(self) -> str:
        return self.sheet.rows.columns[self.place]

    @property
    def setting(self) -> str:
        """The setting that says under which header the column goes."""
        return f"{COLUMN_PREFIX}{self.sheet.name}.{self.column.name}"


def missing_columns(facts: Facts) -> Iterator[Problem]:
    """Declared columns that a table lacks; which header is meant is guessed by its name, then by its place."""
    for sheet in facts.known_sheets():
        table = TABLES[sheet.name]
        guesses = {guess.column.name: guess for guess in renamed_columns(sheet)}
        for column in table.columns:
            if column.name in sheet.columns:
                continue
            guess = guesses.get(column.name)
            if guess is None and (column.added or column.writer == "person"):
                continue
            hint = "Add a column with that header, or leave it away if you do not need it."
            if guess is not None:
                hint = (
                    f"Is it '{guess.header}'? Then give that column its old header back, or add a row to the settings "
                    f"table: {guess.setting} with the value {guess.header}."
                )
                hint += FIXES if guess.is_sure and "settings" in facts.sheets else ""
            severity: Severity = "error" if column.name in table.key else "warning"
            if column.writer == "person":
                severity = "info"  # nothing is ever written there, so leaving it away may well be meant
            message = f"Table '{sheet.name}' has no column '{column.name}'."
            place = guess.place if guess else 0
            yield sheet.problem("missing-column", sheet.header_cell(place), message, hint, severity)


def renamed_columns(sheet: Sheet) -> list[Renamed]:
    """The columns that a table lacks and that may be there under another header."""
    table = TABLES[sheet.name]
    unknown = [place for place, name in enumerate(sheet.columns) if table.column(name) is None]
    found = []
    for number, column in enumerate(table.columns):
        if column.name in sheet.columns:
            continue
        named, placed = _by_name(sheet, unknown, column.name), _by_place(sheet, unknown, table, number)
        guess = placed if named is None else named
        if guess is not None:
            alike = _signless(sheet.rows.columns[guess]) == _signless(column.name)
            fits = all(suits(cell.value, column) for cell in sheet.cells(guess))
            found.append(Renamed(sheet, column, guess, fits and (alike or guess == placed)))
    return found


def _signless(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _by_name(sheet: Sheet, unknown: list[int], name: str) -> int | None:
    headers = {sheet.rows.columns[place].lower().replace(" ", "_"): place for place in unknown}
    match = difflib.get_close_matches(name, headers, 1, 0.7)
    return headers[match[0]] if match else None


def _by_place(sheet: Sheet, unknown: list[int], table: Table, number: int) -> int | None:
    """The unknown column between the two that the missing one stood between."""
    before = table.columns[number - 1].name if number else None
    after = table.columns[number + 1].name if number + 1 < len(table.columns) else None
    for place in unknown:
        left = sheet.columns[place - 1] if place else None
        right = sheet.columns[place + 1] if place + 1 < len(sheet.columns) else None
        if left == before and (right == after or after is None):
            return place
    return None


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (missing_tables, missing_columns)
