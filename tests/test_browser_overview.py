"""The Overview, the procedure, settings and the tour, in Chromium: their main jobs, once through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser import Shown, served

from tracker.deciding.people import people
from tracker.reading.registry import Registry

pytestmark = pytest.mark.browser


def test_from_the_overview_to_a_run_the_procedure_a_setting_and_a_role(app: Shown) -> None:
    page, registry = app.page, Registry(app.registry)
    app.open("/overview")  # it has no address of its own, but somebody writes it
    app.has_cell("overview-best", 0, 0, "churn")
    assert not page.get_by_text("Page not found").count()
    page.get_by_text("every sheet is as it should be").wait_for()  # the last of the page
    app.has_cell("overview-newest", 0, 0, "linear")
    page.wait_for_timeout(1000)
    app.click_row("overview-newest", 0, 30)
    page.get_by_role("heading", name="linear").wait_for()
    page.go_back()
    page.get_by_text("every sheet is as it should be").wait_for()
    page.locator(".st-key-tile-checklists").get_by_role("link", name="Checklists").first.click()
    app.has_cell("checklist-matrix-0", 0, 0, "linear")
    assert page.url.endswith("/checklist")

    app.open("/sop")
    app.has_cell("sop-items", 1, 0, "training data")
    app.click_row("sop-items", 0, 15)
    form = page.locator(".st-key-sop-panel")
    form.get_by_role("textbox", name="Owner").fill("ann")
    form.get_by_role("textbox", name="Rule").fill("param seeed and")
    app.button("Save")
    page.get_by_text("a rule is missing here").wait_for()
    form.get_by_role("textbox", name="Rule").fill("param depth")
    app.button("Save")
    page.get_by_text("Saved in the workbook.").wait_for()
    item = registry.rows("sop").rows[0]
    assert "ann" in item and "param depth" in item

    app.open("/settings")
    app.has_cell("settings-list", 1, 0, "metrics.main")
    app.click_row("settings-list", [*_settings(registry)].index("trash.days"), 15)
    page.get_by_role("textbox", name="Value").fill("lots")
    app.button("Save")
    page.get_by_text("must be a number").wait_for()
    page.get_by_role("textbox", name="Value").fill("30")
    app.button("Save")
    page.get_by_text("Saved in the workbook.").wait_for()
    assert registry.settings.get("trash.days") == 30
    page.get_by_role("tab", name="People").click()
    page.get_by_role("combobox", name="Person").fill("ann")
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name="manager").click()
    page.get_by_text("ann is a manager.").wait_for()
    assert people(registry) == [], "nothing is saved before it is agreed to"
    page.get_by_role("tab", name="This registry").click()
    app.button("Measure the room it takes")
    app.has_cell("settings-room", 0, 0, "registry.xlsx")
    assert app.outside == []


def _settings(registry: Registry) -> dict[str, Any]:
    from tracker.settings import DEFAULTS

    return {name: registry.settings.get(name) for name in DEFAULTS}


def test_the_tour_leads_through_the_pages_and_is_offered_once(
    chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)
    with served(None, tmp_path) as (url, _):
        page = chromium.new_page(viewport={"width": 1200, "height": 900})
        app = Shown(page, tmp_path, url, [])
        try:
            app.open()
            app.button("Take the tour")
            for number, title in enumerate(
                ("What is going on", "Find runs", "Look at one run", "Compare runs", "Decide about models",
                 "Keep to the procedure", "Nothing gets lost", "Now your own"), 1,
            ):  # fmt: skip
                page.locator(".st-key-tour-step", has_text=f"{title} step {number} of 8").wait_for()
                if number < 8:
                    app.button("Next")
            assert page.locator(".st-key-tour-go").count() == 0, "each step is on its own page"
            app.button("Done")
            page.get_by_text("Best run of each experiment").wait_for()
            assert page.locator(".st-key-tour-offer").count() == 0
            app.open()
            page.get_by_text("Best run of each experiment").wait_for()
            assert page.locator(".st-key-tour-offer").count() == 0
        finally:
            page.screenshot(path=tmp_path / "last-seen.png")
            page.close()
