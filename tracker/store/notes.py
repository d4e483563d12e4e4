"""Notes: what a process says about work that others must undo or finish should it be killed, a JSON line at a time."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from tracker.disk import fsync_folder, writing


def add_to_note(note: Path, record: dict[str, Any], *, durably: bool = False) -> None:
    """Add a line; it survives the process, and if wanted a power cut.

    Raises:
        RegistryNotWritableError: the disk is full, or may not be written.
    """
    with writing(note), open(note, "ab", buffering=0) as file:
        file.write(json.dumps(record).encode() + b"\n")
        if durably:
            os.fsync(file)
            fsync_folder(note.parent)


def records_of(note: Path) -> list[dict[str, Any]]:
    """The lines of a note; one that was torn by a crash describes nothing that happened."""
    records = []
    for line in note.read_bytes().splitlines():
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            if isinstance(record, dict):
                records.append(record)
    return records
