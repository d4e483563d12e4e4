"""What people write about a run: goal, insight, notes, tags and their own columns; shown, and changed in a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from tracker.deciding import edits
from tracker.errors import TrackerError, ValueChangedError
from tracker.schema import RUN_STATUS, RUNS
from tracker.web.common import drafts, say, shown
from tracker.web.common.context import Context
from tracker.web.common.editing import done, same_text, typed
from tracker.web.common.shown import plain
from tracker.web.reading import columns

WORDS = ("goal", "change", "insight", "next_step", "notes")
FACTS = ("name", "experiment", "status", "owner")
FORM = "edit-form"
TITLES = {"next_step": "next step"}


def is_edited(context: Context, run: pd.Series) -> bool:
    """Whether this person is just editing this run."""
    return context.may("edit") and st.session_state.get("editing", {}).get("run_id") == run["run_id"]


def show(context: Context, run: pd.Series) -> None:
    """What people wrote about the run."""
    with st.container(border=True, key="yours"):
        _reading(context, run)


def edit(context: Context, run: pd.Series) -> None:
    """The form in which they change it."""
    with st.container(border=True, key="yours"):
        _form(context, run)


def own_columns(run: pd.Series) -> list[str]:
    """The columns that the team added to the runs table."""
    return [str(name) for name in run.index if columns.group(str(name)) == "yours" and RUNS.column(str(name)) is None]


def tags(run: pd.Series) -> list[str]:
    """The tag columns in which this run has something."""
    return [str(name) for name in run.index if str(name).startswith("tags.") and not shown.is_blank(run[name])]


# -- reading ------------------------------------------------------------------------------------------------------


def _reading(context: Context, run: pd.Series) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("## Notes and tags", width="stretch")
        if context.may("edit") and st.button("Edit", key="edit", icon=":material/edit:"):
            _begin(run)
            st.rerun()
    if held := tags(run):
        with st.container(horizontal=True, gap="small"):
            for tag in held:
                st.badge(f"{plain(columns.short(tag))}: {plain(run[tag])}", color="blue")
    filled = [name for name in (*WORDS, *own_columns(run)) if name in run.index and not shown.is_blank(run[name])]
    for name in filled:
        with st.container(gap="xxsmall"):
            st.caption(plain(TITLES.get(name, name)))
            st.markdown(shown.note(str(run[name])) if RUNS.column(name) else plain(shown.text(run[name])))
    if not filled and not held:
        st.caption(
            "Nothing is written yet: what was the goal, what changed, what did you learn?"
            if context.may("edit")
            else "Nothing is written yet."
        )
    _drafts(context, str(run["run_id"]))


# -- editing ------------------------------------------------------------------------------------------------------


def _begin(run: pd.Series) -> None:
    """Remember what the person sees now: an edit carries it, whatever comes in meanwhile."""
    seen = {str(name): _plain(value) for name, value in run.items()}
    st.session_state["editing"] = {"run_id": str(run["run_id"]), "seen": seen}
    for name in [key for key in st.session_state if str(key).startswith("edit:")]:
        del st.session_state[name]


def _plain(value: Any) -> Any:
    """The value as Python has it; None for a blank."""
    return None if shown.is_blank(value) else value.item() if hasattr(value, "item") else value


def _like(context: Context, name: str, seen: Any) -> Any:
    """A value of the kind that stands in this column."""
    if seen is not None or RUNS.column(name):
        return seen
    others = context.runs()[name].dropna()
    return None if others.empty else _plain(others.iloc[0])


def _form(context: Context, run: pd.Series) -> None:
    seen: dict[str, Any] = st.session_state["editing"]["seen"]
    _conflict(context)
    _drafts(context, str(run["run_id"]))
    with st.form(FORM, border=False):
        st.markdown("## Edit this run")
        entered: dict[str, Any] = {}
        for place, name in zip(st.columns(len(FACTS)), FACTS, strict=True):
            if name == "status":
                choices = list(RUN_STATUS)
                index = choices.index(seen["status"]) if seen["status"] in choices else None
                entered[name] = place.selectbox("status", choices, index=index, key="edit:status")
            else:
                entered[name] = place.text_input(name, value=shown.exact_or_blank(seen[name]), key=f"edit:{name}")
        pairs = st.columns(2)
        for number, name in enumerate(name for name in WORDS if name in run.index):
            wide = name == "notes"
            label, value = TITLES.get(name, name), shown.exact_or_blank(seen.get(name))
            area = st.text_area if wide else pairs[number % 2].text_area
            entered[name] = area(label, value=value, height=140 if wide else 90, key=f"edit:{name}")
        fields = st.columns(4)
        short = [*own_columns(run), *tags(run)]
        for number, name in enumerate(short):
            label = f"tag: {columns.short(name)}" if name.startswith("tags.") else name
            value = shown.exact_or_blank(seen.get(name))
            entered[name] = fields[number % 4].text_input(plain(label), value=value, key=f"edit:{name}")
        tag = fields[len(short) % 4].text_input("new tag", key="edit:new-tag", placeholder="team")
        worth = fields[(len(short) + 1) % 4].text_input("its value", key="edit:new-value", placeholder="risk")
        with st.container(horizontal=True):
            saved = st.form_submit_button("Save", type="primary", key="edit-save")
            dropped = st.form_submit_button("Cancel", key="edit-cancel")
    say.still_failed(FORM)
    if dropped:
        _end()
        st.rerun()
    if saved:
        values = {name: typed(value, _like(context, name, seen.get(name))) for name, value in entered.items()}
        if tag.strip():
            values[f"tags.{tag.strip()}"] = worth
            seen.setdefault(f"tags.{tag.strip()}", None)
        _save(context, {name: value for name, value in values.items() if not same_text(value, seen.get(name))})


def _save(context: Context, values: Mapping[str, Any]) -> None:
    say.forget_failed(FORM)
    editing = st.session_state["editing"]
    if not values:
        _end()
        st.rerun()
    seen = {name: editing["seen"].get(name) for name in values}
    try:
        report = edits.edit_row(context.registry, "runs", (editing["run_id"],), values, seen, context.who)
    except ValueChangedError as error:
        editing["conflict"] = {"column": error.fields["column"], "current": error.fields["current"], "values": values}
        st.rerun()
    except TrackerError as error:
        say.keep_failed(FORM, error)
        st.rerun()
    _end()
    done(report)
    st.rerun()


def _conflict(context: Context) -> None:
    """Somebody changed the same cell meanwhile: both values, and the decision."""
    editing = st.session_state["editing"]
    conflict = editing.get("conflict")
    if not conflict:
        return
    name = str(conflict["column"])
    with st.container(border=True):
        st.warning(f"**{plain(name)}** has changed since you opened it. Nothing was overwritten.")
        left, right = st.columns(2)
        left.caption("it is now")
        left.code(shown.exact_or_blank(conflict["current"]) or "(blank)", language=None, wrap_lines=True)
        right.caption("you wrote")
        right.code(shown.exact_or_blank(conflict["values"].get(name)) or "(blank)", language=None, wrap_lines=True)
        theirs = left.button("Keep what is there", key="conflict-theirs")
        mine = right.button("Write mine", key="conflict-mine", type="primary")
    if theirs or mine:
        editing["seen"][name] = conflict["current"]
        editing.pop("conflict")
        kept = conflict["values"] if mine else {n: v for n, v in conflict["values"].items() if n != name}
        _save(context, kept)


def _drafts(context: Context, run_id: str) -> None:
    closed = "You typed something about this run, and it was not saved. Edit shows it."
    drafts.show(context, f"run {run_id}", [f"edit:{name}" for name in WORDS], closed)


def _end() -> None:
    say.forget_failed(FORM)
    if editing := st.session_state.pop("editing", None):
        drafts.forget(f"run {editing['run_id']}")
