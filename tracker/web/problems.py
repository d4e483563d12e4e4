"""The Problems page: what a person should look at, with its cell and what to do; what is pending; a sync by hand."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.errors import TrackerError
from tracker.model import Problem
from tracker.web import head, say, shown
from tracker.web.context import Context
from tracker.web.shown import count, plain

LOOKS = {
    "error": ("red", ":material/error:"),
    "warning": ("orange", ":material/warning:"),
    "info": ("gray", ":material/info:"),
}
MOST = 60


def show(context: Context) -> None:
    """The page."""
    left, right = st.columns([5, 3], gap="medium")
    with right:
        _journal(context)
    with left:
        _problems(context.problems())


def _problems(problems: list[Problem]) -> None:
    if not problems:
        st.success("No problems: every sheet, cell and file is as it should be.", icon=":material/check:")
        return
    severities = [word for word in LOOKS if any(problem.severity == word for problem in problems)]
    amounts = {word: sum(problem.severity == word for problem in problems) for word in severities}
    chosen = st.pills(
        "Severity",
        severities,
        selection_mode="multi",
        format_func=lambda word: (
            f"{shown.SEVERITY_SYMBOLS[word]} {count(amounts[word], word, word if word == 'info' else '')}"
        ),
        key="problem-severity",
        label_visibility="collapsed",
        persist_state="session",
    )
    found = [problem for problem in problems if not chosen or problem.severity in chosen]
    for problem in found[:MOST]:
        _card(problem)
    if len(found) > MOST:
        st.caption(f"{len(found) - MOST:,} more are in this table:")
        rows = [(p.severity, p.sheet, p.cell, p.message, p.hint) for p in found]
        table = pd.DataFrame(rows, columns=["severity", "sheet", "cell", "message", "hint"])
        st.dataframe(table, key="problems-table", hide_index=True, alt="All problems")


def _card(problem: Problem) -> None:
    color, icon = LOOKS[problem.severity]
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(problem.severity, icon=icon, color=color)  # type: ignore[arg-type]
            if place := "!".join(part for part in (problem.sheet, problem.cell) if part):
                st.markdown(shown.code(place), width="content")
            st.space("stretch")
            st.caption(plain(problem.code), width="content")
        st.markdown(plain(problem.message))
        if problem.hint:
            st.caption(f":material/lightbulb: {plain(problem.hint)}")


def _journal(context: Context) -> None:
    """What stands between the journal and the workbook, and the way to bring it in."""
    status = context.status
    with st.container(border=True):
        st.markdown("##### Workbook and journal")
        opened = status.open_elsewhere
        lines = [
            f":material/edit_document: Open in {plain(opened.program)} by **{plain(opened.owner)}** "
            f"(lock file {shown.code(opened.lock)}). What is logged meanwhile is safe and is written when it is closed."
            if opened
            else ":material/lock_open: Nobody has the workbook open in Excel or LibreOffice.",
            f":material/hourglass_top: **{count(status.pending, 'change')}** pending: safe, shown on these pages, "
            "not in the workbook yet."
            if status.pending
            else ":material/done_all: Everything that was logged is in the workbook.",
        ]
        if status.waiting:
            lines.append(f":material/block: **{count(status.waiting, 'change')}** found no room in the workbook.")
        if status.lacking:
            lines.append(
                f":material/history: The workbook lost **{count(status.lacking, 'change set')}** (an older copy was "
                "saved over it, or restored). The next sync brings it back."
            )
        for line in lines:
            st.markdown(line)
        if status.stamp:
            st.caption(f"last change set {shown.code(status.stamp)}")
        if context.may_edit:
            if st.button("Sync now", key="problems-sync", icon=":material/sync:", type="primary"):
                head.sync(context)
        else:
            st.caption("Viewers cannot sync.")
    report = st.session_state.get("synced")
    if isinstance(report, TrackerError):
        say.failed(report, "The last sync had to wait.")
    elif report is not None:
        st.markdown("##### The last sync")
        say.synced(report)
