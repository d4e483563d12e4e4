"""Eight processes that log 50 runs each into one registry at the same time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import tracker
from benchmarks.measure import Figure, Found, Options, child_environment, medians, scripts_in_git, timed
from benchmarks.workbooks import registry

PROCESSES = 8


def measure(options: Options) -> Found:
    runs = options.repeats(50)
    rows = min(options.sizes)
    counter = iter(range(1 << 30))
    with options.scratch() as folder:
        scripts = scripts_in_git(folder)

        def ours() -> float:
            own = folder / f"{next(counter)}"
            own.mkdir()
            path = registry(options, own, rows)
            seconds = timed(lambda: at_once([scripts / "runs_with_tracker.py", path, runs]))
            ids = tracker.open(path).runs()["run_id"]
            if len(ids) != rows + PROCESSES * runs or ids.duplicated().any():
                raise AssertionError(f"{len(ids) - rows} runs are there, {ids.duplicated().sum()} of them twice")
            return seconds

        def csv() -> float:
            own = folder / f"{next(counter)}.csv"
            seconds = timed(lambda: at_once([scripts / "runs_with_csv.py", own, runs]))
            assert own.read_bytes().count(b"\n") == PROCESSES * runs
            return seconds

        seconds = medians({"tracker": ours, "csv": csv}, options.repeats(3))
    what = f"{PROCESSES} processes by {runs} runs, {rows:,} runs in the workbook"
    yield Figure(what, seconds["tracker"], "a CSV line per run, under a file lock", seconds["csv"])


def at_once(command: Sequence[object]) -> None:
    arguments = [sys.executable, *map(str, command)]
    children = [subprocess.Popen(arguments, env=child_environment()) for _ in range(PROCESSES)]
    codes = [child.wait() for child in children]
    if any(codes):
        raise AssertionError(f"processes failed: {codes}")
