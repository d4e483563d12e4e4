"""All runs into pandas, beside the other ways to get the same values out of a workbook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import fastexcel
import pandas
import python_calamine

import tracker
from benchmarks.measure import Aim, Figure, Found, Note, Options, medians, timed
from benchmarks.workbooks import registry

Reader = Callable[[Path], pandas.DataFrame]


def by_fastexcel(path: Path) -> pandas.DataFrame:
    return fastexcel.read_excel(path).load_table("runs").to_pandas()


def by_calamine(path: Path) -> pandas.DataFrame:
    with python_calamine.load_workbook(str(path), load_tables=True) as book:
        table = book.get_table_by_name("runs")
        return pandas.DataFrame(table.to_python(), columns=table.columns)


def by_pandas(path: Path) -> pandas.DataFrame:
    return pandas.read_excel(path, "runs", engine="calamine")


READERS: dict[str, Reader] = {
    "fastexcel": by_fastexcel,
    "python-calamine": by_calamine,
    "pandas, engine calamine": by_pandas,
}


def measure(options: Options) -> Found:
    sizes = [rows for rows in options.sizes if rows >= 10_000] or options.sizes
    for rows in sizes:
        with options.scratch() as folder:
            path = registry(options, folder, rows)
            tracker.open(path).sync()
            ours = tracker.open(path).runs()
            works = {"tracker": lambda path=path: timed(tracker.open(path).runs)}
            for name, reader in READERS.items():
                if other := unequal(ours, reader(path)):
                    yield Note(f"{name} gives other values in {', '.join(other)}: not compared")
                else:
                    works[name] = lambda path=path, reader=reader: timed(lambda: reader(path))
            del ours
            seconds = medians(works, options.repeats(9 if rows <= 10_000 else 3))
        mine = seconds.pop("tracker")
        for place, (name, reference) in enumerate(sorted(seconds.items(), key=lambda item: item[1])):
            aim = None if place else Aim(1.5)
            yield Figure(f"reading {rows:,} runs into pandas", mine, name, reference, aim)


def unequal(ours: pandas.DataFrame, theirs: pandas.DataFrame) -> list[str]:
    """The columns in which another reader gives other values; how blanks and types are shown does not count."""
    return [name for name in theirs.columns if list(_plain(ours[name])) != list(_plain(theirs[name]))]


def _plain(column: Any) -> Any:
    if pandas.api.types.is_datetime64_any_dtype(column.dtype):
        times = column.dt.tz_localize(None) if column.dt.tz is not None else column
        return times.dt.round("ms").astype("datetime64[ms]").astype("int64")
    if pandas.api.types.is_object_dtype(column.dtype) and isinstance(column.iloc[0], date):  # midnights come as dates
        return _plain(pandas.to_datetime(column))
    return column.astype(object).where(column.notna() & (column != ""), None)
