"""What the server makes ready before anybody comes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest

import tracker
from tracker.folders import Folders
from tracker.reading.registry import Registry
from tracker.web import ahead
from tracker.web.pages import PAGES
from tracker.web.reading import data, watch


def test_whoever_comes_first_finds_the_runs_read(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tracker.start_run(registry_path, name="gbm"):
        pass
    ahead.prepare([str(registry_path), "--shared"], {})
    monkeypatch.setattr(Registry, "table", lambda *_: pytest.fail("read again"))
    runs = data.table(registry_path, watch.stamp(Folders(registry_path), time.time()), "runs")
    assert runs["name"].tolist() == ["gbm"]


@pytest.mark.parametrize("content", [b"no workbook", None])
def test_what_cannot_be_read_is_left_to_the_pages(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.xlsx"
    if content is None:
        openpyxl.Workbook().save(path)
    else:
        path.write_bytes(content)
    for named in ([str(path)], [str(tmp_path)], [str(tmp_path / "nothing.xlsx")], []):
        ahead.prepare(named, {})


def test_every_page_is_imported() -> None:
    code = "import sys; from tracker.web.ahead import prepare; prepare([], {}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {f"tracker.web.{page.module}" for page in PAGES} <= set(done.stdout.split())
