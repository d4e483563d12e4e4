"""The History page: who changed which cell from what to what, in scripts, here and in Excel; and the ways back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path

import streamlit as st

from tracker.folders import Folders
from tracker.history.timeline import About, events, find_event, verify
from tracker.model import ChangeSet
from tracker.schema import TABLES
from tracker.web.common import address, cells_view, changes, say, shown, ticks
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.history import undo_form, version_forms
from tracker.web.reading.watch import Stamp

CHANGES, COMPARE, RESTORE = "Changes", "Compare versions", "Bring a version back"
SHARED: address.Defaults = {
    "history-view": CHANGES,
    "history-table": "",
    "history-who": "",
    "history-since": None,
    "versions-from": "",
    "versions-to": "",
}
"""What the page's address says of it, besides the change that is looked at."""
FIRST = 200
"""How many are listed until more are asked for."""
STYLE = "<style>.st-key-history-panes [data-testid=stColumn] { min-width: 24rem; }</style>"
"""On a tablet a change set stands below the list: beside it, its cells could not be read."""


def show(context: Context) -> None:
    """The page."""
    _ = context.registry.stamp  # a workbook that cannot be read is told here as on every page
    address.take_over(SHARED)
    address.keep_valid("history-view", (CHANGES, COMPARE, RESTORE))
    st.session_state.setdefault("history-view", CHANGES)
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            [CHANGES, COMPARE, RESTORE],
            required=True,
            key="history-view",
            label_visibility="collapsed",
            persist_state="session",
        )
        st.space("stretch")
        proving = st.button(
            "Prove that nothing was altered",
            key="history-verify",
            icon=":material/verified:",
            help="Reads every change set again and compares it with its name, and with those before and after it.",
        )
    if proving:
        _prove(context)
    if view == COMPARE:
        version_forms.compare(context)
    elif view == RESTORE:
        version_forms.restore(context)
    else:
        _changes(context)
    address.write(SHARED, keep=("change",))


def _prove(context: Context) -> None:
    proof = verify(context.place.folders)
    if proof.faults:
        lines = "\n".join(f"- {shown.code(fault.file)} {plain(fault.what)}" for fault in proof.faults)
        st.error(f"Not everything is as it was written. Restore these files from a backup.\n{lines}")
    else:
        st.success(
            f"{shown.count(proof.count, 'change set')}: every one is as it was written, and none is missing. "
            f"The newest is {shown.code(proof.newest or 'none')}; noted elsewhere, it proves later that nothing before "
            "it was altered.",
            icon=":material/verified:",
        )


# -- the list -----------------------------------------------------------------------------------------------------


@st.cache_data(max_entries=8, show_spinner=False)
def _found(path: Path, stamp: Stamp, about: About, most: int) -> tuple[list[ChangeSet], bool]:
    """The newest of what is wanted, and whether there is more."""
    found = list(islice(events(Folders(path), about), most + 1))
    return found[:most], len(found) > most


def _changes(context: Context) -> None:
    about = _filters()
    most = st.session_state.setdefault("history-most", FIRST)
    found, more = _found(context.place.path, context.stamp, about, most)
    if not found:
        if about == About():
            say.nothing_yet("Nothing was changed yet", "Every value that is logged, edited or saved is listed here.")
        else:
            st.info("Nothing in the history is of that kind.")
        return
    st.html(STYLE)
    left, right = st.container(key="history-panes").columns([5, 4], gap="medium")
    with left:
        picked = _list(found)
        if more and st.button("Show more", key="history-more"):
            st.session_state["history-most"] = most * 5
            st.rerun()
        st.caption(
            "A save in Excel or LibreOffice is listed once a sync has seen it. One that was overwritten by another "
            "save before that is not."
        )
    with right:
        wanted = st.query_params.get("change")
        if picked is not None:
            address.name("change", picked.id)
        elif wanted:
            picked = find_event(context.place.folders, wanted)
        _one(context, picked or found[0])


def _filters() -> About:
    address.keep_valid("history-table", TABLES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        table = st.selectbox(
            "Table",
            list(TABLES),
            index=None,
            placeholder="all tables",
            key="history-table",
            width=180,
            persist_state="session",
        )
        who = st.text_input("Who", key="history-who", placeholder="anybody", width=180, persist_state="session")
        since = st.date_input("Since", value=None, key="history-since", width=180, persist_state="session")
    start = datetime.combine(since, time(), UTC).timestamp() if isinstance(since, date) else None
    return About(table=table or "", who=who.strip(), since=start)


def _list(found: list[ChangeSet]) -> ChangeSet | None:
    """Draw the list; gives the one that a person picked."""
    rows = ticks.rows(
        "history-list",
        [one.id for one in found],
        changes.events_table(found),
        height=shown.grid_height(len(found), 620),
        placeholder="",
        column_config={
            "when": st.column_config.DatetimeColumn(format="distance", width=120),
            "change": st.column_config.TextColumn(width=75),
            "who": st.column_config.TextColumn(width=110),
            "with": st.column_config.TextColumn(width=110),
            "what": st.column_config.TextColumn(width=300),
        },
        alt="Changes, the newest first",
    )
    return found[rows[0]] if rows else None


# -- one change set -----------------------------------------------------------------------------------------------


def _one(context: Context, found: ChangeSet) -> None:
    """One change set or outside save, and the way to take it back."""
    with st.container(border=True, key="history-one"):
        title = "Saved in another program" if found.outside else f"Change set {found.number}"
        st.markdown(f"## {title}")
        moment = datetime.fromtimestamp(found.time, UTC)
        facts = [shown.exact_time(moment), shown.ago(moment, context.now)]
        facts += [f"by {found.who}"] if found.who else []
        facts += [f"with {changes.program(found)}"] if found.program else []
        st.caption(plain(", ".join(facts)))
        if found.note:
            st.info(plain(f"{found.note[0].upper()}{found.note[1:]}."))
        if found.restored:
            st.markdown(f":material/history: Brought back the version {shown.code(found.restored)}")
        content(context, found, "history-cells")
        undo_form.show(context, found)
        st.caption(shown.code(found.id))


def content(context: Context, found: ChangeSet, key: str, *, wide: bool = False) -> None:
    """The columns, cells and conflicts of a change set."""
    for change in found.columns:
        st.markdown(f"- {plain(changes.column_words(change))}")
    table, count = changes.cells_table(found.entries, found.who)
    if count:
        cells_view.draw(context, table, key, wide=wide)
    if count > len(table):
        st.caption(f"The first {len(table):,} of {count:,} cells; `python -m tracker history --json` has all.")
    _, labels = context.named_runs()
    for conflict in found.conflicts:
        row = cells_view.named(" ".join(conflict.key), labels)
        place = f"{conflict.column} of {row} in {conflict.table}"
        st.markdown(
            f"- :material/block: not written: {plain(place)} = {plain(shown.exact(conflict.dropped))}, since "
            f"{plain(shown.exact(conflict.kept))} stayed ({plain(conflict.reason)})"
        )


def of_run(context: Context, run_id: str) -> None:
    """What was changed of one run, the newest first."""
    found, more = _found(context.place.path, context.stamp, About(run_id=run_id), 50)
    if not found:
        st.caption("Nothing of this run is in the history yet; the next sync brings it in.")
    for number, one in enumerate(found):
        moment = datetime.fromtimestamp(one.time, UTC)
        what = "Saved in another program" if one.outside else f"Change set {one.number}"
        who = f" by {one.who}" if one.who else ""
        label = f"{what}{who}, {shown.ago(moment, context.now)}: {changes.what(one)}"
        with st.expander(plain(shown.cut(label, 140)), expanded=number == 0):
            st.caption(plain(shown.exact_time(moment)))
            content(context, one, f"run-history-{one.id}", wide=True)
    if more:
        st.caption("Older changes are on the History page and in `python -m tracker history`.")
