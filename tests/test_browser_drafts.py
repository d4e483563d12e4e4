"""What is typed and not saved is there again after a reload, in Chromium: in a form on the page, and in a popover."""

from __future__ import annotations

import pytest
from browser import Shown

import tracker

pytestmark = pytest.mark.browser


def test_what_was_typed_survives_a_reload_until_it_is_saved(app: Shown) -> None:
    page = app.page
    with tracker.start_run(app.registry, name="noted") as run:
        pass
    bar = page.locator(".tracker-draft:visible")
    notes = page.locator(".st-key-edit-notes textarea")

    app.open(f"/run?run={run.run_id}")
    page.locator(".st-key-edit button").click()
    notes.press_sequentially("a long thought")
    page.reload()  # nothing of it was sent yet
    bar.filter(has_text="Edit shows it").wait_for()
    page.locator(".st-key-edit button").click()
    bar.get_by_text("Put it back").click()
    assert notes.input_value() == "a long thought"
    page.locator(".st-key-edit-save button").click()
    page.locator(".st-key-yours").get_by_text("a long thought").wait_for()
    app.idle()
    assert "a long thought" in tracker.open(app.registry).runs()["notes"].tolist()
    page.reload()
    page.locator(".st-key-edit button").click()
    notes.wait_for()
    app.idle()
    assert not bar.count(), "what is saved is no draft any more"

    app.open("/workbook?sheet=runs")
    page.locator(".st-key-row-new-runs button").first.click()
    goal = page.locator(".st-key-row-runs-goal input")
    goal.press_sequentially("less noise")
    app.open("/workbook?sheet=runs")
    page.locator(".st-key-row-new-runs button").first.click()
    bar.get_by_text("Put it back").click()
    assert goal.input_value() == "less noise"
    page.locator(".st-key-row-add-runs button").click()
    app.idle()
    assert "less noise" in tracker.open(app.registry).runs()["goal"].tolist()
    kept = "Object.keys(localStorage).filter(one => one.startsWith('tracker-draft')).length"
    page.wait_for_function(f"{kept} === 0")
    assert app.outside == []
