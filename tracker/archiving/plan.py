"""Which runs move to another workbook with what of theirs, and which stay, and why. Pure: it reads nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tracker.deciding.decision import Cells
from tracker.matching import as_date
from tracker.retention.inventory import Inventory, Version
from tracker.schema import MOVED
from tracker.values import key_text

LIVE_STAGES = ("candidate", "staging", "production")
"""Stages in which a model is in use, or about to be."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A run that moves."""

    run_id: str
    name: str
    checklist: int = 0
    """Rows of its checklist."""
    lineage: int = 0
    """Rows of what it read and wrote, as far as the artifact goes along or is there already."""
    artifacts: tuple[str, ...] = ()
    """Versions whose files move with it."""
    steps: int = 0
    """Bytes of its metric steps."""


@dataclass(frozen=True, slots=True)
class Staying:
    """A run that was asked for and does not move."""

    run_id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What moving would do."""

    runs: tuple[Leaving, ...] = ()
    stays: tuple[Staying, ...] = ()
    shared: tuple[str, ...] = ()
    """Versions of runs that move whose files stay: other runs made them too, or they are in another store."""
    size: int = 0
    """Bytes of the files that move: artifacts and metric steps."""

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The versions whose files move, each once."""
        return tuple(dict.fromkeys(artifact for run in self.runs for artifact in run.artifacts))

    @property
    def id(self) -> str:
        """Tells this plan from any other."""
        return hashlib.sha256(repr((self.runs, self.stays)).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Origin:
    """The workbook that runs are to leave, at one moment."""

    inventory: Inventory
    runs: Mapping[str, Cells]
    """The rows by id; of an id twice the first."""
    twice: Collection[str] = ()
    """Ids that stand in two rows."""
    checklist: Mapping[str, int] = field(default_factory=dict)
    """Rows of the checklist, by run."""
    steps: Mapping[str, int] = field(default_factory=dict)
    """Bytes of metric steps, by run."""

    def status(self, run_id: str) -> str:
        return key_text(self.runs.get(run_id, {}).get("status"))

    def name(self, run_id: str) -> str:
        return key_text(self.runs.get(run_id, {}).get("name"))


def choose(
    runs: Mapping[str, Cells], before: datetime | None = None, experiment: str = "", named: Iterable[str] = ()
) -> list[str]:
    """The ids of the runs that are meant: those that began before a moment (UTC), of an experiment, or named ones.

    Where both a moment and an experiment are given, both must hold. Runs that moved already are never meant.
    """
    wanted = set(named)

    def is_meant(run_id: str, row: Cells) -> bool:
        if run_id in wanted:
            return True
        start = as_date(row.get("start_time"))
        in_time = before is None or (start is not None and start < before)
        of_experiment = not experiment or key_text(row.get("experiment")) == experiment
        return bool(before or experiment) and in_time and of_experiment

    return [run_id for run_id, row in runs.items() if key_text(row.get("status")) != MOVED and is_meant(run_id, row)]


def plan_move(
    origin: Origin, chosen: Collection[str], there: Mapping[str, Version], address: str, *, back: bool = False
) -> MovePlan:
    """Plan which of the chosen runs move.

    Into the archive, a run stays that still runs, of which an artifact is on hold, has an alias or is a model in use,
    or made what a run reads that stays. Files go along only where no run that stays made them, too. Back from the
    archive everything of a run comes along.

    Args:
        there: the artifact versions of the other workbook.
        address: the artifact store of the other workbook, as this one names it.
        back: out of an archive.
    """
    outputs = _by_run(origin.inventory.outputs)
    for version in origin.inventory.versions.values():
        if version.run_id:
            outputs.setdefault(version.run_id, set()).add(version.artifact)
    makers: dict[str, set[str]] = {}
    for run_id, artifacts in outputs.items():
        for artifact in artifacts:
            makers.setdefault(artifact, set()).add(run_id)
    stays: dict[str, str] = {}
    for run_id in chosen:
        if why := _why_it_stays(origin, run_id, outputs.get(run_id, set()), back):
            stays[run_id] = why
    gone = {run_id for run_id in origin.runs if origin.status(run_id) == MOVED}
    readers: dict[str, set[str]] = {}
    for run_id, artifact, _ in origin.inventory.inputs:
        readers.setdefault(artifact, set()).add(run_id)
    while True:
        leaving = [run_id for run_id in chosen if run_id not in stays]
        going = set(leaving) | gone
        files = {
            artifact
            for run_id in leaving
            for artifact in outputs.get(run_id, ())
            if (back or makers[artifact] <= going) and _can_move(origin.inventory.versions.get(artifact), address)
        }
        found = {} if back else _needed_here(files, makers, readers, going, set(leaving), origin)
        found |= _taken_there(files, makers, origin.inventory.versions, there, set(leaving))
        if not found:
            break
        stays |= found
    return _plan(origin, leaving, stays, files, outputs, there)


def _why_it_stays(origin: Origin, run_id: str, artifacts: Collection[str], back: bool) -> str:
    if run_id in origin.twice:
        return "its id stands in two rows"
    if origin.status(run_id) == "RUNNING":
        return "it is still running"
    if back:
        return ""
    for artifact in sorted(artifacts):
        version = origin.inventory.versions.get(artifact)
        if version is not None and version.hold:
            return f"{artifact} is on hold"
        if version is not None and version.aliases:
            return f"{artifact} has the alias {version.aliases[0]}"
        for model in origin.inventory.registered.get(artifact, ()):
            if model.stage in LIVE_STAGES:
                return f"{artifact} is {model.model}:v{model.version}, in stage {model.stage}"
    return ""


def _can_move(version: Version | None, address: str) -> bool:
    """Whether its files lie beside the workbook; or are there already, since a move before was killed."""
    stored = version.stored if version is not None else None
    if stored is None:
        return False
    return (stored.state == "stored" and not stored.store) or (stored.state == "archived" and stored.store == address)


def _needed_here(
    files: Collection[str],
    makers: Mapping[str, set[str]],
    readers: Mapping[str, set[str]],
    going: set[str],
    leaving: set[str],
    origin: Origin,
) -> dict[str, str]:
    """Makers of what a run reads that stays."""
    found = {}
    for artifact in sorted(files):
        for reader in sorted(readers.get(artifact, set()) - going)[:1]:
            for maker in makers[artifact] & leaving:
                found[maker] = f"{artifact} is read by {origin.name(reader) or reader}, which stays"
    return found


def _taken_there(
    files: Collection[str],
    makers: Mapping[str, set[str]],
    here: Mapping[str, Version],
    there: Mapping[str, Version],
    leaving: set[str],
) -> dict[str, str]:
    """Makers of versions of which the other workbook has another one under that name and number."""
    found = {}
    for artifact in sorted(files):
        other = there.get(artifact)
        if other is not None and other.sha256 != here[artifact].sha256:
            for maker in makers[artifact] & leaving:
                found[maker] = f"the other workbook has another {artifact}"
    return found


def _plan(
    origin: Origin,
    leaving: list[str],
    stays: Mapping[str, str],
    files: Collection[str],
    outputs: Mapping[str, set[str]],
    there: Mapping[str, Version],
) -> MovePlan:
    along = {*files, *there}
    lineage: dict[str, int] = {}
    read = [(run_id, artifact) for run_id, artifact, _ in origin.inventory.inputs]
    for run_id, artifact in (*read, *origin.inventory.outputs):
        lineage[run_id] = lineage.get(run_id, 0) + (artifact in along)
    runs = tuple(
        Leaving(
            run_id,
            origin.name(run_id),
            origin.checklist.get(run_id, 0),
            lineage.get(run_id, 0),
            tuple(sorted(outputs.get(run_id, set()) & set(files))),
            origin.steps.get(run_id, 0),
        )
        for run_id in leaving
    )
    shared = {artifact for run_id in leaving for artifact in outputs.get(run_id, ())} - set(files)
    size = sum(origin.inventory.versions[artifact].size for artifact in files) + sum(run.steps for run in runs)
    left = tuple(Staying(run_id, origin.name(run_id), why) for run_id, why in stays.items())
    return MovePlan(runs, left, tuple(sorted(shared)), size)


def _by_run(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for run_id, artifact in pairs:
        found.setdefault(run_id, set()).add(artifact)
    return found
