"""A change set as its file has it: a header, then a line for each row that was set and for each conflict."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.journal.pending import change_from_json, change_to_json
from tracker.model import CellChange, ChangeSet, ColumnChange, Conflict, Entry, NewCells
from tracker.values import from_json, to_json


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a change set: enough to know the chain, without its rows."""

    id: str
    parents: tuple[str, ...]
    consumed: Mapping[str, int]
    number: int


def header_of(id: str, line: bytes) -> Header:
    """The header that a file's first line holds."""
    record = json.loads(line)
    return Header(id, tuple(record["parents"]), record.get("consumed", {}), int(record["number"]))


def hash_of(content: bytes) -> str:
    """The hash in a change set's name."""
    return hashlib.sha256(content).hexdigest()[:16]


def to_bytes(changes: ChangeSet) -> bytes:
    """A change set as its file has it; what is at its default is left out, as far as the first version had it not."""
    header: dict[str, Any] = {
        "number": changes.number,
        "parents": list(changes.parents),
        "time": changes.time,
        "who": changes.who,
        "program": changes.program,
        "consumed": dict(changes.consumed),
        "replayed": list(changes.replayed),
        "deferred": [change_to_json(change) for change in changes.deferred],
    }
    for name in ("restored", "outside", "note"):
        if text := getattr(changes, name):
            header[name] = text
    for name in ("replaces", "sheets"):
        if several := getattr(changes, name):
            header[name] = list(several)
    if changes.columns:
        header["columns"] = [[one.table, one.column, one.old, one.new] for one in changes.columns]
    lines = io.BytesIO()
    lines.write(_line(header))
    for entry in changes.entries:
        cells = _cells(entry)
        record = {"t": entry.time, "table": entry.table, "key": entry.key, "cells": cells, "who": entry.who}
        record["by"] = entry.by
        if entry.new:
            record["new"] = True
        if entry.typed:
            record["typed"] = True
        if entry.removed:
            record["removed"] = True
        if entry.why:
            record["why"] = entry.why
        lines.write(_line(record))
    for conflict in changes.conflicts:
        lines.write(
            _line(
                {
                    "conflict": conflict.reason,
                    "t": conflict.time,
                    "table": conflict.table,
                    "key": list(conflict.key),
                    "column": conflict.column,
                    "kept": to_json(conflict.kept),
                    "dropped": to_json(conflict.dropped),
                    "who": conflict.who,
                }
            )
        )
    return lines.getvalue()


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=to_json).encode


def _line(record: Mapping[str, Any]) -> bytes:
    return _encode(record).encode() + b"\n"


def _cells(entry: Entry) -> dict[str, Any]:
    """Old and new value of each cell."""
    if isinstance(entry.cells, NewCells):
        return {column: (None, value) for column, value in entry.cells.new.items()}
    return {column: (cell.old, cell.new) for column, cell in entry.cells.items()}


def from_bytes(id: str, content: bytes) -> ChangeSet:
    """The change set back from its file."""
    records = [json.loads(line) for line in content.splitlines()]
    header = records[0]
    entries, conflicts = [], []
    for record in records[1:]:
        key = tuple(record["key"])
        if "conflict" in record:
            kept, dropped = from_json(record["kept"]), from_json(record["dropped"])
            reason, column, who = record["conflict"], record["column"], record["who"]
            conflicts.append(Conflict(record["table"], key, column, kept, dropped, reason, record["t"], who))
            continue
        cells = {column: CellChange(from_json(old), from_json(new)) for column, (old, new) in record["cells"].items()}
        flags = {flag: record[flag] for flag in ("new", "typed", "removed", "why") if flag in record}
        entries.append(
            Entry(record["table"], key, cells, time=record["t"], who=record["who"], by=record["by"], **flags)
        )
    return ChangeSet(
        parents=tuple(header["parents"]),
        time=header["time"],
        who=header["who"],
        program=header["program"],
        entries=tuple(entries),
        conflicts=tuple(conflicts),
        deferred=tuple(change_from_json(record) for record in header["deferred"]),
        consumed=header["consumed"],
        replayed=tuple(header["replayed"]),
        restored=header.get("restored", ""),
        replaces=tuple(header.get("replaces", ())),
        outside=header.get("outside", ""),
        columns=tuple(ColumnChange(*each) for each in header.get("columns", ())),
        sheets=tuple(header.get("sheets", ())),
        note=header.get("note", ""),
        number=header["number"],
        id=id,
    )
