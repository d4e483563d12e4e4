"""Curves of a group of runs as one: the mean at each step, and how far the runs are spread. No streamlit in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker.web.reading.curves import MOST_POINTS, Curve

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Band:
    """One metric of a group of runs."""

    label: str
    points: pd.DataFrame
    """x, mean, low, high, runs; sorted by x. ``runs`` says on how many curves a point rests."""


def band(label: str, curves: Sequence[Curve], *, reach: bool = False) -> Band:
    """The mean of some curves, as they are smoothed, with one standard deviation to both sides.

    Where curves have values at different steps, each is taken on the straight line between its own. Nothing is made up
    before a curve's first value or after its last.

    Args:
        reach: the band goes from the least to the greatest value instead.
    """
    import numpy
    import pandas

    drawn = [one.points for one in curves if len(one.points)]
    if not drawn:
        return Band(label, pandas.DataFrame({name: [] for name in ("x", "mean", "low", "high", "runs")}, dtype=float))
    every = numpy.unique(numpy.concatenate([points["x"].to_numpy(float) for points in drawn]))
    if len(every) > MOST_POINTS:
        every = numpy.linspace(every[0], every[-1], MOST_POINTS)
    values = numpy.full((len(drawn), len(every)), numpy.nan)
    for row, points in enumerate(drawn):
        last = points.drop_duplicates("x", keep="last")  # a step that was logged twice counts as it was logged last
        values[row] = numpy.interp(every, last["x"], last["smooth"], left=numpy.nan, right=numpy.nan)
    frame = pandas.DataFrame(values)
    mean, count = frame.mean(), frame.notna().sum()
    deviation = frame.std(ddof=1).fillna(0.0)
    low, high = (frame.min(), frame.max()) if reach else (mean - deviation, mean + deviation)
    found = pandas.DataFrame({"x": every, "mean": mean, "low": low, "high": high, "runs": count})
    return Band(label, found[found["runs"] > 0].reset_index(drop=True))
