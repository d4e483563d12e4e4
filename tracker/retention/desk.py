"""The artifact manager's desk: what to ask and what to do, for scripts, the command line and the app alike.

Whatever moves or deletes files is planned first; who agrees hands the plan back, or its id. ``now`` is UTC without a
time zone, and the present where it is not given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from tracker import store
from tracker.capture import utc_now
from tracker.errors import BadRequestError
from tracker.reading import roles
from tracker.reading.registry import Registry
from tracker.retention import holds
from tracker.retention.carry_out import Outcome, carry_out
from tracker.retention.inventory import Inventory, read_inventory
from tracker.retention.plan import Plan, plan_chosen, plan_purge, plan_retention
from tracker.retention.report import Storage, measure
from tracker.store.carrying import copy_to
from tracker.store.place import checked_url, is_local, join
from tracker.store.reaching import place_at

hold, release = holds.hold, holds.release
ACT_OF = {"unarchive": "archive"}
"""Which of :data:`tracker.reading.roles.ACTS` an action is, where it is not called the same."""


# -- by rule ------------------------------------------------------------------------------------------------------


def retention_plan(registry: Registry, now: datetime | None = None, only: Collection[str] | None = None) -> Plan:
    """What the retention table says is due; ``only`` is a selection of it, by ``name:v3``. Changes nothing."""
    return plan_retention(read_inventory(registry), now or utc_now(), only)


def approve(
    registry: Registry,
    plan: Plan | str,
    who: str,
    now: datetime | None = None,
    only: Collection[str] | None = None,
) -> Outcome:
    """Put what a plan says into the trash or the archive; ``plan`` is what :func:`retention_plan` gave, or its id.

    Raises:
        As :func:`tracker.retention.carry_out.carry_out`.
    """
    return _do(registry, lambda inventory, at: plan_retention(inventory, at, only), "retain", who, now, plan)


def purge_plan(registry: Registry, now: datetime | None = None) -> Plan:
    """What has been in the trash for the time that the setting ``trash.days`` says. Changes nothing."""
    return plan_purge(read_inventory(registry), now or utc_now())


def purge(registry: Registry, plan: Plan | str | None, who: str, now: datetime | None = None) -> Outcome:
    """Delete for good what has been in the trash long enough; its rows remain, and say so for ever.

    That a version goes was agreed to when it was put into the trash, so that ``plan`` may be None.

    Raises:
        As :func:`tracker.retention.carry_out.carry_out`.
    """
    return _do(registry, plan_purge, "purge", who, now, plan)


# -- by choice ----------------------------------------------------------------------------------------------------


def chosen_plan(registry: Registry, action: str, chosen: Iterable[str], why: str, who: str, to: str = "") -> Plan:
    """What it would take; arguments and errors as for :func:`tracker.retention.plan.plan_chosen`. Changes nothing."""
    return plan_chosen(read_inventory(registry), action, chosen, why, who, _target(registry, action, to))


def do_chosen(
    registry: Registry,
    action: str,
    chosen: Sequence[str],
    why: str,
    who: str,
    now: datetime | None = None,
    to: str = "",
    agreed: Plan | str | None = None,
) -> Outcome:
    """Trash, restore, archive, unarchive or move what a manager chose.

    Args:
        registry: the registry.
        action: trash, restore, archive, unarchive or move.
        chosen: versions, as ``name:v3``.
        why: the reason, which their rows will say.
        who: a manager.
        now: see above.
        to: of a move, the store: a folder or an address; empty for the folder beside the workbook.
        agreed: what :func:`chosen_plan` gave.

    Raises:
        As :func:`tracker.retention.plan.plan_chosen` and :func:`tracker.retention.carry_out.carry_out`.
    """
    target = _target(registry, action, to)

    def plan(inventory: Inventory, at: datetime) -> Plan:
        return plan_chosen(inventory, action, chosen, why, who, target)

    return _do(registry, plan, ACT_OF.get(action, action), who, now, agreed)


def trash(registry: Registry, chosen: Sequence[str], why: str, who: str, now: datetime | None = None) -> Outcome:
    """Put versions into the trash; arguments and errors as for :func:`do_chosen`."""
    return do_chosen(registry, "trash", chosen, why, who, now)


def restore(registry: Registry, chosen: Sequence[str], who: str, now: datetime | None = None) -> Outcome:
    """Bring versions back from the trash; arguments and errors as for :func:`do_chosen`."""
    return do_chosen(registry, "restore", chosen, "", who, now)


def archive(registry: Registry, chosen: Sequence[str], why: str, who: str, now: datetime | None = None) -> Outcome:
    """Move versions into the archive store; arguments and errors as for :func:`do_chosen`."""
    return do_chosen(registry, "archive", chosen, why, who, now)


def unarchive(registry: Registry, chosen: Sequence[str], who: str, now: datetime | None = None) -> Outcome:
    """Bring versions back from the archive into the artifact store; arguments and errors as for :func:`do_chosen`."""
    return do_chosen(registry, "unarchive", chosen, "", who, now)


def move(registry: Registry, chosen: Sequence[str], to: str, who: str, now: datetime | None = None) -> Outcome:
    """Move versions into another store; arguments and errors as for :func:`do_chosen`."""
    return do_chosen(registry, "move", chosen, "", who, now, to)


def copy(registry: Registry, artifact: str, to: str | os.PathLike[str], who: str) -> str:
    """Copy a version to a folder or an address, ``TO/name/v3/…``, every byte checked; gives where it is.

    The registry does not know of the copy.

    Raises:
        PermissionRefusedError: the person is no manager.
        ArtifactNotFoundError, ArtifactAwayError: there is no such version here.
        ArtifactAlteredError: a file is missing or not what it was.
        BadRequestError: it is only referred to, or the address is none.
        StoreError: the place cannot be reached, refuses, or has something there already.
    """
    roles.require(registry.folders, who, "copy")
    stored = store.find(registry.folders, artifact)
    if stored.state == "referenced":
        raise BadRequestError(reason=f"{stored.artifact} is only referred to; copy it from {stored.uri}.")
    url = os.fspath(to)
    url = str(Path(url).expanduser().resolve()) if is_local(url) else checked_url(url)
    folder = join(stored.name, f"v{stored.version}")
    copy_to(registry.folders, stored, place_at(registry.folders, url), folder)
    return f"{url}/{folder}"


def _target(registry: Registry, action: str, to: str) -> str:
    """The store that is meant; what comes out of the archive goes where new artifacts go."""
    if action == "unarchive":
        return str(registry.settings.get("artifacts.store") or "").strip()
    return checked_url(to)


def _do(
    registry: Registry,
    plan: Callable[[Inventory, datetime], Plan],
    act: str,
    who: str,
    now: datetime | None,
    agreed: Plan | str | None,
) -> Outcome:
    at = now or utc_now()

    def make() -> tuple[Inventory, Plan]:
        inventory = read_inventory(registry)
        return inventory, plan(inventory, at)

    return carry_out(registry, make, act, who, at, agreed)


# -- what there is ------------------------------------------------------------------------------------------------


def storage(registry: Registry, now: datetime | None = None) -> Storage:
    """Who stores how much of what, what is there twice, what belongs to nothing, what expires next."""
    return measure(read_inventory(registry), now or utc_now(), store.orphans(registry.folders))
