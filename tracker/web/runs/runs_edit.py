"""One edit of all runs that are selected: tag, status, note; and their way into the archive, shown first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from tracker.deciding import bulk
from tracker.errors import TrackerError, ValueChangedError
from tracker.schema import MOVED_TO, RUN_STATUS
from tracker.web.common import editing, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count
from tracker.web.reading import columns
from tracker.web.runs import archive_form, picking

SEEN, CONFLICT = "bulk-seen", "bulk-conflict"
"""In the session: the runs as the person saw them, and what somebody else changed meanwhile."""
FIELDS = ("bulk-tag", "bulk-value", "bulk-status", "bulk-note")


def show(context: Context, runs: pd.DataFrame, picked: Sequence[str]) -> None:
    """The content of the popover."""
    chosen = runs[runs["run_id"].isin(picked)]
    tags = [name for name in map(str, runs.columns) if name.startswith("tags.")]
    st.session_state[SEEN] = chosen[["run_id", "status", "notes", *tags]]
    with st.form("bulk-form", border=False):
        st.markdown(f"## Edit {count(len(chosen), 'run')} at once")
        left, right = st.columns(2)
        left.selectbox(
            "Tag",
            [columns.short(name) for name in tags if name != MOVED_TO],
            index=None,
            key="bulk-tag",
            accept_new_options=True,
            placeholder="choose or type one",
        )
        right.text_input("its value", key="bulk-value", placeholder="empty takes the tag away")
        st.selectbox("Status", list(RUN_STATUS), index=None, key="bulk-status", placeholder="as it is")
        st.text_area("Add to the notes", key="bulk-note", height=80)
        st.form_submit_button(
            f"Change {count(len(chosen), 'run')}", type="primary", key="bulk-save", on_click=_save, args=(context,)
        )
    if context.may("archive-runs"):
        archive_form.offer(context, list(chosen["run_id"]))


def outcome(context: Context) -> None:
    """Above the grid: what went wrong with an edit, or what somebody else changed meanwhile."""
    say.still_failed("bulk")
    conflict = st.session_state.get(CONFLICT)
    if conflict is not None:
        _decide(context, *conflict)
    archive_form.agree(context)


def asked(seen: pd.DataFrame, tag: str, value: str, status: str | None, note: str) -> tuple[bulk.Values, bulk.Values]:
    """What the fields of the form ask for, and what the person saw in those cells: by run, then by column."""
    name = f"tags.{tag.strip()}" if tag.strip() else ""
    wanted = [column for column, given in ((name, name), ("status", status), ("notes", note.strip())) if given]
    values: dict[str, dict[str, Any]] = {}
    before: dict[str, dict[str, Any]] = {}
    for row in seen.to_dict("records"):
        run_id = str(row["run_id"])
        before[run_id] = {column: None if shown.is_blank(row.get(column)) else row.get(column) for column in wanted}
        values[run_id] = {
            column: {"status": status, "notes": bulk.added_to_note(before[run_id].get("notes"), note.strip())}.get(
                column, value.strip() or None
            )
            for column in wanted
        }
    return values, before


def _save(context: Context) -> None:
    fields = [st.session_state.get(key) or "" for key in FIELDS]
    values, seen = asked(st.session_state[SEEN], fields[0], fields[1], fields[2] or None, fields[3])
    if any(values.values()):
        _write(context, values, seen)


def _write(context: Context, values: bulk.Values, seen: bulk.Values) -> None:
    st.session_state.pop(CONFLICT, None)
    say.forget_failed("bulk")
    try:
        done = bulk.edit_runs(context.registry, values, seen, context.who)
    except ValueChangedError as error:
        found = bulk.planned(context.registry, values, seen, context.who)
        if found.changed:
            st.session_state[CONFLICT] = (values, seen, found)
        else:
            say.keep_failed("bulk", error, (*FIELDS, picking.PICKED))
        return
    except TrackerError as error:
        say.keep_failed("bulk", error, (*FIELDS, picking.PICKED))
        return
    for key in FIELDS:
        st.session_state.pop(key, None)
    editing.done(done.report)


def _decide(context: Context, values: bulk.Values, seen: bulk.Values, found: bulk.BulkPlan) -> None:
    """Cells that somebody changed meanwhile: what was seen, what is there, what was meant, and the decision."""
    with st.container(border=True, key="bulk-conflict-box"):
        st.warning(
            f"{count(len(found.changed), 'cell')} changed since you saw them. Nothing was written.",
            icon=":material/sync_problem:",
        )
        st.dataframe(
            [_line(one, values) for one in found.changed[:100]], hide_index=True, placeholder="", alt="Changed cells"
        )
        with st.container(horizontal=True):
            left = sum(map(len, values.values())) - len(found.changed)
            st.button(
                "Leave those, change the rest",
                key="bulk-theirs",
                on_click=_settle,
                args=(context, values, seen, found, False),
                disabled=not left,
            )
            st.button(
                "Write mine there, too", key="bulk-mine", on_click=_settle, args=(context, values, seen, found, True)
            )
            st.button("Cancel", key="bulk-cancel", type="tertiary", on_click=st.session_state.pop, args=(CONFLICT,))


def _line(one: bulk.Changed, values: bulk.Values) -> Mapping[str, str]:
    return {
        "run": shown.cut(one.name or one.run_id, 80),
        "column": columns.short(one.column),
        "you saw": shown.exact_or_blank(one.seen),
        "it is now": shown.exact_or_blank(one.current),
        "you want": shown.exact_or_blank(values[one.run_id][one.column]),
    }


def _settle(context: Context, values: bulk.Values, seen: bulk.Values, found: bulk.BulkPlan, overwrite: bool) -> None:
    kept, current = bulk.settled(values, found.changed, overwrite=overwrite)
    now = {run_id: {**seen.get(run_id, {}), **current.get(run_id, {})} for run_id in kept}
    _write(context, kept, now)
