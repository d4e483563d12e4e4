"""The app: which registry, who is it, which pages. START here; there is one module per page beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import streamlit as st

from tracker.capture import owner
from tracker.errors import TrackerError
from tracker.web import (
    address,
    adopt,
    artifacts,
    checklist,
    compare,
    datasets,
    folder,
    head,
    history,
    lineage,
    models,
    problems,
    retention,
    run,
    runs,
    say,
    start,
    watch,
)
from tracker.web.context import Context
from tracker.web.places import Place

SECONDS = 1.0
"""How often the files are looked at; with the time that a page takes, news is on it within two seconds."""

PAGES: tuple[tuple[str, str, str, Callable[[Context], None]], ...] = (
    ("runs", "Runs", ":material/table_rows:", runs.show),
    ("run", "Run", ":material/science:", run.show),
    ("compare", "Compare", ":material/compare_arrows:", compare.show),
    ("artifacts", "Artifacts", ":material/inventory_2:", artifacts.show),
    ("data", "Data", ":material/analytics:", datasets.show),
    ("models", "Models", ":material/deployed_code:", models.show),
    ("lineage", "Lineage", ":material/account_tree:", lineage.show),
    ("checklist", "Checklist", ":material/checklist:", checklist.show),
    ("retention", "Retention", ":material/auto_delete:", retention.show),
    ("history", "History", ":material/history:", history.show),
    ("problems", "Problems", ":material/report:", problems.show),
)
"""Address, title, icon and content of each page. The first is the one that opens."""


def main(samples: Path | None = None, first_page: str = "runs") -> None:
    """Show the app.

    Args:
        samples: a folder with sample registries, a copy of which is shown where no registry is named.
        first_page: the page that opens, by its address.
    """
    st.set_page_config(page_title="Tracker", page_icon=head.ICON, layout="wide")
    head.style()
    try:
        first = start.first_place(samples)
    except TrackerError as error:
        say.failed(error)
        first = None
    place = start.current_place(first)
    if place is None:
        _alone(start.welcome)
        return
    if place.path.is_dir():
        st.session_state["folder"] = place.path
        _alone(partial(folder.show, place))
        return
    if start.may_be_adopted(place.path):
        _alone(partial(adopt.show, place.path, _who()))
        return
    _show(place, "" if first is not None and place.path == first.path else str(place.path), first_page)


def _alone(show: Callable[[], None]) -> None:
    """A page without a menu, under the address of the one that else opens."""
    first = next(iter(PAGES))
    page = st.Page(show, title="Tracker", url_path=first[0], default=True)
    st.navigation([page], position="hidden").run()


def _show(place: Place, link: str, first_page: str) -> None:
    now = datetime.now(UTC)
    context = Context(place, watch.stamp(place.folders, now.timestamp()), now, _who(), link, pages := {})
    for path, title, icon, show in PAGES:
        page = partial(_page, context, show)
        pages[path] = st.Page(page, title=title, icon=icon, url_path=path, default=path == first_page)
    current = st.navigation(list(pages.values()), position="top")
    if link:
        address.name("registry", link)
    start.ask_about_link()
    head.show(context)
    if run_id := st.session_state.pop("then-run", None):
        context.open_run(run_id)
    current.run()
    _keep_current(place, context.stamp, _minute())


def _page(context: Context, show: Callable[[Context], None]) -> None:
    try:
        show(context)
    except TrackerError as error:
        say.failed(error)
        st.caption("This page looks again every second: as soon as the workbook can be read, it is shown.")


@st.fragment(run_every=SECONDS)
def _keep_current(place: Place, shown: watch.Stamp, minute: int) -> None:
    """Show the page anew when the registry has changed; once a minute in any case, for the times on it."""
    if watch.stamp(place.folders, time.time()) != shown or _minute() != minute:
        st.rerun()


def _minute() -> int:
    return int(time.time() // 60)


def _who() -> str:
    return str(st.user.get("email") or owner())
