"""The audit pack as a file: one zip with a page, a workbook, the texts, and the hash of each of them.

The same state of the registry gives the same bytes: nothing in the pack says when or by whom it was made. No name in it
comes from the registry, and no text in it is executed by what usually opens it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.disk import write_durably, writing
from tracker.errors import BadRequestError, NotAPackError
from tracker.exporting.facts import Facts, gather
from tracker.exporting.findings import findings
from tracker.exporting.page import write_page
from tracker.exporting.report import TONES, Part, parts, parts_to_read, shown, trimmed
from tracker.journal.metrics import each_step
from tracker.reading.registry import Registry
from tracker.store import artifact_name
from tracker.values import to_cell, to_json
from tracker.workbook import NewColumn, NewSheet, write_book

MANIFEST = "manifest.json"
FORMAT = 1
MOST_STEPS = 100_000
"""Metric steps in the pack's workbook; metrics/steps.csv has all."""
_MOST_MANIFEST = 100_000_000
"""Bytes of a manifest that are read."""


@dataclass(frozen=True, slots=True)
class PackCheck:
    """What became of a pack since it was made."""

    subject: str
    members: int
    problems: tuple[str, ...]
    """Empty where every file is what it was."""


def export_audit(
    registry: Registry | str | os.PathLike[str],
    reference: str,
    to: str | os.PathLike[str] | None = None,
    *,
    verify: bool = True,
) -> Path:
    """Write everything about a run or a model version into one zip file; gives its path.

    Args:
        registry: an open registry, or the path of one.
        reference: a run by its id or name, a model version by ``churn:v3`` or ``churn:production``.
        to: the file or the folder to write to; the current folder where it is not given.
        verify: read all files of its artifacts again and say whether they are what they were.

    Raises:
        RunNotFoundError, ModelNotFoundError: there is neither.
        BadRequestError: several runs could be meant, or the file exists already.
        RegistryNotWritableError: it cannot be written.
    """
    opened = registry if isinstance(registry, Registry) else Registry(registry)
    facts = gather(opened, reference, verify=verify)
    path = Path(to) if to is not None else Path()
    target = path / pack_name(facts) if path.is_dir() else path
    if target.exists():
        raise BadRequestError(reason=f"{target} exists already; nothing was overwritten. Name another file.")
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        write_durably(target, make_pack(facts))
    return target


def pack_name(facts: Facts) -> str:
    """What the file is called unless somebody names it: ``churn-v3-audit.zip``."""
    name = re.sub(r"[^\w-]+", "-", facts.label).strip("-")
    return artifact_name(f"{name or 'run'}-audit.zip")


def make_pack(facts: Facts) -> bytes:
    """The zip file."""
    members = dict(_members(facts))
    listed = [
        {"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(members.items())
    ]
    about = {"format": FORMAT, "subject": facts.label, "registry": facts.workbook, "as_of": facts.history.stamp}
    members[MANIFEST] = _json({**about, "members": listed})
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in sorted(members.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED, 6)
    return target.getvalue()


# -- what is in it ------------------------------------------------------------------------------------------------


def _members(facts: Facts) -> Iterator[tuple[str, bytes]]:
    all_parts, found = parts(facts), findings(facts)
    read = parts_to_read(facts)
    yield "index.html", write_page(facts.label, _kind(facts), _about(facts), found, read, facts.card).encode()
    sheets = [_findings_sheet(found), *(_sheet(trimmed(part)) for part in all_parts), _steps_sheet(facts)]
    book = io.BytesIO()
    write_book(book, facts.label, sheets, TONES)
    yield "audit.xlsx", book.getvalue()
    yield "data.json", _json(_data(facts, all_parts))
    if facts.card:
        yield "card.md", facts.card.encode()
    yield "lineage.txt", "\n".join([*facts.upstream, "", *facts.downstream, ""]).encode()
    if facts.steps.exists():
        yield "metrics/steps.csv", _steps_csv(facts)
    texts = {
        "environment/requirements.txt": facts.requirements,
        "code/uncommitted.diff": facts.uncommitted,
        "code/script.txt": facts.script,
        "code/since-version-before.diff": facts.code.text if facts.code else "",
    }
    for name, text in texts.items():
        if text:
            yield name, text.encode()
    for link in facts.history.links:
        yield f"history/{link.id}.json", link.content


def _kind(facts: Facts) -> str:
    return "model version" if facts.model else "run"


def _about(facts: Facts) -> list[str]:
    when = f", which last changed on {shown(facts.as_of)} UTC" if facts.as_of else ""
    return [
        f"From the registry {facts.workbook}{when}. Times are UTC.",
        "To check that no file of this pack was changed: python -m tracker export verify FILE.zip",
    ]


def _sheet(part: Part) -> NewSheet:
    columns = [NewColumn(column.header, column.look) for column in part.columns]
    return NewSheet(part.name, part.note, columns, [[to_cell(value) for value in row] for row in part.rows])


def _findings_sheet(found: list[Any]) -> NewSheet:
    rows = [(one.what, one.tone, one.says) for one in found]
    columns = [NewColumn("about"), NewColumn("how it stands", "state"), NewColumn("what was found")]
    return NewSheet("Findings", "What to look at first.", columns, rows)


def _steps_sheet(facts: Facts) -> NewSheet:
    rows: list[tuple[Any, ...]] = []
    total = 0
    for timestamp, step, metric, value in each_step(facts.steps):
        total += 1
        if total <= MOST_STEPS:
            rows.append((metric, step, to_cell(value), _moment(timestamp)))
    note = "Every value that was logged."
    if total > MOST_STEPS:
        note = f"The first {MOST_STEPS:,} of {total:,} values; metrics/steps.csv has all."
    columns = [NewColumn("metric"), NewColumn("step", "count"), NewColumn("value", "number"), NewColumn("time", "time")]
    return NewSheet("Steps", note, columns, rows)


def _moment(milliseconds: int) -> Any:
    """The time in UTC; the number itself where it is no time that Excel knows."""
    try:
        return to_cell(datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return milliseconds


def _steps_csv(facts: Facts) -> bytes:
    """Every step. A name that a spreadsheet program would take for a formula gets an apostrophe before it."""
    lines = ["timestamp,step,metric,value"]
    for timestamp, step, metric, value in each_step(facts.steps):
        name = f"'{metric}" if metric[:1] in ("=", "+", "-", "@", "\t") else metric
        field = '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n') else name
        lines.append(f"{timestamp},{'' if step is None else step},{field},{value!r}")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _data(facts: Facts, all_parts: list[Part]) -> Mapping[str, Any]:
    """All tables for programs."""
    tables = {
        part.name: {
            "columns": [column.header for column in part.columns],
            "rows": [[to_json(to_cell(value)) for value in row] for row in part.rows],
        }
        for part in all_parts
    }
    found = [{"about": one.what, "stands": one.tone, "found": one.says} for one in findings(facts)]
    history = facts.history
    faults = [f"{fault.file} {fault.what}" for fault in history.faults]
    chain = {"change_sets": history.count, "faults": faults}
    return {"subject": facts.label, "findings": found, "chain": {**chain, "stamp": history.stamp}, "tables": tables}


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


# -- checking -----------------------------------------------------------------------------------------------------


def verify_pack(path: str | os.PathLike[str]) -> PackCheck:
    """Whether every file of a pack is what it was when the pack was made, and every change set what its name says.

    Raises:
        NotAPackError: it is no audit pack, or too much of it is gone to tell.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            manifest = _manifest(path, archive)
            listed = {str(member["path"]): member for member in manifest["members"]}
            names = [entry.filename for entry in entries]
            problems = [f"{name} is missing" for name in listed if name not in names]
            problems += [f"{name} stands in it twice" for name in sorted({n for n in names if names.count(n) > 1})]
            for entry in entries:
                if entry.filename != MANIFEST:
                    problems += _check(archive, entry, listed.get(entry.filename))
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise NotAPackError(path=path, reason=str(error) or type(error).__name__) from None
    return PackCheck(str(manifest.get("subject", "")), len(listed), tuple(problems))


def _manifest(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> dict[str, Any]:
    if MANIFEST not in archive.namelist():
        raise NotAPackError(path=path, reason="it has no manifest.json")
    with archive.open(MANIFEST) as file:
        manifest = json.loads(file.read(_MOST_MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise NotAPackError(path=path, reason="its manifest.json is none of an audit pack, or of a newer version")
    return manifest


def _check(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, member: Mapping[str, Any] | None) -> Iterator[str]:
    name = entry.filename
    if member is None:
        yield f"{name} was added"
        return
    try:
        digest = _digest(archive, entry)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, zlib.error) as error:
        yield f"{name} cannot be read: {error}"
        return
    if digest != member["sha256"]:
        yield f"{name} is not what it was"
    if name.startswith("history/") and not digest.startswith(Path(name).stem.partition("-")[2]):
        yield f"{name} is not what its name says: that change set was altered before the pack was made"


def _digest(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    """The hash of a file, piece by piece, however large it says it is."""
    found = hashlib.sha256()
    with archive.open(entry) as file:
        while piece := file.read(1 << 20):
            found.update(piece)
    return found.hexdigest()
