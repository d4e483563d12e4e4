"""Two versions of a model side by side on a page: all that differs, and what changed in the code between them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from tracker.comparing.compare import Comparison, Line, compare_named
from tracker.comparing.sides import Known
from tracker.deciding.models import ModelVersion
from tracker.errors import TrackerError
from tracker.reading.registry import Registry
from tracker.web import say, shown
from tracker.web.context import Context
from tracker.web.shown import plain
from tracker.web.watch import Stamp

HEIGHT = 420


@st.cache_resource(max_entries=8, show_spinner="Comparing …")
def comparison_of(path: Path, stamp: Stamp, left: str, right: str) -> Comparison:
    """Two model versions; see :func:`tracker.comparing.compare.compare_named`."""
    return compare_named(Known(Registry(path)), left, right)


def show(context: Context, versions: Sequence[ModelVersion]) -> None:
    """The choice of two versions, and what differs between them; nothing while there is only one."""
    if len(versions) < 2:
        return
    if not st.toggle("Compare two versions", key="versions-toggle", persist_state="session"):
        return
    references = {f"{one.model}:v{one.version}": one for one in versions}
    names = list(references)

    def called(name: str) -> str:
        return f"v{references[name].version} ({references[name].stage})"

    columns = st.columns(2)
    left = columns[0].selectbox("From", names, index=1, format_func=called, key="versions-left")
    right = columns[1].selectbox("To", names, index=0, format_func=called, key="versions-right")
    try:
        found = comparison_of(context.place.path, context.stamp, left, right)
    except TrackerError as error:
        say.failed(error)
        return
    _differences(found, called(left), called(right))
    _code(found)


def _differences(found: Comparison, left: str, right: str) -> None:
    heads = (left, right) if left != right else (left, f"{right} again")
    same = len(found.lines) - len(found.differences)
    said = [shown.count(len(found.differences), "difference"), f"{shown.count(same, 'value')} the same"]
    if found.same_data is not None:
        said.append("both read the same data" if found.same_data else "they did not read the same data")
    st.caption(", ".join(said))
    if not found.differences:
        return
    table = pd.DataFrame(
        [
            {"what": line.kind, "name": line.name, heads[0]: _text(line.left), heads[1]: _text(line.right)}
            | {"remark": _remark(line, heads)}
            for line in found.differences
        ]
    )
    st.dataframe(
        table,
        key="versions-grid",
        hide_index=True,
        height=min(35 * (len(table) + 1) + 3, HEIGHT),
        alt="What differs between the two versions",
    )


def _text(value: object) -> str:
    return shown.NOTHING if value is None else shown.cut(shown.exact(value), 200)


def _remark(line: Line, heads: tuple[str, str]) -> str:
    left, right = (head.partition(" ")[0] for head in heads)
    return line.note or {"left": f"{left} is better", "right": f"{right} is better", "": ""}[line.better]


def _code(found: Comparison) -> None:
    if found.code.why_not:
        st.caption(plain(found.code.why_not))
    elif not found.code.same:
        st.code(found.code.stat, language=None)
        with st.expander("The code line by line"):
            st.code(found.code.text, language="diff")
