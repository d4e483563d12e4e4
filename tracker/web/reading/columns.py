"""Which columns the grid of runs shows, and what they are called there. No streamlit in here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tracker.reading.query import arrange
from tracker.reading.query_parts import Name, Order
from tracker.reading.query_text import KEYWORDS
from tracker.schema import RUNS
from tracker.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

GROUPS = {
    "run": "The run",
    "params": "Params",
    "metrics": "Metrics",
    "tags": "Tags",
    "yours": "Yours",
}
"""The groups of the column chooser and their titles."""
FIRST, THEN = ("name", "status", "experiment", "start_time"), ("owner", "duration")
"""What is said of the run itself, before its metrics and after them: on a narrow screen one of them is seen, too."""
MOST = {"params": 6, "metrics": 6, "tags": 3, "yours": 4}
"""How many columns of a group are shown while nobody chose."""
_BARE = re.compile(r"[^\W\d][\w.\-/:@]*(?<!\.)")
WIDEST = 150
"""Pixels of the widest column of numbers."""
NEWEST_BY = "start_time"
NEWEST, OLDEST = "newest first", "oldest first"


def group(column: str) -> str:
    """The group that a column of the runs table belongs to."""
    for prefix in RUNS.open_prefixes:
        if column.startswith(prefix):
            return prefix.rstrip(".")
    declared = RUNS.column(column)
    return "yours" if declared is None or declared.writer == "person" or column == "notes" else "run"


def grouped(columns: Sequence[str]) -> dict[str, list[str]]:
    """The columns by group, in their own order; every group is there."""
    groups: dict[str, list[str]] = {name: [] for name in GROUPS}
    for column in columns:
        groups[group(column)].append(column)
    return groups


def short(column: str) -> str:
    """A column's name without its prefix, as its header shows it: ``auc``, ``depth``."""
    prefix = next((prefix for prefix in RUNS.open_prefixes if column.startswith(prefix)), "")
    return column.removeprefix(prefix)


def headers(columns: Sequence[str]) -> dict[str, str]:
    """The header of each column: short where that is unique, whole where a param and a metric share a name."""
    names = [short(column) for column in columns]
    return {column: name if names.count(name) == 1 else column for column, name in zip(columns, names, strict=True)}


def suitable(frame: pd.DataFrame) -> list[str]:
    """The columns to show while nobody chose: the run itself, then of each group those that say something here.

    A metric says something where it has a value; a param where it differs between the runs shown.
    """
    groups = grouped([str(column) for column in frame.columns])
    chosen = [column for column in FIRST if column in frame.columns]
    for name in ("metrics", "params", "tags", "yours"):
        filled = [column for column in groups[name] if frame[column].notna().any()]
        if name == "metrics":
            filled.sort(key=lambda column: -int(frame[column].notna().sum()))
        if name == "params":
            filled.sort(key=lambda column: not _differs(frame[column].dropna()))
        chosen += filled[: MOST[name]]
        if name == "metrics":
            chosen += [column for column in THEN if column in frame.columns]
    return chosen


def _differs(values: pd.Series) -> bool:
    first = str(values.iloc[0])
    return any(str(value) != first for value in values)


def example(runs: pd.DataFrame) -> str:
    """A filter that finds some of these runs, to show how one is written."""
    metrics = (str(name) for name in runs.columns if str(name).startswith("metrics."))
    metric = next((name for name in metrics if runs[name].notna().any()), None)
    if metric is None:
        return "status = 'FINISHED' and start_time >= '2026-01-01'"
    return f"{written(metric)} > {float(runs[metric].median()):.2g} and status = 'FINISHED'"


def written(column: str) -> str:
    """A column as a filter names it: ``metrics.auc``, ``metrics."val loss"``."""
    if _BARE.fullmatch(column) and column.lower() not in KEYWORDS:
        return column
    name = short(column)
    return column.removesuffix(name) + '"' + name.replace('"', '""') + '"'


def number_width(header: str, form: str | None, values: Iterable[Any]) -> int:
    """Pixels for a column of numbers: the grid itself looks at the first rows only."""
    decimals = int(form[2]) if form and form.endswith("f") else 0
    shown = (f"{value:.4g}" if form == "%.4g" else f"{value:.{decimals}f}" for value in values if value == value)
    return min(WIDEST, 30 + 8 * max(len(header), *map(len, shown), 3))


def orders(columns: Sequence[str], settings: Settings) -> dict[str, tuple[str, bool]]:
    """What the runs can be ordered by: a label, the column, and whether its greatest values come first."""
    found = {NEWEST: (NEWEST_BY, True), OLDEST: (NEWEST_BY, False)}
    names = headers(columns)
    for column in columns:
        if group(column) == "metrics":
            minimize = settings.minimize(short(column))
            found[f"{names[column]}, {'lowest' if minimize else 'highest'} first"] = (column, not minimize)
        elif column not in ("start_time", "status"):
            found[names[column]] = (column, column == "duration")
    return found


def arranged(frame: pd.DataFrame, order: tuple[str, bool]) -> pd.DataFrame:
    """The runs in that order; those without a value come last, equal ones the newest first."""
    wanted = [order, (NEWEST_BY, True)] if order[0] != NEWEST_BY else [order]
    there = [Order(Name(column, 0, column), descending) for column, descending in wanted if column in frame.columns]
    return frame.iloc[arrange(frame, there)]
