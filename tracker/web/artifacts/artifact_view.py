"""One artifact version on a page: what it is, where it comes from and goes to, its content, and a way to get it."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker import store
from tracker.contents.parts import Part, guessed_fields
from tracker.errors import TrackerError
from tracker.retention.report import Expiry
from tracker.web.artifacts import contents_view, notebooks, pdf_pages
from tracker.web.common import shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.reading import data, files
from tracker.web.run.run_output import without_commands

GUESS = "Guessed from its name or content. Write the right word into the workbook."
MOST_RUNS = 5
"""How many runs that made or read an artifact are named."""


def show(context: Context, artifact: pd.Series, key: str) -> None:
    """A panel about one row of the artifacts table."""
    name = str(artifact["artifact"])
    path = files.inside(context.place.folders, artifact["path"])
    with st.container(border=True, key=f"{key}-panel"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"## {plain(name)}", width="content")
            guessed = guessed_fields(context.place.folders, artifact.to_dict())
            for field in ("kind", "category"):
                if not shown.is_blank(artifact[field]):
                    guess = field in guessed
                    st.badge(f"{plain(artifact[field])}{' ?' * guess}", color="gray", help=GUESS if guess else None)
            for alias in str(artifact["aliases"] or "").split(","):
                if alias.strip():
                    st.badge(plain(alias.strip()), icon=":material/bookmark:", color="violet")
            if artifact["status"] not in ("stored", None):
                st.badge(plain(artifact["status"]), color="orange")
            st.space("stretch")
            if path is not None:
                _download(path, f"{key}-download")
        st.caption(plain(_facts(artifact, context)))
        part = _part(context, name)
        if part is not None:
            contents_view.facts(context, part, context.to_artifact(name))
        _kept_until(context, name)
        if path is None:
            _not_here(context, artifact, part)
        elif path.is_dir():
            _folder(context, path, key, part)
        else:
            preview(path)
        lineage(context, name, key)
        if not shown.is_blank(artifact["sha256"]):
            st.caption(f"sha256 {shown.code(artifact['sha256'])}")


def _facts(artifact: pd.Series, context: Context) -> str:
    facts = [shown.size(artifact["size"])]
    if not shown.is_blank(artifact["files"]) and artifact["files"] != 1:
        facts.append(shown.count(int(artifact["files"]), "file"))
    if not shown.is_blank(artifact["created"]):
        facts.append(f"stored {shown.exact_time(artifact['created'])}, {shown.ago(artifact['created'], context.now)}")
    if not shown.is_blank(artifact["created_by"]):
        facts.append(f"by {artifact['created_by']}")
    return " · ".join(facts)


def _kept_until(context: Context, name: str) -> None:
    """Until when it is kept, and by which rule; or why it stays."""
    expiry = data.expiries(context.place.path, context.stamp).get(name)
    if expiry is not None:
        st.caption(f":material/event: {plain(retention_words(expiry))}")


def retention_words(expiry: Expiry) -> str:
    """``Kept until 2027-05-30, then archive (candidate: 730 days …)``."""
    if expiry.when is None:
        return f"Kept: {expiry.why}"
    kept = f". It stays all the same: {'; '.join(expiry.kept)}" if expiry.kept else ""
    if expiry.action == "purge":
        return f"In the trash until {expiry.when:%Y-%m-%d}; then it can be deleted for good ({expiry.why}){kept}"
    return f"Kept until {expiry.when:%Y-%m-%d}, then {expiry.action} ({expiry.why}){kept}"


def _download(path: Path, key: str) -> None:
    size = path.stat().st_size if path.is_file() else sum(size for _, size in files.contents(path))
    if size > files.MOST_DOWNLOAD:
        st.caption(f"Copy it from {plain(path)}")
        return
    content = path.read_bytes if path.is_file() else lambda: files.as_zip(path)
    name = path.name if path.is_file() else f"{path.parent.name}-{path.name}.zip"
    st.download_button(
        "Download", content, name, "application/octet-stream", key=key, on_click="ignore", icon=":material/download:"
    )


def _not_here(context: Context, artifact: pd.Series, part: Part | None) -> None:
    place = plain(artifact["path"]) if not shown.is_blank(artifact["path"]) else "no path"
    status = artifact["status"]
    if status == "referenced":
        st.info(f"Only referenced: it lies at {place}.")
    elif status in ("deleted", "trash", "archived"):
        words = {"deleted": "Deleted for good", "trash": "In the trash", "archived": "In the archive"}[status]
        told = [artifact.get(name) for name in ("status_time", "status_by", "status_why")]
        told = [plain(shown.text(word)) for word in told if not shown.is_blank(word)]
        back = "" if status == "deleted" else " A manager brings it back on the Retention page."
        st.info(f"{words} ({', '.join(told)}). Its row, hash and history are kept.{back}")
    elif part is not None and part.stored.store:
        st.info(f"It lies in the artifact store, at {place}. A copy of it:")
        st.code(f"python -m tracker get {context.place.path.name} {part.stored.artifact}", language="bash")
    else:
        st.warning(
            f"Its file is not in the registry's folder ({place}). If the folder was moved, put it back beside the "
            "workbook; the row and its history are kept."
        )


def _part(context: Context, name: str) -> Part | None:
    """The version as the store knows it; None for one that is gone, or that only a row names."""
    try:
        stored = store.find(context.folders, name)
    except TrackerError:
        return None
    return Part(stored) if stored.artifact == name else None


def _folder(context: Context, path: Path, key: str, part: Part | None) -> None:
    found = dict(files.contents(path))
    if not found:
        st.caption("The folder is empty.")
        return
    name = st.selectbox(
        f"{shown.count(len(found), 'file')} in this folder",
        list(found),
        format_func=lambda name: f"{name} ({shown.size(found[name])})",
        key=f"{key}-file",
    )
    if part is not None and any(file.path == name for file in part.stored.files):
        file = Part(part.stored, str(name))
        contents_view.facts(context, file, context.to_artifact(str(file)))
    preview(path / str(name))


def preview(path: Path) -> None:
    """A file's content, as far as it can be shown without running anything."""
    how = files.look(path)
    content: Any
    if how == "image":
        content = files.picture(path)
        st.image(content, alt=path.name) if content else st.caption("This image is damaged or too large to be shown.")
    elif how == "svg" and (content := files.drawing(path)):
        st.image(content, alt=path.name)
    elif how in ("table", "rows") and (content := (files.table if how == "table" else files.rows)(path)) is not None:
        _table(content, path.name)
    elif how == "notebook" and (content := notebooks.pieces(path)) is not None:
        _notebook(*content)
    elif how == "pdf":
        _pdf(path)
    elif how in ("audio", "video") and (content := files.media(path)) is not None:
        (st.audio if how == "audio" else st.video)(content, mimetypes.guess_type(path.name)[0] or f"{how}/mp4")
    elif how in ("rows", "audio", "video") and not files.is_text(path):
        st.caption("No preview: it is damaged or too large. It can be downloaded.")
    elif how == "json" and isinstance(content := files.structure(path), (dict, list)):
        st.json(content, expanded=2)
    elif how == "markdown":
        content, more = files.text(path)
        with st.container(border=True):
            st.markdown(shown.note(content))
        if more:
            st.caption("The rest is not shown.")
    elif how == "html" and (content := files.page(path)):
        st.iframe(content, height=420, alt=path.name)
        st.caption("Shown without its scripts and without anything from elsewhere; download it to see it whole.")
    elif how == "none":
        st.caption("No preview: what is no text, table or picture is never opened here, since that could run code.")
    else:
        content, more = files.readable(path)
        st.code(content, language=files.language(path), height=360 if content.count("\n") > 14 else "content")
        if more:
            st.caption("The rest is not shown.")


def _pdf(path: Path) -> None:
    """One page of a PDF as a picture."""
    if not pdf_pages.can_draw():
        st.caption("No preview: pages of a PDF are drawn where pypdfium2 is installed. It can be downloaded.")
        return
    key = f"pdf-page-{path.parent.parent.name}-{path.parent.name}-{path.name}"
    found = _pdf_page(path, path.stat().st_mtime_ns, int(st.session_state.get(key, 1)))
    if found is None:
        st.caption("No preview: it is damaged, protected by a password, or too large. It can be downloaded.")
        return
    if found.pages > 1:
        st.pagination(found.pages, key=key)
    st.image(found.picture, alt=f"{path.name}, page {st.session_state.get(key, 1)} of {found.pages}")


@st.cache_data(max_entries=64, show_spinner="Drawing the page …")
def _pdf_page(path: Path, modified: int, number: int) -> pdf_pages.Page | None:
    return pdf_pages.page(path, number)


def _notebook(found: Sequence[notebooks.Piece], more: bool) -> None:
    """The cells of a notebook and what came of them."""
    for piece in found:
        if piece.kind == "markdown":
            st.markdown(shown.note(piece.text))
        elif piece.kind == "picture":
            picture = files.sound_picture(piece.picture)
            st.image(picture, alt="output") if picture else st.caption("This image is damaged or too large.")
        else:
            st.code(without_commands(piece.text), language="python" if piece.kind == "code" else None)
    if more:
        st.caption(f"The first {notebooks.MOST_CELLS} cells.")


def _table(rows: files.Rows, name: str) -> None:
    st.dataframe(rows.frame, hide_index=True, height=shown.grid_height(max(len(rows.frame), 1), 360), alt=name)
    parts = [f"{files.TABLE_ROWS} rows"] if rows.more else []
    if rows.columns > files.TABLE_COLUMNS:
        parts.append(f"{files.TABLE_COLUMNS} of {rows.columns:,} columns")
    if parts:
        st.caption(f"The first {' and '.join(parts)}.")


def lineage(context: Context, artifact: str, key: str) -> None:
    """Which runs made it and which read it, as links."""
    lineage = context.table("lineage")
    runs = context.runs()
    names = dict(zip(runs["run_id"], runs["name"], strict=True))
    rows = lineage[lineage["artifact"] == artifact]
    for direction, words in (("output", "Made by"), ("input", "Read by")):
        ids = list(dict.fromkeys(rows.loc[rows["direction"] == direction, "run_id"]))
        if not ids:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(words, width="content")
            for run_id in ids[:MOST_RUNS]:
                st.page_link(
                    context.pages["run"],
                    label=plain(names.get(run_id) or run_id),
                    icon=":material/science:",
                    query_params=context.to_run(str(run_id)),
                )
            if len(ids) > MOST_RUNS:
                st.caption(f"and {len(ids) - MOST_RUNS} more", width="content")
