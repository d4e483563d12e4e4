"""Conflicts: listed with both values until somebody decides, then gone, whichever value was chosen."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from person import Person
from script import Script

from tracker.cli.commands import main
from tracker.deciding.edits import set_cell
from tracker.deciding.resolving import Choice, plan_settling, settle
from tracker.deciding.undo import undo
from tracker.errors import BadRequestError, ConflictNotFoundError, PermissionRefusedError
from tracker.journal.changes import PACK_ABOVE
from tracker.merging.merge import merge
from tracker.model import Change
from tracker.reading import conflicts as reading
from tracker.reading.conflicts import OpenConflict, read_conflicts
from tracker.reading.registry import Registry, init_registry
from tracker.values import same
from tracker.workbook import read_tables


@pytest.fixture
def script(registry_path: Path) -> Script:
    return Script(registry_path)


def conflict(script: Script, run_id: str, before: Any = 0.1, person: Any = 0.2, after: Any = 0.3) -> OpenConflict:
    """A script's value that met a person's."""
    script.run(run_id, params__lr=before)
    script.sync()
    edited(script, run_id, person)
    script.log(Change("runs", (run_id,), {"params.lr": after}, {"params.lr": before}, time=time.time(), who="trainer"))
    script.sync()
    return next(one for one in read_conflicts(script.folders) if one.conflict.key == (run_id,))


def edited(script: Script, run_id: str, value: Any) -> None:
    who = Person(script.folders.workbook)
    who.opens()
    who.writes(run_id, "params.lr", value)
    who.saves()


def registry_of(script: Script) -> Registry:
    return Registry(script.folders.workbook)


def problems(script: Script) -> list[str]:
    return [problem.message for problem in registry_of(script).check() if problem.code == "conflict"]


def test_an_open_conflict_has_both_values_who_when_and_where(script: Script) -> None:
    found = conflict(script, "r1")
    assert (found.number, found.sheet, found.place) == ("2.1", "Runs", "params.lr of r1")
    assert found.cell == registry_of(script).rows("runs").address(0, "params.lr")
    one = found.conflict
    assert (one.kept, one.dropped, one.who, one.reason) == (0.2, 0.3, "trainer", "person")
    assert time.time() - one.time < 60


@pytest.mark.parametrize(("choice", "value"), [("take", 0.3), ("keep", 0.2)])
def test_a_settled_conflict_is_gone_and_stands_in_the_history(script: Script, choice: Choice, value: float) -> None:
    conflict(script, "r1")
    assert len(problems(script)) == 1
    done = settle(registry_of(script), ["2.1"], choice, "ann")
    assert done.report.in_workbook
    assert script.rows()["r1"]["params.lr"] == value
    assert read_conflicts(script.folders) == [] and problems(script) == []
    (entry,) = [entry for entry in registry_of(script).changes(limit=1)[0].entries if not entry.is_judgement]
    assert (entry.by, entry.who, entry.why) == ("person", "ann", "settles conflict 2.1")
    assert (entry.cells["params.lr"].old, entry.cells["params.lr"].new) == (0.2, value)
    script.log(Change("runs", ("r1",), {"params.lr": 0.4}, {"params.lr": 0.1}, time=time.time()))
    script.sync()
    assert script.rows()["r1"]["params.lr"] == value, "a person decided, and a script does not overwrite it"
    assert len(read_conflicts(script.folders)) == 1, "but it is told again"


def test_keeping_changes_no_cell_of_the_workbook(script: Script) -> None:
    conflict(script, "r1")
    before = read_tables(script.folders.workbook)
    settle(registry_of(script), ["2.1"], "keep", "ann")
    after = read_tables(script.folders.workbook)
    assert {name: rows.rows for name, rows in before.items()} == {name: rows.rows for name, rows in after.items()}


def test_a_taken_value_can_be_given_back(script: Script) -> None:
    conflict(script, "r1")
    settle(registry_of(script), ["2.1"], "take", "ann")
    undo(registry_of(script), "3", "ann")
    assert script.rows()["r1"]["params.lr"] == 0.2


def test_settled_while_the_workbook_is_open_it_waits_and_is_not_listed(script: Script) -> None:
    conflict(script, "r1")
    conflict(script, "r2")
    lock = script.folders.workbook.with_name(f".~lock.{script.folders.workbook.name}#")
    lock.write_text(",ds1,workstation,24.11.2026 06:45,file:///;")
    done = settle(registry_of(script), ["2.1"], "keep", "ann")
    assert not done.report.in_workbook and "LibreOffice" in done.report.pending_because
    assert [one.conflict.key for one in read_conflicts(script.folders)] == [("r2",)]
    lock.unlink()
    script.sync()
    assert [one.conflict.key for one in read_conflicts(script.folders)] == [("r2",)]


def test_a_cell_that_was_changed_since_is_not_settled(script: Script) -> None:
    found = conflict(script, "r1")
    seen = plan_settling([found], "take", "ann", time.time())
    edited(script, "r1", 0.9)
    with pytest.raises(ConflictNotFoundError):
        settle(registry_of(script), ["2.1"], "take", "ann", seen)
    assert script.rows()["r1"]["params.lr"] == 0.9


def test_a_formula_stays(script: Script) -> None:
    script.run("r1", params__lr=0.1)
    script.sync()
    book = openpyxl.load_workbook(script.folders.workbook)
    sheet = book["Runs"]
    place = next(one.column for one in sheet[3] if one.value == "params.lr")
    sheet.cell(4, place).value = "=1/5"
    book.save(script.folders.workbook)
    script.log(Change("runs", ("r1",), {"params.lr": 0.3}, {"params.lr": 0.1}, time=time.time()))
    script.sync()
    (found,) = read_conflicts(script.folders)
    assert found.is_formula
    with pytest.raises(BadRequestError, match="formula"):
        settle(registry_of(script), [found.number], "take", "ann")
    settle(registry_of(script), [found.number], "keep", "ann")
    assert read_conflicts(script.folders) == []
    assert openpyxl.load_workbook(script.folders.workbook)["Runs"].cell(4, place).value == "=1/5"


def test_it_takes_the_role_of_the_cell(script: Script) -> None:
    conflict(script, "r1")
    script.log(Change("people", ("ann",), {"role": "viewer"}, new=True, by="person"))
    script.log(Change("people", ("bob",), {"role": "contributor"}, new=True, by="person"))
    script.sync()
    with pytest.raises(PermissionRefusedError):
        settle(registry_of(script), ["2.1"], "keep", "ann")
    assert settle(registry_of(script), ["2.1"], "keep", "bob").report.in_workbook


def test_what_both_sides_of_a_conflict_copy_changed_is_settled_alike(script: Script, tmp_path: Path) -> None:
    script.run("r1", params__lr=0.1)
    script.sync()
    copy = script.folders.workbook.with_name("registry (1).xlsx")
    copy.write_bytes(script.folders.workbook.read_bytes())
    set_cell(registry_of(script), "runs", ("r1",), "params.lr", 0.2, 0.1, "ann")
    person = Person(copy)
    person.opens()
    person.writes("r1", "params.lr", 0.3)
    person.saves()
    merge(registry_of(script), copy, "bob")
    (found,) = read_conflicts(script.folders)
    assert (found.conflict.kept, found.conflict.dropped) == (0.2, 0.3)
    settle(registry_of(script), [found.number], "take", "ann")
    assert script.rows()["r1"]["params.lr"] == 0.3 and read_conflicts(script.folders) == []


def test_a_conflict_stays_listed_however_long_ago_it_was(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "RECENT", 3)
    monkeypatch.setattr("tracker.journal.changes.PACK_ABOVE", 4)
    conflict(script, "r1")
    conflict(script, "r2")
    settle(registry_of(script), ["2.1"], "keep", "ann")
    for number in range(6):
        script.run(f"later{number}")
        script.sync()
    assert PACK_ABOVE and list(script.folders.changes.glob("*.zip"))
    assert [one.conflict.key for one in read_conflicts(script.folders)] == [("r2",)]


values = st.one_of(
    st.floats(-1e6, 1e6).map(lambda number: round(number, 6)),
    st.sampled_from(["auto", "3-1", "x", "NaN"]),
    st.booleans(),
)


@given(st.lists(st.tuples(values, values, values, st.sampled_from(["take", "keep", None])), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_whatever_was_decided_stands_and_nothing_else(decisions: list[tuple[Any, Any, Any, Choice | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.xlsx"
        init_registry(path)
        script = Script(path)
        for number, (before, _, _, _) in enumerate(decisions):
            script.run(f"r{number}", params__lr=before)
        script.sync()
        person = Person(path)
        person.opens()
        for number, (_, theirs, _, _) in enumerate(decisions):
            person.writes(f"r{number}", "params.lr", theirs)
        person.saves()
        now = time.time()
        for number, (before, _, after, _) in enumerate(decisions):
            script.log(Change("runs", (f"r{number}",), {"params.lr": after}, {"params.lr": before}, time=now))
        script.sync()
        listed = {one.conflict.key[0]: one for one in read_conflicts(script.folders)}
        rows = script.rows()
        for number, (before, theirs, after, choice) in enumerate(decisions):
            name = f"r{number}"
            stands = theirs if not same(before, theirs) else after
            assert same(rows[name]["params.lr"], stands)
            assert (name in listed) == (not same(before, theirs) and not same(theirs, after))
            if name in listed and choice is not None:
                settle(Registry(path), [listed.pop(name).number], choice, "ann")
                stands = after if choice == "take" else theirs
            assert same(script.rows()[name]["params.lr"], stands)
        assert {one.conflict.key[0] for one in read_conflicts(script.folders)} == set(listed)


# -- the command line ---------------------------------------------------------------------------------------------


@pytest.fixture
def invoke(script: Script) -> Callable[..., Result]:
    return lambda *words: CliRunner().invoke(main, ["resolve", str(script.folders.workbook), *words])


def test_the_list_shows_both_values_with_their_number(script: Script, invoke: Callable[..., Result]) -> None:
    conflict(script, "r1", after=0.200000001)
    lines = invoke().stdout.splitlines()
    assert lines[0].startswith("2.1  Runs!") and "params.lr of r1" in lines[0]
    assert lines[1].strip() == "--keep  0.2"
    assert lines[2].strip().startswith("--take  0.200000001  (trainer, 20")
    (plain,) = json.loads(invoke("--json").stdout)
    assert (plain["number"], plain["kept"], plain["dropped"]) == ("2.1", 0.2, 0.200000001)


def test_several_are_settled_by_number_and_all_at_once(script: Script, invoke: Callable[..., Result]) -> None:
    numbers = [conflict(script, f"r{number}").number for number in range(4)]
    assert "2 conflicts settled: the value that was not written is taken" in invoke(*numbers[:2], "--take").output
    assert "2 conflicts settled: the value that stands is kept" in invoke("--all", "--keep").output
    assert [row["params.lr"] for row in script.rows().values()] == [0.3, 0.3, 0.2, 0.2]
    assert invoke().stdout == "No open conflicts.\n" == invoke("--all", "--keep").output


def test_what_cannot_be_meant_is_refused(script: Script, invoke: Callable[..., Result]) -> None:
    number = conflict(script, "r1").number
    assert "Say which value is right" in invoke(number).output
    assert "Name conflicts by their numbers" in invoke("--take").output
    missing = invoke("99.1", "--take")
    assert missing.exit_code == 2 and "There is no open conflict 99.1" in missing.output
    assert len(read_conflicts(script.folders)) == 1
