"""The Start sheet: the whole workbook explained in one screen."""

from __future__ import annotations

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from templates import look
from templates.sheets import FIRST_ROW, link, print_landscape, sheet_title
from tracker.schema import TABLES, Table

WRITERS = {
    frozenset({"script"}): "scripts",
    frozenset({"person"}): "you",
    frozenset({"script", "person"}): "scripts and you",
}

CODE = (
    "import tracker",
    'with tracker.start_run("registry.xlsx", experiment="churn") as run:',
    '    run.log_params({"depth": 6, "lr": 0.1})',
    '    run.log_metric("auc", 0.91)',
)

GOOD_TO_KNOW = (
    "Sort, filter, rename, move or hide anything; add columns, sheets, charts and pivots. Tracker finds its tables by "
    "their names (Table Design, Table Name) and leaves all else alone.",
    "Nobody's work is lost: while this workbook is open, scripts keep their values beside it, in the folder of the "
    "same name that ends in .tracker, and write them here once you have closed it.",
    "Where you and a script have changed the same cell, yours stays. Such cells, and whatever else needs a look, are "
    "listed by: python -m tracker check registry.xlsx",
    "Hover over a header to read what its column means. The first column of a table is how Tracker finds its rows: "
    "leave it as it is.",
    "Move or copy the workbook together with its .tracker folder, which has files, metric steps and earlier versions.",
)


def add_start(book: Workbook, title: str, purpose: str, order: tuple[str, ...]) -> None:
    """Make the first sheet. ``order`` has the tables as their sheets come."""
    sheet = book.create_sheet("Start", 0)
    for letter, width in zip("ABCDEF", (2.5, 13, 78, 15, 3, 72), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet["B2"] = CellRichText(
        TextBlock(InlineFont(rFont=look.TEXT_FONT, sz=28, b=True, color=look.INK), "Tracker   "),
        TextBlock(InlineFont(rFont=look.TEXT_FONT, sz=14, color=look.BLUE), title),
    )
    sheet["B2"].alignment = look.align()
    look.dress(sheet["B3"], purpose, font=look.font(12, look.GREY), alignment=look.align())
    sheet.row_dimensions[2].height = 38
    sheet.row_dimensions[3].height = 22

    last = _sheets(sheet, order)
    _code(sheet, 5, "Log a run from Python", CODE)
    _code(sheet, 11, "Look at it: pages, curves, comparisons", ("python -m tracker app registry.xlsx",))
    _colors(sheet, 14)
    _good_to_know(sheet, last + 3)

    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = look.INK
    print_landscape(sheet, pages_high=1)


def _head(sheet: Worksheet, row: int, column: int, text: str, columns: int) -> None:
    for offset in range(columns):
        look.dress(sheet.cell(row, column + offset), border=look.edge("bottom", color=look.BLUE, style="medium"))
    look.dress(sheet.cell(row, column), text, font=look.font(12, bold=True), alignment=look.align())
    sheet.row_dimensions[row].height = 21


def _sheets(sheet: Worksheet, order: tuple[str, ...]) -> int:
    """The list of sheets; returns its last row."""
    _head(sheet, 5, 2, "The sheets", 3)
    look.dress(sheet["D5"], "who writes", font=look.font(10, look.GREY), alignment=look.align())
    lines = [
        ("Summary", "A2", "What happened, at a glance: live numbers and charts. Change it as you like.", "formulas")
    ]
    lines += [(sheet_title(name), f"A{FIRST_ROW}", TABLES[name].help, _who(TABLES[name])) for name in order]
    lines += [("Lists", f"A{FIRST_ROW}", "The kinds of artifacts to choose from: extend them.", "you")]
    for row, (name, at, text, who) in enumerate(lines, 6):
        link(sheet.cell(row, 2), name, name, at)
        look.dress(sheet.cell(row, 3), text, font=look.font(10), alignment=look.align())
        look.dress(sheet.cell(row, 4), who, font=look.font(10.5, look.GREY), alignment=look.align())
        for column in (2, 3, 4):
            sheet.cell(row, column).border = look.edge("bottom")
        sheet.row_dimensions[row].height = 19
    return row


def _who(table: Table) -> str:
    writers = {writer for column in table.columns for writer in _parties(column.writer)}
    return WRITERS[frozenset(writers)]


def _parties(writer: str) -> tuple[str, ...]:
    return ("script", "person") if writer == "both" else (writer,)


def _code(sheet: Worksheet, row: int, head: str, lines: tuple[str, ...]) -> None:
    _head(sheet, row, 6, head, 1)
    for number, line in enumerate(lines, row + 1):
        look.dress(
            sheet.cell(number, 6),
            line or None,
            font=look.code_font(9.5),
            fill=look.fill(look.PALE),
            alignment=look.align("left", indent=1),
        )


def _colors(sheet: Worksheet, row: int) -> None:
    _head(sheet, row, 6, "The colours of the headers", 1)
    texts = (
        ("person", "yours: scripts never touch it"),
        ("script", "scripts write it"),
        ("both", "scripts fill it in; what you change stays"),
    )
    for number, (writer, text) in enumerate(texts, row + 1):
        look.dress(
            sheet.cell(number, 6),
            text,
            font=look.font(10.5, look.WHITE, bold=True),
            fill=look.fill(look.HEADER[writer]),
            alignment=look.align("left", indent=1),
            border=look.edge("bottom", "top", color=look.WHITE),
        )
        sheet.row_dimensions[number].height = 19


def _good_to_know(sheet: Worksheet, row: int) -> None:
    _head(sheet, row, 2, "Good to know", 5)
    for number, text in enumerate(GOOD_TO_KNOW, row + 1):
        sheet.merge_cells(start_row=number, end_row=number, start_column=2, end_column=6)
        look.dress(sheet.cell(number, 2), f"•  {text}", font=look.font(10.5), alignment=look.align("left"))
        sheet.row_dimensions[number].height = 19
