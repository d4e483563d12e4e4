"""A folder of registries: how each stands, and the runs of all of them together, to look at."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import streamlit as st

from tracker.errors import QueryError, TrackerError
from tracker.folders import Folders
from tracker.reading import many
from tracker.reading.query import select
from tracker.settings import Settings
from tracker.web.common import say, shown, ticks
from tracker.web.common.shown import count, plain
from tracker.web.entering import signing_in, start
from tracker.web.entering.places import Place
from tracker.web.entering.signing_in import Visitor
from tracker.web.reading import columns, data, watch
from tracker.web.runs import grid

SECONDS = 2.0
"""How often it is looked whether one of the registries has changed."""
VIEWS = ("Registries", "Runs of all")
MOST_ROWS = 20_000


def show(place: Place, visitor: Visitor) -> None:
    """The page: of the registries those that are for this person."""
    workbooks, others = many.find_workbooks(place.path)
    found = [path for path in workbooks if signing_in.may_enter(visitor, path)]
    if not found and visitor.needs_role:
        signing_in.refused(visitor)
        return
    stamps = {path: watch.stamp(Folders(path), time.time()) for path in found}
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        st.markdown(f"# {plain(place.path.name or place.path)}", width="content", help=plain(place.path))
        st.caption(f"a folder with {count(len(found), 'registry', 'registries')}", width="content")
        st.space("stretch")
        if start.may_choose():
            with st.popover("Registry", icon=":material/folder_open:", key="registry", width="content"):
                start.choose()
        signing_in.account(visitor.name, "")
    if found:
        view = st.segmented_control(
            "Show", VIEWS, default=VIEWS[0], required=True, key="folder-view", label_visibility="collapsed"
        )
        if view == VIEWS[1]:
            _runs(place.path, stamps)
        else:
            _registries(place.path, stamps)
    else:
        say.nothing_yet("No registries yet", f"There is no registry in {place.path}. Make one, or open another folder.")
    if others and start.may_choose():
        _others(place.path, others)
    _keep_current(place.path, stamps, (workbooks, others))


@st.fragment(run_every=SECONDS)
def _keep_current(folder: Path, shown: dict[Path, watch.Stamp], workbooks: tuple[list[Path], list[Path]]) -> None:
    changed = any(watch.stamp(Folders(path), time.time()) != stamp for path, stamp in shown.items())
    if changed or many.find_workbooks(folder) != workbooks:
        st.rerun()


def _registries(folder: Path, stamps: dict[Path, watch.Stamp]) -> None:
    with st.spinner("Looking at every registry …", show_time=False):
        seen = [data.overview(path, stamp) for path, stamp in stamps.items()]
    table = pd.DataFrame(
        {
            "registry": [one.path.relative_to(folder).as_posix() for one in seen],
            "runs": [None if one.unreadable else one.runs for one in seen],
            "running": [one.running or None for one in seen],
            "last run": pd.to_datetime([one.last_run for one in seen], utc=True),
            "problems": [_problems(one) for one in seen],
            "open by": [one.open_by or None for one in seen],
        }
    )

    def opened() -> None:
        clicked = st.session_state.get("folder-open")
        if clicked is not None:
            start.turn_to(Place(seen[clicked["row"]].path))

    st.container(key="folder-list").dataframe(
        table,
        hide_index=True,
        height="content",
        placeholder="",
        alt="Registries",
        column_config={
            "registry": st.column_config.ButtonColumn(
                "registry",
                type="tertiary",
                alignment="left",
                width=300,
                pinned=True,
                on_click=opened,
                key="folder-open",
                help="Click a name to open the registry.",
            ),
            "runs": st.column_config.NumberColumn("runs", format="localized"),
            "last run": st.column_config.DatetimeColumn("last run", format="distance"),
            "problems": st.column_config.TextColumn("problems", width=300),
            "open by": st.column_config.TextColumn("open by", width=220, help="Who has the workbook open."),
        },
    )
    for one in seen:
        if one.unreadable:
            st.error(plain(one.unreadable), icon=":material/error:")


def _problems(seen: many.Overview) -> str:
    if seen.unreadable:
        return "✗ cannot be read"
    said = [count(number, word) for number, word in ((seen.errors, "error"), (seen.warnings, "warning")) if number]
    return f"{'✗' if seen.errors else '!'} {', '.join(said)}" if said else "✓ none"


def _runs(folder: Path, stamps: dict[Path, watch.Stamp]) -> None:
    frames, paths = {}, {}
    for path, stamp in stamps.items():
        name = path.relative_to(folder).as_posix()
        try:
            frames[name] = data.table(path, stamp, "runs")
        except TrackerError as error:
            st.error(f"**Left out: {plain(name)}.** {plain(error)}", icon=":material/error:")
            continue
        paths[name] = path
    runs = many.together(frames)
    fields = st.columns([4.6, 2.8, 2.4], vertical_alignment="bottom")
    query = fields[0].text_input(
        "Filter", key="folder-filter", placeholder="metrics.auc > 0.9 and registry like '%churn%'",
        icon=":material/filter_alt:",
    )  # fmt: skip
    chosen = fields[1].multiselect("Registry", list(frames), key="folder-registries", placeholder="All")
    found = runs[runs["registry"].isin(chosen)].reset_index(drop=True) if chosen else runs
    try:
        found = select(found, query or "")
    except QueryError as error:
        say.bad_query(error)
    suitable = ["registry", *(name for name in columns.suitable(found) if name != "registry")]
    orders = columns.orders(suitable[1:], Settings())
    order = fields[2].selectbox("Order", list(orders), key="folder-order", filter_mode="contains")
    if found.empty:
        say.nothing_yet("No run matches", "None of the runs of these registries fits. Change or clear the filter.")
        return
    listed = columns.arranged(found, orders.get(str(order), orders[columns.NEWEST])).head(MOST_ROWS)
    listed = listed.reset_index(drop=True)

    runs_shown = [
        (str(name), str(run_id or "")) for name, run_id in zip(listed["registry"], listed["run_id"], strict=True)
    ]

    def opened(row: int) -> None:
        registry, run_id = runs_shown[row]
        start.turn_to(Place(paths[registry]), run=run_id)

    key = ticks.key("folder-runs", [f"{registry} {run_id}" for registry, run_id in runs_shown])
    table, configuration = grid.prepared(listed, suitable, opened, key=key, exact_times=False)
    total = count(len(runs), "run") if len(found) == len(runs) else f"{len(found):,} of {count(len(runs), 'run')}"
    st.markdown(f"**{total}** in {count(found['registry'].nunique(), 'registry', 'registries')}")
    configuration["registry"] = st.column_config.TextColumn("registry", width=170)
    st.container(key="folder-runs").dataframe(
        table,
        hide_index=True,
        column_config=configuration,
        height=shown.grid_height(len(table), grid.MOST_HEIGHT),
        row_height=shown.ROW,
        placeholder="",
        alt="Runs of all registries",
    )
    st.caption("Only to look at: click a name to open the run in its registry, where it can be edited and compared.")


def _others(folder: Path, others: list[Path]) -> None:
    """Workbooks that are no registries, with the way to make them one."""
    st.markdown("## Other workbooks here")
    with st.container(border=True, gap="xsmall"):
        for path in others:
            with st.container(horizontal=True, vertical_alignment="center"):
                name = path.relative_to(folder).as_posix()
                st.markdown(plain(name), width="stretch")
                if st.button("Make it a registry …", key=f"folder-adopt-{name}"):
                    start.turn_to(Place(path))
                    st.rerun()
