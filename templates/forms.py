"""Sheets that people fill in: where the questions come from, what the sheet is about, one row per question or model."""

from __future__ import annotations

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.formatting.rule import CellIsRule, FormulaRule
from openpyxl.styles import Border, Font, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table as ExcelTable
from openpyxl.worksheet.table import TableColumn, TableFormula, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from templates import look, rules
from templates.lists.words import CHECKED, NOT_LEGAL_ADVICE, Form, Source
from templates.sheets import PAGE, body_cell, fit_row, header_cell, link, print_landscape

HEADER_ROW = 7
FIRST_ROW = HEADER_ROW + 1
ABOUT_FROM = 3
"""The column of the first cell that says what the sheet is about."""

WRITERS = {
    "script": "Given by the template, or computed. Leave it.",
    "person": "You write this. Scripts never touch it.",
}


def add_form(book: Workbook, form: Form, source: Source) -> None:
    """Make the sheet with its table, drop-down lists and formats."""
    sheet = book.create_sheet(form.title)
    last_row = FIRST_ROW + len(form.rows) - 1
    letters = {column.name: get_column_letter(index) for index, column in enumerate(form.columns, 1)}
    for index, column in enumerate(form.columns, 1):
        header_cell(sheet.cell(HEADER_ROW, index), column, WRITERS)
        sheet.column_dimensions[letters[column.name]].width = max(column.width, len(column.name) * 1.15 + 5)
        for number, row in enumerate(form.rows, FIRST_ROW):
            value = form.formulas.get(column.name, row.get(column.name))
            cell = body_cell(sheet.cell(number, index), value, column, wrap=True)
            if column.name in form.formulas:
                # A formula in a cell of text format would turn into text once somebody edits it.
                cell.number_format = "0.0" if column.kind == "number" else "General"
            if column.writer == "person":
                cell.fill = look.fill(look.PERSON_CELL)
    for number in range(FIRST_ROW, last_row + 1):
        fit_row(sheet, number)
    ref = f"A{HEADER_ROW}:{get_column_letter(len(form.columns))}{last_row}"
    sheet.add_table(_table(form, ref))
    _banner(sheet, form, source)
    _helpers(sheet, form, letters, last_row)

    pages_wide = -(-int(sum(column.width for column in sheet.column_dimensions.values())) // PAGE)
    sheet.freeze_panes = f"{'A' if 'section' in letters else 'B'}{FIRST_ROW}"
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = look.ORANGE
    print_landscape(sheet, pages_wide)
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    if pages_wide > 1:
        sheet.print_title_cols = "A:A"


def source_lines(source: Source) -> list[TextBlock]:
    """Where a list comes from, when it was read and, of law, what it is not."""
    small = InlineFont(rFont=look.TEXT_FONT, sz=9.5, color=look.GREY)
    blocks = [TextBlock(small, f"Source: {source.where}; read {CHECKED:%Y-%m-%d}.")]
    if source.law:
        warning = InlineFont(rFont=look.TEXT_FONT, sz=9.5, b=True, color=look.BAD.text)
        blocks.append(TextBlock(warning, f"  {NOT_LEGAL_ADVICE.capitalize()}."))
    return blocks


def _table(form: Form, ref: str) -> ExcelTable:
    listed = ExcelTable(displayName=form.table, ref=ref)
    listed.tableStyleInfo = TableStyleInfo(name=look.TABLE_STYLE, showRowStripes=False)
    listed._initialise_columns()
    for column, made in zip(form.columns, listed.tableColumns, strict=True):
        made.name = column.name
        _compute(made, form.formulas.get(column.name))
    return listed


def _compute(column: TableColumn, formula: str | None) -> None:
    """Let rows that people add compute the column as the others do."""
    if formula:
        column.calculatedColumnFormula = TableFormula(attr_text=formula.removeprefix("="))


def _banner(sheet: Worksheet, form: Form, source: Source) -> None:
    look.dress(sheet["A1"], form.title, font=look.font(18, bold=True), alignment=look.align())
    look.dress(sheet["C1"], form.help, font=look.font(11, look.GREY), alignment=look.align())
    link(sheet["A2"], "Start", "← Start", "B2", size=9.5)
    sheet["C2"] = CellRichText(*source_lines(source))
    legend = (("person", "you write"), ("script", "given" if any(form.rows) else "computed"))
    sheet["C3"] = CellRichText(
        *(
            TextBlock(InlineFont(rFont=look.TEXT_FONT, sz=9.5, color=look.HEADER[writer]), f"■ {text}     ")
            for writer, text in legend
        )
    )
    for address in ("C2", "C3"):
        sheet[address].alignment = look.align()

    small = {"font": look.font(9.5, look.GREY), "alignment": look.align()}
    look.dress(sheet["A4"], "done" if any(form.rows) else "models listed", **small)
    done, all_rows = f"COUNTA({form.table}[{form.counted}])", f"ROWS({form.table}[{form.counted}])"
    progress = f'={done}&" of "&{all_rows}' if any(form.rows) else f"={done}"
    look.dress(sheet["A5"], progress, font=look.font(15, look.BLUE, bold=True), alignment=look.align("left"))
    for column, label in enumerate(form.about, ABOUT_FROM):
        look.dress(sheet.cell(4, column), label, **small)
        look.dress(
            sheet.cell(5, column),
            font=look.font(12, bold=True),
            fill=look.fill(look.PERSON_CELL),
            border=look.edge("bottom", color=look.BLUE, style="medium"),
            alignment=look.align("left", indent=1),
            number_format="@",
        )
    for row, height in ((1, 30), (2, 17), (3, 17), (4, 16), (5, 24), (6, 8), (HEADER_ROW, 24)):
        sheet.row_dimensions[row].height = height


def _helpers(sheet: Worksheet, form: Form, letters: dict[str, str], last_row: int) -> None:
    for column in form.columns:
        where = f"{letters[column.name]}{FIRST_ROW}:{letters[column.name]}{last_row}"
        listed = form.lists.get(column.name)
        check = (
            DataValidation("list", formula1=listed, allow_blank=True, showErrorMessage=True)
            if listed
            else rules.validation(form.table, column)
        )
        if check:
            check.add(where)
            sheet.add_data_validation(check)
        for value, tone in form.tones.get(column.name, {}).items():
            rule = CellIsRule(operator="equal", formula=[f'"{value}"'])
            rule.dxf = getattr(look, tone).differential(bold=True)
            sheet.conditional_formatting.add(where, rule)
    sections = [row.get("section") for row in form.rows]
    if "section" in letters and len(set(sections)) < len(sections):
        _sections(sheet, letters["section"], get_column_letter(len(letters)), last_row)


def _sections(sheet: Worksheet, letter: str, last_letter: str, last_row: int) -> None:
    """A line where a section begins, and its name in full strength only there; it follows when people sort."""
    cell, above = f"${letter}{FIRST_ROW}", f"${letter}{FIRST_ROW - 1}"
    begins, goes_on = FormulaRule(formula=[f"{cell}<>{above}"]), FormulaRule(formula=[f"{cell}={above}"])
    begins.dxf = DifferentialStyle(border=Border(top=Side(style="thin", color=look.INK)))
    goes_on.dxf = DifferentialStyle(font=Font(color="8C9AA6"))
    sheet.conditional_formatting.add(f"A{FIRST_ROW}:{last_letter}{last_row}", begins)
    sheet.conditional_formatting.add(f"{letter}{FIRST_ROW}:{letter}{last_row}", goes_on)
