"""The runs that are found, in their order and with the columns shown, as a file or to paste."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from tracker.exporting import runs_table
from tracker.web.common.context import Context
from tracker.web.common.shown import count
from tracker.web.runs.found import ROWS

LARGE = 20_000
"""Runs of which a workbook takes long to write."""


def show(context: Context, runs: pd.DataFrame, places: np.ndarray, shown: Sequence[str]) -> None:
    """The content of the popover."""
    which = st.segmented_control(
        "Columns", ["As shown", "All"], default="As shown", required=True, key="export-columns"
    )
    names = [str(name) for name in runs.columns] if which == "All" else [name for name in shown if name in runs.columns]
    names = names if which == "All" else ["run_id", *(name for name in names if name != "run_id")]
    st.caption(f"{count(len(places), 'run')}, {count(len(names), 'column')}, in the order shown.")
    stem = f"{context.place.path.stem}-runs"
    note = f"{count(len(places), 'run')} of {context.place.path.name}"
    if query := st.session_state.get("filter"):
        note += f" where {query}"

    def part() -> pd.DataFrame:
        return runs[names].iloc[places]

    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    with st.container(horizontal=True):
        _download("Excel", f"{stem}.xlsx", xlsx, lambda: runs_table.to_xlsx(part(), context.place.path.stem, note))
        _download("CSV", f"{stem}.csv", "text/csv", lambda: runs_table.to_csv(part()))
        _download("Parquet", f"{stem}.parquet", "application/octet-stream", lambda: runs_table.to_parquet(part()))
    if len(places) > LARGE:
        st.caption("A workbook of so many runs takes some seconds; the page can be used meanwhile.")
    if st.toggle("Text to paste into a sheet", key="export-text"):
        st.code(runs_table.to_clipboard(part().head(ROWS)), language=None, height=160)
        if len(places) > ROWS:
            st.caption(f"The first {ROWS:,} runs; a file has all.")


def _download(label: str, file: str, kind: str, made: Callable[[], bytes]) -> None:
    st.download_button(
        label, partial(made), file, kind, key=f"export-{label}", on_click="ignore", icon=":material/download:"
    )
