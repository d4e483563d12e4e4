"""Any table as blocks of rows: a file in one of many formats, or a data frame. No block needs much memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy

T = TypeVar("T")
OnRows = Callable[[int], object]
"""Called with the number of rows that were read so far."""

MOST_COLUMNS = 50_000
"""A table with more columns is refused."""
_LONGEST_NAME = 500
MOST_CELLS = 20_000_000
"""No more cells than these are held at once."""


class NotATable(Exception):
    """Why a file cannot be read as a table, in words for a person."""


class IrregularQuotes(Exception):
    """A quote where none belongs: where rows end cannot be told from the quotes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows of a block as an arrow table, and which of the block's rows they are."""

    table: Any
    index: numpy.ndarray[Any, Any]


class Block(Protocol):
    """A number of consecutive rows that have not been converted yet."""

    @property
    def rows(self) -> int: ...

    def take(self, index: numpy.ndarray[Any, Any]) -> Taken:
        """The rows at these positions, without those that cannot be read."""
        ...


@dataclass
class Table:
    """A table that is read from its first row to its last; facts and notes are complete when that is done."""

    format: str
    blocks: Callable[[], Iterator[Block]]
    """Starts from the first row again each time."""
    names: Sequence[str] = ()
    """The columns as far as they are known before any row is read."""
    size: int | None = None
    """Of the file, in bytes."""
    all_text: bool = False
    """The format knows only text: what its columns mean must be found out."""
    decimal_comma: bool = False
    """Its numbers may have a decimal comma."""
    mixed: set[str] = field(default_factory=set)
    """Columns that were turned into text because their values are of several types."""
    bulky: dict[str, str] = field(default_factory=dict)
    """Columns of lists, bytes and structures, with their types: a sample only knows which values are missing."""
    notes: list[str] = field(default_factory=list)
    ignore_quotes: bool = False

    def is_written(self, column: str) -> bool:
        """Whether what a column's texts mean must be found out."""
        return self.all_text or column in self.mixed

    def note(self, text: str) -> None:
        """Keep something that a person should know, once."""
        if text not in self.notes:
            self.notes.append(text)


def read_through(table: Table, use: Callable[[Iterator[Block]], T]) -> T:
    """What ``use`` makes of the table's blocks; it is called a second time where the quotes turn out to be irregular.

    Raises:
        NotATable: as :func:`open_table`, where that shows only in the middle of a file.
    """
    import pyarrow

    try:
        try:
            return use(table.blocks())
        except IrregularQuotes:
            table.ignore_quotes = True
            table.note("Some quotes stand where none belong, so every line was read as a row.")
            return use(table.blocks())
    except (OSError, EOFError, ValueError, pyarrow.ArrowException) as error:
        raise NotATable(f"it cannot be read to its end: {next(iter(str(error).splitlines()), 'damaged')}") from error


def tell_rows(table: Table, on_rows: OnRows) -> None:
    """Have ``on_rows`` called after each block that is read."""
    blocks = table.blocks

    def telling() -> Iterator[Block]:
        rows = 0
        for block in blocks():
            yield block
            rows += block.rows
            on_rows(rows)

    table.blocks = telling


# -- columns ----------------------------------------------------------------------------------------------------


def unique_names(names: Iterable[Any]) -> list[str]:
    """The names as they are told apart: a second ``a`` is ``a (2)``, a blank one is ``column 3``."""
    taken: set[str] = set()
    unique = []
    for number, name in enumerate(names, 1):
        text = clean("" if name is None else str(name))[:_LONGEST_NAME].strip() or f"column {number}"
        candidate, count = text, 1
        while candidate in taken:
            count += 1
            candidate = f"{text} ({count})"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def clean(text: str) -> str:
    """Text as UTF-8 can carry it."""
    return text.encode("utf-8", "replace").decode()


def column_of(values: Sequence[Any]) -> tuple[Any, bool]:
    """Python values as an arrow array; if they are of several types all of them as text, and True."""
    import pyarrow

    try:
        return pyarrow.array(values, from_pandas=True), False
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        texts = [None if value is None or value != value else clean(str(value)) for value in map(_scalar, values)]
        return pyarrow.array(texts, pyarrow.string()), True


def _scalar(value: Any) -> Any:
    """The value as text is made of it: 3.0 is 3, for Excel knows no integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def joined(tables: Sequence[Any], mixed: set[str]) -> Any:
    """Arrow tables below one another; columns that differ in type become numbers or text, missing ones blank."""
    import pyarrow

    schemas = {table.schema.remove_metadata() for table in tables}
    if len(schemas) == 1:
        return pyarrow.concat_tables(tables)
    names = list(dict.fromkeys(name for table in tables for name in table.column_names))
    types: dict[str, set[Any]] = {name: set() for name in names}
    for table in tables:
        for column in table.schema:
            types[column.name].add(column.type)
    target = {name: _common(types[name]) for name in names}
    mixed.update(name for name in names if target[name] == pyarrow.string() and len(types[name]) > 1)
    return pyarrow.concat_tables([_as(table, target) for table in tables])


def _common(types: set[Any]) -> Any:
    import pyarrow

    known = {one for one in types if one != pyarrow.null()}
    if len(known) <= 1:
        return next(iter(known), pyarrow.null())
    if all(pyarrow.types.is_integer(one) or pyarrow.types.is_floating(one) for one in known):
        return pyarrow.float64()
    return pyarrow.string()


def _as(table: Any, target: dict[str, Any]) -> Any:
    import pyarrow

    there = set(table.column_names)
    columns = {}
    for name, wanted in target.items():
        column = table.column(name) if name in there else pyarrow.nulls(len(table), wanted)
        if column.type != wanted:
            try:
                column = column.cast(wanted, safe=False)
            except pyarrow.ArrowException:
                column = pyarrow.array([None if v is None else clean(str(v)) for v in column.to_pylist()], wanted)
        columns[name] = column
    return pyarrow.table(columns)
