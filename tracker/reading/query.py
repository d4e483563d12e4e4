"""The filter language: ``metrics.auc > 0.9 and params.depth = 6``, as in ``mlflow.search_runs``, and the order of rows.

A filter compares columns with values and joins the comparisons with AND, OR, NOT and parentheses::

    status = 'FINISHED' and (metrics.auc >= 0.9 or tags.team like 'risk%')
    experiment in ('churn', 'fraud') and not params."learning rate" is null
    start_time >= '2026-11-01' and `My column` != 'x'

Columns stand by their own name; ``attributes.status`` is ``status``, ``param.x`` is ``params.x``. A name with spaces
stands in double quotes or backticks. ``=`` and LIKE tell upper from lower case, ILIKE does not; ``%`` in a pattern is
any text, ``_`` any one character. Keywords may be in either case.

Values are compared by what they mean: a number equals the text that shows it, a date without a time is that whole day
(UTC), a number beside a date is milliseconds since 1970. A blank cell (NaN too) is unknown, as in SQL: no comparison
finds it, only IS NULL does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker import matching
from tracker.reading.query_parts import Junction, Name, Node, Order, column_values
from tracker.reading.query_text import Parser


@dataclass(frozen=True, slots=True)
class Expression:
    """A filter that was understood. It can be asked about one row or about a whole table, with the same answer."""

    query: str
    root: Node

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Whether the filter finds this row: values by column name.

        Raises:
            QueryError: the row has no such column.
        """
        return self.root.truth({name: (value,) for name, value in row.items()}, 1) == [True]

    def mask(self, frame: Any) -> list[bool]:
        """For each row of a pandas DataFrame, whether the filter finds it: ``frame.loc[expression.mask(frame)]``.

        Raises:
            QueryError: the frame has no such column, although it has rows.
        """
        return [truth is True for truth in self.root.truth(frame, len(frame))]


def parse(query: str) -> Expression:
    """Understand a filter. An empty one finds every row.

    Raises:
        QueryError: with the position (from 1), the reason and a line that points at it.
    """
    parser = Parser(query)
    root: Node = Junction(all, ()) if parser.at_end else parser.either()
    if not parser.at_end:
        raise parser.error(f"AND or OR is missing before {parser.token.text}")
    return Expression(query, root)


def parse_order(entries: str | Iterable[str]) -> tuple[Order, ...]:
    """Understand an order: ``["metrics.auc DESC", "start_time"]``; one text with commas does as well.

    Raises:
        QueryError: an entry is not a column with ASC, DESC or nothing behind it.
    """
    return tuple(
        order for entry in ([entries] if isinstance(entries, str) else entries) for order in Parser(entry).orders()
    )


def select(frame: Any, query: str = "", order_by: str | Iterable[str] = (), limit: int | None = None) -> Any:
    """The rows of a frame that a query finds, in that order, at most so many.

    Raises:
        QueryError: the query or the order cannot be understood, or names a column that is not there.
    """
    expression, orders = parse(query), parse_order(order_by)
    if query.strip():
        frame = frame.loc[expression.mask(frame)].reset_index(drop=True)
    if orders:
        frame = frame.iloc[arrange(frame, orders)].reset_index(drop=True)
    return frame if limit is None else frame.head(limit).copy()


def arrange(frame: Any, orders: Sequence[Order]) -> list[int]:
    """The positions of a frame's rows in the given order. Rows that are equal keep theirs; blanks come last, always.

    Raises:
        QueryError: the frame has no such column, although it has rows.
    """
    positions = list(range(len(frame)))
    for order in reversed(orders):
        if (numbers := _numbers(frame, order.column, len(frame))) is not None:
            positions = _by_numbers(positions, numbers, order.descending)
            continue
        keys = [matching.sort_key(value) for value in column_values(frame, order.column, len(frame))]
        filled = [position for position in positions if keys[position] is not None]
        filled.sort(key=lambda position: keys[position] or (), reverse=order.descending)
        positions = filled + [position for position in positions if keys[position] is None]
    return positions


def _numbers(columns: Any, name: Name, count: int) -> Any:
    """A column of numbers or times as an array of floats, NaN for blanks; None where it holds anything else."""
    if not count:
        return None
    cells = columns[name.find(list(columns))]
    kind = getattr(getattr(cells, "dtype", None), "kind", "")
    if kind == "M":
        moments = cells.to_numpy("datetime64[us]")
        numbers = moments.astype("int64").astype(float)
        numbers[moments != moments] = float("nan")
        return numbers
    return cells.to_numpy() if kind == "f" else cells.to_numpy().astype(float) if kind == "i" else None


def _by_numbers(positions: list[int], numbers: Any, descending: bool) -> list[int]:
    """The positions in the order of the numbers; equal ones keep theirs, NaN comes last."""
    import numpy

    before = numpy.array(positions)
    keys = numbers[before]
    order: list[int] = before[numpy.argsort(-keys if descending else keys, kind="stable")].tolist()
    return order
