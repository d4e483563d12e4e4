"""The runs that were picked in a chart, as a table: the way to one of them, or to some side by side."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from tracker.web.common import shown, ticks
from tracker.web.common.context import Context
from tracker.web.compare import chosen
from tracker.web.reading import columns

MOST = 200
"""Runs that are listed."""
MOST_NAMED = 100
"""Runs that an address can name."""


def show(
    context: Context, found: pd.DataFrame, names: Sequence[str], shown_columns: Sequence[str], key: str, *, whole: int
) -> None:
    """The table of some of the runs; ``whole`` says of how many."""
    headers = columns.headers(list(shown_columns))
    table = pd.DataFrame({"run": list(names)[:MOST]})
    for column in shown_columns:
        values = found[column].head(MOST)
        table[headers[column]] = (
            values.to_numpy() if pd.api.types.is_numeric_dtype(values) else [shown.text(v) for v in values]
        )
    bar = st.container(horizontal=True, vertical_alignment="center")
    if found.empty:
        bar.caption("No run is inside.")
        return
    ids = [str(run_id) for run_id in found["run_id"]]

    grid = ticks.key(f"{key}-grid", ids[:MOST])

    def opened() -> None:
        if (clicked := st.session_state.get(f"{grid}-name")) is not None:
            st.session_state[f"{key}-open"] = ids[clicked["row"]]

    event = st.container(key=f"{key}-grid").dataframe(
        table,
        key=grid,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        height=shown.grid_height(len(table), 320),
        placeholder="",
        column_config={
            "run": st.column_config.ButtonColumn(
                "run",
                type="tertiary",
                alignment="left",
                width=230,
                pinned=True,
                on_click=opened,
                key=f"{grid}-name",
                help="Opens the run.",
            )
        },
        alt="The runs of the chart",
    )
    ticked = [ids[row] for row in event["selection"]["rows"] if row < len(ids)]
    if run_id := st.session_state.pop(f"{key}-open", None):
        context.open_run(run_id)
    some = ticked or ids
    with bar:
        listed = f", the first {MOST} are listed" if len(found) > MOST else ""
        st.markdown(f"**{len(found):,} of {shown.count(whole, 'run')}**{listed}", width="content")
        if st.button(
            f"Only these {len(some):,}",
            key=f"{key}-only",
            icon=":material/compare_arrows:",
            disabled=not 2 <= len(some) <= MOST_NAMED or len(some) == whole,
            help=f"Compare these by name; at most {MOST_NAMED}. Tick some in the table to take those only.",
        ):
            chosen.turn(chosen.Wanted(tuple(some)))
            st.rerun()
