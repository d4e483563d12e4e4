"""Views of the runs that a team shares, and edits of many runs at once: who may, what was seen, as one change."""

from __future__ import annotations

from pathlib import Path

import pytest

import tracker
from tracker.deciding import bulk
from tracker.deciding.bulk import edit_runs, plan_bulk, planned, settled
from tracker.deciding.edits import set_tag
from tracker.deciding.people import set_roles
from tracker.deciding.undo import undo
from tracker.deciding.views import save_view, views
from tracker.errors import BadRequestError, PermissionRefusedError, ValueChangedError
from tracker.reading.registry import Registry


@pytest.fixture
def registry(registry_path: Path) -> Registry:
    """A registry with three runs."""
    for name in ("one", "two", "three"):
        with tracker.start_run(registry_path, name=name, tags={"team": "risk"}) as run:
            run.log_metric("auc", 0.5)
    registry = tracker.open(registry_path)
    registry.sync()  # so that an edit is alone in its change set
    return registry


def ids(registry: Registry) -> dict[str, str]:
    """Run ids by name."""
    runs = registry.runs()
    return dict(zip(runs["name"], runs["run_id"], strict=True))


# -- views --------------------------------------------------------------------------------------------------------


def test_a_view_is_kept_in_the_workbook_and_removed_again(registry: Registry) -> None:
    done = save_view(registry, " best  ones ", "filter=metrics.auc+%3E+0.9&sort=-metrics.auc", "ann")
    assert done.report.in_workbook
    assert views(registry.settings) == {"best ones": "filter=metrics.auc+%3E+0.9&sort=-metrics.auc"}
    assert not [problem for problem in registry.check() if problem.code == "unknown-setting"]
    save_view(registry, "best ones", None, "ben", seen="filter=metrics.auc+%3E+0.9&sort=-metrics.auc")
    assert views(registry.settings) == {}
    save_view(registry, "best ones", "by=experiment", "ben")
    assert views(registry.settings) == {"best ones": "by=experiment"}


def test_a_view_that_somebody_changed_meanwhile_is_not_overwritten(registry: Registry) -> None:
    save_view(registry, "ours", "by=experiment", "ann")
    with pytest.raises(ValueChangedError):
        save_view(registry, "ours", "by=owner", "ben")
    with pytest.raises(ValueChangedError):
        save_view(registry, "ours", None, "ben", seen="by=status")
    assert views(registry.settings) == {"ours": "by=experiment"}


def test_a_view_needs_a_name_and_a_contributor(registry: Registry) -> None:
    for name in ("", "   ", "x" * 61):
        with pytest.raises(BadRequestError):
            save_view(registry, name, "by=owner", "ann")
    set_roles(registry, {"ann": "manager", "vic": "viewer", "con": "contributor"}, "ann")
    with pytest.raises(PermissionRefusedError):
        save_view(registry, "mine", "by=owner", "vic")
    one = ids(registry)["one"]
    with pytest.raises(PermissionRefusedError):
        edit_runs(registry, {one: {"tags.team": "growth"}}, {one: {"tags.team": "risk"}}, "vic")
    save_view(registry, "mine", "by=owner", "con")
    assert views(registry.settings) == {"mine": "by=owner"}


# -- many runs ----------------------------------------------------------------------------------------------------


def test_many_runs_are_changed_in_one_change_set_that_can_be_taken_back(registry: Registry) -> None:
    known = ids(registry)
    values = {run_id: {"tags.team": "growth", "status": "KILLED", "notes": "stopped"} for run_id in known.values()}
    seen = {run_id: {"tags.team": "risk", "status": "FINISHED", "notes": None} for run_id in known.values()}
    edit_runs(registry, values, seen, "ann")
    runs = registry.runs()
    assert (
        set(runs["tags.team"]) == {"growth"} and set(runs["status"]) == {"KILLED"} and set(runs["notes"]) == {"stopped"}
    )
    newest = registry.changes()[0]
    assert {entry.key[0] for entry in newest.entries if entry.who == "ann"} == set(known.values())
    undo(registry, newest.id, "ann")
    assert set(registry.runs()["tags.team"]) == {"risk"}


def test_a_cell_that_changed_since_stops_all_until_the_person_has_decided(registry: Registry) -> None:
    known = ids(registry)
    values = {run_id: {"tags.team": "growth"} for run_id in known.values()}
    seen = {run_id: {"tags.team": "risk"} for run_id in known.values()}
    set_tag(registry, "two", "team", "fraud", "risk", "ben")
    with pytest.raises(ValueChangedError):
        edit_runs(registry, values, seen, "ann")
    assert set(registry.runs()["tags.team"]) == {"risk", "fraud"}, "nothing was written"
    found = planned(registry, values, seen, "ann")
    assert [(one.name, one.seen, one.current) for one in found.changed] == [("two", "risk", "fraud")]
    left, now = settled(values, found.changed, overwrite=False)
    assert set(left) == set(known.values()) - {known["two"]} and now == {known["two"]: {"tags.team": "fraud"}}
    mine, now = settled(values, found.changed, overwrite=True)
    edit_runs(registry, mine, {run_id: {**seen[run_id], **now.get(run_id, {})} for run_id in mine}, "ann")
    assert set(registry.runs()["tags.team"]) == {"growth"}


@pytest.mark.parametrize(
    ("row", "values", "says"),
    [
        ({"status": "FINISHED"}, {"status": "DONE"}, "status must be one of"),
        ({"status": "FINISHED"}, {"metrics.auc": 1.0}, "cannot be set for many"),
        ({"status": "FINISHED"}, {"tags.moved_to": "x"}, "cannot be set for many"),
        ({"status": "FINISHED"}, {"run_id": "x"}, "cannot be set for many"),
        ({"status": "MOVED", "tags.moved_to": "old.xlsx"}, {"notes": "x"}, "is in old.xlsx now"),
    ],
)
def test_what_cannot_be_set_for_many_is_refused(row: dict[str, str], values: dict[str, object], says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        plan_bulk([{"run_id": "r1", "name": "a", **row}], {"r1": values}, {"r1": {**row}}, "ann", 0.0)


def test_a_run_that_is_gone_is_said_and_one_that_has_it_already_is_left() -> None:
    rows = [{"run_id": "r1", "tags.a": "x"}, {"run_id": "r2", "tags.a": None}]
    values = {"r1": {"tags.a": "x"}, "r2": {"tags.a": ""}, "r3": {"tags.a": "x"}}
    plan = plan_bulk(rows, values, {"r1": {"tags.a": "x"}}, "ann", 0.0)
    assert plan.gone == ("r3",) and plan.decision.changes == () and plan.changed == ()


def test_what_is_added_to_a_note_stands_below_it() -> None:
    assert bulk.added_to_note(None, "more") == "more"
    assert bulk.added_to_note("first\n", "more") == "first\n\nmore"
