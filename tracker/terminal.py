"""Values and tables as a terminal shows them: fitted to its width, and nothing in a cell can move its cursor."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

GAP = "  "
LEAST = 12
"""Characters that a column of text keeps at least; numbers are never cut, for half a number is a wrong one."""
UNLIMITED = 1_000_000


def terminal_width() -> int:
    """Characters that fit in a line; without limit where the output goes into a file or another program."""
    return shutil.get_terminal_size((UNLIMITED, 24)).columns


def shown(value: Any) -> str:
    """A value on one line: dates to the second, numbers with at most six digits that count."""
    if value is None or value != value:
        return "" if value is None else "NaN"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return one_line(str(value))


def quoted(value: Any) -> str:
    """A value in a sentence, where a blank has to be seen and a text does not run into its neighbours."""
    return f'"{one_line(value)}"' if isinstance(value, str) and value else shown(value) or "(blank)"


def one_line(text: str) -> str:
    """The text without line breaks and without characters that a terminal would obey instead of showing."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


def clipped(text: str, width: int) -> str:
    """The text, cut to a width with … at its end where it is longer."""
    if _width(text) <= width:
        return text
    used, kept = 1, []
    for character in text:
        used += _width(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table as lines of text, and the columns for which there was no room."""

    lines: list[str]
    dropped: list[str]


def fit(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int, rigid: Collection[str] = ()) -> Fitted:
    """Lay out a table: columns from the left as long as there is room, long texts cut with ….

    Args:
        rigid: columns that are never cut and stand to the right, such as numbers; the first column is never cut either.
    """
    natural = [
        min(width, max(_width(header), *(_width(row[place]) for row in rows))) if rows else _width(header)
        for place, header in enumerate(headers)
    ]
    uncut = [place == 0 or header in rigid for place, header in enumerate(headers)]
    least = [size if whole else min(size, LEAST) for size, whole in zip(natural, uncut, strict=True)]
    count = len(headers)
    while count > 1 and _total(least[:count]) > width:
        count -= 1
    widths = natural[:count]
    while _total(widths) > width:
        loose = [place for place in range(count) if widths[place] > least[place]]
        if not loose:
            break
        widths[max(loose, key=lambda place: widths[place])] -= 1
    lines = [_line(headers[:count], widths, rigid, headers), GAP.join("─" * size for size in widths)]
    lines += [_line(row[:count], widths, rigid, headers) for row in rows]
    return Fitted(lines, list(headers[count:]))


def _line(cells: Sequence[str], widths: Sequence[int], rigid: Collection[str], headers: Sequence[str]) -> str:
    padded = []
    for cell, size, header in zip(cells, widths, headers, strict=False):
        text = clipped(cell, size)
        blank = " " * (size - _width(text))
        padded.append(blank + text if header in rigid else text + blank)
    return GAP.join(padded).rstrip()


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _width(text: str) -> int:
    """Places that the text takes: Chinese characters and emoji two, accents that combine none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
