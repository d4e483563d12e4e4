"""One metric of one run made into what a chart draws: x axis, smoothing, and no more points than a screen has columns.

No streamlit in here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy

from tracker.journal.following import MetricSteps
from tracker.web.reading.curves import smooth

if TYPE_CHECKING:
    import pandas as pd

Axis = Literal["step", "time", "clock"]
"""What runs along the x axis: the step, the time since the run's first value, or the time of day (UTC)."""

BUCKETS = 300
"""Columns of a chart in each of which the least and the greatest value are drawn."""


@dataclass(frozen=True, slots=True)
class Look:
    """How curves are to be drawn."""

    axis: Axis = "step"
    smoothing: float = 0.0
    """0 to 1: how much the values before count; see :func:`tracker.web.reading.curves.smooth`."""
    log_y: bool = False
    log_x: bool = False
    zoom: tuple[float, float] | None = None
    """From where to where on the x axis; None for the whole run."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One metric, ready to be drawn."""

    points: pd.DataFrame
    """x, value, smooth; sorted by x, which is a step, or milliseconds since the start or since 1970 UTC."""
    undrawn: int
    """Values that cannot be drawn: NaN, infinite, and on a logarithmic axis what is not above zero."""
    stepless: int
    """Values without a step beside others that have one: they have no place on an axis of steps."""


def drawn(steps: MetricSteps, start: int, look: Look) -> Drawn:
    """The points of one metric.

    Args:
        steps: its values.
        start: the moment from which time counts, in milliseconds since 1970 UTC.
        look: how it is to be drawn. Smoothing goes over all values, also those outside the zoom.
    """
    import pandas

    values = numpy.frombuffer(steps.values) if steps.values else numpy.empty(0)
    x = _x(steps, start, look.axis)
    placed = numpy.isfinite(x)
    drawable = placed & numpy.isfinite(values)
    if look.log_y:
        drawable &= values > 0
    if look.log_x:
        drawable &= x > 0
    stepless = int((~placed).sum())
    undrawn = int((~drawable).sum()) - stepless
    x, values = x[drawable], values[drawable]
    if (x[1:] < x[:-1]).any():
        order = numpy.argsort(x, kind="stable")
        x, values = x[order], values[order]
    smoothed = smooth(pandas.Series(values), look.smoothing).to_numpy()
    if look.zoom is not None:  # with a neighbour on each side, so that the line leaves the picture
        first = max(int(numpy.searchsorted(x, look.zoom[0])) - 1, 0)
        last = int(numpy.searchsorted(x, look.zoom[1], side="right")) + 1
        x, values, smoothed = x[first:last], values[first:last], smoothed[first:last]
    kept = thinned(numpy.log(x) if look.log_x else x, values)
    points = pandas.DataFrame({"x": x[kept], "value": values[kept], "smooth": smoothed[kept]})
    return Drawn(points, undrawn, stepless)


def _x(steps: MetricSteps, start: int, axis: Axis) -> Any:
    if not steps.values:
        return numpy.empty(0)
    if axis == "step":
        x = numpy.frombuffer(steps.steps)
        return numpy.arange(len(x), dtype=float) if numpy.isnan(x).all() else x
    times = numpy.frombuffer(steps.timestamps, dtype=numpy.int64).astype(float)
    return times if axis == "clock" else times - start


def thinned(x: Any, values: Any, buckets: int = BUCKETS) -> Any:
    """Which of many points are drawn: the ends, and in each column of the picture the least and the greatest.

    So no peak is lost, however narrow.

    Args:
        x: ascending.
        values: as many.
        buckets: how many columns of equal width there are.

    Returns:
        Ascending positions, at most twice the number of columns and two; all of them where there are no more.
    """
    if len(x) <= 2 * buckets:
        return numpy.arange(len(x))
    width = (x[-1] - x[0]) / buckets
    if not width > 0:
        column = numpy.zeros(len(x), dtype=numpy.int64)
    else:
        column = numpy.minimum((x - x[0]) / width, buckets - 1).astype(numpy.int64)
    begins = numpy.flatnonzero(numpy.diff(column, prepend=-1))
    lengths = numpy.diff(begins, append=len(x))
    kept = [numpy.array([0, len(x) - 1])]
    for extreme in (numpy.minimum.reduceat(values, begins), numpy.maximum.reduceat(values, begins)):
        hits = numpy.flatnonzero(values == numpy.repeat(extreme, lengths))
        kept.append(hits[numpy.unique(column[hits], return_index=True)[1]])
    return numpy.unique(numpy.concatenate(kept))
