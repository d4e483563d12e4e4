"""Every page, light and dark, looked at by axe: nothing serious keeps people out who cannot see, or use no mouse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import ROOT, Shown, served

from tracker.web.pages import PAGES

pytestmark = pytest.mark.browser

SEVERE = ("serious", "critical")
OF_STREAMLIT = {
    (
        "scrollable-region-focusable",
        "[data-testid=stVerticalBlock]",
    ): "A container with a height cannot be told to take "
    "the focus. Browsers give it to whatever scrolls by themselves.",
}
"""What is not ours to mend: a rule of axe, what it finds fault with, and why it stays."""
IS_SHOWN_IN = "scheme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === scheme"


@pytest.fixture(scope="module")
def sample(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The app on the sample, which has something on every page."""
    folder = tmp_path_factory.mktemp("axe")
    (workbook,) = (ROOT / "sample_workbooks").glob("[!~]*.xlsx")
    registry = Path(shutil.copyfile(workbook, folder / workbook.name))
    shutil.copytree(workbook.with_suffix(".tracker"), registry.with_suffix(".tracker"))
    with served(registry, folder) as (url, _):
        page = chromium.new_page(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
        page.goto(url)
        page.wait_for_selector(".st-key-head", timeout=90_000)  # the first page also imports what pages need
        yield Shown(page, registry, url, [])
        page.close()


def faults(page: Any) -> list[str]:
    """What axe finds that is serious and ours, each with where and what."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(page).response["violations"]
    lines = []
    for fault in found:
        for node in fault["nodes"]:
            target = node["target"][-1]
            excused = any(
                fault["id"] == rule and page.locator(target).first.evaluate("(e, s) => e.matches(s)", selector)
                for rule, selector in OF_STREAMLIT
            )
            if fault["impact"] in SEVERE and not excused:
                lines.append(f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}")
    return lines


@pytest.mark.parametrize("address", [page.address for page in PAGES])
def test_nothing_serious_keeps_people_out(sample: Shown, address: str) -> None:
    found = []
    for scheme in ("light", "dark"):
        sample.page.emulate_media(color_scheme=scheme)
        if scheme == "light":
            sample.open(f"/{address}")
        sample.page.wait_for_function(IS_SHOWN_IN, arg=scheme)
        sample.idle()
        found += [f"{scheme}: {line}" for line in faults(sample.page)]
    assert not found, "\n".join(found)


def test_nothing_serious_in_what_opens_over_a_page_on_a_tablet_in_the_dark(sample: Shown) -> None:
    sample.page.emulate_media(color_scheme="dark")
    sample.page.set_viewport_size({"width": 820, "height": 1180})
    sample.open("/runs")
    found = []
    for name in ("Registry", "Columns"):
        sample.button(name)
        sample.page.locator("[data-testid=stPopoverBody]").wait_for()
        found += [f"{name}: {line}" for line in faults(sample.page)]
        sample.page.keyboard.press("Escape")
    assert not found, "\n".join(found)
    assert sample.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") == 820
