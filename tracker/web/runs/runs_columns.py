"""Which columns the grid of runs shows, in which order and how wide: chosen by group, remembered for each person."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from tracker.web.common import address, shown, ways
from tracker.web.common.context import Context
from tracker.web.entering import places
from tracker.web.reading import columns

WIDTHS = {"narrow": 75, "medium": 140, "wide": 240, "widest": 420}
"""Pixels."""
KNOWN, WIDTH = "runs-ways", "widths"
"""In the session: for which registry the person's ways were looked up, and widths of columns, as ``name=wide``."""
MOVES = {"↑": -1, "↓": 1}
AT_ONCE = 12
"""Columns that are seen at once while they are arranged."""


def begin(context: Context) -> None:
    """At first, the columns that this person chose last time, unless an address names others."""
    if st.session_state.get(KNOWN) == context.place.path:
        return
    st.session_state[KNOWN] = context.place.path
    held = ways.remembered(places.home(os.environ), context.who, context.place.path)
    if not {"cols", WIDTH} & set(st.query_params):
        st.session_state["cols"] = ways.words(held.get("cols"))
        chosen = held.get("widths")
        st.session_state[WIDTH] = _written(chosen) if isinstance(chosen, dict) else []


def widths() -> dict[str, int]:
    """Pixels of the columns whose width somebody chose."""
    return {name: WIDTHS[word] for name, word in _widths().items()}


def _widths() -> dict[str, str]:
    """The widths that were chosen, as words."""
    said = [one.rpartition("=") for one in st.session_state.get(WIDTH, [])]
    return {name: word for name, _, word in said if word in WIDTHS}


def _written(held: Mapping[str, Any]) -> list[str]:
    return [f"{name}={word}" for name, word in held.items() if word in WIDTHS]


def show(context: Context, names: Sequence[str], suitable: list[str]) -> list[str]:
    """The content of the popover; gives the columns to show, the suitable ones as long as nobody chose others."""
    known = set(names)
    chosen = [name for name in st.session_state.get("cols", []) if name in known]
    current = ["name", *(name for name in chosen if name != "name")] if chosen else suitable
    st.caption(
        "Yours, remembered for next time; whoever opens this page's address sees the same."
        if chosen
        else "Shown by themselves: metrics that have values, params that differ, your own columns that are filled."
    )
    for name, title in columns.GROUPS.items():
        options = [column for column in columns.grouped(names)[name] if column != "name"]
        if options:
            key = f"show-{name}"
            st.session_state[key] = [column for column in current if column in set(options)]
            st.multiselect(
                title,
                options,
                format_func=columns.short,
                key=key,
                on_change=_chosen,
                args=(context, current),
                placeholder="None",
            )
    metrics = columns.grouped(names)["metrics"]
    if metrics:
        address.keep_valid("curve", [*metrics, ""])
        st.session_state.setdefault("curve", "")
        st.selectbox(
            "Small curve of a metric's steps",
            ["", *metrics],
            format_func=lambda name: columns.short(name) or "none",
            key="curve",
            filter_mode="contains",
            persist_state="session",
        )
    with st.container(horizontal=True):
        st.toggle(
            "No shades behind metrics",
            key="unshaded",
            persist_state="session",
            help="Otherwise: the better a value is among the runs that are found, the stronger the shade.",
        )
        arranging = st.toggle("Order and widths", key="columns-arrange")
    if arranging:
        _arrange(context, current)
    if chosen:
        st.button(
            "Choose by themselves again", key="columns-clear", on_click=_keep, args=(context, []), type="tertiary"
        )
    return current


def _arrange(context: Context, current: Sequence[str]) -> None:
    """A table in which the columns get another place or width."""
    held = _widths()
    key = f"columns-table-{hash((tuple(current), tuple(sorted(held.items()))))}"
    st.data_editor(
        {
            "place": list(range(1, len(current) + 1)),
            **{arrow: [arrow] * len(current) for arrow in MOVES},
            "column": list(current),
            "width": [held.get(name) for name in current],
        },
        key=key,
        disabled=["column"],
        hide_index=True,
        column_config={
            "place": st.column_config.NumberColumn(
                "place", min_value=1, max_value=len(current), step=1, width=60, help="From left to right; type another."
            ),
            **{arrow: _arrow(context, current, key, arrow) for arrow in MOVES},
            "column": st.column_config.TextColumn("column", width=190),
            "width": st.column_config.SelectboxColumn("width", options=list(WIDTHS), width=95, help="Blank: as usual."),
        },
        placeholder="",
        height=shown.grid_height(min(len(current), AT_ONCE)),
        on_change=_rearranged,
        args=(context, list(current), key),
        alt="Order and widths of the columns",
    )
    st.caption(
        "A column's edge can be dragged in the grid, too; that holds until it is drawn anew, this is remembered."
    )


def _arrow(context: Context, current: Sequence[str], key: str, arrow: str) -> Any:
    """A column of buttons that move a column by one place."""

    def clicked() -> None:
        if (click := st.session_state.get(f"{key}-{arrow}")) is not None:
            _keep(context, moved(current, current[click["row"]], click["row"] + 1 + MOVES[arrow]))

    words = "Further left" if MOVES[arrow] < 0 else "Further right"
    return st.column_config.ButtonColumn(
        "", type="tertiary", width=36, key=f"{key}-{arrow}", on_click=clicked, help=words
    )


def _rearranged(context: Context, current: list[str], key: str) -> None:
    edited: Mapping[int, Mapping[str, Any]] = st.session_state[key]["edited_rows"]
    held: dict[str, Any] = dict(_widths())
    order = list(current)
    for row, cells in edited.items():
        name = current[int(row)]
        if "width" in cells:
            held[name] = cells["width"]
        if cells.get("place"):
            order = moved(order, name, int(cells["place"]))
    st.session_state[WIDTH] = _written(held)
    _keep(context, order if order != current else st.session_state.get("cols", []))


def moved(order: Sequence[str], name: str, place: int) -> list[str]:
    """The columns after one got another place, counted from 1; the name of a run stays first."""
    others = [other for other in order if other != name]
    others.insert(min(max(place, 1), len(order)) - 1, name)
    return ["name", *(other for other in others if other != "name")]


def _chosen(context: Context, before: Sequence[str]) -> None:
    """Take over what the fields say: what stays keeps its place, what is new stands behind its group."""
    wanted = {name: st.session_state.get(f"show-{name}", []) for name in columns.GROUPS}
    _keep(context, arranged(before, wanted))


def arranged(before: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> list[str]:
    """The columns to show after some were chosen or dropped."""
    all_wanted = {column for chosen in wanted.values() for column in chosen}
    after = ["name", *(column for column in before if column in all_wanted)]
    for name, chosen in wanted.items():
        for column in chosen:
            if column not in after:
                same = [place for place, other in enumerate(after) if columns.group(other) == name and other != "name"]
                after.insert(same[-1] + 1 if same else len(after), column)
    return after


def _keep(context: Context, chosen: Sequence[str]) -> None:
    """Show these columns, and remember them."""
    st.session_state["cols"] = list(chosen)
    held = {"cols": list(chosen), "widths": _widths()}
    ways.remember(places.home(os.environ), context.who, context.place.path, held)
