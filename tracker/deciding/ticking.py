"""What a person says of a checklist item: done, waived, not applicable, or that the rule may decide again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tracker.checklist.judging import outlook
from tracker.checklist.standing import is_trackers
from tracker.deciding.edits import EditReport, edit_row
from tracker.errors import BadRequestError, RunNotFoundError, ValueChangedError
from tracker.reading.registry import Registry
from tracker.reading.roles import require
from tracker.schema import CHECKLIST_STATUS


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
