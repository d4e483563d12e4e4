"""What a run printed: the end of it, which follows a run under way, and a box that finds lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from tracker.web.common import say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.reading import files

MOST_BYTES = 100_000
"""From its end; what is before can be downloaded."""
MOST_LINES = 1_000
HEIGHT = 460
HOW_TO_CAPTURE = 'with tracker.start_run("registry.xlsx", capture_output=True) as run:\n    ...\n'

_COMMANDS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""What tells a terminal colours and the like (ECMA-48)."""


@dataclass(frozen=True, slots=True)
class Output:
    """The end of what was printed."""

    lines: list[str]
    size: int
    """Bytes of the whole file."""
    more: bool
    """There is something before these lines."""


def read(path: Path) -> Output | None:
    """The end of an output.txt; None where there is none."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - MOST_BYTES, 0))
            content = file.read(MOST_BYTES)
    except OSError:
        return None
    lines = without_commands(content.decode("utf-8", "replace")).split("\n")
    if lines[-1] == "":
        lines.pop()
    if size > MOST_BYTES:
        lines = lines[1:]  # it begins in the middle
    return Output(lines[-MOST_LINES:], size, size > MOST_BYTES or len(lines) > MOST_LINES)


def without_commands(text: str) -> str:
    """The text without what only means something to a terminal."""
    return "".join(sign for sign in _COMMANDS.sub("", text) if sign.isprintable() or sign in "\n\t")


def last_line(context: Context, run_id: str) -> str:
    """The last that was printed, which of a run that failed is mostly why; empty where nothing was kept."""
    found = read(_file(context, run_id))
    return next((line.strip() for line in reversed(found.lines) if line.strip()), "") if found else ""


def _file(context: Context, run_id: str) -> Path:
    return files.of_run(context.place.folders, run_id, context.place.folders.output(run_id).name)


def show(context: Context, run_id: str) -> None:
    """The tab."""
    path = _file(context, run_id)
    found = read(path)
    if found is None:
        say.nothing_yet(
            "No output was kept",
            "What a script prints is kept beside its run where it asks for it, or where TRACKER_CAPTURE_OUTPUT is set.",
            HOW_TO_CAPTURE,
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Find lines", key="output-find", placeholder="such as error", width=320, persist_state="session"
        )
        st.download_button(
            f"Download ({shown.size(found.size)})",
            path.read_bytes,
            f"{run_id}-output.txt",
            "text/plain",
            key="output-download",
            on_click="ignore",
            icon=":material/download:",
        )
    lines = [line for line in found.lines if all(word in line.lower() for word in words.lower().split())]
    if words.strip():
        st.caption(f"{count(len(lines), 'line')} of the last {len(found.lines):,} with {plain(words)}.")
    elif found.more:
        st.caption(f"The last {count(len(found.lines), 'line')}; all of it can be downloaded.")
    if lines:
        with st.container(height=HEIGHT, autoscroll=True, border=False, key="output-text"):
            st.code("\n".join(lines), language=None, wrap_lines=True)
    elif not words.strip():
        st.caption("Nothing was printed yet.")
