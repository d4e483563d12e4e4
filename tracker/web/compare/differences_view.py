"""Runs, or groups of runs over seeds, side by side: a table each for metrics, params, tags, notes and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from tracker.comparing.compare import Line
from tracker.comparing.seeds import Group
from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.compare.differences import Beside, beside, cell, differences

TITLES = {
    "metrics": "Metrics",
    "params": "Params",
    "tags": "Tags",
    "yours": "Notes and your columns",
    "run": "The runs",
}
DIFFERS = "background-color: rgba(230, 159, 0, 0.16)"
BEST = "background-color: rgba(0, 158, 115, 0.16)"
"""Light enough for the text of both themes. The sign in the first column and the star say the same."""


def show(
    context: Context,
    rows: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    groups: Sequence[Group],
    *,
    reach: bool = False,
    after_metrics: Callable[[], None],
) -> None:
    """The tables; without groups each run has a column of its own. What follows from the metrics comes after them."""
    compared = beside(rows, names, groups)
    with st.container(horizontal=True, vertical_alignment="center"):
        spread = "in brackets: from the least to the greatest value" if reach else "±: the standard deviation"
        said = spread if groups else "in brackets: the distance from the first run"
        st.caption(f"★ best value · ≠ differs · {said}", width="content")
        st.space("stretch")
        only = st.toggle("Only what differs", key="compare-only", persist_state="session")
    if len(compared.sides) < 2:
        st.info("All of these runs differ in their seed only: there is one group, and nothing beside it.")
        only = False
    tables = differences(compared.sides, context.settings)
    _table(tables.pop("metrics", []), "metrics", compared, only, reach)
    after_metrics()
    for group, lines in tables.items():
        _table(lines, group, compared, only, reach)


def _table(lines: list[Line], group: str, compared: Beside, only: bool, reach: bool) -> None:
    kept = [line for line in lines if line.differs or not only]
    if not kept:
        return
    names = [side.label for side in compared.sides]
    st.markdown(f"## {TITLES[group]}")
    if len(names) > 1 and not any(line.differs for line in lines):
        st.caption("All the same.")
    rows = [
        {"≠": "≠" if line.differs else "", "": line.name}
        | {
            name: cell(line, place, compared.spreads.get((line.name, place)), reach=reach)
            for place, name in enumerate(names)
        }
        for line in kept
    ]
    table = pd.DataFrame(rows)

    def marked(row: Any) -> list[str]:
        line = kept[int(row.name)]
        own = [
            BEST if place in line.best else DIFFERS if group != "metrics" and line.differs else ""
            for place in range(len(names))
        ]
        return ["", "", *own]

    right: Literal["left", "right"] = "right" if group == "metrics" else "left"
    st.container(key=f"compare-{group}").dataframe(
        table.style.apply(marked, axis=1),
        key=f"compare-{group}-grid",
        hide_index=True,
        height=shown.grid_height(len(table), 520),
        column_config={
            "≠": st.column_config.TextColumn(width=30, pinned=True, alignment="center", help="These runs differ here."),
            "": st.column_config.TextColumn(width=170, pinned=True),
            **{name: st.column_config.TextColumn(alignment=right) for name in names},
        },
        alt=f"{TITLES[group]} side by side",
    )
