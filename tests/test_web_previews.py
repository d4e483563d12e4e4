"""What pages show of PDFs, notebooks, tables, code and what a run printed; of damaged and hostile ones nothing."""

from __future__ import annotations

import base64
import io
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

import tracker
from tracker.folders import Folders
from tracker.web.artifacts import notebooks, pdf_pages
from tracker.web.reading import files
from tracker.web.run import run_code, run_output


def test_pages_of_a_pdf_are_drawn(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (300, 200), "red"), Image.new("RGB", (200, 300), "blue")
    first.save(tmp_path / "two.pdf", save_all=True, append_images=[second])
    for number, colour in ((1, "red"), (2, "blue"), (99, "blue")):
        page = pdf_pages.page(tmp_path / "two.pdf", number)
        assert page is not None and page.pages == 2
        with Image.open(io.BytesIO(page.picture)) as image:
            r, g, b = image.convert("RGB").getpixel((50, 50))  # type: ignore[misc]
        assert (r > 200, g > 60, b > 200) == (colour == "red", False, colour == "blue")


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", b"<html><script>alert(1)</script>", os.urandom(5000)])
def test_a_pdf_that_is_none_shows_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "no.pdf").write_bytes(content)
    assert pdf_pages.page(tmp_path / "no.pdf", 1) is None


def test_a_pdf_that_takes_too_long_shows_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "SECONDS", 0.001)
    Image.new("RGB", (30, 20)).save(tmp_path / "one.pdf")
    assert pdf_pages.page(tmp_path / "one.pdf", 1) is None


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"nbformat": 4, "cells": list(cells)}).encode()


def test_a_notebook_is_shown_without_its_html(tmp_path: Path) -> None:
    picture = base64.b64encode(b"\x89PNG picture").decode()
    outputs = [
        {"output_type": "stream", "text": ["one\n", "two\n"]},
        {"data": {"text/html": "<script>alert(1)</script>", "text/plain": "<a table>"}},
        {"data": {"image/png": picture, "text/plain": "<Figure>"}},
        {"output_type": "error", "traceback": ["Traceback", "ValueError"]},
        "nothing",
    ]
    (tmp_path / "n.ipynb").write_bytes(
        notebook(
            {"cell_type": "markdown", "source": ["# Title\n", "text"]},
            {"cell_type": "code", "source": "x = 1", "outputs": outputs},
            {"cell_type": "raw", "source": "raw"},
        )
    )
    found = notebooks.pieces(tmp_path / "n.ipynb")
    assert found is not None and not found[1]
    assert [(piece.kind, piece.text) for piece in found[0]] == [
        ("markdown", "# Title\ntext"),
        ("code", "x = 1"),
        ("text", "one\ntwo\n"),
        ("text", "<a table>"),
        ("picture", ""),
        ("text", "Traceback\nValueError"),
        ("text", "raw"),
    ]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"cells": 3}', b"[" * 100_000, b"\xff\xfe"])
def test_a_notebook_that_is_none_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "n.ipynb").write_bytes(content)
    assert notebooks.pieces(tmp_path / "n.ipynb") is None


@pytest.mark.parametrize("ending", ["parquet", "feather", "jsonl"])
def test_the_first_rows_of_other_tables(tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"number": range(1000), "text": ["<b>x</b>"] * 1000})
    path = tmp_path / f"t.{ending}"
    writers = {"parquet": frame.to_parquet, "feather": frame.to_feather}
    if ending == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        writers[ending](path)
    rows = files.rows(path)
    assert rows is not None and rows.more and rows.columns == 2
    assert len(rows.frame) == files.TABLE_ROWS and rows.frame.iloc[7].tolist() == ["7", "<b>x</b>"]


@pytest.mark.parametrize("ending", ["parquet", "feather", "xlsx", "jsonl"])
def test_a_damaged_table_shows_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    path.write_bytes(b"PAR1" + os.urandom(2000) + b"PAR1")
    assert files.rows(path) is None


# -- a run's own files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run_id", ["../outside", "..", "", "/etc", "a/../../outside", "x\0y", "linked"])
def test_a_run_id_leads_nowhere_out_of_the_registry(tmp_path: Path, run_id: str) -> None:
    folders = Folders(tmp_path / "registry.xlsx")
    folders.runs.mkdir(parents=True)
    outside = tmp_path / "registry.tracker" / "outside"
    outside.mkdir()
    (outside / "output.txt").write_text("secret")
    (tmp_path / "registry.tracker" / "output.txt").write_text("secret")
    if hasattr(os, "symlink"):
        (folders.runs / "linked").symlink_to(outside)
    assert run_output.read(files.of_run(folders, run_id, "output.txt")) is None
    (folders.runs / "mine").mkdir()
    (folders.runs / "mine" / "output.txt").write_text("hello\n")
    found = run_output.read(files.of_run(folders, "mine", "output.txt"))
    assert found is not None and found.lines == ["hello"]


def test_of_a_long_output_the_end_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "output.txt"
    path.write_text("".join(f"line {number}\n" for number in range(50_000)))
    found = run_output.read(path)
    assert found is not None and found.more and len(found.lines) == run_output.MOST_LINES
    assert found.lines[-1] == "line 49999" and all(line.startswith("line ") for line in found.lines)
    path.write_text("")
    assert run_output.read(path) == run_output.Output([], 0, False)


def test_what_is_for_a_terminal_only_is_left_out() -> None:
    text = "\x1b[1;31mred\x1b[0m \x1b]0;title\x07\u202eback\u202c\x00 tab\tend\n"
    assert run_output.without_commands(text) == "red back tab\tend\n"


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://github.com/team/churn.git", "https://github.com/team/churn/commit/abcdef1"),
        ("git@github.com:team/churn.git", "https://github.com/team/churn/commit/abcdef1"),
        ("ssh://git@gitlab.com/group/sub/churn", "https://gitlab.com/group/sub/churn/-/commit/abcdef1"),
        ("https://bitbucket.org/team/churn", "https://bitbucket.org/team/churn/commits/abcdef1"),
        ("https://git.example.com/team/churn", None),
        ("https://github.com.evil.example/team/churn", None),
        ("javascript:alert(1)//github.com/a/b", None),
        ("https://github.com/team/../churn", None),
        ("/srv/git/churn", None),
        (None, None),
    ],
)
def test_the_page_of_a_commit(remote: str | None, page: str | None) -> None:
    assert run_code.commit_page(remote, "abcdef1") == page
    assert run_code.commit_page(remote, "abcdef1) [x](javascript:alert(1)") is None


def test_a_diff_in_numbers_and_packages_as_a_table(tmp_path: Path) -> None:
    diff = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\n+b\n+c\n"
    assert run_code.changed_files(diff) == "1 file, 2 lines added, 1 removed"
    (tmp_path / "r.txt").write_text("# made by tracker\nnumpy==2.1\nours @ file:///x\n\nbare\n")
    assert run_code.packages(tmp_path / "r.txt").to_numpy().tolist() == [
        ["numpy", "2.1"],
        ["ours", "file:///x"],
        ["bare", ""],
    ]


def test_a_run_that_keeps_its_output_has_it_in_its_folder(registry_path: Path) -> None:
    with tracker.start_run(registry_path, capture_output=True) as run:
        print("seen")
    found = run_output.read(files.of_run(Folders(registry_path), run.run_id, "output.txt"))
    assert found is not None and found.lines == ["seen"]
