"""A folder of registries: found, overlooked, and their runs as one table."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import tracker
from tracker.reading.many import find_workbooks, open_folder, overview
from tracker.workbook import open_workbook

ROOT = Path(__file__).parent.parent


def make(path: Path, *runs: str, **metrics: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "templates" / "general.xlsx", path)
    for name in runs:
        with tracker.start_run(path, experiment=path.stem, name=name) as run:
            run.log_metrics(metrics)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two registries, one of them deeper; a workbook of another kind, a conflict copy, and what is no workbook."""
    make(tmp_path / "churn.xlsx", "a", "b", auc=0.9)
    make(tmp_path / "team" / "wine.xlsx", "c", rmse=2.0)
    shutil.copyfile(tmp_path / "churn.xlsx", tmp_path / "churn (conflicted copy 2026-11-25).xlsx")
    other = openpyxl.Workbook()
    other.active.append(["Model", "AUC"])
    other.save(tmp_path / "plain.xlsx")
    (tmp_path / "~$gone.xlsx").write_bytes(b"lock")
    (tmp_path / "notes.txt").write_text("no workbook")
    return tmp_path


def test_registries_are_found_and_other_workbooks_are_told_apart(folder: Path) -> None:
    registries, others = find_workbooks(folder)
    assert registries == [folder / "churn.xlsx", folder / "team" / "wine.xlsx"]
    assert others == [folder / "plain.xlsx"]
    assert not any("versions" in str(path) for path in registries)


def test_the_runs_of_all_are_one_frame_with_the_registry_first(folder: Path) -> None:
    runs = tracker.open_folder(folder).runs(order_by=["name"])
    assert runs.columns[0] == "registry"
    assert list(zip(runs["registry"], runs["name"], strict=True)) == [
        ("churn.xlsx", "a"),
        ("churn.xlsx", "b"),
        ("team/wine.xlsx", "c"),
    ]
    assert list(runs["metrics.auc"].fillna(-1)) == [0.9, 0.9, -1] and runs["metrics.auc"].dtype == float
    assert list(runs["notes"]) == [None] * 3 and runs["name"].dtype == object
    assert str(runs["start_time"].dtype) == "datetime64[ms, UTC]"
    found = open_folder(folder).runs("metrics.auc > 0.5 and registry = 'churn.xlsx'", limit=1)
    assert len(found) == 1 and found["registry"][0] == "churn.xlsx"


def test_a_persons_own_column_named_registry_keeps_its_values(folder: Path) -> None:
    with open_workbook(folder / "churn.xlsx") as workbook, open(folder / "new", "w+b") as file:
        table = workbook.table("runs")
        assert table is not None
        table.add_columns(["registry"], [12.0])
        table.set(next(table.rows()).number, {len(table.columns) - 1: "of ours"})
        workbook.save(file)
    (folder / "new").replace(folder / "churn.xlsx")
    runs = open_folder(folder).runs()
    assert set(runs["own.registry"].dropna()) == {"of ours"}
    assert set(runs["registry"]) == {"churn.xlsx", "team/wine.xlsx"}


def test_an_overview_counts_runs_and_problems_and_says_who_has_it_open(folder: Path) -> None:
    path = folder / "churn.xlsx"
    seen = overview(path)
    assert (seen.runs, seen.running, seen.open_by, seen.unreadable) == (2, 0, "", "")
    newest = tracker.open(path).runs()["start_time"].max()
    assert seen.last_run is not None and pd.Timestamp(seen.last_run, tz="UTC") == newest
    assert seen.warnings >= 1, "the conflict copy beside it"
    (folder / ".~lock.churn.xlsx#").write_text(",ann,desk,25.11.2026 10:00,file:///home/ann;")
    assert "ann" in overview(path).open_by


def test_a_torn_registry_is_listed_with_its_reason(folder: Path) -> None:
    (folder / "churn.xlsx").write_bytes((folder / "churn.xlsx").read_bytes()[:500])
    assert folder / "churn.xlsx" in find_workbooks(folder)[0]
    assert str(folder / "churn.xlsx") in overview(folder / "churn.xlsx").unreadable
    with pytest.raises(tracker.NotAWorkbookError):
        open_folder(folder).runs()


def test_an_empty_folder_has_no_runs_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    assert open_folder(tmp_path).runs().empty and open_folder(tmp_path).registries() == []
    make(tmp_path / "empty.xlsx")
    assert open_folder(tmp_path).runs().empty
    assert "status" in open_folder(tmp_path).runs().columns
    with pytest.raises(tracker.RegistryNotFoundError):
        tracker.open_folder(tmp_path / "nowhere")
