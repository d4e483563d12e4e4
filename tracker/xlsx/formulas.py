"""What formulas see, and how they read when copied to another row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

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
_ONE_COLUMN = re.compile(r"([^\[]+)\[([^\[\]@#']+)\]")


@dataclass(frozen=True, slots=True)
class Sees:
    """What a formula's result depends on. All names are in lower case."""

    ranges: tuple[Area, ...] = ()
    tables: frozenset[str] = frozenset()
    """Tables of which it may see every cell: ``runs`` for ``ROWS(runs)``; "" for ``[loss]``, the table it stands in."""
    columns: frozenset[tuple[str, str]] = frozenset()
    """Columns of tables of which it sees every row: ``runs`` and ``loss`` for ``runs[loss]``."""
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


def definition_references(definition: str, sheet: str) -> Sees:
    """What a defined name means where a formula on this sheet uses it. Never raises."""
    return _Reader(definition, sheet, defines_name=True).sees()


class _Reader:
    """Reads one formula. The definition of a name has no cell of its own: its relative references may lie anywhere."""

    def __init__(self, formula: str, own_sheet: str, *, defines_name: bool = False) -> None:
        self.parts = [part for part in tokens(formula) if part.kind != "space"]
        self.own_sheet = own_sheet
        self.defines_name = defines_name
        self.ranges: list[Area] = []
        self.tables: set[str] = set()
        self.columns: set[tuple[str, str]] = set()
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
                    self._add_table(part)
                elif part.kind == "name":
                    self._add_name(part, sheet)
                else:
                    self._add_function(position, part.text.lower())
        return Sees(
            ranges=tuple(dict.fromkeys(self.ranges)),
            tables=frozenset(self.tables),
            columns=frozenset(self.columns),
            row_tables=frozenset(self.row_tables),
            names=frozenset(self.names),
            functions=frozenset(self.functions),
            volatile=self.volatile,
        )

    def _area(self, part: Token) -> Range:
        return _anywhere(part.text) if self.defines_name else Range.parse(part.text)

    def _add_table(self, part: Token) -> None:
        column = _ONE_COLUMN.fullmatch(part.text.lower())
        if column is not None:
            self.columns.add((column[1], column[2]))
        else:
            (self.row_tables if _is_row_local(part) else self.tables).add(_table_name(part))

    def _add_span(self, colon: int) -> None:
        """All that may lie between the two ends of a colon, as in ``B2:INDEX(B:B,9)`` or ``runs[a]:runs[c]``."""
        before, after = self._end_before(colon), self._end_at(colon + 1)
        if before is not None and after is not None:
            sheet = sheet_of(before.prefix, self.own_sheet)
            if before.kind == after.kind == "table" and _table_name(before) == _table_name(after):
                if not (_is_row_local(before) and _is_row_local(after)):
                    self.tables.add(_table_name(before))  # what lies between two columns of a table is in the table
                return
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
