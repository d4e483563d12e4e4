"""The most memory that a process holds that syncs once, beside a Python that does nothing."""

from __future__ import annotations

import sys

from benchmarks.measure import SCRIPTS, Figure, Found, Note, Options, child
from benchmarks.syncs import Desk


def measure(options: Options) -> Found:
    if not sys.platform.startswith("linux"):
        yield Note("memory is measured on Linux only")
        return
    rows = max(options.sizes)
    bare = _peak()
    with options.scratch() as folder:
        desk = Desk(options, folder, rows)
        desk.log_new_run()
        yield Figure(
            f"memory, new run, {rows:,} runs, after a person's save", _peak(desk), "bare Python", bare, unit="B"
        )
        desk.log_new_run()
        yield Figure(f"memory, new run, {rows:,} runs", _peak(desk), "bare Python", bare, unit="B")
        desk.log_update(0)
        yield Figure(f"memory, update of the first run, {rows:,} runs", _peak(desk), "bare Python", bare, unit="B")


def _peak(*desks: Desk) -> float:
    return float(child(SCRIPTS / "sync_once.py", *(desk.path for desk in desks)))
