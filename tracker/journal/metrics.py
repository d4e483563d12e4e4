"""A run's ``metrics.csv``: every step of every metric, appended as it is logged, and summarised for the workbook.

The header is ``timestamp,step,metric,value``: milliseconds since 1970 UTC, a whole number or nothing, the name of the
metric, and the value as ``repr(float)`` writes it. A line is one ``os.write``, so it survives the death of the process;
a last line that a crash tore is neither counted nor believed.
"""

from __future__ import annotations

import csv
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tracker.settings import Settings
from tracker.values import to_cell

HEADER = b"timestamp,step,metric,value\n"
_TORN = b"?"
"""Closes a line that a crash tore: what stands before it is no number any more, so half a value is never believed."""
_TAIL = 200
"""Bytes by which the beginning of a file is known again."""
_PIECES = 50
"""Pieces in which a part of a large file is read."""


class MetricsWriter:
    """Appends the metrics of one run from one process; threads may share it, a fork opens its own.

    Making one touches no disk. What could not be written, because the disk is full, stays in memory and goes first with
    the next call.

    Raises:
        OSError: by every method; the folder cannot be written, or the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fields: dict[str, str] = {}
        self._unwritten = bytearray()
        self._lock = threading.RLock()
        self._file = -1

    @property
    def waiting(self) -> bool:
        """Something could not be written yet."""
        return bool(self._unwritten)

    def log(self, name: str, value: float, step: int | None = None, timestamp_ms: int | None = None) -> None:
        """Write one value; it is safe against the death of this process when this returns."""
        if timestamp_ms is None:
            timestamp_ms = time.time_ns() // 1_000_000
        name = self._fields.get(name) or self._field(name)
        self._write(f"{timestamp_ms},{'' if step is None else step},{name},{value!r}\n".encode())

    def log_many(self, values: Mapping[str, float], step: int | None = None, timestamp_ms: int | None = None) -> None:
        """Write several values of one step at once."""
        if timestamp_ms is None:
            timestamp_ms = time.time_ns() // 1_000_000
        start = f"{timestamp_ms},{'' if step is None else step},"
        known, field = self._fields.get, self._field
        lines = [f"{start}{known(name) or field(name)},{value!r}\n" for name, value in values.items()]
        self._write("".join(lines).encode())

    def flush(self) -> None:
        """Try again to write what had no room before."""
        if self._unwritten:
            self._write(b"")

    def close(self) -> None:
        """Let go of the file, after a last attempt to write what had no room; a later call opens it again."""
        with self._lock:
            self.flush()
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def open(self) -> None:
        """Open the file at once; otherwise the first value does."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o664)
        try:
            os.write(file, _beginning(file))
        except OSError:
            os.close(file)
            raise
        self._file = file

    def _field(self, name: str) -> str:
        """The name as a csv field on one line."""
        text = " ".join(name.splitlines()).encode("utf-8", "replace").decode()
        if "," in text or '"' in text:
            text = '"' + text.replace('"', '""') + '"'
        self._fields[name] = text
        return text

    def _write(self, line: bytes) -> None:
        with self._lock:
            unwritten = self._unwritten
            try:
                if self._file < 0:
                    self.open()
                if not unwritten:  # nearly always, and then one call takes it all
                    line = line[os.write(self._file, line) :]
            finally:
                unwritten += line
            while unwritten:
                del unwritten[: os.write(self._file, unwritten)]


def _beginning(file: int) -> bytes:
    """What must be written before the first line: the header of a new file, the end of a torn line."""
    size = os.lseek(file, 0, os.SEEK_END)
    if size == 0:
        return HEADER
    start = max(0, size - 65_536)
    os.lseek(file, start, os.SEEK_SET)
    torn = os.read(file, size - start).rpartition(b"\n")[2]
    if not torn:
        return b""
    # An open quotation mark would swallow the lines that follow in every program that reads csv.
    return _TORN + b'"' * (torn.count(b'"') % 2) + b"\n"


class Steps(NamedTuple):
    """Every value of every metric, as columns of equal length, in the order in which they were logged."""

    timestamp: list[int]
    """Milliseconds since 1970, UTC."""
    step: list[int | None]
    metric: list[str]
    value: list[float]


def read_steps(path: Path) -> Steps:
    """All values in a metrics.csv; empty columns where there is no file."""
    steps = Steps([], [], [], [])
    for timestamp, step, metric, value in steps_in(_whole_lines(path)):
        steps.timestamp.append(timestamp)
        steps.step.append(step)
        steps.metric.append(metric)
        steps.value.append(value)
    return steps


def each_step(path: Path) -> Iterator[tuple[int, int | None, str, float]]:
    """Timestamp, step, metric and value of all values in a metrics.csv, as they were logged; nothing without a file."""
    return steps_in(_whole_lines(path))


def some_steps(path: Path, room: int) -> Iterator[tuple[int, int | None, str, float]]:
    """As :func:`each_step`; of a file of more than ``room`` bytes evenly spaced pieces that are as large together.

    A file that cannot be read has none.
    """
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= room:
                pieces = [file.read()]
            else:
                pieces = []
                for number in range(_PIECES):
                    file.seek(number * (size - room // _PIECES) // (_PIECES - 1))
                    piece = file.read(room // _PIECES)
                    pieces.append(piece if number == 0 else piece[piece.find(b"\n") + 1 :])
    except OSError:
        return
    for piece in pieces:
        yield from steps_in(piece[: piece.rfind(b"\n") + 1])


@dataclass(slots=True)
class MetricSummary:
    """One metric of a run in a few numbers."""

    count: int
    last: float
    """The value at the greatest step; of several there, the one logged last. No step counts as step 0."""
    last_step: int | None
    min: float
    """The smallest value that is a number; NaN where none is."""
    max: float

    def add(self, step: int | None, value: float) -> None:
        """Count one more value, which was logged after all the others."""
        self.count += 1
        if (step or 0) >= (self.last_step or 0):
            self.last, self.last_step = value, step
        # A NaN that came first gives way to any number; a later one never wins.
        if value < self.min or self.min != self.min:
            self.min = value
        if value > self.max or self.max != self.max:
            self.max = value


def summarise(path: Path, offset: int = 0) -> tuple[dict[str, MetricSummary], dict[str, MetricSummary], int]:
    """Summaries by metric of the first ``offset`` bytes and of the whole file, and how many bytes that is.

    The bytes end with the last whole line. A file that is not there is empty.
    """
    content = _whole_lines(path)
    before = _summarised(path).up_to(content, offset)
    whole = {metric: replace(summary) for metric, summary in before.items()}
    _add(whole, content[offset:])
    return before, whole, len(content)


class _Beginning:
    """What was summarised of the beginning of a file. The next to ask goes on from there: a run of an hour is read
    whenever a page is drawn, and each time only what was logged since the last sync is new."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._length = 0
        self._tail = b""
        self._summaries: dict[str, MetricSummary] = {}

    def up_to(self, content: bytes, offset: int) -> dict[str, MetricSummary]:
        """The summaries of the first ``offset`` bytes of what is the file's content now."""
        with self._lock:
            # Another file may have come to its place; times and values of its last lines tell it from this one.
            goes_on = content.startswith(self._tail, self._length - len(self._tail))
            if offset < self._length or not goes_on:
                self._length, self._summaries = 0, {}
            _add(self._summaries, content[self._length : offset])
            self._length = min(offset, len(content))
            self._tail = content[max(self._length - _TAIL, 0) : self._length]
            return {metric: replace(summary) for metric, summary in self._summaries.items()}


@lru_cache(maxsize=64)
def _summarised(path: Path) -> _Beginning:
    return _Beginning()


def summary_cells(summaries: Mapping[str, MetricSummary], settings: Settings) -> dict[str, Any]:
    """The cells of the run's row, ``{"metrics.auc": 0.9, "metrics.auc.best": 0.95}``, as the settings ask for them.

    A metric that was logged under a name such as ``auc.best`` keeps its own value.
    """
    cells: dict[str, Any] = {}
    wanted = settings.words("metrics.summary")
    for metric, summary in summaries.items():
        numbers = {
            "best": summary.min if settings.minimize(metric) else summary.max,
            "min": summary.min,
            "max": summary.max,
        }
        for name in wanted:
            if name in numbers:
                cells[f"metrics.{metric}.{name}"] = to_cell(numbers[name], "number")
    if "last" in wanted:
        for metric, summary in summaries.items():
            cells[f"metrics.{metric}"] = to_cell(summary.last, "number")
    return cells


def _whole_lines(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    return content[: content.rfind(b"\n") + 1]


def steps_in(content: bytes) -> Iterator[tuple[int, int | None, str, float]]:
    """Timestamp, step, metric and value of whole lines; what is none (the header, a torn line) is passed over."""
    metrics: dict[bytes, str] = {}
    for line in content.split(b"\n"):
        try:
            if b'"' in line:
                timestamp, step, metric, value = _unquote(line)
            else:
                timestamp, step, name, value = line.split(b",")
                metric = metrics.get(name) or metrics.setdefault(name, name.decode("utf-8", "replace"))
            yield int(timestamp), int(step) if step else None, metric, float(value)
        except ValueError:
            continue


def _unquote(line: bytes) -> tuple[bytes, bytes, str, bytes]:
    """The four fields of a line whose metric stands in quotation marks; ValueError where there are not four."""
    (fields,) = csv.reader([line.decode("utf-8", "replace")])
    timestamp, step, metric, value = fields
    return timestamp.encode(), step.encode(), metric, value.encode()


def _add(summaries: dict[str, MetricSummary], content: bytes) -> None:
    for _, step, metric, value in steps_in(content):
        summary = summaries.get(metric)
        if summary is None:
            summaries[metric] = MetricSummary(1, value, step, value, value)
        else:
            summary.add(step, value)
