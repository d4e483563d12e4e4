"""The Start sheet: the whole workbook explained in one screen."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from templates import look
from templates.lists.words import CHECKED, NOT_LEGAL_ADVICE, Source, Template
from templates.sheets import FIRST_ROW, link, print_landscape, sheet_title
from tracker.schema import TABLES, Table

SOURCE_LINE = 94
"""Characters of one line beside the steps."""

WRITERS = {
    frozenset({"script"}): "scripts",
    frozenset({"person"}): "you",
    frozenset({"script", "person"}): "scripts and you",
}

GOOD_TO_KNOW = (
    "Sort, filter, rename, move or hide anything; add columns, sheets, charts and pivots. Tracker finds its tables by "
    "their names (Table Design, Table Name) and leaves all else alone.",
    "Nobody's work is lost: while this workbook is open, scripts keep their values beside it, in the folder of the "
    "same name that ends in .tracker, and write them here once you have closed it.",
    "Where you and a script have changed the same cell, yours stays. Such cells, and whatever else needs a look, are "
    "listed by: python -m tracker check registry.xlsx",
    "Hover over a header to read what its column means. The first column of a table is how Tracker finds its rows: "
    "leave it as it is.",
    "Add another list to SOP, such as what a model must have before its release: "
    "python -m tracker sop add registry.xlsx release-gate",
    "Move or copy the workbook together with its .tracker folder, which has files, metric steps and earlier versions.",
)


def add_start(book: Workbook, template: Template, own: Sequence[tuple[str, str, str]], order: tuple[str, ...]) -> None:
    """Make the first sheet.

    ``own`` has the sheets that only this template has, with what they are for and who writes them; ``order`` has
    the tables as they come.
    """
    sheet = book.create_sheet("Start", 0)
    for letter, width in zip("ABCDEF", (2.5, 17, 78, 15, 3, 78), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet["B2"] = CellRichText(
        TextBlock(InlineFont(rFont=look.TEXT_FONT, sz=28, b=True, color=look.INK), "Tracker   "),
        TextBlock(InlineFont(rFont=look.TEXT_FONT, sz=14, color=look.BLUE), template.title),
    )
    sheet["B2"].alignment = look.align()
    look.dress(sheet["B3"], template.purpose, font=look.font(12, look.GREY), alignment=look.align())
    sheet.row_dimensions[2].height = 38
    sheet.row_dimensions[3].height = 22

    steps = range(6, 6 + len(template.steps))
    _source(sheet, template.source, steps)
    _steps(sheet, template.steps, steps)
    first = steps.stop + 1
    last = _sheets(sheet, first, own, order)
    _code(sheet, first, "Log a run from Python", template.code)
    app = first + len(template.code) + 2
    _code(sheet, app, "Look at it: pages, curves, comparisons", ("python -m tracker app registry.xlsx",))
    _colors(sheet, app + 3)
    _good_to_know(sheet, last + 2)

    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = look.INK
    print_landscape(sheet, pages_high=1)


def _steps(sheet: Worksheet, steps: Sequence[str], rows: range) -> None:
    """How to begin, one numbered line each."""
    _head(sheet, rows.start - 1, 2, "Begin here", 3)
    for number, (row, text) in enumerate(zip(rows, steps, strict=True), 1):
        sheet.merge_cells(start_row=row, end_row=row, start_column=3, end_column=4)
        look.dress(
            sheet.cell(row, 2),
            number,
            font=look.font(18, look.BLUE, bold=True),
            alignment=look.align("center"),
        )
        look.dress(sheet.cell(row, 3), text, font=look.font(11), alignment=look.align("left", wrap_text=True))
        for column in (2, 3, 4):
            sheet.cell(row, column).border = look.edge("bottom")


def _source(sheet: Worksheet, source: Source, rows: range) -> None:
    """Where the list comes from and what to know of it, beside the steps, whose rows are made high enough for it."""
    _head(sheet, rows.start - 1, 6, "Where the list comes from", 1)
    normal = InlineFont(rFont=look.TEXT_FONT, sz=10, color=look.INK)
    quiet = InlineFont(rFont=look.TEXT_FONT, sz=10, color=look.GREY)
    lines = [f"{source.where}; read {CHECKED:%Y-%m-%d}.", *source.notes]
    blocks = [TextBlock(normal, lines[0]), *(TextBlock(quiet, f"\n{line}") for line in lines[1:])]
    if source.law:
        warning = InlineFont(rFont=look.TEXT_FONT, sz=10, b=True, color=look.BAD.text)
        lines.append(f"{NOT_LEGAL_ADVICE.capitalize()}.")
        blocks.append(TextBlock(warning, f"\n{lines[-1]}"))
    sheet.merge_cells(start_row=rows.start, end_row=rows.stop - 1, start_column=6, end_column=6)
    cell = sheet.cell(rows.start, 6)
    cell.value = CellRichText(*blocks)
    cell.alignment = look.align("left", wrap_text=True)
    height = 14 * sum(ceil(len(line) / SOURCE_LINE) for line in lines) + 6
    for row in rows:
        sheet.row_dimensions[row].height = max(30, height / len(rows))


def _head(sheet: Worksheet, row: int, column: int, text: str, columns: int) -> None:
    for offset in range(columns):
        look.dress(sheet.cell(row, column + offset), border=look.edge("bottom", color=look.BLUE, style="medium"))
    look.dress(sheet.cell(row, column), text, font=look.font(12, bold=True), alignment=look.align())
    sheet.row_dimensions[row].height = 21


def _sheets(sheet: Worksheet, first: int, own: Sequence[tuple[str, str, str]], order: tuple[str, ...]) -> int:
    """The list of sheets; returns its last row."""
    _head(sheet, first, 2, "The sheets", 3)
    look.dress(sheet.cell(first, 4), "who writes", font=look.font(10, look.GREY), alignment=look.align())
    lines = [(name, "A1", text, who) for name, text, who in own]
    lines += [
        ("Summary", "A2", "What happened, at a glance: live numbers and charts. Change it as you like.", "formulas")
    ]
    lines += [(sheet_title(name), f"A{FIRST_ROW}", TABLES[name].help, _who(TABLES[name])) for name in order]
    lines += [("Lists", f"A{FIRST_ROW}", "The kinds of artifacts to choose from: extend them.", "you")]
    for row, (name, at, text, who) in enumerate(lines, first + 1):
        link(sheet.cell(row, 2), name, name, at)
        look.dress(sheet.cell(row, 3), text, font=look.font(10), alignment=look.align(shrink_to_fit=True))
        look.dress(sheet.cell(row, 4), who, font=look.font(10.5, look.GREY), alignment=look.align())
        for column in (2, 3, 4):
            sheet.cell(row, column).border = look.edge("bottom")
            if row <= first + len(own):
                sheet.cell(row, column).fill = look.fill(look.PERSON_CELL)
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
