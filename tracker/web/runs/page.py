"""The Runs page: all runs in a grid, filtered and ordered, with the columns one wants; from here to one or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from tracker.errors import QueryError
from tracker.settings import Settings
from tracker.web.common import address, say
from tracker.web.common.context import Context
from tracker.web.common.shown import count, cut, plain
from tracker.web.reading import columns, data
from tracker.web.runs import (
    found,
    grid,
    groups,
    picking,
    runs_columns,
    runs_edit,
    runs_export,
    runs_groups,
    runs_order,
    runs_query,
    runs_views,
    shades,
)
from tracker.web.runs.found import Part, SortKey

SHARED: address.Defaults = {
    "filter": "",
    "experiment": [],
    "sort": [],
    "cols": [],
    "by": "",
    "in": "",
    "curve": "",
    "unshaded": False,
    "page": "1",
    "widths": [],
    picking.PICKED: [],
}
"""What the page's address says of it."""
LOOKED_AT = 2000
"""Runs by which the columns are chosen that say something."""
MOST_COMPARED = 100
"""Runs that the comparison shows side by side."""


def show(context: Context) -> None:
    """The page."""
    runs = context.runs()
    if runs.empty:
        say.no_runs(context)
        return
    address.take_over(SHARED)
    runs_columns.begin(context)
    names = [str(name) for name in runs.columns]
    picking.take_clicks(context.settings, names)
    runs_query.show(context, runs)
    keys = found.sort_keys(st.session_state.get("sort", []), names)
    by = str(st.session_state.get("by") or "")
    by = by if by in names else ""
    try:
        all_places, suitable = _found(context, runs, keys)
    except QueryError as error:
        runs_query.failed(error)
        all_places, suitable = _found(context, runs, keys, query="")
    bar = st.container(horizontal=True, vertical_alignment="center", key="runs-bar")
    with bar:
        chosen = st.container(horizontal=True, vertical_alignment="center", width="stretch", key="runs-chosen")
        shown = _popovers(context, runs, names, suitable, keys, all_places)
    address.write(SHARED)
    if not len(all_places):
        say.nothing_yet("No run matches", f"None of the {count(len(runs), 'run')} fits the filter. Change or clear it.")
        return
    runs_edit.outcome(context)
    places = all_places
    if by:
        metrics = tuple(name for name in shown if columns.group(name) == "metrics")[: groups.MOST_METRICS]
        table = _grouped(
            (context.place.path, data.version(runs), all_places.tobytes()),
            by,
            metrics,
            context.settings,
            runs,
            all_places,
        )
        runs_groups.show(table, by)
        if inside := str(st.session_state.get("in") or ""):
            places, _ = _found(context, runs, keys, inside=(by, inside.removeprefix("=")))
            places = places if len(places) else all_places
    _begin_anew_where_others_are_found(keys)
    part = found.part(len(places), st.session_state.get("page", "1"))
    window = runs.iloc[places[part.first : part.last]]
    on_page = grid.show(
        context,
        window,
        shown,
        keys,
        {} if st.session_state.get("unshaded") else _shades(runs, places, window, shown, context),
        exact_times=shown is not suitable,
        widths=runs_columns.widths(),
        curve=_curve(context, window),
    )
    picked = picking.picked(on_page, lambda: set(runs["run_id"]))
    with chosen:
        _bar(context, runs, places, picked)
    _foot(part, len(places))
    address.write(SHARED)


def _popovers(
    context: Context,
    runs: pd.DataFrame,
    names: list[str],
    suitable: list[str],
    keys: list[SortKey],
    places: np.ndarray,
) -> list[str]:
    """What else can be done with the grid; gives the columns to show."""
    with st.popover("Views", icon=":material/bookmark:", key="views"):
        runs_views.show(context, {key: at_first for key, at_first in SHARED.items() if key != picking.PICKED})
    with st.popover("Columns", icon=":material/view_column:", key="columns"):
        shown = runs_columns.show(context, names, suitable)
    with st.popover(f"Sort ({len(keys)})" if keys else "Sort", icon=":material/swap_vert:", key="order"):
        runs_order.show(runs, shown, keys, context.settings)
    by = str(st.session_state.get("by") or "")
    title = f"By {columns.short(by)}" if by else "Group"
    with st.popover(plain(cut(title, 24)), icon=":material/table_view:", key="group"):
        runs_groups.choose(names)
    with st.popover("Export", icon=":material/download:", key="export"):
        runs_export.show(context, runs, places, shown)
    return shown


# -- what is found ------------------------------------------------------------------------------------------------


def _found(
    context: Context,
    runs: pd.DataFrame,
    keys: Sequence[SortKey],
    query: str | None = None,
    inside: tuple[str, str] | None = None,
) -> tuple[np.ndarray, list[str]]:
    return _looked_for(
        runs,
        (context.place.path, data.version(runs)),
        str(st.session_state.get("filter") or "") if query is None else query,
        tuple(st.session_state.get("experiment", ())),
        tuple(map(str, keys)),
        inside,
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _looked_for(
    _runs: pd.DataFrame,
    version: tuple[Path, int],
    query: str,
    experiments: tuple[str, ...],
    keys: tuple[str, ...],
    inside: tuple[str, str] | None,
) -> tuple[np.ndarray, list[str]]:
    """The places of the runs that are found, in order, and the columns that say something of them."""
    order = [SortKey.read(key) for key in keys]
    places = np.array(found.positions(_runs, query, experiments, order, inside), dtype=np.int64)
    some = _runs.iloc[places[:: max(1, len(places) // LOOKED_AT)]]
    return places, columns.suitable(some)


@st.cache_data(max_entries=16, show_spinner=False)
def _grouped(
    which: tuple[Path, int, bytes],
    by: str,
    metrics: tuple[str, ...],
    _settings: Settings,
    _runs: pd.DataFrame,
    _places: np.ndarray,
) -> pd.DataFrame:
    """The runs that are found in groups."""
    names = dict.fromkeys([by, "status", "start_time", *metrics])
    return groups.grouped(_runs[list(names)].iloc[_places], by, metrics, _settings)


def _begin_anew_where_others_are_found(keys: Sequence[SortKey]) -> None:
    """Back to the first page when the filter or the order has changed."""
    state = st.session_state
    asked = (state.get("filter"), tuple(state.get("experiment", ())), tuple(keys), state.get("by"), state.get("in"))
    before = state.setdefault("runs-asked", (asked, state.get("page")))
    if before[0] != asked:
        state["page"] = "1"
    if before != (asked, state.get("page")):
        state["runs-asked"] = (asked, state.get("page"))
        picking.begin_anew()


def _shades(
    runs: pd.DataFrame, places: np.ndarray, window: pd.DataFrame, shown: Sequence[str], context: Context
) -> dict[str, list[int]]:
    metrics = [name for name in shown if columns.group(name) == "metrics"]
    return {
        name: shades.levels(runs[name].iloc[places], window[name], context.settings.minimize(columns.short(name)))
        for name in metrics
    }


def _curve(context: Context, window: pd.DataFrame) -> tuple[str, list[list[float] | None]] | None:
    """The metric whose small curves are shown, and the curves."""
    metric = str(st.session_state.get("curve") or "")
    if metric not in window.columns:
        return None
    ids = [str(run_id or "") for run_id in window["run_id"]]
    return metric, data.curves(context.place.folders, ids, columns.short(metric))


# -- around the grid ----------------------------------------------------------------------------------------------


def _bar(context: Context, runs: pd.DataFrame, places: np.ndarray, picked: list[str]) -> None:
    total = count(len(runs), "run") if len(places) == len(runs) else f"{len(places):,} of {count(len(runs), 'run')}"
    st.markdown(f"**{total}**{f' · {len(picked):,} selected' if picked else ''}", width="content")
    if not picked:
        if len(places) > 1 and st.button(
            f"Compare all {len(places):,}",
            key="runs-compare-all",
            type="tertiary",
            icon=":material/compare_arrows:",
            help="All that are shown here: their curves, which params matter, parallel coordinates.",
        ):
            context.compare_found(st.session_state.get("filter") or "", st.session_state.get("experiment") or [])
        return
    if len(picked) == 1 and st.button("Open", key="runs-open", icon=":material/science:"):
        context.open_run(picked[0])
    if len(picked) > 1 and st.button(
        f"Compare {len(picked):,}",
        key="runs-compare",
        type="primary",
        disabled=len(picked) > MOST_COMPARED,
        help=f"At most {MOST_COMPARED} at once." if len(picked) > MOST_COMPARED else None,
        icon=":material/compare_arrows:",
    ):
        context.compare(picked)
    if context.may("edit"):
        with st.popover("Edit", icon=":material/edit:", key="bulk"):
            runs_edit.show(context, runs, picked)
    if len(picked) < len(places):
        st.button(f"Select all {len(places):,}", key="runs-all", type="tertiary", on_click=_select, args=(runs, places))
    st.button("Clear", key="runs-clear", type="tertiary", on_click=picking.clear, help="Select none.")


def _select(runs: pd.DataFrame, places: np.ndarray) -> None:
    picking.choose([str(run_id) for run_id in runs["run_id"].iloc[places] if run_id])


def _foot(part: Part, total: int) -> None:
    """Which part of the runs this is, and the way to the others."""
    hint = "Click a name to open the run, a header to order by it; tick runs to compare or edit them."
    with st.container(horizontal=True, vertical_alignment="center", key="runs-foot"):
        st.caption(f"{part.says(total)}. {hint}" if part.pages > 1 else hint, width="stretch")
        if part.pages == 1:
            return
        key = f"runs-page-{part.number}"  # another widget each time: streamlit warns where a session sets the number

        def turned() -> None:
            st.session_state["page"] = str(st.session_state[key])

        st.pagination(part.pages, default=part.number, key=key, on_change=turned)
