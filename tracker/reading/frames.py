"""A table of a registry as a pandas DataFrame, with the columns that ``mlflow.search_runs`` has and our own.

The order: the key, what the schema declares, the person's own columns as they stand in the sheet, then ``params.*``,
``metrics.*`` and ``tags.*``. Declared columns are always there, blank where a person removed them. What they hold:

======================  ===========================================================================================
text, tags              objects: str or None
numbers, metrics        float64; NaN for blanks and for text that is no number
integers                int64; float64 with NaN where some are blank
booleans                bool; objects with None where some are blank
dates                   datetime64[ms, UTC]; NaT for blanks and for text that is no date
params                  any of these by what they hold; objects where that is of several kinds
a person's own columns  the same, but their dates have no time zone
======================  ===========================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tracker.errors import MissingPackageError
from tracker.journal.metrics import Steps
from tracker.matching import as_date
from tracker.reading.tables import Grid
from tracker.schema import Table
from tracker.values import EXACT_INTEGER, Kind, from_cell

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = {int, float, type(None)}


def table_frame(grid: Grid, table: Table) -> pd.DataFrame:
    """A table as a DataFrame; rows in the order of the sheet, without those that are blank.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    pandas = _pandas()
    nothing = [None] * len(grid)
    columns = {}
    for name in _in_order(grid, table):
        values, types = grid.columns.get(name, nothing), grid.types.get(name, {type(None)})
        columns[name] = _array(values, types, table.kind(name))
    frame = pandas.DataFrame(columns, copy=False)
    blank = _blank_rows(grid, table)
    return frame.drop(index=blank).reset_index(drop=True) if blank else frame


def history_frame(steps: Steps) -> pd.DataFrame:
    """Every step of every metric of a run, long: timestamp (UTC), step, metric, value; in the order of logging.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    pandas = _pandas()
    return pandas.DataFrame(
        {
            "timestamp": pandas.to_datetime(pandas.Series(steps.timestamp, dtype="int64"), unit="ms", utc=True),
            "step": _numbers([math.nan if step is None else step for step in steps.step], whole=True),
            "metric": pandas.Series(steps.metric, dtype=object),
            "value": pandas.Series(steps.value, dtype="float64"),
        }
    ).astype({"timestamp": "datetime64[ms, UTC]"})


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise MissingPackageError(what="A DataFrame of runs", package="pandas") from None
    return pandas


def _in_order(grid: Grid, table: Table) -> list[str]:
    declared = [column.name for column in table.columns]
    others = [name for name in grid.columns if name not in declared]
    prefixed = [[name for name in others if name.startswith(prefix)] for prefix in table.open_prefixes]
    own = [name for name in others if not name.startswith(table.open_prefixes or ("\0",))]
    return [*declared, *own, *(name for names in prefixed for name in names)]


def _blank_rows(grid: Grid, table: Table) -> list[int]:
    """The rows without any value. Only those without a key can be."""
    key = grid.columns.get(table.key[0], [None] * len(grid))
    if None not in key and "" not in key:
        return []
    columns = list(grid.columns.values())
    candidates = [index for index, value in enumerate(key) if value is None or value == ""]
    return [index for index in candidates if all(column[index] in (None, "") for column in columns)]


# -- one column ---------------------------------------------------------------------------------------------------


def _array(values: Sequence[Any], types: set[type], kind: Kind) -> Any:
    """The column's values as an array or a Series of the type that suits its kind."""
    if kind == "text":
        if types - {str, type(None)} or (str in types and "" in values):
            values = [from_cell(_whole(v), kind) or None for v in values]
        return _objects(values)
    if kind in ("number", "integer"):
        return _numbers(values if types <= _NUMBERS else [_number(v) for v in values], whole=kind == "integer")
    if kind == "datetime":
        return _dates(values if types == {datetime} else [as_date(v) for v in values], utc=True)
    texts: dict[str, Any] = {}
    if str in types:
        texts = {v: from_cell(v, kind) if v else None for v in set(values) if type(v) is str}
        values = [texts.get(v, v) for v in values]
        types = set(map(type, values))
    held = types - {type(None)}
    has_big_integers = int in set(map(type, texts.values()))
    if held and held <= {int, float} and not has_big_integers:
        return _numbers(values, whole=True)
    if held == {datetime}:
        return _dates(values, utc=kind == "any")
    if types == {bool}:
        import numpy

        return numpy.array(values, dtype=bool)
    return _objects([_whole(v) if type(v) is float else v for v in values] if float in types else values)


def _objects(values: Sequence[Any]) -> Any:
    import pandas

    # With the type named: pandas 3 would look at every text to make its own kind of text of it.
    return pandas.Series(values, dtype=object)


def _numbers(values: Sequence[float | None], whole: bool) -> Any:
    """float64 with NaN for None; where wanted, int64 if all are whole and none is blank."""
    import numpy

    numbers = numpy.array(values, dtype=float)
    if whole and bool(numpy.all((numbers == numpy.floor(numbers)) & (abs(numbers) <= EXACT_INTEGER))):
        return numbers.astype("int64")
    return numbers


def _dates(values: Sequence[datetime | None], utc: bool) -> Any:
    import pandas

    dates = pandas.Series(values, dtype="datetime64[ms]")
    return dates.dt.tz_localize("UTC") if utc else dates


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    number = from_cell(value, "number") if isinstance(value, str) else value
    return float(number) if isinstance(number, (bool, int, float)) else math.nan


def _whole(value: Any) -> Any:
    """A number without decimals is an integer, as far as cells are exact: Excel does not tell 6 from 6.0."""
    if type(value) is float and value.is_integer() and abs(value) <= EXACT_INTEGER:
        return int(value)
    return float(value) if type(value) is int and abs(value) > EXACT_INTEGER else value
