"""Tables, rows and cells of one workbook: the only user of :mod:`tracker.xlsx`.

:func:`read_tables` gives whole tables as values. :class:`Workbook` is what sync works with: it reads only the rows it
is asked for, collects changes, and writes a copy of the file in which everything else is the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from tracker.errors import (
    NoTablesError,
    NotAWorkbookError,
    RegistryNotFoundError,
    RegistryNotWritableError,
    WorkbookEncryptedError,
    WorkbookUnsupportedError,
)
from tracker.model import Key
from tracker.schema import TABLES
from tracker.settings import TABLE_PREFIX, Settings
from tracker.values import key_text
from tracker.xlsx.book import Book
from tracker.xlsx.cells import ErrorValue
from tracker.xlsx.links import as_link
from tracker.xlsx.new_book import Look, NewColumn, NewSheet, Tone, write_book
from tracker.xlsx.package import DamagedPackage, EncryptedPackage, Package, open_package
from tracker.xlsx.recalc import drop_stale_results
from tracker.xlsx.refs import Range, cell_name
from tracker.xlsx.segments import Layout
from tracker.xlsx.table import Table, TableRow
from tracker.xlsx.xml import UnpatchablePart, attributes

__all__ = [
    "ErrorValue",
    "Layout",
    "Look",
    "NewColumn",
    "NewSheet",
    "Table",
    "TableRow",
    "TableRows",
    "Tone",
    "Unpatchable",
    "Workbook",
    "as_link",
    "check_registry",
    "open_workbook",
    "patiently",
    "read_settings",
    "read_stamp",
    "read_tables",
    "write_book",
]

T = TypeVar("T")

Unpatchable = UnpatchablePart
"""Raised for a table that cannot be changed safely; says why."""

STAMP = "TrackerChangeSet"
"""The custom document property that names the last change set a workbook contains."""


@dataclass(slots=True)
class TableRows:
    """One table as values: rows in the order of the sheet, columns by their headers."""

    name: str
    sheet: str
    ref: str
    columns: tuple[str, ...]
    rows: list[list[Any]]
    numbers: list[int]
    """The sheet's row number of each row."""
    formulas: set[tuple[int, int]] = field(default_factory=set)
    """Which cells hold a formula: (index of the row, index of the column)."""
    below: list[int] = field(default_factory=list)
    """The numbers of rows that a person typed directly below the table."""

    def address(self, index: int, column: str) -> str:
        """The cell of a row (by its index) and column as people name it: ``B12``."""
        first = Range.parse(self.ref).first_column
        return cell_name(self.numbers[index], first + self.columns.index(column))

    def find(self, key: Sequence[int], wanted: Sequence[Key]) -> dict[Key, int]:
        """The index of the row of each key, as far as they are there."""
        left = set(wanted)
        found: dict[Key, int] = {}
        for index, row in enumerate(self.rows):
            texts = tuple(key_text(row[column]) for column in key)
            if texts in left:
                found.setdefault(texts, index)
        return found

    def row(self, index: int) -> TableRow:
        """One row with its formulas."""
        width = range(len(self.columns) if self.formulas else 0)
        return TableRow(index, self.rows[index], frozenset(c for c in width if (index, c) in self.formulas))


class Workbook:
    """An open workbook. Use :func:`open_workbook`, which closes the file and names it in every error."""

    def __init__(self, path: Path, package: Package, layouts: Mapping[str, Layout]) -> None:
        self.path = path
        self.book = Book(package, layouts)
        self.has_moved_formulas = False
        self._tables: dict[str, Table] = {}
        self._read: dict[str, tuple[int, TableRows]] = {}
        self._names: dict[str, str] | None = None

    @property
    def stamp(self) -> str | None:
        """The id of the last change set that the workbook contains; None where it never was synced."""
        return self.book.get_property(STAMP) or None

    @stamp.setter
    def stamp(self, id: str) -> None:
        self.book.set_property(STAMP, id)

    @property
    def last_modified_by(self) -> str:
        """The person who saved the workbook last, as their program wrote it; empty where it did not."""
        return self.book.last_modified_by

    @property
    def defined_names(self) -> set[str]:
        """The workbook's defined names, in lower case: no table may have one of them."""
        return {attributes(match[1]).get("name", "").lower() for match, _ in self.book.defined_names()}

    @property
    def last_modified(self) -> str:
        """When a program saved the workbook last, as that program wrote it; syncs leave it as it is."""
        return self.book.document_property("core-properties", b"modified")

    @property
    def program(self) -> str:
        """The program that saved the workbook last, as it calls itself: ``LibreOffice 24.2``; else empty."""
        name = self.book.document_property("extended-properties", b"Application")
        family, _, version = name.partition("/")
        return f"{family} {'.'.join(version.split('.')[:2])}" if family == "LibreOffice" and version else name

    def other_sheets(self) -> dict[str, int]:
        """A checksum of every sheet that holds none of Tracker's tables, by its name."""
        ours = {entry.sheet.part for name, entry in self.book.tables.items() if name in TABLES}
        members = self.book.package.members
        return {
            sheet.name: members[sheet.part].crc for sheet in self.book.sheets if sheet.part in members.keys() - ours
        }

    def reads_like(self, other: Workbook) -> bool:
        """Whether the same bytes of a row mean the same values here as there."""
        mine, theirs = self.book, other.book
        if mine.date1904 != theirs.date1904 or (mine.styles is None) != (theirs.styles is None):
            return False
        dates = zip(mine.styles.dates(), theirs.styles.dates(), strict=False) if mine.styles and theirs.styles else ()
        return all(one == another for one, another in dates) and mine.strings.begins_like(theirs.strings)

    @property
    def table_names(self) -> list[str]:
        """The names of all tables, in lower case; a table that the settings name for one of Tracker's has its name."""
        own = {actual: name for name, actual in self._linked().items()}
        return [own.get(name, name) for name in self.book.tables]

    def table(self, name: str) -> Table | None:
        """The table of that name; None where the workbook has none."""
        lower = name.lower()
        if lower not in self._tables:
            actual = lower if lower == "settings" else self._linked().get(lower, lower)
            if actual in self.book.tables:
                self._tables[lower] = Table(self.book, actual)
        return self._tables.get(lower)

    def _linked(self) -> dict[str, str]:
        """Tables of people's that stand for Tracker's own, in lower case: the settings ``table.runs`` and so on."""
        if self._names is None:
            self._names = {}
            rows = self.read("settings")
            values = Settings.from_rows(rows.columns, rows.rows).values if rows else {}
            for name, value in values.items():
                actual = key_text(value).lower()
                if name.startswith(TABLE_PREFIX) and actual in self.book.tables:
                    self._names[name.removeprefix(TABLE_PREFIX).lower()] = actual
        return self._names

    def refuse_unwritable(self) -> None:
        """Raise WorkbookUnsupportedError for workbooks that any change would break: signed, old shared mode."""
        with _named(self.path):
            self.book.refuse_unwritable()

    @property
    def file(self) -> BinaryIO:
        """The open file, for another reader of the same state."""
        return self.book.package.file

    def save(self, target: BinaryIO) -> dict[str, Layout]:
        """Write the workbook with its changes to another file; gives the layouts that make the next open fast."""
        with _named(self.path):
            changed: dict[str, list[Range]] = {}
            for table in self._tables.values():
                if table.changed:
                    changed.setdefault(table.sheet_name, []).extend(table.changed)
            if changed:
                grown = [table.name for table in self._tables.values() if table.has_grown]
                drop_stale_results(self.book, changed, grown)
            if self.has_moved_formulas or any(table.moved_formulas for table in self._tables.values()):
                self.book.drop_calc_chain()
            layouts = self.book.finish()
            self.book.package.write(target)
            return layouts

    def settings(self) -> Settings:
        """The settings that the workbook's table holds; defaults where it has none."""
        rows = self.read("settings")
        return Settings.from_rows(rows.columns, rows.rows) if rows else Settings()

    def read(self, name: str) -> TableRows | None:
        """A whole table as values, not to be changed; None where the workbook has none of that name."""
        table = self.table(name)
        if table is None:
            return None
        known = self.read_before(name)
        if known is not None:
            return known
        rows: list[list[Any]] = []
        numbers: list[int] = []
        formulas: set[tuple[int, int]] = set()
        for index, row in enumerate(table.rows()):
            rows.append(row.values)
            numbers.append(row.number)
            formulas.update((index, column) for column in row.formulas)
        if len(rows) == 1 and all(value is None for value in rows[0]):
            rows, numbers = [], []  # the one blank row that an empty table has
        below = [row.number for row in table.rows_below()]
        columns = tuple(table.columns)
        found = TableRows(table.name, table.sheet_name, str(table.ref), columns, rows, numbers, formulas, below)
        self._read[name.lower()] = len(table.changed), found
        return found

    def read_before(self, name: str) -> TableRows | None:
        """A table that was read whole and is as it was then; else None."""
        changes, found = self._read.get(name.lower(), (0, None))
        table = self.table(name)
        return found if table is not None and len(table.changed) == changes else None


@contextmanager
def open_workbook(path: Path, layouts: Mapping[str, Layout] | None = None) -> Iterator[Workbook]:
    """Open a workbook for reading and for collecting changes; every error inside names the file.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    with _named(path), open_package(path) as package:
        yield Workbook(path, package, layouts or {})


def patiently(read: Callable[[], T], seconds: float = 3.0) -> T:
    """What ``read`` gives, tried again for a while where the workbook is torn or absent: somebody is saving it."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            return read()
        except (RegistryNotFoundError, NotAWorkbookError):
            if time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
            pause *= 2


def read_tables(path: Path, names: Collection[str] | None = None) -> dict[str, TableRows]:
    """The tables of a workbook as values, by lower-case name; only those in ``names`` where it is given.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    found = {}
    with open_workbook(path) as workbook:
        for name in workbook.table_names:
            if names is None or name in names:
                rows = workbook.read(name)
                if rows is not None:
                    found[name] = rows
    return found


def read_settings(path: Path) -> Settings:
    """The settings as the workbook has them; raises as :func:`read_tables`."""
    with open_workbook(path) as workbook:
        return workbook.settings()


def read_stamp(path: Path) -> str | None:
    """The id of the last change set that the workbook contains; raises as :func:`read_tables`."""
    with open_workbook(path) as workbook:
        return workbook.stamp


def check_registry(path: Path) -> None:
    """Raise where the path is no registry that runs can be logged to; reads only the zip's directory and small parts.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError, NoTablesError.
    """
    with open_workbook(path) as workbook:
        if workbook.table("runs") is None:
            raise NoTablesError(path=path)
        workbook.refuse_unwritable()


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn the format's own exceptions into errors that name the file."""
    hint = "Save it once in Excel or LibreOffice as an ordinary .xlsx workbook, then try again."
    try:
        yield
    except (FileNotFoundError, IsADirectoryError):
        raise RegistryNotFoundError(path=path) from None
    except PermissionError as error:
        advice = "Ask whoever owns the folder for access."
        raise RegistryNotWritableError(path=path, reason=error.strerror or "no access", hint=advice) from None
    except EncryptedPackage:
        raise WorkbookEncryptedError(path=path) from None
    except DamagedPackage as error:
        raise NotAWorkbookError(path=path, reason=str(error)) from None
    except UnpatchablePart as error:
        raise WorkbookUnsupportedError(path=path, reason=str(error), hint=hint) from None
