"""Taking a version's files away. Who may, and when, is not decided here."""

from __future__ import annotations

from dataclasses import replace

from tracker.disk import writing
from tracker.errors import ArtifactNotFoundError
from tracker.folders import Folders
from tracker.store.finding import find, versions
from tracker.store.manifest import Stored, rewrite
from tracker.store.naming import is_version, split_reference
from tracker.store.reaching import place_at


def delete(folders: Folders, artifact: str) -> int:
    """Remove the files of a version for good, save those that another version shares; the bytes that became free.

    Its manifest stays and says so: the number is never used again, and the same content gets a new one. Its profile
    goes, for it holds values of the data. Of data that is only referred to, nothing else is removed.

    Raises:
        ArtifactNotFoundError: there is no such version; ``latest`` is none, so that nothing is deleted by mistake.
        StoreError: the artifact store cannot be reached, or refuses; the version is deleted all the same.
        RegistryNotWritableError: the registry's folder is read-only.
    """
    if not is_version(split_reference(artifact)[1]):
        hint = "Say which version is to be deleted, such as name:v3."
        raise ArtifactNotFoundError(artifact=artifact, path=folders.workbook, hint=hint)
    stored = find(folders, artifact)
    rewrite(folders, replace(stored, state="deleted"))
    forget_contents(folders, stored)
    return 0 if stored.uri else _remove_files(folders, stored)


def forget_contents(folders: Folders, stored: Stored) -> None:
    """Remove what was found in the version and kept beside it."""
    with writing(folders.artifacts / stored.name):
        for path in (folders.profile, folders.metadata):
            path(stored.name, stored.version).unlink(missing_ok=True)


def _remove_files(folders: Folders, stored: Stored) -> int:
    place = place_at(folders, stored.store)
    others = [other for other in versions(folders, stored.name) if other.state == "stored"]
    needed = {other.bytes_at(file) for other in others if other.store == stored.store for file in other.files}
    sizes = {stored.bytes_at(file): file.size for file in stored.files}
    gone = [path for path in sizes if path not in needed]
    freed = 0
    for path in gone:
        local = place.on_this_machine(path)
        if local is None or (local.exists() and local.stat().st_nlink == 1):
            freed += sizes[path]
    place.remove(gone)
    return freed
