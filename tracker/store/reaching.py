"""From the address of an artifact store to the place itself, and what to do when the connection is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tracker.errors import StoreUnreachableError
from tracker.folders import Folders
from tracker.store.local import LocalPlace
from tracker.store.manifest import TRASH
from tracker.store.place import Place, checked_url, join_url, local_root

Made = TypeVar("Made")

_TRIES = 3
_PAUSE_SECONDS = 0.5


def place_at(folders: Folders, url: str = "") -> Place:
    """The place that a setting names; the folder beside the workbook where it names none.

    Raises:
        BadRequestError: it holds a password, or names no kind of file system.
        MissingPackageError: the package for this kind of file system is not installed.
        StoreError: it cannot be reached, or refuses.
    """
    url = checked_url(url)
    root = local_root(folders, url)
    if root is not None:
        return LocalPlace(root, url)
    from tracker.store.remote import RemotePlace

    return RemotePlace(url)


def trash_of(folders: Folders, url: str = "") -> Place:
    """The trash of a place; errors as for :func:`place_at`."""
    return place_at(folders, join_url(url, TRASH)) if url else LocalPlace(folders.trash)


def patiently(place: Place, work: Callable[[], Made]) -> Made:
    """What ``work`` gives; where the connection is lost, it is tried again with another."""
    for attempt in range(1, _TRIES):
        try:
            return work()
        except StoreUnreachableError:
            time.sleep(_PAUSE_SECONDS * attempt)
            place.reconnect()
    return work()
