"""A changed workbook takes the place of the old one: written beside it whole and durably, then renamed."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tracker.disk import fsync_folder
from tracker.errors import WorkbookChangedError, WorkbookOpenElsewhereError
from tracker.syncing.cache import FileIdentity
from tracker.workbook import Layout, Workbook

LEFT_AFTER = 600.0
"""After how many seconds a file that lies beside a workbook was left by a process that was killed."""


@contextlib.contextmanager
def written_beside(workbook: Workbook, path: Path) -> Iterator[tuple[Path, Mapping[str, Layout]]]:
    """The changed workbook as a file beside its place, on the disk and with the same access, and its layouts.

    It is gone afterwards unless :func:`put_in_place` gave it its name.
    """
    target = path.with_name(f"{beside_prefix(path)}{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with open(target, "w+b") as file:
            layouts = workbook.save(file)
            file.flush()
            if path.exists():
                _keep_access(path, file.fileno())
            os.fsync(file.fileno())
        yield target, layouts
    finally:
        target.unlink(missing_ok=True)


def put_in_place(target: Path, path: Path) -> None:
    """Give the file the workbook's name, in one step that survives a power cut.

    Raises:
        WorkbookOpenElsewhereError: it is open, on Windows.
    """
    try:
        os.replace(target, path)
    except PermissionError:
        # On Windows a workbook that is open cannot be replaced.
        raise WorkbookOpenElsewhereError(path=path, program="another program", owner="somebody", lock="none") from None
    fsync_folder(path.parent)


def refuse_changed(path: Path, before: FileIdentity) -> None:
    """Raise WorkbookChangedError where somebody has saved the workbook since."""
    if FileIdentity.of(os.stat(path)) != before:
        raise WorkbookChangedError(path=path)


def put_back_late_save(path: Path, version: Path, before: FileIdentity) -> None:
    """A save in place (LibreOffice's) in the instant before the replace went to the old file: put that back.

    Raises:
        WorkbookChangedError: there was one. The next attempt finds it like any stale save, and replays.
    """
    kept = os.stat(version)
    if kept.st_ino == before.inode and FileIdentity.of(kept) != before:
        back = path.with_name(f"{beside_prefix(path)}{os.getpid()}-back")
        os.link(version, back)
        os.replace(back, path)
        raise WorkbookChangedError(path=path)


def beside_prefix(path: Path) -> str:
    """How the names of the files begin that are written beside a workbook."""
    return f".{path.name}.syncing-"


def left_beside(path: Path) -> list[Path]:
    """What processes that were killed left beside a workbook."""
    return sorted(left for left in path.parent.glob(f"{glob.escape(beside_prefix(path))}*") if _age(left) > LEFT_AFTER)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # its process is done with it
        return 0.0


def _keep_access(path: Path, descriptor: int) -> None:
    """Give the new file the old one's mode and, where we may, its owner."""
    status = os.stat(path)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, status.st_mode & 0o7777)
    if hasattr(os, "fchown") and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(OSError):
            os.fchown(descriptor, status.st_uid, status.st_gid)
