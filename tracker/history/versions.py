"""Earlier workbooks: one for every sync that replaced one and every outside save that one found; thinned by age.

The rule: the newest ``versions.keep`` (50) stay, as far as they fit into ``versions.megabytes`` (500), and at least
five; of older ones the last of each day for sixty days, of those beyond the last of each month, together as many
megabytes again at the most. So the folder holds at most twice that setting, or five workbooks where these take more.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tracker.errors import VersionNotFoundError
from tracker.values import utc

_NAME = re.compile(r"(\d{8}T\d{9})Z-(\d{6,}|unsynced)\.(?:xlsx|xlsm)")

ALWAYS_KEPT = 5
DAILY = 60


@dataclass(frozen=True, slots=True)
class Version:
    """One earlier workbook, or the one that is there now."""

    path: Path
    number: int | None
    """The last change set that it contains; None where it had none yet, or where that is for the file to say."""
    saved: datetime
    """When it was written, by a sync or by a person's program (UTC)."""
    replaced: datetime | None
    """When another took its place; None for the one that is there now."""

    @property
    def label(self) -> str:
        """``version 57, saved 2026-11-24 17:03:12``."""
        what = "the workbook as it is" if self.replaced is None else f"version {self.number or 'before the first sync'}"
        return f"{what}, saved {self.saved:%Y-%m-%d %H:%M:%S}"


# -- keeping ------------------------------------------------------------------------------------------------------


def version_name(workbook: Path, stamp: str | None, now: float) -> str:
    """The name of a version: when the workbook was replaced, and which change set it contained."""
    number = stamp.partition("-")[0] if stamp else "unsynced"
    return f"{_moment(now)}Z-{number}{workbook.suffix.lower()}"


def keep_version(workbook: Path, folder: Path, stamp: str | None, now: float, *, copy: bool = False) -> Path:
    """Keep the workbook as it stands under ``versions/``: a hard link where the file system has them, else a copy.

    Args:
        copy: no hard link, for a workbook that stays where it is: a save in place would reach the version.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / version_name(workbook, stamp, now)
    try:
        if copy:
            raise OSError
        os.link(workbook, target)
    except FileExistsError:
        return target
    except OSError:
        partial = target.with_suffix(".partial")
        shutil.copy2(workbook, partial)
        os.replace(partial, target)
    return target


# -- finding ------------------------------------------------------------------------------------------------------


def list_versions(folder: Path) -> list[Path]:
    """The earlier workbooks, oldest first."""
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []


def known_versions(folder: Path) -> list[Version]:
    """The same with what their names and times say."""
    return [found for path in list_versions(folder) if (found := _version(path)) is not None]


def find_replaced(folder: Path, now: float) -> Path | None:
    """The version that the sync of this moment replaced; None where it was thinned."""
    moment = _moment(now)
    return next((path for path in list_versions(folder) if path.name.startswith(moment)), None)


def find_version(workbook: Path, folder: Path, name: str) -> Version:
    """The version that a person means.

    Args:
        name: the number of the last change set that it contains; a time such as ``2026-11-01`` (the end of that day) or
            ``2026-11-01 17:30``, UTC: the newest version that was saved by then; the name of its file or the beginning
            of it; or ``now`` for the workbook itself.

    Raises:
        VersionNotFoundError: there is none, or not any more.
    """
    versions = known_versions(folder)
    name = name.strip()
    if name == "now":
        return _present(workbook)
    if name.isdecimal():
        found = [version for version in versions if version.number == int(name)]
    elif (moment := _time(name)) is not None:
        found = [version for version in (*versions, _present(workbook)) if version.saved <= moment]
        found.sort(key=lambda version: version.saved)
    else:
        found = [version for version in versions if name and version.path.name.startswith(name)]
    if not found:
        raise VersionNotFoundError(version=name, path=workbook, hint=_nearest(versions, name))
    return found[-1]


def _nearest(versions: Sequence[Version], name: str) -> str:
    if not versions:
        return "No earlier workbook has been kept yet."
    if name.isdecimal():
        near = sorted({version.number for version in versions if version.number}, key=lambda n: abs(n - int(name)))[:3]
        if near:
            return f"The nearest that are kept: {', '.join(map(str, sorted(near)))}."
    return f"The oldest that is kept: {versions[0].label}."


def _version(path: Path) -> Version | None:
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    replaced = datetime.strptime(found[1] + "000", "%Y%m%dT%H%M%S%f")
    # A copied folder may have lost the times of its files.
    saved = min(replaced, utc(path.stat().st_mtime))
    return Version(path, None if found[2] == "unsynced" else int(found[2]), saved, replaced)


def _present(workbook: Path) -> Version:
    return Version(workbook, None, utc(workbook.stat().st_mtime), None)


def _moment(now: float) -> str:
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}"


def _time(text: str) -> datetime | None:
    """A time in UTC; of a day its end."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment + timedelta(days=1) - timedelta(milliseconds=1) if len(text) == len("2026-11-01") else moment


# -- thinning -----------------------------------------------------------------------------------------------------


def versions_to_drop(names: Sequence[str], sizes: Sequence[int], keep: int, budget: int) -> list[str]:
    """Which of the versions (oldest first) are one too many: a pure decision.

    The newest ``keep`` stay, as far as they fit into ``budget`` bytes, and at least :data:`ALWAYS_KEPT`; of older
    ones the last of each day, and of those beyond :data:`DAILY` days the last of each month, as far as these fit into
    as many bytes again.
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
    older = sorted({*last_of_day[-DAILY:], *{name[:6]: name for name in months}.values()})
    size_of = dict(zip(names, sizes, strict=True))
    while older and sum(size_of[name] for name in older) > budget:
        older.pop(0)
    kept = {*newest, *older}
    return [name for name in names if name not in kept]


def thin_versions(folder: Path, keep: int, budget: int, hold: Collection[str] = ()) -> None:
    """Delete the versions that :func:`versions_to_drop` names, except those that are still needed."""
    versions = list_versions(folder)
    sizes = [path.stat().st_size for path in versions]
    for name in versions_to_drop([path.name for path in versions], sizes, keep, budget):
        if name in hold:
            continue
        with contextlib.suppress(OSError):  # open in somebody's Excel: the next sync tries again
            (folder / name).unlink()
