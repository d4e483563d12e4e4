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

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tracker import matching
from tracker.errors import QueryError
from tracker.matching import Truth
from tracker.values import key_text

PREFIXES = {
    "attributes": "", "attribute": "", "attr": "", "run": "",
    "params": "params.", "param": "params.", "parameters": "params.", "parameter": "params.",
    "metrics": "metrics.", "metric": "metrics.",
    "tags": "tags.", "tag": "tags.",
}  # fmt: skip
"""What may stand before a column's dot, and what it means: mlflow's names for them."""
MAX_DEPTH = 100


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


class Order(NamedTuple):
    """One entry of an order: a column, and whether its greatest values come first."""

    column: Name
    descending: bool


def parse(query: str) -> Expression:
    """Understand a filter. An empty one finds every row.

    Raises:
        QueryError: with the position (from 1), the reason and a line that points at it.
    """
    parser = _Parser(query)
    root: Node = _Junction(all, ()) if parser.at_end else parser.either()
    if not parser.at_end:
        raise parser.error(f"AND or OR is missing before {parser.token.text}")
    return Expression(query, root)


def parse_order(entries: str | Iterable[str]) -> tuple[Order, ...]:
    """Understand an order: ``["metrics.auc DESC", "start_time"]``; one text with commas does as well.

    Raises:
        QueryError: an entry is not a column with ASC, DESC or nothing behind it.
    """
    return tuple(
        order for entry in ([entries] if isinstance(entries, str) else entries) for order in _Parser(entry).orders()
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
        keys = [matching.sort_key(value) for value in _cells(frame, order.column, len(frame))]
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


# -- what a filter is made of -------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class _Comparison:
    column: Name
    test: Callable[[Any], Truth]

    def truth(self, columns: Any, count: int) -> list[Truth]:
        return [self.test(value) for value in _cells(columns, self.column, count)]


@dataclass(frozen=True, slots=True)
class _Junction:
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
class _Not:
    part: Node

    def truth(self, columns: Any, count: int) -> list[Truth]:
        return [_negated(truth) for truth in self.part.truth(columns, count)]


def _negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _cells(columns: Any, name: Name, count: int) -> Sequence[Any]:
    """A column's values; a table without rows has every column, so that a filter on a new registry finds nothing."""
    if not count:
        return ()
    cells = columns[name.find(list(columns))]
    if getattr(getattr(cells, "dtype", None), "kind", "") == "M":
        cells = cells.to_numpy("datetime64[us]")  # all at once: UTC, without pandas' slow timestamps
    values: Sequence[Any] = cells.tolist() if hasattr(cells, "tolist") else cells
    return values


# -- reading the text ---------------------------------------------------------------------------------------------

_TOKENS = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.:/+-]))
    | (?P<name>[^\W\d][\w.\-/:@]*(?<!\.)(?:\.(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`))?)
    | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)
    | (?P<text>'(?:[^']|'')*')
    | (?P<sign><=|>=|<>|!=|==|[=<>(),])
    | (?P<end>\Z)
    | (?P<wrong>["'`]|[^\s()"'`]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
KEYWORDS = {"and", "or", "not", "in", "like", "ilike", "is", "null", "between", "true", "false", "asc", "desc"}


class _Token(NamedTuple):
    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        """The keyword or sign that this token is, in lower case; empty for names and values."""
        lowered = self.text.lower()
        return lowered if self.kind == "sign" or (self.kind == "name" and lowered in KEYWORDS) else ""


class _Parser:
    """Recursive descent: ``either`` reads ORs of ``both``, that ANDs of ``single``, that one comparison."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.depth = 0
        self.tokens = self._split()
        self.token = next(self.tokens)

    def _split(self) -> Iterator[_Token]:
        for match in _TOKENS.finditer(self.query):
            kind = str(match.lastgroup)
            token = _Token(kind, match[kind], match.start(kind))
            if kind == "wrong":
                unclosed = token.text in ("'", '"', "`")
                reason = (
                    "this quote is never closed"
                    if unclosed
                    else f"{token.text} means nothing here; put texts and dates in quotes"
                )
                raise query_error(self.query, token.position, reason)
            yield token

    @property
    def at_end(self) -> bool:
        return self.token.kind == "end"

    def error(self, reason: str) -> QueryError:
        return query_error(self.query, self.token.position, reason)

    def take(self, *words: str) -> str:
        """Step over the next token if it is one of these keywords or signs; empty if it is not."""
        word = self.token.word
        if word not in words or not word:
            return ""
        self.token = next(self.tokens)
        return word

    def either(self) -> Node:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else _Junction(any, tuple(parts))

    def both(self) -> Node:
        parts = [self.single()]
        while self.take("and"):
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else _Junction(all, tuple(parts))

    def single(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} parentheses or NOTs inside one another")
        if self.take("not"):
            node: Node = _Not(self.single())
        elif self.take("("):
            node = self.either()
            if not self.take(")"):
                raise self.error("a closing parenthesis is missing")
        else:
            node = self.comparison()
        self.depth -= 1
        return node

    def comparison(self) -> Node:
        column = self.name()
        if self.take("is"):
            wanted_blank = not self.take("not")
            if not self.take("null"):
                raise self.error("NULL is missing after IS")
            return _Comparison(column, lambda value: matching.is_blank(value) is wanted_blank)
        negated = bool(self.take("not"))
        word = self.take("in", "like", "ilike", "between", *([] if negated else matching.OPERATORS))
        if word == "in":
            test = matching.any_of([matching.comparer("=", value) for value in self.values()])
        elif word == "between":
            low = self.value()
            if not self.take("and"):
                raise self.error("AND is missing between the two ends of BETWEEN")
            test = matching.between(low, self.value())
        elif word in ("like", "ilike"):
            test = matching.like(key_text(self.value()), word == "ilike")
        elif word:
            test = matching.comparer(word, self.value())
        else:
            raise self.error(f"a comparison such as = or > is missing after {column.text}")
        found = _Comparison(column, test)
        return _Not(found) if negated else found

    def name(self) -> Name:
        token = self.token
        if token.kind not in ("name", "quoted") or token.word:
            found = f", not {token.text}" if token.text else ""
            raise self.error(f"the name of a column must stand here{found}")
        self.token = next(self.tokens)
        return Name(_column(token), token.position, self.query)

    def values(self) -> list[Any]:
        if not self.take("("):
            raise self.error("a list in parentheses must follow IN")
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        if not self.take(")"):
            raise self.error("a comma or a closing parenthesis is missing in the list")
        return found

    def value(self) -> Any:
        token = self.token
        if word := self.take("true", "false"):
            return word == "true"
        if token.word == "null":
            raise self.error("a blank is asked for with IS NULL or IS NOT NULL")
        if token.kind == "name" and not token.word:
            raise self.error(f"a text must stand in quotes: '{token.text}'")
        if token.kind not in ("number", "text", "quoted"):
            raise self.error("a value must stand here: a number or a text in quotes")
        self.token = next(self.tokens)
        return matching.as_number(token.text) if token.kind == "number" else _unquoted(token.text)

    def orders(self) -> Iterator[Order]:
        while True:
            column = self.name()
            yield Order(column, self.take("asc", "desc") == "desc")
            if self.at_end:
                return
            if not self.take(","):
                raise self.error("after a column there may be ASC or DESC, and a comma before the next")


def _column(token: _Token) -> str:
    """The column's own name: quotes taken away, mlflow's prefixes in ours."""
    if token.kind == "quoted":
        return _unquoted(token.text)
    prefix, dot, rest = token.text.partition(".")
    if not dot:
        return token.text
    rest = _unquoted(rest) if rest[0] in '"`' else rest
    return PREFIXES.get(prefix.lower(), f"{prefix}.") + rest


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote)


def query_error(query: str, position: int, reason: str, alike: Sequence[str] = ()) -> QueryError:
    """The error for a place in a query, counted from 0; the pointer stands under it.

    Args:
        alike: columns that may be meant instead of the one that is named there.
    """
    line = re.sub(r"\s", " ", query)
    return QueryError(
        position=position + 1, reason=reason, query=line, pointer=" " * position + "^", alike=tuple(alike)
    )
