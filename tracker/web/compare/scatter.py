"""Any two columns of the runs against each other on a page, a third as colour; a box picks runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st
from pandas.api.types import is_datetime64_any_dtype

from tracker.web.common import address, shown
from tracker.web.common.context import Context
from tracker.web.compare import axes, chart_runs
from tracker.web.compare.parallel import RAMP, chart_key, thinned
from tracker.web.reading import columns

SHARED: address.Defaults = {
    "compare-x": "",
    "compare-y": "",
    "compare-colour": "",
    "compare-log-x": False,
    "compare-log-y": False,
}
NOTHING = "nothing"
MOST_POINTS = 3_000
FEW_WORDS = 6
"""So many words stand side by side below a chart; more are set aslant."""
HEIGHT = 460


def show(context: Context, runs: pd.DataFrame, names: Sequence[str]) -> None:
    """The view."""
    options = axes.varying(runs)
    if len(options) < 2:
        st.info("These runs differ in too little: it takes two columns that vary.")
        return
    x, y, colour, log_x, log_y = _controls(options, runs)
    labelled = runs.assign(**{"run label": list(names)})
    there = labelled[labelled[x].notna() & labelled[y].notna()]
    drawn = thinned(there, y, MOST_POINTS)
    frame = pd.DataFrame(
        {
            "x": _drawable(drawn[x]),
            "y": _drawable(drawn[y]),
            "colour": _drawable(drawn[colour]) if colour else "",
            "run": drawn["run label"],
        }
    )
    event: Any = st.altair_chart(
        _chart(frame, x, y, colour, log_x, log_y),
        key=chart_key("compare-scatter", x, y),
        on_select="rerun",
        selection_mode="box",
        alt=f"{columns.short(y)} over {columns.short(x)}",
    )
    said = []
    if len(there) < len(runs):
        said.append(f"{shown.count(len(runs) - len(there), 'run')} without both values.")
    if len(drawn) < len(there):
        said.append(f"{len(drawn):,} of {len(there):,} are drawn, evenly over {columns.short(y)}.")
    st.caption(" ".join([*said, "Draw a box to pick runs; a double click lets go."]))
    box = event["selection"].get("box") or {}
    inside = _within(_drawable(there[x]), box.get("x")) & _within(_drawable(there[y]), box.get("y"))
    found = there[inside].sort_values(y, ascending=_lowest(context, y), kind="stable")
    listed = list(dict.fromkeys([y, x, *([colour] if colour else [])]))
    chart_runs.show(context, found, list(found["run label"]), listed, "scatter", whole=len(runs))


def _controls(options: list[str], runs: pd.DataFrame) -> tuple[str, str, str, bool, bool]:
    metrics = axes.metrics(options, runs)
    params = [name for name in options if columns.group(name) == "params"]
    params.sort(key=lambda name: (not axes.is_number(runs[name]), -int(runs[name].notna().sum())))
    first_y = (metrics or options)[0]
    first_x = next((name for name in (*params, *options) if name != first_y), first_y)
    first_colour = next((name for name in metrics if name not in (first_x, first_y)), NOTHING)
    firsts = {"compare-x": first_x, "compare-y": first_y, "compare-colour": first_colour}
    titles = {"compare-x": "Across", "compare-y": "Upwards", "compare-colour": "Colour"}
    chosen = {}
    *fields, last = st.columns([3, 3, 3, 2], vertical_alignment="bottom")
    for field, (key, first) in zip(fields, firsts.items(), strict=True):
        own = [*([NOTHING] if key == "compare-colour" else []), *options]
        if st.session_state.get(key) not in own:
            st.session_state[key] = first
        chosen[key] = str(
            field.selectbox(
                titles[key],
                own,
                format_func=lambda name: columns.headers(options).get(name, name),
                key=key,
                persist_state="session",
                filter_mode="contains",
            )
        )
    with last.container(horizontal=True):
        log_x = st.toggle("log across", key="compare-log-x", persist_state="session")
        log_y = st.toggle("log upwards", key="compare-log-y", persist_state="session")
    colour = chosen["compare-colour"]
    return chosen["compare-x"], chosen["compare-y"], "" if colour == NOTHING else colour, bool(log_x), bool(log_y)


def _lowest(context: Context, column: str) -> bool:
    """Whether the least value of a column comes first."""
    return columns.group(column) != "metrics" or context.settings.minimize(columns.short(column))


def _drawable(values: pd.Series) -> pd.Series:
    """Numbers and times as they are, all else as short text."""
    if is_datetime64_any_dtype(values):
        return values
    if axes.is_number(values):
        return pd.to_numeric(values, errors="coerce").astype(float)
    return values.map(lambda value: shown.NOTHING if shown.is_blank(value) else shown.cut(shown.text(value), 40))


def _within(values: pd.Series, picked: Any) -> pd.Series:
    """Which values lie in one side of a box: from one end to the other, or among words."""
    if not picked:
        return pd.Series(True, index=values.index)
    if is_datetime64_any_dtype(values):
        ends = [pd.to_datetime(end, unit="ms", utc=values.dt.tz is not None) for end in picked]
        return values.between(min(ends), max(ends))
    if values.dtype == object or not all(isinstance(end, (int, float)) for end in picked):
        return values.isin(picked)
    return values.between(min(picked), max(picked))


def _chart(frame: pd.DataFrame, x: str, y: str, colour: str, log_x: bool, log_y: bool) -> Any:
    for name, log in (("x", log_x), ("y", log_y)):
        if log and frame[name].dtype == float:
            frame = frame[frame[name] > 0]
    encoding: dict[str, Any] = {
        "x": alt.X(_field(frame, "x"), title=columns.short(x), **_scaled(frame["x"], log_x)),
        "y": alt.Y(_field(frame, "y"), title=columns.short(y), **_scaled(frame["y"], log_y)),
        "tooltip": [
            alt.Tooltip("run:N"),
            alt.Tooltip(_field(frame, "x"), title=columns.short(x), **_form(frame["x"])),
            alt.Tooltip(_field(frame, "y"), title=columns.short(y), **_form(frame["y"])),
        ],
    }
    if colour:
        ramp = RAMP.get(str(st.context.theme.type), RAMP["light"])
        scale = alt.Scale(range=list(ramp), interpolate="rgb") if frame["colour"].dtype == float else alt.Scale()
        encoding["color"] = alt.Color(_field(frame, "colour"), title=columns.short(colour), scale=scale)
        encoding["tooltip"].append(
            alt.Tooltip(_field(frame, "colour"), title=columns.short(colour), **_form(frame["colour"]))
        )
    box = alt.selection_interval(name="box", encodings=["x", "y"])
    mark = alt.Chart(frame).mark_circle(size=70 if len(frame) <= 500 else 30, opacity=0.75)
    return mark.encode(**encoding).add_params(box).properties(height=HEIGHT)


def _field(frame: pd.DataFrame, name: str) -> str:
    values = frame[name]
    return f"{name}:{'T' if is_datetime64_any_dtype(values) else 'Q' if values.dtype == float else 'N'}"


def _scaled(values: pd.Series, log: bool) -> dict[str, Any]:
    if is_datetime64_any_dtype(values):
        return {}
    if values.dtype != float:
        return {"axis": alt.Axis(labelAngle=0 if values.nunique() <= FEW_WORDS else -45, labelLimit=160)}
    return {"scale": alt.Scale(type="log", padding=10) if log else alt.Scale(zero=False, nice=False, padding=10)}


def _form(values: pd.Series) -> dict[str, Any]:
    return {"format": ".6~g"} if values.dtype == float else {}
