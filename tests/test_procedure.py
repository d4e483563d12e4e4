"""Adding a ready-made list to a registry's procedure: what is there stays, what lacks comes."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.cli.commands import main
from tracker.deciding.edits import set_cell
from tracker.deciding.procedure import NEEDED_COLUMNS, add_items, adding, plan_items
from tracker.errors import BadRequestError, PermissionRefusedError, ValueChangedError
from tracker.reading.registry import Registry, templates
from tracker.schema import SOP

GATE = "Gate 4: a version to go back to"
COLUMNS = tuple(column.name for column in SOP.columns)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return tracker.init(tmp_path / "registry.xlsx")


def items(registry: Registry) -> dict[str, dict[str, object]]:
    """The rows of the procedure by their item."""
    table = registry.rows("sop")
    return {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}


def test_a_list_comes_with_all_that_it_says(registry: Registry, tmp_path: Path) -> None:
    before = items(registry)
    done = add_items(registry, "release-gate", "ann")
    assert done.report.in_workbook
    after = items(registry)
    assert {name: after[name] for name in before} == before
    assert {name: row for name, row in after.items() if name not in before} == items(
        tracker.init(tmp_path / "gate.xlsx", template="release-gate")
    )
    assert registry.check() == []


def test_it_is_in_the_history_as_a_persons_change(registry: Registry) -> None:
    add_items(registry, "release-gate", "ann")
    (newest, *_) = registry.changes()
    changes = [entry for entry in newest.entries if entry.table == "sop"]
    assert (newest.who, newest.program) == ("ann", "person")
    assert all(change.new for change in changes)
    assert len(changes) == 5


def test_twice_is_once(registry: Registry) -> None:
    add_items(registry, "neurips", "ann")
    before = registry.path.read_bytes()
    again = add_items(registry, "neurips", "bob")
    assert not again.report.changed
    assert len(again.decision.facts["kept"]) == 16
    assert registry.path.read_bytes() == before


def test_an_item_that_a_team_changed_stays_as_it_is(registry: Registry) -> None:
    add_items(registry, "release-gate", "ann")
    set_cell(registry, "sop", (GATE,), "rule", "tag rollback", "rollback", "ann")
    book = openpyxl.load_workbook(registry.path)
    sheet = book["SOP"]
    (cell,) = (cell for (cell,) in sheet.iter_rows(max_col=1) if cell.value == GATE)
    cell.value = f"  {GATE.upper()} "
    book.save(registry.path)
    assert not add_items(registry, "release-gate", "ann").report.changed
    rules = [row["rule"] for name, row in items(registry).items() if name.strip().lower() == GATE.lower()]
    assert rules == ["tag rollback"]


def test_a_workbook_of_ones_own_is_a_list_too(registry: Registry, tmp_path: Path) -> None:
    own = Path(shutil.copyfile(templates()["release-gate"], tmp_path / "our rules.xlsx"))
    book = openpyxl.load_workbook(own)
    book["SOP"]["A4"] = "reviewed by the risk team"
    book.save(own)
    done = add_items(registry, own, "ann")
    assert "5 items of our rules" in done.decision.what
    assert "reviewed by the risk team" in items(registry)


def test_it_takes_a_manager(registry: Registry) -> None:
    book = openpyxl.load_workbook(registry.path)
    book["People"]["A4"], book["People"]["B4"] = "ann", "manager"
    book.save(registry.path)
    before = items(registry)
    with pytest.raises(PermissionRefusedError):
        add_items(registry, "release-gate", "bob")
    assert items(registry) == before
    assert add_items(registry, "release-gate", "ann").report.changed


def test_a_plan_that_is_out_of_date_is_refused(registry: Registry) -> None:
    plan = adding(registry, "release-gate", "ann")
    add_items(registry, "release-gate", "bob")
    with pytest.raises(ValueChangedError):
        add_items(registry, "release-gate", "ann", agreed=plan)


def test_an_unknown_list_is_named_with_those_there_are(registry: Registry) -> None:
    with pytest.raises(BadRequestError, match="release-gate"):
        add_items(registry, "nowhere", "ann")


@pytest.mark.parametrize("column", NEEDED_COLUMNS)
def test_a_procedure_that_cannot_hold_an_item_is_refused(registry: Registry, column: str) -> None:
    book = openpyxl.load_workbook(registry.path)
    sheet = book["SOP"]
    (header,) = (cell for cell in sheet[3] if cell.value == column)
    header.value = f"our {column}"
    for listed in sheet.tables["sop"].tableColumns:
        if listed.name == column:
            listed.name = f"our {column}"
    book.save(registry.path)
    before = items(registry)
    with pytest.raises(BadRequestError, match=f"lacks the columns {column}"):
        add_items(registry, "release-gate", "ann")
    assert items(registry) == before


names = st.text(st.sampled_from("abAB é1"), min_size=1, max_size=6).filter(str.strip)
listed_rows = st.fixed_dictionaries({"item": names, "level": st.sampled_from(["must", "should"]), "rule": st.none()})


@given(st.lists(listed_rows, max_size=8), st.lists(listed_rows, max_size=8))
def test_a_plan_adds_what_lacks_and_nothing_else(
    there: list[dict[str, object]], listed: list[dict[str, object]]
) -> None:
    def same(row: dict[str, object]) -> str:
        return " ".join(str(row["item"]).split()).casefold()

    plan = plan_items(there, listed, COLUMNS, "a list", "ann", 0.0)
    known = {same(row) for row in there}
    added = [change.key[0] for change in plan.changes]
    assert {same({"item": item}) for item in added} == {same(row) for row in listed} - known
    assert len({same({"item": item}) for item in added}) == len(added)
    assert all(change.new and change.table == "sop" and not change.was for change in plan.changes)
    assert len(plan.facts["added"]) + len(plan.facts["kept"]) == len(listed)


def test_the_command_says_what_came_and_what_stayed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    monkeypatch.chdir(registry.path.parent)
    first = CliRunner().invoke(main, ["sop", "add", "release-gate"])
    assert first.exit_code == 0, first.output
    assert first.output.startswith("Done: 5 items of release-gate added to the procedure.\n")
    assert GATE in first.output
    second = CliRunner().invoke(main, ["sop", "add", str(registry.path), "release-gate"])
    assert second.output == "Nothing to do: all items of release-gate are there.\n"
    wrong = CliRunner().invoke(main, ["sop", "add", str(registry.path), "nowhere"])
    assert wrong.exit_code == 2
    assert "There is no template nowhere" in wrong.output
