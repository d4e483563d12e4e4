"""The Settings page: how the registry works, who may do what, where it lies and how much room it takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker.deciding.setting import set_setting
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.history.versions import known_versions
from tracker.settings import DEFAULTS
from tracker.web.common import address, say, shown, ticks
from tracker.web.common.context import Context
from tracker.web.common.editing import done
from tracker.web.common.shown import count, plain
from tracker.web.entering import tour
from tracker.web.procedure import matrix
from tracker.web.settings import people_view

KEY = "settings-list"
PARTS = {
    "pending": "values that are not in the workbook yet",
    "changes": "what each sync changed: the history",
    "versions": "earlier workbooks",
    "outside": "what people saved in other programs",
    "runs": "every step of every metric",
    "artifacts": "stored files",
    "trash": "deleted files, until they are purged",
}
"""What is in the folders of the side folder."""
TABS = ("Settings", "People", "This registry")
SHARED: address.Defaults = {"settings-tab": TABS[0]}
"""What the page's address says of it, besides the setting that is ticked."""


def show(context: Context) -> None:
    """The page."""
    address.take_over(SHARED)
    address.keep_valid("settings-tab", TABS)
    settings, people, registry = st.tabs(TABS, key="settings-tab", on_change="rerun")
    with settings:
        _settings(context)
    with people:
        people_view.show(context)
    with registry:
        _registry(context)
    address.write(SHARED, keep=("setting",))


# -- settings -----------------------------------------------------------------------------------------------------


def _settings(context: Context) -> None:
    """Every setting with its value and its meaning; one is changed below."""
    rows: dict[str, Mapping[str, Any]] = {}
    for row in matrix.rows_of(context.table("settings")):
        if row["name"]:
            rows.setdefault(str(row["name"]), row)
    names = [*DEFAULTS, *(name for name in rows if name not in DEFAULTS)]
    values = {name: rows.get(name, {}).get("value") for name in names}
    table = pd.DataFrame(
        {
            "setting": names,
            "value": [shown.exact_or_blank(values[name]) or None for name in names],
            "what it does": [DEFAULTS[name][1] if name in DEFAULTS else rows[name].get("help") for name in names],
            "default": [
                shown.exact_or_blank(DEFAULTS[name][0]) or None if name in DEFAULTS else None for name in names
            ],
        }
    )
    ticked = ticks.rows(
        KEY,
        names,
        table,
        said="setting",
        placeholder="",
        height=shown.grid_height(len(table), 560),
        column_config={
            "setting": st.column_config.TextColumn(width=170, pinned=True),
            "value": st.column_config.TextColumn(width=170, help="Blank: the default counts."),
            "what it does": st.column_config.TextColumn(width=560),
            "default": st.column_config.TextColumn(width=170),
        },
        alt="Settings",
    )
    chosen = [names[row] for row in ticked]
    if not context.may("settings"):
        st.caption("A manager changes the settings.")
    elif chosen:
        _form(context, chosen[0], values[chosen[0]], str(table["what it does"][names.index(chosen[0])] or ""))
    else:
        st.caption("Tick a setting to change it.")


def _form(context: Context, name: str, value: Any, about: str) -> None:
    with st.form(f"setting:{name}-form"):
        st.markdown(f"## {plain(name)}")
        st.caption(plain(about))
        default = shown.exact_or_blank(DEFAULTS[name][0]) if name in DEFAULTS else ""
        text = st.text_input(
            "Value",
            value=shown.exact_or_blank(value),
            key=f"setting:{name}",
            placeholder=f"default: {default or 'none'}",
        )
        saved = st.form_submit_button("Save", type="primary", key=f"setting:{name}-save")
    form = f"setting:{name}"
    if saved and text != shown.exact_or_blank(value):
        say.forget_failed(form)
        try:
            done(set_setting(context.registry, name, text, value, context.who))
        except TrackerError as error:
            say.keep_failed(form, error, [form])
        else:
            st.rerun()
    say.still_failed(form)


# -- where it is --------------------------------------------------------------------------------------------------


def _registry(context: Context) -> None:
    folders, status = context.place.folders, context.status
    versions = known_versions(folders.versions)
    kept = count(len(versions), "earlier workbook")
    since = f", the oldest of {min(one.saved for one in versions):%Y-%m-%d}" if versions else ""
    st.markdown(f"**Workbook** {shown.code(folders.workbook)}")
    st.markdown(f"**Side folder** {shown.code(folders.side)}. It moves and copies along with the workbook.")
    store = context.settings.get("artifacts.store")
    st.markdown(f"**Artifact files** {shown.code(store) if store else 'in the side folder'}")
    st.markdown(f"**Kept** {kept}{since}. The last change set in the workbook is {shown.code(status.stamp or 'none')}.")
    with st.container(horizontal=True, vertical_alignment="center"):
        context.page_link("history", "Bring one back")
        if st.button("Take the tour", key="settings-tour", icon=":material/tour:"):
            tour.begin(context)
        measured = st.button("Measure the room it takes", key="settings-measure", icon=":material/straighten:")
    if measured:
        with st.spinner("Looking at every file …", show_time=False):
            st.session_state["room"] = folders, room(folders)
    of, table = st.session_state.get("room", (None, None))
    if of == folders:
        st.container(key="settings-room").dataframe(
            table,
            hide_index=True,
            column_config={
                "size": st.column_config.NumberColumn(format="bytes", width=100),
                "files": st.column_config.NumberColumn(format="localized", width=90),
                "what it is": st.column_config.TextColumn(width=330),
            },
            alt="Room on disk",
        )


def room(folders: Folders) -> pd.DataFrame:
    """How many files and bytes the workbook and each part of its side folder take."""
    rows = [(folders.workbook.name, 1, _size(folders.workbook), "the registry itself")]
    for name, about in PARTS.items():
        files = [path for path in (folders.side / name).rglob("*") if path.is_file()]
        rows.append((f"{folders.side.name}/{name}", len(files), sum(map(_size, files)), about))
    return pd.DataFrame(rows, columns=["where", "files", "size", "what it is"])


def _size(path: Path) -> int:
    """Bytes; none of a file that has just gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
