"""The Compare page: two or more runs side by side, what differs first and marked, and their curves over each other."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import streamlit as st

from tracker.data.seen import same_data
from tracker.web import address, columns, curves_view, datasets, say
from tracker.web.context import Context
from tracker.web.curves import metrics_with_curves
from tracker.web.differences import Line, cell, differences
from tracker.web.shown import plain

TITLES = {
    "metrics": "Metrics",
    "params": "Params",
    "tags": "Tags",
    "yours": "Notes and your columns",
    "run": "The runs",
}
DIFFERS = "background-color: rgba(230, 159, 0, 0.16)"
BEST = "background-color: rgba(0, 158, 115, 0.16)"
"""Light enough for the text of both themes. The sign in the first column and the star say the same."""


def show(context: Context) -> None:
    """The page."""
    runs, labels = context.named_runs()
    if len(runs) < 2:
        say.nothing_yet(
            "Nothing to compare yet", "It takes two runs. Log another one:", say.how_to_log(context.place.path)
        )
        return
    ids = _chosen(labels)
    if len(ids) < 2:
        say.nothing_yet("Choose two or more runs", "Choose them above, or tick them on the Runs page.")
        return
    _data(context, ids)
    chosen = runs.set_index("run_id", drop=False).loc[ids]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("★ best value · ≠ differs · in brackets: the distance from the first run", width="content")
        st.space("stretch")
        only = st.toggle("Only what differs", key="compare-only", persist_state="session")
    groups = differences(chosen, context.settings)
    names = [labels[run_id] for run_id in ids]
    _table(groups.pop("metrics", []), "metrics", names, only)
    histories = {labels[run_id]: context.history(run_id) for run_id in ids}
    if any(metrics_with_curves(history) for history in histories.values()):
        st.markdown("##### Curves")
        curves_view.show(histories, "compare-curves", across=3)
    for group, lines in groups.items():
        _table(lines, group, names, only)


def _chosen(labels: dict[str, str]) -> list[str]:
    """The runs that the page's address names, else those compared last; with a box to change them."""
    ids = list(labels)
    wanted = st.query_params.get("runs")
    names = wanted.split(",") if wanted is not None else st.session_state.get("last-compared", [])
    st.session_state["compare-picker"] = [run_id for run_id in names if run_id in ids]

    def turn() -> None:
        st.query_params["runs"] = ",".join(st.session_state["compare-picker"])

    chosen = st.multiselect(
        "Runs to compare; the first is what the others are measured against",
        ids,
        format_func=lambda run_id: labels[run_id],
        key="compare-picker",
        on_change=turn,
        placeholder="Choose two or more runs",
    )
    unknown = [run_id for run_id in names if run_id not in ids]
    if unknown:
        st.warning(f"Not in this registry: {plain(', '.join(unknown))}")
    st.session_state["last-compared"] = chosen
    if chosen:
        address.name("runs", ",".join(chosen))
    return list(chosen)


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


def _table(lines: list[Line], group: str, names: list[str], only: bool) -> None:
    shown = [line for line in lines if line.differs or not only]
    if not shown:
        return
    differing = sum(line.differs for line in lines)
    st.markdown(f"##### {TITLES[group]}")
    if not differing:
        st.caption("All the same.")
    rows = [
        {"≠": "≠" if line.differs else "", "": columns.short(line.column)}
        | {name: cell(line, place) for place, name in enumerate(names)}
        for line in shown
    ]
    table = pd.DataFrame(rows)

    def marked(row: Any) -> list[str]:
        line = shown[int(row.name)]
        own = [
            BEST if place in line.best else DIFFERS if group != "metrics" and line.differs else ""
            for place in range(len(names))
        ]
        return ["", "", *own]

    right: Literal["left", "right"] = "right" if group == "metrics" else "left"
    st.container(key=f"compare-{group}").dataframe(
        table.style.apply(marked, axis=1),
        key=f"compare-{group}-grid",
        hide_index=True,
        height=min(35 * (len(table) + 1) + 3, 520),
        column_config={
            "≠": st.column_config.TextColumn(width=30, pinned=True, alignment="center", help="These runs differ here."),
            "": st.column_config.TextColumn(width=170, pinned=True),
            **{name: st.column_config.TextColumn(alignment=right) for name in names},
        },
        alt=f"{TITLES[group]} side by side",
    )
