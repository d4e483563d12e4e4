"""What a chart draws of a metric: no peak is lost, whatever is left out; smoothing and axes as they are said to be."""

from __future__ import annotations

import math
from array import array

import numpy
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.journal.following import MetricSteps
from tracker.web.run.curve_chart import specification
from tracker.web.run.points import BUCKETS, Look, drawn, thinned
from tracker.web.run.run_metrics import SPARK, spark

numbers = st.floats(-1e6, 1e6)
seconds = st.floats(0, 1e6).map(lambda moment: round(moment, 6))
"""As clocks give them: no two moments lie closer together."""


def logged(values: list[float], steps: list[float] | None = None, times: list[int] | None = None) -> MetricSteps:
    steps = [float(place) for place in range(len(values))] if steps is None else steps
    times = [1000 * place for place in range(len(values))] if times is None else times
    return MetricSteps(array("q", times), array("d", steps), array("d", values))


@settings(deadline=None)
@given(st.lists(st.tuples(seconds, numbers), min_size=1, max_size=300), st.integers(1, 20))
def test_of_every_column_the_least_and_the_greatest_are_drawn(points: list[tuple[float, float]], buckets: int) -> None:
    points = sorted(points, key=lambda point: point[0])
    x, values = (numpy.array(column) for column in zip(*points, strict=True))
    kept = thinned(x, values, buckets)
    assert list(kept) == sorted(set(kept)) and len(kept) <= 2 * buckets + 2
    assert {0, len(x) - 1} <= set(kept)
    if x[-1] > x[0]:
        column = numpy.minimum((x - x[0]) / ((x[-1] - x[0]) / buckets), buckets - 1).astype(int)
        frame, drawn_frame = (pd.DataFrame({"c": column[at], "v": values[at]}) for at in (slice(None), kept))
        for extreme in ("min", "max"):
            assert frame.groupby("c")["v"].agg(extreme).equals(drawn_frame.groupby("c")["v"].agg(extreme))


def test_one_peak_among_a_million_values_is_drawn() -> None:
    values = numpy.zeros(1_000_000)
    values[654_321] = 7.0
    points = drawn(logged(list(values)), 0, Look()).points
    assert len(points) <= 2 * BUCKETS + 2
    assert points.loc[points["value"] == 7.0, "x"].tolist() == [654_321.0]


def test_a_zoom_shows_every_value_of_its_stretch_and_a_neighbour_on_each_side() -> None:
    steps = logged([float(place % 7) for place in range(100_000)])
    points = drawn(steps, 0, Look(zoom=(500, 600))).points
    assert points["x"].tolist() == [float(place) for place in range(499, 602)]
    assert drawn(steps, 0, Look(zoom=(200_000, 300_000))).points["x"].tolist() == [99_999.0]


def test_smoothing_is_the_mean_that_forgets_without_a_bias_at_the_start() -> None:
    values, weight = [3.0, 1.0, 4.0, 1.0, 5.0], 0.6
    expected, sums, weights = [], 0.0, 0.0
    for value in values:
        sums, weights = weight * sums + value, weight * weights + 1
        expected.append(sums / weights)
    points = drawn(logged(values), 0, Look(smoothing=weight)).points
    assert points["smooth"].tolist() == pytest.approx(expected)
    zoomed = drawn(logged(values), 0, Look(smoothing=weight, zoom=(3, 4))).points
    assert zoomed["smooth"].tolist() == pytest.approx(expected[2:]), "what lies before the stretch counts as before"


def test_the_axes() -> None:
    steps = logged([1.0, 2.0, 3.0], [math.nan, 20.0, 10.0], [5000, 6000, 8000])
    by_step = drawn(steps, 4000, Look())
    assert by_step.points[["x", "value"]].to_numpy().tolist() == [[10, 3], [20, 2]] and by_step.stepless == 1
    assert drawn(steps, 4000, Look(axis="time")).points["x"].tolist() == [1000, 2000, 4000]
    assert drawn(steps, 4000, Look(axis="clock")).points["x"].tolist() == [5000, 6000, 8000]
    without = logged([1.0, 2.0], [math.nan, math.nan])
    assert drawn(without, 0, Look()).points["x"].tolist() == [0, 1], "values without any step are counted"


def test_what_cannot_be_drawn_is_counted() -> None:
    values = [math.nan, math.inf, 0.0, -1.0, 2.0]
    assert drawn(logged(values), 0, Look()).undrawn == 2
    found = drawn(logged(values), 0, Look(log_y=True))
    assert found.undrawn == 4 and found.points["value"].tolist() == [2.0]
    assert drawn(logged([1.0, 2.0]), 0, Look(log_x=True)).undrawn == 1
    assert drawn(logged([]), 0, Look()).points.empty


def test_the_picture_stays_the_same_while_values_come_in() -> None:
    """So that a browser takes in new points and does not begin anew."""
    look = Look(axis="time", smoothing=0.5)
    assert specification(look, few=False) == specification(look, few=False)
    assert specification(look, few=True) != specification(look, few=False)
    zoomed = specification(Look(zoom=(1.0, 2.0)), few=False)["encoding"]["x"]["scale"]
    assert (zoomed["domainMin"], zoomed["domainMax"]) == ({"expr": "1.0"}, {"expr": "2.0"})


def test_a_small_picture_has_few_values_and_the_ends() -> None:
    assert spark(logged([1.0])) is None
    assert spark(logged([1.0, math.nan, 3.0])) == [1.0, 3.0]
    found = spark(logged([float(place) for place in range(10_000)]))
    assert found is not None and len(found) == SPARK and found[0] == 0 and found[-1] == 9999
