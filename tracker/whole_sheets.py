"""Whole sheets of a workbook: every cell of one as values, and new ones: a table over cells, a sheet with a table.

What sync does to a workbook is in :mod:`tracker.workbook`; this is for workbooks that are not registries yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.schema import Column
from tracker.workbook import Workbook
from tracker.xlsx.cells import cell_xml, cells_of, formula_of, row_body
from tracker.xlsx.new_parts import add_sheet, add_table, free_sheet_name, totals_column
from tracker.xlsx.refs import MAX_COLUMN, MAX_HEADER, MAX_ROW, Range, column_letters
from tracker.xlsx.rows import merged_row
from tracker.xlsx.sheet import Sheet
from tracker.xlsx.xml import attributes, escape_attribute, root_prefix, tag_pattern

__all__ = [
    "MAX_COLUMN",
    "MAX_HEADER",
    "MAX_ROW",
    "FoundTable",
    "SheetCells",
    "add_table_sheet",
    "cell_xml",
    "column_letters",
    "lay_table",
    "read_sheet",
    "read_sheets",
    "sheet_names",
]

Corners = tuple[int, int, int, int]
"""A range: first row, first column, last row, last column, counted from 1."""


@dataclass(frozen=True, slots=True)
class FoundTable:
    """An Excel table of the workbook."""

    name: str
    ref: Corners
    totals: bool
    usable: bool
    """It has a header row, and nothing but people fills it."""


@dataclass(frozen=True, slots=True)
class SheetCells:
    """One sheet with all that stands in it."""

    name: str
    cells: Mapping[int, Mapping[int, Any]]
    """Values by row and column, counted from 1; a formula gives its saved result."""
    formulas: Mapping[tuple[int, int], str]
    """The text of each formula, by row and column; empty for cells that share the formula of another."""
    merged: Sequence[Corners] = ()
    arrays: Sequence[Corners] = ()
    """Cells that one formula fills together."""
    pivots: Sequence[Corners] = ()
    """Where pivot tables stand, which their program writes anew."""
    tables: Sequence[FoundTable] = ()
    protected: bool = False


def sheet_names(workbook: Workbook) -> list[str]:
    """The names of all worksheets, in the order of the tabs."""
    return [entry.name for entry in workbook.book.sheets]


def read_sheet(workbook: Workbook, name: str) -> SheetCells | None:
    """One worksheet with its cells; None where there is none of that name."""
    part = next((entry.part for entry in workbook.book.sheets if entry.name == name), None)
    return None if part is None else _read_sheet(workbook, name, part)


def read_sheets(workbook: Workbook) -> list[SheetCells]:
    """Every worksheet with its cells, in the order of the tabs."""
    return [_read_sheet(workbook, entry.name, entry.part) for entry in workbook.book.sheets]


def _read_sheet(workbook: Workbook, name: str, part: str) -> SheetCells:
    book, sheet = workbook.book, workbook.book.sheet(part)
    reader = book.reader(sheet)
    cells: dict[int, dict[int, Any]] = {}
    formulas: dict[tuple[int, int], str] = {}
    arrays: list[Corners] = []
    for number, xml in sheet.rows():
        filled: dict[int, Any] = {}
        for cell in cells_of(row_body(xml), sheet.prefix):
            if cell.is_blank:
                continue
            value = reader.value(cell)
            if cell.has_formula:
                kind, text = formula_of(cell, sheet.prefix) or ({}, "")
                formulas[number, cell.column] = text
                filled[cell.column] = "" if value is None else value
                if kind.get("t") in ("array", "dataTable") and "ref" in kind:
                    arrays.append(_corners(kind["ref"]))
            elif value is not None:
                filled[cell.column] = value
        if filled:
            cells[number] = filled
    tables = [
        FoundTable(
            entry.info.name,
            _corners(str(entry.info.ref)),
            entry.info.totals_rows == 1,
            entry.info.kind == "worksheet" and entry.info.header_rows == 1 and entry.info.totals_rows < 2,
        )
        for entry in book.tables.values()
        if entry.sheet.part == part
    ]
    merged = [
        _corners(attributes(tag).get("ref", "A1"))
        for tag in tag_pattern(sheet.prefix, b"mergeCell").findall(sheet.foot)
    ]
    protection = tag_pattern(sheet.prefix, b"sheetProtection").findall(sheet.foot)
    protected = any(attributes(tag).get("sheet", "0") in ("1", "true") for tag in protection)
    return SheetCells(name, cells, formulas, merged, arrays, _pivots(workbook, part), tables, protected)


def _pivots(workbook: Workbook, part: str) -> list[Corners]:
    found = []
    for relation in workbook.book.relations(part):
        if relation.kind == "pivotTable" and workbook.book.package.find(relation.target):
            xml = workbook.book.package.read(relation.target)
            location = tag_pattern(root_prefix(xml, "pivotTableDefinition"), b"location").search(xml)
            if location and "ref" in (where := attributes(location[0])):
                found.append(_corners(where["ref"]))
    return found


def _corners(text: str) -> Corners:
    found = Range.parse(text)
    return found.first_row, found.first_column, found.last_row, found.last_column


def lay_table(
    workbook: Workbook, sheet_name: str, name: str, ref: Corners, headers: Sequence[str], totals: bool
) -> None:
    """Make a table of cells that stand there, as Excel's own command does; header cells that differ are written anew.

    Args:
        ref: from the header to the last row, the totals row included.
        headers: a text for each column, all different.

    Raises:
        WorkbookUnsupportedError: the sheet is of a kind that cannot be patched.
    """
    book = workbook.book
    entry = next(sheet for sheet in book.sheets if sheet.name == sheet_name)
    sheet, range_ = book.sheet(entry.part), Range(*ref)
    reader = book.reader(sheet)
    xml = sheet.row(range_.first_row) or b""
    there = {cell.column: cell for cell in cells_of(row_body(xml), sheet.prefix)}
    fresh = {}
    for column, header in enumerate(headers, range_.first_column):
        cell = there.get(column)
        if cell is None or cell.has_formula or reader.value(cell) != header:
            style = cell.style if cell else 0
            fresh[column] = cell_xml(range_.first_row, column, header, style, sheet.prefix, book.date1904)
            workbook.has_moved_formulas |= cell is not None and cell.has_formula
    if fresh:
        sheet.put(range_.first_row, merged_row(xml or None, range_.first_row, fresh, sheet.prefix), max(fresh))
    elements = _totals(workbook, sheet, range_, headers) if totals else b""
    add_table(book, entry, name, range_, headers, elements)


def _totals(workbook: Workbook, sheet: Sheet, ref: Range, headers: Sequence[str]) -> bytes:
    xml = sheet.row(ref.last_row) or b""
    reader = workbook.book.reader(sheet)
    there = {cell.column: cell for cell in cells_of(row_body(xml), sheet.prefix)}
    elements = []
    for index, header in enumerate(headers):
        cell = there.get(ref.first_column + index)
        found = formula_of(cell, sheet.prefix) if cell else None
        value = reader.value(cell) if cell and found is None else None
        label = value if isinstance(value, str) else ""
        elements.append(totals_column(index + 1, header, label, found[1] if found else ""))
    return b"".join(elements)


def add_table_sheet(
    workbook: Workbook, title: str, table: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]
) -> str:
    """Add a sheet that holds one table, below a frozen header, with drop-down lists where there are choices.

    Args:
        title: the sheet's name; another one is taken where there is a sheet of that name.
        rows: values in the order of the columns, as :mod:`tracker.values` gives them.

    Returns:
        The sheet's name.
    """
    book = workbook.book
    name = free_sheet_name(book, title)
    date = book.styles.date_style(0) if book.styles is not None else 0
    last = max(2, 1 + len(rows))
    lines = [[column.name for column in columns], *rows]
    body = b"".join(
        b'<row r="%d">%b</row>'
        % (
            number,
            b"".join(
                cell_xml(number, place, value, date if isinstance(value, datetime) else 0, b"", book.date1904)
                for place, value in enumerate(values, 1)
            ),
        )
        for number, values in enumerate(lines, 1)
    )
    inside = b"".join(
        [
            b'<dimension ref="A1:%b%d"/>' % (column_letters(len(columns)).encode(), last),
            b'<sheetViews><sheetView workbookViewId="0">'
            b'<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>',
            b'<sheetFormatPr defaultRowHeight="15"/><cols>',
            *(
                b'<col min="%d" max="%d" width="%d"%b customWidth="1"/>'
                % (place, place, column.width + 2, b' style="%d"' % date if column.kind == "datetime" and date else b"")
                for place, column in enumerate(columns, 1)
            ),
            b"</cols><sheetData>%b</sheetData>" % body,
            _validations(columns),
            b'<pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>',
            b'<pageSetup orientation="landscape" fitToHeight="0"/>',
        ]
    )
    entry = add_sheet(book, name, inside)
    add_table(book, entry, table, Range(1, 1, last, len(columns)), [column.name for column in columns])
    return name


def _validations(columns: Sequence[Column]) -> bytes:
    """Drop-down lists over the columns with choices; other values are asked about, not refused."""
    lists = [
        b'<dataValidation type="list" errorStyle="warning" allowBlank="1" showErrorMessage="1" sqref="%b2:%b%d">'
        b"<formula1>%b</formula1></dataValidation>"
        % (letters, letters, MAX_ROW, escape_attribute(f'"{",".join(column.choices)}"'))
        for place, column in enumerate(columns, 1)
        if column.choices
        for letters in (column_letters(place).encode(),)
    ]
    return b'<dataValidations count="%d">%b</dataValidations>' % (len(lists), b"".join(lists)) if lists else b""
