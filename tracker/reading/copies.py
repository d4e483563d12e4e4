"""Copies of a workbook that cloud drives and Excel make when two people save at once, told by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.journal.changes import Journal
from tracker.workbook import read_stamp

CONFLICT_NAMES = (
    re.compile(r".*conflict.*", re.IGNORECASE),
    re.compile(r"[ _-]?\(\d+\)"),
    re.compile(r" - (copy|kopie|copie|copia)( \(\d+\))?", re.IGNORECASE),
)
"""What stands behind the workbook's own name in that of a copy.

Dropbox: ``registry (Anna's conflicted copy 2026-11-25)``; Nextcloud: ``registry (conflicted copy 2026-11-25 101500)``;
Syncthing: ``registry.sync-conflict-20261125-101500-ABCDEFG``; Google Drive: ``registry (1)``; Windows:
``registry - Copy``.
"""
_COMPUTER = re.compile(r"-[A-Z0-9-]{3,}")
"""OneDrive names a copy after the computer that saved it: registry-LAPTOP7.xlsx. So might a person: its stamp tells."""


def conflict_copies(folders: Folders) -> Iterator[Path]:
    """The copies beside the workbook, by name. A backup under a name of its own is nobody's conflict."""
    workbook = folders.workbook
    try:
        names = sorted(path.name for path in workbook.parent.iterdir())
    except OSError:
        return
    for name in names:
        path = workbook.parent / name
        if path.suffix.lower() != workbook.suffix.lower() or not path.stem.startswith(workbook.stem):
            continue
        rest = path.stem.removeprefix(workbook.stem)
        if rest and (is_conflict_name(rest) or (_COMPUTER.fullmatch(rest) and has_our_stamp(folders, path))):
            yield path


def is_conflict_name(rest: str) -> bool:
    """Whether this, behind the workbook's own name, is what a program puts there for a copy."""
    return any(pattern.fullmatch(rest) for pattern in CONFLICT_NAMES)


def has_our_stamp(folders: Folders, path: Path) -> bool:
    """Whether a workbook contains a change set of this registry's journal."""
    try:
        stamp = read_stamp(path)
    except TrackerError:
        return False
    return stamp is not None and stamp in Journal(folders.changes).all_headers()
