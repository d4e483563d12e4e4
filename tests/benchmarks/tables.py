"""What the profile of a large table costs: whoever waits for it, and the training that goes on beside it."""

from __future__ import annotations

import os
import shutil
from itertools import count
from pathlib import Path

from benchmarks.measure import Aim, Figure, Found, Note, Options, Work, medians, timed

ROWS = 10_000_000
STEPS = 30_000_000
"""Of a training that takes a second or two, in pure Python."""


def measure(options: Options) -> Found:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        yield Note("profiles of tables, which need pyarrow")
        return
    whole = options.share > 0.05  # else only to see that it runs
    rows, steps = (ROWS, STEPS) if whole else (2_000, 20_000)
    with options.scratch() as folder:
        table = folder / "large.csv"
        make(table, rows)
        yield from profile(options, table, rows)
        yield from training(options, folder, table, rows, steps)


def make(path: Path, rows: int) -> None:
    import numpy
    import pyarrow
    from pyarrow import csv

    random = numpy.random.default_rng(0)
    columns = {
        "id": numpy.arange(rows),
        "amount": random.lognormal(3, 1, rows).round(2),
        "age": random.integers(18, 90, rows),
        "city": numpy.array(["Berlin", "Bonn", "Rome", "Oslo"])[random.integers(0, 4, rows)],
    }
    csv.write_csv(pyarrow.table(columns), path)


def profile(options: Options, table: Path, rows: int) -> Found:
    import pandas

    from tracker.data.profile import profile_table

    works: dict[str, Work] = {
        "ours": lambda: timed(lambda: profile_table(table)),
        "pandas": lambda: timed(lambda: pandas.read_csv(table).describe(include="all")),
    }
    seconds = medians(works, options.repeats(5))
    yield Figure(
        f"profile of a CSV table of {rows:,} rows", seconds["ours"], "pandas describe", seconds["pandas"], Aim(1)
    )


def training(options: Options, folder: Path, table: Path, rows: int, steps: int) -> Found:
    """A training in pure Python, alone and while another process makes the profile of what it logged."""
    from tracker import store
    from tracker.contents.tasks import Task, start
    from tracker.folders import Folders

    folders, names = Folders(folder / "training.xlsx"), count()

    def alone() -> float:
        return timed(lambda: train(steps))

    def beside() -> float:
        stored = store.put(folders, table, f"table {next(names)}")
        process = start(folders, [Task(stored.artifact)])
        seconds = timed(lambda: train(steps))
        process.wait()
        shutil.rmtree(folders.artifacts / stored.name)
        return seconds

    seconds = medians({"alone": alone, "beside": beside}, options.repeats(5))
    what = f"a training while {rows:,} rows are profiled, {os.cpu_count()} processors"
    yield Figure(what, seconds["beside"], "the same alone", seconds["alone"], Aim(1.1))


def train(steps: int) -> float:
    weight = 0.0
    for step in range(steps):
        weight += step * 1e-9
    return weight
