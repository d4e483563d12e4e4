"""What the Overview shows a moment later: storage, what is due, what people did, problems. Found out sparingly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tracker.checklist.reviews import Review
from tracker.retention.report import Expiry
from tracker.web.common import shown, tile
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.overview.feed import Deed, deeds_lately
from tracker.web.procedure import reviewing
from tracker.web.reading import data

AHEAD = 14
"""How many days ahead something is due soon."""
MOST_DUE = 8
MOST_RUNS = 20_000
"""Of larger registries every sheet and file is looked at only when somebody opens the page that is about them."""


@dataclass(frozen=True, slots=True)
class Storage:
    """What the artifacts sheet says of files that are kept."""

    versions: int
    size: int
    trash: int
    """How many versions are in the trash."""


def fill(
    context: Context,
    runs: int,
    *,
    stored: DeltaGenerator,
    due: DeltaGenerator,
    lately: DeltaGenerator,
    problems: DeltaGenerator,
) -> None:
    """Fill these places one after the other, the cheapest first.

    Args:
        runs: how many the registry has.
    """
    with stored:
        _stored(context)
    with lately:
        _lately(context)
    with due:
        _due(context, runs)
    with problems:
        _problems(context, runs)


# -- tiles --------------------------------------------------------------------------------------------------------


def _stored(context: Context) -> None:
    found = storage(context.table("artifacts"))
    trash = f", {found.trash:,} in the trash" if found.trash else ""
    tile.draw(
        context, "retention", "Storage", shown.size(found.size), f"{count(found.versions, 'artifact version')}{trash}"
    )


def storage(artifacts: pd.DataFrame) -> Storage:
    """What the rows of the artifacts sheet add up to; bytes that versions share count for each."""
    here = artifacts["status"].isin(("stored", "archived", "trash"))
    return Storage(
        int(here.sum()), int(artifacts.loc[here, "size"].fillna(0).sum()), int((artifacts["status"] == "trash").sum())
    )


def _problems(context: Context, runs: int) -> None:
    if runs > MOST_RUNS:
        tile.draw(context, "problems", "Problems", shown.NOTHING, "looked for when you open the page")
        return
    found = context.problems()
    amounts = {word: sum(one.severity == word for one in found) for word in ("error", "warning", "info")}
    said = [count(amount, "hint" if word == "info" else word) for word, amount in amounts.items() if amount]
    note = ", ".join(said[1:]) or ("each with what to do" if said else "every sheet is as it should be")
    tile.draw(context, "problems", "Problems", said[0] if said else "none", note)


# -- what is to be done -------------------------------------------------------------------------------------------


def _due(context: Context, runs: int) -> None:
    st.markdown("## To be done")
    reviews, expiries = _reviews(context), _expiries(context) if runs <= MOST_RUNS else []
    today = context.now.date()
    near = [one for one in reviews if one.day <= today + timedelta(days=AHEAD)]
    leaving = due_versions(expiries, context.now)
    with st.container(border=True, gap="xsmall", key="overview-due"):
        for one in near[:MOST_DUE]:
            late = one.day < today
            when = f"since {one.day}" if late else "today" if one.day == today else f"on {one.day}"
            who = f", {one.owner}" if one.owner else ""
            icon = ":material/event_busy:" if late else ":material/event:"
            st.markdown(f"{icon} {plain(one.what)} {plain(when + who)}")
        if len(near) > MOST_DUE:
            st.caption(f"and {len(near) - MOST_DUE} more")
        if leaving:
            size = shown.size(sum(one.size for one in leaving))
            versions = plain(f"{count(len(leaving), 'artifact version')}, {size}")
            st.markdown(f":material/auto_delete: {versions}, due by a rule of retention.")
        if not (near or leaving):
            st.markdown(f":material/check: Nothing is due within {AHEAD} days.")
        with st.container(horizontal=True):
            context.page_link("sop", "Reviews")
            context.page_link("retention", "Retention")


def _reviews(context: Context) -> list[Review]:
    return reviewing.reviews(context, context.table("checklist"))


def _expiries(context: Context) -> list[Expiry]:
    if context.table("artifacts").empty:
        return []
    return list(data.expiries(context.place.path, context.stamp).values())


def due_versions(expiries: list[Expiry], now: datetime) -> list[Expiry]:
    """The artifact versions for which the day has come that their rule sets, and which nothing keeps."""
    today = now.replace(tzinfo=None)
    return [one for one in expiries if one.when is not None and one.when <= today and not one.kept]


# -- what people did ----------------------------------------------------------------------------------------------


def _lately(context: Context) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.markdown("## What people did", width="content")
        st.space("stretch")
        context.page_link("history", "History")
    found = _deeds(context)
    if not found:
        st.caption("Nobody has changed anything by hand yet, here or in the workbook.")
        return
    table = pd.DataFrame(
        {
            "when": pd.to_datetime([one.when for one in found], utc=True),
            "who": [one.who or None for one in found],
            "what": [one.what for one in found],
        }
    )
    column = st.column_config
    st.container(key="overview-lately").dataframe(
        table,
        hide_index=True,
        height=shown.grid_height(len(table), 390),
        row_height=shown.ROW,
        placeholder="",
        column_config={
            "when": column.DatetimeColumn(width=105, format="distance"),
            "who": column.TextColumn(width=90),
            "what": column.TextColumn(width=330),
        },
        alt="What people did",
    )


def _deeds(context: Context) -> list[Deed]:
    named = context.runs().dropna(subset=["run_id", "name"])
    names = dict(named[["run_id", "name"]].to_numpy())
    return data.known(context.place.path, context.stamp, deeds_lately, names)
