"""The manifest of a version: what it holds, who stored it, and where its bytes lie."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PureWindowsPath
from typing import Any, Literal, NamedTuple

from tracker.disk import fsync_folder, write_durably, writing
from tracker.folders import Folders
from tracker.store.copying import sha256_of_lines
from tracker.store.place import PARTIAL, join, join_url, local_root
from tracker.values import to_cell

State = Literal["stored", "referenced", "archived", "trash", "deleted"]
WITH_BYTES = ("stored", "archived", "trash")
"""The states in which the store keeps the bytes of a version."""
TRASH = ".trash"
"""The folder of an artifact store in which its trash is; that of the folder beside the workbook lies beside it."""

_ENTRY = re.compile(r"v([1-9]\d{0,8})(\.json)?")
_SHA256 = re.compile(rb'^ "sha256": "([0-9a-f]{64})"', re.MULTILINE)
_SIZE = re.compile(rb'^ "size": (\d+)', re.MULTILINE)
_GUESSED = re.compile(rb'^ "guessed": "([a-z,]+)"', re.MULTILINE)
_WORDS = re.compile(rb'^ "(category|kind)": ("(?:[^"\\\n]|\\.)*")', re.MULTILINE)
_HEAD_BYTES = 2048


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of an artifact; ``path`` is relative to the artifact's folder, with ``/``."""

    path: str
    size: int
    sha256: str
    at: str = ""
    """Where its bytes lie if an earlier version brought them: relative to the folder of the artifact's name."""


class Spot(NamedTuple):
    """Where the bytes of one file lie."""

    store: str
    trash: bool
    path: str


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of an artifact in the store."""

    name: str
    version: int
    sha256: str
    """Of the only file; of a folder, the hash of its sorted lines ``sha256 size path``. Empty where it is not known,
    as it may be for data that is only referred to."""
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
    """The file, or the folder that holds the files. Where these lie elsewhere, it is the place in the cache to which
    :func:`tracker.store.bring` brings them."""
    new: bool = False
    """It was stored by this very call; otherwise a version with this content was there already."""
    store: str = ""
    """The artifact store that has the bytes; empty for the folder beside the workbook."""
    inside: str = ""
    """The folder of its own files, in the folder of the artifact's name: ``v3``."""
    uri: str = ""
    """Of data that is only referred to: where it is."""
    etag: str = ""
    """Of data that is only referred to: what its server calls this state of it, or when it was last written to."""
    state: State = "stored"
    guessed: tuple[str, ...] = ()
    """Which of ``category`` and ``kind`` were guessed, since nobody said them."""
    partial: str = ""
    """The attempt that stores it, as long as the version does not count yet; its row may not be written."""
    since: str = ""
    """When it came into its state, as ISO 8601 in UTC; empty where it is in the first one still."""
    by: str = ""
    """Who brought it there."""
    why: str = ""
    """By which rule, or for which reason."""
    before: str = ""
    """Of a version in the trash: the state to which it is restored, if that is not ``stored``."""

    @property
    def artifact(self) -> str:
        """Name and version, ``churn-model:v3``: the key of the artifacts table."""
        return f"{self.name}:v{self.version}"

    @property
    def root(self) -> Path:
        """The folder to which the paths of the files are relative."""
        return self.path if self.folder else self.path.parent

    def bytes_at(self, file: StoredFile) -> str:
        """The path of a file's bytes in the store."""
        if file.at:
            return join(self.name, file.at)
        if not self.partial or self.partial == self.inside:
            return join(self.name, self.inside, file.path)
        if self.partial.startswith(PARTIAL):  # an earlier way to name them
            return join(self.name, self.partial, file.path)
        return join(PARTIAL, self.partial, file.path)

    def spot(self, file: StoredFile) -> Spot:
        """Where a file's bytes lie: what another version needs too stays where it is when this one is trashed."""
        return Spot(self.store, self.state == "trash" and not file.at, self.bytes_at(file))

    def spots(self) -> dict[Spot, StoredFile]:
        """Where the bytes of its files lie; none where the store keeps none of them."""
        return {self.spot(file): file for file in self.files} if self.state in WITH_BYTES else {}


class Head(NamedTuple):
    """What can be told from the first lines of a manifest."""

    number: int
    sha256: str
    size: int


def tree_hash(files: Sequence[StoredFile], folder: bool) -> str:
    """What tells content from other content: a file's own hash, or that of a folder's lines ``sha256 size path``."""
    if not folder:
        return files[0].sha256
    return sha256_of_lines(f"{file.sha256} {file.size} {file.path}\n" for file in files)


# -- reading ------------------------------------------------------------------------------------------------------


def numbers(folders: Folders, name: str) -> list[int]:
    """The numbers that are taken, greatest first: by a manifest, or by a folder that somebody put there."""
    try:
        return numbers_among(os.listdir(folders.artifacts / name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def numbers_among(entries: Iterable[str]) -> list[int]:
    """The numbers of the versions that the entries of a folder belong to, greatest first."""
    return sorted({int(match[1]) for entry in entries if (match := _ENTRY.fullmatch(entry))}, reverse=True)


def manifest_path(folders: Folders, name: str, number: int) -> Path:
    """Where the manifest of a version is, beside the workbook wherever its bytes are."""
    return folders.artifacts / name / f"v{number}.json"


def read_head(folders: Folders, name: str, number: int) -> Head | None:
    """The hash and size of a version, without reading the list of its files; None where it has no manifest (yet)."""
    try:
        with open(manifest_path(folders, name, number), "rb", buffering=0) as file:
            head = file.read(_HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    size = _SIZE.search(head)
    if size is None:
        return None
    sha256 = _SHA256.search(head)
    return Head(number, sha256[1].decode() if sha256 else "", int(size[1]))


def read_guesses(folders: Folders, name: str, number: int) -> dict[str, str]:
    """What was guessed for ``category`` and ``kind`` of a version, without reading the list of its files."""
    try:
        with open(manifest_path(folders, name, number), "rb", buffering=0) as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return {}
    guessed = _GUESSED.search(head)
    said = {match[1].decode(): str(json.loads(match[2])) for match in _WORDS.finditer(head)}
    return {field: said[field] for field in guessed[1].decode().split(",") if field in said} if guessed else {}


def read_manifest(folders: Folders, name: str, number: int) -> Stored | None:
    """The version with this number; None where it has no manifest, or one that cannot be believed.

    The files of a version that is just being stored, or that a crash left, are still in their partial folder.
    """
    try:
        return from_record(folders, name, number, json.loads(manifest_path(folders, name, number).read_bytes()))
    except (OSError, ValueError):
        return None


def from_record(folders: Folders, name: str, number: int, record: Any) -> Stored | None:
    """The version that a manifest describes; None where it cannot be believed."""
    try:
        files = tuple(StoredFile(**file) for file in record["files"])
        stored = Stored(
            name=str(record["name"]),
            version=number,
            sha256=str(record["sha256"]),
            size=int(record["size"]),
            folder=bool(record["folder"]),
            category=str(record["category"]),
            kind=str(record["kind"]),
            run_id=str(record["run_id"]),
            created=datetime.fromisoformat(record["created"]),
            created_by=str(record["created_by"]),
            files=files,
            path=folders.artifacts,
            store=str(record.get("store", "")),
            inside=str(record.get("inside", f"v{number}")),
            uri=str(record.get("uri", "")),
            etag=str(record.get("etag", "")),
            state=record.get("state", "stored"),
            guessed=tuple(filter(None, str(record.get("guessed", "")).split(","))),
            partial=str(record.get("partial", "")),
            since=str(record.get("since", "")),
            by=str(record.get("by", "")),
            why=str(record.get("why", "")),
            before=str(record.get("before", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    paths = [stored.inside, *(file.path for file in files), *(file.at for file in files if file.at)]
    inner = [*paths, stored.partial] if stored.partial else paths
    if stored.name != name or not (files or stored.uri) or not all(map(_stays_inside, inner)):
        return None
    root = local_root(folders, stored.store)
    if stored.partial and root is not None and not is_scattered(stored) and (root / name / stored.inside).exists():
        stored = replace(stored, partial="")  # its folder got its final name, which is the last thing that happens
    return replace(stored, path=path_of(folders, stored))


def path_of(folders: Folders, stored: Stored) -> Path:
    """Where the version is on this machine, or will be when it is brought here."""
    if stored.uri and "://" not in stored.uri:
        return Path(stored.uri)
    root = root_of(folders, stored.store, stored.state == "trash")
    if stored.uri or root is None or is_scattered(stored):
        folder = folders.cache / "artifacts" / stored.name / f"v{stored.version}"
    else:
        folder = root / Path(stored.bytes_at(StoredFile("file", 0, ""))).parent
    if stored.folder:
        return folder
    return folder / (stored.files[0].path if stored.files else Path(stored.uri).name or stored.name)


def root_of(folders: Folders, store: str, trash: bool = False) -> Path | None:
    """The folder on this machine that a store is, or its trash; None where it is elsewhere."""
    root = local_root(folders, store)
    if root is None or not trash:
        return root
    return root / TRASH if store else folders.trash


def is_here(folders: Folders, stored: Stored) -> bool:
    """The version's path is in the store itself, on this machine; else it is in the cache, or data referred to."""
    return not stored.uri and not is_scattered(stored) and local_root(folders, stored.store) is not None


def location(folders: Folders, stored: Stored) -> str:
    """Where the version is, as its row says it: relative to the workbook where it lies beside it."""
    if stored.uri:
        return stored.uri
    inside = join(stored.name, stored.inside, "" if stored.folder else stored.files[0].path)
    root = root_of(folders, stored.store, stored.state == "trash")
    if root is None:
        return join_url(stored.store, TRASH if stored.state == "trash" else "", inside)
    path = root / inside
    return folders.relative(path) if path.is_relative_to(folders.workbook.parent) else str(path)


def is_scattered(stored: Stored) -> bool:
    """Some of the version's files lie among those of another version."""
    return any(file.at for file in stored.files)


def _stays_inside(path: str) -> bool:
    if not path or path.startswith("/") or ".." in re.split(r"[/\\]", path):
        return False
    return os.name != "nt" or not (PureWindowsPath(path).drive or PureWindowsPath(path).root)


# -- writing ------------------------------------------------------------------------------------------------------


def create(folders: Folders, stored: Stored) -> bool:
    """Claim the version's number by creating its manifest; False where somebody has claimed it before.

    Raises:
        RegistryNotWritableError: the registry's folder is read-only, or the disk is full.
    """
    manifest = manifest_path(folders, stored.name, stored.version)
    with writing(manifest):
        manifest.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = os.open(manifest, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o664)
        except FileExistsError:
            return False
        with open(file, "wb") as writer:
            writer.write(to_json(stored))
            writer.flush()
            os.fsync(file)
        fsync_folder(manifest.parent)
    return True


def rewrite(folders: Folders, stored: Stored) -> None:
    """Write the manifest anew: the version counts from now on, or its files are gone.

    Raises:
        RegistryNotWritableError: the registry's folder is read-only, or the disk is full.
    """
    manifest = manifest_path(folders, stored.name, stored.version)
    with writing(manifest):
        write_durably(manifest, to_json(stored))


def to_json(stored: Stored) -> bytes:
    """The manifest: what is asked most comes first, and each file has a line of its own."""
    record: dict[str, Any] = {
        "name": stored.name,
        "version": stored.version,
        "sha256": stored.sha256,
        "size": stored.size,
        "folder": stored.folder,
        "category": stored.category,
        "kind": stored.kind,
        "run_id": stored.run_id,
        "created": stored.created.isoformat(),
        "created_by": stored.created_by,
    }
    names = ("store", "uri", "etag", "partial", "since", "by", "why", "before")
    optional = {name: getattr(stored, name) for name in names}
    optional["guessed"] = ",".join(stored.guessed)
    if stored.state != "stored":
        optional["state"] = stored.state
    if stored.inside not in ("", f"v{stored.version}"):
        optional["inside"] = stored.inside
    record |= {key: value for key, value in optional.items() if value}
    head = json.dumps(record, indent=1)
    files = ",\n".join(map(_file_line, stored.files))
    return f'{head[:-2]},\n "files": [\n{files}\n ]\n}}\n'.encode()


def _file_line(file: StoredFile) -> str:
    at = f', "at": {json.dumps(file.at)}' if file.at else ""
    return f'  {{"path": {json.dumps(file.path)}, "size": {file.size}, "sha256": {json.dumps(file.sha256)}{at}}}'


def cells_of_version(stored: Stored) -> Mapping[str, Any]:
    """What a row says of a version, whatever its state."""
    return {
        "name": stored.name,
        "version": stored.version,
        "category": to_cell(stored.category, "text"),
        "kind": to_cell(stored.kind, "text"),
        "size": stored.size,
        "files": len(stored.files) or None,
        "sha256": stored.sha256,
        "run_id": stored.run_id,
        "created": stored.created,
        "created_by": stored.created_by,
    }
