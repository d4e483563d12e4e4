"""From the journal into the workbook: whoever holds the lock brings in everyone's changes, in one write.

    lock ► read stamp ► pending ► change set (fsync: committed) ► patched copy, fsync ► old one into versions/ ► replace

Killed at any point, the next sync finishes the work: before the commit nothing has happened, after it the change set is
replayed into whatever workbook lacks it. See design.md section 3 for what is done in every state of the workbook.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from functools import partial
from pathlib import Path

from tracker.checklist.judging import NOTHING, Asked, Judged, judge
from tracker.checklist.standing import Tally
from tracker.collector import collector_paused
from tracker.errors import (
    NoTablesError,
    RegistryNotWritableError,
    TrackerError,
    WorkbookChangedError,
)
from tracker.folders import Folders
from tracker.history.outside import held_versions, note_outside_save
from tracker.history.versions import keep_version, thin_versions, version_name
from tracker.journal.changes import Journal
from tracker.journal.incoming import Incoming, gather, history
from tracker.journal.merge import Plan, Planned, Row, TablePlan, plan
from tracker.model import ChangeSet, Conflict, Problem
from tracker.read_only import refuse_read_only
from tracker.schema import TABLES
from tracker.settings import Settings
from tracker.store import finish_moves, sweep
from tracker.syncing.apply import apply_plan
from tracker.syncing.cache import FileIdentity, Remembered, recall, remember
from tracker.syncing.elsewhere import refuse_open_elsewhere
from tracker.syncing.lock import locked
from tracker.syncing.moved import brings_old_paths, moved_paths
from tracker.syncing.replacing import left_beside, put_back_late_save, put_in_place, refuse_changed, written_beside
from tracker.syncing.typed import give_keys, renamed_columns
from tracker.syncing.views import Views
from tracker.workbook import Layout, Unpatchable, Workbook, check_registry, open_workbook, patiently

STEPS = ("locked", "read", "planned", "committed", "written", "kept", "replaced", "remembered", "swept", "packed")
"""The steps of a sync, in order, as ``on_step`` reports them."""

TRIES = 3
"""How often a sync starts over when somebody saves the workbook under its hands."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did."""

    change_set: str | None = None
    """The id of the change set; None where there was nothing to do."""
    rows_added: int = 0
    """What was logged or decided; what became of the checklist is not counted."""
    rows_changed: int = 0
    replayed: int = 0
    """How many earlier change sets the workbook lacked and got back."""
    conflicts: tuple[Conflict, ...] = ()
    problems: tuple[Problem, ...] = ()
    pending: int = 0
    """Changes that found no room and wait for the next sync."""
    restored: str = ""
    """The version that was put in the workbook's place."""
    judged: Mapping[str, Tally] = field(default_factory=dict)
    """How far the checklist of each run is that was looked at."""


def sync(
    folders: Folders,
    *,
    who: str = "",
    program: str = "script",
    wait: float = 10.0,
    force: bool = False,
    asked: Asked = NOTHING,
    hold: Collection[str] = (),
    on_step: Callable[[str], None] = lambda step: None,
) -> SyncReport:
    """Bring everything pending into the workbook, and back what it lost.

    Args:
        who: the person on whose behalf it runs, for the history.
        wait: seconds to wait for another sync to finish.
        force: write although Excel or LibreOffice has the workbook open, for a lock file that was left behind.
        asked: which runs' checklists to judge besides those of which something is brought in.
        hold: versions that are still needed and not to be thinned, by their file names.
        on_step: told each of :data:`STEPS` when it is done.

    Raises:
        WorkbookOpenElsewhereError, RegistryLockedError, RegistryNotWritableError, WorkbookChangedError: later.
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError, NoTablesError.
        ReadOnlyError: this process changes nothing.
        In every case the workbook is unchanged and what was logged stays pending.
    """
    refuse_read_only(folders.workbook)
    # A registry that was synced before is torn or absent only while somebody saves it.
    patiently(partial(check_registry, folders.workbook), seconds=3.0 if folders.cache.exists() else 0.0)
    with translated(folders.workbook), locked(folders, who, program, wait):
        on_step("locked")
        for left in left_beside(Path(os.path.realpath(folders.workbook))):
            with contextlib.suppress(OSError):
                left.unlink()
        finish_moves(folders)
        for attempt in range(TRIES):
            try:
                with collector_paused():
                    return Attempt(folders, who, program, force, on_step, asked, hold).run()
            except WorkbookChangedError:
                if attempt == TRIES - 1:
                    raise
    raise AssertionError("unreachable")


class Attempt:
    """One attempt, with the lock held."""

    def __init__(
        self,
        folders: Folders,
        who: str,
        program: str,
        force: bool,
        on_step: Callable[[str], None],
        asked: Asked = NOTHING,
        hold: Collection[str] = (),
    ) -> None:
        self.folders = folders
        self.who = who
        self.program = program
        self.force = force
        self.asked = asked
        self.on_step = on_step
        self.hold = hold
        self.journal = Journal(folders.changes)
        self.path = Path(os.path.realpath(folders.workbook))

    def run(self) -> SyncReport:
        self.refuse_open_elsewhere()
        known = recall(self.folders)
        before = FileIdentity.of(os.stat(self.path))
        with open_workbook(self.path, known.layouts) as workbook:
            stamp = workbook.stamp
            if workbook.table("runs") is None:
                raise NoTablesError(path=self.path)
            settings = workbook.settings()
            now = time.time()
            incoming = gather(self.folders, stamp, settings, now)
            if known.side != self.folders.side.name:
                moved = moved_paths(workbook, self.folders, settings, now)
                incoming = replace(incoming, changes=(*incoming.changes, *moved))
            self.on_step("read")
            if unfinished := _interrupted_restore(incoming, before):
                self.put_in_place(unfinished, stamp, before, now)
                return self.run()
            keyless: dict[int, Row] = {}
            took_in = 0
            if known.identity != before:
                version = version_name(self.path, stamp, now)
                note_outside_save(self.folders, workbook, version, self.path, before.modified_ns / 1e9)
                took_in, keyless, incoming, settings = self._look_at_edits(workbook, known, incoming, settings)
            judged = self._judge(workbook, incoming, settings, now, known.identity != before)
            incoming = replace(incoming, changes=(*incoming.changes, *judged.changes))
            changes, problems = self._change(workbook, incoming, settings, keyless, now)
            self.on_step("planned")
            if not (took_in or changes.entries or changes.replayed or self._news(changes, incoming)):
                if known.identity != before:
                    keep_version(self.path, self.folders.versions, stamp, now, copy=True)
                if known.identity != before or known.side != self.folders.side.name:
                    self._remember(before, workbook, known.layouts, incoming)
                self._sweep(incoming, settings)
                return SyncReport(problems=tuple(problems), pending=len(changes.deferred), judged=judged.tallies)
            workbook.refuse_unwritable()
            changes = self.journal.commit(changes)
            self.on_step("committed")
            workbook.stamp = changes.id
            layouts = self._replace(workbook, before, stamp, now)
            self._remember(FileIdentity.of(os.stat(self.path)), workbook, layouts, incoming)
        self.on_step("remembered")
        self._sweep(incoming, settings)
        self.on_step("swept")
        self.journal.pack([changes.id])
        self.on_step("packed")
        return SyncReport(
            change_set=changes.id,
            rows_added=sum(entry.new for entry in changes.entries if not entry.is_judgement),
            rows_changed=sum(not entry.new for entry in changes.entries if not entry.is_judgement),
            replayed=len(changes.replayed),
            conflicts=changes.conflicts,
            problems=tuple(problems),
            pending=len(changes.deferred),
            judged=judged.tallies,
        )

    def put_in_place(self, restore: ChangeSet, stamp: str | None, before: FileIdentity, now: float) -> SyncReport:
        """Replace the workbook by the version that a restore brings back, stamped with the restore; all else is kept.

        Killed at any point, the next sync does it again: the restore names the version, and the workbook that it
        replaces is still there.
        """
        with open_workbook(self.folders.versions / restore.restored) as version:
            version.refuse_unwritable()
            version.stamp = restore.id
            layouts = self._replace(version, before, stamp, now)
            # What people had typed into the version is looked at again: rows and columns outside of the table, rows
            # without a key.
            self._remember(None, version, layouts)
        self.on_step("remembered")
        return SyncReport(change_set=restore.id, restored=restore.restored)

    # -- deciding -----------------------------------------------------------------------------------------------

    def _look_at_edits(
        self, workbook: Workbook, known: Remembered, incoming: Incoming, settings: Settings
    ) -> tuple[int, dict[int, Row], Incoming, Settings]:
        """What a person did since the last sync that needs an answer: typed rows and columns, renamed columns."""
        took_in = 0
        columns = {}
        for name in workbook.table_names:
            table = workbook.table(name)
            assert table is not None
            if name in TABLES:
                took_in += table.take_in_rows_below() + table.take_in_columns_beside()
            columns[name] = table.columns
        renames = renamed_columns(known.columns, columns, settings)
        if renames:
            settings = Settings({**settings.values, **{change.key[0]: change.set["value"] for change in renames}})
            incoming = replace(incoming, changes=(*incoming.changes, *renames))
        runs = workbook.table("runs")
        assert runs is not None
        keyless: dict[int, Row] = {}
        header = settings.header("runs", "run_id")
        if header in runs.columns:
            rows = map(runs.row, runs.blank_in(runs.columns.index(header)))
            keyless = {row.number: row for row in rows if not row.is_blank}
        return took_in, keyless, incoming, settings

    def _judge(self, workbook: Workbook, incoming: Incoming, settings: Settings, now: float, edited: bool) -> Judged:
        """What becomes of the checklist. A table that cannot be read for it keeps nothing else from going in."""
        try:
            return judge(workbook, self.folders, incoming, settings, now, edited=edited, asked=self.asked)
        except Unpatchable:
            return Judged()

    def _change(
        self, workbook: Workbook, incoming: Incoming, settings: Settings, keyless: dict[int, Row], now: float
    ) -> tuple[ChangeSet, list[Problem]]:
        """Decide, change the open workbook, and give the change set that says what was done."""
        decided = plan(Views(workbook), incoming, settings, history(self.folders, incoming), keyless)
        self._give_keys(workbook, decided, keyless, settings, now)
        problems = apply_plan(workbook, decided, settings, self.folders.side.name)
        changes = ChangeSet(
            parents=incoming.heads,
            time=now,
            who=self.who,
            program=self.program,
            entries=tuple(decided.entries),
            conflicts=tuple(decided.conflicts),
            deferred=tuple(decided.deferred),
            consumed=incoming.consumed or {},
            replayed=tuple(change_set.id for change_set in incoming.replay),
        )
        return changes, problems

    def _give_keys(
        self, workbook: Workbook, decided: Plan, keyless: dict[int, Row], settings: Settings, now: float
    ) -> None:
        header = settings.header("runs", "run_id")
        target = decided.tables.get("runs", TablePlan())
        left = {number: row for number, row in keyless.items() if header not in target.updates.get(number, {})}
        table = workbook.table("runs")
        if not left or table is None:
            return
        for number, entry in give_keys(left, table.columns, settings, now, workbook.last_modified_by):
            values = {settings.header("runs", name): c.new for name, c in entry.cells.items() if c.old is None}
            target.updates.setdefault(number, {}).update(values)
            target.updated.append((number, Planned(entry)))
        decided.tables["runs"] = target

    def _news(self, changes: ChangeSet, incoming: Incoming) -> bool:
        """Whether the change set says something that no earlier one does."""
        return bool(incoming.changes or sorted(map(repr, changes.deferred)) != sorted(map(repr, incoming.deferred)))

    # -- writing ------------------------------------------------------------------------------------------------

    def _replace(self, workbook: Workbook, before: FileIdentity, stamp: str | None, now: float) -> Mapping[str, Layout]:
        """Put the changed workbook in the old one's place, and keep that as a version."""
        with written_beside(workbook, self.path) as (target, layouts):
            self.on_step("written")
            self.refuse_open_elsewhere()
            refuse_changed(self.path, before)
            version = keep_version(self.path, self.folders.versions, stamp, now)
            self.on_step("kept")
            refuse_changed(self.path, before)
            put_in_place(target, self.path)
        put_back_late_save(self.path, version, before)
        self.on_step("replaced")
        return layouts

    def refuse_open_elsewhere(self) -> None:
        if not self.force:
            refuse_open_elsewhere(self.path)

    def _remember(
        self,
        identity: FileIdentity | None,
        workbook: Workbook,
        layouts: Mapping[str, Layout],
        incoming: Incoming | None = None,
    ) -> None:
        """``incoming`` is None after a restore: whether its paths are old ones is for the next sync to see."""
        columns = {name: table.columns for name in workbook.table_names if (table := workbook.table(name))}
        side = "" if incoming is None or brings_old_paths(incoming, self.folders) else self.folders.side.name
        remember(self.folders, Remembered(identity, columns, side, layouts))

    def _sweep(self, incoming: Incoming, settings: Settings) -> None:
        """Remove what is done with. Nothing here is needed for the workbook to be right."""
        for path in incoming.finished:
            with contextlib.suppress(OSError):
                if path.stat().st_size == (incoming.consumed or {}).get(path.name):
                    path.unlink()
        keep, megabytes = settings.number("versions.keep"), settings.number("versions.megabytes")
        held = {*self.hold, *held_versions(self.folders)}
        thin_versions(self.folders.versions, max(1, int(keep)), int(megabytes * 1_000_000), held)
        sweep(self.folders)


def _interrupted_restore(incoming: Incoming, before: FileIdentity) -> ChangeSet | None:
    """The restore that was decided and not carried out, since the workbook is still the one that it replaces.

    Where a person has saved since, the restore is replayed cell by cell like any other change set.
    """
    last = incoming.replay[-1] if incoming.replay else None
    return last if last is not None and last.restored and last.replaces == astuple(before) else None


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn a full disk and a read-only folder into errors that say what to do."""
    try:
        yield
    except TrackerError:
        raise
    except OSError as error:
        hints = {
            errno.ENOSPC: "Free some space, then sync again; what was logged is in the journal.",
            errno.EDQUOT: "Free some space, then sync again; what was logged is in the journal.",
        }
        hint = hints.get(error.errno or 0, "Ask whoever owns the folder for write access.")
        raise RegistryNotWritableError(path=path, reason=error.strerror or str(error), hint=hint) from error
