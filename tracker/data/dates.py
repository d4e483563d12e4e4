"""Dates that are written as ISO 8601: 2024-02-29, 2024-02-29 10:30, 2024-02-29T10:30:00.5+02:00."""

from __future__ import annotations

from typing import Any

_DATE = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$"


def dates_in(texts: Any) -> Any:
    """Of an arrow array of texts, those that are dates as microseconds since 1970 UTC; missing for all others.

    2024-02-31 is no date. A date without a time zone is taken for UTC.
    """
    import numpy
    import pyarrow
    from pyarrow import compute

    alike = compute.match_substring_regex(texts, _DATE).to_numpy(zero_copy_only=False)
    places = numpy.flatnonzero(alike)
    found = pyarrow.nulls(len(texts), pyarrow.int64())
    if not len(places):
        return found
    import pandas

    chosen = pandas.Series(texts.take(pyarrow.array(places)).to_pylist(), dtype=object)
    parsed = pandas.to_datetime(chosen, format="ISO8601", errors="coerce", utc=True)
    moments = pyarrow.array(parsed.dt.tz_localize(None).astype("datetime64[us]"), from_pandas=True)
    return compute.replace_with_mask(found, pyarrow.array(alike), moments.cast(pyarrow.int64()))
