"""When an artifact version is due: its class's days after its class's trigger."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tracker.retention.inventory import Inventory, Version

TRIGGERS = {
    "created": "it was created",
    "last used": "a run used it last",
    "superseded": "its next version came",
    "model retired": "its model was retired",
}
"""Each trigger, as the end of ``30 days after …``."""


class Due(NamedTuple):
    """When a version is due, and what its class does with it then."""

    retention_class: str
    when: datetime | None
    """UTC; None where it is kept, for the reason that ``why`` gives."""
    why: str
    action: str = ""


def due(inventory: Inventory, version: Version) -> Due:
    """When the rule of its class applies to a version, whatever else may exempt it."""
    one, how = inventory.class_of(version)
    if one is None:
        return Due(version.own_class, None, how)
    if one.faults:
        column, what = one.faults[0]
        return Due(one.name, None, f"{column} of class {one.name} cannot be read: {what}")
    if one.keep_days is None:
        return Due(one.name, None, f"class {one.name} keeps for ever")
    began, why_not = triggered(inventory, version, one.trigger)
    if began is None:
        return Due(one.name, None, why_not)
    event = TRIGGERS[one.trigger]
    if version.state == "stored" and version.since is not None and version.since > began:
        began, event = version.since, "it was brought back"  # else it would be due again at once
    days = f"{one.keep_days:g} {'day' if one.keep_days == 1 else 'days'}"
    why = f"{one.name}: {days} after {event} ({began:%Y-%m-%d})"
    try:
        return Due(one.name, began + timedelta(days=one.keep_days), f"{why}, {how}" if how else why, one.action)
    except OverflowError:
        return Due(one.name, None, f"class {one.name} keeps beyond the calendar")


def triggered(inventory: Inventory, version: Version, trigger: str) -> tuple[datetime | None, str]:
    """When the days of a class began to count for a version, or why they do not."""
    if trigger == "created":
        return version.created, "it is not known when it was created"
    if trigger == "last used":
        times = [time for time in (inventory.last_used.get(version.artifact), version.created) if time is not None]
        return max(times, default=None), "it is not known when it was created or used"
    if trigger == "superseded":
        later = [one for one in inventory.by_name.get(version.name, ()) if one.number > version.number]
        if not later:
            return None, "no later version of it has come"
        return later[-1].created, "it is not known when its next version came"
    models = inventory.registered.get(version.artifact, ())
    if not models:
        return None, "it is no version of a registered model that could be retired"
    times = [model.promoted_at for model in models if model.stage == "retired" and model.promoted_at is not None]
    if len(times) < len(models):
        return None, "its model is not retired"
    return max(times), ""


def newest_of_class(inventory: Inventory, version: Version) -> str:
    """Why a version stays as one of the newest of its name; empty where it does not."""
    one, _ = inventory.class_of(version)
    if one is None or not one.keep_last:
        return ""
    there = [other for other in inventory.by_name.get(version.name, ()) if other.state in ("stored", "archived")]
    if version in there[: one.keep_last]:
        newest = "the newest version" if one.keep_last == 1 else f"one of the newest {one.keep_last}"
        return f"{newest} of {version.name}, which class {one.name} keeps"
    return ""
