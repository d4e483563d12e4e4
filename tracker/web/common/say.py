"""What pages say when something failed, is not there yet, or was done."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from tracker.cli import report
from tracker.errors import QueryError, RuleError, TrackerError, WorkbookOpenElsewhereError
from tracker.syncing.sync import SyncReport
from tracker.web.common.shown import plain

if TYPE_CHECKING:
    from tracker.web.common.context import Context


def failed(error: TrackerError, title: str = "") -> None:
    """An error as its class says it: what happened, that nothing was lost, what to do."""
    lead = f"**{plain(title)}** " if title else ""
    st.error(lead + plain(error), icon=":material/error:")


def keep_failed(form: str, error: TrackerError | str, fields: Iterable[str] = ()) -> None:
    """Have :func:`still_failed` say with each look at the page what went wrong: pages are drawn anew all the time.

    Args:
        fields: the keys of the form's fields; once one of them holds something else, the error is about nothing.
    """
    st.session_state[f"failed:{form}"] = (error, {name: st.session_state.get(name) for name in fields})


def what_failed(form: str) -> TrackerError | str | None:
    """What :func:`keep_failed` kept of a form, as long as the form holds what it held then."""
    held = st.session_state.get(f"failed:{form}")
    if held is None:
        return None
    error, fields = held
    if any(st.session_state.get(name) != value for name, value in fields.items()):
        forget_failed(form)
        return None
    kept: TrackerError | str = error
    return kept


def still_failed(form: str) -> None:
    """Say what went wrong with a form, as long as it holds what it held then."""
    error = what_failed(form)
    if isinstance(error, RuleError):
        bad_rule(error)
    elif isinstance(error, TrackerError):
        failed(error)
    elif error:
        st.warning(plain(error))


def forget_failed(form: str) -> None:
    """The form is sent again, or left."""
    st.session_state.pop(f"failed:{form}", None)


def bad_rule(error: RuleError) -> None:
    """Where in a rule, or in what it holds for, the mistake is."""
    st.error(f"**Position {error.fields['position']}:** {plain(error.fields['reason'])}")
    st.code(f"{error.fields['rule']}\n{error.fields['pointer']}", language=None)


def bad_query(error: QueryError) -> None:
    """Where in a filter the mistake is; all runs are shown meanwhile."""
    fields = error.fields
    st.error(f"**Position {fields['position']}:** {plain(fields['reason'])}", icon=":material/filter_alt_off:")
    st.code(f"{fields['query']}\n{fields['pointer']}", language=None)


def nothing_yet(title: str, hint: str, code: str = "") -> None:
    """An empty page: what would be here, and the code that puts it here."""
    with st.container(border=True):
        st.markdown(f"## {plain(title)}")
        st.markdown(plain(hint))
        if code:
            st.code(code, language="python")


def no_runs(context: Context) -> None:
    """A registry without runs: the ways in which the first one comes."""
    nothing_yet(
        "No runs yet",
        "Log one from a Python script or notebook; it appears here within two seconds.",
        how_to_log(context.place.path),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Without Python:", width="content")
        context.page_link("workbook", "Type a planned run", icon=":material/edit_note:")
        context.page_link("import", "Bring in a table, or the runs of another tracker", icon=":material/input:")


def how_to_log(path: Path) -> str:
    """The code that logs a first run to a registry."""
    return f"""import tracker

with tracker.start_run({str(path)!r}, experiment="first", name="hello") as run:
    run.log_params({{"depth": 6, "lr": 0.1}})
    for step in range(100):
        run.log_metric("loss", 1 / (step + 1), step=step)
    run.log_text("It works.", "notes.md")
"""


def synced(done: SyncReport) -> None:
    """What a sync did, with the conflicts and problems that it met."""
    lines = report.sync_lines(done)
    (st.warning if done.conflicts or done.problems or done.pending else st.success)(plain(lines[0]))
    for line in lines[1:]:
        st.markdown(f"- {plain(line)}")


def waits(error: TrackerError) -> str:
    """Why what is safe is not in the workbook yet, in half a sentence."""
    if isinstance(error, WorkbookOpenElsewhereError):
        return f"the workbook is open in {error.fields['program']} by {error.fields['owner']}; nothing is lost"
    return str(error).rstrip(".")
