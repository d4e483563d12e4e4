"""A tile: one number that matters, under a link to the page that has the details."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tracker.web.common.context import Context
from tracker.web.common.shown import plain


def box(key: str) -> DeltaGenerator:
    """The place of a tile, which may be drawn into it later."""
    return st.container(border=True, gap="xxsmall", key=key)


def draw(context: Context, page: str, label: str, value: str, note: str) -> None:
    """The tile itself, into the container that is open."""
    context.page_link(page, label)
    st.markdown(f"**{plain(value)}**")
    st.caption(plain(note))
