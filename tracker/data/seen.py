"""Which runs saw the same data: read from the lineage of a registry, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Versions = tuple[str, ...]
"""Artifact versions, ``churn-train:v3``; sorted."""


@dataclass(frozen=True, slots=True)
class SameData:
    """What a number of runs read."""

    inputs: Mapping[str, Versions]
    """The data that each run read."""
    shared: Versions
    """What all of them read."""
    unknown: tuple[str, ...]
    """Runs that recorded no data."""

    @property
    def same(self) -> bool | None:
        """Whether all of them read exactly the same; None where one recorded nothing, for then nobody knows."""
        return None if self.unknown or not self.inputs else len(set(self.inputs.values())) == 1

    @property
    def differing(self) -> dict[str, dict[str, Versions]]:
        """By artifact name, the versions each run read; only artifacts that not all of them read in the same ones."""
        names = {_name(artifact) for versions in self.inputs.values() for artifact in versions}
        read = {
            name: {run: tuple(a for a in versions if _name(a) == name) for run, versions in self.inputs.items()}
            for name in sorted(names)
        }
        return {name: runs for name, runs in read.items() if len(set(runs.values())) > 1}

    def __str__(self) -> str:
        """One sentence for a person."""
        if self.same:
            return f"All {len(self.inputs)} runs saw the same data: {', '.join(self.shared)}."
        if self.same is None:
            none = len(self.unknown)
            return f"{none} of {len(self.inputs)} runs recorded no data, so nobody knows whether they saw the same."
        return f"The runs did not see the same data: they differ in {', '.join(self.differing)}."


def same_data(
    lineage: Iterable[Mapping[str, Any]], run_ids: Sequence[str], is_data: Callable[[str], bool] = lambda artifact: True
) -> SameData:
    """Whether these runs read the same data, by the rows of the lineage table.

    ``is_data`` says of an artifact version whether it is data; without it, everything that a run read counts.
    """
    inputs: dict[str, set[str]] = {run_id: set() for run_id in run_ids}
    for row in lineage:
        run_id, artifact = row.get("run_id"), row.get("artifact")
        if row.get("direction") == "input" and run_id in inputs and artifact and is_data(artifact):
            inputs[run_id].add(artifact)
    versions = {run_id: tuple(sorted(read)) for run_id, read in inputs.items()}
    shared = set.intersection(*inputs.values()) if inputs else set()
    return SameData(versions, tuple(sorted(shared)), tuple(run_id for run_id, read in versions.items() if not read))


def runs_by_data(lineage: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """The runs that read each artifact version, in the order of the rows."""
    runs: dict[str, dict[str, None]] = {}
    for row in lineage:
        if row.get("direction") == "input" and row.get("artifact"):
            runs.setdefault(row["artifact"], {})[row["run_id"]] = None
    return {artifact: tuple(ids) for artifact, ids in runs.items()}


def _name(artifact: str) -> str:
    return artifact.rpartition(":")[0] or artifact
