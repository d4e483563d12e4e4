"""The Runs page: order, paging, columns, shades; what is selected; by streamlit's own tester and as plain functions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest
from zoo import with_openpyxl

from tracker.reading.query import arrange, parse_order
from tracker.settings import Settings
from tracker.web import found, picking, runs_columns, shades
from tracker.web.found import SortKey

SECONDS = 30
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
        app.user = {"email": "analyst@example.com"}
        for name, value in parameters.items():
            app.query_params[name] = value
        return run(app)

    return opened


def run(acted: Any) -> AppTest:
    """Run the page again after what was done on it."""
    app: AppTest = acted.run()
    assert not app.exception, app.exception
    return app


def names(app: AppTest) -> list[str]:
    """The names of the runs in the grid."""
    return list(app.dataframe[0].value["name"])


# -- order and pages ----------------------------------------------------------------------------------------------


def test_a_page_of_the_grid_holds_a_part_and_others_follow(open_app: Open, many: Path) -> None:
    app = open_app(many)
    assert names(app) == [f"run {n}" for n in range(MANY - 1, MANY - 1 - found.ROWS, -1)]
    assert any(caption.value == f"1–{found.ROWS} of 1,203" for caption in app.caption)
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
    app.session_state[picking.KEY] = {"selection": {"rows": [0, 2], "columns": ["loss"], "cells": []}}
    run(app)
    assert app.query_params["sort"] == "metrics.loss", "of a loss the lowest is the best"
    assert app.session_state[picking.PICKED] == ["r1202", "r1200"]
    assert "2 selected" in " ".join(str(text.value) for text in app.markdown)
    run(app.text_input(key="filter").set_value("metrics.auc < 0.5"))
    assert "2 selected" in " ".join(str(text.value) for text in app.markdown), "also where they are not shown"
    run(app.button(key="runs-clear").click())
    assert "selected" not in " ".join(str(text.value) for text in app.markdown)


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
    assert shades.css(0) == "" and "0.42" in shades.css(shades.LEVELS)
