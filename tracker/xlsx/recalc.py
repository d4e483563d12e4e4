"""Formulas whose saved result is no longer true.

LibreOffice shows a formula's saved result whatever the workbook asks for, and Excel computes all when it is asked to.
So the formulas that can see a changed cell lose their saved result, and the workbook asks for recalculation; where no
formula sees the change, no byte is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tracker.xlsx.book import Book
from tracker.xlsx.cells import CellSpan, cells_of, formula_of, has_formula, row_body
from tracker.xlsx.dependants import Dependants
from tracker.xlsx.formulas import Sees, references, translate
from tracker.xlsx.refs import Range
from tracker.xlsx.rows import merged_row
from tracker.xlsx.sheet import Sheet
from tracker.xlsx.xml import attributes, unescape

SPILL = 1000
"""How much further than now a dynamic array is taken to spill."""
Formula = tuple[str, int, int, str, Sees | None]


def drop_stale_results(book: Book, changed: Mapping[str, Sequence[Range]], grown: Iterable[str]) -> None:
    """Drop the saved results of the formulas that see the changed ranges, by sheet, or the tables that grew."""
    sheets = [(entry.name, book.sheet(entry.part)) for entry in book.sheets]
    sheets = [(name, sheet) for name, sheet in sheets if sheet.has_formulas()]
    if not sheets:
        return
    results: dict[tuple[str, int, int], Range] = {}
    formulas = [formula for name, sheet in sheets for formula in _formulas(name, sheet, results)]
    names = {}
    for match, local_sheet in book.defined_names():
        name = attributes(match[1]).get("name", "").lower()
        key = f"{local_sheet.lower()}!{name}" if local_sheet else name
        names[key] = unescape(match[2].decode("utf-8", "replace"))
    places = {name: (entry.sheet.name.lower(), entry.info.ref) for name, entry in book.tables.items()}
    ranges = [(name.lower(), range_) for name, several in changed.items() for range_ in several]
    headers = {name: [column.name for column in entry.info.columns] for name, entry in book.tables.items()}
    dependants = Dependants(formulas, places, names, results, headers)
    stale = dependants.affected(ranges, {table.lower() for table in grown})
    dropped = False
    for name, sheet in sheets:
        rows: dict[int, set[int]] = {}
        for sheet_name, row, column in stale:
            if sheet_name == name.lower():
                rows.setdefault(row, set()).add(column)
        for number, columns in rows.items():
            dropped |= _drop_results(sheet, number, columns)
    if dropped:
        book.ask_for_recalculation()


def _formulas(sheet_name: str, sheet: Sheet, results: dict[tuple[str, int, int], Range]) -> Iterator[Formula]:
    """Every formula of a sheet, shared ones written out; ``results`` takes the cells that an array formula fills."""
    shared: dict[str, tuple[int, int, str]] = {}
    lower = sheet_name.lower()
    for number, xml in sheet.rows():
        if not has_formula(xml, sheet.prefix):
            continue
        for cell in cells_of(row_body(xml), sheet.prefix):
            found = formula_of(cell, sheet.prefix) if cell.content else None
            if found is None:
                continue
            kind, text = found
            index = kind.get("si", "")
            if kind.get("t") == "shared" and text:
                shared[index] = (number, cell.column, text)
            elif kind.get("t") == "shared" and index in shared:
                row, column, master = shared[index]
                text = translate(master, number - row, cell.column - column)
            elif kind.get("t") == "array" and "ref" in kind:
                filled = Range.parse(kind["ref"])
                if b" cm=" in cell.tag:  # a dynamic array: how far it spills changes with its result
                    filled = filled._replace(last_row=filled.last_row + SPILL, last_column=filled.last_column + SPILL)
                results[lower, number, cell.column] = filled
            yield lower, number, cell.column, text, references(text, sheet_name)


def _drop_results(sheet: Sheet, number: int, columns: set[int]) -> bool:
    xml = sheet.row(number)
    if xml is None:
        return False
    value = re.compile(rb"<%sv(?=[\s>])[^>]*>.*?</%sv\s*>" % ((re.escape(sheet.prefix),) * 2), re.DOTALL)
    cells = {}
    for cell in cells_of(row_body(xml), sheet.prefix):
        if cell.column in columns and cell.has_formula and value.search(cell.content):
            cells[cell.column] = _without_result(cell, value, sheet.prefix)
    if cells:
        sheet.put(number, merged_row(xml, number, cells, sheet.prefix))
    return bool(cells)


def _without_result(cell: CellSpan, value: re.Pattern[bytes], prefix: bytes) -> bytes:
    tag = re.sub(rb"""\st\s*=\s*["'][A-Za-z]+["']""", b"", cell.tag)
    return tag + b">" + value.sub(b"", cell.content) + b"</%sc>" % prefix
