"""What a manager does with versions of their choice on the Retention page: holds, and acts by hand, planned first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from tracker import retention as desk
from tracker.deciding.decide import Decided
from tracker.errors import TrackerError
from tracker.retention import Outcome, Plan
from tracker.retention.desk import ACT_OF
from tracker.retention.inventory import Inventory, order
from tracker.web.common import address, editing, say, shown, ticks
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain

PLAN = "retention-plan"
"""Where the session keeps the plan that a person has asked for and not yet agreed to."""
ACTS, HOLDS = "retention-acts", "retention-holds"
"""Acts on files, and the form for holds, as :func:`tracker.web.common.say.keep_failed` names them."""
ACTIONS = {
    "trash": "Put into the trash",
    "archive": "Move to the archive",
    "unarchive": "Bring back from the archive",
    "move": "Move to another store",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A plan that waits for a person to agree, and how to carry it out."""

    path: Path
    plan: Plan
    carry_out: Callable[[], Outcome]


def carry_out(act: Callable[[], Outcome]) -> None:
    """Do it, and say with the next page what was done; what was not, as long as the same tab is open."""
    say.forget_failed(ACTS)
    try:
        outcome = act()
    except TrackerError as error:
        say.keep_failed(ACTS, error, ["retention-tab"])
        st.rerun()
    done: dict[str, int] = {}
    for item in outcome.done:
        done[item.action] = done.get(item.action, 0) + 1
    text = ", ".join(f"{action} {count(number, 'version')}" for action, number in done.items()) or "Nothing was done"
    text += f"; {shown.size(outcome.freed)} became free" if outcome.freed else ""
    if not outcome.report.in_workbook:
        text += f". The rows are not in the workbook yet: {outcome.report.pending_because}"
    if outcome.failed:
        left = "; ".join(f"{item.artifact}: {why}" for item, why in outcome.failed)
        say.keep_failed(ACTS, f"{text[0].upper()}{text[1:]}. What stays where it was: {left}", ["retention-tab"])
    else:
        st.session_state["flash"] = (plain(f"{text[0].upper()}{text[1:]}."), ":material/check:")
    st.rerun()


# -- holds --------------------------------------------------------------------------------------------------------


def holds(context: Context, inventory: Inventory) -> None:
    """What is on hold, and the form that puts more on hold."""
    there = sorted((one for one in inventory.versions.values() if one.state != "deleted"), key=order)
    held = [one for one in there if one.hold]
    if held:
        table = pd.DataFrame(
            {
                "artifact": [one.artifact for one in held],
                "reason": [one.hold_reason or None for one in held],
                "by": [one.held_by or None for one in held],
                "size": [one.size for one in held],
                "status": [one.state for one in held],
            }
        )
        ticked = ticks.rows(
            "retention-held",
            [one.artifact for one in held],
            table,
            mode="multi-row",
            height=shown.grid_height(len(table), 320),
            column_config={"size": st.column_config.NumberColumn(format="bytes", width=85)},
            placeholder="",
            alt="Versions on hold",
        )
        picked = [held[row].artifact for row in ticked]
        label = f"Release {count(len(picked), 'version')}" if picked else "Release"
        disabled = not (picked and context.may("hold"))
        if st.button(label, key="retention-release", disabled=disabled, icon=":material/lock_open:"):
            _decide(lambda: desk.release(context.registry, picked, context.who))
    else:
        st.caption("Nothing is on hold. What is on hold is never deleted, whatever the rules say.")
    if context.may("hold"):
        free = [one.artifact for one in there if not one.hold and one.row]
        address.keep_valid("retention-hold-artifacts", free)
        with st.form("retention-hold-form", clear_on_submit=False):
            st.markdown("## Put on hold")
            chosen = st.multiselect(
                "Artifact versions", free, key="retention-hold-artifacts", placeholder="Choose versions"
            )
            why = st.text_input("Reason", key="retention-hold-reason", placeholder="Audit of 2027")
            if st.form_submit_button("Hold", key="retention-hold", icon=":material/lock:"):
                _decide(lambda: desk.hold(context.registry, chosen, why, context.who))
    say.still_failed(HOLDS)


def _decide(act: Callable[[], Decided]) -> None:
    say.forget_failed(HOLDS)
    try:
        decided = act()
    except TrackerError as error:
        say.keep_failed(HOLDS, error, ["retention-hold-artifacts", "retention-hold-reason"])
        return
    editing.done(decided.report)
    st.rerun()


# -- by hand ------------------------------------------------------------------------------------------------------


def by_hand(context: Context, inventory: Inventory) -> None:
    """Choose versions and an act, see the plan, agree."""
    asked = st.session_state.get(PLAN)
    if isinstance(asked, _Asked) and asked.path == context.place.path:
        _agree(asked)
        return
    if not any(context.may(ACT_OF.get(action, action)) for action in ACTIONS):
        st.caption("Moving and deleting artifacts takes a manager.")
        return
    there = sorted((one for one in inventory.versions.values() if one.state in ("stored", "archived")), key=order)
    names = [one.artifact for one in there]
    address.keep_valid("retention-hand-artifacts", names)
    with st.form("retention-hand-form"):
        chosen = st.multiselect(
            "Artifact versions", names, key="retention-hand-artifacts", placeholder="Choose versions"
        )
        left, right = st.columns(2)
        action = str(left.selectbox("Act", list(ACTIONS), format_func=ACTIONS.__getitem__, key="retention-hand-act"))
        to = right.text_input(
            "Store, for a move",
            key="retention-hand-store",
            placeholder="s3://bucket/team",
            help="A folder or an address; blank for the folder beside the workbook.",
        )
        why = st.text_input("Reason", key="retention-hand-reason", placeholder="Superseded by v4")
        wanted = st.form_submit_button("Show what will happen", key="retention-hand-plan", icon=":material/visibility:")
    if wanted:
        _ask(context, action, chosen, why, to)
    say.still_failed(PLAN)


def _ask(context: Context, action: str, chosen: Sequence[str], why: str, to: str) -> None:
    registry, who = context.registry, context.who
    say.forget_failed(PLAN)
    try:
        plan = desk.chosen_plan(registry, action, chosen, why, who, to)
    except TrackerError as error:
        say.keep_failed(PLAN, error, [f"retention-hand-{name}" for name in ("artifacts", "act", "store", "reason")])
        return
    st.session_state[PLAN] = _Asked(
        context.place.path,
        plan,
        lambda: desk.do_chosen(registry, action, chosen, why, who, to=to, agreed=plan),
    )
    st.rerun()


def _agree(asked: _Asked) -> None:
    plan = asked.plan
    with st.container(border=True, key="retention-plan-shown"):
        frees = f", {shown.size(plan.freed)} become free once purged" if plan.freed else ""
        st.markdown(f"**{count(len(plan.items), 'version')}, {shown.size(plan.size)}{frees}**")
        rows = [(item.artifact, item.action, item.size, item.reason) for item in plan.items]
        rows += [(one.artifact, "stays", one.size, "; ".join(one.reasons)) for one in plan.exempt]
        st.dataframe(
            pd.DataFrame(rows, columns=["artifact", "act", "size", "because"]),
            hide_index=True,
            height=shown.grid_height(len(rows), 320),
            column_config={"size": st.column_config.NumberColumn(format="bytes", width=85)},
            alt="What will happen",
        )
        with st.container(horizontal=True):
            agreed = st.button("Do it", key="retention-agree", type="primary", disabled=not plan.items)
            dropped = st.button("Cancel", key="retention-cancel")
        if agreed:
            st.session_state.pop(PLAN)
            carry_out(asked.carry_out)
    if dropped:
        st.session_state.pop(PLAN)
        st.rerun()
