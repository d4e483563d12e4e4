"""What the server does before anybody comes: the pages are imported, and the registry is read."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tracker.errors import TrackerError
from tracker.web.entering.places import named_registry
from tracker.web.pages import PAGES

FIRST = ("overview", "runs")
"""Pages that are opened first."""
FINDERS = ("pandas", "python_calamine", "tracker.web.overview.feed", "tracker.web.reading.finding")
"""What workers import before they are asked anything."""


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """For Streamlit's server: it answers at once, while the rest is made ready beside it."""
    arguments, environment = sys.argv[1:], dict(os.environ)
    threading.Thread(target=_begin, args=(arguments, environment), name="tracker-ahead", daemon=True).start()
    yield
    from tracker.web.reading import data

    data.workers().stop()


def _begin(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    from tracker.web.reading import data

    data.workers().allow(FINDERS)
    prepare(arguments, environment)


def prepare(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Import what pages need and read the registry that is named; what is wrong with it, the pages say."""
    first = [entry for entry in PAGES if entry.address in FIRST]
    for entry in first:
        entry.load()
    named = named_registry(arguments, environment)
    if named is not None and named.is_file():
        with suppress(TrackerError):
            _read(named)
    for entry in PAGES:
        entry.load()


def _read(path: Path) -> None:
    """Read what the Overview shows, which is kept for all sessions."""
    from tracker.web.overview.later import MOST_RUNS
    from tracker.web.reading import data

    stamp = data.looks(path).asked("")
    runs = data.table(path, stamp, "runs")
    data.settings(path, stamp)
    if len(runs) <= MOST_RUNS:
        data.expiries(path, stamp)
        data.conflicts(path, stamp)
