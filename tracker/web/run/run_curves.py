"""The curves of one run: what stands above them, which metrics are drawn, and the zoom. They follow a run under way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import streamlit as st

from tracker.journal.following import StepsFollower
from tracker.journal.metrics import MetricSummary
from tracker.web.common import address, shown
from tracker.web.common.shown import count, plain
from tracker.web.reading.curves import without_step
from tracker.web.run.curve_chart import ZOOM, specification
from tracker.web.run.points import Axis, Look, drawn

PER_PAGE = 6
"""Metrics that are drawn at a time: a person sees no more at once, and a browser stays quick."""
FEW_POINTS = 30
MOST_SMOOTHING = 0.99
AXES = {"step": "Step", "time": "Time", "clock": "Clock"}
DEFAULTS: dict[str, address.Default] = {
    "curve-axis": "step",
    "curve-smoothing": 0.0,
    "curve-log-y": False,
    "curve-log-x": False,
    "curve-zoom": "",
    "curve-metrics": "",
    "curve-page": 1,
}
"""What the address of the page says about its curves."""
SMOOTHING = (
    "An exponential moving average without bias at the start, as in TensorBoard: with 0.9 each value counts 0.9 times "
    "as much as the next. The raw values stay visible behind it."
)


def show(steps: StepsFollower, summaries: dict[str, MetricSummary], across: int = 2) -> None:
    """Draw the metrics that were logged more than once, as far as the person wants to see them."""
    names = sorted(name for name, summary in summaries.items() if summary.count > 1)
    look = _controls()
    for row in _rows(_wanted(names), across):
        for place, name in zip(st.columns(across), row, strict=False):
            with place:
                _chart(steps, name, summaries[name], look)


def _rows(names: Sequence[str], across: int) -> list[Sequence[str]]:
    return [names[start : start + across] for start in range(0, len(names), across)]


# -- what stands above --------------------------------------------------------------------------------------------


def _controls() -> Look:
    if st.session_state.get("curve-axis") not in AXES:  # from an old address, or behind another tab till now
        st.session_state["curve-axis"] = "step"
    if not 0 <= float(st.session_state.get("curve-smoothing", 0)) <= MOST_SMOOTHING:
        st.session_state["curve-smoothing"] = 0.0
    with st.container(horizontal=True, vertical_alignment="bottom", key="run-curves-controls"):
        axis = st.segmented_control(
            "Axis",
            list(AXES),
            format_func=AXES.__getitem__,
            required=True,
            key="curve-axis",
            on_change=_forget_zoom,
            persist_state="session",
            help="Steps, the time since the run's first value, or the time of day (UTC).",
        )
        smoothing = st.slider(
            "Smoothing",
            0.0,
            MOST_SMOOTHING,
            step=0.01,
            key="curve-smoothing",
            width=180,
            persist_state="session",
            help=SMOOTHING,
        )
        log_y = st.toggle("Log y", key="curve-log-y", persist_state="session")
        log_x = st.toggle("Log x", key="curve-log-x", persist_state="session", disabled=axis == "clock")
        zoom = _zoom()
        if zoom is not None:
            st.button(
                _span(zoom, cast(Axis, axis)),
                key="whole-run",
                icon=":material/zoom_out_map:",
                on_click=_forget_zoom,
                help="Back to the whole run.",
            )
    return Look(cast(Axis, axis), float(smoothing), bool(log_y), bool(log_x) and axis != "clock", zoom)


def _wanted(names: list[str]) -> list[str]:
    """Those that are drawn: all of a few, else one page of those whose names hold the words that a person typed."""
    if len(names) <= PER_PAGE:
        return names
    with st.container(horizontal=True, vertical_alignment="bottom", key="run-metrics-wanted"):
        words = st.text_input(
            f"Find among {len(names)} metrics",
            key="curve-metrics",
            placeholder="part of a name, such as val/",
            width=320,
            persist_state="session",
        )
        found = [name for name in names if all(word in name.lower() for word in words.lower().split())]
        pages = -(-len(found) // PER_PAGE)
        page = max(1, min(int(st.session_state.get("curve-page") or 1), pages))
        if pages > 1:
            key = f"curve-pager-{page}"  # a new one for each page, since its page is also set by addresses and words
            st.pagination(pages, default=page, key=key, on_change=lambda: _turn_to(st.session_state[key]))
    if not found:
        st.caption(f"No metric of this run has {plain(words)} in its name.")
    return found[(page - 1) * PER_PAGE :][:PER_PAGE]


def _turn_to(page: int) -> None:
    st.session_state["curve-page"] = page


def _span(zoom: tuple[float, float], axis: Axis) -> str:
    """``Steps 1,200 to 1,800``."""
    if axis == "step":
        return f"Steps {zoom[0]:,.0f} to {zoom[1]:,.0f}"
    if axis == "time":
        return f"{shown.duration(max(zoom[0], 0) / 1000)} to {shown.duration(zoom[1] / 1000)}"
    return "Part of the run"


# -- the zoom -----------------------------------------------------------------------------------------------------


def _zoom() -> tuple[float, float] | None:
    try:
        first, last = map(float, str(st.session_state.get("curve-zoom") or "").split("_"))
    except ValueError:
        return None
    return (first, last) if first < last and math.isfinite(last - first) else None


def _forget_zoom() -> None:
    st.session_state["curve-zoom"] = ""


def forget_run() -> None:
    """Another run is shown: its steps are others."""
    _forget_zoom()
    st.session_state["curve-page"] = 1


def _zoom_into(key: str) -> None:
    """A person dragged over a curve: all curves show that stretch."""
    selection: Any = st.session_state[key]["selection"].get(ZOOM) or {}
    if span := selection.get("x"):
        st.session_state["curve-zoom"] = "_".join(f"{end:.15g}" for end in (round(min(span), 2), round(max(span), 2)))


# -- the charts ---------------------------------------------------------------------------------------------------


def _chart(steps: StepsFollower, name: str, summary: MetricSummary, look: Look) -> None:
    one = drawn(steps.steps(name), steps.start, look)
    last = plain(shown.number(summary.last))
    st.markdown(f"**{plain(name)}** &ensp; :gray[{last}]", help=without_step(one.stepless))
    if len(one.points):
        # What was selected belongs to one picture: the next one, of that stretch alone, begins without a selection.
        key = f"run-curve-{name}-{st.session_state.get('curve-zoom') or ''}"
        st.vega_lite_chart(
            one.points,
            specification(look, few=len(one.points) <= FEW_POINTS),
            key=key,
            on_select=lambda: _zoom_into(key),
            selection_mode=[ZOOM],
            alt=f"{name} by {look.axis}. Drag over it to zoom in.",
        )
    else:
        st.caption("Nothing to draw in this stretch.")
    if one.undrawn:
        why = "NaN, infinite or not above zero" if look.log_y or look.log_x else "NaN or infinite"
        st.caption(f"{count(one.undrawn, 'value')} not drawn: {why}.")
