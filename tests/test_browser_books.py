"""Journeys through the pages of the workbook itself, in Chromium: problems, sheets, what comes in from elsewhere."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import ROW, Shown, note_outside, served
from person import Person
from script import Script
from test_import import WANDB

from tracker.model import Change
from tracker.reading.copies import conflict_copies

pytestmark = pytest.mark.browser


@contextmanager
def opened(chromium: Any, registry: Path, folder: Path) -> Iterator[Shown]:
    """The app on a registry in a browser."""
    with served(registry, folder) as (url, log):
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        outside: list[str] = []
        page.on("request", lambda request: note_outside(request.url, outside))
        try:
            yield Shown(page, registry, url, outside)
            assert outside == []
        finally:
            page.screenshot(path=folder / "last-seen.png")
            print(log.read_text())
            page.close()


def test_a_conflict_a_repair_and_a_copy_are_settled_on_the_problems_page(
    chromium: Any,
    registry_path: Path,
    tmp_path: Path,
) -> None:
    script, ann = Script(registry_path), Person(registry_path)
    script.run("r0", name="forest", params__lr=0.1)
    script.sync()
    ann.opens()
    ann.writes("r0", "params.lr", 0.2)
    ann.writes("r0", "status", "finished")
    ann.saves()
    script.log(Change("runs", ("r0",), {"params.lr": 0.3}, {"params.lr": 0.1}, time=time.time(), who="trainer"))
    script.sync()
    copy = Path(shutil.copyfile(registry_path, tmp_path / "registry (Ben's conflicted copy 2026-11-25).xlsx"))
    ben = Person(copy)
    ben.opens()
    ben.writes("r0", "notes", "from the train")
    ben.saves()
    with opened(chromium, registry_path, tmp_path) as app:
        app.open("/problems")
        page = app.page
        page.get_by_role("heading", name="1 conflict: two values for one cell").wait_for()
        page.get_by_text("trainer · with a script").wait_for()
        app.button("Take")
        page.get_by_text("Saved in the workbook.").wait_for()
        page.get_by_role("heading", name="1 conflict").wait_for(state="detached")
        app.button("See what it would do")
        page.locator("td", has_text="'finished' becomes 'FINISHED'").first.wait_for(state="attached")
        app.button("Put it right")
        page.get_by_text("1 cell put right.").wait_for()
        app.button("See what it has")
        page.locator("td", has_text="from the train").first.wait_for(state="attached")
        app.button("Merge")
        page.get_by_text("All that the copy's tables have is in the registry.").wait_for()
        app.button("Put the copy aside")
        page.get_by_text("No problems").wait_for()
    row = script.rows()["r0"]
    assert (row["params.lr"], row["status"], row["notes"]) == (0.3, "FINISHED", "from the train")
    assert list(conflict_copies(script.folders)) == []


def test_a_cell_is_typed_into_the_grid_while_runs_come_in_and_saved(
    chromium: Any, registry_path: Path, tmp_path: Path
) -> None:
    script = Script(registry_path)
    script.run("r0", name="forest")
    script.run("r1", name="boosting")
    script.sync()
    with opened(chromium, registry_path, tmp_path) as app:
        app.open("/workbook?sheet=runs&sheet-find=boosting")
        page = app.page
        app.has_cell("sheet-grid", 1, 0, "boosting")
        for _ in range(3):  # a grid now and then does not take the first double click
            box = page.locator(".st-key-sheet-grid canvas").first.bounding_box()
            page.mouse.dblclick(box["x"] + 130, box["y"] + ROW + ROW // 2)
            page.locator("#portal textarea, #portal input").first.wait_for()
            page.keyboard.press("Control+A")
            page.keyboard.type("boosting, deeper", delay=30)
            page.keyboard.press("Enter")
            app.idle()
            if page.get_by_text("1 cell changed in 1 row").count():
                break
        script.run("r2", name="boosting again")
        script.sync()
        page.get_by_text("changed since you look at it").wait_for()
        app.button("Save")
        page.get_by_text("Saved in the workbook.").wait_for()
        app.has_cell("sheet-grid", 1, 1, "boosting again")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download", exact=True).click()
        assert Path(download.value.path()).read_bytes() == registry_path.read_bytes()
    assert script.rows()["r1"]["name"] == "boosting, deeper"


def test_an_export_is_dropped_on_the_page_and_comes_in_as_runs(
    chromium: Any, registry_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "wandb.csv").write_text(WANDB, encoding="utf-8")
    with opened(chromium, registry_path, tmp_path) as app:
        app.open("/import")
        page = app.page
        page.locator(".st-key-import-upload input[type=file]").set_input_files(tmp_path / "wandb.csv")
        page.get_by_text("2 runs would come in").wait_for()
        app.has_cell("import-columns", 0, 0, "Name")
        app.button("Import 2 runs")
        page.get_by_text("2 runs imported: they are in the workbook.").wait_for()
    assert sorted(row["name"] for row in Script(registry_path).rows().values()) == ["dark-sky-2", "sweet-sun-1"]
