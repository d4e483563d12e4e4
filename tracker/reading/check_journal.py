"""What is wrong between a workbook and its journal: conflicts, changes without room, an altered history, dead runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from tracker.journal.pending import read_pending
from tracker.journal.verify import find_faults
from tracker.model import Change, Conflict, Key, Problem
from tracker.reading.conflicts import first_rows, recorded, stands
from tracker.reading.facts import Facts, Severity, Sheet
from tracker.values import MAX_TEXT, key_text

# -- the journal --------------------------------------------------------------------------------------------------


def conflicts(facts: Facts) -> Iterator[Problem]:
    """Values that a sync did not write, as far as the reason still holds; of several for one cell the newest."""
    rows: dict[str, dict[Key, int]] = {}
    for number, conflict in recorded(facts.folders, facts.incoming.changes):
        sheet = facts.sheets.get(conflict.table)
        if sheet is not None and conflict.table not in rows:
            rows[conflict.table] = first_rows(sheet)
        yield from _conflict(conflict, sheet, rows.get(conflict.table, {}).get(conflict.key), number)


def _conflict(conflict: Conflict, sheet: Sheet | None, index: int | None, number: str) -> Iterator[Problem]:
    name, dropped = f"{conflict.column} of {' '.join(conflict.key)}", _shown(conflict.dropped)
    kept_in = f"It is kept in change set {number.partition('.')[0]}."
    if sheet is None:
        if conflict.reason == "no table":
            message = f"{dropped} for {name} was not written: there is no table '{conflict.table}'. {kept_in}"
            yield Problem("conflict", message, f"Name a table '{conflict.table}', or copy the sheet from a template.")
    elif conflict.reason == "no column":
        if conflict.column not in sheet.columns:
            message = f"{dropped} for {name} was not written: the table has no such column. {kept_in}"
            yield sheet.problem("conflict", sheet.header_cell(0), message, f"Add a column '{conflict.column}'.")
    elif index is None:
        if conflict.reason == "deleted row":
            message = f"{dropped} for {name} was not written: a person deleted the row. {kept_in}"
            yield sheet.problem("conflict", "", message, "Nothing, if that was meant.", "info")
    elif conflict.reason == "removed row":
        message = (
            f"{name}: the row was removed by a restore, and is here again in a copy that a person saved. {kept_in}"
        )
        hint = "Delete the row, or restore that version once more."
        yield sheet.problem("conflict", sheet.address(index, 0), message, hint, "warning")
    elif conflict.column in sheet.columns and stands(conflict, sheet, index):
        whose = "a person's value" if conflict.reason == "person" else "a later value"
        other = f"{dropped} of {conflict.who}" if conflict.who else dropped
        message = f"{name}: {whose}, {_shown(conflict.kept)}, stands; {other} was not written. It is conflict {number}."
        cell = sheet.address(index, sheet.columns.index(conflict.column))
        severity: Severity = "warning" if conflict.reason == "person" else "info"
        hint = "Take one or the other: python -m tracker resolve."
        yield sheet.problem("conflict", cell, message, hint, severity)


def _shown(value: Any) -> str:
    text = key_text(value)
    return "blank" if not text else f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def waiting_changes(facts: Facts) -> Iterator[Problem]:
    """Changes that could not go into the workbook so far, by table and reason."""
    waiting: dict[tuple[str, str], list[Change]] = {}
    for change in facts.incoming.deferred:
        waiting.setdefault((change.table, _why_waiting(facts, change)), []).append(change)
    for (table, hint), changes in waiting.items():
        sheet = facts.sheets.get(table)
        example = f"{', '.join(changes[0].set)} of {' '.join(changes[0].key)}"
        message = f"Changes that wait to go into table '{table}': {len(changes)}, such as {example}. Nothing is lost."
        yield Problem("waiting", message, hint, sheet.rows.sheet if sheet else "")


def _why_waiting(facts: Facts, change: Change) -> str:
    """What to do about a change that waits, by the reason for which it does."""
    if any(isinstance(value, str) and len(value) > MAX_TEXT for value in change.set.values()):
        return f"A cell holds {MAX_TEXT:,} characters. Log long text with log_text instead."
    sheet = facts.sheets.get(change.table)
    if sheet is not None and not change.new and change.key not in sheet.keys:
        return "Their row is not there yet. They go in as soon as whoever made it is synced."
    return "Move what stands below or beside the table away, or old runs to another workbook; then sync."


def lost_changes(facts: Facts) -> Iterator[Problem]:
    """Change sets that the workbook no longer contains, because an older copy was saved over it."""
    count = len(facts.incoming.replay)
    if count:
        message = f"The workbook lacks {count} change sets: an older copy was saved over it, or a sync was interrupted."
        yield Problem("stale-workbook", message, "The next sync brings them back.", severity="info")


def damaged_history(facts: Facts) -> Iterator[Problem]:
    """Change sets that are not what they were when they were written."""
    for fault in find_faults(facts.folders.changes):
        message = f"{facts.folders.changes.name}/{fault.file} {fault.what}."
        yield Problem("damaged-history", message, "Restore that file from a backup.", severity="error")


def dead_runs(facts: Facts) -> Iterator[Problem]:
    """Runs that are RUNNING although nothing writes to them any more."""
    statuses = {change.key: change.set["status"] for change in facts.incoming.changes if "status" in change.set}
    for sheet, index in find_dead(facts):
        run_id = sheet.keys[index][0]
        status = statuses.get(sheet.keys[index])
        hint = f"The next sync makes it {status}." if status else "Set its status by hand, if it is over."
        message = f"Run {run_id} is RUNNING, but no process logs to it."
        cell = sheet.address(index, sheet.columns.index("status"))
        yield sheet.problem("dead-run", cell, message, hint, "info")


def find_dead(facts: Facts) -> Iterator[tuple[Sheet, int]]:
    """The rows of runs that are RUNNING although nothing writes to them any more."""
    sheet = facts.sheets.get("runs")
    if sheet is None or "status" not in sheet.columns:
        return
    place = sheet.columns.index("status")
    alive = {file.run_id for file in read_pending(facts.folders.pending, {}) if file.writer_alive(time.time())}
    for index, key in enumerate(sheet.keys):
        if sheet.rows.rows[index][place] == "RUNNING" and key[0] not in alive:
            yield sheet, index


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (
    conflicts,
    waiting_changes,
    lost_changes,
    damaged_history,
    dead_runs,
)
