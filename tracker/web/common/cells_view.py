"""A list of cells from what to what, as pages draw it."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from tracker.web.common import shown
from tracker.web.common.context import Context

MOST_HEIGHT = 420
NARROW = {"table": 65, "row": 130, "column": 100, "before": 100, "after": 100, "by": 80}
"""Pixels, so that all of it is seen in half a page."""


def draw(context: Context, table: pd.DataFrame, key: str, *, wide: bool = False) -> None:
    """Draw what :func:`tracker.web.common.changes.cells_table` gives, with runs by their names."""
    _, labels = context.named_runs()
    if len(table):
        table = table.assign(row=[named(row, labels) for row in table["row"]])
    widths = {} if wide else NARROW
    sign = {"": st.column_config.TextColumn(width=35, help="+ new row, - removed row, ≠ changed cell")}
    st.dataframe(
        table,
        key=key,
        hide_index=True,
        placeholder="",
        height=shown.grid_height(len(table), MOST_HEIGHT),
        column_config=sign | {name: st.column_config.TextColumn(width=width) for name, width in widths.items()},
        alt="Cells from what to what",
    )


def named(row: str, labels: Mapping[str, str]) -> str:
    """The key of a row with the run's name where it begins with a run's id."""
    first, _, rest = row.partition(" ")
    return " · ".join(part for part in (labels[first], rest) if part) if first in labels else row
