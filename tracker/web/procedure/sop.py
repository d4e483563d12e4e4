"""The SOP page: what every run must have, in words; how many runs have it; and changing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker.checklist import words
from tracker.checklist.items import Item, is_retired, read_items
from tracker.checklist.report import ItemUse, item_uses
from tracker.web.common import say, shown, ticks
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.procedure import matrix, reviewing, sop_acts, sop_form
from tracker.web.reading import data
from tracker.web.reading.watch import Stamp

EMPTY = (
    "A standard operating procedure says what every run must have: its data, a seed, a model card, … Add a ready-made "
    "list, or write items of your own; runs are then judged by it when they end."
)


def show(context: Context) -> None:
    """The page."""
    rows: dict[str, dict[str, Any]] = {}
    for row in matrix.rows_of(context.table("sop")):
        if row["item"]:
            rows.setdefault(str(row["item"]), row)
    items = read_items(rows.values())
    retired = [row for row in rows.values() if is_retired(row)]
    if not items:
        say.nothing_yet("No procedure yet", EMPTY)
        sop_form.add(context)
        sop_acts.retired(context, retired)
        return
    uses = {use.item: use for use in _uses(context.place.path, context.stamp)}
    musts = sum(item.level == "must" for item in items)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(items), 'item')}**, {musts} of them a must", width="content")
        st.space("stretch")
        context.page_link("checklist", "Checklists of the runs")
    _problems(items)
    chosen = _list(items, uses)
    if chosen is not None:
        sop_form.edit(context, chosen, rows[chosen.name])
    elif context.may("sop"):
        st.caption("Tick an item to change it.")
    sop_form.add(context)
    sop_acts.retired(context, retired)
    reviewing.show(context, context.table("checklist"))


@st.cache_data(max_entries=8, show_spinner=False)
def _uses(path: Path, stamp: Stamp) -> list[ItemUse]:
    """How each item stands over all runs."""
    checklist = data.table(path, stamp, "checklist")
    texts = [checklist[name].fillna("").astype(str) for name in ("item", "status")]
    return item_uses(zip(*texts, strict=True))


def _problems(items: list[Item]) -> None:
    """Cells that cannot be understood, each with where and what may be meant."""
    for item in items:
        for column, error in item.unreadable:
            with st.container(border=True, gap="xsmall"):
                st.markdown(
                    f":material/error: **{plain(item.name)}**, {shown.code(column)}, position "
                    f"{error.fields['position']}: {plain(error.fields['reason'])}"
                )
                st.code(f"{error.fields['rule']}\n{error.fields['pointer']}", language=None)
                meanwhile = "only a person's tick proves it" if column == "rule" else "it is asked of every run"
                st.caption(f"Until it is put right, {meanwhile}.")


def _list(items: list[Item], uses: dict[str, ItemUse]) -> Item | None:
    """The items; gives the one that is ticked."""
    found = [uses.get(item.name, ItemUse(item.name, 0, 0, 0, 0, 0)) for item in items]
    asked = [use.done + use.missing for use in found]
    table = pd.DataFrame(
        {
            "item": [item.name for item in items],
            "level": [item.level for item in items],
            "holds for": [words.scope(item.applies) for item in items],
            "proved when": [words.proof(item) for item in items],
            "have it": [100 * use.done / total if total else None for use, total in zip(found, asked, strict=True)],
            "runs": [use.runs or None for use in found],
            "think about": [use.advice or None for use in found],
            "owner": [item.owner or None for item in items],
            "next review": pd.to_datetime([item.next_review for item in items]),
            "source": [item.source or None for item in items],
        }
    )
    table = table[[name for name in table.columns if name in ("item", "have it") or table[name].notna().any()]]
    column = st.column_config
    rows = ticks.rows(
        sop_acts.LIST,
        [item.name for item in items],
        table,
        said="item",
        placeholder="",
        height=shown.grid_height(len(table), 560),
        column_config={
            "item": column.TextColumn(width=200, pinned=True),
            "level": column.TextColumn(width=65, help="must: no gate without it; should: good practice."),
            "holds for": column.TextColumn(width=90),
            "proved when": column.TextColumn(width=260),
            "have it": column.ProgressColumn(
                width=110, format="%d%%", min_value=0, max_value=100, help="Of the runs that it counts for."
            ),
            "runs": column.NumberColumn(width=60, format="localized", help="How many runs were judged by it."),
            "think about": column.TextColumn(width=220, help="Items that never work, so that the list improves."),
            "next review": column.DateColumn(width=105),
        },
        alt="Items of the procedure",
    )
    return items[rows[0]] if rows else None
