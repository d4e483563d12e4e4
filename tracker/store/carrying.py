"""The bytes of a version from one place to another: by a hard link or by the server where that can be, else copied."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from functools import partial

from tracker.disk import writing
from tracker.errors import ArtifactAlteredError, StoreError
from tracker.folders import Folders
from tracker.store.copying import CHUNK, copy_hashed, many
from tracker.store.fetching import ALTERED, MISSING
from tracker.store.local import remove_tree
from tracker.store.manifest import Spot, Stored, StoredFile
from tracker.store.place import RECEIVED, Place, join
from tracker.store.reaching import patiently, place_at, trash_of


def carry(folders: Folders, before: Stored, after: Stored) -> None:
    """Have the files of a version where it will be; a copy is compared with the hash of what was stored.

    Raises:
        ArtifactAlteredError: a file is missing or not what it was; in the trash and out of it, it may be missing.
        StoreError: a place cannot be reached, refuses or is full.
    """
    places = _Places(folders)
    ways, strict = _ways(before, after), before.store != after.store

    def bring(way: _Way) -> None:
        old, new, file = way
        try:
            patiently(places[new], lambda: _bring(places[old], old.path, places[new], new.path, file, before.artifact))
        except FileNotFoundError:
            if strict:
                where = _shown(places[old], old.path)
                raise ArtifactAlteredError(artifact=before.artifact, path=where, reason=MISSING) from None

    many(bring, ways)
    sizes: dict[tuple[str, bool], dict[str, int]] = {}
    for _, new, file in ways:
        if strict or _has(places[new], new.path):
            sizes.setdefault((new.store, new.trash), {})[new.path] = file.size
    for (store, trash), expected in sizes.items():
        folder = join(after.name, after.inside)
        inside = {path.removeprefix(f"{folder}/"): size for path, size in expected.items()}
        places[Spot(store, trash, "")].settle(folder, inside)


def bring_back(folders: Folders, before: Stored, after: Stored) -> None:
    """Have files that a server had renamed already where they were before."""
    places = _Places(folders)

    def bring(way: _Way) -> None:
        old, new, _ = way
        if not _has(places[old], old.path) and _has(places[new], new.path):
            places[old].adopt(places[new], new.path, old.path)

    for way in _ways(before, after):
        if places[way[1]].on_this_machine("") is None:
            patiently(places[way[1]], partial(bring, way))


def remove(folders: Folders, spots: Mapping[Spot, StoredFile]) -> int:
    """Remove files for good; the bytes that became free, for a file with several names keeps its bytes."""
    places = _Places(folders)
    freed = 0
    for spot, file in spots.items():
        local = places[spot].on_this_machine(spot.path)
        if local is None:
            freed += file.size
        else:
            with writing(local), contextlib.suppress(FileNotFoundError):
                status = local.stat()
                places[spot].remove([spot.path])
                freed += status.st_size if status.st_nlink == 1 else 0
    by_place: dict[tuple[str, bool], list[str]] = {}
    for spot in spots:
        if places[spot].on_this_machine("") is None:
            by_place.setdefault((spot.store, spot.trash), []).append(spot.path)
    for (store, trash), paths in by_place.items():
        place = places[Spot(store, trash, "")]
        patiently(place, partial(place.remove, paths))
    return freed


def forget(folders: Folders, stored: Stored) -> None:
    """Remove what was found in a version and kept beside it, and the copies that the cache has of it."""
    with writing(folders.artifacts / stored.name):
        for path in (folders.profile, folders.metadata):
            path(stored.name, stored.version).unlink(missing_ok=True)
    cache = folders.cache / "artifacts"
    remove_tree(cache / stored.name / f"v{stored.version}")
    for file in stored.files:
        with contextlib.suppress(OSError):
            (cache / RECEIVED / file.sha256).unlink()
    hashes = {file.sha256 for file in stored.files}
    with contextlib.suppress(OSError):
        for found in (folders.cache / "contents").iterdir():
            if found.name.partition(".")[0] in hashes:
                found.unlink()


def copy_to(folders: Folders, stored: Stored, target: Place, folder: str) -> None:
    """A copy of a version in a folder of another place, of which the registry does not know; errors as :func:`carry`.

    Raises:
        StoreError: something is in that folder already.
    """
    if target.entries(folder):
        hint = "Nothing was overwritten; name another place."
        raise StoreError(store=target.url, reason=f"has something in {folder} already.", hint=hint)
    places = _Places(folders)

    def bring(file: StoredFile) -> None:
        spot = stored.spot(file)
        try:
            path = join(folder, file.path)
            patiently(target, lambda: _copy(places[spot], spot.path, target, path, file, stored.artifact))
        except FileNotFoundError:
            where = _shown(places[spot], spot.path)
            raise ArtifactAlteredError(artifact=stored.artifact, path=where, reason=MISSING) from None

    try:
        many(bring, stored.files)
        target.settle(folder, {file.path: file.size for file in stored.files})
    except BaseException:
        with contextlib.suppress(StoreError):
            target.remove_folder(folder)
        raise


# -- one file -----------------------------------------------------------------------------------------------------


class _Places:
    """The places of spots, each connected to once."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._places: dict[tuple[str, bool], Place] = {}

    def __getitem__(self, spot: Spot) -> Place:
        key = (spot.store, spot.trash)
        if key not in self._places:
            self._places[key] = (trash_of if spot.trash else place_at)(self._folders, spot.store)
        return self._places[key]


_Way = tuple[Spot, Spot, StoredFile]


def _ways(before: Stored, after: Stored) -> list[_Way]:
    """Where each file is and where it will be, if that is elsewhere."""
    if not after.spots():
        return []
    pairs = zip(before.files, after.files, strict=True)
    ways = [(before.spot(old), after.spot(new), old) for old, new in pairs]
    return [way for way in ways if way[0] != way[1]]


def _bring(source: Place, path: str, target: Place, to: str, file: StoredFile, artifact: str) -> None:
    if not target.adopt(source, path, to):
        _copy(source, path, target, to, file, artifact)


def _copy(source: Place, path: str, target: Place, to: str, file: StoredFile, artifact: str) -> None:
    local = source.on_this_machine(path)
    target.remove([to])  # what an attempt that was killed left there
    if local is None:
        found = _stream(source, path, target, to, file.size)
    elif local.exists():
        found = copy_hashed(local, lambda size: target.sink(to, size))
    else:
        raise FileNotFoundError(str(local))
    if found != (file.size, file.sha256):
        target.remove([to])
        raise ArtifactAlteredError(artifact=artifact, path=_shown(source, path), reason=ALTERED)


def _stream(source: Place, path: str, target: Place, to: str, size: int) -> tuple[int, str]:
    """Copy from a server; size and sha256 of what came."""
    digest, count = hashlib.sha256(), 0
    with source.open(path) as reader:
        sink = target.sink(to, size)
        try:
            while chunk := reader.read(CHUNK):
                digest.update(chunk)
                sink.write(memoryview(chunk))
                count += len(chunk)
            sink.close()
        except BaseException:
            sink.abandon()
            raise
    return count, digest.hexdigest()


def _has(place: Place, path: str) -> bool:
    local = place.on_this_machine(path)
    if local is not None:
        return local.exists()
    folder, _, name = path.rpartition("/")
    return name in place.entries(folder)


def _shown(place: Place, path: str) -> str:
    local = place.on_this_machine(path)
    return str(local) if local is not None else join(place.url, path)
