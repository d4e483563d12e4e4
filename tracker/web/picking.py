"""Which runs are selected in the grid, over all its pages, and what a click on a header means."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import streamlit as st

from tracker.settings import Settings
from tracker.web import found

AREA = "runs-grid"
"""The place of the grid on the page."""
TIMES = "runs-times"
"""In the session: how often other runs, or another order, were asked for; each time it is another grid.

What the browser sent of the one before, which it may repeat with the page's next look at the files, then means nothing.
"""
PICKED, SHOWN, HEADERS = "runs-picked", "runs-shown", "runs-headers"
"""In the session: the ids that are selected, those on the page as it was drawn, and its columns by their header."""


def key() -> str:
    """The key of the grid that is on the page."""
    return f"{AREA}-{st.session_state.setdefault(TIMES, 0)}"


def begin_anew() -> None:
    """From now on it is another grid."""
    st.session_state[TIMES] = st.session_state.get(TIMES, 0) + 1


def take_clicks(settings: Settings, known: Sequence[str]) -> None:
    """Take over what was clicked in the grid since it was drawn: rows that were ticked, a header to order by."""
    if key() not in st.session_state:
        return
    selection = st.session_state[key()]["selection"]
    st.session_state[PICKED] = merged(
        st.session_state.get(PICKED, []), st.session_state.get(SHOWN, []), selection["rows"]
    )
    if clicked := [st.session_state.get(HEADERS, {}).get(header) for header in selection["columns"]]:
        keys = found.sort_keys(st.session_state.get("sort", []), known)
        if clicked[0]:
            st.session_state["sort"] = [str(one) for one in found.clicked(keys, clicked[0], settings)]
        begin_anew()


def prepare(ids: Sequence[str], headers: Mapping[str, str]) -> None:
    """Before the grid is drawn with these runs: it remembers positions, people mean runs.

    Args:
        headers: the column that each header stands for.
    """
    st.session_state[HEADERS] = dict(headers)
    chosen = set(st.session_state.get(PICKED, []))
    if st.session_state.get(SHOWN) != list(ids) or key() not in st.session_state:
        st.session_state[SHOWN] = list(ids)
        if chosen or key() in st.session_state:
            _set_rows([place for place, run_id in enumerate(ids) if run_id in chosen])


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
    chosen = set(run_ids)
    _set_rows([place for place, run_id in enumerate(st.session_state.get(SHOWN, [])) if run_id in chosen])


def merged(picked: Sequence[str], shown: Sequence[str], rows: Sequence[int]) -> list[str]:
    """The ids that are selected after some rows of a page were: on other pages all stay."""
    on_page = set(shown)
    return [
        *(run_id for run_id in picked if run_id not in on_page),
        *(shown[row] for row in rows if row < len(shown) and shown[row]),
    ]


def _set_rows(rows: Sequence[int]) -> None:
    st.session_state[key()] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
