"""Two runs or model versions on a page: why one is worse, and what differs in files, code and environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from tracker.comparing.compare import Comparison, Kind, Line, compare_named
from tracker.comparing.explain import Explanation, explain
from tracker.comparing.sides import Known
from tracker.errors import TrackerError
from tracker.reading.registry import Registry
from tracker.web.common import say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.compare import file_diff
from tracker.web.reading.watch import Stamp

HEIGHT = 420
FILES: tuple[Kind, ...] = ("data", "artifact", "code", "environment", "checklist", "model")
MOST_CAUSES = 8
"""Reasons that are shown before anybody asks for all."""


@st.cache_resource(max_entries=2, show_spinner=False)
def known_of(path: Path, stamp: Stamp) -> Known:
    """The tables of a registry, each read when it is first needed."""
    return Known(Registry(path))


@st.cache_resource(max_entries=8, show_spinner="Comparing …")
def comparison_of(path: Path, stamp: Stamp, left: str, right: str) -> Comparison:
    """Two runs or model versions; see :func:`tracker.comparing.compare.compare_named`."""
    return compare_named(known_of(path, stamp), left, right)


@st.cache_resource(max_entries=8, show_spinner="Looking for what is unusual …")
def explanation_of(path: Path, stamp: Stamp, good: str, bad: str) -> Explanation:
    """Why one run is worse than another; see :func:`tracker.comparing.explain.explain`."""
    found = comparison_of(path, stamp, good, bad)
    return explain(found, known_of(path, stamp).others(found.left, found.right))


# -- why ----------------------------------------------------------------------------------------------------------


def why(context: Context, labels: Mapping[str, str]) -> None:
    """Why is one of two runs worse than the other? The most unusual differences first."""
    first, second = labels
    try:
        found = comparison_of(context.place.path, context.stamp, first, second)
        metrics = {line.name: line.better for line in found.of("metric") if line.better}
        if not metrics:
            return
        with st.container(horizontal=True, vertical_alignment="center", key="compare-why-head"):
            st.markdown("## Why?", width="content")
            names = list(metrics)
            metric = names[0]
            if len(names) > 1:
                if st.session_state.get("compare-why") not in names:
                    st.session_state.pop("compare-why", None)
                metric = str(
                    st.selectbox(
                        "Metric to be explained", names, key="compare-why", label_visibility="collapsed", width=200
                    )
                )
            good, bad = (first, second) if metrics[metric] == "left" else (second, first)
            st.markdown(
                f"**{plain(labels[bad])}** is worse than **{plain(labels[good])}** in {plain(metric)}", width="content"
            )
        _causes(explanation_of(context.place.path, context.stamp, good, bad))
    except TrackerError as error:
        say.failed(error)


def _causes(found: Explanation) -> None:
    if not found.causes:
        st.caption("Nothing else differs that could be the reason.")
        return
    table = pd.DataFrame(
        {
            "unusual": [cause.score for cause in found.causes],
            "what": [cause.kind for cause in found.causes],
            "name": [cause.name for cause in found.causes],
            "better run": [_text(cause.good) for cause in found.causes],
            "worse run": [_text(cause.bad) for cause in found.causes],
            "said": [shown.cut(cause.sentence.rpartition("; ")[2] or cause.sentence, 200) for cause in found.causes],
        }
    )
    st.dataframe(
        table,
        key="compare-why-grid",
        hide_index=True,
        height=shown.grid_height(min(len(table), MOST_CAUSES)),
        column_config={
            "unusual": st.column_config.ProgressColumn(
                min_value=0.0,
                max_value=1.0,
                format="%.2f",
                width=120,
                help="0: as usual as any. Close to 1: it stands alone among the experiment's other runs.",
            ),
            "what": st.column_config.TextColumn(width=90),
            "said": st.column_config.TextColumn("among the others", width="large"),
        },
        alt="What differs, the most unusual first",
    )
    others = shown.count(found.others, "other run")
    st.caption(f"How unusual a difference is among {others} of the experiment: where to look first, not a proof.")


# -- what differs -------------------------------------------------------------------------------------------------


def files(context: Context, labels: Mapping[str, str]) -> None:
    """What differs in the files, the code and the environment of the first run and another."""
    ids = list(labels)
    left, right = ids[0], ids[1]
    if len(ids) > 2:
        if st.session_state.get("compare-other") not in ids[1:]:
            st.session_state.pop("compare-other", None)
        right = st.selectbox(
            f"{labels[left]}, beside",
            ids[1:],
            format_func=lambda run_id: labels[run_id],
            key="compare-other",
            width=420,
        )
    try:
        found = comparison_of(context.place.path, context.stamp, left, right)
    except TrackerError as error:
        say.failed(error)
        return
    heads = (labels[left], labels[right])
    differences(found, heads, FILES)
    code(found, heads)
    file_diff.show(context, found, heads)


def differences(found: Comparison, heads: tuple[str, str], kinds: Collection[Kind] = ()) -> None:
    """A table of what differs, of all kinds or some."""
    lines = [line for line in found.lines if not kinds or line.kind in kinds]
    differing = [line for line in lines if line.differs]
    said = [shown.count(len(differing), "difference"), f"{shown.count(len(lines) - len(differing), 'value')} the same"]
    if found.same_data is not None:
        said.append("both read the same data" if found.same_data else "they did not read the same data")
    st.caption(", ".join(said))
    if not differing:
        return
    left, right = heads if heads[0] != heads[1] else (heads[0], f"{heads[1]} again")
    table = pd.DataFrame(
        [
            {"what": line.kind, "name": line.name, left: _value(line, line.left), right: _value(line, line.right)}
            | {"remark": _remark(line, heads)}
            for line in differing
        ]
    )
    if not table["remark"].any():
        table = table.drop(columns="remark")
    st.dataframe(
        table,
        key="versions-grid",
        hide_index=True,
        height=shown.grid_height(len(table), HEIGHT),
        column_config={"what": st.column_config.TextColumn(width=95)},
        alt="What differs between the two",
    )


def code(found: Comparison, heads: tuple[str, str]) -> None:
    """What changed in the code between the two commits, and what each had not committed."""
    if found.code.why_not:
        st.caption(plain(found.code.why_not))
    elif found.code.same:
        st.caption(f":material/check: Both ran commit {shown.code(found.code.left[:12])}.")
    else:
        st.code(found.code.stat, language=None)
        with st.expander("The code line by line"):
            st.code(found.code.text, language="diff", height=HEIGHT)
    for head, text in zip(heads, found.uncommitted, strict=True):
        if text:
            with st.expander(f"What was not committed for {plain(head)}"):
                st.code(text, language="diff", height=HEIGHT)


def _value(line: Line, value: object) -> str:
    """With as many digits as it takes to see the difference."""
    if line.kind == "run" and line.name == "duration":
        return shown.duration(value)
    if line.kind != "metric" or shown.text(line.left) == shown.text(line.right):
        return _text(value)
    return shown.text(value)


def _text(value: object) -> str:
    return shown.NOTHING if value is None else shown.cut(shown.exact(value), 200)


def _remark(line: Line, heads: tuple[str, str]) -> str:
    left, right = (shown.cut(head, 40) for head in heads)
    return line.note or {"left": f"{left} is better", "right": f"{right} is better", "": ""}[line.better]
