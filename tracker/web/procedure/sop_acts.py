"""An item of the procedure renamed, taken out or brought back on a page: what follows from it, then the agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from tracker.deciding.decision import Decision
from tracker.deciding.edits import edit_row
from tracker.deciding.procedure import rename, renaming, retire, retiring
from tracker.errors import TrackerError
from tracker.schema import RETIRED, SOP
from tracker.web.common import editing, say
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain

PLAN, FORM, NAME = "sop-act-plan", "sop-act", "sop-act-name"
"""In the session: what a person asked for and has not agreed to yet, the name of what may go wrong with it, and the
field for an item's new name."""
LIST = "sop-items"
"""The list of the items, in which one is picked by its place."""
Act = Literal["rename", "retire"]


def of_item(context: Context, item: str) -> None:
    """The ways to rename an item or to take it out, for those who may change the procedure."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Another name", key=f"{NAME}:{item}", placeholder=item)
        st.button(
            "Rename …", key="sop-act-rename", icon=":material/edit:", on_click=_plan, args=(context, "rename", item)
        )
        st.button(
            "Take out …",
            key="sop-act-retire",
            icon=":material/playlist_remove:",
            on_click=_plan,
            args=(context, "retire", item),
            help="No run is asked for it any more. You see first what follows.",
        )
    say.still_failed(FORM)
    held = st.session_state.get(PLAN)
    if held is not None and held[:2] == (context.place.path, item):
        _agree(context, item, *held[2:])


def retired(context: Context, rows: Sequence[Mapping[str, Any]]) -> None:
    """The items that were taken out, and the way back."""
    names = [str(row["item"]) for row in rows]
    if not names:
        return
    with st.expander(f"Taken out of the procedure ({len(names)})", icon=":material/inventory_2:"):
        for name in names:
            st.markdown(f"- {plain(name)}")
        if not context.may("sop"):
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox("Item", names, index=None, key="sop-back-item", placeholder="Choose one to bring back")
            for level in SOP.column("level").choices[:2]:  # type: ignore[union-attr]
                st.button(
                    f"Bring back as a {level}", key=f"sop-back-{level}", on_click=_bring_back, args=(context, level)
                )
        say.still_failed("sop-back")


def _agree(context: Context, item: str, act: Act, plan: Decision) -> None:
    with st.container(border=True, key="sop-act-shown"):
        st.markdown(f"**{plain(plan.what)}**")
        st.markdown(plain(_follows(act, plan)))
        with st.container(horizontal=True):
            label = "Rename it" if act == "rename" else "Take it out"
            st.button(label, key="sop-act-agree", type="primary", on_click=_carry_out, args=(context, item, act, plan))
            st.button("Cancel", key="sop-act-cancel", on_click=_drop)


def _follows(act: Act, plan: Decision) -> str:
    """What becomes of the sheet and of earlier judgements."""
    if act == "rename":
        moved = plan.facts["moved"]
        along = (
            f"What {count(moved, 'run')} have of it, with who decided it, when and why, moves along. " if moved else ""
        )
        return (
            f"{along}Rows of the workbook are not deleted: the old name stays in the sheets, retired and not "
            "applicable, and the item stands at the end of the sheet. It can be taken back on the History page."
        )
    judged = plan.facts["judged"]
    kept = (
        f"{count(judged, 'run')} were judged by it and keep that, until somebody has them judged by the procedure of "
        "today: then it is not applicable to them; what people ticked or waived stays. "
        if judged
        else ""
    )
    return (
        f"No run is asked for it from now on, and no gate waits for it. {kept}Its row stays in the sheet with the "
        f"level {RETIRED}; it can be brought back below."
    )


def _plan(context: Context, act: Act, item: str) -> None:
    _drop()
    field = f"{NAME}:{item}"
    try:
        if act == "rename":
            plan = renaming(context.registry, item, st.session_state.get(field) or "", context.who)
        else:
            plan = retiring(context.registry, item, context.who)
    except TrackerError as error:
        say.keep_failed(FORM, error, [field])
        return
    st.session_state[PLAN] = (context.place.path, item, act, plan)


def _carry_out(context: Context, item: str, act: Act, plan: Decision) -> None:
    _drop()
    try:
        if act == "rename":
            done = rename(context.registry, item, plan.facts["name"], context.who, plan)
        else:
            done = retire(context.registry, item, context.who, plan)
    except TrackerError as error:
        say.keep_failed(FORM, error, [f"{NAME}:{item}"])
        return
    editing.done(done.report)


def _bring_back(context: Context, level: str) -> None:
    say.forget_failed("sop-back")
    item = st.session_state.get("sop-back-item")
    if not item:
        say.keep_failed("sop-back", "Choose the item.", ["sop-back-item"])
        return
    try:
        done = edit_row(context.registry, SOP.name, (item,), {"level": level}, {"level": RETIRED}, context.who)
    except TrackerError as error:
        say.keep_failed("sop-back", error, ["sop-back-item"])
        return
    st.session_state.pop("sop-back-item", None)
    editing.done(done)


def _drop() -> None:
    st.session_state.pop(PLAN, None)
    say.forget_failed(FORM)
