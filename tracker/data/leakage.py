"""Rows of a training table that are in the test table too, found exactly among all rows of both.

Each row is hashed; rows whose hash occurs on both sides are then read again and compared value by value, so that no
chance agreement of hashes is reported. Memory: 8 bytes per row, and a bounded number of rows at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tracker.data.formats import open_table
from tracker.data.row_text import BETWEEN, MISSING, is_coarse, row_hashes, row_texts
from tracker.data.tables import Block, NotATable, OnRows, Table, read_through, tell_rows
from tracker.errors import BadRequestError

_COMPARED = 500_000
"""How many different rows are held at once to be compared value by value."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A row of the test table and the first row of the training table that equals it; counted from 1, no header."""

    test_row: int
    train_row: int


@dataclass(frozen=True, slots=True)
class Leakage:
    """The rows of the test table that the training table has too."""

    count: int
    test_rows: int
    train_rows: int
    examples: tuple[Leak, ...]
    """The first few."""
    columns: tuple[str, ...]
    """What was compared."""
    left_out: tuple[str, ...]
    """Columns that were not: ignored, or in one of the tables only."""
    repeated: int
    """Rows of the training table that repeat another of its own; where these are many, rows that occur on both sides
    say less."""
    notes: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Of the rows of the test table."""
        return self.count / self.test_rows if self.test_rows else 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which :meth:`from_json` makes it again."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Leakage:
        """What :meth:`to_json` gave. ValueError where it is something else."""
        try:
            values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in record.items()}
            values["examples"] = tuple(Leak(**leak) for leak in record["examples"])
            return cls(**values)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not the JSON of a leakage: {error}") from error

    def __str__(self) -> str:
        """One sentence for a person."""
        what = f"{len(self.columns):,} column{'s' * (len(self.columns) != 1)}"
        if not self.count:
            return f"None of the {self.test_rows:,} test rows is in the training data (compared in {what})."
        such = ", ".join(f"{leak.test_row:,} (training row {leak.train_row:,})" for leak in self.examples[:3])
        return (
            f"{self.count:,} of the {self.test_rows:,} test rows ({self.share:.2%}) are in the training data too "
            f"(compared in {what}), such as rows {such}."
        )


def find_leakage(
    train: Any, test: Any, ignore: Collection[str] = (), examples: int = 20, on_rows: OnRows | None = None
) -> Leakage:
    """Which rows of ``test`` are in ``train``: files or data frames; columns to ignore are keys or the target.

    Values are equal if they mean the same: 1, 1.0 and "1.00" are. Rows without any value do not count. ``on_rows`` is
    told how many rows of the table that is just being read were read.

    Raises:
        BadRequestError: one of them cannot be read as a table, or they have no column in common.
        MissingPackageError: pyarrow or pandas is not installed.
    """
    try:
        tables = open_table(train), open_table(test)
        if on_rows is not None:
            for table in tables:
                tell_rows(table, on_rows)
        names = _names(tables[0]), _names(tables[1])
        columns = [name for name in names[0] if name in set(names[1]) and name not in ignore]
        if not columns:
            raise BadRequestError(reason="The tables have no column in common that could be compared.")
        coarse = frozenset(_coarse(tables[0], columns) | _coarse(tables[1], columns))
        return _find(_Side(tables[0], columns, coarse), _Side(tables[1], columns, coarse), names, examples)
    except NotATable as error:
        raise BadRequestError(reason=f"Leakage cannot be looked for: {error}.") from error


def _find(train: _Side, test: _Side, names: tuple[Sequence[str], Sequence[str]], examples: int) -> Leakage:
    import numpy

    ordered = numpy.sort(train.hashes)
    repeated = int((ordered[1:] == ordered[:-1]).sum())
    candidates = numpy.unique(test.hashes)
    places = numpy.minimum(numpy.searchsorted(ordered, candidates), max(0, len(ordered) - 1))
    shared = candidates[ordered[places] == candidates] if len(ordered) else candidates[:0]
    del ordered
    found: list[tuple[int, int]] = []
    for start in range(0, len(shared), _COMPARED):
        part = shared[start : start + _COMPARED]
        first: dict[str, int] = {}
        for text, row in train.rows_with(part):
            first.setdefault(text, row)
        found += [(row, first[text]) for text, row in test.rows_with(part) if text in first]
    found.sort()
    everything = dict.fromkeys([*names[0], *names[1]])
    return Leakage(
        count=len(found),
        test_rows=test.rows,
        train_rows=train.rows,
        examples=tuple(Leak(row + 1, other + 1) for row, other in found[:examples]),
        columns=tuple(train.columns),
        left_out=tuple(name for name in everything if name not in train.columns),
        repeated=repeated,
        notes=tuple(dict.fromkeys([*train.table.notes, *test.table.notes])),
    )


class _Side:
    """One of the tables: the hash of each of its rows, and the rows again where that is asked for."""

    def __init__(self, table: Table, columns: Sequence[str], coarse: Collection[int]) -> None:
        self.table = table
        self.columns = columns
        self.rows = 0
        self._coarse = coarse
        self._nothing = BETWEEN.join([MISSING] * len(columns))
        self._read: list[Any] = []
        """For each block which of its rows could be read; None for all."""
        self.hashes = read_through(table, self._hash)
        """Of all rows that could be read."""

    def _hash(self, blocks: Iterator[Block]) -> Any:
        import numpy

        self.rows, self._read = 0, []
        parts = [numpy.array([], dtype=numpy.uint64)]
        for block in blocks:
            columns, index = self._take(block, numpy.arange(block.rows))
            parts.append(row_hashes(columns, self._coarse))
            self._read.append(None if len(index) == block.rows else index)
            self.rows += block.rows
        return numpy.concatenate(parts)

    def rows_with(self, hashes: Any) -> Iterator[tuple[str, int]]:
        """The text and number (from 0) of each row that has one of these sorted hashes and holds any value."""
        import numpy

        start = done = 0
        for block, read in zip(self.table.blocks(), self._read, strict=True):
            index = numpy.arange(block.rows) if read is None else read
            own = self.hashes[done : done + len(index)]
            done += len(index)
            places = numpy.minimum(numpy.searchsorted(hashes, own), len(hashes) - 1)
            wanted = index[hashes[places] == own]
            if len(wanted):
                columns, rows = self._take(block, wanted)
                for text, row in zip(row_texts(columns).to_pylist(), rows.tolist(), strict=True):
                    if text != self._nothing:
                        yield text, start + row
            start += block.rows

    def _take(self, block: Block, index: Any) -> tuple[list[Any], Any]:
        """The columns of these rows, and which of the rows could be read."""
        import pyarrow

        taken = block.take(index)
        there = set(taken.table.column_names)
        count = len(taken.table)
        return [taken.table.column(n) if n in there else pyarrow.nulls(count) for n in self.columns], taken.index


def _coarse(table: Table, columns: Sequence[str]) -> set[int]:
    """The places of the columns that hold numbers of 32 bits."""
    import numpy

    def look(blocks: Iterator[Block]) -> set[int]:
        first = next(blocks, None)
        if first is None:
            return set()
        rows = first.take(numpy.arange(min(first.rows, 1))).table
        there = set(rows.column_names)
        return {place for place, name in enumerate(columns) if name in there and is_coarse(rows.column(name))}

    return read_through(table, look)


def _names(table: Table) -> Sequence[str]:
    """The columns of a table; where the format does not say them before, of all of its rows."""
    import numpy

    if table.names:
        return table.names

    def gather(blocks: Iterator[Block]) -> list[str]:
        names: dict[str, None] = {}
        for block in blocks:
            names.update(dict.fromkeys(block.take(numpy.arange(block.rows)).table.column_names))
        return list(names)

    return read_through(table, gather)
