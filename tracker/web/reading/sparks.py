"""A metric's steps as the few values of a small curve in a grid. No streamlit in here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tracker.journal.metrics import some_steps

POINTS = 40
"""Values of a small curve: it is as many pixels wide, about."""
ROOM = 400_000
"""Bytes of a run's steps that are looked at, evenly spaced where there are more."""


def curve(path: Path, metric: str) -> list[float] | None:
    """A metric's values as they were logged, thinned; None where there are not two."""
    values = [value for _, _, name, value in some_steps(path, ROOM) if name == metric and value == value]
    return thinned(values) if len(values) > 1 else None


def thinned(values: Sequence[float], points: int = POINTS) -> list[float]:
    """At most so many of the values, evenly spaced, the first and the last among them."""
    if len(values) <= points:
        return list(values)
    return [values[round(number * (len(values) - 1) / (points - 1))] for number in range(points)]
