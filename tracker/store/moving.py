"""Moving versions: into the trash and out of it, to another store, and away for good, whatever happens meanwhile.

    note ► bytes at the new place ► manifest: it has moved ► its row ► bytes at the old place ► note away

The note, ``moving/<id>.jsonl`` beside the workbook, has the manifest before and after, and the change of the row. Of
what was killed at any point, whoever comes next undoes it where the manifest was not written yet, and else finishes it.
Bytes that another version needs stay where they are.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tracker.disk import writing
from tracker.errors import RegistryLockedError, StoreError, TrackerError
from tracker.folders import Folders
from tracker.ids import new_run_id
from tracker.journal.pending import GONE_AFTER_SECONDS, PendingWriter, change_from_json, change_to_json
from tracker.model import Change
from tracker.processes import is_running, process_start
from tracker.store import attempts
from tracker.store.carrying import bring_back, carry, forget, remove
from tracker.store.finding import versions
from tracker.store.manifest import Spot, Stored, from_record, manifest_path, read_manifest, rewrite, to_json
from tracker.store.notes import add_to_note, records_of
from tracker.store.place import is_local

LOCK_WAIT = 10.0
"""Seconds to wait for somebody else who moves files."""


@dataclass(frozen=True, slots=True)
class Step:
    """One version on its way: its manifest before and after, and what its row will say."""

    before: Stored
    after: Stored
    change: Change | None = None

    @property
    def is_far(self) -> bool:
        """Whether a server is needed for it."""
        return not (is_local(self.before.store or ".") and is_local(self.after.store or "."))


class Mover:
    """Moves versions, one after the other, with nobody else at it: ``with Mover(folders, who) as mover: …``.

    Raises:
        RegistryLockedError: somebody else moves files and does not come to an end.
        RegistryNotWritableError: the registry's folder is read-only, or the disk is full.
    """

    def __init__(self, folders: Folders, who: str = "", wait: float = LOCK_WAIT) -> None:
        self._folders = folders
        self._who = who
        self._lock = FileLock(_desk(folders) / "lock", timeout=wait)
        self._note = _desk(folders) / f"{new_run_id(time.time())}.jsonl"
        self._rows: PendingWriter | None = None
        self._is_done = True

    def __enter__(self) -> Mover:
        desk = _desk(self._folders)
        with writing(desk):
            desk.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                owner = "somebody who moves artifacts"
                raise RegistryLockedError(path=self._folders.workbook, owner=owner) from None
            except NotImplementedError:
                pass  # a file system without locks: notes of living processes are left alone all the same
        try:
            _finish_notes(self._folders, locked=self._lock.is_locked, far=True)
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._rows is not None:
                self._rows.close()
                _settle(self._rows.path)
            if self._is_done:
                self._note.unlink(missing_ok=True)
            elif self._note.exists():
                add_to_note(self._note, {"pid": 0}, durably=True)
        finally:
            self._lock.release()

    def move(self, step: Step) -> int:
        """Move one version; the bytes that became free at its old place.

        Raises:
            ArtifactAlteredError: a file is missing or not what it was; the version stays where it is.
            StoreError: a store cannot be reached, refuses or is full; the version stays where it is.
            RegistryNotWritableError: the disk is full, or may not be written.
        """
        if not self._note.exists():
            header = {"pid": os.getpid(), "started": process_start(os.getpid()), "host": _host()}
            add_to_note(self._note, header, durably=True)
        add_to_note(self._note, _record(step), durably=True)
        try:
            carry(self._folders, step.before, step.after)
        except BaseException:
            try:
                _undo(self._folders, step)
            except TrackerError:
                self._is_done = False  # whoever comes next tries again
            raise
        rewrite(self._folders, step.after)
        if step.change is not None:
            self._rows = self._rows or PendingWriter(self._folders.pending, who=self._who, program="person")
            self._rows.append(step.change)
        try:
            freed = _clear(self._folders, step, step.after)
        except TrackerError:
            freed = None  # it has moved; what is left behind is removed by whoever comes next
        self._is_done = self._is_done and freed is not None
        return freed or 0


def finish_moves(folders: Folders, far: bool = False) -> None:
    """Undo or finish what killed processes left, if any; that which needs a server only if ``far``."""
    desk = _desk(folders)
    try:
        if not any(name.endswith(".jsonl") for name in os.listdir(desk)):
            return
        lock = FileLock(desk / "lock", timeout=0)
        with contextlib.suppress(NotImplementedError):
            lock.acquire()
        try:
            _finish_notes(folders, locked=lock.is_locked, far=far)
        finally:
            lock.release()
    except (OSError, Timeout, TrackerError):
        return  # somebody is at it, or it cannot be done now; the next one tries again


# -- notes --------------------------------------------------------------------------------------------------------


def _desk(folders: Folders) -> Path:
    return folders.side / "moving"


def _host() -> str:
    return socket.gethostname()


def _record(step: Step) -> dict[str, Any]:
    change = {"change": change_to_json(step.change)} if step.change else {}
    return {"before": json.loads(to_json(step.before)), "after": json.loads(to_json(step.after)), **change}


def _settle(path: Path) -> None:
    """Have a file that others have read from on the disk; one that a sync has consumed is gone."""
    with contextlib.suppress(OSError), open(path, "rb+") as file:
        os.fsync(file)


def _finish_notes(folders: Folders, locked: bool, far: bool) -> None:
    """Undo or finish everything that is noted and not at work; a note that cannot be done with yet stays."""
    for note in sorted(_desk(folders).glob("*.jsonl")):
        records = records_of(note)
        header = {key: value for record in records if "pid" in record for key, value in record.items()}
        if not locked and _lives(note, header):
            continue
        rows = None
        left = False
        try:
            for step in _steps(folders, records):
                if step.is_far and not far:
                    left = True
                    continue
                try:
                    change = _finish(folders, step)
                except TrackerError:
                    left = True
                    continue
                if change is not None:
                    rows = rows or PendingWriter(folders.pending, who=change.who, program="person")
                    rows.append(change)
        finally:
            if rows is not None:
                rows.close()
                _settle(rows.path)
        if not left:
            note.unlink(missing_ok=True)


def _lives(note: Path, header: dict[str, Any]) -> bool:
    if header.get("host") == _host():
        return is_running(int(header.get("pid", 0)), str(header.get("started", "")))
    return bool(header.get("pid")) and time.time() - note.stat().st_mtime < GONE_AFTER_SECONDS


def _steps(folders: Folders, records: Sequence[dict[str, Any]]) -> Iterator[Step]:
    for record in records:
        before, after = (_from_json(folders, record.get(name)) for name in ("before", "after"))
        if before is not None and after is not None:
            change = record.get("change")
            yield Step(before, after, change_from_json(change) if change else None)


def _from_json(folders: Folders, manifest: Any) -> Stored | None:
    if not isinstance(manifest, dict):
        return None
    return from_record(folders, str(manifest.get("name")), int(manifest.get("version", 0)), manifest)


# -- undoing and finishing ----------------------------------------------------------------------------------------


def _finish(folders: Folders, step: Step) -> Change | None:
    """Undo a step whose manifest was not written, else finish it; the change of its row, which may be there already."""
    manifest = manifest_path(folders, step.before.name, step.before.version)
    for torn in manifest.parent.glob(f"{manifest.name}.*.partial"):
        torn.unlink(missing_ok=True)
    now = read_manifest(folders, step.before.name, step.before.version)
    if now is None:
        return None
    if to_json(now) == to_json(step.before):
        _undo(folders, step)
    elif _clear(folders, step, now) is None:
        reason = "is being stored at the moment"
        raise StoreError(store=step.before.store, reason=reason, hint="Its old bytes are removed once that is over.")
    return step.change if to_json(now) == to_json(step.after) else None


def _undo(folders: Folders, step: Step) -> None:
    bring_back(folders, step.before, step.after)
    _remove_unneeded(folders, step, step.before)


def _clear(folders: Folders, step: Step, now: Stored) -> int | None:
    """Remove what is left at the old place; None while a version is being stored that may be about to share it."""
    if attempts.at_work(folders, now.name):
        return None
    if now.state == "deleted":
        forget(folders, now)
    return _remove_unneeded(folders, step, now)


def _remove_unneeded(folders: Folders, step: Step, now: Stored) -> int:
    """Remove the bytes of both states of a version that it does not need as it is now, nor any other version."""
    kept = now.spots().keys() | needed_by_others(folders, now)
    spots = {**step.before.spots(), **step.after.spots()}
    return remove(folders, {spot: file for spot, file in spots.items() if spot not in kept})


def needed_by_others(folders: Folders, stored: Stored) -> set[Spot]:
    """Where the bytes lie that other versions of that artifact need."""
    others = (other for other in versions(folders, stored.name) if other.version != stored.version)
    return {spot for other in others for spot in other.spots()}
