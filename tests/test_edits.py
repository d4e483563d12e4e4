"""What a person changes through the app or command line: role, the value they saw, and where the change ends up."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from zoo import with_openpyxl

from tracker.deciding import edits
from tracker.deciding.edits import edit_row, require, role_of, set_cell, set_note, set_tag
from tracker.errors import (
    BadRequestError,
    CellTooLongError,
    PermissionRefusedError,
    RegistryNotWritableError,
    RunNotFoundError,
    ValueChangedError,
)
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.schema import ROLES
from tracker.workbook import read_tables


@pytest.fixture
def registry(registry_path: Path) -> Registry:
    """A registry with two runs in the workbook."""
    registry = Registry(registry_path)
    cells = {"status": "FINISHED", "metrics.auc": 0.5, "params.depth": 6, "start_time": datetime(2026, 11, 1)}
    log(registry, Change("runs", ("r1",), {**cells, "name": "first"}, new=True, time=time.time()))
    log(registry, Change("runs", ("r2",), {**cells, "name": "second"}, new=True, time=time.time()))
    registry.sync()
    return registry


def log(registry: Registry, *changes: Change) -> None:
    writer = PendingWriter(registry.folders.pending, who="script")
    for change in changes:
        writer.append(change)
    writer.close()


def lock(registry: Registry) -> Path:
    """LibreOffice's lock file, as if somebody had the workbook open."""
    path = registry.path.with_name(f".~lock.{registry.path.name}#")
    path.write_text("Data Science,ds2,host,24.11.2026 07:12,file:///x;")
    return path


def in_workbook(registry: Registry, run_id: str, column: str) -> Any:
    rows = read_tables(registry.path, {"runs"})["runs"]
    row = next(row for row in rows.rows if row[0] == run_id)
    return row[rows.columns.index(column)] if column in rows.columns else None


def people(registry: Registry, **roles: str) -> None:
    rows = [Change("people", (person,), {"role": role}, new=True, by="person") for person, role in roles.items()]
    log(registry, *rows)
    registry.sync()


# -- the plain way ------------------------------------------------------------------------------------------------


def test_a_note_is_in_the_workbook_and_in_the_history(registry: Registry) -> None:
    report = set_note(registry, "first", "the best so far", None, "ds1")
    assert (report.changed, report.in_workbook, report.pending_because) == (True, True, "")
    assert in_workbook(registry, "r1", "notes") == "the best so far"
    entry = registry.changes()[0].entries[0]
    assert (entry.by, entry.who, entry.cells["notes"].old) == ("person", "ds1", None)


def test_a_tag_can_be_added_changed_and_taken_away(registry: Registry) -> None:
    assert set_tag(registry, "r1", "team", "risk", None, "ds1").in_workbook
    assert set_tag(registry, "r1", "team", "fraud", "risk", "ds1").in_workbook
    assert in_workbook(registry, "r1", "tags.team") == "fraud"
    assert set_tag(registry, "r1", "team", None, "fraud", "ds1").in_workbook
    assert in_workbook(registry, "r1", "tags.team") is None


def test_several_cells_of_a_row_go_in_together(registry: Registry) -> None:
    edit_row(registry, "runs", ("r1",), {"goal": "a", "insight": "b"}, {"goal": None, "insight": ""}, "ds1")
    assert (in_workbook(registry, "r1", "goal"), in_workbook(registry, "r1", "insight")) == ("a", "b")
    assert len(registry.changes()[0].entries) == 1


def test_a_persons_own_column_can_be_edited(bare_registry: Path) -> None:
    registry = Registry(bare_registry)
    set_cell(registry, "runs", ("r2",), "my verdict", "good", None, "ds1")
    assert in_workbook(registry, "r2", "my verdict") == "good"


def test_an_edit_that_changes_nothing_writes_nothing(registry: Registry) -> None:
    before = registry.path.read_bytes()
    report = set_cell(registry, "runs", ("r1",), "name", "first", "first", "ds1")
    assert not report.changed
    assert registry.path.read_bytes() == before
    assert len(registry.changes()) == 1


def test_a_script_does_not_overwrite_an_edit_that_it_did_not_know_of(registry: Registry) -> None:
    set_cell(registry, "runs", ("r1",), "params.depth", 7, 6, "ds1")
    log(registry, Change("runs", ("r1",), {"params.depth": 8}, {"params.depth": 6}, time=time.time()))
    report = registry.sync()
    assert in_workbook(registry, "r1", "params.depth") == 7
    assert report.conflicts[0].dropped == 8


# -- the value that was seen --------------------------------------------------------------------------------------


def test_an_edit_of_a_value_that_has_changed_since_is_refused(registry: Registry) -> None:
    set_note(registry, "r1", "by another", None, "ds2")
    before = registry.path.read_bytes()
    with pytest.raises(ValueChangedError) as raised:
        set_note(registry, "r1", "mine", None, "ds1")
    assert raised.value.fields["current"] == "by another"
    assert registry.path.read_bytes() == before
    assert registry.status().pending == 0


def test_what_is_pending_counts_as_seen(registry: Registry) -> None:
    lock(registry)
    set_note(registry, "r1", "one", None, "ds1")
    with pytest.raises(ValueChangedError):
        set_note(registry, "r1", "two", None, "ds2")
    set_note(registry, "r1", "two", "one", "ds2")
    assert registry.run("r1")["notes"] == "two"


@pytest.mark.parametrize(
    ("column", "seen"),
    [
        ("metrics.auc", 0.5),
        ("metrics.auc", 0.500000000000001 - 1e-15),
        ("params.depth", 6.0),
        ("start_time", pd.Timestamp("2026-11-01", tz="UTC")),
        ("start_time", datetime(2026, 11, 1, tzinfo=UTC)),
        ("end_time", pd.NaT),
        ("duration", math.nan),
        ("notes", None),
        ("notes", ""),
    ],
)
def test_values_count_as_seen_as_frames_show_them(registry: Registry, column: str, seen: Any) -> None:
    assert edits._is_seen((registry.row("runs", ("r1",)) or {}).get(column), seen, edits.TABLES["runs"], column)


def test_a_save_in_the_instant_of_the_edit_is_told(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    real = edits._write

    def somebody_saves_first(registry: Registry, change: Change) -> None:
        real(
            registry,
            Change("runs", ("r1",), {"notes": "by another"}, {"notes": None}, False, time.time(), "", "person"),
        )
        registry.sync()
        real(registry, change)

    monkeypatch.setattr(edits, "_write", somebody_saves_first)
    with pytest.raises(ValueChangedError) as raised:
        set_note(registry, "r1", "mine", None, "ds1")
    assert raised.value.fields["current"] == "by another"


# -- when the workbook cannot take it -----------------------------------------------------------------------------


def test_an_edit_stays_pending_while_somebody_has_the_workbook_open(registry: Registry) -> None:
    opened = lock(registry)
    report = set_note(registry, "r1", "later", None, "ds1")
    assert report.changed
    assert not report.in_workbook
    assert "open in LibreOffice by Data Science" in report.pending_because
    assert in_workbook(registry, "r1", "notes") is None
    assert registry.run("r1")["notes"] == "later"
    opened.unlink()
    registry.sync()
    assert in_workbook(registry, "r1", "notes") == "later"


def test_a_formula_is_not_overwritten_and_the_person_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with_openpyxl.simple(path, {"runs": (("run_id", "notes"), [("r1", None)])})
    workbook = openpyxl.load_workbook(path)
    workbook["Runs"]["B2"] = '="note "&6*7'
    workbook.save(path)
    registry = Registry(path)
    with pytest.raises(BadRequestError, match="notes of r1 is computed by a formula"):
        set_note(registry, "r1", "mine", None, "ds1")


def test_an_edit_without_room_says_that_it_waits(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with_openpyxl.simple(path, {"runs": (("run_id", "name"), [("r1", "first")])})
    workbook = openpyxl.load_workbook(path)
    workbook["Runs"]["C2"] = "in the way"
    workbook.save(path)
    registry = Registry(path)
    report = set_tag(registry, "r1", "team", "risk", None, "ds1")
    assert not report.in_workbook
    assert "in the way" in report.pending_because
    assert registry.run("r1")["tags.team"] == "risk"


def test_a_journal_that_cannot_be_written_is_told(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(edits, "PendingWriter", full)
    with pytest.raises(RegistryNotWritableError, match="No space left"):
        set_note(registry, "r1", "x", None, "ds1")


# -- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("run_id", "r9", "cannot be changed"),
        ("status", "finished", "must be one of: RUNNING"),
        ("metrics.auc", "good", "must be a number"),
        ("start_time", "yesterday", "must be a date"),
        ("git_dirty", "maybe", "must be true or false"),
        ("nots", "x", "Did you mean notes"),
        ("params.", "x", "no column 'params.'"),
    ],
)
def test_a_value_that_does_not_suit_its_column_is_refused(
    registry: Registry, column: str, value: str, reason: str
) -> None:
    with pytest.raises(BadRequestError, match=reason):
        set_cell(registry, "runs", ("r1",), column, value, None, "ds1")
    assert len(registry.changes()) == 1


@pytest.mark.parametrize(
    ("column", "typed", "expected"),
    [
        ("metrics.auc", "0.75", 0.75),
        ("duration", " 12 ", 12),
        ("start_time", "2026-11-24 09:30", datetime(2026, 11, 24, 9, 30)),
        ("start_time", "2026-11-24T09:30:00+01:00", datetime(2026, 11, 24, 8, 30)),
        ("git_dirty", "TRUE", True),
        ("notes", "=1+1", "=1+1"),
        ("name", "007", "007"),
    ],
)
def test_typed_text_becomes_what_the_column_holds(registry: Registry, column: str, typed: str, expected: Any) -> None:
    seen = registry.run("r1")[column]
    set_cell(registry, "runs", ("r1",), column, typed, seen, "ds1")
    assert in_workbook(registry, "r1", column) == expected
    assert registry.run("r1")[column] == expected


def test_whole_numbers_are_wanted_where_the_column_is_for_them(registry: Registry) -> None:
    people(registry, ds1="manager")
    row = Change("retention", ("mine",), {"keep_days": 30}, new=True, by="person")
    log(registry, row)
    set_cell(registry, "retention", ("mine",), "keep_days", "60", 30, "ds1")
    with pytest.raises(BadRequestError, match="a whole number"):
        set_cell(registry, "retention", ("mine",), "keep_days", "1.5", 60, "ds1")


def test_more_text_than_a_cell_holds_is_refused(registry: Registry) -> None:
    with pytest.raises(CellTooLongError):
        set_note(registry, "r1", "x" * 32_768, None, "ds1")


def test_rows_and_tables_that_are_not_there_are_told(registry: Registry) -> None:
    with pytest.raises(RunNotFoundError):
        set_note(registry, "nobody", "x", None, "ds1")
    with pytest.raises(BadRequestError, match="no row 'a:v1'"):
        set_cell(registry, "artifacts", ("a:v1",), "notes", "x", None, "ds1")
    with pytest.raises(BadRequestError, match="'budget' is no table of Tracker's"):
        set_cell(registry, "budget", ("May",), "EUR", 5, None, "ds1")


# -- roles --------------------------------------------------------------------------------------------------------


def test_everyone_is_a_manager_while_nobody_is_named(registry: Registry) -> None:
    assert role_of(registry, "anybody") == "manager"
    assert role_of(registry, "") == "manager"


def test_people_have_the_role_of_the_people_table_and_strangers_look_on(registry: Registry) -> None:
    people(registry, ds1="manager", ds2="contributor", ds3="viewer", ds4="boss")
    roles = {who: role_of(registry, who) for who in ("ds1", " DS2", "ds3", "ds4", "stranger", "")}
    assert list(roles.values()) == ["manager", "contributor", "viewer", "viewer", "viewer", "viewer"]


@pytest.mark.parametrize("has", ROLES)
@pytest.mark.parametrize("needed", ROLES)
def test_a_role_allows_what_the_lower_ones_do(registry: Registry, has: str, needed: str) -> None:
    people(registry, ds1=has)
    if ROLES.index(has) >= ROLES.index(needed):
        require(registry, "ds1", needed)
    else:
        with pytest.raises(PermissionRefusedError, match=f"ds1 is a {has} .* this needs a {needed}"):
            require(registry, "ds1", needed)


@pytest.mark.parametrize(
    ("edit", "allowed"),
    [
        (lambda r, who: set_note(r, "r1", "x", None, who), ("contributor", "manager")),
        (lambda r, who: set_tag(r, "r1", "team", "x", None, who), ("contributor", "manager")),
        (lambda r, who: set_cell(r, "runs", ("r1",), "goal", "x", None, who), ("contributor", "manager")),
        (lambda r, who: edit_row(r, "runs", ("r1",), {"goal": "x"}, {}, who), ("contributor", "manager")),
        (lambda r, who: set_cell(r, "people", ("ds9",), "role", "manager", "viewer", who), ("manager",)),
        (lambda r, who: set_cell(r, "settings", ("trash.days",), "value", 1, 14, who), ("manager",)),
    ],
    ids=["note", "tag", "cell", "row", "people", "settings"],
)
@pytest.mark.parametrize("role", ROLES)
def test_every_edit_asks_for_the_role(registry: Registry, edit: Any, allowed: tuple[str, ...], role: str) -> None:
    people(registry, ds1=role, ds9="viewer")
    before = registry.path.read_bytes()
    if role in allowed:
        assert edit(registry, "ds1").in_workbook
    else:
        with pytest.raises(PermissionRefusedError):
            edit(registry, "ds1")
        assert registry.path.read_bytes() == before
        assert registry.status().pending == 0


def test_a_row_that_nobody_made_yet_is_made_where_that_is_meant(registry_path: Path) -> None:
    registry = Registry(registry_path)
    key = ("r1", "model file")
    with pytest.raises(BadRequestError, match="no row"):
        edits.edit_row(registry, "checklist", key, {"status": "done"}, {}, "analyst")
    report = edits.edit_row(registry, "checklist", key, {"status": "done"}, {}, "analyst", create=True)
    assert report.in_workbook
    row = registry.row("checklist", key)
    assert row is not None and (row["run_id"], row["item"], row["status"]) == ("r1", "model file", "done")
