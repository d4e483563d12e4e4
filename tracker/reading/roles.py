"""Who may do what: every act with the role that it takes, and the one gate that all of them pass.

The roles stand in the ``people`` table. While it names nobody, there is one trusted local user who may do everything;
from the first name on, somebody who is not in it only looks on. The gate guards against mistakes. It cannot hold
somebody who may write the folder and edits the workbook itself: that is what the history is for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tracker.errors import PermissionRefusedError
from tracker.folders import Folders
from tracker.journal.changes import Journal
from tracker.journal.pending import pending_mentions
from tracker.read_only import refuse_read_only
from tracker.schema import ROLES
from tracker.values import key_text
from tracker.workbook import TableRows, open_workbook, patiently


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does to a registry."""

    name: str
    role: str
    """The lowest role that may do it."""
    what: str
    """What it is, in words that follow "to"."""


ACTS: dict[str, Act] = {
    act.name: act
    for act in (
        Act("sync", "viewer", "bring into the workbook what was logged, which decides nothing"),
        Act("force", "contributor", "sync although a lock file says that the workbook is open"),
        Act("log", "contributor", "start a run, log to it, or go on with one"),
        Act("edit", "contributor", "change cells of runs, artifacts and models, such as notes and tags"),
        Act("tick", "contributor", "tick a checklist item, or say that it does not apply"),
        Act("waive", "contributor", "waive a checklist item, with a reason"),
        Act("card", "contributor", "complete a model card"),
        Act("register", "contributor", "register a model version"),
        Act("promote", "contributor", "move a model version between the stages before production, or retire it there"),
        Act("alias", "contributor", "let an alias point to an artifact version"),
        Act("view", "contributor", "save a view of the runs for all, or remove one"),
        Act("undo", "contributor", "take a change back; what it changes needs its own role as well"),
        Act("production", "manager", "move a model version into or out of production, or the alias of that name"),
        Act(
            "override",
            "manager",
            "promote although a gate refuses it, or edit a stage or an artifact's state",
        ),
        Act("hold", "manager", "put an artifact version on hold, or release it"),
        Act("archive", "manager", "move artifact files to the archive and back"),
        Act("archive-runs", "manager", "move runs into an archive workbook and back"),
        Act("move", "manager", "move artifact files to another store"),
        Act("copy", "manager", "copy artifact files to another store"),
        Act("trash", "manager", "put artifact files into the trash"),
        Act("restore", "manager", "bring artifact files back from the trash"),
        Act("purge", "manager", "delete artifact files for good"),
        Act("retain", "manager", "approve a retention plan"),
        Act("sop", "manager", "change the standard operating procedure"),
        Act("retention", "manager", "change the retention classes"),
        Act("people", "manager", "change who has which role"),
        Act("settings", "manager", "change the settings"),
        Act("version", "manager", "bring back an earlier version of the workbook"),
    )
}
"""Every act by its name. The page docs/roles.md is made from it."""

TABLE_ACTS = {"checklist": "tick", "sop": "sop", "retention": "retention", "people": "people", "settings": "settings"}
"""What it is to edit a cell of these tables; in every other it is ``edit``."""
CELL_ACTS = {
    **dict.fromkeys((("models", name) for name in ("artifact", "run_id", "stage", "reason", "override")), "override"),
    **dict.fromkeys((("models", name) for name in ("promoted_by", "promoted_at")), "override"),
    **dict.fromkeys((("artifacts", name) for name in ("status", "status_time", "status_by", "status_why")), "override"),
    **dict.fromkeys((("artifacts", name) for name in ("path", "size", "files", "sha256")), "override"),
    **dict.fromkeys((("artifacts", name) for name in ("hold", "hold_reason", "held_by")), "hold"),
    ("artifacts", "aliases"): "production",
    ("checklist", "until"): "waive",
}
"""Cells that another act writes, so that an edit does not lead around what that one takes."""


def acts_of_edit(table: str, columns: Iterable[str]) -> list[str]:
    """The acts that changing these cells of a table amounts to, each once."""
    usual = TABLE_ACTS.get(table, "edit")
    return list(dict.fromkeys(CELL_ACTS.get((table, column), usual) for column in columns)) or [usual]


# -- roles --------------------------------------------------------------------------------------------------------


def roles_in(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """The role of everybody in the rows of a ``people`` table, by name in lower case; of a name twice, the first.

    A role that is blank or none of :data:`tracker.schema.ROLES` is that of a viewer.
    """
    if "person" not in columns:
        return {}
    person, role = columns.index("person"), columns.index("role") if "role" in columns else None
    roles: dict[str, str] = {}
    for row in rows:
        if name := key_text(row[person]).casefold():
            word = "" if role is None else key_text(row[role]).casefold()
            roles.setdefault(name, word if word in ROLES else "viewer")
    return roles


def role_among(roles: Mapping[str, str], who: str) -> str:
    """A person's role among all: everyone is a manager while there is none, and a stranger is a viewer."""
    return roles.get(who.strip().casefold(), "viewer") if roles else "manager"


def role_given(folders: Folders, who: str) -> str:
    """The role that the people table itself gives somebody; empty where it names no such person, or no role of theirs.

    Errors as for :func:`role_of`. Where people sign in, nobody sees anything without.
    """
    people = _people(folders)
    if people is None or not {"person", "role"} <= set(people.columns):
        return ""
    person, role = people.columns.index("person"), people.columns.index("role")
    wanted = who.strip().casefold()
    said = next((row[role] for row in people.rows if key_text(row[person]).casefold() == wanted), None)
    word = key_text(said).casefold()
    return word if wanted and word in ROLES else ""


def allows(role: str, needed: str) -> bool:
    """Whether a role is the needed one or a higher one."""
    return ROLES.index(role) >= ROLES.index(needed)


def may(role: str, act: str) -> bool:
    """Whether somebody with this role may do something. KeyError where there is no such act."""
    return allows(role, ACTS[act].role)


# -- the gate -----------------------------------------------------------------------------------------------------


def role_of(folders: Folders, who: str) -> str:
    """A person's role as the people table has it now, pending changes included.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    people = _people(folders)
    return role_among({} if people is None else roles_in(people.columns, people.rows), who)


def require(folders: Folders, who: str, act: str) -> None:
    """Raise PermissionRefusedError unless the person may do it; errors of reading as for :func:`role_of`.

    Args:
        act: the name of one of :data:`ACTS`.
    """
    require_all(folders, who, (act,))


def require_all(folders: Folders, who: str, acts: Collection[str]) -> None:
    """Raise PermissionRefusedError unless the person may do all of it; otherwise as :func:`require`.

    ReadOnlyError where this process changes nothing.
    """
    refuse_read_only(folders.workbook)
    role = role_of(folders, who)
    for act in (ACTS[name] for name in acts):
        if not allows(role, act.role):
            name = who.strip() or "Somebody without a name"
            raise PermissionRefusedError(who=name, role=role, path=folders.workbook, needed=act.role, act=act.what)


def _people(folders: Folders) -> TableRows | None:
    """The people table. Every run asks when it starts: the journal is read only if something in it can concern it."""
    rows, stamp = patiently(partial(_in_workbook, folders))
    journal = Journal(folders.changes)
    newest = journal.newest().removesuffix(".json")
    settled = newest == (stamp or "") and not pending_mentions(folders.pending, "people")
    if settled and not (newest and journal.read_head(newest).deferred):
        return rows
    from tracker.reading.tables import read_rows

    return read_rows(folders, "people")


def _in_workbook(folders: Folders) -> tuple[TableRows | None, str | None]:
    """The people table as the workbook has it, its columns by their own names, and the workbook's stamp."""
    with open_workbook(folders.workbook) as workbook:
        rows, stamp = workbook.read("people"), workbook.stamp
        if rows is not None:
            settings = workbook.settings()
            rows.columns = tuple(settings.column("people", header).lower() for header in rows.columns)
        return rows, stamp
