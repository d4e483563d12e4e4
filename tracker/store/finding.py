"""Which artifacts and versions the store has."""

from __future__ import annotations

import os

from tracker.errors import ArtifactNotFoundError
from tracker.folders import Folders
from tracker.store.manifest import Stored, is_here, numbers, read_manifest
from tracker.store.naming import resolved_name, split_reference


def find(folders: Folders, artifact: str) -> Stored:
    """The version that ``name:v3``, ``name:latest`` or just ``name`` stands for; ``path`` says where it lies.

    Raises:
        ArtifactNotFoundError: there is none, or its files are gone.
        ArtifactPathError: it is no name.
    """
    name, reference = split_reference(artifact)
    name = resolved_name(folders, name)
    taken = numbers(folders, name)
    for number in taken:
        if reference in ("latest", f"v{number}"):
            stored = read_manifest(folders, name, number)
            if stored is not None and _is_there(folders, stored):
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


def _is_there(folders: Folders, stored: Stored) -> bool:
    """Whether its files should be there; in a far place, verify looks whether they are."""
    return stored.state != "deleted" and (not is_here(folders, stored) or stored.path.exists())
