"""CSV and JSON lines in blocks: where rows end is looked up for all of them, but only wanted rows are converted."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tracker.data.frames import whole
from tracker.data.tables import (
    MOST_CELLS,
    MOST_COLUMNS,
    IrregularQuotes,
    NotATable,
    Table,
    Taken,
    clean,
    column_of,
    unique_names,
)

COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
"""Endings of compressed text files, and what arrow calls the compression."""
_BLOCK = 4 << 20
_LONGEST_ROW = 16 << 20
_LARGEST_JSON = 16 << 20
"""A JSON file that is not in lines can only be read as a whole."""
_MOST_TEXT = 1 << 36
"""Where to stop: 64 GiB of text; a small compressed file can hold more."""
_NEWLINE, _RETURN, _QUOTE = b'\n\r"'
_DELIMITERS = ",;\t|"
_MISSING = frozenset(("", "#N/A", "#NA", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"))
"""What stands for a missing value in a CSV file, as in pandas."""
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


# -- rows as bytes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Records:
    """Whole rows of a text file: the bytes and where each row begins and ends, its newline included."""

    text: bytes
    starts: Any
    ends: Any

    def pick(self, index: Any) -> list[bytes]:
        return [self.text[start:end] for start, end in zip(self.starts[index], self.ends[index], strict=True)]


class _Text:
    """A text file's bytes as UTF-8 or another code that has ASCII in it, with newlines at the ends of lines."""

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        import pyarrow

        compression = COMPRESSED.get(path.suffix.lower())
        self._file: BinaryIO = pyarrow.input_stream(str(path), compression=compression)
        self._note = note
        self._left = _MOST_TEXT
        self._decoder: codecs.IncrementalDecoder | None = None
        self._returns = False
        self._first = self._open()

    def _open(self) -> bytes:
        first = self._file.read(_BLOCK)
        for mark, name in _WIDE_MARKS:
            if first.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(name)("replace")
                first = self._decoder.decode(first).encode()
        first = first.removeprefix(codecs.BOM_UTF8)
        self._returns = b"\r" in first and b"\n" not in first
        return first.replace(b"\r", b"\n") if self._returns else first

    def read(self) -> bytes:
        """The next few megabytes; empty at the end."""
        if self._first:
            chunk, self._first = self._first, b""
            return chunk
        if self._left <= 0:
            if self._file.read(1):
                self._note(f"Only the first {_MOST_TEXT >> 30} GiB of its text were looked at.")
            return b""
        chunk = self._file.read(_BLOCK)
        self._left -= len(chunk)
        if self._decoder is not None:
            chunk = self._decoder.decode(chunk, final=not chunk).encode()
        return chunk.replace(b"\r", b"\n") if self._returns else chunk

    def close(self) -> None:
        self._file.close()


def _records(path: Path, note: Callable[[str], None], delimiter: bytes = b"") -> Iterator[_Records]:
    """The file's rows without blank lines; with a delimiter, newlines between quotes do not end a row.

    Raises:
        IrregularQuotes: a quote opens or closes where there is no delimiter.
        NotATable: a row is too long.
    """
    import numpy

    text = _Text(path, note)
    rest = b""
    try:
        while True:
            chunk = text.read()
            buffer = rest + chunk if chunk or not rest else rest + b"\n"
            if not buffer:
                return
            bytes_ = numpy.frombuffer(buffer, numpy.uint8)
            ends = numpy.flatnonzero(bytes_ == _NEWLINE)
            if delimiter and b'"' in buffer:
                quotes = numpy.flatnonzero(bytes_ == _QUOTE)
                ends = ends[numpy.searchsorted(quotes, ends) % 2 == 0]
                _refuse_irregular(bytes_, quotes, ends, delimiter)
                if not chunk and not len(ends):
                    raise IrregularQuotes
            ends = ends + 1
            if len(ends):
                rest = buffer[int(ends[-1]) :]
                starts = numpy.concatenate(([0], ends[:-1]))
                blank = (ends - starts == 1) | ((ends - starts == 2) & (bytes_[starts] == _RETURN))
                if blank.any():
                    starts, ends = starts[~blank], ends[~blank]
                yield _Records(buffer, starts, ends)
            else:
                rest = buffer
            if len(rest) > _LONGEST_ROW:
                if delimiter and b'"' in rest:
                    raise IrregularQuotes
                raise NotATable(f"one of its lines is longer than {_LONGEST_ROW >> 20} MiB, too long to be a row")
            if not chunk:
                return
    finally:
        text.close()


def _refuse_irregular(text: Any, quotes: Any, ends: Any, delimiter: bytes) -> None:
    """Raise where a quote opens after, or closes before, anything but a delimiter, the end of a row or a quote."""
    if not len(ends):
        return
    quotes = quotes[: _position(quotes, int(ends[-1]))]
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = text[opening - 1], text[closing + 1]
    good_before = (before == delimiter[0]) | (before == _NEWLINE) | (before == _QUOTE)
    good_before[: 1 if len(opening) and opening[0] == 0 else 0] = True
    good_after = (after == delimiter[0]) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE)
    if not (good_before.all() and good_after.all()):
        raise IrregularQuotes


def _position(numbers: Any, limit: int) -> int:
    import numpy

    return int(numpy.searchsorted(numbers, limit))


# -- CSV --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _CsvBlock:
    records: _Records
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
    usual = (
        "\t"
        if path.suffixes and path.suffixes[-1 - (path.suffix.lower() in COMPRESSED)].lower() in (".tsv", ".tab")
        else ","
    )
    delimiter = max(_DELIMITERS, key=lambda one: (len(_fields(line, one)), one == usual))
    header = _fields(line, delimiter) or [line.strip()]
    has_header = not all(_is_number(name) for name in header)

    def blocks() -> Iterator[_CsvBlock]:
        first = has_header
        for records in _records(path, table.note, b"" if table.ignore_quotes else delimiter.encode()):
            if first and len(records.starts):
                records = _Records(records.text, records.starts[1:], records.ends[1:])
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
            for records in _records(path, lambda note: None, delimiter.encode()):
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


# -- JSON -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _JsonBlock:
    records: _Records
    table: Table

    @property
    def rows(self) -> int:
        return len(self.records.starts)

    def take(self, index: Any) -> Taken:
        import numpy

        rows, kept = [], []
        for position, line in zip(index, self.records.pick(index), strict=True):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                rows.append(row)
                kept.append(position)
        return Taken(rows_table(rows, self.table), numpy.array(kept, dtype=numpy.int64))


def open_json_lines(path: Path) -> Table:
    """A file with one JSON object in each line, plain or compressed."""
    table = Table("jsonl", lambda: (_JsonBlock(r, table) for r in _records(path, table.note) if len(r.starts)))
    return table


def open_json(path: Path) -> Table:
    """A JSON file that holds a list of objects, an object of columns, or one object in each line.

    Raises:
        NotATable: it holds something else, or is too large to be read as a whole.
    """
    with open(path, "rb") as file:
        first = file.readline(1 << 20).strip()
        second = file.read(1)
    if first.startswith(b"{") and first.endswith(b"}") and second.strip():
        return open_json_lines(path)
    size = path.stat().st_size
    if size > _LARGEST_JSON:
        raise NotATable(
            f"{path.name} is JSON of {size >> 20} MiB that is not in lines. Such a file can only be read as a whole, "
            f"which is done up to {_LARGEST_JSON >> 20} MiB; write one object per line (.jsonl), or Parquet"
        )
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NotATable(f"{path.name} is not valid JSON: {error}") from error
    table = Table("json", lambda: iter(()))
    if isinstance(content, dict):
        content = _rows_of(content)
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise NotATable(f"{path.name} holds JSON that is no table: neither a list of objects nor an object of columns")
    whole(table, rows_table(content, table))
    return table


def _rows_of(columns: dict[str, Any]) -> list[dict[str, Any]] | None:
    """An object of columns as rows; each column is a list, or an object by row label as pandas writes it."""
    lists = [list(c.values()) if isinstance(c, dict) else c for c in columns.values()]
    if not all(isinstance(one, list) for one in lists) or len({len(one) for one in lists}) != 1:
        return None
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def rows_table(rows: Sequence[dict[Any, Any]], table: Table) -> Any:
    """Rows as an arrow table; what is an object or a list in them becomes text."""
    import pyarrow

    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > MOST_COLUMNS or len(names) * len(rows) > MOST_CELLS:
        raise NotATable(f"its rows have {len(names):,} different names in them, too many to be columns")
    columns = {}
    for name, unique in zip(names, unique_names(names), strict=True):
        values = [row.get(name) for row in rows]
        values = [clean(json.dumps(v)) if isinstance(v, (dict, list)) else v for v in values]
        columns[unique], mixed = column_of([clean(v) if isinstance(v, str) else v for v in values])
        if mixed:
            table.mixed.add(unique)
    return pyarrow.table(columns) if columns else pyarrow.table({"column 1": pyarrow.nulls(len(rows))})
