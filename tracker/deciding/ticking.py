"""What a person says of a checklist item: done, waived, not applicable, or that the rule may decide again.

Of one run, or of many at once, as one change set or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tracker.checklist.items import read_items
from tracker.checklist.judging import outlook
from tracker.checklist.standing import is_trackers, standing_of
from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision, change_row, new_row
from tracker.deciding.edits import EditReport, edit_row
from tracker.deciding.rows import cells_of
from tracker.errors import BadRequestError, RunNotFoundError, ValueChangedError
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.reading.roles import require
from tracker.schema import CHECKLIST_STATUS, MOVED
from tracker.values import key_text, utc
from tracker.wording import count

DECIDED = ("done", "waived", "not applicable")
"""What a person may say of many items at once; that the rule may decide again is said by taking a decision back."""


def tick(
    registry: Registry,
    run: str,
    item: str,
    status: str,
    who: str,
    *,
    why: str = "",
    evidence: str = "",
    until: datetime | None = None,
) -> EditReport:
    """Set how an item of a run stands, as a person's own decision.

    Args:
        run: its id, or whatever :meth:`Registry.run_id` understands.
        status: one of :data:`tracker.schema.CHECKLIST_STATUS`; ``missing`` leaves it to the rule again.
        until: the last day of a waiver (UTC); None for good.

    Raises:
        RunNotFoundError: there is no such run.
        BadRequestError: the run has no such item, there is no such status, or a waiver has no reason.
        Others: as :func:`tracker.deciding.edits.edit_row`.
    """
    if status not in CHECKLIST_STATUS:
        raise BadRequestError(reason=f"An item is {', '.join(CHECKLIST_STATUS)}, not '{status}'.")
    if status == "waived" and not why.strip():
        raise BadRequestError(reason="A waiver needs a reason: say why.")
    require(registry.folders, who, "waive" if status == "waived" else "tick")
    run_id = registry.run_id(run)
    seen = outlook(registry.folders, run_id)
    if seen is None:
        raise RunNotFoundError(run=run, path=registry.path)
    found = next((one for one in seen.standings if one.item.casefold() == item.strip().casefold()), None)
    if found is None:
        names = ", ".join(one.item for one in seen.standings)
        raise BadRequestError(reason=f"The run has no item '{item}'. It has: {names}.")
    back = status == "missing"
    values: dict[str, Any] = {
        "status": status,
        "level": found.level,
        "evidence": None if back else evidence or None,
        "who": None if back else who,
        "when": None if back else datetime.now(UTC).replace(microsecond=0),
        "why": None if back else why or None,
        "until": until,
    }
    row = registry.row("checklist", (run_id, found.item)) or {}
    if until is None and row.get("until") is None:
        values.pop("until")
    try:
        return edit_row(registry, "checklist", (run_id, found.item), values, dict(row), who, create=True)
    except ValueChangedError:
        if back and is_trackers(registry.row("checklist", (run_id, found.item)) or {}):
            return EditReport(changed=True, in_workbook=True)  # the same sync let the rule decide
        raise


# -- many at once -------------------------------------------------------------------------------------------------


class Ticked(NamedTuple):
    """One item of one run that would be set, and how it stood."""

    run_id: str
    item: str
    was: str
    name: str = ""
    """What the run is called."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person says of several items at once, each named by its run's id and its own name."""

    places: tuple[tuple[str, str], ...]
    status: str
    """One of :data:`DECIDED`."""
    why: str = ""
    evidence: str = ""
    until: datetime | None = None
    """The last day of a waiver (UTC); None for good."""
    decided_too: bool = False
    """Also those that are not open: done, waived, not applicable, but otherwise than is wanted now."""


def plan_ticks(
    runs: Iterable[Cells], sop: Iterable[Cells], rows: Iterable[Cells], wanted: Wanted, who: str, now: float
) -> Decision:
    """The plan to set these items; ``facts`` has each that is set as a :class:`Ticked` under ``"ticked"``, how many are
    so already under ``"already"``, and how many stay as they were decided under ``"decided"``.

    Args:
        runs, sop, rows: the runs, the procedure and the checklist as they are now.

    Raises:
        BadRequestError: there is no such status, run or item, a waiver has no reason, or a run moved away.
        CellTooLongError: more text than a cell holds.
    """
    if wanted.status not in DECIDED:
        raise BadRequestError(reason=f"Many items at once are {', '.join(DECIDED)}, not '{wanted.status}'.")
    if wanted.status == "waived" and not wanted.why.strip():
        raise BadRequestError(reason="A waiver needs a reason: say why.")
    ids = {run_id for run_id, _ in wanted.places}
    known = {run_id: row for row in runs if (run_id := key_text(row["run_id"])) in ids}
    there: dict[tuple[str, str], Cells] = {}
    for row in rows:
        if (run_id := key_text(row["run_id"])) in ids:
            there.setdefault((run_id, key_text(row.get("item"))), row)
    levels = {item.name: item.level for item in read_items(sop)}
    values = {
        "status": wanted.status,
        "evidence": wanted.evidence.strip() or None,
        "who": who,
        "when": utc(int(now)),
        "why": wanted.why.strip() or None,
        "until": wanted.until if wanted.status == "waived" else None,
    }
    changes: list[Change] = []
    ticked: list[Ticked] = []
    already = decided = 0
    for run_id, item in dict.fromkeys(wanted.places):
        if run_id not in known:
            raise BadRequestError(reason=f"There is no run {run_id} any more. Nothing was changed.")
        if known[run_id].get("status") == MOVED:
            name = key_text(known[run_id].get("name")) or run_id
            raise BadRequestError(reason=f"{name} is in an archive: edit it there. Nothing was changed.")
        found = there.get((run_id, item))
        if found is None and item not in levels:
            raise BadRequestError(reason=f"The procedure has no item '{item}' any more. Nothing was changed.")
        standing = standing_of(found or {}, None, None, (), utc(now).date())
        if standing.state == wanted.status:
            already += 1
        elif not (standing.is_open or wanted.decided_too):
            decided += 1
        elif found is None:
            changes.append(new_row("checklist", (run_id, item), {"level": levels[item], **values}, who, now))
            ticked.append(Ticked(run_id, item, "", key_text(known[run_id].get("name"))))
        elif change := change_row("checklist", (run_id, item), found, values, who, now):
            changes.append(change)
            ticked.append(Ticked(run_id, item, standing.state, key_text(known[run_id].get("name"))))
    facts = {"ticked": tuple(ticked), "already": already, "decided": decided}
    act = "waive" if wanted.status == "waived" else "tick"
    return Decision(_sentence(ticked, wanted.status), tuple(changes), act, facts)


def ticking(registry: Registry, wanted: Wanted, who: str) -> Decision:
    """The plan as :func:`plan_ticks` has it; changes nothing."""
    folders = registry.folders
    runs, sop, rows = (cells_of(folders, table) for table in ("runs", "sop", "checklist"))
    return plan_ticks(runs, sop, rows, wanted, who, time.time())


def tick_many(registry: Registry, wanted: Wanted, who: str, agreed: Decision | None = None) -> Decided:
    """Set several items as one change; ``agreed`` is the plan that the person saw.

    Raises:
        As :func:`plan_ticks` and :func:`tracker.deciding.decide.carry_out`.
    """
    return carry_out(registry, lambda: ticking(registry, wanted, who), who, agreed)


def _sentence(ticked: Sequence[Ticked], status: str) -> str:
    runs = len({one.run_id for one in ticked})
    become = "becomes" if len(ticked) == 1 else "become"
    return f"{count(len(ticked), 'item')} of {count(runs, 'run')} {become} {status}"
