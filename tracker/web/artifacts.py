"""The Artifacts page: every version of every artifact, filtered; one of them opened beside the list."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from tracker.web import address, artifact_list, artifact_view, data, say
from tracker.web.context import Context
from tracker.web.shown import count, plain

SHARED: address.Defaults = {"artifact-name": "", "category": [], "kind": [], "newest": False}
"""What the page's address says of it."""
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
    found = _filtered(artifacts).sort_values("created", ascending=False, na_position="last", kind="stable")
    address.write(SHARED, keep=("artifact",))
    total = count(len(artifacts), "version")
    st.markdown(f"**{total if len(found) == len(artifacts) else f'{len(found):,} of {total}'}**")
    left, right = st.columns([5, 4], gap="medium")
    with left:
        picked = _picked(found.reset_index(drop=True), artifacts, context)
    with right:
        if picked is not None:
            artifact_view.show(context, picked, "artifact")


def _picked(found: pd.DataFrame, artifacts: pd.DataFrame, context: Context) -> pd.Series | None:
    """What a person picked in the list, else the version that the page's address names, else the best to look at.

    The address is heard whatever the filters say, until they are changed.
    """
    wanted = st.query_params.get("artifact")
    is_new = wanted is not None and wanted != st.session_state.get("artifact-shown")
    # Where somebody sent the address, or went back to it, nothing is picked: that is another list.
    lists = st.session_state["artifact-lists"] = st.session_state.get("artifact-lists", 0) + is_new
    picked = None
    if found.empty:
        say.nothing_yet("No artifact matches", "Change or clear the filters above.")
    else:
        picked = artifact_list.draw(found, f"artifacts-list-{lists}", height=620)
    if picked is None and wanted is not None:
        named = (artifacts if is_new else found).query("artifact == @wanted")
        if is_new and named.empty:
            st.warning(f"Not in this registry: {plain(wanted)}")
            return None
        picked = None if named.empty else named.iloc[0]
    st.session_state["artifact-shown"] = None if picked is None else str(picked["artifact"])
    if picked is not None:
        address.name("artifact", str(picked["artifact"]))
        return picked
    st.query_params.pop("artifact", None)
    return None if found.empty else artifact_list.best(found, context)


def _filtered(artifacts: pd.DataFrame) -> pd.DataFrame:
    left, middle, right, last = st.columns([4, 4, 3, 2.4], vertical_alignment="bottom")
    text = left.text_input(
        "Name contains",
        key="artifact-name",
        icon=":material/search:",
        placeholder="model",
        persist_state="session",
    )
    categories = _values(artifacts, "category")
    address.keep_valid("category", categories)
    category = middle.multiselect("Category", categories, key="category", placeholder="All", persist_state="session")
    kinds = _values(artifacts[artifacts["category"].isin(category)] if category else artifacts, "kind")
    address.keep_valid("kind", kinds)
    kind = right.multiselect("Kind", kinds, key="kind", placeholder="All", persist_state="session")
    newest = last.toggle("Newest versions only", key="newest", persist_state="session")
    found = artifacts
    if text:
        found = found[found["artifact"].fillna("").str.contains(text, case=False, regex=False)]
    if category:
        found = found[found["category"].isin(category)]
    if kind:
        found = found[found["kind"].isin(kind)]
    if newest:
        found = found.sort_values("version", kind="stable").drop_duplicates("name", keep="last")
    return found


def _values(artifacts: pd.DataFrame, column: str) -> list[str]:
    return sorted({str(value) for value in artifacts[column].dropna()})
