"""The Artifacts page: every version of every artifact, filtered; one of them opened beside the list."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tracker.web.artifacts import artifact_list, artifact_view
from tracker.web.artifacts.artifact_filter import SIZES, USES, Wanted, matching
from tracker.web.common import address, say
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain, size
from tracker.web.reading import data, files

SHARED: address.Defaults = {
    "artifact-name": "",
    "category": [],
    "kind": [],
    "artifact-owner": [],
    "artifact-run": "",
    "artifact-size": next(iter(SIZES)),
    "artifact-use": USES[0],
    "newest": False,
}
"""What the page's address says of it."""
MOST_ZIPPED = 200_000_000
"""Bytes that are packed into one file to be taken away: it is made in memory."""
CODE = """with tracker.start_run({path!r}, experiment="first") as run:
    run.log_artifact("model.pkl", name="churn-model", category="model")
    run.log_table(errors, "errors.csv")
"""


def show(context: Context) -> None:
    """The page."""
    artifacts = context.table("artifacts")
    if artifacts.empty:
        say.nothing_yet(
            "No artifacts yet",
            "Files that runs read or make are kept beside the workbook, versioned by name, never stored twice.",
            CODE.format(path=str(context.place.path)),
        )
        return
    artifacts = artifact_list.with_run_names(artifacts, context.runs())
    expiries = data.expiries(context.place.path, context.stamp)
    ends = {name: one.when for name, one in expiries.items() if not one.kept}
    artifacts["kept until"] = pd.to_datetime(artifacts["artifact"].map(ends))
    address.take_over(SHARED)
    found = _filtered(context, artifacts).sort_values("created", ascending=False, na_position="last", kind="stable")
    address.write(SHARED, keep=("artifact",))
    bar = st.container(horizontal=True, vertical_alignment="center", key="artifacts-bar")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        picked, ticked = _picked(found.reset_index(drop=True), artifacts, context)
    with right:
        if picked is not None:
            artifact_view.show(context, picked, "artifact")
    with bar:
        _together(context, found, ticked, len(artifacts))


def _together(context: Context, found: pd.DataFrame, ticked: pd.DataFrame, whole: int) -> None:
    """How many there are, and what can be done with all that are ticked, or with all that the filters leave."""
    total = count(whole, "version")
    number = total if len(found) == whole else f"{len(found):,} of {total}"
    some = ticked if len(ticked) > 1 else found
    said = f" · {len(ticked):,} ticked" if len(ticked) > 1 else ""
    st.markdown(f"**{number}**{said} · {plain(size(some['size'].sum()))}", width="content")
    few = len(some) <= files.MOST_FILES and some["size"].sum() <= MOST_ZIPPED
    paths = {
        str(row.artifact): path
        for row in some.head(files.MOST_FILES * few).itertuples()
        if (path := files.inside(context.place.folders, row.path)) is not None
    }
    if paths:
        st.download_button(
            f"Download {len(paths):,}",
            lambda: files.zip_of(paths),
            "artifacts.zip",
            "application/zip",
            key="artifacts-zip",
            on_click="ignore",
            icon=":material/folder_zip:",
            help=f"As one zip file; offered up to {size(MOST_ZIPPED)}.",
        )
    if context.may("hold") and st.button(
        "Hold, move, trash …",
        key="artifacts-retention",
        icon=":material/auto_delete:",
        disabled=some.empty,
        help="Opens the Retention page with these chosen; nothing is done before you agree to its plan.",
    ):
        names = [str(name) for name in some["artifact"]]
        st.session_state["retention-hold-artifacts"] = st.session_state["retention-hand-artifacts"] = names
        st.switch_page(context.pages["retention"], query_params={"registry": context.link} if context.link else {})


def _picked(found: pd.DataFrame, artifacts: pd.DataFrame, context: Context) -> tuple[pd.Series | None, pd.DataFrame]:
    """What to look at, and all that is ticked: the row ticked last, else the version that the address names, else
    the best to look at.

    The address is heard whatever the filters say, until they are changed.
    """
    wanted = st.query_params.get("artifact")
    is_new = wanted is not None and wanted != st.session_state.get("artifact-shown")
    # Where somebody sent the address, or went back to it, nothing is picked: that is another list.
    lists = st.session_state["artifact-lists"] = st.session_state.get("artifact-lists", 0) + is_new
    picked, ticked = None, found.head(0)
    if found.empty:
        say.nothing_yet("No artifact matches", "Change or clear the filters above.")
    else:
        ticked = artifact_list.tick(found, f"artifacts-list-{lists}", height=620)
        picked = ticked.iloc[-1] if len(ticked) else None
    if picked is None and wanted is not None:
        named = (artifacts if is_new else found).query("artifact == @wanted")
        if is_new and named.empty:
            st.warning(f"Not in this registry: {plain(wanted)}")
            return None, ticked
        picked = None if named.empty else named.iloc[0]
    st.session_state["artifact-shown"] = None if picked is None else str(picked["artifact"])
    if picked is not None:
        address.name("artifact", str(picked["artifact"]))
        return picked, ticked
    st.query_params.pop("artifact", None)
    return None if found.empty else artifact_list.best(found, context), ticked


def _filtered(context: Context, artifacts: pd.DataFrame) -> pd.DataFrame:
    fields = st.columns([4, 3, 3, 3], vertical_alignment="bottom")
    text = _text(fields[0], "Name contains", "artifact-name", "model")
    categories = _several(fields[1], "Category", "category", _values(artifacts, "category"))
    within = artifacts[artifacts["category"].isin(categories)] if categories else artifacts
    kinds = _several(fields[2], "Kind", "kind", _values(within, "kind"))
    owners = _several(fields[3], "Stored by", "artifact-owner", _values(artifacts, "created_by"))
    fields = st.columns([4, 3, 3, 3], vertical_alignment="bottom")
    run = _text(fields[0], "Made or read by the run", "artifact-run", "a part of its name")
    least = _one(fields[1], "Size", "artifact-size", list(SIZES))
    use = _one(fields[2], "Use", "artifact-use", list(USES))
    newest = fields[3].toggle("Newest versions only", key="newest", persist_state="session")
    wanted = Wanted(text, categories, kinds, owners, run, SIZES[least], use, newest)
    return matching(artifacts, context.table("lineage"), context.runs(), context.table("models"), wanted)


def _text(field: DeltaGenerator, label: str, key: str, example: str) -> str:
    return str(
        field.text_input(label, key=key, icon=":material/search:", placeholder=example, persist_state="session") or ""
    )


def _several(field: DeltaGenerator, label: str, key: str, options: list[str]) -> list[str]:
    address.keep_valid(key, options)
    return list(field.multiselect(label, options, key=key, placeholder="All", persist_state="session"))


def _one(field: DeltaGenerator, label: str, key: str, options: list[str]) -> str:
    address.keep_valid(key, options)
    return str(field.selectbox(label, options, key=key, persist_state="session"))


def _values(artifacts: pd.DataFrame, column: str) -> list[str]:
    return sorted({str(value) for value in artifacts[column].dropna()})
