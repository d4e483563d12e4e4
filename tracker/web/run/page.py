"""The Run page: one run with its curves, params, artifacts, code, checklist, and what people wrote about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from tracker.journal.following import StepsFollower
from tracker.web.artifacts import artifact_list, artifact_view
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.search_box import find_among
from tracker.web.common.shown import plain
from tracker.web.history import page as history
from tracker.web.procedure.checklist_view import of_run
from tracker.web.reading import columns, data, watch
from tracker.web.run import run_code, run_curves, run_lineage, run_metrics, run_output, yours

HOW_TO_LOG_FILES = """run.log_artifact("model.pkl", name="churn-model", category="model")
path = run.use_artifact("churn-train:latest")
"""
TABS = ("Overview", "Metrics", "Artifacts", "Output", "Code and environment", "Lineage", "Checklist", "Changes")
DEFAULTS: address.Defaults = {"run-tab": TABS[0], **run_curves.DEFAULTS}
"""What the page's address says about it, besides the run."""
MOST_TITLE = 160
"""Letters of a run's name that stand in the heading; the box beside it has all."""
SECONDS = 1.0
"""How often the metrics of a run under way are looked at."""


def show(context: Context) -> None:
    """The page."""
    # Steps that are logged meanwhile come in by themselves: for them alone no table is read again.
    context = replace(context, stamp=watch.without_steps(context.stamp))
    runs, labels = context.named_runs()
    if runs.empty:
        say.no_runs(context)
        return
    address.take_over(DEFAULTS, of="run")
    head, picker = st.columns([5, 3], gap="medium")
    with picker:
        run = _chosen(runs, labels)
    if run is None:
        return
    with head:
        _head(context, run)
    with picker:
        _neighbour(context, run, runs)
    _live(run, partial(_tiles, context, run))
    _tabs(context, run, runs)


def _live(run: pd.Series, part: Callable[[], None]) -> None:
    """A part of the page that is drawn again every second while the run is under way, and the rest of the page not."""
    st.fragment(part, run_every=SECONDS if run["status"] == "RUNNING" else None)()


def _chosen(runs: pd.DataFrame, labels: dict[str, str]) -> pd.Series | None:
    """The run that the page's address names, else the one looked at last, else the newest; with a box to change it."""
    ids = list(labels)
    wanted = st.query_params.get("run") or st.session_state.get("last-run")
    unknown = wanted is not None and wanted not in ids

    def turn() -> None:
        st.query_params["run"] = st.session_state["run-picker"]

    st.session_state["run-picker"] = wanted if wanted in ids else ids[0]
    chosen = st.selectbox(
        "Run", ids, format_func=lambda id: labels[id], key="run-picker", on_change=turn, label_visibility="collapsed"
    )
    if unknown:
        st.warning(f"There is no run {plain(wanted)} in this registry. It may be in another one; choose a run above.")
        return None
    if chosen != st.session_state.get("last-run"):
        if "last-run" in st.session_state and "curve-zoom" not in st.query_params:
            run_curves.forget_run()
        st.session_state["last-run"] = chosen
    address.name("run", str(chosen))
    return runs.loc[runs["run_id"] == chosen].iloc[0]


# -- the head -----------------------------------------------------------------------------------------------------


def _head(context: Context, run: pd.Series) -> None:
    status = str(run["status"] or "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="run-name"):
        name = shown.cut(str(run["name"] or "(unnamed)"), MOST_TITLE)
        st.markdown(f"## {plain(name)}", width="content")
        if status:
            color: Any = shown.STATUS_COLORS.get(status, "gray")
            st.badge(plain(shown.status(status)), color=color)
    facts = [str(run[name]) for name in ("experiment", "owner") if not shown.is_blank(run[name])]
    began = shown.as_utc(run["start_time"])
    if began:
        facts.append(f"{shown.exact_time(began)}, {shown.ago(began, context.now)}")
    if not shown.is_blank(run["duration"]):
        facts.append(f"ran {shown.duration(run['duration'])}")
    elif status == "RUNNING" and began:
        facts.append(f"running for {shown.duration((context.now - began).total_seconds())}")
    st.caption(f"{plain(' · '.join(facts))} · {shown.code(run['run_id'])}")
    if status == "FAILED" and (why := run_output.last_line(context, str(run["run_id"]))):
        st.error(plain(shown.cut(why, 300)), icon=":material/error:")


def _neighbour(context: Context, run: pd.Series, runs: pd.DataFrame) -> None:
    """The way to compare the run with the one before it in its experiment."""
    others = runs[(runs["experiment"] == run["experiment"]) & (runs["start_time"] < run["start_time"])]
    if not others.empty and st.button(
        "Compare with the run before", key="run-compare", icon=":material/compare_arrows:"
    ):
        other = others.sort_values("start_time").iloc[-1]
        context.compare([str(other["run_id"]), str(run["run_id"])])


def _steps(context: Context, run: pd.Series) -> StepsFollower:
    """The run's metric steps as they are now."""
    steps = data.steps(context.place.path, str(run["run_id"]))
    steps.look()
    return steps


def _tiles(context: Context, run: pd.Series) -> None:
    run_metrics.tiles(run, _steps(context, run).summaries())


# -- the tabs -----------------------------------------------------------------------------------------------------


@st.fragment
def _tabs(context: Context, run: pd.Series, runs: pd.DataFrame) -> None:
    """Everything else. What stands behind a tab is made when somebody looks at it."""
    address.keep_valid("run-tab", TABS)
    tabs = dict(zip(TABS, st.tabs(TABS, key="run-tab", on_change="rerun"), strict=True))
    address.write(DEFAULTS, keep=None)
    draw: dict[str, Callable[[], None]] = {
        "Overview": lambda: _overview(context, run),
        "Metrics": lambda: _live(run, partial(_metrics, context, run)),
        "Artifacts": lambda: _artifact_tab(context, _artifacts(context, str(run["run_id"]))),
        "Output": lambda: _live(run, partial(run_output.show, context, str(run["run_id"]))),
        "Code and environment": lambda: run_code.show(context, run, _artifacts(context, str(run["run_id"]))),
        "Lineage": lambda: run_lineage.show(context, run, runs),
        "Checklist": lambda: of_run(context, str(run["run_id"])),
        "Changes": lambda: history.of_run(context, str(run["run_id"])),
    }
    for name, tab in tabs.items():
        if tab.open:
            with tab:
                draw[name]()


def _overview(context: Context, run: pd.Series) -> None:
    """Curves, what people wrote, params: beside each other, without holes where something is missing."""
    edited = yours.is_edited(context, run)
    if edited:
        yours.edit(context, run)
    curves = any(summary.count > 1 for summary in _steps(context, run).summaries().values())
    left, right = st.columns([5, 3] if curves else 2, gap="medium")
    with left:
        if curves:
            _live(run, partial(_curves, context, run))
        elif not edited:
            yours.show(context, run)
            st.caption("No curves: log a metric with its step, as in run.log_metric('loss', loss, step=epoch).")
    with right:
        if curves and not edited:
            yours.show(context, run)
        _params(run)


def _curves(context: Context, run: pd.Series) -> None:
    steps = _steps(context, run)
    run_curves.show(steps, steps.summaries())
    address.write(DEFAULTS, keep=None)


def _metrics(context: Context, run: pd.Series) -> None:
    steps = _steps(context, run)
    summaries = steps.summaries()
    run_metrics.table(run, summaries, {name: steps.steps(name) for name in summaries})


def _params(run: pd.Series) -> None:
    held = {
        columns.short(str(n)): run[n] for n in run.index if str(n).startswith("params.") and not shown.is_blank(run[n])
    }
    st.markdown("## Params")
    if not held:
        st.caption("None were logged: run.log_params({...})")
        return
    table = pd.DataFrame({"param": list(held), "value": [shown.exact(value) for value in held.values()]})
    table = find_among(table, "param", "run-params-find")
    st.dataframe(table, key="run-params", hide_index=True, height=shown.grid_height(len(table), 420), alt="Params")


def _artifacts(context: Context, run_id: str) -> pd.DataFrame:
    """The versions that the run wrote or read, each with its direction."""
    lineage = context.table("lineage")
    mine = lineage.loc[lineage["run_id"] == run_id]
    artifacts = context.table("artifacts")
    directions = mine.groupby("artifact")["direction"].agg(
        lambda words: ", ".join(sorted({{"input": "in", "output": "out"}.get(word, word) for word in words}))
    )
    made = artifacts["run_id"] == run_id
    found = artifacts[made | artifacts["artifact"].isin(mine["artifact"])].copy()
    found["direction"] = [directions.get(name, "out") for name in found["artifact"]]
    return found.reset_index(drop=True)


def _artifact_tab(context: Context, artifacts: pd.DataFrame) -> None:
    if artifacts.empty:
        say.nothing_yet(
            "No artifacts",
            "Files that this run reads or makes are kept and versioned beside the workbook.",
            HOW_TO_LOG_FILES,
        )
        return
    left, right = st.columns([4, 5], gap="medium")
    with left:
        listed = artifacts.drop(columns=["category", "created", "created_by", "status"])
        picked = artifact_list.pick(listed, context, "run-artifacts")
    with right:
        if picked is not None:
            artifact = artifacts.loc[artifacts["artifact"] == picked["artifact"]].iloc[0]
            artifact_view.show(context, artifact, "run-artifact")
