"""What is to be stored: the files of a folder, and what may not be among them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import ArtifactPathError


@dataclass(frozen=True, slots=True)
class Source:
    """One file to store."""

    inside: str
    """Its path inside the artifact, with ``/``."""
    path: Path
    """Where it really is."""
    size: int
    """Bytes, when it was looked at."""


def files_of(source: Path) -> list[Source]:
    """The files to store, in order of path. Links inside a folder are followed as long as they stay in it.

    Raises:
        ArtifactPathError: there is nothing there, no file in it, something that is no file, or a link that leaves the
            folder or leads back to it.
    """
    try:
        root = Path(os.path.realpath(source, strict=True))
        if root.is_dir():
            found = sorted(_walk(root, root, ""), key=lambda file: file.inside)
        else:
            found = [_file(source.name, root)]
    except OSError as error:
        raise unreadable(error, source) from error
    if not found:
        raise ArtifactPathError(path=source, reason="the folder holds no files")
    return found


def _walk(root: Path, folder: Path, inside: str) -> Iterator[Source]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):  # nearly all are; what follows is for the others
                yield Source(inside + entry.name, Path(entry.path), entry.stat(follow_symlinks=False).st_size)
                continue
            path = Path(entry.path)
            if entry.is_symlink():
                path = Path(os.path.realpath(entry.path, strict=True))
                if not path.is_relative_to(root):
                    raise ArtifactPathError(path=entry.path, reason=f"the link leaves the folder, to {path}")
                if folder.is_relative_to(path):
                    raise ArtifactPathError(path=entry.path, reason="the link leads back to a folder that it is in")
            if entry.is_dir():
                yield from _walk(root, path, f"{inside}{entry.name}/")
            else:
                yield _file(inside + entry.name, path)


def _file(inside: str, path: Path) -> Source:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ArtifactPathError(path=path, reason="it is no regular file but a pipe, a socket or a device")
    return Source(inside, path, status.st_size)


def unreadable(error: OSError, source: Path) -> ArtifactPathError:
    """The operating system's error about a source, as one that a person understands."""
    return ArtifactPathError(path=error.filename or source, reason=error.strerror or str(error))
