"""The open workbook's tables as the planner sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracker.journal.merge import Row, View
from tracker.workbook import Table, TableRows, Workbook


class Views(Mapping[str, View]):
    """The workbook's tables as the planner sees them, read as it asks."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook

    def __getitem__(self, name: str) -> View:
        table = self._workbook.table(name)
        if table is None:
            raise KeyError(name)
        rows = self._workbook.read_before(name)
        return table if rows is None else _ReadView(table, rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._workbook.table_names)

    def __len__(self) -> int:
        return len(self._workbook.table_names)


class _ReadView:
    """A table that was read whole: its rows are not taken apart again."""

    def __init__(self, table: Table, rows: TableRows) -> None:
        self.columns = table.columns
        self.find = table.find
        self._rows = rows
        self._indexes = {number: index for index, number in enumerate(rows.numbers)}

    def row(self, number: int, /) -> Row:
        return self._rows.row(self._indexes[number])
