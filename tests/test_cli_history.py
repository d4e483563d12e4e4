"""The command line on the history: what it lists, proves, compares, takes back and brings back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from invoking import Invoke
from person import Person

from tracker.reading.registry import Registry, open_registry


@pytest.fixture
def churn(invoke: Invoke) -> Registry:
    """A registry of three change sets: two runs, then another param for the second; and an edit in Excel."""
    invoke("init", "churn.xlsx")
    invoke("log", "churn.xlsx", "--name", "gbm", "--param", "depth=6", "--metric", "auc=0.91")
    invoke("log", "churn.xlsx", "--name", "glm", "--metric", "auc=0.8")
    invoke("log", "churn.xlsx", "--run", "glm", "--param", "C=1")
    person = Person(Path("churn.xlsx"))
    person.opens()
    person.book.properties.lastModifiedBy = "Ann Lee"
    person.writes(open_registry("churn.xlsx").run_id("gbm"), "notes", "best so far")
    person.saves()
    invoke("sync", "churn.xlsx")
    return open_registry("churn.xlsx")


def listed(invoke: Invoke, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(invoke("history", *words, "--json").stdout)
    return found


# -- history ------------------------------------------------------------------------------------------------------


def test_an_outside_save_is_listed_with_who_and_each_cell(churn: Registry, invoke: Invoke) -> None:
    lines = invoke("history").stdout.splitlines()
    assert lines[0].startswith("saved outside ") and "Ann Lee (Microsoft Excel" in lines[0]
    assert '    notes: (blank) → "best so far"' in lines[:3]
    assert [line.split()[0] for line in lines if line[:1].isdigit()] == ["000003", "000002", "000001"]


def test_filters(churn: Registry, invoke: Invoke) -> None:
    of_gbm = listed(invoke, "gbm")
    assert [(found["number"], bool(found["outside"])) for found in of_gbm] == [(0, True), (1, False)]
    assert [bool(found["outside"]) for found in listed(invoke, "--who", "ann")] == [True]
    assert listed(invoke, "--table", "models") == [] and len(listed(invoke, "--table", "runs")) == 4
    assert len(listed(invoke, "--limit", "1")) == 1
    assert listed(invoke, "--since", "2999-01-01") == [] and len(listed(invoke, "--since", "2020-01-01")) == 4
    assert "Nothing of that kind" in invoke("history", "--who", "nobody").output
    assert "--since must be a time" in invoke("history", "--since", "yesterday", exit_code=2).output


def test_the_proof_names_what_was_altered(churn: Registry, invoke: Invoke) -> None:
    output = invoke("history", "--verify").output
    assert output.startswith("3 change sets: every one is as it was written") and str(churn.stamp) in output
    file = sorted(churn.folders.changes.glob("*.json"))[1]
    file.write_bytes(file.read_bytes().replace(b"glm", b"gbm"))
    output = invoke("history", "--verify", exit_code=1).output
    assert f"changes/{file.name} was altered" in output
    file.unlink()
    output = invoke("history", "--verify", exit_code=1).output
    assert f"follows {file.stem}, which is missing" in output and "contains it" in output
    assert json.loads(invoke("history", "--verify", "--json", exit_code=1).stdout)["change_sets"] == 2


# -- diff ---------------------------------------------------------------------------------------------------------


def test_a_version_is_compared_with_now_and_with_another(churn: Registry, invoke: Invoke) -> None:
    lines = invoke("diff", "1").stdout.splitlines()
    assert lines[0].startswith("--- ") and "version 1, saved 20" in lines[0]
    assert lines[1].startswith("+++ churn.xlsx: the workbook as it is")
    assert "runs: rows: 1 new, 1 changed" in lines
    assert "  runs: column params.C is new" in lines
    assert '    notes: (blank) → "best so far"' in lines
    assert f"  + {churn.run_id('glm')}" in lines and '    name: "glm"' in lines
    found = json.loads(invoke("diff", "1", "2", "--json").stdout)
    assert found["rows"][0]["key"] == [churn.run_id("glm")] and all(row["new"] for row in found["rows"])
    assert found["rows"][0]["cells"]["metrics.auc"] == {"old": None, "new": 0.8}
    back = json.loads(invoke("diff", "2", "1", "--json").stdout)
    assert back["rows"][0]["removed"]


def test_two_workbooks_are_compared(churn: Registry, invoke: Invoke) -> None:
    shutil.copyfile("churn.xlsx", "copy.xlsx")
    assert "Nothing differs" in invoke("diff", "churn.xlsx", "copy.xlsx").output
    person = Person(Path("copy.xlsx"))
    person.opens()
    person.writes(churn.run_id("glm"), "status", "FAILED")
    person.book.create_sheet("Mine")
    person.saves()
    lines = invoke("diff", "churn.xlsx", "copy.xlsx").stdout.splitlines()
    assert '    status: "FINISHED" → "FAILED"' in lines
    assert lines[-1].startswith("Other sheets whose content differs: ") and "Mine" in lines[-1]
    assert "Mine" not in invoke("diff", "churn.xlsx", "copy.xlsx", "--table", "runs").output


def test_colours_tell_new_from_removed(churn: Registry, invoke: Invoke) -> None:
    assert "\x1b[32m  + " in invoke("diff", "1", color=True).output
    assert "\x1b" not in invoke("diff", "1").output


def test_a_version_that_is_not_there_is_named_with_the_nearest(churn: Registry, invoke: Invoke) -> None:
    output = invoke("diff", "99", exit_code=2).output
    assert "no version '99'" in output and "The nearest that are kept: 1, 2, 3." in output


# -- undo and restore ---------------------------------------------------------------------------------------------


def test_undo_shows_what_it_does_and_asks(churn: Registry, invoke: Invoke) -> None:
    output = invoke("undo", "3", answer="n\n", exit_code=1).output
    assert "params.C: 1 → (blank)" in output and churn.run("glm")["params.C"] == 1
    assert "Done: Change set 3 is taken back: 1 cell in 1 row." in invoke("undo", "3", answer="y\n").output
    assert churn.run("glm")["params.C"] is None
    assert "(undo of change set 3)" in invoke("history", "--limit", "1").output
    assert "Nothing to do" in invoke("undo", "3", "--yes").output


def test_undo_lists_the_cells_that_changed_since(churn: Registry, invoke: Invoke) -> None:
    invoke("log", "--run", "glm", "--param", "C=2")
    output = invoke("undo", "3", exit_code=7).output
    assert "params.C: was set to 1, is 2 now" in output and "--what-is-unchanged" in output


def test_an_outside_save_is_undone_by_its_id(churn: Registry, invoke: Invoke) -> None:
    id = listed(invoke, "--limit", "1")[0]["id"]
    invoke("undo", id, "--yes")
    assert churn.run("gbm")["notes"] is None


def test_restore_lists_versions_shows_the_plan_and_asks(churn: Registry, invoke: Invoke) -> None:
    lines = invoke("restore").stdout.splitlines()
    assert lines[0].split()[:2] == ["change", "set"] and len(lines) == 6
    output = invoke("restore", "1", answer="n\n", exit_code=1).output
    assert "not in it: out of the workbook" in output and "1 run among the rows that go" in output
    assert len(churn.runs()) == 2
    invoke("restore", "1", "--yes")
    assert churn.runs()["name"].tolist() == ["gbm"]
    assert "brought back the version" in invoke("history", "--limit", "1").output
    invoke("undo", "4", "--yes")
    assert sorted(churn.runs()["name"]) == ["gbm", "glm"]
    assert "every one is as it was written" in invoke("history", "--verify").output
