"""A run's metric steps made ready for drawing: x axis, smoothing, thinning. No streamlit in here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tracker.web.common.shown import count

if TYPE_CHECKING:
    import pandas as pd

Axis = Literal["step", "time"]
MOST_POINTS = 600
"""Points of one curve that are drawn: more than a screen has columns for would only make it slow."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric of one run, ready to be drawn."""

    metric: str
    label: str
    """Which run it is."""
    points: pd.DataFrame
    """x, value, smooth; sorted by x."""
    undrawn: int
    """Values that cannot be drawn: NaN, infinite, and on a logarithmic axis those not above zero."""
    stepless: int = 0
    """Values without a step beside others that have one: they have no place on an axis of steps."""


def without_step(values: int) -> str | None:
    """What there is to know of values that have no place on an axis of steps."""
    return f"{count(values, 'value')} without a step: choose the axis Time to see it all." if values else None


def metrics_with_curves(history: pd.DataFrame) -> list[str]:
    """The metrics that were logged more than once, by name."""
    counts = history.groupby("metric", sort=True)["value"].size()
    return [str(metric) for metric in counts.index[counts > 1]]


def curve(
    history: pd.DataFrame,
    metric: str,
    label: str,
    *,
    axis: Axis = "step",
    smoothing: float = 0.0,
    log: bool = False,
    most: int = MOST_POINTS,
) -> Curve:
    """One metric out of a run's history; time counts in seconds from the first value that the run logged."""
    import numpy
    import pandas

    rows = history.loc[history["metric"] == metric]
    if axis == "time":
        x = (rows["timestamp"] - history["timestamp"].min()).dt.total_seconds()
    elif rows["step"].notna().any():
        x = rows["step"]
    else:
        x = pandas.Series(range(len(rows)), index=rows.index)
    stepless = int(x.isna().sum())
    points = rows[["value"]].assign(x=x.astype(float)).dropna(subset="x").sort_values("x", kind="stable")
    drawable = numpy.isfinite(points["value"])
    if log:
        drawable &= points["value"] > 0
    undrawn = int((~drawable).sum())
    points = points.loc[drawable, ["x", "value"]].reset_index(drop=True)
    points["smooth"] = smooth(points["value"], smoothing)
    return Curve(metric, label, thin(points, most), undrawn, stepless)


def smooth(values: pd.Series, weight: float) -> pd.Series:
    """A running mean that forgets: each value counts ``weight`` times as much as the next; 0 changes nothing."""
    return values if weight <= 0 or values.empty else values.ewm(alpha=1 - min(weight, 0.999), adjust=True).mean()


def thin(points: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most that many points: of each stretch its least and greatest value, so that no peak is lost."""
    if len(points) <= most:
        return points
    import numpy

    stretch = numpy.arange(len(points)) * (most // 2 - 1) // len(points)
    groups = points.groupby(stretch)["value"]
    kept = {0, len(points) - 1, *groups.idxmin(), *groups.idxmax()}
    return points.loc[sorted(kept)].reset_index(drop=True)


def time_unit(seconds: float) -> tuple[float, str]:
    """In which unit a stretch of time is best counted: its length in seconds, and its name."""
    return (3600.0, "hours") if seconds >= 7200 else (60.0, "minutes") if seconds >= 120 else (1.0, "seconds")


def distinct_labels(names: dict[str, str]) -> dict[str, str]:
    """A label for each run id: its name, with the end of its id where several runs share the name."""
    counts = Counter(names.values())
    return {run_id: f"{name} ({run_id[-6:]})" if counts[name] > 1 else name for run_id, name in names.items()}
