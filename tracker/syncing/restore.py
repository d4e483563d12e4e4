"""Bringing a whole earlier workbook back, bytes and all, without rewriting anything of the history.

    sync ► lock ► compare ► change set (fsync: committed) ► stamped copy of the version, fsync ► old one kept ► replace

A restore is a change set like any other: it follows all that came before, so no sync brings back what it took away, and
it holds the old and the new value of every cell that became another, so it can be taken back. Killed before the commit
nothing has happened; after it, the next sync puts the version in place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

from tracker.errors import RegistryLockedError, WorkbookChangedError
from tracker.folders import Folders
from tracker.history.compare import compare_files, stamped
from tracker.journal.incoming import gather
from tracker.model import ChangeSet
from tracker.schema import TABLES
from tracker.syncing.cache import FileIdentity
from tracker.syncing.lock import locked
from tracker.syncing.replacing import refuse_changed
from tracker.syncing.sync import TRIES, Attempt, SyncReport, sync, translated
from tracker.workbook import check_registry, open_workbook

STEPS = ("synced", "locked", "compared", "committed", "written", "kept", "replaced", "remembered")
"""The steps of a restore, in order, as ``on_step`` reports them."""


def restore(
    folders: Folders,
    version: Path,
    *,
    who: str = "",
    program: str = "person",
    wait: float = 10.0,
    on_step: Callable[[str], None] = lambda step: None,
) -> SyncReport:
    """Put one of the kept versions in the workbook's place. What was logged so far goes into the history first.

    Args:
        version: a file in the folder of versions.
        who: the person who decided it.
        wait: seconds to wait for a sync to finish.
        on_step: told each of :data:`STEPS` when it is done.

    Raises:
        NoTablesError and others: the version is no registry, or cannot be read.
        Others: as :func:`tracker.syncing.sync.sync`; the workbook is unchanged.
    """
    check_registry(version)
    for attempt in range(TRIES):
        sync(folders, who=who, program=program, wait=wait, hold=(version.name,))
        on_step("synced")
        with translated(folders.workbook), locked(folders, who, program, wait):
            on_step("locked")
            try:
                done = _Restore(folders, who, program, False, on_step).restore(version)
            except WorkbookChangedError:
                if attempt == TRIES - 1:
                    raise
                continue
            if done is not None:
                return done
    raise RegistryLockedError(path=folders.workbook, owner="by syncs that follow each other without a pause")


class _Restore(Attempt):
    """One attempt, with the lock held."""

    def restore(self, version: Path) -> SyncReport | None:
        """Restore; None where the workbook does not contain the whole history, so that a sync must come first."""
        self.refuse_open_elsewhere()
        before = FileIdentity.of(os.stat(self.path))
        now = time.time()
        with open_workbook(self.path) as workbook:
            stamp, settings = workbook.stamp, workbook.settings()
        incoming = gather(self.folders, stamp, settings, now)
        if incoming.replay:
            return None
        differences = compare_files(self.path, version)
        refuse_changed(self.path, before)
        # A row that no key tells, or in a table of people's own, is beyond what a change set can say.
        told = stamped(differences, now, self.who, why=f"restore of {version.name}")
        entries = tuple(entry for entry in told if entry.table in TABLES and entry.key[0])
        self.on_step("compared")
        decided = self.journal.commit(
            ChangeSet(
                parents=incoming.heads,
                time=now,
                who=self.who,
                program=self.program,
                entries=entries,
                deferred=incoming.deferred,
                # What arrived since the sync before is not in this change set; it comes in with the next sync.
                consumed=self.journal.consumed(),
                restored=version.name,
                replaces=astuple(before),
                columns=differences.columns,
                sheets=differences.sheets,
            )
        )
        self.on_step("committed")
        return self.put_in_place(decided, stamp, before, now)
