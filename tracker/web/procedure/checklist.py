"""The Checklists page: which run has what the standard operating procedure asks for."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from tracker.errors import TrackerError
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count
from tracker.web.procedure import checklist_bulk, matrix
from tracker.web.procedure.checklist_view import CODE_HINT, form
from tracker.web.reading import columns, glance
from tracker.web.reading.curves import distinct_labels

LEGEND = "✓ done, ✗ missing, ~ waived, · not applicable or not checked, blank: not asked of this run; * a must"
COLORS = {
    "✓": "background-color: rgba(0, 158, 115, 0.14)",
    "✗": "background-color: rgba(213, 94, 0, 0.18)",
    "~": "background-color: rgba(230, 159, 0, 0.18)",
    "·": "color: #7d8b97",
}
ALL, LACKING, COMPLETE = "All", "Lack something", "Have all of it"
SHARED: address.Defaults = {
    "checklist-which": ALL,
    "checklist-experiment": [],
    "checklist-lacks": [],
    "checklist-musts": False,
}
"""What the page's address says of it."""
AREA = "checklist-matrix"
"""The place of the grid on the page."""
DRAWN, TIMES, PICKED = "checklist-drawn", "checklist-times", "checklist-picked"
"""In the session: the runs and items of the grid as it was drawn, how many other ones there were before, and the picked
items, each with the id of its run. The grid knows positions only: with other runs or items it is another grid."""
ON_A_PAGE = 200
"""How many runs the matrix shows at a time."""


def show(context: Context) -> None:
    """The page."""
    runs, checklist = context.runs(), context.table("checklist")
    everything = matrix.items(context.table("sop"), checklist)
    if not everything:
        say.nothing_yet("No procedure yet", CODE_HINT)
        context.page_link("sop", "Write the procedure")
        return
    runs = runs[runs["run_id"].notna() & (runs["status"] != "MOVED")].drop_duplicates("run_id")
    if runs.empty:
        say.no_runs(context)
        return
    address.take_over(SHARED)
    found, wanted = _filtered(runs, everything, checklist)
    address.write(SHARED)
    if found.empty:
        say.nothing_yet("No run matches", f"None of the {count(len(runs), 'run')} does. Change the choice above.")
        return
    pages = -(-len(found) // ON_A_PAGE)
    page = st.pagination(pages, key="checklist-page") if pages > 1 else 1
    part = columns.arranged(found, (columns.NEWEST_BY, True)).iloc[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    _matrix(context, part, wanted, checklist, found)
    total = count(len(runs), "run") if len(found) == len(runs) else f"{len(found):,} of {count(len(runs), 'run')}"
    st.caption(f"{total}. {LEGEND}.")
    _judge(context)


def _filtered(
    runs: pd.DataFrame, wanted: list[matrix.Item], checklist: pd.DataFrame
) -> tuple[pd.DataFrame, list[matrix.Item]]:
    """The runs and items that are asked for."""
    left, middle, right = st.columns([4.2, 2.8, 3], vertical_alignment="bottom")
    st.session_state.setdefault("checklist-which", ALL)
    which = left.segmented_control("Runs", [ALL, LACKING, COMPLETE], key="checklist-which", persist_state="session")
    names = sorted({str(name) for name in runs["experiment"].dropna()})
    address.keep_valid("checklist-experiment", names)
    experiments = middle.multiselect(
        "Experiment", names, key="checklist-experiment", placeholder="All", persist_state="session"
    )
    items = [item.name for item in wanted]
    address.keep_valid("checklist-lacks", items)
    lacks = right.multiselect(
        "Lack one of these items", items, key="checklist-lacks", placeholder="Any", persist_state="session"
    )
    musts = st.toggle("Only what every run must have", key="checklist-musts", persist_state="session")
    if which in (LACKING, COMPLETE):
        shares = glance.checked_shares(runs["checklist"])
        runs = runs[shares < 1] if which == LACKING else runs[shares >= 1]
    if experiments:
        runs = runs[runs["experiment"].isin(experiments)]
    if lacks:
        runs = runs[runs["run_id"].isin(matrix.lacking(checklist, lacks))]
    if musts and any(item.level == "must" for item in wanted):
        wanted = [item for item in wanted if item.level == "must"]
    return runs, wanted


def _matrix(
    context: Context, runs: pd.DataFrame, wanted: list[matrix.Item], checklist: pd.DataFrame, found: pd.DataFrame
) -> None:
    """The grid, and below it what is picked in it; ``found`` are all runs, of which the grid shows some."""
    ids = [str(run_id) for run_id in runs["run_id"]]
    labels = distinct_labels(dict(zip(ids, runs["name"].fillna("(unnamed)"), strict=True)))
    recorded = matrix.records(matrix.of_runs(checklist, ids))
    stages = matrix.stages(context.table("models"), context.table("artifacts"))
    rows = []
    for run_id, run in zip(ids, runs.to_dict("records"), strict=True):
        values = {str(name): value for name, value in run.items() if not shown.is_blank(value)}
        cells = [
            matrix.status(recorded.get((run_id, item.name)), item, values, stages.get(run_id, ())) for item in wanted
        ]
        named = dict(zip((item.name for item in wanted), cells, strict=True))
        rows.append({"run": labels[run_id], "done": matrix.summary(cells), **named})
    drawn = (ids, [item.name for item in wanted])
    if st.session_state.get(DRAWN, drawn) != drawn:
        st.session_state[TIMES] = st.session_state.get(TIMES, 0) + 1
    st.session_state[DRAWN] = drawn
    st.dataframe(
        pd.DataFrame(rows).style.map(_colored, subset=[item.name for item in wanted]),
        key=_key(),
        hide_index=True,
        on_select=_take_clicks,
        selection_mode="multi-cell",
        height=shown.grid_height(len(rows), 560),
        column_config={
            "run": st.column_config.TextColumn(width=210, pinned=True),
            "done": st.column_config.TextColumn(width=80, pinned=True, help="Done, of those that count."),
            **{item.name: _column(item) for item in wanted},
        },
        alt="Checklists of the runs",
    )
    asked = {(ids[at], name) for at, row in enumerate(rows) for name in drawn[1] if row[name]}
    picked = [place for place in st.session_state.get(PICKED, []) if place[0] in labels and place[1] in drawn[1]]
    if len(picked) == 1:
        ((run_id, name),) = picked
        item = next(item for item in wanted if item.name == name)
        context.page_link("run", labels[run_id], run=run_id)
        form(context, run_id, item, recorded.get((run_id, name)), "checklist-item")
    if not context.may("tick"):
        return
    if len(picked) > 1 and (places := tuple(place for place in picked if place in asked)):
        checklist_bulk.of_places(context, places)
    if not picked:
        st.caption("Click a cell to see its evidence or to change it; drag over several to decide all of them.")
    checklist_bulk.of_item(context, wanted, len(found), lambda item: matrix.asked_of(item, found, checklist, stages))


def _key() -> str:
    return f"{AREA}-{st.session_state.get(TIMES, 0)}"


def _take_clicks() -> None:
    """Remember what was picked by run and item, which it stays when other runs come above them."""
    ids, names = st.session_state[DRAWN]
    cells = st.session_state[_key()]["selection"]["cells"]
    st.session_state.pop(checklist_bulk.PLAN, None)
    st.session_state[PICKED] = [(ids[row], name) for row, name in cells if row < len(ids) and name in names]


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
        context.page_link("sop", "The procedure")
    if not (fresh or anew):
        return
    try:
        judged = context.registry.evaluate(anew=anew, who=context.who)
    except TrackerError as error:
        say.failed(error)
        return
    st.session_state["flash"] = (f"{len(judged):,} runs were judged.", ":material/check:")
    st.rerun()


def _colored(cell: str) -> str:
    """Light enough for the text of both themes; the cell's symbol and word say the same."""
    return next((color for symbol, color in COLORS.items() if cell.startswith(symbol)), "")


def _column(item: matrix.Item) -> Any:
    about = " · ".join(part for part in (item.name, item.level, item.rule) if part)
    label = shown.cut(item.name, 28) + (" *" if item.level == "must" else "")
    return st.column_config.TextColumn(label, width=150, help=shown.plain(about))
