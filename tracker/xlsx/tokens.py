"""The text of a formula, cut into its parts without losing a character.

Joining the parts gives the formula back, so that a change to one reference leaves all else as the person wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, cast

Kind = Literal[
    "reference", "table", "name", "function", "error", "string", "number", "space", "operator", "spill", "unknown"
]


class Token(NamedTuple):
    """One part of a formula.

    ``prefix`` is what says on which sheet a reference or name lies, as it stands in the formula (``'my sheet'!``).
    """

    kind: Kind
    prefix: str
    text: str


_NAME_CHARACTER = r"""[^\s"'#!\[\](){},;:+\-*/^&=<>%@$|~`]"""
_NAME = _NAME_CHARACTER + "++"
_PREFIX = rf"(?:'(?:[^']|'')++'|(?:\[[^\[\]]*+\])?(?:{_NAME}(?::{_NAME})?)?)!"
# An apostrophe escapes the next character of a column's name: Table[it''s '[ms']].
_BRACKETS = r"\[(?:[^\[\]']|'.|\[(?:[^\[\]']|'.)*+\])*+\]"
# Only what lies on a sheet is a cell: XFD1048576 is the last one, XFE1 and A1048577 are names.
_COLUMN = r"\$?(?:[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D])"
_ROW = r"\$?(?:[1-9]\d{0,5}|10[0-3]\d{4}|104[0-7]\d{3}|1048[0-4]\d\d|10485[0-6]\d|104857[0-6])"
_CELL = _COLUMN + _ROW
_REFERENCE = rf"(?:{_CELL}:{_CELL}|{_CELL}|{_COLUMN}:{_COLUMN}|{_ROW}:{_ROW})(?!{_NAME_CHARACTER}|[(!\[])"

_TOKEN = re.compile(
    rf"""
    (?P<string>"(?:[^"]|"")*+")
    | (?P<space>\s+)
    | (?P<prefix>{_PREFIX})?
      (?: (?P<function>{_NAME}(?=\())
        | (?P<table>(?:{_NAME})?{_BRACKETS})
        | (?P<reference>{_REFERENCE})
        | (?P<error>\#(?:N/A|GETTING_DATA|[A-Z_]+(?:/0)?[!?])(?:{_REFERENCE})?)
        | (?P<name>(?![\d.]){_NAME})
      )
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)
    | (?P<operator>[-+*/^&=<>%(){{}},;:@])
    | (?P<spill>(?<=[\w)])\#)
    | (?P<unknown>["'].*|.)
    """,
    # ASCII: without it, case folding would take the Kelvin sign for a K.
    re.VERBOSE | re.IGNORECASE | re.DOTALL | re.ASCII,
)


@lru_cache(maxsize=256)
def tokens(formula: str) -> tuple[Token, ...]:
    """The parts of a formula, in order; a leading ``=`` is an operator like any other. Never raises.

    ``A1:B2``, ``A:C`` and ``3:5`` are one reference each; a colon between other things is an operator. A quotation that
    does not end is one unknown token up to the end.
    """
    found = []
    for match in _TOKEN.finditer(formula):
        prefix = match["prefix"] or ""
        found.append(Token(cast(Kind, match.lastgroup), prefix, match[0][len(prefix) :]))
    return tuple(found)


def joined(parts: Iterable[Token]) -> str:
    """The formula that these parts make up."""
    return "".join(part.prefix + part.text for part in parts)


def sheet_of(prefix: str, own_sheet: str) -> str:
    """The sheet that a prefix names, in lower case; without a prefix it is the formula's own.

    Another workbook's sheet keeps its brackets (``[1]sheet1``) and a row of sheets its colon (``jan:dec``): a sheet's
    name can contain neither.
    """
    if not prefix:
        return own_sheet.lower()
    name = prefix.removesuffix("!")
    if name.startswith("'"):
        name = name[1:-1].replace("''", "'")
    return (name.removeprefix("[0]") or own_sheet).lower()  # Excel's [0] is the workbook itself
