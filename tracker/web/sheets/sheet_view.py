"""A person's own sheet on a page, as far as cells say it: values, and what formulas came to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker.folders import Folders
from tracker.reading import tables as reading
from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count
from tracker.web.reading.watch import Stamp
from tracker.whole_sheets import SheetCells, column_letters, read_sheet
from tracker.workbook import open_workbook

AT_ONCE = 500
MOST_COLUMNS = 100


def show(context: Context, name: str) -> None:
    """The sheet."""
    sheet = _cells(context.place.path, context.stamp, name)
    if sheet is None or not sheet.cells:
        st.info("There is nothing in the cells of this sheet.")
        return
    last_row, last_column = max(sheet.cells), max(max(row) for row in sheet.cells.values())
    page, pages = 1, -(-last_row // AT_ONCE)
    if pages > 1:
        page = st.pagination(pages, key="sheet-page-other")
    frame = grid(sheet, (page - 1) * AT_ONCE + 1, min(page * AT_ONCE, last_row), min(last_column, MOST_COLUMNS))
    st.dataframe(
        frame,
        key="sheet-cells",
        height=shown.grid_height(len(frame), 620),
        placeholder="",
        column_config={column: st.column_config.TextColumn(width="medium") for column in frame.columns},
        alt=f"Cells of the sheet {name}",
    )
    said = f"{count(last_row, 'row')}, {count(last_column, 'column')}"
    said += f"; {count(len(sheet.formulas), 'formula')}, shown by what they came to" if sheet.formulas else ""
    more = f" The first {MOST_COLUMNS} columns are shown." if last_column > MOST_COLUMNS else ""
    st.caption(
        f"{said}.{more} Charts, pictures and colours are in the workbook itself.\n\n**Only to look at here.** This "
        "sheet is yours, and Tracker never writes into it: its rows have no key, so that after somebody sorts it or "
        "saves an older copy nobody could tell any more which cell was meant. Change it in Excel or LibreOffice: "
        "scripts may log meanwhile, their values go in once you have saved and closed it."
    )


@st.cache_data(max_entries=4, show_spinner="Reading the sheet …")
def _cells(path: Path, stamp: Stamp, name: str) -> SheetCells | None:
    def read() -> SheetCells | None:
        with open_workbook(path) as book:
            return read_sheet(book, name)

    return reading.steadily(Folders(path), read)


def grid(sheet: SheetCells, first: int, last: int, columns: int) -> pd.DataFrame:
    """Rows of a sheet as they stand, blank rows too, under the letters of its columns."""
    rows = range(first, last + 1)
    lines = [[_text(sheet.cells.get(row, {}).get(column)) for column in range(1, columns + 1)] for row in rows]
    return pd.DataFrame(lines, columns=[column_letters(n) for n in range(1, columns + 1)], index=rows, dtype=object)


def _text(value: Any) -> str | None:
    if shown.is_blank(value):
        return None
    if isinstance(value, datetime):
        return (
            f"{value:%Y-%m-%d}" if (value.hour, value.minute, value.second) == (0, 0, 0) else f"{value:%Y-%m-%d %H:%M}"
        )
    return shown.text(value)
