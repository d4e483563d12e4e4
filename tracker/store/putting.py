"""Storing a file or a folder as the next version of an artifact.

A version is claimed by creating its manifest, which only one process can do; by then its files are complete, in a
folder that the manifest names and that then becomes ``v3``. A manifest is never removed, so that a number is never used
again; a number that a crash left without a manifest's content is a hole, and stays one.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tracker.capture import utc_now
from tracker.errors import ArtifactPathError, StoreUnreachableError
from tracker.folders import Folders
from tracker.store import attempts
from tracker.store.attempts import Attempt
from tracker.store.copying import OnBytes, copy_hashed, many, read_small
from tracker.store.kinds import described, guess
from tracker.store.manifest import (
    Stored,
    StoredFile,
    create,
    is_here,
    manifest_path,
    numbers,
    numbers_among,
    path_of,
    read_head,
    read_manifest,
    rewrite,
    tree_hash,
)
from tracker.store.naming import resolved_name
from tracker.store.place import join
from tracker.store.progress import OnProgress, Progress
from tracker.store.reaching import patiently, place_at
from tracker.store.sharing import shared_files
from tracker.store.sources import Source, files_of

_CLAIM_SECONDS = 2.0
"""How long a version that was claimed lately is waited for before whoever claimed it is taken for dead."""
_CLAIMED_LATELY = 60.0


def put(
    folders: Folders,
    source: Path,
    name: str = "",
    *,
    run_id: str = "",
    who: str = "",
    category: str | None = None,
    kind: str | None = None,
    at: str = "",
    on_progress: OnProgress | None = None,
    announce: Callable[[Stored], None] = lambda stored: None,
) -> Stored:
    """Store a file or a folder as the next version of the artifact, or find the version that has this content.

    The name is the file's own where none is given; category and kind are guessed where they are not. ``at`` is the
    artifact store, the setting ``artifacts.store``; empty for the folder beside the workbook. ``on_progress`` is told
    bytes done and in all. ``announce`` is called with a new version before it counts, to write its row: should the
    process die before that, the version is never offered for its content again, so that no version without a row is.

    Raises:
        ArtifactPathError: the source cannot or may not be stored.
        RegistryNotWritableError: the registry's folder is read-only, or the disk is full.
        StoreError: the artifact store cannot be reached, refuses, or is full.
        BadRequestError, MissingPackageError: the artifact store is none, or its package is not installed.
    """
    name = resolved_name(folders, name or Path(os.path.abspath(source)).name)
    found, folder = files_of(source), source.is_dir()
    if folder and (folders.artifacts / name).resolve().is_relative_to(source.resolve()):
        raise ArtifactPathError(path=source, reason="the registry's own files are in it")
    place = place_at(folders, at)
    names = (file.inside for file in found)
    what = described(category, kind, guess(name, source.name, folder=folder, path=source, files=names))
    draft = Stored(
        name=name,
        version=0,
        sha256="",
        size=0,
        folder=folder,
        category=what.category,
        kind=what.kind,
        guessed=what.guessed,
        run_id=run_id,
        created=utc_now(),
        created_by=who,
        files=(),
        path=folders.artifacts,
        new=True,
        store=place.url,
    )
    attempt = attempts.begin(folders, place, name)
    kept = False
    try:
        total = sum(file.size for file in found)
        progress = Progress(total, on_progress, attempt.beat)
        shared = shared_files(folders, place, name, found, folder, attempt.files, progress.add)
        if len(shared) == len(found) and (stored := _known(folders, draft, [shared[file.inside] for file in found])):
            return stored
        files = _bring_in(attempt, found, shared, progress.add)
        draft = replace(draft, files=files, sha256=tree_hash(files, folder), size=sum(file.size for file in files))
        stored = _claim(attempt, draft)
        kept = stored.new
        return _count(attempt, stored, announce) if kept else stored
    except StoreUnreachableError:
        attempt.abandon()
        kept = True
        raise
    finally:
        if not kept:
            place.remove_folder(attempt.folder)
            attempt.end()
        attempts.sweep(folders, place)


# -- the files ----------------------------------------------------------------------------------------------------


def _bring_in(
    attempt: Attempt, found: list[Source], shared: dict[str, StoredFile], on_bytes: OnBytes
) -> tuple[StoredFile, ...]:
    """Have all files in the place: those that are there already are shared, the others copied."""
    place, folder = attempt.place, attempt.folder

    def bring(source: Source) -> StoredFile:
        inside = f"{folder}/{source.inside}"
        known = shared.get(source.inside)
        if known is not None:
            shared_now = place.share(join(attempt.name, known.at), inside) if known.at else "not here"
            if shared_now != "not this one":
                return known if shared_now == "not here" else replace(known, at="")
        content = read_small(source)
        if content is None:
            size, sha256 = patiently(
                place, lambda: copy_hashed(source.path, lambda size: place.sink(inside, size), on_bytes)
            )
        else:
            patiently(place, lambda: place.make(inside, content))
            size, sha256 = len(content), hashlib.sha256(content).hexdigest()
            on_bytes(size)
        file = StoredFile(source.inside, size, sha256)
        attempt.arrived(file)
        return file

    files = tuple(many(bring, found, place.workers))
    own = {file.path: file.size for file in files if not file.at}
    if attempt.files:
        place.remove(path for path in place.files(folder) if path[len(folder) + 1 :] not in own)
    place.settle(folder, own)
    return files


# -- the version --------------------------------------------------------------------------------------------------


def _known(folders: Folders, draft: Stored, files: list[StoredFile]) -> Stored | None:
    """The version that consists of these files."""
    sha256 = tree_hash(files, draft.folder)
    for number in numbers(folders, draft.name):
        stored = _with_content(folders, draft, number, sha256)
        if stored is not None:
            return stored
    return None


def _claim(attempt: Attempt, draft: Stored) -> Stored:
    """The draft with the next number, or the version that has its content already."""
    folders, place = attempt.folders, attempt.place
    while True:
        taken = numbers(folders, draft.name)
        for number in taken:
            stored = _with_content(folders, draft, number, draft.sha256)
            if stored is not None:
                return stored
        if place.url and not place.direct:
            taken += numbers_among(place.entries(draft.name))
        mine = replace(draft, version=max(taken, default=0) + 1)
        mine = replace(mine, inside=attempt.id if place.direct else f"v{mine.version}", partial=attempt.id)
        attempt.claims(mine.version)
        # Only one process can create it, and it has looked at every lower number: this content is a new one.
        if create(folders, mine):
            return mine


def _count(attempt: Attempt, stored: Stored, announce: Callable[[Stored], None]) -> Stored:
    """Announce a version that was claimed; from then on it counts."""
    folders, place = attempt.folders, attempt.place
    counts = replace(stored, partial="")
    counts = replace(counts, path=path_of(folders, counts))
    announce(counts)
    if not place.direct and any(not file.at for file in stored.files):
        patiently(place, lambda: place.move(attempt.folder, join(stored.name, stored.inside)))
    if not is_here(folders, stored):
        rewrite(folders, counts)
    attempt.end()
    return counts


def _with_content(folders: Folders, draft: Stored, number: int, sha256: str) -> Stored | None:
    """The version, if this is its content; while another process is storing it, that is waited for."""
    manifest, patience = manifest_path(folders, draft.name, number), time.monotonic() + _CLAIM_SECONDS
    while True:
        head = read_head(folders, draft.name, number)
        if head is not None and head.sha256 != sha256:
            return None
        stored = read_manifest(folders, draft.name, number) if head else None
        if stored is not None:
            if stored.state != "stored" or stored.folder != draft.folder:
                return None
            if not stored.partial and (not is_here(folders, stored) or stored.path.exists()):
                return stored
        try:
            claimed = manifest.stat().st_mtime
        except FileNotFoundError:
            return None
        # A file server's clock may be another than ours, and ours may be read a moment before the file is written.
        if abs(time.time() - claimed) > _CLAIMED_LATELY or time.monotonic() > patience:
            return None
        time.sleep(0.01)
