"""A journey over the Compare page in Chromium: from a sweep to the runs that were best, and what made them so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser import Shown, opened

import tracker

pytestmark = pytest.mark.browser


@pytest.fixture
def sweep(registry_path: Path) -> Path:
    """16 runs: four rates, two optimizers, two seeds each."""
    for rate in (0.0001, 0.001, 0.01, 0.1):
        for optimizer in ("adam", "sgd"):
            for seed in range(2):
                with tracker.start_run(registry_path, experiment="sweep", name=f"{optimizer} {rate} {seed}") as run:
                    run.log_params({"lr": rate, "optimizer": optimizer, "seed": seed})
                    for step in range(5):
                        run.log_metric("loss", 1 / (step + 1) + rate + seed / 50, step=step)
                    run.log_metric("auc", 0.9 - rate + seed / 100)
                    run.log_text(f"rate {rate}\n", "notes.txt")
    tracker.open(registry_path).sync()
    return registry_path


def test_from_a_sweep_to_why_one_run_is_worse(chromium: Any, sweep: Path, tmp_path: Path) -> None:
    with opened(chromium, sweep, tmp_path) as app:
        page = app.page
        page.set_viewport_size({"width": 1400, "height": 1500})  # charts and the tables below them at once
        app.open("/runs")
        app.button("Compare all 16")
        page.get_by_text("What matters").wait_for()
        assert "/compare?filter=" in page.url
        app.has_cell("compare-metrics", 1, 1, "auc")
        page.get_by_text("Curves", exact=True).click()
        app.idle()
        page.locator(".vega-embed svg .mark-area path").first.wait_for(state="attached")
        assert page.locator(".vega-embed svg .mark-area path").count() == 8, "one band per group over seeds"
        page.get_by_text("Parallel coordinates").click()
        app.idle()
        page.get_by_text("16 of 16 runs").wait_for()
        lines = page.locator(".vega-embed svg .mark-line path[stroke-width='1.6']")
        assert lines.count() == 16
        _brush(app, "sgd")
        page.get_by_text("8 of 16 runs").wait_for()
        assert lines.count() == 8, "the lines outside are grey at once"
        app.button("Keep as filter")
        page.get_by_text("8 of 8 runs").wait_for()
        assert "filter=params.optimizer+in+" in page.url
        page.get_by_text("What matters").click()
        app.idle()
        page.get_by_text("It rests on 8 runs").wait_for()
        page.get_by_text("Scatter", exact=True).click()
        app.idle()
        page.get_by_text("8 of 8 runs").wait_for()
        app.click_row("scatter-grid", 0, 15)
        app.click_row("scatter-grid", 7, 15)
        app.button("Only these 2")
        page.get_by_text("measured against").wait_for()
        page.get_by_text("Differences", exact=True).click()
        app.idle()
        page.get_by_text("is worse than").wait_for()
        page.get_by_text("among 14 other runs of the experiment").wait_for()
        page.get_by_text("Files, code, environment").click()
        app.idle()
        page.locator("code", has_text="+rate").first.wait_for()
        assert app.outside == []


def _brush(app: Shown, word: str) -> None:
    """Draw a box around a word on an axis."""
    tick = app.page.locator(".vega-embed svg text", has_text=word).last.bounding_box()
    right, middle = tick["x"] + tick["width"] + 5, tick["y"] + tick["height"] / 2
    app.page.mouse.move(right - 12, middle - 12)
    app.page.mouse.down()
    app.page.mouse.move(right + 6, middle + 6, steps=4)
    app.page.mouse.move(right + 12, middle + 12, steps=4)
    app.page.mouse.up()
    app.idle()
