"""Moving selected runs into the archive workbook: first what would move and what stays, then the agreement."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tracker.archiving import carry_out
from tracker.archiving.plan import MovePlan
from tracker.errors import TrackerError
from tracker.web.common import say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.runs import picking

PLAN = "archive-plan"
LISTED = 10


def offer(context: Context, run_ids: Sequence[str]) -> None:
    """The button that asks for the plan."""
    target = carry_out.archive_of(context.registry)
    st.button(
        "Move to the archive …",
        key="archive-plan-button",
        icon=":material/archive:",
        on_click=_plan,
        args=(context, tuple(run_ids)),
        help=f"Into {plain(target.name)}, with their files. You see first what moves and what stays.",
    )


def agree(context: Context) -> None:
    """The plan that was asked for, and the ways to go on."""
    say.still_failed(PLAN)
    held = st.session_state.get(PLAN)
    if held is None or held[0] != context.place.path:
        return
    _, run_ids, plan = held
    with st.container(border=True, key="archive-shown"):
        target = carry_out.archive_of(context.registry)
        if plan.runs:
            st.markdown(
                f"**{count(len(plan.runs), 'run')} would move into {plain(target.name)}**, with "
                f"{count(len(plan.artifacts), 'artifact version')} and {shown.size(plan.size)} of files. "
                "A line of each stays here and says where it is."
            )
        else:
            st.markdown("**None of these runs can move.**")
        for one in plan.stays[:LISTED]:
            st.markdown(f"- {plain(one.name or one.run_id)} stays: {plain(one.why)}")
        if len(plan.stays) > LISTED:
            st.caption(f"… and {count(len(plan.stays) - LISTED, 'more run')} that stay.")
        with st.container(horizontal=True):
            if plan.runs:
                st.button(
                    f"Move {count(len(plan.runs), 'run')}",
                    key="archive-agree",
                    type="primary",
                    on_click=_move,
                    args=(context, run_ids, plan),
                )
            st.button("Cancel", key="archive-cancel", on_click=_drop)


def _plan(context: Context, run_ids: tuple[str, ...]) -> None:
    registry = context.registry
    _drop()
    try:
        plan = carry_out.planned(registry, carry_out.archive_of(registry), carry_out.Wanted(runs=run_ids))
    except TrackerError as error:
        say.keep_failed(PLAN, error, [picking.PICKED])
        return
    st.session_state[PLAN] = (context.place.path, run_ids, plan)


def _move(context: Context, run_ids: tuple[str, ...], plan: MovePlan) -> None:
    registry = context.registry
    _drop()
    try:
        moved = carry_out.move_runs(
            registry, carry_out.archive_of(registry), carry_out.Wanted(runs=run_ids), context.who, agreed=plan
        )
    except TrackerError as error:
        say.keep_failed(PLAN, error, [picking.PICKED])
        return
    picking.clear()
    text = f"{count(len(moved.plan.runs), 'run')} moved into {moved.path.name}."
    st.session_state["flash"] = (plain(text), ":material/archive:")


def _drop() -> None:
    st.session_state.pop(PLAN, None)
    say.forget_failed(PLAN)
