"""Makes the sample registry: ``python -m sample_workbooks.build`` trains every model in it, which takes a few minutes.

The scripts in ``experiments`` run as anybody would run them, from a shell and in a git repository, so that what the
sample holds is what Tracker records. What a person did to the workbook (the Review sheet, the column ``verdict``, a
planned run, checklist items) is put there without the journal, as Excel would save it, notes as on the app's pages.
Seeds are fixed; ids and times are those of the day it was made. Nothing in the sample names the machine it was made on.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
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
from templates.lists import general
from templates.sheets import FIRST_ROW, HEADER_ROW, print_landscape
from tracker.deciding import edits
from tracker.deciding.ticking import tick
from tracker.folders import Folders
from tracker.reading.registry import Registry, open_registry
from tracker.schema import TABLES
from tracker.syncing.sync import sync
from tracker.workbook import Workbook as TrackerWorkbook
from tracker.workbook import open_workbook

HERE = Path(__file__).parent
NAME = "ml_experiments.xlsx"
VERSIONS_KEPT = 2
OWN_COLUMN, OWN_COLOR = "verdict", "7A5C8E"
METRICS = ("accuracy", "f1", "auc", "precision", "recall", "log_loss", "loss", "rmse", "mae", "r2")
PARAMS = ("model", "seed", "lr", "trees", "depth")
TEMPLATE = replace(
    general.TEMPLATE,
    purpose="Three questions, each with its baseline: digits, tumours, diabetes. Made by sample_workbooks/build.py.",
    run_columns=(
        f"tags.{OWN_COLUMN}",
        *(f"metrics.{name}" for name in METRICS),
        *(f"params.{name}" for name in PARAMS),
    ),
    metric="accuracy",
    chart_column="metrics.accuracy",
    chart_title="Accuracy of each run",
)

COMMITTED = "2026-11-02T09:00:00+00:00"
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
    (ANALYST, "tumours.py logistic --threshold 0.3 --name 'logistic, threshold 0.3'"),
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
        "goal": "How small a network still reads 97 of 100 digits?",
        "insight": "16 units do, at a rate of 0.01; 64 gain one point more.",
        "next_step": "Shifted digits, before making it any larger.",
    },
    "neighbours baseline": {"insight": "Best so far, but it has to keep all of the training data."},
    "logistic, log scale": {
        "goal": "The measures are skewed: does a log scale help?",
        "insight": "Some concavities are 0, and log 0 is minus infinity.",
        "next_step": "Use log1p.",
    },
    "logistic, log1p scale": {"change": "log1p in place of log.", "insight": "No better than without."},
    "logistic, threshold 0.3": {
        "goal": "Miss no tumour.",
        "change": "Threshold 0.3 in place of 0.5.",
        "insight": "Finds all 53 tumours of the test, at three false alarms.",
    },
    "lasso 0.1": {"insight": "Best rmse, and it drops measures that do not matter."},
    "boosting 200": {"insight": "Overfits: 50 trees did better, see the curve of rmse."},
}
"""What people wrote on the app's pages, by run."""

VERDICTS = {
    "neighbours baseline": "keep",
    "network 16, lr 0.001": "drop",
    "network 16, lr 0.01": "keep",
    "logistic, log scale": "drop",
    "logistic, threshold 0.3": "promote",
    "forest of 50": "drop",
    "lasso 0.1": "keep",
    "ridge 10": "drop",
}
"""The person's own column, typed in the workbook."""

PLANNED = {
    "name": "shifted digits",
    "experiment": "digits",
    "goal": "Do 16 units reach 98 % when the network also sees every digit shifted by one pixel?",
    "params.model": "MLPClassifier",
}
"""A run that a person means to make, typed below the others without an id."""

DECIDED = (
    ("training data, with its version", "done", {"evidence": "tumours-data:v1"}),
    ("code commit, nothing uncommitted", "done", {"evidence": "the commit of the run before; only the plots changed"}),
    ("test data, with its version", "waived", {"why": "a fixed split of the data set, by seed"}),
    ("log of the run", "not applicable", {"why": "it takes a second"}),
)
"""What a person said of the best run's checklist; the rules say the rest."""

# -- all of it ----------------------------------------------------------------------------------------------------


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
    _add_own_column(book)
    _add_review(book)
    book.properties.title = "Machine learning experiments"
    book.properties.lastModifiedBy = ANALYST
    return book


def _add_own_column(book: Workbook) -> None:
    """A person's own column in the runs table, in a colour of its own, with a list to choose from."""
    sheet = book["Runs"]
    header = next(cell for cell in sheet[HEADER_ROW] if cell.value == f"tags.{OWN_COLUMN}")
    header.comment = None
    look.dress(header, OWN_COLUMN, fill=look.fill(OWN_COLOR))
    cell = sheet.cell(FIRST_ROW, header.column)
    look.dress(cell, fill=look.fill("F3EDF7"), font=look.font(11, bold=True))
    choices = DataValidation("list", formula1='"keep,drop,promote"', allow_blank=True)
    choices.add(cell.coordinate)
    sheet.add_data_validation(choices)


def _add_review(book: Workbook) -> None:
    """A person's own sheet: what was decided, and a chart over the runs table."""
    sheet = book.create_sheet("Review", 2)
    sheet.sheet_properties.tabColor = OWN_COLOR
    sheet.sheet_view.showGridLines = False
    for letter, width in zip("ABCD", (3, 14, 34, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet["B2"] = "Review of the tumour models"
    sheet["B2"].font = Font(name="Calibri", size=18, bold=True, color=OWN_COLOR)
    rows = (
        ("when", "what we decided", "why"),
        (datetime(2026, 11, 2), "recall counts first", "a missed tumour costs more than a second examination"),
        (
            datetime(2026, 11, 9),
            "threshold 0.3 for the logistic model",
            "finds every tumour of the test, at three false alarms",
        ),
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
    print_landscape(sheet, pages_high=1)


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
    series.marker.graphicalProperties.solidFill = OWN_COLOR
    series.graphicalProperties.line.noFill = True
    chart.series.append(series)
    chart.legend = None
    chart.x_axis.title, chart.y_axis.title = "recall", "precision"
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.number_format = chart.y_axis.number_format = "0.00"
    chart.x_axis.scaling.max = chart.y_axis.scaling.max = 1
    chart.x_axis.majorGridlines = None
    chart.width, chart.height = 20, 10
    return chart


# -- the runs -----------------------------------------------------------------------------------------------------


def _repository(work: Path) -> None:
    """A git repository with the scripts in it, committed."""
    shutil.copytree(HERE / "experiments", work, ignore=shutil.ignore_patterns("__pycache__"))
    (work / ".gitignore").write_text("*.xlsx\n*.tracker/\n*.joblib\n", "utf-8")
    for command in ("git init -q -b main", "git add .", "git commit -q -m 'Digits, tumours and diabetes'"):
        _call(work, DATA, command)


def _run(work: Path, owner: str, command: str) -> None:
    script, _, arguments = command.partition(" ")
    fails = command == FAILS
    print(f"{owner}: {command}", flush=True)
    code = _call(work, owner, f"python {script} {NAME} {arguments}", quiet=fails)
    if (code != 0) != fails:
        raise SystemExit(f"{command} ended with {code}")


def _call(work: Path, owner: str, command: str, quiet: bool = False) -> int:
    """Run a command in the repository, in an environment that says nothing of this machine; gives its exit code."""
    neutral = work.parent / "neutral"
    neutral.mkdir(exist_ok=True)
    # Every Python that starts here takes the machine for one called workstation.
    (neutral / "sitecustomize.py").write_text("import socket\nsocket.gethostname = lambda: 'workstation'\n", "utf-8")
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(neutral), str(HERE.parent)]),
        "HOME": str(neutral),
        "LOGNAME": owner,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {
            f"GIT_{role}_NAME": owner,
            f"GIT_{role}_EMAIL": f"{owner}@example.com",
            f"GIT_{role}_DATE": COMMITTED,
        }
    errors = subprocess.DEVNULL if quiet else None
    return subprocess.call(shlex.split(command), cwd=work, env=environment, stderr=errors)


# -- what people did ----------------------------------------------------------------------------------------------


def _people_edit(folders: Folders) -> None:
    """On the app's pages, then in the workbook."""
    registry = open_registry(folders.workbook)
    ids = {row["name"]: row["run_id"] for row in _rows(registry, "runs")}
    for name, texts in EDITS.items():
        edits.edit_row(registry, "runs", (ids[name],), texts, {}, who=ANALYST)
    for item, status, said in DECIDED:
        tick(registry, ids["logistic, threshold 0.3"], item, status, ANALYST, **said)

    best = ids["logistic, threshold 0.3"]
    made = [
        row["artifact"] for row in _rows(registry, "lineage") if (row["run_id"], row["direction"]) == (best, "output")
    ]
    model = {
        "model": "tumours",
        "version": 1,
        "artifact": next(artifact for artifact in made if artifact.startswith("tumours-model:")),
        "run_id": best,
        "stage": "candidate",
        "reason": "finds every tumour of the test, at three false alarms",
    }
    with _saved_by_a_person(folders.workbook) as workbook:
        for name, verdict in VERDICTS.items():
            _type_into(workbook, "runs", (ids[name],), {OWN_COLUMN: verdict})
        _type_below(workbook, "runs", [PLANNED])
        _type_below(workbook, "models", [model])
    sync(folders, who=ANALYST, program="app")


def _rows(registry: Registry, table: str) -> list[dict[str, Any]]:
    rows = registry.rows(table)
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]


@contextmanager
def _saved_by_a_person(path: Path) -> Iterator[TrackerWorkbook]:
    """Change the workbook as a person does in Excel: the journal knows nothing of it."""
    target = path.with_suffix(".saving")
    with open_workbook(path) as workbook, open(target, "w+b") as file:
        yield workbook
        workbook.save(file)
    os.replace(target, path)


def _type_into(workbook: TrackerWorkbook, name: str, key: tuple[str, ...], values: Mapping[str, Any]) -> None:
    table = workbook.table(name)
    assert table is not None
    places = [table.columns.index(column) for column in TABLES[name].key]
    table.set(table.find(places, [key])[key], {table.columns.index(column): value for column, value in values.items()})


def _type_below(workbook: TrackerWorkbook, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    table = workbook.table(name)
    assert table is not None
    table.append(rows)


# -- the result ---------------------------------------------------------------------------------------------------


def _tidy(folders: Folders) -> None:
    """Leave out what only saves time and all but the newest earlier versions."""
    shutil.rmtree(folders.cache, ignore_errors=True)
    folders.lock.unlink(missing_ok=True)
    for version in sorted(folders.versions.iterdir())[:-VERSIONS_KEPT]:
        version.unlink()


def _refuse_traces(folders: Folders, *places: str) -> None:
    """End with an error where any file tells of this machine: its folders, its name, its user."""
    places = (*places, str(HERE.parent), str(Path.home()), sys.prefix)
    everywhere, in_texts = _any_of(*places), _any_of(*places, socket.gethostname(), getpass.getuser())
    for path in (folders.workbook, *folders.side.rglob("*")):
        for name, content, is_text in _contents(path):
            if found := (in_texts if is_text else everywhere).search(content):
                raise SystemExit(f"{name} holds {found[0]!r}")


def _any_of(*words: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?<!\w)(%s)(?!\w)" % b"|".join(re.escape(word.encode()) for word in words))


def _contents(path: Path) -> Iterator[tuple[str, bytes, bool]]:
    """A file's content and whether it is text: of a workbook each part, of a compressed model what it expands to."""
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            yield from ((f"{path.name}/{part}", archive.read(part), True) for part in archive.namelist())
    elif path.suffix == ".joblib":
        yield path.name, zlib.decompress(path.read_bytes()), False
    elif path.is_file():
        yield path.name, path.read_bytes(), path.suffix != ".png"


def _install(folders: Folders) -> None:
    target = Folders(HERE / NAME)
    shutil.rmtree(target.side, ignore_errors=True)
    shutil.copytree(folders.side, target.side)
    shutil.copyfile(folders.workbook, target.workbook)
    size = sum(path.stat().st_size for path in (target.workbook, *target.side.rglob("*")) if path.is_file())
    print(f"{target.workbook} with its folder: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
