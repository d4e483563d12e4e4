"""What is known of a run or a registered model version, gathered from all tables to compare and describe it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tracker import store
from tracker.deciding.models import ModelVersion, find_version, registered
from tracker.deciding.rows import values_of
from tracker.errors import ModelNotFoundError, RunNotFoundError, TrackerError
from tracker.reading.registry import Registry
from tracker.settings import Settings

ENVIRONMENT, GIT_DIFF = "environment", "git-diff"
"""The artifacts in which every run keeps its packages and what was not committed."""
MOST_TEXT = 2_000_000
"""Bytes of a stored text that are read."""
MOST_OTHERS = 1000
"""How many other runs of an experiment are looked at, the newest ones."""

Row = Mapping[str, Any]
"""One row of a table: values as they were logged, by column."""


@dataclass(frozen=True, slots=True)
class Side:
    """A run, or a registered model version with the run that made it."""

    label: str
    run: Row = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    """The artifact versions that the run read: ``churn-train:v3``."""
    outputs: tuple[str, ...] = ()
    artifacts: Mapping[str, Row] = field(default_factory=dict)
    """The artifacts table's rows of the inputs and outputs."""
    checklist: tuple[Row, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    """The version of each installed package; empty where no environment was recorded."""
    model: ModelVersion | None = None

    @property
    def run_id(self) -> str:
        return str(self.run.get("run_id") or "")

    @property
    def commit(self) -> str:
        """The commit of the code; empty where none was recorded."""
        return str(self.run.get("git_commit") or "")


class Known:
    """A registry's tables, each read once, when something is asked of it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._texts: dict[str, str] = {}
        self._packages: dict[str, dict[str, str]] = {}

    @cached_property
    def settings(self) -> Settings:
        return self.registry.settings

    @cached_property
    def runs(self) -> dict[str, Row]:
        """The runs by id, in the order of the sheet."""
        return _by(values_of(self.registry.folders, "runs"), "run_id")

    @cached_property
    def artifacts(self) -> dict[str, Row]:
        """The artifact versions by their keys."""
        return _by(values_of(self.registry.folders, "artifacts"), "artifact")

    @cached_property
    def models(self) -> list[ModelVersion]:
        return registered(self.registry)

    @cached_property
    def lineage(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The artifact versions by run and direction."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for row in values_of(self.registry.folders, "lineage"):
            if row.get("artifact"):
                found.setdefault((row["run_id"], str(row.get("direction"))), {})[row["artifact"]] = None
        return {place: tuple(artifacts) for place, artifacts in found.items()}

    @cached_property
    def checklist(self) -> dict[str, list[Row]]:
        """The checklist items by run."""
        found: dict[str, list[Row]] = {}
        for row in values_of(self.registry.folders, "checklist"):
            found.setdefault(row["run_id"], []).append(row)
        return found

    def side(self, reference: str) -> Side:
        """What is meant: a run by its id or its name; a model version by ``churn:v3``, ``churn:staging``.

        Raises:
            ModelNotFoundError: there is neither.
            BadRequestError: several runs could be meant.
        """
        try:
            return self.of_run(self.registry.run_id(reference))
        except RunNotFoundError as error:
            try:
                return self.of_model(find_version(self.models, reference))
            except ModelNotFoundError as nothing:
                if ":" in reference:
                    raise nothing from None
                raise error from None

    def of_run(self, run_id: str) -> Side:
        """Everything about a run; its row is blank where a person deleted it."""
        run = self.runs.get(run_id, {"run_id": run_id})
        inputs, outputs = (self.lineage.get((run_id, direction), ()) for direction in ("input", "output"))
        return Side(
            label=str(run.get("name") or run_id),
            run=run,
            inputs=inputs,
            outputs=outputs,
            artifacts={key: self.artifacts.get(key, {}) for key in (*inputs, *outputs)},
            checklist=tuple(self.checklist.get(run_id, ())),
            packages=self._installed(outputs),
        )

    def of_model(self, version: ModelVersion) -> Side:
        """Everything about a model version: its own row, its artifact, and the run that made it."""
        side = self.of_run(version.run_id) if version.run_id else Side(version.label)
        outputs = side.outputs if version.artifact in side.outputs else (*side.outputs, version.artifact)
        artifacts = {**side.artifacts, version.artifact: self.artifacts.get(version.artifact, {})}
        return Side(
            label=version.label,
            run=side.run,
            inputs=side.inputs,
            outputs=tuple(key for key in outputs if key),
            artifacts=artifacts,
            checklist=side.checklist,
            packages=side.packages,
            model=version,
        )

    def others(self, *sides: Side) -> list[Side]:
        """The other runs of the experiment to which the last of these belongs, without those that are only planned."""
        experiment, known = sides[-1].run.get("experiment"), {side.run_id for side in sides}
        found = [
            run_id
            for run_id, run in self.runs.items()
            if run.get("experiment") == experiment and run_id not in known and run.get("status") != "PLANNED"
        ]
        return [self.of_run(run_id) for run_id in found[-MOST_OTHERS:]]

    def uncommitted(self, side: Side) -> str:
        """What was not committed when the run began, as git said it; empty where all was, or none was recorded."""
        return "".join(self.text(key) for key in side.outputs if _name(key) == GIT_DIFF)

    def text(self, artifact: str) -> str:
        """The text of a stored artifact of one file; empty where it cannot be read. A long one is cut off."""
        if artifact not in self._texts:
            try:
                path = store.find(self.registry.folders, artifact).path
                with open(path, "rb") as file:
                    self._texts[artifact] = file.read(MOST_TEXT).decode("utf-8", "replace")
            except (TrackerError, OSError):
                self._texts[artifact] = ""
        return self._texts[artifact]

    def _installed(self, outputs: Iterable[str]) -> Mapping[str, str]:
        artifact = next((key for key in outputs if _name(key) == ENVIRONMENT), "")
        if artifact and artifact not in self._packages:
            self._packages[artifact] = packages_in(self.text(artifact))
        return self._packages.get(artifact, {})


_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(.*?)\s*")


def packages_in(requirements: str) -> dict[str, str]:
    """The version of each package in a requirements file; what is not pinned with ``==`` keeps its sign."""
    found = {}
    for line in requirements.splitlines():
        match = _REQUIREMENT.fullmatch(line.partition("#")[0])
        if match:
            found[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2].removeprefix("==").strip() or "any"
    return found


def _by(rows: Iterable[Row], key: str) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(str(row[key]), row)
    return found


def _name(artifact: str) -> str:
    return artifact.rpartition(":")[0]
