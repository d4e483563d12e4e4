"""A uniform sample of a table's rows: each row has the same chance, and the same table always gives the same sample.

Every row draws a number, and the rows with the smallest numbers are the sample. So neither the number of rows need be
known before, nor does their order matter; and a smaller sample, where memory asks for one, is a part of a larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tracker.data.tables import MOST_CELLS, MOST_COLUMNS, Block, NotATable, Table, Taken, joined, read_through

LIMIT_ROWS = 200_000
"""A table of more rows is sampled. At this number a share is known to within 0.3 percentage points."""
MOST_BYTES = 64 << 20
"""A sample is made smaller until it needs no more memory than this."""
_SEED = 20_230_501


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of a table, in their order, as an arrow table; how many there were, and how many were read."""

    table: Any
    rows: int
    unreadable: int
    """Rows that would be in the sample, but could not be read."""

    @property
    def read(self) -> int:
        return int(self.table.num_rows)


def uniform_sample(table: Table, limit: int = LIMIT_ROWS) -> Sample:
    """At most ``limit`` rows, fewer where they are wide.

    Raises:
        NotATable: it cannot be read.
    """
    return read_through(table, lambda blocks: _Draw(table, limit).sample(blocks))


class _Draw:
    def __init__(self, table: Table, limit: int) -> None:
        self._table = table
        self._wanted = max(1, limit)
        self._threshold = 1.0
        """Rows that draw this or more cannot be in the sample any more."""
        self._numbers: list[Any] = []
        self._pieces: list[Any] = []
        self._unreadable: list[Any] = []
        """The numbers of rows that could not be read; they take their part in the draw."""
        self._held = self._bytes = 0

    def sample(self, blocks: Iterator[Block]) -> Sample:
        import numpy
        import pyarrow

        generator = numpy.random.default_rng(_SEED)
        rows = 0
        for block in blocks:
            numbers = generator.random(block.rows)
            rows += block.rows
            index = numpy.flatnonzero(numbers < self._threshold)
            if not len(index):
                continue
            self._add(numbers, index, block.take(index))
        self._shrink()
        nothing = pyarrow.table({name: pyarrow.nulls(0, pyarrow.string()) for name in self._table.names})
        return Sample(self._pieces[0] if self._pieces else nothing, rows, sum(map(len, self._unreadable)))

    def _add(self, numbers: Any, index: Any, taken: Taken) -> None:
        import numpy

        if len(taken.index) < len(index):
            self._unreadable.append(numbers[numpy.setdiff1d(index, taken.index, assume_unique=True)])
        piece = _without_bulk(taken.table, self._table.bulky)
        self._numbers.append(numbers[taken.index])
        self._pieces.append(piece)
        self._held += len(index)
        self._bytes += piece.nbytes
        width = piece.num_columns
        if width > MOST_COLUMNS:
            raise NotATable(f"{width:,} columns are more than the {MOST_COLUMNS:,} that Tracker looks at")
        self._wanted = min(self._wanted, max(1, MOST_CELLS // max(1, width)))
        if self._held > 2 * self._wanted or self._bytes > 2 * MOST_BYTES:
            self._shrink()

    def _shrink(self) -> None:
        """Keep only the rows that drew the smallest numbers."""
        import numpy

        if not self._pieces:
            return
        piece = joined(self._pieces, self._table.mixed)
        numbers = numpy.concatenate(self._numbers)
        unreadable = numpy.concatenate([numpy.array([]), *self._unreadable])
        drawn = numpy.concatenate([numbers, unreadable])
        if self._bytes > MOST_BYTES:
            self._wanted = max(1, min(self._wanted, int(len(drawn) * MOST_BYTES / self._bytes)))
        if len(drawn) > self._wanted:
            self._threshold = float(numpy.partition(drawn, self._wanted)[self._wanted])
            kept = numpy.flatnonzero(numbers < self._threshold)
            # take copies; a filter or slice might hold on to the memory of the rows that were dropped
            numbers, piece = numbers[kept], piece.take(kept).combine_chunks()
            unreadable = unreadable[unreadable < self._threshold]
        self._numbers, self._pieces, self._unreadable = [numbers], [piece], [unreadable]
        self._held, self._bytes = len(numbers) + len(unreadable), piece.nbytes


def _without_bulk(piece: Any, bulky: dict[str, str]) -> Any:
    """The piece with nothing but what is missing of its pictures, embeddings and the like."""
    from pyarrow import compute, types

    for place, column in enumerate(piece.schema):
        kind = column.type
        if (
            types.is_nested(kind)
            or types.is_binary(kind)
            or types.is_large_binary(kind)
            or types.is_fixed_size_binary(kind)
        ):
            bulky[column.name] = str(kind)
            present = compute.if_else(piece.column(place).is_null(), None, True)
            piece = piece.set_column(place, column.name, present)
    return piece
