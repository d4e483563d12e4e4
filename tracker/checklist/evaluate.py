"""What changes in a run's checklist when its rules are looked at. Pure: rows and facts in, cells out.

A person's tick, waiver or reason is never overwritten. An item is judged by the version of the procedure that was in
force when the run ended: where the procedure has changed since, the item stays as it was judged, except that it does
not stay done when the artifact that proved it is gone. ``anew`` judges all of it by the procedure as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker.checklist.evidence import Proof, prove
from tracker.checklist.facts import Cells, RunFacts
from tracker.checklist.items import Item
from tracker.checklist.standing import (
    TRACKER,
    Standing,
    is_trackers,
    lost_evidence,
    standing_of,
)
from tracker.values import key_text, same

BY_HAND = "nobody has ticked it"
UNREADABLE = "its rule cannot be understood"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be set in the rows of a run's items, and how the run stands then."""

    cells: Mapping[str, Mapping[str, Any]]
    """By item; of an item without a row all of it."""
    standings: tuple[Standing, ...]


def evaluate(
    facts: RunFacts,
    rows: Mapping[str, Cells],
    items: Sequence[Item],
    now: datetime,
    *,
    anew: bool,
    stages: Collection[str] | None = None,
    gone: Collection[str] = (),
    ours: Callable[[str], bool] = lambda item: True,
) -> Verdict:
    """Look at every rule that concerns a run.

    Args:
        rows: the run's rows of the checklist, by item.
        now: UTC, without a time zone.
        anew: by the procedure as it is now, whatever version the items were judged by.
        stages: for which stages an item is asked for; those of the run's model versions where it is not given.
        gone: artifact versions whose files are not there any more.
        ours: whether the evidence of an item is what Tracker wrote; what a person wrote there stays.
    """
    stages = facts.stages if stages is None else stages
    cells: dict[str, Mapping[str, Any]] = {}
    standings: list[Standing] = []
    names = {item.name for item in items}
    for item in items:
        row = rows.get(item.name)
        if row is None:
            if anew and item.applies.to(facts.cells, stages):
                cells[item.name], standing = _first(item, _proof(item, facts, {}), now)
                standings.append(standing)
            continue
        if is_trackers(row):
            wanted = _looked_at_again(item, facts, row, now, anew, stages, gone)
            if changed := _changed(row, wanted, item.name, ours):
                cells[item.name] = changed
        is_whole = "item" in row and item.name not in cells
        after = row if is_whole else {"item": item.name, **row, **cells.get(item.name, {})}
        standings.append(standing_of(after, item, facts, gone, now.date()))
    for name, row in rows.items():
        if name in names or not key_text(row.get("status")):
            continue  # nobody asks for what has no status and is not in the procedure
        if anew and is_trackers(row):
            wanted = _not_applicable("not in the procedure any more", now)
            if changed := _changed(row, wanted, name, ours):
                cells[name] = changed
        standings.append(standing_of({"item": name, **row, **cells.get(name, {})}, None, facts, gone, now.date()))
    return Verdict(cells, tuple(standings))


def _first(item: Item, proof: Proof, now: datetime) -> tuple[dict[str, Any], Standing]:
    """The row of an item that was not judged before, and how it stands."""
    text, mark = proof.text, item.mark
    if proof.holds:
        cells = {"status": "done", "level": item.level, "evidence": text, "who": TRACKER, "when": now}
        return {**cells, "sop_version": mark}, Standing(item.name, item.level, "done", text, TRACKER, now)
    return (
        {"status": "missing", "level": item.level, "evidence": text, "sop_version": mark},
        Standing(item.name, item.level, "missing", text),
    )


def _proof(item: Item, facts: RunFacts, row: Cells) -> Proof:
    if item.rule is None:
        return Proof(False, UNREADABLE if item.unreadable and item.rule_text else BY_HAND)
    return prove(item.rule, facts, row)


def _looked_at_again(
    item: Item, facts: RunFacts, row: Cells, now: datetime, anew: bool, stages: Collection[str], gone: Collection[str]
) -> dict[str, Any]:
    judged_by = key_text(row.get("sop_version"))
    if judged_by not in ("", item.mark) and not anew:
        lost = lost_evidence(key_text(row.get("evidence")), gone) if key_text(row.get("who")) == TRACKER else ""
        return {"status": "missing", "who": None, "when": None, "evidence": f"{lost} is gone"} if lost else {}
    if not item.applies.to(facts.cells, stages):
        return {**_not_applicable("does not apply to this run any more", now), "sop_version": item.mark}
    return _decided(item, _proof(item, facts, row), row, now)


def _decided(item: Item, proof: Proof, row: Cells, now: datetime) -> dict[str, Any]:
    return {
        "status": "done" if proof.holds else "missing",
        "level": item.level,
        "evidence": proof.text,
        "who": TRACKER if proof.holds else None,
        "when": now if proof.holds else None,
        "sop_version": item.mark,
    }


def _not_applicable(why: str, now: datetime) -> dict[str, Any]:
    return {"status": "not applicable", "evidence": why, "who": TRACKER, "when": now}


def _changed(row: Cells, wanted: dict[str, Any], name: str, ours: Callable[[str], bool]) -> dict[str, Any]:
    """What of it is not there yet; when it was decided changes only together with what was decided."""
    changed = {column: value for column, value in wanted.items() if not same(row.get(column), value)}
    if "evidence" in changed and key_text(row.get("evidence")) and not ours(name):
        del changed["evidence"]
    if not changed.keys() - {"when"}:
        return {}
    if not changed.keys() & {"status", "evidence"}:
        changed.pop("when", None)
    return changed
