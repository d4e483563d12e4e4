"""The Runs page: all runs in a grid, filtered and ordered, with the columns one wants; from here to one or several."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.errors import QueryError
from tracker.query import parse
from tracker.web import address, columns, grid, say
from tracker.web.context import Context
from tracker.web.shown import count

SHARED: address.Defaults = {
    "filter": "",
    "experiment": [],
    "order": columns.NEWEST,
    "choose": False,
    **{f"show_{name}": [] for name in columns.GROUPS},
}
"""What the page's address says of it."""
FILTER_HELP = """Compare columns with values, joined with `and`, `or`, `not` and parentheses:

- `metrics.auc > 0.9 and params.depth = 6`
- `status = 'FAILED' or tags.team like 'risk%'`
- `start_time >= '2026-11-01'` (UTC)
- `params."learning rate" is not null`
- `experiment in ('churn', 'fraud')`
"""


def show(context: Context) -> None:
    """The page."""
    runs = context.runs()
    if runs.empty:
        _empty(context)
        return
    address.take_over(SHARED)
    found, order = _controls(context, runs)
    address.write(SHARED)
    if found.empty:
        say.nothing_yet("No run matches", f"None of the {count(len(runs), 'run')} fits the filter. Change or clear it.")
        return
    shown = columns.arranged(found, order)
    ids = [str(run_id or "") for run_id in shown["run_id"]]
    bar = st.container(horizontal=True, vertical_alignment="center", key="runs-bar")
    chosen = grid.show(context, shown, ids, _columns(found), exact_times=bool(st.session_state.get("choose")))
    with bar:
        total = count(len(runs), "run") if len(found) == len(runs) else f"{len(found):,} of {count(len(runs), 'run')}"
        picked = f" · {len(chosen)} selected" if chosen else ""
        st.markdown(f"**{total}**{picked}", width="content")
        if st.button("Open", key="runs-open", disabled=len(chosen) != 1, icon=":material/science:"):
            context.open_run(chosen[0])
        if st.button(
            f"Compare {len(chosen)}" if len(chosen) > 1 else "Compare",
            key="runs-compare",
            type="primary" if len(chosen) > 1 else "secondary",
            disabled=len(chosen) < 2,
            icon=":material/compare_arrows:",
        ):
            context.compare(chosen)
        if not chosen:
            st.caption("Click a name to open the run; tick runs to compare them.", width="content")


def _controls(context: Context, runs: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, bool]]:
    """Filter, experiments and order; gives the runs that are left, and how to order them."""
    left, middle, right, chooser = st.columns([5, 3, 2.4, 1.2], vertical_alignment="bottom")
    query = left.text_input(
        "Filter",
        key="filter",
        placeholder=columns.example(runs),
        help=FILTER_HELP,
        icon=":material/filter_alt:",
        persist_state="session",
    )
    names = sorted({str(name) for name in runs["experiment"].dropna()})
    address.keep_valid("experiment", names)
    experiments = middle.multiselect("Experiment", names, key="experiment", placeholder="All", persist_state="session")
    found = runs[runs["experiment"].isin(experiments)] if experiments else runs
    try:
        found = found.loc[parse(query or "").mask(found)]
    except QueryError as error:
        say.bad_query(error)
    orders = columns.orders(columns.suitable(found), context.settings)
    address.keep_valid("order", orders)
    order = right.selectbox("Order", list(orders), key="order", persist_state="session", filter_mode="contains")
    with chooser.popover("Columns", icon=":material/view_column:", width="stretch", key="columns"):
        _chooser(found)
    return found, orders.get(str(order), orders[columns.NEWEST])


def _chooser(found: pd.DataFrame) -> None:
    """Which columns the grid shows, by group; as long as nobody chooses, those that say something."""
    groups = columns.grouped([str(column) for column in found.columns])

    def begin() -> None:
        if st.session_state.get("choose"):
            for name, chosen in columns.grouped(columns.suitable(found)).items():
                st.session_state[f"show_{name}"] = [column for column in chosen if column != "name"]

    own = st.toggle(
        "Choose the columns myself",
        key="choose",
        on_change=begin,
        persist_state="session",
        help="Otherwise: metrics that have values, params that differ, and your own columns that are filled.",
    )
    for name, title in columns.GROUPS.items():
        options = [column for column in groups[name] if column != "name"]
        if own and options:
            address.keep_valid(f"show_{name}", options)
            st.multiselect(
                title,
                options,
                format_func=columns.short,
                key=f"show_{name}",
                persist_state="session",
            )


def _columns(found: pd.DataFrame) -> list[str]:
    if not st.session_state.get("choose"):
        return columns.suitable(found)
    chosen = [column for name in columns.GROUPS for column in st.session_state.get(f"show_{name}", [])]
    return ["name", *(column for column in chosen if column in found.columns)]


def _empty(context: Context) -> None:
    say.nothing_yet(
        "No runs yet",
        "Log one from a Python script or notebook; it appears here within two seconds. You can also type a run "
        "into the workbook itself: it gets its id with the next sync.",
        say.how_to_log(context.place.path),
    )
