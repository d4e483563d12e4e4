"""Copies of the workbook that a cloud drive made: what only they have, both values where both changed, the merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker.errors import TrackerError
from tracker.merging.merge import Take, merge, plan_merge, put_aside
from tracker.merging.three_way import Clash, MergePlan
from tracker.model import CellChange, Entry
from tracker.schema import TABLES
from tracker.values import from_cell
from tracker.web.common import cells_view, changes, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain

PLAN = "merge-plan"
"""Where the session keeps what a copy was found to have."""
TAKES: dict[Take, str] = {"ours": "the registry's", "theirs": "the copy's"}
MOST_CLASHES = 2000


@dataclass(frozen=True, slots=True)
class _Plan:
    registry: Path
    copy: Path
    plan: MergePlan


def show(context: Context, copies: Sequence[Path]) -> None:
    """Every copy beside the workbook."""
    if not copies:
        return
    with st.container(border=True, key="copies"):
        st.markdown(f"## {count(len(copies), 'copy', 'copies')} of this workbook beside it")
        st.caption(
            "A cloud drive makes one when two people save at the same time. What only the copy has is merged cell by "
            "cell; where both sides changed a cell, both values are shown first."
        )
        for copy in copies:
            _copy(context, copy)


def _copy(context: Context, copy: Path) -> None:
    plan = st.session_state.get(PLAN)
    known = plan.plan if isinstance(plan, _Plan) and (plan.registry, plan.copy) == (context.place.path, copy) else None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/file_copy: **{plain(copy.name)}** {_saved(copy, context.now)}", width="stretch")
        if known is None and st.button("See what it has", key=f"merge-plan-{copy.name}"):
            _look(context, copy)
    if known is not None:
        _agree(context, copy, known)
    say.still_failed(str(copy))


def _look(context: Context, copy: Path) -> None:
    say.forget_failed(str(copy))
    try:
        with st.spinner("Comparing …", show_time=False):
            found = plan_merge(context.registry, copy, context.who)
    except TrackerError as error:
        say.keep_failed(str(copy), error)
        return
    st.session_state[PLAN] = _Plan(context.place.path, copy, found)
    st.rerun()


def _agree(context: Context, copy: Path, plan: MergePlan) -> None:
    """What the copy has, and the ways to go on."""
    take: Take = "ours"
    with st.container(border=True, key="merge-shown"):
        if plan.changes:
            new = sum(change.new for change in plan.changes)
            more = f", {new:,} of them new" if new else ""
            st.markdown(f"**Only the copy has this: {count(len(plan.changes), 'row')}{more}**")
            table, cells = changes.cells_table(
                Entry(
                    change.table,
                    change.key,
                    {name: CellChange(change.was.get(name), value) for name, value in change.set.items()},
                    change.new,
                )
                for change in plan.changes
            )
            cells_view.draw(context, table, "merge-cells", wide=True)
            if cells > len(table):
                st.caption(f"The first {len(table):,} of {cells:,} cells.")
        if plan.clashes:
            st.markdown(f"**Both sides changed {count(len(plan.clashes), 'cell')} differently**")
            st.dataframe(
                clashes_table(plan.clashes[:MOST_CLASHES]), key="merge-clashes", hide_index=True,
                height="content" if len(plan.clashes) < 8 else 300, alt="Cells that both sides changed",
            )  # fmt: skip
            take = (
                st.radio(
                    "Whose value stands", list(TAKES), format_func=TAKES.__getitem__, key="merge-take", horizontal=True
                )
                or "ours"
            )
            st.caption("The other value is kept as a conflict or in the history, and can still be taken.")
        for sentence in _left(plan):
            st.caption(plain(sentence))
        is_nothing = not (plan.changes or plan.clashes)
        if is_nothing:
            st.success("All that the copy's tables have is in the registry.", icon=":material/check:")
        allowed = context.may("edit")
        with st.container(horizontal=True):
            merged = not is_nothing and st.button("Merge", key="merge-agree", type="primary", disabled=not allowed)
            aside = (is_nothing or plan.clashes) and st.button(
                "Put the copy aside",
                key="merge-aside",
                disabled=not allowed,
                help=f"Moves it into {plain(context.place.folders.side.name)}/merged, where nobody takes it for the "
                "workbook. It is not deleted.",
            )
            closed = st.button("Close", key="merge-close")
    if merged:
        _merge(context, copy, take, plan)
    if aside:
        _put_aside(context, copy)
    if closed:
        say.forget_failed(str(copy))
        st.session_state.pop(PLAN)
        st.rerun()


def _merge(context: Context, copy: Path, take: Take, plan: MergePlan) -> None:
    say.forget_failed(str(copy))
    try:
        done = merge(context.registry, copy, context.who, take, plan)
        again = plan_merge(context.registry, copy, context.who)
    except TrackerError as error:
        say.keep_failed(str(copy), error)
        return
    if done.in_workbook:
        st.session_state["flash"] = ("Merged. The copy is as it was: put it aside now.", ":material/merge:")
    else:
        text = f"Safe, and shown here already; not in the workbook yet. {done.pending_because}"
        st.session_state["flash"] = (plain(text), ":material/hourglass_top:")
    st.session_state[PLAN] = _Plan(context.place.path, copy, again)
    st.rerun()


def _put_aside(context: Context, copy: Path) -> None:
    say.forget_failed(str(copy))
    try:
        target = put_aside(context.registry, copy, context.who)
    except TrackerError as error:
        say.keep_failed(str(copy), error)
        return
    st.session_state.pop(PLAN)
    where = target.relative_to(context.place.path.parent).as_posix()
    st.session_state["flash"] = (plain(f"The copy is {where} now."), ":material/archive:")
    st.rerun()


# -- words --------------------------------------------------------------------------------------------------------


def clashes_table(clashes: Sequence[Clash]) -> pd.DataFrame:
    """Both values of each cell that both sides changed, and the one before."""
    rows: list[dict[str, Any]] = []
    for clash in clashes:
        kind = TABLES[clash.table].kind(clash.column)
        values = (shown.exact(from_cell(value, kind)) for value in (clash.base, clash.ours, clash.theirs))
        cells = dict(zip(("before", "registry", "copy"), values, strict=True))
        rows.append({"table": clash.table, "row": " ".join(clash.key), "column": clash.column, **cells})
    return pd.DataFrame(rows)


def _left(plan: MergePlan) -> list[str]:
    said = []
    if plan.removed:
        said.append(f"{count(len(plan.removed), 'row')} gone on one side: the registry stays as it is.")
    for table, column in plan.unknown_columns:
        said.append(f"Only the copy has the column '{column}' in {table}: add it to the workbook, then merge again.")
    if plan.already:
        said.append(f"{count(plan.already, 'cell')} of the copy's changes are in the registry already.")
    return said


def _saved(copy: Path, now: datetime) -> str:
    try:
        moment = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
    except OSError:
        return ""
    return f"saved {shown.ago(moment, now)}"
