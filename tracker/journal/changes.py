"""Change sets: what each sync put into the workbook, numbered, each naming its parents. The history of a registry.

A change set is one file, ``changes/000057-3fa1….json``: its first line is the header, every other line a row that was
set (with the old and the new value of every cell) or a conflict. The name ends in the hash of the content, and the
content names the parents, so the change sets form a hash chain. The workbook carries the name of the last change set it
contains: the *stamp*. Old change sets are packed into zip files, and none is ever rewritten or deleted.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from tracker.disk import write_durably, written_whole
from tracker.journal.change_set_file import Header, from_bytes, hash_of, header_of, to_bytes
from tracker.journal.pending import change_from_json, change_to_json
from tracker.model import Change, ChangeSet, Entry, Key

_NAME = re.compile(r"(\d{6,})-([0-9a-f]{16})\.json")
_PACK = re.compile(r"\d{6,}-\d{6,}\.zip")
PACK_ABOVE = 256
"""How many change sets lie loose before the older half is packed."""
DAMAGED = "cannot be read: it is damaged or was altered"


class Journal:
    """The ``changes`` folder of one registry. Reading never writes; only :meth:`commit` and :meth:`pack` do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # -- reading ------------------------------------------------------------------------------------------------

    def loose(self) -> dict[str, Header]:
        """The headers of all change sets that are not packed, by id, oldest first."""
        headers = {}
        for name in self._names(_NAME):
            path = f"{self.folder}/{name}"
            try:
                state = os.stat(path)
                headers[name.removesuffix(".json")] = _header(path, state.st_ino, state.st_size, state.st_mtime_ns)
            except (FileNotFoundError, ValueError, KeyError, TypeError):
                continue  # packed meanwhile, or a torn copy: verify() reports it
        return headers

    def all_headers(self) -> dict[str, Header]:
        """The headers of every change set, packed ones too, by id, oldest first."""
        headers = {}
        for pack in self._names(_PACK):
            with zipfile.ZipFile(self.folder / pack) as archive:
                for name in archive.namelist():
                    id = name.removesuffix(".json")
                    with archive.open(name) as file:
                        headers[id] = header_of(id, file.readline())
        headers.update(self.loose())
        return dict(sorted(headers.items(), key=lambda item: (item[1].number, item[0])))

    def missing(self, stamp: str | None) -> tuple[list[str], list[str]]:
        """What a workbook with this stamp lacks: the change sets to replay, oldest first, and the newest of all.

        The newest (usually one) are what the next change set names as parents besides the stamp.
        """
        headers = self.loose()
        lacking = _lacking(headers, stamp)
        if lacking is None:
            headers = self.all_headers()
            lacking = _lacking(headers, stamp) or [id for id in headers if id not in _ancestors(headers, stamp)[0]]
        parents = {parent for header in headers.values() for parent in header.parents}
        return lacking, [id for id in headers if id not in parents]

    def consumed(self) -> dict[str, int]:
        """How far each journal file has been taken into a change set: bytes by file name."""
        reached: dict[str, int] = {}
        for header in self.loose().values():
            for name, offset in header.consumed.items():
                reached[name] = max(reached.get(name, 0), offset)
        return reached

    def newest(self) -> str:
        """The name of the newest change set's file; changes with every commit."""
        return max(self._names(_NAME), default="")

    def read(self, id: str) -> ChangeSet:
        """One change set, whole. Raises KeyError where there is none of that id."""
        return from_bytes(id, self._content(id))

    def read_head(self, id: str) -> ChangeSet:
        """One change set without its rows, which may be many. Raises KeyError where there is none of that id."""
        return from_bytes(id, self._content(id).partition(b"\n")[0])

    def find(self, name: str) -> str | None:
        """The id of the change set that is meant: its id, the beginning of its id, or its number. None where none is.

        The newest where several could be meant: two syncs without a working lock may have given the same number.
        """
        number = int(name) if name.isdecimal() else None
        for file in reversed(self._names(_NAME)):
            if _is_meant(file, name, number):
                return file.removesuffix(".json")
        for pack in reversed(self._names(_PACK)):
            first, _, last = pack.removesuffix(".zip").partition("-")
            if number is None or int(first) <= number <= int(last):
                with zipfile.ZipFile(self.folder / pack) as archive:
                    for file in reversed(archive.namelist()):
                        if _is_meant(file, name, number):
                            return file.removesuffix(".json")
        return None

    def newest_first(self, *containing: bytes) -> Iterator[ChangeSet]:
        """Every change set, newest first; only those whose text contains some of these bytes, if any are named.

        One that is damaged comes without its rows and with a note that says so.
        """
        latest = 0.0
        for id, content in self.contents():
            if not containing or any(each in content for each in containing):
                try:
                    found = from_bytes(id, content)
                except (ValueError, KeyError, IndexError, TypeError):
                    found = ChangeSet((), latest, "", "", note=DAMAGED, number=int(id.partition("-")[0]), id=id)
                latest = found.time
                yield found

    def last_entry(self, table: str, key: Key, column: str | None, skip: Collection[str] = ()) -> Entry | None:
        """The newest entry that set this cell (any cell of the row for None), whoever decided on it.

        None where no change set did. That a restore took the row away sets no cell: where it is back, from a copy that
        a person saved, its cells are as they were.
        ``skip`` has the ids of change sets that do not count: those that the workbook lacks.
        """
        needle = json.dumps(list(key), ensure_ascii=False, separators=(",", ":")).encode()
        for id, content in self.contents():
            if needle not in content or id in skip:
                continue
            for entry in reversed(from_bytes(id, content).entries):
                if (entry.table, entry.key) != (table, key):
                    continue
                if column is None or (column in entry.cells and not entry.removed):
                    return entry
        return None

    def last_entries(self, table: str, column: str, keys: Collection[Key]) -> dict[Key, Entry]:
        """The newest entry that set the column in each of these rows, as far as one did; reads no more than it must."""
        left, found = set(keys), dict[Key, Entry]()
        for changes in self.newest_first(json.dumps(table).encode()):
            for entry in reversed(changes.entries):
                if entry.table == table and entry.key in left and column in entry.cells:
                    found[entry.key] = entry
                    left.discard(entry.key)
            if not left:
                break
        return found

    def deferred(self, heads: list[str]) -> list[Change]:
        """Changes that found no room so far, each once."""
        waiting: dict[str, Change] = {}
        for id in heads:
            header = json.loads(self._content(id).partition(b"\n")[0])
            for change in map(change_from_json, header["deferred"]):
                waiting.setdefault(json.dumps(change_to_json(change), default=str), change)
        return list(waiting.values())

    # -- writing ------------------------------------------------------------------------------------------------

    def commit(self, changes: ChangeSet) -> ChangeSet:
        """Write a change set so that it survives a power cut; returns it with its number and id."""
        number = 1 + max((int(parent.partition("-")[0]) for parent in changes.parents), default=0)
        content = to_bytes(replace(changes, number=number))
        id = f"{number:06d}-{hash_of(content)}"
        self.folder.mkdir(parents=True, exist_ok=True)
        write_durably(self.folder / f"{id}.json", content)
        return replace(changes, number=number, id=id)

    def pack(self, heads: list[str]) -> None:
        """Move the older half of the loose change sets into one zip file, once there are many.

        Only called when the chain is linear (one head), so that a pack is closed: whoever descends from its last
        change set contains all of it.
        """
        names = self._names(_NAME)
        if len(names) <= PACK_ABOVE or len(heads) != 1:
            return
        old = names[: len(names) // 2]
        numbers = [int(name.partition("-")[0]) for name in old]
        target = self.folder / f"{numbers[0]:06d}-{numbers[-1]:06d}.zip"
        with written_whole(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in old:
                archive.write(self.folder / name, name)
        for name in old:
            (self.folder / name).unlink(missing_ok=True)

    # -- files --------------------------------------------------------------------------------------------------

    def _names(self, pattern: re.Pattern[str]) -> list[str]:
        try:
            names = [name for name in os.listdir(self.folder) if pattern.fullmatch(name)]
        except FileNotFoundError:
            return []
        return sorted(names, key=lambda name: (int(name.partition("-")[0]), name))

    def _content(self, id: str) -> bytes:
        try:
            return (self.folder / f"{id}.json").read_bytes()
        except FileNotFoundError:
            for pack in reversed(self._names(_PACK)):
                with zipfile.ZipFile(self.folder / pack) as archive:
                    if f"{id}.json" in archive.namelist():
                        return archive.read(f"{id}.json")
        raise KeyError(id)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """The ids and contents of all, newest first; a damaged pack counts as one change set without content."""
        seen = set()
        for name in reversed(self._names(_NAME)):
            try:
                content = (self.folder / name).read_bytes()
            except FileNotFoundError:
                continue  # packed meanwhile: the packs below have it
            seen.add(name)
            yield name.removesuffix(".json"), content
        for pack in reversed(self._names(_PACK)):
            try:
                archive = zipfile.ZipFile(self.folder / pack)
            except (zipfile.BadZipFile, OSError):
                yield pack.removesuffix(".zip"), b""
                continue
            with archive:
                for name in reversed(archive.namelist()):
                    if name not in seen:
                        try:
                            content = archive.read(name)
                        except (zipfile.BadZipFile, zlib.error):
                            content = b""
                        yield name.removesuffix(".json"), content


@lru_cache(maxsize=4 * PACK_ABOVE)  # every reader asks for all of them, and they stay as they are
def _header(path: str, *_: int) -> Header:
    """The header of a file, as long as its size and time are these."""
    with open(path, "rb") as file:
        return header_of(os.path.basename(path).removesuffix(".json"), file.readline())


def _is_meant(file: str, name: str, number: int | None) -> bool:
    return int(file.partition("-")[0]) == number or file.startswith(f"{name}-" if "-" not in name else name)


def _ancestors(headers: Mapping[str, Header], stamp: str | None) -> tuple[set[str], set[str]]:
    """The ancestors of a stamp, itself included, and the parents on the way that are not among the headers."""
    known: set[str] = set()
    unknown: set[str] = set()
    todo = [stamp] if stamp else []
    while todo:
        id = todo.pop()
        if id in known:
            continue
        if id not in headers:
            unknown.add(id)
            continue
        known.add(id)
        todo.extend(headers[id].parents)
    return known, unknown


def _lacking(headers: Mapping[str, Header], stamp: str | None) -> list[str] | None:
    """The loose change sets that the stamp does not descend from; None where the packed ones must be asked."""
    known, unknown = _ancestors(headers, stamp)
    if headers and stamp not in headers:
        return None
    oldest = min((header.number for header in headers.values()), default=0)
    # Packs are closed and linear, so a parent just below the loose change sets stands for all that is packed.
    if any(int(id.partition("-")[0]) < oldest - 1 for id in unknown):
        return None
    return [id for id in headers if id not in known]
