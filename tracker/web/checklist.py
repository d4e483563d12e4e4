"""The Checklist page: which run has what the standard operating procedure asks for."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from tracker.errors import TrackerError
from tracker.web import matrix, reviewing, say, shown
from tracker.web.checklist_view import CODE_HINT, form
from tracker.web.context import Context

LEGEND = "✓ done, ✗ missing, ~ waived, · not applicable or not checked, blank: not asked of this experiment; * a must"
COLORS = {
    "✓": "background-color: rgba(0, 158, 115, 0.14)",
    "✗": "background-color: rgba(213, 94, 0, 0.18)",
    "~": "background-color: rgba(230, 159, 0, 0.18)",
    "·": "color: #7d8b97",
}
MOST_RUNS = 300
"""How many runs the matrix shows, the newest."""


def show(context: Context) -> None:
    """The page."""
    runs, labels = context.named_runs()
    checklist = context.table("checklist")
    wanted = matrix.items(context.table("sop"), checklist)
    if not wanted:
        say.nothing_yet("No procedure yet", CODE_HINT)
        return
    if runs.empty:
        say.nothing_yet("No runs yet", "The first run appears here by itself.", say.how_to_log(context.place.path))
        return
    everything = wanted
    runs, wanted = _filtered(runs, wanted)
    recorded = matrix.records(checklist)
    rows = []
    for run in runs.head(MOST_RUNS).to_dict("records"):
        run_id, experiment = str(run["run_id"]), str(run["experiment"] or "")
        cells = [matrix.status(recorded.get((run_id, item.name)), item, experiment) for item in wanted]
        named = dict(zip((item.name for item in wanted), cells, strict=True))
        rows.append({"run": labels[run["run_id"]], "done": matrix.summary(cells), **named})
    if not rows:
        say.nothing_yet("No run matches", "Choose another experiment above.")
        return
    event = st.dataframe(
        pd.DataFrame(rows).style.map(_colored, subset=[item.name for item in wanted]),
        key="checklist-matrix",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-cell",
        height=min(35 * (len(rows) + 1) + 3, 560),
        column_config={
            "run": st.column_config.TextColumn(width=210, pinned=True),
            "done": st.column_config.TextColumn(width=80, pinned=True, help="Done, of those that count."),
            **{item.name: _column(item) for item in wanted},
        },
        alt="Checklist of all runs",
    )
    newest = f" The newest {MOST_RUNS} of {len(runs):,} runs are shown." if len(runs) > MOST_RUNS else ""
    st.caption(LEGEND + newest)
    picked: list[Any] = event["selection"]["cells"]
    chosen = next(((row, name) for row, name in picked if row < len(rows)), None)
    item = next((item for item in wanted if chosen and item.name == chosen[1]), None)
    if chosen and item:
        run = runs.iloc[chosen[0]]
        st.markdown(f"**{shown.plain(labels[run['run_id']])}**")
        form(context, str(run["run_id"]), item, recorded.get((str(run["run_id"]), item.name)), "checklist-item")
    elif context.may("tick"):
        st.caption("Click a cell to see its evidence or to change it.")
    _judge(context)
    reviewing.show(context, checklist, bool(everything))


def _judge(context: Context) -> None:
    """Have runs judged that no rule has looked at, or that were judged by an earlier procedure."""
    with st.container(horizontal=True, vertical_alignment="center"):
        disabled = not context.may("tick")
        fresh = st.button("Judge runs that nobody has judged", key="checklist-judge", disabled=disabled)
        anew = st.button(
            "Judge all by the procedure of today",
            key="checklist-judge-anew",
            disabled=disabled,
            help="Runs keep the version of the procedure by which they were judged when they ended, until you do this. "
            "What people ticked or waived stays.",
        )
    if not (fresh or anew):
        return
    try:
        judged = context.registry.evaluate(anew=anew, who=context.who)
    except TrackerError as error:
        say.failed(error)
        return
    st.session_state["flash"] = (f"{len(judged):,} runs were judged.", ":material/check:")
    st.rerun()


def _filtered(runs: pd.DataFrame, wanted: list[matrix.Item]) -> tuple[pd.DataFrame, list[matrix.Item]]:
    left, right = st.columns([4, 6], vertical_alignment="bottom")
    names = sorted({str(name) for name in runs["experiment"].dropna()})
    experiments = left.multiselect(
        "Experiment", names, key="checklist-experiment", placeholder="All", persist_state="session"
    )
    musts = right.toggle("Only what every run must have", key="checklist-musts", persist_state="session")
    if experiments:
        runs = runs[runs["experiment"].isin(experiments)]
    if musts and any(item.level == "must" for item in wanted):
        wanted = [item for item in wanted if item.level == "must"]
    return runs, wanted


def _colored(cell: str) -> str:
    """Light enough for the text of both themes; the cell's symbol and word say the same."""
    return next((color for symbol, color in COLORS.items() if cell.startswith(symbol)), "")


def _column(item: matrix.Item) -> Any:
    about = " · ".join(part for part in (item.name, item.level, item.rule) if part)
    label = shown.cut(item.name, 28) + (" *" if item.level == "must" else "")
    return st.column_config.TextColumn(label, width=150, help=shown.plain(about))
