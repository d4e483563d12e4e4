"""Which reviews are due: of the procedure, of its items, of waivers that end."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from tracker.checklist.reviews import Review, calendar, find_reviews
from tracker.web.common.context import Context
from tracker.web.procedure.matrix import rows_of

AHEAD = 90
"""How many days of reviews are listed."""


def reviews(context: Context, checklist: pd.DataFrame) -> list[Review]:
    """Every date that the registry names, the earliest first."""
    waived = checklist[(checklist["status"] == "waived") & checklist["until"].notna()]
    return find_reviews(rows_of(context.table("sop")), rows_of(waived), context.settings)


def show(context: Context, checklist: pd.DataFrame) -> None:
    """The list, folded unless something is late."""
    now = context.now.replace(tzinfo=None)
    every = reviews(context, checklist)
    near = [one for one in every if one.day <= now.date() + timedelta(days=AHEAD)]
    late = sum(one.day < now.date() for one in near)
    title = f"Reviews: {len(near)} within {AHEAD} days" + (f", {late} overdue" if late else "")
    with st.expander(title, expanded=bool(late), icon=":material/event:", key="sop-reviews"):
        if near:
            rows = [{"day": one.day, "what": one.what, "owner": one.owner} for one in near]
            st.dataframe(pd.DataFrame(rows), key="reviews", hide_index=True, alt="Reviews that are due")
        else:
            st.caption("Nothing. Dates stand in next_review of the sop sheet and in the setting checklist.review.")
        if every:
            content = calendar(every, context.place.path.stem, now)
            st.download_button(
                "All dates as a calendar", content, f"{context.place.path.stem}-reviews.ics", "text/calendar", key="ics"
            )
