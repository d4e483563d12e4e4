"""The Problems page: conflicts, copies, what can be put right, what a person should look at; and a sync by hand."""

from __future__ import annotations

from typing import Literal

import pandas as pd
import streamlit as st

from tracker.errors import TrackerError
from tracker.model import Problem
from tracker.reading.copies import conflict_copies
from tracker.web import head
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.problems import conflicts_view, copies_form, problem_groups, repair_form
from tracker.web.problems.problem_groups import Group
from tracker.web.reading import data

Color = Literal["red", "orange", "gray"]
LOOKS: dict[str, tuple[Color, str]] = {
    "error": ("red", ":material/error:"),
    "warning": ("orange", ":material/warning:"),
    "info": ("gray", ":material/info:"),
}
MOST_ALIKE = 3
"""How many problems of one kind are listed before they become a table."""
SHARED: address.Defaults = {"problem-severity": [], "problem-find": ""}
"""What the page's address says of it."""
MOST_LISTED = 5000
"""How many lines such a table has at most."""
SHOWN_ABOVE = {"conflict-copy"}
"""Kinds that have a place of their own on the page."""


def show(context: Context) -> None:
    """The page."""
    address.take_over(SHARED)
    left, right = st.columns([5, 2.4], gap="medium")
    with right:
        _journal(context)
    with left:
        _problems(context)
    address.write(SHARED)


def _problems(context: Context) -> None:
    problems, conflicts = context.problems(), data.conflicts(context.place.path, context.stamp)
    open_now = {(one.sheet, one.cell) for one in conflicts}
    others = [
        one
        for one in problems
        if one.code not in SHOWN_ABOVE and not (one.code == "conflict" and (one.sheet, one.cell) in open_now)
    ]
    copies = list(conflict_copies(context.place.folders))  # no file of the registry changes when one comes or goes
    severities, text = _filters(others, len(conflicts)) if others or conflicts else ([], "")
    copies_form.show(context, copies)
    conflicts_view.show(context, conflicts, text)
    repair_form.show(context, others)
    found = problem_groups.groups(others, severities, text)
    for group in found:
        _card(group)
    if not found and others:
        st.caption("No other problem fits.")
    elif not (others or conflicts or copies):
        st.success("No problems: every sheet, cell and file is as it should be.", icon=":material/check:")


def _filters(problems: list[Problem], conflicts: int) -> tuple[list[str], str]:
    """Which problems are wanted: of which severities, and with which text in them."""
    amounts = {word: sum(one.severity == word for one in problems) for word in problem_groups.SEVERITIES}
    fields = st.columns([3, 2], vertical_alignment="center")
    words = [word for word, amount in amounts.items() if amount]
    address.keep_valid("problem-severity", words)
    with fields[0]:
        chosen = st.pills(
            "Severity",
            words,
            selection_mode="multi",
            format_func=lambda word: (
                f"{shown.SEVERITY_SYMBOLS[word]} {count(amounts[word], word, word if word == 'info' else '')}"
            ),
            key="problem-severity",
            label_visibility="collapsed",
            persist_state="session",
        )
    text = ""
    if len(problems) + conflicts > MOST_ALIKE:
        text = fields[1].text_input(
            "Find",
            key="problem-find",
            placeholder="sheet, cell, run, kind …",
            icon=":material/search:",
            label_visibility="collapsed",
            persist_state="session",
        )
    return list(chosen or []), text or ""


def _card(group: Group) -> None:
    """Problems of one kind."""
    color, icon = LOOKS[group.severity]
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(group.severity, icon=icon, color=color)
            number = f" · {len(group.problems):,}" if len(group.problems) > 1 else ""
            st.markdown(f"**{plain(group.title)}**{number}", width="content")
        if len(group.problems) > MOST_ALIKE:
            _table(group)
        else:
            for problem in group.problems:
                where = problem_groups.place(problem)
                st.markdown(f"{shown.code(where) + ' ' if where else ''}{plain(problem.message)}")
                if not group.hint and problem.hint:
                    st.caption(f":material/lightbulb: {plain(_here(problem.hint))}")
        if group.hint:
            st.caption(f":material/lightbulb: {plain(_here(group.hint))}")


def _here(hint: str) -> str:
    """A hint for somebody on this page, where a button does what the command does elsewhere."""
    return hint.replace("python -m tracker check --fix", "The button above")


def _table(group: Group) -> None:
    lines = [(one.sheet, one.cell, one.message, one.hint) for one in group.problems[:MOST_LISTED]]
    frame = pd.DataFrame(lines, columns=["sheet", "cell", "what is wrong", "what to do"])
    if group.hint:
        frame = frame.drop(columns="what to do")
    st.dataframe(
        frame.loc[:, (frame != "").any()],
        key=f"problems-{group.severity}-{group.code}",
        hide_index=True,
        height="content" if len(frame) <= 6 else 250,
        column_config={
            "sheet": st.column_config.TextColumn(width=90),
            "cell": st.column_config.TextColumn(width=70),
            "what is wrong": st.column_config.TextColumn(width="large"),
        },
        alt=group.title,
    )
    if len(group.problems) > MOST_LISTED:
        st.caption(f"The first {MOST_LISTED:,}; `python -m tracker check --json` has all.")


def _journal(context: Context) -> None:
    """What stands between the journal and the workbook, and the way to bring it in."""
    status = context.status
    with st.container(border=True):
        st.markdown("## The workbook")
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
        st.markdown("## The last sync")
        say.synced(report)
