"""The items of the standard operating procedure: the rows of the ``sop`` table, read. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tracker.checklist.applies import EVERY_RUN, Applies, parse_applies
from tracker.checklist.facts import Cells
from tracker.checklist.rule_text import parse_rule, written
from tracker.checklist.rules import Rule
from tracker.errors import RuleError
from tracker.matching import as_date
from tracker.schema import RETIRED
from tracker.values import key_text


class Unreadable(NamedTuple):
    """A cell of an item that cannot be understood."""

    column: str
    error: RuleError


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what a run must have, for which runs, and what proves it."""

    name: str
    level: str
    """``must`` or ``should``; what is neither counts as should."""
    rule: Rule | None = None
    """None where only a person's tick proves it: the cell is blank, or cannot be understood."""
    applies: Applies = EVERY_RUN
    """Every run where the cell cannot be understood, so that a slip of the pen opens no gate."""
    rule_text: str = ""
    applies_text: str = ""
    owner: str = ""
    source: str = ""
    version: str = ""
    next_review: datetime | None = None
    unreadable: tuple[Unreadable, ...] = ()
    mark: str = ""
    """The version that a run is judged by: what the sheet calls it, and a fingerprint of what it asks for.

    People change a rule without changing its version; the fingerprint tells the two apart.
    """


def read_items(rows: Iterable[Cells]) -> list[Item]:
    """The items that runs are asked for, in the order of the sheet; of two with one name the first counts."""
    found: dict[str, Item | None] = {}
    for row in rows:
        name = key_text(row.get("item"))
        if name and name not in found:
            found[name] = None if is_retired(row) else _item(name, row)
    return [item for item in found.values() if item is not None]


def is_retired(row: Cells) -> bool:
    """Whether an item was taken out of the procedure: its row stays, so that earlier judgements can be understood."""
    return key_text(row.get("level")).lower() == RETIRED


def _item(name: str, row: Cells) -> Item:
    texts = {column: key_text(row.get(column)) for column in ("rule", "applies_to", "owner", "source", "version")}
    rule, applies, unreadable = None, EVERY_RUN, []
    try:
        rule = parse_rule(texts["rule"]) if texts["rule"] else None
    except RuleError as error:
        unreadable.append(Unreadable("rule", error))
    try:
        applies = parse_applies(texts["applies_to"])
    except RuleError as error:
        unreadable.append(Unreadable("applies_to", error))
    level = "must" if key_text(row.get("level")).lower() == "must" else "should"
    return Item(
        name,
        level,
        rule,
        applies,
        texts["rule"],
        texts["applies_to"],
        texts["owner"],
        texts["source"],
        texts["version"],
        as_date(row.get("next_review")),
        tuple(unreadable),
        _mark(texts["version"], level, written(rule) if rule else texts["rule"], texts["applies_to"]),
    )


def _mark(version: str, level: str, rule: str, applies_to: str) -> str:
    asked = "\n".join((level, rule, " ".join(applies_to.split())))
    return f"{version} #{hashlib.sha256(asked.encode()).hexdigest()[:4]}".strip()
