"""The Overview, the procedure, settings and people on pages, run by streamlit's own tester."""

# ruff: noqa: F811

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import grids
from streamlit.testing.v1 import AppTest
from test_web import ROOT, WHO, Open, _run, filled, made, open_app, words  # noqa: F401
from zoo import with_openpyxl

import tracker
from tracker.deciding.edits import edit_row, set_note
from tracker.deciding.people import people, set_roles
from tracker.deciding.ticking import tick
from tracker.reading.registry import Registry
from tracker.web.entering import toured
from tracker.web.settings.page import room


def grid(app: AppTest, column: str) -> Any:
    """The first grid that has such a column."""
    return next(frame.value for frame in app.dataframe if column in frame.value)


def tiles(app: AppTest) -> list[str]:
    """The numbers of the tiles."""
    numbers = [re.fullmatch(r"\*\*(.+)\*\*", str(one.value)) for one in app.markdown]
    return [number[1] for number in numbers if number][1:]  # the first is the registry's name


def test_it_opens_first_and_says_what_there_is(open_app: Open, filled: Path) -> None:
    Registry(filled).sync()
    app = open_app(filled, "overview")
    assert not app.error
    best = grid(app, "best run")
    assert list(best["experiment"]) == ["wine", "churn"]
    assert list(best["metric"])[1] in ("loss ↓", "auc ↑")
    assert set(grid(app, "result")["name"]) >= {"forest", "boosting", "broken off"}
    assert tiles(app)[0] == "4" and "up to date" in tiles(app)


def test_what_happens_elsewhere_is_on_it_with_the_next_look(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "overview")
    set_note(Registry(filled), "forest", "good", None, "ann")
    with tracker.start_run(filled, experiment="churn", name="going on") as run:
        run.log_metric("auc", 0.99)
        _run(app)
        assert "Running now" in words(app)
        assert "changed notes of run forest" in list(grid(app, "what")["what"])
        assert tiles(app)[0] == "5"


def test_what_is_due_is_listed(open_app: Open, filled: Path) -> None:
    registry = Registry(filled)
    row = registry.row("sop", ("params",)) or {}
    soon = datetime.now() + timedelta(days=3)
    edit_row(registry, "sop", ("params",), {"next_review": soon, "owner": "ann"}, row, "boss")
    said = words(open_app(filled, "overview")).replace("\\", "")
    assert f"Item 'params' is to be reviewed on {soon.date()}, ann" in said


def test_an_empty_registry_says_how_to_begin(open_app: Open, registry_path: Path) -> None:
    app = open_app(registry_path, "overview")
    assert "No runs yet" in words(app)
    assert any("tracker.start_run" in code.value for code in app.code)


def test_two_tables_are_enough(open_app: Open, bare_registry: Path) -> None:
    app = open_app(bare_registry, "overview")
    assert not app.error and tiles(app)[0] == "3"


def test_hostile_names_stay_text(open_app: Open, filled: Path) -> None:
    nasty = "[click](javascript:alert(1)) <b>x</b>"
    with tracker.start_run(filled, experiment=nasty, name=nasty) as run:
        run.log_metric(nasty, 1.0)
        app = open_app(filled, "overview")
    for one in (*app.markdown, *app.caption, *app.get("page_link")):
        assert "[click](" not in str(getattr(one, "value", "")) + str(getattr(one.proto, "label", ""))


# -- the procedure ------------------------------------------------------------------------------------------------


def test_the_procedure_is_in_words_with_how_many_have_each_item(open_app: Open, filled: Path) -> None:
    Registry(filled).evaluate(who="boss")
    table = grid(open_app(filled, "sop"), "proved when").set_index("item")
    assert table.loc["params", "proved when"] == "any param is logged"
    assert table.loc["params", "have it"] == 100 and table.loc["params", "runs"] == 3


def test_a_rule_that_cannot_be_understood_is_shown_with_its_place(open_app: Open, filled: Path) -> None:
    registry = Registry(filled)
    row = registry.row("sop", ("params",)) or {}
    edit_row(registry, "sop", ("params",), {"rule": "parm seed"}, row, "boss")
    app = open_app(filled, "sop")
    assert "did you mean param?" in words(app).replace("\\", "") and any("parm seed" in one.value for one in app.code)


def test_an_item_is_changed_and_one_is_added(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "sop")
    grids.tick(app, "sop-items", 3)
    _run(app)
    app.text_input(key="sop:params-owner").input("ann")
    _run(app.button(key="sop:params-save").click())
    assert (Registry(filled).row("sop", ("params",)) or {})["owner"] == "ann"
    app.text_input(key="sop-new-name").input("a seed")
    app.text_input(key="sop-new-rule").input("param seed")
    _run(app.button(key="sop-new-save").click())
    row = Registry(filled).row("sop", ("a seed",)) or {}
    assert (row["rule"], row["level"]) == ("param seed", "should")


def test_a_ready_made_list_is_added(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "sop")
    before = len(grid(app, "proved when"))
    _run(app.selectbox(key="sop-list").select("release-gate"))
    _run(app.button(key="sop-list-add").click())
    assert len(grid(app, "proved when")) == before + 5


def test_who_only_looks_on_changes_neither_procedure_nor_settings_nor_roles(open_app: Open, filled: Path) -> None:
    set_roles(Registry(filled), {"boss": "manager"}, "boss")
    app = open_app(filled, "sop")
    grids.tick(app, "sop-items", 3)
    assert not [one for one in _run(app).button if "sop" in str(one.key)]
    app = open_app(filled, "settings")
    grids.tick(app, "settings-list", 3)
    assert not [one for one in _run(app).button if "save" in str(one.key)] and "a **viewer**" in words(app)
    assert not [one for one in app.selectbox if one.key == "people-name"]


def test_the_matrix_asks_by_tags_and_stages_of_runs_that_nobody_judged(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "asked.xlsx"
    sop = (
        ("item", "applies_to"),
        (("of risk", "tag:team=risk"), ("in production", "stage:production"), ("of all", None)),
    )
    models = (("model", "version", "run_id", "stage"), (("m", 1, "r2", "production"),))
    runs = (("run_id", "name", "tags.team"), (("r1", "one", "risk"), ("r2", "two", None)))
    with_openpyxl.simple(path, {"runs": runs, "sop": sop, "models": models})
    table = grid(open_app(path, "checklist"), "done").set_index("run")
    asked = {name: [item for item in table.columns[1:] if table.loc[name, item]] for name in ("one", "two")}
    assert asked == {"one": ["of risk", "of all"], "two": ["in production", "of all"]}


def test_runs_are_chosen_by_what_they_lack(open_app: Open, filled: Path) -> None:
    registry = Registry(filled)
    registry.evaluate(who="boss")
    tick(registry, "forest", "model file", "waived", "boss", why="none made")
    app = open_app(filled, "checklist", **{"checklist-lacks": "model file"})
    assert sorted(grid(app, "done")["run"])[1:] == ["boosting"]


# -- settings and people ------------------------------------------------------------------------------------------


def test_a_setting_is_changed_or_refused_with_what_it_may_be(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "settings")
    place = list(grid(app, "what it does")["setting"]).index("trash.days")
    grids.tick(app, "settings-list", place)
    _run(app)
    app.text_input(key="setting:trash.days").input("many")
    _run(app.button(key="setting:trash.days-save").click())
    assert "must be a number" in app.error[0].value.replace("\\", "")
    app.text_input(key="setting:trash.days").input("30")
    _run(app.button(key="setting:trash.days-save").click())
    assert Registry(filled).settings.get("trash.days") == 30


def test_a_role_is_given_after_it_was_said_what_will_be_so(open_app: Open, filled: Path) -> None:
    assert "Nobody is named yet" in open_app(filled, "settings").info[0].value
    set_roles(Registry(filled), {WHO: "manager", "ann": "viewer"}, WHO)
    app = open_app(filled, "settings")
    assert "a **manager**" in words(app)
    app.selectbox(key="people-name").select(WHO)
    _run(app.selectbox(key="people-role").select("viewer"))
    assert "Nobody would be a manager" in app.error[0].value
    app.selectbox(key="people-name").select("ann")
    _run(app.selectbox(key="people-role").select("contributor"))
    assert "ann is a contributor" in words(app)
    _run(app.button(key="people-save").click())
    assert {one.name: one.role for one in people(Registry(filled))} == {WHO: "manager", "ann": "contributor"}


def test_the_room_on_disk_is_measured(filled: Path) -> None:
    table = room(Registry(filled).folders).set_index("where")
    assert table.loc["registry.xlsx", "size"] == filled.stat().st_size
    assert table.loc["registry.tracker/runs", "files"] == 4


# -- the tour -----------------------------------------------------------------------------------------------------


def test_the_tour_is_offered_on_the_sample_until_somebody_refuses(open_app: Open) -> None:
    sample = f"Path({str(ROOT / 'sample_workbooks')!r})"
    app = open_app(None, "overview", sample)
    assert "New here?" in words(app)
    _run(app.button(key="tour-refuse").click())
    assert "New here?" not in words(app)
    assert "New here?" not in words(open_app(None, "overview", sample))


def test_the_tour_is_not_offered_on_a_registry_of_ones_own_but_can_be_taken(open_app: Open, filled: Path) -> None:
    app = open_app(filled, "overview")
    assert "New here?" not in words(app)
    app.session_state["tour"] = 1
    _run(app)
    assert "**Find runs**" in words(app) and app.button(key="tour-go")
    _run(app.button(key="tour-end").click())
    assert "**Find runs**" not in words(app)


def test_who_was_on_the_tour_is_remembered(tmp_path: Path) -> None:
    assert not toured.is_noted(tmp_path, "ann")
    toured.note(tmp_path, "ann")
    toured.note(tmp_path, "ben")
    assert toured.is_noted(tmp_path, "ann") and not toured.is_noted(tmp_path, "carol")
    (tmp_path / toured.FILE).write_text("no json")
    assert not toured.is_noted(tmp_path, "ann")
    toured.note(tmp_path / "nowhere" / "deep", "ann")
