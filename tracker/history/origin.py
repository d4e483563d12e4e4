"""Where a value came from: who put it into a cell, when, and with which program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tracker.folders import Folders
from tracker.history.timeline import events
from tracker.journal.changes import Journal
from tracker.model import Key
from tracker.values import same

CellOf = tuple[str, Key, str]
"""A cell: its table, the key of its row, its column."""

MOST_EVENTS = 500
"""How far back it is looked: change sets and outside saves."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who, when (seconds since 1970, UTC) and with what; empty where nobody noted it."""

    who: str = ""
    time: float = 0.0
    program: str = ""


def origins(folders: Folders, values: Mapping[CellOf, Any]) -> dict[CellOf, Origin]:
    """Where the values of cells came from, as far as the newest part of the history tells.

    Args:
        values: what each cell holds; an event counts only if it put this very value there.
    """
    left, found = dict(values), dict[CellOf, Origin]()
    for event in islice(events(folders), MOST_EVENTS):
        for entry in event.entries:
            for column, cell in entry.cells.items():
                place = (entry.table, entry.key, column)
                if place in left and same(cell.new, left[place]):
                    del left[place]
                    who, time = (event.who, event.time) if event.outside else (entry.who, entry.time)
                    found[place] = Origin(who or event.who, time or event.time, event.program)
        if not left:
            break
    return found


def program_of(folders: Folders, number: str) -> str:
    """The program that made a change set, by the change set's number; empty where there is none of that number."""
    journal = Journal(folders.changes)
    id = journal.find(number)
    return journal.read_head(id).program if id else ""
