"""The Tiers sheet of the bank's inventory: how exposure and purpose give a tier, and how many models are where."""

from __future__ import annotations

from openpyxl.cell.rich_text import CellRichText
from openpyxl.formatting.rule import CellIsRule, FormulaRule
from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from templates import look
from templates.blocks import columns_line, head_line
from templates.forms import source_lines
from templates.lists.bank import EXPOSURES, INVENTORY, LEVELS, MATRIX, PURPOSE_HELP, PURPOSES, TEMPLATE, TIERS
from templates.sheets import link, print_landscape

TITLE = "Tiers"
HELP = "How exposure and purpose give materiality and tier; how many models are where."
MATRIX_ROWS = range(6, 6 + len(LEVELS))
TIER_ROWS = range(12, 12 + len(LEVELS))
PURPOSE_ROWS = range(18, 18 + len(PURPOSES))

ATTENTION = (
    ("Not decided whether it is a model", 'COUNTIFS({0}[is a model],"to decide")'),
    ("Without exposure or purpose", 'COUNTIFS({0}[model],"?*",{0}[tier],"")'),
    ("Without owner", 'COUNTIFS({0}[model],"?*",{0}[owner],"")'),
    (
        "Validator is the owner or developer",
        'SUMPRODUCT(({0}[validator]<>"")*((({0}[validator]={0}[owner])+({0}[validator]={0}[developer]))>0))',
    ),
    ("In use, never validated", 'COUNTIFS({0}[status],"in use",{0}[last validation],"")'),
    ("In use, no trigger for the next validation", 'COUNTIFS({0}[status],"in use",{0}[next trigger],"")'),
    ("In use, nothing monitored", 'COUNTIFS({0}[status],"in use",{0}[monitoring],"")'),
    ("With open issues", 'COUNTIFS({0}[open issues],">0")'),
)
"""What to look at in the inventory: formulas over its table."""


def add_tiers(book: Workbook) -> None:
    """Make the sheet and the names that the inventory's formulas and lists use."""
    sheet = book.create_sheet(TITLE)
    widths = {"A": 2.5, "B": 30, "C": 26, "D": 22, "E": 16, "F": 72, "G": 3, "H": 42, "I": 10}
    for letter, width in widths.items():
        sheet.column_dimensions[letter].width = width
    look.dress(sheet["B1"], TITLE, font=look.font(22, bold=True), alignment=look.align())
    link(sheet["B2"], "Start", "← Start", "B2", size=9.5)
    sheet["C2"] = CellRichText(*source_lines(TEMPLATE.source))
    sheet["C2"].alignment = look.align()
    sheet.row_dimensions[1].height = 36
    sheet.row_dimensions[3].height = 8
    _matrix(sheet)
    _tiers(sheet)
    _purposes(sheet)
    _attention(sheet)
    for name, cells in {
        "exposure_list": f"$B${MATRIX_ROWS.start}:$B${MATRIX_ROWS.stop - 1}",
        "purpose_list": f"$B${PURPOSE_ROWS.start}:$B${PURPOSE_ROWS.stop - 1}",
        "materiality_matrix": f"$C${MATRIX_ROWS.start}:$E${MATRIX_ROWS.stop - 1}",
        "materiality_list": f"$B${TIER_ROWS.start}:$B${TIER_ROWS.stop - 1}",
        "tier_list": f"$C${TIER_ROWS.start}:$C${TIER_ROWS.stop - 1}",
    }.items():
        book.defined_names[name] = DefinedName(name, attr_text=f"{TITLE}!{cells}")
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = look.ORANGE
    print_landscape(sheet, pages_high=1)


def _cell(sheet: Worksheet, address: str, value: str | float, *, yours: bool = False, bold: bool = False) -> None:
    look.dress(
        sheet[address],
        value,
        font=look.font(11, bold=bold),
        alignment=look.align("left", wrap_text=True, indent=1),
        border=look.edge("bottom"),
    )
    if yours:
        sheet[address].fill = look.fill(look.PERSON_CELL)


def _matrix(sheet: Worksheet) -> None:
    head_line(sheet, 4, "B", "F", "Materiality: exposure × purpose")
    columns_line(sheet, 5, {"B": "exposure", "C": "", "D": "", "E": "", "F": "what the exposure means"}, numbers="")
    for letter, row in zip("CDE", PURPOSE_ROWS, strict=True):
        sheet[f"{letter}5"] = f"=$B${row}"
    for row, level, line in zip(MATRIX_ROWS, LEVELS, MATRIX, strict=True):
        _cell(sheet, f"B{row}", level, bold=True)
        for letter, value in zip("CDE", line, strict=True):
            _cell(sheet, f"{letter}{row}", value, yours=True)
        _cell(sheet, f"F{row}", EXPOSURES[level], yours=True)
        sheet.row_dimensions[row].height = 22
    where = f"C{MATRIX_ROWS.start}:E{MATRIX_ROWS.stop - 1}"
    check = DataValidation("list", formula1=f'"{",".join(LEVELS)}"', showErrorMessage=True)
    check.add(where)
    sheet.add_data_validation(check)
    for value, tone in INVENTORY.tones["materiality"].items():
        rule = CellIsRule(operator="equal", formula=[f'"{value}"'])
        rule.dxf = getattr(look, tone).differential(bold=True)
        sheet.conditional_formatting.add(where, rule)


def _tiers(sheet: Worksheet) -> None:
    head_line(sheet, 10, "B", "F", "Tiers")
    columns_line(
        sheet,
        11,
        {"B": "materiality", "C": "tier", "D": "models", "E": "in use", "F": "what the tier asks for"},
        numbers="",
    )
    for row, level in zip(TIER_ROWS, LEVELS, strict=True):
        tier, asks = TIERS[level]
        own = f"{INVENTORY.table}[tier],$C{row}"
        _cell(sheet, f"B{row}", level, bold=True)
        _cell(sheet, f"C{row}", tier, bold=True)
        _cell(sheet, f"D{row}", f"=COUNTIFS({own})")
        _cell(sheet, f"E{row}", f'=COUNTIFS({own},{INVENTORY.table}[status],"in use")')
        _cell(sheet, f"F{row}", asks, yours=True)
        sheet.row_dimensions[row].height = 22


def _purposes(sheet: Worksheet) -> None:
    head_line(sheet, 16, "B", "F", "Purposes")
    columns_line(sheet, 17, {"B": "purpose", "C": "what belongs to it", "D": "", "E": "", "F": ""}, numbers="")
    for row, purpose in zip(PURPOSE_ROWS, PURPOSES, strict=True):
        _cell(sheet, f"B{row}", purpose, yours=True)
        sheet.merge_cells(f"C{row}:F{row}")
        _cell(sheet, f"C{row}", PURPOSE_HELP[purpose], yours=True)
        sheet.row_dimensions[row].height = 22


def _attention(sheet: Worksheet) -> None:
    head_line(sheet, 4, "H", "I", "Needs a look")
    columns_line(sheet, 5, {"H": "models of the inventory", "I": ""}, numbers="")
    first = MATRIX_ROWS.start
    for row, (text, formula) in enumerate(ATTENTION, first):
        _cell(sheet, f"H{row}", text)
        _cell(sheet, f"I{row}", f"={formula.format(INVENTORY.table)}", bold=True)
        sheet[f"I{row}"].alignment = look.align("center")
    where = f"I{first}:I{first + len(ATTENTION) - 1}"
    for formula, tone in ((f"I{first}>0", look.CAUTION), (f"I{first}=0", look.GOOD)):
        rule = FormulaRule(formula=[formula])
        rule.dxf = tone.differential()
        sheet.conditional_formatting.add(where, rule)
