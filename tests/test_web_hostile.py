"""Files that would do harm are previewed safely, in a real browser: no script of theirs runs, nothing is fetched."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Shown, note_outside, served
from PIL import Image
from test_web import NASTY, ROOT, Open, _run, open_app, words  # noqa: F401

import tracker
from tracker.folders import Folders
from tracker.web.reading import files

SCRIPT = (
    "document.title='RAN';parent.document.title='RAN';top.document.title='RAN';fetch('https://elsewhere.example/js')"
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="60" height="40">'
    f'<script>{SCRIPT}</script><image href="https://elsewhere.example/i.png" onerror="{SCRIPT}" width="9" height="9"/>'
    f'<foreignObject width="9" height="9"><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://elsewhere.example/f"/>'
    f'</foreignObject><rect width="60" height="40" fill="#0a0" onload="{SCRIPT}"/></svg>'
)
HTML = (
    f'<html><head><meta http-equiv="refresh" content="0;url=https://elsewhere.example/refresh"><script>{SCRIPT}</script>'
    f'<link rel="stylesheet" href="https://elsewhere.example/s.css"><base target="_top"></head>'
    f'<body onload="{SCRIPT}"><h1>A report</h1><img src="https://elsewhere.example/p.png" onerror="{SCRIPT}">'
    f'<iframe src="https://elsewhere.example/f"></iframe><form action="https://elsewhere.example/x"><button>go</button>'
    f'</form><a href="javascript:{SCRIPT.replace(chr(39), "&quot;")}">link</a></body></html>'
)


class Harmful:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one artifact of each kind that means harm."""
    folder = tmp_path_factory.mktemp("hostile")
    registry = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", folder / "registry.xlsx"))
    made = folder / "made"
    made.mkdir()
    (made / "script.svg").write_text(SVG)
    (made / "address.svg").write_text("https://elsewhere.example/x.png?<svg >")
    (made / "report.html").write_text(HTML)
    (made / "table.csv").write_text(f"a,b\n{NASTY},<img src=x onerror={SCRIPT}>\n=cmd|' /C calc'!A0,1\n")
    (made / "wide.csv").write_text(",".join(f"c{n}" for n in range(16_385)) + "\n" + ",".join(["1"] * 16_385) + "\n")
    (made / "ragged.csv").write_text("a,b\n" + "," * 1_000_000 + "\n" + "1,2\n" * 300)
    (made / "field.csv").write_text('a,b\n1,"' + "x" * 50_000_000 + '"\n')
    with open(made / "line.json", "w") as file:
        file.write('{"a": [' + "1," * 50_000_000 + "1]}")
    (made / "deep.json").write_text("[" * 900 + "]" * 900)
    (made / "model.pkl").write_bytes(pickle.dumps(Harmful(folder / "loaded")))
    Image.new("RGB", (64, 64), "red").save(made / "cut.png")
    (made / "cut.png").write_bytes((made / "cut.png").read_bytes()[:60])
    Image.effect_noise((64, 64), 50).save(made / "cut.jpg")
    (made / "cut.jpg").write_bytes((made / "cut.jpg").read_bytes()[:400])
    (made / "notes.md").write_text(
        f"# Notes\n\n![pixel](https://elsewhere.example/m.png) <script>{SCRIPT}</script> {NASTY}"
    )
    with zipfile.ZipFile(made / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../evil.pkl", pickle.dumps(Harmful(folder / "loaded")))
        archive.writestr("zeros", bytes(200_000_000))
    (made / "folder").mkdir()
    for name in ("con.txt", "<img src=x onerror=alert(1)>.txt", "a" * 240 + ".txt", NASTY.replace("/", "") + ".txt"):
        (made / "folder" / name).write_text("text")
    with tracker.start_run(registry, name=NASTY) as run:
        for path in sorted(made.iterdir()):
            run.log_artifact(path, name=path.name)
    return registry


ARTIFACTS = {
    "script.svg": "It holds a script",
    "address.svg": "",
    "report.html": "Shown without its scripts",
    "table.csv": "",
    "wide.csv": "The first 200 of 16,385 columns",
    "ragged.csv": "The first 200 rows and 200 of 1,000,001 columns",
    "field.csv": "The rest is not shown",
    "line.json": "The rest is not shown",
    "deep.json": "",
    "model.pkl": "never opened here",
    "cut.png": "damaged or too large",
    "cut.jpg": "",
    "notes.md": "Notes",
    "bomb.zip": "unpacks to",
    "folder": "4 files in this folder",
}


@pytest.mark.parametrize("name", ARTIFACTS)
def test_every_hostile_file_has_a_page(open_app: Open, hostile: Path, name: str) -> None:  # noqa: F811
    app = open_app(hostile, "artifacts", artifact=f"{name}:v1")
    said = words(app) + "".join(box.label for box in app.selectbox)
    assert f"## {name.replace('.', chr(92) + '.')}\\:v1" in said
    assert ARTIFACTS[name] in said.replace("\\", "")
    assert not app.error
    assert not (hostile.parent / "loaded").exists()


def test_a_preview_of_a_large_file_reads_its_beginning_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "line.json"
    with open(path, "wb") as file:
        file.write(b'{"a": "')
        file.truncate(100_000_000)
    read: list[int] = []
    real_open = open

    def counting(*arguments: Any, **options: Any) -> Any:
        file = real_open(*arguments, **options)
        real_read = file.read

        class Counting:
            def __enter__(self) -> Counting:
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def read(self, size: int = -1) -> Any:
                content = real_read(size)
                read.append(len(content))
                return content

        return Counting()

    monkeypatch.setattr(files, "open", counting, raising=False)
    assert files.structure(path) is None
    content, more = files.readable(path)
    assert more and len(content) <= files.MOST_LINE
    assert files.table(path.rename(tmp_path / "line.csv")) is None
    assert sum(read) < 4_000_000


def test_the_address_of_a_drawing_is_never_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "x.svg"
    for content in ("https://elsewhere.example/x.png?<svg >", "/etc/hostname\n<svg>", "<svg width='9'><script/></svg>"):
        path.write_text(content)
        address = files.drawing(path)
        assert address is not None and address.startswith("data:image/svg+xml;base64,")
    path.write_text("no picture")
    assert files.drawing(path) is None


def test_a_page_in_a_frame_cannot_leave_its_attribute() -> None:
    path = Path(__file__)
    framed = files.page(path)
    assert framed is not None
    inside = framed.partition('srcdoc="')[2].rpartition('"></iframe>')[0]
    assert not set('"<>') & set(inside)
    assert 'sandbox=""' in framed


def test_what_lies_outside_is_not_read_unasked(open_app: Open, registry_path: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "secret.csv").write_text("name,salary\nme,1\n")
    with tracker.start_run(registry_path) as run:
        run.log_reference(tmp_path / "secret.csv", name="theirs")
    app = open_app(registry_path, "data", artifact="theirs:v1")
    assert [button.label for button in app.button if "Look into it" in button.label]
    assert not Folders(registry_path).profile("theirs", 1).exists()


# -- in a browser -------------------------------------------------------------------------------------------------


@pytest.fixture
def hostile_app(chromium: Any, hostile: Path, tmp_path: Path) -> Iterator[Shown]:
    with served(hostile, tmp_path) as (url, _):
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        outside: list[str] = []
        # A request that a policy of the page stops is told as one that failed, and never left.
        page.on("requestfailed", lambda request: note_outside(f"{request.url} {request.failure}", outside))
        page.on("response", lambda response: note_outside(response.url, outside))
        page.on("dialog", lambda dialog: outside.append(dialog.message))
        yield Shown(page, hostile, url, outside)
        page.screenshot(path=tmp_path / "last-seen.png")
        page.close()


def quiet(app: Shown) -> None:
    """Nothing of a file's ran, and nothing left this machine."""
    app.page.wait_for_timeout(600)
    assert app.page.title() != "RAN"
    assert [one for one in app.outside if not one.endswith("csp")] == []


@pytest.mark.browser
def test_no_script_of_a_picture_runs(hostile_app: Shown) -> None:
    hostile_app.open("/artifacts?artifact=script.svg:v1")
    picture = hostile_app.page.locator("[data-testid=stImage] img").first
    picture.wait_for()
    assert picture.evaluate("e => [e.naturalWidth, e.src.slice(0, 26)]") == [60, "data:image/svg+xml;base64,"]
    assert hostile_app.page.locator("svg script").count() == 0
    quiet(hostile_app)
    hostile_app.open("/artifacts?artifact=address.svg:v1")
    quiet(hostile_app)


@pytest.mark.browser
def test_a_page_is_shown_and_can_do_nothing(hostile_app: Shown) -> None:
    hostile_app.open("/artifacts?artifact=report.html:v1")
    framed = hostile_app.page.frame_locator("iframe[title='report.html']").frame_locator("iframe[title=preview]")
    framed.get_by_role("heading", name="A report").wait_for()
    quiet(hostile_app)
    framed.get_by_role("link", name="link").click()
    framed.get_by_role("button", name="go").click()
    quiet(hostile_app)
    assert framed.get_by_role("heading", name="A report").is_visible(), "it is still there"
    assert framed.get_by_role("heading", name="A report").evaluate("() => self.origin") == "null"


@pytest.mark.browser
def test_text_of_files_stays_text(hostile_app: Shown) -> None:
    for name in ("table.csv", "notes.md", "folder", "line.json", "wide.csv"):
        hostile_app.open(f"/artifacts?artifact={name}:v1")
        hostile_app.page.locator(".st-key-artifact-panel").wait_for()
        quiet(hostile_app)
