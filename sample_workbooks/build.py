"""Makes the sample registry: ``python -m sample_workbooks.build`` trains every model in it, which takes a few minutes.

The scripts in ``experiments`` run as anybody would run them, from a shell and in a git repository, so that what the
sample holds is what Tracker records. What a person did to the workbook (the Review sheet, the column ``verdict``, notes,
a planned run, checklist items) is put there without the journal, as Excel would save it, or through the app's edits.
Seeds are fixed; ids and times are those of the day it was made. Nothing in the sample names the machine it was made on.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from openpyxl.chart import Reference, ScatterChart, Series
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from templates import build as templates
from templates import look
from templates.sheets import FIRST_ROW, HEADER_ROW
from tracker import edits, store
from tracker.folders import Folders
from tracker.registry import open_registry
from tracker.sync import sync
from tracker.workbook import open_workbook

HERE = Path(__file__).parent
NAME = "ml_experiments.xlsx"
VERSIONS_KEPT = 2
RUN_COLUMNS = ("accuracy", "auc", "f1", "precision", "recall", "rmse", "r2")
TEMPLATE = templates.Template(
    "general",
    "Three questions, each with its baseline: digits, tumours, diabetes. Made by sample_workbooks/build.py.",
    run_columns=(*(f"metrics.{name}" for name in RUN_COLUMNS), "params.model", "params.seed"),
    metric="accuracy",
    chart_column="metrics.accuracy",
    chart_title="Accuracy of each run",
)

DATA, ANALYST = "data-science", "analyst"
RUNS: tuple[tuple[str, str], ...] = (
    (DATA, "prepare.py"),
    (DATA, "digits.py logistic"),
    (DATA, "digits.py neighbours"),
    (DATA, "digits.py svm"),
    (DATA, "digits.py sweep"),
    (ANALYST, "tumours.py logistic"),
    (ANALYST, "tumours.py logistic --C 0.1 --name 'logistic, C 0.1'"),
    (ANALYST, "tumours.py logistic --scale log --name 'logistic, log scale'"),
    (ANALYST, "tumours.py logistic --scale log1p --name 'logistic, log1p scale'"),
    (ANALYST, "tumours.py logistic --scale log1p --threshold 0.3 --name 'logistic, log1p, threshold 0.3'"),
    (ANALYST, "tumours.py forest --trees 50 --name 'forest of 50'"),
    (ANALYST, "tumours.py forest --trees 150 --depth 5 --name 'forest of 150'"),
    (ANALYST, "tumours.py boosting --trees 60 --name 'boosting, depth 3'"),
    (ANALYST, "tumours.py boosting --trees 60 --depth 2 --lr 0.2 --name 'boosting, depth 2'"),
    (DATA, "diabetes.py mean 0"),
    *((DATA, f"diabetes.py ridge {alpha}") for alpha in (0.01, 0.1, 1, 10)),
    *((DATA, f"diabetes.py lasso {alpha}") for alpha in (0.1, 1)),
    *((DATA, f"diabetes.py boosting {trees}") for trees in (50, 100, 200)),
)
"""Who runs what, in this order; the script's first argument, the registry, is added."""
FAILS = "tumours.py logistic --scale log --name 'logistic, log scale'"
"""Zeroes have no logarithm, so this one ends in an exception, as happens."""

EDITS: Mapping[str, Mapping[str, str]] = {
    "sweep of networks": {
        "goal": "How small can a network be that still reads 97 of 100 digits?",
        "insight": "32 units are enough at a rate of 0.003; 64 gain little.",
        "next_step": "Augment with shifted digits before making it any larger.",
    },
    "svm baseline": {"insight": "Best so far, but ten times slower to predict than the network."},
    "logistic, log scale": {
        "goal": "Measures are skewed: does a log scale help?",
        "insight": "Concavity has zeroes; log of zero is minus infinity.",
        "next_step": "Use log1p.",
    },
    "logistic, log1p scale": {"change": "log1p in place of log.", "insight": "No better than without."},
    "logistic, log1p, threshold 0.3": {
        "goal": "Miss fewer tumours.",
        "insight": "Recall is what we need; the false alarms are acceptable to the clinic.",
    },
    "ridge 0.1": {"insight": "The linear model to beat."},
    "boosting 200": {"insight": "Overfits after about 100 trees, see the curve of rmse."},
}
"""What people wrote on the app's pages, by run."""

VERDICTS = {
    "svm baseline": "keep",
    "network 32, lr 0.003": "keep",
    "network 16, lr 0.0003": "drop",
    "logistic, log scale": "drop",
    "logistic, log1p, threshold 0.3": "promote",
    "forest of 50": "drop",
    "ridge 0.1": "keep",
    "lasso 1": "drop",
}
"""The person's own column, typed in the workbook."""


def main() -> None:
    """Make the sample anew and put it in place of the old one."""
    with TemporaryDirectory() as place:
        work = Path(place, "experiments")
        folders = Folders(work / NAME)
        _repository(work)
        templates.save(_start_workbook(), folders.workbook)
        for owner, command in RUNS:
            _run(work, owner, command)
        _people_edit(folders)
        _tidy(folders)
        _refuse_traces(folders, place)
        _install(folders)


# -- what is there before the first run ---------------------------------------------------------------------------


def _start_workbook() -> Workbook:
    """The general template as a team would make it its own: a column and a sheet more."""
    book = templates.make(TEMPLATE)
    _add_verdict(book)
    _add_review(book)
    book.properties.title = "Machine learning experiments"
    return book


def _add_verdict(book: Workbook) -> None:
    """A person's own column at the end of the runs table, in a colour of its own, with a list to choose from."""
    sheet = book["Runs"]
    table = sheet.tables["runs"]
    column = sheet.max_column + 1
    header, cell = sheet.cell(HEADER_ROW, column), sheet.cell(FIRST_ROW, column)
    look.dress(
        header,
        "verdict",
        font=look.font(11, look.WHITE, bold=True),
        fill=look.fill("7A5C8E"),
        alignment=look.align("left", indent=1),
    )
    look.dress(cell, fill=look.fill("F3EDF7"), font=look.font(11, bold=True), alignment=look.align("left", indent=1))
    cell.border = look.edge("bottom")
    sheet.column_dimensions[header.column_letter].width = 14
    choices = DataValidation("list", formula1='"keep,drop,promote"', allow_blank=True)
    choices.add(cell.coordinate)
    sheet.add_data_validation(choices)
    table.ref = f"A{HEADER_ROW}:{cell.coordinate}"


def _add_review(book: Workbook) -> None:
    """A person's own sheet: what was decided, and a chart over the runs table."""
    sheet = book.create_sheet("Review", 2)
    sheet.sheet_properties.tabColor = "7A5C8E"
    sheet.sheet_view.showGridLines = False
    for letter, width in zip("ABCD", (3, 14, 34, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet["B2"] = "Review of the tumour models"
    sheet["B2"].font = Font(name="Calibri", size=18, bold=True, color="7A5C8E")
    rows = (
        ("when", "what we decided", "why"),
        (datetime(2026, 11, 2), "recall counts first", "a missed tumour costs more than a second examination"),
        (datetime(2026, 11, 9), "threshold 0.3 for the logistic model", "finds more tumours at few more false alarms"),
        (datetime(2026, 11, 16), "no deeper trees", "forests gain nothing after 50 trees of depth 3"),
    )
    for number, row in enumerate(rows, 4):
        for column, value in enumerate(row, 2):
            cell = sheet.cell(number, column, value)
            cell.font = Font(name="Calibri", size=11, bold=number == 4)
            cell.alignment = Alignment(horizontal="left", vertical="center", wrap_text=True)
            if number == 4:
                cell.fill = PatternFill("solid", fgColor="F3EDF7")
            elif column == 2:
                cell.number_format = look.DATE_FORMAT
        sheet.row_dimensions[number].height = 20
    sheet.add_chart(_precision_and_recall(book), "B10")


def _precision_and_recall(book: Workbook) -> ScatterChart:
    runs = book["Runs"]
    columns = {cell.value: cell.column for cell in runs[HEADER_ROW]}
    of_column = {
        name: Reference(runs, min_col=columns[f"metrics.{name}"], min_row=FIRST_ROW, max_row=FIRST_ROW)
        for name in ("recall", "precision")
    }
    chart = ScatterChart()
    chart.style = 13
    chart.title = "Precision against recall"
    series = Series(of_column["precision"], of_column["recall"])
    series.marker.symbol = "diamond"
    series.marker.size = 9
    series.marker.graphicalProperties.solidFill = "7A5C8E"
    series.graphicalProperties.line.noFill = True
    chart.series.append(series)
    chart.legend = None
    chart.x_axis.title, chart.y_axis.title = "recall", "precision"
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.number_format = chart.y_axis.number_format = "0.00"
    chart.x_axis.majorGridlines = None
    chart.width, chart.height = 20, 10
    return chart


# -- the runs -----------------------------------------------------------------------------------------------------


def _repository(work: Path) -> None:
    """A git repository with the scripts in it, committed."""
    shutil.copytree(HERE / "experiments", work, ignore=shutil.ignore_patterns("__pycache__"))
    (work / ".gitignore").write_text("*.xlsx\n*.tracker/\n*.joblib\n", "utf-8")
    for command in ("init -q -b main", "add .", "commit -q -m 'Scripts for digits, tumours and diabetes'"):
        _shell(work, DATA, f"git {command}")


def _run(work: Path, owner: str, command: str) -> None:
    script, _, arguments = command.partition(" ")
    done = _shell(work, owner, f"python {script} {NAME} {arguments}".strip(), may_fail=command == FAILS)
    if (done.returncode != 0) != (command == FAILS):
        raise SystemExit(f"{command} ended with {done.returncode}")
    print(f"{owner}: {command}")


def _shell(work: Path, owner: str, command: str, may_fail: bool = False) -> subprocess.CompletedProcess[bytes]:
    """Run a command in the repository, in an environment that says nothing of this machine."""
    neutral = work.parent / "neutral"
    neutral.mkdir(exist_ok=True)
    # Every Python that starts here takes the machine for one called workstation.
    (neutral / "sitecustomize.py").write_text("import socket\nsocket.gethostname = lambda: 'workstation'\n", "utf-8")
    who, when = f"{owner}@example.com", "2026-11-02T09:00:00+00:00"
    git = {
        f"GIT_{role}_{fact}": value
        for role in ("AUTHOR", "COMMITTER")
        for fact, value in (("NAME", owner), ("EMAIL", who), ("DATE", when))
    }
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(neutral), str(HERE.parent)]),
        "HOME": str(neutral),
        "LOGNAME": owner,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        **git,
    }
    errors = subprocess.DEVNULL if may_fail else None
    return subprocess.run(command, shell=True, cwd=work, env=environment, check=not may_fail, stderr=errors)


# -- what people did ----------------------------------------------------------------------------------------------


def _people_edit(folders: Folders) -> None:
    """On the app's pages, then in the workbook."""
    registry = open_registry(folders.workbook)
    ids = {str(run["name"]): str(run["run_id"]) for run in _rows(registry.rows("runs"))}
    for name, cells in EDITS.items():
        for column, text in cells.items():
            edits.set_cell(registry, "runs", (ids[name],), column, text, seen=None, who=ANALYST)
    sync(folders, who=ANALYST, program="app")

    best = ids["logistic, log1p, threshold 0.3"]
    model = next(str(row["artifact"]) for row in _rows(registry.rows("artifacts")) if row["run_id"] == best and row["name"] == "tumours-model")
    _type(folders, {
        "runs": ([{"run_id": ids[name], "verdict": verdict} for name, verdict in VERDICTS.items()], [PLANNED]),
        "checklist": ([], [{"run_id": best, **item} for item in CHECKLIST]),
        "models": ([], [{"model": "tumours", "version": 1, "artifact": model, "run_id": best, **MODEL}]),
    })
    sync(folders, who=ANALYST, program="app")
