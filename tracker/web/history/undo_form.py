"""Taking a change set back on a page: what would be set first, then the agreement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from tracker.deciding import undo as undoing
from tracker.errors import TrackerError
from tracker.model import CellChange, Change, ChangeSet, Entry
from tracker.reading.roles import ACTS
from tracker.web.common import cells_view, changes, editing, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain

PLAN = "undo-plan"
"""Where the session keeps the plan that a person has asked for and not yet agreed to."""


@dataclass(frozen=True, slots=True)
class _Plan:
    path: Path
    id: str
    undo: undoing.Undo


def show(context: Context, found: ChangeSet) -> None:
    """The button that takes a change set back, or the plan that it leads to."""
    if not found.entries:
        return
    plan = st.session_state.get(PLAN)
    if isinstance(plan, _Plan) and (plan.path, plan.id) == (context.place.path, found.id):
        _agree(context, plan)
    elif not context.may("undo"):
        st.caption("Viewers cannot take changes back.")
    elif st.button("Take it back …", key="undo-plan-button", icon=":material/undo:"):
        say.forget_failed(f"{PLAN}:{found.id}")
        try:
            undo = undoing.undoing(context.registry, found, context.who)
        except TrackerError as error:
            say.keep_failed(f"{PLAN}:{found.id}", error)
        else:
            st.session_state[PLAN] = _Plan(context.place.path, found.id, undo)
            st.rerun()
    say.still_failed(f"{PLAN}:{found.id}")


def _agree(context: Context, plan: _Plan) -> None:
    """What would be set, what changed since, and the ways to go on."""
    undo = plan.undo
    needed = [ACTS[act] for act in undo.acts if not context.may(act)]
    with st.container(border=True, key="undo-shown"):
        if undo.decision.changes:
            st.markdown(f"**{plain(undo.decision.what)}**")
            table, count = changes.cells_table(map(_entry, undo.decision.changes))
            cells_view.draw(context, table, "undo-cells")
            if count > len(table):
                st.caption(f"The first {len(table):,} of {count:,} cells.")
        else:
            st.markdown("**There is nothing to take back: all of it is as it was before, or stays.**")
        if undo.blanked:
            st.caption(f"{shown.count(len(undo.blanked), 'row')} will have only the key left: rows are not deleted.")
        for sentence in undo.left:
            st.caption(plain(sentence))
        if undo.changed:
            lines = "\n".join(f"- {plain(cell)}" for cell in undo.changed[: undoing.MOST_TOLD])
            st.warning(f"{shown.count(len(undo.changed), 'cell')} changed since, and will stay as they are:\n{lines}")
        for act in needed:
            st.warning(f"To {plain(act.what)} takes a {act.role}; your role is {plain(context.role)}.")
        with st.container(horizontal=True):
            label = "Take back what is unchanged" if undo.changed else "Take it back"
            possible = bool(undo.decision.changes) and not needed
            agreed = st.button(label, key="undo-agree", type="primary", disabled=not possible)
            dropped = st.button("Cancel", key="undo-cancel")
    if agreed:
        _carry_out(context, plan)
    if dropped:
        say.forget_failed(f"{PLAN}:{plan.id}")
        st.session_state.pop(PLAN)
        st.rerun()


def _entry(change: Change) -> Entry:
    cells = {name: CellChange(change.was.get(name), value) for name, value in change.set.items()}
    return Entry(change.table, change.key, cells, change.new)


def _carry_out(context: Context, plan: _Plan) -> None:
    say.forget_failed(f"{PLAN}:{plan.id}")
    try:
        done = undoing.undo(
            context.registry, plan.id, context.who, what_is_unchanged=bool(plan.undo.changed), agreed=plan.undo
        )
    except TrackerError as error:
        say.keep_failed(f"{PLAN}:{plan.id}", error)
        return
    st.session_state.pop(PLAN)
    editing.done(done.report)
    st.rerun()
