"""Whether there is room for a table to grow: nothing is ever written over what stands below or beside it."""

from __future__ import annotations

from tracker.errors import ContentInTheWayError
from tracker.xlsx.book import Book, TableEntry
from tracker.xlsx.cells import cells_of, row_body
from tracker.xlsx.refs import Range, cell_name
from tracker.xlsx.xml import attributes, tag_pattern


def others_on_sheet(book: Book, table: TableEntry) -> list[Range]:
    """Where the other tables of a table's sheet stand."""
    name, part = table.info.name, table.sheet.part
    return [one.info.ref for one in book.tables.values() if one.sheet.part == part and one.info.name != name]


def refuse_tables_and_merges(book: Book, table: TableEntry, room: Range) -> None:
    """Raise ContentInTheWayError where another table or a merged cell reaches into the room that a table needs."""
    for other in book.tables.values():
        if other.sheet.part == table.sheet.part and other.part != table.part and room.intersects(other.info.ref):
            what = f"table '{other.info.name}'"
            raise _in_the_way(table, what, other.info.ref.first_row, other.info.ref.first_column)
    sheet = book.sheet(table.sheet.part)
    for tag in tag_pattern(sheet.prefix, b"mergeCell").findall(sheet.foot):
        merged = Range.parse(attributes(tag).get("ref", "A1"))
        if room.intersects(merged):
            raise _in_the_way(table, "a merged cell", merged.first_row, merged.first_column)


def refuse_content(book: Book, table: TableEntry, room: Range) -> None:
    """Raise ContentInTheWayError where a cell in the room that a table needs holds something."""
    sheet = book.sheet(table.sheet.part)
    for number, xml in sheet.rows(room.first_row, room.last_row):
        for cell in cells_of(row_body(xml), sheet.prefix):
            if room.first_column <= cell.column <= room.last_column and not cell.is_blank:
                raise _in_the_way(table, "a cell with content", number, cell.column)


def _in_the_way(table: TableEntry, what: str, row: int, column: int) -> ContentInTheWayError:
    return ContentInTheWayError(table=table.info.name, what=what, sheet=table.sheet.name, cell=cell_name(row, column))
