"""Runs move into an archive workbook with their files, and come back as they were."""

from __future__ import annotations

import json
import os
import shutil
import signal
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from faults import faults
from killed_acts import killed_at

import tracker
from tracker.archiving.carry_out import STEPS, Wanted, archive_of, move_runs, planned
from tracker.cli.commands import main
from tracker.deciding import decide, edits, people
from tracker.deciding.rows import cells_of
from tracker.reading.registry import Registry
from tracker.schema import MOVED, MOVED_TO
from tracker.store import verify
from tracker.values import key_text
from tracker.workbook import open_workbook

ROOT = Path(__file__).parent.parent
WHO = "analyst"
CHURN = Wanted(experiment="churn")
RECOMPUTED = {"status_time", "status_by", "status_why"}


def add_own_column(path: Path, header: str, values: dict[str, Any]) -> None:
    """A column of a person's own, by the runs' names."""
    with open_workbook(path) as workbook:
        table = workbook.table("runs")
        assert table is not None
        table.add_columns([header], [14.0])
        name = table.columns.index("name")
        for row in list(table.rows()):
            if row.values[name] in values:
                table.set(row.number, {len(table.columns) - 1: values[row.values[name]]})
        with open(path.with_suffix(".new"), "w+b") as file:
            workbook.save(file)
    path.with_suffix(".new").replace(path)


@pytest.fixture
def registry(registry_path: Path, tmp_path: Path) -> Registry:
    """Two runs of churn that share a file and have one each, a run of wine that stays, an own column, notes."""
    (tmp_path / "shared.csv").write_text("age,churned\n31,1\n")
    for number, (experiment, name) in enumerate((("churn", "forest"), ("churn", "boosting"), ("wine", "linear"))):
        (tmp_path / "model.pkl").write_bytes(b"weights %d" % number * 100)
        with tracker.start_run(registry_path, experiment=experiment, name=name, tags={"team": "risk"}) as run:
            run.log_params({"depth": number + 3, "lr": 0.1, "kind": "text"})
            for step in range(5):
                run.log_metric("loss", 1 / (step + 1 + number), step=step)
            run.log_artifact(tmp_path / "model.pkl", name=f"{name}-model")
            run.log_artifact(tmp_path / "shared.csv", name="data")
    found = Registry(registry_path)
    edits.set_note(found, found.run_id("forest"), "worth keeping", None, WHO)
    add_own_column(registry_path, "Reviewed", {"forest": datetime(2026, 3, 4), "linear": "not yet"})
    found.sync()
    return found


def tables(registry: Registry) -> dict[str, Any]:
    """All that is in the tables of a registry, by key; without what tells only of the moves."""
    keys = {"runs": ("run_id",), "artifacts": ("artifact",), "lineage": ("run_id", "direction", "artifact")}
    return {
        table: {
            tuple(key_text(row[part]) for part in parts): {
                name: value
                for name, value in row.items()
                if value not in (None, "") and name not in RECOMPUTED and name != MOVED_TO
            }
            for row in cells_of(registry.folders, table)
        }
        for table, parts in {**keys, "checklist": ("run_id", "item")}.items()
    }


def steps(registry: Registry) -> dict[str, bytes]:
    found = registry.folders.runs.glob("*/metrics.csv")
    return {path.parent.name: path.read_bytes() for path in found}


def test_there_and_back_everything_is_as_it_was(registry: Registry) -> None:
    before, steps_before = tables(registry), steps(registry)
    archive = Registry(archive_of(registry))
    forest, boosting, linear = (registry.run_id(name) for name in ("forest", "boosting", "linear"))
    plan = planned(registry, archive.path, CHURN)
    assert [run.run_id for run in plan.runs] == [forest, boosting] and not plan.stays
    assert set(plan.artifacts) == {"forest-model:v1", "boosting-model:v1"}
    assert "data:v1" in plan.shared, "linear made it too"
    assert not archive.path.exists(), "a plan changes nothing"
    move_runs(registry, archive.path, CHURN, WHO, agreed=plan)

    there = tables(archive)
    for run_id in (forest, boosting):
        mine = {name: value for name, value in before["runs"][run_id,].items() if name != "checklist"}
        theirs = {name: value for name, value in there["runs"][run_id,].items() if name != "checklist"}
        assert theirs == mine
        stub = cells_of(registry.folders, "runs")
        row = next(one for one in stub if one["run_id"] == run_id)
        assert row["status"] == MOVED and row[MOVED_TO] == archive.path.name
        filled = {name for name, value in row.items() if value not in (None, "")}
        assert filled == {"run_id", "name", "experiment", "owner", "start_time", "status", MOVED_TO}
    assert (linear,) not in there["runs"] and before["runs"][linear,] == tables(registry)["runs"][linear,]
    assert there["runs"][forest,]["Reviewed"] == datetime(2026, 3, 4) and there["runs"][forest,]["notes"]
    assert steps(archive) == {run_id: steps_before[run_id] for run_id in (forest, boosting)}
    assert steps(registry) == {linear: steps_before[linear]}
    assert there["artifacts"]["forest-model:v1",]["status"] == "stored"
    assert tables(registry)["artifacts"]["forest-model:v1",]["status"] == "archived"
    assert not (registry.folders.artifacts / "forest-model" / "v1").exists()
    assert verify(archive.folders) == [] and verify(registry.folders) == []
    assert {key[0] for key in there["checklist"]} == {forest, boosting}
    assert [problem for problem in registry.check() if problem.severity != "info"] == []
    assert not {"broken-link"} & {problem.code for problem in archive.check()}, "it needs no procedure of its own"
    assert [problem for problem in archive.check() if problem.severity != "info"] == []
    assert faults(archive.path) == [] and faults(registry.path) == []
    assert registry.sync().change_set is None and archive.sync().change_set is None
    assert planned(registry, archive.path, CHURN).runs == (), "they are not there any more"

    move_runs(archive, registry.path, CHURN, WHO, back=True)
    assert tables(registry) == before
    assert steps(registry) == steps_before and steps(archive) == {}
    assert verify(registry.folders) == [] and verify(archive.folders) == []
    assert [problem for problem in registry.check() if problem.severity != "info"] == []
    assert set(archive.runs()["status"]) == {MOVED}
    move_runs(registry, archive.path, CHURN, WHO)
    assert tables(archive)["runs"][forest,]["params.depth"] == 3 and verify(archive.folders) == []


def test_the_history_of_both_tells_of_it(registry: Registry) -> None:
    archive = Registry(archive_of(registry))
    move_runs(registry, archive.path, CHURN, WHO)
    told = [entry for change in registry.changes(run="forest") for entry in change.entries if entry.table == "runs"]
    assert any(entry.why == f"moved to {archive.path.name}" and entry.who == WHO for entry in told)
    told = [entry for change in archive.changes() for entry in change.entries if entry.table == "runs"]
    assert {entry.why for entry in told if entry.new} == {f"moved from {registry.path.name}"}


def test_runs_in_use_stay_with_the_reason(registry: Registry, tmp_path: Path) -> None:
    with tracker.start_run(registry.path, experiment="wine", name="reader") as run:
        run.use_artifact("forest-model:v1")
    decide.register(registry, "churn", "boosting-model:v1", WHO)
    decide.promote(registry, "churn:v1", "staging", "good", WHO)
    plan = planned(registry, archive_of(registry), CHURN)
    assert plan.runs == ()
    why = {one.name: one.why for one in plan.stays}
    assert why == {
        "forest": "forest-model:v1 is read by reader, which stays",
        "boosting": "boosting-model:v1 is churn:v1, in stage staging",
    }
    everything = planned(registry, archive_of(registry), Wanted(before=datetime(2100, 1, 1)))
    assert {run.name for run in everything.runs} == {"forest", "linear", "reader"}, "readers go along"
    running = tracker.start_run(registry.path, experiment="alone")
    assert [one.why for one in planned(registry, archive_of(registry), Wanted(experiment="alone")).stays] == [
        "it is still running"
    ]
    running.end()


def test_what_is_on_hold_or_has_an_alias_stays(registry: Registry) -> None:
    from tracker.retention import desk

    desk.hold(registry, ["forest-model:v1"], "audit", WHO)
    decide.set_alias(registry, "boosting-model:v1", "champion", "best", WHO)
    why = {one.name: one.why for one in planned(registry, archive_of(registry), CHURN).stays}
    assert why == {
        "forest": "forest-model:v1 is on hold",
        "boosting": "boosting-model:v1 has the alias champion",
    }


def test_an_artifact_of_that_name_in_the_archive_is_not_overwritten(registry: Registry, tmp_path: Path) -> None:
    archive = tracker.init(tmp_path / "old.xlsx")
    (tmp_path / "other.pkl").write_bytes(b"another")
    with tracker.start_run(archive.path, name="elsewhere") as run:
        run.log_artifact(tmp_path / "other.pkl", name="forest-model")
    plan = planned(registry, archive.path, CHURN)
    assert [run.name for run in plan.runs] == ["boosting"]
    assert [one.why for one in plan.stays] == ["the other workbook has another forest-model:v1"]
    move_runs(registry, archive.path, CHURN, WHO)
    assert verify(archive.folders) == [] and set(archive.runs()["name"]) == {"elsewhere", "boosting"}


def test_it_takes_a_manager_of_both(registry: Registry) -> None:
    people.set_roles(registry, {WHO: "manager", "ds1": "contributor"}, WHO)
    with pytest.raises(tracker.PermissionRefusedError, match="move runs into an archive"):
        move_runs(registry, archive_of(registry), CHURN, "ds1")
    assert not archive_of(registry).exists()
    move_runs(registry, archive_of(registry), CHURN, WHO)
    with pytest.raises(tracker.PermissionRefusedError):
        move_runs(Registry(archive_of(registry)), registry.path, CHURN, "ds1", back=True)


def test_a_run_that_moved_is_not_gone_on_with(registry: Registry) -> None:
    move_runs(registry, archive_of(registry), CHURN, WHO)
    with pytest.raises(tracker.BadRequestError, match="tracker archive"):
        tracker.start_run(registry.path, run_id=registry.run_id("forest"))


def test_an_open_archive_keeps_everything_where_it_is(registry: Registry) -> None:
    archive = archive_of(registry)
    move_runs(registry, archive, Wanted(runs=("boosting",)), WHO)
    lock = archive.with_name(f".~lock.{archive.name}#")
    lock.write_text(",ann,desk,25.11.2026 10:00,file:///home/ann;")
    before, kept = tables(registry), archive.read_bytes()
    with pytest.raises(tracker.WorkbookOpenElsewhereError):
        move_runs(registry, archive, CHURN, WHO)
    assert tables(registry) == before and archive.read_bytes() == kept
    lock.unlink()
    move_runs(registry, archive, CHURN, WHO)
    assert set(Registry(archive).runs()["name"]) == {"forest", "boosting"}


def test_a_formula_stays_in_the_row_and_its_result_goes_along(registry: Registry) -> None:
    book = openpyxl.load_workbook(registry.path)
    sheet = next(one for one in book if "runs" in one.tables)
    headers = {cell.value: cell.column for row in sheet.iter_rows(max_row=12) for cell in row if cell.value}
    top = next(cell.row for row in sheet.iter_rows(max_row=12) for cell in row if cell.value == "Reviewed")
    sheet.cell(top + 1, headers["Reviewed"]).value = "=1+1"
    book.save(registry.path)
    move_runs(registry, archive_of(registry), CHURN, WHO)
    book = openpyxl.load_workbook(registry.path)
    sheet = next(one for one in book if "runs" in one.tables)
    assert sheet.cell(top + 1, headers["Reviewed"]).value == "=1+1"


def test_retention_leaves_files_alone_that_moved_to_the_archive(registry: Registry) -> None:
    from tracker.retention import desk

    move_runs(registry, archive_of(registry), CHURN, WHO)
    for action in ("trash", "unarchive"):
        plan = desk.chosen_plan(registry, action, ["forest-model:v1"], "room", WHO)
        assert plan.items == () and "another workbook" in plan.exempt[0].reasons[0]


def test_a_later_save_of_an_older_copy_brings_no_run_back_twice(registry: Registry, tmp_path: Path) -> None:
    """The workbook as it was before is saved over the new one: the stub comes again, and the archive has the run."""
    shutil.copyfile(registry.path, tmp_path / "older")
    move_runs(registry, archive_of(registry), CHURN, WHO)
    shutil.copyfile(tmp_path / "older", registry.path)
    registry.sync()
    rows = {row["name"]: row for row in cells_of(registry.folders, "runs")}
    assert rows["forest"]["status"] == MOVED and rows["forest"]["params.depth"] in ("", None)


# -- command line -------------------------------------------------------------------------------------------------


def test_the_command_shows_the_plan_and_does_it_there_and_back(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")

    def invoke(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["archive", str(registry.path), *words])
        assert result.exit_code == code, result.output
        return result.output if code else result.stdout  # a sync that was put off may speak on stderr

    said = invoke("--experiment", "churn", "--plan")
    assert "2 runs to " in said and "2 artifact versions" in said and "data:v1" in said
    assert "Do it?" in invoke("--experiment", "churn", code=1)
    assert not archive_of(registry).exists()
    assert "Moved: 2 runs" in invoke("--experiment", "churn", "--yes")
    assert "No run moves." in invoke("--experiment", "churn")
    assert "Moved: 1 run" in invoke("--back", "--run", "forest", "--yes")
    done = json.loads(invoke("--back", "--before", "2100-01-01", "--yes", "--json"))
    assert done["moved"] and len(done["runs"]) == 1 and done["artifacts"] == ["boosting-model:v1"]
    assert set(registry.runs()["status"]) == {"FINISHED"}
    assert "Say which runs" in invoke(code=2)
    assert "must be a day" in invoke("--before", "yesterday", code=2)
    assert "cannot be its own archive" in invoke("--experiment", "churn", "--to", str(registry.path), code=2)


# -- killed -------------------------------------------------------------------------------------------------------


def moved_copy(registry: Registry, folder: Path) -> Registry:
    """A copy of the registry in a folder of its own."""
    folder.mkdir()
    shutil.copytree(registry.folders.side, folder / registry.folders.side.name)
    return Registry(shutil.copyfile(registry.path, folder / registry.path.name))


def in_a_child(act: Any) -> int:
    """Do it in a process of its own; the signal that ended it, 0 where it came to its end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    assert os.WEXITSTATUS(status) == 0
    return 0


def is_whole_somewhere(
    registry: Registry, archive: Registry, origin: Registry, before: dict[str, Any], contents: dict[str, bytes]
) -> None:
    """Each run's values and steps are in one of the workbooks at least, and every file can be read."""
    here = tables(registry)["runs"]
    there = tables(archive)["runs"] if archive.path.exists() else {}
    for key, row in before["runs"].items():
        values = {name: value for name, value in row.items() if name != "checklist"}
        assert any(values.items() <= side.get(key, {}).items() for side in (here, there)), (
            f"run {key} is whole in neither"
        )
        mine = [one.folders.metrics(key[0]) for one in (registry, archive)]
        assert contents[key[0]] in [path.read_bytes() for path in mine if path.exists()]
    assert [problem for problem in verify(origin.folders) if problem.severity == "error"] == []


@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_killed_after_each_step_and_done_again(registry: Registry, tmp_path: Path, back: bool) -> None:
    before, contents = tables(registry), steps(registry)
    if back:
        move_runs(registry, archive_of(registry), CHURN, WHO)
    for step in STEPS:
        here = _both(registry, tmp_path / step)
        archive = Registry(archive_of(here))
        origin, target = (archive, here) if back else (here, archive)

        def kill(name: str, step: str = step) -> None:
            if name == step:
                os.kill(os.getpid(), signal.SIGKILL)

        def act(origin: Registry = origin, target: Registry = target, kill: Any = kill) -> None:
            move_runs(origin, target.path, CHURN, WHO, back=back, on_step=kill)

        assert in_a_child(act) == signal.SIGKILL
        is_whole_somewhere(here, archive, origin, before, contents)
        _finished(origin, target, here, archive, before, contents, back)


@pytest.mark.parametrize("stride", [23, pytest.param(5, marks=pytest.mark.slow)])  # both meet every kind of call
@pytest.mark.parametrize("back", [False, True], ids=["there", "back"])
def test_killed_before_calls_that_change_the_disk_and_done_again(
    registry: Registry, tmp_path: Path, back: bool, stride: int
) -> None:
    before, contents = tables(registry), steps(registry)
    if back:
        move_runs(registry, archive_of(registry), CHURN, WHO)
    limit, killed = 1, 0
    while True:
        here = _both(registry, tmp_path / str(limit))
        archive = Registry(archive_of(here))
        origin, target = (archive, here) if back else (here, archive)

        def act(origin: Registry = origin, target: Registry = target, limit: int = limit) -> None:
            killed_at(limit)
            move_runs(origin, target.path, CHURN, WHO, back=back)

        if in_a_child(act) == 0:
            break
        killed += 1
        is_whole_somewhere(here, archive, origin, before, contents)
        _finished(origin, target, here, archive, before, contents, back)
        shutil.rmtree(here.path.parent)
        limit += stride
    assert killed > 5


def _both(registry: Registry, folder: Path) -> Registry:
    """A copy of the registry, and of its archive if there is one."""
    here = moved_copy(registry, folder)
    archive = Registry(archive_of(registry))
    if archive.path.exists():
        shutil.copytree(archive.folders.side, folder / archive.folders.side.name)
        shutil.copyfile(archive.path, folder / archive.path.name)
    return here


def _finished(
    origin: Registry,
    target: Registry,
    here: Registry,
    archive: Registry,
    before: dict[str, Any],
    contents: dict[str, bytes],
    back: bool,
) -> None:
    """The same command finishes what was begun."""
    move_runs(origin, target.path, CHURN, WHO, back=back)
    assert faults(here.path) == [] and faults(archive.path) == []
    assert verify(here.folders) == [] and verify(archive.folders) == []
    churn = {key for key, row in before["runs"].items() if row["experiment"] == "churn"}
    if back:
        assert tables(here) == before and steps(here) == contents and steps(archive) == {}
        return
    there = tables(archive)["runs"]
    assert there.keys() == churn
    for key in churn:
        assert {**before["runs"][key], "checklist": ""} == {**there[key], "checklist": ""}
        assert tables(here)["runs"][key]["status"] == MOVED
    assert steps(archive) == {key[0]: contents[key[0]] for key in churn}
    assert not set(steps(here)) & set(steps(archive))
