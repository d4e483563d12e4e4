"""A run that logs 100 steps a second of six metrics, looked at in Chromium: how late its curve is, and what that costs.

The last tenth of ten minutes stands beside the first: nothing may grow with the run.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, SCRIPTS, Aim, Figure, Found, Note, Options, child_environment

SECONDS = 600.0
LEAST_SECONDS = 15.0
RATE = 100
"""Steps a second, each with a value of six metrics."""
WARM = 5.0
"""Seconds at the start that do not count: the page is opened."""
WITHIN = Aim(2.0, "ours")
NO_GROWTH = Aim(1.5)

WATCH = """() => {
  window.seen = [];
  const told = () => {
    const heads = [...document.querySelectorAll('[data-testid=stMarkdown] p')];
    const head = heads.find(one => one.innerText.startsWith('elapsed'));
    return head ? parseFloat(head.innerText.split(/\\s+/)[1].replace(',', '')) : null;
  };
  const stroke = CanvasRenderingContext2D.prototype.stroke;
  CanvasRenderingContext2D.prototype.stroke = function (...path) {
    const last = window.seen.at(-1);
    if (this.canvas === document.querySelectorAll('.vega-embed')[1]?.querySelector('canvas')) {
      const value = told();
      if (value !== null && value !== last?.[1]) window.seen.push([Date.now() / 1000, value]);
    }
    return stroke.apply(this, path);
  };
}"""
"""Notes in the page when the second curve, that of the metric elapsed, was drawn further, and how far."""


@dataclass(frozen=True)
class Stretch:
    """What was seen during one stretch of the run."""

    lateness: float
    """The 95th percentile of how old the newest point of the curve became before a newer one was drawn; seconds."""
    worst: float
    server: float
    """Seconds of processor time that the server took for each second."""
    payload: float
    """Bytes that the page was sent in each second."""


def measure(options: Options) -> Found:
    """Figures of the last tenth of the run beside the first."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        yield Note("a run under way in the browser: playwright is not installed")
        return
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None or not Path("/proc/self/stat").exists():
        yield Note("a run under way in the browser: it takes Chromium, and Linux to tell the processor time")
        return
    seconds = max(SECONDS * options.share, LEAST_SECONDS)
    with options.scratch() as folder, sync_playwright() as started:
        path = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", folder / "registry.xlsx"))
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        first, last = watch(browser.new_page(viewport={"width": 1400, "height": 1000}), path, seconds)
        browser.close()
    beside = "the first tenth"
    run = f"{RATE} steps a second of 6 metrics for {seconds / 60:.3g} min"
    yield Figure(f"{run}: how old the curve gets, 95 %", last.lateness, beside, first.lateness, WITHIN)
    yield Figure(f"{run}: the oldest", last.worst, beside, first.worst, WITHIN)
    yield Figure(f"{run}: processor of the server a second", last.server, beside, first.server, NO_GROWTH)
    yield Figure(f"{run}: sent to the page a second", last.payload, beside, first.payload, NO_GROWTH, "B")


def watch(page: Any, registry: Path, seconds: float) -> tuple[Stretch, Stretch]:
    """The first and the last tenth of a run, as a page saw it."""
    sent: list[tuple[float, int]] = []
    page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda frame: sent.append((time.time(), len(frame))))
    )
    script = [sys.executable, str(SCRIPTS / "log_live.py"), str(registry), str(seconds + 120), str(RATE)]
    with (
        served(registry) as (url, server),
        subprocess.Popen(
            script, env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as logging,
    ):
        assert logging.stdout is not None
        run_id, begun = logging.stdout.readline().split()
        begin = float(begun)
        page.goto(f"{url}/run?run={run_id}")
        page.locator(".vega-embed canvas").nth(1).wait_for(timeout=60_000)
        page.evaluate(WATCH)
        warm, tenth = time.time() + WARM, max(seconds / 10, 4.0)
        end = time.time() + seconds
        marks = [_until(page, when, server) for when in (warm, warm + tenth, end - tenth, end)]
        seen = [(moment, moment - begin - told) for moment, told in page.evaluate("window.seen")]
        logging.terminate()
    return _stretch(seen, sent, *marks[:2]), _stretch(seen, sent, *marks[2:])


Mark = tuple[float, float]
"""A moment, and the processor time that the server had taken until then."""


def _until(page: Any, when: float, server: int) -> Mark:
    """That moment; on a busy machine a later one, so that the curve was drawn a few times in each stretch."""
    drawn = page.evaluate("window.seen.length")
    page.wait_for_timeout(max(when - time.time(), 0) * 1000)
    page.wait_for_function("least => window.seen.length >= least", arg=drawn + 3, timeout=60_000)
    # The fields after the name, which stands in parentheses; the 12th and 13th are ticks of a hundredth of a second.
    fields = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return time.time(), (int(fields[11]) + int(fields[12])) / 100


def _stretch(seen: list[tuple[float, float]], sent: list[tuple[float, int]], begin: Mark, end: Mark) -> Stretch:
    """Figures of the time between two marks; ``seen`` says when the curve was drawn and how late its end was then."""
    ages = [
        late + moment - before
        for (before, late), (moment, _) in pairwise(seen)
        if begin[0] <= before and moment <= end[0]
    ]
    if len(ages) < 2:
        raise RuntimeError("The curve did not follow the run at all.")
    length = end[0] - begin[0]
    payload = sum(size for moment, size in sent if begin[0] <= moment <= end[0])
    return Stretch(
        statistics.quantiles(ages, n=20, method="inclusive")[-1],
        max(ages),
        (end[1] - begin[1]) / length,
        payload / length,
    )


@contextmanager
def served(registry: Path) -> Iterator[tuple[str, int]]:
    """The app of a registry: its address and the id of its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}"]
    with subprocess.Popen(
        [*command, "--", str(registry)], env=child_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()
