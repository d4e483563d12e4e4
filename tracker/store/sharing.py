"""Which files of a new version are in the store already, with an earlier version of the same artifact."""

from __future__ import annotations

import contextlib
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
    earlier = list(_earlier(folders, place, name, found, folder))
    by_path = {file.path: file for file in earlier} | dict(brought)
    by_content = {(file.size, file.sha256): file for file in earlier}
    by_size: dict[int, list[StoredFile]] = {}
    for file in earlier:
        by_size.setdefault(file.size, []).append(file)

    def look(source: Source) -> StoredFile | None:
        alike = by_size.get(source.size, []) if source.size >= _LOOK_FROM and source.inside not in brought else []
        if alike and not _may_be_one_of(place, name, source, alike, by_path.get(source.inside)):
            return None
        try:
            size, sha256 = hash_file(source.path, on_bytes)
        except (OSError, UnsteadyError):
            return None  # copying it finds the same fault, and says so
        file = by_path.get(source.inside)
        if file is None or (file.size, file.sha256) != (size, sha256):
            file = by_content.get((size, sha256))
        if file is None:
            on_bytes(-size)
            return None
        return StoredFile(source.inside, size, sha256, file.at)

    candidates = [source for source in found if source.size in by_size or source.inside in brought]
    return {file.path: file for file in many(look, candidates) if file is not None}


def _earlier(folders: Folders, place: Place, name: str, found: list[Source], folder: bool) -> Iterable[StoredFile]:
    """The files of earlier versions, with ``at`` set."""
    for stored in _candidates(folders, name, None if folder else found[0].size):
        if (stored.store, stored.state, stored.partial, stored.folder) != (place.url, "stored", "", folder):
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


def _may_be_one_of(
    place: Place, name: str, source: Source, alike: list[StoredFile], namesake: StoredFile | None
) -> bool:
    """Whether it is worth the time to hash a large source: its pieces are those of a stored file of its size."""
    first = [namesake] if namesake is not None and namesake.size == source.size else []
    for file in first + alike[:_CANDIDATES]:
        stored = place.on_this_machine(join(name, file.at))
        if stored is None:
            return True
        with contextlib.suppress(OSError):
            if _pieces(stored, source.size) == _pieces(source.path, source.size):
                return True
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
