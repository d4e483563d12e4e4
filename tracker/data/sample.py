"""A uniform sample of a table's rows: each row has the same chance, and the same table always gives the same sample.

Every row draws a number, and the rows with the smallest numbers are the sample. So neither the number of rows need be
known before, nor does their order matter; and a smaller sample, where memory asks for one, is a part of a larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tracker.data.tables import MOST_CELLS, MOST_COLUMNS, Block, NotATable, Table, joined, read_through

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
            taken = block.take(index)
            self._table.skipped += len(index) - len(taken.index)
            self._add(numbers[taken.index], taken.table)
        self._shrink()
        nothing = pyarrow.table({name: pyarrow.nulls(0, pyarrow.string()) for name in self._table.names})
        return Sample(self._pieces[0] if self._pieces else nothing, rows)

    def _add(self, numbers: Any, piece: Any) -> None:
        self._numbers.append(numbers)
        self._pieces.append(piece)
        self._held += len(numbers)
        self._bytes += piece.nbytes
        if piece.num_columns > MOST_COLUMNS:
            raise NotATable(f"{piece.num_columns:,} columns are more than the {MOST_COLUMNS:,} that Tracker looks at")
        self._wanted = min(self._wanted, max(1, MOST_CELLS // max(1, piece.num_columns)))
        if self._held > 2 * self._wanted or self._bytes > 2 * MOST_BYTES:
            self._shrink()

    def _shrink(self) -> None:
        """Keep only the rows that drew the smallest numbers."""
        import numpy

        if not self._pieces:
            return
        numbers, piece = numpy.concatenate(self._numbers), joined(self._pieces, self._table.mixed)
        if self._bytes > MOST_BYTES:
            fitting = int(len(numbers) * MOST_BYTES / self._bytes)
            self._wanted = max(1, min(self._wanted, fitting))
        if len(numbers) > self._wanted:
            self._threshold = float(numpy.partition(numbers, self._wanted)[self._wanted])
            kept = numbers < self._threshold
            # take copies; a filter or slice might hold on to the memory of the rows that were dropped
            numbers, piece = numbers[kept], piece.take(numpy.flatnonzero(kept)).combine_chunks()
        self._numbers, self._pieces = [numbers], [piece]
        self._held, self._bytes = len(numbers), piece.nbytes
