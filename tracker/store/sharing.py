"""Which files of a new version are in the store already, with an earlier version of the same artifact."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from tracker.folders import Folders
from tracker.store.copying import OnBytes, UnsteadyError, hash_file, many
from tracker.store.manifest import Stored, StoredFile, numbers, read_head, read_manifest
from tracker.store.place import Place, join
from tracker.store.sources import Source

_LOOK_FROM = 8 << 20
"""Of files of so many bytes, three pieces are compared before the whole is hashed."""
_PIECE = 1 << 16
_CANDIDATES = 20
"""At most so many earlier versions of the same size are looked at."""


def shared_files(
    folders: Folders,
    place: Place,
    name: str,
    found: Iterable[Source],
    folder: bool,
    brought: Mapping[str, StoredFile],
    on_bytes: OnBytes,
) -> dict[str, StoredFile]:
    """The files that are there already, by their path in the new version; ``at`` says where their bytes lie.

    A file is looked for where it is likely: in the newest version of a folder, in versions of a single file's size, and
    among what a killed attempt had ``brought``, by its path; there ``at`` is empty. Only what may be the same is read.
    """
    found = list(found)
    known: dict[int, list[StoredFile]] = {}
    for file in _earlier(folders, place, name, found, folder):
        known.setdefault(file.size, []).append(file)

    def look(source: Source) -> StoredFile | None:
        candidates = [file for file in known.get(source.size, ()) if _may_be(place, join(name, file.at), source)]
        if source.inside in brought:
            candidates.insert(0, brought[source.inside])
        if not candidates:
            return None
        try:
            size, sha256 = hash_file(source.path, on_bytes)
        except (OSError, UnsteadyError):
            return None  # copying it finds the same fault, and says so
        same = [file for file in candidates if (file.size, file.sha256) == (size, sha256)]
        if not same:
            on_bytes(-size)
            return None
        best = next((file for file in same if file.path == source.inside), same[0])
        return StoredFile(source.inside, size, sha256, best.at)

    files = many(look, [source for source in found if source.size in known or source.inside in brought])
    return {file.path: file for file in files if file is not None}


def _earlier(folders: Folders, place: Place, name: str, found: list[Source], folder: bool) -> Iterable[StoredFile]:
    """The files of earlier versions, with ``at`` set."""
    for stored in _candidates(folders, name, None if folder else found[0].size):
        if stored.store != place.url or stored.state != "stored" or stored.folder != folder:
            continue
        for file in stored.files:
            yield StoredFile(file.path, file.size, file.sha256, file.at or join(stored.inside, file.path))
        if folder:
            return


def _candidates(folders: Folders, name: str, size: int | None) -> Iterable[Stored]:
    count = 0
    for number in numbers(folders, name):
        head = read_head(folders, name, number)
        if head is None or (size is not None and head.size != size):
            continue
        stored = read_manifest(folders, name, number)
        if stored is not None:
            yield stored
        count += 1
        if count == _CANDIDATES:
            return


def _may_be(place: Place, path: str, source: Source) -> bool:
    """Whether it is worth the time to hash the source: a large file's pieces are those of the stored one."""
    stored = place.on_this_machine(path)
    if stored is None:
        return True
    try:
        if source.size < _LOOK_FROM:
            return stored.stat().st_size == source.size
        return _pieces(stored, source.size) == _pieces(source.path, source.size)
    except OSError:
        return False


def _pieces(path: Path, size: int) -> list[bytes]:
    with open(path, "rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size != size:
            return []
        pieces = []
        for start in (0, size // 2, size - _PIECE):
            file.seek(start)
            pieces.append(file.read(_PIECE))
        return pieces
