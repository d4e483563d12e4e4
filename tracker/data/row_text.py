"""When rows hold the same values, whatever format they come from: as texts, exactly, and as hashes, quickly.

1, 1.0 and "1.00" are the same number, and a 32-bit 0.1 is 0.1, as it would be in a CSV file. A date is the same as
its ISO text, to the microsecond; True is "true". Spaces around texts do not count. All kinds of missing are one.
Rows with the same text have the same hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from tracker.data.columns import is_text
from tracker.data.dates import dates_in
from tracker.errors import MissingPackageError

BETWEEN, MISSING = "\x1f", "\x00"
"""What stands between the values of a row as text, and for one that is missing."""
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_CODE = r"^[+-]?0\d"
"""Digits that are no number, such as postal codes."""
_WHOLE = r"^(0|-?[1-9]\d{0,18})$"
"""Numbers whose text is as it should be."""
_EXACT = 2.0**53
_HASH_OF_MISSING = 0x9E3779B97F4A7C15
_MIX = 0xBF58476D1CE4E5B9


def row_texts(columns: Sequence[Any], as_written: bool = False) -> Any:
    """Each row of these arrow columns as one text, an arrow array; the same text if the rows are the same.

    Lists, bytes and structures count by a hash of what Python says of them, which takes its time. ``as_written``:
    texts count as they are, which is quicker and enough within one table.
    """
    from pyarrow import compute

    texts = [_texts(_plain(column), as_written).fill_null(MISSING) for column in columns]
    return compute.binary_join_element_wise(*texts, BETWEEN) if len(texts) > 1 else texts[0]


def row_hashes(columns: Sequence[Any], coarse: Collection[int] = ()) -> Any:
    """Each row of these arrow columns as a number of 64 bits, a numpy array; different rows may share one.

    ``coarse`` names the places of columns that have 32-bit numbers on one side: these count to 32 bits on both.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    import numpy

    combined = numpy.zeros(len(columns[0]), dtype=numpy.uint64)
    for place, column in enumerate(columns):
        combined = (combined ^ _hashes(_plain(column), place in coarse)) * numpy.uint64(_MIX)
        combined ^= combined >> numpy.uint64(29)
    return combined


def is_coarse(column: Any) -> bool:
    """Whether an arrow column holds numbers of 32 bits or fewer."""
    from pyarrow import types

    return bool(types.is_float32(column.type) or types.is_float16(column.type))


def _plain(column: Any) -> Any:
    """The column as one array without a dictionary."""
    import pyarrow

    column = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    if pyarrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        column = column.cast(pyarrow.string())
    return column


# -- texts ------------------------------------------------------------------------------------------------------


def _texts(column: Any, as_written: bool) -> Any:
    import pyarrow

    kind, types = column.type, pyarrow.types
    if types.is_floating(kind) or types.is_decimal(kind):
        return _number_texts(_floats(column))
    if types.is_date(kind) or types.is_timestamp(kind):
        return _date_texts(_microseconds(column))
    if is_text(kind):
        return column if as_written else _same_texts(column)
    if types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind) or types.is_time(kind):
        return column.cast(pyarrow.string())
    return _digests(column)


def _floats(column: Any) -> Any:
    """Numbers with 64 bits, NaN as missing; those with fewer become what their shortest text says."""
    import pyarrow
    from pyarrow import compute

    if is_coarse(column):
        column = column.cast(pyarrow.float32()).cast(pyarrow.string())
    numbers = column.cast(pyarrow.float64(), safe=False)
    return compute.if_else(compute.is_nan(numbers), None, numbers)


def _number_texts(numbers: Any) -> Any:
    """Shortest decimals; whole numbers without a point, as integers are."""
    import pyarrow
    from pyarrow import compute

    whole = compute.and_(compute.equal(compute.floor(numbers), numbers), compute.less(compute.abs(numbers), _EXACT))
    integers = compute.if_else(whole, numbers, None).cast(pyarrow.int64()).cast(pyarrow.string())
    return compute.coalesce(integers, numbers.cast(pyarrow.string()))


def _microseconds(column: Any) -> Any:
    """Dates as microseconds since 1970."""
    import pyarrow

    if pyarrow.types.is_date(column.type):
        column = column.cast(pyarrow.timestamp("ms"))
    return column.cast(pyarrow.timestamp("us", column.type.tz), safe=False).cast(pyarrow.int64())


def _date_texts(microseconds: Any) -> Any:
    import pyarrow
    from pyarrow import compute

    return compute.binary_join_element_wise("@", microseconds.cast(pyarrow.string()), "")


def _same_texts(column: Any) -> Any:
    """Texts that are the same for values that are."""
    from pyarrow import compute

    encoded = column.dictionary_encode()
    values = compute.utf8_trim_whitespace(encoded.dictionary)
    numbers, dates = _numbers_in(values), dates_in(values)
    regular = compute.match_substring_regex(values, _WHOLE)
    values = compute.coalesce(
        compute.if_else(regular, None, _number_texts(numbers)), _date_texts(dates), _logical(values)
    )
    return values.take(encoded.indices)


def _numbers_in(values: Any) -> Any:
    """The texts that are finite numbers as such, missing for all others."""
    import pyarrow
    from pyarrow import compute

    numeric = compute.match_substring_regex(values, _NUMBER)
    code = compute.match_substring_regex(values, _CODE)
    numbers = compute.if_else(compute.and_not(numeric, code), values, None).cast(pyarrow.float64())
    return compute.if_else(compute.is_finite(numbers), numbers, None)


def _logical(values: Any) -> Any:
    """``True`` and ``TRUE`` as ``true``; all other texts as they are."""
    import pyarrow
    from pyarrow import compute

    lower = compute.utf8_lower(values)
    return compute.if_else(compute.is_in(lower, pyarrow.array(["true", "false"])), lower, values)


def _digests(column: Any) -> Any:
    import pyarrow

    digests: list[str | None] = []
    for start in range(0, len(column), 1_000):
        for value in column.slice(start, 1_000).to_pylist():
            digests.append(None if value is None else hashlib.blake2b(repr(value).encode(), digest_size=16).hexdigest())
    return pyarrow.array(digests, pyarrow.string())


# -- hashes -----------------------------------------------------------------------------------------------------


def _hashes(column: Any, coarse: bool) -> Any:
    import numpy
    import pyarrow

    kind, types = column.type, pyarrow.types
    missing = column.is_null(nan_is_null=types.is_floating(kind)).to_numpy(zero_copy_only=False)
    if types.is_null(kind):
        hashes = numpy.zeros(len(column), dtype=numpy.uint64)
    elif types.is_floating(kind) or types.is_decimal(kind) or types.is_integer(kind):
        numbers = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
        hashes = _number_hashes(numbers, coarse)
    elif types.is_date(kind) or types.is_timestamp(kind):
        hashes = _hash_array()(_microseconds(column).fill_null(0).to_numpy())
    else:
        encoded = (column if is_text(kind) else _texts(column, as_written=True)).dictionary_encode()
        hashes = _text_hashes(encoded.dictionary, coarse)
        hashes = numpy.append(hashes, numpy.uint64(0))[encoded.indices.fill_null(len(hashes)).to_numpy()]
    return numpy.where(missing, numpy.uint64(_HASH_OF_MISSING), hashes)


def _number_hashes(numbers: Any, coarse: bool) -> Any:
    import numpy

    rounded = numbers
    if coarse:
        with numpy.errstate(over="ignore"):
            rounded = numbers.astype(numpy.float32).astype(numpy.float64)
    hashes = _hash_array()(rounded + 0.0)  # so that there is one zero only
    for infinite, text in ((numpy.inf, "inf"), (-numpy.inf, "-inf")):
        if (there := numbers == infinite).any():
            hashes[there] = _hash_array()(numpy.array([text], dtype=object), categorize=False)
    return hashes


def _text_hashes(values: Any, coarse: bool) -> Any:
    from pyarrow import compute

    values = compute.utf8_trim_whitespace(values)
    hash_array = _hash_array()
    hashes = hash_array(_logical(values).to_numpy(zero_copy_only=False), categorize=False)
    for found, of in ((dates_in(values), hash_array), (_numbers_in(values), lambda n: _number_hashes(n, coarse))):
        there = found.is_valid().to_numpy(zero_copy_only=False)
        if there.any():
            hashes[there] = of(found.drop_null().to_numpy())
    return hashes


def _hash_array() -> Any:
    try:
        from pandas.util import hash_array
    except ImportError:
        raise MissingPackageError(what="Looking for leakage", package="pandas") from None
    return hash_array
