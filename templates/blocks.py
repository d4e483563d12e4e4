"""Blocks on sheets that show numbers: a heading with a line under it, the names of the columns."""

from __future__ import annotations

from collections.abc import Mapping

from openpyxl.worksheet.worksheet import Worksheet

from templates import look


def head_line(sheet: Worksheet, row: int, first: str, last: str, text: str) -> None:
    """The heading of a block, underlined from the first to the last column."""
    for cell in sheet[f"{first}{row}:{last}{row}"][0]:
        cell.border = look.edge("bottom", color=look.BLUE, style="medium")
    look.dress(sheet[f"{first}{row}"], text, font=look.font(13, bold=True), alignment=look.align())
    sheet.row_dimensions[row].height = 23


def columns_line(sheet: Worksheet, row: int, names: Mapping[str, str], numbers: str = "CDEF") -> None:
    """The column names of a block; those over ``numbers`` stand at the right."""
    for letter, name in names.items():
        number = letter in numbers
        look.dress(
            sheet[f"{letter}{row}"],
            name,
            font=look.font(10, look.GREY, bold=True),
            alignment=look.align("right" if number else "left", indent=1),
            border=look.edge("bottom"),
        )
    sheet.row_dimensions[row].height = 18
