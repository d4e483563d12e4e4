"""Rows that are ticked while others come: the browser says positions, and what stood there counts."""

from __future__ import annotations

from typing import Any

import grids
from streamlit.testing.v1 import AppTest

from tracker.web.common import ticks

PLACE = "list"
MAKE = """
import streamlit as st
from tracker.web.common import ticks
names = st.session_state["names"]
if not st.session_state.get("elsewhere"):
    rows = ticks.rows("list", names, {"name": names}, mode=st.session_state["mode"])
    st.session_state["got"] = [names[row] for row in rows]
"""


def page(names: list[str], mode: str = "single-row") -> AppTest:
    app = AppTest.from_string(MAKE)
    app.session_state["names"], app.session_state["mode"] = names, mode
    return run(app)


def run(app: AppTest, names: list[str] | None = None) -> AppTest:
    if names is not None:
        app.session_state["names"] = names
    app.run()
    assert not app.exception, app.exception
    return app


def key(app: AppTest) -> str:
    """The key of the grid that the browser was sent last."""
    return grids.key(app, PLACE)


def tick(app: AppTest, *rows: int, of: str = "") -> Any:
    """What is chosen after the browser said of a grid that these rows are ticked."""
    grids.say(app, of or key(app), *rows)
    return run(app).session_state["got"]


def test_a_tick_on_rows_that_have_moved_counts_for_the_row_that_was_seen() -> None:
    app = page(["a", "b", "c"])
    seen = key(app)
    run(app, ["new", "a", "b", "c"])
    assert app.session_state["got"] == [] and key(app) != seen
    assert tick(app, 0, of=seen) == ["a"]
    assert tick(app, 0) == ["new"], "and one on the rows as they are now for those"


def test_what_is_ticked_moves_with_its_row_and_goes_with_it() -> None:
    app = page(["a", "b", "c"], "multi-row")
    assert tick(app, 0, 2) == ["a", "c"]
    seen = key(app)
    assert run(app, ["c", "new", "b", "a"]).session_state["got"] == ["c", "a"]
    assert tick(app, 0, 1, 2, of=seen) == ["c", "b", "a"], "a late tick adds to what is ticked"
    assert tick(app, 1, of=seen) == ["b"], "and a late click takes away"
    assert run(app, ["new", "a"]).session_state["got"] == []


def test_a_click_is_taken_once_though_the_browser_repeats_it() -> None:
    app = page(["a", "b"])
    assert tick(app, 0) == ["a"]
    seen = key(app)
    run(app, ["new", "a", "b"])
    assert tick(app, 0) == ["new"]
    assert tick(app, 0, of=seen) == ["new"], "the grid before still says what was ticked in it long ago"


def test_rows_without_a_name_and_rows_that_are_gone_are_never_chosen() -> None:
    app = page(["a", "b"])
    seen = key(app)
    run(app, ["", "a"])
    assert tick(app, 1, of=seen) == [], "b is gone"
    assert tick(app, 7, of=seen) == []


def test_who_comes_back_to_a_page_begins_anew_and_keys_do_not_pile_up() -> None:
    app = page(["a", "b"])
    assert tick(app, 1) == ["b"]
    app.session_state["elsewhere"] = True
    run(app)
    app.session_state["elsewhere"] = False
    assert run(app).session_state["got"] == []
    keys = set()
    for number in range(30):
        run(app, [f"row {number}", "a"])
        keys.add(key(app))
    assert len(keys) == ticks.REMEMBERED + 1
