"""Applying a plan to an open workbook. What finds no room is deferred, and everything else goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tracker.errors import CellTooLongError, ContentInTheWayError, SheetFullError, TrackerError
from tracker.journal.merge import Plan, Planned, TablePlan
from tracker.model import Change, Entry, Problem
from tracker.schema import TABLES
from tracker.settings import Settings
from tracker.workbook import Table, Unpatchable, Workbook, as_link

NEW_COLUMN_WIDTH = 14.0


def apply_plan(workbook: Workbook, plan: Plan, settings: Settings, side: str) -> list[Problem]:
    """Change the workbook's tables as planned; the plan is narrowed to what was done, the rest is ``deferred``.

    Paths into the side folder, which is named ``side``, become links where the schema wants them to be.
    """
    problems = []
    for key, column, length in plan.too_long:
        error: TrackerError = CellTooLongError(column=column, key=" ".join(key), length=length)
        problems.append(Problem("cell-too-long", str(error), "Log long text with log_text."))
    for name, table_plan in plan.tables.items():
        table = workbook.table(name)
        if table is None:
            continue
        try:
            table.refuse_unwritable()
        except Unpatchable as error:
            message = f"{error}. Nothing was lost: its changes stay pending."
            problems.append(Problem("table-refused", message, sheet=table.sheet_name))
            _defer_all(plan, table_plan)
            continue
        problems += _add_columns(table, plan, table_plan)
        places = {header: index for index, header in reversed(list(enumerate(table.columns)))}
        for header in (settings.header(name, column.name) for column in TABLES[name].columns if column.link):
            for values in table_plan.updates.values():
                if header in values:
                    values[header] = _as_link(values[header], side)
            table_plan.appends = [
                {**values, header: _as_link(values[header], side)} if header in values else values
                for values in table_plan.appends
            ]
        for number, values in table_plan.updates.items():
            if values:
                table.set(number, {places[header]: value for header, value in values.items()})
        problems += _append(table, plan, table_plan)
    return problems


def _add_columns(table: Table, plan: Plan, table_plan: TablePlan) -> list[Problem]:
    if not table_plan.columns:
        return []
    try:
        widths = [max(NEW_COLUMN_WIDTH, len(header) + 3.0) for header in table_plan.columns]
        table.add_columns(table_plan.columns, widths)
    except (ContentInTheWayError, SheetFullError) as error:
        _defer_columns(plan, table_plan)
        return [_problem("no-room-for-columns", error, table)]
    return []


def _append(table: Table, plan: Plan, table_plan: TablePlan) -> list[Problem]:
    if not table_plan.appends:
        return []
    try:
        table.append(table_plan.appends)
    except (ContentInTheWayError, SheetFullError) as error:
        plan.deferred += [_as_change(planned.entry) for row in table_plan.appended for planned in row]
        table_plan.appends, table_plan.appended = [], []
        return [_problem("no-room-for-rows", error, table)]
    return []


def _as_link(path: Any, side: str) -> Any:
    """A path that Tracker itself made up, as a link; what else a script may have logged stays text."""
    if not isinstance(path, str) or not path.startswith((f"{side}/artifacts/", f"{side}/trash/")):
        return path
    return as_link(path) or path


def _defer_all(plan: Plan, table_plan: TablePlan) -> None:
    for row in (*table_plan.appended, [planned for _, planned in table_plan.updated]):
        plan.deferred += [_as_change(planned.entry) for planned in row]
    table_plan.appends, table_plan.appended, table_plan.updates, table_plan.updated = [], [], {}, []


def _defer_columns(plan: Plan, table_plan: TablePlan) -> None:
    """Take the values of columns that cannot be added out of the plan; the rest of each row still goes in."""
    lost = set(table_plan.columns)
    table_plan.columns = []
    for number, values in table_plan.updates.items():
        table_plan.updates[number] = {header: value for header, value in values.items() if header not in lost}
    table_plan.appends = [{h: value for h, value in values.items() if h not in lost} for values in table_plan.appends]
    narrowed = [(number, _narrowed(plan, planned, lost)) for number, planned in table_plan.updated]
    table_plan.updated = [(number, planned) for number, planned in narrowed if planned.entry.cells]
    table_plan.appended = [[_narrowed(plan, planned, lost) for planned in row] for row in table_plan.appended]


def _narrowed(plan: Plan, planned: Planned, lost: Iterable[str]) -> Planned:
    entry = planned.entry
    without = {column: cell for column, cell in entry.cells.items() if column not in lost}
    if len(without) < len(entry.cells):
        cells = {column: cell for column, cell in entry.cells.items() if column in lost}
        plan.deferred.append(_as_change(replace(entry, cells=cells, new=False)))
    return replace(planned, entry=replace(entry, cells=without))


def _as_change(entry: Entry) -> Change:
    """The change that would make this entry, for the next sync to try again."""
    values = {column: cell.new for column, cell in entry.cells.items()}
    was = {column: cell.old for column, cell in entry.cells.items() if cell.old is not None}
    key_columns = TABLES[entry.table].key
    values = {c: value for c, value in values.items() if c not in key_columns or not isinstance(value, str)}
    return Change(entry.table, entry.key, values, was, entry.new, entry.time, entry.who, entry.by, entry.why)


def _problem(code: str, error: TrackerError, table: Table) -> Problem:
    cell = str(error.fields.get("cell", ""))
    return Problem(code, str(error), "Make room, then sync again.", table.sheet_name, cell, "error")
