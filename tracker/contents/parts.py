"""What can be looked into: an artifact version, ``churn-train:v3``, or one file of a folder, ``churn:v3/train.csv``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tracker import store
from tracker.data.endings import format_of
from tracker.deciding.aliases import resolve
from tracker.deciding.rows import cells_of
from tracker.errors import ArtifactAlteredError, ArtifactNotFoundError, ArtifactPathError
from tracker.folders import Folders
from tracker.store import Stored
from tracker.store.manifest import is_here
from tracker.store.place import is_local
from tracker.store.references import look


@dataclass(frozen=True, slots=True)
class Part:
    """An artifact version, or one file of a version that is a folder."""

    stored: Stored
    file: str = ""
    """The file's path in the folder; empty for the version as a whole."""

    def __str__(self) -> str:
        return f"{self.stored.artifact}/{self.file}" if self.file else self.stored.artifact

    @property
    def key(self) -> str:
        """The same for the same content, and a file's name: the sha256 where it is known."""
        stored = self.stored
        if not self.file and stored.sha256:
            return stored.sha256
        for file in stored.files:
            if file.path == self.file:
                return file.sha256
        state = f"{stored.uri}\n{stored.etag}\n{stored.size}\n{stored.sha256}\n{self.file}"
        return hashlib.sha256(state.encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes."""
        return next((file.size for file in self.stored.files if file.path == self.file), self.stored.size)

    @property
    def name(self) -> str:
        """The name of the file, by which its format is known."""
        return PurePosixPath(self.file).name if self.file else self.stored.path.name

    @property
    def is_table(self) -> bool:
        """Whether its name says that it is a table."""
        return (bool(self.file) or not self.stored.folder) and bool(format_of(Path(self.name)))

    @property
    def here(self) -> bool:
        """It can be read on this machine as it is, without fetching it from somewhere."""
        return self.stored.path.exists()


def find_part(folders: Folders, text: str) -> Part:
    """The part that ``name:v3``, ``name:champion``, ``name`` or one of these with ``/path/of/file`` stands for.

    Raises:
        ArtifactNotFoundError: there is none.
        ArtifactPathError: it is no name.
    """
    artifact, _, file = text.partition("/")
    try:
        stored = store.find(folders, artifact)
    except ArtifactNotFoundError:
        if store.is_version(store.split_reference(artifact)[1]):
            raise
        row = resolve(cells_of(folders, "artifacts"), artifact, folders.workbook)
        stored = store.find(folders, str(row["artifact"]))
    if file and file not in {one.path for one in stored.files}:
        tables = ", ".join(part.file for part in tables_of(stored)) or "no tables"
        raise ArtifactNotFoundError(artifact=text, path=folders.workbook, hint=f"{stored.artifact} holds {tables}.")
    return Part(stored, file)


def tables_of(stored: Stored) -> list[Part]:
    """The tables that a version holds: itself, or files of its folder."""
    parts = [Part(stored, file.path) for file in stored.files] if stored.folder else [Part(stored)]
    return [part for part in parts if part.is_table]


def readable(folders: Folders, part: Part) -> Path:
    """The path at which the part can be read on this machine; what lies elsewhere is fetched.

    Raises:
        ArtifactAlteredError: it is missing, or data that is only referred to is not what it was.
        StoreError: the artifact store cannot be reached.
    """
    stored = part.stored
    if stored.uri and is_local(stored.uri):
        facts = look(stored.uri, hashed=False)
        if (facts.size, facts.etag) != (stored.size, stored.etag):
            reason = "is not what it was when it was referred to"
            raise ArtifactAlteredError(artifact=stored.artifact, path=stored.uri, reason=reason)
    path = store.bring(folders, stored)
    return path / part.file if part.file else path


def unchanged_source(source: Path, part: Part) -> Path | None:
    """The file that was stored, where it still lies as it was then: it need not be fetched from a far store."""
    try:
        same = source.is_file() and source.stat().st_size == part.size
        return source if same and _sha256(source) == part.stored.sha256 else None
    except OSError:
        return None


def is_far(folders: Folders, part: Part) -> bool:
    """Its bytes have to be fetched before they can be read."""
    return not is_here(folders, part.stored) and not is_local(part.stored.uri) and not part.here


def is_beside(folders: Folders, part: Part) -> bool:
    """Whether its bytes are really in the registry's folder: a registry of another's may name any file on this disk."""
    try:
        return (part.stored.path / part.file).resolve(strict=True).is_relative_to(folders.side.resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def _sha256(path: Path) -> str:
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def guessed_fields(folders: Folders, row: Mapping[str, Any]) -> list[str]:
    """Which of category and kind in an artifact's row nobody said; what a person wrote there since is no guess."""
    name, version = row.get("name"), row.get("version")
    try:
        if store.artifact_name(str(name)) != name:  # a cell may hold anything, such as a path out of the folder
            return []
        guesses = store.read_guesses(folders, name, int(version or 0))
    except (ArtifactPathError, TypeError, ValueError):
        return []
    return [field for field, guess in guesses.items() if row.get(field) == guess]
