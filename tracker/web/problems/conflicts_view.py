"""Conflicts side by side: the value that stands, the one that was not written, and a button for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from tracker.deciding.resolving import Choice, plan_settling, settle
from tracker.errors import TrackerError
from tracker.history.origin import Origin
from tracker.reading import roles
from tracker.reading.conflicts import OpenConflict
from tracker.schema import TABLES
from tracker.values import from_cell
from tracker.web.common import changes, editing, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import code, count, plain
from tracker.web.reading import data

AT_ONCE = 8
"""How many are shown on one page of the list."""
MOST_TEXT = 300
REFUSED = "conflicts-refused"
"""Where the session keeps why the last decision was not carried out."""
UNKNOWN = Origin()


def show(context: Context, conflicts: Sequence[OpenConflict], text: str = "") -> None:
    """All open conflicts, in which a text occurs if one is given."""
    path, error = st.session_state.get(REFUSED, (None, None))
    if isinstance(error, TrackerError) and path == context.place.path:
        say.failed(error, "Nothing was changed.")
        st.button("Dismiss", key="conflicts-dismiss", on_click=_dismiss)
    found = [one for one in conflicts if _says(one, text)]
    if not found:
        return
    names = _run_names(context, found)
    with st.container(border=True, key="conflicts"):
        st.markdown(f"## {count(len(found), 'conflict')}: two values for one cell")
        st.caption(
            "A script met a value of a person's, or two people changed the same cell. Nothing was overwritten: "
            "say which value is right. Either choice stands in the history, and can be taken back there."
        )
        page = 1
        if len(found) > AT_ONCE:
            _bulk(context, found)
            page = st.pagination(-(-len(found) // AT_ONCE), key="conflicts-page")
        listed = found[(page - 1) * AT_ONCE : page * AT_ONCE]
        origins = data.origins(
            context.place.path, context.stamp, tuple((_cell(one), one.conflict.kept) for one in listed)
        )
        programs = data.programs(
            context.place.path, context.stamp, tuple(one.number.partition(".")[0] for one in listed)
        )
        for one in listed:
            _draw(context, one, names, origins.get(_cell(one), UNKNOWN), programs[one.number.partition(".")[0]])


def _draw(context: Context, one: OpenConflict, names: Mapping[str, str], kept: Origin, program: str) -> None:
    conflict = one.conflict
    name = names.get(conflict.key[0], "") if conflict.table in ("runs", "checklist", "lineage") else ""
    of = f"**{plain(shown.cut(name, 60))}** " if name else ""
    with st.container(border=True, gap="xsmall", key=f"conflict-{one.number.replace('.', '-')}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(conflict.column)}** of {of}{code(' '.join(conflict.key))}", width="content")
            st.space("stretch")
            st.caption(f"{code(f'{one.sheet}!{one.cell}')} conflict {one.number}", width="content")
        left, right = st.columns(2, gap="medium")
        with left:
            _side(context, one, "keep", one.conflict.kept, kept)
        with right:
            _side(context, one, "take", one.conflict.dropped, Origin(conflict.who, conflict.time, program))


def _side(context: Context, one: OpenConflict, choice: Choice, cell: Any, origin: Origin) -> None:
    """One of the two values, who wrote it, and the button that decides for it."""
    value = _read(one, cell)
    title = "Stands in the workbook" if choice == "keep" else "Was not written"
    text = "*blank*" if shown.is_blank(value) else f"**{plain(shown.cut(shown.exact(value), MOST_TEXT))}**"
    moment = datetime.fromtimestamp(origin.time, UTC) if origin.time else None
    parts = [
        plain(origin.who) if origin.who else "",
        f"with {plain(_program(origin.program))}" if origin.program else "",
        shown.ago(moment, context.now) if moment else "",
    ]
    said = " · ".join(part for part in parts if part) or "nobody noted who wrote it"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f":small[{title}]  \n{text}")
            st.caption(said, help=shown.exact_time(moment) if moment else None)
        if choice == "take" and one.is_formula:
            st.caption("A formula computes this cell; it stays.", width=150)
        else:
            _button(context, one, choice)


def _button(context: Context, one: OpenConflict, choice: Choice) -> None:
    label, icon = ("Keep", ":material/check:") if choice == "keep" else ("Take", ":material/swap_horiz:")
    acts = roles.acts_of_edit(one.conflict.table, [one.conflict.column])
    allowed = all(context.may(act) for act in acts)
    st.button(
        label,
        key=f"{choice}-{one.number.replace('.', '-')}",
        icon=icon,
        disabled=not allowed,
        help=None if allowed else f"Your role is {context.role}; this takes a higher one.",
        on_click=_settle,
        args=(context, [one], choice),
    )


def _bulk(context: Context, found: Sequence[OpenConflict]) -> None:
    """All that are listed, decided in one way."""
    with st.container(horizontal=True):
        for choice, label in (("keep", "Keep all that stand …"), ("take", "Take all that were not written …")):
            chosen = [one for one in found if choice == "keep" or not one.is_formula]
            acts = roles.acts_of_edit
            allowed = all(context.may(act) for one in chosen for act in acts(one.conflict.table, [one.conflict.column]))
            with st.popover(label, disabled=not allowed or not chosen, key=f"conflicts-{choice}-all"):
                st.markdown(f"This settles **{count(len(chosen), 'conflict')}** in one way.")
                st.button(
                    "Do it", key=f"conflicts-{choice}-all-do", type="primary", on_click=_settle,
                    args=(context, chosen, choice),
                )  # fmt: skip


def _settle(context: Context, conflicts: Sequence[OpenConflict], choice: Choice) -> None:
    """Decide on what the person saw: a callback is given what the page had drawn."""
    _dismiss()
    try:
        agreed = plan_settling(conflicts, choice, context.who, context.now.timestamp())
        numbers = [one.number for one in conflicts]
        editing.done(settle(context.registry, numbers, choice, context.who, agreed).report)
    except TrackerError as error:
        st.session_state[REFUSED] = (context.place.path, error)


def _dismiss() -> None:
    st.session_state.pop(REFUSED, None)


# -- words --------------------------------------------------------------------------------------------------------


def _cell(one: OpenConflict) -> tuple[str, tuple[str, ...], str]:
    return one.conflict.table, one.conflict.key, one.conflict.column


def _read(one: OpenConflict, value: Any) -> Any:
    table = TABLES.get(one.conflict.table)
    return from_cell(value, table.kind(one.conflict.column)) if table else value


def _program(program: str) -> str:
    return {"person": "Tracker", "script": "a script"}.get(program, changes.brief(program))


def _says(one: OpenConflict, text: str) -> bool:
    words = (one.number, one.place, one.sheet, one.cell, one.conflict.who, one.conflict.kept, one.conflict.dropped)
    return text.strip().casefold() in " ".join(map(str, words)).casefold()


def _run_names(context: Context, found: Sequence[OpenConflict]) -> dict[str, str]:
    ids = {one.conflict.key[0] for one in found}
    runs = context.runs()
    runs = runs[runs["run_id"].isin(ids)]
    return {run_id: name for run_id, name in zip(runs["run_id"], runs["name"], strict=True) if name}
