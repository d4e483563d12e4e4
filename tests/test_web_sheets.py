"""The Workbook page: rows edited in the browser, both values where somebody was faster, what may not be changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person import Person
from script import Script
from streamlit.testing.v1 import AppTest
from test_web import ROOT, WHO, Open, _run, open_app, words  # noqa: F401

from tracker.deciding.edits import RowEdit, add_row, edit_rows, set_cell
from tracker.errors import BadRequestError, PermissionRefusedError, ValueChangedError
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.schema import RUNS
from tracker.web.sheets import sheet_rows, sheet_view
from tracker.whole_sheets import read_sheet
from tracker.workbook import open_workbook


@pytest.fixture
def script(registry_path: Path) -> Script:
    script = Script(registry_path)
    for number in range(3):
        script.run(f"r{number}", name=f"run {number}", params__lr=0.1 * (number + 1), metrics__auc=0.9)
    script.sync()
    return script


def registry_of(script: Script) -> Registry:
    return Registry(script.folders.workbook)


def as_manager(script: Script, *others: tuple[str, str]) -> None:
    for who, role in (("boss", "manager"), *others):
        script.log(Change("people", (who,), {"role": role}, new=True, by="person"))


# -- several rows at once -----------------------------------------------------------------------------------------


def test_rows_that_can_be_set_are_and_the_others_say_why(script: Script) -> None:
    set_cell(registry_of(script), "runs", ("r1",), "notes", "theirs", None, "ben")
    edits = [
        RowEdit(("r0",), {"notes": "mine", "goal": "deeper"}, {}),
        RowEdit(("r1",), {"notes": "mine", "goal": "deeper"}, {}),
        RowEdit(("gone",), {"notes": "mine"}, {}),
        RowEdit(("r2",), {"status": "whatever"}, {"status": "FINISHED"}),
    ]
    report = edit_rows(registry_of(script), "runs", edits, "ann")
    assert report.report.in_workbook and set(report.refused) == {("r1",), ("gone",), ("r2",)}
    clash = report.refused["r1",]
    assert isinstance(clash, ValueChangedError) and clash.fields["current"] == "theirs"
    rows = script.rows()
    assert (rows["r0"]["notes"], rows["r0"]["goal"]) == ("mine", "deeper")
    assert (rows["r1"]["notes"], rows["r1"]["goal"], rows["r2"]["status"]) == ("theirs", None, "FINISHED")
    assert len(registry_of(script).changes(limit=1)[0].entries[0].cells) == 2


def test_nothing_is_set_where_one_column_takes_a_higher_role(script: Script) -> None:
    as_manager(script, ("ann", "contributor"))
    with pytest.raises(PermissionRefusedError):
        edit_rows(registry_of(script), "retention", [RowEdit(("standard",), {"keep_days": 1}, {})], "ann")
    with pytest.raises(PermissionRefusedError):
        add_row(registry_of(script), "people", ("eve",), {"role": "manager"}, "ann")


def test_a_row_is_added_once_and_with_its_key(script: Script) -> None:
    registry = registry_of(script)
    assert add_row(registry, "sop", ("calibrated",), {"level": "must", "rule": "metric ece"}, "ann").in_workbook
    assert registry.row("sop", ("calibrated",))["level"] == "must"  # type: ignore[index]
    with pytest.raises(BadRequestError, match="already"):
        add_row(registry, "sop", ("calibrated",), {"level": "should"}, "ann")
    with pytest.raises(BadRequestError, match="Fill in item"):
        add_row(registry, "sop", (" ",), {"level": "should"}, "ann")


# -- which columns, which rows ------------------------------------------------------------------------------------


def rules(script: Script, role: str = "manager", **more: Any) -> dict[str, str]:
    frame = registry_of(script).runs()
    found = sheet_rows.column_rules("runs", frame, role, more.get("computed", ()), None)
    return {rule.name: rule.why_not for rule in found}


def test_what_may_not_be_changed_says_why(script: Script) -> None:
    found = rules(script, computed=("goal",))
    assert "key" in found["run_id"] and "Tracker" in found["start_time"] and "steps" in found["metrics.auc"]
    assert "formula" in found["goal"]
    assert not found["notes"] and not found["status"] and not found["params.lr"]
    assert all(rules(script, "viewer").values()) and "contributor" in rules(script, "viewer")["notes"]
    settings_ = sheet_rows.column_rules("settings", registry_of(script).table("settings"), "contributor", (), None)
    assert {rule.name: bool(rule.why_not) for rule in settings_} == {"name": True, "value": True, "help": True}


def test_rows_are_found_in_texts_and_numbers_and_shown_by_pages() -> None:
    frame = pd.DataFrame({"name": [f"run {n}" for n in range(1200)], "auc": np.arange(1200) / 10})
    last = sheet_rows.window(frame, "", 3)
    assert (last.page, last.pages, len(last.frame), last.frame["name"].iloc[-1]) == (3, 3, 200, "run 1199")
    assert sheet_rows.window(frame, "", 99).page == 3
    assert sheet_rows.window(frame, "RUN 119", 1).frame["name"].tolist()[0] == "run 119"
    assert sheet_rows.window(frame, "0.5", 1).frame["name"].tolist() == ["run 5"]
    assert sheet_rows.window(frame, "no such", 1).found == 0


CELLS = st.one_of(st.none(), st.text("ab1 ", max_size=3), st.integers(-3, 3), st.floats(-1, 1), st.booleans())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(CELLS, st.floats() | st.none()), min_size=1, max_size=5), st.data())
def test_what_nobody_changed_is_no_edit_and_what_was_changed_is_exactly_that(
    rows: list[tuple[Any, Any]], data: st.DataObject
) -> None:
    frame = pd.DataFrame(
        {
            "run_id": [f"r{number}" for number in range(len(rows))],
            "params.x": pd.Series([row[0] for row in rows], dtype=object),
            "metrics.y": pd.Series([row[1] for row in rows], dtype="float64"),
        }
    )
    found = sheet_rows.column_rules("runs", frame, "manager", (), None)
    before = sheet_rows.editable(frame, found)
    assert sheet_rows.edits_between(RUNS, frame, before, before.copy()) == []
    place = data.draw(st.integers(0, len(rows) - 1))
    after = before.copy()
    after["params.x"] = after["params.x"].astype(object)
    after.loc[place, "params.x"] = "typed"
    (edit,) = sheet_rows.edits_between(RUNS, frame, before, after)
    assert edit.key == (f"r{place}",) and edit.values == {"params.x": "typed"}
    seen, was = edit.seen["params.x"], rows[place][0]
    assert seen == was or (seen is None and was in (None, ""))


# -- the page -----------------------------------------------------------------------------------------------------


def typed(app: AppTest, row: int, **cells: Any) -> AppTest:
    """Type into a row of the grid."""
    number = app.session_state["sheet-counter"]
    app.session_state[f"sheet-grid-{number}"] = {"edited_rows": {row: cells}, "added_rows": [], "deleted_rows": []}
    return _run(app)


def test_a_cell_is_changed_and_saved(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "workbook")
    typed(app, 1, notes="seen on the train", goal="deeper")
    assert "2 cells** changed in 1 row" in words(app) and script.rows()["r1"]["notes"] is None
    _run(app.button(key="sheet-save").click())
    assert (script.rows()["r1"]["notes"], script.rows()["r1"]["goal"]) == ("seen on the train", "deeper")
    assert "not saved yet" not in words(app)


def test_what_was_typed_is_kept_while_the_registry_changes(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "workbook")
    typed(app, 0, notes="half a thought")
    script.run("r9", name="logged meanwhile")
    script.sync()
    _run(app)
    assert "changed since you look at it" in words(app) and "1 cell** changed" in words(app)
    _run(app.button(key="sheet-show-newer").click())
    assert "changed since" not in words(app) and "1 cell** changed" in words(app)
    _run(app.button(key="sheet-save").click())
    assert script.rows()["r0"]["notes"] == "half a thought"


def test_what_was_typed_is_there_again_after_another_page(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "workbook")
    typed(app, 0, notes="half a thought")
    _run(app.selectbox(key="sheet").select("sop"))
    assert "not saved yet" not in words(app)
    _run(app.selectbox(key="sheet").select("runs"))
    assert "1 cell** changed" in words(app)
    _run(app.button(key="sheet-save").click())
    assert script.rows()["r0"]["notes"] == "half a thought"


@pytest.mark.parametrize(("choice", "stays"), [("theirs", "bens"), ("mine", "anns")])
def test_both_values_are_shown_where_somebody_was_faster(
    open_app: Open,  # noqa: F811
    script: Script,
    choice: str,
    stays: str,
) -> None:
    app = open_app(script.folders.workbook, "workbook")
    typed(app, 1, notes="anns")
    set_cell(registry_of(script), "runs", ("r1",), "notes", "bens", None, "ben")
    _run(app.button(key="sheet-save").click())
    assert script.rows()["r1"]["notes"] == "bens"
    assert "you saw blank, there is **bens** now, you typed **anns**" in words(app)
    assert "changed since you look at it" not in words(app), "the newest is shown already"
    _run(app.button(key=f"sheet-{choice}-r1").click())
    assert script.rows()["r1"]["notes"] == stays and "not saved" not in words(app)


def test_a_row_whose_key_stands_twice_is_left_alone(open_app: Open, tmp_path: Path) -> None:  # noqa: F811
    from zoo import with_openpyxl

    rows = (("r1", "one", "a"), ("r1", "another", "b"), ("r2", "two", "c"))
    path = tmp_path / "twice.xlsx"
    with_openpyxl.simple(path, {"runs": (("run_id", "name", "notes"), rows)})
    app = open_app(path, "workbook")
    number = app.session_state["sheet-counter"]
    edited = {1: {"notes": "mine"}, 2: {"notes": "mine"}}
    app.session_state[f"sheet-grid-{number}"] = {"edited_rows": edited, "added_rows": [], "deleted_rows": []}
    _run(app)
    _run(app.button(key="sheet-save").click())
    assert "which row is meant" in app.error[0].value
    assert Registry(path).runs()["notes"].tolist() == ["a", "b", "mine"]


def test_a_run_is_planned_on_the_page(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "workbook")
    app.text_input(key="row-runs-name").set_value("to be tried")
    _run(app.button(key="row-add-runs").click())
    (row,) = [row for row in script.rows().values() if row["name"] == "to be tried"]
    assert (row["status"], row["owner"]) == ("PLANNED", WHO)


def test_a_viewer_sees_the_sheets_and_changes_nothing(open_app: Open, script: Script) -> None:  # noqa: F811
    as_manager(script)
    app = open_app(script.folders.workbook, "workbook")
    assert "your role is viewer" in words(app)
    assert not [button for button in app.button if str(button.key).startswith("row-add")]
    typed(app, 0, notes="let me")
    assert not [button for button in app.button if button.key == "sheet-save"] or _run(
        app.button(key="sheet-save").click()
    )
    assert script.rows()["r0"]["notes"] is None


def test_a_sheet_of_a_persons_own_is_shown_as_it_looks(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B2"], sheet["C3"], sheet["D3"] = "ours", 0.5, "=C3*2"
    book.save(tmp_path / "own.xlsx")
    with open_workbook(tmp_path / "own.xlsx") as opened:
        found = read_sheet(opened, "Sheet")
        assert read_sheet(opened, "nowhere") is None
    assert found is not None
    cells = sheet_view.grid(found, 1, 3, 4)
    assert list(cells.columns) == ["A", "B", "C", "D"] and list(cells.index) == [1, 2, 3]
    assert (cells.loc[2, "B"], cells.loc[3, "C"]) == ("ours", "0.5") and pd.isna(cells.loc[1, "A"])
    assert set(found.formulas) == {(3, 4)}


def test_every_sheet_of_a_template_opens_by_its_address(open_app: Open, tmp_path: Path) -> None:  # noqa: F811
    path = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", tmp_path / "registry.xlsx"))
    for sheet in ("sop", "retention", "people", "settings", "sheet:Summary"):
        app = open_app(path, "workbook", sheet=sheet)
        assert app.selectbox(key="sheet").value == sheet
    assert "Only to look at" in words(app)


def test_a_retention_class_is_changed_and_the_person_in_the_list_loses_no_rows(script: Script) -> None:
    who = Person(script.folders.workbook)
    who.opens()
    who.saves()
    registry = registry_of(script)
    frame = registry.table("retention")
    found = sheet_rows.column_rules("retention", frame, "manager", (), None)
    before = sheet_rows.editable(frame, found)
    after = before.copy()
    after.loc[0, "keep_days"] = 77
    from tracker.schema import RETENTION

    edits = sheet_rows.edits_between(RETENTION, frame, before, after)
    assert edit_rows(registry, "retention", edits, "ann").report.in_workbook
    assert registry.table("retention")["keep_days"].iloc[0] == 77 and len(registry.table("retention")) == len(frame)
