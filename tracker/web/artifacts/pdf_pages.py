"""Pages of a PDF as pictures, drawn by a process of its own: what a file does to the one who reads it, it does there.

No streamlit in here. ``python -m tracker.web.artifacts.pdf_pages FILE NUMBER`` writes how many there are on one line,
then a PNG.
"""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

WIDTH = 1200
"""Pixels of a page."""
MOST_HEIGHT = 3000
SECONDS = 20.0
"""As long as a page may take."""
MOST_MEMORY = 2 << 30


@dataclass(frozen=True, slots=True)
class Page:
    """One page."""

    picture: bytes
    """As PNG."""
    pages: int
    """How many there are."""


def can_draw() -> bool:
    """Whether the package that draws them is installed."""
    return find_spec("pypdfium2") is not None


def page(path: Path, number: int) -> Page | None:
    """A page of a PDF, counted from 1; None where it is none, takes too long or cannot be drawn."""
    command = [sys.executable, "-m", "tracker.web.artifacts.pdf_pages", str(path), str(number)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, cwd=Path(__file__).parents[3])
    except (subprocess.TimeoutExpired, OSError):
        return None
    pages, _, picture = done.stdout.partition(b"\n")
    if done.returncode or not pages.isdigit() or not picture:
        return None
    return Page(picture, int(pages))


def _draw(path: Path, number: int) -> tuple[int, bytes]:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        drawn = document[min(max(number, 1), len(document)) - 1]
        width, height = drawn.get_size()
        scale = min(WIDTH / max(width, 1), MOST_HEIGHT / max(height, 1))
        target = io.BytesIO()
        drawn.render(scale=scale).to_pil().save(target, "PNG")
        return len(document), target.getvalue()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    _limit_memory()
    count, png = _draw(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.buffer.write(b"%d\n" % count + png)
