"""Any table as blocks of rows: a file in one of many formats, or a data frame. No block needs much memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from tracker.errors import MissingPackageError

if TYPE_CHECKING:
    import numpy

T = TypeVar("T")

MOST_COLUMNS = 50_000
"""A table with more columns is refused."""
MOST_CELLS = 20_000_000
"""No more cells than these are held at once."""
COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".ipc": "feather",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


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
    bytes: int | None = None
    """Of the file."""
    total: int | None = None
    """The number of rows where it is known without reading them all; the blocks may then be a random choice."""
    all_text: bool = False
    """The format knows only text: what its columns mean must be found out."""
    mixed: set[str] = field(default_factory=set)
    """Columns that were turned into text because their values are of several types."""
    skipped: int = 0
    """Rows that could not be read, of those that were asked for."""
    notes: list[str] = field(default_factory=list)
    ignore_quotes: bool = False

    def note(self, text: str) -> None:
        """Keep something that a person should know, once."""
        if text not in self.notes:
            self.notes.append(text)


def format_of(path: Path) -> str:
    """``csv``, ``json``, ``jsonl``, ``parquet``, ``feather`` or ``xlsx`` by the file's name; empty for no table."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
        return {"csv": "csv", "jsonl": "jsonl"}.get(_FORMATS.get(suffixes[-1] if suffixes else "", ""), "")
    return _FORMATS.get(suffixes[-1] if suffixes else "", "")


def open_table(source: Any) -> Table:
    """The table in a file, a pandas or polars DataFrame or an arrow table.

    Raises:
        NotATable: it is none, or reading it would take too much memory; says why.
        MissingPackageError: pyarrow is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise MissingPackageError(what="Reading a table", package="pyarrow") from None
    from tracker.data import arrow_files, excel, frames, text_files

    if not isinstance(source, (str, Path)):
        return frames.open_frame(source)
    path = Path(source)
    kinds = {
        "csv": text_files.open_csv,
        "jsonl": text_files.open_json_lines,
        "json": text_files.open_json,
        "parquet": arrow_files.open_parquet,
        "feather": arrow_files.open_feather,
        "xlsx": excel.open_excel,
    }
    kind = format_of(path)
    if kind not in kinds:
        raise NotATable(f"{path.name} is in no format that Tracker reads as a table")
    try:
        size = path.stat().st_size
        table = kinds[kind](path) if size else Table(kind, lambda: iter(()), notes=["The file is empty."])
    except (OSError, pyarrow.ArrowException) as error:
        raise not_readable(path, error) from error
    table.bytes = size
    if len(table.names) > MOST_COLUMNS:
        raise NotATable(f"{len(table.names):,} columns are more than the {MOST_COLUMNS:,} that Tracker looks at")
    return table


def not_readable(path: Path, error: Exception) -> NotATable:
    """The refusal that names the file and the first line of what its reader said."""
    reason = (error.strerror if isinstance(error, OSError) else None) or next(iter(str(error).splitlines()), "damaged")
    return NotATable(f"{path.name} cannot be read: {reason.rstrip('.')}")


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
            table.ignore_quotes, table.skipped = True, 0
            table.note("Some quotes stand where none belong, so every line was read as a row.")
            return use(table.blocks())
    except (OSError, EOFError, pyarrow.ArrowException) as error:
        raise NotATable(f"it cannot be read to its end: {next(iter(str(error).splitlines()), 'damaged')}") from error


# -- columns ----------------------------------------------------------------------------------------------------


def unique_names(names: Iterable[Any]) -> list[str]:
    """The names as they are told apart: a second ``a`` is ``a (2)``, a blank one is ``column 3``."""
    taken: set[str] = set()
    unique = []
    for number, name in enumerate(names, 1):
        text = clean("" if name is None else str(name)).strip() or f"column {number}"
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
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


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
