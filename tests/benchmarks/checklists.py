"""Judging all runs by a procedure of twelve items, and syncing it, beside doing the same with openpyxl."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import xlsxwriter

from benchmarks.measure import SCRIPTS, Aim, Figure, Found, Note, Options, child, medians, timed
from benchmarks.workbooks import columns, value
from tracker.checklist.judging import Asked
from tracker.folders import Folders
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.schema import TABLES
from tracker.syncing.sync import sync

ITEMS = (
    'artifact kind="data set"', 'artifact kind="model file"', "artifact kind=figure", "param p0", "param p1 >= 0",
    "metric m0 > 0.5", "metric m1", "git clean", "column change >= 10 characters", "column owner",
    "every artifact has hash", "every artifact has retention_class",
)  # fmt: skip
KINDS = ("model file", "figure")
OPENPYXL = "openpyxl load, loop, append, save"


def measure(options: Options) -> Found:
    for rows in options.sizes:
        if rows <= 10_000:
            yield from _judged(options, rows)


def _judged(options: Options, rows: int) -> Found:
    source = workbook(options.folder, rows)
    what = f"{rows:,} runs by {len(ITEMS)} items"
    with options.scratch() as folder:
        path = folder / "registry.xlsx"

        def fresh() -> None:
            shutil.rmtree(Folders(path).side, ignore_errors=True)
            shutil.copyfile(source, path)

        def judged() -> float:
            fresh()
            return timed(lambda: _judge(path, rows))

        works = {"ours": judged, "openpyxl": lambda: timed(lambda: with_openpyxl(source, folder / "openpyxl.xlsx"))}
        seconds = medians(works, options.repeats(3))
        aim = Aim(5.0, "ours") if rows == 10_000 else None
        yield Figure(f"{what}, judged and synced", seconds["ours"], OPENPYXL, seconds["openpyxl"], aim)
        if not sys.platform.startswith("linux"):
            yield Note("memory is measured on Linux only")
        else:
            fresh()
            peak, bare = float(child(SCRIPTS / "judge_once.py", path)), float(child(SCRIPTS / "judge_once.py"))
            most = Aim(500e6, "ours") if rows == 10_000 else None
            yield Figure(f"memory, {what}, judged and synced", peak, "bare Python", bare, most, "B")
        yield from _again(options, path, rows, what)


def _again(options: Options, path: Path, rows: int, what: str) -> Found:
    """When all that is in the workbook: one more run, and a look at all of it after a person's save."""
    folders = Folders(path)
    numbers = iter(range(10**6))

    def new_run(status: str) -> Callable[[], float]:
        def work() -> float:
            writer = PendingWriter(folders.pending)
            writer.append(Change("runs", (f"new-{next(numbers)}",), {"status": status, "params.p0": 1.0}, new=True))
            writer.close()
            return timed(lambda: sync(folders))

        return work

    def saved() -> float:
        os.utime(path)
        return timed(lambda: sync(folders))

    works = {"judged": new_run("FINISHED"), "open": new_run("RUNNING"), "saved": saved}
    seconds = medians(works, options.repeats(5))
    beside = "one that goes on, and is not judged"
    yield Figure(f"new run, {what} there", seconds["judged"], beside, seconds["open"])
    yield Figure(f"after a person's save, {what} there", seconds["saved"], beside, seconds["open"])


def _judge(path: Path, rows: int) -> None:
    report = sync(Folders(path), asked=Asked(every=True))
    if len(report.judged) != rows:
        raise AssertionError(f"{len(report.judged)} runs were judged")


# -- the workbook -------------------------------------------------------------------------------------------------


def workbook(folder: Path, rows: int) -> Path:
    """A workbook with that many runs that finished, with two artifacts each, and the procedure."""
    path = folder / f"{rows}-runs-with-procedure.xlsx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{os.getpid()}.partial.xlsx")
        with xlsxwriter.Workbook(partial) as book:
            for name in TABLES:
                _add_table(book, name, rows)
        os.replace(partial, path)
    return path


def _add_table(book: Any, name: str, rows: int) -> None:
    names = columns() if name == "runs" else [column.name for column in TABLES[name].columns]
    sheet = book.add_worksheet(name)
    sheet.write_row(0, 0, names)
    count = 0
    for count, cells in enumerate(_rows(name, rows), 1):
        for place, column in enumerate(names):
            if (cell := cells.get(column)) is not None:
                sheet.write(count, place, cell)
    area = (0, 0, max(1, count), len(names) - 1)
    sheet.add_table(*area, {"name": name, "columns": [{"header": header} for header in names]})


def _rows(name: str, rows: int) -> list[dict[str, Any]]:
    runs = [value(row, "run_id") for row in range(rows)]
    if name == "runs":
        dated = ("start_time", "end_time", "checklist")
        return [
            {column: value(row, column) for column in columns() if column not in dated} | {"status": "FINISHED"}
            for row in range(rows)
        ]
    made = [(run, kind, f"{kind}:v{row}") for row, run in enumerate(runs, 1) for kind in KINDS]
    if name == "artifacts":
        stored = {"category": "model", "status": "stored", "sha256": "ab" * 32}
        data = {"artifact": "train:v1", "name": "train", "kind": "data set", **stored}
        return [data] + [
            {"artifact": key, "name": kind, "kind": kind, "run_id": run, **stored} for run, kind, key in made
        ]
    if name == "lineage":
        read = [{"run_id": run, "direction": "input", "artifact": "train:v1"} for run in runs]
        return read + [{"run_id": run, "direction": "output", "artifact": key} for run, _, key in made]
    if name == "sop":
        return [{"item": f"item {n}", "level": "must", "rule": rule, "version": "1"} for n, rule in enumerate(ITEMS)]
    return []


# -- what a user would write --------------------------------------------------------------------------------------


def with_openpyxl(source: Path, target: Path) -> None:
    """The same twelve checks, written out for this workbook."""
    book = openpyxl.load_workbook(source)
    kinds: dict[str, str] = {}
    artifacts: dict[str, dict[str, Any]] = {}
    for row in _records(book["artifacts"]):
        artifacts[row["artifact"]] = row
        kinds[row["artifact"]] = row["kind"]
    used: dict[str, list[str]] = {}
    for row in _records(book["lineage"]):
        used.setdefault(row["run_id"], []).append(row["artifact"])
    sheet = book["checklist"]
    runs = book["runs"]
    place = [cell.value for cell in runs[1]].index("checklist") + 1
    for number, run in enumerate(_records(runs), 2):
        mine = used.get(run["run_id"], [])
        checks: list[Any] = [[key for key in mine if kinds[key] == kind] for kind in ("data set", *KINDS)]
        checks += [
            run["params.p0"] is not None, run["params.p1"] is not None and run["params.p1"] >= 0,
            (run["metrics.m0"] or 0) > 0.5, run["metrics.m1"] is not None,
            run["git_commit"] and run["git_dirty"] is False, len(run["change"] or "") >= 10, run["owner"],
            mine and all(artifacts[key]["sha256"] for key in mine),
            mine and all(artifacts[key]["retention_class"] for key in mine),
        ]  # fmt: skip
        for item, held in enumerate(checks):
            sheet.append([run["run_id"], f"item {item}", "done" if held else "missing", "must", str(held)])
        runs.cell(number, place).value = f"{sum(map(bool, checks))} of {len(checks)}"
    sheet.tables["checklist"].ref = f"A1:{openpyxl.utils.get_column_letter(sheet.max_column)}{sheet.max_row}"
    book.save(target)


def _records(sheet: Any) -> Any:
    rows = sheet.iter_rows(values_only=True)
    names = next(rows)
    return (dict(zip(names, row, strict=True)) for row in rows)
