"""Forms of the pages: what went wrong is said until the form is changed, for pages are drawn anew all the time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from script import Script
from streamlit.testing.v1 import AppTest
from test_web import WHO, Open, _run, open_app  # noqa: F401
from test_web_problems import COPY, edited
from test_web_runs import grid_key

from tracker.deciding.decide import register
from tracker.deciding.people import set_roles
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.values import MAX_TEXT


@pytest.fixture
def script(registry_path: Path) -> Script:
    script = Script(registry_path)
    script.run("r0", name="one")
    script.sync()
    return script


def errors(app: AppTest) -> str:
    return "\n".join(str(error.value) for error in app.error)


def says(app: AppTest, what: str) -> None:
    """The error is there, and it is there again when the page is drawn anew."""
    assert what in errors(app)
    assert what in errors(_run(app))


def test_a_row_that_cannot_be_added(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "workbook", sheet="sop")
    app.text_input(key="row-sop-item").set_value("params")
    _run(app.button(key="row-add-sop").click())
    says(app, "already")
    app.text_input(key="row-sop-item").set_value("something else")
    _run(app.button(key="row-add-sop").click())
    assert not app.error
    assert Registry(script.folders.workbook).row("sop", ("something else",))


def test_a_note_that_is_too_long(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "run", run="r0")
    _run(app.button(key="edit").click())
    app.text_area(key="edit:notes").set_value("x" * (MAX_TEXT + 1))
    _run(app.button(key="edit-save").click())
    says(app, "characters")
    app.text_area(key="edit:notes").set_value("short")
    _run(app.button(key="edit-save").click())
    assert not app.error and script.rows()["r0"]["notes"] == "short"


def test_a_rule_that_cannot_be_read(open_app: Open, script: Script) -> None:  # noqa: F811
    app = open_app(script.folders.workbook, "sop")
    app.text_input(key="sop-new-name").set_value("seed")
    app.text_input(key="sop-new-rule").set_value("parm seed")
    _run(app.button(key="sop-new-save").click())
    says(app, "Position")
    app.text_input(key="sop-new-rule").set_value("param seed")
    _run(app.button(key="sop-new-save").click())
    assert not app.error and Registry(script.folders.workbook).row("sop", ("seed",))
    assert app.text_input(key="sop-new-name").value == "", "the next item begins with an empty form"


def test_a_stage_whose_gate_is_shut(open_app: Open, script: Script) -> None:  # noqa: F811
    path = script.folders.workbook
    artifact = {"name": "m", "version": 1, "kind": "model file", "run_id": "r0", "status": "stored"}
    script.log(Change("artifacts", ("m:v1",), artifact, new=True))
    register(Registry(path), "churn", "m:v1", WHO)
    app = open_app(path, "models", model="churn")
    app.selectbox(key="promote-stage").select("production")
    app.text_input(key="promote-reason").set_value("better")
    _run(app.button(key="promote-plan").click())
    says(app, "may not go into production")
    app.selectbox(key="promote-stage").select("candidate")
    _run(app.button(key="promote-plan").click())
    assert not app.error and app.button(key="model-agree")


def test_a_copy_that_changed_since_it_was_looked_at(open_app: Open, script: Script) -> None:  # noqa: F811
    copy = Path(shutil.copyfile(script.folders.workbook, script.folders.workbook.with_name(COPY)))
    edited(copy, notes="from the train")
    app = open_app(script.folders.workbook, "problems")
    _run(app.button(key=f"merge-plan-{COPY}").click())
    edited(copy, notes="changed again")
    _run(app.button(key="merge-agree").click())
    says(app, "changed meanwhile")
    _run(app.button(key="merge-close").click())
    assert not app.error


def test_repairs_and_moves_that_somebody_may_not_make_any_more(open_app: Open, script: Script) -> None:  # noqa: F811
    path = script.folders.workbook
    edited(path, status="finished")
    problems, runs = open_app(path, "problems"), open_app(path, "runs")
    _run(problems.button(key="repair-plan-button").click())
    runs.session_state[grid_key(runs)] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    _run(runs)
    _run(runs.button(key="archive-plan-button").click())
    set_roles(Registry(path), {"boss": "manager", WHO: "viewer"}, "boss")
    for app, button in ((problems, "repair-agree"), (runs, "archive-agree")):
        _run(app.button(key=button).click())
        says(app, "viewer")
    _run(problems.button(key="repair-cancel").click())
    runs.session_state[grid_key(runs)] = {"selection": {"rows": [], "columns": [], "cells": []}}
    assert not problems.error and not _run(runs).error
