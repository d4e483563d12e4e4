"""The Score sheet of the ML Test Score: the sums of the four sections, the lowest of them, and what that means."""

from __future__ import annotations

from openpyxl.cell.rich_text import CellRichText
from openpyxl.formatting.rule import DataBarRule, FormulaRule
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from templates import look
from templates.blocks import columns_line, head_line
from templates.forms import source_lines
from templates.lists.ml_test_score import AUTOMATED, BANDS, MANUAL, SECTIONS, TEMPLATE, TESTS
from templates.sheets import link, print_landscape

TITLE = "Score"
HELP = "The score of the system, live from the sheet Tests: the lowest of the four sections."
ROWS = range(11, 11 + len(SECTIONS))
BAND_ROWS = range(11, 11 + len(BANDS))
TOTAL = "$B$5"
POINTS = f"$C${ROWS.start}:$C${ROWS.stop - 1}"


def add_score(book: Workbook) -> None:
    """Make the sheet; every number on it is a formula over the table of tests."""
    sheet = book.create_sheet(TITLE)
    for letter, width in {"A": 2.5, "B": 27, "C": 13, "D": 11, "E": 13, "F": 13, "G": 13, "H": 4}.items():
        sheet.column_dimensions[letter].width = width
    for letter, width in {"I": 20, "J": 68}.items():
        sheet.column_dimensions[letter].width = width
    look.dress(sheet["B1"], "ML Test Score", font=look.font(22, bold=True), alignment=look.align())
    link(sheet["B2"], "Start", "← Start", "B2", size=9.5)
    sheet["C2"] = CellRichText(*source_lines(TEMPLATE.source))
    sheet["C2"].alignment = look.align()
    sheet.row_dimensions[1].height = 36
    _card(sheet)
    _sections(sheet)
    _bands(sheet)
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = look.ORANGE
    print_landscape(sheet, pages_high=1)


def _card(sheet: Worksheet) -> None:
    """The score, large, and what it says."""
    places = "+".join(f"({TOTAL}>{bound:g})" for bound, _, _ in BANDS[:-1])
    meanings = f"$J${BAND_ROWS.start}:$J${BAND_ROWS.stop - 1}"
    sections = f"$B${ROWS.start}:$B${ROWS.stop - 1}"
    lines = (
        ("score: the lowest section", look.font(10, look.GREY), None),
        (f"=MIN({POINTS})", look.font(30, bold=True), "0.0"),
        (f"=INDEX({meanings},1+{places})", look.font(12), None),
        (
            f'="Weakest section: "&INDEX({sections},MATCH(MIN({POINTS}),{POINTS},0))&"; "'
            f'&COUNTA({TESTS.table}[done])&" of "&ROWS({TESTS.table}[done])&" tests are marked."',
            look.font(10, look.GREY),
            None,
        ),
    )
    for row, (value, font, number_format) in enumerate(lines, 4):
        for letter in "BCDEFG":
            look.dress(sheet[f"{letter}{row}"], fill=look.fill(look.PALE))
        sheet[f"B{row}"].border = look.edge("left", color=look.BLUE, style="thick")
        look.dress(sheet[f"B{row}"], value, font=font, alignment=look.align("left", indent=1))
        if number_format:
            sheet[f"B{row}"].number_format = number_format
    for row, height in ((3, 8), (4, 20), (5, 44), (6, 22), (7, 20), (8, 14)):
        sheet.row_dimensions[row].height = height


def _sections(sheet: Worksheet) -> None:
    head_line(sheet, 9, "B", "G", "By section")
    columns_line(
        sheet, 10, dict(zip("BCDEFG", ("section", "points", "of", AUTOMATED, MANUAL, "open"), strict=True)), "CDEFG"
    )
    for row, section in zip(ROWS, SECTIONS, strict=True):
        own = f"{TESTS.table}[section],$B{row}"
        values = (
            section,
            f"=SUMIFS({TESTS.table}[points],{own})",
            f"=COUNTIFS({own})",
            f'=COUNTIFS({own},{TESTS.table}[done],"{AUTOMATED}")',
            f'=COUNTIFS({own},{TESTS.table}[done],"{MANUAL}")',
            f"=D{row}-E{row}-F{row}",
        )
        for letter, value in zip("BCDEFG", values, strict=True):
            look.dress(
                sheet[f"{letter}{row}"],
                value,
                font=look.font(11, bold=letter == "C"),
                alignment=look.align("left" if letter == "B" else "right", indent=1),
                border=look.edge("bottom"),
                number_format="0.0" if letter == "C" else "0",
            )
    points = f"C{ROWS.start}:C{ROWS.stop - 1}"
    bars = DataBarRule(start_type="num", start_value=0, end_type="num", end_value=7, color=look.SKY)
    sheet.conditional_formatting.add(points, bars)
    weakest = FormulaRule(formula=[f"$C{ROWS.start}={TOTAL}"])
    weakest.dxf = look.CAUTION.differential(bold=True)
    sheet.conditional_formatting.add(f"B{ROWS.start}:B{ROWS.stop - 1}", weakest)


def _bands(sheet: Worksheet) -> None:
    head_line(sheet, 9, "I", "J", "What a score means")
    columns_line(sheet, 10, {"I": "score", "J": "meaning"})
    low = "-1"
    for row, (bound, label, meaning) in zip(BAND_ROWS, BANDS, strict=True):
        for letter, value in (("I", label), ("J", meaning)):
            look.dress(
                sheet[f"{letter}{row}"],
                value,
                font=look.font(11),
                alignment=look.align("left", indent=1),
                border=look.edge("bottom"),
            )
        here = FormulaRule(formula=[f"AND({TOTAL}>{low},{TOTAL}<={bound:g})"])
        here.dxf = look.ACTIVE.differential(bold=True)
        sheet.conditional_formatting.add(f"I{row}:J{row}", here)
        low = f"{bound:g}"
    for row in range(ROWS.start, BAND_ROWS.stop):
        sheet.row_dimensions[row].height = 20
