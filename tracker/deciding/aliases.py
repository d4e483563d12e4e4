"""Which version of an artifact is meant: ``churn-model:v3``, ``churn-model:latest``, ``churn-model:champion``.

An alias stands in the ``aliases`` cell of one version only; when it moves, it leaves one cell and enters the other as
one decision. Who moved it, when and why is added to the notes of both versions. Nothing here reads or writes a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tracker.deciding.decision import Cells, Decision, change_row, on_one_line
from tracker.errors import ArtifactNotFoundError, BadRequestError, StageError
from tracker.model import Change
from tracker.values import from_cell, key_text, utc

LATEST = "latest"
GONE = ("trash", "deleted", "missing")
"""Artifact versions whose files nobody can get at present."""
_VERSION = re.compile(r"v(\d+)")


def alias_name(text: str) -> str:
    """The alias as it can stand in a cell of several.

    Raises:
        BadRequestError: it would be taken for something else.
    """
    name = on_one_line(text)
    if not name or "," in name or ":" in name or name == LATEST or _VERSION.fullmatch(name):
        raise BadRequestError(
            reason=f"'{name}' cannot be an alias: an alias is a word such as champion, without comma or colon, "
            "and neither 'latest' nor a version such as v3."
        )
    return name


def aliases_of(row: Cells) -> list[str]:
    """The aliases in an artifact's row."""
    return [word.strip() for word in key_text(row.get("aliases")).split(",") if word.strip()]


def version_of(row: Cells) -> int:
    """The number of an artifact's version; what its key says where the cell is blank, 0 where neither tells."""
    number = from_cell(row.get("version"), "integer")
    if isinstance(number, (int, float)):
        return int(number)
    match = _VERSION.fullmatch(_key(row).rpartition(":")[2])
    return int(match[1]) if match else 0


def is_gone(row: Cells) -> bool:
    """Whether the files of an artifact's version are in the trash, deleted or missing."""
    return key_text(row.get("status")) in GONE


def versions_of(rows: Iterable[Cells], name: str) -> list[Cells]:
    """All versions of an artifact, newest first."""
    return sorted((row for row in rows if _name(row) == name), key=version_of, reverse=True)


def resolve(rows: Sequence[Cells], reference: str, where: Any = "the registry") -> Cells:
    """The row of the artifact version that is meant.

    Args:
        rows: the rows of the artifacts table, pending ones included.
        reference: ``name`` or ``name:latest`` for the newest version that is there, ``name:v3``, or ``name:alias``.
        where: what the error calls the registry.

    Raises:
        ArtifactNotFoundError: there is none.
    """
    name, colon, wanted = (part.strip() for part in reference.strip().rpartition(":"))
    if not colon:
        name, wanted = wanted, LATEST
    versions = versions_of(rows, name)
    if wanted == LATEST:
        versions_there = [row for row in versions if not is_gone(row)]
        if versions_there:
            return versions_there[0]
    for row in versions:
        if _key(row) == f"{name}:{wanted}" or wanted in aliases_of(row):
            return row
    raise ArtifactNotFoundError(artifact=reference, path=where, hint=_hint(rows, versions))


def plan_alias(
    rows: Sequence[Cells], reference: str, alias: str, why: str, who: str, now: float, where: Any = "the registry"
) -> Decision:
    """Let an alias point to a version, and to no other version of that artifact.

    Raises:
        ArtifactNotFoundError: there is no such version.
        StageError: its files are gone.
        BadRequestError: the alias is no name for one, or no reason is given.
        CellTooLongError: the notes are full.
    """
    alias, why = alias_name(alias), _reason(why, f"Why does {alias} point there from now on?")
    target = resolve(rows, reference, where)
    key = _key(target)
    if is_gone(target):
        raise StageError(
            what=f"{alias} cannot point to {key}",
            reason=f"its files are {key_text(target.get('status'))}",
            hint="Choose a version that is there, or restore it first.",
        )
    versions = versions_of(rows, _name(target))
    holders = [row for row in versions if alias in aliases_of(row)]
    before = [row for row in holders if _key(row) != key]
    day = f"{utc(now):%Y-%m-%d}"
    changes = []
    if not any(_key(row) == key for row in holders):
        note = f"{day} {alias}: {why} ({who or 'unknown'})"
        changes.append(_change(target, [*aliases_of(target), alias], note, who, now))
    for row in before:
        note = f"{day} no longer {alias}, now {key}: {why} ({who or 'unknown'})"
        changes.append(_change(row, [word for word in aliases_of(row) if word != alias], note, who, now))
    moved = "".join(f", no longer to {_key(row)}" for row in before)
    what = f"{alias} points to {key}{moved}" if changes else f"{alias} points to {key} already"
    return Decision(what, tuple(change for change in changes if change), act_of(alias))


def plan_no_alias(rows: Sequence[Cells], name: str, alias: str, why: str, who: str, now: float) -> Decision:
    """Take an alias away from an artifact, whichever version has it.

    Raises:
        StageError: no version has it.
        BadRequestError: no reason is given.
        CellTooLongError: the notes are full.
    """
    alias, why = on_one_line(alias), _reason(why, f"Why does {alias} point nowhere from now on?")
    holders = [row for row in versions_of(rows, name) if alias in aliases_of(row)]
    if not holders:
        known = sorted({word for row in versions_of(rows, name) for word in aliases_of(row)})
        raise StageError(
            what=f"{alias} cannot be taken from {name}",
            reason="no version of it has this alias",
            hint=f"Its aliases are: {', '.join(known)}." if known else "It has no aliases.",
        )
    note = f"{utc(now):%Y-%m-%d} no longer {alias}: {why} ({who or 'unknown'})"
    changes = [_change(row, [word for word in aliases_of(row) if word != alias], note, who, now) for row in holders]
    what = f"{alias} no longer points to {', '.join(map(_key, holders))}"
    return Decision(what, tuple(change for change in changes if change), act_of(alias))


def _change(row: Cells, aliases: Sequence[str], note: str, who: str, now: float) -> Change | None:
    values: dict[str, Any] = {"aliases": ", ".join(aliases) or None}
    if "notes" in row:  # a team may have removed the column; who and when is in the history all the same
        values["notes"] = "\n".join(part for part in (key_text(row["notes"]), note) if part)
    return change_row("artifacts", (_key(row),), row, values, who, now)


def _key(row: Cells) -> str:
    return key_text(row.get("artifact"))


def _name(row: Cells) -> str:
    return key_text(row.get("name")) or _key(row).rpartition(":")[0]


def act_of(alias: str) -> str:
    """What it is to move an alias."""
    return "production" if alias.casefold() == "production" else "alias"


def _reason(why: str, question: str) -> str:
    reason = on_one_line(why)
    if not reason:
        raise BadRequestError(reason=f"{question} Give a reason: whoever looks at it next year will ask.")
    return reason


def _hint(rows: Sequence[Cells], versions: Sequence[Cells]) -> str:
    if versions:
        known = [_key(row).rpartition(":")[2] for row in versions[:20]]
        words = sorted({word for row in versions for word in aliases_of(row)})
        listed = f"Its versions are {', '.join(known)}"
        return f"{listed}; its aliases {', '.join(words)}." if words else f"{listed}."
    names = sorted({_name(row) for row in rows})
    return f"There are: {', '.join(names[:20]) or 'none yet'}."
