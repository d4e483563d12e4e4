"""Tables of runs that people or other trackers exported: a CSV file, or a list of runs in a workbook; a row is a run.

What the columns are is guessed as when a workbook is adopted, unless it is the export of a tracker that is known by its
columns: W&B, MLflow, Neptune.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tracker.adopting.from_csv import workbook_of_csv
from tracker.adopting.guess import moment, numeric
from tracker.adopting.plan import AdoptionPlan, Mapped, plan_adoption
from tracker.bridges.foreign import ORIGIN, ForeignRun, Source, Step, run_id_of
from tracker.errors import BadRequestError
from tracker.matching import as_date
from tracker.schema import RUNS
from tracker.values import key_text
from tracker.whole_sheets import SheetCells, read_sheets
from tracker.workbook import open_workbook

SUFFIXES = (".csv", ".xlsx", ".xlsm")
FILE = "table"
"""Where a run comes from that nobody knows the tracker of."""

EXPORTS: dict[str, tuple[frozenset[str], Mapping[str, str]]] = {
    "wandb": (
        frozenset({"name", "state", "created", "runtime"}),
        {
            "name": "name", "id": "run_id", "state": "status", "notes": "notes", "user": "owner", "tags": "tags.tags",
            "created": "start_time", "runtime": "duration", "sweep": "tags.sweep", "group": "experiment",
            "project": "experiment", "end time": "end_time", "github": "git_remote", "hostname": "host",
            "commit": "git_commit", "job type": "tags.job_type",
        },
    ),
    "mlflow": (
        frozenset({"run id", "source name", "start time"}),
        {
            "run id": "run_id", "name": "name", "user": "owner", "status": "status", "start time": "start_time",
            "duration": "duration", "source name": "source", "source type": "own", "source version": "git_commit",
        },
    ),
    "mlflow-search": (
        frozenset({"run_id", "experiment_id", "artifact_uri"}),
        {
            "run_id": "run_id", "experiment_id": "experiment", "artifact_uri": "own", "status": "status",
            "start_time": "start_time", "end_time": "end_time", "tags.mlflow.runname": "name",
            "tags.mlflow.user": "owner", "tags.mlflow.source.name": "source",
            "tags.mlflow.source.git.commit": "git_commit", "tags.mlflow.note.content": "notes",
            "tags.mlflow.source.type": "own", "tags.mlflow.log-model.history": "own",
        },
    ),
    "neptune": (
        frozenset({"sys/id", "sys/creation_time"}),
        {
            "sys/id": "run_id", "sys/name": "name", "sys/creation_time": "start_time", "sys/owner": "owner",
            "sys/state": "status", "sys/running_time": "duration", "sys/tags": "tags.tags",
            "sys/description": "notes", "sys/modification_time": "own", "sys/ping_time": "own",
        },
    ),
}  # fmt: skip
"""Exports of trackers: by which columns they are known (in lower case), and what their columns are."""
TRACKERS = {"mlflow-search": "mlflow"}
NAMES = {"wandb": "W&B", "mlflow": "MLflow", "neptune": "Neptune"}

STATUSES = {
    **dict.fromkeys(
        ("finished", "completed", "complete", "success", "succeeded", "done", "ok", "inactive"), "FINISHED"
    ),
    **dict.fromkeys(("failed", "failure", "error", "crashed"), "FAILED"),
    **dict.fromkeys(("killed", "aborted", "stopped", "canceled", "cancelled", "preempted"), "KILLED"),
    **dict.fromkeys(("running", "active", "started"), "RUNNING"),
    **dict.fromkeys(("planned", "pending", "queued", "scheduled", "todo"), "PLANNED"),
}
"""What people and trackers call a status, in lower case."""


def read_table_file(path: Path, columns: Mapping[str, str] | None = None, sheet: str = "") -> Source:
    """The rows of the list that looks most like runs.

    Args:
        columns: what columns are, by their header, as for :func:`tracker.adopting.carry_out.adopt`.
        sheet: the sheet with the runs, where the guess is wrong.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError: it cannot be read.
        BadRequestError: it has no list of runs, it is a registry, or what was said of its columns does not fit it.
    """
    plan, found, tracker = plan_table_file(path, columns, sheet)
    runs = tuple(_runs(plan, found, tracker, path.name))
    what = f"{'an export of ' + NAMES[tracker] if tracker else 'a list of runs'}: {path.name}"
    return Source(path, what, runs, tuple(_left(plan)))


def plan_table_file(
    path: Path, columns: Mapping[str, str] | None = None, sheet: str = ""
) -> tuple[AdoptionPlan, SheetCells, str]:
    """What the columns are taken for, the sheet, and which tracker's export it is; arguments and errors as above."""
    sheets = _sheets(path)
    plan = plan_adoption(sheets, sheet=sheet)
    if plan.region is None:
        raise BadRequestError(reason=f"{path.name} has no list of runs: no row of names over rows of values.")
    known = {mapped.header.casefold(): mapped.header for mapped in plan.columns}
    export = next((name for name, (needed, _) in EXPORTS.items() if needed <= known.keys()), "")
    said = {known[name]: what for name, what in EXPORTS[export][1].items() if name in known} if export else {}
    said |= columns or {}
    if said:
        taken = {what for what in said.values() if what != "own"}
        for mapped in plan.columns:  # a guess gives way where an export's own column is the same
            if mapped.target in taken and mapped.header not in said:
                said[mapped.header] = "own"
        plan = plan_adoption(sheets, sheet=plan.sheet, columns=_without_doubles(said))
    tracker = TRACKERS.get(export, export)
    if tracker:
        plan = _with_reasons(plan, {*said} - {*(columns or {})}, f"a column of {NAMES[tracker]}'s own")
    return plan, next(one for one in sheets if one.name == plan.sheet), tracker


def _with_reasons(plan: AdoptionPlan, headers: Collection[str], reason: str) -> AdoptionPlan:
    """The plan with another reason for what some columns are."""
    columns = tuple(
        replace(mapped, guess=replace(mapped.guess, reason=reason)) if mapped.header in headers else mapped
        for mapped in plan.columns
    )
    return replace(plan, columns=columns)


def _sheets(path: Path) -> Sequence[SheetCells]:
    if path.suffix.lower() == ".csv":
        return [workbook_of_csv(path)[1]]
    with open_workbook(path) as book:
        if book.table("runs") is not None and book.table("settings") is not None:
            reason = f"{path.name} is a registry itself. Open it beside this one: python -m tracker app FOLDER."
            raise BadRequestError(reason=reason)
        return read_sheets(book)


def _without_doubles(said: Mapping[str, str]) -> dict[str, str]:
    """Of two columns that would be the same, the first."""
    taken: set[str] = set()
    found = {}
    for header, what in said.items():
        found[header] = "own" if what in taken and what != "own" else what
        taken.add(what)
    return found


# -- the runs -----------------------------------------------------------------------------------------------------


def _runs(plan: AdoptionPlan, sheet: SheetCells, tracker: str, file: str) -> Iterator[ForeignRun]:
    kind = tracker or FILE
    for row in plan.rows:
        there = sheet.cells.get(row, {})
        cells: dict[str, Any] = {}
        metrics: dict[str, float] = {}
        for mapped in plan.columns:
            value = there.get(mapped.column)
            if value is None or value == "" or not mapped.target:
                continue
            if mapped.target.startswith("metrics."):
                number = numeric(value)
                if number is not None:
                    metrics[mapped.target.removeprefix("metrics.")] = number
            else:
                cells[mapped.target] = _read(mapped, value)
        id = key_text(cells.pop("run_id", None))
        if not _is_unique(id):
            id, run_id = _digest(plan, there), ""
        else:
            run_id = id if not tracker else ""
        yield _run(kind, id, run_id, cells, metrics, file, row)


def _run(
    kind: str, id: str, run_id: str, cells: dict[str, Any], metrics: Mapping[str, float], file: str, row: int
) -> ForeignRun:
    start, end, duration = (cells.get(name) for name in ("start_time", "end_time", "duration"))
    if isinstance(start, datetime) and isinstance(end, datetime) and duration is None:
        cells["duration"] = (end - start).total_seconds()
    cells.setdefault("name", f"{Path(file).stem} row {row}")
    cells.setdefault("status", "FINISHED" if metrics else "PLANNED")
    origin = f"{kind}:{id}"
    when = end if isinstance(end, datetime) else start if isinstance(start, datetime) else None
    moment_ms = int((when - datetime(1970, 1, 1)).total_seconds() * 1000) if when else 0
    return ForeignRun(
        origin,
        run_id or run_id_of(kind, id),
        {**cells, ORIGIN: origin},
        partial(_steps, metrics, moment_ms),
        tuple(metrics),
    )


def _steps(metrics: Mapping[str, float], time: int) -> Iterator[Step]:
    return (Step(name, value, None, time) for name, value in metrics.items())


def _read(mapped: Mapped, value: Any) -> Any:
    """The value as its column holds it: a date or a number that was written as text is one."""
    kind = RUNS.kind(mapped.target)
    if mapped.target == "status":
        return STATUSES.get(key_text(value).strip().casefold(), value)
    if mapped.target == "duration":
        number = numeric(value)
        return value if number is None else number
    if kind == "datetime" and isinstance(value, str):
        found = moment(value) or as_date(value)
        return found if found is not None else None
    return value


def _is_unique(id: str) -> bool:
    """Whether an id is likely to be nobody else's: 17 is the id of a run in every second spreadsheet."""
    return len(id) >= 6 and not id.replace(".", "").isdecimal()


def _digest(plan: AdoptionPlan, cells: Mapping[int, Any]) -> str:
    """What makes a row without an id the same row when it comes again: its name and start if it has both, else all."""
    places = {mapped.target: mapped.column for mapped in plan.columns if mapped.target}
    chosen = [cells.get(places[name]) if name in places else None for name in ("name", "start_time")]
    if not all(chosen):
        chosen = [f"{mapped.header}={key_text(cells.get(mapped.column))}" for mapped in plan.columns]
    return hashlib.sha256("\0".join(map(key_text, chosen)).encode("utf-8", "replace")).hexdigest()[:16]


def _left(plan: AdoptionPlan) -> Iterator[str]:
    own = [mapped.header for mapped in plan.columns if not mapped.target]
    if own:
        listed = ", ".join(f"'{header}'" for header in own[:8]) + (" …" if len(own) > 8 else "")
        yield f"Left out, since nothing says what is in {'it' if len(own) == 1 else 'them'}: {listed}."
