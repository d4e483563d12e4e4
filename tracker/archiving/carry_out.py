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
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker import store
from tracker.archiving.plan import MovePlan, Origin, choose, plan_move
from tracker.archiving.workbook import add_own_columns, make_archive
from tracker.capture import utc_now
from tracker.deciding.decide import journal_as_one
from tracker.deciding.decision import Cells, change_row, new_row
from tracker.deciding.rows import cells_of
from tracker.disk import fsync_folder, writing
from tracker.errors import BadRequestError, NotMovedError, PlanChangedError
from tracker.model import Change, Key
from tracker.reading import roles
from tracker.reading.registry import Registry, open_registry
from tracker.retention.carry_out import cells_of_version
from tracker.retention.inventory import Version, read_inventory, read_versions
from tracker.schema import MOVED, MOVED_TO, TABLES
from tracker.store import acts
from tracker.store.manifest import Stored, manifest_path, read_manifest, rewrite
from tracker.values import key_text, same
from tracker.workbook import ErrorValue

ACT = "archive-runs"
"""Which of :data:`tracker.reading.roles.ACTS` it is, in both workbooks."""
KEPT = ("run_id", "name", "experiment", "owner", "start_time")
"""What the row of a run that moved still says."""
STEPS = ("ready", "steps", "files", "rows", "compared", "noted", "done")
"""The steps of a move, in order, as ``on_step`` reports them."""
RECOMPUTED = ("checklist",)
"""Cells of a run that every sync finds out anew."""
BESIDE = ("profile.json", "metadata.json")
"""What lies beside an artifact version and goes along."""


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
    return plan_move(here, wanted.ids(origin, here.runs), there, _address(origin, other), back=back)


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
    _remove_left_over(origin, other)
    if not plan.runs:
        return Moved(plan, other.path)
    rows = _RunRows.of(origin)
    if not other.path.exists():
        make_archive(other.folders, rows.own_columns, cells_of(origin.folders, "people"))
    other.sync(who=who, program="person")
    add_own_columns(other.folders, rows.own_columns, who)
    on_step("ready")
    for run in plan.runs:
        _copy_steps(origin, other, run.run_id)
    on_step("steps")
    _move_files(origin, other, plan, who)
    on_step("files")
    changes = [*_rows_there(origin, other, plan, rows, who)]
    if changes:
        journal_as_one(other.folders, changes, who)
    other.sync(who=who, program="person")
    on_step("rows")
    _compare(origin, other, plan, rows)
    on_step("compared")
    journal_as_one(origin.folders, rows.stubs(plan, _relative(other.path, origin.path), who), who)
    origin.sync(who=who, program="person")
    on_step("noted")
    _remove_left_over(origin, other)
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
    twice = {run_id for run_id in ids if ids.count(run_id) > 1} if len(runs) < len(ids) else set()
    return Origin(read_inventory(registry), runs, twice, checklist, steps)


# -- the rows of runs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _RunRows:
    """The runs table with what its cells hold, and which of them are formulas."""

    cells: Mapping[str, Cells]
    formulas: Mapping[str, Collection[str]]
    own_columns: tuple[str, ...]

    @classmethod
    def of(cls, registry: Registry) -> _RunRows:
        table = registry.rows("runs")
        place = table.columns.index("run_id")
        cells: dict[str, Cells] = {}
        formulas: dict[str, Collection[str]] = {}
        for index, row in enumerate(table.rows):
            if run_id := key_text(row[place]):
                cells.setdefault(run_id, dict(zip(table.columns, row, strict=True)))
                formulas.setdefault(run_id, [n for i, n in enumerate(table.columns) if (index, i) in table.formulas])
        declared = TABLES["runs"]
        own = tuple(column for column in table.columns if declared.column(column) is None)
        return cls(cells, formulas, own)

    def values(self, run_id: str) -> dict[str, Any]:
        """What goes along: the values of all cells that hold one; of a formula its result, of an error nothing."""
        return {
            column: value
            for column, value in self.cells[run_id].items()
            if value not in (None, "") and not isinstance(value, ErrorValue) and column != MOVED_TO
        }

    def stubs(self, plan: MovePlan, path: str, who: str) -> list[Change]:
        """The rows of the runs that moved, as they stay: what they are called, and where they are."""
        now = time.time()
        changes = []
        for run in plan.runs:
            row, formulas = self.cells[run.run_id], self.formulas[run.run_id]
            values: dict[str, Any] = dict.fromkeys(
                name for name, value in row.items() if value not in (None, "") and name not in (*KEPT, *formulas)
            )
            values |= {"status": MOVED, MOVED_TO: path}
            was = {name: row.get(name) for name in values}
            changes.append(Change("runs", (run.run_id,), values, was, False, now, who, "person", f"moved to {path}"))
        return changes


def _rows_there(origin: Registry, other: Registry, plan: MovePlan, rows: _RunRows, who: str) -> Iterator[Change]:
    """The rows that the other workbook lacks, or has otherwise."""
    now, why = time.time(), f"moved from {_relative(origin.path, other.path)}"
    moving = {run.run_id for run in plan.runs}
    there = _RunRows.of(other).cells
    for run_id in moving:
        row = there.get(run_id)
        values = rows.values(run_id)
        if row is None:
            yield replace(new_row("runs", (run_id,), values, who, now), why=why)
        elif change := change_row("runs", (run_id,), row, {**values, MOVED_TO: None}, who, now):
            yield replace(change, why=why)
    artifacts = {key_text(row.get("artifact")): row for row in cells_of(other.folders, "artifacts")}
    versions = read_versions(origin.folders)
    for artifact in plan.artifacts:
        yield from _artifact_there(other, versions[artifact], artifacts.get(artifact), who, now)
    along = {*artifacts, *plan.artifacts}
    for table in ("lineage", "checklist"):
        known = {_key(table, row): row for row in cells_of(other.folders, table)}
        for row in cells_of(origin.folders, table):
            key = _key(table, row)
            if key[0] not in moving or (table == "lineage" and key[2] not in along):
                continue
            values = {name: value for name, value in row.items() if value not in (None, "")}
            if key not in known:
                yield replace(new_row(table, key, values, who, now), why=why)
            elif table == "checklist" and (change := change_row(table, key, known[key], values, who, now)):
                yield replace(change, why=why)


def _artifact_there(other: Registry, version: Version, row: Cells | None, who: str, now: float) -> Iterator[Change]:
    stored = read_manifest(other.folders, version.name, version.number)
    if stored is None:
        raise NotMovedError(run=version.run_id, path=other.path, what=f"The manifest of {version.artifact}")
    values = {"status": "stored", "path": store.location(other.folders, stored)}
    gone = dict.fromkeys(("status_time", "status_by", "status_why"))
    if row is not None:
        if change := change_row("artifacts", (version.artifact,), row, {**values, **gone}, who, now):
            yield change
        return
    mine = {name: value for name, value in (version.row or {}).items() if name not in gone}
    yield new_row("artifacts", (version.artifact,), {**cells_of_version(stored), **mine, **values}, who, now)


def _key(table: str, row: Cells) -> Key:
    return tuple(key_text(row.get(part)) for part in TABLES[table].key)


def _compare(origin: Registry, other: Registry, plan: MovePlan, rows: _RunRows) -> None:
    """Raise NotMovedError unless the other workbook's file holds all that is about to be taken away here."""
    there = _RunRows.of(other).cells
    for run in plan.runs:
        row = there.get(run.run_id, {})
        for column, value in rows.values(run.run_id).items():
            if column not in RECOMPUTED and not same(row.get(column), value):
                raise NotMovedError(run=run.run_id, path=other.path, what=f"Its cell {column}")
        for path in _files_of(origin, run.run_id):
            if not filecmp.cmp(path, other.folders.runs / run.run_id / path.name, shallow=False):
                raise NotMovedError(run=run.run_id, path=other.path, what=f"Its file {path.name}")
    for table in ("lineage", "checklist"):
        known = {_key(table, row) for row in cells_of(other.folders, table)}
        artifacts = {key_text(row.get("artifact")) for row in cells_of(other.folders, "artifacts")}
        moving = {run.run_id for run in plan.runs}
        for key in (_key(table, row) for row in cells_of(origin.folders, table)):
            if key[0] in moving and key not in known and (table == "checklist" or key[2] in artifacts):
                raise NotMovedError(run=key[0], path=other.path, what=f"Its row {' '.join(key[1:])} of {table}")
    if other.status().pending or other.waiting():
        raise NotMovedError(run=plan.runs[0].run_id, path=other.path, what="All that belongs to it")


# -- files --------------------------------------------------------------------------------------------------------


def _files_of(registry: Registry, run_id: str) -> Sequence[Path]:
    try:
        return sorted(path for path in (registry.folders.runs / run_id).iterdir() if path.is_file())
    except OSError:
        return []


def _copy_steps(origin: Registry, other: Registry, run_id: str) -> None:
    for path in _files_of(origin, run_id):
        _copy(path, other.folders.runs / run_id / path.name)


def _copy(source: Path, target: Path) -> None:
    """Copy a file durably, under its name when it is whole."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_torn(target)
        try:
            shutil.copyfile(source, partial)
            with open(partial, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        fsync_folder(target.parent)


def _remove_torn(path: Path) -> None:
    """Remove what a process that was killed left of a file."""
    for torn in path.parent.glob(f"{path.name}.*.partial"):
        torn.unlink(missing_ok=True)


def _move_files(origin: Registry, other: Registry, plan: MovePlan, who: str) -> None:
    """Move the bytes of the versions into the other's store, and tell each store who has them."""
    address, why = _address(origin, other), f"moved with its run to {_relative(other.path, origin.path)}"
    versions = read_versions(origin.folders)
    with store.Mover(origin.folders, who) as mover:
        for artifact in plan.artifacts:
            version = versions[artifact]
            before = version.stored
            assert before is not None, "a plan has no version without files"
            for ending in BESIDE:
                path = manifest_path(origin.folders, version.name, version.number).with_suffix(f".{ending}")
                if path.is_file():
                    _copy(path, other.folders.artifacts / version.name / path.name)
            if before.state == "archived":  # by a process that was killed then
                after = before
            else:
                now = utc_now()
                after = acts.archived(origin.folders, before, address, now, who, why)
                mover.move(store.Step(before, after, _row_here(origin, version, after, who, now)))
            mine = replace(after, store="", state="stored", since="", by="", why="", before="")
            manifest = manifest_path(other.folders, mine.name, mine.version)
            _remove_torn(manifest)
            rewrite(other.folders, mine)


def _row_here(registry: Registry, version: Version, after: Stored, who: str, now: datetime) -> Change | None:
    values = {
        "status": after.state,
        "path": store.location(registry.folders, after),
        "status_time": now,
        "status_by": who or None,
        "status_why": after.why,
    }
    moment = now.replace(tzinfo=UTC).timestamp()
    if version.row is None:
        return new_row("artifacts", (version.artifact,), {**cells_of_version(after), **values}, who, moment)
    return change_row("artifacts", (version.artifact,), version.row, values, who, moment)


def _remove_left_over(origin: Registry, other: Registry) -> None:
    """Remove the metric steps of runs whose rows say that they are in the other workbook, which has the same."""
    address = _relative(other.path, origin.path)
    for row in cells_of(origin.folders, "runs"):
        run_id = key_text(row.get("run_id"))
        if row.get("status") != MOVED or key_text(row.get(MOVED_TO)) != address:
            continue
        for path in _files_of(origin, run_id):
            there = other.folders.runs / run_id / path.name
            if there.is_file() and filecmp.cmp(path, there, shallow=False):
                with writing(path):
                    path.unlink()


def _relative(path: Path, origin: Path) -> str:
    """A workbook's path as another one says it, with ``/``."""
    try:
        return Path(os.path.relpath(path, origin.parent)).as_posix()
    except ValueError:  # another drive of Windows
        return path.as_posix()


def _address(origin: Registry, other: Registry) -> str:
    """The artifact store of the other workbook, as this one names it."""
    return _relative(other.folders.artifacts, origin.path)
