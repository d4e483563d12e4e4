"""A person works in a real LibreOffice while scripts log: whatever either of them did is there in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import faults
from libreoffice import Office
from script import Script
from window import Window

from tracker.errors import WorkbookOpenElsewhereError
from tracker.model import Change


@pytest.fixture
def script(registry_path: Path) -> Script:
    script = Script(registry_path)
    for number in (1, 2, 3):
        script.run(f"run-{number}", name=f"number {number}", metrics__auc=number / 7)
    script.sync()
    return script


@pytest.fixture
def window(script: Script, libreoffice: Office) -> Iterator[Window]:
    with libreoffice.open(script.folders.workbook) as document:
        yield Window(document)


def logs_and_syncs_meanwhile(script: Script) -> None:
    """The script does not see that the workbook is open, as on another machine's drive: so stale saves come about."""
    script.run("run-4", name="meanwhile", metrics__auc=0.5, params__depth=6)
    script.log(Change("runs", ("run-1",), {"metrics.auc": 0.9}, {"metrics.auc": 1 / 7}))
    script.sync(force=True)
    assert "run-4" in script.rows()


def test_two_cells_saved_over_a_sync(script: Script, window: Window) -> None:
    logs_and_syncs_meanwhile(script)
    window.write("run-2", "notes", "=not a formula")
    window.write("run-3", "goal", "beat run 2")
    window.document.save()
    window.document.close()
    assert "run-4" not in script.rows()  # the save was stale indeed
    report = script.sync()
    rows = script.rows()
    assert report.replayed and not report.conflicts
    assert rows["run-4"]["params.depth"] == 6 and rows["run-1"]["metrics.auc"] == 0.9
    assert rows["run-3"]["goal"] == "beat run 2"
    assert rows["run-2"]["metrics.auc"] == pytest.approx(2 / 7, rel=1e-14)
    assert faults(script.folders.workbook) == []


def test_while_it_is_open_changes_wait_and_the_person_is_named(script: Script, window: Window) -> None:
    script.run("run-4")
    with pytest.raises(WorkbookOpenElsewhereError, match="LibreOffice"):
        script.sync()
    window.document.close()
    script.sync()
    assert "run-4" in script.rows()


def test_the_persons_value_of_a_cell_that_a_script_set_meanwhile_stays(script: Script, window: Window) -> None:
    logs_and_syncs_meanwhile(script)
    window.write("run-1", "metrics.auc", 0.123)
    window.document.save()
    window.document.close()
    (conflict,) = script.sync().conflicts
    assert (conflict.kept, conflict.dropped, conflict.reason) == (0.123, 0.9, "person")
    assert script.rows()["run-1"]["metrics.auc"] == 0.123


def test_the_table_is_sorted(script: Script, window: Window) -> None:
    logs_and_syncs_meanwhile(script)
    window.document.sort_table("runs", "name", descending=True)
    window.document.save()
    window.document.close()
    assert not script.sync().conflicts
    assert list(script.rows()) == ["run-3", "run-2", "run-1", "run-4"]
    assert script.rows()["run-1"]["metrics.auc"] == 0.9


def test_a_column_is_inserted(script: Script, window: Window) -> None:
    logs_and_syncs_meanwhile(script)
    window.insert_column("verdict", before="status")
    window.write("run-1", "verdict", "good")
    window.document.save()
    window.document.close()
    assert not script.sync().conflicts
    rows = script.rows()
    assert rows["run-1"]["verdict"] == "good" and rows["run-1"]["status"] == "FINISHED"
    assert rows["run-4"]["name"] == "meanwhile" and rows["run-1"]["metrics.auc"] == 0.9
    assert faults(script.folders.workbook) == []


def test_a_row_is_deleted(script: Script, window: Window) -> None:
    logs_and_syncs_meanwhile(script)
    window.delete("run-2")
    window.document.save()
    window.document.close()
    script.sync()
    assert list(script.rows()) == ["run-1", "run-3", "run-4"]
    script.log(Change("runs", ("run-2",), {"name": "late"}))
    assert [conflict.reason for conflict in script.sync().conflicts] == ["deleted row"]
    assert list(script.rows()) == ["run-1", "run-3", "run-4"]


def test_the_sheet_is_renamed(script: Script, window: Window) -> None:
    logs_and_syncs_meanwhile(script)
    window.document.rename_sheet("Runs", "Unsere Läufe")
    window.document.save()
    window.document.close()
    assert not script.sync().conflicts
    assert list(script.rows()) == ["run-1", "run-2", "run-3", "run-4"]


def test_rows_are_typed_below_without_a_run_id(script: Script, window: Window) -> None:
    logs_and_syncs_meanwhile(script)
    name = window.cell("run-3", "name")
    letters = "".join(letter for letter in name if letter.isalpha())
    below = int("".join(digit for digit in name if digit.isdigit())) + 1
    window.document.type_rows("Runs", f"{letters}{below}", [["by hand 1"], ["by hand 2"]])
    window.document.save()
    window.document.close()
    script.sync()
    rows = script.rows()
    names = ["number 1", "number 2", "number 3", "by hand 1", "by hand 2", "meanwhile"]
    assert [row["name"] for row in rows.values()] == names
    typed = [row for row in rows.values() if str(row["name"]).startswith("by hand")]
    assert all(row["run_id"] and row["status"] == "PLANNED" for row in typed)
    assert script.sync().change_set is None
    assert faults(script.folders.workbook) == []


def test_a_window_that_saves_again_and_again(script: Script, window: Window) -> None:
    """Each save is over the last sync; each sync brings everything back."""
    for number in range(4, 8):
        script.run(f"run-{number}")
        script.sync(force=True)
        window.write("run-1", "notes", f"save {number}")
        window.document.save()
    window.document.close()
    script.sync()
    assert list(script.rows()) == [f"run-{number}" for number in range(1, 8)]
    assert script.rows()["run-1"]["notes"] == "save 7"


def test_colours_and_charts_of_the_person_stay(script: Script, window: Window, libreoffice: Office) -> None:
    cell = window.cell("run-2", "name")
    window.document.set_colour("Runs", cell, 0xFFCC00)
    window.document.add_chart("Runs", "A1:C4", "mine")
    window.document.save()
    window.document.close()
    script.run("run-4", name="later")
    script.sync()
    with libreoffice.open(script.folders.workbook) as document:
        assert document.look("Runs", cell)["colour"] == 0xFFCC00
    assert faults(script.folders.workbook) == []
