"""Earlier workbooks on a page: two of them compared, and one brought back by a manager."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from tracker.deciding.restoring import Restoring, restore_version, restoring
from tracker.errors import TrackerError
from tracker.history.compare import Differences, compare_files
from tracker.history.versions import Version, find_version, known_versions
from tracker.web.common import address, cells_view, changes, say, shown, ticks
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.reading.watch import Stamp

PLAN = "restore-plan"
"""Where the session keeps the plan that a person has asked for and not yet agreed to."""


@dataclass(frozen=True, slots=True)
class _Plan:
    path: Path
    restoring: Restoring


# -- comparing ----------------------------------------------------------------------------------------------------


@st.cache_data(max_entries=8, show_spinner="Comparing …")
def _differences(path: Path, stamp: Stamp, before: Path, after: Path) -> Differences:
    return compare_files(before, after)


def compare(context: Context) -> None:
    """The choice of two versions, and what differs between them."""
    versions = [find_version(context.place.path, context.place.folders.versions, "now"), *_newest_first(context)]
    if len(versions) < 2:
        say.nothing_yet("No earlier workbook yet", "From the first sync on, the workbook before each one is kept.")
        return
    labels = {version.path.name: version.label for version in versions}
    paths = {version.path.name: version.path for version in versions}
    left, right = st.columns(2)
    names = list(labels)
    for key, at_first in (("versions-from", names[1]), ("versions-to", names[0])):
        address.keep_valid(key, names)
        st.session_state.setdefault(key, at_first)
    before = left.selectbox("From", names, format_func=lambda name: labels[name], key="versions-from")
    after = right.selectbox("To", names, format_func=lambda name: labels[name], key="versions-to")
    try:
        found = _differences(context.place.path, context.stamp, paths[before], paths[after])
    except TrackerError as error:
        say.failed(error)
        return
    draw(context, found, "compare-cells", wide=True)


def draw(context: Context, found: Differences, key: str, *, wide: bool = False) -> None:
    """What differs between two workbooks."""
    if not found:
        st.success("Nothing differs in the tables or on the other sheets.", icon=":material/check:")
        return
    words = ("new", "removed", "changed")
    counts = [f"{shown.count(n, 'row')} {word}" for n, word in zip(found.counts, words, strict=True) if n]
    st.markdown(f"**{', '.join(counts) or 'No row differs'}**")
    for change in found.columns:
        st.markdown(f"- {plain(changes.column_words(change))}")
    table, count = changes.cells_table(found.entries)
    if count:
        cells_view.draw(context, table, key, wide=wide)
    if count > len(table):
        st.caption(f"The first {len(table):,} of {count:,} cells; `python -m tracker diff --json` has all.")
    if found.sheets:
        st.caption(f"Other sheets whose content differs: {plain(', '.join(found.sheets))}")


# -- bringing back ------------------------------------------------------------------------------------------------


def restore(context: Context) -> None:
    """The earlier workbooks, and the plan to bring one of them back."""
    versions = _newest_first(context)
    if not versions:
        say.nothing_yet("No earlier workbook yet", "From the first sync on, the workbook before each one is kept.")
        return
    left, right = st.columns([4, 5], gap="medium")
    with left:
        rows = ticks.rows(
            "restore-list",
            [one.path.name for one in versions],
            changes.versions_table(versions),
            height=shown.grid_height(len(versions), 620),
            column_config={
                "saved": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
                "until": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
                "size": st.column_config.NumberColumn(format="bytes", width=85),
            },
            alt="Earlier workbooks, the newest first",
        )
        st.caption(
            "Kept: the newest within the settings versions.keep and versions.megabytes; of older ones the last of each "
            "day and month, within as much again."
        )
    with right:
        plan = st.session_state.get(PLAN)
        if isinstance(plan, _Plan) and plan.path == context.place.path:
            _agree(context, plan)
        elif not rows:
            st.info("Pick a version to see what bringing it back would change.")
        else:
            _ask(context, versions[rows[0]])


def _ask(context: Context, version: Version) -> None:
    st.markdown(f"## {plain(version.label[0].upper() + version.label[1:])} UTC")
    st.download_button("Download it", version.path.read_bytes, file_name=version.path.name, icon=":material/download:")
    if not context.may("version"):
        st.caption(f"Bringing a version back takes a manager; your role is {plain(context.role)}.")
        return
    if st.button("Show what will change", key="restore-plan-button", icon=":material/visibility:"):
        say.forget_failed(version.path.name)
        try:
            plan = restoring(context.registry, version.path.name)
        except TrackerError as error:
            say.keep_failed(version.path.name, error)
        else:
            st.session_state[PLAN] = _Plan(context.place.path, plan)
            st.rerun()
    say.still_failed(version.path.name)


def _agree(context: Context, plan: _Plan) -> None:
    """What would change, and the two ways to go on."""
    found = plan.restoring
    with st.container(border=True, key="restore-shown"):
        label = found.version.label
        st.markdown(f"**{plain(label[0].upper() + label[1:])} UTC, becomes the workbook again**")
        st.caption(
            "With people's charts and formats. What came since stays in the history; taking back the change set of "
            "this restore brings it back, and the workbook as it is now is kept as a version."
        )
        if found.removed_runs:
            st.warning(f"{shown.count(len(found.removed_runs), 'run')} will not be in the workbook any more.")
        if found.under_way:
            st.warning(f"Still running: {plain(', '.join(found.under_way))}. What they log later stays out, too.")
        if found.orphans:
            st.caption(f"{shown.count(found.orphans, 'artifact version')} without a row; the files stay.")
        draw(context, found.differences, "restore-cells")
        with st.container(horizontal=True):
            agreed = st.button(
                "Bring it back", key="restore-agree", type="primary", disabled=not context.may("version")
            )
            dropped = st.button("Cancel", key="restore-cancel")
        say.still_failed(PLAN)
    if agreed or dropped:
        say.forget_failed(PLAN)
    if agreed:
        try:
            restore_version(context.registry, found.version.path.name, context.who, agreed=found)
        except TrackerError as error:
            say.keep_failed(PLAN, error)
            st.rerun()
        st.session_state["flash"] = ("The earlier workbook is back.", ":material/history:")
    if agreed or dropped:
        st.session_state.pop(PLAN)
        st.rerun()


def _newest_first(context: Context) -> list[Version]:
    return list(reversed(known_versions(context.place.folders.versions)))
