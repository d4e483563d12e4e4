"""What a query is made of once it was understood: columns, comparisons, what joins them, and the order of rows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tracker.errors import QueryError
from tracker.matching import Truth


class Node(Protocol):
    """A part of a filter that is true, false or unknown for each row."""

    def truth(self, columns: Any, count: int) -> list[Truth]:
        """The truth for each of ``count`` rows; ``columns`` gives the values of a column by its name."""


@dataclass(frozen=True, slots=True)
class Name:
    """A column as the filter names it, and where, for the message if there is none."""

    text: str
    position: int
    query: str

    def find(self, columns: Collection[str]) -> str:
        """The column meant: its exact name, or the only one that differs in case alone.

        Raises:
            QueryError: there is none; the message names those that are alike.
        """
        if self.text in columns:
            return self.text
        folded: dict[str, list[str]] = {}
        for column in columns:
            folded.setdefault(column.casefold(), []).append(column)
        wanted = self.text.casefold()
        if len(same := folded.get(wanted, [])) == 1:
            return same[0]
        prefix, dot, rest = wanted.rpartition(".")
        alike = same or [column for column in columns if column.casefold().rpartition(".")[2] == rest]
        if not alike:
            nearby = {name.removeprefix(prefix + dot): name for name in folded if name.startswith(prefix + dot)}
            alike = [folded[nearby[match]][0] for match in difflib.get_close_matches(rest, nearby, 3)]
        hint = f"; did you mean {' or '.join(alike[:3])}?" if alike else ""
        raise query_error(self.query, self.position, f"there is no column {self.text!r}{hint}", alike[:3])


class Order(NamedTuple):
    """One entry of an order: a column, and whether its greatest values come first."""

    column: Name
    descending: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column compared with a value."""

    column: Name
    test: Callable[[Any], Truth]

    def truth(self, columns: Any, count: int) -> list[Truth]:
        return [self.test(value) for value in column_values(columns, self.column, count)]


@dataclass(frozen=True, slots=True)
class Junction:
    """AND (``all``) or OR (``any``) over its parts; unknown unless the known parts decide."""

    join: Callable[[Iterable[Any]], bool]
    parts: tuple[Node, ...]

    def truth(self, columns: Any, count: int) -> list[Truth]:
        decisive = self.join is any
        if not self.parts:
            return [not decisive] * count
        rows = zip(*(part.truth(columns, count) for part in self.parts), strict=True)
        return [decisive if decisive in row else (None if None in row else not decisive) for row in rows]


@dataclass(frozen=True, slots=True)
class Not:
    """True where its part is false; unknown where that is unknown."""

    part: Node

    def truth(self, columns: Any, count: int) -> list[Truth]:
        return [None if truth is None else not truth for truth in self.part.truth(columns, count)]


def column_values(columns: Any, name: Name, count: int) -> Sequence[Any]:
    """A column's values; a table without rows has every column, so that a filter on a new registry finds nothing."""
    if not count:
        return ()
    cells = columns[name.find(list(columns))]
    if getattr(getattr(cells, "dtype", None), "kind", "") == "M":
        cells = cells.to_numpy("datetime64[us]")  # all at once: UTC, without pandas' slow timestamps
    values: Sequence[Any] = cells.tolist() if hasattr(cells, "tolist") else cells
    return values


def query_error(query: str, position: int, reason: str, alike: Sequence[str] = ()) -> QueryError:
    """The error for a place in a query, counted from 0; the pointer stands under it.

    Args:
        alike: columns that may be meant instead of the one that is named there.
    """
    line = re.sub(r"\s", " ", query)
    return QueryError(
        position=position + 1, reason=reason, query=line, pointer=" " * position + "^", alike=tuple(alike)
    )
