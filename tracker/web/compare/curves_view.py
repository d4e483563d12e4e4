"""Metric curves on a page: the controls above them, and a grid of charts, for runs or for groups of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from tracker.web.common import address, say
from tracker.web.common.shown import count, plain
from tracker.web.compare.bands import band
from tracker.web.compare.charts import band_chart, metric_chart
from tracker.web.reading.curves import MOST_POINTS, Axis, curve, metrics_with_curves, without_step

FIRST = 6
"""How many metrics are drawn before anybody asks for more."""
EVERY_POINT = 20_000
"""Points of a curve that count for a mean; of more, the least and greatest of each stretch."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the curves are to be drawn."""

    axis: Axis
    smoothing: float
    log: bool


def show(
    histories: Mapping[str, pd.DataFrame],
    key: str,
    *,
    across: int = 2,
    together: Mapping[str, Sequence[str]] | None = None,
    reach: bool = False,
) -> None:
    """Draw every metric that was logged more than once.

    Args:
        histories: the metric steps of each run, by the run's label.
        key: a prefix for the widgets, one per page.
        across: how many charts stand side by side.
        together: the runs of each group, by the group's label: each group becomes its mean and a band around it.
        reach: the band goes from the least to the greatest value, instead of one standard deviation to both sides.
    """
    names = sorted({name for history in histories.values() for name in metrics_with_curves(history)})
    if not names:
        say.nothing_yet(
            "No curves", "None of these runs logged a metric more than once.", "run.log_metric('loss', loss, step=step)"
        )
        return
    look = _controls(key)
    if len(names) > FIRST:
        address.keep_valid(f"{key}-metrics", names)
        if not st.session_state.get(f"{key}-metrics"):
            st.session_state[f"{key}-metrics"] = names[:FIRST]
        names = st.multiselect("Metrics", names, key=f"{key}-metrics", persist_state="session")
    for start in range(0, len(names), across):
        for place, name in zip(st.columns(across), names[start : start + across], strict=False):
            with place:
                _chart(histories, name, look, key, together or {}, reach)


def _controls(key: str) -> Look:
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-controls"):
        st.session_state.setdefault(f"{key}-axis", "step")
        axis = st.segmented_control(
            "Axis",
            ["step", "time"],
            required=True,
            format_func=str.capitalize,
            key=f"{key}-axis",
            persist_state="session",
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


def _chart(
    histories: Mapping[str, pd.DataFrame],
    name: str,
    look: Look,
    key: str,
    together: Mapping[str, Sequence[str]],
    reach: bool,
) -> None:
    most = EVERY_POINT if together else MOST_POINTS
    curves = {
        label: curve(history, name, label, axis=look.axis, smoothing=look.smoothing, log=look.log, most=most)
        for label, history in histories.items()
    }
    if any(len(one.points) > 1 for one in curves.values()):  # a value alone has no place among curves
        curves = {label: one for label, one in curves.items() if len(one.points) > 1}
    stepless = sum(one.stepless for one in curves.values())
    st.markdown(f"**{plain(name)}**", help=without_step(stepless))
    if any(len(one.points) for one in curves.values()):
        if together:
            own = {label: [curves[run] for run in runs if run in curves] for label, runs in together.items()}
            bands = [band(label, found, reach=reach) for label, found in own.items() if found]
            chart = band_chart(bands, axis=look.axis, log=look.log)
        else:
            chart = metric_chart(list(curves.values()), axis=look.axis, smoothing=look.smoothing, log=look.log)
        st.altair_chart(chart, key=f"{key}-chart-{name}", alt=f"{name} by {look.axis}")
    undrawn = sum(one.undrawn for one in curves.values())
    if undrawn:
        why = "NaN, infinite or not above zero" if look.log else "NaN or infinite"
        st.caption(f"{count(undrawn, 'value')} not drawn: {why}.")
