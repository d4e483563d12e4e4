"""How an item of a run stands, whoever decided it: what the sheet says, seen in the light of today's date. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from tracker.checklist.evidence import prove
from tracker.checklist.facts import Cells, RunFacts
from tracker.checklist.items import Item
from tracker.checklist.rules import needs_approval
from tracker.matching import as_date, is_blank
from tracker.values import key_text

TRACKER = "Tracker"
"""Who stands beside an item that a rule proved. A row with any other name, or a tick without one, is a person's."""

State = Literal["done", "missing", "waived", "not applicable", "expired", "vanished", "not approved"]
OPEN: tuple[State, ...] = ("missing", "expired", "vanished", "not approved")
"""What a run still lacks. An expired waiver, a tick whose evidence is gone, and one's own approval count as missing."""


class Standing(NamedTuple):
    """One item of one run."""

    item: str
    level: str
    state: State
    evidence: str = ""
    """What proves it, or what is lacking."""
    who: str = ""
    when: datetime | None = None
    """UTC, without a time zone."""
    why: str = ""
    until: datetime | None = None
    sop_version: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def by_person(self) -> bool:
        """A person decided it."""
        return bool(self.who) and self.who != TRACKER


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a run is. Waived and not applicable items do not count; musts and shoulds both do."""

    done: int = 0
    total: int = 0
    missing: tuple[str, ...] = ()
    """What is lacking, musts first."""
    musts: int = 0
    """How many of those are musts."""

    def __str__(self) -> str:
        return f"{self.done} of {self.total}" if self.total else ""

    @property
    def line(self) -> str:
        """One line for a terminal: ``7 of 9 checklist items; missing: model card, seed``; empty without a procedure.

        Of many it names the first; musts come first.
        """
        if not self.total:
            return ""
        said = f"{self} checklist items"
        if not self.missing:
            return said
        more = len(self.missing) - _NAMED
        names = ", ".join(self.missing[: _NAMED + (more == 1)])
        return f"{said}; missing: {names}" + (f" and {more} more" if more > 1 else "")


_NAMED = 4
NO_TALLY = Tally()


def standing_of(row: Cells, item: Item | None, facts: RunFacts | None, gone: Collection[str], today: date) -> Standing:
    """How a row of the checklist stands.

    Args:
        item: what the procedure asks for; None where it does not any more.
        facts: the run; None where they are not known, and then an approval is taken as it stands.
        gone: the keys of artifact versions whose files are not there any more.
        today: the date (UTC).
    """
    state, evidence = _state(row), key_text(row.get("evidence"))
    until = as_date(row.get("until"))
    if state == "waived" and not is_blank(row.get("until")) and (until is None or until.date() < today):
        state = "expired"
    if state == "done":
        if item is not None and item.rule is not None and facts is not None and needs_approval(item.rule):
            proof = prove(item.rule, facts, row)
            if not proof.holds:
                state, evidence = "not approved", proof.text
        if state == "done" and (lost := lost_evidence(evidence, gone)):
            state, evidence = "vanished", f"{lost} is gone"
    level = key_text(row.get("level")).lower() or (item.level if item else "")
    return Standing(
        key_text(row.get("item")),
        level,
        state,
        evidence,
        key_text(row.get("who")),
        as_date(row.get("when")),
        key_text(row.get("why")),
        until,
        key_text(row.get("sop_version")),
    )


def _state(row: Cells) -> State:
    match key_text(row.get("status")).lower():
        case "done":
            return "done"
        case "waived":
            return "waived"
        case "not applicable":
            return "not applicable"
    return "missing"


def is_trackers(row: Cells) -> bool:
    """Whether a rule decided this row, so that it may be judged anew; a person's row is left as it is."""
    status, who = key_text(row.get("status")).lower(), key_text(row.get("who"))
    return status in ("done", "not applicable") if who == TRACKER else not who and status in ("", "missing")


def tally(standings: Iterable[Standing]) -> Tally:
    """How far a run is."""
    listed = list(standings)
    done = sum(one.state == "done" for one in listed)
    lacking = sorted((one for one in listed if one.is_open), key=lambda one: one.level != "must")
    musts = sum(one.level == "must" for one in lacking)
    return Tally(done, done + len(lacking), tuple(one.item for one in lacking), musts)


# -- evidence that names artifacts --------------------------------------------------------------------------------

_SEPARATOR = re.compile(r"[,;]\s*|\s+and\s+")
_KEY = re.compile(r".+:v\d+")


def named_in(evidence: str) -> list[str]:
    """What looks like an artifact version in an evidence: ``churn-model:v3``."""
    if ":v" not in evidence:
        return []
    pieces = dict.fromkeys([*(piece.strip() for piece in _SEPARATOR.split(evidence)), *evidence.split()])
    return [piece for piece in pieces if _KEY.fullmatch(piece)]


def lost_evidence(evidence: str, gone: Collection[str]) -> str:
    """The artifact version in an evidence that is gone; empty where there is none."""
    return next((key for key in named_in(evidence) if key in gone), "") if gone else ""


def by_item(rows: Iterable[Cells]) -> Mapping[str, Cells]:
    """A run's rows by item; of two for one item the first counts."""
    found: dict[str, Cells] = {}
    for row in rows:
        found.setdefault(key_text(row.get("item")), row)
    return found
