"""What formulas see, which of them a change reaches, and how they read when copied to another row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tracker.xlsx.range_index import RangeIndex
from tracker.xlsx.refs import MAX_COLUMN, MAX_ROW, Corner, Range
from tracker.xlsx.tokens import Token, joined, sheet_of, tokens

Area = tuple[str, Range]
"""A range on a sheet; the sheet's name in lower case."""
Cell = tuple[str, int, int]
"""A cell: its sheet in lower case, row, column."""

MAX_FORMULA = 8192

_VOLATILE = {
    *("indirect", "offset", "cell", "info", "now", "today", "rand", "randbetween", "randarray"),
    *("evaluate", "py"),  # a text or a script decides what these read
}
_RESIZING = {"sumif", "averageif"}
"""These read more than they name: the third argument is taken to be as large as the first."""
_FUNCTION_PREFIX = re.compile(r"(?:_xlfn\.|_xlws\.|_xludf\.|_xll\.)+")
_OWN_ROW = re.compile(r"[^\[]*\[\s*(?:@|#this row\s*\]|\[\s*#this row\s*\])")
_ONE_COLUMN = re.compile(r"([^\[]+)\[[^\[\]@#']+\]")


@dataclass(frozen=True, slots=True)
class Sees:
    """What a formula's result depends on. All names are in lower case."""

    ranges: tuple[Area, ...] = ()
    tables: frozenset[str] = frozenset()
    """Tables of which it may see every row: ``runs`` for ``runs[loss]``; "" for ``[loss]``, the table it stands in."""
    row_tables: frozenset[str] = frozenset()
    """Tables of which it sees the cells in its own row: ``runs`` for ``runs[@loss]``; "" for ``[@loss]``."""
    names: frozenset[str] = frozenset()
    """Defined names, and tables named without brackets; ``sheet!name`` where the formula says the sheet."""
    functions: frozenset[str] = frozenset()
    """The functions it calls; a defined name that is called sees what its definition sees."""
    volatile: bool = False
    """It may depend on anything: ``INDIRECT``, ``NOW``, a range known only by calculating, or text we cannot read."""


@lru_cache(maxsize=1024)
def references(formula: str, own_sheet: str) -> Sees:
    """What a formula on ``own_sheet`` sees: rather too much than too little. Never raises.

    References into other workbooks are left out. An empty formula (as data tables have) counts as volatile, and so does
    one that is longer than Excel allows.
    """
    return _Reader(formula, own_sheet).sees() if len(formula) <= MAX_FORMULA else Sees(volatile=True)


class _Reader:
    """Reads one formula. The definition of a name has no cell of its own: its relative references may lie anywhere."""

    def __init__(self, formula: str, own_sheet: str, *, defines_name: bool = False) -> None:
        self.parts = [part for part in tokens(formula) if part.kind != "space"]
        self.own_sheet = own_sheet
        self.defines_name = defines_name
        self.ranges: list[Area] = []
        self.tables: set[str] = set()
        self.row_tables: set[str] = set()
        self.names: set[str] = set()
        self.functions: set[str] = set()
        self.volatile = not self.parts

    def sees(self) -> Sees:
        for position, part in enumerate(self.parts):
            if part.kind == "unknown":
                self.volatile = True
            elif part.text == ":":
                self._add_span(position)
            elif part.kind in ("reference", "table", "name", "function"):
                sheet = sheet_of(part.prefix, self.own_sheet)
                if "[" in sheet:
                    continue
                if ":" in sheet:
                    self.volatile = True
                elif part.kind == "reference":
                    self.ranges.append((sheet, self._area(part)))
                elif part.kind == "table":
                    (self.row_tables if _is_row_local(part) else self.tables).add(_table_name(part))
                elif part.kind == "name":
                    self._add_name(part, sheet)
                else:
                    self._add_function(position, part.text.lower())
        return Sees(
            ranges=tuple(dict.fromkeys(self.ranges)),
            tables=frozenset(self.tables),
            row_tables=frozenset(self.row_tables),
            names=frozenset(self.names),
            functions=frozenset(self.functions),
            volatile=self.volatile,
        )

    def _area(self, part: Token) -> Range:
        return _anywhere(part.text) if self.defines_name else Range.parse(part.text)

    def _add_span(self, colon: int) -> None:
        """All that may lie between the two ends of a colon, as in ``B2:INDEX(B:B,9)`` or ``runs[a]:runs[c]``."""
        before, after = self._end_before(colon), self._end_at(colon + 1)
        if before is not None and after is not None:
            sheet = sheet_of(before.prefix, self.own_sheet)
            if before.kind == after.kind == "table" and _table_name(before) == _table_name(after):
                return  # what lies between two columns of a table is in the table, which is seen already
            same_sheet = not after.prefix or sheet_of(after.prefix, self.own_sheet) == sheet
            if before.kind == after.kind == "reference" and same_sheet:
                self.ranges.append((sheet, _hull(self._area(before), self._area(after))))
                return
        self.volatile = True

    def _end_at(self, position: int) -> Token | None:
        """The reference that begins here, or that holds every possible result of the INDEX here; None for others."""
        if position >= len(self.parts):
            return None
        part, *call = self.parts[position : position + 4]
        if part.kind == "function" and part.text.lower() == "index" and len(call) == 3 and call[2].text in (",", ")"):
            part = call[1]
        return part if part.kind in ("reference", "table") else None

    def _end_before(self, colon: int) -> Token | None:
        """As :meth:`_end_at`, for what ends before the colon; None also where it is the end of another colon."""
        position = colon - 1
        if position >= 0 and self.parts[position].text == ")":
            depth = 1
            while depth and position:
                position -= 1
                depth += (self.parts[position].text == ")") - (self.parts[position].text == "(")
            position -= 1
        if position < 0 or (position and self.parts[position - 1].text == ":"):
            return None
        return self._end_at(position)

    def _add_name(self, part: Token, sheet: str) -> None:
        name = part.text.lower()
        if name in ("true", "false") or name.startswith("_xlpm."):  # the latter are variables of LET and LAMBDA
            return
        self.names.add(name if part.prefix in ("", "!", "[0]!") else f"{sheet}!{name}")

    def _add_function(self, position: int, name: str) -> None:
        prefix = _FUNCTION_PREFIX.match(name)
        name = name[prefix.end() :] if prefix else name
        self.functions.add(name)
        # Functions such as GET.CELL are those of Excel 4 macros: they see formats, windows, anything.
        if name in _VOLATILE or name.startswith("get.") or (name in _RESIZING and not self._is_same_size(position)):
            self.volatile = True

    def _is_same_size(self, position: int) -> bool:
        """Whether the third argument of the function here, if there is one, is certainly as large as the first."""
        arguments = _arguments(self.parts[position + 1 :])
        if len(arguments) < 3:
            return True
        if len(arguments[0]) != 1 or len(arguments[2]) != 1:
            return False
        one, other = arguments[0][0], arguments[2][0]
        if one.kind == other.kind == "reference":
            return _size(Range.parse(one.text)) == _size(Range.parse(other.text))
        columns = _ONE_COLUMN.fullmatch(one.text.lower()), _ONE_COLUMN.fullmatch(other.text.lower())
        return columns[0] is not None and columns[1] is not None and columns[0][1] == columns[1][1]


def _table_name(part: Token) -> str:
    return part.text.partition("[")[0].lower()


def _is_row_local(part: Token) -> bool:
    return _OWN_ROW.match(part.text.lower()) is not None


def _arguments(parts: list[Token]) -> list[list[Token]]:
    """The arguments of a call, from its opening parenthesis on."""
    arguments: list[list[Token]] = [[]]
    depth = 0
    for part in parts:
        depth += (part.text in ("(", "{")) - (part.text in (")", "}"))
        if depth == 0:
            break
        if depth == 1 and part.text == ",":
            arguments.append([])
        elif depth > 1 or part.text != "(":
            arguments[-1].append(part)
    return arguments


def _size(area: Range) -> tuple[int, int]:
    return area.last_row - area.first_row, area.last_column - area.first_column


def _hull(one: Range, other: Range) -> Range:
    """The smallest range that holds both."""
    return Range(
        min(one.first_row, other.first_row),
        min(one.first_column, other.first_column),
        max(one.last_row, other.last_row),
        max(one.last_column, other.last_column),
    )


def _anywhere(text: str) -> Range:
    """All that a reference may mean from one cell or another: a side that is not fixed by a dollar can be anywhere."""
    area = Range.parse(text)
    corners = [Corner.parse(corner) for corner in text.split(":")]
    if any(corner.row is not None and not corner.fixed_row for corner in corners):
        area = area._replace(first_row=1, last_row=MAX_ROW)
    if any(corner.column is not None and not corner.fixed_column for corner in corners):
        area = area._replace(first_column=1, last_column=MAX_COLUMN)
    return area


def translate(formula: str, rows: int, columns: int = 0) -> str:
    """The formula as it reads when copied so many rows down (and columns to the right); negative numbers go back.

    References move unless fixed by a dollar; one that would leave the sheet becomes ``#REF!``. All else stays as it is.
    """
    if not rows and not columns:
        return formula
    return joined(
        part._replace(text=_moved(part.text, rows, columns)) if part.kind == "reference" else part
        for part in tokens(formula)
    )


def _moved(text: str, rows: int, columns: int) -> str:
    corners = [Corner.parse(corner) for corner in text.split(":")]
    # Whole columns stay whole when they are written A1:C1048576, and so do whole rows.
    if {corner.row for corner in corners} == {1, MAX_ROW}:
        rows = 0
    if {corner.column for corner in corners} == {1, MAX_COLUMN}:
        columns = 0
    moved = []
    for column, row, fixed_column, fixed_row in corners:
        if column is not None and not fixed_column:
            column += columns
            if not 1 <= column <= MAX_COLUMN:
                return "#REF!"
        if row is not None and not fixed_row:
            row += rows
            if not 1 <= row <= MAX_ROW:
                return "#REF!"
        moved.append(str(Corner(column, row, fixed_column, fixed_row)))
    return ":".join(moved)


class Dependants:
    """The formulas of a workbook, asked which of them a change reaches.

    Args:
        formulas: sheet, row, column, text, and what it sees (None: it is read from the text) of every formula.
        tables: sheet and range, with header and totals row, of every table by its name.
        names: the text of every defined name by its name; one that belongs to a sheet is ``sheet!name``.
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
    ) -> None:
        self._tables = tables
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
        if sees.volatile or not all(name in self._tables for name in (*tables, *row_tables)):
            self._volatile.add(cell)
            return
        for sheet, area in sees.ranges:
            self._watch(cell, sheet, area)
        for name in tables:
            self._watch(cell, *self._tables[name])
            self._by_table.setdefault(name, []).append(cell)
        for name in row_tables:
            sheet, area = self._tables[name]
            self._watch(cell, sheet, area._replace(first_row=cell[1], last_row=cell[1]))

    def _watch(self, cell: Cell, sheet: str, area: Range) -> None:
        self._watched.setdefault(sheet, {}).setdefault(area, []).append(cell)

    def _table_around(self, cell: Cell) -> str:
        sheet, row, column = cell
        return next(
            (name for name, (on, area) in self._tables.items() if on == sheet and area.contains(row, column)), ""
        )

    def _with_names(self, sees: Sees, sheet: str) -> Sees:
        """What a formula on this sheet sees with the definitions of its names, and of theirs, taken in."""
        ranges, tables, volatile = list(sees.ranges), set(sees.tables), sees.volatile
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
                    volatile |= definition.volatile
                elif name in self._tables:
                    tables.add(name)
                else:
                    volatile |= name in current.names  # any other function is one of Excel's own
        return Sees(tuple(ranges), frozenset(tables), sees.row_tables, volatile=volatile)

    def _definition(self, name: str, sheet: str) -> Sees | None:
        """What a name means when used on this sheet; the sheet's own names come before the workbook's."""
        home, _, base = name.rpartition("!")
        for key in (f"{home or sheet}!{base}", base):
            if key in self._names:
                if (key, sheet) not in self._definitions:
                    self._definitions[key, sheet] = _Reader(self._names[key], sheet, defines_name=True).sees()
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
