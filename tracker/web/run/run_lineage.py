"""What one run read and wrote, and what that came from and led to; what it is a part of, and its parts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.comparing.lineage import Node
from tracker.web.artifacts import lineage
from tracker.web.common import say
from tracker.web.common.context import Context
from tracker.web.common.shown import plain

MOST_PARTS = 20


def show(context: Context, run: pd.Series, runs: pd.DataFrame) -> None:
    """The tab."""
    _family(context, run, runs)
    drawn = lineage.draw(context, Node("run", str(run["run_id"])))
    if not drawn:
        say.nothing_yet(
            "No lineage",
            "It comes by itself from what a run reads and writes:",
            lineage.CODE.format(path=str(context.place.path)),
        )
        return
    st.page_link(
        context.pages["lineage"],
        label="Open it on the Lineage page, with tables of every step",
        icon=":material/account_tree:",
        query_params={"of": str(run["run_id"]), **({"registry": context.link} if context.link else {})},
    )


def _family(context: Context, run: pd.Series, runs: pd.DataFrame) -> None:
    parent, parts = runs[runs["run_id"] == run["parent_run_id"]], runs[runs["parent_run_id"] == run["run_id"]]
    for words, others in (("Part of", parent), ("Parts", parts)):
        if others.empty:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(words, width="content")
            for other in others.head(MOST_PARTS).to_dict("records"):
                label = plain(other["name"] or other["run_id"])
                st.page_link(context.pages["run"], label=label, query_params=context.to_run(str(other["run_id"])))
            if len(others) > MOST_PARTS:
                st.caption(f"and {len(others) - MOST_PARTS:,} more", width="content")
