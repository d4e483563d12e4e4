"""Rows found by their key: one pass over the key column for all keys that are looked for, from the last row upward.

A key counts by its text (:func:`tracker.values.key_text`): people type it as a number or a date, with blanks around it,
partly bold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tracker.model import Key
from tracker.values import key_text
from tracker.xlsx.book import Book
from tracker.xlsx.cells import CellReader, cells_of, column_pattern, row_body
from tracker.xlsx.refs import Range
from tracker.xlsx.sheet import Sheet

_MANY = 256
"""From here on, one look at all shared strings takes less than a search for each text."""
_SHARE = 8
"""Where more than one row in so many is looked for, the keys of all are read."""


def rows_with_keys(
    book: Book, sheet: Sheet, area: Range, key: Sequence[int], wanted: Collection[Key]
) -> dict[Key, int]:
    """The number of the lowest row in the area that has each key, as far as they are there.

    ``key`` has the columns of the sheet that the key is made of.
    """
    left = set(wanted)
    if len(left) * _SHARE > area.last_row - area.first_row:
        columns = [texts_in(book, sheet, area, column) for column in key]
        numbers = sorted(number for number in columns[0] if area.first_row <= number <= area.last_row)
        there = ((tuple(column.get(number, "") for column in columns), number) for number in numbers)
        return {texts: number for texts, number in there if texts in left}
    found: dict[Key, int] = {}
    reader = book.reader(sheet)
    for number in _rows_with_texts(book, sheet, area, key[0], {texts[0] for texts in left}):
        texts = _key_of(sheet.row(number) or b"", key, reader)
        if texts in left:
            found[texts] = number
            left.remove(texts)
        if not left:
            break
    return found


def rows_blank_in(book: Book, sheet: Sheet, area: Range, column: int) -> list[int]:
    """The rows of the area whose cell in this column is blank, in order; those that the file leaves out are not."""
    return rows_with_texts(book, sheet, area, column, {""})


def rows_with_texts(book: Book, sheet: Sheet, area: Range, column: int, texts: Collection[str]) -> list[int]:
    """The rows of the area whose cell in this column counts as one of these texts, in order."""
    return sorted(_rows_with_texts(book, sheet, area, column, texts))


def texts_in(book: Book, sheet: Sheet, area: Range, column: int) -> dict[int, str]:
    """What the cells of one column count as in a key, by the rows' numbers; the order is not that of the rows."""
    reader = book.reader(sheet)
    found: dict[int, str] = {}
    for cells, rows in sheet.scan(column_pattern(column, sheet.prefix), area.first_row, area.last_row):
        found.update((int(cell[0]), key_text(reader.plain(*cell[1:]))) for cell in cells)
        found.update((number, _key_of(row, [column], reader)[0]) for number, row in rows.items())
    return found


def _rows_with_texts(book: Book, sheet: Sheet, area: Range, column: int, texts: Collection[str]) -> Iterator[int]:
    """The rows whose cell in this column counts as one of these texts; an empty text stands for a blank cell."""
    reader = book.reader(sheet)
    if len(texts) > _MANY:
        yield from _pass(sheet, area, column, texts, book.strings.all(texts), reader)
        return
    likely = book.strings.likely(texts)
    yield from _pass(sheet, area, column, texts, likely, reader)
    if others := book.strings.all(texts) - likely:
        yield from _pass(sheet, area, column, (), others, reader)


def _pass(
    sheet: Sheet, area: Range, column: int, texts: Collection[str], shared: Collection[int], reader: CellReader
) -> Iterator[int]:
    """The rows that hold one of these texts in their cell, or one of these shared strings, from the last upward."""
    indexes = {b"%d" % index for index in shared}
    for cells, rows in sheet.scan(column_pattern(column, sheet.prefix), area.first_row, area.last_row):
        hits = [int(cell[0]) for cell in cells if cell[2] == b"s" and cell[4] in indexes]
        if texts:
            hits += [int(c[0]) for c in cells if c[2] != b"s" and key_text(reader.plain(*c[1:])) in texts]
            hits += [number for number, row in rows.items() if _key_of(row, [column], reader)[0] in texts]
        yield from sorted((row for row in hits if area.first_row <= row <= area.last_row), reverse=True)


def _key_of(row: bytes, key: Sequence[int], reader: CellReader) -> Key:
    """The texts of a row's cells in these columns of the sheet."""
    plain = [column_pattern(column, reader.prefix).search(row) for column in key]
    if all(plain):
        return tuple(key_text(reader.plain(*cell.groups(b"")[1:])) for cell in plain if cell)
    cells = {cell.column: cell for cell in cells_of(row_body(row), reader.prefix)}
    return tuple(key_text(reader.value(cells[column])) if column in cells else "" for column in key)
