"""A history of 10,000 change sets, beside git on as many commits of the same texts; two versions compared; the page."""

from __future__ import annotations

import importlib.util
import shutil
import statistics
import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Aim, Figure, Found, Note, Options, Work, in_child, medians, timed
from benchmarks.server import serving
from benchmarks.workbooks import workbook as made
from tracker.folders import Folders
from tracker.history.timeline import About, events, verify
from tracker.journal import changes
from tracker.journal.changes import Journal
from tracker.journal.pending import PendingWriter
from tracker.model import CellChange, Change, ChangeSet, Entry
from tracker.syncing.sync import sync
from tracker.workbook import open_workbook

BARE = """
import pandas as pd, streamlit as st
st.set_page_config(layout="wide")
st.dataframe(pd.DataFrame({name: [f"{name} {row}" for row in range(200)] for name in "abcde"}))
"""
COUNT = 10_000
WITHIN = Aim(2.0, "ours")


def measure(options: Options) -> Found:
    count = COUNT if options.share > 0.05 else 300
    with options.scratch() as folder:
        workbook = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", folder / "registry.xlsx"))
        folders = Folders(workbook)
        texts = make(folders, count)
        repository = _repository(folder, texts)
        if repository is None:
            yield Note("git beside the history: git is not installed")

        def git(*words: str) -> Work:
            return lambda: timed(lambda: subprocess.run(["git", "-C", str(repository), *words], capture_output=True))

        command = ("-m", "tracker")
        works: dict[str, Work] = {
            "list": lambda: timed(lambda: sum(1 for _ in events(folders))),
            "run": lambda: timed(lambda: sum(1 for _ in events(folders, About(run_id=_run(count // 2))))),
            "verify": lambda: timed(lambda: verify(folders)),
            "history": in_child(*command, "history", workbook, "--limit", 0, "--json"),
            "history --verify": in_child(*command, "history", workbook, "--verify"),
        }
        if repository is not None:
            works |= {"git log": git("log", "--patch", "--format=%an %ad"), "git fsck": git("fsck", "--full")}
            works["git log of one"] = git("log", f"-S{_run(count // 2)}", "--format=%h")
        seconds = medians(works, options.repeats(5))
        for name, what, beside in (
            ("list", f"every change of {count:,} change sets, read", "git log"),
            ("run", f"the changes of one run among {count:,} change sets", "git log of one"),
            ("verify", f"the proof of {count:,} change sets", "git fsck"),
            ("history", f"the command history --limit 0 --json, {count:,} change sets", "git log"),
            ("history --verify", f"the command history --verify, {count:,} change sets", "git fsck"),
        ):
            reference = seconds.get(beside)
            yield Figure(what, seconds[name], beside if reference else "", reference, WITHIN)
        yield from _diff(options, folder)
        yield from _page(options, folder, folders)


def _diff(options: Options, folder: Path) -> Found:
    """Two versions of which the second has one run more, and other cells in one."""
    import python_calamine

    rows = 10_000 if 10_000 in options.sizes else min(options.sizes)
    before = made(options.folder, rows)
    registry = Path(shutil.copyfile(before, folder / "versions.xlsx"))
    writer = PendingWriter(Folders(registry).pending, who="ann")
    writer.append(Change("runs", ("new",), {"name": "new", "metrics.m1": 0.5}, new=True))
    writer.close()
    sync(Folders(registry))

    def read() -> None:
        for path in (before, registry):
            with open(path, "rb") as file, python_calamine.load_workbook(file) as book:
                book.get_sheet_by_name("runs").to_python()

    works = {
        "ours": in_child("-m", "tracker", "diff", registry, before),
        "calamine": lambda: timed(read),
    }
    seconds = medians(works, options.repeats(5))
    what = f"the command diff, two versions of {rows:,} runs"
    yield Figure(what, seconds["ours"], "calamine reads both", seconds["calamine"], WITHIN)


def _page(options: Options, folder: Path, history: Folders) -> Found:
    """The History page in a browser, until its list is drawn; where the workbook has as many runs as change sets."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        yield Note("the History page: Chromium or playwright is not installed")
        return
    from playwright.sync_api import sync_playwright

    rows = 10_000 if 10_000 in options.sizes else min(options.sizes)
    registry = Folders(folder / "page.xlsx")
    shutil.copytree(history.changes, registry.changes)
    with open_workbook(made(options.folder, rows)) as workbook, open(registry.workbook, "w+b") as file:
        workbook.stamp = Journal(registry.changes).newest().removesuffix(".json")
        workbook.save(file)
    bare = folder / "bare.py"
    bare.write_text(BARE)
    seconds: dict[str, list[float]] = {}
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(options.repeats(5)):
            for name, script, path in (("page", ROOT / "app.py", "/history"), ("bare", bare, "/")):
                with serving(registry.workbook, folder, script) as server:
                    page = browser.new_context().new_page()
                    for visit in ("cold", "warm"):
                        seconds.setdefault(f"{name}, {visit}", []).append(timed(partial(_see, page, server.url + path)))
                    page.context.close()
        browser.close()
    for visit, when in (("cold", "first page of a fresh server and browser"), ("warm", "opened again")):
        ours, beside = (statistics.median(seconds[f"{name}, {visit}"]) for name in ("page", "bare"))
        yield Figure(f"the History page, {when}", ours, "bare Streamlit, 200 rows", beside, WITHIN)


def _see(page: Any, address: str) -> None:
    page.goto(address)
    page.locator("[data-testid=glide-cell-1-0]").first.wait_for(state="attached", timeout=60_000)


def _run(number: int) -> str:
    return f"20261105-{number:06d}"


def make(folders: Folders, count: int) -> list[bytes]:
    """That many change sets, each of one run with five cells, packed as syncs do; gives their texts."""
    journal, parents, texts = Journal(folders.changes), (), []
    folders.changes.mkdir(parents=True, exist_ok=True)
    durably, changes.write_durably = changes.write_durably, lambda path, content: path.write_bytes(content)
    try:
        for number in range(count):
            numbers = ("metrics.auc", "metrics.loss", "params.depth", "params.lr")
            cells = {name: CellChange(None, number + 0.5) for name in numbers}
            cells["status"] = CellChange("RUNNING", "FINISHED")
            entry = Entry("runs", (_run(number),), cells, True, time=float(number), who="ann")
            moment = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + 600 * number
            done = journal.commit(ChangeSet(parents, moment, "ann", "script", (entry,)))
            texts.append((folders.changes / f"{done.id}.json").read_bytes())
            parents = (done.id,)
            journal.pack([done.id])
    finally:
        changes.write_durably = durably
    return texts


def _repository(folder: Path, texts: list[bytes]) -> Path | None:
    """As many commits, each of which adds one of the texts as a file; packed."""
    if shutil.which("git") is None:
        return None
    repository = folder / "repository"
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    stream = [b"reset refs/heads/main\n"]
    for number, text in enumerate(texts):
        who = b"committer ann <ann@localhost> %d +0000\n" % (1_767_225_600 + 600 * number)
        stream += [b"commit refs/heads/main\n", who, b"data 1\nx\n"]
        stream += [
            b"M 100644 inline c%02d/%06d.json\n" % (number // 100, number),
            b"data %d\n" % len(text),
            text,
            b"\n",
        ]
    importing = ["git", "-C", str(repository), "fast-import", "--quiet"]
    subprocess.run(importing, input=b"".join(stream), check=True)
    subprocess.run(["git", "-C", str(repository), "symbolic-ref", "HEAD", "refs/heads/main"], check=True)
    return repository
