"""Rows of an open workbook by the columns' own names, with everything incoming laid over them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from tracker.checklist.facts import Cells
from tracker.folders import Folders
from tracker.journal.incoming import Incoming, history
from tracker.journal.overlay import overlay
from tracker.model import Change, Entry
from tracker.schema import TABLES
from tracker.settings import Settings, own_names
from tracker.values import key_text
from tracker.workbook import Table, TableRows, Workbook

_SHARE = 4
"""Where more than one row in so many is asked for, the whole table is read."""


class Look:
    """What the tables will hold after the next sync; of large tables only the rows that are asked for are read."""

    def __init__(self, workbook: Workbook, folders: Folders, incoming: Incoming, settings: Settings) -> None:
        self._workbook = workbook
        self._incoming = incoming
        self._settings = settings
        self._last_entry = history(folders, incoming)
        self._whole: dict[str, list[Cells]] = {}
        self._fresh = {change.key[0] for change in incoming.changes if change.table == "runs" and change.new}
        """Runs that are not in the workbook, nor anything of theirs."""

    @property
    def can_judge(self) -> bool:
        """Whether the workbook has what a checklist is written to."""
        return {"run_id", "item", "status"} <= self._columns("checklist") and {"run_id", "status"} <= self._columns(
            "runs"
        )

    def writable(self, table: str) -> set[str]:
        """The columns that a table has, or gets when something is written there."""
        return self._columns(table) | {column.name for column in TABLES[table].columns if column.added}

    def rows(self, name: str, column: str = "", texts: Collection[str] | None = None) -> list[Cells]:
        """The rows of a table, or those whose cell in a column holds one of the texts."""
        table = self._workbook.table(name)
        if table is None or (texts is not None and not texts):
            return []
        if texts is None or name in self._whole or len(texts) * _SHARE > table.ref.last_row:
            if name not in self._whole:
                self._whole[name] = self._laid(name, self._workbook.read(name), "", None)
            whole = self._whole[name]
            return whole if texts is None else [row for row in whole if key_text(row.get(column)) in texts]
        rows = self._laid(name, self._some(table, name, column, texts), column, texts)
        return [row for row in rows if key_text(row.get(column)) in texts]

    def _some(self, table: Table, name: str, column: str, texts: Collection[str]) -> TableRows:
        names = own_names(name, table.columns, self._settings)
        known = set(texts) - self._fresh if column == "run_id" else texts
        numbers = table.rows_with(names.index(column), known) if column in names and known else []
        rows = [table.row(number) for number in numbers]
        formulas = {(index, place) for index, row in enumerate(rows) for place in row.formulas}
        values = [row.values for row in rows]
        return TableRows(name, table.sheet_name, str(table.ref), tuple(table.columns), values, numbers, formulas)

    def _laid(self, name: str, rows: TableRows | None, column: str, texts: Collection[str] | None) -> list[Cells]:
        assert rows is not None
        incoming = self._only(name, column, texts, rows)
        laid = overlay({name: rows}, incoming, self._settings, self._last_entry)[name]
        names = own_names(name, laid.columns, self._settings)
        return [dict(zip(names, row, strict=True)) for row in laid.rows]

    def _only(self, name: str, column: str, texts: Collection[str] | None, rows: TableRows) -> Incoming:
        """What is incoming for these rows."""
        key = TABLES[name].key
        if texts is None:
            known = None
        elif column in key:
            known = set[tuple[str, ...]]()
        else:
            names = own_names(name, rows.columns, self._settings)
            places = [names.index(part) for part in key if part in names]
            known = {tuple(key_text(row[place]) for place in places) for row in rows.rows}

        def wanted(item: Change | Entry) -> bool:
            if item.table != name:
                return False
            if texts is None or known is None:
                return True
            if column in key:
                return item.key[key.index(column)] in texts
            value = item.set.get(column) if isinstance(item, Change) else getattr(item.cells.get(column), "new", None)
            return item.key in known or key_text(value) in texts

        incoming = self._incoming
        return replace(
            incoming,
            replay=tuple(replace(one, entries=tuple(filter(wanted, one.entries))) for one in incoming.replay),
            deferred=tuple(filter(wanted, incoming.deferred)),
            changes=tuple(filter(wanted, incoming.changes)),
        )

    def _columns(self, name: str) -> set[str]:
        table = self._workbook.table(name)
        return set(own_names(name, table.columns, self._settings)) if table else set()
