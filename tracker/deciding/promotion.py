"""What it takes to register a model, to move a version into a stage, and to bring back the one before. Plans only.

Whoever goes into ``staging`` or ``production`` sends the version before out, in the same decision. The reason cell of
the version that goes out says for which other it does, so that anybody can read in the workbook what was there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tracker.deciding.aliases import is_gone, resolve
from tracker.deciding.decision import Cells, Decision, change_row, new_row, on_one_line
from tracker.deciding.gate import Gate
from tracker.deciding.models import ModelVersion, find_version, holder_of, of_model
from tracker.deciding.stage_history import BACK, REPLACED, REVERTED, StageChange, holder_before
from tracker.errors import BadRequestError, StageError
from tracker.model import Change
from tracker.schema import SINGLE_STAGES, STAGES
from tracker.values import key_text, utc
from tracker.wording import count


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
        artifact: ``churn-model:v3``, ``churn-model`` or with an alias, see :func:`tracker.deciding.aliases.resolve`.
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
            return Decision(f"{key} is {one.label} already", (), "register", {"model": name, "version": one.version})
    number = 1 + max((one.version for one in mine), default=0)
    cells = {
        "artifact": key,
        "run_id": run_id or key_text(row.get("run_id")) or None,
        "stage": "none",
        "notes": notes or None,
    }
    change = new_row("models", (name, str(number)), {"version": number, **cells}, who, now)
    return Decision(f"{key} becomes {name} v{number}", (change,), "register", {"model": name, "version": number})


def plan_promotion(
    versions: Iterable[ModelVersion],
    artifacts: Sequence[Cells],
    reference: str,
    stage: str,
    reason: str,
    who: str,
    now: float,
    gate: Gate | None = None,
    override: str = "",
) -> Decision:
    """Move a version into a stage, and out of it the one that holds it.

    Args:
        reference: the version, as :func:`tracker.deciding.models.find_version` understands it.
        gate: what was found at the stage's gate; None where it has none.
        override: why it is promoted although the gate is shut, which takes a manager.

    Raises:
        GateError: the gate is shut, and nobody overrides it.
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
        return Decision(f"{version.label} is in {stage} already", act=_act(stage), facts=_facts(version))
    why = _require_reason(reason, f"Why does {version.label} go into {stage}?")
    if stage not in ("none", "retired"):
        _require_files(version, artifacts)
    act, overridden = _act(stage, version.stage), ""
    if gate is not None and not gate.is_open:
        overridden = on_one_line(override)
        if not overridden:
            gate.refuse("A manager may override it with a reason, which is recorded for ever.")
        act, overridden = "override", _overridden(version, gate, overridden, who, now)
    changes = [_moved(version, stage, why, who, now, overridden)]
    said = [
        f"{version.label} "
        + ("stays in" if version.stage == stage else f"goes from {version.stage} into")
        + f" {stage}"
    ]
    for other in others:
        text = REPLACED.format(stage=stage, version=version.version, reason=why)
        changes.append(_moved(other, SINGLE_STAGES[stage], text, who, now))
        said.append(f"v{other.version} from {stage} into {SINGLE_STAGES[stage]}")
    if overridden:
        said.append(f"although its gate is shut ({count_of(gate)})")
    what = "; ".join(said)
    facts = {**_facts(version), "gate": gate}
    return Decision(what, tuple(c for c in changes if c), act, facts)


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
    text = BACK.format(stage=stage, version=current.version, reason=why) if current else f"back in {stage}: {why}"
    changes = [_moved(before, stage, text, who, now)]
    for one in going:
        out = REVERTED.format(stage=stage, version=before.version, reason=why)
        changes.append(_moved(one, SINGLE_STAGES[stage], out, who, now))
    what = f"{before.label} comes back into {stage}" + (f" instead of v{current.version}" if current else "")
    return Decision(what, tuple(c for c in changes if c), _act(stage, before.stage), _facts(before))


def _overridden(version: ModelVersion, gate: Gate, why: str, who: str, now: float) -> str:
    """What the version's override cell says from now on; what it said before stays."""
    lacking = "; ".join(one.what for one in gate.findings)
    line = f"{utc(now):%Y-%m-%d} {who or 'unknown'} into {gate.stage}: {why}. Lacking: {lacking}"
    return "\n".join(part for part in (key_text(version.cells.get("override")), line) if part)


def count_of(gate: Gate | None) -> str:
    """How much a gate found, in words."""
    return f"{count(len(gate.findings) if gate else 0, 'thing')} lacking"


def _moved(version: ModelVersion, stage: str, reason: str, who: str, now: float, override: str = "") -> Change | None:
    if "stage" not in version.cells:
        raise StageError(
            what=f"{version.label} cannot go into {stage}",
            reason="the models table has no column 'stage'",
            hint="Add one with that header, or give the column its old header back.",
        )
    values = {"stage": stage, "promoted_by": who or None, "promoted_at": utc(now), "reason": reason}
    there = {column: value for column, value in values.items() if column in version.cells}
    if override:
        there["override"] = override
    return change_row("models", version.key, version.cells, there, who, now)


def _facts(version: ModelVersion) -> dict[str, Any]:
    return {"model": version.model, "version": version.version}


def _act(*stages: str) -> str:
    return "production" if "production" in stages else "promote"


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
