"""The app: which registry, who is it, which page. START here; the pages are listed in pages.py."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from tracker.errors import TrackerError
from tracker.web import folder, head
from tracker.web.common import address, say
from tracker.web.common.context import Context
from tracker.web.entering import signing_in, start, tour, wanted
from tracker.web.entering.places import Place
from tracker.web.importing import adopt
from tracker.web.pages import PAGES, SECTIONS, Entry
from tracker.web.reading import data, watch

if TYPE_CHECKING:
    from streamlit.navigation.page import Page

SECONDS = 1.0
"""How often the files are looked at; with the time that a page takes, news is on it within two seconds."""


def main(samples: Path | None = None, first_page: str = PAGES[0].address) -> None:
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
    visitor = signing_in.visitor()
    if visitor is None:
        _alone(signing_in.ask)
        return
    if visitor.needs_role:
        wanted.go_back()
    place = start.current_place(first)
    if place is None:
        _alone(start.welcome)
        return
    if place.path.is_dir():
        st.session_state["folder"] = place.path
        _alone(partial(folder.show, place, visitor))
        return
    if not signing_in.may_enter(visitor, place.path):
        _alone(partial(signing_in.refused, visitor))
        return
    if start.may_be_adopted(place.path):
        _alone(partial(adopt.show, place.path, visitor.name))
        return
    _show(place, visitor.name, start.link_of(place, first), first_page)


def _alone(show: Callable[[], None]) -> None:
    """A page without a menu, under every address: whichever somebody was sent, it is what they see."""
    first = PAGES[0].address
    pages = [st.Page(show, title="Tracker", url_path=one.address, default=one.address == first) for one in PAGES]
    st.navigation(pages, position="hidden").run()


def _show(place: Place, who: str, link: str, first_page: str) -> None:
    now = datetime.now(UTC)
    looks = data.looks(place.path)
    session = st.session_state.setdefault("session", uuid.uuid4().hex)
    stamp = looks.changed(session) if "flash" in st.session_state else looks.asked(session)
    context = Context(place, stamp, now, who, link, pages := {})
    menu: dict[str, list[Page]] = {section: [] for section in SECTIONS}
    for entry in PAGES:
        page = pages[entry.address] = st.Page(
            partial(_page, context, entry),
            title=entry.title,
            icon=entry.icon,
            url_path=entry.address,
            default=entry.address == first_page,
            visibility="visible" if entry.in_menu else "hidden",
            help=entry.help,
        )
        menu[entry.section].append(page)
    current = st.navigation(menu, position="top")
    entry = next(one for one in PAGES if pages[one.address] is current)
    if link:
        address.name("registry", link)
    start.ask_about_link()
    with looks.drawing(session):
        head.show(context, entry)
        tour.show(context, current.title)
        if run_id := st.session_state.pop("then-run", None):
            context.open_run(run_id)
        current.run()
    _keep_current(place, session, context.stamp, _minute(), entry.follows_steps)


def _page(context: Context, entry: Entry) -> None:
    try:
        entry.show(context)
    except TrackerError as error:
        say.failed(error)
        st.caption("This page looks again every second: as soon as the workbook can be read, it is shown.")


@st.fragment(run_every=SECONDS)
def _keep_current(place: Place, session: str, shown: watch.Stamp, minute: int, follows_steps: bool) -> None:
    """Show the page anew when the registry has changed; once a minute in any case, for the times on it."""
    matters = watch.without_steps if follows_steps else None
    if data.looks(place.path).should_draw(session, shown, matters) or _minute() != minute:
        st.rerun()


def _minute() -> int:
    return int(time.time() // 60)
