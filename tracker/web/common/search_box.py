"""A long table with a box above it in which a person types a part of what they look for."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.web.common.shown import plain

MANY = 12
"""Rows that are seen at one glance; more get a box to search them."""


def find_among(table: pd.DataFrame, column: str, key: str) -> pd.DataFrame:
    """The rows whose column holds all the words that a person typed."""
    if len(table) <= MANY:
        return table
    words = st.text_input(
        f"Find among {len(table):,}", key=key, placeholder=f"part of a {column}", width=320, persist_state="session"
    )
    names = table[column].astype(str).str.lower()
    for word in words.lower().split():
        table = table[names[table.index].str.contains(word, regex=False)]
    if table.empty:
        st.caption(f"No {plain(column)} has {plain(words)} in it.")
    return table.reset_index(drop=True)
