"""Who may do what: every act with every role, from Python, the command line and the app alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.cli.commands import main
from tracker.deciding.edits import edit_row
from tracker.deciding.people import people, plan_roles, set_roles
from tracker.errors import BadRequestError, PermissionRefusedError, TrackerWarning
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading import roles
from tracker.reading.registry import Registry
from tracker.reading.roles import ACTS
from tracker.schema import ROLES, TABLES
from tracker.workbook import open_workbook

NAMES = ("viewer", "contributor", "manager")


def give_roles(registry: Registry, **people: str) -> None:
    """Write people's roles into the workbook."""
    log(registry, *(Change("people", (who,), {"role": role}, new=True, by="person") for who, role in people.items()))
    registry.sync()


def log(registry: Registry, *changes: Change) -> None:
    """Write changes to the journal."""
    writer = PendingWriter(registry.folders.pending, who="setup", program="person")
    for change in changes:
        writer.append(change)
    writer.close()


def type_into(path: Path, table: str, row: int, **cells: object) -> None:
    """Type values into a row of a table, as a person does in a spreadsheet program; rows count from 0."""
    with open_workbook(path) as workbook, open(path.with_suffix(".typed"), "w+b") as file:
        found = workbook.table(table)
        assert found is not None
        number = found.ref.first_row + 1 + row
        found.set(number, {found.columns.index(column): value for column, value in cells.items()})
        workbook.save(file)
    path.with_suffix(".typed").replace(path)


@pytest.fixture
def registry(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry in which ds0 is a viewer, ds1 a contributor, ds2 a manager; ds2 sits here."""
    monkeypatch.setenv("TRACKER_USER", "ds2")
    found = Registry(registry_path)
    give_roles(found, ds0="viewer", ds1="contributor", ds2="manager")
    return found


# -- the table of acts --------------------------------------------------------------------------------------------


def test_every_act_has_a_role_and_words() -> None:
    for name, act in ACTS.items():
        assert act.name == name and act.role in ROLES and act.what and not act.what.endswith(".")


def test_no_edit_leads_around_a_higher_act() -> None:
    """What only a manager decides can be edited cell by cell only by a manager."""
    guarded = {"stage", "hold", "hold_reason", "held_by", "status", "sha256", "aliases", "override"}
    for name, table in TABLES.items():
        for column in table.columns:
            acts = roles.acts_of_edit(name, [column.name])
            assert set(acts) <= ACTS.keys()
            manager = name in ("sop", "retention", "people", "settings")
            if manager or (name in ("models", "artifacts") and column.name in guarded):
                assert all(ACTS[act].role == "manager" for act in acts), (name, column.name)


def test_an_edit_of_several_cells_takes_what_each_of_them_takes() -> None:
    assert roles.acts_of_edit("artifacts", ["notes", "hold", "hold_reason"]) == ["edit", "hold"]
    assert roles.acts_of_edit("runs", []) == ["edit"]


# -- roles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "who", "role"),
    [
        ([], "anybody", "manager"),
        ([], "", "manager"),
        ([(None, "manager")], "anybody", "manager"),
        ([("ds1", "contributor")], "ds1", "contributor"),
        ([(" DS1 ", "Contributor ")], "ds1", "contributor"),
        ([("ds1", "contributor")], " Ds1", "contributor"),
        ([("ds1", "contributor")], "ds2", "viewer"),
        ([("ds1", "contributor")], "", "viewer"),
        ([("ds1", "boss")], "ds1", "viewer"),
        ([("ds1", None)], "ds1", "viewer"),
        ([("ds1", None)], "ds2", "viewer"),
        ([("ds1", "viewer"), ("DS1", "manager")], "ds1", "viewer"),
        ([(7.0, "manager")], "7", "manager"),
        ([("STRASSE", "manager")], "straße", "manager"),
    ],
)
def test_a_role_is_what_the_people_table_says(rows: list[tuple[object, object]], who: str, role: str) -> None:
    assert roles.role_among(roles.roles_in(("person", "role"), rows), who) == role


def test_a_table_without_its_columns_names_nobody_or_gives_no_role() -> None:
    assert roles.roles_in(("name",), [("ds1",)]) == {}
    assert roles.roles_in(("person",), [("ds1",)]) == {"ds1": "viewer"}


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_roles_are_ordered(one: str, other: str) -> None:
    assert roles.allows(one, other) == (NAMES.index(one) >= NAMES.index(other))


# -- where a role is read -----------------------------------------------------------------------------------------


def test_a_role_that_is_pending_counts(registry: Registry) -> None:
    (registry.path.parent / f"~${registry.path.name}").write_bytes(b"\x03ds9" + bytes(161))  # open in Excel
    report = edit_row(registry, "people", ("ds1",), {"role": "viewer"}, {"role": "contributor"}, "ds2")
    assert report.changed and not report.in_workbook
    assert roles.role_of(registry.folders, "ds1") == "viewer"


def test_a_role_that_a_person_typed_counts_from_then_on(registry: Registry) -> None:
    type_into(registry.path, "people", 1, role="Manager")
    assert roles.role_of(registry.folders, "ds1") == "manager"
    edit_row(registry, "settings", ("trash.days",), {"value": 3}, {"value": 14}, "ds1")
    assert registry.settings.number("trash.days") == 3


def test_a_role_that_is_none_is_a_problem_with_its_cell(registry: Registry) -> None:
    type_into(registry.path, "people", 1, role="boss")
    (problem,) = [problem for problem in registry.check() if problem.sheet.lower() == "people"]
    assert (problem.code, problem.message) == ("wrong-choice", "role of ds1 holds 'boss'.")
    assert problem.cell and "viewer, contributor, manager" in problem.hint
    assert roles.role_of(registry.folders, "ds1") == "viewer"


def test_a_change_set_that_the_workbook_lost_still_counts(registry: Registry) -> None:
    before = registry.path.read_bytes()
    edit_row(registry, "people", ("ds1",), {"role": "viewer"}, {"role": "contributor"}, "ds2")
    registry.path.write_bytes(before)  # an older copy is saved over it
    assert roles.role_of(registry.folders, "ds1") == "viewer"


def test_a_renamed_header_is_understood(registry: Registry) -> None:
    book = openpyxl.load_workbook(registry.path)
    sheet = next(sheet for sheet in book.worksheets if "people" in sheet.tables)
    table = sheet.tables["people"]
    header = next(cell for cell in sheet[sheet[table.ref.split(":")[0]].row] if cell.value == "role")
    header.value = "Rolle"
    next(column for column in table.tableColumns if column.name == "role").name = "Rolle"
    book.save(registry.path)
    assert roles.role_of(registry.folders, "ds2") == "viewer"
    log(registry, Change("settings", ("column.people.role",), {"value": "Rolle"}, new=True, by="person"))
    registry.sync()
    assert roles.role_of(registry.folders, "ds2") == "manager"


# -- logging ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ds0", "stranger"])
def test_who_only_looks_on_starts_no_run_and_is_told_at_once(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    monkeypatch.setenv("TRACKER_USER", who)
    before = sorted(path.name for path in registry.folders.side.rglob("*"))
    with pytest.raises(PermissionRefusedError, match=f"{who} is a viewer .* this needs a contributor: to start a run"):
        tracker.start_run(registry.path, owner="ds2")
    assert tracker.active_run() is None
    assert sorted(path.name for path in registry.folders.side.rglob("*")) == before


def test_a_contributor_logs_and_goes_on_and_a_viewer_does_not(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_USER", "ds1")
    with tracker.start_run(registry.path, name="first") as run:
        run.log_param("depth", 6)
    with tracker.start_run(registry.path, run_id=run.run_id) as run:
        run.log_param("lr", 0.1)
    monkeypatch.setenv("TRACKER_USER", "ds0")
    with pytest.raises(PermissionRefusedError):
        tracker.start_run(registry.path, run_id=run.run_id)
    assert registry.run("first")["owner"] == "ds1"


def test_a_script_moves_the_alias_production_only_for_a_manager(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRACKER_USER", "ds1")
    (tmp_path / "model.pkl").write_bytes(b"a model")
    with tracker.start_run(registry.path) as run, pytest.warns(TrackerWarning, match="ds1 is a contributor"):
        stored = run.log_artifact(tmp_path / "model.pkl", aliases=("production", "champion"))
    assert stored is not None
    assert registry.row("artifacts", (stored.artifact,))["aliases"] == "champion"  # type: ignore[index]
    monkeypatch.setenv("TRACKER_USER", "ds2")
    with tracker.start_run(registry.path) as run:
        run.log_artifact(tmp_path / "model.pkl", aliases=("production",))
    assert registry.row("artifacts", (stored.artifact,))["aliases"] == "champion, production"  # type: ignore[index]


# -- people -------------------------------------------------------------------------------------------------------


def rows(**people: str | None) -> list[dict[str, Any]]:
    return [{"person": person, "role": role, "notes": None} for person, role in people.items()]


@pytest.mark.parametrize(
    ("there", "given", "said"),
    [
        (rows(), {"ds2": "manager"}, "ds2 is a manager"),
        (rows(ds2="manager"), {"ds1": "viewer", "ds2": "manager"}, "ds1 is a viewer; ds2 is already a manager"),
        (rows(ds2="manager", ds1="viewer"), {"DS1": ""}, "ds1 is without a role"),
        (rows(ds2="manager", ds1="viewer"), {" ds1\n": "contributor"}, "ds1 is a contributor"),
    ],
)
def test_roles_are_given_and_taken(there: list[dict[str, Any]], given: dict[str, str], said: str) -> None:
    plan = plan_roles(there, given, "ds2", 1.8e9)
    assert (plan.what, plan.act) == (said, "people")


@pytest.mark.parametrize(
    ("there", "given", "reason"),
    [
        (rows(), {"ds1": "viewer"}, "Nobody would be a manager"),
        (rows(ds2="manager"), {"ds2": "viewer"}, "Nobody would be a manager"),
        (rows(ds2="manager"), {"ds2": ""}, "Nobody would be a manager"),
        (rows(ds2="manager"), {"ds1": "boss"}, "'boss' is no role"),
        (rows(ds2="manager"), {"ds1": ""}, "There is no 'ds1'"),
        (rows(ds2="manager"), {" ": "viewer"}, "There is no ' '"),
    ],
)
def test_a_change_of_roles_that_makes_no_sense_is_refused(
    there: list[dict[str, Any]], given: dict[str, str], reason: str
) -> None:
    with pytest.raises(BadRequestError, match=reason):
        plan_roles(there, given, "ds2", 1.8e9)


def test_a_change_of_roles_is_in_the_workbook_and_in_the_history(registry: Registry) -> None:
    decided = set_roles(registry, {"ds1": "manager", "ds3": "viewer"}, "ds2")
    assert decided.report.in_workbook
    assert [(one.name, one.role) for one in people(registry)] == [
        ("ds0", "viewer"),
        ("ds1", "manager"),
        ("ds2", "manager"),
        ("ds3", "viewer"),
    ]
    entries = {entry.key[0]: entry for entry in registry.changes()[0].entries}
    assert {(entry.who, entry.by) for entry in entries.values()} == {("ds2", "person")}
    assert (entries["ds1"].cells["role"].old, entries["ds1"].cells["role"].new) == ("contributor", "manager")


def test_who_is_removed_looks_on_from_then_on(registry: Registry) -> None:
    set_roles(registry, {"ds1": ""}, "ds2")
    assert roles.role_of(registry.folders, "ds1") == "viewer"
    assert [one.said for one in people(registry)] == ["viewer", "", "manager"]
    assert not [problem for problem in registry.check() if problem.severity != "info"]


def test_a_workbook_without_the_table_is_told(bare_registry: Path) -> None:
    with pytest.raises(BadRequestError, match="no table 'people'"):
        set_roles(Registry(bare_registry), {"ds1": "manager"}, "ds1")


# -- the command line ---------------------------------------------------------------------------------------------


def invoked(*words: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(main, [*words])
    assert result.exit_code == exit_code, result.output
    return result.output if exit_code else result.stdout  # a sync that was put off may speak on stderr


def test_people_are_listed_and_changed_from_a_shell(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(registry_path)
    monkeypatch.setenv("TRACKER_USER", "ds2")
    assert "everybody may do everything" in invoked("people", path)
    assert "Nobody would be a manager" in invoked("people", path, "--set", "ds1=viewer", exit_code=2)
    done = invoked("people", path, "--set", "ds2=manager", "--set", "ds1=contributor")
    assert done == "Done: ds2 is a manager; ds1 is a contributor.\n"
    assert invoked("people", path).endswith("You are ds2: manager.\n")
    assert "Done: ds1 is without a role." in invoked("people", path, "--remove", "ds1")
    assert "no role is given" in invoked("people", path)
    monkeypatch.setenv("TRACKER_USER", "ds1")
    assert "this needs a manager: to change who has which role" in invoked(
        "people", path, "--set", "ds1=manager", exit_code=8
    )
    listed = json.loads(invoked("people", path, "--json"))
    assert [(one["person"], one["role"]) for one in listed] == [("ds2", "manager"), ("ds1", "viewer")]
