"""Carrying out what a person decided about models and aliases, as one change or not at all.

Who decides sees a plan first. When it is carried out it is planned again from what is there now; if that is another
plan, somebody was faster, and nothing is written. The changes of a decision come into the journal together, by the
renaming of one file, and into the workbook with the sync that follows at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tracker.deciding import gate as gates
from tracker.deciding.aliases import plan_alias, plan_no_alias
from tracker.deciding.decision import Decision
from tracker.deciding.edits import SYNC_WAIT, EditReport
from tracker.deciding.models import find_version, registered
from tracker.deciding.promotion import plan_promotion, plan_registration, plan_revert
from tracker.deciding.rows import cells_of, rows_by_key
from tracker.deciding.stage_history import stage_changes
from tracker.errors import RegistryLockedError, RegistryNotWritableError, TrackerError, ValueChangedError
from tracker.folders import Folders
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.read_only import refuse_read_only
from tracker.reading.registry import Registry
from tracker.reading.roles import require
from tracker.schema import TABLES
from tracker.values import from_cell, same

LOCK_WAIT = 10.0
"""Seconds to wait for somebody else's decision to be written, which takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided and what became of it."""

    decision: Decision
    report: EditReport


# -- models -------------------------------------------------------------------------------------------------------


def register(
    registry: Registry,
    model: str,
    artifact: str,
    who: str,
    *,
    run: str = "",
    notes: str = "",
    agreed: Decision | None = None,
) -> Decided:
    """Register an artifact version as the model's next version; the decision's ``facts["version"]`` is its number.

    Args:
        run: the run that made it; that of the artifact's row where it is not given.
        agreed: the plan that the person saw; without it, whatever is planned now is carried out.

    Raises:
        RunNotFoundError: there is no such run.
        Others: as :func:`tracker.deciding.promotion.plan_registration` and :func:`carry_out`.
    """
    run_id = registry.run_id(run) if run else ""

    def plan() -> Decision:
        now, versions, artifacts = time.time(), registered(registry), cells_of(registry.folders, "artifacts")
        return plan_registration(versions, artifacts, model, artifact, who, now, run_id=run_id, notes=notes)

    return carry_out(registry, plan, who, agreed)


def promotion(
    registry: Registry,
    version: str,
    stage: str,
    reason: str,
    who: str,
    override: str = "",
    files: tuple[gates.Finding, ...] | None = None,
) -> Decision:
    """The plan to move a model version into a stage; arguments and errors as for :func:`promote`.

    Its ``facts["gate"]`` is what was found at the stage's gate, None where it has none.

    Args:
        files: what was found in its files, if they were read already.
    """
    versions, artifacts = registered(registry), cells_of(registry.folders, "artifacts")
    gate = None
    if stage in gates.gated_stages(registry.settings):
        found = find_version(versions, version)
        if found.stage != stage:
            gate = gates.look(registry, f"{found.model}:v{found.version}", stage, who, files)
    return plan_promotion(versions, artifacts, version, stage, reason, who, time.time(), gate, override)


def promote(
    registry: Registry,
    version: str,
    stage: str,
    reason: str,
    who: str,
    agreed: Decision | None = None,
    override: str = "",
) -> Decided:
    """Move a model version into a stage, and out of it the one that is there.

    Args:
        version: ``churn:v3``, as :func:`tracker.deciding.models.find_version` has it.
        agreed: what :func:`promotion` gave and the person saw.
        override: why it is promoted although the stage's gate is shut, which takes a manager and is kept for ever.

    Raises:
        GateError: something is lacking, and nobody overrides it.
        Others: as :func:`tracker.deciding.promotion.plan_promotion` and :func:`carry_out`.
    """
    files = None
    if stage in gates.gated_stages(registry.settings):
        # Before anybody is held off: it reads every byte.
        seen = agreed.facts.get("gate") if agreed else None
        if seen is not None:
            files = tuple(one for one in seen.findings if one.kind == "files")
        else:
            files = gates.files_of(registry, find_version(registered(registry), version))
    return carry_out(registry, lambda: promotion(registry, version, stage, reason, who, override, files), who, agreed)


def reversion(registry: Registry, model: str, reason: str, who: str, stage: str = "production") -> Decision:
    """The plan to go back to the version before; arguments and errors as for :func:`revert`."""
    versions, artifacts = registered(registry), cells_of(registry.folders, "artifacts")
    history = stage_changes(registry, model)
    return plan_revert(versions, artifacts, history, model, reason, who, time.time(), stage)


def revert(
    registry: Registry,
    model: str,
    reason: str,
    who: str,
    stage: str = "production",
    agreed: Decision | None = None,
) -> Decided:
    """Bring the version back that was in the stage before.

    Raises:
        As :func:`tracker.deciding.promotion.plan_revert` and :func:`carry_out`.
    """
    return carry_out(registry, lambda: reversion(registry, model, reason, who, stage), who, agreed)


# -- aliases ------------------------------------------------------------------------------------------------------


def aliasing(registry: Registry, artifact: str, alias: str, why: str, who: str) -> Decision:
    """The plan to let an alias point to a version; arguments and errors as for :func:`set_alias`."""
    rows = cells_of(registry.folders, "artifacts")
    return plan_alias(rows, artifact, alias, why, who, time.time(), registry.path)


def set_alias(
    registry: Registry, artifact: str, alias: str, why: str, who: str, agreed: Decision | None = None
) -> Decided:
    """Let an alias point to an artifact version, and to no other of that name.

    Raises:
        As :func:`tracker.deciding.aliases.plan_alias` and :func:`carry_out`.
    """
    return carry_out(registry, lambda: aliasing(registry, artifact, alias, why, who), who, agreed)


def unaliasing(registry: Registry, name: str, alias: str, why: str, who: str) -> Decision:
    """The plan to take an alias away; arguments and errors as for :func:`remove_alias`."""
    return plan_no_alias(cells_of(registry.folders, "artifacts"), name, alias, why, who, time.time())


def remove_alias(
    registry: Registry, name: str, alias: str, why: str, who: str, agreed: Decision | None = None
) -> Decided:
    """Take an alias away from the artifact of that name.

    Raises:
        As :func:`tracker.deciding.aliases.plan_no_alias` and :func:`carry_out`.
    """
    return carry_out(registry, lambda: unaliasing(registry, name, alias, why, who), who, agreed)


# -- carrying out -------------------------------------------------------------------------------------------------


def carry_out(registry: Registry, plan: Callable[[], Decision], who: str, agreed: Decision | None = None) -> Decided:
    """Plan from what is there now, see that it is what was agreed to, and write it as one.

    Args:
        plan: makes the decision from the registry's rows of that moment.
        agreed: the plan that the person saw.

    Raises:
        PermissionRefusedError: the person's role does not allow it.
        ValueChangedError: somebody changed one of the cells since the person saw them.
        RegistryLockedError: another decision is being written and does not come to an end.
        RegistryNotWritableError: the journal cannot be written.
    """
    with _one_at_a_time(registry.folders) as desk:
        decision = plan()
        require(registry.folders, who, decision.act)
        if agreed is not None:
            decision.refuse_other(agreed)
        if not decision.changes:
            return Decided(decision, EditReport(changed=False, in_workbook=True))
        _write(registry.folders, desk, decision.changes, who)
    return Decided(decision, _bring_in(registry, decision.changes, who))


@contextmanager
def _one_at_a_time(folders: Folders) -> Iterator[Path]:
    """Hold off other decisions of this registry; gives the folder in which a decision is written.

    Where the file system has no working locks it goes on without: the values that were seen are still compared.
    """
    refuse_read_only(folders.workbook)
    desk = folders.side / "deciding"
    try:
        desk.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(desk, error) from error
    lock = FileLock(desk / "lock")
    try:
        lock.acquire(timeout=LOCK_WAIT)
    except Timeout:
        raise RegistryLockedError(path=folders.workbook, owner="somebody who decides about a model") from None
    except NotImplementedError:
        pass
    except OSError as error:
        raise _not_writable(desk, error) from error
    try:
        yield desk
    finally:
        with suppress(OSError):
            lock.release()


def journal_as_one(folders: Folders, changes: Sequence[Change], who: str) -> None:
    """Put changes into the journal so that a sync sees all of them or none, wherever this process may be killed.

    Raises:
        RegistryLockedError, RegistryNotWritableError: nothing was changed.
    """
    with _one_at_a_time(folders) as desk:
        _write(folders, desk, changes, who)


def _write(folders: Folders, desk: Path, changes: Sequence[Change], who: str) -> None:
    """Write changes so that a sync sees all of them or none, wherever this process may be killed."""
    try:
        for leftover in desk.glob("*.jsonl"):  # of a process that was killed before it renamed its file
            leftover.unlink()
        writer = PendingWriter(desk, who=who, program="person")
        try:
            for change in changes:
                writer.append(change)
        finally:
            writer.close()
        folders.pending.mkdir(parents=True, exist_ok=True)
        writer.path.replace(folders.pending / writer.name)
    except OSError as error:
        raise _not_writable(folders.pending, error) from error


def _not_writable(path: Path, error: OSError) -> RegistryNotWritableError:
    hint = "Make room or ask for write access, then do it again."
    return RegistryNotWritableError(path=path, reason=error.strerror or str(error), hint=hint)


def _bring_in(registry: Registry, changes: Sequence[Change], who: str) -> EditReport:
    """Sync, and see whether all of it came through: somebody may have saved the workbook in this very moment."""
    try:
        report = registry.sync(who=who, program="person", wait=SYNC_WAIT)
    except TrackerError as error:
        return EditReport(changed=True, in_workbook=False, pending_because=str(error))
    rows = rows_by_key(registry.folders, {(change.table, change.key) for change in changes})
    for change in changes:
        row = rows.get((change.table, change.key), {})
        for column, cell in change.set.items():
            if not row or (column in row and not same(row[column], cell)):
                _take_back(registry, changes, rows, who)
                kind = TABLES[change.table].kind(column)
                seen, current = from_cell(change.was.get(column), kind), from_cell(row.get(column), kind)
                raise ValueChangedError(column=column, key=" ".join(change.key), seen=seen, current=current)
    ours = {(change.table, change.key) for change in changes}
    if report.pending and ours & {(change.table, change.key) for change in registry.waiting()}:
        because = report.problems[0].message if report.problems else "It found no room in the workbook."
        return EditReport(changed=True, in_workbook=False, pending_because=because)
    return EditReport(changed=True, in_workbook=True)


def _take_back(
    registry: Registry, changes: Sequence[Change], rows: dict[tuple[str, Any], dict[str, Any]], who: str
) -> None:
    """Undo what came through of a decision that did not come through as a whole."""
    undo = []
    for change in changes:
        row = rows.get((change.table, change.key), {})
        done = {column: cell for column, cell in change.set.items() if same(row.get(column), cell)}
        back = {column: change.was.get(column) for column in done if not same(done[column], change.was.get(column))}
        if back:
            was = {column: done[column] for column in back}
            undo.append(Change(change.table, change.key, back, was, False, time.time(), who, "person"))
    if undo:
        with _one_at_a_time(registry.folders) as desk:
            _write(registry.folders, desk, undo, who)
        with suppress(TrackerError):  # whatever keeps it from the workbook now, it is in the journal
            registry.sync(who=who, program="person", wait=SYNC_WAIT)
