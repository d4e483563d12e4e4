"""The pictures: one chart of one metric, for one run or for several. Colours come from the theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from tracker.web.curves import Axis, Curve, time_unit

HEIGHT = 240
LEGEND_COLUMNS = 2
LEGEND_ROW = 24
"""Pixels that the chart grows by with each row of its legend."""
FEW_POINTS = 30
"""Curves of so few points show each of them."""
COLORS = 8
"""How many colours the theme has for curves; beyond, dashes tell curves of one colour apart."""
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


def metric_chart(curves: Sequence[Curve], *, axis: Axis, smoothing: float = 0.0, log: bool = False) -> Any:
    """One metric of one run or of several, as lines over steps or time.

    The exact value stands in the tooltip of the nearest point.
    """
    labels = [curve.label for curve in curves]
    frame = pd.concat([curve.points.assign(run=curve.label) for curve in curves], ignore_index=True)
    title = "step"
    if axis == "time":
        length, title = time_unit(float(frame["x"].max()) if len(frame) else 0.0)
        title = f"{title} since the first value"
        frame["x"] /= length
    whole_steps = axis == "step" and bool((frame["x"] % 1 == 0).all())
    x = alt.X(
        "x:Q",
        title=title,
        axis=alt.Axis(tickMinStep=1, format="d") if whole_steps else alt.Axis(),
        scale=alt.Scale(zero=False, nice=False, padding=6),
    )
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    y = alt.Y("shown:Q", title=None, scale=scale)
    several = len(labels) > 1
    legend = (
        alt.Legend(title=None, orient="bottom", columns=LEGEND_COLUMNS, labelLimit=260, symbolOpacity=1)
        if several
        else None
    )
    color = alt.Color("run:N", scale=alt.Scale(domain=labels), legend=legend, sort=labels)
    base = alt.Chart(frame.assign(shown=frame["smooth"])).encode(x=x, color=color)
    if len(labels) > COLORS:
        dashes = [DASHES[place // COLORS % len(DASHES)] for place in range(len(labels))]
        dash_scale = alt.Scale(domain=labels, range=dashes)
        base = base.encode(strokeDash=alt.StrokeDash("run:N", scale=dash_scale, legend=legend, sort=labels))
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
    rows_of_legend = -(-len(labels) // LEGEND_COLUMNS) if several else 0
    return alt.layer(*layers).properties(height=HEIGHT + LEGEND_ROW * rows_of_legend)
