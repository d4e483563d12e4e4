"""Bringing an earlier workbook back: its bytes, nothing of the history lost, whole at every instant, and back again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from libreoffice import Office
from package import Package
from person import Person
from script import Script

from tracker.deciding.restoring import restore_version, restoring
from tracker.deciding.undo import undo
from tracker.errors import (
    BadRequestError,
    PermissionRefusedError,
    ValueChangedError,
    VersionNotFoundError,
    WorkbookOpenElsewhereError,
)
from tracker.history.timeline import events, verify
from tracker.history.versions import find_version, known_versions, list_versions
from tracker.journal.changes import Journal
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.syncing.restore import STEPS, restore
from tracker.workbook import read_stamp


@pytest.fixture
def script(registry_path: Path) -> Script:
    """A registry of three syncs: r1; then r2 and another name for r1; then a metric."""
    script = Script(registry_path)
    script.run("r1", name="first", metrics__loss=0.5)
    script.sync()
    script.run("r2", name="second")
    script.log(Change("runs", ("r1",), {"name": "renamed"}, {"name": "first"}))
    script.sync()
    script.log(Change("runs", ("r2",), {"metrics.auc": 0.75}))
    script.sync()
    return script


@pytest.fixture
def registry(script: Script) -> Registry:
    return Registry(script.folders.workbook)


def first(script: Script) -> Path:
    """The version after the first sync."""
    return find_version(script.folders.workbook, script.folders.versions, "1").path


def test_the_version_is_back_with_all_its_bytes_and_a_new_stamp(script: Script, registry: Registry) -> None:
    version = first(script)
    report = restore_version(registry, "1", "")
    assert report.restored == version.name and registry.stamp == report.change_set
    assert list(script.rows()) == ["r1"] and script.rows()["r1"]["name"] == "first"
    before, after = Package(version), Package(script.folders.workbook)
    differing = {name for name in before.parts if before.parts[name] != after.parts.get(name)}
    assert differing == {"docProps/custom.xml"} and before.parts.keys() == after.parts.keys()
    assert "metrics.auc" not in script.rows()["r1"]


def test_no_sync_brings_back_what_a_restore_took_away_and_what_is_logged_later_comes_in(script: Script) -> None:
    restore(script.folders, first(script))
    assert script.sync().change_set is None
    script.run("r3")
    assert script.sync().replayed == 0
    assert list(script.rows()) == ["r1", "r3"]


def test_a_row_that_stood_below_the_table_of_the_version_is_taken_in_and_new_runs_find_room(script: Script) -> None:
    person = Person(script.folders.workbook)
    person.opens()
    person.types_below(name="by hand")
    person.saves()
    script.run("r3")
    script.sync()
    restore(script.folders, list_versions(script.folders.versions)[-1])
    script.run("r4")
    assert script.sync().pending == 0
    assert [row["name"] for row in script.rows().values()] == ["renamed", "second", "by hand", None]


def test_what_waited_for_the_workbook_is_in_the_history_before_it_is_replaced(script: Script) -> None:
    script.run("r3", name="pending")
    restore(script.folders, first(script))
    assert list(script.rows()) == ["r1"]
    assert any(e.key == ("r3",) and e.new for found in events(script.folders) for e in found.entries)


def test_a_restore_is_taken_back_row_by_row_and_what_came_since_stays(script: Script, registry: Registry) -> None:
    before = script.rows()
    restored = restore_version(registry, "1", "ann").change_set
    script.run("r3")
    script.sync()
    assert restored is not None
    undo(registry, restored, "ann")
    rows = script.rows()
    assert rows.pop("r3")["status"] == "FINISHED"
    filled = {id: {name: value for name, value in row.items() if value is not None} for id, row in rows.items()}
    assert filled == {id: {n: v for n, v in row.items() if v is not None} for id, row in before.items()}


def test_the_history_says_what_a_restore_changed_and_is_whole(script: Script) -> None:
    restore(script.folders, first(script), who="ann")
    found = next(events(script.folders))
    assert found.restored == first(script).name and found.who == "ann"
    changes = {entry.key: entry for entry in found.entries}
    assert changes["r2",].removed and changes["r2",].cells["name"].old == "second"
    assert changes["r1",].cells["name"].old == "renamed" and changes["r1",].cells["name"].new == "first"
    assert [(one.old, one.new) for one in found.columns] == [("metrics.auc", "")]
    assert verify(script.folders).faults == ()


def test_the_workbook_that_was_replaced_is_kept_and_can_be_restored_in_turn(script: Script) -> None:
    replaced = script.folders.workbook.read_bytes()
    restore(script.folders, first(script))
    kept = list_versions(script.folders.versions)[-1]
    assert kept.read_bytes() == replaced
    restore(script.folders, kept)
    assert list(script.rows()) == ["r1", "r2"] and script.rows()["r2"]["metrics.auc"] == 0.75
    assert script.sync().change_set is None


def test_a_copy_from_before_the_restore_that_somebody_saves_over_it(script: Script) -> None:
    person = Person(script.folders.workbook)
    person.opens()
    person.writes("r1", "notes", "typed meanwhile")
    restore(script.folders, first(script))
    person.saves()
    report = script.sync()
    rows = script.rows()
    assert rows["r1"]["name"] == "first" and rows["r1"]["notes"] == "typed meanwhile"
    # The row that the restore took away is in the copy that a person saved: it stays, and is told.
    assert "r2" in rows and {(c.key[0], c.reason) for c in report.conflicts} == {("r2", "removed row")}
    problems = Registry(script.folders.workbook).check()
    assert any(problem.code == "conflict" and "removed by a restore" in problem.message for problem in problems)
    assert script.sync().change_set is None


def test_a_copy_from_before_everything_gets_back_only_what_the_restore_left(script: Script) -> None:
    version = first(script)
    old = next(v.path for v in known_versions(script.folders.versions) if v.number is None).read_bytes()
    restore(script.folders, version)
    script.folders.workbook.write_bytes(old)
    script.sync()
    assert list(script.rows()) == ["r1"] and script.rows()["r1"]["name"] == "first"


def test_a_run_that_is_gone_keeps_what_it_logs_later_in_the_history(script: Script) -> None:
    restore(script.folders, first(script))
    script.log(Change("runs", ("r2",), {"metrics.auc": 0.9}, {"metrics.auc": 0.75}))
    report = script.sync()
    assert [(c.key, c.dropped, c.reason) for c in report.conflicts] == [(("r2",), 0.9, "deleted row")]


def test_peoples_charts_come_back(script: Script, libreoffice: Office) -> None:
    with libreoffice.open(script.folders.workbook) as document:
        document.add_chart("Runs", "A1:B3")
        document.save()
    script.run("r3")
    script.sync()
    with libreoffice.open(script.folders.workbook) as document:
        document.rename_sheet("Runs", "Elsewhere")
        document.save()
    script.run("r4")
    script.sync()
    with_chart = next(
        version
        for version in list_versions(script.folders.versions)
        if any("charts/chart" in name for name in Package(version).parts)
    )
    restore(script.folders, with_chart)
    names = Package(script.folders.workbook).parts
    assert any("charts/chart" in name for name in names)
    assert "r3" not in script.rows()
    assert libreoffice.sheet_values(script.folders.workbook)["Runs"]


# -- who, when, what ----------------------------------------------------------------------------------------------


def test_only_a_manager_restores(script: Script, registry: Registry) -> None:
    script.log(Change("people", ("ann",), {"role": "contributor"}, new=True))
    script.sync()
    before = script.folders.workbook.read_bytes()
    with pytest.raises(PermissionRefusedError):
        restore_version(registry, "1", "ann")
    assert script.folders.workbook.read_bytes() == before


def test_the_plan_tells_what_goes_and_is_refused_when_it_is_old(script: Script, registry: Registry) -> None:
    script.log(Change("runs", ("r5",), {"status": "RUNNING"}, new=True))
    script.sync()
    plan = restoring(registry, "1")
    assert plan.removed_runs == ("r2", "r5") and plan.under_way == ("r5",)
    script.run("r6")
    script.sync()
    with pytest.raises(ValueChangedError):
        restore_version(registry, "1", "", agreed=plan)
    restore_version(registry, "1", "", agreed=restoring(registry, "1"))
    assert list(script.rows()) == ["r1"]


def test_an_open_workbook_is_not_replaced(script: Script) -> None:
    before = script.folders.workbook.read_bytes()
    lock = script.folders.workbook.with_name(f".~lock.{script.folders.workbook.name}#")
    lock.write_text(",ann,host,24.11.2026 10:00,file;")
    with pytest.raises(WorkbookOpenElsewhereError):
        restore(script.folders, first(script))
    assert script.folders.workbook.read_bytes() == before


def test_versions_are_named_by_number_time_and_file(script: Script, registry: Registry) -> None:
    find = lambda name: find_version(registry.path, registry.folders.versions, name)  # noqa: E731
    versions = known_versions(registry.folders.versions)
    assert [version.number for version in versions] == [None, 1, 2]
    assert find("2").path == versions[2].path == find(versions[2].path.name[:19]).path
    for version in versions[1:]:
        assert find(f"{version.saved.isoformat()}").path == version.path
    assert find("now").path == registry.path and find("2999-01-01").path == registry.path
    for unknown in ("17", "1999-01-01", "nonsense", ""):
        with pytest.raises(VersionNotFoundError):
            find(unknown)
    with pytest.raises(BadRequestError):
        restoring(registry, "now")


def test_the_version_that_is_restored_is_not_thinned_meanwhile(script: Script) -> None:
    script.log(Change("settings", ("versions.keep",), {"value": 1}, new=True))
    script.sync()
    version = first(script)
    os.utime(script.folders.workbook)  # a sync with nothing to do thins as well
    script.log(Change("settings", ("versions.megabytes",), {"value": 0}, new=True))
    restore(script.folders, version)
    assert list(script.rows()) == ["r1"]


# -- crashes ------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from tracker.folders import Folders
from tracker.syncing.restore import restore

def on_step(step):
    if step == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

restore(Folders(Path(sys.argv[1])), Path(sys.argv[2]), on_step=on_step)
"""


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_it_is_done_wholly_or_not_at_all(script: Script, step: str) -> None:
    words = [sys.executable, "-c", KILLED, script.folders.workbook, first(script), step]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "r1" in script.rows()  # a whole workbook at every instant
    decided = STEPS.index(step) >= STEPS.index("committed")
    script.run("r3")
    report = script.sync()
    assert not report.conflicts
    assert list(script.rows()) == (["r1", "r3"] if decided else ["r1", "r2", "r3"])
    assert script.rows()["r1"]["name"] == ("first" if decided else "renamed")
    assert ("metrics.auc" in script.rows()["r1"]) is not decided
    assert sum(bool(found.restored) for found in Journal(script.folders.changes).newest_first()) == decided
    assert read_stamp(script.folders.workbook) == report.change_set
    assert verify(script.folders).faults == ()
    assert script.sync().change_set is None


def test_killed_and_then_edited_the_edit_stands(script: Script) -> None:
    person = Person(script.folders.workbook)
    words = [sys.executable, "-c", KILLED, script.folders.workbook, first(script), "committed"]
    subprocess.run(words, capture_output=True, text=True)
    person.opens()
    person.writes("r1", "name", "by hand")
    person.saves()
    script.sync()
    assert script.rows()["r1"]["name"] == "by hand"


def test_somebody_saves_while_a_restore_is_written(script: Script) -> None:
    person = Person(script.folders.workbook)
    person.opens()
    person.writes("r1", "notes", "in the last moment")
    meanwhile = [person.saves]

    def on_step(step: str) -> None:
        if step == "written" and meanwhile:
            meanwhile.pop()()

    restore(script.folders, first(script), on_step=on_step)
    assert list(script.rows()) == ["r1"] and script.rows()["r1"]["name"] == "first"
    notes = [c.new for f in events(script.folders) for e in f.entries for n, c in e.cells.items() if n == "notes"]
    assert "in the last moment" in notes
