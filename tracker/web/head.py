"""The line above every page: its title, the registry, who has it open, what is pending, the way to another one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from tracker.errors import TrackerError
from tracker.web.common import say
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.entering import places, signing_in, start, tour
from tracker.web.entering.places import Place
from tracker.web.pages import Entry

STYLE = """
<style>
.stMainBlockContainer { padding: 4.2rem 1.6rem 3rem; }
.st-key-head h1 { padding: 0 0 1rem; }
.st-key-head .st-key-registry { margin-left: auto; }
.stMainBlockContainer h2 { padding-top: 0.25rem; }
.st-key-run-name h2 { font-size: 1.5rem; }
[class*="st-key-tile-"] p > strong:only-child { font-size: 1.5rem; line-height: 1.4; }
[data-testid="stButtonGroup"] button { min-height: 2.5rem; }
[data-testid="stButtonGroup"] button[data-variant][data-selected]:not([data-disabled]) {
  color: light-dark(#005A8E, #8CCDF2); }
.stCode code .token { color: light-dark(#3F5568, #C2D1DC); }
.stCode code .token:is(.keyword, .function, .builtin, .class-name) { color: light-dark(#005A8E, #7CC6F0); }
.stCode code .token:is(.string, .number, .boolean) { color: light-dark(#006B4F, #4FD1AC); }
[data-testid="stHeaderActionElements"] { display: none; }
[data-testid="stMetric"] [data-testid="stMetricLabel"] { opacity: 0.8; }
[data-testid="stElementToolbarButton"]:has(button[aria-label^="Download as CSV"]) { display: none; }
.st-key-runs-grid [data-testid="stElementToolbar"] { top: auto !important; bottom: 0.7rem; right: 1rem; }
.st-key-runs-grid [data-testid="stElementToolbarButton"]:has(button:is([aria-label^="Show/hide"],
  [aria-label^="Search"])) { display: none; }
body:has(.st-key-runs-grid) [aria-label="Dataframe column menu"]:has(
  > :nth-child(2)[role=menuitem] + [role=menuitem] + :not([role=menuitem])) > :is(:nth-child(2), :nth-child(3),
  :nth-child(4)) { display: none; }
[data-testid="stCaptionContainer"] { opacity: 0.8; }
button[data-testid^="stBaseButton-primary"]:is(*, :hover, :active):not(:disabled),
[data-testid="stMultiSelect"] :is([data-tag], [data-baseweb="tag"]):is(*, :hover) {
  color: light-dark(#FFFFFF, #0F1B26);
}
</style>
"""
"""Streamlit's own export of a grid would let a stored text such as ``=1`` become a formula; the Runs page has one that
does not. Its search and its order know only the runs that the browser was sent, and what it hides nobody remembers."""

ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="2" y="4" width="28" height="24" rx="4"
fill="#0072B2"/><path d="M2 11h28M11 11v17" stroke="#fff" stroke-opacity=".5" stroke-width="1.5"/><path d="M6 23l7-5 5 3
8-7" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>"""
"""The picture in the browser's tab. Streamlit would fetch any of its own icons for it from a server elsewhere."""


def style() -> None:
    """Less air above and below than streamlit leaves, so that a page shows more rows."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    st.html(f'{STYLE}<style>[data-testid="stPopoverBody"] {{ color-scheme: {theme}; }}</style>')


def show(context: Context, page: Entry) -> None:
    """The line itself."""
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        folder: Path | None = st.session_state.get("folder")
        if folder is not None and st.button("All", key="to-folder", icon=":material/arrow_back:", help=plain(folder)):
            start.turn_to(Place(folder))
            st.switch_page(context.pages["runs"])
        st.markdown(f"# {page.title}", width="content")
        st.caption(page.help, width="content")
        st.space("stretch")
        st.markdown(f"**{plain(context.place.path.name)}**", width="content", help=plain(context.place.path))
        if context.place.sample:
            st.badge(
                "sample copy: try anything",
                icon=":material/content_copy:",
                color="violet",
                help="Your own copy of a registry with real runs: nothing can go wrong.",
            )
        to_do = _badges(context)
        if to_do and context.may("sync") and st.button("Sync", key="sync", icon=":material/sync:"):
            sync(context)
        if start.may_choose():
            label = "Make or open a registry" if context.place.sample else "Registry"
            with st.popover(label, icon=":material/folder_open:", key="registry", width="content"):
                _choose(context)
        if signing_in.how().shared:
            signing_in.account(context.who, context.role)
    if "flash" in st.session_state:
        text, icon = st.session_state.pop("flash")
        st.toast(text, icon=icon)


def sync(context: Context, *, force: bool = False) -> None:
    """Bring in what is pending, and keep the report for the Problems page."""
    try:
        st.session_state["synced"] = context.registry.sync(who=context.who, program="person", wait=5.0, force=force)
        st.session_state["flash"] = ("Synced. The Problems page has the report.", ":material/check:")
    except TrackerError as error:
        st.session_state["synced"] = error
        st.session_state["flash"] = (f"Not now: {plain(say.waits(error))}.", ":material/hourglass_top:")
    st.rerun()


def _badges(context: Context) -> bool:
    """What stands between the journal and the workbook; gives whether a sync has something to do."""
    try:
        status = context.status
    except TrackerError:
        st.badge("cannot be read", icon=":material/error:", color="red")
        return False
    if status.open_elsewhere:
        who = status.open_elsewhere
        st.badge(
            plain(f"open in {who.program} by {who.owner}"),
            icon=":material/edit_document:",
            color="orange",
            help="You can go on working: what is logged and edited meanwhile is kept, shown here, "
            "and written when the workbook is closed.",
        )
    waiting = status.pending + status.waiting
    if waiting:
        st.badge(f"{count(waiting, 'change')} pending", icon=":material/hourglass_top:", color="blue")
    if status.lacking:
        st.badge(
            f"{count(status.lacking, 'change set')} to bring back",
            icon=":material/history:",
            color="orange",
            help="Somebody saved an older copy over the workbook. The next sync brings everything back.",
        )
    return bool(waiting or status.lacking)


def _choose(context: Context) -> None:
    st.caption(plain(context.place.path))
    start.choose()
    if context.place.sample and st.button("Take the tour", key="head-tour", icon=":material/tour:"):
        tour.begin(context)
    if context.place.sample and st.button("Start over with a fresh sample", key="fresh-sample"):
        places.discard_copy(context.place.path)
        st.session_state.pop("place", None)
        st.rerun()
