"""What one column of a table holds, measured: type, missing values, distribution, most frequent values."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.data.dates import dates_in

VALUES = 50
"""How many values are kept with their counts, the most frequent first; all of them where there are no more."""
FREQUENT = 10
"""How many are kept where there are more; of those that occur twice at least."""
BUCKETS = 64
"""Texts are also counted by a hash of theirs, so that columns with any number of values can be compared."""
_LONGEST_VALUE = 200
_MOSTLY = 0.8
"""The share of values that must be numbers, or dates, for a column of text to count as one of these."""
_CODES = 0.01
"""The share of its numbers that may be written like codes."""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity)$"
_COMMA_NUMBER = r"^[+-]?\d+,\d+$"
_INTEGER = r"^[+-]?\d{1,18}$"
_CODE = r"^[+-]?(0\d|\d{19})"
"""Digits that are no number: postal codes, account numbers. As a number they would not be what they were."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of a table, as far as its rows were read."""

    name: str
    type: str
    """``integer``, ``number``, ``date``, ``boolean``, ``text``, ``other`` (lists, bytes …), or ``empty``: no values."""
    stored: str = ""
    """The type in a file that has types, such as ``int64``."""
    missing: int = 0
    distinct: int | None = None
    """Different values among the rows read: of a sampled table there are at least as many. None where not counted."""
    strays: int = 0
    """Values that are not of the column's type, such as texts among numbers."""
    stray_examples: tuple[str, ...] = ()
    infinite: int = 0
    mean: float | None = None
    std: float | None = None
    """Sample standard deviation; mean and std of finite numbers only, of dates in seconds (mean since 1970)."""
    grid: tuple[float, ...] = ()
    """Quantiles at equal steps from the least to the greatest value; of dates, seconds since 1970 UTC.

    Each is a value of the column: the smallest one that at least this share of the values does not exceed.
    """
    values: tuple[tuple[Any, int], ...] = ()
    """Values and how often they occur, most frequent first; long texts are cut off, dates are ISO texts."""
    buckets: tuple[int, ...] = ()
    """How many values of a text column fall into each of its hash buckets."""
    shortest: int | None = None
    longest: int | None = None
    """Characters of the shortest and longest text."""

    @property
    def min(self) -> float | None:
        return self.grid[0] if self.grid else None

    @property
    def max(self) -> float | None:
        return self.grid[-1] if self.grid else None

    @property
    def all_values(self) -> bool:
        """``values`` has every value of the rows read."""
        return self.distinct is not None and len(self.values) == self.distinct and not self.strays

    def quantile(self, share: float) -> float | None:
        """The quantile of the grid that is nearest: ``quantile(0.5)`` is the median."""
        return self.grid[round(share * (len(self.grid) - 1))] if self.grid else None

    def shown(self, value: float | None) -> str:
        """A value of the grid for a person: a date as a date, a number with no more digits than one reads."""
        if value is None:
            return ""
        if self.type == "date":
            return date_text(value)
        whole = float(value).is_integer() or abs(value) >= 1000
        return f"{value:,.0f}" if whole and abs(value) < 1e15 else f"{value:.4g}"


def date_text(seconds: float) -> str:
    """Seconds since 1970 as an ISO date, with the time where it is not midnight."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return f"{seconds:.0f} seconds since 1970"
    text = moment.replace(tzinfo=None).isoformat(sep=" ")
    return text.removesuffix(" 00:00:00")


def measure(
    name: str, column: Any, *, steps: int = 100, from_text: bool = False, decimal_comma: bool = False
) -> ColumnProfile:
    """The profile of an arrow column, with a grid of so many steps.

    ``from_text``: its texts are all that is known, so their type is found out; numbers may have a decimal comma.
    """
    import pyarrow

    column = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    stored = "" if from_text else str(column.type)
    types = pyarrow.types
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        column = column.cast(pyarrow.string())
    kind = column.type
    if types.is_floating(kind):
        numbers = column.drop_null().cast(pyarrow.float64()).to_numpy()
        numbers = numbers[numbers == numbers]
        missing = len(column) - len(numbers)
    else:
        missing = column.null_count
    if missing == len(column):
        return ColumnProfile(name, "empty", stored, missing, distinct=0)
    column = column.drop_null()
    facts: dict[str, Any]
    if types.is_string(kind):
        facts = _from_texts(column, steps, decimal_comma) if from_text else _texts(column)
    elif types.is_boolean(kind):
        facts = {"type": "boolean", **_counted(column)}
    elif types.is_integer(kind):
        facts = {"type": "integer", **_numbers(column.to_numpy(zero_copy_only=False), steps)}
    elif types.is_floating(kind):
        facts = {"type": "number", **_numbers(numbers, steps)}
    elif types.is_decimal(kind):
        facts = {"type": "number", **_numbers(column.cast(pyarrow.float64(), safe=False).to_numpy(), steps)}
    elif types.is_duration(kind):
        seconds = column.cast(pyarrow.int64()).to_numpy() / _PER_SECOND[kind.unit]
        facts = {"type": "number", **_numbers(seconds, steps)}
    elif types.is_date(kind) or types.is_timestamp(kind):
        facts = _dates(_seconds(column), steps)
    elif types.is_time(kind):
        facts = _texts(column.cast(pyarrow.string()))
    else:
        facts = {"type": "other"}
    return ColumnProfile(name, stored=stored, missing=missing, **facts)


def is_text(kind: Any) -> bool:
    """Whether an arrow type is one of its three kinds of text."""
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


# -- numbers and dates ------------------------------------------------------------------------------------------


def _numbers(numbers: Any, steps: int, repeats: Any = None) -> dict[str, Any]:
    """The distribution of numbers (no missing ones), each as often as ``repeats`` says."""
    import numpy

    finite = numpy.isfinite(numbers)
    infinite = 0
    if not finite.all():
        infinite = int((~finite).sum() if repeats is None else repeats[~finite].sum())
        numbers, repeats = numbers[finite], None if repeats is None else repeats[finite]
    if repeats is not None:
        numbers = numpy.repeat(numbers, repeats)
    # Adding zero makes one zero of 0.0 and -0.0.
    ordered = numpy.sort(numbers) + numbers.dtype.type(0)
    if not len(ordered):
        return {"infinite": infinite, "distinct": 0}
    places = numpy.ceil(numpy.arange(steps + 1) * len(ordered) / steps).astype(int) - 1
    starts = numpy.flatnonzero(numpy.concatenate(([True], ordered[1:] != ordered[:-1])))
    counts = numpy.diff(numpy.append(starts, len(ordered)))
    floats = ordered.astype(numpy.float64)
    with numpy.errstate(over="ignore", invalid="ignore"):
        mean = float(floats.mean())
        std = float(floats.std(ddof=1)) if len(floats) > 1 else 0.0
    return {
        "infinite": infinite,
        "distinct": len(starts),
        "mean": mean if math.isfinite(mean) else None,
        "std": std if math.isfinite(std) else None,
        "grid": tuple(ordered[numpy.maximum(places, 0)].tolist()),
        "values": _most_frequent(ordered[starts], counts),
    }


def _most_frequent(values: Any, counts: Any) -> tuple[tuple[Any, int], ...]:
    """The values to keep, of sorted ones; equally frequent ones in their order."""
    import numpy

    keep = len(values) if len(values) <= VALUES else FREQUENT
    if len(values) > VALUES:
        repeated = counts >= 2
        values, counts = values[repeated], counts[repeated]
        if len(values) > 10_000:
            least = numpy.partition(counts, -keep)[-keep]
            values, counts = values[counts >= least], counts[counts >= least]
    order = numpy.argsort(-counts, kind="stable")[:keep]
    return tuple(zip(values[order].tolist(), counts[order].tolist(), strict=True))


def _seconds(column: Any) -> Any:
    """Dates as seconds since 1970, as floats."""
    import pyarrow

    if pyarrow.types.is_date(column.type):
        column = column.cast(pyarrow.timestamp("s" if pyarrow.types.is_date32(column.type) else "ms"))
    return column.cast(pyarrow.int64()).to_numpy() / _PER_SECOND[column.type.unit]


def _dates(seconds: Any, steps: int, repeats: Any = None) -> dict[str, Any]:
    facts = _numbers(seconds, steps, repeats)
    facts["values"] = tuple((date_text(value), count) for value, count in facts.get("values", ()))
    return {"type": "date", **facts}


# -- texts ------------------------------------------------------------------------------------------------------


def _value_counts(column: Any) -> tuple[Any, Any]:
    """The different values as an arrow array, and how often each occurs."""
    counted = column.value_counts()
    return counted.field("values"), counted.field("counts").to_numpy()


def _counted(column: Any) -> dict[str, Any]:
    values, counts = _value_counts(column)
    return _frequent_texts(values.to_pylist(), counts)


def _frequent_texts(values: Sequence[Any], counts: Any) -> dict[str, Any]:
    few = len(values) <= VALUES
    pairs = [(v, c) for v, c in zip(values, counts.tolist(), strict=True) if few or c >= 2]
    pairs.sort(key=lambda pair: (-pair[1], str(pair[0])))
    return {
        "distinct": len(values),
        "values": tuple((_cut(value), count) for value, count in pairs[: VALUES if few else FREQUENT]),
    }


def _cut(value: Any) -> Any:
    return value[:_LONGEST_VALUE] + "…" if isinstance(value, str) and len(value) > _LONGEST_VALUE else value


def _texts(column: Any) -> dict[str, Any]:
    from pyarrow import compute

    values, counts = _value_counts(column)
    return _of_texts(values.to_pylist(), counts, compute.min_max(compute.utf8_length(column)).as_py())


def _of_texts(values: list[str], counts: Any, lengths: dict[str, int]) -> dict[str, Any]:
    import numpy

    # A checksum, for it is the same on every machine and in every version.
    bucket = numpy.fromiter((zlib.crc32(value.encode()) % BUCKETS for value in values), numpy.int64, len(values))
    buckets = numpy.bincount(bucket, weights=counts, minlength=BUCKETS).astype(int)
    return {
        "type": "text",
        **_frequent_texts(values, counts),
        "buckets": tuple(buckets.tolist()),
        "shortest": lengths["min"],
        "longest": lengths["max"],
    }


def _from_texts(column: Any, steps: int, decimal_comma: bool) -> dict[str, Any]:
    """What texts are: numbers, dates or booleans if nearly all of them look like that, else texts."""
    from pyarrow import compute

    values, counts = _value_counts(column)
    trimmed = compute.utf8_trim_whitespace(values)
    lower = compute.utf8_lower(trimmed) if len(values) <= 6 else values
    if len(values) <= 6 and set(lower.to_pylist()) <= {"true", "false"}:
        return {"type": "boolean", **_counted(compute.equal(lower, "true").take(compute.index_in(column, values)))}
    total = counts.sum()
    numeric = _matches(trimmed, _NUMBER)
    if decimal_comma and counts[numeric].sum() < _MOSTLY * total:
        comma = numeric | _matches(trimmed, _COMMA_NUMBER)
        if counts[comma].sum() >= _MOSTLY * total:
            numeric, trimmed = comma, compute.replace_substring(trimmed, ",", ".")
    codes = numeric & _matches(trimmed, _CODE)
    if counts[numeric].sum() >= _MOSTLY * total and counts[codes].sum() <= _CODES * total:
        numeric &= ~codes
        return {**_from_number_texts(trimmed, counts, numeric, steps), **_strays(values, counts, numeric)}
    dates = dates_in(trimmed)
    dated = dates.is_valid().to_numpy(zero_copy_only=False)
    if counts[dated].sum() >= _MOSTLY * total:
        seconds = dates.drop_null().to_numpy() / _PER_SECOND["us"]
        return {**_dates(seconds, steps, counts[dated]), **_strays(values, counts, dated)}
    return _of_texts(values.to_pylist(), counts, compute.min_max(compute.utf8_length(values)).as_py())


def _matches(texts: Any, pattern: str) -> Any:
    from pyarrow import compute

    return compute.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)


def _from_number_texts(texts: Any, counts: Any, numeric: Any, steps: int) -> dict[str, Any]:
    import pyarrow
    from pyarrow import compute

    chosen = texts.filter(pyarrow.array(numeric))
    whole = bool(_matches(chosen, _INTEGER).all())
    if whole:
        numbers = compute.utf8_ltrim(chosen, characters="+").cast(pyarrow.int64())
    else:
        numbers = chosen.cast(pyarrow.float64())
    return {"type": "integer" if whole else "number", **_numbers(numbers.to_numpy(), steps, counts[numeric])}


def _strays(values: Any, counts: Any, of_type: Any) -> dict[str, Any]:
    import numpy

    strays = numpy.flatnonzero(~of_type)
    examples = [_cut(values[int(place)].as_py()) for place in strays[numpy.argsort(-counts[strays], kind="stable")][:3]]
    return {"strays": int(counts[~of_type].sum()), "stray_examples": tuple(examples)}
