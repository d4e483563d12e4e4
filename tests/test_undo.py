"""Taking change sets back: what was there is there again, cells that changed since are refused, undo is undone."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person import Person
from script import Script

from tracker.deciding.edits import edit_row
from tracker.deciding.undo import Changed, undo, undoing
from tracker.errors import ChangeNotFoundError, PermissionRefusedError, UndoRefusedError, ValueChangedError
from tracker.history.compare import compare_files
from tracker.history.timeline import events
from tracker.history.versions import list_versions
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.values import same

TEMPLATE = Path(__file__).parent.parent / "templates" / "general.xlsx"


@pytest.fixture
def script(registry_path: Path) -> Script:
    script = Script(registry_path)
    script.run("r1", name="first", metrics__loss=0.5)
    script.run("r2", name="second", metrics__loss=0.25)
    script.sync()
    script.log(Change("runs", ("r1",), {"name": "renamed", "metrics.loss": 0.4}, {"name": "first"}))
    script.sync()
    return script


@pytest.fixture
def registry(script: Script) -> Registry:
    return Registry(script.folders.workbook)


def test_old_values_are_put_back_as_a_persons_decision(script: Script, registry: Registry) -> None:
    decided = undo(registry, "2", "ann")
    assert decided.report.in_workbook and len(decided.decision.changes) == 1
    assert script.rows()["r1"]["name"] == "first" and script.rows()["r1"]["metrics.loss"] == 0.5
    newest = registry.changes()[0]
    assert (newest.number, newest.who) == (3, "ann")
    (entry,) = [entry for entry in newest.entries if not entry.is_judgement]
    assert entry.by == "person" and entry.why == "undo of change set 2"
    assert {name: (cell.old, cell.new) for name, cell in entry.cells.items()} == {
        "name": ("renamed", "first"),
        "metrics.loss": (0.4, 0.5),
    }


def test_it_wins_over_a_script_like_any_edit_of_a_persons(script: Script, registry: Registry) -> None:
    undo(registry, "2", "ann")
    script.log(Change("runs", ("r1",), {"name": "script again"}, {"name": "renamed"}, time=time.time()))
    (conflict,) = script.sync().conflicts
    assert conflict.kept == "first" and conflict.dropped == "script again"


def test_cells_that_changed_since_are_refused_with_a_list(script: Script, registry: Registry) -> None:
    edit_row(registry, "runs", ("r1",), {"name": "mine"}, {"name": "renamed"}, "ann")
    plan = undoing(registry, "2", "ann")
    assert plan.changed == (Changed("runs", ("r1",), "name", "renamed", "mine"),)
    before = script.folders.workbook.read_bytes()
    with pytest.raises(UndoRefusedError) as refused:
        undo(registry, "2", "ann")
    assert 'runs r1 name: was set to "renamed", is "mine" now' in str(refused.value)
    assert script.folders.workbook.read_bytes() == before
    undo(registry, "2", "ann", what_is_unchanged=True)
    assert script.rows()["r1"]["name"] == "mine" and script.rows()["r1"]["metrics.loss"] == 0.5


def test_a_row_that_was_added_keeps_its_key_and_comes_back_with_the_undo_of_the_undo(
    script: Script, registry: Registry
) -> None:
    script.run("r3", name="third", params__depth=6)
    script.sync()
    before = script.rows()["r3"]
    plan = undoing(registry, "3", "ann")
    assert plan.blanked == (("runs", ("r3",)),)
    undo(registry, "3", "ann", agreed=plan)
    assert {name: value for name, value in script.rows()["r3"].items() if value is not None} == {
        "run_id": "r3",
        "checklist": "1 of 13",
    }
    undo(registry, "4", "ann")
    assert script.rows()["r3"] == before


def test_rows_that_say_what_is_in_the_store_stay(script: Script, registry: Registry) -> None:
    cells = {"name": "model", "version": 1, "path": "registry.tracker/artifacts/model/v1", "status": "stored"}
    script.log(
        Change("artifacts", ("model:v1",), cells, new=True),
        Change("lineage", ("r1", "output", "model:v1"), {"time": datetime(2026, 11, 1)}, new=True),
    )
    script.sync()
    script.log(Change("artifacts", ("model:v1",), {"status": "deleted", "notes": "old"}, {"status": "stored"}))
    script.sync()
    plan = undoing(registry, "3", "ann")
    assert not plan.decision.changes and len(plan.left) == 2
    (change,) = undoing(registry, "4", "ann").decision.changes
    assert change.set == {"notes": None}  # no undo brings a file back


def test_an_outside_save_is_taken_back_too(script: Script, registry: Registry) -> None:
    person = Person(script.folders.workbook)
    person.opens()
    person.writes("r1", "notes", "a slip of the hand")
    person.deletes("r2")
    person.saves()
    script.sync()
    save = next(found for found in events(registry.folders) if found.outside)
    undo(registry, save.id, "ann")
    rows = script.rows()
    assert rows["r1"]["notes"] is None and rows["r2"]["metrics.loss"] == 0.25


def test_the_role_must_do_for_what_is_changed(script: Script, registry: Registry) -> None:
    for name, role in (("boss", "manager"), ("ann", "contributor"), ("viv", "viewer")):
        script.log(Change("people", (name,), {"role": role}, new=True))
    script.sync()
    edit_row(registry, "settings", ("trash.days",), {"value": 30}, {"value": 14}, "boss")
    with pytest.raises(PermissionRefusedError):
        undo(registry, "4", "ann")
    with pytest.raises(PermissionRefusedError):
        undo(registry, "2", "viv")
    undo(registry, "4", "boss")
    undo(registry, "2", "ann")
    assert script.rows()["r1"]["name"] == "first"


def test_an_agreed_plan_that_is_old_is_refused(script: Script, registry: Registry) -> None:
    plan = undoing(registry, "2", "ann")
    edit_row(registry, "runs", ("r1",), {"name": "first"}, {"name": "renamed"}, "ben")
    with pytest.raises(ValueChangedError):
        undo(registry, "2", "ann", agreed=plan)


def test_what_is_as_it_was_already_needs_no_undo(script: Script, registry: Registry) -> None:
    undo(registry, "2", "ann")
    assert not undo(registry, "2", "ann").report.changed


@pytest.mark.parametrize("name", ["17", "nothing", ""])
def test_an_unknown_change_is_named(registry: Registry, name: str) -> None:
    with pytest.raises(ChangeNotFoundError):
        undo(registry, name, "ann")


# -- properties ---------------------------------------------------------------------------------------------------

COLUMNS = ("name", "experiment", "metrics.loss", "params.depth", "tags.team")
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["a", "b", "", "ünï <&>"]),
    "experiment": st.sampled_from(["x", "y"]),
    "metrics.loss": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False, width=32)),
    "params.depth": st.one_of(st.none(), st.integers(-5, 5), st.booleans(), st.sampled_from(["'deep", "007"])),
    "tags.team": st.sampled_from([None, "red", "blue"]),
}
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["r1", "r2", "r3", "r4"]),
        st.fixed_dictionaries({}, optional=VALUES).filter(bool),
    ),
    min_size=1,
    max_size=6,
)


@contextmanager
def fresh() -> Iterator[Script]:
    """A registry with three runs, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        script = Script(Path(shutil.copyfile(TEMPLATE, Path(folder) / "registry.xlsx")))
        for number in (1, 2, 3):
            script.run(f"r{number}", name="start", metrics__loss=1.5, params__depth=number, tags__team="red")
        script.sync()
        yield script


def edit(script: Script, edits: list[tuple[str, dict[str, Any]]]) -> None:
    """Each edit as a person's change of what is there; r4 is new."""
    rows = script.rows()
    for run_id, cells in edits:
        row = rows.setdefault(run_id, {})
        was = {name: row.get(name) for name in cells}
        script.log(Change("runs", (run_id,), cells, was, run_id == "r4" and not row, time.time(), "ann", "person"))
        row |= cells
    script.sync()


def filled(script: Script) -> dict[str, dict[str, Any]]:
    """The cells that are not blank, of the rows that have more than a key."""
    rows = {id: {n: v for n, v in row.items() if v not in (None, "")} for id, row in script.rows().items()}
    return {id: row for id, row in rows.items() if row.keys() != {"run_id"}}


def equal(one: dict[str, dict[str, Any]], other: dict[str, dict[str, Any]]) -> bool:
    return one.keys() == other.keys() and all(
        one[id].keys() == other[id].keys() and all(same(one[id][name], other[id][name]) for name in one[id])
        for id in one
    )


@settings(max_examples=25, deadline=None)
@given(EDITS)
def test_an_undo_gives_what_was_and_the_undo_of_an_undo_what_came(edits: list[tuple[str, dict[str, Any]]]) -> None:
    with fresh() as script:
        before = filled(script)
        edit(script, edits)
        after = filled(script)
        registry = Registry(script.folders.workbook)
        change = registry.changes()[0]
        if change.number == 1:
            return  # nothing changed
        undone = undo(registry, str(change.number), "ann")
        assert equal(filled(script), before)
        if undone.report.changed:
            undo(registry, str(registry.changes()[0].number), "ann")
        assert equal(filled(script), after)


@settings(max_examples=25, deadline=None)
@given(EDITS)
def test_the_differences_of_two_workbooks_applied_to_the_first_give_the_second(
    edits: list[tuple[str, dict[str, Any]]],
) -> None:
    with fresh() as script:
        edit(script, edits)
        first = list_versions(script.folders.versions)[-1]
        other = Script(Path(shutil.copyfile(first, first.with_name("other.xlsx"))))
        shutil.rmtree(other.folders.side, ignore_errors=True)
        found = compare_files(first, script.folders.workbook)
        for entry in found.entries:
            cells = {name: cell.new for name, cell in entry.cells.items()}
            was = {name: cell.old for name, cell in entry.cells.items()}
            other.log(Change(entry.table, entry.key, cells, was, entry.new, time.time(), "ann", "person"))
        other.sync()
        assert equal(filled(other), filled(script))
        assert not compare_files(other.folders.workbook, script.folders.workbook).entries


@settings(max_examples=25, deadline=None)
@given(EDITS)
def test_the_other_way_round_every_difference_is_turned_round(edits: list[tuple[str, dict[str, Any]]]) -> None:
    with fresh() as script:
        edit(script, edits)
        first = list_versions(script.folders.versions)[-1]
        there, back = (
            {
                (entry.key, name): (cell.old, cell.new) if way else (cell.new, cell.old)
                for entry in compare_files(*pair).entries
                for name, cell in entry.cells.items()
            }
            for way, pair in ((1, (first, script.folders.workbook)), (0, (script.folders.workbook, first)))
        )
        assert there == back
