"""The page that makes a registry of a workbook: what each column is taken for, changed by hand, and then done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from tracker.adopting.carry_out import adopt, plan_adoption_of, sheet_names
from tracker.adopting.plan import AdoptionPlan, Mapped
from tracker.adopting.say import sentences
from tracker.errors import BadRequestError, TrackerError
from tracker.schema import RUNS
from tracker.syncing.cache import FileIdentity
from tracker.web.common import say
from tracker.web.common.shown import count, plain
from tracker.web.entering import start
from tracker.web.entering.places import Place

GUESSED = "(as found)"
OWN, PATHS = "yours, left as it is", "paths of files"
NAMED = {"metric": "metrics.", "param": "params.", "tag": "tags."}
"""What has a name of its own, and the prefix that it gets."""
OPTIONS = (OWN, *NAMED, PATHS, *(column.name for column in RUNS.columns))
EDITED = ["taken for", "name"]


def show(path: Path, who: str) -> None:
    """The page."""
    st.markdown(f"# Make a registry of {plain(path.name)}")
    st.markdown(
        f"{plain(path)} is no registry yet. Its list of runs can become one **where it stands**: colours, formulas, "
        "charts and all other sheets stay as they are, and the workbook as it was is kept."
    )
    if not start.may_choose():
        say.nothing_yet("Not over the network", f"On its own machine: python -m tracker adopt {path.name}")
        return
    try:
        mark = FileIdentity.of(path.stat())
        sheet, row, copy = _where(path, mark)
        found = _plan(path, mark, sheet, row, copy)
        columns = columns_form(found, f"adopt-{mark.modified_ns}-{sheet}-{row}-{copy}")
        plan = plan_adoption_of(path, sheet=sheet, header_row=row, columns=columns, copy=copy) if columns else found
    except TrackerError as error:
        say.failed(error)
        _leave()
        return
    except OSError as error:
        st.error(f"{plain(path)} cannot be read: {plain(error.strerror or error)}", icon=":material/error:")
        _leave()
        return
    st.markdown("\n".join(f"- {plain(line)}" for line in sentences(plan)))
    with st.container(horizontal=True):
        if st.button("Make it a registry", type="primary", key="adopt-do", icon=":material/check:"):
            _do(path, mark, {"sheet": sheet, "header_row": row, "columns": columns, "copy": copy, "who": who})
        _leave()


@st.cache_data(max_entries=8, show_spinner="Looking at every sheet …")
def _plan(path: Path, mark: FileIdentity, sheet: str, row: int, copy: bool) -> AdoptionPlan:
    return plan_adoption_of(path, sheet=sheet, header_row=row, copy=copy)


def _where(path: Path, mark: FileIdentity) -> tuple[str, int, bool]:
    """Which sheet, which row has the names, and whether the rows are copied."""
    fields = st.columns([2.4, 1.4, 4], vertical_alignment="bottom")
    sheet = fields[0].selectbox("Sheet with the runs", [GUESSED, *sheet_names(path)], key="adopt-sheet")
    row = fields[1].number_input(
        "Row with the columns' names", min_value=1, value=None, step=1, key="adopt-row", placeholder="as found"
    )
    copy = fields[2].checkbox(
        "Copy the rows to a new sheet, and leave this one as it is", key="adopt-copy", width="stretch"
    )
    return "" if sheet == GUESSED else str(sheet), int(row or 0), bool(copy)


def columns_form(plan: AdoptionPlan, key: str, place: str = "adopt-columns") -> dict[str, str]:
    """The table in which a person says what the columns are; gives what they decided, by header."""
    if plan.region is None:
        return {}
    unsure = len(plan.unsure)
    look = f" Please look at the **{count(unsure, 'column')}** marked *look*." if unsure else ""
    st.markdown(
        f"**{count(len(plan.rows), 'run')}** on sheet *{plain(plan.sheet)}*, "
        f"with the columns' names in row {plan.region.header_row}.{look}"
    )
    before = pd.DataFrame([_row(mapped) for mapped in plan.columns])
    after = st.container(key=place).data_editor(
        before,
        key=key,
        hide_index=True,
        num_rows="fixed",
        disabled=[name for name in before.columns if name not in EDITED],
        height="content",
        column_config={
            "column": st.column_config.TextColumn("column", width=170, pinned=True, help="Its header in the sheet."),
            "taken for": st.column_config.SelectboxColumn(
                "taken for", options=list(OPTIONS), required=True, width=170,
                help="What scripts and pages take it for. A column that is yours is shown and never written to.",
            ),
            "name": st.column_config.TextColumn(
                "name", width=140, help="Of a metric, param or tag: how scripts and filters name it."
            ),
            "sure": st.column_config.TextColumn("sure", width=70),
            "why": st.column_config.TextColumn("why", width=370),
            "examples": st.column_config.TextColumn("examples", width=260),
        },
    )  # fmt: skip
    chosen = {}
    for mapped, old, new in zip(plan.columns, before.to_dict("records"), after.to_dict("records"), strict=True):
        if any(old[name] != new[name] for name in EDITED):
            chosen[mapped.header] = _said(mapped.header, new)
    return chosen


def _row(mapped: Mapped) -> dict[str, Any]:
    target = mapped.target
    word = next((word for word, prefix in NAMED.items() if target.startswith(prefix)), "")
    return {
        "column": " ".join(mapped.header.split()),
        "taken for": word or target or (PATHS if mapped.guess.role == "artifact" else OWN),
        "name": target.partition(".")[2] if word else "",
        "sure": "sure" if mapped.guess.is_sure else "● look",
        "why": mapped.guess.reason,
        "examples": " · ".join(mapped.examples),
    }


def _said(header: str, row: Mapping[Any, Any]) -> str:
    """What a person said of a column, as :func:`tracker.adopting.plan.plan_adoption` takes it."""
    word = str(row["taken for"])
    if word in NAMED:
        name = str(row["name"] or "").strip() or header.strip()
        return NAMED[word] + name
    return {OWN: "own", PATHS: "artifact"}.get(word, word)


def _do(path: Path, mark: FileIdentity, options: dict[str, Any]) -> None:
    try:
        if FileIdentity.of(path.stat()) != mark:
            raise BadRequestError(reason=f"{path.name} was saved by somebody meanwhile. Look at the plan again.")
        with st.spinner("Making it a registry …", show_time=False):
            registry = adopt(path, **options)
    except TrackerError as error:
        say.failed(error)
        return
    start.turn_to(Place(registry.path))
    st.session_state["flash"] = (f"{plain(registry.path.name)} is a registry now.", ":material/check:")
    st.rerun()


def _leave() -> None:
    """The way out: to where the person came from."""
    if st.button("Not now", key="adopt-leave"):
        folder = st.session_state.get("folder")
        start.turn_to(Place(folder)) if folder is not None else start.close()
        st.rerun()
