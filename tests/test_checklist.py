"""The checklist as a sync keeps it: judged by rules, decided by people, and neither overwrites the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from person import Person
from script import Script

import tracker
from tracker.checklist.evaluate import evaluate
from tracker.checklist.facts import Rows, RunFacts, facts_of
from tracker.checklist.items import Item, read_items
from tracker.checklist.judging import Asked, outlook
from tracker.checklist.standing import TRACKER, by_item, is_trackers, standing_of, tally
from tracker.deciding import edits
from tracker.journal.changes import Journal
from tracker.model import Change

NOW = datetime(2026, 11, 25, 12)

SOP: list[dict[str, Any]] = [
    {"item": "seed", "level": "must", "rule": "param seed", "version": "1"},
    {"item": "model file", "level": "must", "rule": 'artifact kind="model file"', "version": "1"},
    {"item": "good enough", "level": "should", "rule": "metric auc >= 0.9", "version": "1"},
    {"item": "review", "level": "must", "rule": "approval", "version": "1"},
    {"item": "ethics", "level": "should", "version": "1"},
    {"item": "only digits", "applies_to": "digits", "level": "must", "rule": "param seed", "version": "1"},
]
ITEMS = read_items(SOP)
MARKS = {item.name: item.mark for item in ITEMS}


def facts(kind: str = "model file", status: str = "stored", **cells: Any) -> RunFacts:
    run = {"run_id": "r1", "owner": "ann", "experiment": "churn", "checklist": None, **cells}
    artifact = {"artifact": "m:v1", "kind": kind, "run_id": "r1", "status": status, "sha256": "ab"}
    return facts_of(Rows([run], [artifact]))["r1"]


def rows_after(found: RunFacts, rows: Mapping[str, Any], items: list[Item] = ITEMS, **how: Any) -> dict[str, Any]:
    how.setdefault("anew", False)
    cells = evaluate(found, rows, items, NOW, **how).cells
    return {name: {"item": name, **rows.get(name, {}), **cells.get(name, {})} for name in [*rows, *cells]}


# -- one run ------------------------------------------------------------------------------------------------------


def test_a_run_gets_a_row_for_each_item_that_concerns_it() -> None:
    rows = rows_after(facts(**{"params.seed": 42, "metrics.auc": 0.8}), {}, anew=True)
    assert {name: (row["status"], row["evidence"], row.get("who")) for name, row in rows.items()} == {
        "seed": ("done", "seed = 42", TRACKER),
        "model file": ("done", "m:v1", TRACKER),
        "good enough": ("missing", "auc = 0.8, not >= 0.9", None),
        "review": ("missing", "not approved by another than the run's owner", None),
        "ethics": ("missing", "nobody has ticked it", None),
    }
    assert rows["seed"]["sop_version"] == MARKS["seed"] and MARKS["seed"].startswith("1 #")
    assert rows["seed"]["when"] == NOW and rows["seed"]["level"] == "must"


def test_what_is_done_becomes_missing_when_its_evidence_vanishes_and_done_again_when_it_is_back() -> None:
    rows = rows_after(facts(), {}, anew=True)
    without = rows_after(facts(status="deleted"), rows, gone={"m:v1"})
    assert (without["model file"]["status"], without["model file"]["who"]) == ("missing", None)
    assert without["model file"]["evidence"] == 'no artifact kind="model file"'
    assert rows_after(facts(), without)["model file"] == rows["model file"]


def test_a_changed_rule_judges_later_runs_and_earlier_ones_on_request() -> None:
    rows = rows_after(facts(**{"params.seed": 42}), {}, anew=True)
    stricter = read_items([{**SOP[0], "rule": "param seed = 7"}, *SOP[1:], {"item": "new", "rule": "git commit"}])
    assert rows_after(facts(**{"params.seed": 42}), rows, stricter) == rows
    on_request = rows_after(facts(**{"params.seed": 42}), rows, stricter, anew=True)
    assert on_request["seed"]["status"] == "missing" and on_request["seed"]["sop_version"] == stricter[0].mark
    assert on_request["new"]["status"] == "missing"


def test_an_item_that_was_judged_by_an_earlier_version_does_not_stay_done_without_its_artifact() -> None:
    rows = rows_after(facts(), {}, anew=True)
    changed = read_items([SOP[0], {**SOP[1], "rule": "artifact kind=model*"}])
    after = rows_after(facts(status="deleted"), rows, changed, gone={"m:v1"})["model file"]
    assert (after["status"], after["evidence"], after["sop_version"]) == (
        "missing",
        "m:v1 is gone",
        MARKS["model file"],
    )


def test_an_item_that_left_the_procedure_is_not_applicable_on_request() -> None:
    rows = rows_after(facts(), {}, anew=True)
    after = rows_after(facts(), rows, ITEMS[1:], anew=True)["seed"]
    assert (after["status"], after["who"]) == ("not applicable", TRACKER)


def test_a_rule_that_cannot_be_read_leaves_the_item_to_people() -> None:
    items = read_items([{"item": "seed", "rule": "parm seed", "level": "must"}])
    assert items[0].unreadable[0].column == "rule" and items[0].rule is None
    rows = rows_after(facts(**{"params.seed": 1}), {}, items, anew=True)
    assert (rows["seed"]["status"], rows["seed"]["evidence"]) == ("missing", "its rule cannot be understood")
    ticked = {"seed": {**rows["seed"], "status": "done"}}
    assert rows_after(facts(), ticked, items, anew=True) == ticked


STATUS = st.sampled_from((None, "done", "Done", "missing", "waived", "not applicable", "nonsense", 3))
WHO = st.sampled_from((None, "", "ann", "bob", TRACKER))
ROW = st.fixed_dictionaries(
    {
        "status": STATUS, "who": WHO, "evidence": st.sampled_from((None, "m:v1", "see the wiki", "seed = 42")),
        "why": st.sampled_from((None, "not needed")), "until": st.sampled_from((None, NOW, "soon", 46000.0)),
        "sop_version": st.sampled_from((None, "1", *MARKS.values())), "level": st.sampled_from((None, "must")),
    }
)  # fmt: skip
ROWS = st.dictionaries(st.sampled_from([*MARKS, "left the procedure"]), ROW)
FACTS = st.builds(
    facts,
    st.sampled_from(("model file", "figure")),
    st.sampled_from(("stored", "deleted")),
    **{"params.seed": st.sampled_from((None, 42)), "metrics.auc": st.sampled_from((None, 0.5, 0.95, "high"))},
    experiment=st.sampled_from(("churn", "digits", None)),
)
HOW = st.fixed_dictionaries({"anew": st.booleans(), "gone": st.sampled_from(((), {"m:v1"}))})


@given(FACTS, ROWS, HOW)
def test_what_a_person_decided_is_never_overwritten(found: RunFacts, rows: dict[str, Any], how: dict[str, Any]) -> None:
    after = rows_after(found, rows, **how)
    for name, row in rows.items():
        assert {column: after[name][column] for column in ("why", "until")} == {c: row[c] for c in ("why", "until")}
        if not is_trackers(row):
            assert {column: after[name][column] for column in row} == row


@given(FACTS, ROWS, HOW)
def test_evidence_that_a_person_wrote_stays(found: RunFacts, rows: dict[str, Any], how: dict[str, Any]) -> None:
    after = rows_after(found, rows, ours=lambda item: False, **how)
    for name, row in rows.items():
        assert not row["evidence"] or after[name]["evidence"] == row["evidence"]


@given(FACTS, ROWS, HOW)
def test_judging_twice_changes_nothing(found: RunFacts, rows: dict[str, Any], how: dict[str, Any]) -> None:
    after = rows_after(found, rows, **how)
    assert evaluate(found, after, ITEMS, NOW + timedelta(days=1), **how).cells == {}


# -- how it stands ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"item": "seed", "status": "done", "who": TRACKER}, "done"),
        ({"item": "seed", "status": "done"}, "done"),
        ({"item": "seed", "status": None}, "missing"),
        ({"item": "seed", "status": "nonsense"}, "missing"),
        ({"item": "seed", "status": "done", "who": "ann", "evidence": "see m:v1, and n:v2"}, "vanished"),
        ({"item": "seed", "status": "done", "who": "ann", "evidence": "m:v12"}, "done"),
        ({"item": "seed", "status": "waived", "why": "tiny"}, "waived"),
        ({"item": "seed", "status": "waived", "until": datetime(2026, 11, 25)}, "waived"),
        ({"item": "seed", "status": "waived", "until": datetime(2026, 11, 24)}, "expired"),
        ({"item": "seed", "status": "waived", "until": "2026-11-24"}, "expired"),
        ({"item": "seed", "status": "waived", "until": "when it is done"}, "expired"),
        ({"item": "seed", "status": "not applicable", "who": "ann"}, "not applicable"),
        ({"item": "review", "status": "done", "who": "bob"}, "done"),
        ({"item": "review", "status": "done", "who": "Ann"}, "not approved"),
        ({"item": "review", "status": "done"}, "not approved"),
    ],
)
def test_how_a_row_stands(row: dict[str, Any], state: str) -> None:
    item = {item.name: item for item in ITEMS}[row["item"]]
    standing = standing_of(row, item, facts(), {"m:v1", "n:v2"}, NOW.date())
    assert standing.state == state and standing.is_open is (state not in ("done", "waived", "not applicable"))


def test_what_counts_is_what_is_done_or_lacking_and_musts_are_named_first() -> None:
    rows = rows_after(facts(**{"params.seed": 42}), {"ethics": {"status": "waived", "why": "toy data"}}, anew=True)
    found = tally(standing_of(row, None, None, (), NOW.date()) for row in rows.values())
    assert (str(found), found.missing, found.musts) == ("2 of 4", ("review", "good enough"), 1)
    assert found.line == "2 of 4 checklist items; missing: review, good enough"
    assert tally(()).line == "" and str(tally(())) == ""


# -- a registry ---------------------------------------------------------------------------------------------------


@pytest.fixture
def script(registry_path: Path) -> Script:
    return Script(registry_path)


def checklist(script: Script, run_id: str = "r1") -> dict[str, dict[str, Any]]:
    rows = tracker.open(script.folders.workbook).rows("checklist")
    found = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    mine = [row for row in found if row["run_id"] == run_id]
    assert len(by_item(mine)) == len(mine), "one row for each item"
    return dict(by_item(mine))


def an_artifact(key: str, **cells: Any) -> Change:
    return Change("artifacts", (key,), {"name": key.partition(":")[0], "status": "stored", **cells}, new=True)


def test_a_run_that_ends_is_judged_in_the_same_sync(script: Script) -> None:
    script.log(
        Change(
            "artifacts", ("m:v1",), {"name": "m", "kind": "model file", "run_id": "r1", "status": "stored"}, new=True
        )
    )
    script.run("r1", owner="ann", params__seed=42, metrics__auc=0.9, git_commit="3fa1", git_dirty=True)
    report = script.sync()
    rows = checklist(script)
    assert (report.rows_added, report.rows_changed) == (2, 0)
    assert rows["model file"]["evidence"] == "m:v1" and rows["params"]["evidence"] == "seed = 42"
    assert rows["code commit, nothing uncommitted"]["status"] == "missing" and len(rows) == 13
    assert script.rows()["r1"]["checklist"] == str(report.judged["r1"]) == "4 of 13"
    assert script.sync() == type(report)()


def test_a_run_that_goes_on_or_failed_is_not_judged_by_itself(script: Script) -> None:
    for run_id, status in (("r1", "RUNNING"), ("r2", "FAILED"), ("r3", "KILLED")):
        script.run(run_id, status=status)
    assert script.sync().judged == {} and checklist(script, "r2") == {}
    assert script.sync(asked=Asked(runs=frozenset({"r2"}))).judged.keys() == {"r2"}
    assert len(checklist(script, "r2")) == 13


def test_what_is_logged_later_is_seen_by_the_next_sync(script: Script) -> None:
    script.run("r1")
    script.run("r2")
    script.sync()
    assert checklist(script)["params"]["status"] == "missing"
    script.log(Change("runs", ("r1",), {"params.seed": 42}))
    assert script.sync().judged.keys() == {"r1"}
    assert checklist(script)["params"]["status"] == "done"
    script.log(an_artifact("m:v1", kind="model file"))
    script.log(Change("lineage", ("r2", "output", "m:v1"), {}, new=True))
    assert script.sync().judged.keys() == {"r2"}
    assert checklist(script, "r2")["model file"]["evidence"] == "m:v1"
    script.log(Change("artifacts", ("m:v1",), {"status": "deleted"}, {"status": "stored"}))
    assert script.sync().judged.keys() == {"r2"}
    assert checklist(script, "r2")["model file"]["status"] == "missing"
    assert script.rows()["r2"]["checklist"] == "0 of 13"


def test_nothing_is_judged_where_there_is_no_procedure(bare_registry: Path) -> None:
    script = Script(bare_registry)
    script.run("r9")
    assert script.sync().judged == {} and script.sync(asked=Asked(every=True)).judged == {}


def test_runs_from_before_the_checklist_are_judged_on_request(script: Script, registry_path: Path) -> None:
    person = Person(registry_path)
    person.opens()
    person.types(run_id="old", name="from before", status="FINISHED")
    person.saves()
    assert script.sync().judged == {}
    assert script.sync(asked=Asked(every=True)).judged.keys() == {"old"}
    assert len(checklist(script, "old")) == 13


def test_what_a_person_does_in_the_app_is_judged_at_once(script: Script) -> None:
    script.run("r1", owner="ann")
    script.sync()
    registry = tracker.open(script.folders.workbook)
    values = {"status": "waived", "why": "no test data yet", "who": "bob", "until": "2099-01-01"}
    seen = {"status": "missing", "why": None, "who": None, "until": None}
    edits.edit_row(registry, "checklist", ("r1", "test data, with its version"), values, seen, "bob")
    assert script.rows()["r1"]["checklist"] == "1 of 12"
    waived = checklist(script)["test data, with its version"]
    script.log(
        Change(
            "artifacts",
            ("test:v1",),
            {"name": "test", "kind": "data set", "run_id": "r1", "status": "stored"},
            new=True,
        )
    )
    script.log(Change("lineage", ("r1", "input", "test:v1"), {}, new=True))
    script.sync()
    assert checklist(script)["test data, with its version"] == waived


def test_evidence_that_a_person_wrote_beside_a_proved_item_stays(script: Script, registry_path: Path) -> None:
    script.run("r1", params__seed=42, metrics__auc=0.5)
    script.sync()
    person = Person(registry_path)
    person.opens()
    sheet = person.book["Checklist"]
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == "seed = 42":
                cell.value = "the seed that we always take"
    person.saves()
    script.log(Change("runs", ("r1",), {"params.seed": 7, "metrics.auc": 0.7}, {"params.seed": 42, "metrics.auc": 0.5}))
    report = script.sync()
    rows = checklist(script)
    assert rows["params"]["evidence"] == "the seed that we always take" and not report.conflicts
    assert rows["metrics"]["evidence"] == "auc = 0.7"
    assert script.sync().change_set is None


def test_a_count_that_a_person_wrote_stays(script: Script, registry_path: Path) -> None:
    script.run("r1")
    script.sync()
    person = Person(registry_path)
    person.opens()
    person.writes("r1", "checklist", "all good")
    person.saves()
    script.log(Change("runs", ("r1",), {"params.seed": 42}))
    script.sync()
    assert script.rows()["r1"]["checklist"] == "all good" and checklist(script)["params"]["status"] == "done"


def test_the_history_keeps_who_logged_a_run(script: Script) -> None:
    script.run("r1")
    script.sync()
    (found,) = Journal(script.folders.changes).newest_first()
    by = {(entry.table, entry.by) for entry in found.entries}
    assert by == {("runs", "script"), ("checklist", "sync")}


def test_a_stale_copy_gets_its_checklist_back(script: Script, registry_path: Path) -> None:
    person = Person(registry_path)
    person.opens()
    script.run("r1", params__seed=42)
    script.sync()
    before = checklist(script)
    person.saves()
    assert checklist(script) == before  # laid over it
    script.sync()
    assert checklist(script) == before and script.rows()["r1"]["checklist"] == "1 of 13"


def test_the_outlook_of_a_run_is_by_the_procedure_as_it_is_now(script: Script) -> None:
    script.run("r1", status="RUNNING", params__seed=42)
    found = outlook(script.folders, "r1")
    assert found is not None and str(found.tally) == "1 of 13" and outlook(script.folders, "nobody") is None
