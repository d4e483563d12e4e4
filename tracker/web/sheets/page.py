"""The Workbook page: its sheets in the browser, Tracker's tables to be edited; the workbook and versions to take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tracker.folders import Folders
from tracker.history.versions import known_versions
from tracker.reading import tables as reading
from tracker.schema import TABLES
from tracker.settings import own_names
from tracker.syncing.cache import recall
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.reading import data
from tracker.web.reading.watch import Stamp
from tracker.web.sheets import row_form, sheet_editor, sheet_rows, sheet_view
from tracker.whole_sheets import sheet_names
from tracker.workbook import open_workbook

DEFAULTS: dict[str, Any] = {"sheet": "runs", "sheet-find": ""}
TABLE, SHEET = "", "sheet:"
"""How the address names a table of Tracker's, by its name, and another sheet."""
LOOKED_AT = 20
"""Rows in which formulas are looked for."""
MOST_VERSIONS = 60


@dataclass(frozen=True, slots=True)
class Contents:
    """What a workbook has."""

    tables: dict[str, str]
    """Tracker's tables, with the name of the sheet that each stands on."""
    others: tuple[str, ...]
    """Sheets without any of them."""


def show(context: Context) -> None:
    """The page."""
    contents = _contents(context.place.path, context.stamp)
    options = [*contents.tables, *(SHEET + name for name in contents.others)]
    if not options:
        say.nothing_yet("No sheets", "The workbook has no worksheet that can be shown.")
        return
    address.take_over(DEFAULTS)
    address.keep_valid("sheet", options)
    fields = st.columns([2, 2, 5.6], vertical_alignment="bottom")
    chosen = fields[0].selectbox(
        "Sheet",
        options,
        format_func=lambda option: _label(option, contents),
        key="sheet",
        persist_state="session",
    )
    text = _find(context, chosen, fields[1]) if chosen in TABLES else ""
    with fields[2], st.container(horizontal=True, horizontal_alignment="right"):
        if chosen in TABLES:
            row_form.show(context, chosen)
        _downloads(context)
    if chosen in TABLES:
        _table(context, chosen, text)
    elif chosen:
        sheet_view.show(context, chosen.removeprefix(SHEET))
    address.write(DEFAULTS)


@st.cache_data(max_entries=4, show_spinner=False)
def _contents(path: Path, stamp: Stamp) -> Contents:
    def read() -> Contents:
        with open_workbook(path) as book:
            there = [name for name in TABLES if name in book.table_names]
            tables = {name: table.sheet_name for name in there if (table := book.table(name)) is not None}
            others = tuple(name for name in sheet_names(book) if name not in tables.values())
            return Contents(tables, others)

    return reading.steadily(Folders(path), read)


def _label(option: str, contents: Contents) -> str:
    if option.startswith(SHEET):
        return f"{option.removeprefix(SHEET)} (only to look at)"
    sheet = contents.tables.get(option, "")
    return sheet if sheet.casefold() == option else f"{sheet}: {option}"


# -- a table ------------------------------------------------------------------------------------------------------


def _find(context: Context, name: str, place: DeltaGenerator) -> str:
    """The text that is looked for; not while something is typed and not saved, which belongs to the rows shown."""
    why = "Save or discard what you typed first." if sheet_editor.unsaved(context, name) else None
    text = place.text_input(
        "Find", key="sheet-find", icon=":material/search:", placeholder="in any column", persist_state="session",
        disabled=why is not None, help=why,
    )  # fmt: skip
    return text or ""


def _table(context: Context, name: str, text: str) -> None:
    page = st.session_state.get(f"sheet-page-{name}", 1)
    window = _window(context.place.path, context.stamp, name, text, page if isinstance(page, int) else 1)
    if window.pages > 1:
        st.pagination(window.pages, key=f"sheet-page-{name}", disabled=bool(sheet_editor.unsaved(context, name)))
    _said(name, window, text)
    if window.frame.empty and sheet_editor.held_in(context, name) is None:
        return
    kinds = _kinds(context.place.path, context.stamp)
    computed = _computed(context.place.path, context.stamp, name)
    rules = sheet_rows.column_rules(name, window.frame, context.role, computed, kinds)
    place = (context.place.path, context.role, text, window.page)
    sheet_editor.show(context, name, window, rules, place)
    if all(rule.why_not for rule in rules):
        whys = [rule.why_not for rule in rules]
        st.caption(f"Only to look at. {plain(next((why for why in whys if context.role in why), whys[-1]))}")


def _said(name: str, window: sheet_rows.Window, text: str) -> None:
    if text.strip() and not window.found:
        st.info(f"None of {count(window.total, 'row')} has {plain(text)}.")
        return
    if not window.total:
        st.info(f"The table {plain(name)} has no rows yet. {plain(TABLES[name].help)}")
        return
    all_of = (
        count(window.total, "row") if window.found == window.total else f"{window.found:,} of {window.total:,} rows"
    )
    first = (window.page - 1) * sheet_rows.AT_ONCE + 1
    part = f", rows {first:,} to {first + len(window.frame) - 1:,}" if window.pages > 1 else ""
    st.caption(
        f"**{all_of}**{part}. {plain(TABLES[name].help)} Columns with 🔒 are only to look at; their help says why."
    )


@st.cache_data(max_entries=8, show_spinner="Reading the table …")
def _window(path: Path, stamp: Stamp, name: str, text: str, page: int) -> sheet_rows.Window:
    return sheet_rows.window(data.table(path, stamp, name), text, page, TABLES[name])


@st.cache_data(max_entries=4, show_spinner=False)
def _kinds(path: Path, stamp: Stamp) -> Any:
    return reading.read_rows(Folders(path), "kinds")


@st.cache_data(max_entries=16, show_spinner=False)
def _computed(path: Path, stamp: Stamp, name: str) -> frozenset[str]:
    """Columns of which formulas fill the first rows."""

    folders = Folders(path)

    def read() -> frozenset[str]:
        with open_workbook(path, recall(folders).layouts) as book:
            table = book.table(name)
            if table is None:
                return frozenset()
            names = own_names(name, table.columns, book.settings())
            rows = [row for _, row in zip(range(LOOKED_AT), table.rows(), strict=False)]
            return frozenset(names[place] for row in rows for place in row.formulas)

    return reading.steadily(folders, read)


# -- taking it along ----------------------------------------------------------------------------------------------


def _downloads(context: Context) -> None:
    path = context.place.path
    st.download_button(
        "Download",
        path.read_bytes,
        file_name=path.name,
        icon=":material/download:",
        key="workbook-download",
        on_click="ignore",
        help="The workbook as it is, with charts and formats. What is pending is not in it yet.",
    )
    with st.popover("Earlier versions", icon=":material/history:", key="workbook-versions"):
        versions = known_versions(context.place.folders.versions)[::-1][:MOST_VERSIONS]
        if not versions:
            st.caption("None yet: from the first sync on, the workbook before each one is kept.")
            return
        labels = {version.path.name: version.label for version in versions}
        name = st.selectbox(
            "Version", list(labels), format_func=lambda one: f"{labels[one]} UTC", key="workbook-version", width=360
        )
        version = next(one for one in versions if one.path.name == name)
        size = shown.size(version.path.stat().st_size)
        st.download_button(
            f"Download it ({size})", version.path.read_bytes, file_name=version.path.name, key="workbook-version-take",
            on_click="ignore",
        )  # fmt: skip
        st.caption("The History page compares versions, and brings one back.")
