"""Data that must not be copied: a version that says where it is, how large, and by what it is recognised."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from tracker.capture import utc_now
from tracker.errors import ArtifactPathError
from tracker.folders import Folders
from tracker.ids import new_run_id
from tracker.store.copying import UnsteadyError, hash_file, many, sha256_of_lines
from tracker.store.kinds import described, guess
from tracker.store.manifest import (
    Stored,
    StoredFile,
    create,
    numbers,
    path_of,
    read_head,
    read_manifest,
    rewrite,
    tree_hash,
)
from tracker.store.naming import resolved_name
from tracker.store.place import checked_url, is_local
from tracker.store.sources import files_of, unreadable

CHEAP = 1 << 30
"""Data of at most so many bytes is hashed when it is referred to: that takes about a second."""


def put_reference(
    folders: Folders,
    uri: str | os.PathLike[str],
    name: str = "",
    *,
    sha256: str = "",
    hashed: bool | None = None,
    run_id: str = "",
    who: str = "",
    category: str | None = None,
    kind: str | None = None,
    announce: Callable[[Stored], None] = lambda stored: None,
) -> Stored:
    """Record data that stays where it is as the next version of the artifact; the same state gives the same version.

    Args:
        folders: The registry.
        uri: A file or folder on this machine, or an address such as ``s3://bucket/data.parquet``.
        name: The artifact's name; the last part of the uri where none is given.
        sha256: The hash of its content, if it is known.
        hashed: Whether to read it to know its hash; where this is not said, data on this machine up to a gigabyte is.
        run_id, who, category, kind, announce: as for :func:`tracker.store.put`.

    Raises:
        ArtifactPathError: there is nothing at that path, or the name is none.
        BadRequestError: the address holds a password.
        StoreError: the address cannot be reached.
        RegistryNotWritableError: the registry's folder is read-only, or the disk is full.
    """
    uri = checked_url(os.fspath(uri))
    if is_local(uri):
        uri = os.path.abspath(os.path.expanduser(uri))
    last = Path(uri if is_local(uri) else urlsplit(uri).path).name
    facts = look(uri, hashed)
    what = described(category, kind, guess(name, last, folder=facts.folder, path=Path(uri) if is_local(uri) else None))
    draft = Stored(
        name=resolved_name(folders, name or last),
        version=0,
        sha256=sha256 or facts.sha256,
        size=facts.size,
        folder=facts.folder,
        category=what.category,
        kind=what.kind,
        guessed=what.guessed,
        run_id=run_id,
        created=utc_now(),
        created_by=who,
        files=(),
        path=folders.artifacts,
        new=True,
        uri=uri,
        etag=facts.etag,
        state="referenced",
    )
    while True:
        taken = numbers(folders, draft.name)
        for number in taken:
            head = read_head(folders, draft.name, number)
            stored = read_manifest(folders, draft.name, number) if head and head.size == draft.size else None
            if stored is not None and not stored.partial and _is_same(stored, draft):
                return stored
        mine = replace(draft, version=max(taken, default=0) + 1)
        mine = replace(mine, path=path_of(folders, mine))
        if create(folders, replace(mine, partial=new_run_id(time.time()))):
            announce(mine)
            rewrite(folders, mine)
            return mine


def _is_same(stored: Stored, other: Stored) -> bool:
    if (stored.state, stored.uri, stored.folder) != (other.state, other.uri, other.folder):
        return False
    if stored.sha256 and other.sha256:
        return stored.sha256 == other.sha256
    return stored.etag == other.etag


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be told of data without copying it."""

    size: int
    folder: bool
    sha256: str
    """Empty where it was not read."""
    etag: str
    """What its server calls this state of it; on this machine, when it was last written to."""


def look(uri: str, hashed: bool | None = None) -> Facts:
    """The present state of the data; errors as for :func:`put_reference`."""
    if not is_local(uri):
        from tracker.store.remote import RemotePlace

        try:
            size, folder, etag = RemotePlace(uri).describe()
        except FileNotFoundError:
            raise ArtifactPathError(path=uri, reason="there is nothing at this address") from None
        return Facts(size, folder, "", etag)
    path = Path(uri)
    found, folder = files_of(path), path.is_dir()
    size = sum(file.size for file in found)
    try:
        if folder:
            times = (f"{file.path.stat().st_mtime_ns} {file.size} {file.inside}\n" for file in found)
            etag = sha256_of_lines(times)[:32]
        else:
            etag = str(path.stat().st_mtime_ns)
        wanted = size <= CHEAP if hashed is None else hashed
        files = many(lambda file: StoredFile(file.inside, *hash_file(file.path)), found) if wanted else []
    except OSError as error:
        raise unreadable(error, path) from error
    except UnsteadyError:
        raise ArtifactPathError(path=path, reason="it kept changing while it was read") from None
    return Facts(size, folder, tree_hash(files, folder) if files else "", etag)
