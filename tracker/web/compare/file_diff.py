"""One artifact of two runs side by side on a page: texts line by line, pictures beside each other."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from tracker.comparing.compare import Comparison
from tracker.comparing.sides import Side
from tracker.web.artifacts import artifact_view
from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.reading import files

TEXTS = ("text", "json", "markdown", "html", "table")
MOST_DIFF = 2_000
"""Lines of a diff that are shown."""
MOST_COMPARED = 5_000
"""Lines of each text that are compared: beyond, it would take longer than anybody waits."""
HEIGHT = 420


def show(context: Context, found: Comparison, heads: tuple[str, str]) -> None:
    """The choice among what both have in different versions, and how they differ."""
    lines = [line for line in found.of("artifact", "data") if line.differs and line.left and line.right]
    pairs: dict[str, tuple[Path, Path]] = {}
    for line in lines:
        left, right = (_file(context, side, line.name) for side in (found.left, found.right))
        if left is not None and right is not None:
            pairs[line.name] = (left, right)
    if not pairs:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("## One file of both", width="content")
        if st.session_state.get("compare-file") not in pairs:
            st.session_state.pop("compare-file", None)
        name = str(st.selectbox("File", list(pairs), key="compare-file", label_visibility="collapsed", width=320))
    left, right = pairs[name]
    if files.look(left) in TEXTS and files.look(right) in TEXTS:
        _texts(left, right, heads)
        return
    for place, head, path in zip(st.columns(2), heads, (left, right), strict=True):
        with place:
            st.caption(plain(head))
            artifact_view.preview(path)


def _file(context: Context, side: Side, name: str) -> Path | None:
    """The stored file of a side's newest version of that name; None for a folder, or where it is not here."""
    versions = [key for key in (*side.outputs, *side.inputs) if key.rpartition(":")[0] == name]
    for key in reversed(versions):
        path = files.inside(context.place.folders, side.artifacts.get(key, {}).get("path"))
        if path is not None and path.is_file():
            return path
    return None


def _texts(left: Path, right: Path, heads: tuple[str, str]) -> None:
    contents = [files.text(path) for path in (left, right)]
    lines = diff([text for text, _ in contents], heads)
    if not lines:
        st.caption("Their texts are the same.")
        return
    st.code("\n".join(lines[:MOST_DIFF]), language="diff", height=HEIGHT if len(lines) > 14 else "content")
    if len(lines) > MOST_DIFF or any(more for _, more in contents):
        st.caption("The rest is not shown: download both from the Artifacts page.")


def diff(texts: Sequence[str], heads: Sequence[str]) -> list[str]:
    """What differs between two texts, as ``diff -u`` says it."""
    before, after = (text.splitlines()[:MOST_COMPARED] for text in texts)
    one, other = (shown.cut(head, 80) for head in heads)
    return list(difflib.unified_diff(before, after, one, other, lineterm=""))
