"""Where each column of a table stands, under whatever header."""

from __future__ import annotations

from collections.abc import Iterable

from tracker.schema import Table
from tracker.settings import Settings


class Headers:
    """The headers of one table; those of columns that may be added are made as they are asked for."""

    def __init__(self, table: Table, columns: Iterable[str], settings: Settings) -> None:
        self._table = table
        self._settings = settings
        self._places = {name: index for index, name in reversed(list(enumerate(columns)))}
        self._lower = {name.lower(): name for name in self._places}
        self._added: dict[str, str] = {}
        self._headers: dict[str, str | None] = {}
        self.renamed: dict[str, str] = {}

    @property
    def added(self) -> list[str]:
        """The headers to add at the right."""
        return list(self._added.values())

    def place(self, column: str) -> int | None:
        """The index of a column that the sheet has."""
        header = self._known(column)
        return self._places.get(header) if header is not None else None

    def header(self, column: str) -> str | None:
        """The header of a column, added if it may be; None where there is none and none may be added."""
        if column not in self._headers:
            self._headers[column] = self._header(column)
        return self._headers[column]

    def _header(self, column: str) -> str | None:
        header = self._known(column)
        if header is not None or not (self._is_open(column) or self._is_added(column)):
            return header
        header = self._settings.header(self._table.name, column)
        number = 2
        fresh = header
        while fresh.lower() in self._lower:  # Excel does not tell auc from AUC in a table's header
            fresh = f"{header}_{number}"
            number += 1
        if fresh != header:
            self.renamed[column] = fresh
        self._lower[fresh.lower()] = fresh
        self._added[column] = fresh
        return fresh

    def _known(self, column: str) -> str | None:
        if column in self._added:
            return self._added[column]
        header = self._settings.header(self._table.name, column)
        for known in (header, column):  # an older copy may still have the header from before it was renamed
            if known in self._places:
                return known
        return None if self._is_open(column) else self._lower.get(header.lower())

    def _is_open(self, column: str) -> bool:
        return any(column.startswith(prefix) for prefix in self._table.open_prefixes)

    def _is_added(self, column: str) -> bool:
        declared = self._table.column(column)
        return declared is not None and declared.added
