"""Which formulas of a workbook a change reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tracker.xlsx.formulas import Area, Cell, Sees, definition_references, references
from tracker.xlsx.range_index import RangeIndex
from tracker.xlsx.refs import Range


class Dependants:
    """The formulas of a workbook, asked which of them a change reaches.

    Args:
        formulas: sheet, row, column, text, and what it sees (None: it is read from the text) of every formula.
        tables: sheet and range, with header and totals row, of every table by its name.
        names: the text of every defined name by its name; one that belongs to a sheet is ``sheet!name``.
        columns: the headers of every table by its name; of a table without, formulas are taken to see all columns.
        results: where array formulas put their results, for those that fill more than their own cell. A dynamic
            array should be given all the room that its result may grow into.

    Names of sheets, tables and defined names are in lower case throughout. A name or table that a formula uses and that
    is not given makes the formula volatile.
    """

    def __init__(
        self,
        formulas: Iterable[tuple[str, int, int, str, Sees | None]],
        tables: Mapping[str, Area],
        names: Mapping[str, str],
        results: Mapping[Cell, Range] | None = None,
        columns: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._tables = tables
        self._columns = columns or {}
        self._names = names
        self._results = results or {}
        self._definitions: dict[tuple[str, str], Sees] = {}
        self._watched: dict[str, dict[Range, list[Cell]]] = {}
        self._by_table: dict[str, list[Cell]] = {}
        self._volatile: set[Cell] = set()
        for sheet, row, column, text, sees in formulas:
            self._add((sheet, row, column), references(text, sheet) if sees is None else sees)

    def affected(self, changed: Iterable[Area], tables_changed: Iterable[str] = ()) -> set[Cell]:
        """The cells with formulas that see a changed cell, themselves or through other formulas; volatile ones always.

        ``tables_changed`` are tables that grew or moved: formulas that see more of them than their own row count.
        """
        affected = set(self._volatile)
        for name in tables_changed:
            affected.update(self._by_table.get(name, ()))
        indexes: dict[str, RangeIndex[list[Cell]]] = {}
        pending = _merged([*changed, *self._areas(affected)])
        while pending:
            reached: set[Cell] = set()
            for sheet, area in pending:
                if sheet not in indexes:
                    indexes[sheet] = RangeIndex(self._watched.get(sheet, {}))
                for cells in indexes[sheet].pop(area):
                    reached.update(cells)
            reached -= affected
            affected |= reached
            pending = _merged(self._areas(reached))
        return affected

    def _areas(self, cells: set[Cell]) -> list[Area]:
        """Where the results of these formulas are."""
        return [(cell[0], self._results.get(cell) or Range(cell[1], cell[2], cell[1], cell[2])) for cell in cells]

    def _add(self, cell: Cell, sees: Sees) -> None:
        sees = self._with_names(sees, cell[0])
        around = self._table_around(cell) if "" in sees.tables | sees.row_tables else ""
        tables = [name or around for name in sees.tables]
        row_tables = [name or around for name in sees.row_tables]
        named = {name for name, _ in sees.columns}
        if sees.volatile or not all(name in self._tables for name in (*tables, *row_tables, *named)):
            self._volatile.add(cell)
            return
        for sheet, area in sees.ranges:
            self._watch(cell, sheet, area)
        for name in tables:
            self._watch(cell, *self._tables[name])
        for name, column in sees.columns:
            self._watch(cell, *self._column(name, column))
        for name in {*tables, *named}:
            self._by_table.setdefault(name, []).append(cell)
        for name in row_tables:
            sheet, area = self._tables[name]
            self._watch(cell, sheet, area._replace(first_row=cell[1], last_row=cell[1]))

    def _watch(self, cell: Cell, sheet: str, area: Range) -> None:
        self._watched.setdefault(sheet, {}).setdefault(area, []).append(cell)

    def _column(self, table: str, column: str) -> Area:
        """Where a column of a table is; the whole table where it has none of that name."""
        sheet, area = self._tables[table]
        headers = [header.lower() for header in self._columns.get(table, ())]
        if column not in headers:
            return sheet, area
        place = area.first_column + headers.index(column)
        return sheet, area._replace(first_column=place, last_column=place)

    def _table_around(self, cell: Cell) -> str:
        sheet, row, column = cell
        return next(
            (name for name, (on, area) in self._tables.items() if on == sheet and area.contains(row, column)), ""
        )

    def _with_names(self, sees: Sees, sheet: str) -> Sees:
        """What a formula on this sheet sees with the definitions of its names, and of theirs, taken in."""
        ranges, tables, columns, volatile = list(sees.ranges), set(sees.tables), set(sees.columns), sees.volatile
        known: set[str] = set()
        todo = [sees]
        while todo:
            current = todo.pop()
            for name in (current.names | current.functions) - known:
                definition = self._definition(name, sheet)
                if definition is not None:
                    known.add(name)
                    todo.append(definition)
                    ranges += definition.ranges
                    tables |= definition.tables | definition.row_tables
                    columns |= definition.columns
                    volatile |= definition.volatile
                elif name in self._tables:
                    tables.add(name)
                else:
                    volatile |= name in current.names  # any other function is one of Excel's own
        return Sees(tuple(ranges), frozenset(tables), frozenset(columns), sees.row_tables, volatile=volatile)

    def _definition(self, name: str, sheet: str) -> Sees | None:
        """What a name means when used on this sheet; the sheet's own names come before the workbook's."""
        home, _, base = name.rpartition("!")
        for key in (f"{home or sheet}!{base}", base):
            if key in self._names:
                if (key, sheet) not in self._definitions:
                    self._definitions[key, sheet] = definition_references(self._names[key], sheet)
                return self._definitions[key, sheet]
        return None


def _merged(areas: Iterable[Area]) -> list[Area]:
    """The same cells in fewer areas: those over the same columns that touch or overlap become one."""
    merged: list[Area] = []
    for sheet, area in sorted(areas, key=lambda item: (item[0], item[1].first_column, item[1].last_column, item[1])):
        if merged:
            on, above = merged[-1]
            same_columns = (above.first_column, above.last_column) == (area.first_column, area.last_column)
            if on == sheet and same_columns and area.first_row <= above.last_row + 1:
                merged[-1] = sheet, above._replace(last_row=max(above.last_row, area.last_row))
                continue
        merged.append((sheet, area))
    return merged
