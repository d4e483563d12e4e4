"""The first sheet of a workbook as a table: its first row that is not blank names the columns."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.data.archives import refuse_large_directory
from tracker.data.tables import NotATable, Table, Taken, column_of, unique_names
from tracker.errors import MissingPackageError

_LARGEST_PART = 256 << 20
_LARGEST_GRID = 5_000_000
"""Cells of the rectangle from the first to the last used one; the reader makes room for them all."""
_CHUNK = 4 << 20
_REFERENCE = re.compile(rb"""\br=["']([A-Z]{0,3})(\d{1,7})["']""")
_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class _SheetBlock:
    values: Sequence[Sequence[Any]]
    table: Table

    @property
    def rows(self) -> int:
        return len(self.values)

    def take(self, index: Any) -> Taken:
        import pyarrow

        columns = {}
        for place, name in enumerate(self.table.names):
            values = [row[place] for row in (self.values[at] for at in index)]
            columns[name], mixed = column_of([None if value == "" else value for value in values])
            if mixed:
                self.table.mixed.add(name)
        return Taken(pyarrow.table(columns), index)


def open_excel(path: Path) -> Table:
    """The first sheet of an .xlsx or .xlsm workbook.

    Raises:
        NotATable: it is damaged, encrypted, or too large to be read as a whole.
        MissingPackageError: python-calamine is not installed.
    """
    try:
        import python_calamine
    except ImportError:
        raise MissingPackageError(what="Reading an Excel table", package="python-calamine") from None
    _refuse_large(path)
    try:
        with python_calamine.load_workbook(str(path)) as workbook:
            names = workbook.sheet_names
            rows = workbook.get_sheet_by_index(0).to_python() if names else []
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise NotATable(f"{path.name} is not a readable workbook: {error}") from error
    rows = [row for row in rows if any(value != "" for value in row)]

    def blocks() -> Iterator[_SheetBlock]:
        for start in range(1, len(rows), _ROWS):
            yield _SheetBlock(rows[start : start + _ROWS], table)

    table = Table("xlsx", blocks, unique_names(rows[0]) if rows else ())
    if len(names) > 1:
        table.note(f"Only the first of its {len(names)} sheets was read, '{names[0]}'.")
    return table


def _refuse_large(path: Path) -> None:
    """The reader holds the whole rectangle of used cells, however few of them are used."""
    try:
        refuse_large_directory(path)
        with zipfile.ZipFile(path) as archive:
            for part in archive.infolist():
                if part.file_size > _LARGEST_PART or (part.filename.endswith(".xml") and _is_large(archive, part)):
                    raise NotATable(f"{path.name} is too large to be read as a whole; save it as Parquet or CSV")
    except (NotATable, OSError):
        raise
    except Exception as error:
        # A damaged zip fails in a dozen ways.
        raise NotATable(f"{path.name} is not a readable workbook: {str(error) or type(error).__name__}") from error


def _is_large(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether the cells that a part names span too large a rectangle; any part can be a sheet."""
    columns: set[bytes] = set()
    first, last = 1 << 30, 0
    with archive.open(part) as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            rest = text[-32:]
            for column, row in _REFERENCE.findall(text):
                columns.update([column] if column else [])
                first, last = min(first, int(row)), max(last, int(row))
    if not columns:
        return False
    places = [_number(column) for column in columns]
    return (last - first + 1) * (max(places) - min(places) + 1) > _LARGEST_GRID


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
