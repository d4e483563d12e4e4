"""One registry beside its shadow: whatever syncs is followed there, and the files must hold what the shadow says."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from shadow import Lost, Shadow, Sheet

from tracker.errors import WorkbookOpenElsewhereError
from tracker.folders import Folders
from tracker.history.outside import outside_saves
from tracker.history.versions import list_versions
from tracker.journal.changes import Journal
from tracker.reading.registry import Registry
from tracker.workbook import read_stamp, read_tables

NOT_COMPARED = ("status", "owner", "start_time", "end_time", "duration")


class Crash(Exception):
    """The process ends here."""


class State(NamedTuple):
    """What the files of a registry say."""

    stamp: str | None
    change_sets: list[str]
    versions: list[str]


class Followed:
    """A registry and its shadow."""

    def __init__(self, path: Path) -> None:
        self.folders, self.registry, self.shadow = Folders(path), Registry(path), Shadow()
        self.unfinished: Sheet | None = None
        """What a restore that was decided puts in the workbook's place, which nobody has saved since."""
        self.outside: dict[tuple[str, str], Any] = {}
        """What people typed into the workbook that lies there, and no sync has seen."""

    @property
    def lock_file(self) -> Path:
        return self.folders.workbook.with_name(".~lock.registry.xlsx#")

    @contextlib.contextmanager
    def syncing(self, surely: bool = False) -> Iterator[None]:
        """Around whatever syncs: afterwards the workbook holds what it must, and the history every conflict."""
        before = self.state()
        try:
            yield
        except WorkbookOpenElsewhereError:
            assert self.lock_file.exists()
        except Crash:
            self.catch_up(before)
        else:
            if self.catch_up(before) or surely:
                assert self.unfinished is None and self.shadow.now().values() == self.shadow.file.values()
                if surely:
                    self.everything_beside_is_taken_in()
                self.shadow.typed.update((*place, value) for place, value in self.outside.items() if value)

    def everything_beside_is_taken_in(self) -> None:
        self.shadow.file.beside.clear()
        self.compare(read_tables(self.folders.workbook, {"runs"})["runs"], self.shadow.file)

    def state(self) -> State:
        journal = Journal(self.folders.changes)
        ids = list(journal.loose())
        return State(read_stamp(self.folders.workbook), ids, [p.name for p in list_versions(self.folders.versions)])

    def catch_up(self, before: State) -> bool:
        """The shadow does what the files say was committed since, and put into the workbook; whether anything was."""
        shadow, after = self.shadow, self.state()
        journal = Journal(self.folders.changes)
        passed = {before.stamp: shadow.file}
        if self.unfinished and after.stamp != before.stamp:
            shadow.file, self.unfinished = self.unfinished, None
            passed[before.change_sets[-1]] = shadow.file
            shadow.left[before.change_sets[-1]] = shadow.file.copy()
        fresh = [journal.read(id) for id in after.change_sets if id not in before.change_sets]
        for number, changes in enumerate(fresh, 1):
            is_in = after.stamp == changes.id or number < len(fresh)
            if changes.restored:
                result = shadow.restore(shadow.versions[changes.restored].copy())
                self.unfinished = None if is_in else result
            else:
                for entry in changes.entries:
                    if entry.typed:
                        tag = entry.cells["name"].new
                        row = shadow.file.typed[tag]
                        shadow.new_row(entry.key[0], {name: cell.value for name, cell in row.items()}, True, tag)
                result, lost = shadow.fold(shadow.file)
                conflicts = [c for c in changes.conflicts if c.table == "runs" and c.column not in NOT_COMPARED]
                assert lost == {Lost(c.key[0], c.column, c.dropped) for c in conflicts}
                shadow.commit(result)
            if is_in:
                if not changes.restored:
                    result.beside.clear()
                shadow.file = passed[changes.id] = result
                shadow.left[changes.id] = result.copy()
        for name in after.versions:
            if name not in before.versions:
                shadow.versions[name] = passed[read_stamp(self.folders.versions / name)].copy()
        self.compare(read_tables(self.folders.workbook, {"runs"})["runs"], shadow.file)
        return bool(fresh)

    def compare(self, table: Any, expected: Sheet) -> None:
        found: dict[str, dict[str, Any]] = {}
        typed = []
        unread = {*NOT_COMPARED, *expected.beside}  # a sync takes them in; a reader sees them then
        for row in table.rows:
            cells = {name: value for name, value in zip(table.columns, row, strict=True) if value not in (None, "")}
            run = cells.pop("run_id", None)
            cells = {name: value for name, value in cells.items() if name not in unread}
            if run:
                assert run not in found, f"{run} is there twice"
                found[run] = cells
            elif cells:
                typed.append(cells["name"])
        assert found == {
            run: {name: value for name, value in row.items() if name not in unread}
            for run, row in expected.values().items()
        }
        # Those that stand below the table are read once a sync has taken them in.
        assert len(typed) == len(set(typed)) and set(typed) <= expected.typed.keys()

    def everything_is_accounted_for(self) -> None:
        """What was acknowledged is in the workbook or in the history, and a script's value is in it once."""
        values = {(r, c): v for r, row in self.shadow.file.values().items() for c, v in row.items()}
        entered, kept = Counter[Any](), set[Any]()
        for change_set in Journal(self.folders.changes).newest_first():
            for entry in change_set.entries:
                for column, cell in entry.cells.items():
                    kept |= {(entry.key[0], column, cell.new), (entry.key[0], column, cell.old)}
                    entered[cell.new] += entry.by == "script" and entry.table == "runs"
            kept |= {(conflict.key[0], conflict.column, conflict.dropped) for conflict in change_set.conflicts}
        for run, column, value in self.shadow.accounts():
            assert values.get((run, column)) == value or (run, column, value) in kept, (run, column, value)
        for value, times in entered.items():
            assert times <= 1 or value == "FINISHED" or not isinstance(value, (str, float)), (value, times)
        saves = set[Any]()
        for save in outside_saves(self.folders):
            saves |= {(e.key[0], name, cell.new) for e in save.entries for name, cell in e.cells.items()}
        for run, column, value in self.shadow.typed:
            place = (run, column, value)
            assert values.get((run, column)) == value or place in kept or place in saves, place
