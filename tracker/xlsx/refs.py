"""References to cells as Excel writes them: columns as letters, ranges, and ranges that grow with a table."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from tracker.xlsx.tokens import joined, sheet_of, tokens

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384
MAX_HEADER = 255
"""Characters of a header of a table; of a workbook with a longer one, Excel takes the table away as damaged."""

_CORNER = re.compile(r"(?:(\$?)([A-Za-z]{1,3}))?(?:(\$?)([0-9]{1,7}))?")


@cache
def column_letters(number: int) -> str:
    """The letters of a column, counted from 1: ``A`` for 1, ``XFD`` for 16384. Raises ValueError outside the sheet."""
    if not 1 <= number <= MAX_COLUMN:
        raise ValueError(f"a sheet has no column {number}")
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@cache
def column_number(letters: str) -> int:
    """The number of a column, counted from 1, from its letters in either case. Raises ValueError outside the sheet."""
    number = 0
    if letters.isascii() and letters.isalpha():
        for letter in letters.upper():
            number = number * 26 + ord(letter) - 64
    if not 1 <= number <= MAX_COLUMN:
        raise ValueError(f"{letters!r} is not a column")
    return number


def cell_name(row: int, column: int) -> str:
    """The name of a cell: ``B12`` for row 12, column 2."""
    return f"{column_letters(column)}{row}"


class Corner(NamedTuple):
    """One side of a reference as it is written; whole rows have no column, whole columns have no row."""

    column: int | None
    row: int | None
    fixed_column: bool
    fixed_row: bool

    @classmethod
    def parse(cls, text: str) -> Corner:
        """``$B12``, ``B`` or ``12``. Raises ValueError for anything else and for cells outside the sheet."""
        match = _CORNER.fullmatch(text)
        if not match or not text:
            raise ValueError(f"{text!r} is not a cell")
        column_dollar, letters, row_dollar, digits = match.groups()
        row = int(digits) if digits else None
        if row is not None and not 1 <= row <= MAX_ROW:
            raise ValueError(f"a sheet has no row {row}")
        return cls(column_number(letters) if letters else None, row, column_dollar == "$", row_dollar == "$")

    def __str__(self) -> str:
        column = "" if self.column is None else "$" * self.fixed_column + column_letters(self.column)
        return column if self.row is None else f"{column}{'$' * self.fixed_row}{self.row}"


class Range(NamedTuple):
    """A rectangle of cells, counted from 1, both ends included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    @classmethod
    def parse(cls, text: str) -> Range:
        """The range of ``A1``, ``A1:B2``, ``A:C`` or ``3:5``, with or without dollars, corners in any order.

        Raises ValueError for anything else.
        """
        one, colon, other = text.partition(":")
        first = Corner.parse(one)
        last = Corner.parse(other) if colon else first
        if (first.row is None) != (last.row is None) or (first.column is None) != (last.column is None):
            raise ValueError(f"{text!r} is not a range")
        if not colon and (first.row is None or first.column is None):
            raise ValueError(f"{text!r} is not a range")
        top, bottom = (1, MAX_ROW) if first.row is None or last.row is None else sorted((first.row, last.row))
        left, right = 1, MAX_COLUMN
        if first.column is not None and last.column is not None:
            left, right = sorted((first.column, last.column))
        return cls(top, left, bottom, right)

    def __str__(self) -> str:
        """``A1:B2``, or ``A1`` for one cell. Whole columns come as ``A1:C1048576``, which is valid in every place."""
        first = cell_name(self.first_row, self.first_column)
        last = cell_name(self.last_row, self.last_column)
        return first if first == last else f"{first}:{last}"

    def contains(self, row: int, column: int) -> bool:
        """Whether the cell lies in the range."""
        return self.first_row <= row <= self.last_row and self.first_column <= column <= self.last_column

    def intersects(self, other: Range) -> bool:
        """Whether the two ranges have a cell in common."""
        return (
            self.first_row <= other.last_row
            and other.first_row <= self.last_row
            and self.first_column <= other.last_column
            and other.first_column <= self.last_column
        )


def grow_sqref(sqref: str, table: Range, new_last_row: int) -> str:
    """A list of ranges, grown with the table: formats, validation, protected ranges, ignored errors.

    ``table`` is the table as it was, without its totals row. What ends in its last row, begins in one of its rows and
    shares a column with it grows. Nothing else changes; the same string comes back where nothing grew.
    """

    def grow(match: re.Match[str]) -> str:
        try:
            grows = _grows(Range.parse(match[0]), table)
        except ValueError:
            return match[0]
        return _with_last_row(match[0], table.last_row, new_last_row) if grows else match[0]

    grown = re.sub(r"\S+", grow, sqref)
    return sqref if grown == sqref else grown


def grow_reference(
    formula: str, sheet: str, own_sheet: str, table: Range, new_last_row: int, *, lone_row: bool = False
) -> str:
    """A formula, name, print area or chart series, with the ranges over the table grown with it.

    ``sheet`` is the table's, ``own_sheet`` the one that a reference without a sheet means; ``table`` is the table as it
    was, without its totals row. Only ranges of several rows grow: a single cell means that cell. With ``lone_row``, one
    cell or range in one column that is all the data of a one-row table grows too, as a chart over a new table needs.
    The same string comes back where nothing grew.
    """
    sheet = sheet.lower()
    parts = list(tokens(formula))
    grown = False
    for position, part in enumerate(parts):
        if part.kind != "reference" or sheet_of(part.prefix, own_sheet) != sheet:
            continue
        area = Range.parse(part.text)
        counts = area.first_row < area.last_row or (
            lone_row and area.first_column == area.last_column and table.last_row - table.first_row <= 1
        )
        if counts and _grows(area, table):
            parts[position] = part._replace(text=_with_last_row(part.text, table.last_row, new_last_row))
            grown = True
    return joined(parts) if grown else formula


def _grows(area: Range, table: Range) -> bool:
    """Whether a range ends with the table and shares a column with it; a print area may begin above, with a title."""
    return area.last_row == table.last_row and area.intersects(table)


def _with_last_row(text: str, old: int, new: int) -> str:
    """The reference with its last row replaced, dollars and all else as they were."""
    if old == new:
        return text
    first, _, last = text.partition(":")
    last = last or first
    if Corner.parse(last).row == old:
        return f"{first}:{Corner.parse(last)._replace(row=new)}"
    return f"{Corner.parse(first)._replace(row=new)}:{last}"
