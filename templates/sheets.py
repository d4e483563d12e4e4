"""One sheet per table: a line that says what it is, the table itself, and what helps to fill it in."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.dimensions import RowDimension
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.table import Table as ExcelTable
from openpyxl.worksheet.table import TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from templates import look, rules
from templates.rows import Row
from tracker.ids import new_run_id
from tracker.schema import Column, Table

HEADER_ROW = 3
FIRST_ROW = HEADER_ROW + 1
WIDEST = 92
"""Characters; longer texts wrap."""
NARROWER = {"applies_to": 24, "rule": 46, "source": 42, "value": 46}
"""Columns that wrap earlier, so that the sheet fits on one page."""
LINE = 15
"""Points of one line of text."""
CHARACTERS = 1.15
"""Characters of usual text in one unit of column width."""
PAGE = 225
"""Characters that one page in landscape takes before the print becomes too small to read."""

TITLES = {"sop": "SOP", "kinds": "Lists"}
"""Sheet names that are not simply the table's name with a capital."""

FORMATS = {
    "duration": '#,##0.0" s"',
    "size": look.SIZE_FORMAT,
    "keep_days": '#,##0" days"',
    "next_review": look.DATE_FORMAT,
    "until": look.DATE_FORMAT,
    "checked": look.DATE_FORMAT,
    "last validation": look.DATE_FORMAT,
}
KIND_FORMATS = {
    "datetime": look.TIME_FORMAT,
    "integer": "0",
    "text": "@",
    "number": look.METRIC_FORMAT,
    # Excel shows TRUE and FALSE whatever the format; LibreOffice 7.4 crashes where it has to find one by itself in a
    # column that has blanks and a conditional format.
    "boolean": '"TRUE";"TRUE";"FALSE"',
}

WRAPPED = ("sop", "retention", "settings", "people", "kinds")
"""Tables of few rows and long texts that people write. In the others scripts add rows, which keep one line each: not
every program makes a row higher by itself when it opens a file."""

TECHNICAL = (
    "parent_run_id",
    "git_commit",
    "git_branch",
    "git_dirty",
    "git_remote",
    "source",
    "command",
    "working_folder",
    "host",
    "python",
)
"""Columns of runs that fold away together with one click."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a table stands, for formulas, charts and names."""

    sheet: str
    columns: tuple[str, ...]
    last_row: int

    def column_range(self, name: str) -> str:
        """The cells of a column, such as ``'Retention'!$A$4:$A$9``."""
        letter = get_column_letter(self.columns.index(name) + 1)
        return f"'{self.sheet}'!${letter}${FIRST_ROW}:${letter}${self.last_row}"


def sheet_title(table: str) -> str:
    """The name of a table's sheet."""
    return TITLES.get(table, table.capitalize())


def add_table(book: Workbook, table: Table, columns: Sequence[Column], rows: Sequence[Row], color: str) -> Placed:
    """A sheet with the table on it. A table of no rows has one blank row, since Excel asks for one."""
    sheet = book.create_sheet(sheet_title(table.name))
    last_row = HEADER_ROW + max(1, len(rows))
    ref = f"A{HEADER_ROW}:{get_column_letter(len(columns))}{last_row}"

    _banner(sheet, table)
    mixed = len({column.writer for column in columns}) > 1
    for index, column in enumerate(columns, 1):
        values = [row.get(column.name) for row in rows] or [None]
        header_cell(sheet.cell(HEADER_ROW, index), column)
        sheet.column_dimensions[get_column_letter(index)].width = _width(column, values)
        if table.name == "runs" and column.name in TECHNICAL:
            sheet.column_dimensions[get_column_letter(index)].outlineLevel = 1
        for number, value in enumerate(values, FIRST_ROW):
            cell = body_cell(sheet.cell(number, index), value, column, wrap=table.name in WRAPPED)
            if table.open_prefixes and column is columns[-1]:
                # Columns that scripts add take after the last one and may hold anything: no text format there,
                # and numbers stand right as they do anywhere.
                cell.number_format, cell.alignment = "General", look.align()
            if column.writer == "person" and mixed:
                cell.fill = look.fill(look.PERSON_CELL)
    if table.name in WRAPPED:
        for number in range(FIRST_ROW, last_row + 1):
            fit_row(sheet, number)
    _helpers(sheet, table, columns, last_row)

    listed = ExcelTable(displayName=table.name, ref=ref)
    listed.tableStyleInfo = TableStyleInfo(name=look.TABLE_STYLE, showRowStripes=True)
    sheet.add_table(listed)

    frozen = sum(column.name in table.key for column in columns[:2])
    if table.name == "runs":
        frozen = 2  # the id says little without the name beside it
    _view(sheet, frozen, color)
    return Placed(sheet.title, tuple(column.name for column in columns), last_row)


class GrowingRow(RowDimension):  # type: ignore[misc]  # openpyxl ships no types
    """A row that is high enough for its texts, and grows when somebody writes more."""

    @property
    def customHeight(self) -> bool:
        """False: spreadsheet programs go on fitting the height by themselves."""
        return False


def fit_row(sheet: Worksheet, row: int) -> None:
    """Make a row as high as its wrapped texts are, which only Excel does by itself when it opens a file."""
    lines = 1
    for cell in sheet[row]:
        if isinstance(cell.value, str) and not cell.value.startswith("=") and cell.alignment.wrap_text:
            width = sheet.column_dimensions[cell.column_letter].width - 1.5
            lines = max(lines, len(textwrap.wrap(cell.value, max(1, int(width * CHARACTERS)))))
    sheet.row_dimensions[row] = GrowingRow(sheet, index=row, ht=LINE * lines + 4)


def link(cell: Any, sheet: str, text: str, at: str = "A1", size: float = 11) -> None:
    """A cell that leads to another sheet of the workbook."""
    look.dress(cell, text, font=look.font(size, look.BLUE, underline="single"), alignment=look.align())
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!{at}", display=text)


def _banner(sheet: Worksheet, table: Table) -> None:
    """Two lines above the table: what it is and what the colours mean."""
    look.dress(sheet["A1"], sheet.title, font=look.font(18, bold=True), alignment=look.align())
    look.dress(sheet["C1"], table.help, font=look.font(11, look.GREY), alignment=look.align())
    link(sheet["A2"], "Start", "← Start", "B2", size=9.5)
    legend = (("person", "you write"), ("script", "scripts write"), ("both", "both: what you change stays"))
    sheet["C2"] = CellRichText(
        *(
            TextBlock(InlineFont(rFont=look.TEXT_FONT, sz=9.5, color=look.HEADER[writer]), f"■ {text}     ")
            for writer, text in legend
        )
    )
    sheet["C2"].alignment = look.align()
    sheet.row_dimensions[1].height = 30
    sheet.row_dimensions[2].height = 18
    sheet.row_dimensions[HEADER_ROW].height = 24
    if table.name not in WRAPPED:
        sheet.sheet_format.defaultRowHeight = 18
        sheet.sheet_format.customHeight = True


def header_cell(cell: Any, column: Column, writers: Mapping[str, str] = look.WRITERS) -> None:
    """A column's header in the colour of who writes it, with its note; ``writers`` says what the colours mean."""
    look.dress(
        cell,
        column.name,
        font=look.font(11, look.WHITE, bold=True),
        fill=look.fill(look.HEADER[column.writer]),
        alignment=look.align("left", indent=1),
        border=look.edge("left", "right", color=look.WHITE),
    )
    cell.comment = note(column, writers)


def _width(column: Column, values: Sequence[object]) -> float:
    """Wide enough for the header with its filter button, and for the values as far as a screen allows."""
    longest = max(len(str(value)) for value in (*values, ""))
    width = max(column.width, len(column.name) * 1.15 + 5, min(longest, NARROWER.get(column.name, WIDEST)))
    return max(width, len(new_run_id(0)) + 2) if column.name.endswith("run_id") else width


def note(column: Column, writers: Mapping[str, str] = look.WRITERS) -> Comment:
    """The note on a header: what the column means, what it may hold, who writes it."""
    lines = [column.help]
    if column.choices:
        lines.append("One of: " + ", ".join(column.choices) + ".")
    lines.append(writers[column.writer])
    comment = Comment("\n\n".join(lines), "Tracker")
    comment.width = 260
    comment.height = 18 * (sum(ceil(len(line) / 38) for line in lines) + len(lines)) + 4
    return comment


def body_cell(cell: Any, value: object, column: Column, *, wrap: bool) -> Any:
    """A cell of a table's row, as its column's kind of value asks for."""
    number = column.kind in ("number", "integer", "datetime")
    alignment = look.align("right" if number else "left", wrap_text=wrap or None, indent=1)
    number_format = FORMATS.get(column.name, KIND_FORMATS.get(column.kind, "General"))
    return look.dress(
        cell,
        value,
        font=look.font(11),
        number_format="General" if column.link else number_format,  # a link is a formula
        alignment=alignment,
        border=look.edge("bottom"),
    )


def _helpers(sheet: Worksheet, table: Table, columns: Sequence[Column], last_row: int) -> None:
    """Drop-down lists and conditional formats over the table's rows; they grow with the table."""
    letters = {column.name: get_column_letter(index) for index, column in enumerate(columns, 1)}
    for column in columns:
        check = rules.validation(table.name, column)
        if check:
            check.add(f"{letters[column.name]}{FIRST_ROW}:{letters[column.name]}{last_row}")
            sheet.add_data_validation(check)
    cells = {name: f"${letter}{FIRST_ROW}" for name, letter in letters.items()}
    for names, rule in rules.conditional_formats(table, cells):
        if len(names) == len(letters):
            where = f"A{FIRST_ROW}:{letters[columns[-1].name]}{last_row}"
        else:
            where = " ".join(f"{letters[name]}{FIRST_ROW}:{letters[name]}{last_row}" for name in names)
        sheet.conditional_formatting.add(where, rule)


def _view(sheet: Worksheet, frozen: int, color: str) -> None:
    sheet.freeze_panes = f"{get_column_letter(frozen + 1)}{FIRST_ROW}"
    sheet.sheet_view.zoomScale = 100
    sheet.sheet_properties.tabColor = color
    pages_wide = ceil(sum(column.width for column in sheet.column_dimensions.values()) / PAGE)
    print_landscape(sheet, pages_wide)
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    if pages_wide > 1:
        sheet.print_title_cols = f"A:{get_column_letter(frozen)}"


def print_landscape(sheet: Worksheet, pages_wide: int = 1, pages_high: int = 0) -> None:
    """Landscape A4, as many pages wide as told, with the sheet's name and the page number at the foot."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToWidth = pages_wide
    sheet.page_setup.fitToHeight = pages_high
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.6
    sheet.page_margins.footer = 0.3
    sheet.print_options.horizontalCentered = pages_wide == 1
    sheet.oddFooter.left.text = "&A"
    sheet.oddFooter.right.text = "&P / &N"
