"""The sample registry: real runs, whole files, a person's work in it, and no trace of the machine it was made on."""

from __future__ import annotations

import re
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tracker import store
from tracker.folders import Folders
from tracker.journal.metrics import read_steps
from tracker.reading.registry import Registry, open_registry
from tracker.syncing.sync import sync

SAMPLE = Folders(Path(__file__).parent.parent / "sample_workbooks" / "ml_experiments.xlsx")
EXPERIMENTS = {"digits", "tumours", "diabetes"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(SAMPLE.workbook)


@pytest.fixture(scope="module")
def runs(registry: Registry) -> list[dict[str, Any]]:
    return rows(registry, "runs")


def rows(registry: Registry, name: str) -> list[dict[str, Any]]:
    table = registry.rows(name)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def files() -> list[Path]:
    return [SAMPLE.workbook, *(path for path in SAMPLE.side.rglob("*") if path.is_file())]


def test_it_has_no_problems(registry: Registry) -> None:
    assert registry.check() == []


def test_a_copy_is_complete_and_needs_no_sync(tmp_path: Path) -> None:
    copy = Folders(tmp_path / SAMPLE.workbook.name)
    shutil.copyfile(SAMPLE.workbook, copy.workbook)
    shutil.copytree(SAMPLE.side, copy.side)
    report = sync(copy)
    assert (report.change_set, report.conflicts, report.problems, report.pending) == (None, (), (), 0)
    assert copy.workbook.read_bytes() == SAMPLE.workbook.read_bytes()


def test_there_are_thirty_runs_of_three_experiments(runs: list[dict[str, Any]]) -> None:
    assert len(runs) >= 30
    assert {run["experiment"] for run in runs} == EXPERIMENTS
    assert len({run["run_id"] for run in runs}) == len(runs)


def test_one_run_failed_and_one_is_planned(runs: list[dict[str, Any]]) -> None:
    statuses = Counter(run["status"] for run in runs)
    assert statuses == {"FINISHED": len(runs) - 2, "FAILED": 1, "PLANNED": 1}


def test_runs_have_params_metrics_and_a_clean_commit(runs: list[dict[str, Any]]) -> None:
    for run in runs:
        if run["status"] != "PLANNED":
            assert re.fullmatch("[0-9a-f]{40}", run["git_commit"]) and run["git_dirty"] is False
        if run["status"] == "FINISHED" and run["name"] != "prepare data":
            assert run["params.model"] and any(run[f"metrics.{name}"] for name in ("accuracy", "rmse")), run["name"]


def test_the_models_learned_something(runs: list[dict[str, Any]]) -> None:
    by_name = {run["name"]: run for run in runs}
    assert by_name["neighbours baseline"]["metrics.accuracy"] > 0.98
    assert by_name["logistic, threshold 0.3"]["metrics.recall"] == 1
    assert by_name["lasso 0.1"]["metrics.rmse"] < 0.8 * by_name["mean 0"]["metrics.rmse"]


def test_a_sweep_holds_nested_runs(runs: list[dict[str, Any]]) -> None:
    (sweep,) = (run["run_id"] for run in runs if run["name"] == "sweep of networks")
    assert sum(run["parent_run_id"] == sweep for run in runs) == 9


def test_metric_steps_lead_to_the_value_in_the_sheet(runs: list[dict[str, Any]]) -> None:
    with_curve = 0
    for run in runs:
        steps = read_steps(SAMPLE.metrics(run["run_id"]))
        last = {metric: value for metric, value in zip(steps.metric, steps.value, strict=True)}
        assert {name: run[f"metrics.{name}"] for name in last} == pytest.approx(last)
        with_curve += max(Counter(steps.metric).values(), default=0) >= 40
    assert with_curve >= 12


def test_stored_files_are_what_they_were(registry: Registry) -> None:
    assert store.verify(SAMPLE) == []
    artifacts = rows(registry, "artifacts")
    assert {"data set", "model file", "figure", "table", "environment"} <= {artifact["kind"] for artifact in artifacts}
    for artifact in artifacts:
        assert (SAMPLE.workbook.parent / artifact["path"]).exists()
        assert store.find(SAMPLE, artifact["artifact"]).sha256 == artifact["sha256"]


def test_each_data_set_is_stored_once_and_read_by_many(registry: Registry) -> None:
    read = Counter(link["artifact"] for link in rows(registry, "lineage") if link["direction"] == "input")
    assert read.keys() == {f"{experiment}-data:v1" for experiment in EXPERIMENTS}
    assert all(count > 5 for count in read.values())


def test_people_worked_in_it(registry: Registry, runs: list[dict[str, Any]]) -> None:
    assert {run["verdict"] for run in runs} == {None, "keep", "drop", "promote"}
    assert sum(bool(run["insight"]) for run in runs) >= 5
    edited = [entry for changes in registry.changes() for entry in changes.entries if entry.by == "person"]
    assert {entry.who for entry in edited} == {"analyst"}
    with zipfile.ZipFile(SAMPLE.workbook) as archive:
        charts = [archive.read(name) for name in archive.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]
    (own,) = (chart for chart in charts if b"Precision against recall" in chart)
    # The chart was drawn over one row, and has grown with the table since.
    (last_row,) = set(re.findall(rb"'?Runs'?!\$[A-Z]+\$4:\$[A-Z]+\$(\d+)", own))
    assert int(last_row) == 3 + len(runs)


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in files()) < 5_000_000
    assert len(list(SAMPLE.versions.iterdir())) <= 3


def test_nothing_waits_and_nothing_is_left_over() -> None:
    assert not [path for path in files() if "pending" in path.parts or path.suffix in (".lock", ".owner", ".partial")]
    assert not SAMPLE.cache.exists()


def test_it_tells_nothing_of_the_machine_it_was_made_on(runs: list[dict[str, Any]]) -> None:
    place = re.compile(rb"/(?:home|root|tmp|work|Users|usr|opt|var)/|[A-Z]:\\\\|site-packages")
    for name, content in contents():
        found = place.search(content)
        assert not found, f"{name}: …{content[max(0, found.start() - 40) : found.end() + 40]!r}"
    assert {run["host"].partition(",")[0] for run in runs if run["host"]} == {"workstation"}
    assert {run["owner"] for run in runs if run["owner"]} <= {"data-science", "analyst"}


def contents() -> Iterator[tuple[str, bytes]]:
    """Every file, opened up as far as it is packed; namespaces of XML and pictures' pixels say nothing."""
    for path in files():
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                for part in archive.namelist():
                    text = re.sub(rb'(?:xmlns(?::\w+)?|Target|PartName)="[^"]*"', b"", archive.read(part))
                    yield f"{path.name}/{part}", text
        elif path.suffix == ".joblib":
            yield path.name, zlib.decompress(path.read_bytes())
        elif path.suffix != ".png":
            yield path.name, path.read_bytes()
