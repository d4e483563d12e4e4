"""What can be done with a stored version, as the manifest it will have: trashed, restored, moved, archived, deleted.

Who may, when and why is not decided here. :class:`tracker.store.moving.Mover` does it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

from tracker.folders import Folders
from tracker.ids import new_run_id
from tracker.store.manifest import State, Stored, StoredFile, path_of
from tracker.store.moving import needed_by_others
from tracker.store.place import checked_url, join
from tracker.store.reaching import patiently, place_at


def trashed(folders: Folders, stored: Stored, when: datetime, by: str, why: str) -> Stored:
    """In the trash; files that another version needs stay where they are."""
    needed = needed_by_others(folders, stored)
    files = tuple(
        replace(file, at=_own(stored, file)) if not file.at and stored.spot(file) in needed else file
        for file in stored.files
    )
    before = "" if stored.state == "stored" else stored.state
    return _became(folders, replace(stored, state="trash", files=files, before=before), when, by, why)


def restored(folders: Folders, stored: Stored, when: datetime, by: str, why: str) -> Stored:
    """Out of the trash, as it was before."""
    files = tuple(replace(file, at="") if file.at == _own(stored, file) else file for file in stored.files)
    state: State = "archived" if stored.before == "archived" else "stored"
    return _became(folders, replace(stored, state=state, files=files, before=""), when, by, why)


def deleted(folders: Folders, stored: Stored, when: datetime, by: str, why: str) -> Stored:
    """Gone for good; the manifest remains, so that the number is never used again."""
    return _became(folders, replace(stored, state="deleted", before=""), when, by, why)


def moved(folders: Folders, stored: Stored, url: str, when: datetime, by: str, why: str) -> Stored:
    """In another store, with all of its files; errors as for :func:`tracker.store.reaching.place_at`."""
    there = _elsewhere(folders, replace(stored, state="stored"), url)
    return there if stored.state == "stored" else _became(folders, there, when, by, why)


def archived(folders: Folders, stored: Stored, url: str, when: datetime, by: str, why: str) -> Stored:
    """In the archive store; errors as for :func:`tracker.store.reaching.place_at`."""
    return _became(folders, _elsewhere(folders, replace(stored, state="archived"), url), when, by, why)


def _elsewhere(folders: Folders, stored: Stored, url: str) -> Stored:
    url = checked_url(url)
    inside = f"v{stored.version}"
    if url != stored.store or any(file.at for file in stored.files):
        place = place_at(folders, url)
        taken = place.direct or patiently(place, lambda: place.entries(join(stored.name, inside)))
        if taken:  # an archive may be shared with another registry
            inside = new_run_id(time.time())
        files = tuple(replace(file, at="") for file in stored.files)
        stored = replace(stored, store=url, inside=inside, files=files)
    return replace(stored, path=path_of(folders, stored))


def _own(stored: Stored, file: StoredFile) -> str:
    """Where a file of its own lies, as another version would say it."""
    return join(stored.inside, file.path)


def _became(folders: Folders, stored: Stored, when: datetime, by: str, why: str) -> Stored:
    stored = replace(stored, since=when.isoformat(timespec="milliseconds"), by=by, why=why)
    return replace(stored, path=path_of(folders, stored))
