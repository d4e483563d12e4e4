"""Checklist items of one run: the list, and the form in which a person ticks or waives one."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from tracker.deciding import edits
from tracker.errors import TrackerError
from tracker.schema import CHECKLIST_STATUS
from tracker.web.common import say, shown, ticks
from tracker.web.common.context import Context
from tracker.web.common.editing import done
from tracker.web.common.shown import plain
from tracker.web.procedure import matrix

CODE_HINT = "The items are the rows of the sop sheet of the workbook. A team writes there what every run must have."


def of_run(context: Context, run_id: str) -> None:
    """The items of one run, as the Run page shows them."""
    checklist, runs = context.table("checklist"), context.runs()
    cells = runs.loc[runs["run_id"] == run_id].iloc[0].to_dict()
    run = {str(name): value for name, value in cells.items() if not shown.is_blank(value)}
    stages = matrix.stages(context.table("models"), context.table("artifacts")).get(run_id, [])
    recorded = matrix.records(matrix.of_runs(checklist, [run_id]))
    wanted = [
        item
        for item in matrix.items(context.table("sop"), checklist)
        if item.holds_for(run, stages) or (run_id, item.name) in recorded
    ]
    if not wanted:
        say.nothing_yet("No checklist", CODE_HINT)
        return
    rows = []
    for item in wanted:
        record = recorded.get((run_id, item.name), {})
        rows.append(
            {
                "status": matrix.status(record or None, item, run, stages),
                "item": item.name,
                "level": item.level,
                "evidence": record.get("evidence"),
                "who": record.get("who"),
                "why": record.get("why"),
                "rule": item.rule,
            }
        )
    ticked = ticks.rows(
        "run-checklist",
        [f"{run_id} {item.name}" for item in wanted],
        pd.DataFrame(rows),
        placeholder="",
        height=shown.grid_height(len(rows), 460),
        column_config={
            "status": st.column_config.TextColumn(width=125),
            "level": st.column_config.TextColumn(width=70),
        },
        alt="Checklist of this run",
    )
    if ticked:
        item = wanted[ticked[0]]
        form(context, run_id, item, recorded.get((run_id, item.name)), "run-item")
    elif context.may("tick"):
        st.caption("Tick a row to change its status.")


def form(context: Context, run_id: str, item: matrix.Item, record: dict[str, Any] | None, key: str) -> None:
    """Change one item of one run: its status, the evidence, and why."""
    with st.container(border=True, key=f"{key}-panel"):
        st.markdown(f"## {plain(item.name)}")
        about = [
            item.level,
            f"proved by: {item.rule}" if item.rule else "",
            f"owner: {item.owner}" if item.owner else "",
        ]
        st.caption(plain(" · ".join(part for part in about if part)))
        if record is None:
            st.caption("Nobody has recorded this item for this run yet.")
        if not context.may("tick"):
            if record is not None:
                st.caption(plain(f"{shown.check(record['status'])} {shown.exact_or_blank(record['why'])}"))
            return
        known = record or {}
        fields = ("status", "evidence", "why", "until")
        seen = {name: None if shown.is_blank(known.get(name)) else known[name] for name in fields}
        name = f"{key}:{run_id}:{item.name}"
        with st.form(f"{name}-form", border=False):
            status = st.segmented_control(
                "Status",
                CHECKLIST_STATUS,
                default=seen["status"] if seen["status"] in CHECKLIST_STATUS else None,
                format_func=shown.check,
                key=f"{name}-status",
            )
            evidence = st.text_input("Evidence", value=seen["evidence"] or "", key=f"{name}-evidence")
            left, right = st.columns([3, 1])
            why = left.text_input("Why, for a waiver", value=seen["why"] or "", key=f"{name}-why")
            until = right.date_input(
                "Until", value=seen["until"], key=f"{name}-until", help="Its last day; blank: for good."
            )
            saved = st.form_submit_button("Save", type="primary", key=f"{name}-save")
        if saved:
            day = datetime(until.year, until.month, until.day) if isinstance(until, date) else None
            wanted = {"status": status, "evidence": evidence or None, "why": why or None, "until": day}
            _save(context, name, run_id, item, wanted, seen)
        say.still_failed(name)


def _same(value: Any, seen: Any) -> bool:
    if isinstance(value, datetime) and isinstance(seen, datetime):
        return value.date() == seen.date()
    return bool(value == seen)


def _save(
    context: Context, form: str, run_id: str, item: matrix.Item, values: dict[str, Any], seen: dict[str, Any]
) -> None:
    say.forget_failed(form)
    fields = [f"{form}-{name}" for name in ("status", "evidence", "why", "until")]
    if values["status"] == "waived" and not values["why"]:
        say.keep_failed(form, "A waiver needs a reason: why may this run do without it?", fields)
        return
    changed = {name: value for name, value in values.items() if not _same(value, seen[name])}
    if not changed:
        return
    stamped = {**changed, "who": context.who, "when": context.now.replace(tzinfo=None, microsecond=0)}
    key = (run_id, item.name)
    row = context.registry.row("checklist", key)
    if row is None:
        stamped["level"] = item.level or None
    try:
        known = {**seen, "who": (row or {}).get("who"), "when": (row or {}).get("when"), "level": None}
        done(edits.edit_row(context.registry, "checklist", key, stamped, known, context.who, create=True))
    except TrackerError as error:
        say.keep_failed(form, error, fields)
        return
    st.rerun()
