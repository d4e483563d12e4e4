"""Many checklist items decided at once on a page: what is meant, then what would be set, then the agreement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

import streamlit as st

from tracker.deciding.decision import Decision
from tracker.deciding.ticking import DECIDED, Wanted, tick_many, ticking
from tracker.errors import TrackerError
from tracker.web.common import editing, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.procedure import matrix

PLAN = "checklist-bulk-plan"
"""In the session: what a person asked for and has not agreed to yet."""
LISTED = 200
Places = tuple[tuple[str, str], ...]
"""Items of runs, each by the id of the run and the name of the item."""


def of_places(context: Context, places: Places) -> None:
    """The form for items that were picked one by one."""
    runs = len({run_id for run_id, _ in places})
    with st.container(border=True, key="checklist-bulk-panel"):
        st.markdown(f"## {count(len(places), 'item')} of {count(runs, 'run')}")
        _form(context, "checklist-bulk", places)


def of_item(
    context: Context, items: Sequence[matrix.Item], total: int, asked_of: Callable[[matrix.Item], list[str]]
) -> None:
    """The form for one item of all runs that were found, also on other pages of the matrix.

    Args:
        total: how many runs were found.
        asked_of: the ids of those of which an item is asked.
    """
    with st.expander(f"Decide one item of {count(total, 'run')}", icon=":material/checklist:"):
        by_name = {item.name: item for item in items}
        name = st.selectbox("Item", list(by_name), index=None, key="checklist-of-all-item", placeholder="Choose one")
        if name is None:
            st.caption("All runs that the choice above finds, also those on other pages. You see first what changes.")
        else:
            _form(context, f"checklist-of-all:{name}", tuple((run_id, name) for run_id in asked_of(by_name[name])))


def _agree(context: Context, key: str) -> None:
    """The plan that was asked for, and the ways to go on; or what went wrong."""
    say.still_failed(key)
    held = st.session_state.get(PLAN)
    if held is None or held[:2] != (context.place.path, key):
        return
    wanted, plan = held[2:]
    ticked = plan.facts["ticked"]
    with st.container(border=True, key="checklist-bulk-shown"):
        st.markdown(f"**{plain(plan.what)}**" if ticked else "**Nothing would change.**")
        said = [f"Why: {wanted.why}" if wanted.why else "", f"Evidence: {wanted.evidence}" if wanted.evidence else ""]
        said += [f"Until {wanted.until:%Y-%m-%d}" if wanted.until else ""]
        if already := plan.facts["already"]:
            said.append(f"{count(already, 'item')} already {wanted.status}")
        if decided := plan.facts["decided"]:
            said.append(f"{count(decided, 'item')} decided otherwise, and left as they are")
        st.caption(plain(" · ".join(part for part in said if part)))
        if ticked:
            lines = [
                {
                    "run": one.name or one.run_id,
                    "item": one.item,
                    "is": one.was or matrix.UNRECORDED,
                    "becomes": wanted.status,
                }
                for one in ticked[:LISTED]
            ]
            st.dataframe(lines, hide_index=True, placeholder="", height=shown.grid_height(len(lines), 300), alt="Plan")
            if len(ticked) > LISTED:
                st.caption(f"The first {LISTED} of {len(ticked):,}.")
        with st.container(horizontal=True):
            if ticked:
                st.button(
                    f"Set {count(len(ticked), 'item')}",
                    key="checklist-bulk-agree",
                    type="primary",
                    on_click=_carry_out,
                    args=(context, key, wanted, plan),
                )
            st.button("Cancel", key="checklist-bulk-cancel", on_click=_drop, args=(key,))


def _form(context: Context, key: str, places: Places) -> None:
    with st.form(f"{key}-form", border=False):
        st.segmented_control("Status", DECIDED, format_func=shown.check, key=f"{key}-status")
        st.text_input("Evidence", key=f"{key}-evidence")
        left, right = st.columns([3, 1])
        left.text_input("Why, for a waiver", key=f"{key}-why")
        right.date_input("Until", value=None, key=f"{key}-until", help="The last day of a waiver; blank: for good.")
        st.checkbox(
            "Also what is decided otherwise",
            key=f"{key}-decided",
            help="Without it only what is missing or not checked is set; what is done, waived or not applicable stays.",
        )
        st.form_submit_button("Show what changes", type="primary", on_click=_plan, args=(context, key, places))
    _agree(context, key)


def _plan(context: Context, key: str, places: Places) -> None:
    _drop(key)
    state = st.session_state
    status, until = state.get(f"{key}-status"), state.get(f"{key}-until")
    if not status:
        say.keep_failed(key, "Choose what the items become.", _fields(key))
        return
    wanted = Wanted(
        places,
        status,
        state.get(f"{key}-why") or "",
        state.get(f"{key}-evidence") or "",
        datetime(until.year, until.month, until.day) if isinstance(until, date) else None,
        bool(state.get(f"{key}-decided")),
    )
    try:
        state[PLAN] = (context.place.path, key, wanted, ticking(context.registry, wanted, context.who))
    except TrackerError as error:
        say.keep_failed(key, error, _fields(key))


def _carry_out(context: Context, key: str, wanted: Wanted, plan: Decision) -> None:
    _drop(key)
    try:
        done = tick_many(context.registry, wanted, context.who, plan)
    except TrackerError as error:
        say.keep_failed(key, error, _fields(key))
        return
    editing.done(done.report)


def _drop(key: str) -> None:
    st.session_state.pop(PLAN, None)
    say.forget_failed(key)


def _fields(key: str) -> list[str]:
    return [f"{key}-{name}" for name in ("status", "evidence", "why", "until", "decided")]
