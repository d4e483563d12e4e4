"""Carrying out a move of runs: everything is copied and compared before anything is taken away.

    steps and files copied ► rows written there, in its workbook ► compared ► rows here say where it is ► steps removed

Rows cannot be deleted from a workbook that people arrange as they like. The row of a run that moved keeps its id,
name, experiment, owner and start; its status is MOVED, ``tags.moved_to`` names the workbook, and all else is blank. Its
lineage and checklist stay as a record; the rows of its artifacts say where the files are. Coming back is the same, the
other way.

Killed at any point, nothing is lost: a run is whole in one workbook or in both, and the same command finishes the work.
"""

from __future__ import annotations

import filecmp
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracker.archiving.files import copy_steps, files_of, move_files, relative, remove_left_over, store_address
from tracker.archiving.plan import MovePlan, Origin, choose, plan_move
from tracker.archiving.rows import RunRows, key_of, rows_there
from tracker.archiving.workbook import add_own_columns, make_archive
from tracker.deciding.decide import journal_as_one
from tracker.deciding.decision import Cells
from tracker.deciding.rows import cells_of
from tracker.errors import BadRequestError, NotMovedError, PlanChangedError
from tracker.reading import roles
from tracker.reading.registry import Registry, open_registry
from tracker.retention.inventory import read_inventory, read_versions
from tracker.values import key_text, same

ACT = "archive-runs"
"""Which of :data:`tracker.reading.roles.ACTS` it is, in both workbooks."""
STEPS = ("ready", "steps", "files", "rows", "compared", "noted", "done")
"""The steps of a move, in order, as ``on_step`` reports them."""
RECOMPUTED = ("checklist",)
"""Cells of a run that every sync finds out anew."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a move."""

    plan: MovePlan
    path: Path
    """The workbook that has the runs now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are meant, as :func:`tracker.archiving.plan.choose` understands it."""

    before: datetime | None = None
    experiment: str = ""
    runs: tuple[str, ...] = ()
    """Ids, or whatever :meth:`Registry.run` understands."""

    def ids(self, registry: Registry, rows: Mapping[str, Cells]) -> list[str]:
        if self.before is None and not self.experiment and not self.runs:
            raise BadRequestError(reason="Say which runs: those before a date, of an experiment, or by name.")
        named = [run if run in rows else registry.run_id(run) for run in self.runs]
        return choose(rows, self.before, self.experiment, named)


def archive_of(registry: Registry) -> Path:
    """Where runs go if nobody says where: ``team-archive.xlsx`` beside ``team.xlsx``."""
    return registry.path.with_name(f"{registry.path.stem}-archive.xlsx")


def planned(origin: Registry, target: str | os.PathLike[str], wanted: Wanted, *, back: bool = False) -> MovePlan:
    """What :func:`move_runs` would do. Changes nothing.

    Args:
        origin: the workbook that has the runs.
        target: the path of the one that gets them.
        back: out of an archive.

    Raises:
        BadRequestError, RunNotFoundError: which runs are meant is not clear.
        NoTablesError and others: the other workbook cannot be read, or is no registry.
    """
    other = Registry(target)
    if other.path == origin.path:
        raise BadRequestError(reason="A workbook cannot be its own archive: name another with --to.")
    there = read_versions(open_registry(other.path).folders) if other.path.exists() else {}
    here = _origin(origin)
    return plan_move(here, wanted.ids(origin, here.runs), there, store_address(origin, other), back=back)


def move_runs(
    origin: Registry,
    target: str | os.PathLike[str],
    wanted: Wanted,
    who: str,
    *,
    back: bool = False,
    agreed: MovePlan | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Moved:
    """Move runs into another workbook with their files; into an archive, which is made where there is none, or back.

    Args:
        agreed: what :func:`planned` gave and the person saw.
        on_step: told each of :data:`STEPS` when it is done.

    Raises:
        PermissionRefusedError: the person is no manager of both workbooks.
        PlanChangedError: something else would move by now than the person saw.
        WorkbookOpenElsewhereError: one of the workbooks is open; nothing was taken away.
        NotMovedError: what was copied is not what it was; nothing was taken away.
        Others: as :func:`planned`, :class:`tracker.store.Mover` and :func:`tracker.syncing.sync.sync`.
    """
    other = Registry(target)
    roles.require(origin.folders, who, ACT)
    if other.path.exists():
        roles.require(other.folders, who, ACT)
    origin.sync(who=who, program="person")
    plan = planned(origin, other.path, wanted, back=back)
    if agreed is not None and plan.id != agreed.id:
        difference = f"{len(agreed.runs)} runs were to move, {len(plan.runs)} would now"
        raise PlanChangedError(agreed=agreed.id, current=plan.id, difference=difference)
    remove_left_over(origin, other)
    if not plan.runs:
        return Moved(plan, other.path)
    rows = RunRows.of(origin)
    if not other.path.exists():
        make_archive(other.folders, rows.own_columns, cells_of(origin.folders, "people"))
    other.sync(who=who, program="person")
    add_own_columns(other.folders, rows.own_columns, who)
    on_step("ready")
    for run in plan.runs:
        copy_steps(origin, other, run.run_id)
    on_step("steps")
    move_files(origin, other, plan, who)
    on_step("files")
    changes = [*rows_there(origin, other, plan, rows, who)]
    if changes:
        journal_as_one(other.folders, changes, who)
    other.sync(who=who, program="person")
    on_step("rows")
    _compare(origin, other, plan, rows)
    on_step("compared")
    journal_as_one(origin.folders, rows.stubs(plan, relative(other.path, origin.path), who), who)
    origin.sync(who=who, program="person")
    on_step("noted")
    remove_left_over(origin, other)
    on_step("done")
    return Moved(plan, other.path)


def _origin(registry: Registry) -> Origin:
    rows = cells_of(registry.folders, "runs")
    ids = [key_text(row.get("run_id")) for row in rows]
    runs: dict[str, Cells] = {}
    for run_id, row in zip(ids, rows, strict=True):
        runs.setdefault(run_id, row)
    checklist: dict[str, int] = {}
    for row in cells_of(registry.folders, "checklist"):
        run_id = key_text(row.get("run_id"))
        checklist[run_id] = checklist.get(run_id, 0) + 1
    steps = {run_id: path.stat().st_size for run_id in runs if (path := registry.folders.metrics(run_id)).is_file()}
    twice = {run_id for run_id, times in Counter(ids).items() if times > 1}
    return Origin(read_inventory(registry), runs, twice, checklist, steps)


def _compare(origin: Registry, other: Registry, plan: MovePlan, rows: RunRows) -> None:
    """Raise NotMovedError unless the other workbook's file holds all that is about to be taken away here."""
    there = RunRows.of(other).cells
    for run in plan.runs:
        row = there.get(run.run_id, {})
        for column, value in rows.values(run.run_id).items():
            if column not in RECOMPUTED and not same(row.get(column), value):
                raise NotMovedError(run=run.run_id, path=other.path, what=f"Its cell {column}")
        for path in files_of(origin, run.run_id):
            if not filecmp.cmp(path, other.folders.runs / run.run_id / path.name, shallow=False):
                raise NotMovedError(run=run.run_id, path=other.path, what=f"Its file {path.name}")
    for table in ("lineage", "checklist"):
        known = {key_of(table, row) for row in cells_of(other.folders, table)}
        artifacts = {key_text(row.get("artifact")) for row in cells_of(other.folders, "artifacts")}
        moving = {run.run_id for run in plan.runs}
        for key in (key_of(table, row) for row in cells_of(origin.folders, table)):
            if key[0] in moving and key not in known and (table == "checklist" or key[2] in artifacts):
                raise NotMovedError(run=key[0], path=other.path, what=f"Its row {' '.join(key[1:])} of {table}")
    if other.status().pending or other.waiting():
        raise NotMovedError(run=plan.runs[0].run_id, path=other.path, what="All that belongs to it")
