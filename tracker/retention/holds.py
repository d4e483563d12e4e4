"""Holds: what is on hold is never deleted, whatever the rules say, until a manager releases it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from tracker.deciding.aliases import is_gone, resolve
from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision, change_row, on_one_line
from tracker.deciding.rows import cells_of
from tracker.errors import BadRequestError
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.values import key_text


def hold(registry: Registry, chosen: Sequence[str], why: str, who: str, agreed: Decision | None = None) -> Decided:
    """Put artifact versions on hold.

    Args:
        registry: the registry.
        chosen: versions, as ``name:v3``.
        why: the reason, such as an audit or a dispute.
        who: a manager.
        agreed: the decision that the person saw.

    Raises:
        As :func:`plan_hold` and :func:`tracker.deciding.decide.carry_out`.
    """
    return carry_out(registry, lambda: plan_hold(_rows(registry), chosen, why, who, time.time()), who, agreed)


def release(registry: Registry, chosen: Sequence[str], who: str, agreed: Decision | None = None) -> Decided:
    """Release artifact versions from their hold; arguments and errors as for :func:`hold`."""
    return carry_out(registry, lambda: plan_release(_rows(registry), chosen, who, time.time()), who, agreed)


def plan_hold(rows: Sequence[Cells], chosen: Iterable[str], why: str, who: str, now: float) -> Decision:
    """The change of each row that is not on hold for this reason already.

    Raises:
        ArtifactNotFoundError: one of them is no version.
        BadRequestError: no reason is given, nothing was chosen, or its files are deleted.
    """
    why, found = on_one_line(why), _chosen(rows, chosen)
    if not why:
        raise BadRequestError(reason="Why is it on hold? Give a reason: its row will say it.")
    gone = [_key(row) for row in found if is_gone(row) and key_text(row.get("status")) != "trash"]
    if gone:
        raise BadRequestError(reason=f"There is nothing left to hold of {', '.join(gone)}. Nothing was changed.")
    values = {"hold": True, "hold_reason": why, "held_by": who or None}
    changes = [change_row("artifacts", (_key(row),), row, values, who, now) for row in found]
    return _decision(found, changes, "on hold")


def plan_release(rows: Sequence[Cells], chosen: Iterable[str], who: str, now: float) -> Decision:
    """The change of each row that is on hold; the history keeps who held it and why. Errors as :func:`plan_hold`."""
    found = _chosen(rows, chosen)
    values = {"hold": None, "hold_reason": None, "held_by": None}
    changes = [change_row("artifacts", (_key(row),), row, values, who, now) for row in found]
    return _decision(found, changes, "no longer on hold")


def _decision(found: Sequence[Cells], changes: Sequence[Change | None], what: str) -> Decision:
    made = tuple(change for change in changes if change is not None)
    names = ", ".join(change.key[0] for change in made) or ", ".join(_key(row) for row in found)
    verb = "is" if max(len(made), 1) == 1 else "are"
    return Decision(f"{names} {verb} {what}" + ("" if made else " already"), made, act="hold")


def _chosen(rows: Sequence[Cells], chosen: Iterable[str]) -> list[Cells]:
    found = {_key(row): row for row in (resolve(rows, artifact) for artifact in chosen)}
    if not found:
        raise BadRequestError(reason="No artifact version was named.")
    return list(found.values())


def _rows(registry: Registry) -> list[dict[str, object]]:
    return cells_of(registry.folders, "artifacts")


def _key(row: Cells) -> str:
    return key_text(row.get("artifact"))
