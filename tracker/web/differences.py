"""What is different between runs: one line per column, those that differ first. No streamlit in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker.comparing.compare import alike, best
from tracker.settings import Settings
from tracker.web import columns, shown

if TYPE_CHECKING:
    import pandas as pd

GROUPS = ("metrics", "params", "tags", "yours", "run")
LEFT_OUT = ("run_id", "name", "end_time", "checklist")
"""What is different for every run anyway, or stands in the table's head."""


@dataclass(frozen=True, slots=True)
class Line:
    """One column of the runs table, for several runs."""

    column: str
    values: tuple[Any, ...]
    differs: bool
    best: tuple[int, ...] = ()
    """Which runs have the best value; only for metrics that differ."""


def differences(runs: pd.DataFrame, settings: Settings) -> dict[str, list[Line]]:
    """The lines by group; a column that is blank for all these runs has none."""
    groups: dict[str, list[Line]] = {}
    names = columns.grouped([str(column) for column in runs.columns])
    for group in GROUPS:
        lines = [
            _line(column, runs[column].tolist(), group, settings) for column in names[group] if column not in LEFT_OUT
        ]
        filled = [line for line in lines if not all(shown.is_blank(value) for value in line.values)]
        if filled:
            groups[group] = sorted(filled, key=lambda line: not line.differs)
    return groups


def _line(column: str, values: Sequence[Any], group: str, settings: Settings) -> Line:
    plain = [None if shown.is_blank(value) else value for value in values]
    differs = any(not alike(value, plain[0]) for value in plain[1:])
    stars = best(columns.short(column), plain, settings) if group == "metrics" else ()
    return Line(column, tuple(plain), differs, stars)


def cell(line: Line, place: int) -> str:
    """What stands in the table: the value, its distance from the first run's, and a star for the best."""
    value = line.values[place]
    if columns.group(line.column) == "metrics":
        text = shown.text(value)
        first = line.values[0]
        if place and line.differs and value is not None and first is not None and value != first:
            text += f"  ({'+' if value > first else '-'}{shown.number(abs(float(value) - float(first)))})"
        return f"★ {text}" if place in line.best else text
    if line.column == "duration":
        return shown.duration(value)
    return shown.NOTHING if value is None else shown.cut(shown.exact(value), 200)
