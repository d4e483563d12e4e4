"""What is wrong with the files around a workbook: lost artifacts, conflict copies, what was left over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from tracker.journal.changes import Journal
from tracker.model import Problem
from tracker.reading.check_links import known_keys
from tracker.reading.copies import conflict_copies
from tracker.reading.facts import Facts
from tracker.syncing.replacing import left_beside
from tracker.values import key_text
from tracker.wording import some_of

MOST_TOLD = 5


def artifact_files(facts: Facts) -> Iterator[Problem]:
    """Stored artifacts whose file is gone, and paths that lead out of the registry's folder."""
    sheet = facts.sheets.get("artifacts")
    if sheet is None or not {"path", "status"} <= set(sheet.columns):
        return
    path_place, status_place = sheet.columns.index("path"), sheet.columns.index("status")
    folder = facts.folders.workbook.parent
    for index, row in enumerate(sheet.rows.rows):
        path = key_text(row[path_place])
        if row[status_place] != "stored" or not path or "://" in path:
            continue
        path = facts.folders.present(path)
        cell = sheet.address(index, path_place)
        if not _stays_inside(folder, path):
            message = f"The path '{path}' leads out of the registry's folder, so Tracker does not open it."
            yield sheet.problem("path-outside", cell, message, "Correct the path, or log the file again.", "error")
        elif not os.path.lexists(folder / path):
            message = f"The artifact's file '{path}' is not there."
            hint = "Put it back from a backup, or set the artifact's status to missing."
            yield sheet.problem("missing-file", cell, message, hint, "error")


def _stays_inside(folder: Path, path: str) -> bool:
    return os.path.realpath(folder / path).startswith(os.path.join(os.path.realpath(folder), ""))


def copies_beside(facts: Facts) -> Iterator[Problem]:
    """Copies of the workbook that a cloud drive made because two people saved at once."""
    for path in conflict_copies(facts.folders):
        message = f"{path.name} is a copy of this workbook, as a cloud drive makes it when two people save at once."
        hint = f'python -m tracker merge {facts.folders.workbook.name} "{path.name}" brings in what only the copy has.'
        yield Problem("conflict-copy", message, f"{hint} Then delete the copy.")


# -- left over ----------------------------------------------------------------------------------------------------


def left_over_files(facts: Facts) -> Iterator[Problem]:
    """What killed syncs left beside the workbook."""
    left = [path.name for path in left_beside(facts.folders.workbook)]
    if left:
        message = f"A sync that was killed left {some_of(left, MOST_TOLD)} beside the workbook."
        yield Problem("left-over", message, "The next sync deletes it.", severity="info")


def left_over_steps(facts: Facts) -> Iterator[Problem]:
    """Metric steps of runs that have no row any more."""
    known = known_keys(facts, "runs", "run_id")
    if known is None:
        return
    try:
        folders = sorted(path.name for path in facts.folders.runs.iterdir() if (path / "metrics.csv").is_file())
    except OSError:
        return
    left = [name for name in folders if name not in known]
    if left:
        side = facts.folders.side.name
        message = f"{side}/runs has metric steps of {len(left)} runs that have no row: {some_of(left, MOST_TOLD)}."
        yield Problem("left-over", message, "Nothing, if their rows were deleted on purpose.", severity="info")


def lost_journal(facts: Facts) -> Iterator[Problem]:
    """A workbook that was synced and has lost its side folder, as when only one of the two was renamed."""
    if not facts.stamp or Journal(facts.folders.changes).newest():
        return
    candidates = [
        path.name
        for path in sorted(facts.folders.workbook.parent.glob(f"*{facts.folders.side.suffix}"))
        if Journal(path / "changes").find(facts.stamp) == facts.stamp
        and not any(path.with_suffix(ending).exists() for ending in (".xlsx", ".xlsm"))
    ]
    side = facts.folders.side.name
    number = facts.stamp.partition("-")[0].lstrip("0")
    message = f"The workbook contains change set {number}, but {side} has no history."
    hint = f"Put the side folder back beside the workbook; it must be named {side}."
    if candidates:
        hint = f"Rename {candidates[0]} to {side}: it has this workbook's history."
    yield Problem("lost-history", message, hint)


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (
    artifact_files,
    copies_beside,
    left_over_files,
    left_over_steps,
    lost_journal,
)
