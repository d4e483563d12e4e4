"""How a cell compares with a value that a person wrote: by what both mean, not by how they are stored.

A number equals the text that shows it, a date without a time is that whole day (UTC), a number beside a date is
milliseconds since 1970 as in mlflow, TRUE is 1 and ``'true'``. A blank cell is unknown, as in SQL; NaN counts as blank.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.values import from_serial, key_text
from tracker.written import written_date

Truth = bool | None
"""True, False, or None: unknown, because the cell is blank or cannot be put in order with the value."""

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?Infinity", re.IGNORECASE | re.ASCII)
_MAX_DIGITS = 400
_DAYS = (1, 2_958_466)
"""Excel's numbers for the years 1900 to 9999: what is left of a date where a person cleared its format."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = datetime(1970, 1, 1)


def is_blank(value: Any) -> bool:
    """Whether a cell holds nothing that could be compared: empty, NaN or NaT."""
    return value is None or value == "" or bool(value != value)


def comparer(symbol: str, wanted: Any) -> Callable[[Any], Truth]:
    """A test of one cell against a value of the filter: text, number or boolean."""
    compare = OPERATORS[symbol]
    number, moment, flag = as_number(wanted), _as_moment(wanted), _as_flag(wanted)
    whole_day = isinstance(wanted, str) and _DAY.fullmatch(wanted.strip()) is not None
    when_unlike = {operator.eq: False, operator.ne: True}.get(compare)

    def test(value: Any) -> Truth:
        if is_blank(value):
            return None
        left, right = value, wanted
        if isinstance(value, datetime):
            left, right = _utc(value), moment
            if whole_day and moment is not None:
                left, right = left.date(), moment.date()
        elif isinstance(value, bool) or isinstance(wanted, bool):
            left, right = _as_flag(value), flag
        elif isinstance(value, (int, float)) or isinstance(wanted, (int, float)):
            left, right = as_number(value), number
        if left is None or right is None:
            return when_unlike
        return compare(left, right)

    return test


def like(pattern: str, ignore_case: bool) -> Callable[[Any], Truth]:
    """A test of a cell's text against a pattern: ``%`` is any text, ``_`` any one character."""
    signs = {"%": ".*", "_": "."}
    regex = "".join(signs.get(character) or re.escape(character) for character in pattern)
    compiled = re.compile(regex, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    return lambda value: None if is_blank(value) else compiled.fullmatch(_as_text(value)) is not None


def any_of(tests: Sequence[Callable[[Any], Truth]]) -> Callable[[Any], Truth]:
    """A test that one of the given tests passes."""
    return lambda value: None if is_blank(value) else any(test(value) for test in tests)


def between(low: Any, high: Any) -> Callable[[Any], Truth]:
    """A test that a cell lies between two values, both included."""
    above, below = comparer(">=", low), comparer("<=", high)

    def test(value: Any) -> Truth:
        answers = (above(value), below(value))
        return False if False in answers else (None if None in answers else True)

    return test


def _as_text(value: Any) -> str:
    return key_text(_utc(value) if isinstance(value, datetime) else value)


def as_number(value: Any) -> int | float | None:
    """The number that a cell holds or that its text shows; None for any other."""
    if isinstance(value, (int, float)):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    if len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text):
        return None
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def as_date(value: Any) -> datetime | None:
    """The moment (naive, UTC) that a cell holds: a date, text that means one, or what is left of a date; else None."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return written_date(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and _DAYS[0] <= value < _DAYS[1]:
        moment_or_number = from_serial(value)
        return moment_or_number if isinstance(moment_or_number, datetime) else None
    return None


def _as_flag(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold())
    return bool(value) if value in (0, 1) else None


def _as_moment(value: Any) -> datetime | None:
    """The naive UTC moment that a text or a number of milliseconds since 1970 stands for."""
    try:
        if isinstance(value, str):
            return _utc(datetime.fromisoformat(value.strip()))
        return None if isinstance(value, bool) else _EPOCH + timedelta(milliseconds=value)
    except (ValueError, OverflowError):
        return None


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def sort_key(value: Any) -> tuple[int, Any] | None:
    """Numbers (also those written as text) before dates before text; None for a blank."""
    if is_blank(value):
        return None
    if isinstance(value, datetime):
        return 1, _utc(value)
    number = as_number(value)
    return (2, _as_text(value).casefold()) if number is None else (0, number)
