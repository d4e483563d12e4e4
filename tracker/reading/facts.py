"""What the checks of a registry look at: the workbook's tables as they stand, and what the journal knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

from tracker.folders import Folders
from tracker.journal.incoming import Incoming, gather
from tracker.model import Key, Problem
from tracker.schema import TABLES, Column
from tracker.settings import Settings, own_names
from tracker.values import key_text
from tracker.workbook import ErrorValue, TableRow, TableRows, open_workbook

Severity = Literal["error", "warning", "info"]

MAX_ALIKE = 10
"""How many cells of one column are listed with the same problem; the others are counted."""


class Cell(NamedTuple):
    """One cell that is not blank: the index of its row, its column's place, and what it holds."""

    row: int
    place: int
    value: Any


@dataclass(frozen=True)
class Sheet:
    """One table as it stands in the workbook, with nothing laid over it."""

    name: str
    rows: TableRows
    columns: tuple[str, ...]
    """The columns' own names, in the order of the headers."""

    def header_cell(self, place: int) -> str:
        """The cell of a column's header."""
        first_row = re.sub(r"\D", "", self.rows.ref.partition(":")[0])
        return replace(self.rows, numbers=[int(first_row)]).address(0, self.rows.columns[place])

    def address(self, row: int, place: int) -> str:
        """A cell as people name it: ``B12``."""
        return self.rows.address(row, self.rows.columns[place])

    def cells(self, place: int, wanted: Callable[[Any], bool] = lambda value: True) -> Iterator[Cell]:
        """The cells of a column that hold a value, as far as it is wanted."""
        for index, row in enumerate(self.rows.rows):
            value = row[place]
            if value is not None and value != "" and not isinstance(value, ErrorValue) and wanted(value):
                yield Cell(index, place, value)

    def errors(self, place: int) -> Iterator[Cell]:
        """The cells of a column that hold an error."""
        for index, row in enumerate(self.rows.rows):
            if isinstance(row[place], ErrorValue):
                yield Cell(index, place, row[place])

    @cached_property
    def key_places(self) -> list[int]:
        """Where the key columns are; empty where one is missing or the table is none of Tracker's."""
        key = TABLES[self.name].key if self.name in TABLES else ()
        return [self.columns.index(part) for part in key] if set(key) <= set(self.columns) else []

    @cached_property
    def keys(self) -> list[Key]:
        """The key of each row; empty where key columns are missing."""
        places = self.key_places
        return [tuple(key_text(row[place]) for place in places) for row in self.rows.rows] if places else []

    @cached_property
    def unique_rows(self) -> set[int]:
        """The indexes of the rows that have a whole key which no other row has."""
        counts = Counter(self.keys)
        return {index for index, key in enumerate(self.keys) if all(key) and counts[key] == 1}

    def label(self, row: int) -> str:
        """A row's key for a message; empty where it has none."""
        return " ".join(self.keys[row]).strip() if self.keys else ""

    def declared(self) -> Iterator[tuple[int, Column]]:
        """The columns that the schema knows, those that scripts added too, with their places."""
        for place, name in enumerate(self.columns):
            column = TABLES[self.name].column(name) if self.name in TABLES else None
            if column is not None:
                yield place, column

    def problem(self, code: str, cell: str, message: str, hint: str, severity: Severity = "warning") -> Problem:
        """A problem at a cell of this table."""
        return Problem(code, message, hint, self.rows.sheet, cell, severity)


@dataclass(frozen=True, slots=True)
class Facts:
    """A registry's state at one moment."""

    folders: Folders
    sheets: Mapping[str, Sheet]
    """The workbook's tables, a person's own too, by lower-case table name."""
    settings: Settings
    stamp: str | None
    incoming: Incoming
    outside: Mapping[str, list[TableRow]] = field(default_factory=dict)
    """Filled rows anywhere below each of Tracker's tables, in the table's columns."""
    beside: Mapping[str, dict[str, str]] = field(default_factory=dict)
    """What stands directly right of the headers of each of Tracker's tables, by cell."""

    def known_sheets(self) -> Iterator[Sheet]:
        """The tables that the schema declares."""
        return (sheet for name, sheet in self.sheets.items() if name in TABLES)


def read_facts(folders: Folders) -> Facts:
    """The facts of a registry.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    with open_workbook(folders.workbook) as workbook:
        stamp = workbook.stamp
        tables = {name: rows for name in workbook.table_names if (rows := workbook.read(name)) is not None}
        known = {name: table for name in tables if name in TABLES and (table := workbook.table(name)) is not None}
        outside = {name: table.rows_outside() for name, table in known.items()}
        beside = {name: table.columns_beside() for name, table in known.items()}
    settings = (
        Settings.from_rows(tables["settings"].columns, tables["settings"].rows) if "settings" in tables else Settings()
    )
    sheets = {name: Sheet(name, rows, own_names(name, rows.columns, settings)) for name, rows in tables.items()}
    return Facts(folders, sheets, settings, stamp, gather(folders, stamp, settings), outside, beside)


# -- problems of cells --------------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """A cell's value for a message, in quotes and not too long."""
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else key_text(value)
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"


def capped(
    sheet: Sheet,
    column: str,
    code: str,
    cells: Iterable[Cell],
    says: Callable[[Cell], str],
    hint: str | Callable[[Cell], str],
    severity: Severity = "warning",
) -> Iterator[Problem]:
    """A problem for each of the first cells of a column, and one that counts the others."""
    more = 0
    for number, cell in enumerate(cells):
        if number >= MAX_ALIKE:
            more += 1
            continue
        key = sheet.label(cell.row)
        of = f" of {key}" if key and column not in TABLES[sheet.name].key else ""
        advice = hint if isinstance(hint, str) else hint(cell)
        yield sheet.problem(code, sheet.address(cell.row, cell.place), f"{column}{of} {says(cell)}.", advice, severity)
    if more:
        message = f"{more} more cells of {column} in table '{sheet.name}' have the same problem."
        yield sheet.problem(code, "", message, "Look at the cells named first.", severity)
