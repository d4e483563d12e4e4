"""The Runs page: all runs in a grid, filtered and ordered, with the columns one wants; from here to one or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from tracker.errors import QueryError
from tracker.web import address, columns, data, found, grid, picking, runs_columns, runs_order, runs_query, say, shades
from tracker.web.context import Context
from tracker.web.found import Part, SortKey
from tracker.web.shown import count

SHARED: address.Defaults = {
    "filter": "",
    "experiment": [],
    "sort": [],
    "cols": [],
    "unshaded": False,
    "page": "1",
}
"""What the page's address says of it."""
LOOKED_AT = 2000
"""Runs by which the columns are chosen that say something."""


def show(context: Context) -> None:
    """The page."""
    runs = context.runs()
    if runs.empty:
        _empty(context)
        return
    address.take_over(SHARED)
    names = [str(name) for name in runs.columns]
    picking.take_clicks(context.settings, names)
    runs_query.show(runs)
    address.write(SHARED)
    keys = found.sort_keys(st.session_state.get("sort", []), names)
    try:
        places, suitable = _found(context, runs, keys)
    except QueryError as error:
        say.bad_query(error)
        places, suitable = _found(context, runs, keys, query="")
    if not len(places):
        say.nothing_yet("No run matches", f"None of the {count(len(runs), 'run')} fits the filter. Change or clear it.")
        return
    bar = st.container(horizontal=True, vertical_alignment="center", key="runs-bar")
    with bar:
        chosen = st.container(horizontal=True, vertical_alignment="center", width="stretch", key="runs-chosen")
        with st.popover("Columns", icon=":material/view_column:", key="columns"):
            shown = runs_columns.show(names, suitable)
        with st.popover("Sort", icon=":material/swap_vert:", key="order"):
            runs_order.show(runs, shown, keys, context.settings)
    _begin_anew_where_others_are_found(keys)
    part = found.part(len(places), st.session_state.get("page", "1"))
    window = runs.iloc[places[part.first : part.last]]
    shaded = {} if st.session_state.get("unshaded") else _shades(runs, places, window, shown, context)
    on_page = grid.show(context, window, shown, keys, shaded, exact_times=shown is not suitable)
    picked = picking.picked(on_page)
    with chosen:
        _bar(context, len(runs), len(places), picked)
    _foot(part, len(places), picked)
    address.write(SHARED)


# -- what is found ------------------------------------------------------------------------------------------------


def _found(
    context: Context, runs: pd.DataFrame, keys: Sequence[SortKey], query: str | None = None
) -> tuple[np.ndarray, list[str]]:
    return _looked_for(
        runs,
        (context.place.path, data.version(runs)),
        str(st.session_state.get("filter") or "") if query is None else query,
        tuple(st.session_state.get("experiment", ())),
        tuple(map(str, keys)),
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _looked_for(
    _runs: pd.DataFrame,
    version: tuple[Path, int],
    query: str,
    experiments: tuple[str, ...],
    keys: tuple[str, ...],
) -> tuple[np.ndarray, list[str]]:
    """The places of the runs that are found, in order, and the columns that say something of them."""
    places = np.array(found.positions(_runs, query, experiments, [SortKey.read(key) for key in keys]), dtype=np.int64)
    some = _runs.iloc[places[:: max(1, len(places) // LOOKED_AT)]]
    return places, columns.suitable(some)


def _begin_anew_where_others_are_found(keys: Sequence[SortKey]) -> None:
    """Back to the first page when the filter or the order has changed."""
    asked = (st.session_state.get("filter"), tuple(st.session_state.get("experiment", ())), tuple(keys))
    if st.session_state.setdefault("runs-asked", asked) != asked:
        st.session_state["runs-asked"] = asked
        st.session_state["page"] = "1"


def _shades(
    runs: pd.DataFrame, places: np.ndarray, window: pd.DataFrame, shown: Sequence[str], context: Context
) -> dict[str, list[int]]:
    metrics = [name for name in shown if columns.group(name) == "metrics"]
    return {
        name: shades.levels(runs[name].iloc[places], window[name], context.settings.minimize(columns.short(name)))
        for name in metrics
    }


# -- around the grid ----------------------------------------------------------------------------------------------


def _bar(context: Context, all_runs: int, found_runs: int, picked: list[str]) -> None:
    total = count(all_runs, "run") if found_runs == all_runs else f"{found_runs:,} of {count(all_runs, 'run')}"
    st.markdown(f"**{total}**{f' · {len(picked):,} selected' if picked else ''}", width="content")
    if not picked:
        st.caption("Click a name to open the run; tick runs to compare or edit them.", width="content")
        return
    if st.button("Open", key="runs-open", disabled=len(picked) != 1, icon=":material/science:"):
        context.open_run(picked[0])
    if st.button(
        f"Compare {len(picked)}" if len(picked) > 1 else "Compare",
        key="runs-compare",
        type="primary" if len(picked) > 1 else "secondary",
        disabled=len(picked) < 2,
        icon=":material/compare_arrows:",
    ):
        context.compare(picked)
    st.button("Clear", key="runs-clear", type="tertiary", on_click=picking.clear, help="Select none.")


def _foot(part: Part, total: int, picked: Sequence[str]) -> None:
    """Which part of the runs this is, and the way to the others."""
    if part.pages == 1:
        return

    key = f"runs-page-{part.number}"  # another widget each time: streamlit warns where a session sets the number

    def turned() -> None:
        st.session_state["page"] = str(st.session_state[key])

    with st.container(horizontal=True, vertical_alignment="center", key="runs-foot"):
        st.caption(part.says(total), width="stretch")
        st.pagination(part.pages, default=part.number, key=key, on_change=turned)


def _empty(context: Context) -> None:
    say.nothing_yet(
        "No runs yet",
        "Log one from a Python script or notebook; it appears here within two seconds. You can also type a run "
        "into the workbook itself: it gets its id with the next sync.",
        say.how_to_log(context.place.path),
    )
