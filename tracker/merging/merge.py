"""Merging a conflict copy into its registry: what only the copy has comes in, what both changed is shown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tracker.deciding.decide import journal_as_one
from tracker.deciding.edits import SYNC_WAIT
from tracker.errors import BadRequestError, RegistryNotWritableError, TrackerError
from tracker.history.compare import Differences, compare, compare_files
from tracker.history.outside import workbook_at
from tracker.merging.three_way import MergePlan, clash_changes, plan_three_way
from tracker.model import CellChange, Key
from tracker.reading.registry import Registry
from tracker.reading.roles import acts_of_edit, require
from tracker.schema import TABLES
from tracker.workbook import open_workbook, read_stamp

Take = Literal["ours", "theirs"]


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a merge."""

    plan: MergePlan
    in_workbook: bool
    pending_because: str = ""


def plan_merge(registry: Registry, copy: Path, who: str = "") -> MergePlan:
    """What merging a copy would do; changes nothing.

    The copy is compared with the newest ancestor that both have: the workbook as the sync left it whose change set
    the copy still names. Where that is not kept any more, every cell that is otherwise in the copy counts as changed
    on both sides, and only what is blank in the registry is filled.

    Raises:
        BadRequestError: it is the registry itself.
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError: it cannot be read.
    """
    if copy.resolve() == registry.path.resolve():
        raise BadRequestError(reason=f"{copy} is the registry itself; name the copy.")
    with open_workbook(copy) as theirs:
        who = theirs.last_modified_by or who
    stamp = read_stamp(copy)
    base = workbook_at(registry.folders, stamp) if stamp else None
    differences = compare_files(base[0], copy, base[1]) if base else _all_of(copy, registry.path)
    ours, columns = _ours(registry, differences)
    return plan_three_way(differences, ours, columns, who, time.time())


def merge(registry: Registry, copy: Path, who: str, take: Take = "ours", agreed: MergePlan | None = None) -> Merged:
    """Bring what only a copy has into the registry, all of it or nothing; the copy stays as it is.

    Args:
        take: whose value stands where both sides changed a cell; the other one is in the history in either case.
        agreed: what :func:`plan_merge` gave and the person saw; without it, whatever is planned now is done.

    Raises:
        PermissionRefusedError: the person's role does not allow it.
        BadRequestError: the registry or the copy is not what the person saw.
        RegistryLockedError, RegistryNotWritableError, and as :func:`plan_merge`: nothing was changed.
    """
    plan = plan_merge(registry, copy, who)
    if agreed is not None and not plan.does_the_same(agreed):
        reason = (
            f"{registry.path.name} or {copy.name} was changed meanwhile. Nothing was merged; look at the copy again."
        )
        raise BadRequestError(reason=reason)
    now = time.time()
    changes = [*plan.changes, *clash_changes(plan.clashes, take == "theirs", who, now)]
    for change in changes:
        for act in acts_of_edit(change.table, change.set):
            require(registry.folders, who, act)
    if not changes:
        return Merged(plan, True)
    journal_as_one(registry.folders, changes, who)
    try:
        report = registry.sync(who=who, program=f"merge of {copy.name}", wait=SYNC_WAIT)
    except TrackerError as error:
        return Merged(plan, False, str(error))
    return Merged(plan, not report.pending, report.problems[0].message if report.pending and report.problems else "")


def put_aside(registry: Registry, copy: Path, who: str) -> Path:
    """Move a copy that was merged to ``merged/`` in the side folder, where nobody takes it for the workbook.

    Returns:
        Where it is now.

    Raises:
        PermissionRefusedError: the person's role does not allow it.
        RegistryNotWritableError: it cannot be moved; it is where it was.
    """
    require(registry.folders, who, "edit")
    folder = registry.folders.side / "merged"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target, number = folder / copy.name, 2
        while target.exists():
            target, number = folder / f"{copy.stem} {number}{copy.suffix}", number + 1
        copy.rename(target)
    except OSError as error:
        hint = "Close it where it is open, or move it away by hand."
        raise RegistryNotWritableError(path=copy, reason=error.strerror or str(error), hint=hint) from error
    return target


def _all_of(copy: Path, workbook: Path) -> Differences:
    """Every row of the copy that is otherwise in the registry, as if it were new: there is no ancestor to ask."""
    with open_workbook(workbook) as ours, open_workbook(copy) as theirs:
        found = compare(ours, theirs)
    entries = tuple(
        replace(
            entry,
            cells={name: CellChange(None, cell.new) for name, cell in entry.cells.items() if cell.new is not None},
        )
        for entry in found.entries
        if not entry.removed
    )
    return replace(found, entries=entries)


def _ours(
    registry: Registry, differences: Differences
) -> tuple[dict[str, dict[Key, dict[str, Any]]], dict[str, Sequence[str]]]:
    """The registry's rows of which the differences speak, pending changes included, and the columns it has."""
    rows: dict[str, dict[Key, dict[str, Any]]] = {}
    columns: dict[str, Sequence[str]] = {}
    for name in dict.fromkeys(entry.table for entry in differences.entries):
        if name not in TABLES:
            continue
        table = registry.rows(name)
        columns[name] = table.columns
        wanted = [entry.key for entry in differences.entries if entry.table == name]
        places = [table.columns.index(part) for part in TABLES[name].key if part in table.columns]
        if len(places) < len(TABLES[name].key):
            continue
        found = table.find(places, wanted)
        rows[name] = {key: dict(zip(table.columns, table.rows[index], strict=True)) for key, index in found.items()}
    return rows, columns
