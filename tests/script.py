"""What a training script does to a registry, without the logging API: it logs changes, and syncs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from tracker.folders import Folders
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.syncing.sync import SyncReport, sync
from tracker.workbook import read_tables


class Script:
    """A training script's side: logs through a pending file, and syncs."""

    def __init__(self, workbook: Path) -> None:
        self.folders = Folders(workbook)

    def log(self, *changes: Change) -> None:
        writer = PendingWriter(self.folders.pending, who="script")
        for change in changes:
            writer.append(change)
        writer.close()

    def run(self, run_id: str, **cells: Any) -> None:
        named = {name.replace("__", "."): value for name, value in cells.items()}
        self.log(Change("runs", (run_id,), {"status": "FINISHED", **named}, new=True, time=time.time()))

    def sync(self, **options: Any) -> SyncReport:
        return sync(self.folders, **options)

    def rows(self) -> dict[str, dict[str, Any]]:
        """The runs in the workbook by run_id."""
        table = read_tables(self.folders.workbook, {"runs"})["runs"]
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        ids = Counter(row["run_id"] for row in rows)
        assert all(count == 1 for run_id, count in ids.items() if run_id), f"doubled: {ids}"
        return {row["run_id"]: row for row in rows}

    def artifacts(self) -> set[str]:
        """The artifact versions in the workbook."""
        table = read_tables(self.folders.workbook, {"artifacts"})["artifacts"]
        return {row[table.columns.index("artifact")] for row in table.rows}
