"""What can be put right without a person's opinion, on a page: first what it would do, then the agreement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from tracker.deciding import repair as repairing
from tracker.deciding.repair import Repairs
from tracker.errors import TrackerError
from tracker.model import Problem
from tracker.web.common import editing, say
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.problems.problem_groups import KINDS

PLAN = "repair-plan"
"""Where the session keeps the plan that a person asked for and has not agreed to yet."""
MENDED = {"stored-as-text", "wrong-choice", "broken-link", "converted", "dead-run", "missing-column"}
"""Codes of problems some of which can be put right."""
MOST_LISTED = 2000


@dataclass(frozen=True, slots=True)
class _Plan:
    path: Path
    repairs: Repairs


def show(context: Context, problems: Sequence[Problem]) -> None:
    """The offer to put right what can be, or the plan that it leads to."""
    plan = st.session_state.get(PLAN)
    if isinstance(plan, _Plan) and plan.path == context.place.path:
        _agree(context, plan.repairs)
        return
    candidates = [one for one in problems if one.code in MENDED or one.hint.startswith(repairing.BY_SYNC)]
    if not candidates or not context.may("edit"):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="repair-offer"):
        st.markdown(
            f":material/build: Tracker can put some of **{count(len(candidates), 'problem')}** right, where it is sure "
            "what was meant. You see each cell first.",
            width="stretch",
        )
        asked = st.button("See what it would do", key="repair-plan-button")
    if asked:
        say.forget_failed(PLAN)
        try:
            with st.spinner("Looking …", show_time=False):
                repairs = repairing.repairing(context.registry, context.who)
        except TrackerError as error:
            say.keep_failed(PLAN, error)
        else:
            st.session_state[PLAN] = _Plan(context.place.path, repairs)
            st.rerun()
    say.still_failed(PLAN)


def _agree(context: Context, repairs: Repairs) -> None:
    with st.container(border=True, key="repair-shown"):
        st.markdown("## What can be put right")
        if repairs.is_empty:
            st.markdown("Nothing: all of it needs a person who knows what was meant.")
        else:
            lines = [(KINDS.get(one.code, one.code), one.sheet, one.cell, one.what) for one in repairs.repairs]
            lines += [("by the sync that follows", one.sheet, one.cell, one.message) for one in repairs.by_sync]
            st.dataframe(
                pd.DataFrame(lines[:MOST_LISTED], columns=["kind", "sheet", "cell", "what it does"]),
                key="repair-list",
                hide_index=True,
                height="content" if len(lines) < 12 else 420,
                column_config={
                    "kind": st.column_config.TextColumn(width=190),
                    "sheet": st.column_config.TextColumn(width=90),
                    "cell": st.column_config.TextColumn(width=70),
                },
                alt="What would be put right",
            )
            more = f" The list shows the first {MOST_LISTED:,}." if len(lines) > MOST_LISTED else ""
            st.caption(f"One change of yours, which the History page takes back as a whole.{more}")
        if repairs.refused:
            st.caption(f"{count(len(repairs.refused), 'more cell')} can be put right by somebody with a higher role.")
        with st.container(horizontal=True):
            agreed = st.button("Put it right", key="repair-agree", type="primary", disabled=repairs.is_empty)
            dropped = st.button("Cancel" if not repairs.is_empty else "Close", key="repair-cancel")
        say.still_failed(PLAN)
    if agreed or dropped:
        say.forget_failed(PLAN)
    if agreed:
        try:
            done = repairing.repair(context.registry, context.who, repairs)
        except TrackerError as error:
            say.keep_failed(PLAN, error)
            st.rerun()
        if done.report.in_workbook and done.decision.changes:
            st.session_state["flash"] = (plain(f"{done.decision.what}."), ":material/check:")
        else:
            editing.done(done.report)
    if agreed or dropped:
        st.session_state.pop(PLAN)
        st.rerun()
