"""The Overview page, the first that opens: what there is, what is best, what happened, what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tracker.web.common import say, shown, tile
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.overview import later as overview_later
from tracker.web.reading import data
from tracker.web.reading.glance import Experiment, Glance, RunLine, glance
from tracker.web.reading.watch import Stamp

MOST_HEIGHT = 390
OPENS = "Click a name to open the run."
CHECKLIST = "How much of the checklist its runs have done, on average."
RUNNING_QUERY = "status = 'RUNNING'"
STYLE = """
<style>
.st-key-overview-tiles > div { flex: 1 1 190px; }
.st-key-overview-tiles [data-testid="stPageLink"] { margin-left: -0.5rem; }
.st-key-overview-body > div:first-child { flex: 3 1 560px; min-width: min(560px, 100%); }
.st-key-overview-body > div:last-child { flex: 2 1 380px; min-width: min(380px, 100%); }
</style>
"""
"""Tiles and halves stand side by side where there is room, else below each other."""


@st.cache_data(max_entries=8, show_spinner=False)
def _glance(path: Path, stamp: Stamp, today: date) -> Glance:
    return glance(data.table(path, stamp, "runs"), data.settings(path, stamp), today)


def show(context: Context) -> None:
    """The page: what is known at once first, what takes longer in places kept for it."""
    seen = _glance(context.place.path, context.stamp, context.now.date())
    if not seen.runs:
        say.no_runs(context)
        return
    st.html(STYLE)
    with st.container(horizontal=True, key="overview-tiles"):
        _runs_tile(context, seen)
        _checklist_tile(context, seen)
        stored = tile.box("tile-stored")
        problems = tile.box("tile-problems")
        _workbook_tile(context)
    with st.container(horizontal=True, key="overview-body", gap="medium"):
        left, right = st.container(key="overview-left"), st.container(key="overview-right")
    with right:
        if seen.running:
            _running(context, seen)
        due, lately = st.container(), st.container()
    with left:
        _experiments(context, seen)
        _newest(context, seen)
    overview_later.fill(context, seen.runs, stored=stored, due=due, lately=lately, problems=problems)


def _runs_tile(context: Context, seen: Glance) -> None:
    with tile.box("tile-runs"):
        failed = f", {seen.failed:,} failed" if seen.failed else ""
        tile.draw(context, "runs", "Runs", f"{seen.runs:,}", f"{seen.week:,} in the last 7 days{failed}")


def _checklist_tile(context: Context, seen: Glance) -> None:
    with tile.box("tile-checklists"):
        if seen.done is None:
            tile.draw(context, "checklist", "Checklists", shown.NOTHING, "no run was judged yet")
        else:
            note = f"all of it in {seen.complete:,} of {count(seen.judged, 'run')}"
            tile.draw(context, "checklist", "Checklists", f"{seen.done:.0%} done", note)


def _workbook_tile(context: Context) -> None:
    status = context.status
    waiting = status.pending + status.waiting + status.lacking
    opened = status.open_elsewhere
    value = f"{waiting:,} pending" if waiting else "up to date"
    note = f"open in {opened.program} by {opened.owner}" if opened else "nobody has it open"
    with tile.box("tile-workbook"):
        tile.draw(context, "history", "Workbook", value, note)


# -- lists of runs ------------------------------------------------------------------------------------------------


def _experiments(context: Context, seen: Glance) -> None:
    """The best run of each experiment."""
    _heading("Best run of each experiment", context, "compare", "Compare")
    found = seen.experiments
    if not found:
        st.caption("No run names its experiment yet.")
        return
    table = pd.DataFrame(
        {
            "experiment": [shown.cut(one.name, 60) for one in found],
            "best run": [_best_name(one) for one in found],
            "metric": [_metric(one) for one in found],
            "value": [shown.NOTHING if _value(one) is None else shown.number(_value(one) or 0.0) for one in found],
            "runs": [one.runs for one in found],
            "checklist": [None if one.done is None else 100 * one.done for one in found],
            "last run": pd.to_datetime([one.last for one in found], utc=True),
        }
    )
    column = st.column_config
    _grid(
        "overview-best",
        table,
        {
            "experiment": column.TextColumn(width=130),
            "best run": _clickable(context, "best run", "overview-open-best", [one.best for one in found]),
            "metric": column.TextColumn(
                width=110,
                help="Runs are ranked by the setting metrics.main, else by the metric that most runs have; "
                "↑ the highest is best, ↓ the lowest (setting metrics.minimize).",
            ),
            "value": column.TextColumn(width=75, alignment="right"),
            "runs": column.NumberColumn(width=60, format="localized"),
            "checklist": column.ProgressColumn(width=95, format="%d%%", min_value=0, max_value=100, help=CHECKLIST),
            "last run": column.DatetimeColumn(width=110, format="distance"),
        },
        "Best run of each experiment",
    )
    if seen.all_experiments > len(found):
        st.caption(f"The {len(found)} with the newest runs, of {seen.all_experiments:,}.")


def _newest(context: Context, seen: Glance) -> None:
    if not seen.newest:
        return
    _heading("Newest runs", context, "runs", "All runs")
    lines = seen.newest
    table = pd.DataFrame(
        {
            "name": [_name(one) for one in lines],
            "status": [shown.status(one.status or None) for one in lines],
            "experiment": [one.experiment or None for one in lines],
            "owner": [one.owner or None for one in lines],
            "result": [f"{one.metric} {shown.number(one.value)}" if one.value is not None else None for one in lines],
            "started": pd.to_datetime([one.started for one in lines], utc=True),
        }
    )
    column = st.column_config
    _grid(
        "overview-newest",
        table,
        {
            "name": _clickable(context, "name", "overview-open-newest", lines),
            "status": column.TextColumn(width=105),
            "experiment": column.TextColumn(width=110),
            "owner": column.TextColumn(width=110),
            "result": column.TextColumn(width=130, help="The metric that the experiment is ranked by."),
            "started": column.DatetimeColumn(width=110, format="distance"),
        },
        "Newest runs",
    )


def _running(context: Context, seen: Glance) -> None:
    _heading("Running now", context, "runs", "All that run", filter=RUNNING_QUERY)
    with st.container(border=True, gap="xsmall", key="overview-running"):
        for one in seen.running:
            said = f"{one.owner or 'somebody'}, {shown.ago(one.started, context.now)}"
            result = f" · {one.metric} {shown.number(one.value)}" if one.value is not None else ""
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                context.page_link("run", _name(one), run=one.run_id)
                st.caption(plain(said + result), width="content", help=shown.exact_time(one.started))


# -- parts --------------------------------------------------------------------------------------------------------


def _heading(title: str, context: Context, page: str, link: str, **parameters: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown(f"## {title}", width="content")
        st.space("stretch")
        context.page_link(page, link, **parameters)


def _grid(key: str, table: pd.DataFrame, configuration: dict[str, Any], alt: str) -> DeltaGenerator:
    return st.container(key=key).dataframe(
        table,
        hide_index=True,
        height=shown.grid_height(len(table), MOST_HEIGHT),
        row_height=shown.ROW,
        placeholder="",
        column_config=configuration,
        alt=alt,
    )


def _clickable(context: Context, label: str, key: str, lines: Sequence[RunLine | None]) -> Any:
    """A column of names that open their runs."""

    def opened() -> None:
        clicked = st.session_state.get(key)
        line = lines[clicked["row"]] if clicked is not None else None
        if line is not None and line.run_id:
            st.session_state["then-run"] = line.run_id

    return st.column_config.ButtonColumn(
        label,
        type="tertiary",
        alignment="left",
        width=190,
        on_click=opened,
        key=key,
        help=OPENS,
    )


def _name(one: RunLine) -> str:
    return shown.cut(one.name or f"(unnamed {(one.run_id or 'new')[-6:]})", 80)


def _best_name(one: Experiment) -> str | None:
    return _name(one.best) if one.best else None


def _metric(one: Experiment) -> str | None:
    return f"{one.best.metric} {'↓' if one.lowest else '↑'}" if one.best else None


def _value(one: Experiment) -> float | None:
    return one.best.value if one.best else None
