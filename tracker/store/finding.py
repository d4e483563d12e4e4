"""Which artifacts and versions the store has."""

from __future__ import annotations

import os

from tracker.errors import ArtifactAwayError, ArtifactNotFoundError
from tracker.folders import Folders
from tracker.store.manifest import Stored, is_here, numbers, read_manifest
from tracker.store.naming import resolved_name, split_reference


def find(folders: Folders, artifact: str) -> Stored:
    """The version that ``name:v3``, ``name:latest`` or just ``name`` stands for; ``path`` says where it lies.

    The newest version is the newest that is not in the trash or deleted.

    Raises:
        ArtifactAwayError: it is archived, in the trash, or deleted.
        ArtifactNotFoundError: there is none, or its files are gone.
        ArtifactPathError: it is no name.
    """
    name, reference = split_reference(artifact)
    name = resolved_name(folders, name)
    taken = numbers(folders, name)
    for number in taken:
        if reference in ("latest", f"v{number}"):
            stored = read_manifest(folders, name, number)
            if stored is None or (reference == "latest" and stored.state in ("trash", "deleted")):
                continue
            if stored.state in ("archived", "trash", "deleted"):
                raise _away(folders, stored)
            if not is_here(folders, stored) or stored.path.exists():
                return stored
    if taken:
        hint = f"Its versions are {', '.join(f'v{number}' for number in reversed(taken[:20]))}."
    else:
        hint = f"There are: {', '.join(names(folders)[:20]) or 'none yet'}."
    raise ArtifactNotFoundError(artifact=artifact, path=folders.workbook, hint=hint)


def names(folders: Folders) -> list[str]:
    """The names of all artifacts in the store, sorted."""
    try:
        entries = [entry.name for entry in os.scandir(folders.artifacts) if entry.is_dir()]
    except FileNotFoundError:
        return []
    return sorted(entry for entry in entries if not entry.startswith("."))


def versions(folders: Folders, name: str) -> list[Stored]:
    """Every version that has a manifest, newest first, even if its files are gone."""
    name = resolved_name(folders, name)
    return [stored for number in numbers(folders, name) if (stored := read_manifest(folders, name, number))]


def _away(folders: Folders, stored: Stored) -> ArtifactAwayError:
    """What became of a version, and how it comes back."""
    state = {"archived": "in the archive", "trash": "in the trash", "deleted": "deleted for good"}[stored.state]
    since = f" since {stored.since[:10]}" if stored.since else ""
    told = ": ".join(part for part in (stored.by, stored.why) if part)
    command = {"archived": "unarchive", "trash": "restore"}.get(stored.state)
    hint = f"Bring it back with: python -m tracker retention {command} {folders.workbook} {stored.artifact}"
    if command is None:
        hint = "Its row, hash and history remain; the run that made it may be run again with 'reproduce'."
    fields = {"state": state + since, "told": f" ({told})" if told else "", "hint": hint}
    return ArtifactAwayError(artifact=stored.artifact, path=folders.workbook, **fields)
