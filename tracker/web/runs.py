"""The Runs page: all runs in a grid, filtered and ordered, with the columns one wants; from here to one or several."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tracker.errors import QueryError
from tracker.reading.query import parse
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
MOST_ROWS = 20_000
"""How many runs the grid is given at most: each look at the page sends them all to the browser."""
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
    fields = st.columns([4.6, 2.8, 2.4, 1.5], vertical_alignment="bottom")
    found = _filtered(fields, runs)
    suitable = columns.suitable(found)
    order = _order(fields, suitable, context)
    with fields[3].popover("Columns", icon=":material/view_column:", width="stretch", key="columns"):
        names = _chosen(found, suitable)
    address.write(SHARED)
    if found.empty:
        say.nothing_yet("No run matches", f"None of the {count(len(runs), 'run')} fits the filter. Change or clear it.")
        return
    shown = columns.arranged(found, order).head(MOST_ROWS)
    ids = [str(run_id or "") for run_id in shown["run_id"]]
    bar = st.container(horizontal=True, vertical_alignment="center", key="runs-bar")
    chosen = grid.show(context, shown, ids, names, exact_times=names is not suitable)
    if len(found) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS:,} of {len(found):,} are shown: filter to see others.")
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


def _filtered(fields: list[DeltaGenerator], runs: pd.DataFrame) -> pd.DataFrame:
    """The runs that the filter and the chosen experiments leave."""
    query = fields[0].text_input(
        "Filter",
        key="filter",
        placeholder=columns.example(runs),
        help=FILTER_HELP,
        icon=":material/filter_alt:",
        persist_state="session",
    )
    names = sorted({str(name) for name in runs["experiment"].dropna()})
    address.keep_valid("experiment", names)
    experiments = fields[1].multiselect(
        "Experiment", names, key="experiment", placeholder="All", persist_state="session"
    )
    found = runs[runs["experiment"].isin(experiments)] if experiments else runs
    try:
        return found.loc[parse(query or "").mask(found)]
    except QueryError as error:
        say.bad_query(error)
        return found


def _order(fields: list[DeltaGenerator], suitable: list[str], context: Context) -> tuple[str, bool]:
    """By which column the runs are ordered, and whether its greatest values come first."""
    orders = columns.orders(suitable, context.settings)
    address.keep_valid("order", orders)
    order = fields[2].selectbox("Order", list(orders), key="order", persist_state="session", filter_mode="contains")
    return orders.get(str(order), orders[columns.NEWEST])


def _chosen(found: pd.DataFrame, suitable: list[str]) -> list[str]:
    """The columns to show, chosen by group; as long as nobody chooses, those that say something."""
    groups = columns.grouped([str(column) for column in found.columns])

    def begin() -> None:
        if st.session_state.get("choose"):
            for name, chosen in columns.grouped(suitable).items():
                st.session_state[f"show_{name}"] = [column for column in chosen if column != "name"]

    own = st.toggle(
        "Choose the columns myself",
        key="choose",
        on_change=begin,
        persist_state="session",
        help="Otherwise: metrics that have values, params that differ, and your own columns that are filled.",
    )
    if not own:
        return suitable
    names = ["name"]
    for name, title in columns.GROUPS.items():
        options = [column for column in groups[name] if column != "name"]
        if options:
            key = f"show_{name}"
            address.keep_valid(key, options)
            names += st.multiselect(title, options, format_func=columns.short, key=key, persist_state="session")
    return names


def _empty(context: Context) -> None:
    say.nothing_yet(
        "No runs yet",
        "Log one from a Python script or notebook; it appears here within two seconds. You can also type a run "
        "into the workbook itself: it gets its id with the next sync.",
        say.how_to_log(context.place.path),
    )
