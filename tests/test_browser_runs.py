"""The Runs page in Chromium: a filter completed by keyboard, an order by a click, an edit, a view, a file."""

from __future__ import annotations

import io

import openpyxl
import pytest
from browser import Shown

import tracker
from tracker.deciding.views import views

pytestmark = pytest.mark.browser


def test_runs_are_found_ordered_edited_saved_as_a_view_and_exported(app: Shown) -> None:
    page = app.page
    field = page.locator(".st-key-filter input")

    field.focus()
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Tab")  # nothing was begun: it leads on, as everywhere
    assert field.input_value() == "" and not field.evaluate("field => field === document.activeElement")
    field.click()
    page.keyboard.type("metrics.a", delay=20)
    page.get_by_role("option", name="metrics.auc").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert field.input_value() == "metrics.auc "
    page.keyboard.type("> 0.82", delay=20)
    page.keyboard.press("Enter")
    page.get_by_text("2 of 3 runs").wait_for()

    box = page.locator(".st-key-runs-grid canvas").first.bounding_box()
    page.mouse.click(box["x"] + 60, box["y"] + 17)  # the header of the names
    app.has_cell("runs-grid", 1, 0, "boosting")
    app.has_cell("runs-grid", 1, 1, "linear")
    app.idle()

    app.click_row("runs-grid", 0, 15)
    page.get_by_text("1 selected").wait_for()
    app.click_row("runs-grid", 1, 15)
    page.get_by_text("2 selected").wait_for()
    page.locator(".st-key-bulk button").first.click()
    tag = page.locator(".st-key-bulk-tag input")
    tag.fill("team")
    tag.press("Enter")
    page.locator(".st-key-bulk-value input").fill("risk")
    app.button("Change 2 runs")
    page.get_by_text("Saved in the workbook.").wait_for()
    runs = tracker.open(app.registry).runs()
    assert dict(zip(runs["name"], runs["tags.team"], strict=True)) == {
        "boosting": "risk",
        "linear": "risk",
        "forest": None,
    }

    page.keyboard.press("Escape")
    page.locator(".st-key-views button").first.click()
    page.locator(".st-key-view-name input").fill("good ones")
    page.locator(".st-key-view-name input").press("Enter")
    app.idle()
    page.locator(".st-key-view-save button").click()
    page.get_by_role("button", name="good ones").wait_for()
    saved = views(tracker.open(app.registry).settings)
    assert saved == {"good ones": "filter=metrics.auc+%3E+0.82&sort=name"}

    app.open(f"/runs?{saved['good ones']}")
    page.get_by_text("2 of 3 runs").wait_for()
    page.locator(".st-key-export button").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Excel").click()
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes()))["Runs"]
    assert [sheet.cell(row, 2).value for row in (4, 5, 6)] == ["name", "boosting", "linear"]
    assert app.outside == []
