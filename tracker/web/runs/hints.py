"""What the query bar offers: the columns with what they hold, and a condition made of parts. No streamlit in here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from tracker.schema import RUN_STATUS
from tracker.values import key_text
from tracker.web.common import shown
from tracker.web.reading import columns

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["number", "time", "text"]

LOOKED_AT = 1000
"""Runs of which the values are looked at."""
MOST_VALUES = 40
"""Different values of a column up to which they are offered."""
LONGEST = 60
"""Characters of a value that is offered."""
OPERATORS: dict[Kind, tuple[str, ...]] = {
    "number": (">", ">=", "<", "<=", "=", "!=", "is not null", "is null"),
    "time": (">=", "<=", "is not null", "is null"),
    "text": ("=", "!=", "contains", "is not null", "is null"),
}


@dataclass(frozen=True, slots=True)
class Hint:
    """A column that a filter may name."""

    column: str
    kind: Kind
    about: str
    """What it holds, in a few signs: ``0.12 to 0.98``."""
    values: tuple[str, ...]
    """Values as a filter writes them: texts in quotes."""


def hints(runs: pd.DataFrame) -> list[Hint]:
    """The columns that hold anything, in the order of their groups: metrics, params, tags, the run itself, yours."""
    some = runs.iloc[:: max(1, len(runs) // LOOKED_AT)]
    found = {name: _hint(str(name), some[name].dropna()) for name in some.columns}
    order = ("metrics", "params", "tags", "run", "yours")
    names = sorted(found, key=lambda name: order.index(columns.group(str(name))))
    return [hint for name in names if (hint := found[name]) is not None]


def _hint(name: str, values: pd.Series) -> Hint | None:
    if values.empty:
        return None
    kind = values.dtype.kind
    if kind == "M":
        newest = values.max()
        days = [newest.normalize() - timedelta(days=back) for back in (0, 7, 30)]
        return Hint(name, "time", f"to {newest:%Y-%m-%d}", tuple(f"'{day:%Y-%m-%d}'" for day in days))
    if kind in "fi":
        different = sorted(values.unique().tolist())
        offered = tuple(map(key_text, different)) if len(different) <= 12 else ()
        return Hint(name, "number", f"{shown.text(different[0])} to {shown.text(different[-1])}", offered)
    counts = values.map(key_text).value_counts()
    texts = [str(text) for text in counts.index if text and len(str(text)) <= LONGEST]
    if name == "status":
        texts = list(dict.fromkeys([*texts, *RUN_STATUS]))
    offered = tuple(literal(text) for text in texts) if 0 < len(counts) <= MOST_VALUES else ()
    return Hint(
        name, "text", f"{len(counts)} values" if len(counts) > 1 else shown.cut(str(counts.index[0]), 24), offered
    )


def literal(text: str) -> str:
    """A text as a filter writes it."""
    return "'" + text.replace("'", "''") + "'"


def condition(hint: Hint, operator: str, value: str) -> str:
    """One comparison as a filter writes it; empty while its value is missing."""
    name = columns.written(hint.column)
    if operator in ("is null", "is not null"):
        return f"{name} {operator}"
    value = value.strip()
    if not value:
        return ""
    if operator == "contains":
        return f"{name} like {literal(f'%{value}%')}"
    is_number = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value) is not None
    if (is_number and hint.kind == "number") or (value in hint.values):
        return f"{name} {operator} {value}"
    return f"{name} {operator} {literal(value)}"


def joined(query: str, more: str) -> str:
    """A filter with one more condition that must hold."""
    query = query.strip()
    if not query:
        return more
    return f"({query}) and {more}" if re.search(r"\bor\b", query, re.IGNORECASE) else f"{query} and {more}"


_WORD = re.compile(r"""[\w.\-/:@]*(?:"[^"]*"|`[^`]*`)|[\w.\-/:@]+""")


def corrected(query: str, position: int, column: str) -> str:
    """The filter with the column at a position (from 1) replaced."""
    place = position - 1
    word = _WORD.match(query, place)
    return query[:place] + columns.written(column) + query[word.end() if word else place :]
