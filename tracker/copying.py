"""Copying files and folders into and out of the store, hashed in the same pass."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracker.disk import fsync_folder
from tracker.errors import ArtifactPathError, RegistryNotWritableError

_CHUNK = 1 << 20
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of an artifact; ``path`` is relative to the artifact's folder, with ``/``."""

    path: str
    size: int
    sha256: str


def files_of(source: Path) -> list[tuple[str, Path]]:
    """The files to copy: their path inside the artifact and where they really are, in order of path.

    Links inside a folder are followed as long as they stay in it.

    Raises:
        ArtifactPathError: there is nothing there, no file in it, something that is no file, or a link that leaves the
            folder or leads back to it.
    """
    try:
        root = Path(os.path.realpath(source, strict=True))
        if root.is_dir():
            found = sorted(_walk(root, root, ""))
        else:
            _require_file(root)
            found = [(source.name, root)]
    except OSError as error:
        raise _unreadable(error, source) from error
    if not found:
        raise ArtifactPathError(path=source, reason="the folder holds no files")
    return found


def _walk(root: Path, folder: Path, inside: str) -> Iterator[tuple[str, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.is_symlink():
                path = Path(os.path.realpath(entry.path, strict=True))
                if not path.is_relative_to(root):
                    raise ArtifactPathError(path=entry.path, reason=f"the link leaves the folder, to {path}")
                if folder.is_relative_to(path):
                    raise ArtifactPathError(path=entry.path, reason="the link leads back to a folder that it is in")
            if path.is_dir():
                yield from _walk(root, path, f"{inside}{entry.name}/")
            else:
                _require_file(path)
                yield inside + entry.name, path


def _require_file(path: Path) -> None:
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ArtifactPathError(path=path, reason="it is no regular file but a pipe, a socket or a device")


def copy_file(source: Path, target: Path, inside: str) -> StoredFile:
    """Copy one file so that it survives a power cut; returns what was copied, with its hash.

    Raises:
        ArtifactPathError: it cannot be read, or does not stop changing while it is copied.
        RegistryNotWritableError: the target cannot be written, or the disk is full.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(_ATTEMPTS):
        copied = _copy_once(source, target, inside)
        if copied is not None:
            return copied
    raise ArtifactPathError(path=source, reason="it kept changing while it was copied")


def _copy_once(source: Path, target: Path, inside: str) -> StoredFile | None:
    """One attempt; None where the file was written to meanwhile."""
    digest = hashlib.sha256()
    size = 0
    try:
        reader = open(source, "rb", buffering=0)  # noqa: SIM115  (closed just below; its errors are the source's)
    except OSError as error:
        raise _unreadable(error, source) from error
    with reader, writing(target), open(target, "wb", buffering=0) as writer:
        before = os.fstat(reader.fileno())
        while size <= before.st_size:  # a file that grows as fast as it is read would never end
            try:
                chunk = reader.read(_CHUNK)
            except OSError as error:
                raise _unreadable(error, source) from error
            if not chunk:
                break
            digest.update(chunk)
            size += len(chunk)
            _write_all(writer.fileno(), chunk)
        os.fsync(writer.fileno())
        after = os.fstat(reader.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        return None
    return StoredFile(inside, size, digest.hexdigest())


def _write_all(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def file_hash(path: Path) -> tuple[int, str]:
    """The size and the sha256 of a file."""
    with open(path, "rb", buffering=0) as file:
        digest = hashlib.file_digest(file, "sha256")
        return file.tell(), digest.hexdigest()


def tree_hash(files: Sequence[StoredFile], folder: bool) -> str:
    """What tells content from other content: a file's own hash, or that of a folder's lines ``sha256 size path``."""
    if not folder:
        return files[0].sha256
    lines = sorted(f"{file.sha256} {file.size} {file.path}\n" for file in files)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def sync_tree(folder: Path) -> None:
    """Make the names in a folder and its folders durable."""
    for path, _, _ in os.walk(folder):
        fsync_folder(Path(path))


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn the operating system's error into one that says what to do."""
    try:
        yield
    except OSError as error:
        hint = "Make room or ask for write access, then do it again."
        raise RegistryNotWritableError(path=target.parent, reason=error.strerror or str(error), hint=hint) from error


def _unreadable(error: OSError, source: Path) -> ArtifactPathError:
    return ArtifactPathError(path=error.filename or source, reason=error.strerror or str(error))
