"""The storage report: who stores how much of what, what is there twice, what belongs to nothing, what expires next.

Bytes that several versions share are counted once, with the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.model import Problem
from tracker.retention.due import due, newest_of_class
from tracker.retention.exempt import exemptions
from tracker.retention.inventory import Inventory, Version, order
from tracker.retention.plan import purge_date

FORECAST_DAYS = 90
AGES = ((30, "up to 30 days"), (90, "31 to 90 days"), (365, "91 days to a year"), (None, "over a year"))
NOBODY = "–"


@dataclass(frozen=True, slots=True)
class Share:
    """What one experiment, person, category or age stores."""

    label: str
    versions: int
    size: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Content that several versions hold, each with bytes of its own."""

    sha256: str
    artifacts: tuple[str, ...]
    wasted: int
    """Bytes beyond the first copy."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """When something happens with a version by its rule, or why it does not."""

    artifact: str
    action: str
    """trash, archive or purge; empty where no rule ever applies."""
    when: datetime | None
    why: str
    size: int
    retention_class: str
    kept: tuple[str, ...] = ()
    """Why it would stay all the same, as things stand."""


@dataclass(frozen=True, slots=True)
class Storage:
    """What the stores hold."""

    versions: int
    size: int
    by: Mapping[str, Sequence[Share]]
    """By state, experiment, owner, category and age; the greatest first."""
    duplicates: Sequence[Duplicate]
    without_row: Sequence[str]
    """Versions whose row a person deleted."""
    orphans: Sequence[Problem]
    """Files that belong to no version."""
    expiring: Sequence[Expiry]
    """Within :data:`FORECAST_DAYS`, and what is due already; the soonest first."""


def measure(inventory: Inventory, now: datetime, orphans: Sequence[Problem] = ()) -> Storage:
    """The report of a registry at one moment, UTC."""
    there = sorted((version for version in inventory.versions.values() if version.has_bytes), key=order)
    sizes = own_sizes(there)

    def experiment(version: Version) -> str:
        run = inventory.runs.get(version.run_id)
        return run.experiment if run else ""

    groups: dict[str, Callable[[Version], str]] = {
        "state": lambda version: version.state,
        "experiment": experiment,
        "owner": lambda version: version.owner,
        "category": lambda version: version.category,
        "age": lambda version: age(version, now),
    }
    soon = now + timedelta(days=FORECAST_DAYS)
    expiring = [one for one in forecast(inventory) if one.when is not None and one.when <= soon]
    return Storage(
        versions=len(there),
        size=sum(sizes.values()),
        by={name: _shares(there, sizes, label) for name, label in groups.items()},
        duplicates=_duplicates(there),
        without_row=[version.artifact for version in there if version.row is None],
        orphans=orphans,
        expiring=sorted(expiring, key=lambda one: one.when or now),
    )


def own_sizes(versions: Iterable[Version]) -> dict[str, int]:
    """The bytes of each version that no earlier one of them has."""
    seen: set[object] = set()
    sizes = {}
    for version in versions:
        new = [piece for piece in version.pieces if piece.id not in seen]
        seen.update(piece.id for piece in new)
        sizes[version.artifact] = sum(piece.size for piece in new)
    return sizes


def age(version: Version, now: datetime) -> str:
    """How old a version is, coarsely."""
    if version.created is None:
        return ""
    days = (now - version.created).total_seconds() / 86_400
    return next(label for most, label in AGES if most is None or days <= most)


def forecast(inventory: Inventory) -> list[Expiry]:
    """For every version that has its bytes or is referred to: what will happen with it, when, and why it may not."""
    always = exemptions(inventory)
    found = []
    for version in sorted(inventory.versions.values(), key=order):
        artifact = version.artifact
        kept = always.get(artifact, [])
        if version.state == "trash":
            when = purge_date(inventory, version)
            why = version.stored.why if version.stored else ""
            found.append(Expiry(artifact, "purge", when, why, version.size, version.own_class, tuple(kept)))
        elif version.state in ("stored", "archived", "referenced"):
            rule = due(inventory, version)
            done = rule.action == "archive" and version.state == "archived"
            when, action = (None, "") if done or rule.when is None else (rule.when, rule.action)
            newest = newest_of_class(inventory, version)
            reasons = (*kept, newest) if newest else tuple(kept)
            why = "it is in the archive, where its class leaves it" if done else rule.why
            found.append(Expiry(artifact, action, when, why, version.size, rule.retention_class, reasons))
    return found


def _shares(versions: Sequence[Version], sizes: Mapping[str, int], label: Callable[[Version], str]) -> list[Share]:
    groups: dict[str, list[int]] = {}
    for version in versions:
        groups.setdefault(label(version) or NOBODY, []).append(sizes[version.artifact])
    shares = [Share(name, len(found), sum(found)) for name, found in groups.items()]
    return sorted(shares, key=lambda share: (-share.size, share.label))


def _duplicates(versions: Sequence[Version]) -> list[Duplicate]:
    """Versions of the same content that do not share its bytes, the most wasteful first."""
    alike: dict[tuple[str, int], list[Version]] = {}
    for version in versions:
        if version.sha256 and version.size:
            alike.setdefault((version.sha256, version.size), []).append(version)
    found = []
    for (sha256, _), group in alike.items():
        if len(group) > 1 and (wasted := sum(list(own_sizes(group).values())[1:])):
            found.append(Duplicate(sha256, tuple(version.artifact for version in group), wasted))
    return sorted(found, key=lambda one: (-one.wasted, one.artifacts))
