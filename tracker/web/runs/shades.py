"""Shades behind the cells of metrics: the better a value is among the runs that were found, the stronger. Pure.

Counts is the place among all values, not the value itself: one run gone wild would make all others look alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LEVELS = 8
"""Shades from none to the strongest; more could not be told apart."""
STRONGEST = 0.42
"""Opacity of the best: text stays readable on it in light and dark."""
COLOR = "86, 180, 233"
"""Okabe and Ito's sky blue."""


def levels(found: pd.Series, shown: pd.Series, minimize: bool) -> list[int]:
    """The level of each value shown among all found: 0 for the worst and for none, ``LEVELS`` for the best."""
    import numpy

    values = found.to_numpy(dtype=float)
    values = numpy.unique(values[~numpy.isnan(values)])
    if len(values) < 2:
        return [0] * len(shown)
    some = shown.to_numpy(dtype=float)
    rank = numpy.searchsorted(values, some) / (len(values) - 1)
    share = numpy.where(numpy.isnan(some), 0.0, numpy.clip(1 - rank if minimize else rank, 0, 1))
    return [int(level) for level in numpy.rint(share * LEVELS)]


def color(level: int) -> str:
    """What is behind a cell of that level."""
    return f"rgba({COLOR}, {STRONGEST * level / LEVELS:.2f})"


def styled(table: pd.DataFrame, shaded: Mapping[str, list[int]]) -> Any:
    """The table with these columns shaded; a Styler, or the table itself where there is nothing to shade."""
    cells = selectors(list(table.columns), shaded)
    if not cells:
        return table
    style = table.style.set_uuid("r")
    rules = [{"props": [("background-color", color(level))], "selectors": names} for level, names in cells.items()]
    # Streamlit takes no more of a Styler than this, but pandas writes the HTML of every cell before: that took longer
    # than all else on the page.
    style._compute = lambda: style
    style._translate = lambda *_: {"cellstyle": rules, "body": [blanks(table)]}
    return style


def blanks(table: pd.DataFrame) -> list[dict[str, str]]:
    """The cells without a value, as a Styler says that they show nothing; they would show ``None``."""
    rows, places = table.isna().to_numpy().nonzero()
    return [{"id": f"row{row}_col{place}", "display_value": ""} for row, place in zip(rows, places, strict=True)]


def selectors(headers: Sequence[str], shaded: Mapping[str, list[int]]) -> dict[int, list[str]]:
    """The cells of each level but 0, as a Styler names them."""
    found: dict[int, list[str]] = {}
    for header, steps in shaded.items():
        column = headers.index(header)
        for row, level in enumerate(steps):
            if level:
                found.setdefault(level, []).append(f"row{row}_col{column}")
    return found
