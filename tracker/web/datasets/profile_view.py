"""The profile of a table on a page: one line per column, with a small picture of its values."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.contents import words
from tracker.data.profile import Profile
from tracker.web.common import shown
from tracker.web.common.shown import count, plain
from tracker.web.datasets import histograms

MOST_COLUMNS = 500
"""How many columns are drawn at once; the others are found by their names."""
HEIGHT = 640


def show(profile: Profile, key: str) -> None:
    """How large the table is, what a person should know of it, and its columns."""
    if profile.refused:
        st.warning(plain(profile.refused))
        return
    st.markdown(f"**{plain(words.profile_sentence(profile))}**")
    for note in profile.notes:
        st.caption(plain(note))
    columns = list(profile.columns)
    if len(columns) > MOST_COLUMNS:
        text = st.text_input("Column name contains", key=f"{key}-column", icon=":material/search:")
        columns = [column for column in columns if text.lower() in column.name.lower()]
        st.caption(f"{count(len(columns), 'column')}; the first {MOST_COLUMNS} are shown.")
    rows = [
        {
            "column": column.name,
            "type": column.type,
            "missing": words.share(column.missing, profile.read),
            "distinct": column.distinct,
            "values": histograms.bars(column) or None,
            "range": words.column_range(column),
            "median": column.shown(column.quantile(0.5)),
            "most frequent": words.top_values(column, profile.read),
            "odd": words.share(column.strays + column.infinite, profile.read),
        }
        for column in columns[:MOST_COLUMNS]
    ]
    if not rows:
        return
    table = pd.DataFrame(rows)
    empty = [name for name in ("missing", "odd", "median") if not table[name].astype(bool).any()]
    st.container(key=f"{key}-columns").dataframe(
        table.drop(columns=empty),
        hide_index=True,
        height=shown.grid_height(len(table), HEIGHT),
        placeholder="",
        column_config={
            "column": st.column_config.TextColumn(pinned=True, width="medium"),
            "type": st.column_config.TextColumn(width=75),
            "missing": st.column_config.TextColumn(width=75, alignment="right"),
            "distinct": st.column_config.NumberColumn(format="localized", width=80),
            "values": st.column_config.BarChartColumn(
                "distribution",
                width=130,
                y_min=0,
                help="Numbers and dates from small to great, between the 1st and the 99th percentile; "
                "of anything else the most frequent values.",
            ),
            "range": st.column_config.TextColumn(width="medium"),
            "median": st.column_config.TextColumn(width=95, alignment="right"),
            "most frequent": st.column_config.TextColumn(width="large"),
            "odd": st.column_config.TextColumn(
                width=70, alignment="right", help="Values that are not of the column's type, or infinite."
            ),
        },
        alt="The columns of the table",
    )
