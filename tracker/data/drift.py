"""What changed between two tables: columns that came, went or changed type, and columns whose values drifted.

Two profiles are enough, so the tables themselves may be gone or far away. For each column the following are compared:

* numbers and dates: two-sample Kolmogorov–Smirnov. The distance D is computed from the profiles' quantiles, as the
  least that it can be: at most 0.02 below the true one (0.1 in tables of more than 1,000 columns, whose profiles are
  coarser), and exact for up to 100 rows.
* few different values, booleans and texts: chi-square over the values, or over hash buckets of texts where there are
  more than 50; rare values are pooled. The effect is the share of rows that would have to change, less what chance
  alone makes of it, which is much where values are many and rows few.
* the share of missing values, and of values that are not of the column's type: chi-square.

A difference counts as drift if it is both of these:

* hardly chance: p < 0.001, corrected for the number of tests by Benjamini–Hochberg. So where nothing has changed, about
  one comparison in a thousand claims something, however many columns there are. Between random halves of seven data
  sets (150 to 5,000 rows, 5 to 65 columns) it was 3 of 5,600, and none in the 200 splits of each that the tests make.
* large enough to matter: an effect of at least 0.1 (a tenth of the rows moved; a shift of a normal distribution by a
  quarter of its standard deviation; about where the usual reading of the PSI begins to speak of a change), or two
  percentage points of missing or odd values. With millions of rows everything else would be significant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tracker.data.columns import ColumnProfile
from tracker.data.profile import Profile, profile_table
from tracker.data.sample import LIMIT_ROWS
from tracker.errors import MissingPackageError

ALPHA = 0.001
"""Corrected p-values below this are hardly chance."""
LEAST_EFFECT = 0.1
"""The least difference of values that matters: a share of the rows."""
LEAST_SHARE = 0.02
"""The least difference in the share of missing or odd values that matters."""
_FEW = 20
"""Integers with no more different values are compared value by value."""
_EXPECTED = 5.0
"""The least expected count of a group for which chi-square holds."""
_FAMILY = {"integer": "number"}
_BY_QUANTILE, _BY_VALUE = "Kolmogorov–Smirnov", "chi-square"

What = Literal["values", "missing", "strays"]


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One comparison of one column."""

    column: str
    what: What
    """Its values, the share that is missing, or the share that is not of its type (infinite numbers too)."""
    test: str
    effect: float
    """0 to 1: D for numbers and dates, otherwise the share of rows that would have to change, less that by chance."""
    p: float
    """Corrected for the number of tests."""
    drifted: bool
    left: ColumnProfile
    right: ColumnProfile
    psi: float | None = None
    """Population stability index over the left side's deciles or values, for those who are used to it."""


@dataclass(frozen=True, slots=True)
class Retyped:
    """A column whose type changed; its values are not compared."""

    column: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class DataComparison:
    """What changed from the left table to the right one."""

    left: Profile
    right: Profile
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: tuple[Retyped, ...] = ()
    tests: tuple[ColumnDrift, ...] = ()
    """Every comparison: those that count as drift first, each group by the size of its effect."""
    refused: str = ""
    """Why nothing was compared."""

    @property
    def drifted(self) -> tuple[ColumnDrift, ...]:
        return tuple(test for test in self.tests if test.drifted)

    @property
    def unseen(self) -> dict[str, tuple[Any, ...]]:
        """By column, values on the right that do not occur on the left, where all values of both sides are known.

        A model has never seen them, but that is no drift: of any two halves, one may have the only rare value.
        """
        found = {}
        for test in self.tests:
            if test.what == "values" and test.test == _BY_VALUE and test.left.all_values and test.right.all_values:
                known = {value for value, _ in test.left.values}
                if new := tuple(value for value, _ in test.right.values if value not in known):
                    found[test.column] = new
        return found

    @property
    def changed(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.added or self.removed or self.retyped or self.drifted)


def compare_tables(left: Any, right: Any, limit_rows: int = LIMIT_ROWS) -> DataComparison:
    """What changed between two tables, given as files or data frames; read as :func:`profile_table` reads them.

    Raises:
        MissingPackageError: pyarrow or scipy is not installed.
    """
    return compare_profiles(profile_table(left, limit_rows), profile_table(right, limit_rows))


def compare_profiles(left: Profile, right: Profile) -> DataComparison:
    """What changed between the tables of two profiles.

    Raises:
        MissingPackageError: scipy is not installed.
    """
    if left.refused or right.refused:
        return DataComparison(left, right, refused=left.refused or right.refused)
    ours = {column.name: column for column in left.columns}
    theirs = {column.name: column for column in right.columns}
    both = [(column, theirs[name]) for name, column in ours.items() if name in theirs]
    retyped = [Retyped(one.name, one.type, other.type) for one, other in both if _retyped(one, other)]
    tests = [test for one, other in both for test in _tests(one, other, left.read, right.read)]
    return DataComparison(
        left,
        right,
        added=tuple(name for name in theirs if name not in ours),
        removed=tuple(name for name in ours if name not in theirs),
        retyped=tuple(retyped),
        tests=tuple(sorted(_judged(tests), key=lambda test: (not test.drifted, -test.effect))),
    )


def _family(column: ColumnProfile) -> str:
    return _FAMILY.get(column.type, column.type)


def _retyped(left: ColumnProfile, right: ColumnProfile) -> bool:
    """Integers that became decimals, and columns without any values, have not changed type."""
    return "empty" not in (left.type, right.type) and _family(left) != _family(right)


def _judged(tests: Sequence[ColumnDrift]) -> list[ColumnDrift]:
    """The tests with their p-values corrected, and the verdict."""
    if not tests:
        return []
    corrected = _stats().false_discovery_control([test.p for test in tests], method="bh")
    judged = []
    for test, p in zip(tests, corrected.tolist(), strict=True):
        least = LEAST_EFFECT if test.what == "values" else LEAST_SHARE
        judged.append(replace(test, p=p, drifted=p < ALPHA and test.effect >= least))
    return judged


def _tests(left: ColumnProfile, right: ColumnProfile, left_rows: int, right_rows: int) -> Iterator[ColumnDrift]:
    present = left_rows - left.missing, right_rows - right.missing
    yield from _share("missing", left, right, (left.missing, right.missing), (left_rows, right_rows))
    if _family(left) != _family(right):
        return
    odd = left.strays + left.infinite, right.strays + right.infinite
    yield from _share("strays", left, right, odd, present)
    if left.grid and right.grid and not _few(left, right):
        regular = present[0] - odd[0], present[1] - odd[1]
        effect = least_distance(left.grid, regular[0], right.grid, regular[1])
        size = round(regular[0] * regular[1] / (regular[0] + regular[1]))
        p = float(_stats().kstwo.sf(effect, size)) if effect > 0 and size else 1.0
        psi = _psi(*_decile_shares(left.grid, right.grid))
        yield ColumnDrift(left.name, "values", _BY_QUANTILE, effect, p, False, left, right, psi)
    elif left.type != "other":
        yield from _counts("values", left, right, *_value_counts(left, right))


# -- counts -----------------------------------------------------------------------------------------------------


def _share(
    what: What, left: ColumnProfile, right: ColumnProfile, counts: tuple[int, int], of: tuple[int, int]
) -> Iterator[ColumnDrift]:
    if any(counts) and all(of):
        pairs = [[counts[0], of[0] - counts[0]], [counts[1], of[1] - counts[1]]]
        yield from _counts(what, left, right, pairs[0], pairs[1])


def _few(left: ColumnProfile, right: ColumnProfile) -> bool:
    few = all(len(one.values) <= _FEW and len(one.values) == one.distinct for one in (left, right))
    return few and left.type == right.type == "integer"


def _value_counts(left: ColumnProfile, right: ColumnProfile) -> tuple[list[int], list[int]]:
    """How often each value occurs on either side; where there are too many, each hash bucket."""
    if left.buckets and right.buckets and not (left.all_values and right.all_values):
        return list(left.buckets), list(right.buckets)
    ours, theirs = dict(left.values), dict(right.values)
    names = list(dict.fromkeys([*ours, *theirs]))
    return [ours.get(name, 0) for name in names], [theirs.get(name, 0) for name in names]


def _counts(
    what: What, left: ColumnProfile, right: ColumnProfile, ours: Sequence[int], theirs: Sequence[int]
) -> Iterator[ColumnDrift]:
    """Chi-square over the counts, if there are enough for it to hold."""
    import numpy

    counts = numpy.array([ours, theirs], dtype=float).reshape(2, -1)
    if not counts.size or not counts.sum(axis=1).all():
        return
    groups = _pooled(counts)
    if groups.shape[1] < 2:
        return
    p = float(_stats().chi2_contingency(groups)[1])
    shares = groups / groups.sum(axis=1, keepdims=True)
    moved = float(abs(shares[0] - shares[1]).sum() / 2)
    effect = max(0.0, moved - _by_chance(groups))
    yield ColumnDrift(left.name, what, _BY_VALUE, effect, p, False, left, right, _psi(shares[0], shares[1]))


def _by_chance(groups: Any) -> float:
    """The share of rows that would seem to have moved on average if both sides were drawn from the same values."""
    import numpy

    share = groups.sum(axis=0) / groups.sum()
    variance = share * (1 - share) * (1 / groups.sum(axis=1)).sum()
    return float(numpy.sqrt(variance / (2 * math.pi)).sum())


def _pooled(counts: Any) -> Any:
    """The counts with the rarest groups put together until each is expected often enough on either side."""
    import numpy

    totals = counts.sum(axis=0)
    expected = totals * counts.sum(axis=1).min() / counts.sum()
    order = numpy.argsort(expected, kind="stable")
    groups: list[Any] = []
    pool, pooled = numpy.zeros(2), 0.0
    for place in order[expected[order] > 0]:
        pool, pooled = pool + counts[:, place], pooled + expected[place]
        if pooled >= _EXPECTED:
            groups.append(pool)
            pool, pooled = numpy.zeros(2), 0.0
    if groups:
        groups[-1] = groups[-1] + pool
    return numpy.array(groups).T if groups else numpy.zeros((2, 0))


# -- quantiles --------------------------------------------------------------------------------------------------


def least_distance(left: Sequence[float], left_count: int, right: Sequence[float], right_count: int) -> float:
    """The least Kolmogorov–Smirnov distance of two samples that have these quantile grids and sizes."""
    import numpy

    points = numpy.union1d(left, right)
    least_left, most_left = _bounds(left, left_count, points)
    least_right, most_right = _bounds(right, right_count, points)
    return float(max(0.0, (least_left - most_right).max(), (least_right - most_left).max()))


def _bounds(grid: Sequence[float], count: int, points: Any) -> tuple[Any, Any]:
    """Between what shares the share of values up to each point must be; it is a whole number of values."""
    import numpy

    steps = len(grid) - 1
    reached = numpy.searchsorted(numpy.asarray(grid[1:]), points, side="right")
    least = numpy.ceil(reached / steps * count - 1e-9) / count
    # The next quantile is not reached, so the share is below its step.
    most = (numpy.ceil((reached + 1) / steps * count - 1e-9) - 1) / count
    most = numpy.where(reached >= steps, 1.0, numpy.maximum(most, least))
    return least, numpy.where(points < grid[0], 0.0, most)


def _decile_shares(left: Sequence[float], right: Sequence[float]) -> tuple[Any, Any]:
    """The shares of both sides between the left side's deciles."""
    import numpy

    steps = len(left) - 1
    cuts = numpy.unique([left[round(tenth * steps / 10)] for tenth in range(1, 10)])
    shares = []
    for grid in (left, right):
        reached = numpy.searchsorted(numpy.asarray(grid[1:]), cuts, side="right") / (len(grid) - 1)
        shares.append(numpy.diff(numpy.concatenate(([0.0], reached, [1.0]))))
    return shares[0], shares[1]


def _psi(left: Any, right: Any) -> float:
    """Population stability index; a share of nothing counts as one in ten thousand."""
    import numpy

    left, right = numpy.maximum(left, 1e-4), numpy.maximum(right, 1e-4)
    value = float(((right - left) * numpy.log(right / left)).sum())
    return value if math.isfinite(value) else 0.0


def _stats() -> Any:
    try:
        from scipy import stats
    except ImportError:
        raise MissingPackageError(what="Comparing tables", package="scipy") from None
    return stats
