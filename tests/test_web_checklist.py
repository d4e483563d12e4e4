"""The Checklists page: many items decided at once, as one change that can be taken back, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from script import Script
from streamlit.testing.v1 import AppTest
from test_web import WHO, Open, _run, open_app, words  # noqa: F401

from tracker.deciding.ticking import Wanted, plan_ticks, tick, tick_many, ticking
from tracker.deciding.undo import undo
from tracker.errors import BadRequestError, ValueChangedError
from tracker.journal.changes import Journal
from tracker.model import Change
from tracker.reading.registry import Registry

ITEMS = {"ethics": None, "report": None, "seed": "param seed"}


@pytest.fixture
def script(registry_path: Path) -> Script:
    """Three runs that were judged by a procedure of three items, of which one is asked in one experiment only."""
    script = Script(registry_path)
    for item, rule in ITEMS.items():
        cells = {"level": "must", "rule": rule, "applies_to": "churn" if item == "ethics" else None}
        script.log(Change("sop", (item,), cells, new=True))
    for number in range(3):
        script.run(f"r{number}", name=f"run {number}", experiment="churn" if number else "wine", params__seed=1)
    script.sync()
    return script


def registry_of(script: Script) -> Registry:
    return Registry(script.folders.workbook)


def standing(script: Script) -> dict[tuple[str, str], tuple[Any, ...]]:
    frame = registry_of(script).table("checklist")
    columns = ("status", "who", "why")
    return {(row["run_id"], row["item"]): tuple(row[name] for name in columns) for row in frame.to_dict("records")}


def change_sets(script: Script) -> int:
    return len(Journal(script.folders.changes).all_headers())


def pick(app: AppTest, *places: tuple[str, str]) -> AppTest:
    app.session_state["checklist-picked"] = list(places)
    return _run(app)


def fill_in(app: AppTest, form: str, status: str, why: str = "") -> AppTest:
    app.get_by_key(f"{form}-status").set_value(status)
    app.text_input(key=f"{form}-why").set_value(why)
    return _run(next(button for button in app.button if button.label == "Show what changes").click())


def test_picked_items_are_waived_as_one_change_after_they_were_shown(open_app: Open, script: Script) -> None:  # noqa: F811
    before, sets = standing(script), change_sets(script)
    app = pick(open_app(script.folders.workbook, "checklist"), ("r1", "report"), ("r2", "report"), ("r2", "seed"))
    fill_in(app, "checklist-bulk", "waived")
    assert "A waiver needs a reason" in words(app)
    assert "A waiver needs a reason" in words(_run(app)), "an error stays while the form is as it was"
    fill_in(app, "checklist-bulk", "waived", "none was written")
    assert "A waiver needs a reason" not in words(app)
    assert "**2 items of 2 runs become waived**" in words(app)
    assert "1 item decided otherwise" in words(app), "what a rule found to be done is not waived by the way"
    assert standing(script) == before, "nothing happens before the agreement"
    _run(app.button(key="checklist-bulk-agree").click())
    after = standing(script)
    waived = {("r1", "report"), ("r2", "report")}
    assert {place for place in after if after[place] != before[place]} == waived
    assert {after[place] for place in waived} == {("waived", WHO, "none was written")}
    assert change_sets(script) == sets + 1
    undo(registry_of(script), Journal(script.folders.changes).newest(), WHO)
    assert standing(script) == before


def test_nothing_is_set_where_one_item_changed_since_the_plan_was_shown(open_app: Open, script: Script) -> None:  # noqa: F811
    app = pick(open_app(script.folders.workbook, "checklist"), ("r1", "report"), ("r2", "report"))
    fill_in(app, "checklist-bulk", "not applicable")
    tick(registry_of(script), "r2", "report", "done", "ben", evidence="wiki")
    before = standing(script)
    _run(app.button(key="checklist-bulk-agree").click())
    assert standing(script) == before and before["r2", "report"][:2] == ("done", "ben")
    assert any("has changed since you saw it" in error.value for error in app.error)
    assert any("has changed since you saw it" in error.value for error in _run(app).error)


def test_an_item_is_decided_for_all_runs_it_is_asked_of(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "checklist")
    _run(app.selectbox(key="checklist-of-all-item").select("ethics"))
    fill_in(app, "checklist-of-all:ethics", "done")
    assert "**2 items of 2 runs become done**" in words(app), "it is not asked of the third run"
    _run(app.button(key="checklist-bulk-agree").click())
    done = {place for place, cells in standing(script).items() if cells[:2] == ("done", WHO)}
    assert done == {("r1", "ethics"), ("r2", "ethics")}


def test_what_is_picked_stays_the_item_of_its_run_when_runs_come(open_app: Open, script: Script) -> None:  # noqa: F811
    app = pick(open_app(script.folders.workbook, "checklist"), ("r1", "report"))
    assert "# report" in words(app)
    script.run("new", name="one more", experiment="churn")
    script.sync()
    app = _run(app)
    assert "one more" in set(app.dataframe[0].value["run"])
    assert app.button(key="checklist-item:r1:report-save")


def test_a_viewer_sees_the_matrix_and_decides_nothing(open_app: Open, script: Script) -> None:  # noqa: F811
    script.log(Change("people", ("boss",), {"role": "manager"}, new=True, by="person"))
    app = pick(open_app(script.folders.workbook, "checklist"), ("r1", "report"), ("r2", "report"))
    assert len(app.dataframe[0].value) == 3
    assert not [box for box in app.selectbox if box.key == "checklist-of-all-item"]
    assert not [button for button in app.button if button.label == "Show what changes"]


# -- the plan -----------------------------------------------------------------------------------------------------


def test_a_waiver_that_ran_out_is_open_again(script: Script) -> None:
    wanted = Wanted((("r1", "report"),), "waived", "still none")
    row = {"run_id": "r1", "item": "report", "status": "waived", "until": "2020-01-01", "who": "ann"}
    plan = plan_ticks([{"run_id": "r1"}], [{"item": "report", "level": "must"}], [row], wanted, "ann", 1.8e9)
    assert [one.was for one in plan.facts["ticked"]] == ["expired"]
    assert plan.changes[0].set["until"] is None


def test_what_is_there_no_more_is_said(script: Script) -> None:
    for place, said in (("r9", "report"), "no run r9"), (("r1", "gone"), "no item 'gone'"):
        with pytest.raises(BadRequestError, match=said):
            tick_many(registry_of(script), Wanted((place,), "done"), "ann")
    with pytest.raises(BadRequestError, match="'missing'"):
        tick_many(registry_of(script), Wanted((("r1", "report"),), "missing"), "ann")


def test_an_agreement_holds_for_what_was_shown(script: Script) -> None:
    wanted = Wanted((("r1", "ethics"), ("r2", "ethics")), "done", decided_too=True)
    plan = ticking(registry_of(script), wanted, "ann")
    tick(registry_of(script), "r1", "ethics", "waived", "ben", why="a pilot")
    with pytest.raises(ValueChangedError):
        tick_many(registry_of(script), wanted, "ann", plan)
    assert standing(script)["r1", "ethics"][:2] == ("waived", "ben")
