"""The Problems page: what a person should look at, with its cell and what to do; what is pending; a sync by hand."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from tracker.errors import TrackerError
from tracker.model import Problem
from tracker.web import head, say, shown
from tracker.web.context import Context
from tracker.web.shown import count, plain

Color = Literal["red", "orange", "gray"]
LOOKS: dict[str, tuple[Color, str]] = {
    "error": ("red", ":material/error:"),
    "warning": ("orange", ":material/warning:"),
    "info": ("gray", ":material/info:"),
}
MOST_ALIKE = 4
"""How many problems of one kind are listed before they are folded away."""


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
    alike: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        if not chosen or problem.severity in chosen:
            alike.setdefault((problem.severity, problem.code, problem.hint), []).append(problem)
    for group in alike.values():
        _card(group)


def _card(group: list[Problem]) -> None:
    """Problems of one kind, with one way to mend them."""
    first = group[0]
    color, icon = LOOKS[first.severity]
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(first.severity, icon=icon, color=color)
            if len(group) > 1:
                st.markdown(f"**{count(len(group), 'time')}**", width="content")
            st.space("stretch")
            st.caption(plain(first.code), width="content")
        for problem in group[:MOST_ALIKE]:
            place = "!".join(part for part in (problem.sheet, problem.cell) if part)
            st.markdown(f"{shown.code(place) + ' ' if place else ''}{plain(problem.message)}")
        if len(group) > MOST_ALIKE:
            rest = [(problem.sheet, problem.cell, problem.message) for problem in group]
            with st.expander(f"all {len(group):,}"):
                st.dataframe(pd.DataFrame(rest, columns=["sheet", "cell", "message"]), hide_index=True)
        if first.hint:
            st.caption(f":material/lightbulb: {plain(first.hint)}")


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
        if context.may("sync") and st.button("Sync now", key="problems-sync", icon=":material/sync:", type="primary"):
            head.sync(context)
        if (
            opened
            and context.may("force")
            and st.button(
                "The lock file was left behind: sync all the same",
                key="problems-force",
                type="tertiary",
                help="Only where nobody has the workbook open: after a crash its lock file stays. Should somebody save "
                "an older copy over it after all, the next sync brings everything back.",
            )
        ):
            head.sync(context, force=True)
    report = st.session_state.get("synced")
    if isinstance(report, TrackerError):
        say.failed(report, "The last sync had to wait.")
    elif report is not None:
        st.markdown("##### The last sync")
        say.synced(report)
