"""Tables that are in memory already: pandas and polars DataFrames, arrow tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tracker.data.arrow_files import of_arrow
from tracker.data.tables import NotATable, Table, Taken, column_of, unique_names

_BLOCK = 65_536


def open_frame(source: Any) -> Table:
    """A pandas or polars DataFrame or an arrow table.

    Raises:
        NotATable: it is something else.
    """
    import pyarrow

    if hasattr(source, "to_arrow"):
        source = source.to_arrow()
    if isinstance(source, pyarrow.Table):
        return of_arrow("arrow", source)
    if not hasattr(source, "iloc") or not hasattr(source, "columns"):
        raise NotATable(f"a {type(source).__name__} is no table")
    names = unique_names(source.columns)

    def blocks() -> Iterator[_FrameBlock]:
        for start in range(0, len(source), _BLOCK):
            yield _FrameBlock(source.iloc[start : start + _BLOCK], table)

    table = Table("pandas", blocks, names)
    return table


@dataclass(frozen=True, slots=True)
class _FrameBlock:
    frame: Any
    table: Table

    @property
    def rows(self) -> int:
        return len(self.frame)

    def take(self, index: Any) -> Taken:
        import pyarrow

        rows = self.frame if len(index) == self.rows else self.frame.take(index)
        columns = {}
        for place, name in enumerate(self.table.names):
            columns[name], mixed = _column(rows.iloc[:, place])
            if mixed:
                self.table.mixed.add(name)
        return Taken(pyarrow.table(columns), index)


def _column(series: Any) -> tuple[Any, bool]:
    import pyarrow

    if series.dtype == object:
        return column_of(series.tolist())
    try:
        return pyarrow.array(series, from_pandas=True), False
    except (pyarrow.ArrowException, TypeError, ValueError):
        return pyarrow.array(series.astype(str), pyarrow.string()), False
