"""Journeys over the Models and Lineage pages in Chromium: promoted, compared, taken back, traced to the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Shown, opened
from test_web import WHO
from test_web_models import sample, stages  # noqa: F401

import tracker
from tracker.deciding import decide

pytestmark = pytest.mark.browser


@pytest.fixture
def sample_app(chromium: Any, sample: Path, tmp_path: Path) -> Iterator[Shown]:  # noqa: F811
    """The app on a copy of the sample, in a browser."""
    with opened(chromium, sample, tmp_path) as shown:
        yield shown


def test_from_a_promotion_to_the_lineage_of_its_data(sample_app: Shown) -> None:
    page = sample_app.page
    sample_app.open("/models")
    sample_app.button("To staging …")
    page.locator(".st-key-promote-reason input").fill("to be looked at")
    page.locator(".st-key-promote-plan button").click()
    page.get_by_text("tumours v1 goes from candidate into staging").wait_for()
    sample_app.button("Do it")
    page.locator(".st-key-stage-staging").get_by_text("to be looked at").wait_for()
    sample_app.button("To production …")
    page.locator(".st-key-promote-reason input").fill("ready")
    page.locator(".st-key-promote-plan button").click()
    page.get_by_text("tumours v1 goes from staging into production").wait_for()
    sample_app.button("Do it")
    page.get_by_text("Saved in the workbook.").wait_for()
    assert stages(sample_app.registry) == {"tumours v1": "production"}
    page.locator(".st-key-stage-production").get_by_text("ready").wait_for()
    sample_app.open("/lineage?of=prepare")
    page.get_by_text("things are called like prepare").wait_for()
    sample_app.open("/lineage?of=tumours-data:v1")
    page.locator(".st-key-lineage-drawing svg .node", has_text="production").click()
    page.wait_for_url("**/lineage?of=tumours+v1*")
    page.locator(".st-key-lineage-drawing svg .node", has_text="tumours-data:v1").click()
    page.wait_for_url("**/lineage?of=tumours-data%3Av1*")
    sample_app.idle()
    page.get_by_role("heading", name="7 models came from tumours-data:v1").wait_for()
    page.locator(".st-key-lineage-models canvas").first.scroll_into_view_if_needed()
    sample_app.idle()
    sample_app.click_row("lineage-models", 0, 60)
    page.get_by_role("heading", name="tumours-model:v1").wait_for()
    assert "/artifacts?" in page.url
    assert sample_app.outside == []


def test_a_second_version_goes_into_production_is_compared_and_taken_back(sample_app: Shown) -> None:
    registry = tracker.open(sample_app.registry)
    decide.promote(registry, "tumours:v1", "production", "the first", WHO)
    decide.register(registry, "tumours", "tumours-model:v3", who=WHO)
    page = sample_app.page
    sample_app.open("/models")
    page.locator(".stVegaLiteChart, [data-testid=stVegaLiteChart]").first.wait_for()
    page.get_by_text("Compare two versions").click()
    sample_app.idle()
    page.get_by_text("both read the same data").wait_for()
    decide.promote(registry, "tumours:v2", "production", "finds more", WHO)
    page.locator(".st-key-stage-production").get_by_text("finds more").wait_for()
    page.get_by_role("tab", name="Revert").click()
    page.locator(".st-key-revert-reason input").fill("too slow")
    page.locator(".st-key-revert-plan button").click()
    sample_app.idle()
    sample_app.button("Do it")
    page.get_by_text("Saved in the workbook.").wait_for()
    assert stages(sample_app.registry)["tumours v1"] == "production"
    page.get_by_role("heading", name="Model card: tumours").wait_for()
    assert sample_app.outside == []
