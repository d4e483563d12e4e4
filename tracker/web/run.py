"""The Run page: one run with its curves, params, artifacts, code, checklist, and what people wrote about it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from tracker.journal.metrics import MetricSummary
from tracker.web import (
    address,
    artifact_list,
    artifact_view,
    columns,
    curves,
    curves_view,
    data,
    history,
    say,
    shown,
    watch,
    yours,
)
from tracker.web.checklist_view import of_run
from tracker.web.context import Context
from tracker.web.shown import plain

TILES = 6
HOW_TO_LOG_FILES = """run.log_artifact("model.pkl", name="churn-model", category="model")
path = run.use_artifact("churn-train:latest")
"""
CODE = {
    "git_commit": "commit",
    "git_branch": "branch",
    "git_remote": "repository",
    "source": "script",
    "host": "host",
    "python": "Python",
    "end_time": "ended",
}


def show(context: Context) -> None:
    """The page."""
    runs, labels = context.named_runs()
    if runs.empty:
        say.nothing_yet("No runs yet", "Log one; it appears here by itself.", say.how_to_log(context.place.path))
        return
    head, picker = st.columns([5, 3], gap="medium")
    with picker:
        run = _chosen(runs, labels)
    if run is None:
        return
    with head:
        _head(context, run)
    with picker:
        _neighbour(context, run, runs)
    summaries = data.summaries(
        context.place.path, watch.steps_stamp(context.place.folders, str(run["run_id"])), str(run["run_id"])
    )
    _tiles(run, summaries)
    _body(context, run)
    _tabs(context, run, runs, summaries)


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
    st.session_state["last-run"] = chosen
    address.name("run", str(chosen))
    return runs.loc[runs["run_id"] == chosen].iloc[0]


# -- the head -----------------------------------------------------------------------------------------------------


def _head(context: Context, run: pd.Series) -> None:
    status = str(run["status"] or "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"## {plain(run['name'] or '(unnamed)')}", width="content")
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


def _neighbour(context: Context, run: pd.Series, runs: pd.DataFrame) -> None:
    """The way to compare the run with the one before it in its experiment."""
    others = runs[(runs["experiment"] == run["experiment"]) & (runs["start_time"] < run["start_time"])]
    if not others.empty and st.button(
        "Compare with the run before", key="run-compare", icon=":material/compare_arrows:"
    ):
        other = others.sort_values("start_time").iloc[-1]
        context.compare([str(other["run_id"]), str(run["run_id"])])


def _tiles(run: pd.Series, summaries: dict[str, MetricSummary]) -> None:
    values = _metric_values(run, summaries)
    if not values:
        return
    for place, name in zip(st.columns(min(max(len(values), 4), TILES)), list(values)[:TILES], strict=False):
        summary = summaries.get(name)
        between = (
            f"{shown.number(summary.min)} to {shown.number(summary.max)}" if summary and summary.count > 1 else None
        )
        place.metric(
            plain(name),
            shown.text(values[name]),
            delta=between,
            delta_color="off",
            delta_arrow="off",
            help=plain(f"exactly {shown.exact(values[name])}"),
            border=True,
            height="stretch",
        )


def _metric_values(run: pd.Series, summaries: dict[str, MetricSummary]) -> dict[str, float]:
    """The last value of each metric: as the workbook has it, else as the run logged it."""
    columns_there = {
        str(name).removeprefix("metrics."): run[name] for name in run.index if str(name).startswith("metrics.")
    }
    held = {name: value for name, value in columns_there.items() if not shown.is_blank(value)}
    logged = {name: summary.last for name, summary in summaries.items() if name not in held}
    return {**held, **logged}


# -- the body -----------------------------------------------------------------------------------------------------


def _body(context: Context, run: pd.Series) -> None:
    """Curves, what people wrote, params: beside each other, without holes where something is missing."""
    edited = yours.is_edited(context, run)
    if edited:
        yours.edit(context, run)
    history = context.history(str(run["run_id"]))
    if curves.metrics_with_curves(history):
        left, right = st.columns([5, 3], gap="medium")
        with left:
            curves_view.show({str(run["name"] or run["run_id"]): history}, "run-curves")
        with right:
            if not edited:
                yours.show(context, run)
            _params(run)
    elif edited:
        _params(run)
    else:
        left, right = st.columns(2, gap="medium")
        with left:
            yours.show(context, run)
            st.caption("No curves: log a metric with its step, as in run.log_metric('loss', loss, step=epoch).")
        with right:
            _params(run)


def _params(run: pd.Series) -> None:
    held = {
        columns.short(str(n)): run[n] for n in run.index if str(n).startswith("params.") and not shown.is_blank(run[n])
    }
    st.markdown("##### Params")
    if not held:
        st.caption("None were logged: run.log_params({...})")
        return
    table = pd.DataFrame({"param": list(held), "value": [shown.exact(value) for value in held.values()]})
    st.dataframe(table, key="run-params", hide_index=True, height=min(35 * (len(table) + 1) + 3, 420), alt="Params")


def _tabs(context: Context, run: pd.Series, runs: pd.DataFrame, summaries: dict[str, MetricSummary]) -> None:
    run_id = str(run["run_id"])
    artifacts = _artifacts(context, run_id)
    done = f" ({plain(run['checklist'])})" if not shown.is_blank(run["checklist"]) else ""
    names = [f"Artifacts ({len(artifacts)})", "Metrics", "Code and environment", f"Checklist{done}", "Changes"]
    first, second, third, fourth, fifth = st.tabs(names, key="run-tabs")
    with first:
        _artifact_tab(context, artifacts)
    with second:
        _metric_table(run, summaries)
    with third:
        _code(context, run, runs)
    with fourth:
        of_run(context, run_id)
    with fifth:
        history.of_run(context, run_id)


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


def _metric_table(run: pd.Series, summaries: dict[str, MetricSummary]) -> None:
    rows = []
    for name, value in _metric_values(run, summaries).items():
        summary = summaries.get(name)
        rows.append(
            {
                "metric": name,
                "last": shown.text(value),
                "step": None if summary is None else summary.last_step,
                "min": None if summary is None else shown.number(summary.min),
                "max": None if summary is None else shown.number(summary.max),
                "values": None if summary is None else summary.count,
                "exactly": shown.exact(value),
            }
        )
    if not rows:
        st.caption("No metrics were logged.")
        return
    right = {name: st.column_config.TextColumn(alignment="right") for name in ("last", "min", "max", "exactly")}
    st.dataframe(
        pd.DataFrame(rows), key="run-metrics", hide_index=True, placeholder="", column_config=right, alt="Metrics"
    )


def _code(context: Context, run: pd.Series, runs: pd.DataFrame) -> None:
    if run["git_dirty"] is True:
        st.warning("Files were changed and not committed when this ran. The diff is among the artifacts.")
    facts = {word: run[name] for name, word in CODE.items() if not shown.is_blank(run[name])}
    if facts:
        table = pd.DataFrame({"what": list(facts), "value": [shown.exact(value) for value in facts.values()]})
        st.dataframe(table, key="run-code", hide_index=True, alt="Code and environment")
    if not shown.is_blank(run["command"]):
        st.code(str(run["command"]), language="bash", wrap_lines=True)
    elif not facts:
        st.caption("Nothing is known about the code of this run.")
    parent, parts = runs[runs["run_id"] == run["parent_run_id"]], runs[runs["parent_run_id"] == run["run_id"]]
    for words, others in (("Part of", parent), ("Parts", parts)):
        if others.empty:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(words, width="content")
            for other in others.head(20).to_dict("records"):
                label = plain(other["name"] or other["run_id"])
                st.page_link(context.pages["run"], label=label, query_params=context.to_run(str(other["run_id"])))
