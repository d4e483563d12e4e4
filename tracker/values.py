"""What a value looks like in a cell, in a journal line, and back: what is logged is what is read back.

A cell holds text, a number, a boolean or a date, and numbers only where a float is finite and an integer exact. What
does not fit is stored as text, which Excel leaves alone and formulas such as AVERAGE skip:

* NaN and the infinities are ``NaN``, ``Infinity`` and ``-Infinity``;
* integers beyond 2**53 are their digits;
* a *string* that looks like one of these gets a leading apostrophe, Excel's own mark for "this is text".
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

Kind = Literal["any", "text", "number", "integer", "boolean", "datetime", "raw"]
"""How a column's cells are read. ``any`` keeps the logged type (``params.*``); ``raw`` is a person's own column."""

EXACT_INTEGER = 2**53
MAX_TEXT = 32_767
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_NEEDS_MARK = re.compile(r"'.*|NaN|-?Infinity|-?\d{16,}", re.DOTALL)
_PERCENT = re.compile(r"\s*([+-]?\d+(?:[.,]\d+)?)\s*%\s*")
_BIG_INTEGER = re.compile(r"-?\d{16,}")


def to_cell(value: Any, kind: Kind = "any") -> Any:
    """The value as a cell holds it: None, bool, int, float, str or a naive UTC datetime with milliseconds.

    numpy and torch scalars become Python's; anything else becomes its ``str()``.
    """
    if value is None or value is True or value is False:
        return value if kind != "text" or value is None else str(value)
    if not isinstance(value, (int, float, str, date, timedelta)) and hasattr(value, "item"):
        try:
            value = value.item()
        except (TypeError, ValueError, RuntimeError):
            value = str(value)
    if isinstance(value, bool):
        return value if kind != "text" else str(value)
    if isinstance(value, str):
        # Enumerations of strings are strings; their subclass must not reach the journal.
        text = _clean(str.__str__(value) if type(value) is not str else value)
        return "'" + text if kind == "any" and _NEEDS_MARK.fullmatch(text) else text
    if kind == "text":
        return _clean(str(value))
    if isinstance(value, int):
        return int(value) if -EXACT_INTEGER <= value <= EXACT_INTEGER else str(int(value))
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        if value.microsecond % 1000 or value.year < 1901:
            return value.isoformat(sep=" ")
        return datetime(value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day) if value.year >= 1901 else value.isoformat()
    return _clean(str(value))


def utc(seconds: float) -> datetime:
    """Seconds since 1970 as cells hold a time: UTC without a time zone, to the millisecond."""
    return datetime.fromtimestamp(round(seconds, 3), UTC).replace(tzinfo=None)


def from_cell(cell: Any, kind: Kind = "any") -> Any:
    """The value that was logged, from what the cell holds."""
    if isinstance(cell, str):
        if kind == "any":
            if cell.startswith("'"):
                return cell[1:]
            if cell in _SPECIAL:
                return _SPECIAL[cell]
            return int(cell) if _BIG_INTEGER.fullmatch(cell) else cell
        if kind in ("number", "integer"):
            return _number(cell)
        return cell
    if kind == "text" and cell is not None:
        return key_text(cell)
    if kind == "integer" and isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell


def _number(text: str) -> Any:
    if text in _SPECIAL:
        return _SPECIAL[text]
    try:
        return int(text) if _BIG_INTEGER.fullmatch(text) else float(text)
    except ValueError:
        percent = _PERCENT.fullmatch(text)
        return float(percent[1].replace(",", ".")) / 100 if percent else text


def _clean(text: str) -> str:
    """Text as UTF-8 can carry it; a lone surrogate becomes U+FFFD, ``\\r\\n`` and ``\\r`` become ``\\n`` as in XML."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def key_text(cell: Any) -> str:
    """A cell's value as it counts in a key: 3.0 and "3" are the same key."""
    if isinstance(cell, str):
        return str(cell).strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT_INTEGER:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell).strip()


def same(one: Any, other: Any) -> bool:
    """Whether two cells hold the same value, as far as Excel and LibreOffice keep it.

    LibreOffice saves numbers with 15 significant digits, dates are numbers, and an empty text is an empty cell.
    """
    if isinstance(one, str) and isinstance(other, str):
        return one == other or _clean(one) == _clean(other)
    if one is None or one == "":
        return other is None or other == ""
    if other is None or other == "":
        return False
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, (bool, int, float)) and isinstance(other, (bool, int, float)) and one == other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or math.isclose(one, other, rel_tol=1e-14, abs_tol=0.0)
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs((one - other).total_seconds()) < 0.001
    if isinstance(one, datetime) and isinstance(other, (int, float)):
        return abs(to_serial(one) - other) * 86_400 < 0.001
    if isinstance(other, datetime) and isinstance(one, (int, float)):
        return same(other, one)
    return bool(one == other)


_EPOCH_1900 = datetime(1899, 12, 30)
_EPOCH_1904 = datetime(1904, 1, 1)


def to_serial(moment: datetime, date1904: bool = False) -> float:
    """Excel's number for a date: days since its epoch. Exact to the millisecond, at 15 digits as LibreOffice keeps."""
    days = (moment - (_EPOCH_1904 if date1904 else _EPOCH_1900)) / timedelta(days=1)
    return round(days, 10)


def from_serial(serial: float, date1904: bool = False) -> datetime | float:
    """The date for Excel's number, to the millisecond; the number itself where it is no date that Python knows."""
    try:
        moment = (_EPOCH_1904 if date1904 else _EPOCH_1900) + timedelta(milliseconds=round(serial * 86_400_000))
    except OverflowError:
        return serial
    return moment


def to_json(value: Any) -> Any:
    """A cell value for a journal line; only dates need a wrapper."""
    return {"$date": value.isoformat()} if isinstance(value, datetime) else value


def from_json(value: Any) -> Any:
    """The cell value back from a journal line."""
    return datetime.fromisoformat(value["$date"]) if isinstance(value, dict) else value
