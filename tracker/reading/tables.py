"""A table of a registry as it is now: what the workbook says, with everything pending laid over it.

Two ways lead there and give the same values. python-calamine, where it is installed, reads the cells about ten times
faster than our own reader; what is pending is then set only in the rows it concerns. Neither writes anything.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as daytime
from functools import reduce
from typing import Any, BinaryIO, TypeVar

from tracker.folders import Folders
from tracker.journal.incoming import Incoming, gather, history
from tracker.journal.merge import TablePlan, plan
from tracker.journal.overlay import overlay
from tracker.model import Change, Entry, Key
from tracker.schema import TABLES
from tracker.settings import Settings, own_names
from tracker.syncing.cache import FileIdentity, recall
from tracker.values import key_text
from tracker.workbook import ErrorValue, Table, TableRows, Workbook, open_workbook, patiently

T = TypeVar("T")

_TRIES = 5
"""How often a workbook is read again because somebody saved it meanwhile."""


@dataclass(slots=True)
class Grid:
    """A table as columns of cell values, by the columns' own names in the order of the sheet.

    A blank is None or an empty text; an error such as ``#N/A`` is a blank.
    """

    columns: dict[str, Sequence[Any]]
    types: dict[str, set[type]]
    """Which types of values a column holds."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


# -- one state of the file ----------------------------------------------------------------------------------------


def identity(folders: Folders) -> FileIdentity | None:
    """What changes whenever the workbook is saved; None where there is no file."""
    try:
        return FileIdentity.of(folders.workbook.stat())
    except OSError:
        return None


def steadily(folders: Folders, read: Callable[[], T]) -> T:
    """What ``read`` gives of one state of the workbook: read again if somebody wrote into the file meanwhile.

    It has to open the workbook once. As every sync does, most programs put another file in its place, so that what is
    open stays as it was: scripts may sync more often than a large table can be read.

    Raises:
        RegistryNotFoundError, NotAWorkbookError: at once where nothing was ever logged beside the workbook, else after
            a while, since a person who saves it makes it torn or absent for a moment.
    """
    for _ in range(_TRIES):
        before = identity(folders)
        result = patiently(read) if folders.side.is_dir() else read()
        after = identity(folders)
        if after == before or (before is not None and after is not None and after.inode != before.inode):
            break
    return result


# -- names --------------------------------------------------------------------------------------------------------


def choices(table: str, column: str, kinds: TableRows | None) -> tuple[str, ...]:
    """What a column offers to choose from. The categories in the ``kinds`` table, where a team adds its own, count."""
    declared = TABLES[table].column(column)
    known = declared.choices if declared else ()
    if (table, column) != ("artifacts", "category") or kinds is None or "category" not in kinds.columns:
        return known
    place = kinds.columns.index("category")
    return tuple(dict.fromkeys((*known, *(text for row in kinds.rows if (text := key_text(row[place]))))))


# -- reading ------------------------------------------------------------------------------------------------------


def read_grid(folders: Folders, name: str) -> Grid | None:
    """One table with everything pending laid over it, as fast as possible; None where the workbook has none.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    return steadily(folders, lambda: _read_grid(folders, name))


def _read_grid(folders: Folders, name: str) -> Grid | None:
    with open_workbook(folders.workbook, recall(folders).layouts) as workbook:
        table = workbook.table(name)
        if table is None:
            return None
        tables = {name: table}
        if settings_table := workbook.table("settings"):
            tables.setdefault("settings", settings_table)
        cells = _by_calamine(workbook.file, tables)
        if cells is None:
            cells = {name: rows.rows for name, rows in tables_read(workbook, tables).items()}
        settings = Settings()
        if settings_table:
            settings = Settings.from_rows(settings_table.columns, cells["settings"])
        incoming = _only(gather(folders, workbook.stamp, settings), name)
        rows = cells[name]
        if _has_typed(incoming):
            # Rows are to be recognised by all their values, which only our own reader gives exactly.
            laid = lay_over(tables_read(workbook, [name]), incoming, settings, folders)[name]
            return _grid(own_names(name, laid.columns, settings), laid.rows)
        headers = _lay_over_rows(name, table, rows, table.ref.first_row + 1, incoming, settings, folders)
        return _grid(own_names(name, headers, settings), rows)


def read_rows(folders: Folders, name: str) -> TableRows | None:
    """One table with everything pending laid over it, exactly and with the address of every cell that the sheet has.

    Headers are the columns' own names. None where the workbook has no such table; raises as :func:`read_grid`.
    """

    def read() -> TableRows | None:
        with open_workbook(folders.workbook) as workbook:
            tables = tables_read(workbook, [name])
            if not tables:
                return None
            settings = workbook.settings()
            incoming = _only(gather(folders, workbook.stamp, settings), name)
        laid = lay_over(tables, incoming, settings, folders)[name]
        return dataclasses.replace(laid, columns=own_names(name, laid.columns, settings))

    return steadily(folders, read)


def read_row(folders: Folders, name: str, key: Key) -> dict[str, Any] | None:
    """The cells of one row by the columns' own names, pending changes included; None where there is no such row.

    Reads no more of the workbook than it must. Raises as :func:`read_grid`.
    """

    def read() -> dict[str, Any] | None:
        with open_workbook(folders.workbook, recall(folders).layouts) as workbook:
            table = workbook.table(name)
            if table is None:
                return None
            settings = workbook.settings()
            incoming = _only(gather(folders, workbook.stamp, settings), name, key)
            if _has_typed(incoming):
                laid = lay_over(tables_read(workbook, [name]), incoming, settings, folders)[name]
                rows, headers = laid.rows, laid.columns
            else:
                names = own_names(name, table.columns, settings)
                places = [names.index(part) for part in TABLES[name].key if part in names]
                number = table.find(places, [key]).get(key) if len(places) == len(TABLES[name].key) else None
                rows = [] if number is None else [list(table.row(number).values)]
                headers = _lay_over_rows(name, table, rows, number or 0, incoming, settings, folders)
        names = own_names(name, headers, settings)
        keys = [names.index(part) for part in TABLES[name].key if part in names]
        for row in rows:
            if tuple(key_text(row[place]) for place in keys) == key:
                return dict(zip(names, row, strict=True))
        return None

    return steadily(folders, read)


def lay_over(
    tables: Mapping[str, TableRows], incoming: Incoming, settings: Settings, folders: Folders
) -> dict[str, TableRows]:
    """Whole tables as they will be after the next sync."""
    return overlay(tables, incoming, settings, history(folders, incoming))


def _only(incoming: Incoming, table: str, key: Key | None = None) -> Incoming:
    """What is incoming for one table, or for one row of it."""

    def wanted(item: Entry | Change) -> bool:
        return item.table == table and (key is None or item.key == key)

    return dataclasses.replace(
        incoming,
        replay=tuple(
            dataclasses.replace(changes, entries=tuple(filter(wanted, changes.entries))) for changes in incoming.replay
        ),
        deferred=tuple(filter(wanted, incoming.deferred)),
        changes=tuple(filter(wanted, incoming.changes)),
    )


def _has_typed(incoming: Incoming) -> bool:
    return any(entry.typed for changes in incoming.replay for entry in changes.entries)


def _lay_over_rows(
    name: str,
    table: Table,
    rows: list[list[Any]],
    first_number: int,
    incoming: Incoming,
    settings: Settings,
    folders: Folders,
) -> tuple[str, ...]:
    """Set what is incoming in rows, of which the first has the given number in the sheet, and add rows and columns.

    Only the rows that something is incoming for are looked up in the workbook. Gives the headers then.
    """
    headers = tuple(table.columns)
    if not (incoming.changes or incoming.replay or incoming.deferred):
        return headers
    decided = plan({name: table}, incoming, settings, history(folders, incoming), None, sys.maxsize)
    planned = decided.tables.get(name, TablePlan())
    if planned.columns:
        headers = (*headers, *planned.columns)
        for row in rows:
            row.extend([None] * len(planned.columns))
    places = {header: place for place, header in enumerate(headers)}
    for number, values in planned.updates.items():
        for header, value in values.items():
            rows[number - first_number][places[header]] = value
    rows += [[values.get(header) for header in headers] for values in planned.appends]
    return headers


def _grid(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Grid:
    columns: list[list[Any]] = [[] for _ in names]
    kinds: list[set[type]] = [set() for _ in names]
    for start in range(0, len(rows), _BLOCK):
        block = zip(*rows[start : start + _BLOCK], strict=True)
        for column, types, part in zip(columns, kinds, block, strict=True):
            column += part
            types.update(map(type, part))
    grid = Grid({}, {})
    for name, values, types in zip(names, columns, kinds, strict=True):
        if not types <= _PLAIN:
            values = [_plain(value) for value in values]
            types = set(map(type, values))
        grid.columns.setdefault(name, values)
        grid.types.setdefault(name, types)
    return grid


_BLOCK = 1000
"""Rows that are made columns together: so few that their values are still at hand when their types are looked at."""
_DAY_ZERO = date(1899, 12, 30)
"""The day on which Excel puts a time of day without a date."""
_PLAIN = {type(None), bool, int, float, str, datetime}


def _plain(value: Any) -> Any:
    """A value of python-calamine's as our own reader gives it: an elapsed time is a number of days; no errors."""
    if isinstance(value, ErrorValue):
        return None
    if isinstance(value, datetime) or type(value) in _PLAIN:
        return value
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    return datetime.combine(value, daytime()) if isinstance(value, date) else datetime.combine(_DAY_ZERO, value)


def tables_read(workbook: Workbook, names: Iterable[str]) -> dict[str, TableRows]:
    """Whole tables by our own reader, as far as the workbook has them."""
    return {name: rows for name in names if (rows := workbook.read(name)) is not None}


def _by_calamine(file: BinaryIO, tables: Mapping[str, Table]) -> dict[str, list[list[Any]]] | None:
    """The cells of tables; None where python-calamine is not installed, or does not see what we see."""
    try:
        import python_calamine
    except ImportError:
        return None
    found = {}
    try:
        if not _is_compact(file, sum(len(table.columns) * table.ref.last_row for table in tables.values())):
            return None
        file.seek(0)
        with python_calamine.load_workbook(file, load_tables=True) as book:
            for name, table in tables.items():
                seen = book.get_table_by_name(table.name)
                place = (table.ref.first_row, table.ref.first_column - 1)
                if seen.start != place or list(seen.columns) != list(table.columns):
                    return None
                rows = seen.to_python()
                blank = len(rows) == 1 and not any(value != "" for value in rows[0])
                found[name] = [] if blank else rows  # an empty table has one blank row
    except BaseException as error:
        # Whatever it cannot read, our own reader can, or says why not. A panic of its Rust code is no Exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            return None
        raise
    return found


def _is_compact(file: BinaryIO, cells: int) -> bool:
    """Whether no sheet says that it reaches far beyond what a table of so many cells needs.

    python-calamine makes room for every cell up to the outermost: one that a person left in the last row and column
    would end this process for want of memory.
    """
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            if "/worksheets/" in name and name.endswith(".xml"):
                with archive.open(name) as part:
                    extent = _DIMENSION.search(part.read(4096))
                if extent is None or _area(*extent.groups()) > 4 * cells + _SPARE_CELLS:
                    return False
    return True


_SPARE_CELLS = 2_000_000
_DIMENSION = re.compile(rb"""<(?:\w+:)?dimension\s+ref=["']([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?["']""")


def _area(left: bytes, top: bytes, right: bytes | None, bottom: bytes | None) -> int:
    columns = _column_number(right or left) - _column_number(left) + 1
    return columns * (int(bottom or top) - int(top) + 1)


def _column_number(letters: bytes) -> int:
    return reduce(lambda number, letter: number * 26 + letter - 64, letters, 0)
