"""Ids of runs: unique without asking anybody, sorted by time, and of a form that Excel leaves alone."""

from __future__ import annotations

import os
from datetime import UTC, datetime


def new_run_id(now: float) -> str:
    """An id such as ``20261124-064512-3fa1c9``; ``now`` is seconds since 1970, UTC."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{os.urandom(3).hex()}"
