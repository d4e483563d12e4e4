"""Which version of a model was in a stage before: found in the reasons that promotions and reverts leave behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.deciding.decision import Cells
from tracker.deciding.models import ModelVersion, holder_of
from tracker.journal.changes import Journal
from tracker.journal.incoming import gather
from tracker.reading.registry import Registry
from tracker.values import key_text

REPLACED = "replaced in {stage} by v{version}: {reason}"
"""The reason of a version that goes out because another is promoted."""
REVERTED = "reverted in {stage} by v{version}: {reason}"
"""The reason of a version that goes out because the one before comes back."""
BACK = "back in {stage} instead of v{version}: {reason}"
"""The reason of the one that comes back."""


@dataclass(frozen=True, slots=True)
class StageChange:
    """What the history has about one version: its stage before and after, both empty where only the reason changed."""

    version: int
    old: str = ""
    new: str = ""
    reason: str = ""


def stage_changes(registry: Registry, model: str) -> Iterator[StageChange]:
    """Every change of the model's versions that went through Tracker, newest first, pending ones too."""
    incoming = gather(registry.folders, registry.stamp, registry.settings)
    for change in (*reversed(incoming.changes), *reversed(incoming.deferred)):
        if change.table == "models" and change.key[0] == model:
            yield _stage_change(change.key, change.was, change.set)
    for change_set in Journal(registry.folders.changes).newest_first():
        for entry in reversed(change_set.entries):
            if entry.table == "models" and entry.key[0] == model:
                old = {column: cell.old for column, cell in entry.cells.items()}
                yield _stage_change(entry.key, old, {column: cell.new for column, cell in entry.cells.items()})


def _stage_change(key: Sequence[str], old: Cells, new: Cells) -> StageChange:
    version = int(key[1]) if key[1].isdigit() else 0
    reason = key_text(new.get("reason"))
    if "stage" not in new:
        return StageChange(version, reason=reason)
    return StageChange(version, key_text(old.get("stage")).lower(), key_text(new["stage"]).lower(), reason)


def holder_before(versions: Sequence[ModelVersion], stage: str, history: Iterable[StageChange]) -> ModelVersion | None:
    """Which version was in a stage before the one that is in it now: where a revert leads to.

    The history says it, by the reasons with which versions went out; a revert undoes the promotion that it names, so
    that reverting twice goes back two versions and not to and fro. Where the history is lost, the reasons in the rows
    say it. Where a person chose the present holder in the workbook, it is the last one that Tracker knows of.

    Args:
        versions: those of one model.
        history: its changes, newest first; read only as far as needed.
    """
    known = {one.version: one for one in versions}
    current = holder_of(versions, stage)
    undone: dict[int, int] = {}
    last_promoted: int | None = None
    for change in history:
        if last_promoted is None and change.new == stage != change.old:
            last_promoted = change.version
            if current is None and last_promoted in known:
                return known[last_promoted]
        if (returned := _named(BACK, stage, change.reason)) is not None:
            undone[returned] = undone.get(returned, 0) + 1
        elif (successor := _named(REPLACED, stage, change.reason)) is not None:
            if undone.get(successor):
                undone[successor] -= 1
            elif current is not None and successor == current.version and change.version in known:
                return known[change.version]
    if current is None:
        return None
    replaced = [one for one in versions if _named(REPLACED, stage, one.reason) == current.version]
    if replaced:
        return max(replaced, key=lambda one: one.promoted_at or datetime.min)
    return known.get(last_promoted or 0) if last_promoted != current.version else None


def _named(template: str, stage: str, reason: str) -> int | None:
    """The version that a reason of this form names."""
    start = template.partition("{version}")[0].format(stage=stage)
    match = re.match(r"\d+", reason.removeprefix(start)) if reason.startswith(start) else None
    return int(match[0]) if match else None
