"""The metrics of one run in numbers: the tiles above its page, and the table of all of them."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from tracker.journal.following import MetricSteps
from tracker.journal.metrics import MetricSummary
from tracker.web.common import shown
from tracker.web.common.search_box import find_among
from tracker.web.common.shown import plain

TILES = 6
TILE = 180
"""Pixels; on a narrow screen they stand in several rows."""
SPARK = 40
"""Points of the small picture of a metric."""


def values(run: pd.Series, summaries: dict[str, MetricSummary]) -> dict[str, float]:
    """The last value of each metric: of a run under way as it was logged, else as it stands in the workbook, where
    somebody may have put it right."""
    held = {
        str(name).removeprefix("metrics."): run[name]
        for name in run.index
        if str(name).startswith("metrics.") and not shown.is_blank(run[name])
    }
    logged = {name: summary.last for name, summary in summaries.items()}
    return held | logged if run["status"] == "RUNNING" else held | {n: v for n, v in logged.items() if n not in held}


def tiles(run: pd.Series, summaries: dict[str, MetricSummary]) -> None:
    """The first few metrics, large."""
    found = values(run, summaries)
    if not found:
        return
    with st.container(horizontal=True, key="run-tiles"):
        for name in list(found)[:TILES]:
            summary = summaries.get(name)
            between = (
                f"{shown.number(summary.min)} to {shown.number(summary.max)}" if summary and summary.count > 1 else None
            )
            st.metric(
                plain(name),
                shown.text(found[name]),
                delta=between,
                delta_color="off",
                delta_arrow="off",
                help=plain(f"exactly {shown.exact(found[name])}"),
                border=True,
                width=TILE,
                height="stretch",
            )


def table(run: pd.Series, summaries: dict[str, MetricSummary], steps: dict[str, MetricSteps]) -> None:
    """All metrics: the last value and where it stands between the others."""
    rows = []
    for name, value in values(run, summaries).items():
        summary = summaries.get(name)
        rows.append(
            {
                "metric": name,
                "last": shown.text(value),
                "history": None if summary is None else spark(steps[name]),
                "step": None if summary is None else summary.last_step,
                "min": None if summary is None else shown.number(summary.min),
                "max": None if summary is None else shown.number(summary.max),
                "values": None if summary is None else summary.count,
                "exactly": shown.exact(value),
            }
        )
    if not rows:
        st.caption("No metrics were logged: run.log_metric('loss', loss, step=epoch)")
        return
    found = find_among(pd.DataFrame(rows), "metric", "run-metrics-find")
    right = {name: st.column_config.TextColumn(alignment="right") for name in ("last", "min", "max", "exactly")}
    st.dataframe(
        found,
        key="run-metrics",
        hide_index=True,
        placeholder="",
        height=shown.grid_height(len(found), 520),
        column_config={
            **right,
            "history": st.column_config.LineChartColumn(width="medium"),
        },
        alt="Metrics",
    )


def spark(steps: MetricSteps) -> list[float] | None:
    """A metric in few numbers, evenly taken from its values; None where it was logged once."""
    last = len(steps.values) - 1
    places = range(last + 1) if last < SPARK else [place * last // (SPARK - 1) for place in range(SPARK)]
    values = [value for place in places if math.isfinite(value := steps.values[place])]
    return values if len(values) > 1 else None
