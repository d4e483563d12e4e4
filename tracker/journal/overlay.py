"""What is pending over what the workbook says: the tables as a reader sees them."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import Any

from tracker.journal.incoming import Incoming
from tracker.journal.merge import LastEntry, Row, plan
from tracker.settings import Settings
from tracker.workbook import TableRows


def overlay(
    tables: Mapping[str, TableRows], incoming: Incoming, settings: Settings, last_entry: LastEntry
) -> dict[str, TableRows]:
    """The tables as they will be after the next sync. What has no room in a cell or sheet is shown all the same."""
    if incoming.is_empty and not incoming.deferred:
        return dict(tables)
    decided = plan(tables, incoming, settings, last_entry, _keyless_rows(tables.get("runs"), settings), sys.maxsize)
    result = dict(tables)
    for name, table_plan in decided.tables.items():
        table = tables[name]
        columns = (*table.columns, *table_plan.columns)
        places = {header: index for index, header in enumerate(columns)}
        blank = [None] * len(table_plan.columns)
        rows = [row + blank for row in table.rows] if blank else list(table.rows)
        for index, values in table_plan.updates.items():
            rows[index] = list(rows[index])
            for header, value in values.items():
                rows[index][places[header]] = value
        for appended in table_plan.appends:
            row: list[Any] = [None] * len(columns)
            for header, value in appended.items():
                row[places[header]] = value
            rows.append(row)
        numbers = table.numbers + [0] * (len(rows) - len(table.rows))
        result[name] = dataclasses.replace(table, columns=columns, rows=rows, numbers=numbers)
    return result


def _keyless_rows(runs: TableRows | None, settings: Settings) -> dict[int, Row]:
    """The rows of ``runs`` without a run_id that are not blank, by index."""
    header = settings.header("runs", "run_id")
    if runs is None or header not in runs.columns:
        return {}
    place = runs.columns.index(header)
    return {
        index: runs.row(index)
        for index, row in enumerate(runs.rows)
        if row[place] in (None, "") and any(value is not None for value in row)
    }
