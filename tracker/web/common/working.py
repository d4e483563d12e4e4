"""What takes long is done by a process of its own, once for everybody; a page says how far it is, and goes on."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st

from tracker.contents.tasks import Task, start
from tracker.folders import Folders
from tracker.web.common.shown import plain

T = TypeVar("T")
LOOK_SECONDS = 0.7


@dataclass
class _Jobs:
    """The processes that this server started, by registry and task."""

    running: dict[tuple[Folders, Task], subprocess.Popen[bytes]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


@st.cache_resource(show_spinner=False)
def _jobs() -> _Jobs:
    return _Jobs()


def result(folders: Folders, task: Task, kept: Callable[[], T | None]) -> T | None:
    """What was found and kept; None while it is looked for or where that failed, both of which the page then says."""
    found = kept()
    if found is not None:
        return found
    jobs, key = _jobs(), (folders, task)
    with jobs.lock:
        process = jobs.running.get(key)
        if process is None:
            try:
                process = jobs.running[key] = start(folders, [task], stderr=subprocess.PIPE)
            except OSError as error:
                st.error(f"No process can be started here: {plain(error.strerror or error)}", icon=":material/error:")
                return None
    if process.poll() is None:
        _watch(folders, task, process)
        return None
    found = kept()
    if found is not None:
        del jobs.running[key]
        return found
    _failed(folders, task, process)
    return None


def asked(label: str, key: str) -> bool:
    """Whether a person asked, with a button, for what is not done unasked."""
    if st.session_state.get(f"asked-{key}"):
        return True
    if st.button(label, key=key, icon=":material/search:"):
        st.session_state[f"asked-{key}"] = True
        st.rerun()
    return False


@st.fragment(run_every=LOOK_SECONDS)
def _watch(folders: Folders, task: Task, process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        st.rerun()
    try:
        words = task.progress_file(folders).read_text(encoding="utf-8")
    except OSError:
        words = f"Looking into {task.part}{' and ' + task.test if task.test else ''}"
    st.markdown(f":material/hourglass_top: {plain(words)} …")


def _failed(folders: Folders, task: Task, process: subprocess.Popen[bytes]) -> None:
    said = ""
    if process.stderr is not None:
        if not process.stderr.closed:
            with process.stderr as stream:
                said = stream.read().decode("utf-8", "replace").strip()
            st.session_state[f"said-{task}"] = said
        said = st.session_state.get(f"said-{task}", said)
    last = said.splitlines()[-1] if said else f"its reader ended with code {process.returncode}"
    st.error(f"{plain(task.part)} could not be looked into: {plain(last)}", icon=":material/error:")
    if st.button("Try again", key=f"again-{task.part}-{task.test}", icon=":material/refresh:"):
        _jobs().running.pop((folders, task), None)
        st.rerun()
