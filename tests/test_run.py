"""A run from a script into the workbook: what is logged is there, and logging never stops the training."""

from __future__ import annotations

import argparse
import errno
import math
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy
import pytest

import tracker
from tracker import capture, store
from tracker.errors import (
    BadRequestError,
    NoTablesError,
    NotAWorkbookError,
    RegistryNotFoundError,
    RegistryNotWritableError,
    RunNotFoundError,
    TrackerWarning,
)
from tracker.folders import Folders
from tracker.journal.metrics import read_steps
from tracker.journal.pending import PendingWriter, read_pending
from tracker.model import Change
from tracker.runs import pulse
from tracker.syncing.sync import sync
from tracker.values import from_cell
from tracker.workbook import read_tables

ROOT = Path(__file__).parent.parent


def faults_said(text: str) -> str:
    """What a script said on stderr, without the line at a run's end that says how far its checklist is."""
    return "".join(line for line in text.splitlines(keepends=True) if " checklist items" not in line)


@pytest.fixture(autouse=True)
def out_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of Tracker's own repository is none of these runs' business."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capture, "script", lambda: None)


@pytest.fixture(autouse=True)
def no_run_is_left_over() -> Iterator[None]:
    yield
    while run := tracker.active_run():
        run.end()


def in_workbook(path: Path, table: str = "runs") -> list[dict[str, Any]]:
    """The rows of a table as the workbook itself has them: values that are not blank, by column."""
    rows = read_tables(path, {table})[table]
    named = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    return [{name: value for name, value in row.items() if value is not None} for row in named if any(row.values())]


def pending_changes(path: Path) -> list[Change]:
    return [change for file in read_pending(Folders(path).pending, {}) for change in file.changes]


def script(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", code, *map(str, arguments)]
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


# -- the whole way ------------------------------------------------------------------------------------------------


def test_everything_logged_is_in_the_workbook_when_the_run_ends(registry_path: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.pkl"
    model.write_bytes(b"weights")
    with tracker.start_run(
        registry_path,
        experiment="churn",
        name="gbm",
        tags={"team": "risk"},
        params={"seed": 7},
        notes="first",
        owner="ds1",
    ) as run:
        run.log_params({"depth": 6, "lr": 0.1, "name": "=1+1", "flag": True, "big": 2**60, "text": "1e5"})
        for step in range(5):
            run.log_metric("auc", 0.5 + step / 10, step=step)
        run.log_metrics({"loss": math.nan, "f1": numpy.float32(0.5)}, step=9)
        run.set_tag("stage", "trial")
        stored = run.log_artifact(model, name="churn-model", category="model")
    assert stored is not None
    (row,) = in_workbook(registry_path)
    assert row["run_id"] == run.run_id
    assert (row["experiment"], row["name"], row["status"], row["owner"]) == ("churn", "gbm", "FINISHED", "ds1")
    assert (row["notes"], row["tags.team"], row["tags.stage"]) == ("first", "risk", "trial")
    logged = {name[7:]: from_cell(value) for name, value in row.items() if name.startswith("params.")}
    assert logged == run.params
    assert logged == {"seed": 7, "depth": 6, "lr": 0.1, "name": "=1+1", "flag": True, "big": 2**60, "text": "1e5"}
    assert (row["metrics.auc"], row["metrics.loss"], row["metrics.f1"]) == (0.9, "NaN", 0.5)
    assert isinstance(row["start_time"], datetime)
    assert row["end_time"] >= row["start_time"]
    assert row["duration"] == pytest.approx((row["end_time"] - row["start_time"]).total_seconds(), abs=0.01)
    artifacts = {found["artifact"]: found for found in in_workbook(registry_path, "artifacts")}
    assert set(artifacts) == {"churn-model:v1", "environment:v1"}
    found = artifacts["churn-model:v1"]
    assert (found["name"], found["version"], found["size"], found["files"], found["status"]) == (
        "churn-model",
        1,
        7,
        1,
        "stored",
    )
    assert (registry_path.parent / found["path"]).read_bytes() == b"weights"
    assert (found["run_id"], found["created_by"], found["sha256"]) == (run.run_id, "ds1", stored.sha256)
    lineage = [(found["direction"], found["artifact"]) for found in in_workbook(registry_path, "lineage")]
    assert sorted(lineage) == [("output", "churn-model:v1"), ("output", "environment:v1")]
    assert Folders(registry_path).pending.is_dir()
    assert pending_changes(registry_path) == []


def test_a_value_is_visible_as_soon_as_its_call_returned(registry_path: Path) -> None:
    run = tracker.start_run(registry_path, name="going on")
    run.log_param("depth", 6)
    run.log_metric("auc", 0.75)
    assert in_workbook(registry_path) == []
    seen = tracker.open(registry_path).run(run.run_id)
    assert (seen["name"], seen["status"], seen["params.depth"], seen["metrics.auc"]) == ("going on", "RUNNING", 6, 0.75)


def test_the_environment_is_one_version_for_all_runs_that_share_it(registry_path: Path) -> None:
    for _ in range(3):
        tracker.start_run(registry_path).end()
    sync(Folders(registry_path))
    assert [row["artifact"] for row in in_workbook(registry_path, "artifacts")] == ["environment:v1"]
    assert len(in_workbook(registry_path, "lineage")) == 3


def test_git_is_recorded_with_what_is_not_committed(registry_path: Path, tmp_path: Path) -> None:
    code = registry_path.parent / "train.py"
    code.write_text(f"import tracker\nwith tracker.start_run({str(registry_path)!r}):\n    pass\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=n@example.com"]
    subprocess.run([*git, "init", "-q", "-b", "trunk"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "all"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, code, "--token", "s3cr3t"], check=True, env=environment)
    with open(code, "a") as file:
        file.write("# changed\n")
    subprocess.run([sys.executable, code], check=True, env=environment)
    clean, dirty = in_workbook(registry_path)
    assert (clean["git_commit"], clean["git_branch"], clean["git_dirty"]) == (commit, "trunk", False)
    assert (dirty["git_commit"], dirty["git_dirty"], dirty["source"]) == (commit, True, "train.py")
    assert clean["command"].endswith("train.py --token '***'")
    assert clean["name"].startswith("train-")
    (diff,) = [row for row in in_workbook(registry_path, "artifacts") if row["name"] == "git-diff"]
    assert (diff["category"], diff["kind"], diff["run_id"]) == ("code", "diff", dirty["run_id"])
    assert "+# changed" in (tmp_path / diff["path"]).read_text()


# -- starting -----------------------------------------------------------------------------------------------------


def test_a_wrong_path_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)
    text, empty = tmp_path / "text.xlsx", tmp_path / "runs.xlsx"
    text.write_text("not a workbook")
    import openpyxl

    openpyxl.Workbook().save(empty)
    before = time.monotonic()
    with pytest.raises(RegistryNotFoundError, match="python -m tracker init"):
        tracker.start_run(tmp_path / "nothing.xlsx")
    with pytest.raises(NotAWorkbookError):
        tracker.start_run(text)
    with pytest.raises(NoTablesError):
        tracker.start_run(empty)
    with pytest.raises(BadRequestError, match="TRACKER_REGISTRY"):
        tracker.start_run()
    assert time.monotonic() - before < 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs.xlsx", "text.xlsx"]
    assert tracker.active_run() is None


def test_a_workbook_that_a_person_is_saving_is_waited_for(registry_path: Path) -> None:
    tracker.start_run(registry_path).end()
    content = registry_path.read_bytes()
    registry_path.write_bytes(content[:1000])
    timer = threading.Timer(0.3, registry_path.write_bytes, [content])
    timer.start()
    tracker.start_run(registry_path).end()
    timer.join()


def test_the_registry_may_be_named_by_the_environment(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_REGISTRY", str(registry_path))
    with tracker.start_run() as run:
        pass
    assert run.registry == registry_path


def test_an_open_registry_may_be_given(registry_path: Path) -> None:
    with tracker.start_run(tracker.open(registry_path)) as run:  # type: ignore[arg-type]
        pass
    assert run.registry == registry_path


def test_a_side_folder_that_cannot_be_made_is_told_at_once(registry_path: Path) -> None:
    Folders(registry_path).side.write_text("a file is in the way")
    with pytest.raises(RegistryNotWritableError, match="unchanged"):
        tracker.start_run(registry_path)
    assert tracker.active_run() is None


def test_run_ids_are_unique_and_no_number_or_date(registry_path: Path) -> None:
    ids = set()
    for _ in range(5):
        with tracker.start_run(registry_path) as run:
            ids.add(run.run_id)
    assert len(ids) == 5
    assert all(id.count("-") == 2 and len(id) == 22 for id in ids)


def test_a_second_run_needs_nested(registry_path: Path) -> None:
    with tracker.start_run(registry_path, name="sweep", experiment="e") as parent:
        with pytest.raises(BadRequestError, match="nested=True"):
            tracker.start_run(registry_path)
        with tracker.start_run(nested=True, name="trial") as child:
            assert tracker.active_run() is child
        assert tracker.active_run() is parent
    rows = {row["name"]: row for row in in_workbook(registry_path)}
    assert rows["trial"]["parent_run_id"] == parent.run_id
    assert rows["trial"]["experiment"] == "e"
    assert "parent_run_id" not in rows["sweep"]


def test_set_experiment_holds_for_the_runs_that_follow(registry_path: Path) -> None:
    tracker.set_experiment("pricing")
    try:
        with tracker.start_run(registry_path) as run:
            assert run.experiment == "pricing"
    finally:
        tracker.set_experiment("")
    with tracker.start_run(registry_path) as run:
        assert run.experiment == "Default"


# -- ending and resuming ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "FINISHED"),
        (ValueError("x"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (SystemExit(0), "FINISHED"),
        (SystemExit(2), "FAILED"),
        (SystemExit("message"), "FAILED"),
    ],
)
def test_the_status_says_how_the_block_was_left(registry_path: Path, error: BaseException | None, status: str) -> None:
    def leave() -> None:
        with tracker.start_run(registry_path):
            if error is not None:
                raise error

    if error is None:
        leave()
    else:
        with pytest.raises(type(error)):
            leave()
    assert [row["status"] for row in in_workbook(registry_path)] == [status]


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("", "FINISHED"),
        ("raise ValueError('x')", "FAILED"),
        ("raise KeyboardInterrupt", "KILLED"),
        ("tracker.end_run('FAILED')", "FAILED"),
    ],
)
def test_a_run_that_nobody_ended_ends_with_the_process(registry_path: Path, ending: str, status: str) -> None:
    code = f"import sys, tracker\ntracker.start_run(sys.argv[1])\ntracker.log_param('a', 1)\n{ending}\n"
    script(code, registry_path)
    (row,) = in_workbook(registry_path)
    assert (row["status"], row["params.a"]) == (status, 1)


def test_ending_twice_does_nothing_and_a_wrong_status_is_said(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    with pytest.warns(TrackerWarning, match="not as 'DONE'"):
        run.end("DONE")
    run.end("FAILED")
    tracker.end_run()
    assert in_workbook(registry_path)[0]["status"] == "FINISHED"


def test_what_is_logged_after_the_end_is_kept(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    run.end()
    run.log_param("late", 1)
    run.log_metric("auc", 0.5)
    sync(Folders(registry_path))
    (row,) = in_workbook(registry_path)
    assert (row["params.late"], row["metrics.auc"], row["status"]) == (1, 0.5, "FINISHED")


def test_a_resumed_run_goes_on_where_it_was(registry_path: Path) -> None:
    with tracker.start_run(registry_path, name="long", params={"lr": 0.1}, owner="ds1") as first:
        first.log_metric("auc", 0.5, step=0)
    again = tracker.start_run(registry_path, run_id=first.run_id, tags={"resumed": "yes"})
    assert (again.run_id, again.name, again.owner, again.params) == (first.run_id, "long", "ds1", {"lr": 0.1})
    assert again.start_time == first.start_time
    seen = tracker.open(registry_path).run(first.run_id)
    assert (seen["status"], seen["end_time"]) == ("RUNNING", None)
    again.log_metric("auc", 0.75, step=1)
    again.log_param("lr", 0.2)
    again.end()
    sync(Folders(registry_path))
    (row,) = in_workbook(registry_path)
    assert (row["status"], row["metrics.auc"], row["params.lr"], row["tags.resumed"]) == ("FINISHED", 0.75, 0.2, "yes")
    assert row["duration"] >= 0
    assert read_steps(Folders(registry_path).metrics(first.run_id)).value == [0.5, 0.75]


def test_a_run_that_a_person_planned_can_be_begun(registry_path: Path) -> None:
    folders = Folders(registry_path)
    writer = PendingWriter(folders.pending, who="analyst")
    planned = {"name": "try depth 9", "status": "PLANNED", "experiment": "e", "goal": "see"}
    writer.append(Change("runs", ("plan-1",), planned, new=True, time=time.time(), by="person"))
    writer.close()
    sync(folders)
    with tracker.start_run(registry_path, run_id="plan-1", params={"depth": 9}) as run:
        assert (run.name, run.experiment) == ("try depth 9", "e")
    (row,) = in_workbook(registry_path)
    assert (row["status"], row["goal"], row["params.depth"]) == ("FINISHED", "see", 9)
    assert row["end_time"] >= row["start_time"]
    assert row["python"]


def test_resuming_what_is_not_there_is_told(registry_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="nothing-like-it"):
        tracker.start_run(registry_path, run_id="nothing-like-it")
    assert tracker.active_run() is None


# -- params, tags, metrics ----------------------------------------------------------------------------------------


def test_the_last_value_of_a_param_counts_and_what_was_is_told(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    run.log_param("lr", 0.1)
    run.log_param("lr", 0.2)
    sets = [(change.set, change.was) for change in pending_changes(registry_path) if "params.lr" in change.set]
    assert sets == [({"params.lr": 0.1}, {}), ({"params.lr": 0.2}, {"params.lr": 0.1})]
    assert run.params == {"lr": 0.2}


def test_a_persons_value_stays_and_the_scripts_is_kept_as_a_conflict(registry_path: Path) -> None:
    folders = Folders(registry_path)
    run = tracker.start_run(registry_path, notes="from the script")
    sync(folders)
    person = PendingWriter(folders.pending, who="analyst")
    was = {"notes": "from the script"}
    person.append(Change("runs", (run.run_id,), {"notes": "mine"}, was, time=time.time(), who="analyst", by="person"))
    person.close()
    sync(folders)
    run.set_note("from the script again")
    run.end()
    sync(folders)
    assert in_workbook(registry_path)[0]["notes"] == "mine"
    conflicts = [conflict for change_set in tracker.open(registry_path).changes() for conflict in change_set.conflicts]
    assert [(conflict.kept, conflict.dropped) for conflict in conflicts] == [("mine", "from the script again")]


def test_params_may_be_what_argparse_makes(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    run.log_params(argparse.Namespace(lr=0.1, model="gbm"))  # type: ignore[arg-type]
    assert run.params == {"lr": 0.1, "model": "gbm"}


def test_a_value_that_cannot_be_shown_holds_up_no_other(registry_path: Path) -> None:
    class Broken:
        def __str__(self) -> str:
            raise ValueError("no text")

    run = tracker.start_run(registry_path)
    with pytest.warns(TrackerWarning, match="no text"):
        run.log_params({"broken": Broken(), "lr": 0.1})
    with pytest.warns(TrackerWarning, match="no text"):
        run.set_tags({"broken": Broken(), "team": "risk"})
    assert run.params == {"lr": 0.1}
    assert pending_changes(registry_path)[-1].set == {"tags.team": "risk"}


@pytest.mark.parametrize("name", ["a/b c", "ärger 模型 🚀", "x,y", '"quoted"', "a.b", "=SUM(A1)", "tab\tand\nline"])
def test_names_may_be_anything(registry_path: Path, name: str) -> None:
    shown = name if name.isprintable() else " ".join(name.split())
    with tracker.start_run(registry_path) as run:
        run.log_param(name, 1)
        run.set_tag(name, "t")
        run.log_metric(name, 0.5, step=1)
    (row,) = in_workbook(registry_path)
    assert (row[f"params.{shown}"], row[f"tags.{shown}"], row[f"metrics.{shown}"]) == (1, "t", 0.5)


def test_metrics_may_be_any_number(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    values: list[Any] = [1, True, numpy.float64(0.25), numpy.int8(3), numpy.array([0.5]), numpy.array(2.5), "0.125"]
    for step, value in enumerate(values):
        run.log_metric("m", value, step=numpy.int64(step))  # type: ignore[arg-type]
    run.log_metric("m", -math.inf, timestamp=1234)
    read = read_steps(Folders(registry_path).metrics(run.run_id))
    assert read.value == [1.0, 1.0, 0.25, 3.0, 0.5, 2.5, 0.125, -math.inf]
    assert read.step == [0, 1, 2, 3, 4, 5, 6, None]
    assert read.timestamp[-1] == 1234
    assert abs(read.timestamp[0] / 1000 - time.time()) < 60


@pytest.mark.parametrize("value", [None, "high", [1, 2], numpy.array([1.0, 2.0]), 1j, object()])
def test_a_metric_that_is_no_number_is_said_once_and_the_others_are_logged(registry_path: Path, value: object) -> None:
    run = tracker.start_run(registry_path)
    with pytest.warns(TrackerWarning, match="'bad' needs a number") as caught:
        for step in range(3):
            run.log_metrics({"good": 1.0, "bad": value}, step=step)
    assert len(caught) == 1
    for name in ("bad", "worse"):
        with pytest.warns(TrackerWarning, match=f"'{name}' needs a number"):
            run.log_metric(name, value)
    assert read_steps(Folders(registry_path).metrics(run.run_id)).metric == ["good"] * 3


def test_half_a_step_is_rounded_down_and_said(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    with pytest.warns(TrackerWarning, match=r"1\.5 counts as 1"):
        run.log_metric("m", 0.5, step=1.5)  # type: ignore[arg-type]
    assert read_steps(Folders(registry_path).metrics(run.run_id)).step == [1]


@pytest.mark.parametrize("name", ["", "  ", "\n"])
def test_an_empty_name_is_refused_without_stopping(registry_path: Path, name: str) -> None:
    run = tracker.start_run(registry_path)
    for log in (lambda: run.log_param(name, 1), lambda: run.log_metric(name, 1), lambda: run.set_tag(name, 1)):
        with pytest.warns(TrackerWarning, match="name is empty"):
            log()
    with pytest.warns(TrackerWarning, match="name is empty"):
        run.log_params({name: 1, "good": 2})
    assert run.params == {"good": 2}


# -- module-level verbs -------------------------------------------------------------------------------------------


def test_module_level_verbs_act_on_the_active_run_as_mlflows_do(registry_path: Path, tmp_path: Path) -> None:
    data = tmp_path / "train.csv"
    data.write_text("a\n1\n")
    tracker.start_run(registry_path)
    tracker.log_param("lr", 0.1)
    tracker.log_params({"depth": 6})
    tracker.log_metric("auc", 0.5, 1)
    tracker.log_metrics({"loss": 1.0}, 2)
    tracker.set_tag("team", "risk")
    tracker.set_tags({"stage": "trial"})
    tracker.set_note("a note")
    tracker.log_artifact(data)
    tracker.log_artifacts(tmp_path / "registry.tracker" / "artifacts" / "train.csv" / "v1", "folder")
    tracker.log_dict({"a": 1}, "config.json")
    tracker.log_text("hello", "notes.md")
    tracker.log_table({"a": [1, 2]}, "errors.csv")
    assert tracker.use_artifact("train.csv").read_text() == "a\n1\n"
    tracker.end_run()
    assert tracker.active_run() is None
    (row,) = in_workbook(registry_path)
    assert (row["params.lr"], row["params.depth"], row["metrics.auc"], row["metrics.loss"]) == (0.1, 6, 0.5, 1.0)
    assert (row["tags.team"], row["tags.stage"], row["notes"]) == ("risk", "trial", "a note")
    lineage = {(found["direction"], found["artifact"]) for found in in_workbook(registry_path, "lineage")}
    assert {("input", "train.csv:v1"), ("output", "folder:v1"), ("output", "config.json:v1")} <= lineage


def test_without_a_run_the_verbs_say_what_to_do(monkeypatch: pytest.MonkeyPatch, registry_path: Path) -> None:
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)
    with pytest.raises(BadRequestError, match="start one with"):
        tracker.log_metric("auc", 0.5)
    monkeypatch.setenv("TRACKER_REGISTRY", str(registry_path))
    tracker.log_metric("auc", 0.5)
    assert tracker.active_run() is not None


def test_each_thread_has_its_own_active_run(registry_path: Path) -> None:
    seen = []

    def work() -> None:
        seen.append(tracker.active_run())
        with tracker.start_run(registry_path, name="in the thread"):
            tracker.log_param("where", "thread")

    with tracker.start_run(registry_path, name="main") as run:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        tracker.log_param("where", "main")
        assert tracker.active_run() is run
    assert seen == [None]
    sync(Folders(registry_path))
    assert {row["name"]: row["params.where"] for row in in_workbook(registry_path)} == {
        "main": "main",
        "in the thread": "thread",
    }


# -- artifacts ----------------------------------------------------------------------------------------------------


def test_an_alias_points_to_one_version_at_a_time(registry_path: Path, tmp_path: Path) -> None:
    model = tmp_path / "model.pkl"
    with tracker.start_run(registry_path) as run:
        for content in (b"1", b"2"):
            model.write_bytes(content)
            run.log_artifact(model, name="m", aliases=["champion", "best so far"])
        model.write_bytes(b"3")
        run.log_artifact(model, name="m")
        assert run.use_artifact("m:champion").read_bytes() == b"2"
        assert run.use_artifact("m:latest").read_bytes() == b"3"
        with pytest.raises(tracker.ArtifactNotFoundError, match="v1, v2, v3"):
            run.use_artifact("m:nothing")
    sync(Folders(registry_path))
    aliases = {row["artifact"]: row.get("aliases") for row in in_workbook(registry_path, "artifacts")}
    assert {name: aliases[name] for name in ("m:v1", "m:v2", "m:v3")} == {
        "m:v1": None,
        "m:v2": "champion, best so far",
        "m:v3": None,
    }


def test_an_alias_that_would_be_taken_for_a_version_is_refused(registry_path: Path, tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(b"1")
    run = tracker.start_run(registry_path)
    for alias in ("latest", "v3", "a,b", "a:b", " "):
        run._faults.said.clear()
        with pytest.warns(TrackerWarning, match="cannot be an alias"):
            run.log_artifact(tmp_path / "m.pkl", name=f"m-{alias}", aliases=alias)


def test_an_artifact_that_cannot_be_stored_is_said(registry_path: Path, tmp_path: Path) -> None:
    run = tracker.start_run(registry_path)
    with pytest.warns(TrackerWarning, match="No such file"):
        assert run.log_artifact(tmp_path / "nothing.pkl") is None
    with pytest.warns(TrackerWarning, match="another"):
        run.log_artifact(tmp_path / "another.pkl")
    (tmp_path / "x").write_text("x")
    with pytest.warns(TrackerWarning, match="leads out"):
        run.log_artifact(tmp_path / "x", name="../x")


def test_the_category_and_kind_that_a_script_says_count(registry_path: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.md").write_text("x")
    with tracker.start_run(registry_path) as run:
        run.log_artifact(tmp_path / "plan.md", "docs", category="project management", kind="quality plan")
    found = [row for row in in_workbook(registry_path, "artifacts") if row["name"] == "docs-plan.md"]
    assert [(row["category"], row["kind"]) for row in found] == [("project management", "quality plan")]


# -- faults -------------------------------------------------------------------------------------------------------


class FullDisk:
    """An ``os.write`` that has no room while it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        write = os.write

        def limited(file: int, content: bytes) -> int:
            if self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(file, content)

        monkeypatch.setattr(os, "write", limited)


def test_a_full_disk_is_said_once_and_nothing_is_lost(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    with tracker.start_run(registry_path) as run:
        run.wait_for_capture(10)
        disk.full = True
        with pytest.warns(TrackerWarning, match=r"No space left.*kept") as caught:
            for step in range(5):
                run.log_metric("auc", step / 4, step=step)
                run.log_param(f"p{step}", step)
        assert len(caught) == 2
        assert run.unwritten
        disk.full = False
    assert not run.unwritten
    (row,) = in_workbook(registry_path)
    assert row["metrics.auc"] == 1.0
    assert [row[f"params.p{step}"] for step in range(5)] == list(range(5))
    assert read_steps(Folders(registry_path).metrics(run.run_id)).step == list(range(5))


def test_a_disk_that_is_full_to_the_end_is_tried_again_when_the_process_ends(registry_path: Path) -> None:
    code = """
import errno, os, sys, tracker
write, full = os.write, False
def limited(file, content):
    if full and file > 2:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return write(file, content)
os.write = limited
run = tracker.start_run(sys.argv[1])
run.wait_for_capture(10)
full = True
run.log_metric("auc", 0.5)
run.log_param("a", 1)
run.end()
full = False
"""
    done = script(code, registry_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "No space left" in done.stderr
    sync(Folders(registry_path))
    (row,) = in_workbook(registry_path)
    assert (row["params.a"], row["metrics.auc"], row["status"]) == (1, 0.5, "FINISHED")


def test_a_file_size_limit_is_a_full_disk_too(registry_path: Path) -> None:
    code = """
import resource, signal, sys, tracker
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
run = tracker.start_run(sys.argv[1])
run.wait_for_capture(10)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
for step in range(100):
    run.log_metric("auc", step / 100, step=step)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
run.end()
"""
    done = script(code, registry_path)
    assert done.returncode == 0
    assert done.stderr.count("TrackerWarning") == 1
    (row,) = in_workbook(registry_path)
    assert read_steps(Folders(registry_path).metrics(row["run_id"])).step == list(range(100))
    assert row["metrics.auc"] == 0.99


def test_a_fault_never_reaches_the_training_even_where_warnings_are_errors(
    registry_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tracker.start_run(registry_path)
    run.wait_for_capture(10)

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("a fault of our own")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monkeypatch.setattr(run._recorder, "change", broken)
        monkeypatch.setattr(run._recorder, "metric", broken)
        run.log_param("a", 1)
        run.log_params({"a": 1})
        run.log_metric("m", 1.0)
        run.set_tag("t", 1)
        run.log_text("x", "x.txt")
        run.end()
    said = capsys.readouterr().err
    assert said.count("a fault of our own") == 6
    assert said.startswith("TrackerWarning: log_param, run ")


def test_an_interrupt_is_not_swallowed(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tracker.start_run(registry_path)

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run._recorder, "metric", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.log_metric("m", 1.0)


def test_a_warning_points_to_the_line_of_the_script(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    with pytest.warns(TrackerWarning) as caught:
        tracker.log_text("x", "../x")
        run.log_metric("m", "x")
    assert {warning.filename for warning in caught} == {__file__}


def test_an_open_workbook_is_said_and_the_values_wait(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    lock = registry_path.with_name(f".~lock.{registry_path.name}#")
    lock.write_text("analyst,analyst,desk-1,24.11.2026 06:00,file:///x;")
    with pytest.warns(TrackerWarning, match=r"open in LibreOffice by analyst.*Nothing was lost"):
        run.end()
    assert in_workbook(registry_path) == []
    lock.unlink()
    sync(Folders(registry_path))
    assert in_workbook(registry_path)[0]["status"] == "FINISHED"


def test_a_lost_workbook_is_said_and_the_values_wait(registry_path: Path, tmp_path: Path) -> None:
    run = tracker.start_run(registry_path)
    run.log_param("a", 1)
    registry_path.rename(tmp_path / "moved.xlsx")
    with pytest.warns(TrackerWarning, match="There is no registry"):
        run.end()
    (tmp_path / "moved.xlsx").rename(registry_path)
    sync(Folders(registry_path))
    assert in_workbook(registry_path)[0]["params.a"] == 1


# -- processes and threads ----------------------------------------------------------------------------------------

LOG_UNTIL_KILLED = """
import itertools, sys, tracker
run = tracker.start_run(sys.argv[1], name="killed")
print(run.run_id, flush=True)
for step in itertools.count():
    run.log_param(f"p{step % 40}", step)
    run.log_metric("auc", step / 7, step=step)
    print(step, flush=True)
"""


def test_every_value_whose_call_returned_survives_kill_9(registry_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for wait in (0, 30, 300):
        child = subprocess.Popen(
            [sys.executable, "-c", LOG_UNTIL_KILLED, registry_path], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        seen = [child.stdout.readline() for _ in range(wait)]
        child.send_signal(signal.SIGKILL)
        seen += child.stdout.readlines()
        child.stdout.close()
        child.wait()
        last = max((int(line) for line in seen if line.endswith("\n")), default=-1)
        folders = Folders(registry_path)
        read = read_steps(folders.metrics(run_id))
        assert read.value == [step / 7 for step in range(len(read.step))]
        assert len(read.step) > last
        sync(folders)
        sync(folders)
        rows = [row for row in in_workbook(registry_path) if row["run_id"] == run_id]
        assert len(rows) == 1
        assert rows[0]["status"] == "KILLED"
        lasted = rows[0]["end_time"] - rows[0]["start_time"]
        assert rows[0]["duration"] == pytest.approx(lasted.total_seconds(), abs=0.002)
        for step in range(max(0, last - 39), last + 1):
            assert rows[0][f"params.p{step % 40}"] >= step
        if read.value:
            assert rows[0]["metrics.auc"] == pytest.approx(read.value[-1], rel=1e-14)


def test_names_too_long_for_a_header_are_cut_and_stay_apart(registry_path: Path) -> None:
    with tracker.start_run(registry_path) as run:
        run.log_params({"k" * 300: 1, "k" * 301: 2, "k" * 240: 3})
        run.log_metric("m" * 500, 0.5)
    (row,) = in_workbook(registry_path)
    long = {name: value for name, value in row.items() if len(name) > 200}
    assert sorted(long.values()) == [0.5, 1, 2, 3] and max(map(len, long)) <= 255
    assert row[f"params.{'k' * 240}"] == 3
    assert tracker.open(registry_path).history(run.run_id)["value"].tolist() == [0.5]


def test_a_killed_run_does_not_end_before_it_began(registry_path: Path) -> None:
    code = "import os, signal, sys, tracker; tracker.start_run(sys.argv[1]); os.kill(os.getpid(), signal.SIGKILL)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, registry_path], env=environment, check=False)
    folders = Folders(registry_path)
    for path in folders.pending.iterdir():  # a server with a clock of its own
        os.utime(path, (1e9, 1e9))
    sync(folders)
    (row,) = in_workbook(registry_path)
    assert (row["status"], row["duration"]) == ("KILLED", pytest.approx(0.0, abs=1.0))
    assert row["end_time"] >= row["start_time"]


STORE_UNTIL_KILLED = """
import itertools, os, sys, tracker
run = tracker.start_run(sys.argv[1])
print("ready", flush=True)
for number in itertools.count(int(sys.argv[2])):
    stored = run.log_text(f"content {number // 2}", "notes.md")
    print(stored.artifact, flush=True)
"""


def test_every_artifact_whose_call_returned_survives_kill_9_and_has_its_row(registry_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seen = set()
    for attempt, wait in enumerate((0.0, 0.003, 0.01, 0.03, 0.06)):
        command = [sys.executable, "-c", STORE_UNTIL_KILLED, registry_path, str(attempt * 5)]
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        seen |= {line.strip() for line in child.communicate()[0].splitlines(keepends=True) if line.endswith("\n")}
        sync(Folders(registry_path))
    with tracker.start_run(registry_path) as run:
        for number in range(20):
            stored = run.log_text(f"content {number}", "notes.md")
            assert stored is not None
            seen.add(stored.artifact)
    sync(Folders(registry_path))
    rows = [row for row in in_workbook(registry_path, "artifacts") if row["name"] == "notes.md"]
    assert len({row["artifact"] for row in rows}) == len(rows)
    assert seen <= {row["artifact"] for row in rows}
    assert {(row["direction"], row["artifact"]) for row in in_workbook(registry_path, "lineage")} >= {
        ("output", artifact) for artifact in seen
    }
    for artifact in seen:
        assert store.find(Folders(registry_path), artifact).path.read_text().startswith("content ")
    assert [problem for problem in store.verify(Folders(registry_path)) if problem.severity == "error"] == []


def test_a_forked_child_logs_to_the_same_run_and_does_not_end_it(registry_path: Path) -> None:
    code = """
import os, sys, tracker
with tracker.start_run(sys.argv[1]) as run:
    run.log_param("parent", 1)
    child = os.fork()
    if child == 0:
        run.log_param("child", 2)
        run.log_metric("auc", 0.25, step=1)
        tracker.log_metric("auc", 0.75, step=2)
    else:
        os.waitpid(child, 0)
        run.log_param("after", tracker.open(sys.argv[1]).run(run.run_id)["status"])
        run.log_metric("auc", 0.5, step=3)
"""
    done = script(code, registry_path)
    assert (done.returncode, faults_said(done.stderr)) == (0, "")
    (row,) = in_workbook(registry_path)
    assert (row["params.parent"], row["params.child"], row["params.after"]) == (1, 2, "RUNNING")
    assert (row["status"], row["metrics.auc"]) == ("FINISHED", 0.5)
    assert read_steps(Folders(registry_path).metrics(row["run_id"])).value == [0.25, 0.75, 0.5]


def test_worker_processes_log_to_the_run_they_inherit(registry_path: Path) -> None:
    code = """
import multiprocessing, sys, tracker
run = tracker.start_run(sys.argv[1])
def work(number):
    run.log_metric("loss", float(number), step=number)
    run.log_param(f"p{number}", number)
    with tracker.start_run(sys.argv[1], nested=True, name=f"trial {number}") as trial:
        trial.log_param("number", number)
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(work, range(6))
    run.end()
    tracker.open(sys.argv[1]).sync()
"""
    done = script(code, registry_path)
    assert (done.returncode, faults_said(done.stderr)) == (0, "")
    rows = {row["name"]: row for row in in_workbook(registry_path)}
    assert len(rows) == 7
    (parent,) = [row for name, row in rows.items() if not name.startswith("trial")]
    assert [parent[f"params.p{number}"] for number in range(6)] == list(range(6))
    assert sorted(read_steps(Folders(registry_path).metrics(parent["run_id"])).value) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert all(rows[f"trial {number}"]["params.number"] == number for number in range(6))
    assert {row["status"] for row in rows.values()} == {"FINISHED"}


def test_a_child_that_raises_does_not_fail_the_run(registry_path: Path) -> None:
    code = """
import os, sys, tracker
run = tracker.start_run(sys.argv[1])
if os.fork() == 0:
    raise ValueError("in the child")
os.wait()
run.log_param("a", 1)
"""
    script(code, registry_path)
    assert [row["status"] for row in in_workbook(registry_path)] == ["FINISHED"]


def test_threads_log_to_one_run(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)

    def work(name: str) -> None:
        for step in range(100):
            run.log_metric(name, float(step), step=step)
            run.log_param(f"{name}{step % 5}", step)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.end()
    (row,) = in_workbook(registry_path)
    assert [row[f"metrics.{name}"] for name in "abcd"] == [99.0] * 4
    assert [row[f"params.{name}{number}"] for name in "abcd" for number in range(5)] == list(range(95, 100)) * 4


def test_a_pending_file_that_was_removed_is_replaced(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tracker.start_run(registry_path)
    run.wait_for_capture(10)
    folders = Folders(registry_path)
    sync(folders)
    (path,) = folders.pending.iterdir()
    path.unlink()
    monkeypatch.setattr(run._recorder, "_last_sent", time.time() - 3600)
    run.log_param("after", 1)
    run.end()
    sync(folders)
    (row,) = in_workbook(registry_path)
    assert (row["params.after"], row["status"]) == (1, "FINISHED")


def test_many_runs_in_a_loop_cost_a_share_of_the_time_and_all_arrive(registry_path: Path) -> None:
    code = """
import sys, tracker
for number in range(40):
    with tracker.start_run(sys.argv[1], name=f"run {number}") as run:
        run.log_metric("auc", number / 40)
"""
    done = script(code, registry_path)
    assert (done.returncode, faults_said(done.stderr)) == (0, "")
    rows = in_workbook(registry_path)
    assert sorted(row["name"] for row in rows) == sorted(f"run {number}" for number in range(40))
    assert {row["status"] for row in rows} == {"FINISHED"}
    assert all("metrics.auc" in row for row in rows)
    assert len(list(Folders(registry_path).changes.iterdir())) < 20


def test_several_processes_at_once(registry_path: Path) -> None:
    code = """
import sys, tracker
for number in range(5):
    with tracker.start_run(sys.argv[1], name=f"{sys.argv[2]} {number}") as run:
        run.log_param("number", number)
        run.log_metric("auc", number / 5)
        run.log_text("the same for all", "notes.md")
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, registry_path, str(number)], env=environment, stderr=subprocess.PIPE, text=True
        )
        for number in range(3)
    ]
    assert [faults_said(child.communicate()[1]) for child in children] == [""] * 3
    sync(Folders(registry_path))
    rows = in_workbook(registry_path)
    assert len({row["run_id"] for row in rows}) == len(rows) == 15
    assert {(row["status"], row["metrics.auc"] * 5 == row["params.number"]) for row in rows} == {("FINISHED", True)}
    artifacts = [row["artifact"] for row in in_workbook(registry_path, "artifacts")]
    assert sorted(artifacts) == ["environment:v1", "notes.md:v1"]


# -- the background -----------------------------------------------------------------------------------------------


@pytest.fixture
def fast_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(pulse, "PROGRESS_SECONDS", 0.1)
    monkeypatch.setattr(pulse, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(pulse, "TICK_SECONDS", 0.02)


def wait_until(condition: Any, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not (done := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(done)


@pytest.mark.usefixtures("fast_pulse")
def test_the_progress_of_a_long_run_is_seen_in_the_workbook(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    run.log_metric("auc", 0.5)
    assert wait_until(lambda: any("metrics.auc" in row for row in in_workbook(registry_path)))
    assert in_workbook(registry_path)[0]["status"] == "RUNNING"


@pytest.mark.usefixtures("fast_pulse")
def test_the_heart_of_an_open_run_beats(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    (path,) = Folders(registry_path).pending.iterdir()
    os.utime(path, (0, 0))
    assert wait_until(lambda: path.stat().st_mtime > 0)
    run.end()


@pytest.mark.usefixtures("fast_pulse")
def test_a_workbook_that_was_open_gets_the_values_when_it_is_closed(registry_path: Path) -> None:
    run = tracker.start_run(registry_path)
    lock = registry_path.with_name(f"~${registry_path.name}")
    lock.write_bytes(b"\x07analyst")
    with pytest.warns(TrackerWarning, match="open in Excel"):
        run.end()
    lock.unlink()
    assert wait_until(lambda: in_workbook(registry_path))
    assert wait_until(lambda: run._pulse._thread is None)


def test_no_thread_keeps_the_process_alive(registry_path: Path) -> None:
    code = """
import os, sys, threading, tracker
run = tracker.start_run(sys.argv[1])
assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
run.end()
"""
    begin = time.monotonic()
    done = script(code, registry_path)
    assert (done.returncode, faults_said(done.stderr)) == (0, "")
    assert time.monotonic() - begin < 10
