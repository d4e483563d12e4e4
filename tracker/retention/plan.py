"""Plans: which versions go where, how many bytes that frees, by which rule; and what is exempt and why. Pure.

A plan is shown first. It has an id, made of what it would do; to agree to a plan is to name its id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tracker.errors import ArtifactNotFoundError, BadRequestError
from tracker.retention.due import due, newest_of_class
from tracker.retention.exempt import MOVED_AWAY, exemptions, holders_of, shared_with_kept
from tracker.retention.inventory import Inventory, Version, order


@dataclass(frozen=True, slots=True)
class Item:
    """One version and what is to happen with it."""

    artifact: str
    action: str
    """trash, archive, unarchive, restore, move or purge."""
    reason: str
    """The rule with its dates, or who chose it and why: what its row will say."""
    size: int
    """Bytes, all files together."""
    freed: int = 0
    """Bytes that become free: what no other version shares. Of the trash, once it is purged."""
    retention_class: str = ""
    when: datetime | None = None
    """Since when it is due, UTC."""
    to: str = ""
    """Of a move: the store."""


@dataclass(frozen=True, slots=True)
class Exempt:
    """One version that would be due, or was chosen, and stays."""

    artifact: str
    action: str
    reasons: tuple[str, ...]
    size: int
    retention_class: str = ""
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, in the order in which it would be."""

    items: tuple[Item, ...] = ()
    exempt: tuple[Exempt, ...] = ()

    @property
    def id(self) -> str:
        """What tells this plan from every other: eight digits of a hash of what it would do."""
        lines = sorted(f"{one.action} {one.artifact} {one.to} {one.size}\n" for one in self.items)
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:8]

    @property
    def size(self) -> int:
        """Bytes of all versions in it."""
        return sum(item.size for item in self.items)

    @property
    def freed(self) -> int:
        """Bytes that become free in all."""
        return sum(item.freed for item in self.items)

    def of_action(self, action: str) -> tuple[Item, ...]:
        """The items of one action."""
        return tuple(item for item in self.items if item.action == action)


# -- by rule ------------------------------------------------------------------------------------------------------


def plan_retention(inventory: Inventory, now: datetime, only: Collection[str] | None = None) -> Plan:
    """What the retention table says is due: versions to be trashed or archived.

    Args:
        inventory: the registry.
        now: UTC, without a time zone.
        only: a selection of what is due, by ``name:v3``; the others stay, and so does what shares files with them.
    """
    items: dict[str, Item] = {}
    exempt: list[Exempt] = []
    always = exemptions(inventory)
    for version in sorted(inventory.versions.values(), key=order):
        artifact = version.artifact
        if version.state not in ("stored", "archived", "referenced"):
            continue
        rule = due(inventory, version)
        if rule.when is None or rule.when > now or (rule.action == "archive" and version.state == "archived"):
            continue
        reasons = list(always.get(artifact, ()))
        if newest := newest_of_class(inventory, version):
            reasons.append(newest)
        if rule.action == "archive" and not inventory.archive:
            reasons.append("there is no archive: set artifacts.archive in the settings table")
        if only is not None and artifact not in only:
            continue
        if reasons:
            stays = Exempt(artifact, rule.action, tuple(reasons), version.size, rule.retention_class, rule.when)
            exempt.append(stays)
        else:
            to = inventory.archive if rule.action == "archive" else ""
            items[artifact] = Item(
                artifact, rule.action, rule.why, version.size, 0, rule.retention_class, rule.when, to
            )
    for artifact, why in shared_with_kept(inventory, items).items():
        item = items.pop(artifact)
        exempt.append(Exempt(artifact, item.action, (why,), item.size, item.retention_class, item.when))
    exempt.sort(key=lambda one: order(inventory.versions[one.artifact]))
    return Plan(with_freed(inventory, items.values()), tuple(exempt))


def plan_purge(inventory: Inventory, now: datetime) -> Plan:
    """What has been in the trash long enough to be deleted for good; what is exempt by now stays in it."""
    items, exempt = [], []
    always = exemptions(inventory)
    for version in sorted(inventory.versions.values(), key=order):
        artifact = version.artifact
        if version.state != "trash":
            continue
        when = purge_date(inventory, version)
        if when is None or when > now:
            continue
        if artifact in always:
            exempt.append(Exempt(artifact, "purge", tuple(always[artifact]), version.size, when=when))
            continue
        why = version.stored.why if version.stored else ""
        items.append(Item(artifact, "purge", why, version.size, when=when))
    return Plan(with_freed(inventory, items), tuple(exempt))


def purge_date(inventory: Inventory, version: Version) -> datetime | None:
    """When a version in the trash can be deleted for good; None where it is not known since when it is there."""
    return version.since + timedelta(days=inventory.trash_days) if version.since is not None else None


# -- by choice ----------------------------------------------------------------------------------------------------

_FROM = {
    "trash": ("stored", "archived"),
    "restore": ("trash",),
    "archive": ("stored",),
    "unarchive": ("archived",),
    "move": ("stored",),
}
"""The states from which a version can be taken, by action."""


def plan_chosen(inventory: Inventory, action: str, chosen: Iterable[str], why: str, who: str, to: str = "") -> Plan:
    """What a manager chose by hand.

    The trash takes nothing that is held, aliased, registered or in use; what shares files with a version that is kept
    may go, for its shared files stay. The archive and other stores take everything, since nothing is lost by it.

    Args:
        inventory: the registry.
        action: trash, restore, archive, unarchive or move.
        chosen: versions, as ``name:v3``.
        why: the reason, which their rows will say.
        who: whoever chose them.
        to: of a move, the store.

    Raises:
        ArtifactNotFoundError: one of them is none.
        BadRequestError: no reason is given, there is no archive, or nothing was chosen.
    """
    chosen, why = list(dict.fromkeys(chosen)), " ".join(why.split())
    if not chosen:
        raise BadRequestError(reason="No artifact version was named.")
    if not why and action in ("trash", "archive"):
        raise BadRequestError(reason=f"Why is it put into the {action}? Give a reason: its row will say it.")
    if action == "archive" and not inventory.archive:
        reason = "There is no archive yet: set artifacts.archive in the settings table to a folder or an address."
        raise BadRequestError(reason=reason)
    items, exempt = [], []
    always = exemptions(inventory)
    for artifact in chosen:
        version = inventory.versions.get(artifact)
        if version is None:
            hint = "Name a version, such as churn-model:v3; 'python -m tracker artifacts' lists them."
            raise ArtifactNotFoundError(artifact=artifact, path="this registry", hint=hint)
        reasons = list(always.get(artifact, ())) if action == "trash" or version.stored is None else []
        if version.state not in _FROM[action]:
            reasons = [f"it is {'in the trash' if version.state == 'trash' else version.state}"]
        elif action == "unarchive" and MOVED_AWAY in always.get(artifact, ()):
            reasons = ["its run is in another workbook: bring both back with 'python -m tracker archive --back'"]
        elif action == "move" and version.stored is not None and version.stored.store == to:
            reasons = ["it is there already"]
        if reasons:
            exempt.append(Exempt(artifact, action, tuple(reasons), version.size))
        else:
            reason = f"chosen by {who or 'unknown'}" + (f": {why}" if why else "")
            target = inventory.archive if action == "archive" else to
            items.append(Item(artifact, action, reason, version.size, to=target))
    return Plan(with_freed(inventory, items), tuple(exempt))


# -- bytes --------------------------------------------------------------------------------------------------------


def with_freed(inventory: Inventory, items: Iterable[Item]) -> tuple[Item, ...]:
    """The items with the bytes that each frees once all of them are gone; what several share counts with the last."""
    items = list(items)
    going = {item.artifact for item in items if item.action in ("trash", "purge")}
    holders = holders_of(inventory)
    counted: set[object] = set()
    done: list[Item] = []
    for item in reversed(items):
        freed = 0
        for piece in inventory.versions[item.artifact].pieces if item.artifact in going else ():
            if piece.id not in counted and not piece.pinned and going.issuperset(holders[piece.id]):
                counted.add(piece.id)
                freed += piece.size
        done.append(replace(item, freed=freed))
    return tuple(reversed(done))
