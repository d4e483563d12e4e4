"""Taking a version's files away at once. Who may, and when, is not decided here."""

from __future__ import annotations

from tracker.capture import utc_now
from tracker.errors import ArtifactNotFoundError
from tracker.folders import Folders
from tracker.store.acts import deleted
from tracker.store.finding import find
from tracker.store.moving import Mover, Step
from tracker.store.naming import is_version, split_reference


def delete(folders: Folders, artifact: str) -> int:
    """Remove the files of a version for good, save those that another version shares; the bytes that became free.

    Its manifest stays and says so: the number is never used again, and the same content gets a new one. Its profile
    goes, for it holds values of the data. Of data that is only referred to, nothing else is removed.

    Raises:
        ArtifactNotFoundError: there is no such version; ``latest`` is none, so that nothing is deleted by mistake.
        RegistryLockedError: somebody else moves files and does not come to an end.
        RegistryNotWritableError: the registry's folder is read-only.
    """
    if not is_version(split_reference(artifact)[1]):
        hint = "Say which version is to be deleted, such as name:v3."
        raise ArtifactNotFoundError(artifact=artifact, path=folders.workbook, hint=hint)
    stored = find(folders, artifact)
    with Mover(folders) as mover:
        return mover.move(Step(stored, deleted(folders, stored, utc_now(), "", "")))
