"""Reading every stored file again: what is missing, what is not what it was, and what belongs to nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from tracker.errors import StoreError, TrackerError
from tracker.folders import Folders
from tracker.model import Problem
from tracker.store import references
from tracker.store.copying import CHUNK, OnBytes, UnsteadyError, hash_file, many
from tracker.store.fetching import ALTERED, MISSING
from tracker.store.finding import names
from tracker.store.manifest import TRASH, Stored, StoredFile, numbers, read_manifest
from tracker.store.place import PARTIAL, Place, is_beside_another_workbook, is_local
from tracker.store.progress import OnProgress, Progress
from tracker.store.reaching import patiently, place_at

UNTRUSTED = 3
"""The exit code for files that are missing or altered, as that of :class:`tracker.errors.ArtifactAlteredError`."""
UNREACHABLE = 6
"""The exit code for stores that could not be looked at, as that of :class:`tracker.errors.StoreError`."""


def verify(
    folders: Folders,
    only: Collection[str] | None = None,
    *,
    orphans: bool = True,
    on_progress: OnProgress | None = None,
) -> list[Problem]:
    """Read every stored file again and report what is missing or is not what it was; errors first.

    Args:
        folders: The registry.
        only: The artifacts to look at, by name or as one version, ``churn:v3``; all where this is not said.
        orphans: Whether to look for files in the store, too, that belong to no version.
        on_progress: Is told the bytes read and the bytes in all.
    """
    problems: list[Problem] = []
    versions: list[Stored] = []
    for name, number in _wanted(folders, only):
        stored = read_manifest(folders, name, number)
        if stored is not None:
            versions.append(stored)
        elif os.path.exists(folders.artifacts / name / f"v{number}.json"):
            message = f"The manifest of {name}:v{number} holds nothing that can be read"
            problems.append(Problem("artifact-manifest", message, "A crash left it, or restore it from a backup."))
    there = [stored for stored in versions if stored.state in ("stored", "archived")]
    trashed = {spot.path for stored in versions if stored.state == "trash" for spot in stored.spots() if not spot.trash}
    for url in sorted({stored.store for stored in there} | ({""} if orphans and only is None else set())):
        here = [stored for stored in there if stored.store == url]
        problems += _verify_place(folders, url, here, trashed, orphans and only is None, on_progress)
    referenced = [stored for stored in versions if stored.state == "referenced"]
    problems += [problem for found in many(_verify_reference, referenced) for problem in found]
    return sorted(problems, key=lambda problem: problem.severity != "error")


def orphans(folders: Folders) -> list[Problem]:
    """What lies in the stores and belongs to no version; no file is read, and a store out of reach is passed over."""
    used: dict[str, set[str]] = {"": set()}
    for name in names(folders):
        for number in numbers(folders, name):
            stored = read_manifest(folders, name, number)
            for spot in stored.spots() if stored is not None else ():
                used.setdefault(spot.store, set()).update(() if spot.trash else (spot.path,))
    problems: list[Problem] = []
    for url, paths in used.items():
        with contextlib.suppress(TrackerError):
            problems += _orphans(folders, place_at(folders, url), paths)
    return problems


def _wanted(folders: Folders, only: Collection[str] | None) -> list[tuple[str, int]]:
    """The names and numbers of the versions to look at."""
    found = names(folders) if only is None else sorted({name.partition(":")[0] for name in only})
    each = [(name, number) for name in found for number in reversed(numbers(folders, name))]
    return [(name, n) for name, n in each if only is None or name in only or f"{name}:v{n}" in only]


def verify_versions(folders: Folders, artifacts: Collection[str]) -> list[Problem]:
    """Read the files of these versions (``churn-model:v3``) again; what is missing or is not what it was.

    A version of which the store knows nothing is missing.
    """
    problems: list[Problem] = []
    stored: list[Stored] = []
    for artifact in sorted(artifacts):
        name, _, number = artifact.rpartition(":v")
        found = read_manifest(folders, name, int(number)) if name and number.isdecimal() else None
        if found is None or found.state not in ("stored", "referenced"):
            message = f"{artifact}: its files are not in the artifact store"
            problems.append(Problem("artifact-missing", message, "Restore them, or log them again.", severity="error"))
        elif found.state == "referenced":
            problems += _verify_reference(found)
        else:
            stored.append(found)
    for url in sorted({one.store for one in stored}):
        problems += _verify_place(folders, url, [one for one in stored if one.store == url], set(), False, None)
    return problems


def exit_code(problems: Iterable[Problem]) -> int:
    """0 where all is well or only orphans were found, 3 for missing or altered files, 6 if a store was out of reach."""
    codes = {problem.code for problem in problems if problem.severity == "error"}
    if codes - {"artifact-store"}:
        return UNTRUSTED
    return UNREACHABLE if codes else 0


# -- one place ----------------------------------------------------------------------------------------------------


class _Use(NamedTuple):
    """A file of a version, and where its bytes lie."""

    stored: Stored
    file: StoredFile
    path: str


def _verify_place(
    folders: Folders,
    url: str,
    versions: list[Stored],
    trashed: set[str],
    orphans: bool,
    on_progress: OnProgress | None,
) -> list[Problem]:
    try:
        place = place_at(folders, url)
        uses = [_Use(stored, file, stored.bytes_at(file)) for stored in versions for file in stored.files]
        groups = _by_bytes(place, uses)
        progress = Progress(sum(group[0].file.size for group in groups), on_progress)
        found = many(lambda group: _read(place, group[0].path, progress.add), groups)
        problems = [
            _problem(folders, place, use, content is None)
            for group, content in zip(groups, found, strict=True)
            for use in group
            if content != (use.file.size, use.file.sha256)
        ]
        return problems + (_orphans(folders, place, {use.path for use in uses} | trashed) if orphans else [])
    except TrackerError as error:
        return [Problem("artifact-store", str(error), "Its files could not be looked at.", severity="error")]


def _by_bytes(place: Place, uses: Iterable[_Use]) -> list[list[_Use]]:
    """The uses of the same bytes together: what versions share is read once."""
    groups: dict[object, list[_Use]] = {}
    for use in uses:
        key: object = use.path
        local = place.on_this_machine(use.path)
        with contextlib.suppress(OSError):
            status = local.stat() if local is not None else None
            if status is not None and status.st_nlink > 1:
                key = (status.st_dev, status.st_ino)
        groups.setdefault(key, []).append(use)
    return list(groups.values())


def _read(place: Place, path: str, on_bytes: OnBytes) -> tuple[int, str] | None:
    """The size and sha256 of what is there; None where there is nothing."""
    local = place.on_this_machine(path)
    if local is not None:
        try:
            return hash_file(local, on_bytes)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnsteadyError):
            return (-1, "")

    def receive() -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        with place.open(path) as reader:
            while chunk := reader.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
        on_bytes(size)
        return size, digest.hexdigest()

    try:
        return patiently(place, receive)
    except FileNotFoundError:
        return None


def _problem(folders: Folders, place: Place, use: _Use, missing: bool) -> Problem:
    message = f"{use.stored.artifact}: {_shown(folders, place, use.path)} {MISSING if missing else ALTERED}"
    code = "artifact-missing" if missing else "artifact-altered"
    return Problem(code, message, "Restore it from a backup, or log it again.", severity="error")


def _shown(folders: Folders, place: Place, path: str) -> str:
    """A file as a person finds it: relative to the workbook where it lies beside it."""
    local = place.on_this_machine(path)
    if local is None:
        return f"{place.url}/{path}"
    return folders.relative(local) if local.is_relative_to(folders.workbook.parent) else str(local)


def _orphans(folders: Folders, place: Place, used: Collection[str]) -> list[Problem]:
    """What lies in a place and belongs to no version, by folder; what is just being stored is none."""
    if is_beside_another_workbook(place.url):
        return []
    found: dict[str, list[int]] = {}
    for path, size in place.files().items():
        parts = path.split("/")
        manifest = not place.url and len(parts) == 2 and re.fullmatch(r"v\d+(\.profile|\.metadata)?\.json", parts[1])
        if path in used or manifest or parts[0] in (PARTIAL, TRASH):
            continue
        found.setdefault("/".join(parts[:2]) if len(parts) > 2 else path, []).append(size)
    problems = []
    for folder, sizes in sorted(found.items()):
        name, _, inside = folder.partition("/")
        if _came_meanwhile(folders, name, inside, used):
            continue
        what = f"{len(sizes):,} files, {sum(sizes):,} bytes" if len(sizes) > 1 else f"a file, {sizes[0]:,} bytes"
        message = f"{_shown(folders, place, folder)} belongs to no version: {what}"
        problems.append(Problem("artifact-orphan", message, "Look what it is; what nobody needs can be removed."))
    return problems


def _came_meanwhile(folders: Folders, name: str, inside: str, used: Collection[str]) -> bool:
    """Whether it is of a version that was stored after the manifests were read, or that is just being stored."""
    if (folders.artifacts / PARTIAL / f"{inside}.jsonl").exists():
        return True
    for number in numbers(folders, name) if name else ():
        stored = read_manifest(folders, name, number)
        if stored is not None and stored.inside == inside and stored.state == "stored":
            return not any(stored.bytes_at(file) in used for file in stored.files)
    return False


# -- data that is only referred to --------------------------------------------------------------------------------


def _verify_reference(stored: Stored) -> list[Problem]:
    try:
        facts = references.look(stored.uri, hashed=bool(stored.sha256) and is_local(stored.uri))
    except StoreError as error:
        return [_about(stored, "artifact-store", str(error), "It could not be looked at.")]
    except TrackerError as error:
        return [_about(stored, "artifact-missing", str(error), "")]
    if facts.sha256 and stored.sha256:
        same = facts.sha256 == stored.sha256
    else:
        same = (facts.size, facts.etag) == (stored.size, stored.etag)
    if same:
        return []
    message = f"{stored.uri} is not what it was when it was referred to"
    return [_about(stored, "artifact-altered", message, "Refer to it again: that makes a new version.")]


def _about(stored: Stored, code: str, message: str, hint: str) -> Problem:
    return Problem(code, f"{stored.artifact}: {message}", hint, severity="error")
