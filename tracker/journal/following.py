"""Follows a metrics.csv while it is written: each look reads only what was appended since the last one."""

from __future__ import annotations

import math
import os
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from tracker.journal.metrics import MetricSummary, steps_in

CHUNK = 8_000_000
"""Bytes read at a time, so that a long file is never in memory as text and as numbers at once."""


@dataclass(frozen=True, slots=True)
class MetricSteps:
    """Every value of one metric, as columns of equal length, in the order in which they were logged."""

    timestamps: array[int] = field(default_factory=lambda: array("q"))
    """Milliseconds since 1970, UTC."""
    steps: array[float] = field(default_factory=lambda: array("d"))
    """NaN for a value that was logged without a step."""
    values: array[float] = field(default_factory=lambda: array("d"))


class StepsFollower:
    """The metric steps of one run as far as they were logged. Threads may share it; making one touches no disk.

    A file that became shorter or was replaced, because somebody restored it, is read again from its start.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._forget()

    def _forget(self) -> None:
        self._file_id: tuple[int, int] | None = None
        self._read = 0
        self._steps: dict[str, MetricSteps] = {}
        self._summaries: dict[str, MetricSummary] = {}
        self._start = 0

    @property
    def read(self) -> int:
        """How many bytes of the file were read: two equal numbers mean that nothing was logged meanwhile."""
        return self._read

    @property
    def start(self) -> int:
        """The earliest timestamp of all metrics, in milliseconds since 1970 UTC; 0 where nothing was logged."""
        return self._start

    def look(self) -> None:
        """Read what was logged since the last look; a file that is not there is empty.

        Raises:
            OSError: the file cannot be read.
        """
        with self._lock, self._opened() as file:
            while file is not None and (content := self._next(file)):
                self._read += len(content)
                for timestamp, step, metric, value in steps_in(content):
                    with suppress(OverflowError):  # a step or time that is beyond all reason was never logged
                        self._add(timestamp, step, metric, value)

    @contextmanager
    def _opened(self) -> Iterator[BinaryIO | None]:
        """The file where reading goes on; None where it is not there or has not grown."""
        try:
            facts = os.stat(self.path)
        except FileNotFoundError:
            self._forget()
            yield None
            return
        file_id = (facts.st_dev, facts.st_ino)
        if file_id != self._file_id or facts.st_size < self._read:
            self._forget()
            self._file_id = file_id
        if facts.st_size == self._read:
            yield None
            return
        with open(self.path, "rb") as file:
            file.seek(self._read)
            yield file

    def _next(self, file: BinaryIO) -> bytes:
        """Whole lines, up to the last one that is there; empty at the end."""
        content = file.read(CHUNK)
        end = content.rfind(b"\n") + 1
        if not end and len(content) == CHUNK:  # no line of ours is so long: it is passed over
            return content
        if end < len(content):
            file.seek(self._read + end)
        return content[:end]

    def _add(self, timestamp: int, step: int | None, metric: str, value: float) -> None:
        at = math.nan if step is None else float(step)
        series = self._steps.get(metric) or self._steps.setdefault(metric, MetricSteps())
        series.timestamps.append(timestamp)
        series.steps.append(at)
        series.values.append(value)
        if metric in self._summaries:
            self._summaries[metric].add(step, value)
        else:
            self._summaries[metric] = MetricSummary(1, value, step, value, value)
        self._start = min(self._start or timestamp, timestamp)

    def summaries(self) -> dict[str, MetricSummary]:
        """Each metric in a few numbers, by name, in the order in which they were first logged."""
        with self._lock:
            return {metric: replace(summary) for metric, summary in self._summaries.items()}

    def steps(self, metric: str) -> MetricSteps:
        """Every value of a metric, as a copy that stays as it is; empty for one that was not logged."""
        with self._lock:
            series = self._steps.get(metric, MetricSteps())
            return MetricSteps(series.timestamps[:], series.steps[:], series.values[:])
