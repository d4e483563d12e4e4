"""Runs side by side as a table's cells: what differs first, groups over seeds by their mean. No streamlit in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tracker.comparing.compare import Kind, Line, alike, compare_facts
from tracker.comparing.seeds import Group
from tracker.comparing.sides import Side
from tracker.settings import Settings
from tracker.web.common import shown

if TYPE_CHECKING:
    import pandas as pd

GROUPS: dict[str, tuple[Kind, ...]] = {
    "metrics": ("metric",),
    "params": ("param",),
    "tags": ("tag",),
    "yours": ("note",),
    "run": ("run", "code"),
}
"""The tables of a comparison, and which lines stand in each."""
METRIC = "metrics."


@dataclass(frozen=True, slots=True)
class Spread:
    """How a metric is spread over the runs of a group."""

    deviation: float
    """The standard deviation of a sample."""
    least: float
    greatest: float
    runs: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands side by side: runs, or groups of them."""

    sides: tuple[Side, ...]
    spreads: Mapping[tuple[str, int], Spread] = field(default_factory=dict)
    """By metric and place, where a side is a group."""


def rows_of(runs: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as the rest of Tracker knows them: without what is blank."""
    return [
        {str(name): value for name, value in row.items() if not shown.is_blank(value)}
        for row in runs.to_dict("records")
    ]


def beside(rows: Sequence[Mapping[str, Any]], labels: Sequence[str], groups: Sequence[Group] = ()) -> Beside:
    """Each run as a side, or each group: its metrics are means, all else what its runs have in common."""
    if not groups:
        return Beside(tuple(Side(label, run) for label, run in zip(labels, rows, strict=True)))
    spreads: dict[tuple[str, int], Spread] = {}
    sides = []
    for place, group in enumerate(groups):
        runs = [rows[one] for one in group.places]
        merged: dict[str, Any] = {}
        for column in {column: None for run in runs for column in run}:
            values = [run.get(column) for run in runs]
            numbers = [float(value) for value in values if value is not None and _is_finite(value)]
            if (column.startswith(METRIC) or column == "duration") and len(runs) > 1 and numbers:
                merged[column] = sum(numbers) / len(numbers)
                if column.startswith(METRIC):
                    spreads[column.removeprefix(METRIC), place] = _spread(numbers)
            elif all(alike(value, values[0]) for value in values):
                merged[column] = values[0]
            else:
                merged[column] = _several(values)
        sides.append(Side(group.label, merged))
    return Beside(tuple(sides), spreads)


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and value - value == 0


def _spread(numbers: Sequence[float]) -> Spread:
    import statistics

    deviation = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    return Spread(deviation, min(numbers), max(numbers), len(numbers))


def _several(values: Sequence[Any]) -> str:
    """Values that are not the same: the few themselves, of many how many there are."""
    texts = list(dict.fromkeys(shown.text(value) for value in values))
    return ", ".join(texts) if len(texts) <= 3 and sum(map(len, texts)) <= 60 else f"{len(texts)} different"


def differences(sides: Sequence[Side], settings: Settings) -> dict[str, list[Line]]:
    """The lines of each table, those that differ first; a table without any is left out."""
    lines = compare_facts(sides, settings)
    found = {name: [line for line in lines if line.kind in kinds] for name, kinds in GROUPS.items()}
    return {name: sorted(own, key=lambda line: not line.differs) for name, own in found.items() if own}


def cell(line: Line, place: int, spread: Spread | None = None, *, reach: bool = False) -> str:
    """What stands in the table: the value, its distance from the first one's, and a star for the best.

    Of a group the mean with its standard deviation; with ``reach`` from the least to the greatest value.
    """
    value = line.values[place]
    if line.kind == "metric":
        text = shown.text(value)
        first = line.values[0]
        if spread is not None:
            text += (
                f"  [{shown.number(spread.least)} … {shown.number(spread.greatest)}]"
                if reach
                else f" ± {shown.number(spread.deviation)}"
            )
        elif place and line.differs and value is not None and first is not None and value != first:
            text += f"  ({'+' if value > first else '-'}{shown.number(abs(float(value) - float(first)))})"
        return f"★ {text}" if place in line.best else text
    if line.kind == "run" and line.name == "duration":
        return shown.duration(value)
    return shown.NOTHING if value is None else shown.cut(shown.exact(value), 200)
