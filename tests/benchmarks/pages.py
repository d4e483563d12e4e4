"""The Runs page in Chromium: from a cold server, a warm one, another page; a filter, an order; beside MLflow's."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tracker
from benchmarks.measure import SCRIPTS, Aim, Figure, Found, Note, Options, child
from benchmarks.server import free_port, serving
from benchmarks.workbooks import registry

AIMS = {10_000: (2.0, 0.5, 0.3, 600e6), 100_000: (6.0, 1.0, 1.0, 2e9)}
"""Seconds of the first look from a cold server, of a warm one, of a filter or an order; bytes of the server."""
REPEATS = 7
PATIENCE = 40_000
"""Milliseconds after which a page counts as lost."""
REST = 2500
"""Milliseconds that a new window of Chromium is left alone: its own start takes one of two processors that long."""
CELL = ".st-key-runs-grid [data-testid=glide-cell-1-0]"
DRAWN = """(() => { const canvas = document.querySelector('.st-key-runs-grid canvas');
  if (!canvas || !canvas.width) return false;
  const seen = new Set(), pixels = canvas.getContext('2d').getImageData(0, 50, Math.min(canvas.width, 600), 30).data;
  for (let at = 0; at < pixels.length; at += 4) seen.add(pixels.slice(at, at + 3).join());
  return seen.size > 8; })()"""
"""Whether there is text in the grid's first row: its cells stand in the document a fifth of a second later."""
GRID = "document.querySelector('[class*=st-key-runs-grid-]')?.className"
"""Which grid is on the page: for another filter or order it is another one."""
BOX = """(() => { const box = document.querySelector('.st-key-runs-grid canvas')?.getBoundingClientRect();
  return box && box.width && { x: box.x, y: box.y }; })()"""
"""Where it is."""
MLFLOW = 10_000
"""Runs of the store that MLflow shows."""


@dataclass
class Times:
    """Seconds of each thing that was done, as often as it was done."""

    cold: float = 0.0
    warm: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    """From another page of the app."""
    filter: list[float] = field(default_factory=list)
    order: list[float] = field(default_factory=list)
    memory: int = 0


def measure(options: Options) -> Found:
    try:
        from playwright.sync_api import TimeoutError, sync_playwright
    except ImportError:
        yield Note("the Runs page in a browser: playwright is not installed")
        return
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None or not Path("/proc/self/status").exists():
        yield Note("the Runs page in a browser: it takes Chromium, and Linux to tell the memory")
        return
    repeats = options.repeats(REPEATS)
    for rows in [size for size in options.sizes if size in AIMS]:
        with sync_playwright() as playwright, options.scratch() as folder:
            arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            path = registry(options, folder, rows)
            tracker.open(path).sync()
            with serving(path, folder) as server:
                ours = looked(browser, f"{server.url}/runs", repeats, ours_shows, ours_filters, ours_orders, ours_again)
                ours.memory = server.memory()
            theirs: dict[str, Times] = {}
            if options.mlflow is not None and rows == MLFLOW:
                with mlflow_serving(options, folder, rows) as url:
                    address = f"{url}/#/experiments/1/runs"
                    theirs["mlflow on SQLite"] = looked(browser, address, repeats, theirs_shows, mlflow_filters, None)
            if options.trackio is not None and rows == MLFLOW:
                with trackio_serving(options, folder, rows) as url, suppress(TimeoutError):
                    address = f"{url}/runs?project=benchmark"
                    theirs["trackio"] = looked(browser, address, min(repeats, 2), theirs_shows, None, None)
            if options.trackio is not None and rows == MLFLOW and "trackio" not in theirs:
                yield Note(f"Trackio's page of {rows:,} runs: it shows none within {PATIENCE / 1000:.0f} s")
            browser.close()
        yield from figures(rows, ours, theirs)
    if options.mlflow is None or options.trackio is None:
        yield Note("the pages beside MLflow's and Trackio's: name an environment with --mlflow, --trackio")


def figures(rows: int, ours: Times, theirs: dict[str, Times]) -> Iterator[Figure]:
    cold, warm, change, memory = AIMS[rows]
    what = f"Runs page, {rows:,} runs"
    for beside, times in theirs.items() or [("", Times())]:
        yield _figure(f"{what}: first look, cold server", [ours.cold], beside, [times.cold] * bool(beside), cold)
        yield _figure(f"{what}: first look in a new window, warm", ours.warm, beside, times.warm, warm)
        if times.filter or not beside:
            yield _figure(f"{what}: a filter", ours.filter, beside, times.filter, change)
    yield _figure(f"{what}: from another page", ours.again, "", [], warm)
    yield _figure(f"{what}: an order by another column", ours.order, "", [], change)
    yield Figure(f"{what}: memory of the server", ours.memory, aim=Aim(memory, "ours"), unit="B")


def _figure(what: str, ours: list[float], beside: str, theirs: list[float], aim: float) -> Figure:
    return Figure(
        what, statistics.median(ours), beside, statistics.median(theirs) if theirs else None, Aim(aim, "ours")
    )


def looked(
    browser: Any,
    url: str,
    repeats: int,
    shows: Callable[[Any], object],
    filters: Callable[[Any, int], object] | None,
    orders: Callable[[Any, int], object] | None,
    again: Callable[[Any], float] | None = None,
) -> Times:
    """How long one browser waits: the first page of all, then others like it, then filters and orders on the last."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE)
    times = Times()
    for number in range(repeats + 1):
        page = context.new_page()
        page.wait_for_timeout(REST)
        begin = time.perf_counter()
        page.goto(url, wait_until="commit")
        shows(page)
        seconds = time.perf_counter() - begin
        if number:
            times.warm.append(seconds)
        else:
            times.cold = seconds
        page.wait_for_timeout(1500)
        if number < repeats:
            page.close()
    for number in range(repeats if filters else 0):
        times.filter.append(seconds_of(lambda number=number: filters(page, number)))
        page.wait_for_timeout(700)
    for number in range(repeats if orders else 0):
        times.order.append(seconds_of(lambda number=number: orders(page, number)))  # type: ignore[misc]
        page.wait_for_timeout(700)
    times.again = [again(page) for _ in range(repeats if again else 0)]
    context.close()
    return times


def seconds_of(act: Callable[[], object]) -> float:
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


# -- ours ---------------------------------------------------------------------------------------------------------


def ours_shows(page: Any) -> None:
    page.wait_for_function(DRAWN, polling="raf")


def ours_again(page: Any) -> float:
    """Seconds of a click that leads here from the Overview."""
    page.get_by_role("link", name="Overview").first.click()
    page.wait_for_timeout(REST)
    runs = page.get_by_role("link", name="Runs", exact=True).first
    seconds = seconds_of(lambda: (runs.click(), ours_shows(page)))
    page.wait_for_timeout(700)
    return seconds


def ours_filters(page: Any, number: int) -> None:
    """Another filter each time."""
    before = page.evaluate(GRID)
    page.locator(".st-key-filter input").fill(f"metrics.m0 > 0.{number + 1} and status = 'FINISHED'")
    page.keyboard.press("Enter")
    ours_drew(page, before)


def ours_orders(page: Any, number: int) -> None:
    """A click on a header, once here and once there."""
    before = page.evaluate(GRID)
    box = page.wait_for_function(BOX).json_value()
    page.mouse.click(box["x"] + (60, 420)[number % 2], box["y"] + 17)
    ours_drew(page, before)


def ours_drew(page: Any, before: str) -> None:
    """Wait for another grid than the one before, with runs in it."""
    page.wait_for_function(
        f"before => {{ const now = {GRID}; return now && now !== before && document.querySelector('{CELL}'); }}",
        arg=before,
    )


# -- MLflow's -----------------------------------------------------------------------------------------------------


@contextmanager
def mlflow_serving(options: Options, folder: Path, rows: int) -> Iterator[str]:
    """MLflow's interface of a SQLite store with the same runs, params and metrics."""
    assert options.mlflow is not None
    store = folder / "mlflow.db"
    child(SCRIPTS / "mlflow_store.py", store, rows, 8, 8, python=options.mlflow, DO_NOT_TRACK="true")
    port = free_port()
    command = [options.mlflow, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    with _answering([*command, "--backend-store-uri", f"sqlite:///{store}"], folder / "mlflow.log", port) as url:
        yield url


def theirs_shows(page: Any) -> None:
    page.get_by_text("gbm depth").first.wait_for()


def mlflow_filters(page: Any, number: int) -> None:
    """Another filter each time, until the runs it finds are asked for and drawn."""
    box = page.locator("input[type=search]").first
    box.fill(f"metrics.m0 > 0.{number + 1} and attributes.status = 'FINISHED'")
    with page.expect_response(lambda answer: "runs/search" in answer.url):
        box.press("Enter")
    theirs_shows(page)


# -- Trackio's ----------------------------------------------------------------------------------------------------


@contextmanager
def trackio_serving(options: Options, folder: Path, rows: int) -> Iterator[str]:
    """Trackio's dashboard of a project with the same runs, params and metrics."""
    assert options.trackio is not None
    environment = {"TRACKIO_DIR": str(folder / "trackio"), "HF_HUB_OFFLINE": "1"}
    child(SCRIPTS / "trackio_store.py", rows, 8, 8, python=options.trackio, **environment)
    port = free_port()
    shown = f"import trackio; trackio.show('benchmark', open_browser=False, block_thread=True, server_port={port})"
    with _answering([options.trackio, "-c", shown], folder / "trackio.log", port, environment) as url:
        yield url


# -- both ---------------------------------------------------------------------------------------------------------


@contextmanager
def _answering(
    command: Sequence[str], log: Path, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """A server of another tracker, from its first answer on."""
    url = f"http://127.0.0.1:{port}"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=log.parent, env={**os.environ, **(environment or {})}
        )
    try:
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(url, timeout=1):
                break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()
