"""A journey over the Run page while its run is under way, in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Shown
from PIL import Image

import tracker

pytestmark = pytest.mark.browser


def test_a_run_under_way_is_followed_zoomed_and_read(app: Shown, tmp_path: Path) -> None:
    page = app.page
    Image.new("RGB", (60, 40), "red").save(tmp_path / "figure.pdf")
    with tracker.start_run(app.registry, experiment="churn", name="under way", capture_output=True) as run:
        run.log_artifact(tmp_path / "figure.pdf")
        print("epoch one")
        for step in range(2000):
            run.log_metrics({"loss": 1 / (step + 1), "rate": step / 2000}, step=step)
        app.open(f"/run?run={run.run_id}&curve-smoothing=0.5")
        curve = page.locator(".vega-embed canvas").nth(1)
        curve.wait_for()
        page.evaluate("window.untouched = true")
        shown = page.locator("[data-testid=stMarkdown] p", has_text="rate")
        shown.filter(has_text="0.9995").wait_for()

        # What is logged comes in by itself, and the page stays as it is.
        run.log_metrics({"loss": 0.5, "rate": 1.25}, step=2000)
        shown.filter(has_text="1.25").wait_for()

        # Dragging over a curve zooms into it, and stays so while more is logged.
        curve.scroll_into_view_if_needed()
        box = curve.bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 80)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 80, steps=4)
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 80, steps=4)
        page.mouse.up()
        whole = page.locator(".st-key-whole-run button").first
        whole.wait_for()
        first, last = (int(word.replace(",", "")) for word in whole.inner_text().split("Steps ")[1].split(" to "))
        assert 300 < first < 1000 < last < 1700
        run.log_metrics({"loss": 0.25, "rate": 1.5}, step=2001)
        shown.filter(has_text="1.5").wait_for()
        whole.wait_for()
        assert "curve-zoom=" in page.url and "curve-smoothing=0.5" in page.url

        # What it prints is read while it runs.
        page.get_by_role("tab", name="Output").click()
        page.get_by_text("epoch one").wait_for()
        print("epoch two")
        page.get_by_text("epoch two").wait_for()
        assert page.evaluate("window.untouched")

        # The address alone brings somebody else to the same stretch.
        page.get_by_role("tab", name="Overview").click()
        whole.wait_for()
        address = page.url.removeprefix(app.url)
        app.open(address)
        whole.wait_for()
        whole.click()
        whole.wait_for(state="detached")
    page.get_by_text("FINISHED").first.wait_for()
    page.get_by_role("tab", name="Artifacts").click()
    app.idle()
    cell = page.locator(".st-key-run-artifacts [data-testid^=glide-cell]", has_text="figure.pdf").first
    cell.wait_for(state="attached")
    app.click_row("run-artifacts", int(cell.get_attribute("data-testid").rpartition("-")[2]), 15)
    page.get_by_alt_text("figure.pdf, page 1 of 1").wait_for()
    page.get_by_role("tab", name="Code and environment").click()
    page.get_by_text("Packages").wait_for()
    page.get_by_role("tab", name="Lineage").click()
    page.get_by_text("boxes: artifacts").wait_for()
    assert app.outside == []
