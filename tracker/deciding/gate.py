"""What a run or model version lacks before it may go into a stage: must-items, whole files, another's approval.

The gate judges by the procedure as it is now, whatever version the run was judged by when it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tracker import store
from tracker.checklist.items import Item
from tracker.checklist.judging import Outlook, outlook
from tracker.checklist.rules import AnyArtifact, Filled, Git, Logged, needs_approval
from tracker.checklist.standing import NO_TALLY, Standing, Tally
from tracker.deciding.aliases import is_gone
from tracker.deciding.decision import Cells
from tracker.deciding.models import ModelVersion, find_version, registered
from tracker.deciding.rows import cells_of
from tracker.errors import GateError, StageError
from tracker.reading.registry import Registry
from tracker.schema import STAGES
from tracker.settings import Settings
from tracker.values import key_text

NO_STAGE = "none"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps a gate shut."""

    kind: Literal["item", "files", "approver", "run"]
    what: str
    hint: str
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate, and what was found there."""

    what: str
    """``churn v3``, or the run."""
    stage: str
    run_id: str = ""
    findings: tuple[Finding, ...] = ()
    tally: Tally = NO_TALLY
    notes: tuple[str, ...] = ()
    """What a person should know although it keeps nothing shut."""

    @property
    def is_open(self) -> bool:
        return not self.findings

    def refuse(self, hint: str) -> None:
        """Raise GateError unless it is open."""
        if self.findings:
            listed = "".join(f"\n- {one.what}. {one.hint}" for one in self.findings)
            raise GateError(what=self.what, stage=self.stage, findings=listed, hint=hint, gate=self)


def gated_stages(settings: Settings) -> tuple[str, ...]:
    """The stages that have a gate."""
    return tuple(word.lower() for word in settings.words("gate.stages") if word.lower() != NO_STAGE)


def look(registry: Registry, reference: str, stage: str, who: str, files: tuple[Finding, ...] | None = None) -> Gate:
    """What a run or a model version lacks before it may go into a stage. Reads only.

    Args:
        reference: ``churn:v3``, as :func:`tracker.deciding.models.find_version` has it, or a run.
        who: the person who would promote it.
        files: what :func:`look_at_files` found, if that was done already, since it reads every byte.

    Raises:
        StageError: there is no such stage.
        ModelNotFoundError, RunNotFoundError, BadRequestError: nothing or several are meant.
    """
    if stage not in STAGES:
        raise StageError(
            what=f"Nothing can go into '{stage}'",
            reason="there is no such stage",
            hint=f"The stages are {', '.join(STAGES)}.",
        )
    version = _version(registry, reference)
    run_id = version.run_id if version else registry.run_id(reference)
    artifacts = cells_of(registry.folders, "artifacts")
    if version and not run_id:
        run_id = next((key_text(row.get("run_id")) for row in artifacts if _key(row) == version.artifact), "")
    seen = outlook(registry.folders, run_id, stage) if run_id else None
    keys = _keys(version, seen, artifacts)
    findings = [*_items(seen, version), *(look_at_files(registry, keys) if files is None else files)]
    authors = {seen.facts.owner} if seen else set()
    authors |= {key_text(row.get("created_by")) for row in artifacts if version and _key(row) == version.artifact}
    notes = []
    if seen is not None and seen.facts.roles is not None:
        findings += _approver(who, authors)
    elif who.casefold() in {name.casefold() for name in authors}:
        notes.append("The approver is the author: nobody else is in the people table.")
    what = version.label if version else f"run {seen.facts.cells.get('name') or run_id}" if seen else f"run {run_id}"
    return Gate(what, stage, run_id, tuple(findings), seen.tally if seen else Tally(), tuple(notes))


def look_at_files(registry: Registry, artifacts: Iterable[str]) -> tuple[Finding, ...]:
    """Every file of these artifact versions that is missing or is not what it was when it was stored."""
    problems = store.verify_versions(registry.folders, set(artifacts))
    return tuple(Finding("files", problem.message.rstrip("."), problem.hint) for problem in problems)


def files_of(registry: Registry, version: ModelVersion) -> tuple[Finding, ...]:
    """What :func:`look_at_files` finds for a model version."""
    return look_at_files(registry, _keys(version, None, ()))


def _version(registry: Registry, reference: str) -> ModelVersion | None:
    versions = registered(registry)
    models = {one.model for one in versions}
    if reference.strip() in models or reference.rpartition(":")[0].strip() in models:
        return find_version(versions, reference)
    return None


def _keys(version: ModelVersion | None, seen: Outlook | None, artifacts: Sequence[Cells]) -> set[str]:
    """The artifact versions whose files count: the model's own, or all that the run wrote."""
    if version is not None:
        return {version.artifact} if version.artifact else set()
    written = {used.artifact.key for used in seen.facts.used if used.direction == "output"} if seen else set()
    return written - {_key(row) for row in artifacts if is_gone(row)}


def _key(row: Cells) -> str:
    return key_text(row.get("artifact"))


# -- what is found ------------------------------------------------------------------------------------------------


def _items(seen: Outlook | None, version: ModelVersion | None) -> list[Finding]:
    if seen is None:
        hint = "Write the run_id of the run that made it into its row of the models table."
        return [Finding("run", f"no run of {version.label if version else 'it'} is known, so nothing is proved", hint)]
    items = {item.name: item for item in seen.items}
    found = []
    for one in seen.standings:
        if one.level != "must":
            continue
        if one.is_open:
            found.append(Finding("item", _said(one), _advice(one, items.get(one.item))))
        elif one.state == "waived" and not (one.why and one.who):
            found.append(Finding("item", f"{one.item}: waived without a name and a reason", "Write both beside it."))
    return found


def _said(one: Standing) -> str:
    match one.state:
        case "expired":
            day = f" on {one.until:%Y-%m-%d}" if one.until else ""
            return f"{one.item}: the waiver of {one.who or 'somebody'} ended{day}"
        case "vanished":
            return f"{one.item}: ticked by {one.who or 'somebody'}, but {one.evidence}"
        case _:
            return f"{one.item}: {one.evidence or 'missing'}"


def _advice(one: Standing, item: Item | None) -> str:
    """What to do about an item."""
    rule = item.rule if item else None
    if one.state == "expired":
        return "Bring what it asks for, or waive it for longer."
    if one.state == "vanished":
        return "Restore it, or tick the item again with evidence that is there."
    if needs_approval(rule):
        return "Another person than the run's owner must tick it."
    if isinstance(rule, AnyArtifact):
        return "Log the file to the run: tracker log --run RUN --artifact FILE."
    if isinstance(rule, Logged):
        return f"Log it to the run: tracker log --run RUN --{rule.what} NAME=VALUE."
    if isinstance(rule, Filled):
        return f"Fill in the column {rule.column} of the run."
    if isinstance(rule, Git):
        return "Commit, and run it again; or waive it with a reason."
    return "Bring what it asks for and tick it, or waive it with a reason."


def _approver(who: str, authors: set[str]) -> list[Finding]:
    names = {name.casefold() for name in authors if name}
    if who.casefold() not in names:
        return []
    return [Finding("approver", f"{who} is its author, and nobody approves their own", "Ask another person to do it.")]
