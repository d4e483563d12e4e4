"""Who stores how much of what, and what expires next: pictures and tables of the storage report."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from tracker import store
from tracker.retention import Storage
from tracker.retention.inventory import Inventory
from tracker.retention.report import FORECAST_DAYS, Share
from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain

TITLES = {"experiment": "By experiment", "owner": "By owner", "category": "By category", "age": "By age"}
MOST_BARS = 10


def show(context: Context, inventory: Inventory, storage: Storage) -> None:
    """The report; files that belong to nothing are looked for only when somebody asks."""
    st.caption(
        f"{count(storage.versions, 'version')}, {shown.size(storage.size)}, trash and archive included. "
        "Bytes that versions share are counted once."
    )
    for left, right in (("experiment", "owner"), ("category", "age")):
        for place, name in zip(st.columns(2, gap="large"), (left, right), strict=True):
            with place:
                st.markdown(f"## {TITLES[name]}")
                chart = _bars(list(storage.by[name]))
                st.altair_chart(chart, key=f"storage-{name}", alt=f"Bytes {TITLES[name].lower()}")
    if storage.duplicates:
        st.markdown("## There twice")
        table = pd.DataFrame(
            {
                "the same content": [", ".join(one.artifacts) for one in storage.duplicates],
                "could be saved": [one.wasted for one in storage.duplicates],
            }
        )
        config: Any = {"could be saved": st.column_config.NumberColumn(format="bytes", width=120)}
        height = shown.grid_height(len(table), 250)
        st.dataframe(table, hide_index=True, column_config=config, height=height, alt="What is there twice")
    if storage.without_row:
        st.warning(f"Stored, and without a row in the artifacts sheet: {plain(', '.join(storage.without_row[:20]))}")
    if st.button("Look for files that belong to nothing", key="storage-orphans", icon=":material/search:"):
        found = store.orphans(context.place.folders)
        if not found:
            st.success("Every file in the stores belongs to a version.", icon=":material/check:")
        for problem in found:
            st.markdown(f"- {plain(problem.message)}")


def _bars(shares: list[Share]) -> Any:
    rest = shares[MOST_BARS:]
    if rest:
        others = Share("all others", sum(one.versions for one in rest), sum(one.size for one in rest))
        shares = [*shares[:MOST_BARS], others]
    frame = pd.DataFrame(
        {
            "label": [shown.cut(one.label, 40) for one in shares],
            "size": [one.size for one in shares],
            "text": [f"{shown.size(one.size)}, {count(one.versions, 'version')}" for one in shares],
        }
    )
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=160, ticks=False, domain=False))
    x = alt.X("size:Q", title=None, axis=None, scale=alt.Scale(domainMin=0, nice=False, padding=110))
    base = alt.Chart(frame).encode(y=y, x=x)
    bars = base.mark_bar(size=16, cornerRadiusEnd=2).encode(tooltip=[alt.Tooltip("label:N"), alt.Tooltip("text:N")])
    texts = base.mark_text(align="left", dx=6, fontSize=12).encode(text="text:N")
    styled = bars + texts.encode(color=alt.value("#888"))
    return styled.properties(height=max(60, 28 * len(frame)))


def forecast(storage: Storage) -> None:
    """What is due within 90 days, the soonest first."""
    if not storage.expiring:
        st.caption("Nothing is due in the next 90 days.")
        return
    going = [one for one in storage.expiring if not one.kept]
    st.markdown(
        f"**{count(len(going), 'version')}, {shown.size(sum(one.size for one in going))}** due in the next "
        f"{FORECAST_DAYS} days, and {count(len(storage.expiring) - len(going), 'version')} that would be, "
        "and stays as things are."
    )
    table = pd.DataFrame(
        {
            "artifact": [one.artifact for one in storage.expiring],
            "on": [one.when for one in storage.expiring],
            "goes to": ["deleted" if one.action == "purge" else one.action for one in storage.expiring],
            "size": [one.size for one in storage.expiring],
            "stays because": ["; ".join(one.kept) or None for one in storage.expiring],
            "rule": [one.why for one in storage.expiring],
        }
    )
    st.dataframe(
        table[[name for name in table.columns if table[name].notna().any()]],
        key="storage-forecast",
        hide_index=True,
        height=shown.grid_height(len(table), 560),
        placeholder="",
        column_config={
            "artifact": st.column_config.TextColumn(width="medium", pinned=True),
            "on": st.column_config.DatetimeColumn(format="YYYY-MM-DD", width=105, help="UTC"),
            "goes to": st.column_config.TextColumn(width=80),
            "size": st.column_config.NumberColumn(format="bytes", width=85),
            "stays because": st.column_config.TextColumn(width="medium"),
            "rule": st.column_config.TextColumn(width="large"),
        },
        alt="What is due in the next 90 days",
    )
