"""What was found in an artifact, kept beside it: ``v3.metadata.json`` and, of a table, ``v3.profile.json``.

What one file of a folder holds is kept in the cache, by the file's hash. Nothing is kept that another machine, with
more packages installed, would find more about.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tracker.contents.parts import Part, readable, tables_of
from tracker.data.metadata import describe
from tracker.data.profile import Profile, profile_table, read_profile, write_profile
from tracker.disk import alone, write_durably
from tracker.errors import TrackerError
from tracker.folders import Folders

_VERSION = 1
_LISTED = 100
_TELL_SECONDS = 0.5

Tell = Callable[[str], object]
"""Called with a few words on how far something is."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in an artifact or a file of it."""

    metadata: dict[str, Any]
    """As :func:`tracker.data.metadata.describe` gives it."""
    profile: Profile | None = None
    """Of a table; one that is refused says why."""


def kept(folders: Folders, part: Part) -> Contents | None:
    """What was found and kept; None where nobody has looked yet, or it cannot be read."""
    found = _kept_at(part, *_paths(folders, part))
    if found is None and folders.aside is not None:  # somebody who may keep it in the registry may have looked
        found = _kept_at(part, *_paths(Folders(folders.workbook), part))
    return found


def _kept_at(part: Part, metadata_path: Path, profile_path: Path) -> Contents | None:
    try:
        record = json.loads(metadata_path.read_bytes())
        if not isinstance(record, dict) or record.pop("metadata", None) != _VERSION:
            return None
    except (OSError, ValueError):
        return None
    refused = record.pop("not_profiled", "")
    profile = Profile(refused=str(refused)) if refused else read_profile(profile_path)
    return None if profile is None and part.is_table else Contents(record, profile)


def look_into(folders: Folders, part: Part, source: Path | None = None, tell: Tell = lambda words: None) -> Contents:
    """What is in the artifact: what was kept, or else found now and kept, by one process at a time.

    ``source`` is where the same content can be read, if not where it is stored.

    Raises:
        ArtifactAlteredError: it is missing, or data that is only referred to is not what it was.
        StoreError: the artifact store cannot be reached.
        MissingPackageError: the package that reads such tables is not installed.
    """
    with only_one(folders, part.key):
        found = kept(folders, part)
        if found is None:
            found, lasting = _look(folders, part, source, tell)
            if lasting:
                with contextlib.suppress(OSError, TrackerError):  # a registry that may only be read
                    _keep(folders, part, found)
    return found


def _look(folders: Folders, part: Part, source: Path | None, tell: Tell) -> tuple[Contents, bool]:
    """What is found, and whether everybody would find the same."""
    if part.stored.folder and not part.file:
        return Contents(_folder(part)), True
    path = source or readable(folders, part)
    profile = profile_table(path, on_rows=told_rows(str(part), tell)) if part.is_table else None
    metadata = describe(path)
    if path == source and not source.exists():
        return _look(folders, part, None, tell)  # a script that was done with its own copy took it away meanwhile
    if profile is not None and not profile.refused:
        metadata["rows"] = profile.rows
    return Contents(metadata, profile), _is_lasting(metadata)


def _is_lasting(metadata: dict[str, Any]) -> bool:
    # Without Pillow nothing is known of a picture but its name.
    return metadata.get("format") != "image" or "width" in metadata or "notes" in metadata


def _folder(part: Part) -> dict[str, Any]:
    """What the files of a folder are, by their names."""
    files = part.stored.files
    endings = Counter(PurePosixPath(file.path).suffix.lower() or "without ending" for file in files)
    return {
        "format": "folder",
        "size": part.stored.size,
        "files": len(files),
        "endings": dict(endings.most_common(_LISTED)),
        "tables": [table.file for table in tables_of(part.stored)[:_LISTED]],
    }


def _keep(folders: Folders, part: Part, found: Contents) -> None:
    metadata_path, profile_path = _paths(folders, part)
    metadata_path.parent.mkdir(parents=True, exist_ok=True)
    record: dict[str, Any] = {"metadata": _VERSION, **found.metadata}
    if found.profile is not None and found.profile.refused:
        record["not_profiled"] = found.profile.refused
    elif found.profile is not None:
        write_profile(profile_path, found.profile)
    write_durably(metadata_path, f"{json.dumps(record)}\n".encode())


def _paths(folders: Folders, part: Part) -> tuple[Path, Path]:
    name, version = part.stored.name, part.stored.version
    if not part.file and folders.aside is None:
        return folders.metadata(name, version), folders.profile(name, version)
    folder = cache_folder(folders)
    # The name tells how a file is read, so the same bytes under two names are two things.
    stem = f"{part.key}{PurePosixPath(part.name).suffix.lower()[:12]}"
    return folder / f"{stem}.metadata.json", folder / f"{stem}.profile.json"


# -- one at a time ------------------------------------------------------------------------------------------------


def cache_folder(folders: Folders) -> Path:
    """Where results are kept that belong to no single version; may be deleted at any moment."""
    return folders.cache / "contents"


@contextlib.contextmanager
def only_one(folders: Folders, key: str) -> Iterator[None]:
    """Only one process does this work; the others wait for it, and find what it kept."""
    path = cache_folder(folders) / f"{key[:40]}.lock"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path):
        yield


def told_rows(what: str, tell: Tell) -> Callable[[int], None]:
    """Tells in words how many rows were read, now and then."""
    last = time.monotonic()

    def rows_read(rows: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_SECONDS:
            last = time.monotonic()
            tell(f"{what}: {rows:,} rows read")

    return rows_read


def is_profilable() -> bool:
    """Whether tables can be read in this environment at all."""
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None
