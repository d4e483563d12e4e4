"""What the last sync knew about the workbook it wrote. Saves time only: it may be deleted or wrong at any moment."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from tracker.folders import Folders
from tracker.workbook import Layout


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells one saved state of a file from another without reading it."""

    size: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileIdentity:
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The workbook as the last sync left it: which file it was, its headers, and where its rows lie compressed."""

    identity: FileIdentity | None = None
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    side: str = ""
    """The side folder's name, as the paths in the workbook have it; empty where some may have an earlier one."""
    layouts: Mapping[str, Layout] = field(default_factory=dict)


def remember(folders: Folders, facts: Remembered) -> None:
    """Write the facts; failing to is no error."""
    with contextlib.suppress(OSError):
        folders.cache.mkdir(parents=True, exist_ok=True)
        path = folders.cache / "workbook.json"
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        partial.write_text(json.dumps(asdict(facts), separators=(",", ":")), "utf-8")
        os.replace(partial, path)


def recall(folders: Folders) -> Remembered:
    """The facts of the last sync; none where they are missing or unreadable."""
    try:
        record = json.loads((folders.cache / "workbook.json").read_text("utf-8"))
        identity = FileIdentity(**record["identity"]) if record["identity"] else None
        layouts = {part: Layout(**layout) for part, layout in record["layouts"].items()}
        return Remembered(identity, record["columns"], record.get("side", ""), layouts)
    except (OSError, ValueError, KeyError, TypeError):
        return Remembered()
