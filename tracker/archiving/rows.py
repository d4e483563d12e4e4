"""The rows of runs that move: what goes into the other workbook, and what stays in this one."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tracker import store
from tracker.archiving.files import relative
from tracker.archiving.plan import MovePlan
from tracker.deciding.decision import Cells, change_row, new_row
from tracker.deciding.rows import cells_of
from tracker.errors import NotMovedError
from tracker.model import Change, Key
from tracker.reading.registry import Registry
from tracker.retention.inventory import Version, read_versions
from tracker.schema import MOVED, MOVED_TO, TABLES
from tracker.store.manifest import cells_of_version, read_manifest
from tracker.values import key_text
from tracker.workbook import ErrorValue

KEPT = ("run_id", "name", "experiment", "owner", "start_time")
"""What the row of a run that moved still says."""


@dataclass(frozen=True)
class RunRows:
    """The runs table with what its cells hold, and which of them are formulas."""

    cells: Mapping[str, Cells]
    formulas: Mapping[str, Collection[str]]
    own_columns: tuple[str, ...]

    @classmethod
    def of(cls, registry: Registry) -> RunRows:
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


def rows_there(origin: Registry, other: Registry, plan: MovePlan, rows: RunRows, who: str) -> Iterator[Change]:
    """The rows that the other workbook lacks, or has otherwise."""
    now, why = time.time(), f"moved from {relative(origin.path, other.path)}"
    moving = {run.run_id for run in plan.runs}
    there = RunRows.of(other).cells
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
        known = {key_of(table, row): row for row in cells_of(other.folders, table)}
        for row in cells_of(origin.folders, table):
            key = key_of(table, row)
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


def key_of(table: str, row: Cells) -> Key:
    """The key of a row of one of the registry's tables."""
    return tuple(key_text(row.get(part)) for part in TABLES[table].key)
