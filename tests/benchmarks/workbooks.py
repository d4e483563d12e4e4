"""Workbooks of any number of runs by 40 columns, as a person's program saves them; each is made once and kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from benchmarks.measure import Options
from tracker.schema import RUNS, TABLES, Table

WIDTH = 40
_DAY = datetime(2026, 1, 5, 8)
_STATUS = ("FINISHED", "FINISHED", "FINISHED", "FAILED")
_TEXTS: dict[str, Callable[[int], Any]] = {
    "run_id": lambda row: f"20260105-{row:06d}",
    "name": lambda row: f"gbm depth {row % 12} fold {row}",
    "experiment": lambda row: f"experiment {row % 30}",
    "status": lambda row: _STATUS[row % 4],
    "start_time": lambda row: _DAY + timedelta(minutes=row),
    "end_time": lambda row: _DAY + timedelta(minutes=row, seconds=47),
    "parent_run_id": lambda row: f"20260105-{row // 10 * 10:06d}",
    "git_commit": lambda row: f"{row // 5 * 2654435761 % 2**32:08x}",
    "git_dirty": lambda row: row % 3 == 0,
    "duration": lambda row: 47.0 + row % 100 / 8,
}


def columns() -> list[str]:
    """The 40 columns of ``runs``: what the schema declares, then params and metrics."""
    names = [column.name for column in RUNS.columns]
    params = (WIDTH - len(names)) // 2
    names += [f"params.p{number}" for number in range(params)]
    return names + [f"metrics.m{number}" for number in range(WIDTH - len(names))]


def value(row: int, column: str) -> Any:
    """What stands in a cell; rows count from 0."""
    if column in _TEXTS:
        return _TEXTS[column](row)
    if column.startswith("metrics."):
        return (row * 7919 + int(column[9:]) * 104729) % 1_000_003 / 1_000_003
    if column.startswith("params."):
        return 10 * 2 ** (row % 5) * int(column[8:]) + 0.5 * (row % 2)
    return f"{column} {row % 50}"


def workbook(folder: Path, rows: int) -> Path:
    """The workbook with that many runs."""
    path = folder / f"{rows}-runs-by-{WIDTH}.xlsx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{os.getpid()}.partial.xlsx")
        _make(partial, rows)
        os.replace(partial, path)
    return path


def _make(path: Path, rows: int) -> None:
    with xlsxwriter.Workbook(path) as book:
        date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for table in TABLES.values():
            _add_table(book, table, columns() if table is RUNS else [c.name for c in table.columns], rows, date)
        summary = book.add_worksheet("Summary")
        summary.write_formula("A1", "=COUNTA(runs[run_id])", None, rows)
        summary.write_formula("A2", "=MAX(runs[metrics.m0])", None, 1)
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": f"=runs!$AN$2:$AN${rows + 1}"})
        summary.insert_chart("C3", chart)


def _add_table(book: Any, table: Table, names: Sequence[str], rows: int, date: Any) -> None:
    sheet = book.add_worksheet(table.name)
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, names)  # first, row by row: shared strings are numbered as Excel numbers them
    if table is RUNS:
        for row in range(rows):
            for place, name in enumerate(names):
                cell = value(row, name)
                if isinstance(cell, datetime):
                    sheet.write_datetime(row + 1, place, cell, date)
                else:
                    sheet.write(row + 1, place, cell)
    last = rows if table is RUNS else 1
    sheet.add_table(0, 0, last, len(names) - 1, {"name": table.name, "columns": [{"header": name} for name in names]})


def registry(options: Options, folder: Path, rows: int) -> Path:
    """A registry of its own with that many runs, which Tracker has not seen yet."""
    return Path(shutil.copyfile(workbook(options.folder, rows), folder / f"registry-{rows}.xlsx"))
