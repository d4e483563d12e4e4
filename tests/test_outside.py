"""What people saved in other programs: seen by the next sync, with who, with what, and each cell from what to what."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from libreoffice import Office
from person import Person
from script import Script

from tracker.history import outside
from tracker.history.outside import NOTHING, find_outside_save, held_versions, outside_saves
from tracker.history.versions import list_versions
from tracker.model import CellChange, Change, ChangeSet
from tracker.workbook import read_tables


@pytest.fixture
def script(registry_path: Path) -> Script:
    script = Script(registry_path)
    script.run("r1", name="first", metrics__loss=0.5)
    script.run("r2", name="second", metrics__loss=0.25)
    script.sync()
    return script


@pytest.fixture
def person(registry_path: Path) -> Person:
    return Person(registry_path)


def saves(script: Script) -> list[ChangeSet]:
    return list(outside_saves(script.folders))


def cells(found: ChangeSet) -> dict[tuple[str, str], tuple[object, object]]:
    """What an outside save changed: old and new by row and column."""
    return {(e.key[0], name): (c.old, c.new) for e in found.entries for name, c in e.cells.items()}


def test_an_edit_is_seen_by_the_next_sync_with_old_and_new_value(script: Script, person: Person) -> None:
    person.opens()
    person.book.properties.lastModifiedBy = "Ann"
    person.writes("r1", "notes", "looks good")
    person.writes("r2", "metrics.loss", 0.2)
    person.saves()
    saved = os.stat(script.folders.workbook).st_mtime
    script.run("r3")
    script.sync()
    (found,) = saves(script)
    assert cells(found) == {("r1", "notes"): (None, "looks good"), ("r2", "metrics.loss"): (0.25, 0.2)}
    assert found.who == "Ann" and found.program.startswith("Microsoft Excel")  # what openpyxl says it is
    assert found.time == pytest.approx(saved) and all(entry.by == "person" for entry in found.entries)


def test_saves_between_syncs_that_have_nothing_to_do_are_each_seen(script: Script, person: Person) -> None:
    for note in ("one", "two"):
        person.opens()
        person.writes("r1", "notes", note)
        person.saves()
        assert script.sync().change_set is None
    newest, oldest = saves(script)
    assert cells(oldest) == {("r1", "notes"): (None, "one")} and cells(newest) == {("r1", "notes"): ("one", "two")}
    kept = read_tables(script.folders.versions / oldest.outside, {"runs"})["runs"]
    assert "one" in kept.rows[0]


def test_a_stale_save_is_told_by_what_its_person_changed_and_not_by_what_it_lacks(
    script: Script, person: Person
) -> None:
    person.opens()
    script.run("r3", name="third")
    script.log(Change("runs", ("r1",), {"name": "renamed"}, {"name": "first"}))
    script.sync()
    person.writes("r2", "notes", "mine")
    person.saves()
    script.sync()
    (found,) = saves(script)
    assert cells(found) == {("r2", "notes"): (None, "mine")}


def test_a_typed_and_a_deleted_row_and_a_renamed_column(script: Script, person: Person) -> None:
    person.opens()
    person.deletes("r1")
    person.types(name="planned by hand")
    person.renames_column("notes", "remarks")
    person.saves()
    script.sync()
    (found,) = saves(script)
    removed, typed = sorted(found.entries, key=lambda entry: entry.new)
    assert removed.removed and removed.key == ("r1",) and removed.cells["metrics.loss"] == CellChange(0.5, None)
    assert typed.new and typed.cells == {"name": CellChange(None, "planned by hand")}
    assert [(one.old, one.new) for one in found.columns] == [("notes", "remarks")]


def test_sorting_is_a_save_that_changed_no_cell(script: Script, person: Person) -> None:
    person.opens()
    person.sorts("name", descending=True)
    person.saves()
    script.sync()
    (found,) = saves(script)
    assert not found.entries and found.note == NOTHING


def test_a_copied_or_touched_registry_was_saved_by_nobody(script: Script, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copyfile(script.folders.workbook, copy / "registry.xlsx")
    shutil.copytree(script.folders.side, copy / "registry.tracker")
    copied = Script(copy / "registry.xlsx")
    copied.run("r3")
    copied.sync()
    os.utime(copy / "registry.xlsx")
    copied.sync()
    assert saves(copied) == []


def test_a_sync_that_had_to_start_over_notes_a_save_once(script: Script, person: Person) -> None:
    person.opens()
    person.writes("r1", "notes", "one")
    person.saves()
    meanwhile = ["two"]

    def on_step(step: str) -> None:
        if step == "written" and meanwhile:
            person.writes("r1", "notes", meanwhile.pop())
            person.saves()

    script.run("r3")
    script.sync(on_step=on_step)
    newest, oldest = saves(script)
    assert cells(oldest) == {("r1", "notes"): (None, "one")}
    assert cells(newest) == {("r1", "notes"): (None, "two")}  # what "one" was compared with is what is left to compare


def test_large_tables_are_compared_by_whoever_looks(
    script: Script, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "AT_ONCE", 0)
    person.opens()
    person.writes("r1", "notes", "one")
    person.saves()
    script.run("r3")
    script.sync()
    (later,) = script.folders.outside.iterdir()
    assert later.name.endswith(outside.LATER)
    assert len(held_versions(script.folders)) == 2 and held_versions(script.folders) <= {
        path.name for path in list_versions(script.folders.versions)
    }
    (found,) = saves(script)
    assert cells(found) == {("r1", "notes"): (None, "one")}
    assert held_versions(script.folders) == set()
    for version in list_versions(script.folders.versions):
        version.unlink()
    assert saves(script) == [found]  # it was written down
    assert find_outside_save(script.folders, found.id[:15]) == found


def test_without_the_version_before_it_is_said_that_nothing_is_known(script: Script, person: Person) -> None:
    for version in list_versions(script.folders.versions):
        version.unlink()
    person.opens()
    person.writes("r1", "notes", "one")
    person.saves()
    script.sync()
    (found,) = saves(script)
    assert found.note == outside.GONE and not found.entries


def test_a_save_of_a_real_libreoffice(script: Script, libreoffice: Office) -> None:
    with libreoffice.open(script.folders.workbook) as document:
        place = read_tables(script.folders.workbook, {"runs"})["runs"]
        document.set_cell(place.sheet, place.address(0, "notes"), "seen in LibreOffice")
        document.sort_table("runs", "name", descending=True)
        document.save()
    script.run("r3")
    script.sync()
    (found,) = saves(script)
    assert cells(found) == {("r1", "notes"): (None, "seen in LibreOffice")}
    assert found.who == "Test Analyst" and found.program.startswith("LibreOffice ")


def test_before_the_first_sync_there_is_no_history(registry_path: Path) -> None:
    person, script = Person(registry_path), Script(registry_path)
    person.opens()
    person.types(name="planned")
    person.saves()
    script.sync()
    assert saves(script) == []
