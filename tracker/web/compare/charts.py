"""The pictures: one chart of one metric, for one run or for several. Colours come from the theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from tracker.web.compare.bands import Band
from tracker.web.reading.curves import Axis, Curve, time_unit

HEIGHT = 240
LEGEND_COLUMNS = 2
LEGEND_GAP, LEGEND_ROW = 50, 31
"""Pixels that the chart grows by with its legend, and with each row of it."""
FEW_POINTS = 30
"""Curves of so few points show each of them."""
COLORS = 8
"""How many colours the theme has for curves; beyond, dashes tell curves of one colour apart."""
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
MOST_IN_LEGEND = 16
"""Of more curves the legend would be higher than the chart: their names are in the tooltips."""


def metric_chart(curves: Sequence[Curve], *, axis: Axis, smoothing: float = 0.0, log: bool = False) -> Any:
    """One metric of one run or of several, as lines over steps or time.

    The exact value stands in the tooltip of the nearest point.
    """
    labels = [curve.label for curve in curves]
    frame = pd.concat([curve.points.assign(run=curve.label) for curve in curves], ignore_index=True)
    frame, title, whole_steps = _timed(frame, axis)
    x = _x(title, whole_steps)
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    y = alt.Y("shown:Q", title=None, scale=scale)
    several = len(labels) > 1
    base = alt.Chart(frame.assign(shown=frame["smooth"])).encode(x=x, **_told_apart(labels))
    line = base.mark_line(strokeWidth=2, strokeJoin="round").encode(y=y)
    layers: list[alt.Chart] = []
    if smoothing > 0:
        layers.append(base.mark_line(strokeWidth=1, opacity=0.3).encode(y=alt.Y("value:Q", title=None, scale=scale)))
    layers.append(line)
    near = alt.selection_point(fields=["x"], nearest=True, on="pointerover", empty=False, clear="pointerout")
    few = len(frame) <= FEW_POINTS * max(len(labels), 1)
    tooltip = [
        *([alt.Tooltip("run:N", title="run")] if several else []),
        alt.Tooltip("x:Q", title=title, format="d" if whole_steps else ".4~g"),
        alt.Tooltip("value:Q", title="value", format=".15~g"),
        *([alt.Tooltip("smooth:Q", title="smoothed", format=".6~g")] if smoothing > 0 else []),
    ]
    opacity = alt.value(1) if few else alt.condition(near, alt.value(1), alt.value(0))
    points = base.mark_point(filled=True, size=36).encode(y=y, opacity=opacity, tooltip=tooltip).add_params(near)
    layers.append(points)
    return alt.layer(*layers).properties(height=_height(labels))


def band_chart(bands: Sequence[Band], *, axis: Axis, log: bool = False) -> Any:
    """One metric of groups of runs: the mean of each as a line, and how far its runs are spread as a band around it."""
    labels = [band.label for band in bands]
    frame = pd.concat([band.points.assign(run=band.label) for band in bands], ignore_index=True)
    frame, title, whole_steps = _timed(frame, axis)
    if log:
        frame["low"] = frame["low"].where(frame["low"] > 0, frame["mean"])
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    base = alt.Chart(frame).encode(x=_x(title, whole_steps))
    told = _told_apart(labels)
    near = alt.selection_point(fields=["x"], nearest=True, on="pointerover", empty=False, clear="pointerout")
    tooltip = [
        alt.Tooltip("run:N", title="runs"),
        alt.Tooltip("x:Q", title=title, format="d" if whole_steps else ".4~g"),
        *(alt.Tooltip(f"{name}:Q", title=name, format=".6~g") for name in ("mean", "low", "high")),
        alt.Tooltip("runs:Q", title="runs at this point", format="d"),
    ]
    area = base.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title=None, scale=scale), y2="high:Q", color=told["color"]
    )
    line = base.mark_line(strokeWidth=2, strokeJoin="round").encode(y=alt.Y("mean:Q", title=None, scale=scale), **told)
    points = (
        base.mark_point(filled=True, size=36)
        .encode(y="mean:Q", color=told["color"], opacity=alt.condition(near, alt.value(1), alt.value(0)))
        .encode(tooltip=tooltip)
        .add_params(near)
    )
    return alt.layer(area, line, points).properties(height=_height(labels))


def _timed(frame: pd.DataFrame, axis: Axis) -> tuple[pd.DataFrame, str, bool]:
    """The frame with its x in a fitting unit, what x is called, and whether it counts whole steps."""
    if axis == "time":
        length, unit = time_unit(float(frame["x"].max()) if len(frame) else 0.0)
        return frame.assign(x=frame["x"] / length), f"{unit} since the first value", False
    return frame, "step", bool((frame["x"] % 1 == 0).all())


def _x(title: str, whole_steps: bool) -> Any:
    return alt.X(
        "x:Q",
        title=title,
        axis=alt.Axis(tickMinStep=1, format="d") if whole_steps else alt.Axis(),
        scale=alt.Scale(zero=False, nice=False, padding=6),
    )


def _told_apart(labels: Sequence[str]) -> dict[str, Any]:
    """The colour of each curve, and beyond the theme's colours its dashes."""
    legend = (
        alt.Legend(title=None, orient="bottom", columns=LEGEND_COLUMNS, labelLimit=140, symbolOpacity=1)
        if 1 < len(labels) <= MOST_IN_LEGEND
        else None
    )
    told: dict[str, Any] = {"color": alt.Color("run:N", scale=alt.Scale(domain=labels), legend=legend, sort=labels)}
    if len(labels) > COLORS:
        dashes = [DASHES[place // COLORS % len(DASHES)] for place in range(len(labels))]
        scale = alt.Scale(domain=labels, range=dashes)
        told["strokeDash"] = alt.StrokeDash("run:N", scale=scale, legend=legend, sort=labels)
    return told


def _height(labels: Sequence[str]) -> int:
    if not 1 < len(labels) <= MOST_IN_LEGEND:
        return HEIGHT
    return HEIGHT + LEGEND_GAP + LEGEND_ROW * -(-len(labels) // LEGEND_COLUMNS)
