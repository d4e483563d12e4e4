"""From what a person typed into a field to the value that is meant, and what is said when it was saved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from tracker.deciding.edits import EditReport
from tracker.matching import as_date, as_number
from tracker.web.common import shown
from tracker.web.common.shown import plain


def typed(value: Any, like: Any) -> Any:
    """What was typed, as the kind of value that stands in this column: a number stays one if it still is one."""
    if not isinstance(value, str) or not value.strip():
        return value or None
    meant: Any = None
    if isinstance(like, bool):
        meant = {"true": True, "false": False}.get(value.strip().lower())
    elif isinstance(like, datetime):
        meant = as_date(value.strip().removesuffix(" UTC"))
    elif isinstance(like, (int, float)):
        meant = as_number(value)
    return value if meant is None else meant


def same_text(value: Any, seen: Any) -> bool:
    """Whether a field still says what it said at first: then nothing is to be saved."""
    return shown.exact_or_blank(value) == shown.exact_or_blank(seen)


def done(report: EditReport) -> None:
    """Say with the next page that an edit was saved, and where it is."""
    if report.in_workbook:
        st.session_state["flash"] = ("Saved in the workbook.", ":material/check:")
    else:
        text = f"Saved, and shown here already; not in the workbook yet. {report.pending_because}"
        st.session_state["flash"] = (plain(text), ":material/hourglass_top:")
