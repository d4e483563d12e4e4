"""What the command line says about runs, problems and syncs: as lines of text, and as plain data for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.journal.metrics import MetricSummary
from tracker.model import Conflict, Problem
from tracker.reading.conflicts import OpenConflict
from tracker.schema import RUNS, TABLES
from tracker.syncing.sync import SyncReport
from tracker.terminal import Fitted, fit, one_line, quoted, shown
from tracker.values import from_cell, utc
from tracker.wording import count

REASONS = {
    "person": "a person's value stands there",
    "deleted row": "a person deleted the row",
    "no column": "the table has no such column",
    "no table": "there is no such table",
    "later script": "a later run of a script set it",
    "duplicate key": "the key stands there twice",
    "removed row": "a restore removed the row, and a person saved a copy that has it",
}
"""Why a value was not written."""

# -- runs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Columns:
    """A table by columns, as :mod:`tracker.reading.query` asks for it: like a DataFrame, but without pandas."""

    values: Mapping[str, Sequence[Any]]
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self.values[name]

    def take(self, rows: Sequence[int]) -> Columns:
        """Only these rows, in this order."""
        return Columns({name: [column[row] for row in rows] for name, column in self.values.items()}, len(rows))

    def rows(self) -> list[dict[str, Any]]:
        """Each row as a dictionary."""
        return [dict(zip(self.values, row, strict=True)) for row in zip(*self.values.values(), strict=True)]

    def records(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Each row as a dictionary for JSON."""
        return [{name: plain_cell(name, self.values[name][row]) for name in names} for row in range(self.count)]


def table_columns(name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Columns:
    """A table's cells as the values that were logged; rows that are blank left out."""
    table = TABLES[name]
    filled = [row for row in rows if any(cell is not None and cell != "" for cell in row)]
    cells = zip(*filled, strict=True) if filled else [()] * len(headers)
    kinds = [table.kind(header) for header in headers]
    values = [[from_cell(cell, kind) for cell in column] for column, kind in zip(cells, kinds, strict=True)]
    return Columns(dict(zip(headers, values, strict=True)), len(filled))


def usual_columns(runs: Columns) -> list[str]:
    """The columns of a list of runs, those that tell most first; blank ones are left out."""
    first = ["run_id", "name", "experiment", "status"]
    if len(set(runs.values.get("experiment", ()))) < 2:
        first.remove("experiment")
    own = [name for name in runs if RUNS.column(name) is None]
    groups = [[name for name in runs if name.startswith(prefix)] for prefix in ("metrics.", "params.", "tags.")]
    metrics, params, tags = groups
    wanted = [*first, *metrics, *params, "start_time", "duration", "owner", "insight", "notes", *tags, *own]
    return [name for name in wanted if name in runs.values and any(filled(value) for value in runs[name])]


def runs_table(runs: Columns, names: Sequence[str], width: int) -> Fitted:
    """The runs as a table that fits the width."""
    numbers = {name for name in names if all(_is_number(value) for value in runs[name])}
    rows = [[shown(runs[name][row]) for name in names] for row in range(len(runs))]
    headers = [name.removeprefix("metrics.").removeprefix("params.") for name in names]
    labels = [header if headers.count(header) == 1 else name for name, header in zip(names, headers, strict=True)]
    rigid = {label for label, name in zip(labels, names, strict=True) if name in numbers or name == "status"}
    return fit(labels, rows, width, rigid)


def plain_cell(column: str, value: Any) -> Any:
    """A cell of the runs table for JSON."""
    return plain(value, "Z" if RUNS.column(column) else "")


def filled(value: Any) -> bool:
    """Whether a cell has something in it."""
    return value is not None and value != ""


def _is_number(value: Any) -> bool:
    return not filled(value) or (isinstance(value, (int, float)) and not isinstance(value, bool))


# -- one run ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything about one run."""

    row: Mapping[str, Any]
    metrics: Mapping[str, MetricSummary]
    artifacts: Sequence[Mapping[str, Any]]
    """Rows of the artifacts table, each with its ``direction``: input or output."""

    def group(self, prefix: str) -> dict[str, Any]:
        """The columns under a prefix, without it."""
        return {name.removeprefix(prefix): v for name, v in self.row.items() if name.startswith(prefix) and filled(v)}

    def plain(self) -> dict[str, Any]:
        """The run for JSON; numbers with all their digits."""
        prefixes = RUNS.open_prefixes
        facts = {n: plain_cell(n, value) for n, value in self.row.items() if not n.startswith(prefixes)}
        groups = {prefix.rstrip("."): {k: plain(v) for k, v in self.group(prefix).items()} for prefix in prefixes}
        steps = {
            name: {
                "count": summary.count,
                "last": plain(summary.last),
                "last_step": summary.last_step,
                "min": plain(summary.min),
                "max": plain(summary.max),
            }
            for name, summary in self.metrics.items()
        }
        artifacts = [{name: plain(value) for name, value in artifact.items()} for artifact in self.artifacts]
        return {**facts, **groups, "steps": steps, "artifacts": artifacts}

    def lines(self, width: int) -> list[str]:
        """The run for a terminal."""
        facts = {n: v for n, v in self.row.items() if not n.startswith(RUNS.open_prefixes) and filled(v)}
        title = " ".join(shown(facts.pop(name, "")) for name in ("name", "status"))
        lines = [title.strip(), ""]
        lines += _pairs(facts)
        for prefix, heading in (("params.", "Params"), ("tags.", "Tags")):
            if group := self.group(prefix):
                lines += ["", heading, *_pairs(group)]
        if rows := self._metric_rows():
            headers = ["metric", "value", "min", "max", "values", "last step"]
            lines += ["", "Metrics", *_indented(fit(headers, rows, width - 2, headers[1:]).lines)]
        if self.artifacts:
            wanted = ("artifact", "direction", "kind", "size", "path")
            rows = [[shown(artifact.get(name)) for name in wanted] for artifact in self.artifacts]
            lines += ["", "Artifacts", *_indented(fit(wanted, rows, width - 2, ["size"]).lines)]
        return lines

    def _metric_rows(self) -> list[list[str]]:
        """What the sheet says of each metric, and of its steps what metrics.csv says."""
        rows = []
        for name, value in self.group("metrics.").items():
            steps = self.metrics.get(name)
            of_steps = [steps.min, steps.max, steps.count, steps.last_step] if steps else [None] * 4
            rows.append([one_line(name), shown(value), *map(shown, of_steps)])
        return rows


def _pairs(values: Mapping[str, Any]) -> list[str]:
    longest = max((len(name) for name in values), default=0)
    return [f"  {one_line(name):<{longest}}  {shown(value)}" for name, value in values.items()]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


# -- problems and syncs -------------------------------------------------------------------------------------------


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """Each problem with its place, and below it what to do."""
    lines = []
    for problem in problems:
        place = "!".join(part for part in (problem.sheet, problem.cell) if part)
        lines.append(f"{problem.severity}: {place + ': ' if place else ''}{one_line(problem.message)}")
        if problem.hint:
            lines.append(f"    {one_line(problem.hint)}")
    return lines


def plain_problem(problem: Problem) -> dict[str, Any]:
    """A problem for JSON."""
    return {name: getattr(problem, name) for name in ("severity", "code", "message", "hint", "sheet", "cell")}


def conflict_line(conflict: Conflict) -> str:
    """What was not written, where and why."""
    place = f"{conflict.table} {' '.join(conflict.key)} {conflict.column}".rstrip()
    reason = REASONS[conflict.reason]
    return f"not written: {one_line(place)} = {quoted(conflict.dropped)}; {reason}, {quoted(conflict.kept)}"


def open_conflict_lines(found: OpenConflict) -> list[str]:
    """An open conflict with its number, and its two values one below the other."""
    conflict = found.conflict
    kept, dropped = quoted(conflict.kept), quoted(conflict.dropped)
    if kept == dropped:
        kept, dropped = repr(conflict.kept), repr(conflict.dropped)
    when = f"{shown(utc(conflict.time))} UTC" if conflict.time else ""
    origin = one_line(", ".join(part for part in (conflict.who, when) if part))
    return [
        f"{found.number}  {found.sheet}!{found.cell}: {one_line(found.place)}; {REASONS[conflict.reason]}",
        f"    --keep  {kept}",
        f"    --take  {dropped}{f'  ({origin})' if origin else ''}",
    ]


def plain_open_conflict(found: OpenConflict) -> dict[str, Any]:
    """An open conflict for JSON."""
    return {"number": found.number, "sheet": found.sheet, "cell": found.cell, **plain_conflict(found.conflict)}


def plain_conflict(conflict: Conflict) -> dict[str, Any]:
    """A conflict for JSON."""
    return {
        "table": conflict.table,
        "key": list(conflict.key),
        "column": conflict.column,
        "kept": plain(conflict.kept),
        "dropped": plain(conflict.dropped),
        "reason": conflict.reason,
        "time": utc(conflict.time).isoformat() + "Z" if conflict.time else None,
        "who": conflict.who,
    }


def sync_lines(report: SyncReport) -> list[str]:
    """What a sync did, in sentences."""
    done = []
    if report.rows_added:
        done.append(f"added {count(report.rows_added, 'row')}")
    if report.rows_changed:
        done.append(f"changed {count(report.rows_changed, 'row')}")
    if report.replayed:
        done.append(f"brought back {count(report.replayed, 'change set')} that the workbook had lost")
    if report.change_set is None:
        lines = ["Nothing to do: the workbook has everything that was logged."]
    else:
        lines = [f"Change set {report.change_set}: {', '.join(done) or 'nothing could be written'}."]
    if report.pending:
        lines.append(f"{count(report.pending, 'change')} found no room and waits for the next sync.")
    return [*lines, *map(conflict_line, report.conflicts), *problem_lines(report.problems)]


def plain_sync(report: SyncReport) -> dict[str, Any]:
    """A sync's report for JSON."""
    return {
        "change_set": report.change_set,
        "rows_added": report.rows_added,
        "rows_changed": report.rows_changed,
        "replayed": report.replayed,
        "pending": report.pending,
        "conflicts": [plain_conflict(conflict) for conflict in report.conflicts],
        "problems": [plain_problem(problem) for problem in report.problems],
    }


# -- values -------------------------------------------------------------------------------------------------------


def plain(value: Any, zone: str = "Z") -> Any:
    """A value for JSON: dates as ISO texts; NaN and the infinities, which JSON lacks, as texts.

    Args:
        zone: the mark of UTC, in which Tracker keeps dates; a person's own dates have none.
    """
    if isinstance(value, datetime):
        return value.isoformat() + zone
    if isinstance(value, float):
        if not math.isfinite(value):
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return str(value) if isinstance(value, str) else value
