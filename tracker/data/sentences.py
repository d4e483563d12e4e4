"""A comparison of two tables in sentences, the most important first."""

from __future__ import annotations

from collections.abc import Iterator

from tracker.data.columns import ColumnProfile
from tracker.data.drift import ALPHA, LEAST_EFFECT, LEAST_SHARE, ColumnDrift, DataComparison
from tracker.wording import count, some_of

METHOD = (
    f"A column counts as drifted if the difference is hardly chance (p < {ALPHA}, corrected for the number of tests by "
    f"Benjamini–Hochberg) and large enough to matter (at least {LEAST_EFFECT:.0%} of the rows, or {LEAST_SHARE:.0%} of "
    "missing or odd values)."
)
_NAMED = 5
_TYPES = {"integer": "whole numbers", "number": "numbers", "date": "dates", "text": "text", "boolean": "true or false"}


def sentences(comparison: DataComparison, left: str = "the first", right: str = "the second") -> list[str]:
    """What changed, one sentence each; a single sentence where nothing did. ``left`` and ``right`` name the tables."""
    if comparison.refused:
        return [comparison.refused]
    said = list(_schema(comparison, left, right))
    said += [_drift(test, comparison, left, right) for test in comparison.drifted]
    if not said:
        columns = len({test.column for test in comparison.tests})
        said.append(f"No drift found between {left} and {right} in {count(columns, 'column')}.")
    if comparison.left.rows != comparison.right.rows:
        said.append(f"{count(comparison.left.rows, 'row')} in {left}, {comparison.right.rows:,} in {right}.")
    return said


def _schema(comparison: DataComparison, left: str, right: str) -> Iterator[str]:
    if comparison.removed:
        yield f"{_list(comparison.removed)} {_is(comparison.removed)} only in {left}."
    if comparison.added:
        yield f"{_list(comparison.added)} {_is(comparison.added)} only in {right}."
    for column in comparison.retyped:
        yield f"{column.column}: {_type(column.left)} in {left}, {_type(column.right)} in {right}."


def _drift(test: ColumnDrift, comparison: DataComparison, left: str, right: str) -> str:
    how = f"{test.test}, effect {test.effect:.2f}, p {_p(test.p)}"
    if test.what == "values":
        return f"{test.column}: {_values(test)} ({how})."
    rows = comparison.left.read, comparison.right.read
    if test.what == "missing":
        shares = test.left.missing / rows[0], test.right.missing / rows[1]
        return f"{test.column}: {_percent(shares[0])} missing in {left}, {_percent(shares[1])} in {right} ({how})."
    odd = [
        (column.strays + column.infinite) / max(1, count - column.missing)
        for column, count in zip((test.left, test.right), rows, strict=True)
    ]
    examples = test.right.stray_examples or test.left.stray_examples
    such = f", such as {_list(examples)}" if examples else ""
    what = f"values that are no {'dates' if test.left.type == 'date' else 'finite numbers'}{such}"
    return f"{test.column}: {_percent(odd[0])} in {left} and {_percent(odd[1])} in {right} are {what} ({how})."


def _values(test: ColumnDrift) -> str:
    one, other = test.left, test.right
    if one.grid and test.test != "chi-square":
        middle = f"median {one.shown(one.quantile(0.5))} → {other.shown(other.quantile(0.5))}"
        return f"{middle}, middle 90% {_range(one)} → {_range(other)}"
    counts = dict(one.values), dict(other.values)
    totals = _total(one), _total(other)
    names = dict.fromkeys([*counts[0], *counts[1]])
    shares = {name: (counts[0].get(name, 0) / totals[0], counts[1].get(name, 0) / totals[1]) for name in names}
    moved = sorted(shares, key=lambda name: -abs(shares[name][0] - shares[name][1]))[:3]
    if not moved:
        return "its texts occur in other proportions"
    return ", ".join(f"'{name}' {_percent(shares[name][0])} → {_percent(shares[name][1])}" for name in moved)


def _total(column: ColumnProfile) -> int:
    return max(1, sum(column.buckets) if column.buckets else sum(count for _, count in column.values))


def _range(column: ColumnProfile) -> str:
    return f"{column.shown(column.quantile(0.05))} to {column.shown(column.quantile(0.95))}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def _p(p: float) -> str:
    return "< 1e-9" if p < 1e-9 else f"= {p:.1g}"


def _type(name: str) -> str:
    return _TYPES.get(name, name)


def _is(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"


def _list(names: tuple[str, ...]) -> str:
    return some_of((f"'{name}'" for name in names), _NAMED)
