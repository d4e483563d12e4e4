"""One table of an open workbook: its rows, found by key, changed, appended; its columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.errors import SheetFullError
from tracker.model import Key
from tracker.xlsx.beside import columns_beside
from tracker.xlsx.book import Book, TableEntry
from tracker.xlsx.calculated import calculated_formula
from tracker.xlsx.cells import (
    CellSpan,
    CellWriter,
    ColumnWriter,
    cell_opening,
    cell_writer,
    cells_around,
    cells_of,
    formula_of,
    formula_xml,
    row_body,
)
from tracker.xlsx.growth import grow_dependants, grow_dimension, set_widths
from tracker.xlsx.keys import rows_blank_in, rows_with_keys, rows_with_texts, texts_in
from tracker.xlsx.links import Link
from tracker.xlsx.refs import MAX_COLUMN, MAX_ROW, Range, cell_name, grow_reference
from tracker.xlsx.room import others_on_sheet, refuse_content, refuse_tables_and_merges
from tracker.xlsx.rows import merged_row
from tracker.xlsx.sheet import Sheet
from tracker.xlsx.xml import UnpatchablePart


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: its number in the sheet, its values in the order of the columns, and which of them are formulas."""

    number: int
    values: list[Any]
    formulas: frozenset[int]

    @property
    def is_blank(self) -> bool:
        """Nothing but formats and formulas."""
        return all(value is None or index in self.formulas for index, value in enumerate(self.values))

    def is_free_for(self, columns: Collection[int]) -> bool:
        """Whether a new row may be written into it: nothing in it but formulas in other columns."""
        return self.is_blank and self.formulas.isdisjoint(columns)


class Table:
    """A table for reading and changing. Columns are counted from 0, rows are the sheet's own numbers.

    ``changed`` has the ranges that were changed, and ``has_grown`` says that there are more rows now, for finding the
    formulas that see that.
    """

    def __init__(self, book: Book, name: str) -> None:
        self._book = book
        self._entry: TableEntry = book.tables[name.lower()]
        self.changed: list[Range] = []
        self.has_grown = False
        self.moved_formulas = False

    # -- what it is ---------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._entry.info.name

    @property
    def sheet_name(self) -> str:
        return self._entry.sheet.name

    @property
    def ref(self) -> Range:
        """Where it stands, header and totals included."""
        return self._entry.info.ref

    @property
    def columns(self) -> list[str]:
        """The headers, in order, without the blanks around them that nobody sees."""
        return [column.name.strip() or column.name for column in self._entry.info.columns]

    @property
    def _headers(self) -> list[str]:
        """The headers by which cells of new rows are given: of two columns with one header, only the first."""
        columns = self.columns
        return [header if columns.index(header) == index else "" for index, header in enumerate(columns)]

    @property
    def sheet(self) -> Sheet:
        """The worksheet it stands on."""
        return self._book.sheet(self._entry.sheet.part)

    def address(self, row: int, column: int) -> str:
        """A cell of the table as people name it: ``B12``."""
        return cell_name(row, self.ref.first_column + column)

    def refuse_unwritable(self) -> None:
        """Raise UnpatchablePart for tables that hold the result of a query or have no header."""
        info = self._entry.info
        if info.kind != "worksheet":
            raise UnpatchablePart(f"table {info.name} is filled by a query ({info.kind})")
        if info.header_rows != 1:
            raise UnpatchablePart(f"table {info.name} has no header row")

    # -- reading ------------------------------------------------------------------------------------------------

    def rows(self) -> Iterator[TableRow]:
        """Every row of data, in order; rows that the file leaves out are blank."""
        info = self._entry.info
        expected = info.first_data_row
        first, width = info.ref.first_column, len(info.columns)
        read = self._book.reader(self.sheet).row
        for number, xml in self.sheet.rows(info.first_data_row, info.last_data_row):
            for missing in range(expected, number):
                yield TableRow(missing, [None] * width, frozenset())
            values, formulas = read(xml, first, width)
            yield TableRow(number, values, frozenset(formulas))
            expected = number + 1
        for missing in range(expected, info.last_data_row + 1):
            yield TableRow(missing, [None] * width, frozenset())

    def row(self, number: int) -> TableRow:
        """One row of the sheet, as far as it lies in the table's columns."""
        return self._parsed(number, self.sheet.row(number) or b"")

    def find(self, key: Sequence[int], wanted: Sequence[Key]) -> dict[Key, int]:
        """The row numbers of these keys, as far as they are there; of several rows with one key, the lowest."""
        columns = [self.ref.first_column + column for column in key]
        return rows_with_keys(self._book, self.sheet, self._data, columns, wanted)

    def keys(self, key: Sequence[int]) -> Iterator[tuple[int, Key]]:
        """The number and key of every row of data, in order."""
        first = self.ref.first_column
        columns = [texts_in(self._book, self.sheet, self._data, first + column) for column in key]
        for number in range(self._data.first_row, self._data.last_row + 1):
            yield number, tuple(column.get(number, "") for column in columns)

    def blank_in(self, column: int) -> list[int]:
        """The numbers of the rows whose cell in this column is blank, whatever else the row holds."""
        return rows_blank_in(self._book, self.sheet, self._data, self.ref.first_column + column)

    def rows_with(self, column: int, texts: Collection[str]) -> list[int]:
        """The numbers of the rows whose cell in this column counts as one of these texts, in order."""
        return rows_with_texts(self._book, self.sheet, self._data, self.ref.first_column + column, texts)

    def rows_below(self) -> list[TableRow]:
        """Rows that a person typed directly below the table; empty where it has a totals row."""
        info = self._entry.info
        typed: list[TableRow] = []
        if info.totals_rows == 0:
            for number, xml in self.sheet.rows(info.last_data_row + 1):
                if number != info.last_data_row + 1 + len(typed):
                    break
                row = self._parsed(number, xml)
                if row.is_blank:
                    break
                typed.append(row)
        return typed

    def rows_outside(self) -> list[TableRow]:
        """Filled rows anywhere below the table (and its totals row), in its columns; not those of other tables."""
        others = others_on_sheet(self._book, self._entry)
        parsed = (
            self._parsed(number, xml)
            for number, xml in self.sheet.rows(self.ref.last_row + 1)
            if not any(ref.first_row <= number <= ref.last_row for ref in others)
        )
        return [row for row in parsed if not row.is_blank]

    def columns_beside(self) -> dict[str, str]:
        """The headers of columns that a person added directly right of the table, by cell."""
        return columns_beside(self._book, self._entry)

    @property
    def _data(self) -> Range:
        """Its rows of data, in all the table's columns."""
        info = self._entry.info
        return info.ref._replace(first_row=info.first_data_row, last_row=info.last_data_row)

    def _parsed(self, number: int, xml: bytes) -> TableRow:
        info = self._entry.info
        values, formulas = self._book.reader(self.sheet).row(xml, info.ref.first_column, len(info.columns))
        return TableRow(number, values, frozenset(formulas))

    # -- changing cells -----------------------------------------------------------------------------------------

    def set(self, number: int, values: Mapping[int, Any]) -> None:
        """Set cells of a row that is there; their formats stay. Formulas must not be set over: see ``TableRow``."""
        first, xml = self.ref.first_column, self.sheet.row(number)
        spans = cells_around(row_body(xml), self.sheet.prefix, [first + column for column in values])
        there = {span.column: span for span in spans}
        over = {first + column for column, value in values.items() if not isinstance(value, Link)}
        if xml and b"HYPERLINK" in xml and any(span.column in over and span.has_formula for span in spans):
            self.moved_formulas = True  # a link turns into text
        cells = {
            first + column: self._cell(number, first + column, value, self._style(there, first + column))
            for column, value in values.items()
        }
        self._put(number, xml, cells, spans)

    def append(self, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add rows, given by header, at the end; gives their numbers.

        They are formatted as the row above them, and calculated columns are filled. Blank rows at the table's end are
        filled first; a totals row moves down.

        Raises:
            ContentInTheWayError: cells, merged cells or another table stand where the rows must go.
            SheetFullError: the sheet has no more rows.
        """
        info = self._entry.info
        start = info.last_data_row + 1
        headers = self._headers
        given = {header for values in rows for header in values}
        if unknown := given.difference(headers):
            raise KeyError(f"table {self.name} has no column {', '.join(sorted(unknown))}")
        set_columns = {index for index, header in enumerate(headers) if header in given}
        while start > info.first_data_row and self.row(start - 1).is_free_for(set_columns):
            start -= 1
        end = start + len(rows) - 1
        if end > info.last_data_row:
            self._grow(end)
        above_row = max(start - 1, info.first_data_row)  # in an empty table its own blank row
        above_xml = self.sheet.row(above_row)
        above = {cell.column: cell for cell in cells_of(row_body(above_xml), self.sheet.prefix)}
        places = range(info.ref.first_column, info.ref.first_column + len(info.columns))
        styles = {place: self._style(above, place) for place in places}
        computed = [
            index
            for index, column in enumerate(info.columns)
            if calculated_formula(self.sheet, column, above.get(places[index]), above_row, start) is not None
        ]
        p, sheet, last = self.sheet.prefix, self.sheet, self.sheet.last_row
        writers = [
            (header, cell_opening(place, p), ColumnWriter(self._writer(styles[place])).ending)
            for header, place in zip(headers, places, strict=True)
        ]
        row_opening, row_closing = b'<%srow r="' % p, b"</%srow>" % p
        for number, values in enumerate(rows, start):
            get = values.get
            xml = sheet.row(number) if number <= last else None
            if xml is None and not computed:
                digits = b"%d" % number
                pieces = [row_opening, digits, b'">']
                for header, opening, ending_of in writers:
                    if ending := ending_of(get(header)):
                        pieces += (opening, digits, ending)
                pieces.append(row_closing)
                sheet.put(number, b"".join(pieces), places[-1])
                continue
            own_styles = self._styles_of(xml)
            cells: dict[int, bytes] = {}
            for index, place in enumerate(places):
                style = own_styles.get(place, styles[place])
                if index in computed and headers[index] not in values:
                    formula = calculated_formula(self.sheet, info.columns[index], above.get(place), above_row, number)
                    cells[place] = formula_xml(number, place, formula or "", style, p)
                else:
                    cells[place] = self._cell(number, place, get(headers[index]), style)
            self.sheet.put(number, merged_row(xml, number, cells, p), places[-1])
        touched = Range(start, places[0], end, places[-1])
        self.changed.append(touched)
        grow_dimension(self.sheet, touched)
        return list(range(start, end + 1))

    def take_in_rows_below(self) -> int:
        """Grow the table over rows that a person typed directly below it; gives how many."""
        count = len(self.rows_below())
        if count:
            self._resize(self._entry.info.last_data_row + count)
        return count

    def take_in_columns_beside(self) -> int:
        """Grow the table over columns that a person added directly right of it; gives how many."""
        names = list(self.columns_beside().values())
        if names:
            ref = self.ref
            self._entry = self._book.set_table(self._entry, self._entry.info.with_columns(names))
            self.changed.append(Range(ref.first_row, ref.last_column + 1, ref.first_row, self.ref.last_column))
        return len(names)

    def add_columns(self, names: Sequence[str], widths: Sequence[float]) -> None:
        """Add columns at the right.

        Raises:
            ContentInTheWayError: cells or another table stand to the right of the table.
            SheetFullError: the sheet has no more columns.
        """
        info, sheet = self._entry.info, self.sheet
        first, last = info.ref.last_column + 1, info.ref.last_column + len(names)
        if last > MAX_COLUMN:
            raise SheetFullError(table=self.name, sheet=self.sheet_name, limit=f"{MAX_COLUMN:,} columns")
        room = Range(info.ref.first_row, first, info.ref.last_row, last)
        refuse_tables_and_merges(self._book, self._entry, room)
        if sheet.last_column() >= first:
            refuse_content(self._book, self._entry, room)
        header = sheet.row(info.ref.first_row)
        style = next((c.style for c in cells_of(row_body(header), sheet.prefix) if c.column == info.ref.last_column), 0)
        number = info.ref.first_row
        cells = {first + i: self._cell(number, first + i, name, style) for i, name in enumerate(names)}
        self._put(number, header, cells)
        set_widths(sheet, first, list(widths))
        self._entry = self._book.set_table(self._entry, info.with_columns(list(names)))

    def _cell(self, row: int, column: int, value: Any, style: int) -> bytes:
        ending = self._writer(style)(value)
        return b"%b%d%b" % (cell_opening(column, self.sheet.prefix), row, ending) if ending else b""

    def _writer(self, style: int) -> CellWriter:
        """What makes cells in a format, or in the one beside it in which a date or a link is seen to be one."""
        p, date1904, styles = self.sheet.prefix, self._book.date1904, self._book.styles
        write = cell_writer(style, p, date1904)
        if styles is None:
            return write

        def in_its_format(value: Any) -> bytes:
            if isinstance(value, datetime):
                return cell_writer(styles.date_style(style), p, date1904)(value)
            if isinstance(value, Link):
                return cell_writer(styles.formula_style(style), p, date1904)(value)
            return write(value)

        return in_its_format

    def _put(
        self, number: int, xml: bytes | None, cells: dict[int, bytes], spans: Sequence[CellSpan] | None = None
    ) -> None:
        touched = Range(number, min(cells), number, max(cells))
        self.sheet.put(number, merged_row(xml, number, cells, self.sheet.prefix, spans), touched.last_column)
        self.changed.append(touched)
        grow_dimension(self.sheet, touched)

    def _styles_of(self, xml: bytes | None) -> dict[int, int]:
        """The formats of a row's cells, by column."""
        return {cell.column: cell.style for cell in cells_of(row_body(xml), self.sheet.prefix)}

    def _style(self, cells: Mapping[int, CellSpan], column: int) -> int:
        """The format for a cell: the row's own, or in a column that has none yet that of the columns before it."""
        if column in cells:
            return cells[column].style
        before = max((place for place in cells if self.ref.first_column <= place < column), default=0)
        style = cells[before].style if before else 0
        return style if style and self._book.styles is not None and self._book.styles.is_general(style) else 0

    # -- growing ------------------------------------------------------------------------------------------------

    def _grow(self, last_data_row: int) -> None:
        info = self._entry.info
        end = last_data_row + info.totals_rows
        if end > MAX_ROW:
            raise SheetFullError(table=self.name, sheet=self.sheet_name, limit=f"{MAX_ROW:,} rows")
        room = Range(info.ref.last_row + 1, info.ref.first_column, end, info.ref.last_column)
        refuse_tables_and_merges(self._book, self._entry, room)
        refuse_content(self._book, self._entry, room)
        if info.totals_rows:
            self._move_totals(last_data_row + 1)
        self._resize(last_data_row)

    def _resize(self, last_data_row: int) -> None:
        info = self._entry.info
        old = info.ref._replace(last_row=info.last_data_row)
        self.has_grown = True
        grow_dependants(self._book, self._entry, old, last_data_row)
        self._entry = self._book.set_table(self._entry, info.with_last_row(last_data_row))
        self.changed.append(Range(old.last_row + 1, old.first_column, last_data_row, old.last_column))

    def _move_totals(self, target: int) -> None:
        """Move the totals row's cells down, leaving what stands beside the table where it is."""
        info, sheet = self._entry.info, self.sheet
        source = info.ref.last_row
        old = info.ref._replace(last_row=info.last_data_row)
        xml = sheet.row(source)
        moved: dict[int, bytes] = {}
        blanks: dict[int, bytes] = {}
        for cell in cells_of(row_body(xml), sheet.prefix):
            if not info.ref.first_column <= cell.column <= info.ref.last_column:
                continue
            found = formula_of(cell, sheet.prefix)
            if found and found[1]:
                text = grow_reference(found[1], self.sheet_name, self.sheet_name, old, target - 1)
                moved[cell.column] = formula_xml(target, cell.column, text, cell.style, sheet.prefix)
                self.moved_formulas = True
            else:
                tag = re.sub(rb"""(\sr\s*=\s*["'][A-Za-z]+)[0-9]+""", rb"\g<1>%d" % target, cell.tag)
                closing = b">%b</%sc>" % (cell.content, sheet.prefix) if cell.content else b"/>"
                moved[cell.column] = tag + closing
            blanks[cell.column] = b""
        if moved:
            self._put(source, xml, blanks)
            self._put(target, sheet.row(target), moved)
