"""The artifact manager with real files and a real workbook: plan, approve, trash, restore, purge, archive, holds."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from team import Team

from tracker import retention, store
from tracker.deciding.rows import cells_of
from tracker.errors import ArtifactAwayError, BadRequestError, PermissionRefusedError, PlanChangedError, StoreError
from tracker.reading.roles import ACTS
from tracker.retention.schedule import cron_line, task_scheduler_line
from tracker.store.manifest import manifest_path

NOW = datetime(2027, 6, 1, 12)
DAY = timedelta(days=1)
OLD = NOW - 100 * DAY


@pytest.fixture
def team(registry_path: Path) -> Team:
    """A registry with an old scratch version, one that is held, one in use, and a young one."""
    team = Team(registry_path)
    team.runs("r0", OLD)
    team.stores("plot", b"p" * 1000, OLD, "r0", retention_class="scratch")
    team.stores("plot", b"q" * 1001, NOW - DAY, "r0", retention_class="scratch")
    team.stores("held", b"h" * 1002, OLD, "r0", retention_class="scratch", hold=True)
    team.stores("data", {"a.csv": b"a" * 1003, "b.csv": b"b" * 1004}, OLD, retention_class="scratch")
    team.runs("r1", OLD, "data:v1")
    team.stores("model", b"m" * 1005, OLD, "r1", retention_class="scratch", aliases="champion")
    team.registry.sync()
    return team


def approve(team: Team, now: datetime = NOW) -> retention.Outcome:
    return retention.approve(team.registry, retention.retention_plan(team.registry, now), "ds1", now)


# -- by rule ------------------------------------------------------------------------------------------------------


def test_from_the_plan_through_the_trash_to_a_tombstone(team: Team) -> None:
    plan = retention.retention_plan(team.registry, NOW)
    assert [(item.artifact, item.action, item.freed) for item in plan.items] == [("plot:v1", "trash", 1000)]
    assert {one.artifact for one in plan.exempt} == {"held:v1", "data:v1", "model:v1"}
    sha256 = team.rows()["plot:v1"]["sha256"]
    assert retention.approve(team.registry, plan.id, "ds1", NOW).done == plan.items
    row = team.rows()["plot:v1"]
    assert (row["status"], row["status_time"], row["status_by"]) == ("trash", NOW, "ds1")
    assert row["status_why"] == f"scratch: 30 days after it was created ({OLD:%Y-%m-%d})"
    assert (team.folders.workbook.parent / row["path"]).read_bytes() == b"p" * 1000
    assert "/trash/plot/v1/" in row["path"]
    before = team.on_disk()
    assert retention.purge(team.registry, None, "ds2", NOW + 13 * DAY).done == ()
    later = NOW + 15 * DAY
    purge = retention.purge_plan(team.registry, later)
    outcome = retention.purge(team.registry, purge, "ds2", later)
    assert outcome.freed == purge.freed == before - team.on_disk() == 1000
    tombstone = team.rows()["plot:v1"]
    assert (tombstone["status"], tombstone["status_time"], tombstone["status_by"]) == ("deleted", later, "ds2")
    assert (tombstone["sha256"], tombstone["size"], tombstone["path"]) == (sha256, 1000, None)
    assert tombstone["status_why"] == row["status_why"]
    assert store.verify(team.folders) == []
    assert manifest_path(team.folders, "plot", 1).exists()
    assert retention.retention_plan(team.registry, later).items == ()


def test_only_the_plan_that_was_shown_is_carried_out(team: Team) -> None:
    plan = retention.retention_plan(team.registry, NOW)
    team.writes("artifacts", "plot:v1", hold=True)
    with pytest.raises(PlanChangedError, match="- trash plot:v1"):
        retention.approve(team.registry, plan, "ds1", NOW)
    with pytest.raises(PlanChangedError):
        retention.approve(team.registry, "0badc0de", "ds1", NOW)
    assert store.find(team.folders, "plot:v1").path.exists()


def test_a_selection_of_the_plan_can_be_approved(team: Team) -> None:
    team.stores("other", b"o", OLD, retention_class="scratch")
    selected = retention.retention_plan(team.registry, NOW, only={"other:v1"})
    assert [item.artifact for item in selected.items] == ["other:v1"]
    done = retention.approve(team.registry, selected, "ds1", NOW, only={"other:v1"}).done
    assert [item.artifact for item in done] == ["other:v1"]
    assert store.find(team.folders, "plot:v1").path.exists()


def test_restored_it_is_as_before_and_has_its_days_again(team: Team) -> None:
    before = store.find(team.folders, "plot:v1")
    approve(team)
    with pytest.raises(ArtifactAwayError, match=r"in the trash since 2027-06-01 \(ds1: scratch: 30 days"):
        store.find(team.folders, "plot:v1")
    retention.restore(team.registry, ["plot:v1"], "ds1", NOW + DAY)
    assert store.find(team.folders, "plot:v1").path == before.path
    row = team.rows()["plot:v1"]
    assert (row["status"], row["path"]) == ("stored", store.location(team.folders, before))
    assert retention.retention_plan(team.registry, NOW + 2 * DAY).items == ()
    assert [item.artifact for item in retention.retention_plan(team.registry, NOW + 32 * DAY).items] == [
        "plot:v1",
        "plot:v2",
    ]


def test_a_version_in_the_trash_that_gets_an_alias_or_a_hold_is_not_purged(team: Team) -> None:
    approve(team)
    team.writes("artifacts", "plot:v1", aliases="needed")
    plan = retention.purge_plan(team.registry, NOW + 20 * DAY)
    assert plan.items == () and plan.exempt[0].reasons == ("aliased: needed",)
    assert retention.purge(team.registry, None, "ds1", NOW + 20 * DAY).done == ()


def test_the_archive_takes_what_its_class_says_and_gives_it_back(team: Team) -> None:
    team.writes("retention", "scratch", action="archive")
    team.writes("settings", "artifacts.archive", value="archive")
    outcome = approve(team)
    assert [(item.artifact, item.action) for item in outcome.done] == [("plot:v1", "archive")]
    archived = team.folders.workbook.parent / "archive" / "plot" / "v1"
    assert [path.read_bytes() for path in archived.iterdir()] == [b"p" * 1000]
    assert team.rows()["plot:v1"]["status"] == "archived"
    with pytest.raises(ArtifactAwayError, match="unarchive"):
        store.find(team.folders, "plot:v1")
    assert retention.retention_plan(team.registry, NOW + 900 * DAY, only={"plot:v1"}).items == ()
    retention.unarchive(team.registry, ["plot:v1"], "ds1", NOW + DAY)
    assert store.find(team.folders, "plot:v1").path.read_bytes() == b"p" * 1000
    assert not archived.exists()
    assert store.verify(team.folders) == []


def test_a_row_that_a_person_deleted_comes_back_as_a_tombstone(team: Team) -> None:
    stray = team.work / "stray"
    stray.write_bytes(b"stray")
    store.put(team.folders, stray, "stray", who="ds3")
    assert retention.storage(team.registry, NOW).without_row == ["stray:v1"]
    retention.trash(team.registry, ["stray:v1"], "nobody knows it", "ds1", NOW)
    retention.purge(team.registry, None, "ds1", NOW + 15 * DAY)
    row = team.rows()["stray:v1"]
    assert (row["status"], row["size"], row["created_by"], row["status_why"]) == (
        "deleted",
        5,
        "ds3",
        "chosen by ds1: nobody knows it",
    )


def test_while_the_workbook_is_open_files_go_and_rows_follow(team: Team) -> None:
    lock = team.folders.workbook.with_name(f".~lock.{team.folders.workbook.name}#")
    lock.write_text("Data Science,ds2,host,24.11.2026 07:12,file:///x;")
    outcome = approve(team)
    assert not outcome.report.in_workbook and "open" in outcome.report.pending_because
    assert team.rows()["plot:v1"]["status"] == "stored"
    assert {row["artifact"]: row["status"] for row in cells_of(team.folders, "artifacts")}["plot:v1"] == "trash"
    lock.unlink()
    team.registry.sync()
    assert team.rows()["plot:v1"]["status"] == "trash"


# -- by choice ----------------------------------------------------------------------------------------------------


def test_by_hand_exempt_versions_stay_and_the_others_go(team: Team) -> None:
    outcome = retention.trash(team.registry, ["plot:v1", "held:v1", "data:v1", "model:v1"], "tidy", "ds1", NOW)
    assert [item.artifact for item in outcome.done] == ["plot:v1"]
    assert {one.artifact for one in outcome.plan.exempt} == {"held:v1", "data:v1", "model:v1"}
    for name in ("held:v1", "data:v1", "model:v1"):
        assert store.find(team.folders, name).path.exists()


def test_a_version_moves_to_another_store_and_back_with_its_row(team: Team) -> None:
    other = team.folders.workbook.parent / "other disk"
    retention.move(team.registry, ["data:v1", "model:v1"], "other disk", "ds1", NOW)
    assert (other / "data" / "v1" / "a.csv").read_bytes() == b"a" * 1003
    row = team.rows()["data:v1"]
    assert (row["status"], row["path"]) == ("stored", "other disk/data/v1")
    assert store.fetch(team.folders, "data:v1", team.work / "out").is_dir()
    retention.move(team.registry, ["data:v1", "model:v1"], "", "ds1", NOW)
    assert not any(path.is_file() for path in other.rglob("*"))
    assert store.verify(team.folders) == []


def test_a_copy_is_whole_and_never_overwrites(team: Team, tmp_path: Path) -> None:
    at = retention.copy(team.registry, "data:v1", tmp_path / "for others", "ds1")
    assert (Path(at) / "b.csv").read_bytes() == b"b" * 1004
    with pytest.raises(StoreError, match="Nothing was overwritten"):
        retention.copy(team.registry, "data:v1", tmp_path / "for others", "ds1")


def test_what_fails_stays_and_the_rest_goes_on(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    import killed_acts

    team.writes("settings", "artifacts.archive", value="archive")
    monkeypatch.setattr(os, "link", killed_acts.without_links)
    store.find(team.folders, "plot:v1").path.unlink()
    outcome = retention.archive(team.registry, ["plot:v1", "plot:v2"], "old", "ds1", NOW)
    assert [item.artifact for item in outcome.done] == ["plot:v2"]
    ((item, why),) = outcome.failed
    assert item.artifact == "plot:v1" and "is missing" in why
    assert (team.rows()["plot:v1"]["status"], team.rows()["plot:v2"]["status"]) == ("stored", "archived")


# -- holds --------------------------------------------------------------------------------------------------------


def test_a_hold_says_why_and_by_whom_until_it_is_released(team: Team) -> None:
    retention.hold(team.registry, ["plot:v1", "plot:v2"], "audit of 2027", "ds1")
    row = team.rows()["plot:v1"]
    assert (row["hold"], row["hold_reason"], row["held_by"]) == (True, "audit of 2027", "ds1")
    exempt = {one.artifact: one.reasons for one in retention.retention_plan(team.registry, NOW).exempt}
    assert exempt["plot:v1"] == ("on hold by ds1: audit of 2027",)
    retention.release(team.registry, ["plot:v1"], "ds1")
    row = team.rows()["plot:v1"]
    assert (row["hold"], row["hold_reason"], row["held_by"]) == (None, None, None)
    assert [item.artifact for item in retention.retention_plan(team.registry, NOW).items] == ["plot:v1"]
    assert not retention.release(team.registry, ["plot:v1"], "ds1").report.changed
    with pytest.raises(BadRequestError, match="reason"):
        retention.hold(team.registry, ["plot:v1"], " ", "ds1")


# -- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "contributor", "manager"])
def test_every_act_takes_a_manager(team: Team, role: str, tmp_path: Path) -> None:
    team.writes("settings", "artifacts.archive", value="archive")
    team.writes("people", "ds1", new=True, role=role)
    registry = team.registry
    acts = {
        "trash": lambda: retention.trash(registry, ["plot:v2"], "tidy", "ds1", NOW - DAY),
        "restore": lambda: retention.restore(registry, ["plot:v2"], "ds1", NOW),
        "archive": lambda: retention.archive(registry, ["plot:v2"], "old", "ds1", NOW),
        "back from the archive": lambda: retention.unarchive(registry, ["plot:v2"], "ds1", NOW),
        "move": lambda: retention.move(registry, ["plot:v2"], "other", "ds1", NOW),
        "copy": lambda: retention.copy(registry, "plot:v2", tmp_path / "copy", "ds1"),
        "hold": lambda: retention.hold(registry, ["plot:v2"], "audit", "ds1"),
        "release": lambda: retention.release(registry, ["plot:v2"], "ds1"),
        "retain": lambda: approve(team),
        "purge": lambda: retention.purge(registry, None, "ds1", NOW + 100 * DAY),
    }
    assert set(ACTS) >= set(acts) - {"back from the archive", "release"}
    for act in acts.values():
        if role == "manager":
            act()
        else:
            before = team.rows()
            with pytest.raises(PermissionRefusedError):
                act()
            assert team.rows() == before
    statuses = {name: row["status"] for name, row in team.rows().items()}
    assert statuses["plot:v1"] == ("deleted" if role == "manager" else "stored")


# -- the schedule -------------------------------------------------------------------------------------------------


def test_the_line_for_cron_runs_and_the_one_for_windows_is_quoted(team: Team, tmp_path: Path) -> None:
    odd = tmp_path / "50% of it's" / "registry.xlsx"
    odd.parent.mkdir()
    shutil.copyfile(team.folders.workbook, odd)
    line = cron_line(odd, "/usr/bin/python3", odd.with_suffix(".log"))
    assert line.startswith("0 3 * * * /usr/bin/python3 -m tracker retention run ") and "50\\% of" in line
    windows = task_scheduler_line(Path("C:/our data/registry.xlsx"), "C:\\Program Files\\python.exe")
    assert '/TR "\\"C:\\Program Files\\python.exe\\" -m tracker retention run ' in windows


def test_the_command_of_the_cron_line_does_what_it_should(team: Team) -> None:
    import os
    import subprocess
    import sys

    retention.trash(team.registry, ["plot:v2"], "tidy", "ds1", datetime(2020, 1, 1))
    log = team.folders.side / "retention.log"
    command = cron_line(team.folders.workbook, sys.executable, log).split(" ", 5)[5].replace("\\%", "%")
    root = str(Path(__file__).parent.parent)
    done = subprocess.run(command, shell=True, env={**os.environ, "PYTHONPATH": root}, cwd="/")
    assert done.returncode == 0, log.read_text()
    assert "purge 1 version" in log.read_text()
    assert team.rows()["plot:v2"]["status"] == "deleted"
