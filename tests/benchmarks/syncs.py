"""A sync that brings one new run, and one that updates a run, beside copying the file and beside openpyxl."""

from __future__ import annotations

import itertools
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl

from benchmarks.measure import Aim, Figure, Found, Note, Options, Work, bare_copy, medians, timed
from benchmarks.workbooks import columns, registry, value, workbook
from tracker.folders import Folders
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.syncing.sync import sync
from tracker.xlsx import codec

COPY = "copy, fsync, rename"


def measure(options: Options) -> Found:
    for rows in options.sizes:
        with options.scratch() as folder:
            yield from _syncs(options, folder, rows)
    with options.scratch() as folder:
        yield from _long_history(options, folder)


def _syncs(options: Options, folder: Path, rows: int) -> Found:
    desk = Desk(options, folder, rows)
    repeats = options.repeats({1_000: 21, 10_000: 11}.get(rows, 7))
    few = options.repeats(3 if rows > 10_000 else 7)
    last, middle, first = rows - 1, rows // 2, 0

    seconds = medians({"first": desk.first, "copy": desk.copy, "zlib": without_isal(desk.first)}, few)
    yield Figure(f"new run, {rows:,} runs, after a person's save", seconds["first"], COPY, seconds["copy"])
    yield Figure(f"new run, {rows:,} runs, after a person's save, no isal", seconds["zlib"], COPY, seconds["copy"])
    desk.first()
    works = {
        "new": desk.new_run,
        "last": partial(desk.update, last),
        "middle": partial(desk.update, middle),
        "first": partial(desk.update, first),
        "copy": desk.copy,
        "new, zlib": without_isal(desk.new_run),
        "middle, zlib": without_isal(partial(desk.update, middle)),
        "first, zlib": without_isal(partial(desk.update, first)),
    }
    seconds = medians(works, repeats)
    aim = {10_000: Aim(20), 100_000: Aim(4)}.get(rows)
    yield Figure(f"new run, {rows:,} runs", seconds["new"], COPY, seconds["copy"], aim)
    yield Figure(f"new run, {rows:,} runs, no isal", seconds["new, zlib"], COPY, seconds["copy"])
    aim = Aim(1.0, "ours") if rows == 100_000 else None
    for which in ("last", "middle", "first"):
        yield Figure(f"update of the {which} run, {rows:,} runs", seconds[which], COPY, seconds["copy"], aim)
    for which in ("middle", "first"):
        what = f"update of the {which} run, {rows:,} runs, no isal"
        yield Figure(what, seconds[f"{which}, zlib"], COPY, seconds["copy"])
    if rows > options.openpyxl:
        yield Note(f"openpyxl at {rows:,} runs takes minutes: --openpyxl {rows} measures it")
        return
    works = {"new": desk.new_run, "openpyxl": desk.openpyxl}
    slow = medians(works, options.repeats(5 if rows <= 1_000 else 1))
    aim = Aim(1 / 100) if rows == 10_000 else None
    yield Figure(f"new run, {rows:,} runs", seconds["new"], "openpyxl load, append, save", slow["openpyxl"], aim)


def _long_history(options: Options, folder: Path) -> Found:
    """The same when many change sets lie loose, and versions are thinned."""
    rows, count = min(options.sizes), options.repeats(250)
    desk = Desk(options, folder, rows)
    for _ in range(count):
        desk.new_run()
    seconds = medians({"new": desk.new_run, "copy": desk.copy}, options.repeats(21))
    yield Figure(f"new run, {rows:,} runs, after {count} syncs", seconds["new"], COPY, seconds["copy"])


class Desk:
    """A registry and what is done to it; whatever gives seconds is a :data:`Work`."""

    def __init__(self, options: Options, folder: Path, rows: int) -> None:
        self._source = workbook(options.folder, rows)
        self.path = registry(options, folder, rows)
        self._folders = Folders(self.path)
        self._written: dict[int, float] = {}
        self._numbers = itertools.count(1)

    def reset(self) -> None:
        """Back to what another program saved, without a history."""
        shutil.rmtree(self._folders.side, ignore_errors=True)
        shutil.copyfile(self._source, self.path)
        self._written = {}

    def log_new_run(self) -> None:
        number = next(self._numbers)
        cells = {name: value(number, name) for name in columns() if name not in ("run_id", "name")}
        self._log(Change("runs", (f"new-{number:06d}",), {**cells, "name": f"new run {number}"}, new=True))

    def log_update(self, row: int) -> None:
        metric = next(self._numbers) / 3
        was = self._written.get(row, value(row, "metrics.m0"))
        self._written[row] = metric
        self._log(Change("runs", (value(row, "run_id"),), {"metrics.m0": metric}, {"metrics.m0": was}))

    def first(self) -> float:
        """A new run into a workbook that another program saved."""
        self.reset()
        return self.new_run()

    def new_run(self) -> float:
        self.log_new_run()
        return self._sync(added=1)

    def update(self, row: int) -> float:
        self.log_update(row)
        return self._sync(changed=1)

    def copy(self) -> float:
        return timed(lambda: bare_copy(self.path, self.path.with_name("copy.xlsx")))

    def openpyxl(self) -> float:
        return timed(lambda: append_with_openpyxl(self.path, self.path.with_name("openpyxl.xlsx")))

    def _log(self, change: Change) -> None:
        writer = PendingWriter(self._folders.pending, who="benchmark")
        writer.append(change)
        writer.close()

    def _sync(self, added: int = 0, changed: int = 0) -> float:
        start = time.perf_counter()
        report = sync(self._folders)
        seconds = time.perf_counter() - start
        if (report.rows_added, report.rows_changed, report.conflicts) != (added, changed, ()):
            raise AssertionError(f"it did something else: {report}")
        return seconds


def append_with_openpyxl(source: Path, target: Path) -> None:
    book = openpyxl.load_workbook(source)
    sheet = book["runs"]
    sheet.append([value(0, name) for name in columns()])
    table = sheet.tables["runs"]
    start, _, end = table.ref.partition(":")
    table.ref = table.autoFilter.ref = f"{start}:{end.rstrip('0123456789')}{sheet.max_row}"
    book.save(target)


def without_isal(work: Work) -> Work:
    """The same work on a machine where isal is not installed."""

    def hidden() -> float:
        with _hidden("isal"):
            return work()

    return hidden


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    there: dict[str, Any] = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == package}
    forget: Callable[[], None] = codec._fast.cache_clear
    sys.modules |= dict.fromkeys({package, *there})
    forget()
    try:
        yield
    finally:
        del sys.modules[package]
        sys.modules |= there
        forget()
