"""Paths of artifacts after the workbook and its side folder were renamed together: the side folder's name is in them.

Nothing depends on these cells, since artifacts are found by name and version; but people click them.
"""

from __future__ import annotations

from tracker.folders import Folders
from tracker.journal.incoming import Incoming
from tracker.model import Change
from tracker.settings import Settings
from tracker.values import key_text
from tracker.workbook import Workbook


def moved_paths(workbook: Workbook, folders: Folders, settings: Settings, now: float) -> list[Change]:
    """The changes that put right every path in the workbook that names the side folder as it was called before."""
    rows = workbook.read("artifacts")
    headers = settings.header("artifacts", "artifact"), settings.header("artifacts", "path")
    if rows is None or not set(headers) <= set(rows.columns):
        return []
    key, path = map(rows.columns.index, headers)
    changes = []
    for index, row in enumerate(rows.rows):
        found = row[path]
        if not isinstance(found, str) or (index, path) in rows.formulas:
            continue
        present = folders.present(found)
        if present != found and row[key] is not None:
            was, name = {"path": found}, (key_text(row[key]),)
            changes.append(Change("artifacts", name, {"path": present}, was, time=now, by="sync"))
    return changes


def brings_old_paths(incoming: Incoming, folders: Folders) -> bool:
    """Whether what is incoming may set paths that were made before the side folder was renamed."""
    paths = [change.set.get("path") for change in incoming.changes if change.table == "artifacts"]
    return bool(incoming.replay) or any(isinstance(path, str) and folders.present(path) != path for path in paths)
