"""Changing the procedure on a page: an item edited or added, and the list of a template added."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import streamlit as st

from tracker.checklist import words
from tracker.checklist.applies import parse_applies
from tracker.checklist.rule_text import parse_rule
from tracker.deciding.edits import add_row, edit_row
from tracker.deciding.procedure import add_items, adding
from tracker.errors import TrackerError
from tracker.reading.registry import templates
from tracker.schema import SOP
from tracker.web.common import drafts, say, shown
from tracker.web.common.context import Context
from tracker.web.common.editing import done
from tracker.web.common.shown import plain
from tracker.web.entering import start
from tracker.web.procedure import sop_acts

LEVELS = ("must", "should")
FIELDS = ("level", "rule", "applies_to", "owner", "source", "version", "next_review")
FORM = ("level", "rule", "applies", "source", "owner", "version", "review")
"""The fields of the form for them."""
TYPED = ("rule", "applies", "source")
"""Those into which one types more than a word."""
RULE_HELP = """What proves the item, without anybody's tick:

- `artifact category=model`, `input artifact kind="data set"`
- `every artifact has retention_class`
- `param seed`, `metric auc >= 0.9`, `tag team=risk`
- `column goal >= 20 characters`
- `git commit`, `git clean`, `approval role=manager`
- `registered stage=staging`, `rollback`
- joined with `and`, `or`

Blank: somebody ticks it.
"""
APPLIES_HELP = "`churn*`, `tag:team=risk`, `stage:production`, separated by commas. Blank: every run."


def edit(context: Context, item: Any, row: Mapping[str, Any]) -> None:
    """The form of one item."""
    with st.container(border=True, key="sop-panel"):
        st.markdown(f"## {plain(item.name)}")
        st.caption(f"Asked of {plain(words.scope(item.applies))}. Proved when {plain(words.proof(item))}.")
        if not context.may("sop"):
            return
        seen = {name: row.get(name) for name in FIELDS if name in row}
        form = f"sop:{item.name}"
        values = _fields(form, seen)
        if values is not None:
            _save(context, form, item.name, values, seen)
        say.still_failed(form)
        drafts.show(context, form, [f"{form}-{field}" for field in TYPED])
        sop_acts.of_item(context, item.name)


def add(context: Context) -> None:
    """Two ways to add: an item, or a ready-made list; for those who may."""
    if not context.may("sop"):
        st.caption("A manager changes the procedure.")
        return
    own, listed = st.columns(2, gap="medium")
    with own.expander("Add an item", icon=":material/add:", key="sop-add"):
        name = st.text_input("Item", key="sop-new-name", placeholder="What a run must have", persist_state="page")
        values = _fields("sop-new", {})
        if values is not None:
            _save(context, "sop-new", name.strip(), values, {})
        say.still_failed("sop-new")
        drafts.show(context, "sop-new", ["sop-new-name", *(f"sop-new-{field}" for field in TYPED)])
    with listed.expander("Add a ready-made list", icon=":material/playlist_add:", key="sop-add-list"):
        _add_list(context)


def _fields(key: str, seen: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was typed for each column when it is saved, else None."""
    with st.form(f"{key}-form", border=False):
        left, right = st.columns([1, 3])
        level = left.segmented_control(
            "Level", LEVELS, default=seen.get("level") if seen.get("level") in LEVELS else "should", key=f"{key}-level"
        )
        rule = right.text_input("Rule", value=seen.get("rule") or "", key=f"{key}-rule", help=RULE_HELP)
        left, right = st.columns(2)
        applies = left.text_input(
            "Holds for", value=seen.get("applies_to") or "", key=f"{key}-applies", help=APPLIES_HELP
        )
        source = right.text_input("Source", value=seen.get("source") or "", key=f"{key}-source")
        left, middle, right = st.columns(3)
        owner = left.text_input("Owner", value=seen.get("owner") or "", key=f"{key}-owner")
        version = middle.text_input("Version", value=shown.exact_or_blank(seen.get("version")), key=f"{key}-version")
        review = right.date_input("Next review", value=seen.get("next_review"), key=f"{key}-review")
        if not st.form_submit_button("Save", type="primary", key=f"{key}-save"):
            return None
    day = datetime(review.year, review.month, review.day) if isinstance(review, date) else None
    values = {
        "level": level, "rule": rule, "applies_to": applies, "owner": owner, "source": source, "version": version,
        "next_review": day,
    }  # fmt: skip
    return {name: value or None for name, value in values.items()}


def _save(context: Context, form: str, name: str, values: dict[str, Any], seen: Mapping[str, Any]) -> None:
    say.forget_failed(form)
    fields = [f"{form}-{field}" for field in FORM] + ([] if seen else ["sop-new-name"])
    if not name:
        say.keep_failed(form, "Give the item a name: what must a run have?", fields)
        return
    there = set(seen) or set(context.table(SOP.name).columns)
    changed = {
        column: value
        for column, value in values.items()
        if column in there and shown.exact_or_blank(value) != shown.exact_or_blank(seen.get(column))
    }
    if seen and not changed:
        return
    try:
        parse_rule(str(values["rule"])) if values["rule"] else None
        parse_applies(str(values["applies_to"] or ""))
        if seen:
            report = edit_row(context.registry, SOP.name, (name,), changed, seen, context.who)
        else:
            report = add_row(context.registry, SOP.name, (name,), changed, context.who)
    except TrackerError as error:
        say.keep_failed(form, error, fields)
        return
    drafts.forget(form)
    if not seen:
        for field in fields:
            st.session_state.pop(field, None)
    done(report)
    st.rerun()


def _add_list(context: Context) -> None:
    known = sorted(templates())
    template = st.selectbox(
        "List",
        known,
        index=None,
        format_func=lambda name: start.ABOUT_TEMPLATES.get(name, name),
        key="sop-list",
        placeholder="Choose one",
        persist_state="page",
    )
    if template is None:
        st.caption("What is there already stays as it is.")
        return
    try:
        plan = adding(context.registry, template, context.who)
        added = plan.facts["added"]
        st.markdown(plain(f"{plan.what[0].upper()}{plan.what[1:]}."))
        with st.expander(f"The {len(added)} items") if added else st.container():
            for item in added:
                st.markdown(f"- {plain(item)}")
        if added and st.button("Add them", type="primary", key="sop-list-add"):
            done(add_items(context.registry, template, context.who, plan).report)
            st.rerun()
    except TrackerError as error:
        say.failed(error)
