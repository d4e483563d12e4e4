"""A new row of a table on a page: a run that is planned, an item of the procedure, a class, a person, a setting."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from tracker.deciding.edits import add_row
from tracker.errors import TrackerError
from tracker.ids import new_run_id
from tracker.model import Key
from tracker.reading import roles
from tracker.schema import TABLES, Column
from tracker.web.common import drafts, editing, say
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.sheets import sheet_editor

ADDABLE: dict[str, tuple[str, ...]] = {
    "runs": ("name", "experiment", "owner", "goal", "change", "next_step", "notes"),
    "sop": (),
    "retention": (),
    "people": (),
    "settings": (),
}
"""Tables to which people add rows, and what is asked for; everything that people fill where nothing is named."""
WHAT = {
    "runs": "Plan a run",
    "sop": "Add an item",
    "retention": "Add a class",
    "people": "Add a person",
    "settings": "Add a setting",
}
PLANNED = "PLANNED"


def show(context: Context, table: str) -> None:
    """The button that opens the form, where a person may add rows to this table."""
    acts = roles.acts_of_edit(table, [])
    if table not in ADDABLE or not all(context.may(act) for act in acts):
        return
    with st.popover(WHAT[table], icon=":material/add:", key=f"row-new-{table}"):
        with st.form(f"row-form-{table}", border=False, clear_on_submit=False):
            values = {column.name: _field(table, column) for column in _asked(table)}
            if st.form_submit_button("Add", type="primary", key=f"row-add-{table}"):
                _add(context, table, values)
            say.still_failed(f"row-{table}")
        typed = [column for column in _asked(table) if not column.choices and column.kind != "boolean"]
        drafts.show(context, f"row-{table}", [f"row-{table}-{column.name}" for column in typed])


def _asked(table: str) -> list[Column]:
    declared = TABLES[table]
    names = ADDABLE[table] or tuple(
        column.name for column in declared.columns if column.name in declared.key or column.writer != "script"
    )
    return [column for column in declared.columns if column.name in names]


def _field(table: str, column: Column) -> Any:
    key, label, help = f"row-{table}-{column.name}", plain(column.name), plain(column.help)
    if column.choices:
        return st.selectbox(label, column.choices, index=None, key=key, help=help, placeholder="")
    if column.kind == "boolean":
        return st.checkbox(label, key=key, help=help) or None
    placeholder = "2026-11-24" if column.kind == "datetime" else ""
    return st.text_input(label, key=key, help=help, placeholder=placeholder) or None


def _add(context: Context, table: str, values: dict[str, Any]) -> None:
    declared = TABLES[table]
    key: Key
    if table == "runs":
        key = (new_run_id(time.time()),)
        values = {**values, "status": PLANNED, "owner": values.get("owner") or context.who}
    else:
        key = tuple(str(values.pop(part) or "").strip() for part in declared.key)
    fields = [f"row-{table}-{column.name}" for column in _asked(table)]
    try:
        report = add_row(context.registry, table, key, values, context.who)
    except TrackerError as error:
        say.keep_failed(f"row-{table}", error, fields)
        return
    say.forget_failed(f"row-{table}")
    drafts.forget(f"row-{table}")
    for field in fields:
        st.session_state.pop(field, None)
    held = sheet_editor.held_in(context, table)
    if held is not None:
        held.rest = sheet_editor.unsaved(context, table)
    editing.done(report)
    st.rerun()
