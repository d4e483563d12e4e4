"""A team whose days a test sets: it stores artifacts, reads them, writes cells. The clock is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker import store
from tracker.folders import Folders
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.store import Stored
from tracker.workbook import read_tables

STORES = ("", "archive")
"""The folder beside the workbook, and the archive that tests set."""


class Team:
    """Everything that happens to a registry, at the times that are given."""

    def __init__(self, path: Path) -> None:
        self.registry = Registry(path)
        self.folders: Folders = self.registry.folders
        self.work = path.parent / "work"

    def stores(
        self, name: str, files: Mapping[str, bytes] | bytes, when: datetime, run_id: str = "", **cells: Any
    ) -> Stored:
        """A run stores a file or a folder at that time."""
        source = self.work / f"{name}-{len(list(self.work.glob('*')))}"
        for path, content in ({"": files} if isinstance(files, bytes) else files).items():
            target = source / path if path else source
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        found = store.put(self.folders, source, name, run_id=run_id, who="ds1")
        row = {
            "name": found.name,
            "version": found.version,
            "category": found.category,
            "path": store.location(self.folders, found),
            "size": found.size,
            "files": len(found.files),
            "sha256": found.sha256,
            "run_id": run_id or None,
            "created": when,
            "created_by": "ds1",
            "status": "stored",
            **cells,
        }
        self.log(Change("artifacts", (found.artifact,), row, new=True, time=seconds(when)))
        if run_id:
            self.log(Change("lineage", (run_id, "output", found.artifact), {"time": when}, new=True))
        return found

    def runs(self, run_id: str, when: datetime, *inputs: str, **cells: Any) -> None:
        """A run that reads artifact versions."""
        row = {"name": run_id, "status": "FINISHED", "start_time": when, "end_time": when, **cells}
        self.log(Change("runs", (run_id,), row, new=True, time=seconds(when)))
        for artifact in inputs:
            self.log(Change("lineage", (run_id, "input", artifact), {"time": when}, new=True))

    def writes(self, table: str, key: str, new: bool = False, **cells: Any) -> None:
        """A person writes cells."""
        row = self.registry.row(table, (key,)) or {}
        named = {{"keep": "class"}.get(name, name): value for name, value in cells.items()}
        was = {name: row.get(name) for name in named}
        self.log(Change(table, (key,), named, {} if new else was, new, by="person", who="ds1"))

    def log(self, *changes: Change) -> None:
        writer = PendingWriter(self.folders.pending, who="ds1")
        for change in changes:
            writer.append(change)
        writer.close()

    def rows(self, table: str = "artifacts") -> dict[str, dict[str, Any]]:
        """The rows in the workbook itself, by their key."""
        found = read_tables(self.folders.workbook, {table})[table]
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        return {row[found.columns[0]]: row for row in rows if row[found.columns[0]]}

    def rows_of(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table in the workbook itself."""
        found = read_tables(self.folders.workbook, {table})[table]
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    def on_disk(self) -> int:
        """The bytes of all stored files, in the trash and the archive too; what has several names counts once."""
        roots = (self.folders.artifacts, self.folders.trash, self.folders.workbook.parent / "archive")
        files = [path for root in roots for path in root.rglob("*") if path.is_file()]
        kept = [path for path in files if not (path.suffix == ".json" and path.name.startswith("v"))]
        return sum({path.stat().st_ino: path.stat().st_size for path in kept}.values())


def seconds(when: datetime) -> float:
    return when.replace(tzinfo=UTC).timestamp()
