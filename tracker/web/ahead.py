"""What the server does before anybody comes: the pages are imported, and the runs of its registry are read."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.web.pages import PAGES
from tracker.web.places import named_registry

FIRST = ("overview", "runs")
"""Pages that are opened first."""


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """For Streamlit's server: it answers at once, while the rest is made ready beside it."""
    arguments, environment = sys.argv[1:], dict(os.environ)
    threading.Thread(target=prepare, args=(arguments, environment), name="tracker-ahead", daemon=True).start()
    yield


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
    from tracker.web import data, watch

    data.table(path, watch.stamp(Folders(path), time.time()), "runs")
