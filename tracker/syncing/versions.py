"""Earlier workbooks: one for every sync that replaced one, thinned by age."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"(\d{8})T(\d{6})\d{3}Z-(\d{6,}|unsynced)\.(?:xlsx|xlsm)")

ALWAYS_KEPT = 5
DAILY = 60


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


def versions_to_drop(names: Sequence[str], sizes: Sequence[int], keep: int, budget: int) -> list[str]:
    """Which of the versions (oldest first) are one too many: a pure decision.

    The newest ``keep`` stay, as far as they fit into ``budget`` bytes, and at least :data:`ALWAYS_KEPT`; of older
    ones the last of each day, and of those beyond :data:`DAILY` days the last of each month.
    """
    newest: set[str] = set()
    total = 0
    for name, size in zip(reversed(names), reversed(sizes), strict=True):
        total += size
        if len(newest) >= keep or (total > budget and len(newest) >= ALWAYS_KEPT):
            break
        newest.add(name)
    older = [name for name in names if name not in newest]
    last_of_day = list({name[:8]: name for name in older}.values())
    months = last_of_day[:-DAILY]
    kept = {*newest, *last_of_day[-DAILY:], *{name[:6]: name for name in months}.values()}
    return [name for name in names if name not in kept]


def thin_versions(folder: Path, keep: int, budget: int) -> None:
    """Delete the versions that :func:`versions_to_drop` names."""
    versions = list_versions(folder)
    sizes = [path.stat().st_size for path in versions]
    for name in versions_to_drop([path.name for path in versions], sizes, keep, budget):
        with contextlib.suppress(OSError):  # open in somebody's Excel: the next sync tries again
            (folder / name).unlink()
