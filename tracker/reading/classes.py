"""Retention classes: the rows of the ``retention`` table, read; and which class an artifact belongs to.

A class that cannot be read keeps everything: what is unclear is never a reason to delete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from tracker.matching import as_number, is_blank
from tracker.model import Problem
from tracker.reading.facts import Facts
from tracker.schema import RETENTION_TRIGGERS, TABLES
from tracker.values import from_cell, key_text

_HELP = {column.name: column.help for column in TABLES["retention"].columns}
ACTIONS = ("trash", "archive")
MOST_DAYS = 365_000
"""A thousand years; what is longer is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """One row of the retention table."""

    name: str
    keep_days: float | None = None
    """None: for ever."""
    trigger: str = "created"
    keep_last: int = 0
    """So many of the newest versions of each name stay whatever their age."""
    action: str = "trash"
    category: str = ""
    patterns: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    """Column, and what is wrong with its cell. While there is one, everything in the class is kept."""


def read_class(row: Mapping[str, Any]) -> RetentionClass:
    """The class of one row; what a cell holds that it should not is a fault of the class."""
    faults: list[tuple[str, str]] = []

    def number(column: str) -> float | None:
        cell = from_cell(row.get(column), "number")
        value = None if isinstance(cell, bool) else as_number(cell)
        if is_blank(row.get(column)):
            return None
        if value is None or not 0 <= value <= MOST_DAYS:
            faults.append((column, f"{key_text(row[column])!r} is no number from 0 to {MOST_DAYS:,}"))
            return None
        return float(value)

    def choice(column: str, choices: tuple[str, ...]) -> str:
        text = key_text(row.get(column)).casefold()
        if text and text not in choices:
            faults.append((column, f"{key_text(row[column])!r} is none of {', '.join(choices)}"))
        return text if text in choices else choices[0]

    return RetentionClass(
        name=key_text(row.get("class")),
        keep_days=number("keep_days"),
        trigger=choice("trigger", RETENTION_TRIGGERS),
        keep_last=int(number("keep_last") or 0),
        action=choice("action", ACTIONS),
        category=key_text(row.get("category")),
        patterns=tuple(word.strip() for word in key_text(row.get("pattern")).split(",") if word.strip()),
        faults=tuple(faults),
    )


def read_classes(rows: Iterable[Mapping[str, Any]]) -> list[RetentionClass]:
    """The classes in rows of the retention table, in its order; of two with one name both are faulty."""
    classes = [read_class(row) for row in rows if key_text(row.get("class"))]
    names = [one.name.casefold() for one in classes]
    twice = ("class", "it stands twice")
    return [
        one if names.count(one.name.casefold()) == 1 else replace(one, faults=(*one.faults, twice)) for one in classes
    ]


def class_of(
    classes: Iterable[RetentionClass], own: str, name: str, category: str
) -> tuple[RetentionClass | None, str]:
    """The class of an artifact, and how it came to it; None where it has none, and is kept.

    Its own cell counts first, then the first class with a pattern for its name, then the first with its category.
    """
    classes = list(classes)
    if own:
        found = next((one for one in classes if one.name.casefold() == own.casefold()), None)
        return found, "" if found else f"its class '{own}' is not in the retention table"
    for one in classes:
        for pattern in one.patterns:
            if fnmatchcase(name.casefold(), pattern.casefold()):
                return one, f"by its name ({pattern})"
    for one in classes:
        if one.category and one.category.casefold() == category.casefold():
            return one, f"by its category ({one.category})"
    return None, "it has no retention class"


def class_problems(facts: Facts) -> Iterator[Problem]:
    """Classes in which everything is kept because a cell cannot be read, and artifacts of a class that there is not."""
    sheet = facts.sheets.get("retention")
    names = set()
    if sheet is not None and sheet.key_places:
        rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows.rows]
        for index, row in enumerate(rows):
            one = read_class(row)
            names.add(one.name.casefold())
            for column, what in one.faults if one.name else ():
                cell = sheet.address(index, sheet.columns.index(column))
                message = f"{column} of retention class {one.name}: {what}. Nothing of this class is deleted meanwhile."
                yield sheet.problem("retention-class", cell, message, _HELP[column])
    artifacts = facts.sheets.get("artifacts")
    if artifacts is None or "retention_class" not in artifacts.columns:
        return
    place = artifacts.columns.index("retention_class")
    unknown: dict[str, list[str]] = {}
    for found in artifacts.cells(place):
        if key_text(found.value).casefold() not in names:
            unknown.setdefault(key_text(found.value), []).append(artifacts.address(found.row, place))
    for name, cells in unknown.items():
        who = f"{len(cells)} artifacts have" if len(cells) > 1 else "An artifact has"
        message = f"{who} the retention class '{name}', which there is not; until there is, nothing of it is deleted."
        yield artifacts.problem("unknown-class", cells[0], message, "Add it to the retention table, or choose another.")
