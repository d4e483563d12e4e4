"""Below the checklist: which reviews are due, and which items of the procedure do their work."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from tracker.checklist.report import item_uses
from tracker.checklist.reviews import calendar, find_reviews
from tracker.web import shown
from tracker.web.context import Context
from tracker.web.shown import plain

AHEAD = 90
"""How many days of reviews are listed."""


def show(context: Context, checklist: pd.DataFrame, has_items: bool) -> None:
    """Two lists, folded."""
    if not has_items:
        return
    now = context.now.replace(tzinfo=None)
    waived = checklist[checklist["status"] == "waived"] if "status" in checklist else checklist.head(0)
    every = find_reviews(_cells(context.table("sop")), _cells(waived), context.settings)
    near = [one for one in every if one.day <= now.date() + timedelta(days=AHEAD)]
    late = sum(one.day < now.date() for one in near)
    title = f"Reviews: {len(near)} within {AHEAD} days" + (f", {late} overdue" if late else "")
    with st.expander(title, expanded=bool(late), icon=":material/event:"):
        if near:
            rows = [{"day": one.day, "what": plain(one.what), "owner": one.owner} for one in near]
            st.dataframe(pd.DataFrame(rows), key="reviews", hide_index=True, alt="Reviews that are due")
        else:
            st.caption("Nothing. Dates stand in next_review of the sop sheet and in the setting checklist.review.")
        if every:
            content = calendar(every, context.place.path.stem, now)
            st.download_button(
                "All dates as a calendar", content, f"{context.place.path.stem}-reviews.ics", "text/calendar", key="ics"
            )
    texts = [checklist[name].fillna("").astype(str) for name in ("item", "status")]
    uses = item_uses(zip(*texts, strict=True))
    advised = sum(bool(one.advice) for one in uses)
    with st.expander(f"How the items do: {advised} to think about", icon=":material/rule:"):
        rows_of_uses = [
            {
                "item": one.item,
                "runs": one.runs,
                "done": one.done,
                "missing": one.missing,
                "waived": one.waived,
                "not applicable": one.not_applicable,
                "think about": one.advice,
            }
            for one in uses
        ]
        st.dataframe(pd.DataFrame(rows_of_uses), key="item-uses", hide_index=True, alt="How the items do")


def _cells(frame: pd.DataFrame) -> list[dict[str, object]]:
    """The rows with blanks as None and times as the workbook has them."""
    rows = []
    for row in frame.to_dict("records"):
        cells = {str(name): None if shown.is_blank(value) else value for name, value in row.items()}
        for name, value in cells.items():
            if isinstance(value, pd.Timestamp):
                cells[name] = value.tz_localize(None).to_pydatetime()
        rows.append(cells)
    return rows
