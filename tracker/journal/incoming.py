"""Everything that a workbook lacks: change sets to replay, changes that found no room, pending files, metric steps."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.folders import Folders
from tracker.journal.changes import Journal
from tracker.journal.metrics import summarise, summary_cells
from tracker.journal.pending import PendingFile, pending_runs, read_pending
from tracker.model import Change, ChangeSet, Entry, Key
from tracker.settings import Settings
from tracker.values import same, utc

ENDED = ("FINISHED", "FAILED", "KILLED")


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a workbook lacks, in the order in which it is to be applied."""

    replay: tuple[ChangeSet, ...] = ()
    """Change sets that the workbook does not contain: a crash, a stale save, a restored copy."""
    deferred: tuple[Change, ...] = ()
    changes: tuple[Change, ...] = ()
    """What writers logged since, each writer's in its own order, all by time."""
    heads: tuple[str, ...] = ()
    """The newest change sets: the parents of the next one."""
    consumed: Mapping[str, int] | None = None
    """How far each journal file is read when these changes are applied."""
    finished: tuple[Path, ...] = ()
    """Pending files whose writer is gone and which are read to the end."""
    forked: bool = False
    """Some of ``replay`` were made beside what the workbook contains, not after it: two branches, a conflict copy."""

    @property
    def is_empty(self) -> bool:
        """Nothing to apply; changes that wait for room do not count."""
        return not (self.replay or self.changes)


def gather(folders: Folders, stamp: str | None, settings: Settings, now: float | None = None) -> Incoming:
    """Read the journal: everything that a workbook with this stamp lacks. Writes nothing.

    A reader without the lock may meet a sync at work; it looks again until nothing was committed while it read.
    """
    now = time.time() if now is None else now
    journal = Journal(folders.changes)
    for _ in range(20):
        newest = journal.newest()
        incoming = _gather(folders, journal, stamp, settings, now)
        if journal.newest() == newest:
            break
    return incoming


def history(folders: Folders, incoming: Incoming) -> Callable[[str, Key, str | None], Entry | None]:
    """The newest entry that set a cell, among the change sets that the workbook contains."""
    journal = Journal(folders.changes)
    lacking = frozenset(change_set.id for change_set in incoming.replay)
    return lambda table, key, column: journal.last_entry(table, key, column, lacking)


def _gather(folders: Folders, journal: Journal, stamp: str | None, settings: Settings, now: float) -> Incoming:
    lacking, heads = journal.missing(stamp)
    known = journal.consumed()
    # A run writes its row before its metrics, so metrics that are read before the pending files have their row.
    steps: dict[str, list[Change]] = {}
    consumed: dict[str, int] = {}
    for run_id in dict.fromkeys(pending_runs(folders.pending).values()):
        steps[run_id] = _metric_changes(folders, run_id, known, consumed, settings)
    files = list(read_pending(folders.pending, known))
    # Asked in this order, a writer that dies meanwhile counts as dead now and as gone the next time, never the reverse.
    gone = [file.path for file in files if file.writer_gone(now)]
    alive = {file.run_id for file in files if file.run_id and file.path not in gone and file.writer_alive(now)}
    streams: list[list[Change]] = []
    for file in files:
        consumed[file.name] = file.end
        stream = [*file.changes, *steps.pop(file.run_id, [])]
        if file.run_id and file.run_id not in alive and not file.closed:
            mark = f"killed:{file.name}"
            stream += _killed(file, folders) if mark not in known else []
            consumed[mark] = 1
        streams.append(stream)
    replay = tuple(journal.read(id) for id in lacking)
    return Incoming(
        replay=replay,
        forked=_is_forked(stamp, replay),
        deferred=tuple(journal.deferred(heads)),
        changes=tuple(_by_time(streams)),
        heads=tuple(heads),
        consumed=consumed,
        finished=tuple(
            file.path for file in files if file.path in gone and _steps_read(folders, file.run_id, consumed)
        ),
    )


def _is_forked(stamp: str | None, replay: tuple[ChangeSet, ...]) -> bool:
    known = {stamp}
    for change_set in replay:
        if not known.issuperset(change_set.parents):
            return True
        known.add(change_set.id)
    return False


def _steps_read(folders: Folders, run_id: str, consumed: Mapping[str, int]) -> bool:
    """Whether every step of a run is read: one that ended meanwhile may have logged more after we looked."""
    try:
        with open(folders.metrics(run_id), "rb") as file:
            file.seek(consumed.get(f"metrics:{run_id}", 0))
            return b"\n" not in file.read()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # they cannot be read now; the next sync tries again


def _metric_changes(
    folders: Folders, run_id: str, known: Mapping[str, int], consumed: dict[str, int], settings: Settings
) -> list[Change]:
    """The summary of the run's metric steps, as far as it is not in a change set yet."""
    path = folders.metrics(run_id)
    name = f"metrics:{run_id}"
    read = known.get(name, 0)
    try:
        size = path.stat().st_size
    except OSError:
        return []
    consumed[name] = read
    if size <= read:
        return []
    before, now, end = summarise(path, read)
    consumed[name] = end
    old, new = summary_cells(before, settings), summary_cells(now, settings)
    cells = {column: value for column, value in new.items() if column not in old or not same(old[column], value)}
    if not cells:
        return []
    was = {column: old[column] for column in cells if column in old}
    return [Change("runs", (run_id,), cells, was, time=path.stat().st_mtime)]


def _killed(file: PendingFile, folders: Folders) -> list[Change]:
    """A writer that is gone without having ended its run: the run was killed when it was last seen."""
    status = began = None
    seen = file.heartbeat
    for change in read_pending_file(file.path):
        seen = max(seen, change.time)  # the time of a file can be some milliseconds behind the clock
        if change.table == "runs" and change.key == (file.run_id,) and "status" in change.set:
            status, began = change.set["status"], change.set.get("start_time", began)
    if status != "RUNNING":
        return []
    with contextlib.suppress(OSError):  # it logged no metric
        seen = max(seen, folders.metrics(file.run_id).stat().st_mtime)
    moment = utc(seen)
    cells: dict[str, Any] = {"status": "KILLED", "end_time": moment}
    if isinstance(began, datetime):
        cells["end_time"] = max(moment, began)
        cells["duration"] = round((cells["end_time"] - began).total_seconds(), 3)
    return [Change("runs", (file.run_id,), cells, {"status": "RUNNING"}, time=seen, by="sync")]


def read_pending_file(path: Path) -> tuple[Change, ...]:
    """All changes of one pending file, from its start."""
    return next((file.changes for file in read_pending(path.parent, {}) if file.path == path), ())


def _by_time(streams: Iterable[list[Change]]) -> list[Change]:
    """All changes by time; those of one writer keep their order even where its clock was set back."""
    ordered = []
    for number, stream in enumerate(streams):
        latest = 0.0
        for position, change in enumerate(stream):
            latest = max(latest, change.time)
            ordered.append((latest, number, position, replace(change, time=latest)))
    ordered.sort(key=lambda item: item[:3])
    return [change for *_, change in ordered]
