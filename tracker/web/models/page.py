"""The Models page: which version of a model is in which stage, why, how it got better, its card, and who decides."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from tracker.deciding.models import ModelVersion, metric_over_versions, of_model, versions_from
from tracker.schema import STAGES
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.compare.differences import rows_of
from tracker.web.models import board, board_view, card_view, stage_form, versions_view

CODE = """import tracker
from tracker.deciding.decide import register

with tracker.start_run({path!r}, experiment="churn") as run:
    run.log_artifact("model.pkl", name="churn-model", category="model")
register(tracker.open({path!r}), "churn", "churn-model:latest", who={who!r})
"""
CHART_HEIGHT = 230


def show(context: Context) -> None:
    """The page."""
    versions = versions_from(rows_of(context.table("models")))
    if not versions:
        say.nothing_yet(
            "No models yet",
            "A model is registered from an artifact; its versions then go through the stages, each with a reason.",
            CODE.format(path=str(context.place.path), who=context.who),
        )
        if context.may("register") and not context.table("artifacts").empty:
            with st.container(border=True):
                stage_form.register(context)
        return
    mine = _chosen(context, versions)
    if mine is None:
        return
    _overview(versions)
    runs = context.runs()
    rows = rows_of(runs[runs["run_id"].isin([one.run_id for one in mine])])
    points = _points(mine, rows)
    metric = _metric_choice(points)
    by_id = {str(row["run_id"]): row for row in rows if "run_id" in row}
    board_view.show(context, board.cards(mine, by_id, metric, context.settings), metric)
    left, right = st.columns([5, 4], gap="large")
    with left:
        _metric(context, mine, metric, points.get(metric, []))
        _table(context, mine)
    with right:
        if context.may("promote"):
            stage_form.show(context, mine)
        else:
            st.caption(plain(f"Your role is {context.role}: others promote and revert. The people table says who may."))
    versions_view.show(context, mine)
    card_view.show(context, mine)


def _chosen(context: Context, versions: list[ModelVersion]) -> list[ModelVersion] | None:
    """The versions of the model that the page's address names, else of the one looked at last, else of the first."""
    names = list(dict.fromkeys(one.model for one in versions))
    wanted = st.query_params.get("model") or st.session_state.get("last-model")

    def turn() -> None:
        st.query_params["model"] = st.session_state["model-picker"]

    st.session_state["model-picker"] = wanted if wanted in names else names[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = str(
            st.selectbox("Model", names, key="model-picker", on_change=turn, label_visibility="collapsed", width=320)
        )
        st.markdown(f"**{shown.count(len(names), 'model')}, {shown.count(len(versions), 'version')}**", width="content")
        st.space("stretch")
        if context.may("register") and not context.table("artifacts").empty:
            with st.popover("Register a version", icon=":material/add:", key="register", width="content"):
                stage_form.register(context, chosen)
    if wanted is not None and wanted not in names:
        st.warning(f"There is no model {plain(wanted)} in this registry. Choose one above.")
        return None
    st.session_state["last-model"] = chosen
    address.name("model", chosen)
    return of_model(versions, chosen)


def _overview(versions: list[ModelVersion]) -> None:
    """Where the versions of every model are, if there are several models; a click on a model's name opens it."""
    names = list(dict.fromkeys(one.model for one in versions))
    if len(names) < 2:
        return
    held: dict[tuple[str, str], list[str]] = {}
    for one in versions:
        held.setdefault((one.model, one.stage), []).append(f"v{one.version}")
    table = pd.DataFrame(
        {"model": names}
        | {stage: [", ".join(held.get((name, stage), ())) or None for name in names] for stage in STAGES}
    )

    def opened() -> None:
        if (clicked := st.session_state.get("models-name")) is not None:
            st.query_params["model"] = names[clicked["row"]]

    st.dataframe(
        table,
        key="models-all",
        hide_index=True,
        height=shown.grid_height(len(table), 250),
        placeholder="",
        column_config={
            "model": st.column_config.ButtonColumn(
                "model", type="tertiary", alignment="left", on_click=opened, key="models-name", pinned=True
            )
        },
        alt="All models, their versions by stage",
    )


# -- the versions --------------------------------------------------------------------------------------------------


def _table(context: Context, versions: list[ModelVersion]) -> None:
    """All versions; a click on the run's name opens it."""
    runs = context.runs()
    names = dict(zip(runs["run_id"], runs["name"], strict=True))
    table = pd.DataFrame(
        {
            "version": [f"v{one.version}" for one in versions],
            "stage": [one.stage for one in versions],
            "run": [shown.cut(str(names.get(one.run_id) or one.run_id or shown.NOTHING), 60) for one in versions],
            "artifact": [one.artifact for one in versions],
            "by": [one.promoted_by or None for one in versions],
            "when": [one.promoted_at for one in versions],
            "reason": [one.reason or None for one in versions],
            "notes": [one.notes or None for one in versions],
        }
    )
    table = table[[name for name in table.columns if table[name].notna().any()]]

    def opened() -> None:
        if (clicked := st.session_state.get("model-run")) is not None:
            st.session_state["model-open"] = versions[clicked["row"]].run_id

    st.dataframe(
        table,
        key="model-versions",
        hide_index=True,
        height=shown.grid_height(len(table), 320),
        placeholder="",
        column_config={
            "version": st.column_config.TextColumn(width=70, pinned=True),
            "stage": st.column_config.TextColumn(width=95),
            "run": st.column_config.ButtonColumn(
                "run", type="tertiary", alignment="left", on_click=opened, key="model-run", help="Opens the run."
            ),
            "when": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", help="UTC"),
        },
        alt="All versions of the model",
    )
    if run_id := st.session_state.pop("model-open", None):
        context.open_run(run_id)


# -- the metric ---------------------------------------------------------------------------------------------------


def _points(versions: list[ModelVersion], rows: list[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Each metric of the versions' runs with its values, oldest version first; what most have comes first."""
    metrics = {name.removeprefix("metrics."): None for row in rows for name in row if name.startswith("metrics.")}
    points = {metric: found for metric in metrics if (found := metric_over_versions(versions, rows, metric))}
    return dict(sorted(points.items(), key=lambda one: -len(one[1])))


def _metric_choice(points: dict[str, list[tuple[int, float]]]) -> str:
    """The metric that the cards and the chart show; empty where the runs of the versions have none."""
    if not points:
        return ""
    address.keep_valid("model-metric", points)
    if "model-metric" in st.query_params and "model-metric" not in st.session_state:
        asked = st.query_params["model-metric"]
        if asked in points:
            st.session_state["model-metric"] = asked
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("## Stages", width="content")
        st.caption("★ best value · in brackets: the distance from production", width="content")
        st.space("stretch")
        metric = str(
            st.selectbox(
                "Metric on the cards",
                list(points),
                key="model-metric",
                label_visibility="collapsed",
                persist_state="session",
                width=220,
            )
        )
    if metric != next(iter(points)) or "model-metric" in st.query_params:
        address.name("model-metric", metric)
    return metric


def _metric(context: Context, versions: list[ModelVersion], metric: str, found: list[tuple[int, float]]) -> None:
    """One metric of the versions' runs, oldest version first."""
    st.markdown(f"## {plain(metric) or 'A metric'} over its versions")
    if not found:
        st.caption("No run of its versions has a metric: run.log_metric('auc', 0.91)")
        return
    if len(found) == 1:
        version, value = found[0]
        st.metric(plain(f"{metric} of v{version}"), shown.text(value), border=True, width="content")
        st.caption("With a second version this becomes a curve.")
        return
    stages = {one.version: one.stage for one in versions}
    frame = pd.DataFrame([{"version": f"v{v}", "value": value, "stage": stages[v]} for v, value in found])
    better = "smaller" if context.settings.minimize(metric) else "larger"
    st.altair_chart(_chart(frame, metric), key="model-metric-chart", alt=f"{metric} over the model's versions")
    st.caption(f"{better} is better · the filled point is in production")


def _chart(frame: pd.DataFrame, metric: str) -> Any:
    tooltip = [
        alt.Tooltip("version:N"),
        alt.Tooltip("value:Q", title=metric, format=".15~g"),
        alt.Tooltip("stage:N"),
    ]
    base = alt.Chart(frame).encode(
        x=alt.X("version:O", sort=list(frame["version"]), title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
    )
    points = base.mark_point(size=90, strokeWidth=2, opacity=1).encode(tooltip=tooltip)
    held = base.transform_filter(alt.datum.stage == "production").mark_point(filled=True, size=110, opacity=1)
    return (base.mark_line(strokeWidth=2) + points + held.encode(tooltip=tooltip)).properties(height=CHART_HEIGHT)
