"""What people did lately, each thing in a sentence: out of the history, newest first. No streamlit in here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tracker.folders import Folders
from tracker.history.timeline import events
from tracker.model import ChangeSet, Entry
from tracker.web.common import changes
from tracker.web.common.shown import count, cut

MOST = 12
LOOKED_AT = 200
"""How many change sets are looked through for what people did: those of scripts alone are left out."""
TOGETHER = 3600.0
"""Seconds between change sets in which somebody does the same kind of thing to several rows: that is told once."""
MOST_NAMES = 3
RESTORED = "(restored)"
NOISE = ("who", "when", "level", "sop_version", "promoted_by", "promoted_at")
"""Columns that only say who decided and when, which is told anyway."""
ROWS = {
    "runs": ("run", "runs"),
    "artifacts": ("artifact", "artifacts"),
    "checklist": ("checklist item", "checklist items"),
    "sop": ("item of the procedure", "items of the procedure"),
    "models": ("model version", "model versions"),
    "retention": ("retention class", "retention classes"),
    "people": ("person's role", "people's roles"),
    "settings": ("setting", "settings"),
}
"""What a row of each table is called, one and several."""


class Deed(NamedTuple):
    """One thing that somebody did."""

    when: datetime
    """UTC."""
    who: str
    what: str


class _Act(NamedTuple):
    """What somebody did to rows of one table, in change sets that follow each other within :data:`TOGETHER`."""

    when: float
    who: str
    program: str
    table: str
    sign: str
    """``+`` for rows that were added, ``-`` for rows that were removed."""
    why: str
    """What it was done for, where that was said; such as an undo, or a move into the archive."""
    entries: tuple[Entry, ...]


def deeds_lately(path: Path, names: Mapping[str, str]) -> list[Deed]:
    """What people did in a registry, see :func:`deeds`."""
    return deeds(events(Folders(path)), names)


def deeds(history: Iterable[ChangeSet], names: Mapping[str, str], most: int = MOST) -> list[Deed]:
    """What people did, out of change sets and outside saves, newest first.

    Args:
        history: newest first, see :func:`tracker.history.timeline.events`.
        names: what runs are called, by their ids.
        most: how many deeds are told.
    """
    found: list[_Act] = []
    for act in (act for changed in islice(history, LOOKED_AT) for act in _acts(changed)):
        place = next((place for place, known in enumerate(found) if _belongs(act, known)), None)
        if place is not None:
            found[place] = found[place]._replace(entries=(*found[place].entries, *act.entries))
        elif len(found) == most:
            break
        else:
            found.append(act)
    return [Deed(datetime.fromtimestamp(act.when, UTC), act.who, _sentence(act, names)) for act in found]


def _acts(changed: ChangeSet) -> Iterator[_Act]:
    program = changes.program(changed) if changed.outside else ""
    if changed.restored:
        yield _Act(changed.time, changed.who, "", RESTORED, "", "", ())
        return
    alike: dict[tuple[str, str, str, str], list[Entry]] = {}
    for entry in changed.entries:
        if changed.outside or entry.by == "person":
            sign = "+" if entry.new or entry.typed else "-" if entry.removed else ""
            alike.setdefault((entry.who or changed.who, entry.table, sign, entry.why), []).append(entry)
    for (who, table, sign, why), entries in alike.items():
        when = max(entry.time for entry in entries) or changed.time
        yield _Act(when, who, program, table, sign, why, tuple(entries))


def _belongs(act: _Act, known: _Act) -> bool:
    return act[1:6] == known[1:6] and act.table != RESTORED and abs(known.when - act.when) < TOGETHER


def _sentence(act: _Act, names: Mapping[str, str]) -> str:
    if act.table == RESTORED:
        return "brought back an earlier version of the workbook"
    one, many = ROWS.get(act.table, (f"row of {act.table}", f"rows of {act.table}"))
    first = {entry.key: entry for entry in reversed(act.entries)}
    rows = f"{one} {_name(act.table, act.entries[0], names)}" if len(first) == 1 else count(len(first), one, many)
    program = f" in {act.program}" if act.program else ""
    columns = [
        column for column in dict.fromkeys(c for entry in act.entries for c in entry.cells) if column not in NOISE
    ]
    statuses = {str(entry.cells["status"].new) for entry in act.entries if "status" in entry.cells}
    if act.why:
        return f"{act.why}: {rows}"
    if act.sign:
        return f"{'added' if act.sign == '+' else 'removed'} {rows}{program}"
    if act.table == "checklist" and len(statuses) == 1:
        return f"set {rows} to {statuses.pop()}{program}"
    more = f" and {len(columns) - MOST_NAMES} more" if len(columns) > MOST_NAMES else ""
    return f"changed {', '.join(columns[:MOST_NAMES])}{more} of {rows}{program}"


def _name(table: str, entry: Entry, names: Mapping[str, str]) -> str:
    run = names.get(entry.key[0], entry.key[0])
    if table == "checklist":
        return cut(f"{entry.key[-1]} of {run}", 80)
    if table == "runs":
        typed = entry.cells.get("name")
        return cut(run or str(typed.new if typed else "") or "without a name", 60)
    return cut(" ".join(entry.key), 60)
