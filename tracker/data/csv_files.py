"""CSV and TSV files in blocks; only rows that are wanted are converted."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.data.endings import COMPRESSED
from tracker.data.records import Records, records_of
from tracker.data.tables import IrregularQuotes, Table, Taken, unique_names

_DELIMITERS = ",;\t|"
_MISSING = frozenset(("", "#N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"))
"""What stands for a missing value in a CSV file, as in pandas."""


@dataclass(frozen=True, slots=True)
class _CsvBlock:
    records: Records
    table: Table
    delimiter: str

    @property
    def rows(self) -> int:
        return len(self.records.starts)

    def take(self, index: Any) -> Taken:
        if self.table.ignore_quotes:
            return self._by_line(index)
        import numpy
        import pyarrow
        from pyarrow import csv as arrow_csv

        bad: list[int] = []

        def skip(row: Any) -> str:
            bad.append(row.number - 1)
            return "skip"

        names = list(self.table.names)
        lines = b"".join(self.records.pick(index))
        try:
            lines.decode()
        except UnicodeDecodeError:
            lines = _from_windows(lines, self.table)
        # One thread: only then are the numbers of rows that cannot be read known.
        table = arrow_csv.read_csv(
            pyarrow.BufferReader(lines),
            arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(lines) + 1),
            arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=b'"' in lines,
                invalid_row_handler=skip,
                ignore_empty_lines=False,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pyarrow.string()),
                null_values=sorted(_MISSING),
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
        if len(table) + len(bad) != len(index):
            raise IrregularQuotes
        return Taken(table, numpy.delete(index, bad) if bad else index)

    def _by_line(self, index: Any) -> Taken:
        import numpy
        import pyarrow

        rows, kept = [], []
        for position, line in zip(index, self.records.pick(index), strict=True):
            try:
                text = line.decode()
            except UnicodeDecodeError:
                text = _from_windows(line, self.table).decode()
            row = _fields(text, self.delimiter)
            if len(row) == len(self.table.names):
                rows.append(row)
                kept.append(position)
        names = self.table.names
        columns = {
            name: pyarrow.array([None if row[place] in _MISSING else row[place] for row in rows], pyarrow.string())
            for place, name in enumerate(names)
        }
        return Taken(pyarrow.table(columns), numpy.array(kept, dtype=numpy.int64))


def _from_windows(text: bytes, table: Table) -> bytes:
    table.note("Its text is not UTF-8 and was read as Windows-1252.")
    return text.decode("cp1252", "replace").encode()


def _fields(line: str, delimiter: str) -> list[str]:
    """The fields of one row; a quote that is never closed ends with the line."""
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, skipinitialspace=delimiter != "\t"), [])
    except csv.Error:
        return []


def open_csv(path: Path) -> Table:
    """A CSV or TSV file, plain or compressed; delimiter, encoding and whether it has a header are found out.

    Raises:
        NotATable: its first line is too long to be a header.
    """
    head = _head(path)
    try:
        line = head.decode()
    except UnicodeDecodeError:
        line = head.decode("cp1252", "replace")
    plain = path.with_suffix("") if path.suffix.lower() in COMPRESSED else path
    usual = "\t" if plain.suffix.lower() in (".tsv", ".tab") else ","
    delimiter = max(_DELIMITERS, key=lambda one: (len(_fields(line, one)), one == usual))
    header = _fields(line, delimiter) or [line.strip()]
    has_header = not all(_is_number(name) for name in header)

    def blocks() -> Iterator[_CsvBlock]:
        first = has_header
        for records in records_of(path, table.note, b"" if table.ignore_quotes else delimiter.encode()):
            if first and len(records.starts):
                records = Records(records.text, records.starts[1:], records.ends[1:])
                first = False
            if len(records.starts):
                yield _CsvBlock(records, table, delimiter)

    table = Table("csv", blocks, all_text=True, decimal_comma=delimiter != ",")
    table.names = unique_names(header if has_header else [None] * len(header))
    if not has_header:
        table.note("Its first line holds only numbers and was read as data; the columns have no names.")
    elif len(set(header)) < len(header):
        table.note("Several of its columns have the same name.")
    if delimiter != usual:
        table.note(f"Its columns are separated by {'tabs' if delimiter == chr(9) else repr(delimiter)}.")
    return table


def _head(path: Path) -> bytes:
    """The first row that is not blank."""
    for delimiter in (*_DELIMITERS, ""):
        try:
            for records in records_of(path, lambda note: None, delimiter.encode()):
                if len(records.starts):
                    return records.text[records.starts[0] : records.ends[0]]
        except IrregularQuotes:
            continue
        break
    return b""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
