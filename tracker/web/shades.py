"""Shades behind the cells of metrics: the better a value is among the runs that were found, the stronger. Pure.

Counts is the place among all values, not the value itself: one run gone wild would make all others look alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
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


def css(level: int) -> str:
    """The style of a cell of that level."""
    return f"background-color: rgba({COLOR}, {STRONGEST * level / LEVELS:.2f})" if level else ""


def styled(table: pd.DataFrame, shaded: Mapping[str, list[int]]) -> Any:
    """The table with these columns shaded; a Styler, or the table itself where there is nothing to shade."""
    if not shaded:
        return table
    style = table.style
    for column, steps in shaded.items():
        style = style.apply(partial(_column, steps), subset=[column])
    return style


def _column(steps: list[int], _: pd.Series) -> list[str]:
    return [css(step) for step in steps]
