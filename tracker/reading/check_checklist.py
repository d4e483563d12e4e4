"""What is wrong with the procedure and the checklist: rules that nobody can read, decisions that no longer hold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from tracker.checklist.facts import GONE
from tracker.checklist.items import read_items
from tracker.checklist.reviews import due_problems, find_reviews
from tracker.checklist.standing import is_trackers, standing_of
from tracker.model import Problem
from tracker.reading.facts import Facts, Sheet
from tracker.values import key_text


def unreadable_rules(facts: Facts) -> Iterator[Problem]:
    """Rules and patterns of the sop table that cannot be understood: only people's ticks count for such an item."""
    sheet = facts.sheets.get("sop")
    if sheet is None or "item" not in sheet.columns:
        return
    rows = _dicts(sheet)
    places = {key_text(row.get("item")): index for index, row in reversed(list(enumerate(rows)))}
    for item in read_items(rows):
        for fault in item.unreadable:
            cell = sheet.address(places[item.name], sheet.columns.index(fault.column))
            message = f"The {fault.column} of '{item.name}' cannot be understood: {fault.error.fields['reason']}."
            hint = "Until it is mended, only a person's tick counts for the item."
            yield sheet.problem("sop-rule", cell, message, hint)


def ended_decisions(facts: Facts) -> Iterator[Problem]:
    """Waivers whose last day is over, and ticks whose evidence is gone."""
    sheet = facts.sheets.get("checklist")
    if sheet is None or not {"run_id", "item", "status"} <= set(sheet.columns):
        return
    artifacts = facts.sheets.get("artifacts")
    gone = {
        key_text(row.get("artifact"))
        for row in (_dicts(artifacts) if artifacts else ())
        if key_text(row.get("status")).lower() in GONE
    }
    today = datetime.fromtimestamp(time.time(), UTC).date()
    place = sheet.columns.index("status")
    for index, row in enumerate(_dicts(sheet)):
        if is_trackers(row):
            continue
        standing = standing_of(row, None, None, gone, today)
        what = f"'{standing.item}' of run {key_text(row.get('run_id'))}"
        if standing.state == "expired":
            message = f"The waiver of {what} ended."
            yield sheet.problem("waiver-ended", sheet.address(index, place), message, "Bring it, or waive it anew.")
        elif standing.state == "vanished":
            message = f"{what} is ticked, but {standing.evidence}."
            yield sheet.problem("evidence-gone", sheet.address(index, place), message, "Restore it, or tick it anew.")


def reviews(facts: Facts) -> Iterator[Problem]:
    """Reviews that are due."""
    sop = facts.sheets.get("sop")
    found = find_reviews(_dicts(sop) if sop else (), (), facts.settings)
    today = datetime.fromtimestamp(time.time(), UTC).date()
    yield from due_problems(found, today, sop.rows.sheet if sop else "")


def _dicts(sheet: Sheet) -> list[dict[str, object]]:
    return [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows.rows]


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (unreadable_rules, ended_decisions, reviews)
