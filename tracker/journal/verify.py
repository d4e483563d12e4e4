"""Whether the history is what it was: every change set's content, its place in the chain, and the packs.

A change set's name holds the hash of its content, and its content names its parents. So whoever altered one would have
to make all that came after it anew; who noted the newest id elsewhere can tell. The workbook and its earlier versions
each carry the id of a change set, too, which must be there.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.journal.change_set_file import hash_of

_LOOSE = re.compile(r"(\d{6,})-([0-9a-f]{16})\.json")
_PACK = re.compile(r"(\d{6,})-(\d{6,})\.zip")


@dataclass(frozen=True, slots=True)
class Fault:
    """One file of the history that is not what it was."""

    file: str
    """Its name in the folder of change sets; for one in a pack, the pack's name and its own."""
    what: str
    """``was altered: …``, to follow the name in a sentence."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, and what is wrong with it."""

    count: int
    """Change sets."""
    newest: str
    """The id of the newest; empty where there is none."""
    faults: tuple[Fault, ...]


def find_faults(folder: Path) -> list[Fault]:
    """What is wrong with the change sets in a folder; nothing where every one is what it was when it was written."""
    return list(prove(folder).faults)


def prove(folder: Path, stamps: Mapping[str, str] | None = None) -> Proof:
    """Read every change set in a folder and see whether it is what it was when it was written.

    Args:
        stamps: ids of change sets that must be there, with the workbook that contains each.
    """
    faults: list[Fault] = []
    parents: dict[str, tuple[str, list[str]]] = {}
    for place, name, content in _members(folder, faults):
        found = _LOOSE.fullmatch(name)
        if found is None:
            if name.endswith((".json", ".zip")):
                faults.append(Fault(place, "has no name that Tracker gives"))
            continue
        id = name.removesuffix(".json")
        if hash_of(content) != found[2]:
            faults.append(Fault(place, "was altered: its content is not what its name says"))
            parents.setdefault(id, (place, []))
            continue
        header = _header(content)
        if header is None or int(found[1]) != header.get("number"):
            faults.append(Fault(place, "was renamed: its number is not the one in its content"))
        parents[id] = (place, list((header or {}).get("parents", ())))
    for place, named in parents.values():
        faults += [Fault(place, f"follows {parent}, which is missing") for parent in named if parent not in parents]
    for stamp, workbook in (stamps or {}).items():
        if stamp not in parents:
            faults.append(Fault(f"{stamp}.json", f"is missing, and {workbook} contains it"))
    newest = max(parents, key=lambda id: (int(id.partition("-")[0]), id), default="")
    return Proof(len(parents), newest, tuple(faults))


def _members(folder: Path, faults: list[Fault]) -> Iterator[tuple[str, str, bytes]]:
    """Where each change set lies, its name and its content; packs that are damaged are noted as faults."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return
    for name in names:
        if (span := _PACK.fullmatch(name)) is None:
            if name.endswith(".json"):
                yield name, name, (folder / name).read_bytes()
            continue
        try:
            with zipfile.ZipFile(folder / name) as archive:
                members = archive.namelist()
                numbers = [int(member.partition("-")[0]) for member in members if _LOOSE.fullmatch(member)]
                if not numbers or (numbers[0], numbers[-1]) != (int(span[1]), int(span[2])):
                    faults.append(Fault(name, "does not hold the change sets that its name says"))
                for member in members:
                    try:
                        yield f"{name}/{member}", member, archive.read(member)
                    except (zipfile.BadZipFile, zlib.error, OSError):
                        faults.append(Fault(f"{name}/{member}", "was altered: it cannot be unpacked"))
        except (zipfile.BadZipFile, OSError):
            faults.append(Fault(name, "was altered: it is no whole zip file"))


def _header(content: bytes) -> dict[str, Any] | None:
    try:
        header = json.loads(content.partition(b"\n")[0])
    except ValueError:
        return None
    return header if isinstance(header, dict) else None
