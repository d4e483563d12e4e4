"""Bringing the runs of another tracker into a registry: each whole, and each once, however often it is imported.

Of every run the metric steps and the artifacts come first and its row last, so a run that has a row has all of it: an
import that was killed goes on where it was when it is started again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout

from tracker.bridges.foreign import ORIGIN, ForeignRun, Source
from tracker.bridges.plan import ImportPlan, plan_import
from tracker.disk import writing
from tracker.errors import ArtifactPathError, BadRequestError, RegistryLockedError, TrackerError
from tracker.folders import Folders
from tracker.journal.metrics import MetricsWriter, summarise, summary_cells
from tracker.journal.pending import PendingWriter
from tracker.model import Change, Key
from tracker.reading import roles
from tracker.reading import tables as reading
from tracker.reading.registry import Registry
from tracker.runs.artifacts import RunArtifacts
from tracker.runs.given import column_name
from tracker.schema import RUNS
from tracker.settings import Settings
from tracker.values import key_text, to_cell

PROGRAM = "import"
LOCK_WAIT = 2.0

OnRun = Callable[[int, int], None]
"""Is told how many runs are in, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an import. All of it is safe in every case."""

    plan: ImportPlan
    in_workbook: bool
    pending_because: str = ""
    left: tuple[str, ...] = ()
    """Artifacts that could not be stored, in sentences; their runs are in."""


def planned(registry: Registry, source: Source) -> ImportPlan:
    """What :func:`import_runs` would do now. Errors as of :meth:`Registry.rows`."""
    grid = reading.read_grid(registry.folders, "runs")
    columns: Mapping[str, Any] = grid.columns if grid else {}
    ids = {key_text(value) for value in columns.get("run_id", ())}
    origins = {key_text(value) for value in columns.get(ORIGIN, ())}
    return plan_import(source, ids, origins, columns)


def import_runs(
    registry: Registry,
    source: Source,
    who: str,
    *,
    files: bool = True,
    agreed: ImportPlan | None = None,
    on_run: OnRun = lambda done, total: None,
) -> Imported:
    """Bring in the runs that the registry has not got, and sync.

    Args:
        files: bring their artifacts too.
        agreed: what :func:`planned` gave and the person saw.

    Raises:
        PermissionRefusedError: the person only looks on.
        BadRequestError: what would be added is not what the person saw.
        RegistryLockedError: another import is under way.
        RegistryNotWritableError: the folder cannot be written; the runs so far are in, and importing again goes on.
    """
    folders = registry.folders
    roles.require(folders, who, "log")
    with writing(folders.side / "."):
        folders.side.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folders.side / "import.lock")
    try:
        with suppress(NotImplementedError):
            lock.acquire(timeout=LOCK_WAIT)
        plan = planned(registry, source)
        if agreed is not None and not plan.adds_the_same(agreed):
            raise BadRequestError(reason="The registry or the source was changed meanwhile. Look at the plan again.")
        left = _bring_in(folders, registry.settings, plan, who, files, on_run) if plan.new else ()
    except Timeout:
        raise RegistryLockedError(path=folders.workbook, owner="somebody who imports runs") from None
    finally:
        lock.release()
    if not plan.new:
        return Imported(plan, True)
    try:
        report = registry.sync(who=who, program=PROGRAM)
    except TrackerError as error:
        return Imported(plan, False, str(error), left)
    because = report.problems[0].message if report.pending and report.problems else ""
    return Imported(plan, not report.pending, because, left)


class _Changes:
    """The changes of an import, in a pending file of its own."""

    def __init__(self, writer: PendingWriter, who: str) -> None:
        self._writer = writer
        self._who = who

    def change(
        self, table: str, key: Key, cells: Mapping[str, Any], *, was: Mapping[str, Any] | None = None, new: bool = False
    ) -> None:
        self._writer.append(Change(table, key, cells, was or {}, new, time.time(), self._who))


def _bring_in(
    folders: Folders, settings: Settings, plan: ImportPlan, who: str, files: bool, on_run: OnRun
) -> tuple[str, ...]:
    left: list[str] = []
    ids = {run.origin: run.run_id for run in plan.source.runs}
    with writing(folders.side / "."):
        writer = PendingWriter(folders.pending, who=who, program=PROGRAM)
        try:
            changes = _Changes(writer, who)
            for done, run in enumerate(plan.new, 1):
                metrics = _write_steps(folders, run, settings)
                if files:
                    left += _store_files(folders, run, changes, who)
                changes.change("runs", (run.run_id,), _cells(run, metrics, ids), new=True)
                on_run(done, len(plan.new))
        finally:
            writer.close()
    return tuple(left)


def _write_steps(folders: Folders, run: ForeignRun, settings: Settings) -> dict[str, Any]:
    """Write a run's ``metrics.csv`` anew, in one step; gives what of it goes into the run's row."""
    target = folders.metrics(run.run_id)
    partial = target.with_name("metrics.importing")
    partial.unlink(missing_ok=True)
    steps = MetricsWriter(partial)
    try:
        steps.open()
        for metric, value, step, moment in run.steps():
            steps.log(column_name(metric), value, step, moment)
    finally:
        steps.close()
    os.replace(partial, target)
    return summary_cells(summarise(target)[1], settings)


def _store_files(folders: Folders, run: ForeignRun, changes: _Changes, who: str) -> list[str]:
    artifacts = RunArtifacts(folders, changes, run.run_id, who)
    left = []
    for file in run.files:
        try:
            artifacts.put(file.path, file.name, kind=file.kind)
        except ArtifactPathError as error:
            left.append(str(error))
    return left


def _cells(run: ForeignRun, metrics: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    cells = dict(run.cells)
    if run.parent in ids:
        cells["parent_run_id"] = ids[run.parent]
    found = {}
    for column, value in cells.items():
        prefix, dot, name = column.partition(".")
        column = f"{prefix}.{column_name(name)}" if dot and name else column
        cell = to_cell(value, RUNS.kind(column))
        if cell is not None and cell != "":
            found[column] = cell
    return {**found, **metrics}
