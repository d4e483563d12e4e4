"""Two tables compared: drift from their profiles, and the rows that both have, which are looked for once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from tracker.contents.kept import Tell, cache_folder, look_into, only_one, told_rows
from tracker.contents.parts import Part, readable
from tracker.data.drift import DataComparison, compare_profiles
from tracker.data.leakage import Leakage, find_leakage
from tracker.data.profile import Profile
from tracker.disk import write_durably
from tracker.errors import TrackerError
from tracker.folders import Folders

_NO_TABLE = Profile(refused="Not profiled: it is no table.")


def drift_between(folders: Folders, left: Part, right: Part, tell: Tell = lambda words: None) -> DataComparison:
    """What changed from the left table to the right one; errors as of :func:`tracker.contents.kept.look_into`."""
    profiles = [look_into(folders, part, tell=tell).profile or _NO_TABLE for part in (left, right)]
    return compare_profiles(*profiles)


def kept_leakage(folders: Folders, train: Part, test: Part, ignore: Collection[str] = ()) -> Leakage | None:
    """What :func:`leakage_between` found before; None where nobody has looked yet."""
    for place in dict.fromkeys((folders, Folders(folders.workbook))):
        with contextlib.suppress(OSError, ValueError):
            return Leakage.from_json(json.loads(_path(place, train, test, ignore).read_bytes()))
    return None


def leakage_between(
    folders: Folders, train: Part, test: Part, ignore: Collection[str] = (), tell: Tell = lambda words: None
) -> Leakage:
    """Which rows of the test table the training table has too; columns to ignore are keys or the target.

    Raises:
        BadRequestError: one of them is no table, or they have no column in common.
        ArtifactAlteredError, StoreError, MissingPackageError: as of :func:`tracker.contents.kept.look_into`.
    """
    path = _path(folders, train, test, ignore)
    with only_one(folders, path.name):
        found = kept_leakage(folders, train, test, ignore)
        if found is None:
            paths = readable(folders, train), readable(folders, test)
            found = find_leakage(*paths, ignore=ignore, on_rows=told_rows(f"{train} and {test}", tell))
            with contextlib.suppress(OSError, TrackerError):
                write_durably(path, json.dumps(found.to_json()).encode())
    return found


def _path(folders: Folders, train: Part, test: Part, ignore: Collection[str]) -> Path:
    """Where the result is kept: by what both hold, and how they are read."""
    what = [train.key, PurePosixPath(train.name).suffix, test.key, PurePosixPath(test.name).suffix, *sorted(ignore)]
    return cache_folder(folders) / f"{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:40]}.leakage.json"
