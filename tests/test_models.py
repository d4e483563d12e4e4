"""Registered models: register, promote, revert and aliases, one after the other, at once, and over stale saves."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils import range_boundaries
from trained import open_gates, settle, train

from tracker import capture
from tracker.deciding import aliases, decide, models
from tracker.deciding.aliases import alias_name, plan_alias, resolve
from tracker.deciding.decision import Decision, new_row
from tracker.deciding.models import ModelVersion, find_version, versions_from
from tracker.deciding.promotion import plan_promotion, plan_revert
from tracker.deciding.rows import cells_of
from tracker.deciding.stage_history import StageChange, holder_before
from tracker.errors import (
    ArtifactNotFoundError,
    BadRequestError,
    CellTooLongError,
    ModelNotFoundError,
    PermissionRefusedError,
    RegistryNotWritableError,
    StageError,
    TrackerError,
    ValueChangedError,
)
from tracker.journal.pending import PendingWriter, read_pending
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.schema import ROLES
from tracker.workbook import read_tables


@pytest.fixture(autouse=True)
def out_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capture, "script", lambda: None)
    monkeypatch.setattr(capture, "packages", lambda: "numpy==2.0\n")


@pytest.fixture(scope="session")
def trained_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry of three runs and a model of three versions."""
    path = tmp_path_factory.mktemp("trained") / "registry.xlsx"
    shutil.copyfile(Path(__file__).parent.parent / "templates" / "general.xlsx", path)
    open_gates(path)
    for number in (1, 2, 3):
        train(path, f"gbm {number}", metrics={"auc": number / 4})
        decide.register(Registry(path), "churn", f"churn-model:v{number}", "ds1")
    settle(path)
    return path.parent


@pytest.fixture
def registry(tmp_path: Path, trained_registry: Path) -> Registry:
    """A registry of three runs and a model of three versions."""
    shutil.copytree(trained_registry, tmp_path / "registry")
    return Registry(tmp_path / "registry" / "registry.xlsx")


def stages(registry: Registry, model: str = "churn") -> dict[int, str]:
    return {one.version: one.stage for one in models.registered(registry) if one.model == model}


def in_workbook(registry: Registry, table: str) -> list[dict[str, Any]]:
    rows = read_tables(registry.path, {table})[table]
    named = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    return [row for row in named if any(value is not None for value in row.values())]


def lock(registry: Registry) -> Path:
    path = registry.path.with_name(f".~lock.{registry.path.name}#")
    path.write_text("Data Science,ds2,host,24.11.2026 07:12,file:///x;")
    return path


def log(registry: Registry, *changes: Change) -> None:
    writer = PendingWriter(registry.folders.pending, who="ds2", program="person")
    for change in changes:
        writer.append(change)
    writer.close()


def people(registry: Registry, **roles: str) -> None:
    log(registry, *(Change("people", (who,), {"role": role}, new=True, by="person") for who, role in roles.items()))
    registry.sync()


def in_excel(path: Path, edit: Callable[[Callable[[str, str, Any], None]], None]) -> None:
    """Edit models as a person does in the workbook: ``edit`` gets a function that sets version, column, value."""
    book = openpyxl.load_workbook(path)
    sheet = next(sheet for sheet in book.worksheets if "models" in sheet.tables)
    first_column, first_row, last_column, last_row = range_boundaries(sheet.tables["models"].ref)
    columns = {sheet.cell(first_row, place).value: place for place in range(first_column, last_column + 1)}

    def write(version: str, column: str, value: Any) -> None:
        for row in range(first_row + 1, last_row + 1):
            if str(sheet.cell(row, columns["version"]).value) == version:
                sheet.cell(row, columns[column]).value = value

    edit(write)
    book.save(path.with_name("saving.tmp"))
    os.replace(path.with_name("saving.tmp"), path)


# -- registering --------------------------------------------------------------------------------------------------


def test_a_registered_version_is_in_the_workbook_with_its_run(registry: Registry) -> None:
    rows = in_workbook(registry, "models")
    assert [(row["model"], row["version"], row["artifact"], row["stage"]) for row in rows] == [
        ("churn", number, f"churn-model:v{number}", "none") for number in (1, 2, 3)
    ]
    assert [row["run_id"] for row in rows] == [row["run_id"] for row in in_workbook(registry, "runs")]
    (entry,) = (entry for entry in registry.changes()[0].entries if entry.table == "models")
    assert (entry.key, entry.by, entry.who, entry.new) == (("churn", "3"), "person", "ds1", True)


def test_the_same_artifact_stays_the_version_that_it_is(registry: Registry) -> None:
    before = registry.path.read_bytes()
    decided = decide.register(registry, "churn", "churn-model:v2", "ds2")
    assert decided.decision.facts == {"model": "churn", "version": 2}
    assert not decided.report.changed
    assert registry.path.read_bytes() == before


def test_another_model_counts_from_one(registry: Registry) -> None:
    decided = decide.register(registry, "risk", "churn-model", "ds1", run="gbm 1", notes="by hand")
    assert decided.decision.facts["version"] == 1
    (row,) = (row for row in in_workbook(registry, "models") if row["model"] == "risk")
    assert (row["artifact"], row["notes"]) == ("churn-model:v3", "by hand")
    assert row["run_id"] == registry.run("gbm 1")["run_id"]


@pytest.mark.parametrize(
    ("model", "artifact", "error", "says"),
    [
        ("", "churn-model", BadRequestError, "without a colon"),
        ("a:b", "churn-model", BadRequestError, "without a colon"),
        ("churn", "churn-model:v9", ArtifactNotFoundError, "Its versions are v3, v2, v1"),
        ("churn", "nothing", ArtifactNotFoundError, "There are: "),
        ("churn", "churn-model:champion", ArtifactNotFoundError, "Its versions are"),
    ],
)
def test_what_cannot_be_registered_is_told(
    registry: Registry, model: str, artifact: str, error: type[TrackerError], says: str
) -> None:
    with pytest.raises(error, match=says):
        decide.register(registry, model, artifact, "ds1")
    assert registry.status().pending == 0


def test_registering_at_the_same_time_gives_everyone_a_version_of_their_own(registry: Registry) -> None:
    for number in range(4, 10):
        train(registry.path, f"gbm {number}")
    faults: list[BaseException] = []

    def one(number: int) -> None:
        try:
            decide.register(Registry(registry.path), "churn", f"churn-model:v{number}", f"ds{number}")
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    registry.sync()
    rows = in_workbook(registry, "models")
    assert [row["version"] for row in rows] == list(range(1, 10))
    assert len({row["artifact"] for row in rows}) == 9


# -- promoting ----------------------------------------------------------------------------------------------------


def test_a_promotion_moves_both_versions_with_who_when_and_why(registry: Registry) -> None:
    decide.promote(registry, "churn:v1", "production", "the first", "ds1")
    decided = decide.promote(registry, "churn:v2", "production", "better recall", "ds2")
    assert decided.report.in_workbook
    assert decided.decision.what == "churn v2 goes from none into production; v1 from production into retired"
    one, two, three = in_workbook(registry, "models")
    assert [row["stage"] for row in (one, two, three)] == ["retired", "production", "none"]
    assert (two["promoted_by"], two["reason"]) == ("ds2", "better recall")
    assert (one["promoted_by"], one["reason"]) == ("ds2", "replaced in production by v2: better recall")
    assert one["promoted_at"] == two["promoted_at"] is not None
    newest = registry.changes()[0]
    assert {(entry.key, entry.by) for entry in newest.entries} == {
        (("churn", "1"), "person"),
        (("churn", "2"), "person"),
    }


def test_staging_has_one_holder_too_and_candidates_are_many(registry: Registry) -> None:
    decide.promote(registry, "churn:v1", "staging", "try", "ds1")
    decide.promote(registry, "churn:v2", "staging", "try", "ds1")
    assert stages(registry) == {1: "none", 2: "staging", 3: "none"}
    decide.promote(registry, "churn:v1", "candidate", "look", "ds1")
    decide.promote(registry, "churn:v3", "candidate", "look", "ds1")
    assert stages(registry) == {1: "candidate", 2: "staging", 3: "candidate"}


def test_another_model_keeps_its_stage(registry: Registry) -> None:
    decide.register(registry, "risk", "churn-model:v1", "ds1")
    decide.promote(registry, "risk", "production", "x", "ds1")
    decide.promote(registry, "churn:v1", "production", "x", "ds1")
    assert stages(registry, "risk") == {1: "production"}


def test_what_is_in_its_stage_already_is_left_there(registry: Registry) -> None:
    decide.promote(registry, "churn:v1", "production", "x", "ds1")
    before = registry.path.read_bytes()
    assert not decide.promote(registry, "churn:v1", "production", "y", "ds1").report.changed
    assert registry.path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "stage", "reason", "error", "says"),
    [
        ("churn:v1", "prod", "x", StageError, "The stages are none, candidate, staging, production, retired"),
        ("churn:v1", "production", " ", BadRequestError, "Give a reason"),
        ("churn:v7", "production", "x", ModelNotFoundError, r"Its versions are v3 \(none\), v2 \(none\)"),
        ("chrn:v1", "production", "x", ModelNotFoundError, "There are: churn"),
        ("churn:v1", "production", "x" * 40_000, CellTooLongError, "32,767"),
    ],
)
def test_a_promotion_that_makes_no_sense_is_refused(
    registry: Registry, version: str, stage: str, reason: str, error: type[TrackerError], says: str
) -> None:
    before = registry.path.read_bytes()
    with pytest.raises(error, match=says):
        decide.promote(registry, version, stage, reason, "ds1")
    assert registry.path.read_bytes() == before
    assert registry.status().pending == 0


@pytest.mark.parametrize("status", aliases.GONE)
def test_a_version_without_files_goes_nowhere_but_out(registry: Registry, status: str) -> None:
    log(registry, Change("artifacts", ("churn-model:v2",), {"status": status}, {"status": "stored"}))
    with pytest.raises(StageError, match=f"the files of churn-model:v2 are {status}"):
        decide.promote(registry, "churn:v2", "production", "x", "ds1")
    with pytest.raises(StageError, match="cannot point to churn-model:v2"):
        decide.set_alias(registry, "churn-model:v2", "champion", "x", "ds1")
    with pytest.raises(StageError, match="cannot be registered"):
        decide.register(registry, "risk", "churn-model:v2", "ds1")
    decide.promote(registry, "churn:v2", "retired", "gone", "ds1")
    assert stages(registry)[2] == "retired"


# -- what was seen ------------------------------------------------------------------------------------------------


def test_a_promotion_that_was_agreed_to_on_another_state_is_refused(registry: Registry) -> None:
    agreed = decide.promotion(registry, "churn:v2", "production", "better", "ds1")
    decide.promote(registry, "churn:v1", "production", "sooner", "ds2")
    before = registry.path.read_bytes()
    with pytest.raises(ValueChangedError) as raised:
        decide.promote(registry, "churn:v2", "production", "better", "ds1", agreed)
    assert raised.value.fields["key"] == "churn 1"
    assert registry.path.read_bytes() == before
    assert registry.status().pending == 0
    again = decide.promotion(registry, "churn:v2", "production", "better", "ds1")
    assert decide.promote(registry, "churn:v2", "production", "better", "ds1", again).report.in_workbook


def test_a_stage_that_a_person_changed_in_excel_since_is_told(registry: Registry) -> None:
    agreed = decide.promotion(registry, "churn:v2", "staging", "try", "ds1")
    in_excel(registry.path, lambda write: write("2", "stage", "candidate"))
    with pytest.raises(ValueChangedError) as raised:
        decide.promote(registry, "churn:v2", "staging", "try", "ds1", agreed)
    assert raised.value.fields["current"] == "candidate"
    assert stages(registry)[2] == "candidate"


def test_a_save_in_the_instant_of_the_promotion_takes_all_of_it_back(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide.promote(registry, "churn:v1", "production", "the first", "ds1")
    before = in_workbook(registry, "models")
    real = decide._write

    def somebody_saves_first(*arguments: Any) -> None:
        monkeypatch.setattr(decide, "_write", real)
        in_excel(registry.path, lambda write: write("1", "stage", "candidate"))
        real(*arguments)

    monkeypatch.setattr(decide, "_write", somebody_saves_first)
    with pytest.raises(ValueChangedError) as raised:
        decide.promote(registry, "churn:v2", "production", "better", "ds2")
    assert raised.value.fields["current"] == "candidate"
    assert stages(registry) == {1: "candidate", 2: "none", 3: "none"}
    assert in_workbook(registry, "models")[1:] == before[1:]
    assert in_workbook(registry, "models")[0] == {**before[0], "stage": "candidate"}


def test_a_row_that_a_person_deleted_in_that_instant_is_told(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = decide._write

    def somebody_deletes_first(*arguments: Any) -> None:
        monkeypatch.setattr(decide, "_write", real)
        in_excel(registry.path, lambda write: [write("2", column, None) for column in ("model", "stage", "version")])
        real(*arguments)

    monkeypatch.setattr(decide, "_write", somebody_deletes_first)
    with pytest.raises(ValueChangedError):
        decide.promote(registry, "churn:v2", "production", "better", "ds2")
    assert stages(registry) == {1: "none", 3: "none"}


# -- reverting ----------------------------------------------------------------------------------------------------


def put_into_production(registry: Registry, *versions: int) -> None:
    for version in versions:
        decide.promote(registry, f"churn:v{version}", "production", f"it is v{version}", "ds1")


def test_a_revert_brings_back_the_version_before(registry: Registry) -> None:
    put_into_production(registry, 1, 2)
    decided = decide.revert(registry, "churn", "drops in the north", "ds2")
    assert decided.decision.what == "churn v1 comes back into production instead of v2"
    one, two, _ = in_workbook(registry, "models")
    assert (one["stage"], one["reason"]) == ("production", "back in production instead of v2: drops in the north")
    assert (two["stage"], two["reason"]) == ("retired", "reverted in production by v1: drops in the north")
    assert (one["promoted_by"], two["promoted_by"]) == ("ds2", "ds2")


def test_reverting_twice_goes_back_two_versions(registry: Registry) -> None:
    put_into_production(registry, 1, 2, 3)
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry) == {1: "retired", 2: "production", 3: "retired"}
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry) == {1: "production", 2: "retired", 3: "retired"}
    with pytest.raises(StageError, match="v1 is the first in production"):
        decide.revert(registry, "churn", "x", "ds1")
    put_into_production(registry, 3)
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry) == {1: "production", 2: "retired", 3: "retired"}


def test_a_version_that_was_promoted_again_reverts_to_what_it_replaced(registry: Registry) -> None:
    put_into_production(registry, 1, 2, 1)
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry)[2] == "production"
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry)[1] == "production"


def test_an_empty_stage_gets_back_its_last_holder(registry: Registry) -> None:
    put_into_production(registry, 1, 2)
    decide.promote(registry, "churn:v2", "retired", "off", "ds1")
    decide.revert(registry, "churn", "on again", "ds1")
    assert stages(registry) == {1: "retired", 2: "production", 3: "none"}
    assert in_workbook(registry, "models")[1]["reason"] == "back in production: on again"


def test_staging_can_be_reverted_and_stages_of_many_cannot(registry: Registry) -> None:
    decide.promote(registry, "churn:v1", "staging", "try", "ds1")
    decide.promote(registry, "churn:v2", "staging", "try", "ds1")
    decide.revert(registry, "churn", "x", "ds1", "staging")
    assert stages(registry) == {1: "staging", 2: "none", 3: "none"}
    with pytest.raises(StageError, match="several versions can be in it"):
        decide.revert(registry, "churn", "x", "ds1", "candidate")
    with pytest.raises(StageError, match="no version ever was in production"):
        decide.revert(registry, "churn", "x", "ds1")


def test_a_holder_that_a_person_set_in_excel_is_what_was_before(registry: Registry) -> None:
    in_excel(registry.path, lambda write: write("1", "stage", "production"))
    put_into_production(registry, 2)
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry) == {1: "production", 2: "retired", 3: "none"}


def test_a_holder_that_a_person_put_in_by_hand_reverts_to_the_last_one_that_was_promoted(registry: Registry) -> None:
    put_into_production(registry, 1)

    def by_hand(write: Callable[[str, str, Any], None]) -> None:
        write("1", "stage", "retired")
        write("3", "stage", "production")

    in_excel(registry.path, by_hand)
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry) == {1: "production", 2: "none", 3: "retired"}


def test_the_history_knows_where_a_person_rewrote_the_reason(registry: Registry) -> None:
    put_into_production(registry, 1, 2)
    in_excel(registry.path, lambda write: write("1", "reason", "too slow for the app"))
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry)[1] == "production"


def test_the_rows_know_where_the_history_is_lost(registry: Registry) -> None:
    put_into_production(registry, 1, 2)
    alone = registry.path.with_name("alone.xlsx")
    shutil.copyfile(registry.path, alone)
    decide.revert(Registry(alone), "churn", "x", "ds1")
    assert stages(Registry(alone))[1] == "production"


def test_promotions_that_waited_for_the_workbook_can_be_reverted_one_by_one(registry: Registry) -> None:
    opened = lock(registry)
    put_into_production(registry, 1, 2, 3)
    assert stages(registry) == {1: "retired", 2: "retired", 3: "production"}
    assert not any(row["stage"] != "none" for row in in_workbook(registry, "models"))
    report = decide.revert(registry, "churn", "x", "ds1").report
    assert "open in LibreOffice by Data Science" in report.pending_because
    assert stages(registry)[2] == "production"
    opened.unlink()
    registry.sync()
    decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry) == {1: "production", 2: "retired", 3: "retired"}
    assert [row["stage"] for row in in_workbook(registry, "models")] == ["production", "retired", "retired"]


def test_a_version_whose_files_are_gone_does_not_come_back(registry: Registry) -> None:
    put_into_production(registry, 1, 2)
    log(registry, Change("artifacts", ("churn-model:v1",), {"status": "trash"}, {"status": "stored"}))
    with pytest.raises(StageError, match="the files of churn-model:v1 are trash"):
        decide.revert(registry, "churn", "x", "ds1")
    assert stages(registry)[2] == "production"


@pytest.mark.parametrize("saved_before", ["promotion", "revert"])
def test_a_stale_save_loses_neither_promotion_nor_revert(registry: Registry, saved_before: str) -> None:
    put_into_production(registry, 1)
    stale = registry.path.read_bytes()
    put_into_production(registry, 2)
    if saved_before == "revert":
        stale = registry.path.read_bytes()
        decide.revert(registry, "churn", "x", "ds1")
    registry.path.write_bytes(stale)
    wanted = {
        "promotion": {1: "retired", 2: "production", 3: "none"},
        "revert": {1: "production", 2: "retired", 3: "none"},
    }
    assert stages(registry) == wanted[saved_before]
    report = registry.sync()
    assert report.replayed == 1
    assert stages(registry) == wanted[saved_before]
    if saved_before == "promotion":
        decide.revert(registry, "churn", "x", "ds1")
        assert stages(registry) == {1: "production", 2: "retired", 3: "none"}


def test_a_revert_right_after_a_stale_save_goes_back_from_what_was_decided(registry: Registry) -> None:
    put_into_production(registry, 1)
    stale = registry.path.read_bytes()
    put_into_production(registry, 2)
    registry.path.write_bytes(stale)
    report = decide.revert(registry, "churn", "x", "ds1").report
    assert report.in_workbook
    assert [row["stage"] for row in in_workbook(registry, "models")] == ["production", "retired", "none"]
    assert not registry.sync().conflicts


ACTS = st.lists(st.sampled_from([1, 2, 3, 4, "revert"]), max_size=14)


@settings(max_examples=200)
@given(ACTS, st.lists(st.booleans(), min_size=4, max_size=4))
def test_reverts_are_a_way_back_over_any_promotions(acts: list[Any], rewritten: list[bool]) -> None:
    """Against a plain list of what was in production; people may have rewritten any reason at the end."""
    rows = [
        dict(new_row("models", ("m", str(n)), {"model": "m", "version": n, "stage": "none"}, "", 0).set)
        for n in range(1, 5)
    ]
    for row in rows:
        row.update({"promoted_by": None, "promoted_at": None, "reason": None})
    history: list[StageChange] = []
    stack: list[int] = []
    for moment, act in enumerate([*acts, "revert"]):
        versions = versions_from(rows)
        if act == "revert" and moment == len(acts):
            for row, again in zip(rows, rewritten, strict=True):
                row["reason"] = "mine" if again else row["reason"]
            versions = versions_from(rows)
            found = holder_before(versions, "production", reversed(history))
            assert (found.version if found else None) == (stack[-2] if len(stack) > 1 else None)
            continue
        try:
            if act == "revert":
                decision = plan_revert(versions, [], reversed(history), "m", "x", "ds1", float(moment))
                stack.pop()
            else:
                decision = plan_promotion(versions, [], f"m:v{act}", "production", "x", "ds1", float(moment))
                stack += [act] if decision.changes else []
        except StageError:
            assert len(stack) < 2
            continue
        for change in decision.changes:
            row = rows[int(change.key[1]) - 1]
            assert all(row[column] == value for column, value in change.was.items())
            if "stage" in change.set:
                text = change.set.get("reason", row["reason"])
                history.append(StageChange(int(change.key[1]), row["stage"], change.set["stage"], text))
            row.update(change.set)
        assert [row["version"] for row in rows if row["stage"] == "production"] == stack[-1:]


# -- aliases ------------------------------------------------------------------------------------------------------


def alias_cells(registry: Registry) -> dict[str, str]:
    rows = cells_of(registry.folders, "artifacts")
    return {row["artifact"]: row["aliases"] for row in rows if row["name"] == "churn-model" and row["aliases"]}


def test_an_alias_is_on_one_version_only_and_says_who_and_why(registry: Registry) -> None:
    decide.set_alias(registry, "churn-model:v1", "champion", "the first", "ds1")
    decide.set_alias(registry, "churn-model:v1", "baseline", "to compare with", "ds1")
    decided = decide.set_alias(registry, "churn-model", "champion", "better recall", "ds2")
    assert decided.decision.what == "champion points to churn-model:v3, no longer to churn-model:v1"
    assert alias_cells(registry) == {"churn-model:v1": "baseline", "churn-model:v3": "champion"}
    notes = {row["artifact"]: row["notes"] for row in in_workbook(registry, "artifacts")}
    assert notes["churn-model:v3"].endswith("champion: better recall (ds2)")
    assert [line[11:] for line in notes["churn-model:v1"].splitlines()] == [
        "champion: the first (ds1)",
        "baseline: to compare with (ds1)",
        "no longer champion, now churn-model:v3: better recall (ds2)",
    ]
    assert len(registry.changes()[0].entries) == 2
    assert registry.changes()[0].entries[0].who == "ds2"


def test_an_alias_can_be_taken_away(registry: Registry) -> None:
    decide.set_alias(registry, "churn-model:v1", "champion", "the first", "ds1")
    decide.remove_alias(registry, "churn-model", "champion", "no longer good enough", "ds1")
    assert alias_cells(registry) == {}
    with pytest.raises(StageError, match="It has no aliases"):
        decide.remove_alias(registry, "churn-model", "champion", "x", "ds1")


def test_an_alias_that_is_there_already_changes_nothing(registry: Registry) -> None:
    decide.set_alias(registry, "churn-model:v1", "champion", "x", "ds1")
    before = registry.path.read_bytes()
    assert not decide.set_alias(registry, "churn-model:v1", "champion", "y", "ds1").report.changed
    assert registry.path.read_bytes() == before


def test_an_alias_that_moved_since_the_person_looked_is_told(registry: Registry) -> None:
    decide.set_alias(registry, "churn-model:v1", "champion", "x", "ds1")
    agreed = decide.aliasing(registry, "churn-model:v3", "champion", "y", "ds1")
    decide.set_alias(registry, "churn-model:v2", "champion", "z", "ds2")
    with pytest.raises(ValueChangedError):
        decide.set_alias(registry, "churn-model:v3", "champion", "y", "ds1", agreed)
    assert alias_cells(registry) == {"churn-model:v2": "champion"}


def test_a_script_finds_what_an_alias_points_to(registry: Registry) -> None:
    import tracker

    decide.set_alias(registry, "churn-model:v2", "champion", "x", "ds1")
    with tracker.start_run(registry.path, experiment="churn", name="score") as run:
        assert run.use_artifact("churn-model:champion").read_text() == "gbm 2"


@pytest.mark.parametrize("alias", ["", " ", "latest", "v3", "a,b", "a:b"])
def test_what_cannot_be_an_alias_is_refused(alias: str) -> None:
    with pytest.raises(BadRequestError, match="cannot be an alias"):
        alias_name(alias)


def test_an_alias_needs_a_reason(registry: Registry) -> None:
    with pytest.raises(BadRequestError, match="Give a reason"):
        decide.set_alias(registry, "churn-model:v2", "champion", "", "ds1")


VERSIONS = [
    {"artifact": f"m:v{number}", "name": "m", "version": number, "aliases": None, "status": "stored", "notes": None}
    for number in (1, 2, 10)
]


@pytest.mark.parametrize(
    ("reference", "found"),
    [("m", "m:v10"), ("m:latest", "m:v10"), (" m:v2 ", "m:v2"), ("m:best", "m:v1"), ("m:best one", "m:v1")],
)
def test_references_find_their_version(reference: str, found: str) -> None:
    rows = [{**VERSIONS[0], "aliases": "best , best one"}, *VERSIONS[1:]]
    assert resolve(rows, reference)["artifact"] == found


def test_the_latest_version_is_one_whose_files_are_there() -> None:
    rows = [*VERSIONS[:2], {**VERSIONS[2], "status": "trash"}]
    assert resolve(rows, "m")["artifact"] == "m:v2"
    assert resolve(rows, "m:v10")["artifact"] == "m:v10"
    with pytest.raises(ArtifactNotFoundError):
        resolve([{**row, "status": "deleted"} for row in rows], "m")


def test_a_team_without_a_notes_column_has_aliases_too() -> None:
    rows = [{name: value for name, value in row.items() if name != "notes"} for row in VERSIONS]
    assert plan_alias(rows, "m:v1", "best", "x", "ds1", 0.0).changes[0].set == {"aliases": "best"}


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 10]), st.sampled_from(["a", "b", "c"])), max_size=12))
def test_an_alias_never_stands_twice(moves: Sequence[tuple[int, str]]) -> None:
    rows = [dict(row) for row in VERSIONS]
    expected: dict[str, str] = {}
    for version, alias in moves:
        for change in plan_alias(rows, f"m:v{version}", alias, "x", "ds1", 0.0).changes:
            row = next(row for row in rows if (row["artifact"],) == change.key)
            assert all(row[column] == value for column, value in change.was.items())
            row.update(change.set)
        expected[alias] = f"m:v{version}"
    assert {word: row["artifact"] for row in rows for word in aliases.aliases_of(row)} == expected
    assert sum(len(aliases.aliases_of(row)) for row in rows) == len(expected)


# -- roles --------------------------------------------------------------------------------------------------------

CONTRIBUTORS, MANAGERS = ("contributor", "manager"), ("manager",)


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (lambda r, who: decide.register(r, "risk", "churn-model", who), CONTRIBUTORS),
        (lambda r, who: decide.promote(r, "churn:v2", "staging", "x", who), CONTRIBUTORS),
        (lambda r, who: decide.promote(r, "churn:v2", "production", "x", who), MANAGERS),
        (lambda r, who: decide.promote(r, "churn:v3", "none", "x", who), MANAGERS),
        (lambda r, who: decide.revert(r, "churn", "x", who), MANAGERS),
        (lambda r, who: decide.set_alias(r, "churn-model:v2", "champion", "x", who), CONTRIBUTORS),
        (lambda r, who: decide.set_alias(r, "churn-model:v2", "production", "x", who), MANAGERS),
        (lambda r, who: decide.remove_alias(r, "churn-model", "baseline", "x", who), CONTRIBUTORS),
    ],
    ids=["register", "stage", "produce", "withdraw", "revert", "alias", "production alias", "no alias"],
)
@pytest.mark.parametrize("role", ROLES)
def test_every_decision_asks_for_the_role(registry: Registry, act: Any, allowed: tuple[str, ...], role: str) -> None:
    put_into_production(registry, 1, 3)
    decide.set_alias(registry, "churn-model:v1", "baseline", "x", "ds1")
    people(registry, ds9=role)
    before = registry.path.read_bytes()
    if role in allowed:
        assert act(registry, "ds9").report.in_workbook
    else:
        with pytest.raises(PermissionRefusedError, match=f"this needs a {allowed[0]}"):
            act(registry, "ds9")
        assert registry.path.read_bytes() == before
        assert registry.status().pending == 0


# -- one change or none -------------------------------------------------------------------------------------------


def test_a_decision_appears_in_the_journal_all_at_once(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    put_into_production(registry, 1)
    lock(registry)
    seen: list[int] = []
    real = PendingWriter.append

    def look(writer: PendingWriter, change: Change) -> None:
        real(writer, change)
        seen.append(sum(len(file.changes) for file in read_pending(registry.folders.pending, {})))

    monkeypatch.setattr(PendingWriter, "append", look)
    put_into_production(registry, 2)
    assert seen == [0, 0]
    assert registry.status().pending == 2


def test_what_a_killed_process_left_on_the_desk_is_never_applied(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            put_into_production(registry, 1)
    assert list((registry.folders.side / "deciding").glob("*.jsonl"))
    registry.sync()
    assert stages(registry)[1] == "none"
    put_into_production(registry, 2)
    assert not list((registry.folders.side / "deciding").glob("*.jsonl"))
    assert stages(registry) == {1: "none", 2: "production", 3: "none"}


def test_a_journal_that_cannot_be_written_is_told(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decide, "PendingWriter", full)
    with pytest.raises(RegistryNotWritableError, match="No space left"):
        put_into_production(registry, 1)


def test_a_plan_shows_what_will_be_done_and_does_nothing(registry: Registry) -> None:
    before = registry.path.read_bytes()
    plan = decide.promotion(registry, "churn:v2", "production", "x", "ds1")
    assert (plan.role, len(plan.changes)) == ("manager", 1)
    assert registry.path.read_bytes() == before
    assert registry.status().pending == 0
    plan.refuse_other(decide.promotion(registry, "churn:v2", "production", "x", "ds1"))
    with pytest.raises(ValueChangedError):
        plan.refuse_other(Decision(""))


# -- finding and checking -----------------------------------------------------------------------------------------

MINE = [ModelVersion("m", 1, stage="production"), ModelVersion("m", 2), ModelVersion("m", 12, stage="staging")]


@pytest.mark.parametrize(
    ("reference", "version"),
    [("m", 12), ("m:latest", 12), ("m:v2", 2), ("m:2", 2), ("m:production", 1), ("m:Staging", 12), (" m : v1 ", 1)],
)
def test_model_versions_are_found(reference: str, version: int) -> None:
    assert find_version(sorted(MINE, key=lambda one: -one.version), reference).version == version


def test_rows_that_are_no_versions_are_passed_over() -> None:
    rows = [
        {"model": "m", "version": 2.0, "stage": " Production "},
        {"model": "m", "version": "3", "stage": None},
        {"model": "m", "version": "next"},
        {"model": None, "version": 1},
        {"model": "m", "version": 1.5},
    ]
    assert [(one.version, one.stage) for one in versions_from(rows)] == [(3, "none"), (2, "production")]


def test_a_stage_that_two_versions_hold_is_a_problem_and_can_be_settled(registry: Registry) -> None:
    put_into_production(registry, 1)
    in_excel(registry.path, lambda write: [write("2", "stage", "production"), write("3", "stage", "live")])
    found = {problem.code: problem for problem in registry.check() if problem.sheet == "Models"}
    assert set(found) == {"stage-held-twice", "wrong-choice"}
    assert found["stage-held-twice"].message == "v1 and v2 of churn are all in production; only one can be."
    assert (found["stage-held-twice"].cell, found["wrong-choice"].cell) == ("E5", "E6")
    decide.promote(registry, "churn:v1", "production", "it stays", "ds1")
    assert stages(registry) == {1: "production", 2: "retired", 3: "live"}


def test_a_models_table_without_stages_is_told() -> None:
    versions = versions_from([{"model": "m", "version": 1}])
    with pytest.raises(StageError, match="no column 'stage'"):
        plan_promotion(versions, [], "m:v1", "staging", "x", "ds1", 0.0)


def test_a_models_table_without_a_reason_column_still_has_stages() -> None:
    versions = versions_from([{"model": "m", "version": 1, "stage": "none"}])
    (change,) = plan_promotion(versions, [], "m:v1", "staging", "x", "ds1", 0.0).changes
    assert change.set == {"stage": "staging"}


def test_a_metric_over_the_versions(registry: Registry) -> None:
    mine = models.of_model(models.registered(registry), "churn")
    runs = cells_of(registry.folders, "runs")
    assert models.metric_over_versions(mine, runs, "auc") == [(1, 0.25), (2, 0.5), (3, 0.75)]
    assert models.metric_over_versions(mine, runs, "loss") == []
