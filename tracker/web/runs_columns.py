"""Which columns the grid of runs shows, in which order: chosen by group."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tracker.web import columns


def show(names: Sequence[str], suitable: list[str]) -> list[str]:
    """The content of the popover; gives the columns to show, the suitable ones as long as nobody chose others."""
    known = set(names)
    chosen = [name for name in st.session_state.get("cols", []) if name in known]
    current = ["name", *(name for name in chosen if name != "name")] if chosen else suitable
    st.caption(
        "Metrics that have values, params that differ, and your own columns that are filled are shown by themselves."
        if not chosen
        else "You chose these columns; whoever opens this address sees the same."
    )
    for name, title in columns.GROUPS.items():
        options = [column for column in columns.grouped(names)[name] if column != "name"]
        if not options:
            continue
        key = f"show-{name}"
        st.session_state[key] = [column for column in current if column in set(options)]
        st.multiselect(
            title, options, format_func=columns.short, key=key, on_change=_chosen, args=(current,), placeholder="None"
        )
    st.toggle(
        "No shades behind metrics",
        key="unshaded",
        persist_state="session",
        help="Otherwise: the better a value is among the runs that are found, the stronger the shade.",
    )
    if chosen:
        st.button("Choose by themselves again", key="columns-clear", on_click=_clear, type="tertiary")
    return current


def _chosen(before: Sequence[str]) -> None:
    """Take over what the fields say: what stays keeps its place, what is new stands behind its group."""
    st.session_state["cols"] = arranged(
        before, {name: st.session_state.get(f"show-{name}", []) for name in columns.GROUPS}
    )


def arranged(before: Sequence[str], wanted: dict[str, list[str]]) -> list[str]:
    """The columns to show after some were chosen or dropped."""
    all_wanted = {column for chosen in wanted.values() for column in chosen}
    after = ["name", *(column for column in before if column in all_wanted)]
    for name, chosen in wanted.items():
        for column in chosen:
            if column not in after:
                same = [place for place, other in enumerate(after) if columns.group(other) == name and other != "name"]
                after.insert(same[-1] + 1 if same else len(after), column)
    return after


def _clear() -> None:
    st.session_state["cols"] = []
