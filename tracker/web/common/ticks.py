"""Which rows of a grid are ticked: a browser says positions, people mean what stood there when they clicked.

Rows come and move while somebody looks. So each time, the grid is another one for the browser, with another key: a
click that was still on its way then belongs to the grid that the person saw, and counts for the row that stood there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import streamlit as st

REMEMBERED = 8
"""Grids of one place that are remembered; a click is not on its way for longer."""

Cell = tuple[str, str]
"""The row's name, and the column; no column where the whole row is ticked."""


@dataclass
class _Drawn:
    """A grid as it was drawn."""

    key: str
    names: tuple[str, ...]
    ticked: list[Cell] = field(default_factory=list)
    """What it had ticked when it was last asked."""
    columns: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class News:
    """What was clicked in one grid since it was last asked."""

    more: list[Cell]
    less: list[Cell]
    columns: list[str]
    """Headers that were clicked."""


def news(place: str) -> Iterator[News]:
    """What was clicked in the grids of a place, those drawn first before the others."""
    for drawn in st.session_state.get(_name(place), []):
        if drawn.key not in st.session_state:
            continue
        said: Any = st.session_state[drawn.key]["selection"]
        cells = [(row, "") for row in said["rows"]] + [(row, column) for row, column in said["cells"]]
        ticked = [(drawn.names[row], column) for row, column in cells if row < len(drawn.names) and drawn.names[row]]
        columns = list(said["columns"])
        yield News(
            [cell for cell in ticked if cell not in drawn.ticked],
            [cell for cell in drawn.ticked if cell not in ticked],
            [column for column in columns if column not in drawn.columns],
        )
        drawn.ticked, drawn.columns = ticked, columns


def key(place: str, names: Sequence[str]) -> str:
    """The key under which to draw the grid with these rows; what is ticked stays so where it is still there."""
    if not is_drawn(place):
        st.session_state.pop(_name(place), None)
    ticked = list(st.session_state[_name(place)][-1].ticked) if _name(place) in st.session_state else []
    for one in news(place):
        ticked = [cell for cell in ticked if cell not in one.less]
        ticked += [cell for cell in one.more if cell not in ticked]
    return begin(place, names, ticked)


def begin(place: str, names: Sequence[str], ticked: Collection[Cell], *, anew: bool = False) -> str:
    """The key under which to draw the grid with these rows and these ticks.

    Args:
        anew: it is another grid, even with the same rows.
    """
    grids: list[_Drawn] = st.session_state.setdefault(_name(place), [])
    if anew or not grids or grids[-1].names != tuple(names):
        used = {drawn.key for drawn in grids}
        free = next(name for number in count() if (name := f"{place}-{number}") not in used)
        grids.append(_Drawn(free, tuple(names)))
        del grids[:-REMEMBERED]
        set_ticked(place, ticked)
    else:
        drawn, there = grids[-1], set(names)
        if {cell for cell in ticked if cell[0] in there} != set(drawn.ticked) or drawn.key not in st.session_state:
            set_ticked(place, ticked)
    return grids[-1].key


def set_ticked(place: str, ticked: Collection[Cell]) -> None:
    """Tick these rows or cells and no others."""
    drawn: _Drawn = st.session_state[_name(place)][-1]
    columns: dict[str, list[str]] = {}
    for name, column in ticked:
        columns.setdefault(name, []).append(column)
    found = [(row, column) for row, name in enumerate(drawn.names) if name for column in columns.get(name, ())]
    drawn.ticked, drawn.columns = [(drawn.names[row], column) for row, column in found], []
    if found or drawn.key in st.session_state:
        rows = [row for row, column in found if not column]
        cells = [(row, column) for row, column in found if column]
        st.session_state[drawn.key] = {"selection": {"rows": rows, "columns": [], "cells": cells}}


def is_drawn(place: str) -> bool:
    """Whether the page that was drawn last has a grid at this place."""
    return any(drawn.key in st.session_state for drawn in st.session_state.get(_name(place), []))


def rows(
    place: str, names: Sequence[str], table: Any, *, mode: Any = "single-row", said: str = "", **options: Any
) -> list[int]:
    """Draw a grid as streamlit does; gives the positions of the rows that are ticked.

    Args:
        place: its name on the page.
        names: what names each row, whatever else it shows and wherever it stands.
        said: the parameter of the page's address that names the rows that are ticked, so that it can be sent to others.
    """
    drawn = key(place, names)
    asked = st.query_params.get_all(said) if said else []
    if asked and asked != st.session_state.get(f"{place} said"):
        set_ticked(place, [(name, "") for name in asked])
    event: Any = st.container(key=place).dataframe(
        table, key=drawn, hide_index=True, on_select="rerun", selection_mode=mode, **options
    )
    ticked = [row for row in event["selection"]["rows"] if row < len(names)]
    if said:
        st.session_state[f"{place} said"] = now = [names[row] for row in ticked]
        if now and now != asked:
            st.query_params[said] = now
        elif asked and not now:
            st.query_params.pop(said)
    return ticked


def _name(place: str) -> str:
    return f"{place} as drawn"
