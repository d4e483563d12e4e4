"""Whether the metrics of one run are those of another: the same within a tolerance, or off by how much."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.journal.metrics import summarise

TOLERANCE = 1e-9
"""How far a metric may be off, relative to its value, where nobody says otherwise."""
_SUMMARIES = ("best", "min", "max")


@dataclass(frozen=True, slots=True)
class Expected:
    """The last value of a metric, and how far another may be off, relative to it."""

    metric: str
    value: float
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric of two runs."""

    expected: Expected
    value: float | None
    """None where the other run did not log it."""

    @property
    def agrees(self) -> bool:
        """Whether the value is the expected one, within its tolerance; NaN agrees with NaN."""
        wanted, value = self.expected.value, self.value
        if value is None:
            return False
        if math.isnan(wanted) or math.isnan(value):
            return math.isnan(wanted) and math.isnan(value)
        return math.isclose(wanted, value, rel_tol=self.expected.tolerance)

    @property
    def difference(self) -> float | None:
        """How much greater the value is than expected; None where it is missing."""
        return None if self.value is None else self.value - self.expected.value


def compare(expected: Sequence[Expected], values: Mapping[str, float]) -> tuple[Compared, ...]:
    """Each expected metric with the value that the other run has."""
    return tuple(Compared(one, values.get(one.metric)) for one in expected)


def metric_values(folders: Folders, row: Mapping[str, Any]) -> dict[str, float]:
    """The last value of each metric of a run: of its steps, and of its row where there are none."""
    values = {name: summary.last for name, summary in summarise(folders.metrics(str(row["run_id"])))[1].items()}
    logged = set(values)
    for column, value in row.items():
        name = column.removeprefix("metrics.")
        base, _, summary = name.rpartition(".")
        known = name in logged or (base in logged and summary in _SUMMARIES)
        if name != column and not known and isinstance(value, (int, float)) and not isinstance(value, bool):
            values[name] = float(value)
    return values


def read_tolerances(texts: Iterable[str]) -> dict[str, float]:
    """Tolerances by metric from ``auc=0.01``, ``*time*=inf``, or ``1e-6`` for all.

    Raises:
        BadRequestError: one is something else.
    """
    found = {}
    for text in texts:
        metric, sign, number = text.rpartition("=")
        try:
            tolerance = float(number)
        except ValueError:
            tolerance = math.nan
        if not tolerance >= 0:
            raise BadRequestError(reason=f"'{text}' is no tolerance: give a NUMBER, or METRIC=NUMBER.")
        found[metric if sign else "*"] = tolerance
    return found


def tolerance_of(metric: str, tolerances: Mapping[str, float]) -> float:
    """The tolerance of a metric: under its own name, else under the longest pattern with ``*`` that fits."""
    if metric in tolerances:
        return tolerances[metric]
    fitting = [pattern for pattern in tolerances if fnmatchcase(metric, pattern)]
    return tolerances[max(fitting, key=len)] if fitting else TOLERANCE
