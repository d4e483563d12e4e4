"""Getting artifacts out of the store: to where a script can read them, or as a copy that a person keeps."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tracker.disk import alone, writing
from tracker.errors import ArtifactAlteredError, BadRequestError
from tracker.folders import Folders
from tracker.store.copying import CHUNK, OnBytes, copy_hashed, many
from tracker.store.finding import find
from tracker.store.local import LocalSink
from tracker.store.manifest import Stored, StoredFile, is_here, tree_hash
from tracker.store.place import PARTIAL, RECEIVED, Place, is_local
from tracker.store.progress import OnProgress, Progress
from tracker.store.reaching import patiently, place_at
from tracker.store.sources import files_of

_FETCHED_MODE = 0o666
_LOCK_FROM = 8 << 20
"""Files of so many bytes are brought by one process only; the others wait for it."""
ALTERED = "is not what it was when it was stored"
MISSING = "is missing"


def bring(folders: Folders, stored: Stored, on_progress: OnProgress | None = None) -> Path:
    """The path at which a version can be read on this machine; one that lies elsewhere is brought into the cache.

    What comes over a network is checked on arrival. A download that was cut off is gone on with.

    Raises:
        ArtifactAlteredError: a file is missing, or not what it was when it was stored.
        StoreError: the artifact store cannot be reached, or refuses.
        RegistryNotWritableError: the cache cannot be written.
    """
    if is_here(folders, stored) or is_local(stored.uri):
        if not stored.path.exists():
            raise ArtifactAlteredError(artifact=stored.artifact, path=stored.path, reason=MISSING)
        return stored.path
    place = place_at(folders, stored.uri or stored.store)
    progress = Progress(stored.size, on_progress)
    if stored.uri:
        _bring_referenced(stored, place, progress.add)
    else:
        many(lambda file: _bring_file(folders, stored, place, file, progress.add), stored.files)
    return stored.path


def fetch(folders: Folders, artifact: str, destination: Path, on_progress: OnProgress | None = None) -> Path:
    """Copy a version out of the store and check every byte of it; returns the file or folder that was made.

    A destination that is a folder gets the file or folder inside it.

    Raises:
        ArtifactNotFoundError: there is no such version.
        ArtifactAlteredError: a file is not what it was when it was stored; nothing is left at the destination.
        BadRequestError: the destination exists already.
        RegistryNotWritableError: the destination cannot be written.
        StoreError: the artifact store cannot be reached, or refuses.
    """
    stored = find(folders, artifact)
    target = destination / (stored.name if stored.folder else stored.path.name) if destination.is_dir() else destination
    if os.path.lexists(target):
        raise BadRequestError(reason=f"{target} exists already; nothing was overwritten. Name another destination.")
    partial = target.with_name(f"{PARTIAL}-{os.urandom(8).hex()}")
    try:
        source = bring(folders, stored, None if is_here(folders, stored) else on_progress)
        _copy_out(folders, stored, source, partial, Progress(stored.size, on_progress).add)
        with writing(target):
            os.rename(partial if stored.folder else partial / stored.path.name, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def _copy_out(folders: Folders, stored: Stored, source: Path, target: Path, on_bytes: OnBytes) -> None:
    """Copy the files that are at ``source``, and check that they are those that were stored."""
    expected = {file.path: file for file in stored.files}
    if stored.files:
        wanted = [(path, stored.root / path) for path in expected]
    else:
        wanted = [(file.inside, file.path) for file in files_of(source)]

    def copy(item: tuple[str, Path]) -> StoredFile:
        inside, path = item
        if not path.is_file():
            raise ArtifactAlteredError(artifact=stored.artifact, path=path, reason=MISSING)
        sink = target / inside
        copied = StoredFile(inside, *copy_hashed(path, lambda size: LocalSink(sink, size, _FETCHED_MODE), on_bytes))
        file = expected.get(inside, copied)
        if (copied.size, copied.sha256) != (file.size, file.sha256):
            _forget(folders, stored, file, path)
            raise ArtifactAlteredError(artifact=stored.artifact, path=path, reason=ALTERED)
        return copied

    copied = many(copy, wanted)
    if stored.sha256 and tree_hash(copied, stored.folder) != stored.sha256:
        raise ArtifactAlteredError(artifact=stored.artifact, path=source, reason=ALTERED)


# -- the cache ----------------------------------------------------------------------------------------------------


def _bring_file(folders: Folders, stored: Stored, place: Place, file: StoredFile, on_bytes: OnBytes) -> None:
    """Have one file in the cache, where versions that share it have it once."""
    target = stored.root / file.path
    if _has_size(target, file.size):
        on_bytes(file.size)
        return
    received = _received_path(folders, file)
    with _alone(received, file.size):
        if not _has_size(received, file.size):
            _receive(stored, place, stored.bytes_at(file), received, file.size, file.sha256, on_bytes)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(received, target)


def _bring_referenced(stored: Stored, place: Place, on_bytes: OnBytes) -> None:
    """Have data in the cache that was only referred to so far."""
    files = place.files() if stored.folder else {"": stored.size}

    def receive(item: tuple[str, int]) -> None:
        path, size = item
        target = stored.path / path if path else stored.path
        if not _has_size(target, size):
            _receive(stored, place, path, target, size, "" if stored.folder else stored.sha256, on_bytes)

    many(receive, files.items())


def _receive(stored: Stored, place: Place, at: str, target: Path, size: int, sha256: str, on_bytes: OnBytes) -> None:
    """Download one file, from where an earlier attempt was cut off, and check it."""
    # Another process may be at the same small file; a large one is locked, and worth going on with.
    tag = target.name[-100:] if size >= _LOCK_FROM else os.urandom(8).hex()
    partial = target.with_name(f"{PARTIAL}-{tag}")
    told = 0

    def receive() -> bool:
        nonlocal told
        with writing(partial):
            partial.parent.mkdir(parents=True, exist_ok=True)
            writer = open(partial, "ab")  # noqa: SIM115  (closed just below)
        with writer:
            digest = _hash_of(partial)
            begun = writer.tell()
            on_bytes(begun - told)
            told = begun
            try:
                with place.open(at, begun) as reader:
                    while told <= size and (chunk := reader.read(min(CHUNK, size - told + 1))):
                        digest.update(chunk)
                        with writing(partial):
                            writer.write(chunk)
                        told += len(chunk)
                        on_bytes(len(chunk))
            except FileNotFoundError:
                where = f"{place.url}/{at}"
                raise ArtifactAlteredError(artifact=stored.artifact, path=where, reason=MISSING) from None
        if told == size and sha256 in ("", digest.hexdigest()):
            with writing(target):
                os.replace(partial, target)
            return True
        partial.unlink()
        if not begun:
            raise ArtifactAlteredError(artifact=stored.artifact, path=f"{place.url}/{at}", reason=ALTERED)
        return False  # what was there was of something else

    try:
        while not patiently(place, receive):
            pass
    finally:
        if size < _LOCK_FROM:
            partial.unlink(missing_ok=True)


def _hash_of(path: Path) -> hashlib._Hash:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest


def _received_path(folders: Folders, file: StoredFile) -> Path:
    return folders.cache / "artifacts" / RECEIVED / file.sha256


def _forget(folders: Folders, stored: Stored, file: StoredFile, path: Path) -> None:
    """Remove what somebody altered in the cache, so that it is brought anew the next time."""
    if not is_here(folders, stored) and not stored.uri:
        for copy in (path, _received_path(folders, file)):
            with contextlib.suppress(OSError):
                copy.unlink()


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _link_or_copy(source: Path, target: Path) -> None:
    partial = target.with_name(f"{PARTIAL}-{os.urandom(8).hex()}")
    try:
        os.link(source, partial)
    except OSError:
        shutil.copyfile(source, partial)
    os.replace(partial, target)


@contextlib.contextmanager
def _alone(received: Path, size: int) -> Iterator[None]:
    """Only one process downloads a large file; the others wait for it, and find it there."""
    if size < _LOCK_FROM:
        yield
        return
    with writing(received):
        received.parent.mkdir(parents=True, exist_ok=True)
    with alone(received.with_name(f"{received.name}.lock")):
        yield
