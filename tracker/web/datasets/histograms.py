"""How the values of a column are distributed, as the bars of a small picture. No streamlit in here."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tracker.data.columns import ColumnProfile

BARS = 16
_MOST_VALUES = 12
_LEAST_SHARE = 0.01
"""Where the most frequent value is rarer, there is nothing to see."""


def bars(column: ColumnProfile) -> list[float]:
    """Shares of the values, from small to great or the most frequent first; empty where there is nothing to draw."""
    return pair(column, column)[0]


def pair(left: ColumnProfile, right: ColumnProfile) -> tuple[list[float], list[float]]:
    """The same for two columns on the same scale, so that they can be compared bar by bar."""
    if left.grid and right.grid:
        if left.all_values and right.all_values and left.type != "date":
            places: Sequence[object] = sorted({value for value, _ in (*left.values, *right.values)})
            if len(places) <= _MOST_VALUES:
                return _of_values(left, places), _of_values(right, places)
        edges = _edges(left, right)
        return _of_grid(left.grid, edges), _of_grid(right.grid, edges)
    counts = dict(left.values), dict(right.values)
    # Of a column with many values only the most frequent are known: that one is not among them says nothing.
    known = [value for value in {**counts[0], **counts[1]} if _is_known(value, left) and _is_known(value, right)]
    ranked = sorted(known, key=lambda value: -(counts[0].get(value, 0) + counts[1].get(value, 0)))[:_MOST_VALUES]
    found = _of_values(left, ranked), _of_values(right, ranked)
    return found if max((*found[0], *found[1]), default=0.0) >= _LEAST_SHARE else ([], [])


def _is_known(value: object, column: ColumnProfile) -> bool:
    return column.all_values or any(value == one for one, _ in column.values)


def _edges(left: ColumnProfile, right: ColumnProfile) -> list[float]:
    """Equal steps between the 1st and the 99th percentile of both: what lies outside would squeeze all else."""
    ends = [one.quantile(share) for one in (left, right) for share in (0.01, 0.99)]
    known = [end for end in ends if end is not None and math.isfinite(end)]
    low, high = min(known), max(known)
    return [low + (high - low) * place / BARS for place in range(BARS + 1)]


def _of_grid(grid: Sequence[float], edges: Sequence[float]) -> list[float]:
    """The share of values between the edges, by the quantiles; those outside belong to the first and last bar."""
    import numpy

    if edges[0] == edges[-1]:
        return [1.0]
    values, last = numpy.unique(numpy.asarray(grid), return_index=False), len(grid) - 1
    shares = (numpy.searchsorted(numpy.asarray(grid), values, side="right") - 1) / last
    reached = numpy.interp(edges[1:-1], values, shares)
    return [round(float(share), 4) for share in numpy.diff(numpy.concatenate(([0.0], reached, [1.0])))]


def _of_values(column: ColumnProfile, values: Sequence[object]) -> list[float]:
    counts = dict(column.values)
    total = sum(column.buckets) if column.buckets else sum(counts.values())
    return [round(counts.get(value, 0) / total, 4) for value in values] if total else []
