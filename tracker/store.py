"""Artifact files: copied and hashed in one pass, versioned by name, never stored twice.

```
artifacts/churn-model/v3.json     the manifest: what the version holds, who stored it
artifacts/churn-model/v3/…        its file or files, under the names their owners gave them
```

A version is claimed by creating its manifest, which only one process can do; by then its files are complete in a
``.partial-…`` folder, which the manifest names and which then becomes ``v3``. A manifest is never removed, so that a
number is never used again; a number that a crash left without a manifest's content is a hole, and stays one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from tracker.capture import utc_now
from tracker.copying import StoredFile, copy_file, file_hash, files_of, sync_tree, tree_hash, writing
from tracker.disk import fsync_folder
from tracker.errors import ArtifactAlteredError, ArtifactNotFoundError, ArtifactPathError, BadRequestError
from tracker.folders import Folders
from tracker.kinds import guess
from tracker.model import Problem

_PARTIAL = ".partial-"
_ENTRY = re.compile(r"v([1-9]\d{0,8})(\.json)?")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_MAX_NAME = 120
_ALTERED = "is not what it was when it was stored"
_CLAIM_SECONDS = 2.0
"""How long a manifest may be empty before whoever claimed its number is taken for dead."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an artifact in the store."""

    name: str
    version: int
    sha256: str
    """Of the only file; of a folder, the hash of its sorted lines ``sha256 size path``."""
    size: int
    """Bytes, all files together."""
    folder: bool
    """A folder was stored, even if there is one file in it only."""
    category: str
    kind: str
    run_id: str
    created: datetime
    """UTC, without a time zone, to the millisecond."""
    created_by: str
    files: tuple[StoredFile, ...]
    path: Path
    """The file, or the folder that holds the files."""
    new: bool = False
    """It was stored by this very call; otherwise a version with this content was there already."""

    @property
    def artifact(self) -> str:
        """Name and version, ``churn-model:v3``: the key of the artifacts table."""
        return f"{self.name}:v{self.version}"

    @property
    def root(self) -> Path:
        """The folder to which the paths of the files are relative."""
        return self.path if self.folder else self.path.parent


# -- storing ----------------------------------------------------------------------------------------------------


def put(
    folders: Folders,
    source: Path,
    name: str = "",
    *,
    run_id: str = "",
    who: str = "",
    category: str | None = None,
    kind: str | None = None,
    announce: Callable[[Stored], None] = lambda stored: None,
) -> Stored:
    """Store a file or a folder as the next version of the artifact, or find the version that has this content.

    The name is the file's own where none is given; category and kind are guessed from it. ``announce`` is called with
    a new version before it counts, to write its row: should the process die in between, the version is never offered
    for its content again, so that no version without a row is.

    Raises:
        ArtifactPathError: the source cannot or may not be stored.
        RegistryNotWritableError: the registry's folder is read-only, or the disk is full.
    """
    name = artifact_name(name or Path(os.path.abspath(source)).name)
    place = folders.artifacts / name
    found, folder = files_of(source), source.is_dir()
    if folder and place.resolve().is_relative_to(source.resolve()):
        raise ArtifactPathError(path=source, reason="the registry's own files are in it")
    guessed = guess(name, source.name, folder=folder)
    partial = place / f"{_PARTIAL}{os.urandom(8).hex()}"
    claimed = False
    try:
        files = tuple(copy_file(path, partial / inside, inside) for inside, path in found)
        sync_tree(partial)
        draft = Stored(
            name=name,
            version=0,
            sha256=tree_hash(files, folder),
            size=sum(file.size for file in files),
            folder=folder,
            category=category or guessed[0],
            kind=guessed[1] if kind is None else kind,
            run_id=run_id,
            created=utc_now(),
            created_by=who,
            files=files,
            path=_path(partial, files, folder),
            new=True,
        )
        with writing(place):
            stored = _claim(place, draft)
            claimed = stored.new
            if claimed:
                stored = replace(stored, path=_path(place / f"v{stored.version}", files, folder))
                announce(stored)
                _rename(partial, place / f"v{stored.version}")
                fsync_folder(place)
    finally:
        if not claimed:
            shutil.rmtree(partial, ignore_errors=True)
    return stored


def _claim(place: Path, draft: Stored) -> Stored:
    """The draft with the next number, or the version that has its content already."""
    while True:
        numbers = _numbers(place)
        for number in numbers:
            stored = _with_content(place, number, draft.sha256)
            if stored is not None:
                return stored
        mine = replace(draft, version=max(numbers, default=0) + 1)
        manifest = place / f"v{mine.version}.json"
        try:
            # Only one process can create it, and it has looked at every lower number: this content is a new one.
            file = os.open(manifest, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o664)
        except FileExistsError:
            continue
        with open(file, "wb") as writer:
            writer.write(_to_json(mine))
            writer.flush()
            os.fsync(file)
        fsync_folder(place)
        return mine


def _with_content(place: Path, number: int, sha256: str) -> Stored | None:
    """The version, if this is its content; while another process is storing it, that is waited for."""
    manifest, folder = place / f"v{number}.json", place / f"v{number}"
    while True:
        stored = _read(place, number)
        if stored is not None and stored.sha256 != sha256:
            return None
        if stored is not None and _path(folder, stored.files, stored.folder).exists():
            return replace(stored, path=_path(folder, stored.files, stored.folder))
        try:
            age = time.time() - manifest.stat().st_mtime
        except FileNotFoundError:
            return None
        if not 0 <= age < _CLAIM_SECONDS:
            return None
        time.sleep(0.01)


def _rename(partial: Path, folder: Path) -> None:
    for _ in range(20):
        try:
            os.rename(partial, folder)
            return
        except PermissionError:  # on Windows, while a virus scanner reads the new files
            time.sleep(0.05)
    os.rename(partial, folder)


def _path(root: Path, files: Sequence[StoredFile], folder: bool) -> Path:
    return root if folder else root / files[0].path


# -- finding ----------------------------------------------------------------------------------------------------


def find(folders: Folders, artifact: str) -> Stored:
    """The version that ``name:v3``, ``name:latest`` or just ``name`` stands for; ``path`` says where it lies.

    Raises:
        ArtifactNotFoundError: there is none, or its files are gone.
        ArtifactPathError: it is no name.
    """
    name, reference = split_reference(artifact)
    place = folders.artifacts / name
    numbers = _numbers(place)
    for number in numbers:
        if reference in ("latest", f"v{number}"):
            stored = _read(place, number)
            if stored is not None and stored.path.exists():
                return stored
    if numbers:
        hint = f"Its versions are {', '.join(f'v{number}' for number in reversed(numbers[:20]))}."
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
    place = folders.artifacts / artifact_name(name)
    return [stored for number in _numbers(place) if (stored := _read(place, number)) is not None]


def fetch(folders: Folders, artifact: str, destination: Path) -> Path:
    """Copy a version out of the store and check every byte of it; returns the file or folder that was made.

    A destination that is a folder gets the file or folder inside it.

    Raises:
        ArtifactNotFoundError: there is no such version.
        ArtifactAlteredError: a file is not what it was when it was stored; nothing is left at the destination.
        BadRequestError: the destination exists already.
        RegistryNotWritableError: the destination cannot be written.
    """
    stored = find(folders, artifact)
    target = destination / (stored.name if stored.folder else stored.path.name) if destination.is_dir() else destination
    if target.exists():
        raise BadRequestError(reason=f"{target} exists already; nothing was overwritten. Name another destination.")
    partial = target.with_name(f"{target.name}{_PARTIAL}{os.urandom(4).hex()}")
    try:
        for file in stored.files:
            source = stored.root / file.path
            if not source.is_file():
                raise ArtifactAlteredError(artifact=stored.artifact, path=source, reason="is missing")
            if copy_file(source, partial / file.path, file.path) != file:
                raise ArtifactAlteredError(artifact=stored.artifact, path=source, reason=_ALTERED)
        os.rename(partial if stored.folder else partial / stored.files[0].path, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def verify(folders: Folders) -> list[Problem]:
    """Read every stored file again and report what is missing or is not what it was."""
    problems = []
    for name in names(folders):
        for number in reversed(_numbers(folders.artifacts / name)):
            stored = _read(folders.artifacts / name, number)
            if stored is not None:
                problems += [_problem(folders, stored, file) for file in stored.files if not _intact(stored, file)]
            else:
                message = f"The manifest of {name}:v{number} holds nothing that can be read"
                problems.append(Problem("artifact-manifest", message, "A crash left it, or restore it from a backup."))
    return problems


def _intact(stored: Stored, file: StoredFile) -> bool:
    try:
        return file_hash(stored.root / file.path) == (file.size, file.sha256)
    except OSError:
        return False


def _problem(folders: Folders, stored: Stored, file: StoredFile) -> Problem:
    path = stored.root / file.path
    what = _ALTERED if path.exists() else "is missing"
    message = f"{stored.artifact}: {folders.relative(path)} {what}"
    return Problem("artifact-altered", message, "Restore it from a backup, or log it again.", severity="error")


# -- manifests --------------------------------------------------------------------------------------------------


def _numbers(place: Path) -> list[int]:
    """The numbers that are taken, greatest first."""
    try:
        entries = os.listdir(place)
    except FileNotFoundError:
        return []
    return sorted({int(match[1]) for entry in entries if (match := _ENTRY.fullmatch(entry))}, reverse=True)


def _read(place: Path, number: int) -> Stored | None:
    """The version with this number; None where it has no manifest, or one that cannot be read.

    The files of a version that is just being stored, or that a crash left, are still in their partial folder.
    """
    try:
        record = json.loads((place / f"v{number}.json").read_bytes())
        partial = place / record.pop("partial")
        files = tuple(StoredFile(**file) for file in record.pop("files"))
        if not files or partial.parent != place or not all(_stays_inside(file.path) for file in files):
            return None
        created = datetime.fromisoformat(record.pop("created"))
        stored = Stored(**record, created=created, files=files, path=place)
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None
    folder = place / f"v{number}"
    root = partial if partial.exists() and not folder.exists() else folder
    return replace(stored, path=_path(root, files, stored.folder))


def _to_json(stored: Stored) -> bytes:
    record = asdict(stored)
    del record["path"], record["new"]
    record["created"] = stored.created.isoformat()
    record["partial"] = stored.root.name
    return json.dumps(record, indent=1).encode() + b"\n"


def _stays_inside(path: str) -> bool:
    return bool(path) and not Path(path).is_absolute() and ".." not in re.split(r"[/\\]", path)


# -- names ------------------------------------------------------------------------------------------------------


def artifact_name(text: str) -> str:
    """The name as it can stand in ``name:v3`` and be a folder on any system; separators become ``-``.

    Raises:
        ArtifactPathError: nothing is left of the name, or it tries to leave the folder.
    """
    text = text.encode("utf-8", "replace").decode().strip()
    if ".." in re.split(r"[/\\]", text):
        raise ArtifactPathError(path=text, reason="its name leads out of the artifacts folder")
    name = _FORBIDDEN.sub("-", text.strip("/\\")).rstrip(". ")
    if not name.strip("-._ "):
        raise ArtifactPathError(path=repr(text), reason="it has no usable name; give one with name=")
    if name.startswith(".") or _WINDOWS_DEVICE.fullmatch(name):
        name = "_" + name
    if len(name.encode()) > _MAX_NAME:
        tag = hashlib.sha256(name.encode()).hexdigest()[:8]
        extension = Path(name).suffix if len(Path(name).suffix.encode()) <= 12 else ""
        name = f"{name.encode()[: _MAX_NAME - 21].decode('utf-8', 'ignore')}-{tag}{extension}"
    return name


def split_reference(artifact: str) -> tuple[str, str]:
    """``churn-model:v3`` as its name and what follows the colon; ``latest`` where nothing does."""
    name, colon, reference = artifact.rpartition(":")
    return (artifact_name(name), reference.strip()) if colon else (artifact_name(artifact), "latest")


def is_version(reference: str) -> bool:
    """Whether what follows the colon is the number of a version, ``v3``, and no alias."""
    return re.fullmatch(r"v[1-9]\d{0,8}", reference) is not None
