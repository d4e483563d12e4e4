"""The Compare page: two runs or thousands; what differs, their curves, what hangs together, their files and code."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from tracker.comparing.seeds import Group, groups_over_seeds
from tracker.data.seen import same_data
from tracker.web.common import address, say
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.compare import chosen, curves_view, differences_view, importance_view, pair_view, parallel, scatter
from tracker.web.compare.differences import rows_of
from tracker.web.datasets import page as datasets

FEW = 20
"""Up to so many runs stand side by side at first; more are drawn as lines over their params."""
MOST_SIDES = 50
"""So many runs are put side by side or drawn as curves at most; the other views take all."""
VIEWS: dict[str, str] = {
    "differences": "Differences",
    "curves": "Curves",
    "parallel": "Parallel coordinates",
    "scatter": "Scatter",
    "importance": "What matters",
    "files": "Files, code, environment",
}
SEEDS: dict[str, str] = {"mean": "Mean ± deviation", "reach": "Mean, least to greatest", "each": "Each run"}


def show(context: Context) -> None:
    """The page."""
    runs, labels = context.named_runs()
    if len(runs) < 2:
        say.nothing_yet(
            "Nothing to compare yet", "It takes two runs. Log another one:", say.how_to_log(context.place.path)
        )
        return
    found = chosen.choose(context, runs, labels)
    if len(found) < 2:
        say.nothing_yet(
            "Choose two or more runs",
            "Choose them above, tick them on the Runs page, or compare all that a filter finds.",
        )
        return
    shared: address.Defaults = {
        "compare-view": "differences" if len(found) <= FEW else "parallel",
        "compare-seeds": "mean",
        "compare-metric": "",
        "compare-axes": [],
        "compare-only": False,
        "compare-curves-axis": "step",
        "compare-curves-smoothing": 0.0,
        "compare-curves-log": False,
        "compare-curves-metrics": [],
        **scatter.SHARED,
    }
    address.take_over(shared)
    for key in ("compare-view", "compare-seeds"):
        if not st.session_state.get(key):
            st.session_state[key] = shared[key]
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            "View",
            list(VIEWS),
            required=True,
            format_func=VIEWS.__getitem__,
            key="compare-view",
            label_visibility="collapsed",
            persist_state="session",
        )
        st.markdown(f"**{count(len(found), 'run')}**", width="content")
    names = [labels[run_id] for run_id in found["run_id"]]
    views: dict[str, Callable[[], None]] = {
        "differences": lambda: _differences(context, found, names),
        "curves": lambda: _curves(context, found, names),
        "parallel": lambda: parallel.show(context, found, names),
        "scatter": lambda: scatter.show(context, found, names),
        "importance": lambda: importance_view.show(context, found),
        "files": lambda: pair_view.files(context, dict(zip(found["run_id"].head(MOST_SIDES), names, strict=False))),
    }
    views[str(view)]()
    address.write(shared, keep=chosen.KEYS)


def _differences(context: Context, found: pd.DataFrame, names: list[str]) -> None:
    found, names = _first(found, names)
    _data(context, list(found["run_id"]))
    rows = rows_of(found)
    groups, reach = _seeds(groups_over_seeds(rows, names))

    def why() -> None:
        if len(found) == 2:
            pair_view.why(context, dict(zip(found["run_id"], names, strict=True)))

    differences_view.show(context, rows, names, groups, reach=reach, after_metrics=why)


def _curves(context: Context, found: pd.DataFrame, names: list[str]) -> None:
    found, names = _first(found, names)
    groups, reach = _seeds(groups_over_seeds(rows_of(found), names))
    histories = {name: context.history(run_id) for run_id, name in zip(found["run_id"], names, strict=True)}
    together = {group.label: [names[place] for place in group.places] for group in groups}
    curves_view.show(histories, "compare-curves", across=2, together=together, reach=reach)


def _first(found: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, list[str]]:
    if len(found) > MOST_SIDES:
        st.caption(f"The first {MOST_SIDES} of {len(found):,} runs, the newest; the views further right take all.")
    return found.head(MOST_SIDES), names[:MOST_SIDES]


def _seeds(groups: list[Group]) -> tuple[list[Group], bool]:
    """The groups over seeds, if any run has a fellow and they are wanted; and whether by their reach."""
    several = [group for group in groups if len(group.places) > 1]
    if not several:
        return [], False
    with st.container(horizontal=True, vertical_alignment="center"):
        how = st.segmented_control(
            "Runs that differ in their seed only",
            list(SEEDS),
            required=True,
            format_func=SEEDS.__getitem__,
            key="compare-seeds",
            persist_state="session",
            help="Runs of one experiment whose params are all the same but for a seed are one group.",
        )
    return ([], False) if how == "each" else (groups, how == "reach")


def _data(context: Context, ids: list[str]) -> None:
    """Whether these runs saw the same data, and the way to what is different in it."""
    tables = set(datasets.data_versions(context.table("artifacts")))
    seen = same_data(context.table("lineage").to_dict("records"), ids, tables.__contains__)
    if seen.same:
        st.caption(f":material/check: {plain(seen)}")
    elif seen.same is None:
        if len(seen.unknown) < len(ids):
            st.caption(f":material/help: {plain(seen)}")
    else:
        st.warning(plain(seen), icon=":material/database:")
        for runs in seen.differing.values():
            versions = list(dict.fromkeys(version for read in runs.values() for version in read))
            if len(versions) > 1:
                st.page_link(
                    context.pages["data"],
                    label=f"What changed from {plain(versions[0])} to {plain(versions[-1])}",
                    icon=":material/analytics:",
                    query_params={**context.to_artifact(versions[0]), "with": versions[-1]},
                )
