"""Which runs the Runs page shows, in which order, and which part of them. No streamlit in here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker.reading.query import arrange, parse
from tracker.reading.query_parts import Name, Order
from tracker.settings import Settings
from tracker.web.reading import columns
from tracker.web.runs import groups

if TYPE_CHECKING:
    import pandas as pd

ROWS = 200
"""Runs on a page of the grid: what a browser is sent at each look."""
MOST_KEYS = 3
"""Columns by which runs are ordered at once."""


@dataclass(frozen=True, slots=True)
class Part:
    """One page of the runs that were found."""

    number: int
    """From 1."""
    pages: int
    first: int
    """Place of its first run among those found, from 0."""
    last: int
    """Place behind its last run."""

    def says(self, total: int) -> str:
        """``1–500 of 100,000``."""
        return f"{self.first + 1:,}–{self.last:,} of {total:,}"


def part(total: int, wanted: object) -> Part:
    """The page of that number, or the nearest there is."""
    pages = max(1, -(-total // ROWS))
    try:
        number = min(max(1, int(str(wanted))), pages)
    except ValueError:
        number = 1
    return Part(number, pages, (number - 1) * ROWS, min(number * ROWS, total))


# -- the order ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column by which runs are ordered; in an address ``-metrics.auc`` where its greatest values come first."""

    column: str
    descending: bool

    @classmethod
    def read(cls, text: str) -> SortKey:
        return cls(text.removeprefix("-"), text.startswith("-"))

    def __str__(self) -> str:
        return f"{'-' if self.descending else ''}{self.column}"

    @property
    def arrow(self) -> str:
        return "↓" if self.descending else "↑"

    def turned(self) -> SortKey:
        return SortKey(self.column, not self.descending)


NEWEST = SortKey(columns.NEWEST_BY, True)


def sort_keys(texts: Sequence[str], known: Collection[str]) -> list[SortKey]:
    """The columns of an order that are there, each once."""
    keys = {key.column: key for key in reversed([SortKey.read(text) for text in texts]) if key.column in known}
    return list(reversed(keys.values()))[:MOST_KEYS]


def best_first(column: str, settings: Settings) -> SortKey:
    """The order that a person most likely wants of a column: the best, the newest, the longest, or A to Z."""
    if columns.group(column) == "metrics":
        return SortKey(column, not settings.minimize(columns.short(column)))
    return SortKey(column, column in ("start_time", "end_time", "duration"))


def clicked(keys: Sequence[SortKey], column: str, settings: Settings) -> list[SortKey]:
    """The order after a click on a header: by that column, then the other way round, then as if nobody had clicked."""
    first = best_first(column, settings)
    if [key.column for key in keys] != [column]:
        return [first]
    return [first.turned()] if keys[0] == first else []


def words(key: SortKey, numeric: bool) -> str:
    """What an order of one column means: ``highest first``."""
    if key.column in ("start_time", "end_time"):
        return "newest first" if key.descending else "oldest first"
    if numeric:
        return "highest first" if key.descending else "lowest first"
    return "Z to A" if key.descending else "A to Z"


# -- the runs -----------------------------------------------------------------------------------------------------


def positions(
    runs: pd.DataFrame,
    query: str,
    experiments: Collection[str],
    keys: Sequence[SortKey],
    inside: tuple[str, str] | None = None,
) -> list[int]:
    """The places of the runs that a filter and the chosen experiments leave, in order; equal ones the newest first.

    Args:
        inside: only those of one group: the column, and the text of its values.

    Raises:
        QueryError: the filter cannot be understood, or names a column that is not there.
    """
    import numpy

    kept = numpy.ones(len(runs), dtype=bool)
    if experiments:
        kept &= runs["experiment"].isin(list(experiments)).to_numpy()
    if query.strip():
        kept &= numpy.array(parse(query).mask(runs), dtype=bool)
    if inside is not None:
        kept &= groups.within(runs[inside[0]], inside[1])
    places = numpy.flatnonzero(kept)
    wanted = [*keys, *([NEWEST] if all(key.column != NEWEST.column for key in keys) else [])]
    there = [key for key in wanted if key.column in runs.columns]
    some = runs[[key.column for key in there]]
    if len(places) < len(runs):
        some = some.iloc[places]
    orders = [Order(Name(key.column, 0, key.column), key.descending) for key in there]
    ordered: list[int] = places[arrange(some, orders)].tolist() if len(places) else []
    return ordered
