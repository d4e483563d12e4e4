"""Columns beside a table: what a person adds right of it where their program does not let the table grow by itself."""

from __future__ import annotations

from typing import Any, TypeGuard

from tracker.errors import ContentInTheWayError
from tracker.xlsx.book import Book, TableEntry
from tracker.xlsx.cells import ErrorValue, cells_of, row_body
from tracker.xlsx.refs import MAX_HEADER, Range, cell_name
from tracker.xlsx.room import others_on_sheet, refuse_tables_and_merges


def columns_beside(book: Book, table: TableEntry) -> dict[str, str]:
    """The headers directly right of a table that it may take in as columns, by their cells.

    They end at the first cell that holds no text, one that is too long for a header, or one that is a header already.
    Where another table or a merged cell stands in their way, there are none.
    """
    sheet, info = book.sheet(table.sheet.part), table.info
    number, first = info.ref.first_row, info.ref.last_column + 1
    xml = sheet.row(number) or b""
    last = max((cell.column for cell in cells_of(row_body(xml), sheet.prefix)), default=0)
    if last < first or any(ref.first_row <= number <= ref.last_row for ref in others_on_sheet(book, table)):
        return {}
    values, formulas = book.reader(sheet).row(xml, first, last - first + 1)
    known = {column.name.lower() for column in info.columns}
    found: dict[str, str] = {}
    for index, value in enumerate(values):
        if index in formulas or not _is_header(value) or value.lower() in known:
            break
        known.add(value.lower())
        found[cell_name(number, first + index)] = value
    if not found:
        return found
    try:
        refuse_tables_and_merges(book, table, Range(number, first, info.ref.last_row, first + len(found) - 1))
    except ContentInTheWayError:
        return {}
    return found


def _is_header(value: Any) -> TypeGuard[str]:
    is_text = isinstance(value, str) and not isinstance(value, ErrorValue)
    return is_text and bool(value.strip()) and len(value) <= MAX_HEADER
