"""How values look on a page: numbers, times, sizes, statuses, and text that stays text. No streamlit in here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from tracker import wording

NOTHING = "–"
"""What stands where there is no value."""
ROW = 35
"""Pixels of a row of a grid."""

STATUS_SYMBOLS = {"RUNNING": "●", "FINISHED": "✓", "FAILED": "✗", "KILLED": "■", "PLANNED": "○", "MOVED": "→"}
STATUS_COLORS = {
    "RUNNING": "blue",
    "FINISHED": "green",
    "FAILED": "red",
    "KILLED": "orange",
    "PLANNED": "gray",
    "MOVED": "gray",
}
CHECK_SYMBOLS = {"done": "✓", "missing": "✗", "waived": "~", "not applicable": "·"}
SEVERITY_SYMBOLS = {"error": "✗", "warning": "!", "info": "·"}


# -- text ---------------------------------------------------------------------------------------------------------

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>$:=^&])")


_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Signs that are not seen and turn the order of what follows: with one, ``fdp.exe`` reads ``exe.pdf``."""


def straight(text: str) -> str:
    """The text with such signs by their names, ``[U+202E]``."""
    return _TURNING.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def plain(text: object) -> str:
    """Text for a place that reads Markdown, so that it shows as it is: no formats, no icons, on one line.

    The address of a page stays one that can be clicked; no other link comes of a text. Streamlit looks for icons after
    Markdown was read, where a sign that is not seen keeps it from finding any.
    """
    text = str(text).replace(":material/", ":\u2060material/")
    return _MARKDOWN.sub(r"\\\1", straight(" ".join(str(text).split())))


def code(text: object) -> str:
    """Text for a place that reads Markdown, as code: nothing in it is read as Markdown."""
    return f"`{straight(' '.join(str(text).split())).replace('`', chr(39))}`"


def note(text: str) -> str:
    """A person's Markdown without its pictures: one from elsewhere would tell its server who reads the page.

    A sign that is not seen makes a link of each. HTML is shown as text by streamlit.
    """
    return straight(text).replace("![", "!\u2060[")


def cut(text: str, length: int) -> str:
    """The text on one line, cut off with an ellipsis where it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def is_blank(value: Any) -> bool:
    """Whether a cell of a frame holds nothing; NaN counts as nothing, NaT too."""
    return value is None or value == "" or (value != value and not isinstance(value, (list, tuple)))


def text(value: Any) -> str:
    """Any value as a person reads it: numbers with 4 significant digits, times in UTC."""
    if is_blank(value):
        return NOTHING
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):  # numpy's, by its old name and its new
        return "true" if value else "false"
    if isinstance(value, date):
        return exact_time(value)
    if _is_number(value):
        return number(int(value) if float(value).is_integer() else float(value))
    return str(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or type(value).__module__ == "numpy"


def exact(value: Any) -> str:
    """Any value with all its digits, for those who look closely."""
    if is_blank(value) or isinstance(value, (bool, str, date)) or not _is_number(value):
        return text(value)
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return str(int(value))
    return repr(float(value))


def exact_or_blank(value: Any) -> str:
    """A value for a field to be edited: all its digits; empty where there is none."""
    return "" if is_blank(value) else exact(value)


# -- numbers ------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """4 significant digits, and never fewer than the whole part has: ``0.9128``, ``12,346``, ``1.5e-05``."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if isinstance(value, int) or abs(value) >= 1000:
        whole = value if isinstance(value, int) else round(value)
        return f"{whole:,}" if abs(whole) >= 10_000 else str(whole)
    return f"{value:.4g}"


def column_format(values: Iterable[Any]) -> str | None:
    """The printf format under which a column of numbers lines up; None where the grid's own does.

    The greatest has 4 significant digits and all have as many decimals, unless that would hide the small ones.
    """
    sizes = [abs(float(v)) for v in values if not is_blank(v) and math.isfinite(float(v))]
    if not sizes or all(size.is_integer() for size in sizes):
        return None
    greatest = max(sizes)
    least = min((size for size in sizes if size), default=greatest)
    decimals = max(0, 3 - math.floor(math.log10(greatest)))
    if decimals > 6 or least < 10.0 ** -max(decimals - 1, 0):
        return "%.4g"
    return f"%.{decimals}f"


def size(count: Any) -> str:
    """Bytes as people say them, and as the grids do: ``1.2 MB``."""
    if is_blank(count):
        return NOTHING
    return wording.size(float(count))


def grid_height(rows: int, most: float = math.inf) -> int:
    """Pixels of a grid that shows so many rows, or as many as fit into ``most`` pixels."""
    return int(min(ROW * (rows + 1) + 3, most))


def count(amount: int, one: str, many: str = "") -> str:
    """``1 run``, ``36 runs``."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


# -- times --------------------------------------------------------------------------------------------------------


def duration(seconds: Any) -> str:
    """A length of time in its two greatest units: ``3 min 20 s``."""
    if is_blank(seconds) or float(seconds) < 0:
        return NOTHING
    rest = float(seconds)
    if rest < 1:
        return f"{rest * 1000:.0f} ms"
    if rest < 10:
        return f"{rest:.1f} s"
    whole = round(rest)
    for length, unit, smaller, small_unit in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= length:
            return f"{whole // length} {unit} {whole % length // smaller} {small_unit}"
    return f"{whole} s"


def as_utc(moment: Any) -> datetime | None:
    """The moment with its time zone; those without one are UTC. None where it is no moment."""
    if is_blank(moment) or not isinstance(moment, datetime):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def exact_time(moment: Any) -> str:
    """``2026-11-24 06:45:12 UTC``."""
    known = as_utc(moment)
    return NOTHING if known is None else f"{known:%Y-%m-%d %H:%M:%S} UTC"


def ago(moment: Any, now: datetime) -> str:
    """How long ago that was, coarsely, so that it stays true for a minute: ``5 minutes ago``, ``on 3 Nov 2026``."""
    known = as_utc(moment)
    if known is None:
        return NOTHING
    seconds = (now - known).total_seconds()
    if seconds < -60:
        return f"on {known.day} {known:%b %Y}"
    if seconds < 60:
        return "just now"
    for length, unit in ((3600, 60), (86_400, 3600), (30 * 86_400, 86_400)):
        if seconds < length:
            name = {60: "minute", 3600: "hour", 86_400: "day"}[unit]
            return f"{count(int(seconds // unit), name)} ago"
    return f"on {known.day} {known:%b %Y}"


# -- statuses -----------------------------------------------------------------------------------------------------


def status(word: Any) -> str:
    """A run's status with its symbol: ``✓ FINISHED``."""
    return NOTHING if is_blank(word) else f"{STATUS_SYMBOLS.get(str(word), '?')} {word}"


def check(word: Any) -> str:
    """A checklist item's status with its symbol: ``✓ done``."""
    return NOTHING if is_blank(word) else f"{CHECK_SYMBOLS.get(str(word), '?')} {word}"
