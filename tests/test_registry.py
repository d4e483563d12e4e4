"""A registry for reading: making and opening one, rows with addresses, one run, settings, status."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from person import Person
from zoo import Broken, with_openpyxl

from tracker.errors import (
    BadRequestError,
    NoTablesError,
    NotAWorkbookError,
    RegistryNotFoundError,
    RegistryNotWritableError,
    RunNotFoundError,
    TrackerError,
)
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading import registry as registry_module
from tracker.reading.registry import Registry, init_registry, open_registry, templates
from tracker.schema import TABLES
from tracker.workbook import read_tables


def log(registry: Registry, *changes: Change) -> None:
    writer = PendingWriter(registry.folders.pending, who="script")
    for change in changes:
        writer.append(change)
    writer.close()


def run(run_id: str, **cells: Any) -> Change:
    return Change("runs", (run_id,), {k.replace("__", "."): v for k, v in cells.items()}, new=True, time=time.time())


# -- making one ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", sorted(templates()))
def test_init_makes_a_registry_without_problems_from_each_template(tmp_path: Path, template: str) -> None:
    registry = init_registry(tmp_path / "new folder" / "registry.xlsx", template)
    assert registry.check() == []
    assert registry.runs().empty
    assert registry.stamp is None
    assert registry.folders.side.is_dir()
    assert open_registry(registry.path).settings.get("trash.days") == 14


def test_any_workbook_with_the_tables_is_a_template(tmp_path: Path, bare_registry: Path) -> None:
    registry = init_registry(tmp_path / "copy.xlsx", bare_registry)
    assert registry.path.read_bytes() == bare_registry.read_bytes()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    path.write_text("mine")
    with pytest.raises(BadRequestError, match="already"):
        init_registry(path)
    assert path.read_text() == "mine"
    assert not path.with_suffix(".tracker").exists()


def test_init_does_not_take_over_the_history_of_another_workbook(tmp_path: Path) -> None:
    registry = init_registry(tmp_path / "registry.xlsx")
    log(registry, run("r1"))
    registry.sync()
    with pytest.raises(BadRequestError, match=r"There is a file .*registry\.xlsx already"):
        init_registry(registry.path)
    registry.path.unlink()
    with pytest.raises(BadRequestError, match="history of another workbook"):
        init_registry(registry.path)
    assert not registry.path.exists()


@pytest.mark.parametrize("path", ["registry", "registry.csv", "registry.xls", "registry.xlsm"])
def test_init_wants_the_templates_ending(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadRequestError, match=r"\*\.xlsx"):
        init_registry(tmp_path / path)
    assert not list(tmp_path.iterdir())


def test_an_unknown_template_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match=r"There is no template fancy.*general"):
        init_registry(tmp_path / "registry.xlsx", "fancy")


def test_a_workbook_without_tables_is_no_template(tmp_path: Path) -> None:
    with_openpyxl.simple(tmp_path / "t.xlsx", {"budget": (("month",), [("May",)])})
    with pytest.raises(NoTablesError):
        init_registry(tmp_path / "registry.xlsx", tmp_path / "t.xlsx")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RegistryNotWritableError, match="Choose another folder"):
        init_registry(tmp_path / "file" / "registry.xlsx")


def test_a_full_disk_leaves_no_half_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry_module.os, "fsync", full)
    with pytest.raises(RegistryNotWritableError, match="No space left"):
        init_registry(tmp_path / "registry.xlsx")
    assert not list(tmp_path.iterdir())


# -- opening one --------------------------------------------------------------------------------------------------


def test_opening_nothing_or_no_registry_says_so_at_once(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(RegistryNotFoundError):
        open_registry(tmp_path / "none.xlsx")
    (tmp_path / "text.xlsx").write_text("not a workbook")
    with pytest.raises(NotAWorkbookError):
        open_registry(tmp_path / "text.xlsx")
    with_openpyxl.simple(tmp_path / "t.xlsx", {"budget": (("month",), [("May",)])})
    with pytest.raises(NoTablesError):
        open_registry(tmp_path / "t.xlsx")
    assert time.monotonic() - start < 2


def test_a_broken_workbook_gives_one_clear_error_and_keeps_its_bytes(tmp_path: Path, broken: Broken) -> None:
    path = tmp_path / "broken.xlsx"
    broken.build(path)
    before = path.read_bytes()
    registry = Registry(path)
    for read in (registry.runs, registry.check, lambda: registry.rows("runs"), registry.status):
        try:
            read()
        except TrackerError as error:
            assert str(path) in str(error)
    assert path.read_bytes() == before


def test_a_relative_path_stays_right_when_the_working_folder_changes(
    bare_registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bare_registry.parent)
    registry = open_registry(bare_registry.name)
    monkeypatch.chdir("/")
    assert len(registry.runs()) == 3


def test_a_workbook_that_is_absent_for_a_moment_is_waited_for(bare_registry: Path) -> None:
    registry = Registry(bare_registry)
    registry.folders.side.mkdir()
    aside = bare_registry.rename(bare_registry.with_name("aside.xlsx"))
    threading.Timer(0.3, aside.rename, [bare_registry]).start()
    assert len(registry.runs()) == 3


def test_a_workbook_that_is_torn_for_a_moment_is_waited_for(bare_registry: Path) -> None:
    registry = Registry(bare_registry)
    registry.folders.side.mkdir()
    whole = bare_registry.read_bytes()
    bare_registry.write_bytes(whole[: len(whole) // 2])
    threading.Timer(0.3, bare_registry.write_bytes, [whole]).start()
    assert len(registry.rows("runs").rows) == 3


@pytest.mark.parametrize("in_place", [True, False])
def test_what_is_saved_while_it_is_read_is_of_one_state(
    bare_registry: Path, monkeypatch: pytest.MonkeyPatch, in_place: bool
) -> None:
    newer = bare_registry.with_name("newer.xlsx")
    with_openpyxl.simple(newer, {"runs": (("run_id",), [("n1",)])})
    before = Registry(bare_registry).runs()["run_id"].tolist()
    real = registry_module.reading.gather

    def gather_while_somebody_saves(*arguments: Any) -> Any:
        if newer.exists() and in_place:
            bare_registry.write_bytes(newer.read_bytes())
            newer.unlink()
        elif newer.exists():
            newer.replace(bare_registry)
        return real(*arguments)

    monkeypatch.setattr(registry_module.reading, "gather", gather_while_somebody_saves)
    # A file that was replaced stays as it was for whoever has it open; one that was written into is read again.
    assert Registry(bare_registry).runs()["run_id"].tolist() == (["n1"] if in_place else before)
    assert Registry(bare_registry).runs()["run_id"].tolist() == ["n1"]


# -- rows ---------------------------------------------------------------------------------------------------------


def test_rows_have_addresses_own_names_and_what_is_pending(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    settings = (("name", "value"), [("column.runs.status", "State")])
    runs = (("run_id", "State", "metrics.auc"), [("r1", "FINISHED", 0.5), ("r2", "FAILED", 0.25)])
    with_openpyxl.simple(path, {"runs": runs, "settings": settings})
    registry = Registry(path)
    log(registry, run("r3", status="RUNNING"), Change("runs", ("r2",), {"metrics.auc": 0.75}, {"metrics.auc": 0.25}))
    rows = registry.rows("RUNS")
    assert rows.columns == ("run_id", "status", "metrics.auc")
    assert rows.rows == [["r1", "FINISHED", 0.5], ["r2", "FAILED", 0.75], ["r3", "RUNNING", None]]
    assert rows.address(1, "status") == "B3"
    assert read_tables(path, {"runs"})["runs"].rows[1][2] == 0.25


def test_a_table_that_the_workbook_lacks_has_no_rows(bare_registry: Path) -> None:
    rows = Registry(bare_registry).rows("people")
    assert rows.rows == []
    assert rows.columns == tuple(column.name for column in TABLES["people"].columns)
    with pytest.raises(BadRequestError, match="it has runs, artifacts"):
        Registry(bare_registry).rows("budget")


def test_one_row_is_the_same_as_in_the_whole_table(registry_path: Path) -> None:
    registry = Registry(registry_path)
    log(registry, *(run(f"r{n}", name=f"run {n}", metrics__auc=n / 8) for n in range(5)))
    registry.sync()
    log(registry, Change("runs", ("r3",), {"tags.team": "risk"}), run("r9", params__new=1))
    rows = registry.rows("runs")
    expected = {row[0]: dict(zip(rows.columns, row, strict=True)) for row in rows.rows}
    for run_id in ("r0", "r3", "r4", "r9"):
        found = registry.row("runs", (run_id,)) or {}
        assert {name: value for name, value in found.items() if value is not None} == {
            name: value for name, value in expected[run_id].items() if value is not None
        }
    assert registry.row("runs", ("r5",)) is None
    assert registry.row("checklist", ("r1", "model file")) is None


# -- one run ------------------------------------------------------------------------------------------------------


@pytest.fixture
def some_runs(registry_path: Path) -> Registry:
    registry = Registry(registry_path)
    log(
        registry,
        run(
            "20261101-120000-aaa111",
            name="first",
            params__depth=6,
            params__text="'123",
            start_time=datetime(2026, 11, 1),
        ),
        run("20261101-130000-bbb222", name="twin"),
        run("20261102-120000-ccc333", name="twin"),
    )
    return registry


@pytest.mark.parametrize("wanted", ["20261101-120000-aaa111", "first", "20261101-12", "aaa111"])
def test_a_run_is_found_by_id_name_beginning_or_end(some_runs: Registry, wanted: str) -> None:
    for _ in range(2):
        found = some_runs.run(wanted)
        assert found["run_id"] == "20261101-120000-aaa111"
        assert found["params.depth"] == 6
        assert found["params.text"] == "123"
        assert found["start_time"] == datetime(2026, 11, 1)
        assert found["notes"] is None
        some_runs.sync()


@pytest.mark.parametrize("wanted", ["twin", "20261101"])
def test_a_run_that_could_be_several_is_not_guessed(some_runs: Registry, wanted: str) -> None:
    with pytest.raises(BadRequestError, match=r"2 runs could be meant.*20261101-130000-bbb222"):
        some_runs.run(wanted)


@pytest.mark.parametrize("wanted", ["nobody", "", "First", "-"])
def test_a_run_that_is_not_there_is_told(some_runs: Registry, wanted: str) -> None:
    with pytest.raises(RunNotFoundError):
        some_runs.run(wanted)
    with pytest.raises(RunNotFoundError):
        some_runs.history(wanted)


# -- the whole ----------------------------------------------------------------------------------------------------


def test_settings_show_what_is_pending(registry_path: Path) -> None:
    registry = Registry(registry_path)
    log(registry, Change("settings", ("trash.days",), {"value": 30}, {"value": 14}, time=time.time(), by="person"))
    assert registry.settings.get("trash.days") == 30


def test_status_says_what_is_pending_lost_and_who_has_it_open(registry_path: Path) -> None:
    registry, person = Registry(registry_path), Person(registry_path)
    assert registry.status().pending == 0
    log(registry, run("r1"), run("r2"))
    assert registry.status().pending == 2
    registry.sync()
    person.opens()
    log(registry, run("r3"))
    registry.sync()
    assert (registry.status().pending, registry.status().lacking) == (0, 0)
    assert registry.status().stamp == registry.changes()[0].id
    person.saves()
    assert registry.status().lacking == 1
    lock = registry_path.with_name(f".~lock.{registry_path.name}#")
    lock.write_text(",ds1,host,24.11.2026 07:12,file:///x;")
    opened = registry.status().open_elsewhere
    assert opened is not None
    assert (opened.program, opened.owner) == ("LibreOffice", "ds1 on host")


def test_changes_are_the_history_newest_first(registry_path: Path) -> None:
    registry = Registry(registry_path)
    assert registry.changes() == []
    for number in range(3):
        log(registry, run(f"r{number}"))
        registry.sync(who="ds1")
    changes = registry.changes()
    assert [change_set.number for change_set in changes] == [3, 2, 1]
    assert changes[0].entries[0].key == ("r2",)
    assert changes[0].who == "ds1"


def test_a_registry_moves_with_its_side_folder(registry_path: Path, tmp_path: Path) -> None:
    registry = Registry(registry_path)
    log(registry, run("r1"))
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(registry_path, moved / "registry.xlsx")
    shutil.move(registry.folders.side, moved / "registry.tracker")
    assert Registry(moved / "registry.xlsx").runs()["run_id"].tolist() == ["r1"]


def test_categories_are_those_of_the_kinds_table_too(tmp_path: Path, bare_registry: Path) -> None:
    assert Registry(bare_registry).choices("artifacts", "category") == TABLES["artifacts"].column("category").choices
    path = tmp_path / "r.xlsx"
    with_openpyxl.simple(
        path, {"runs": (("run_id",), [("r1",)]), "kinds": (("category", "kind"), [("ethics", "review")])}
    )
    assert "ethics" in Registry(path).choices("artifacts", "category")
    assert "ethics" not in Registry(path).choices("runs", "status")
