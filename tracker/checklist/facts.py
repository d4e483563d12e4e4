"""What is known of a run when its checklist is judged: its row, its artifacts, the models that came of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tracker.checklist.patterns import fits
from tracker.matching import as_number
from tracker.values import key_text

Cells = Mapping[str, Any]
"""One row of a table: cells by the columns' own names, as the workbook holds them."""

GONE = ("trash", "deleted", "missing")
"""The states of an artifact version whose files prove nothing any more."""


class ArtifactFacts(NamedTuple):
    """One artifact version that a run read or wrote."""

    key: str
    """``churn-model:v3``."""
    name: str
    category: str
    kind: str
    retention_class: str
    """Its own, else the one that the retention table gives to artifacts of its name or category."""
    aliases: tuple[str, ...]
    hashed: bool
    profiled: bool
    """A profile is stored beside it."""
    gone: bool


class Used(NamedTuple):
    """An artifact version, and whether the run read or wrote it."""

    direction: str
    artifact: ArtifactFacts


class VersionFacts(NamedTuple):
    """A registered version of a model."""

    model: str
    version: int
    artifact: str
    run_id: str
    stage: str
    gone: bool = False
    """Its files are not there any more."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run."""

    run_id: str
    cells: Cells
    """Its row; a column that is not there is blank."""
    used: tuple[Used, ...] = ()
    """Versions whose files are there."""
    versions: tuple[VersionFacts, ...] = ()
    """All versions of the models of which the run made one."""
    roles: Mapping[str, str] | None = None
    """Each person's role, names in lower case; None where there is one trusted local user."""

    @property
    def owner(self) -> str:
        return key_text(self.cells.get("owner"))

    @property
    def own_versions(self) -> tuple[VersionFacts, ...]:
        """The model versions that the run made."""
        written = {used.artifact.key for used in self.used if used.direction == "output"}
        return tuple(one for one in self.versions if one.run_id == self.run_id or one.artifact in written)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the model versions that it made."""
        return tuple(one.stage for one in self.own_versions) if self.versions else ()


# -- from rows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of the tables that facts are made of; of runs, artifacts and lineage at least those that are asked for."""

    runs: Iterable[Cells] = ()
    artifacts: Iterable[Cells] = ()
    lineage: Iterable[Cells] = ()
    models: Iterable[Cells] = ()
    people: Iterable[Cells] = ()
    retention: Iterable[Cells] = ()
    has_profile: Callable[[str], bool] = field(default=lambda artifact: False)
    """Whether a profile is stored beside an artifact version."""


def facts_of(rows: Rows) -> dict[str, RunFacts]:
    """The facts of each run, by its id; of two rows with one id the first counts."""
    classes = _classes(rows.retention)
    artifacts: dict[str, ArtifactFacts] = {}
    used: dict[str, dict[tuple[str, str], None]] = {}
    for row in rows.artifacts:
        found = _artifact(row, classes, rows.has_profile)
        if found.key and found.key not in artifacts:
            artifacts[found.key] = found
            used.setdefault(key_text(row.get("run_id")), {})["output", found.key] = None
    for row in rows.lineage:
        step = key_text(row.get("direction")).lower(), key_text(row.get("artifact"))
        used.setdefault(key_text(row.get("run_id")), {})[step] = None
    models: dict[str, list[VersionFacts]] = {}
    for row in rows.models:
        if (version := _version(row)) is not None:
            gone = version.artifact in artifacts and artifacts[version.artifact].gone
            models.setdefault(version.model, []).append(version._replace(gone=gone))
    of_artifact: dict[str, set[str]] = {}
    of_run: dict[str, set[str]] = {}
    for version in (one for versions in models.values() for one in versions):
        of_artifact.setdefault(version.artifact, set()).add(version.model)
        of_run.setdefault(version.run_id, set()).add(version.model)
    roles = roles_of(rows.people)
    facts: dict[str, RunFacts] = {}
    for row in rows.runs:
        run_id = key_text(row.get("run_id"))
        if not run_id or run_id in facts:
            continue
        steps = used.get(run_id, {})
        there = [
            Used(direction, artifacts[key]) for direction, key in steps if key in artifacts and not artifacts[key].gone
        ]
        names = set(of_run.get(run_id, ()))
        if of_artifact:
            names.update(*(of_artifact.get(key, ()) for direction, key in steps if direction == "output"))
        versions = tuple(one for name in sorted(names) for one in models[name])
        facts[run_id] = RunFacts(run_id, row, tuple(there), versions, roles)
    return facts


def roles_of(people: Iterable[Cells]) -> dict[str, str] | None:
    """Each person's role, names in lower case; None where the people table is empty."""
    roles: dict[str, str] = {}
    for row in people:
        if name := key_text(row.get("person")).casefold():
            roles.setdefault(name, key_text(row.get("role")).lower())
    return roles or None


def _artifact(row: Cells, classes: list[_Class], has_profile: Callable[[str], bool]) -> ArtifactFacts:
    key = key_text(row.get("artifact"))
    name = key_text(row.get("name")) or key.rpartition(":")[0]
    category = key_text(row.get("category"))
    return ArtifactFacts(
        key,
        name,
        category,
        key_text(row.get("kind")),
        key_text(row.get("retention_class")) or _class_of(name, category, classes),
        tuple(word for part in key_text(row.get("aliases")).split(",") if (word := part.strip())),
        bool(key_text(row.get("sha256"))),
        has_profile(key),
        key_text(row.get("status")).lower() in GONE,
    )


def _version(row: Cells) -> VersionFacts | None:
    model, number = key_text(row.get("model")), as_number(row.get("version"))
    if not model or number is None:
        return None
    stage = key_text(row.get("stage")).lower() or "none"
    return VersionFacts(model, int(number), key_text(row.get("artifact")), key_text(row.get("run_id")), stage)


class _Class(NamedTuple):
    name: str
    category: str
    names: tuple[str, ...]


def _classes(retention: Iterable[Cells]) -> list[_Class]:
    return [
        _Class(
            key_text(row.get("class")),
            key_text(row.get("category")).lower(),
            tuple(word for part in key_text(row.get("pattern")).split(",") if (word := part.strip())),
        )
        for row in retention
    ]


def _class_of(name: str, category: str, classes: list[_Class]) -> str:
    """The class that the retention table gives; names count before categories."""
    by_name = next((one.name for one in classes if one.names and fits(one.names, name)), "")
    return by_name or next((one.name for one in classes if one.category and one.category == category.lower()), "")
