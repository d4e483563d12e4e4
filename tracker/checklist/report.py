"""Which items of the procedure do their work, and which are waived or missing every time, so that the list improves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tracker.schema import CHECKLIST_STATUS

ENOUGH = 5
"""Runs that an item must have been asked of before it is judged itself."""


class ItemUse(NamedTuple):
    """How one item stood over all runs that it was asked of."""

    item: str
    runs: int
    done: int
    missing: int
    waived: int
    not_applicable: int

    @property
    def advice(self) -> str:
        """What to think about; empty where the item does its work or too few runs were asked."""
        if self.runs < ENOUGH:
            return ""
        if self.waived + self.not_applicable == self.runs:
            return "Nobody needs it: narrow applies_to, or take it out."
        if self.missing == self.runs:
            return "Nobody ever brings it: say how in its rule, or take it out."
        if self.waived * 2 > self.runs:
            return "Waived more often than not: is it a should?"
        return ""


def item_uses(rows: Iterable[tuple[str, str]]) -> list[ItemUse]:
    """The items in (item, status) pairs of the checklist, those with advice first."""
    counts: dict[str, Counter[str]] = {}
    for item, status in rows:
        if item:
            word = status.strip().lower()
            counts.setdefault(item, Counter())[word if word in CHECKLIST_STATUS else "missing"] += 1
    found = [
        ItemUse(item, sum(one.values()), one["done"], one["missing"], one["waived"], one["not applicable"])
        for item, one in counts.items()
    ]
    return sorted(found, key=lambda use: (not use.advice, use.item))
