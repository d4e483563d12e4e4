"""Whether a cell holds what its column is for, and what may have been meant where it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from tracker.matching import as_date, as_number
from tracker.schema import Column
from tracker.values import Kind, from_cell, key_text, to_cell

FIXES = " python -m tracker check --fix puts that right."
"""The end of a hint about what :mod:`tracker.deciding.repair` does."""


def _is_number(value: Any) -> bool:
    number = from_cell(value, "number") if isinstance(value, str) else value
    return isinstance(number, (int, float)) and not isinstance(number, bool)


def _is_whole(value: Any) -> bool:
    number = from_cell(value, "number") if isinstance(value, str) else value
    return _is_number(number) and number == number and float(number).is_integer()


def _is_flag(value: Any) -> bool:
    return key_text(value).upper() in ("TRUE", "FALSE", "0", "1")


FITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "number": (_is_number, "a number"),
    "integer": (_is_whole, "a whole number"),
    "boolean": (_is_flag, "TRUE or FALSE"),
    "datetime": (lambda value: as_date(value) is not None, "a date such as 2026-11-24 09:30"),
}
"""Whether a cell fits a kind of column, and what it should hold then; every other kind takes anything."""


def value_of_text(value: Any, kind: Kind) -> Any:
    """What a text in a column of this kind means, as its cell should hold it; None where it is right as it is."""
    if not isinstance(value, str) or kind in ("text", "any", "raw"):
        return None
    meant = _meant(value.strip(), kind)
    cell = None if meant is None else to_cell(meant, kind)
    return None if isinstance(cell, str) else cell


def _meant(text: str, kind: Kind) -> Any:
    if kind == "datetime":
        return as_date(text)
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.casefold())
    number = as_number(from_cell(text, kind)) if text.endswith("%") else as_number(text)
    if number is None and _DECIMAL_COMMA.fullmatch(text):
        number = float(text.replace(",", "."))
    return None if number is None or (kind == "integer" and number % 1) else number


_DECIMAL_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})", re.ASCII)
"""Of ``1,500`` nobody can tell whether it is one and a half."""


def folded(text: str) -> str:
    """The text without blanks, in lower case: what differs only in these is meant to be the same."""
    return "".join(text.split()).casefold()


def spelt(text: str, known: Collection[str]) -> str | None:
    """The one known text that differs from this only in case and blanks; None where there is none, or several."""
    found = {one for one in known if folded(one) == folded(text)}
    return found.pop() if len(found) == 1 else None


def suits(value: Any, column: Column) -> bool:
    """Whether a column may hold this value, as far as its kind and choices say; text of another spelling, too."""
    if column.choices and spelt(key_text(value), column.choices) is None:
        return False
    if column.kind == "text":
        return isinstance(value, str) or not isinstance(value, (bool, datetime))
    return column.kind not in FITS or FITS[column.kind][0](value)
