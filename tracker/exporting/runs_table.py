"""Runs as a file of their own: a styled workbook, CSV, Parquet, or text to paste into a sheet.

A text that a spreadsheet program would take for a formula gets an apostrophe in CSV and pasted text, as OWASP advises;
in a workbook it is a text by itself. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tracker.errors import MissingPackageError
from tracker.matching import as_number, is_blank
from tracker.values import to_cell
from tracker.xlsx.new_book import Look, NewColumn, NewSheet, Tone, write_book

if TYPE_CHECKING:
    import pandas as pd

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With these a text begins that some spreadsheet program takes for a formula; the last are the wide signs of Asia."""
STATES: dict[str, Tone] = {
    "FINISHED": "good",
    "FAILED": "bad",
    "KILLED": "caution",
    "RUNNING": "caution",
    "PLANNED": "quiet",
    "MOVED": "quiet",
}


def to_xlsx(runs: pd.DataFrame, title: str, note: str) -> bytes:
    """A workbook with the runs as a real table: header that stays, filter, formats by column."""
    columns = [NewColumn(header, _look(header, runs[name])) for name, header in zip(runs, _headers(runs), strict=True)]
    rows = list(zip(*(_cells(runs[name]) for name in runs), strict=True))
    file = io.BytesIO()
    write_book(file, title, [NewSheet("Runs", note, columns, rows)], STATES)
    return file.getvalue()


def to_csv(runs: pd.DataFrame) -> bytes:
    """CSV in UTF-8 with the mark by which Excel knows it."""
    return b"\xef\xbb\xbf" + _delimited(runs, ",", "\r\n").encode()


def to_clipboard(runs: pd.DataFrame) -> str:
    """Text that a spreadsheet program puts into cells when it is pasted: one line a run, line breaks as blanks."""
    return _delimited(runs, "\t", "\n").rstrip("\n")


def to_parquet(runs: pd.DataFrame) -> bytes:
    """Parquet with the types of the frame; a column that holds several kinds of values is text.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingPackageError(what="A Parquet file", package="pyarrow") from None
    arrays = {}
    for name in runs:
        try:
            arrays[str(name)] = pyarrow.array(runs[name], from_pandas=True)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
            texts = [None if is_blank(value) else str(value) for value in runs[name]]
            arrays[str(name)] = pyarrow.array(texts, pyarrow.string())
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays), file)
    return file.getvalue()


def inert(text: str) -> str:
    """The text as no program takes it for a formula; one that is a number stays as it is."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) and as_number(text) is None else text


def _delimited(runs: pd.DataFrame, delimiter: str, ending: str) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=ending)
    one_line = delimiter == "\t"
    writer.writerow([inert(str(name)) for name in runs])
    for row in zip(*(_texts(runs[name], one_line) for name in runs), strict=True):
        writer.writerow(row)
    return file.getvalue()


def _texts(column: pd.Series, one_line: bool) -> list[str]:
    if column.dtype.kind == "f":
        return ["" if value != value else repr(value) for value in column.tolist()]
    if column.dtype.kind == "M":
        texts = column.dt.strftime("%Y-%m-%d %H:%M:%S")
        return ["" if value != value else value for value in texts.tolist()]
    known: dict[Any, str] = {}  # the same text stands in many rows
    return [
        (known.get(value) or known.setdefault(value, _text(value, one_line)))
        if type(value) is str
        else _text(value, one_line)
        for value in column.tolist()
    ]


def _text(value: Any, one_line: bool) -> str:
    if is_blank(value):
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return inert(" ".join(value.split()) if one_line else value)
    return repr(value) if isinstance(value, (int, float)) else inert(str(value))


def _cells(column: pd.Series) -> list[Any]:
    """A column's values as cells hold them."""
    values = _values(column)
    if column.dtype.kind == "f":
        return [value if math.isfinite(value) else _cell(value) for value in values]
    known: dict[str, Any] = {}  # the same text stands in many rows
    return [
        (known.get(value) or known.setdefault(value, _cell(value))) if type(value) is str else _cell(value)
        for value in values
    ]


def _cell(value: Any) -> Any:
    if is_blank(value):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return to_cell(value, "any")


def _values(column: pd.Series) -> list[Any]:
    """A column's values as Python has them; times in UTC without a time zone."""
    values: list[Any] = column.tolist()
    if column.dtype.kind == "M":
        return [None if is_blank(value) else _naive(value.to_pydatetime()) for value in values]
    return values


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _look(header: str, values: pd.Series) -> Look:
    if header == "status":
        return "state"
    kinds: dict[str, Look] = {"M": "time", "f": "number", "i": "number"}
    return kinds.get(values.dtype.kind, "text")


def _headers(runs: pd.DataFrame) -> Sequence[str]:
    """The columns' names, of which a table takes each once, whatever the case."""
    names: dict[str, str] = {}
    for name in map(str, runs):
        header = " ".join(name.split())
        while header.casefold() in names:
            header += "_"
        names[header.casefold()] = header
    return list(names.values())
