"""Registered models: their versions, the stages they are in, and what to do to move them. Plans only.

A version is a row of the ``models`` table. ``staging`` and ``production`` have one holder per model: whoever goes in
sends the version before out, in the same decision. The reason cell of the version that went out says for which other
it did, so that anybody can read in the workbook what was there before, and :func:`holder_before` too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.aliases import is_gone, resolve
from tracker.decision import Cells, Decision, change_row, new_row, on_one_line, utc
from tracker.errors import BadRequestError, ModelNotFoundError, StageError
from tracker.incoming import gather
from tracker.journal import Journal
from tracker.matching import as_date, as_number
from tracker.model import Change, Problem
from tracker.registry import Registry
from tracker.rows import cells_of
from tracker.schema import STAGES
from tracker.values import from_cell, key_text

SINGLE_STAGES = {"staging": "none", "production": "retired"}
"""Stages that one version of a model holds at a time, and where the one before goes when another takes its place."""
_OUT = "{verb} {stage} by v{version}: {reason}"
_REPLACED = r"replaced in {stage} by v(\d+)\b.*"
_BACK = "back in {stage} instead of v{version}: {reason}"
_CAME_BACK = r"back in {stage} instead of v\d+\b.*"


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


@dataclass(frozen=True, slots=True)
class StageChange:
    """One version's stage as the history has it."""

    version: int
    old: str
    new: str
    reason: str = ""


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


def stage_changes(registry: Registry, model: str) -> Iterator[StageChange]:
    """Every change of a stage of the model's versions that went through Tracker, newest first, pending ones too."""
    incoming = gather(registry.folders, registry.stamp, registry.settings)
    for change in (*reversed(incoming.changes), *reversed(incoming.deferred)):
        if change.table == "models" and change.key[0] == model and "stage" in change.set:
            yield _stage_change(change.key, change.was.get("stage"), change.set["stage"], change.set.get("reason"))
    for change_set in Journal(registry.folders.changes).newest_first():
        for entry in reversed(change_set.entries):
            if entry.table == "models" and entry.key[0] == model and "stage" in entry.cells:
                cell, reason = entry.cells["stage"], entry.cells.get("reason")
                yield _stage_change(entry.key, cell.old, cell.new, reason.new if reason else None)


def _stage_change(key: Sequence[str], old: Any, new: Any, reason: Any) -> StageChange:
    version = int(key[1]) if key[1].isdigit() else 0
    return StageChange(version, key_text(old).lower(), key_text(new).lower(), key_text(reason))


def holder_before(versions: Sequence[ModelVersion], stage: str, history: Iterable[StageChange]) -> ModelVersion | None:
    """Which version was in a stage before the one that is in it now: where a revert leads to.

    The rows say it: a version that went out names its successor. Where that text is gone, because the version went
    somewhere else since or a person wrote another reason, the history says it. A revert undoes the promotion before
    it, so that reverting twice goes back two versions and not to and fro.

    Args:
        versions: those of one model.
        history: its stage changes, newest first; read only as far as needed.
    """
    known = {one.version: one for one in versions}
    current = holder_of(versions, stage)
    if current is not None:
        text = re.compile(_REPLACED.format(stage=stage), re.DOTALL)
        replaced = [
            one
            for one in versions
            if (match := text.fullmatch(one.reason)) and int(match[1]) == current.version != one.version
        ]
        if replaced:
            return max(replaced, key=lambda one: one.promoted_at or datetime.min)
    back = re.compile(_CAME_BACK.format(stage=stage), re.DOTALL)
    undone = 0
    for change in history:
        if change.new != stage or change.old == stage:
            continue
        if back.fullmatch(change.reason):
            undone += 1
        elif undone:
            undone -= 1
        elif (current is None or change.version != current.version) and change.version in known:
            return known[change.version]
    return None


# -- plans --------------------------------------------------------------------------------------------------------


def plan_registration(
    versions: Iterable[ModelVersion],
    artifacts: Sequence[Cells],
    model: str,
    artifact: str,
    who: str,
    now: float,
    *,
    run_id: str = "",
    notes: str = "",
) -> Decision:
    """Register an artifact version as the model's next version; ``facts["version"]`` has its number.

    An artifact version that is one of the model's versions already stays that one, and nothing is changed.

    Args:
        artifact: ``churn-model:v3``, ``churn-model`` or with an alias, as :func:`tracker.aliases.resolve` has it.
        run_id: the run that made it; that of the artifact's row where it is not given.

    Raises:
        ArtifactNotFoundError: there is no such artifact version.
        StageError: its files are gone.
        BadRequestError: the model's name cannot be one.
        CellTooLongError: the notes are too long.
    """
    name = on_one_line(model)
    if not name or ":" in name:
        raise BadRequestError(reason=f"'{name}' cannot be the name of a model: it needs one, without a colon.")
    row = resolve(artifacts, artifact)
    key = key_text(row["artifact"])
    if is_gone(row):
        raise _no_files(f"{key} cannot be registered", row)
    mine = [one for one in versions if one.model == name]
    for one in mine:
        if one.artifact == key:
            return Decision(f"{key} is {one.label} already", facts={"model": name, "version": one.version})
    number = 1 + max((one.version for one in mine), default=0)
    cells = {
        "artifact": key,
        "run_id": run_id or key_text(row.get("run_id")) or None,
        "stage": "none",
        "notes": notes or None,
    }
    change = new_row("models", (name, str(number)), {"version": number, **cells}, who, now)
    return Decision(f"{key} becomes {name} v{number}", (change,), facts={"model": name, "version": number})


def plan_promotion(
    versions: Iterable[ModelVersion],
    artifacts: Sequence[Cells],
    reference: str,
    stage: str,
    reason: str,
    who: str,
    now: float,
) -> Decision:
    """Move a version into a stage, and out of it the one that holds it.

    Args:
        reference: the version, as :func:`find_version` understands it.

    Raises:
        ModelNotFoundError: there is no such version.
        StageError: no such stage, or the artifact's files are gone.
        BadRequestError: no reason is given.
    """
    versions = list(versions)
    version = find_version(versions, reference)
    _require_stage(version, stage)
    mine = of_model(versions, version.model) if stage in SINGLE_STAGES else []
    others = [one for one in mine if one.stage == stage and one.version != version.version]
    if version.stage == stage and not others:
        return Decision(f"{version.label} is in {stage} already", role=_role(stage), facts=_facts(version))
    why = _require_reason(reason, f"Why does {version.label} go into {stage}?")
    if stage not in ("none", "retired"):
        _require_files(version, artifacts)
    changes = [_moved(version, stage, why, who, now)]
    said = [f"{version.label} goes from {version.stage} into {stage}"]
    for other in others:
        text = _OUT.format(verb="replaced in", stage=stage, version=version.version, reason=why)
        changes.append(_moved(other, SINGLE_STAGES[stage], text, who, now))
        said.append(f"v{other.version} from {stage} into {SINGLE_STAGES[stage]}")
    what = "; ".join(said)
    return Decision(what, tuple(c for c in changes if c), _role(stage, version.stage), _facts(version))


def plan_revert(
    versions: Iterable[ModelVersion],
    artifacts: Sequence[Cells],
    history: Iterable[StageChange],
    model: str,
    reason: str,
    who: str,
    now: float,
    stage: str = "production",
) -> Decision:
    """Bring back into a stage the version that was in it before, and move out the one that is in it now.

    Raises:
        ModelNotFoundError: no such model.
        StageError: the stage has no single holder, no version was in it before, or the files of that one are gone.
        BadRequestError: no reason is given.
    """
    mine = of_model(versions, model)
    _require_stage(mine[0], stage)
    if stage not in SINGLE_STAGES:
        raise StageError(
            what=f"{model} cannot be reverted in {stage}",
            reason="several versions can be in it at once, so there is none that was before",
            hint=f"Revert in {' or '.join(SINGLE_STAGES)}, or promote the version that you want.",
        )
    why = _require_reason(reason, f"Why does {model} go back to the version before?")
    before, current = holder_before(mine, stage, history), holder_of(mine, stage)
    if before is None:
        now_there = f"{current.label} is the first" if current else "no version ever was"
        raise StageError(
            what=f"{model} cannot be reverted in {stage}",
            reason=f"{now_there} in {stage} that Tracker knows of",
            hint="Promote the version that you want.",
        )
    _require_files(before, artifacts)
    going = [one for one in mine if one.stage == stage and one.version != before.version]
    instead = f"v{current.version}" if current else "none"
    text = _BACK.format(stage=stage, version=current.version if current else 0, reason=why)
    changes = [_moved(before, stage, text, who, now)]
    for one in going:
        out = _OUT.format(verb="reverted in", stage=stage, version=before.version, reason=why)
        changes.append(_moved(one, SINGLE_STAGES[stage], out, who, now))
    what = f"{before.label} comes back into {stage} instead of {instead}"
    return Decision(what, tuple(c for c in changes if c), _role(stage, before.stage), _facts(before))


def stage_problems(versions: Iterable[ModelVersion]) -> Iterator[Problem]:
    """Stages that a person's edit gave to two versions at once, and stages that there are not."""
    held: dict[tuple[str, str], list[ModelVersion]] = {}
    for one in versions:
        held.setdefault((one.model, one.stage), []).append(one)
    for (model, stage), holders in held.items():
        if stage in SINGLE_STAGES and len(holders) > 1:
            listed = " and ".join(f"v{one.version}" for one in reversed(holders))
            message = f"{listed} of {model} are both in {stage}; only one can be."
            yield Problem("stage-held-twice", message, f"Promote the one that belongs in {stage} again.")
        elif stage not in STAGES:
            message = f"{holders[0].label} is in the stage '{stage}', which there is not."
            yield Problem("unknown-stage", message, f"Choose one of {', '.join(STAGES)}.")


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


def _moved(version: ModelVersion, stage: str, reason: str, who: str, now: float) -> Change | None:
    if "stage" not in version.cells:
        raise StageError(
            what=f"{version.label} cannot go into {stage}",
            reason="the models table has no column 'stage'",
            hint="Add one with that header, or give the column its old header back.",
        )
    values = {"stage": stage, "promoted_by": who or None, "promoted_at": utc(now), "reason": reason}
    there = {column: value for column, value in values.items() if column in version.cells}
    return change_row("models", version.key, version.cells, there, who, now)


def _facts(version: ModelVersion) -> dict[str, Any]:
    return {"model": version.model, "version": version.version}


def _role(*stages: str) -> str:
    return "manager" if "production" in stages else "contributor"


def _require_stage(version: ModelVersion, stage: str) -> None:
    if stage not in STAGES:
        raise StageError(
            what=f"{version.model} cannot go into '{stage}'",
            reason="there is no such stage",
            hint=f"The stages are {', '.join(STAGES)}.",
        )


def _require_reason(reason: str, question: str) -> str:
    text = on_one_line(reason)
    if not text:
        raise BadRequestError(reason=f"{question} Give a reason: it stands in the models table for everyone to see.")
    return text


def _require_files(version: ModelVersion, artifacts: Sequence[Cells]) -> None:
    for row in artifacts:
        if key_text(row.get("artifact")) == version.artifact and is_gone(row):
            raise _no_files(f"{version.label} cannot be used", row)


def _no_files(what: str, row: Cells) -> StageError:
    return StageError(
        what=what,
        reason=f"the files of {key_text(row.get('artifact'))} are {key_text(row.get('status'))}",
        hint="Restore them first, or choose another version.",
    )
