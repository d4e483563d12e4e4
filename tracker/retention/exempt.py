"""What no rule may delete: held, aliased, registered, in use, shared with what is kept, or not Tracker's to delete."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from tracker.retention.inventory import Inventory, Version
from tracker.store.place import is_beside_another_workbook

MOVED_AWAY = "it moved with its run to another workbook, which decides about its files"


def exemptions(inventory: Inventory) -> dict[str, list[str]]:
    """Why versions are exempt, whatever their age, by ``name:v3``; those that are not are left out.

    An input is in use while a run that read it is kept: one that is RUNNING, or of which an output is itself held,
    aliased, registered, or in use. So everything that a model in production came from stays, however far back.
    """
    reasons = {artifact: _own_reasons(inventory, version) for artifact, version in inventory.versions.items()}
    for artifact, run in _in_use(inventory, {artifact for artifact, why in reasons.items() if why}).items():
        if artifact in reasons:
            reasons[artifact].append(f"input of {run}")
    for artifact, version in inventory.versions.items():
        if version.state == "referenced":
            reasons[artifact].append("only referred to: its data are not Tracker's to delete")
        elif version.stored is None:
            reasons[artifact].append("the store has no files of it")
        elif is_beside_another_workbook(version.stored.store):
            reasons[artifact].append(MOVED_AWAY)
        elif version.twice:
            reasons[artifact].append("its key stands in two rows")
    return {artifact: why for artifact, why in reasons.items() if why}


def _own_reasons(inventory: Inventory, version: Version) -> list[str]:
    reasons = []
    if version.hold:
        by = f" by {version.held_by}" if version.held_by else ""
        why = f": {version.hold_reason}" if version.hold_reason else ""
        reasons.append(f"on hold{by}{why}")
    if version.aliases:
        reasons.append(f"aliased: {', '.join(version.aliases)}")
    kept = [model for model in inventory.registered.get(version.artifact, ()) if model.stage != "retired"]
    if kept:
        listed = ", ".join(f"{model.label} ({model.stage})" for model in kept)
        reasons.append(f"registered: {listed}")
    return reasons


def _in_use(inventory: Inventory, wanted: Collection[str]) -> dict[str, str]:
    """The inputs of kept runs, each with the run that needs it and why that is kept."""
    made_by: dict[str, set[str]] = {}
    for run_id, artifact in inventory.outputs:
        made_by.setdefault(artifact, set()).add(run_id)
    read_by: dict[str, set[str]] = {}
    for run_id, artifact, _ in inventory.inputs:
        read_by.setdefault(run_id, set()).add(artifact)
    found: dict[str, str] = {}
    kept: set[str] = set()
    running = {run.run_id: "is running" for run in inventory.runs.values() if run.status.upper() == "RUNNING"}
    waiting = [*running.items(), *((run, f"made {one}") for one in wanted for run in made_by.get(one, ()))]
    waiting.sort()
    while waiting:
        run_id, why = waiting.pop()
        if run_id in kept:
            continue
        kept.add(run_id)
        for artifact in sorted(read_by.get(run_id, ())):
            if artifact not in found:
                run = inventory.runs.get(run_id)
                found[artifact] = f"run {run.name or run_id if run else run_id}, which {why}"
                waiting += [(maker, f"made {artifact}") for maker in sorted(made_by.get(artifact, ()))]
    return found


def shared_with_kept(inventory: Inventory, going: Iterable[str]) -> dict[str, str]:
    """Of versions that are to go, those that share bytes with one that is kept; and so on, until all others may go."""
    left = set(going)
    holders = holders_of(inventory)
    found: dict[str, str] = {}
    while True:
        kept = {
            artifact: other
            for artifact in left
            if (other := _sharer(inventory.versions[artifact], holders, inventory, left)) is not None
        }
        if not kept:
            return found
        found |= {artifact: f"shares files with {other}, which is kept" for artifact, other in kept.items()}
        left -= kept.keys()


def _sharer(
    version: Version, holders: Mapping[object, list[str]], inventory: Inventory, going: Collection[str]
) -> str | None:
    """A version that is kept and has bytes of this one; what is in the trash is not kept."""
    for piece in version.pieces:
        for other in holders[piece.id]:
            if other not in going and other != version.artifact and inventory.versions[other].state != "trash":
                return other
    return None


def holders_of(inventory: Inventory) -> dict[object, list[str]]:
    """Which versions have which bytes."""
    holders: dict[object, list[str]] = {}
    for artifact, version in sorted(inventory.versions.items()):
        for piece in version.pieces:
            holders.setdefault(piece.id, []).append(artifact)
    return holders
