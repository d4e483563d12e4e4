"""Pending files: changes that are not in the workbook yet, one append-only file per writing process.

A line is one JSON object. The first says who writes (``{"writer": …, "pid": …, "host": …, "run_id": …}``), every other
is a change. One ``os.write`` per line to a file opened for appending: when the call returns, the line is in the
operating system's hands and survives the death of the process. A last line that a crash tore is not counted as read, so
nothing after it is lost and nothing of it is believed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.model import Change, Key
from tracker.processes import is_running, process_start
from tracker.read_only import refuse_read_only
from tracker.values import from_json, to_json

HEARTBEAT_SECONDS = 15.0
DEAD_AFTER_SECONDS = 300.0
"""A writer on another machine whose heartbeat is older than this is taken for dead: its run is KILLED."""
GONE_AFTER_SECONDS = 86_400.0
"""From then on its file may be removed; a laptop that only slept still writes to it before that."""
CLOSED = b'{"closed":true}\n'
"""The last line of a file whose writer will write no more, though its process may live on."""


class PendingWriter:
    """Appends the changes of one process. Not shared between processes: a fork opens its own.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
        ReadOnlyError: this process changes nothing.
    """

    def __init__(self, folder: Path, *, run_id: str = "", who: str = "", program: str = "") -> None:
        refuse_read_only(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.name = f"{time.time_ns() // 1_000_000:013d}-{os.urandom(4).hex()}.jsonl"
        self.path = folder / self.name
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o664)
        header = {
            "writer": self.name,
            "pid": os.getpid(),
            "started": process_start(os.getpid()),
            "host": socket.gethostname(),
            "run_id": run_id,
            "who": who,
            "program": program,
            "time": time.time(),
        }
        self._append(header)

    def append(self, change: Change) -> None:
        """Write one change; it is safe against the death of this process when this returns."""
        self._append(change_to_json(change))

    def heartbeat(self) -> None:
        """Tell readers on other machines that this process is alive."""
        os.utime(self.path)

    def close(self) -> None:
        """Stop writing for good. The file stays until a sync has read all of it."""
        if self._file >= 0:
            os.write(self._file, CLOSED)
            os.close(self._file)
            self._file = -1

    def _append(self, record: Mapping[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
        written = os.write(self._file, line)
        if written < len(line):
            # A full disk can take half a line; a newline keeps the next record readable.
            os.write(self._file, b"\n")
            raise OSError(28, "No space left on device", str(self.path))


@dataclass(frozen=True, slots=True)
class PendingFile:
    """What one process wrote, from the given offset on."""

    path: Path
    header: Mapping[str, Any]
    changes: tuple[Change, ...]
    end: int
    """Bytes up to the end of the last whole line: what a sync that takes these changes has consumed."""
    heartbeat: float
    """When its writer was last seen: seconds since 1970, UTC."""
    closed: bool
    """Its writer has written all it ever will."""

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def run_id(self) -> str:
        return str(self.header.get("run_id", ""))

    def writer_alive(self, now: float) -> bool:
        """Whether the process that writes this file still runs, as far as can be told from here."""
        if self.closed:
            return False
        if self._is_ours:
            return is_running(int(self.header.get("pid", 0)), str(self.header.get("started", "")))
        return now - self.heartbeat < DEAD_AFTER_SECONDS

    def writer_gone(self, now: float) -> bool:
        """Whether it is certain that nothing more will be written to this file."""
        if self.closed or self._is_ours:
            return not self.writer_alive(now)
        return now - self.heartbeat > GONE_AFTER_SECONDS

    @property
    def _is_ours(self) -> bool:
        """Written on this machine, where processes can be looked up."""
        return bool(self.header.get("host") == socket.gethostname())


def pending_runs(folder: Path) -> dict[str, str]:
    """The run that each pending file belongs to, by the file's name, oldest first; only headers are read."""
    runs = {}
    for name in _names(folder):
        with contextlib.suppress(FileNotFoundError), open(folder / name, "rb") as file:
            run_id = (_parse(file.readline()) or {}).get("run_id")
            if run_id:
                runs[name] = str(run_id)
    return runs


def pending_mentions(folder: Path, table: str) -> bool:
    """Whether a pending file may hold a change of that table; what is consumed already counts, too."""
    needle = f'"table":{json.dumps(table)}'.encode()
    for name in _names(folder):
        with contextlib.suppress(FileNotFoundError):
            if needle in (folder / name).read_bytes():
                return True
    return False


def read_pending(folder: Path, consumed: Mapping[str, int]) -> Iterator[PendingFile]:
    """Every pending file, oldest first, with the changes beyond its consumed offset."""
    for name in _names(folder):
        path = folder / name
        try:
            with open(path, "rb") as file:
                heartbeat = os.fstat(file.fileno()).st_mtime
                first = file.readline()
                offset = max(consumed.get(name, 0), len(first))
                file.seek(offset)
                body = file.read()
        except FileNotFoundError:
            continue  # consumed and removed by another sync meanwhile
        whole = body[: body.rfind(b"\n") + 1]
        closed = whole.endswith(CLOSED) or (not whole and _ends_closed(path, offset))
        header = _parse(first) or {}
        who = str(header.get("who", ""))
        records = (_parse(line) for line in whole.splitlines())
        changes = tuple(change_from_json(record, who) for record in records if record and "table" in record)
        yield PendingFile(path, header, changes, offset + len(whole), heartbeat, closed)


def change_to_json(change: Change) -> dict[str, Any]:
    """A change as a JSON object; what is at its default is left out."""
    record: dict[str, Any] = {
        "t": change.time or time.time(),
        "table": change.table,
        "key": list(change.key),
        "set": {column: to_json(value) for column, value in change.set.items()},
    }
    if change.was:
        record["was"] = {column: to_json(value) for column, value in change.was.items()}
    if change.new:
        record["new"] = True
    if change.who:
        record["who"] = change.who
    if change.by != "script":
        record["by"] = change.by
    if change.why:
        record["why"] = change.why
    return record


def change_from_json(record: Mapping[str, Any], who: str = "") -> Change:
    """The change back from its JSON object."""
    key: Key = tuple(str(part) for part in record["key"])
    return Change(
        table=record["table"],
        key=key,
        set={column: from_json(value) for column, value in record["set"].items()},
        was={column: from_json(value) for column, value in record.get("was", {}).items()},
        new=bool(record.get("new", False)),
        time=float(record.get("t", 0.0)),
        who=record.get("who", who),
        by=record.get("by", "script"),
        why=record.get("why", ""),
    )


def _names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    except FileNotFoundError:
        return []


def _ends_closed(path: Path, end: int) -> bool:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, end - len(CLOSED)))
            return file.read(len(CLOSED)) == CLOSED
    except OSError:
        return False


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
