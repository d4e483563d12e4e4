"""Which registry: the one that opens by itself, another one, a new one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import streamlit as st

from tracker.errors import NoTablesError, TrackerError
from tracker.reading import many
from tracker.reading.registry import init_registry, open_registry, templates
from tracker.web.common import say
from tracker.web.common.shown import plain
from tracker.web.entering import places, signing_in
from tracker.web.entering.places import Place
from tracker.workbook import check_registry

ABOUT_TEMPLATES = {
    "general": "general: any experiment",
    "classification": "classification: with the metrics and checks of classifiers",
    "neurips": "neurips: a paper, the 16 questions of NeurIPS",
    "acl": "acl: a paper, the 18 items of the ACL conferences",
    "ml-test-score": "ml-test-score: ready for production? 28 tests and a live score",
    "model-card": "model-card: models that others will use",
    "datasheet": "datasheet: data sets and where they come from",
    "fair": "fair: data to publish",
    "eu-ai-act": "eu-ai-act: technical documentation, Annex IV",
    "bank-models": "bank-models: a bank's model inventory, SR 26-2",
    "release-gate": "release-gate: models that go into production",
}


def may_choose() -> bool:
    """Whether pages may open and make files: only while nobody else reaches this app."""
    return not signing_in.how().shared


def home() -> Path:
    """A folder of the person's own on this machine, or of whoever serves the app."""
    return _home_of(*(os.environ.get(name, "") for name in places.HOME_VARIABLES))


@st.cache_resource(max_entries=8, show_spinner=False)
def _home_of(*values: str) -> Path:
    """Found once: where nothing of the person's own can be written it is a temporary folder, which has to stay."""
    return places.home(dict(zip(places.HOME_VARIABLES, values, strict=True)))


def first_place(samples: Path | None) -> Place | None:
    """The registry that opens by itself: a named one, else a copy of the sample.

    Raises:
        RegistryNotWritableError: the sample cannot be copied.
    """
    named = places.named_registry(sys.argv[1:], os.environ)
    if named is not None:
        return Place(named)
    sample = places.sample_workbook(samples) if may_choose() else None
    return Place(places.sample_copy(sample, home()), sample=True) if sample else None


def current_place(first: Place | None) -> Place | None:
    """The registry of this session; at its start the one that the page's address names.

    An address that somebody sent may name any file. Only a registry that this person opened before, or that is in the
    folder the app was started with, is opened at once.
    """
    st.session_state["first"] = first
    if "place" not in st.session_state:
        st.session_state["place"] = first
        wanted = st.query_params.get("registry")
        if wanted and first is not None and first.path.is_dir() and (named := _in_folder(first.path, wanted)):
            st.session_state["place"] = Place(named)
        elif wanted and may_choose():
            path = places.absolute(wanted)
            if path in places.recent(home()):
                st.session_state["place"] = Place(path)
            elif first is None or path != first.path:
                st.session_state["asked"] = path
    place: Place | None = st.session_state["place"]
    return place


def link_of(place: Place, first: Place | None) -> str:
    """The registry as addresses of pages name it: by its name in the folder; not at all where it opens by itself."""
    if first is None or place.path == first.path:
        return "" if first is not None else str(place.path)
    inside = first.path.is_dir() and place.path.is_relative_to(first.path)
    return place.path.relative_to(first.path).as_posix() if inside else str(place.path)


def _in_folder(folder: Path, wanted: str) -> Path | None:
    """The workbook of a folder that an address names, by its name there or by its path; never one from elsewhere."""
    found, others = many.find_workbooks(folder)
    named = (folder / wanted, places.absolute(wanted))
    return next((path for path in (*found, *others) if path in named), None)


def ask_about_link() -> None:
    """The question whether to open the registry that an address names."""
    asked: Path | None = st.session_state.get("asked")
    if asked is None:
        return
    with st.container(border=True):
        st.markdown(f"This link asks for another registry: **{plain(asked)}**. Open it if you know who sent the link.")
        with st.container(horizontal=True):
            if st.button("Open it", key="link-open", type="primary"):
                st.session_state.pop("asked")
                _open(str(asked))
            if st.button("Stay here", key="link-stay"):
                st.session_state.pop("asked")
                st.rerun()


def welcome() -> None:
    """The page where no registry is open."""
    st.title("Tracker")
    st.markdown("Open a registry, or make a new one. It is one Excel workbook, with a folder beside it.")
    if not may_choose():
        say.nothing_yet(
            "No registry was named",
            "Start the app with one: streamlit run app.py -- registry.xlsx",
        )
        return
    left, right = st.columns(2, gap="large")
    with left.container(border=True):
        make_form()
    with right.container(border=True):
        open_form()


def make_form() -> None:
    """Make a new registry: template, name and folder."""
    st.markdown("## Make a new registry")
    known = sorted(templates(), key=lambda name: name != "general")
    with st.form("make", border=False):
        template = st.selectbox(
            "Template", known, format_func=lambda name: ABOUT_TEMPLATES.get(name, name), key="make-template"
        )
        name = st.text_input("File name", value="experiments.xlsx", key="make-name")
        folder = st.text_input("Folder", value=os.getcwd(), key="make-folder")
        made = st.form_submit_button("Make and open", type="primary", key="make-submit")
    if made:
        try:
            path = places.new_path(folder, name)
            init_registry(path, str(template))
        except TrackerError as error:
            say.failed(error)
            return
        _open(str(path))


def choose() -> None:
    """Both forms, one behind the other."""
    opening, making = st.tabs(["Open", "Make new"], key="registry-tabs")
    with opening:
        open_form()
    with making:
        make_form()


def open_form() -> None:
    """Open a registry by its path, or one that was opened before; a folder, or a workbook that may become one."""
    st.markdown("## Open a registry")
    known = [path for path in places.recent(home()) if path.exists()]
    with st.form("open", border=False):
        path = st.text_input(
            "Path of the workbook",
            placeholder=str(Path.cwd() / "experiments.xlsx"),
            key="open-path",
            help="A folder is opened with all of its registries. Of a workbook or CSV file that is no registry, "
            "one can be made.",
        )
        again = None
        if known:
            again = st.selectbox(
                "or one you opened before", known, index=None, key="open-recent", placeholder="Choose a workbook"
            )
        opened = st.form_submit_button("Open", type="primary", key="open-submit")
    if opened:
        chosen = path or (str(again) if again else "")
        if not chosen:
            st.warning("Give the path of a workbook, such as experiments.xlsx.")
            return
        _open(chosen)


def turn_to(place: Place, run: str = "") -> None:
    """Show another registry or folder from the next look on; of a registry, one of its runs."""
    st.session_state["place"] = place
    st.session_state.pop("asked", None)
    st.session_state.pop("then-run", None)
    if run:
        st.session_state["then-run"] = run
    if not place.path.is_dir() and may_choose():
        places.remember(home(), place.path)
    st.query_params.clear()


def close() -> None:
    """Show what opens by itself, or where nothing else does the page on which a registry is chosen."""
    first: Place | None = st.session_state.get("first")
    st.session_state["place"] = None if first is not None and may_be_adopted(first.path) else first
    st.query_params.clear()


def may_be_adopted(path: Path) -> bool:
    """Whether it is a file that is no registry, but of which one can be made."""
    if st.session_state.get("is-registry") == path:
        return False
    if path.suffix.lower() == ".csv":
        return path.is_file()
    try:
        check_registry(path)
    except NoTablesError:
        return True
    except TrackerError:
        return False
    st.session_state["is-registry"] = path
    return False


def _open(text: str) -> None:
    """Turn to another registry; says why where that is none."""
    path = places.absolute(text)
    if not path.is_dir() and not may_be_adopted(path):
        try:
            open_registry(path)
        except TrackerError as error:
            say.failed(error)
            return
    turn_to(Place(path))
    st.rerun()
