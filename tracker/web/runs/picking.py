"""Which runs are selected in the grid, over all its pages, and what a click on a header means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import streamlit as st

from tracker.settings import Settings
from tracker.web.common import ticks
from tracker.web.runs import found

AREA = "runs-grid"
"""The place of the grid on the page."""
ASKED, DRAWN = "runs-times", "runs-times-drawn"
"""In the session: how often other runs, or another order, were asked for, now and when the grid was drawn."""
PICKED, SHOWN, HEADERS = "picked", "runs-shown", "runs-headers"
"""In the session: the ids that are selected, those on the page as it was drawn, and its columns by their header."""


def begin_anew() -> None:
    """From now on it is another grid."""
    st.session_state[ASKED] = asked() + 1


def asked() -> int:
    """How often other runs, or another order, were asked for."""
    return int(st.session_state.get(ASKED, 0))


def take_clicks(settings: Settings, known: Sequence[str]) -> None:
    """Take over what was clicked in the grid since it was drawn: rows that were ticked, a header to order by."""
    for news in ticks.news(AREA):
        less, more = {run_id for run_id, _ in news.less}, [run_id for run_id, _ in news.more]
        kept = [run_id for run_id in st.session_state.get(PICKED, []) if run_id not in less]
        st.session_state[PICKED] = list(dict.fromkeys([*kept, *more]))
        for header in news.columns[:1]:
            if column := st.session_state.get(HEADERS, {}).get(header):
                keys = found.sort_keys(st.session_state.get("sort", []), known)
                st.session_state["sort"] = [str(one) for one in found.clicked(keys, column, settings)]
            begin_anew()


def prepare(ids: Sequence[str], headers: Mapping[str, str]) -> str:
    """Before the grid is drawn with these runs; gives the key to draw it under.

    Args:
        headers: the column that each header stands for.
    """
    st.session_state[HEADERS], st.session_state[SHOWN] = dict(headers), list(ids)
    here = set(ids)
    selected = [(run_id, "") for run_id in st.session_state.get(PICKED, []) if run_id in here]
    before, st.session_state[DRAWN] = st.session_state.get(DRAWN), asked()
    return ticks.begin(AREA, ids, selected, anew=before != asked())


def picked(on_page: Sequence[str], known: Callable[[], Collection[str]]) -> list[str]:
    """The ids of all runs that are selected, also on other pages.

    Args:
        known: gives the ids of all runs there are: what was selected may be gone, or be of another registry.
    """
    shown = set(st.session_state[SHOWN])
    others = [run_id for run_id in st.session_state.get(PICKED, []) if run_id not in shown]
    if others:
        there = known()
        others = [run_id for run_id in others if run_id in there]
    return [*others, *on_page]


def clear() -> None:
    """Select none."""
    choose([])


def choose(run_ids: Sequence[str]) -> None:
    """Select these and no others."""
    st.session_state[PICKED] = list(run_ids)
    ticks.set_ticked(AREA, [(run_id, "") for run_id in run_ids])
