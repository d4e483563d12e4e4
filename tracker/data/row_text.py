"""Rows as texts that are equal exactly if the rows hold the same values, whatever format they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_CODE = r"^[+-]?0\d"
_WHOLE = r"^(0|-?[1-9]\d{0,18})$"
_EXACT = 2.0**53
BETWEEN, MISSING = "\x1f", "\x00"
"""What stands between the values of a row, and for one that is missing."""


def row_texts(columns: Sequence[Any], as_written: bool = False) -> Any:
    """Each row of these arrow columns as one text, an arrow array.

    1, 1.0 and "1.00" are the same, spaces around texts do not count, True is "true", all kinds of missing are one.
    Lists, bytes and structures count by a hash of what Python says of them, which takes its time. ``as_written``:
    texts count as they are, which is quicker and enough within one table.
    """
    from pyarrow import compute

    texts = [_column_text(column, as_written) for column in columns]
    return compute.binary_join_element_wise(*texts, BETWEEN) if len(texts) > 1 else texts[0]


def _column_text(column: Any, as_written: bool) -> Any:
    import pyarrow
    from pyarrow import compute

    types = pyarrow.types
    column = column.combine_chunks() if isinstance(column, pyarrow.ChunkedArray) else column
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if types.is_floating(kind) or types.is_decimal(kind):
        texts = _number_text(column)
    elif types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind):
        texts = column.cast(pyarrow.string())
    elif types.is_date(kind) or types.is_timestamp(kind):
        texts = compute.strftime(column.cast(pyarrow.timestamp("us"), safe=False), "%Y-%m-%d %H:%M:%S")
    elif types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
        texts = column.cast(pyarrow.string())
        texts = texts if as_written else _plain_text(texts)
    elif types.is_time(kind) or types.is_duration(kind):
        texts = column.cast(pyarrow.string())
    else:
        texts = _hashes(column)
    return texts.fill_null(MISSING)


def _number_text(column: Any) -> Any:
    """Shortest decimals; whole numbers without a point, as integers are."""
    import pyarrow
    from pyarrow import compute

    if pyarrow.types.is_float32(column.type):
        column = column.cast(pyarrow.string())  # 0.1 of 32 bits is 0.1, as it would be in a CSV file
    numbers = column.cast(pyarrow.float64())
    numbers = compute.if_else(compute.is_nan(numbers), None, numbers)
    whole = compute.and_(compute.equal(compute.floor(numbers), numbers), compute.less(compute.abs(numbers), _EXACT))
    integers = compute.if_else(whole, numbers, None).cast(pyarrow.int64()).cast(pyarrow.string())
    return compute.coalesce(integers, numbers.cast(pyarrow.string()))


def _plain_text(column: Any) -> Any:
    """Texts without spaces around them; those that are numbers as numbers are."""
    import pyarrow
    from pyarrow import compute

    encoded = column.dictionary_encode()
    values = compute.utf8_trim_whitespace(encoded.dictionary)
    numeric = compute.and_(
        compute.match_substring_regex(values, _NUMBER), compute.invert(compute.match_substring_regex(values, _CODE))
    )
    odd = compute.and_(numeric, compute.invert(compute.match_substring_regex(values, _WHOLE)))
    if compute.any(odd).as_py():
        numbers = _number_text(compute.if_else(odd, values, None).cast(pyarrow.float64()))
        values = compute.coalesce(numbers, values)
    lower = compute.utf8_lower(values)
    logical = compute.is_in(lower, pyarrow.array(["true", "false"]))
    values = compute.if_else(logical, lower, values)
    return values.take(encoded.indices)


def _hashes(column: Any) -> Any:
    import pyarrow

    hashes: list[str | None] = []
    for start in range(0, len(column), 1_000):
        for value in column.slice(start, 1_000).to_pylist():
            hashes.append(None if value is None else hashlib.blake2b(repr(value).encode(), digest_size=16).hexdigest())
    return pyarrow.array(hashes, pyarrow.string())
