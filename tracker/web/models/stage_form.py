"""Deciding about a model on a page: promote, revert, register. What will be changed is shown before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from tracker.deciding import decide
from tracker.deciding.decide import Decided
from tracker.deciding.decision import Decision
from tracker.deciding.gate import Gate
from tracker.deciding.models import ModelVersion
from tracker.deciding.promotion import count_of
from tracker.errors import GateError, TrackerError
from tracker.schema import SINGLE_STAGES, STAGES, TABLES
from tracker.values import from_cell
from tracker.web.common import address, editing, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain

PLAN = "model-plan"
"""Where the session keeps the plan that a person has asked for and not yet agreed to."""
FIELDS = ("promote-version", "promote-stage", "promote-reason", "promote-override", "revert-stage", "revert-reason")


@dataclass(frozen=True, slots=True)
class _Plan:
    """A decision that waits for a person to agree, and how to carry it out."""

    path: Path
    model: str
    decision: Decision
    carry_out: Callable[[], Decided]


def show(context: Context, versions: list[ModelVersion]) -> None:
    """Promote a version of a model, or bring the one before back."""
    st.markdown("## Decide")
    plan = st.session_state.get(PLAN)
    if isinstance(plan, _Plan) and (plan.path, plan.model) == (context.place.path, versions[0].model):
        _agree(context, plan)
        return
    promoting, reverting = st.tabs(["Promote", "Revert"], key="model-decide")
    with promoting:
        _promote(context, versions)
    with reverting:
        _revert(context, versions)


def begin(version: ModelVersion, stage: str) -> None:
    """Fill in the form to promote a version, before it is drawn; a plan that waits is dropped."""
    st.session_state.pop(PLAN, None)
    st.session_state["promote-version"] = f"{version.model}:v{version.version}"
    st.session_state["promote-stage"] = stage


def _promote(context: Context, versions: list[ModelVersion]) -> None:
    names = {f"{one.model}:v{one.version}": f"v{one.version} ({one.stage})" for one in versions}
    address.keep_valid("promote-version", names)
    st.session_state.setdefault("promote-stage", "production")
    with st.form("promote-form", border=False):
        left, right = st.columns(2)
        version = str(
            left.selectbox("Version", list(names), format_func=lambda name: names[name], key="promote-version")
        )
        stage = str(right.selectbox("Into the stage", STAGES, key="promote-stage"))
        reason = st.text_input("Reason", key="promote-reason", placeholder="Better on every group of the test data")
        override = ""
        if context.may("override"):
            override = st.text_input(
                "Override",
                key="promote-override",
                placeholder="Only where something is lacking: why it goes into the stage all the same",
                help="What is lacking and this reason stay in the models table for ever.",
            )
        asked = st.form_submit_button("Show what will change", key="promote-plan", icon=":material/visibility:")
    if asked:
        model, registry, who = versions[0].model, context.registry, context.who
        _ask(
            context,
            model,
            lambda: decide.promotion(registry, version, stage, reason, who, override),
            lambda agreed: decide.promote(registry, version, stage, reason, who, agreed=agreed, override=override),
            "promote",
        )
    _failed("promote")


def _revert(context: Context, versions: list[ModelVersion]) -> None:
    stages = list(reversed(SINGLE_STAGES))
    with st.form("revert-form", border=False):
        stage = str(st.selectbox("Bring back the version before, in", stages, key="revert-stage"))
        reason = st.text_input("Reason", key="revert-reason", placeholder="Misses what the one before found")
        asked = st.form_submit_button("Show what will change", key="revert-plan", icon=":material/visibility:")
    if asked:
        model, registry, who = versions[0].model, context.registry, context.who
        _ask(
            context,
            model,
            lambda: decide.reversion(registry, model, reason, who, stage),
            lambda agreed: decide.revert(registry, model, reason, who, stage, agreed=agreed),
            "revert",
        )
    _failed("revert")


def _ask(
    context: Context, model: str, plan: Callable[[], Decision], carry_out: Callable[[Decision], Decided], form: str
) -> None:
    """Plan, and show the plan instead of the form."""
    say.forget_failed(form)
    try:
        decision = plan()
    except TrackerError as error:
        say.keep_failed(form, error, [name for name in FIELDS if name.startswith(form)])
        return
    if not decision.changes:
        st.info(f"{plain(decision.what)}. There is nothing to change.")
        return
    st.session_state[PLAN] = _Plan(context.place.path, model, decision, lambda: carry_out(decision))
    st.rerun()


def _failed(form: str) -> None:
    error = say.what_failed(form)
    if isinstance(error, GateError):
        _shut(error.fields["gate"])
    else:
        say.still_failed(form)


def _shut(gate: Gate) -> None:
    """What a gate found, and what to do about each."""
    count = count_of(gate)
    st.error(f"{plain(gate.what)} may not go into {plain(gate.stage)}: {count}. Nothing was changed.")
    st.dataframe(
        pd.DataFrame([{"lacking": one.what, "what to do": one.hint} for one in gate.findings]),
        key="gate-findings",
        hide_index=True,
        alt="What is lacking",
    )
    st.caption(f"{plain(gate.tally.line)} A manager may override the gate with a reason.".strip())


def _agree(context: Context, plan: _Plan) -> None:
    """The plan, cell by cell, and the two ways to go on."""
    allowed = context.may(plan.decision.act)
    with st.container(border=True, key="model-plan-shown"):
        st.markdown(f"**{plain(plan.decision.what)}**")
        st.dataframe(
            _cells(plan.decision),
            key="model-plan-cells",
            hide_index=True,
            column_config={
                name: st.column_config.TextColumn(width=width)
                for name, width in {"version": 65, "column": 105, "now": 165}.items()
            },
            alt="What will change",
        )
        if not allowed:
            st.warning(f"This takes a {plan.decision.role}; your role is {plain(context.role)}.")
        with st.container(horizontal=True):
            agreed = st.button("Do it", key="model-agree", type="primary", disabled=not allowed)
            dropped = st.button("Cancel", key="model-cancel")
        if agreed:
            _carry_out(plan)
        say.still_failed(PLAN)
    if dropped:
        say.forget_failed(PLAN)
        st.session_state.pop(PLAN)
        st.rerun()


def _carry_out(plan: _Plan) -> None:
    say.forget_failed(PLAN)
    try:
        decided = plan.carry_out()
    except TrackerError as error:
        say.keep_failed(PLAN, error)
        return
    st.session_state.pop(PLAN)
    editing.done(decided.report)
    st.rerun()


def _cells(decision: Decision) -> pd.DataFrame:
    """Every cell that a decision changes."""
    rows = []
    for change in decision.changes:
        for column, cell in change.set.items():
            kind = TABLES[change.table].kind(column)
            rows.append(
                {
                    "version": f"v{change.key[-1]}",
                    "column": column,
                    "now": shown.text(from_cell(change.was.get(column), kind)),
                    "then": shown.text(from_cell(cell, kind)),
                }
            )
    return pd.DataFrame(rows)


def register(context: Context, model: str = "") -> None:
    """The form that makes an artifact version the next version of a model, or the first of a new one."""
    artifacts = context.table("artifacts").sort_values("created", ascending=False, na_position="last", kind="stable")
    kinds = artifacts["kind"].fillna("")
    likely = kinds.str.contains("model") & ~kinds.str.contains("card")
    names = [str(name) for name in [*artifacts["artifact"][likely], *artifacts["artifact"][~likely]]]
    names.sort(key=lambda name: not name.startswith(model))
    with st.form("register-form", border=False, enter_to_submit=False):
        st.markdown("## Register an artifact as a model version")
        artifact = str(st.selectbox("Artifact", names, key="register-artifact", help="Newest first; models on top."))
        name = st.text_input("Model", value=model, key=f"register-model:{model}", placeholder="churn")
        notes = st.text_input("Notes", key="register-notes", placeholder="Optional")
        asked = st.form_submit_button("Register", key="register-submit", type="primary")
    if not asked:
        say.still_failed("register")
        return
    say.forget_failed("register")
    try:
        decided = decide.register(context.registry, name, artifact, context.who, notes=notes)
    except TrackerError as error:
        say.keep_failed("register", error, ["register-artifact", f"register-model:{model}", "register-notes"])
        say.still_failed("register")
        return
    if not decided.report.changed:
        st.info(f"{plain(decided.decision.what)}. There is nothing to change.")
        return
    editing.done(decided.report)
    st.session_state["last-model"] = st.query_params["model"] = str(decided.decision.facts["model"])
    st.rerun()
