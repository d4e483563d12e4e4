"""Metric curves on a page: the controls above them, and a grid of charts, for one run or for several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from tracker.web.charts import metric_chart
from tracker.web.curves import Axis, curve, metrics_with_curves
from tracker.web.shown import count, plain

FIRST = 6
"""How many metrics are drawn before anybody asks for more."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the curves are to be drawn."""

    axis: Axis
    smoothing: float
    log: bool


def show(histories: Mapping[str, pd.DataFrame], key: str, *, across: int = 2) -> None:
    """Draw every metric that was logged more than once.

    Args:
        histories: the metric steps of each run, by the run's label.
        key: a prefix for the widgets, one per page.
        across: how many charts stand side by side.
    """
    names = sorted({name for history in histories.values() for name in metrics_with_curves(history)})
    look = _controls(key)
    if len(names) > FIRST:
        names = st.multiselect("Metrics", names, default=names[:FIRST], key=f"{key}-metrics", persist_state="session")
    for start in range(0, len(names), across):
        for place, name in zip(st.columns(across), names[start : start + across], strict=False):
            with place:
                _chart(histories, name, look, key)


def _controls(key: str) -> Look:
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-controls"):
        axis = st.segmented_control(
            "Axis", ["step", "time"], default="step", required=True, key=f"{key}-axis", persist_state="session"
        )
        smoothing = st.slider(
            "Smoothing",
            0.0,
            0.99,
            0.0,
            0.01,
            key=f"{key}-smoothing",
            width=220,
            persist_state="session",
            help="A running mean; the raw values stay visible behind it.",
        )
        log = st.toggle("Log scale", key=f"{key}-log", persist_state="session")
    return Look("time" if axis == "time" else "step", float(smoothing), bool(log))


def _chart(histories: Mapping[str, pd.DataFrame], name: str, look: Look, key: str) -> None:
    curves = [
        curve(history, name, label, axis=look.axis, smoothing=look.smoothing, log=look.log)
        for label, history in histories.items()
    ]
    st.markdown(f"**{plain(name)}**")
    if any(len(one.points) for one in curves):
        chart = metric_chart(curves, axis=look.axis, smoothing=look.smoothing, log=look.log)
        st.altair_chart(chart, key=f"{key}-chart-{name}", alt=f"{name} by {look.axis}")
    if stepless := sum(one.stepless for one in curves):
        st.caption(f"{count(stepless, 'value')} without a step: to be seen over time.")
    undrawn = sum(one.undrawn for one in curves)
    if undrawn:
        why = "NaN, infinite or not above zero" if look.log else "NaN or infinite"
        st.caption(f"{count(undrawn, 'value')} not drawn: {why}.")
