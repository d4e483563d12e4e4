"""What Excel makes of texts that look like dates or numbers: of ``3-1`` and ``MAR1`` dates, of long ids ``1.23E+15``.

It does so when such a text is typed again, pasted, or comes from a CSV file. Which day it takes ``3-1`` for depends on
the country and the year, so a text is known again by what it may have become.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import permutations
from typing import Any

from tracker.matching import as_number
from tracker.values import key_text

_PARTS = re.compile(r"(\d{1,4})([-/.])(\d{1,4})(?:\2(\d{1,4}))?")
_MONTH_FIRST = re.compile(r"([a-z]{3,9})[ ./-]?(\d{1,4})", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(\d{1,4})[ ./-]?([a-z]{3,9})", re.IGNORECASE)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
SHORT_DIGITS = 1e11
"""From here on Excel shows a number in a plain cell as ``1.23E+11``."""


def may_have_become(text: str, value: Any) -> bool:
    """Whether Excel may have made this date or number of that text, and something was lost by it."""
    if isinstance(value, datetime):
        return value.time() == datetime.min.time() and any(_fits(value, parts) for parts in _dates(text.strip()))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = as_number(text)
        if number is None or key_text(value) == text:
            return False
        try:
            return math.isclose(float(number), float(value), rel_tol=1e-14)
        except OverflowError:
            return False
    return False


_Parts = tuple[int | None, int, int]
"""Year (as far as a text says one), month and day."""


def _dates(text: str) -> Iterator[_Parts]:
    """The dates that a text may be taken for."""
    if match := _PARTS.fullmatch(text):
        one, two, three = int(match[1]), int(match[3]), match[4]
        if three is None:
            yield from ((None, one, two), (None, two, one), (_year(two), one, 1), (_year(one), two, 1))
        else:
            for first, second, third in permutations((one, two, int(three))):
                yield _year(first), second, third
    for match, name, number in (
        (_MONTH_FIRST.fullmatch(text), 1, 2),
        (_DAY_FIRST.fullmatch(text), 2, 1),
    ):
        if match and (month := _month(match[name])):
            yield None, month, int(match[number])
            yield _year(int(match[number])), month, 1


def _month(name: str) -> int | None:
    name = name.lower()
    found = [number for number, month in enumerate(_MONTHS, 1) if month.startswith(name) or name == "sept" == month[:4]]
    return found[0] if len(found) == 1 else None


def _year(number: int) -> int:
    return number if number >= 100 else number + (2000 if number < 30 else 1900)


def _fits(value: datetime, parts: _Parts) -> bool:
    year, month, day = parts
    return value.month == month and day == value.day and year in (None, value.year)
