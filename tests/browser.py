"""The app in a browser: what the tests of whole journeys share. The fixtures ``chromium`` and ``app`` give one."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60_000
"""Milliseconds that a machine which does much else may take for a page, or for a server to come up or to end."""
ROW = 35
"""Pixels of a grid's row."""
WITHIN = 3.0
"""Seconds within which a page shows what happened elsewhere: two, and one for a busy machine."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The app of one registry in a browser."""

    page: Any
    registry: Path
    url: str
    outside: list[str]
    """Requests that left this machine."""

    def idle(self) -> None:
        """Wait until the page has been drawn; a machine with much to do begins that only after a while."""
        for pause in (200, 150):
            self.page.wait_for_timeout(pause)
            self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=PATIENCE)

    def open(self, address: str = "") -> None:
        """Go to a page by its address."""
        self.page.goto(self.url + address)
        self.page.wait_for_selector(".st-key-head", timeout=PATIENCE)
        self.idle()

    def has_cell(self, key: str, column: int, row: int, text: str) -> None:
        """Wait until a grid's cell says that."""
        cell = self.page.locator(f".st-key-{key} [data-testid=glide-cell-{column}-{row}]")
        cell.filter(has_text=text).first.wait_for(state="attached")

    def click_row(self, key: str, row: int, x: int) -> None:
        """Click into a grid's row, so many pixels from its left edge; 15 is the box that selects it."""
        box = self.page.locator(f".st-key-{key} canvas").first.bounding_box()
        self.page.mouse.click(box["x"] + x, box["y"] + ROW * (row + 1) + ROW // 2)
        self.idle()

    def button(self, name: str) -> None:
        """Click a button by its name."""
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.idle()


def note_outside(url: str, outside: list[str]) -> None:
    """Note a request that leaves this machine."""
    if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
        outside.append(url)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def served(registry: Path | None, folder: Path) -> Iterator[tuple[str, Path]]:
    """``streamlit run app.py -- registry`` on a free port, without one the sample; gives address and output."""
    port = free_port()
    log = folder / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}"]
    with open(log, "wb") as output:
        server = subprocess.Popen(
            [*command, *(["--", str(registry)] if registry else [])], stdout=output, stderr=output, cwd=folder
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, log)
            yield f"http://127.0.0.1:{port}", log
        finally:
            server.terminate()
            server.wait(PATIENCE / 1000)


@contextlib.contextmanager
def opened(chromium: Any, registry: Path, folder: Path) -> Iterator[Shown]:
    """The app of a registry in a new tab of a browser; the page as it was last seen is kept in the folder."""
    with served(registry, folder) as (url, log):
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        outside: list[str] = []
        page.on("request", lambda request: note_outside(request.url, outside))
        try:
            yield Shown(page, registry, url, outside)
        finally:
            # Looked at only where a test failed: pytest keeps the folders of the last three runs.
            page.screenshot(path=folder / "last-seen.png")
            print(log.read_text())
            page.close()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers that it is well."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"the server ended: {log.read_text()}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the server does not answer: {log.read_text()}")
