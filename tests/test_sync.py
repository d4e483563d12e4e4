"""From the journal into the workbook: crashes, stale saves, people's edits, two syncs at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from package import Package
from person import Person
from script import Script

import tracker
from tracker.errors import (
    NoTablesError,
    RegistryNotWritableError,
    TrackerError,
    WorkbookChangedError,
    WorkbookOpenElsewhereError,
)
from tracker.history.versions import list_versions, thin_versions, versions_to_drop
from tracker.journal import incoming as incoming_module
from tracker.journal.changes import Journal
from tracker.journal.metrics import MetricsWriter
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.syncing import lock
from tracker.syncing.elsewhere import open_elsewhere
from tracker.syncing.sync import STEPS, SyncReport
from tracker.values import key_text
from tracker.workbook import read_stamp, read_tables

TEMPLATE = Path(__file__).parent.parent / "templates" / "general.xlsx"


@pytest.fixture
def script(registry_path: Path) -> Script:
    return Script(registry_path)


@pytest.fixture
def person(registry_path: Path) -> Person:
    return Person(registry_path)


# -- the plain way ------------------------------------------------------------------------------------------------


def test_what_was_logged_is_in_the_workbook_once(script: Script) -> None:
    script.run("r1", name="first", metrics__auc=0.9, params__depth=6)
    report = script.sync()
    assert report.rows_added == 1 and not report.problems and not report.conflicts
    assert script.rows()["r1"]["metrics.auc"] == 0.9
    assert read_stamp(script.folders.workbook) == report.change_set
    assert script.sync() == SyncReport()
    assert list(script.folders.pending.iterdir()) == []


def test_the_workbook_before_is_kept(script: Script) -> None:
    before = script.folders.workbook.read_bytes()
    script.run("r1")
    script.sync()
    (version,) = list_versions(script.folders.versions)
    assert version.read_bytes() == before


def test_nothing_to_do_touches_nothing(script: Script) -> None:
    script.run("r1")
    script.sync()
    before = script.folders.workbook.stat()
    script.sync()
    after = script.folders.workbook.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_mode_and_symbolic_link_of_the_workbook_stay(script: Script, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.xlsx"
    real.parent.mkdir()
    os.replace(script.folders.workbook, real)
    real.chmod(0o640)
    script.folders.workbook.symlink_to(real)
    script.run("r1")
    script.sync()
    assert script.folders.workbook.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert "r1" in script.rows()


def test_a_sync_in_the_middle_of_a_run_and_one_at_its_end(script: Script) -> None:
    script.log(Change("runs", ("r1",), {"status": "RUNNING", "metrics.auc": 0.5}, new=True))
    script.sync()
    script.log(
        Change("runs", ("r1",), {"status": "FINISHED", "metrics.auc": 0.7}, {"status": "RUNNING", "metrics.auc": 0.5})
    )
    report = script.sync()
    assert not report.conflicts
    assert (script.rows()["r1"]["status"], script.rows()["r1"]["metrics.auc"]) == ("FINISHED", 0.7)


def test_metrics_of_a_run_whose_row_was_not_written_yet_are_not_lost(script: Script) -> None:
    early = PendingWriter(script.folders.pending, run_id="r1")
    steps = MetricsWriter(script.folders.metrics("r1"))
    steps.log("auc", 0.5, 1)
    steps.close()
    script.sync()
    early.append(Change("runs", ("r1",), {"status": "FINISHED"}, new=True))
    early.close()
    script.sync()
    assert script.rows()["r1"]["metrics.auc"] == 0.5


# -- what people do -----------------------------------------------------------------------------------------------


def test_a_person_saves_over_it_and_both_are_there(script: Script, person: Person) -> None:
    script.run("r1", name="first")
    script.sync()
    person.opens()
    script.run("r2", name="second", metrics__auc=0.8)
    script.sync()
    person.writes("r1", "notes", "looked at it")
    person.saves()
    assert set(script.rows()) == {"r1"}
    report = script.sync()
    assert report.replayed == 1 and not report.conflicts
    assert script.rows()["r1"]["notes"] == "looked at it"
    assert script.rows()["r2"]["metrics.auc"] == 0.8


def test_a_persons_value_stays_and_the_scripts_is_kept_as_a_conflict(script: Script, person: Person) -> None:
    script.log(Change("runs", ("r1",), {"metrics.auc": 0.5}, new=True))
    script.sync()
    person.opens()
    person.writes("r1", "metrics.auc", 0.99)
    person.saves()
    script.log(Change("runs", ("r1",), {"metrics.auc": 0.7}, {"metrics.auc": 0.5}))
    (conflict,) = script.sync().conflicts
    assert (conflict.kept, conflict.dropped) == (0.99, 0.7)
    assert script.rows()["r1"]["metrics.auc"] == 0.99


def test_sorted_rows_moved_columns_and_renamed_sheets_are_found_again(script: Script, person: Person) -> None:
    for number in (1, 2, 3):
        script.run(f"r{number}", name=f"run {number}")
    script.sync()
    person.opens()
    person.sorts("name", descending=True)
    person.renames_sheet("Our runs")
    person.saves()
    script.log(Change("runs", ("r2",), {"name": "changed"}, {"name": "run 2"}))
    assert not script.sync().conflicts
    rows = script.rows()
    assert list(rows) == ["r3", "r2", "r1"] and rows["r2"]["name"] == "changed"


def test_a_deleted_row_stays_deleted(script: Script, person: Person) -> None:
    script.run("r1")
    script.run("r2")
    script.sync()
    person.opens()
    person.deletes("r1")
    person.saves()
    script.log(Change("runs", ("r1",), {"name": "late"}))
    (conflict,) = script.sync().conflicts
    assert conflict.reason == "deleted row" and set(script.rows()) == {"r2"}


def test_a_typed_row_gets_a_key_and_is_known_again_in_an_older_copy(script: Script, person: Person) -> None:
    script.run("r1")
    script.sync()
    person.opens()
    person.types(name="by hand", **{"goal": "see"})
    person.saves()
    script.sync()
    (typed,) = [row for row in script.rows().values() if row["name"] == "by hand"]
    assert typed["run_id"] and typed["status"] == "PLANNED"
    person.saves()  # the same window again: the row is there, its key is not
    script.run("r2")
    script.sync()
    assert sorted(script.rows()) == sorted(["r1", "r2", typed["run_id"]])


def test_rows_typed_just_below_the_table_are_taken_in(script: Script, person: Person) -> None:
    script.run("r1")
    script.sync()
    person.opens()
    person.types_below(name="below")
    person.saves()
    script.run("r2")
    script.sync()
    assert [row["name"] for row in script.rows().values()] == [None, "below", None]


def test_a_renamed_column_is_noticed_and_noted(script: Script, person: Person) -> None:
    script.run("r1", owner="a")
    script.sync()
    person.opens()
    person.renames_column("owner", "Besitzer")
    person.saves()
    script.run("r2", owner="b")
    report = script.sync()
    assert not report.conflicts
    assert script.rows()["r2"]["Besitzer"] == "b" and "owner" not in script.rows()["r2"]


def test_a_workbook_that_lost_its_stamp_gets_everything_back(script: Script, person: Person) -> None:
    original = script.folders.workbook.read_bytes()
    for number in range(3):
        script.run(f"r{number}")
        script.sync()
    script.folders.workbook.write_bytes(original)
    assert script.sync().replayed == 3
    assert set(script.rows()) == {"r0", "r1", "r2"}


def test_content_below_the_table_makes_new_rows_wait(script: Script, person: Person) -> None:
    script.run("r1")
    script.sync()
    person.opens()
    person.writes_far_below("a note", rows_below=2)
    person.saves()
    script.run("r2")
    script.run("r3")
    report = script.sync()
    assert report.pending == 2 and report.problems[0].code == "no-room-for-rows" and report.problems[0].cell
    assert set(script.rows()) == {"r1"}
    assert script.sync().change_set is None  # waiting makes no history
    person.opens()
    person.writes_far_below(None, rows_below=2)
    person.saves()
    assert script.sync().pending == 0
    assert set(script.rows()) == {"r1", "r2", "r3"}


def test_a_text_too_long_for_a_cell_waits_and_everything_else_goes_in(script: Script) -> None:
    script.run("r1", notes="x" * 40_000, name="fine")
    report = script.sync()
    assert report.pending == 1 and "40,000" in report.problems[0].message
    assert script.rows()["r1"]["name"] == "fine" and script.rows()["r1"]["notes"] is None


# -- who has it open ----------------------------------------------------------------------------------------------


def excel_lock(workbook: Path, owner: str) -> Path:
    name = owner.encode("utf-16-le")
    content = bytes([len(owner)]) + owner.encode("cp1252").ljust(54) + len(owner).to_bytes(2, "little") + name
    lock = workbook.with_name(f"~${workbook.name}")
    lock.write_bytes(content.ljust(165, b" "))
    return lock


@pytest.mark.parametrize("program", ["Excel", "LibreOffice"])
def test_an_open_workbook_is_left_alone_until_it_is_closed(script: Script, program: str) -> None:
    workbook = script.folders.workbook
    if program == "Excel":
        lock = excel_lock(workbook, "A. Person")
    else:
        lock = workbook.with_name(f".~lock.{workbook.name}#")
        lock.write_text("A. Person,login,host,24.11.2026 07:12,file:///x;", "utf-8")
    found = open_elsewhere(workbook)
    assert found is not None and (found.program, found.owner) == (program, "A. Person")
    before = workbook.read_bytes()
    script.run("r1")
    with pytest.raises(WorkbookOpenElsewhereError, match=r"A\. Person"):
        script.sync()
    assert workbook.read_bytes() == before
    lock.unlink()
    script.sync()
    assert "r1" in script.rows()


def test_force_writes_past_a_lock_file_that_was_left_behind(script: Script) -> None:
    excel_lock(script.folders.workbook, "Nobody")
    script.run("r1")
    script.sync(force=True)
    assert "r1" in script.rows()


def test_whoever_waits_is_told_who_holds_the_lock(script: Script) -> None:
    script.run("r1")

    def meanwhile(step: str) -> None:
        if step == "read":
            child = (
                "import sys; from pathlib import Path\n"
                "from tracker.folders import Folders; from tracker.syncing.sync import sync\n"
                "sync(Folders(Path(sys.argv[1])), wait=0.1)"
            )
            done = subprocess.run(
                [sys.executable, "-c", child, script.folders.workbook], capture_output=True, text=True
            )
            assert "RegistryLockedError" in done.stderr and f"process {os.getpid()}" in done.stderr

    script.sync(on_step=meanwhile)


# -- crashes ------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from tracker.folders import Folders
from tracker.syncing.sync import sync

def on_step(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

sync(Folders(Path(sys.argv[1])), on_step=on_step)
"""


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_sync_finishes_the_work(script: Script, step: str) -> None:
    script.run("r0", name="before")
    script.sync()
    script.run("r1", name="first", metrics__auc=0.5)
    script.log(Change("runs", ("r0",), {"name": "after"}, {"name": "before"}))
    done = subprocess.run([sys.executable, "-c", KILLED, script.folders.workbook, step], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert "r0" in script.rows()  # a whole workbook at every instant
    script.run("r2")
    report = script.sync()
    assert not report.conflicts
    rows = script.rows()
    assert list(rows) == ["r0", "r1", "r2"] and rows["r0"]["name"] == "after" and rows["r1"]["metrics.auc"] == 0.5
    changes = [entry for found in Journal(script.folders.changes).newest_first() for entry in found.entries]
    made = Counter((entry.table, entry.key) for entry in changes if entry.new)
    assert set(made.values()) == {1}
    assert {key for table, key in made if table == "runs"} == {("r0",), ("r1",), ("r2",)}


# -- two at once --------------------------------------------------------------------------------------------------


class NoLock:
    """A lock that locks nobody out, as on some network drives."""

    def __init__(self, path: Path) -> None:
        pass

    def acquire(self, timeout: float) -> None:
        raise NotImplementedError

    def release(self) -> None:
        pass


@pytest.mark.parametrize("step", ["read", "planned", "committed", "written"])
def test_two_syncs_without_a_working_lock_lose_nothing(
    script: Script, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(lock, "FileLock", NoLock)
    script.run("r1")
    script.sync()
    script.run("r2", metrics__auc=0.5)
    script.log(Change("runs", ("r1",), {"metrics.auc": 0.1}))
    nested = []

    def meanwhile(reached: str) -> None:
        if reached == step and not nested:
            nested.append(step)
            script.run("r3")
            script.log(Change("runs", ("r1",), {"metrics.auc": 0.2}, {"metrics.auc": 0.1}))
            script.sync()

    script.sync(on_step=meanwhile)
    script.sync()
    rows = script.rows()
    assert set(rows) == {"r1", "r2", "r3"} and rows["r1"]["metrics.auc"] == 0.2 and rows["r2"]["metrics.auc"] == 0.5


def test_a_save_under_the_hands_of_a_sync_is_not_overwritten(script: Script, person: Person) -> None:
    script.run("r1")
    script.sync()
    person.opens()
    person.writes("r1", "notes", "just now")
    script.run("r2")
    saved = []

    def meanwhile(step: str) -> None:
        if step == "written" and not saved:
            saved.append(person.saves())

    script.sync(on_step=meanwhile)
    assert set(script.rows()) == {"r1", "r2"} and script.rows()["r1"]["notes"] == "just now"


def test_somebody_who_saves_all_the_time_stops_the_sync_but_loses_nothing(script: Script, person: Person) -> None:
    script.run("r1")
    person.opens()
    with pytest.raises(WorkbookChangedError):
        script.sync(on_step=lambda step: person.saves() if step == "written" else None)
    script.sync()
    assert set(script.rows()) == {"r1"}


def test_a_save_in_place_in_the_last_instant_takes_its_place_again(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LibreOffice writes into the file itself: just before the replace, its bytes go to the old file."""
    script.run("r1")
    script.sync()
    stale = script.folders.workbook.read_bytes()
    script.run("r2")
    really = os.replace
    once = []

    def replace(source: Any, target: Any) -> None:
        if Path(target) == script.folders.workbook and not once:
            once.append(target)
            script.folders.workbook.write_bytes(stale + b"")
            os.utime(script.folders.workbook)
        really(source, target)

    monkeypatch.setattr(os, "replace", replace)
    script.sync()
    assert set(script.rows()) == {"r1", "r2"} and once


# -- what cannot be written ---------------------------------------------------------------------------------------


def test_a_full_disk_leaves_the_workbook_and_the_journal_as_they_were(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.run("r1")
    before = script.folders.workbook.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RegistryNotWritableError, match="No space left"):
            script.sync()
    assert script.folders.workbook.read_bytes() == before
    assert not [name for name in os.listdir(script.folders.workbook.parent) if "syncing" in name]
    script.sync()
    assert set(script.rows()) == {"r1"}


@pytest.fixture
def read_only_registry(tmp_path: Path) -> Iterator[Path]:
    """A registry in a folder that this process may not write; root steps down to nobody, since root writes anywhere."""
    folder = Path(tempfile.mkdtemp())
    registry = Path(shutil.copyfile(TEMPLATE, folder / "registry.xlsx"))
    with tracker.start_run(shutil.copyfile(TEMPLATE, tmp_path / "warm.xlsx"), experiment="none"):
        pass  # what a run imports must be there: nobody may not be allowed to read the installed packages
    folder.chmod(0o555)
    as_root = os.geteuid() == 0
    if as_root:
        os.seteuid(65_534)
    yield registry
    if as_root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name == "nt", reason="Windows folders have no such mode")
def test_a_read_only_folder_is_named(read_only_registry: Path) -> None:
    before = read_only_registry.read_bytes()
    with pytest.raises(RegistryNotWritableError, match="unchanged"):
        Script(read_only_registry).sync()
    with pytest.raises(RegistryNotWritableError, match="unchanged"):
        tracker.start_run(read_only_registry, experiment="none")
    assert read_only_registry.read_bytes() == before


def test_broken_files_are_refused_with_their_bytes_unchanged(broken: Any, tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    broken.build(path)
    before = path.read_bytes()
    script = Script(path)
    script.run("r1")
    with pytest.raises(TrackerError) as caught:
        script.sync()
    assert str(path) in str(caught.value) and "othing was" in str(caught.value)
    assert path.read_bytes() == before


def test_a_workbook_without_a_runs_table_is_no_registry(tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "plain.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(NoTablesError, match="runs"):
        Script(path).sync()


def test_duplicate_ids_do_not_stop_anything(script: Script, person: Person) -> None:
    script.run("r1", name="one")
    script.sync()
    person.opens()
    person.types(run_id="r1", name="copy")
    person.saves()
    script.log(Change("runs", ("r1",), {"params.x": 1}))
    script.run("r2")
    script.sync()
    table = read_tables(script.folders.workbook, {"runs"})["runs"]
    assert [row[0] for row in table.rows] == ["r1", "r1", "r2"]


# -- versions -----------------------------------------------------------------------------------------------------


def names(*moments: str) -> list[str]:
    return [f"{moment}0000000Z-000001.xlsx" for moment in moments]


def test_of_old_versions_the_last_of_each_day_stays() -> None:
    versions = names("20261101T00", "20261101T01", "20261102T00", "20261102T01", "20261102T02")
    assert versions_to_drop(versions, [1] * 5, keep=1, budget=100) == names("20261101T00", "20261102T00")


def test_large_versions_are_thinned_sooner_but_some_always_stay() -> None:
    versions = names(*(f"20261101T{hour:02d}" for hour in range(20)))
    assert (
        len(versions) - len(versions_to_drop(versions, [100] * 20, keep=50, budget=1000)) == 11
    )  # ten, and the day's last
    assert len(versions) - len(versions_to_drop(versions, [10_000] * 20, keep=50, budget=1000)) == 5


def test_of_versions_from_long_ago_the_last_of_each_month_stays(tmp_path: Path) -> None:
    for month in range(1, 13):
        for day in range(1, 29):
            (tmp_path / names(f"2026{month:02d}{day:02d}T12")[0]).touch()
    thin_versions(tmp_path, keep=1, budget=1000)
    left = list_versions(tmp_path)
    assert len(left) == 60 + 9 + 1 + 1  # days, whole months before, the month that is cut in two, the newest
    assert left[0].name.startswith("20260128")


def test_a_version_is_no_second_name_of_the_workbook(script: Script) -> None:
    """A save in place into the workbook must not reach into what was kept."""
    for number in range(3):
        script.run(f"r{number}")
        script.sync()
    assert script.folders.workbook.stat().st_nlink == 1
    contents = {path.read_bytes() for path in list_versions(script.folders.versions)}
    assert len(contents) == 3


def test_only_the_parts_that_had_to_change_changed(script: Script) -> None:
    script.run("r1", status="FINISHED")
    script.sync()
    before = Package(script.folders.workbook)
    script.log(Change("runs", ("r1",), {"name": "x"}))
    script.sync()
    after = Package(script.folders.workbook)
    changed = {name for name in after.parts if after.parts[name] != before.parts.get(name)}
    with contextlib.suppress(KeyError):
        changed.remove("docProps/custom.xml")
    assert len(changed) <= 2, changed  # the sheet of runs, and the summary whose formulas see it
    shutil.rmtree(script.folders.side)


def test_steps_logged_after_a_sync_has_looked_keep_their_pending_file(script: Script) -> None:
    """The run ends between the moment its steps are read and the moment its pending file is."""
    writer = PendingWriter(script.folders.pending, run_id="r1")
    writer.append(Change("runs", ("r1",), {"status": "FINISHED"}, new=True))
    writer.close()
    steps = MetricsWriter(script.folders.metrics("r1"))
    really = incoming_module.read_pending

    def late(*arguments: Any) -> Any:
        steps.log("auc", 0.5, 1)
        steps.close()
        return really(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incoming_module, "read_pending", late)
        script.sync()
    script.sync()
    assert script.rows()["r1"]["metrics.auc"] == 0.5
    assert list(script.folders.pending.iterdir()) == []


@pytest.mark.parametrize("typed", [" r9 ", 18.1, 7, datetime(2026, 11, 24, 9, 30)])
def test_a_key_is_found_as_a_person_typed_it(script: Script, person: Person, typed: Any) -> None:
    script.run("r1")
    script.sync()
    person.opens()
    person.types(run_id=typed, name="by hand")
    person.saves()
    script.log(Change("runs", (key_text(typed),), {"params.x": 1}))
    report = script.sync()
    assert not report.conflicts and not report.pending
    (row,) = [row for row in script.rows().values() if row["name"] == "by hand"]
    assert row["params.x"] == 1


def test_only_formulas_that_see_what_changed_lose_their_saved_results(tmp_path: Path) -> None:
    headers = ["run_id", "status", "metrics.auc"]
    registry = tmp_path / "registry.xlsx"
    with xlsxwriter.Workbook(registry) as book:
        sheet, summary = book.add_worksheet("runs"), book.add_worksheet("summary")
        sheet.write_row(0, 0, headers)
        sheet.write_row(1, 0, ["r1", "FINISHED", 0.5])
        sheet.add_table(0, 0, 1, 2, {"name": "runs", "columns": [{"header": header} for header in headers]})
        summary.write_formula("A1", "=COUNTA(runs[run_id])", None, 1)
        summary.write_formula("A2", "=MAX(runs[metrics.auc])", None, 0.5)
        summary.write_formula("A3", "=COLUMNS(runs)", None, 3)
    script = Script(registry)

    def saved() -> list[Any]:
        page = openpyxl.load_workbook(registry, data_only=True)["summary"]
        return [page[cell].value for cell in ("A1", "A2", "A3")]

    script.log(Change("runs", ("r1",), {"params.depth": 3}))
    script.sync()
    assert saved() == [1, 0.5, None]  # a column more
    script.log(Change("runs", ("r1",), {"metrics.auc": 0.75}, {"metrics.auc": 0.5}))
    script.sync()
    assert saved() == [1, None, None]
    script.run("r2")
    script.sync()
    assert saved() == [None, None, None]
