"""Who may do what, on a page: the people and their roles, and what the person at the page may do."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from tracker.deciding import people as deciding
from tracker.deciding.rows import cells_of
from tracker.errors import TrackerError
from tracker.reading.roles import ACTS, may
from tracker.schema import ROLES
from tracker.web.common import say, shown
from tracker.web.common.context import Context
from tracker.web.common.editing import done
from tracker.web.common.shown import plain

MEANING = {
    "viewer": "looks at everything, changes nothing",
    "contributor": "logs, writes notes, ticks items, registers and promotes up to staging",
    "manager": "decides: production, deletion, holds, the procedure, settings, people",
}
TAKE_AWAY = "no role"
FORM = "people"
"""As :func:`tracker.web.common.say.keep_failed` names it."""


def show(context: Context) -> None:
    """The people, a form to change one, and what each role may do."""
    found = deciding.people(context.registry)
    st.markdown(f"You are {shown.code(context.who)}, a **{context.role}**: {MEANING[context.role]}.")
    if found:
        table = pd.DataFrame(
            {
                "person": [one.name for one in found],
                "role": [one.role for one in found],
                "": [_remark(one) or None for one in found],
                "notes": [one.notes or None for one in found],
            }
        )
        st.dataframe(
            table[[name for name in table.columns if table[name].notna().any()]],
            key="people-list",
            hide_index=True,
            height=shown.grid_height(len(table), 390),
            placeholder="",
            alt="People and their roles",
        )
    else:
        st.info(
            "Nobody is named yet, so everybody who opens the registry may do everything. Begin with yourself as a "
            "manager: from then on, who is not named only looks on.",
            icon=":material/group:",
        )
    if context.may("people"):
        _form(context, found)
    else:
        st.caption("A manager changes who has which role.")
    _acts(context)


def _remark(person: deciding.Person) -> str:
    """Where the cell says something else than the role that counts."""
    if person.said.casefold() == person.role:
        return ""
    return f"'{person.said}' is no role" if person.said else "no role is given"


def _form(context: Context, found: list[deciding.Person]) -> None:
    """Give somebody a role: what will be so is said before it is done."""
    with st.container(border=True, key="people-panel"):
        left, right = st.columns([3, 2])
        name = left.selectbox(
            "Person",
            [one.name for one in found],
            index=None,
            accept_new_options=True,
            key="people-name",
            placeholder="Login name or e-mail address",
            persist_state="page",
        )
        role = right.selectbox("Role", [*ROLES, TAKE_AWAY], index=None, key="people-role", persist_state="page")
        if not name or not role:
            st.caption(" · ".join(f"**{role}** {about}" for role, about in MEANING.items()))
            return
        wanted = {name: "" if role == TAKE_AWAY else role}
        try:
            plan = deciding.plan_roles(cells_of(context.place.folders, "people"), wanted, context.who, time.time())
            st.markdown(plain(f"{plan.what}."))
        except TrackerError as error:
            say.failed(error)
            return
        if plan.changes and st.button("Save", type="primary", key="people-save"):
            say.forget_failed(FORM)
            try:
                done(deciding.set_roles(context.registry, wanted, context.who, plan).report)
            except TrackerError as error:
                say.keep_failed(FORM, error, ["people-name", "people-role"])
            else:
                st.rerun()
        say.still_failed(FORM)


def _acts(context: Context) -> None:
    with st.expander("What each role may do", icon=":material/badge:", key="people-acts"):
        rows = [
            {"to": act.what, **{role: "✓" if may(role, name) else None for role in ROLES}} for name, act in ACTS.items()
        ]
        st.dataframe(
            pd.DataFrame(rows),
            key="people-roles",
            hide_index=True,
            placeholder="",
            height=420,
            column_config={"to": st.column_config.TextColumn(width=520)},
            alt="What each role may do",
        )
