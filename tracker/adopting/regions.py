"""Where on a sheet a list of runs stands: its header, its rows, and what stands around it.

People put titles above, group labels over the header, sums below, notes beside. Nothing here knows what a run is: a
region is a row of names over rows of values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Cells = Mapping[int, Mapping[int, Any]]
"""The filled cells of a sheet by row and column, counted from 1; a formula without a saved result is an empty text."""

LOOK_AT = 60
"""The rows from the top among which a header is looked for."""
MOST_BLANK = 2
"""Blank rows that a list may have between its rows."""
_LONG = 80
"""Characters beyond which a text is no name of a column."""
TOTALS = re.compile(
    r"\s*(grand |sub)?(totals?|sums?|averages?|avg\.?|means?|medians?|min(imum)?|max(imum)?|counts?|std\.?( ?dev\.?)?"
    r"|best|\u03c3|\u03a3|\u03bc|\u00f8|summe|gesamt|mittelwert|durchschnitt|anzahl|moyenne|totaux|media|promedio)\b.{0,20}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Region:
    """A row of names over rows of values; all numbers count from 1 and include both ends."""

    header_row: int
    first_column: int
    last_column: int
    last_row: int
    """The last row of values, totals not included."""
    totals_row: int = 0
    """The row of sums right below the last one; 0 where there is none."""
    groups: Mapping[int, str] | None = None
    """Labels over groups of columns in the row above the header, by column."""

    @property
    def columns(self) -> range:
        return range(self.first_column, self.last_column + 1)


def find_regions(cells: Cells, merged: Sequence[tuple[int, int, int, int]] = ()) -> list[Region]:
    """The lists that stand on a sheet, the most list-like first.

    Args:
        merged: merged ranges as (first row, first column, last row, last column).
    """
    found: list[tuple[float, Region]] = []
    rows = sorted(cells)
    for number in [row for row in rows if row <= (rows[0] if rows else 0) + LOOK_AT]:
        for first, last in _runs_of_names(cells, number):
            score, region = _region(cells, number, first, last, merged)
            if score > 0:
                found.append((score, region))
    found.sort(key=lambda item: (-item[0], item[1].header_row, item[1].first_column))
    kept: list[Region] = []
    for _, region in found:
        if not any(_overlap(region, other) for other in kept):
            kept.append(region)
    return kept


def _runs_of_names(cells: Cells, number: int) -> list[tuple[int, int]]:
    """Stretches of a row that could be a header: texts, at most one column between them blank."""
    columns = sorted(column for column, value in cells[number].items() if _is_name(value))
    stretches: list[tuple[int, int]] = []
    for column in columns:
        if stretches and column - stretches[-1][1] <= 2 and _belongs(cells, number, stretches[-1][1], column):
            stretches[-1] = (stretches[-1][0], column)
        else:
            stretches.append((column, column))
    return [(first, last) for first, last in stretches if last > first]


def _belongs(cells: Cells, number: int, before: int, column: int) -> bool:
    """Whether a column without a name between two names has values below it, so that it is one of theirs."""
    return all(
        any(between in cells.get(row, {}) for row in range(number + 1, number + 4))
        for between in range(before + 1, column)
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _LONG


def _region(
    cells: Cells, header: int, first: int, last: int, merged: Sequence[tuple[int, int, int, int]]
) -> tuple[float, Region]:
    columns = range(first, last + 1)
    end, values = header, []
    row = header + 1
    bottom = max(cells)
    blank = 0
    while row <= bottom and blank <= MOST_BLANK:
        filled = {column: cells[row][column] for column in columns if column in cells.get(row, {})}
        if not filled:
            blank += 1
        elif _is_totals(filled, first) or (blank and _starts_anew(cells, row, columns)):
            break
        else:
            blank, end = 0, row
            values.append(filled)
        row += 1
    totals = row if row == end + 1 and row <= bottom and blank == 0 and _is_totals(cells.get(row, {}), first) else 0
    region = Region(header, first, last, end, totals, _groups(cells, header, columns, merged))
    return _score(cells[header], values, columns), region


def _is_totals(filled: Mapping[int, Any], first: int) -> bool:
    texts = [value for column, value in sorted(filled.items()) if column >= first and isinstance(value, str)]
    return (
        bool(texts)
        and TOTALS.fullmatch(texts[0]) is not None
        and any(_is_number(v) or v == "" for v in filled.values())
    )


def _starts_anew(cells: Cells, row: int, columns: range) -> bool:
    """Whether, after a blank row, another header stands here: nothing but names, and something else below them."""
    here = [cells[row][column] for column in columns if column in cells[row]]
    below = [cells.get(row + 1, {}).get(column) for column in columns]
    return len(here) == 1 or (
        all(_is_name(v) and not _is_number(_parsed(v)) for v in here) and any(_is_number(v) for v in below)
    )


def _groups(
    cells: Cells, header: int, columns: range, merged: Sequence[tuple[int, int, int, int]]
) -> dict[int, str] | None:
    """Labels over several columns, right above the header; one text over all of it is a title and none of them."""
    above = cells.get(header - 1, {})
    labels = {column: str(above[column]).strip() for column in columns if _is_name(above.get(column))}
    if not labels:
        return None
    wide = {column: right for top, column, bottom, right in merged if top == header - 1}
    found: dict[int, str] = {}
    starts = sorted(labels)
    for index, start in enumerate(starts):
        stop = wide.get(start, starts[index + 1] - 1 if index + 1 < len(starts) else columns[-1])
        if len(starts) == 1 and start == columns[0] and start not in wide:
            return None  # one text above the list is its title
        if start in wide and wide[start] >= columns[-1] and start <= columns[0]:
            return None
        found |= dict.fromkeys(range(start, min(stop, columns[-1]) + 1), labels[start])
    return found


def _score(header: Mapping[int, Any], values: Sequence[Mapping[int, Any]], columns: range) -> float:
    """How much this looks like a list: columns with names, rows below them, values that are no names."""
    if not values:
        return 0.0
    names = [str(header[column]).strip().casefold() for column in columns if _is_name(header.get(column))]
    if len(names) < 2:
        return 0.0
    unlike = sum(any(not isinstance(row.get(column), (str, type(None))) for row in values[:20]) for column in columns)
    filled = sum(len(row) for row in values[:50]) / (len(values[:50]) * len(columns))
    distinct = len(set(names)) / len(names)
    headerlike = sum(not isinstance(_parsed(name), float) for name in names) / len(names)
    return (1 + unlike + 0.3 * len(names)) * filled * distinct * headerlike * min(1.0, 0.4 + len(values) / 10)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, datetime)) and not isinstance(value, bool)


def _parsed(text: str) -> float | str:
    try:
        return float(text.strip().rstrip("%"))
    except ValueError:
        return text


def _overlap(one: Region, other: Region) -> bool:
    return (
        one.first_column <= other.last_column
        and other.first_column <= one.last_column
        and one.header_row <= max(other.last_row, other.totals_row)
        and other.header_row <= max(one.last_row, one.totals_row)
    )
