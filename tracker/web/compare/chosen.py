"""Which runs the Compare page is about: some that are named, or all that a filter and experiments leave.

The page's address says it: ``runs=`` with ids, or ``filter=`` and ``experiment=``. Where it says nothing, as for
somebody who came by the menu, it is what was compared last, else the experiment of the newest run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from tracker.errors import QueryError
from tracker.reading.query import parse
from tracker.web.common import say
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.reading import columns

KEYS = ("runs", "filter", "experiment")
"""What the address says of it."""
RUNS, FILTER = "Runs", "A filter"
MOST_OFFERED = 1_000
"""Runs to choose from: a browser filters so many at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be compared."""

    ids: tuple[str, ...] = ()
    filter: str | None = None
    """None where runs are named."""
    experiments: tuple[str, ...] = ()


def choose(context: Context, runs: pd.DataFrame, labels: dict[str, str]) -> pd.DataFrame:
    """The runs to compare, with the fields to change them; those that are named in the order of their names."""
    wanted = _wanted(runs)
    by = FILTER if wanted.filter is not None else RUNS
    _keep("compare-by", by)

    def turn_over() -> None:
        # What is compared stays, as far as the other way can say it.
        if st.session_state["compare-by"] == FILTER:
            own = runs.loc[runs["run_id"].isin(wanted.ids), "experiment"].dropna()
            turn(Wanted(filter="", experiments=tuple(dict.fromkeys(map(str, own)))))
        else:
            turn(Wanted(tuple(st.session_state.get("compare-shown", ())[:2])))

    left, *others = st.columns([1.9, 4.6, 2.5] if by == FILTER else [1.9, 7.1], vertical_alignment="bottom")
    left.segmented_control(
        "Compare", [RUNS, FILTER], key="compare-by", required=True, on_change=turn_over, label_visibility="visible"
    )
    found = _filtered(others, runs, wanted) if by == FILTER else _named(others[0], runs, labels, wanted)
    st.session_state["compare-shown"] = [str(run_id) for run_id in found["run_id"].head(2)]
    st.session_state["last-compared"] = wanted
    turn(wanted)
    return found


def turn(wanted: Wanted) -> None:
    """Put into the address what is to be compared."""
    says = {"runs": [",".join(wanted.ids)] if wanted.ids else [], "filter": [], "experiment": list(wanted.experiments)}
    if wanted.filter is not None:
        says |= {"runs": [], "filter": [wanted.filter]}
    for key, values in says.items():
        if not values:
            st.query_params.pop(key, None)
        elif st.query_params.get_all(key) != values:
            st.query_params[key] = values


def _wanted(runs: pd.DataFrame) -> Wanted:
    asked: Any = st.query_params
    if asked.get("runs"):
        return Wanted(tuple(dict.fromkeys(asked["runs"].split(","))))
    if "filter" in asked or "experiment" in asked:
        return Wanted(filter=asked.get("filter", ""), experiments=tuple(asked.get_all("experiment")))
    last = st.session_state.get("last-compared")
    if isinstance(last, Wanted) and (last.filter is not None or set(last.ids) & set(runs["run_id"])):
        return last
    counts = runs["experiment"].value_counts()
    newest = next((str(name) for name in runs["experiment"] if name and counts.get(name, 0) > 1), None)
    return Wanted(filter="", experiments=(newest,) if newest else ())


def _named(field: Any, runs: pd.DataFrame, labels: dict[str, str], wanted: Wanted) -> pd.DataFrame:
    ids = list(labels)
    there = [run_id for run_id in wanted.ids if run_id in labels]
    _keep("compare-picker", there)

    def picked() -> None:
        turn(Wanted(tuple(st.session_state["compare-picker"])))

    field.multiselect(
        "Runs; the first is what the others are measured against",
        list(dict.fromkeys([*there, *ids[:MOST_OFFERED]])),
        format_func=lambda run_id: labels[run_id],
        key="compare-picker",
        on_change=picked,
        placeholder="Choose two or more runs",
        help=f"The newest {MOST_OFFERED:,} are offered; a filter reaches all." if len(ids) > MOST_OFFERED else None,
    )
    unknown = [run_id for run_id in wanted.ids if run_id not in labels]
    if unknown:
        st.warning(f"Not in this registry: {plain(', '.join(unknown))}")
    return runs.set_index("run_id", drop=False).loc[there]


def _filtered(fields: Any, runs: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    _keep("compare-filter", wanted.filter)
    names = sorted({str(name) for name in runs["experiment"].dropna()})
    experiments = [name for name in wanted.experiments if name in names]
    _keep("compare-experiments", experiments)

    def changed() -> None:
        turn(
            Wanted(
                filter=st.session_state["compare-filter"] or "",
                experiments=tuple(st.session_state["compare-experiments"]),
            )
        )

    fields[0].text_input(
        "Filter",
        key="compare-filter",
        on_change=changed,
        placeholder=columns.example(runs),
        icon=":material/filter_alt:",
    )
    fields[1].multiselect("Experiment", names, key="compare-experiments", on_change=changed, placeholder="All")
    found = runs[runs["experiment"].isin(experiments)] if experiments else runs
    try:
        return found.loc[parse(wanted.filter or "").mask(found)]
    except QueryError as error:
        say.bad_query(error)
        return found


def _keep(key: str, value: Any) -> None:
    """What a field says; one that says it already is left alone, and with it what is being typed there."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value
