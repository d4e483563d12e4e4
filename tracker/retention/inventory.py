"""What the plans of retention look at: every artifact version with its row, its files, and what depends on it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from tracker import store
from tracker.deciding.aliases import aliases_of, version_of
from tracker.deciding.decision import Cells
from tracker.deciding.models import ModelVersion, versions_from
from tracker.deciding.rows import cells_of
from tracker.folders import Folders
from tracker.matching import as_date
from tracker.reading.classes import RetentionClass, class_of, read_classes
from tracker.reading.registry import Registry
from tracker.store import Stored
from tracker.store.manifest import WITH_BYTES, Spot, root_of
from tracker.values import key_text


class Piece(NamedTuple):
    """Bytes of one file of a version; two versions that share them have pieces of the same id."""

    id: object
    size: int
    pinned: bool = False
    """The file has a name that Tracker does not know of, so that removing ours frees nothing."""


@dataclass(frozen=True, slots=True)
class Version:
    """One artifact version: what its row says, and what the store has of it."""

    artifact: str
    name: str
    number: int
    state: str = "stored"
    """As the manifest has it; as the row does where there is no manifest."""
    created: datetime | None = None
    """UTC, without a time zone, as all times here."""
    since: datetime | None = None
    """When it came into its state."""
    category: str = ""
    sha256: str = ""
    size: int = 0
    run_id: str = ""
    owner: str = ""
    aliases: tuple[str, ...] = ()
    own_class: str = ""
    hold: bool = False
    hold_reason: str = ""
    held_by: str = ""
    twice: bool = False
    """Its key stands in two rows: which of them is meant is not known."""
    pieces: tuple[Piece, ...] = ()
    stored: Stored | None = None
    row: Cells | None = field(default=None, repr=False)

    @property
    def has_bytes(self) -> bool:
        """Whether the store keeps its bytes, in the trash too."""
        return self.stored is not None and self.state in WITH_BYTES


def order(version: Version) -> tuple[str, int]:
    """How versions are listed: by name, the second before the tenth."""
    return version.name, version.number


@dataclass(frozen=True, slots=True)
class Run:
    """What retention wants to know of a run."""

    run_id: str
    name: str = ""
    experiment: str = ""
    status: str = ""


@dataclass(frozen=True)
class Inventory:
    """A registry at one moment."""

    versions: Mapping[str, Version]
    """By ``name:v3``."""
    classes: Sequence[RetentionClass] = ()
    models: Sequence[ModelVersion] = ()
    runs: Mapping[str, Run] = field(default_factory=dict)
    inputs: Sequence[tuple[str, str, datetime | None]] = ()
    """Which run read which artifact version, and when."""
    outputs: Sequence[tuple[str, str]] = ()
    """Which run wrote which artifact version."""
    trash_days: float = 14.0
    archive: str = ""
    """The archive store; empty where there is none."""

    def class_of(self, version: Version) -> tuple[RetentionClass | None, str]:
        """See :func:`tracker.reading.classes.class_of`."""
        return class_of(self.classes, version.own_class, version.name, version.category)

    @cached_property
    def by_name(self) -> dict[str, list[Version]]:
        """All versions of each artifact, newest first."""
        names: dict[str, list[Version]] = {}
        for version in sorted(self.versions.values(), key=lambda one: -one.number):
            names.setdefault(version.name, []).append(version)
        return names

    @cached_property
    def last_used(self) -> dict[str, datetime]:
        """When each version was read last by a run, as far as that is known."""
        used: dict[str, datetime] = {}
        for _, artifact, time in self.inputs:
            if time is not None:
                used[artifact] = max(time, used.get(artifact, time))
        return used

    @cached_property
    def registered(self) -> dict[str, list[ModelVersion]]:
        """The registered model versions of each artifact version."""
        found: dict[str, list[ModelVersion]] = {}
        for model in self.models:
            found.setdefault(model.artifact, []).append(model)
        return found


def read_inventory(registry: Registry) -> Inventory:
    """The registry as it is now, pending changes included; errors as of :class:`Registry`."""
    folders, settings = registry.folders, registry.settings
    lineage = cells_of(folders, "lineage")
    archive = settings.get("artifacts.archive")
    return Inventory(
        versions=read_versions(folders),
        classes=read_classes(cells_of(folders, "retention")),
        models=versions_from(cells_of(folders, "models")),
        runs={one.run_id: one for one in map(_run, cells_of(folders, "runs"))},
        inputs=[
            (key_text(row.get("run_id")), key_text(row.get("artifact")), as_date(row.get("time")))
            for row in lineage
            if key_text(row.get("direction")) == "input"
        ],
        outputs=[
            (key_text(row.get("run_id")), key_text(row.get("artifact")))
            for row in lineage
            if key_text(row.get("direction")) == "output"
        ],
        trash_days=max(0.0, settings.number("trash.days")),
        archive=str(archive or "").strip(),
    )


def _run(row: Cells) -> Run:
    return Run(*(key_text(row.get(name)) for name in ("run_id", "name", "experiment", "status")))


# -- versions -----------------------------------------------------------------------------------------------------


def read_versions(folders: Folders) -> dict[str, Version]:
    """Every version that has a row, a manifest, or both."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in cells_of(folders, "artifacts"):
        rows.setdefault(key_text(row.get("artifact")), []).append(row)
    manifests = {
        stored.artifact: stored
        for name in store.names(folders)
        for stored in store.versions(folders, name)
        if not stored.partial
    }
    pieces = read_pieces(folders, manifests.values())
    return {
        artifact: _version(artifact, rows.get(artifact, []), manifests.get(artifact), pieces.get(artifact, ()))
        for artifact in {**rows, **manifests}
    }


def _version(artifact: str, rows: Sequence[Cells], stored: Stored | None, pieces: tuple[Piece, ...]) -> Version:
    row: Cells = rows[0] if rows else {}
    size = row.get("size")
    hold = key_text(row.get("hold")).casefold()
    return Version(
        artifact=artifact,
        name=stored.name if stored else key_text(row.get("name")) or artifact.rpartition(":")[0],
        number=stored.version if stored else version_of(row),
        state=stored.state if stored else key_text(row.get("status")) or "stored",
        created=as_date(row.get("created")) or (stored.created if stored else None),
        since=_since(row, stored),
        category=key_text(row.get("category")) or (stored.category if stored else ""),
        sha256=stored.sha256 if stored else key_text(row.get("sha256")),
        size=stored.size if stored else int(size) if isinstance(size, (int, float)) else 0,
        run_id=key_text(row.get("run_id")) or (stored.run_id if stored else ""),
        owner=key_text(row.get("created_by")) or (stored.created_by if stored else ""),
        aliases=tuple(dict.fromkeys(alias for one in rows for alias in aliases_of(one))),
        own_class=key_text(row.get("retention_class")),
        hold=hold not in ("", "false", "0", "no"),  # whatever else stands there is taken for a hold
        hold_reason=key_text(row.get("hold_reason")),
        held_by=key_text(row.get("held_by")),
        twice=len(rows) > 1,
        pieces=pieces,
        stored=stored,
        row=row if rows else None,
    )


def _since(row: Cells, stored: Stored | None) -> datetime | None:
    """When it came into its state: a person who knows better writes it into the row's cell."""
    with contextlib.suppress(ValueError):
        if stored is not None and stored.since:
            return datetime.fromisoformat(stored.since)
    return as_date(row.get("status_time"))


def read_pieces(folders: Folders, versions: Iterable[Stored]) -> dict[str, tuple[Piece, ...]]:
    """The bytes of each version that are there; on this machine, files that are one by hard links have one id."""
    found: dict[str, dict[object, tuple[int, int]]] = {}
    names: dict[object, set[Spot]] = {}
    for stored in versions:
        for spot, file in stored.spots().items():
            root = root_of(folders, spot.store, spot.trash)
            identity: object = spot
            size, links = file.size, 1
            if root is not None:
                try:
                    status = os.stat(root / spot.path)
                except OSError:
                    continue
                size, links = status.st_size, status.st_nlink
                if links > 1:
                    identity = (status.st_dev, status.st_ino)
            names.setdefault(identity, set()).add(spot)
            found.setdefault(stored.artifact, {})[identity] = (size, links)
    return {
        artifact: tuple(Piece(one, size, links > len(names[one])) for one, (size, links) in pieces.items())
        for artifact, pieces in found.items()
    }
