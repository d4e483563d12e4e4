"""The formulas of calculated columns: what a new row gets where the rows above it have one."""

from __future__ import annotations

import re

from tracker.xlsx.cells import CellSpan, cells_of, formula_of, row_body
from tracker.xlsx.formulas import translate
from tracker.xlsx.links import link_text
from tracker.xlsx.sheet import Sheet
from tracker.xlsx.table_part import TableColumn


def calculated_formula(
    sheet: Sheet, column: TableColumn, above: CellSpan | None, above_row: int, number: int
) -> str | None:
    """The formula of a column for the row ``number``; after a LibreOffice save only the row above has it."""
    if column.formula is not None:
        return column.formula
    found = formula_of(above, sheet.prefix) if above else None
    if above is None or found is None or link_text(found[1]) is not None:
        return None
    kind, text = found[0].get("t", "normal"), found[1]
    if kind == "shared" and not text:
        return _shared_formula(sheet, found[0].get("si", ""), above.column, number)
    return translate(text, number - above_row) if text and kind in ("normal", "shared") else None


def _shared_formula(sheet: Sheet, index: str, column: int, number: int) -> str | None:
    """The formula that several rows share, from the one that spells it out."""
    for row_number in sheet.search(re.compile(b'si="%b"' % re.escape(index.encode()))):
        for cell in cells_of(row_body(sheet.row(row_number)), sheet.prefix):
            found = formula_of(cell, sheet.prefix) if cell.column == column else None
            if found and found[0].get("si") == index and found[1]:
                return translate(found[1], number - row_number)
    return None
