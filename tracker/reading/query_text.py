"""The text of a query, taken apart: see :mod:`tracker.reading.query` for the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tracker import matching
from tracker.errors import QueryError
from tracker.reading.query_parts import Comparison, Junction, Name, Node, Not, Order, query_error
from tracker.values import key_text

PREFIXES = {
    "attributes": "", "attribute": "", "attr": "", "run": "",
    "params": "params.", "param": "params.", "parameters": "params.", "parameter": "params.",
    "metrics": "metrics.", "metric": "metrics.",
    "tags": "tags.", "tag": "tags.",
}  # fmt: skip
"""What may stand before a column's dot, and what it means: mlflow's names for them."""
MAX_DEPTH = 100
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


class Parser:
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
        return parts[0] if len(parts) == 1 else Junction(any, tuple(parts))

    def both(self) -> Node:
        parts = [self.single()]
        while self.take("and"):
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else Junction(all, tuple(parts))

    def single(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} parentheses or NOTs inside one another")
        if self.take("not"):
            node: Node = Not(self.single())
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
            return Comparison(column, lambda value: matching.is_blank(value) is wanted_blank)
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
        found = Comparison(column, test)
        return Not(found) if negated else found

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
