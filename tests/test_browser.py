"""Whole journeys through the app, in Chromium: what a person does, and what they see without touching anything."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from browser import ROW, WITHIN, Shown, served

import tracker
from tracker.deciding.edits import set_note
from tracker.reading.registry import Registry
from tracker.workbook import read_tables

pytestmark = pytest.mark.browser


def _note(registry: Path, run: str) -> object:
    """What the workbook itself holds as the notes of a run."""
    rows = read_tables(registry, {"runs"})["runs"]
    name, notes = rows.columns.index("name"), rows.columns.index("notes")
    return next(row[notes] for row in rows.rows if row[name] == run)


def test_from_a_filter_to_a_run_to_a_note_in_the_workbook(app: Shown) -> None:
    page = app.page
    page.locator(".st-key-filter input").fill("metrics.auc < 0.87 and params.depth = 4")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 3 runs").wait_for()
    app.has_cell("runs-grid", 1, 0, "boosting")
    assert "filter=" in page.url
    app.click_row("runs-grid", 0, 65)
    page.get_by_role("heading", name="boosting").wait_for()
    assert "/run?" in page.url
    page.locator(".st-key-run-curves-controls").wait_for()
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_role("heading", name="Seen").wait_for()
    assert "run-tab=Artifacts" in page.url
    page.get_by_role("tab", name="Overview").click()
    app.button("Edit")
    page.locator(".st-key-edit-notes textarea").fill("Better with **more** depth")
    app.button("Save")
    page.get_by_text("Saved in the workbook.").wait_for()
    assert page.locator(".st-key-yours strong").text_content() == "more"
    assert _note(app.registry, "boosting") == "Better with **more** depth"
    page.go_back()
    page.get_by_role("heading", name="Seen").wait_for()
    page.go_back()
    app.idle()
    page.go_back()
    page.get_by_text("1 of 3 runs").wait_for()
    assert app.outside == []


def test_a_metric_logged_elsewhere_appears_by_itself_and_typing_goes_on(app: Shown) -> None:
    page = app.page
    with tracker.start_run(app.registry, experiment="churn", name="live one") as run:
        for step in range(3):
            run.log_metric("loss", 1.0 - step / 10, step=step)
        page.get_by_text("4 runs").wait_for(timeout=WITHIN * 1000)
        app.open(f"/run?run={run.run_id}")
        tile = page.locator("[data-testid=stMetric]", has_text="loss").locator("[data-testid=stMetricValue]")
        assert tile.text_content() == "0.8"
        points = page.locator(".vega-embed svg .mark-symbol path[aria-roledescription=point]")
        points.nth(2).wait_for(state="attached")
        app.button("Edit")
        page.locator(".st-key-edit-notes textarea").click()
        page.keyboard.type("half a sen")
        for step in range(3, 6):
            run.log_metric("loss", 1.0 - step / 10, step=step)
            logged = time.monotonic()
            page.wait_for_function(
                "text => [...document.querySelectorAll('[data-testid=stMetricValue]')].some(e => e.innerText === text)",
                arg=f"{1.0 - step / 10:.4g}",
                timeout=WITHIN * 1000,
            )
            assert time.monotonic() - logged < WITHIN
            page.keyboard.type(".")
        assert page.locator(".st-key-edit-notes textarea").input_value() == "half a sen..."
        points.nth(5).wait_for(state="attached", timeout=WITHIN * 1000)
        assert points.count() == 6
    page.get_by_text("FINISHED").first.wait_for(timeout=10_000)
    app.button("Save")
    page.get_by_text("Saved in the workbook.").wait_for()
    assert _note(app.registry, "live one") == "half a sen..."


def test_two_runs_are_ticked_and_compared(app: Shown) -> None:
    page = app.page
    app.click_row("runs-grid", 0, 15)
    app.click_row("runs-grid", 2, 15)
    with tracker.start_run(app.registry, experiment="churn", name="a newer one"):
        page.get_by_text("4 runs").wait_for(timeout=WITHIN * 1000)
    page.get_by_text("2 selected").wait_for()
    app.button("Compare 2")
    page.get_by_text("measured against").wait_for()
    app.has_cell("compare-metrics", 0, 0, "≠")
    app.has_cell("compare-metrics", 1, 0, "loss")
    chips = page.locator(
        ".st-key-compare-picker [data-tag], .st-key-compare-picker [data-baseweb=tag]"
    ).all_inner_texts()
    assert {chip.strip() for chip in chips} == {"linear", "forest"}, "the newer run did not take a ticked one's place"
    page.get_by_text("Curves", exact=True).click()
    page.locator(".vega-embed svg, .vega-embed canvas").first.wait_for()


def test_dark_and_light_follow_the_persons_own_setting(app: Shown) -> None:
    page = app.page
    colors = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        app.open()
        colors.append(page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor"))
    assert colors == ["rgb(255, 255, 255)", "rgb(15, 27, 38)"]


def test_a_change_is_looked_at_and_taken_back_and_an_earlier_workbook_brought_back(app: Shown) -> None:
    page = app.page
    forest = Registry(app.registry).run_id("forest")
    Registry(app.registry).sync()  # so that the note is alone in its change set
    set_note(Registry(app.registry), forest, "typed by mistake", None, "ann")
    app.open("/history")
    card = page.locator(".st-key-history-one")
    card.get_by_text("by ann").wait_for()
    slip = page.locator("td", has_text="typed by mistake").first
    slip.wait_for(state="attached")
    app.button("Take it back …")
    page.get_by_text("is taken back: 1 cell in 1 row").wait_for()
    app.button("Take it back")
    page.get_by_text("Saved in the workbook.").wait_for()
    assert _note(app.registry, "forest") is None
    app.has_cell("history-list", 5, 0, "undo of change set")
    app.button("Prove that nothing was altered")
    page.get_by_text("every one is as it was written").wait_for()
    page.get_by_text("Compare versions").click()
    slip.wait_for(state="attached")
    page.get_by_text("Bring a version back").click()
    app.idle()
    app.click_row("restore-list", 0, 15)
    app.button("Show what will change")
    slip.wait_for(state="attached")
    app.button("Bring it back")
    page.get_by_text("The earlier workbook is back.").wait_for()
    assert _note(app.registry, "forest") == "typed by mistake"
    assert app.outside == []


def test_a_workbook_in_a_folder_becomes_a_registry_and_its_runs_are_among_those_of_all(
    chromium: Any, registry_path: Path, tmp_path: Path
) -> None:
    with tracker.start_run(registry_path, name="logged") as run:
        run.log_metric("auc", 0.7)
    book = openpyxl.Workbook()
    for row in (["Model", "Who", "Score", "Colour"], ["gbm", "Ann", 0.91, "red"], ["mlp", "Ben", 0.88, "blue"]):
        book.active.append(row)
    book.save(tmp_path / "ours.xlsx")
    with served(tmp_path, tmp_path) as (url, _):
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        shown = Shown(page, registry_path, url, [])
        shown.open()
        shown.has_cell("folder-list", 0, 0, "registry.xlsx")
        shown.button("Make it a registry …")
        page.get_by_role("heading", name="Make a registry of ours.xlsx").wait_for()
        shown.has_cell("adopt-columns", 0, 3, "Colour")
        grid = page.locator(".st-key-adopt-columns canvas").first.bounding_box()
        page.mouse.dblclick(grid["x"] + 250, grid["y"] + ROW * 4 + ROW // 2)  # what Colour is taken for
        page.locator("#portal input").wait_for()
        page.keyboard.type("tag", delay=100)
        page.wait_for_timeout(500)
        page.keyboard.press("Enter")
        shown.idle()
        shown.has_cell("adopt-columns", 1, 3, "tag")
        shown.button("Make it a registry")
        page.get_by_text("ours.xlsx is a registry now.").wait_for(timeout=20_000)
        page.get_by_text("nobody has it open").wait_for()
        shown.button("All")
        page.get_by_text("a folder with 2 registries").wait_for()
        page.get_by_text("Runs of all").click()
        page.get_by_text("3 runs").wait_for()
        page.locator(".st-key-folder-filter input").fill("registry = 'registry.xlsx'")
        page.keyboard.press("Enter")
        page.get_by_text("1 of 3 runs").wait_for()
        shown.click_row("folder-runs", 0, 30)
        page.get_by_role("heading", name="logged").wait_for()
        page.close()
    runs = tracker.open(tmp_path / "ours.xlsx").runs()
    assert list(runs["tags.Colour"]) == ["red", "blue"] and list(runs["owner"]) == ["Ann", "Ben"]
