"""What a person changes through the app or the command line: their role, the value they saw, the change.

An edit carries the value that the person saw. If the cell holds another by now, nothing is written. Otherwise the edit
is a change like any other: safe in the journal at once, in the workbook with the sync that follows at once, or as soon
as the workbook is closed.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.errors import (
    BadRequestError,
    CellTooLongError,
    PermissionRefusedError,
    RegistryNotWritableError,
    TrackerError,
    ValueChangedError,
)
from tracker.journal.pending import PendingWriter
from tracker.matching import as_date, as_number, is_blank
from tracker.model import Change, Key
from tracker.reading import roles
from tracker.reading.registry import Registry
from tracker.schema import TABLES, Table
from tracker.values import MAX_TEXT, from_cell, same, to_cell

SYNC_WAIT = 2.0
"""Seconds that an edit waits for another sync before it stays pending."""


@dataclass(frozen=True, slots=True)
class EditReport:
    """What became of an edit. It is safe in every case."""

    changed: bool
    """False where the cells held these values already."""
    in_workbook: bool
    pending_because: str = ""
    """Why it is not in the workbook yet, such as who has it open; empty where it is."""


@dataclass(frozen=True, slots=True)
class RowEdit:
    """What a person wants in cells of one row, and what they saw there."""

    key: Key
    values: Mapping[str, Any]
    seen: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowsReport:
    """What became of edits of several rows."""

    report: EditReport
    refused: Mapping[Key, TrackerError]
    """Rows of which nothing was set, each with the reason."""


@dataclass(frozen=True, slots=True)
class _Planned:
    change: Change
    was: Mapping[str, Any]
    """What every cell held of which the person said something."""


def set_note(registry: Registry, run: str, note: str, seen: Any, who: str) -> EditReport:
    """Set a run's notes; ``run`` is its id or whatever :meth:`Registry.run` understands. Raises as :func:`edit_row`."""
    return set_cell(registry, "runs", (registry.run_id(run),), "notes", note, seen, who)


def set_tag(registry: Registry, run: str, tag: str, value: str | None, seen: Any, who: str) -> EditReport:
    """Set a tag of a run, or take it away with None; arguments and errors as for :func:`set_note`."""
    return set_cell(registry, "runs", (registry.run_id(run),), f"tags.{tag}", value, seen, who)


def set_cell(registry: Registry, table: str, key: Key, column: str, value: Any, seen: Any, who: str) -> EditReport:
    """Set one cell; arguments and errors as for :func:`edit_row`."""
    return edit_row(registry, table, key, {column: value}, {column: seen}, who)


def edit_row(
    registry: Registry,
    table: str,
    key: Key,
    values: Mapping[str, Any],
    seen: Mapping[str, Any],
    who: str,
    *,
    create: bool = False,
) -> EditReport:
    """Set cells of one row as a person's own decision, and bring them into the workbook if that is possible now.

    Args:
        values: what to set, by column; None or an empty text makes a cell blank.
        seen: what the person saw in these columns when they decided, as the frames and :meth:`Registry.run` show it.
        create: make the row where there is none, such as a checklist item that nobody has recorded for a run yet.

    Raises:
        PermissionRefusedError: the person's role does not allow it.
        ValueChangedError: a cell holds something else than the person saw.
        BadRequestError: there is no such table, row or column, it is a key, or the value does not suit the column.
        CellTooLongError: more text than a cell holds.
        RegistryNotWritableError: the journal cannot be written.
    """
    roles.require_all(registry.folders, who, roles.acts_of_edit(table, values))
    planned = _planned(registry, _declared(table), RowEdit(key, values, seen), who, create)
    if planned is None:
        return EditReport(changed=False, in_workbook=True)
    _write(registry, planned.change)
    report, (refused,) = _synced(registry, [planned], who)
    if refused is not None:
        raise refused
    return report


def edit_rows(registry: Registry, table: str, edits: Sequence[RowEdit], who: str) -> RowsReport:
    """Set cells of several rows at once, with one sync. A row that cannot be set keeps none back that can.

    Raises:
        PermissionRefusedError: the person's role does not allow one of them; nothing was changed.
        BadRequestError: there is no such table.
        RegistryNotWritableError: the journal cannot be written.
    """
    columns = dict.fromkeys(column for edit in edits for column in edit.values)
    roles.require_all(registry.folders, who, roles.acts_of_edit(table, columns))
    declared = _declared(table)
    refused: dict[Key, TrackerError] = {}
    planned: list[_Planned] = []
    for edit in edits:
        try:
            one = _planned(registry, declared, edit, who, create=False)
        except TrackerError as error:
            refused[edit.key] = error
        else:
            planned += [one] if one else []
    if not planned:
        return RowsReport(EditReport(changed=False, in_workbook=True), refused)
    _write(registry, *(one.change for one in planned))
    report, errors = _synced(registry, planned, who)
    refused |= {one.change.key: error for one, error in zip(planned, errors, strict=True) if error}
    return RowsReport(report, refused)


def add_row(registry: Registry, table: str, key: Key, values: Mapping[str, Any], who: str) -> EditReport:
    """Add a row that a person makes, such as a run that they plan, an item of the procedure, a person.

    Raises:
        BadRequestError: a row with that key is there already, a part of the key is blank, or a value does not suit.
        Others: as :func:`edit_row`.
    """
    if not all(part.strip() for part in key):
        declared = _declared(table)
        raise BadRequestError(reason=f"Fill in {' and '.join(declared.key)}: a row is found again by it.")
    if registry.row(table, key) is not None:
        raise BadRequestError(reason=f"'{' '.join(key)}' is in table '{table}' already. Nothing was added.")
    filled = {column: value for column, value in values.items() if not is_blank(value)}
    return edit_row(registry, table, key, filled, {}, who, create=True)


def _declared(table: str) -> Table:
    declared = TABLES.get(table)
    if declared is None:
        raise BadRequestError(reason=f"'{table}' is no table of Tracker's; change it in the workbook itself.")
    return declared


def _planned(registry: Registry, table: Table, edit: RowEdit, who: str, create: bool) -> _Planned | None:
    """The change that an edit is, as far as the row is what the person saw; None where all is as they want it."""
    row = registry.row(table.name, edit.key)
    new = row is None
    if row is None and not create:
        raise BadRequestError(
            reason=f"There is no row '{' '.join(edit.key)}' in table '{table.name}' any more. Nothing was changed."
        )
    row = dict.fromkeys(registry.rows(table.name).columns) if row is None else row
    cells = {column: _cell(registry, table, row, edit.key, column, value) for column, value in edit.values.items()}
    was = {}
    for column in edit.values:
        current = row.get(column)
        if not _is_seen(current, edit.seen.get(column), table, column):
            shown = from_cell(current, table.kind(column))
            raise ValueChangedError(column=column, key=" ".join(edit.key), seen=edit.seen.get(column), current=shown)
        was[column] = current
    cells = {column: cell for column, cell in cells.items() if not same(cell, was[column])}
    if not cells and not new:
        return None
    known = {column: was[column] for column in cells}
    change = Change(table.name, edit.key, cells, known, new, time.time(), who, "person")
    return _Planned(change, was)


# -- roles --------------------------------------------------------------------------------------------------------


def role_of(registry: Registry, who: str) -> str:
    """A person's role; see :func:`tracker.reading.roles.role_of`."""
    return roles.role_of(registry.folders, who)


def require(registry: Registry, who: str, role: str) -> None:
    """Raise PermissionRefusedError unless the person has this role or a higher one."""
    has = role_of(registry, who)
    if not roles.allows(has, role):
        name = who.strip() or "Somebody without a name"
        raise PermissionRefusedError(who=name, role=has, needed=role, path=registry.path, act="do this")


# -- the cells ----------------------------------------------------------------------------------------------------


def _cell(registry: Registry, table: Table, row: Mapping[str, Any], key: Key, column: str, value: Any) -> Any:
    """The value as the column's cell holds it."""
    declared = table.column(column)
    if column in table.key:
        raise BadRequestError(reason=f"{column} is how Tracker finds the row again; it cannot be changed.")
    can_be_added = declared is not None and (declared.added or column.startswith(table.open_prefixes or ("\0",)))
    if column not in row and not can_be_added:
        match = difflib.get_close_matches(column, row, 1)
        hint = f" Did you mean {match[0]}?" if match else ""
        raise BadRequestError(reason=f"Table '{table.name}' has no column '{column}'.{hint}")
    if is_blank(value):
        return None
    if declared and declared.choices and value not in (choices := registry.choices(table.name, column)):
        raise BadRequestError(reason=f"{column} must be one of: {', '.join(choices)}.")
    cell = to_cell(_parsed(table.kind(column), column, value), table.kind(column))
    if isinstance(cell, str) and len(cell) > MAX_TEXT:
        raise CellTooLongError(column=column, key=" ".join(key), length=len(cell))
    return cell


def _parsed(kind: str, column: str, value: Any) -> Any:
    """What a person typed, as the column's kind of value; other values as they are."""
    if not isinstance(value, str) or kind in ("text", "any", "raw"):
        return value
    parsed: Any
    if kind == "datetime":
        parsed, wanted = as_date(value), "a date such as 2026-11-24 09:30"
    elif kind == "boolean":
        parsed, wanted = {"true": True, "false": False}.get(value.strip().lower()), "true or false"
    else:
        parsed, wanted = as_number(value), "a number" if kind == "number" else "a whole number"
        if kind == "integer" and parsed is not None and parsed != parsed // 1:
            parsed = None
    if parsed is None:
        raise BadRequestError(reason=f"{column} must be {wanted}, not '{value}'.")
    return parsed


def _is_seen(current: Any, seen: Any, table: Table, column: str) -> bool:
    kind = table.kind(column)
    if is_blank(seen):
        return is_blank(from_cell(current, kind))
    return same(current, to_cell(seen, kind))


# -- writing ------------------------------------------------------------------------------------------------------


def _write(registry: Registry, *changes: Change) -> None:
    try:
        writer = PendingWriter(registry.folders.pending, who=changes[0].who, program="person")
        try:
            for change in changes:
                writer.append(change)
        finally:
            writer.close()
    except OSError as error:
        reason, hint = error.strerror or str(error), "Make room or ask for write access, then do it again."
        raise RegistryNotWritableError(path=registry.folders.pending, reason=reason, hint=hint) from error


def _synced(registry: Registry, planned: Sequence[_Planned], who: str) -> tuple[EditReport, list[TrackerError | None]]:
    """Sync, and see whether each edit came through: somebody may have saved the workbook in this very moment."""
    try:
        report = registry.sync(who=who, program="person", wait=SYNC_WAIT)
    except TrackerError as error:
        return EditReport(changed=True, in_workbook=False, pending_because=str(error)), [None] * len(planned)
    errors = [_lost(registry, one) for one in planned]
    if report.pending:
        waiting = {(change.table, change.key) for change in registry.waiting()}
        if any((one.change.table, one.change.key) in waiting for one in planned):
            because = report.problems[0].message if report.problems else "It found no room in the workbook."
            return EditReport(changed=True, in_workbook=False, pending_because=because), errors
    return EditReport(changed=True, in_workbook=True), errors


def _lost(registry: Registry, planned: _Planned) -> TrackerError | None:
    """Why an edit is not what the row holds after a sync; None where it is."""
    change = planned.change
    row = registry.row(change.table, change.key) or {}
    for column, cell in change.set.items():
        if not same(row.get(column), cell):
            kind = TABLES[change.table].kind(column)
            seen, current = from_cell(planned.was[column], kind), from_cell(row.get(column), kind)
            if same(row.get(column), planned.was[column]):
                place = f"{column} of {' '.join(change.key)}"
                return BadRequestError(
                    reason=f"{place} is computed by a formula, which stays. Change it in the workbook."
                )
            return ValueChangedError(column=column, key=" ".join(change.key), seen=seen, current=current)
    return None
