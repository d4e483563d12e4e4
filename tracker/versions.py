"""Earlier workbooks: one for every sync that replaced one, thinned by age."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

_NAME = re.compile(r"(\d{8})T(\d{6})\d{3}Z-(\d{6,}|unsynced)\.(?:xlsx|xlsm)")


def keep_version(workbook: Path, folder: Path, stamp: str | None, now: float) -> Path:
    """Keep the workbook as it stands under ``versions/``: a hard link where the file system has them, else a copy.

    The name says when it was replaced and which change set it contained.
    """
    folder.mkdir(parents=True, exist_ok=True)
    moment = datetime.fromtimestamp(now, UTC)
    number = stamp.partition("-")[0] if stamp else "unsynced"
    name = f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}Z-{number}{workbook.suffix.lower()}"
    target = folder / name
    try:
        os.link(workbook, target)
    except FileExistsError:
        return target
    except OSError:
        partial = target.with_suffix(".partial")
        shutil.copyfile(workbook, partial)
        os.replace(partial, target)
    return target


def list_versions(folder: Path) -> list[Path]:
    """The earlier workbooks, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []


def thin_versions(folder: Path, keep: int) -> None:
    """Keep the newest ``keep`` versions, and of older ones the last of each day."""
    older = list_versions(folder)[: -keep or None]
    for version, following in pairwise(older):
        if version.name[:8] == following.name[:8]:
            with contextlib.suppress(OSError):  # open in somebody's Excel: the next sync tries again
                version.unlink()
