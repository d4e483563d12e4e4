"""By which columns the runs are ordered: up to three, chosen in a form; a click on a header chooses one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st
from pandas.api.types import is_numeric_dtype

from tracker.settings import Settings
from tracker.web.runs import found
from tracker.web.runs.found import MOST_KEYS, SortKey


def show(runs: pd.DataFrame, shown: Sequence[str], keys: Sequence[SortKey], settings: Settings) -> None:
    """The content of the popover."""
    st.caption("A click on a header does the same for one column: the best first, then the other way round.")
    options = [*shown, *(str(name) for name in runs.columns if str(name) not in set(shown))]
    for number in range(min(len(keys) + 1, MOST_KEYS)):
        key = keys[number] if number < len(keys) else None
        _set(f"sort-column-{number}", key.column if key else None)
        _set(f"sort-down-{number}", key.descending if key else None)
        fields = st.columns([3, 2], vertical_alignment="bottom")
        fields[0].selectbox(
            "Order by" if number == 0 else "then by",
            options,
            index=None,
            key=f"sort-column-{number}",
            placeholder="newest first" if number == 0 else "newest first among equals",
            filter_mode="contains",
            on_change=_chosen,
            args=(settings, len(keys)),
        )
        if key is not None:
            best = found.best_first(key.column, settings).descending
            fields[1].selectbox(
                "Which first",
                [best, not best],
                format_func=partial(_words, key.column, is_numeric_dtype(runs[key.column])),
                key=f"sort-down-{number}",
                label_visibility="collapsed",
                on_change=_chosen,
                args=(settings, len(keys)),
            )
    if keys:
        st.button("Newest first again", key="sort-clear", on_click=_clear, type="tertiary")


def _words(column: str, numeric: bool, descending: bool) -> str:
    return found.words(SortKey(column, descending), numeric)


def _chosen(settings: Settings, before: int) -> None:
    """Take over what the fields say; a column that is new begins with its best."""
    keys = []
    old = [SortKey.read(text) for text in st.session_state.get("sort", [])]
    for number in range(min(before + 1, MOST_KEYS)):
        column = st.session_state.get(f"sort-column-{number}")
        if not column:
            continue
        down = st.session_state.get(f"sort-down-{number}")
        known = number < len(old) and old[number].column == column and down is not None
        keys.append(SortKey(column, bool(down)) if known else found.best_first(column, settings))
    st.session_state["sort"] = list(dict.fromkeys(map(str, keys)))


def _clear() -> None:
    st.session_state["sort"] = []


def _set(key: str, value: object) -> None:
    if value is None:
        st.session_state.pop(key, None)
    else:
        st.session_state[key] = value
