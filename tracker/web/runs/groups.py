"""Runs in groups: how many there are with each value of a column, how they ended, how good they are. No streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracker.matching import sort_key
from tracker.settings import Settings
from tracker.values import key_text
from tracker.web.reading import columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BLANK = "(blank)"
MOST_METRICS = 3
"""Metrics of which each group says the best and the mean."""


def options(names: Sequence[str]) -> list[str]:
    """The columns by which runs can be grouped."""
    facts = ("experiment", "status", "owner", "git_branch", "git_commit", "source", "host", "python", "parent_run_id")
    others = [name for name in names if columns.group(name) in ("params", "tags", "yours") and name != "notes"]
    return [*(name for name in facts if name in names), *others]


def codes(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """For each value the number of its group, and the text of each group: 6 and ``"6"`` are one, blanks are one."""
    import numpy
    import pandas

    numbers, different = pandas.factorize(values, use_na_sentinel=True)
    texts = ["" if value is None or value != value else key_text(value) for value in different.tolist()]
    names = list(dict.fromkeys([*texts, ""]))
    places = {name: place for place, name in enumerate(names)}
    renamed: np.ndarray = numpy.array([*(places[text] for text in texts), places[""]])[numbers]
    return renamed, names


def within(values: pd.Series, text: str) -> np.ndarray:
    """Which values belong to the group of that text."""
    numbers, names = codes(values)
    inside: np.ndarray = numbers == (names.index(text) if text in names else -1)
    return inside


def grouped(found: pd.DataFrame, by: str, metrics: Sequence[str], settings: Settings) -> pd.DataFrame:
    """One row per group, the greatest first: its text, its runs, how they ended, the best and the mean of metrics.

    Columns: ``group``, ``runs``, ``finished``, ``failed`` (killed ones too), ``running``, then for each metric
    ``best NAME`` and ``mean NAME``, and ``latest``, the newest start.
    """
    import pandas

    numbers, names = codes(found[by])
    status = found["status"]
    table: dict[str, Any] = {
        "runs": pandas.Series(1, index=found.index),
        "finished": status == "FINISHED",
        "failed": status.isin(["FAILED", "KILLED"]),
        "running": status == "RUNNING",
    }
    groups = pandas.DataFrame(table).astype(int).groupby(numbers).sum()
    for metric in metrics[:MOST_METRICS]:
        held = found[metric].groupby(numbers)
        best = held.min() if settings.minimize(columns.short(metric)) else held.max()
        groups[f"best {columns.short(metric)}"] = best
        groups[f"mean {columns.short(metric)}"] = held.mean()
    groups["latest"] = found["start_time"].groupby(numbers).max()
    groups.insert(0, "group", [names[number] for number in groups.index])
    order = sorted(
        range(len(groups)), key=lambda row: (-groups["runs"].iloc[row], sort_key(groups["group"].iloc[row]) or (9, ""))
    )
    return groups.iloc[order].reset_index(drop=True)
