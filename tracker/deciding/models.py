"""Registered models and their versions: the rows of the ``models`` table, read.

``staging`` and ``production`` have one holder per model. :mod:`tracker.deciding.promotion` plans who moves where.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tracker.deciding.decision import Cells
from tracker.deciding.rows import cells_of
from tracker.errors import ModelNotFoundError
from tracker.matching import as_date, as_number
from tracker.reading.registry import Registry
from tracker.values import from_cell, key_text


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a registered model."""

    model: str
    version: int
    artifact: str = ""
    """The artifact version that holds it: ``churn-model:v3``."""
    run_id: str = ""
    stage: str = "none"
    promoted_by: str = ""
    promoted_at: datetime | None = None
    """UTC, without a time zone."""
    reason: str = ""
    notes: str = ""
    cells: Cells = field(default_factory=dict, repr=False, compare=False)
    """The row as the workbook has it."""

    @property
    def label(self) -> str:
        """``churn v3``."""
        return f"{self.model} v{self.version}"

    @property
    def key(self) -> tuple[str, str]:
        return self.model, str(self.version)


# -- reading ------------------------------------------------------------------------------------------------------


def versions_from(rows: Iterable[Cells]) -> list[ModelVersion]:
    """The registered versions in rows of the models table, by model, newest first; rows without a number left out."""
    found = []
    for row in rows:
        model, number = key_text(row.get("model")), as_number(row.get("version"))
        if model and number is not None and number == int(number):
            texts = {name: key_text(row.get(name)) for name in ("artifact", "run_id", "promoted_by", "reason", "notes")}
            stage = key_text(row.get("stage")).lower() or "none"
            when = as_date(row.get("promoted_at"))
            found.append(ModelVersion(model, int(number), stage=stage, promoted_at=when, cells=row, **texts))
    return sorted(found, key=lambda one: (one.model, -one.version))


def registered(registry: Registry) -> list[ModelVersion]:
    """Every registered version, pending ones included."""
    return versions_from(cells_of(registry.folders, "models"))


def of_model(versions: Iterable[ModelVersion], model: str) -> list[ModelVersion]:
    """The versions of one model, newest first.

    Raises:
        ModelNotFoundError: it has none.
    """
    versions = list(versions)
    found = [one for one in versions if one.model == model]
    if not found:
        names = sorted({one.model for one in versions})
        near = difflib.get_close_matches(model, names, 3) or names[:20]
        hint = f"There are: {', '.join(near)}." if near else "None is registered yet."
        raise ModelNotFoundError(model=model, hint=hint)
    return found


def find_version(versions: Iterable[ModelVersion], reference: str) -> ModelVersion:
    """The version that is meant: ``churn:v3``, ``churn:3``, ``churn:production`` (any stage), ``churn`` (the newest).

    Raises:
        ModelNotFoundError: there is none.
    """
    versions = list(versions)
    known = {one.model for one in versions}
    model, _, wanted = (reference.strip(), "", "latest")
    if model not in known and ":" in model:
        model, _, wanted = (part.strip() for part in model.rpartition(":"))
    mine = of_model(versions, model)
    for one in mine:
        if wanted.lower() in ("latest", str(one.version), f"v{one.version}", one.stage):
            return one
    there = ", ".join(f"v{one.version} ({one.stage})" for one in mine[:20])
    raise ModelNotFoundError(model=reference, hint=f"Its versions are {there}.")


def holder_of(versions: Iterable[ModelVersion], stage: str) -> ModelVersion | None:
    """The newest of the versions that is in a stage."""
    return max((one for one in versions if one.stage == stage), key=lambda one: one.version, default=None)


def metric_over_versions(
    versions: Iterable[ModelVersion], runs: Iterable[Cells], metric: str
) -> list[tuple[int, float]]:
    """A metric of a model over its versions, oldest first: version and value, where the version's run has it.

    Args:
        versions: those of one model.
        runs: rows of the runs table.
    """
    values = {key_text(run.get("run_id")): from_cell(run.get(f"metrics.{metric}"), "number") for run in runs}
    found = [(one.version, values.get(one.run_id)) for one in versions]
    return sorted((version, float(value)) for version, value in found if isinstance(value, (int, float)))
