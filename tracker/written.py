"""Dates and numbers as people type them as text into a spreadsheet: ``12.03.2025``, ``3 Mar 2025``, ``87.3 %``."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_CLOCK = r"(?:[ ,T]+(\d{1,2}):(\d\d)(?::(\d\d))?)?"
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})" + _CLOCK)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})" + _CLOCK)
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})" + _CLOCK)
_NAMED = re.compile(
    r"(?:(\d{1,2})[. -]+([a-z]{3,9})|([a-z]{3,9})[. -]+(\d{1,2})),?[ -]+(\d{4})" + _CLOCK, re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def written_date(text: str) -> datetime | None:
    """The moment (naive, UTC) that a text means; None where it means none.

    ISO 8601; day.month.year; month names in English; year/month/day. Of ``3/4/2025`` nobody can tell which is the
    month, so it is no date; 25/4/2025 and 4/25/2025 are.
    """
    text = text.strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _in_words_or_figures(text)
    return found if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)


def _in_words_or_figures(text: str) -> datetime | None:
    if match := _DOTTED.fullmatch(text):
        day, month, year, *clock = match.groups()
        return _moment(year, int(month), int(day), clock)
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day, *clock = match.groups()
        return _moment(year, int(month), int(day), clock)
    if match := _SLASHED.fullmatch(text):
        one, two, year, *clock = match.groups()
        first, second = int(one), int(two)
        if first > 12 or first == second:
            return _moment(year, second, first, clock)
        return _moment(year, first, second, clock) if second > 12 else None
    if match := _NAMED.fullmatch(text):
        day, name, other_name, other_day, year, *clock = match.groups()
        month = (name or other_name)[:3].lower()
        return _moment(year, _MONTHS.index(month) + 1, int(day or other_day), clock) if month in _MONTHS else None
    return None


def _moment(year: str, month: int, day: int, clock: list[str | None]) -> datetime | None:
    hours, minutes, seconds = (int(part or 0) for part in clock)
    try:
        return datetime(int(year) + (2000 if len(year) == 2 else 0), month, day, hours, minutes, seconds)
    except ValueError:
        return None
