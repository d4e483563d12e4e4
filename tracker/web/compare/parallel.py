"""Parallel coordinates on a page: one line per run across its params and metrics; a brush picks runs on any axis."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from tracker.web.common import address, shown
from tracker.web.common.context import Context
from tracker.web.compare import axes, chart_runs, chosen
from tracker.web.compare.axes import Axis
from tracker.web.reading import columns

MOST_LINES = 1_000
"""Lines that a browser draws without a wait; of more runs, so many are picked evenly over the metric's values."""
MOST_AXES = 12
HEIGHT = 420
RAMP = {"light": ("#0072B2", "#8F9AA3", "#E69F00"), "dark": ("#56B4E9", "#9AA5AE", "#F5B83D")}
"""From low to high: blue to orange, which look different to everybody."""
INK = {"light": ("#0B1B2A", "#5B7083", "#FFFFFF"), "dark": ("#E6EEF4", "#9DB7CB", "#0F1B26")}
"""Words, the axes themselves, and what they are drawn on."""


def show(context: Context, runs: pd.DataFrame, names: Sequence[str]) -> None:
    """The view: what is aimed at, the axes, the lines, and the runs that were brushed."""
    varying = axes.varying(runs)
    metrics = axes.metrics(varying, runs)
    if not metrics:
        st.info("These runs have no metric that varies. Parallel coordinates show how params lead to one.")
        return
    target, own = _controls(runs, varying, metrics)
    labelled = runs.assign(**{"run label": list(names)})
    labelled = labelled[labelled[target].notna()]
    drawn = thinned(labelled, target, MOST_LINES)
    made = [axes.axis(drawn, name, columns.headers(own)[name]) for name in own]
    theme = str(st.context.theme.type or "light")
    event: Any = st.altair_chart(
        chart(drawn, made, target, theme),
        key=chart_key("compare-parallel", *own),
        on_select="rerun",
        selection_mode="brush",
        alt=f"Parallel coordinates of {len(drawn)} runs, coloured by {columns.short(target)}",
    )
    brush = event["selection"].get("brush") or {}
    brushed = [own[int(name[1:])] for name in brush.get("axis", ()) if name[1:].isdigit() and int(name[1:]) < len(own)]
    reach = [float(end) for end in brush.get("position", ())]
    hint = "Draw a box over an axis to pick runs; a double click lets go."
    if len(drawn) < len(labelled):
        hint = f"{len(drawn):,} of {len(labelled):,} runs are drawn, evenly over {columns.short(target)}. {hint}"
    if len(labelled) < len(runs):
        hint = f"{shown.count(len(runs) - len(labelled), 'run')} without {columns.short(target)}. {hint}"
    st.caption(shown.plain(hint))
    lowest = context.settings.minimize(columns.short(target))
    if not brushed or len(reach) != 2:
        _table(context, labelled, own, target, lowest, len(runs))
        return
    whole = [axes.axis(labelled, name, name) for name in own]
    found = labelled[axes.inside(whole, brushed, reach)]
    said = axes.condition(labelled, whole, brushed, reach)
    if said and len(found):
        _narrow(said)
    _table(context, found, own, target, lowest, len(runs))


def chart_key(name: str, *shown_columns: str) -> str:
    """The key of a chart in which runs are picked: with other columns or another filter nothing is picked any more."""
    said = [*shown_columns, *(f"{key}={value}" for key in chosen.KEYS for value in st.query_params.get_all(key))]
    return f"{name}-{zlib.crc32(chr(0).join(said).encode()):08x}"


def _controls(runs: pd.DataFrame, varying: list[str], metrics: list[str]) -> tuple[str, list[str]]:
    left, right = st.columns([2, 6], vertical_alignment="bottom")
    address.keep_valid("compare-metric", metrics)
    target = str(
        left.selectbox("Colour by", metrics, format_func=columns.short, key="compare-metric", persist_state="session")
    )
    address.keep_valid("compare-axes", varying)
    wanted = right.multiselect(
        "Axes",
        varying,
        format_func=columns.short,
        key="compare-axes",
        persist_state="session",
        max_selections=MOST_AXES,
        placeholder="Params that vary, and the metric",
    )
    return target, wanted if len(wanted) > 1 else axes.suitable(varying, runs, target)


def _narrow(said: str) -> None:
    """The brush as a filter: what can be kept, sent to others, and narrowed further."""
    before = st.query_params.get("filter", "")
    whole = f"({before}) and {said}" if before else said
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(shown.code(said), width="content")
        if "filter" in st.query_params and st.button(
            "Keep as filter", key="parallel-keep", icon=":material/filter_alt:"
        ):
            chosen.turn(chosen.Wanted(filter=whole, experiments=tuple(st.query_params.get_all("experiment"))))
            st.rerun()


def _table(context: Context, found: pd.DataFrame, own: Sequence[str], target: str, lowest: bool, whole: int) -> None:
    """The runs, the best first."""
    best = found.sort_values(target, ascending=lowest, na_position="last", kind="stable")
    ordered = [target, *(name for name in own if name != target)]
    chart_runs.show(context, best, list(best["run label"]), ordered, "parallel", whole=whole)


def thinned(runs: pd.DataFrame, column: str, most: int) -> pd.DataFrame:
    """At most so many runs, evenly over their rank in a column, the least and the greatest among them."""
    if len(runs) <= most:
        return runs
    ordered = runs.sort_values(column, kind="stable")
    places = [round(place * (len(ordered) - 1) / (most - 1)) for place in range(most)]
    return ordered.iloc[places]


# -- the chart ----------------------------------------------------------------------------------------------------


def chart(runs: pd.DataFrame, made: Sequence[Axis], target: str, theme: str) -> Any:
    """One line per run; inside the brush coloured by a metric, outside grey. The brush works in the browser itself."""
    places: list[Any] = [f"a{number}" for number in range(len(made))]
    wide = pd.DataFrame({name: one.places.to_numpy() for name, one in zip(places, made, strict=True)})
    wide["run"] = runs["run label"].to_numpy()
    wide["value"] = pd.to_numeric(runs[target], errors="coerce").to_numpy(float)
    words, ink, paper = INK.get(theme, INK["light"])
    lowest = min(float(one.places.min()) for one in made)
    x = alt.X("axis:N", sort=places, axis=None, scale=alt.Scale(domain=places, padding=0.35))
    y = alt.Y("position:Q", axis=None, scale=alt.Scale(domain=[lowest - 0.05, 1.12], nice=False))
    lines = alt.Chart(wide).transform_fold(places, as_=["axis", "position"])
    tooltip = [alt.Tooltip("run:N"), alt.Tooltip("value:Q", title=columns.short(target), format=".6~g")]
    faint = lines.mark_line(strokeWidth=1, opacity=0.12, color=ink).encode(x=x, y=y, detail="run:N")
    clear = (
        lines.transform_filter(_inside(places))
        .mark_line(strokeWidth=1.6, opacity=0.75 if len(wide) <= 200 else 0.4)
        .encode(
            x=x,
            y=y,
            detail="run:N",
            tooltip=tooltip,
            color=alt.Color(
                "value:Q",
                scale=alt.Scale(
                    domain=[float(wide["value"].min()), float(wide["value"].max())],
                    range=list(RAMP.get(theme, RAMP["light"])),
                    interpolate="rgb",
                ),
                legend=alt.Legend(title=columns.short(target), orient="right", gradientLength=HEIGHT - 120),
            ),
        )
    )
    brush = alt.selection_interval(name="brush", encodings=["x", "y"])
    rules = pd.DataFrame({"axis": places, "position": 0.0, "top": 1.0})
    rule = alt.Chart(rules).mark_rule(color=ink).encode(x=x, y=y, y2="top:Q").add_params(brush)
    marks = pd.DataFrame(
        [(name, place, text) for name, one in zip(places, made, strict=True) for place, text in one.ticks],
        columns=["axis", "position", "text"],
    )
    word: dict[str, Any] = {"align": "right", "dx": -5, "fontSize": 10}
    halo = alt.Chart(marks).mark_text(**word, stroke=paper, strokeWidth=4, strokeJoin="round")
    halo = halo.encode(x=x, y=y, text="text:N")
    tick = alt.Chart(marks).mark_text(**word, color=words).encode(x=x, y=y, text="text:N")
    heads = pd.DataFrame(
        {"axis": places, "position": 1.09, "text": [shown.cut(f"{one.title}{_log(one)}", 22) for one in made]}
    )
    head = alt.Chart(heads).mark_text(fontWeight="bold", fontSize=12, color=words).encode(x=x, y=y, text="text:N")
    return alt.layer(faint, clear, rule, halo, tick, head).properties(height=HEIGHT)


def _log(one: Axis) -> str:
    return " (log)" if one.scale == "log" else ""


def _inside(places: Sequence[str]) -> str:
    """Whether a run's line goes through the brush on every axis that the brush touches, as Vega puts it."""
    tests = [
        f"(!brush.axis || indexof(brush.axis, '{name}') < 0 || inrange(datum['{name}'], brush.position))"
        for name in places
    ]
    return " && ".join(tests)
