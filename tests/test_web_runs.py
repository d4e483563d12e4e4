"""The Runs page: order, paging, columns, shades; what is selected; by streamlit's own tester and as plain functions."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grids
import pandas as pd
import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.elements.lib.pandas_styler_utils import marshall_styler
from streamlit.proto.ArrowData_pb2 import ArrowData
from streamlit.testing.v1 import AppTest
from zoo import with_openpyxl

import tracker
from tracker.capture import owner
from tracker.deciding.edits import set_tag
from tracker.deciding.people import set_roles
from tracker.deciding.views import views
from tracker.reading.query import arrange, parse, parse_order
from tracker.settings import Settings
from tracker.web.common import ways
from tracker.web.entering import places
from tracker.web.reading import sparks
from tracker.web.runs import found, groups, hints, picking, runs_columns, shades
from tracker.web.runs.found import SortKey

SECONDS = 30
WHO = "analyst@example.com"
MANY = 1203
PAGES = -(-MANY // found.ROWS)

Open = Callable[..., AppTest]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A registry with more runs than a page of the grid shows."""
    columns = ("run_id", "name", "experiment", "status", "start_time", "params.depth", "metrics.auc", "metrics.loss")
    day = pd.Timestamp("2026-01-01")
    rows = [
        (f"r{n:04d}", f"run {n}", f"e{n % 3}", "FINISHED", day + pd.Timedelta(minutes=n), n % 7, n / MANY, 1 - n / MANY)
        for n in range(MANY)
    ]
    with_openpyxl.simple(tmp_path / "many.xlsx", {"runs": (columns, rows)})
    return tmp_path / "many.xlsx"


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Open:
    """Opens the app on its Runs page."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)

    def opened(path: Path, **parameters: Any) -> AppTest:
        monkeypatch.setattr(sys, "argv", ["app.py", str(path)])
        app = AppTest.from_string('from tracker.web.main import main\nmain(None, "runs")', default_timeout=SECONDS)
        app.user = {"email": WHO}
        for name, value in parameters.items():
            app.query_params[name] = value
        return run(app)

    return opened


def run(acted: Any) -> AppTest:
    """Run the page again after what was done on it."""
    app: AppTest = acted.run()
    assert not app.exception, app.exception
    return app


def grid_key(app: AppTest) -> str:
    """The key of the grid of runs."""
    return grids.key(app, picking.AREA)


def names(app: AppTest) -> list[str]:
    """The names of the runs in the grid."""
    return list(app.dataframe[0].value["name"])


# -- order and pages ----------------------------------------------------------------------------------------------


def test_a_page_of_the_grid_holds_a_part_and_others_follow(open_app: Open, many: Path) -> None:
    app = open_app(many)
    assert names(app) == [f"run {n}" for n in range(MANY - 1, MANY - 1 - found.ROWS, -1)]
    assert any(f"1–{found.ROWS} of 1,203" in caption.value for caption in app.caption)
    app = open_app(many, page=str(PAGES))
    assert names(app)[-1] == "run 0" and len(names(app)) == MANY - (PAGES - 1) * found.ROWS
    run(app.text_input(key="filter").set_value("metrics.auc > 0.1"))
    assert names(app)[0] == f"run {MANY - 1}" and "page" not in app.query_params, "others are found: the first page"


@pytest.mark.parametrize("wanted", ["0", "-3", "99", "x", ""])
def test_a_page_that_is_not_there_is_the_nearest(wanted: str) -> None:
    part = found.part(MANY, wanted)
    assert part.number == (PAGES if wanted == "99" else 1)
    assert 0 <= part.first < part.last <= MANY


def test_runs_are_ordered_by_several_columns_by_address_and_in_the_form(open_app: Open, many: Path) -> None:
    app = open_app(many, sort="params.depth")
    assert names(app)[:2] == ["run 1197", "run 1190"], "equal ones: the newest first"
    run(app.selectbox(key="sort-column-1").set_value("metrics.loss"))
    assert app.query_params["sort"] == ["params.depth", "metrics.loss"]
    run(app.selectbox(key="sort-down-1").set_value(True))
    assert names(app)[:2] == ["run 0", "run 7"]
    run(app.button(key="sort-clear").click())
    assert names(app)[0] == f"run {MANY - 1}" and "sort" not in app.query_params


def test_a_click_on_a_header_orders_by_it_and_keeps_what_is_selected(open_app: Open, many: Path) -> None:
    app = open_app(many)
    app.session_state[grid_key(app)] = {"selection": {"rows": [0, 2], "columns": ["loss"], "cells": []}}
    run(app)
    assert app.query_params["sort"] == "metrics.loss", "of a loss the lowest is the best"
    assert app.session_state[picking.PICKED] == ["r1202", "r1200"]
    assert "2 selected" in " ".join(str(text.value) for text in app.markdown)
    run(app.text_input(key="filter").set_value("metrics.auc < 0.5"))
    assert "2 selected" in " ".join(str(text.value) for text in app.markdown), "also where they are not shown"
    run(app.button(key="runs-clear").click())
    assert "selected" not in " ".join(str(text.value) for text in app.markdown)


def test_a_tick_that_comes_late_counts_for_the_run_that_the_person_saw(open_app: Open, registry_path: Path) -> None:
    ids = {name: make_run(registry_path, name) for name in ("c", "b", "a")}
    app = open_app(registry_path)
    seen = grid_key(app)
    ids["new"] = make_run(registry_path, "new")
    run(app)
    assert names(app) == ["new", "a", "b", "c"] and grid_key(app) != seen
    for row, chosen in (([0], ["a"]), ([0, 2], ["a", "c"]), ([2], ["c"])):
        grids.say(app, seen, *row)
        run(app)
        assert app.session_state[picking.PICKED] == [ids[name] for name in chosen]
        places = [names(app).index(name) for name in chosen]
        assert app.session_state[grid_key(app)]["selection"]["rows"] == places
    ids["newer"] = make_run(registry_path, "newer")
    run(app)
    assert app.session_state[grid_key(app)]["selection"]["rows"] == [4], "what is ticked moves along"
    assert app.session_state[picking.PICKED] == [ids["c"]]


def make_run(path: Path, name: str) -> str:
    """A run that has ended, by its id."""
    with tracker.start_run(path, experiment="churn", name=name) as made:
        pass
    return made.run_id


def test_clicks_on_a_header_turn_the_order_and_end_it() -> None:
    keys: list[SortKey] = []
    for expected in (["-metrics.auc"], ["metrics.auc"], []):
        keys = found.clicked(keys, "metrics.auc", Settings())
        assert [str(key) for key in keys] == expected
    assert found.clicked([SortKey("name", False)], "start_time", Settings()) == [SortKey("start_time", True)]


def test_an_order_by_columns_that_are_gone_is_passed_over() -> None:
    keys = found.sort_keys(["-metrics.auc", "gone", "metrics.auc", "name"], {"metrics.auc", "name"})
    assert [str(key) for key in keys] == ["-metrics.auc", "name"]


def test_numbers_and_times_are_ordered_like_everything_else() -> None:
    times = pd.to_datetime(["2026-02-01", None, "2026-01-01"], utc=True)
    frame = pd.DataFrame({"x": [2.0, None, 2.0], "t": times, "n": [3, 1, 2], "s": ["b", None, "10"]})
    for column, up, down in (("x", [0, 2, 1], [0, 2, 1]), ("t", [2, 0, 1], [0, 2, 1]), ("n", [1, 2, 0], [0, 2, 1])):
        assert arrange(frame, parse_order(column)) == up
        assert arrange(frame, parse_order(f"{column} DESC")) == down
        same = frame.astype({column: object})
        assert arrange(same, parse_order(column)) == up and arrange(same, parse_order(f"{column} DESC")) == down
    assert arrange(frame, parse_order("x, s")) == [2, 0, 1]
    assert arrange(frame.iloc[:0], parse_order("x")) == []


# -- columns and shades -------------------------------------------------------------------------------------------


def test_chosen_columns_keep_their_places_and_new_ones_stand_behind_their_group() -> None:
    before = ["name", "metrics.auc", "params.depth", "metrics.loss"]
    wanted = {"run": ["owner"], "params": ["params.depth", "params.lr"], "metrics": ["metrics.loss"], "tags": []}
    assert runs_columns.arranged(before, wanted) == ["name", "params.depth", "params.lr", "metrics.loss", "owner"]


def test_columns_are_chosen_in_the_popover(open_app: Open, many: Path) -> None:
    app = open_app(many)
    before = list(app.dataframe[0].value.columns)
    run(app.multiselect(key="show-metrics").set_value(["metrics.loss"]))
    assert set(before) - set(app.dataframe[0].value.columns) == {"auc"}
    assert "metrics.loss" in app.query_params["cols"]
    run(app.button(key="columns-clear").click())
    assert list(app.dataframe[0].value.columns) == before


def test_the_best_have_the_strongest_shade_whatever_one_run_gone_wild_says() -> None:
    values = pd.Series([0.1, 0.2, 0.3, 1e9, float("nan")])
    assert shades.levels(values, values, minimize=True) == [8, 5, 3, 0, 0]
    assert shades.levels(values, values.iloc[[2, 4]], minimize=False) == [5, 0]
    assert shades.levels(values.iloc[:1], values.iloc[:1], minimize=False) == [0]
    assert "0.42" in shades.color(shades.LEVELS)


def test_a_shaded_grid_reaches_the_browser_as_pandas_would_send_it() -> None:
    """The way past pandas' rendering gives the rules that its own way gives, and nothing where there is no value."""
    table = pd.DataFrame({"name": ["a", "b", None], "auc": [0.25, float("nan"), 0.75], "steps": [3.0, 4.0, 5.0]})
    steps = {"auc": [1, 0, 8], "steps": [0, 0, 8]}
    ours, theirs = ArrowData(), ArrowData()
    marshall_styler(ours, shades.styled(table, steps), "unused")
    plain = table.style.set_uuid("r")
    for name, levels in steps.items():
        style = [f"background-color: {shades.color(level)}" if level else "" for level in levels]
        plain = plain.apply(lambda _, style=style: style, subset=[name])
    marshall_styler(theirs, plain, "unused")

    def rules(data: ArrowData) -> dict[str, str]:
        lines = (line.partition(" { ") for line in data.styler.styles.splitlines())
        return {cell: style for cells, _, style in lines for cell in cells.split(", ")}

    assert rules(ours) == rules(theirs) and len(rules(ours)) == 3
    assert ours.styler.uuid == theirs.styler.uuid
    shown = convert_arrow_bytes_to_pandas_df(ours.styler.display_values)
    assert shown["name"].tolist() == ["a", "b", ""] and shown["auc"].tolist() == ["0.25", "", "0.75"]
    assert shades.styled(table, {"auc": [0, 0, 0]}) is table


# -- groups, curves, hints ----------------------------------------------------------------------------------------


def test_groups_say_how_many_runs_how_they_ended_and_how_good_they_are(open_app: Open, many: Path) -> None:
    app = open_app(many, by="params.depth")
    table = app.dataframe[0].value
    assert list(table["depth"])[:2] == ["0", "1"] and table["runs"].sum() == MANY
    assert table["best loss"].min() == pytest.approx(1 / MANY) and table["best auc"].max() == 1 - 1 / MANY
    app = open_app(many, **{"by": "params.depth", "in": "=3"})
    assert {name for name in app.dataframe[1].value["depth"]} == {3}
    assert "**172 of 1,203 runs**" in " ".join(str(text.value) for text in app.markdown)
    run(app.button(key="group-leave").click())
    assert len(app.dataframe[1].value) == found.ROWS


def test_groups_take_equal_values_together_whatever_their_type() -> None:
    frame = pd.DataFrame(
        {
            "status": ["FINISHED", "KILLED", "RUNNING", "FINISHED"],
            "start_time": pd.date_range("2026-01-01", periods=4, tz="UTC"),
            "params.x": pd.Series([6, "6", None, 6.0], dtype=object),
            "metrics.loss": [3.0, 1.0, None, 2.0],
        }
    )
    table = groups.grouped(frame, "params.x", ["metrics.loss"], Settings())
    assert table[["group", "runs", "finished", "failed", "running"]].to_numpy().tolist() == [
        ["6", 3, 2, 1, 0],
        ["", 1, 0, 0, 1],
    ]
    assert table["best loss"][0] == 1.0 and table["mean loss"][0] == 2.0
    assert list(groups.within(frame["params.x"], "6")) == [True, True, False, True]
    assert list(groups.within(frame["params.x"], "gone")) == [False] * 4


def test_a_curve_is_thinned_and_a_long_file_read_in_pieces(tmp_path: Path) -> None:
    assert sparks.curve(tmp_path / "none.csv", "loss") is None
    path = tmp_path / "metrics.csv"
    path.write_text("timestamp,step,metric,value\n" + "".join(f"{n},{n},loss,{n}.0\n" for n in range(50_000)))
    values = sparks.curve(path, "loss") or []
    assert len(values) == sparks.POINTS and values[0] == 0.0 and values[-1] == 49_999.0
    assert values == sorted(values) and max(b - a for a, b in itertools.pairwise(values)) < 3_000
    assert sparks.curve(path, "auc") is None


def test_conditions_are_written_as_the_filter_reads_them() -> None:
    runs = pd.DataFrame(
        {
            "metrics.val loss": [0.5, 0.25],
            "tags.team": ["it's", "risk"],
            "start_time": pd.date_range("2026-01-01", periods=2, tz="UTC"),
            "params.none": [None, None],
        }
    )
    known = {hint.column: hint for hint in hints.hints(runs)}
    assert list(known) == ["metrics.val loss", "tags.team", "start_time"], "what holds nothing is not offered"
    assert known["tags.team"].values == ("'it''s'", "'risk'")
    for column, operator, value, expected in (
        ("metrics.val loss", "<", "0.3", [False, True]),
        ("tags.team", "=", "it's", [True, False]),
        ("tags.team", "contains", "is", [False, True]),
        ("start_time", ">=", "2026-01-02", [False, True]),
        ("start_time", "is null", "", [False, False]),
    ):
        query = hints.condition(known[column], operator, value)
        assert parse(query).mask(runs) == expected, query
    assert hints.condition(known["tags.team"], "=", " ") == ""
    assert hints.joined("a = 1 or b = 2", "c = 3") == "(a = 1 or b = 2) and c = 3"


def test_a_mistyped_column_is_replaced_by_the_one_that_is_meant(open_app: Open, many: Path) -> None:
    app = open_app(many, filter="metrics.acu > 0.5 and params.depth = 1")
    run(app.button(key="meant-metrics.auc").click())
    assert app.text_input(key="filter").value == "metrics.auc > 0.5 and params.depth = 1" and not app.error


def test_a_condition_is_put_together_from_its_parts(open_app: Open, many: Path) -> None:
    app = open_app(many, filter="params.depth = 1")
    run(app.selectbox(key="condition-column").set_value("experiment"))
    run(app.selectbox(key="condition-value-experiment").set_value("e2"))
    run(app.button(key="condition-add").click())
    assert app.query_params["filter"] == "params.depth = 1 and experiment = 'e2'"


# -- what is remembered and shared --------------------------------------------------------------------------------


def test_columns_are_remembered_for_each_person(open_app: Open, many: Path) -> None:
    app = open_app(many)
    run(app.multiselect(key="show-metrics").set_value(["metrics.loss"]))
    chosen = list(app.dataframe[0].value.columns)
    assert list(open_app(many).dataframe[0].value.columns) == chosen
    assert "auc" in open_app(many, cols=["name", "metrics.auc"]).dataframe[0].value.columns, "an address wins"


def test_a_damaged_file_of_ways_is_as_none(tmp_path: Path) -> None:
    ways.remember(tmp_path, "ann", Path("a.xlsx"), {"cols": ["name"]})
    assert ways.remembered(tmp_path, "Ann", Path("a.xlsx")) == {"cols": ["name"]}
    assert ways.remembered(tmp_path, "ben", Path("a.xlsx")) == {}
    for file in (tmp_path / "people").iterdir():
        file.write_text("[1, 2")
    assert ways.remembered(tmp_path, "ann", Path("a.xlsx")) == {}
    assert ways.words({"no": "list"}) == [] and ways.words(["a", 1]) == ["a"]


def test_runs_that_are_gone_are_not_selected_any_more(open_app: Open, many: Path) -> None:
    app = open_app(many)
    app.session_state[grid_key(app)] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.session_state[picking.PICKED] = ["of another registry", "r0001"]
    run(app)
    assert "2 selected" in " ".join(str(text.value) for text in app.markdown)


@pytest.mark.parametrize("column", ["name", "status", "start_time", "duration", "params.depth", "metrics.auc", "goal"])
def test_every_kind_of_column_is_ordered_by_and_gets_a_width(open_app: Open, many: Path, column: str) -> None:
    ways.remember(places.home(os.environ), WHO, many, {"cols": [], "widths": {column: "wide", "name": "bad"}})
    app = open_app(many, sort=column, cols=["name", column])
    assert not app.error and len(app.dataframe[0].value) == found.ROWS


def test_a_column_gets_another_place() -> None:
    assert runs_columns.moved(["name", "a", "b", "c"], "c", 2) == ["name", "c", "a", "b"]
    assert runs_columns.moved(["name", "a", "b"], "name", 3) == ["name", "a", "b"]


def test_a_view_is_saved_taken_and_removed(open_app: Open, registry_path: Path) -> None:
    with tracker.start_run(registry_path, name="one") as logged:
        logged.log_metric("auc", 0.5)
    app = open_app(registry_path, sort="-metrics.auc")
    run(app.text_input(key="view-name").set_value("best"))
    run(app.button(key="view-save").click())
    assert views(tracker.open(registry_path).settings) == {"best": "sort=-metrics.auc"}
    app = open_app(registry_path)
    run(app.button(key="view-best").click())
    assert app.query_params["sort"] == "-metrics.auc"
    run(app.button(key="view-remove-best").click())
    assert views(tracker.open(registry_path).settings) == {}


def test_selected_runs_are_edited_at_once_and_a_conflict_is_shown(open_app: Open, registry_path: Path) -> None:
    for name in ("one", "two"):
        with tracker.start_run(registry_path, name=name, tags={"team": "risk"}):
            pass
    registry = tracker.open(registry_path)
    app = open_app(registry_path)
    app.session_state[grid_key(app)] = {"selection": {"rows": [0, 1], "columns": [], "cells": []}}
    run(app)
    app.selectbox(key="bulk-tag").set_value("team")
    app.text_input(key="bulk-value").set_value("growth")
    set_tag(registry, "one", "team", "fraud", "risk", "ben")
    run(app.button(key="bulk-save").click())
    assert "1 cell changed since you saw them" in app.warning[0].value
    assert set(registry.runs()["tags.team"]) == {"risk", "fraud"}
    run(app.button(key="bulk-theirs").click())
    assert dict(zip(registry.runs()["name"], registry.runs()["tags.team"], strict=True)) == {
        "one": "fraud",
        "two": "growth",
    }


def test_selected_runs_move_to_the_archive_after_the_plan_was_shown(open_app: Open, registry_path: Path) -> None:
    with tracker.start_run(registry_path, name="old") as logged:
        logged.log_metric("auc", 0.5)
    app = open_app(registry_path)
    app.session_state[grid_key(app)] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    run(app)
    run(app.button(key="archive-plan-button").click())
    assert any("1 run would move into registry\\-archive" in str(text.value) for text in app.markdown)
    run(app.button(key="archive-agree").click())
    assert list(tracker.open(registry_path).runs()["status"]) == ["MOVED"]


def test_a_viewer_selects_and_exports_and_is_offered_no_change(open_app: Open, registry_path: Path) -> None:
    with tracker.start_run(registry_path, name="one"):
        pass
    set_roles(tracker.open(registry_path), {owner(): "manager", WHO: "viewer"}, owner())
    app = open_app(registry_path)
    app.session_state[grid_key(app)] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    run(app)
    keys = {button.key for button in app.button}
    assert "runs-open" in keys and not keys & {"view-save", "bulk-save", "archive-plan-button"}
