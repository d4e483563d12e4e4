"""Carrying out a plan that a manager agreed to: planned again from what is there now, and the same, or not at all.

Files first: each version moves as :class:`tracker.store.Mover` does it, its row is safe in the journal right after, and
the sync at the end brings all rows into the workbook. What fails stays where it is and is reported; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker import store
from tracker.deciding.decision import change_row, new_row
from tracker.deciding.edits import SYNC_WAIT, EditReport
from tracker.errors import PlanChangedError, TrackerError
from tracker.folders import Folders
from tracker.model import Change
from tracker.reading import roles
from tracker.reading.registry import Registry
from tracker.retention.inventory import Inventory, Version
from tracker.retention.plan import Item, Plan
from tracker.store import Stored, acts
from tracker.store.manifest import cells_of_version


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a plan."""

    plan: Plan
    done: tuple[Item, ...]
    failed: tuple[tuple[Item, str], ...]
    """What stays where it was, each with the reason."""
    freed: int
    """Bytes that became free."""
    report: EditReport
    """Whether the rows are in the workbook already."""


def carry_out(
    registry: Registry,
    plan: Callable[[], tuple[Inventory, Plan]],
    act: str,
    who: str,
    now: datetime,
    agreed: Plan | str | None = None,
) -> Outcome:
    """Do what a plan says.

    Args:
        registry: the registry.
        plan: makes it from the registry of that moment.
        act: which of :data:`tracker.reading.roles.ACTS` it is.
        who: somebody who may do that.
        now: UTC, without a time zone; the time that the rows will say.
        agreed: the plan that was shown, or its id.

    Raises:
        PermissionRefusedError: the person may not do it.
        PlanChangedError: another plan would be carried out than was agreed to.
        RegistryLockedError: somebody else moves files and does not come to an end.
        RegistryNotWritableError: the registry's folder is read-only.
    """
    roles.require(registry.folders, who, act)
    done: list[Item] = []
    failed: list[tuple[Item, str]] = []
    freed = 0
    with store.Mover(registry.folders, who) as mover:
        inventory, made = plan()
        if agreed is not None:
            refuse_other(made, agreed)
        for item in made.items:
            try:
                freed += mover.move(_step(registry.folders, inventory.versions[item.artifact], item, who, now))
                done.append(item)
            except TrackerError as error:
                failed.append((item, str(error)))
    return Outcome(
        made, tuple(done), tuple(failed), freed, bring_in(registry, who) if done else EditReport(False, True)
    )


def refuse_other(made: Plan, agreed: Plan | str) -> None:
    """Raise PlanChangedError where a plan is not the one that was agreed to."""
    if made.id == (agreed if isinstance(agreed, str) else agreed.id):
        return
    if isinstance(agreed, str):
        difference, shown = f"it has {len(made.items)} versions now", agreed
    else:
        before, after = ({(one.action, one.artifact) for one in plan.items} for plan in (agreed, made))
        more = [f"+ {action} {artifact}" for action, artifact in sorted(after - before)]
        less = [f"- {action} {artifact}" for action, artifact in sorted(before - after)]
        difference, shown = ", ".join([*more, *less][:10]) or "sizes have changed", agreed.id
    raise PlanChangedError(agreed=shown, current=made.id, difference=difference)


def bring_in(registry: Registry, who: str) -> EditReport:
    """Sync; what keeps it from the workbook now is said, and nothing is lost by it."""
    try:
        registry.sync(who=who, program="person", wait=SYNC_WAIT)
    except TrackerError as error:
        return EditReport(changed=True, in_workbook=False, pending_because=str(error))
    return EditReport(changed=True, in_workbook=True)


# -- one version --------------------------------------------------------------------------------------------------


def _step(folders: Folders, version: Version, item: Item, who: str, now: datetime) -> store.Step:
    before = version.stored
    assert before is not None, "a plan has no item without files"
    after = _after(folders, before, item, who, now)
    return store.Step(before, after, version_row(folders, version, after, item.reason, who, now))


def _after(folders: Folders, stored: Stored, item: Item, who: str, now: datetime) -> Stored:
    if item.action in ("archive", "move", "unarchive"):
        act = acts.archived if item.action == "archive" else acts.moved
        return act(folders, stored, item.to, now, who, item.reason)
    simple = {"trash": acts.trashed, "restore": acts.restored, "purge": acts.deleted}
    return simple[item.action](folders, stored, now, who, item.reason)


def version_row(folders: Folders, version: Version, after: Stored, why: str, who: str, now: datetime) -> Change | None:
    """What the row of a version will say; a version that has lost its row gets one again, as its tombstone."""
    values: dict[str, Any] = {"status": after.state, "path": store.location(folders, after)}
    if after.state == "deleted":
        values["path"] = None
    if after.state != version.state:
        values |= {"status_time": now, "status_by": who or None, "status_why": why}
    moment = now.replace(tzinfo=UTC).timestamp()
    if version.row is None:
        return new_row("artifacts", (version.artifact,), {**cells_of_version(after), **values}, who, moment)
    return change_row("artifacts", (version.artifact,), version.row, values, who, moment)
