"""Groups of runs above the grid: one line each; the grid shows the runs of the group that is selected."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from tracker.web.common import address, shown
from tracker.web.common.shown import count, plain
from tracker.web.reading import columns
from tracker.web.runs import groups

MOST = 1000
"""Groups that are listed."""
HEIGHT = 5
"""Rows of the list of groups at first."""


def choose(names: Sequence[str]) -> None:
    """The content of the popover: by which column, in the session under ``by``."""
    possible = groups.options(names)
    address.keep_valid("by", [*possible, ""])
    st.session_state.setdefault("by", "")
    st.selectbox(
        "Group by",
        ["", *possible],
        format_func=lambda name: name or "no groups",
        key="by",
        filter_mode="contains",
        on_change=leave,
        persist_state="session",
    )
    st.caption(
        "One line per value: how many runs, how they ended, their best and mean metrics. Select one to see its runs."
    )


def leave() -> None:
    """Show the runs of all groups again."""
    st.session_state["in"] = ""


def show(table: pd.DataFrame, by: str) -> None:
    """The list of groups, of :func:`tracker.web.runs.groups.grouped`.

    Which one is selected is in the session under ``in``, as ``=`` and its text.
    """
    more = len(table) - MOST
    texts = list(table["group"][:MOST])
    inside = st.session_state.get("in", "")
    chosen = inside.removeprefix("=") if inside else None
    key = f"groups-{by}-{hash(tuple(texts))}"

    def picked() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        st.session_state["in"] = f"={texts[rows[0]]}" if rows else ""

    table = table.head(MOST).rename(columns={"group": columns.short(by)})
    table.isetitem(0, [shown.cut(text, 120) if text else groups.BLANK for text in texts])
    selected = [texts.index(chosen)] if chosen in texts else []
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        on_select=picked,
        selection_mode="single-row",
        selection_default={"selection": {"rows": selected, "columns": [], "cells": []}},
        column_config={
            columns.short(by): st.column_config.TextColumn(columns.short(by), width=200),
            "runs": st.column_config.ProgressColumn(
                "runs", format="localized", min_value=0, max_value=int(table["runs"].max()), width=150
            ),
            **{
                name: st.column_config.NumberColumn(name, format=shown.column_format(table[name].tolist()))
                for name in table.columns
                if name.startswith(("best ", "mean "))
            },
            "latest": st.column_config.DatetimeColumn("latest", format="distance"),
        },
        height=shown.grid_height(min(len(table), HEIGHT)),
        row_height=35,
        placeholder="",
        alt=f"Groups by {by}",
    )
    if more > 0:
        st.caption(f"The {MOST:,} largest of {count(len(table) + more, 'group')}.")
    if chosen is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Runs with **{plain(columns.short(by))} = {plain(chosen or groups.BLANK)}**", width="content")
            st.button("All groups", key="group-leave", type="tertiary", on_click=leave)
