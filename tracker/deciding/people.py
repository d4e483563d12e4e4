"""Who has which role: the rows of the ``people`` table, read and changed by a manager."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision, change_row, new_row, on_one_line
from tracker.deciding.rows import cells_of
from tracker.errors import BadRequestError
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.reading.roles import role_among, roles_in
from tracker.reading.tables import read_grid
from tracker.schema import ROLES
from tracker.values import key_text


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the people table, and the role that counts."""

    name: str
    role: str
    said: str
    """What the cell says, which may be blank or no role at all."""
    notes: str


def people(registry: Registry) -> list[Person]:
    """Everybody in the people table, in its order; of a name that stands twice only the first."""
    found: dict[str, Person] = {}
    rows = cells_of(registry.folders, "people")
    known = _roles(rows)
    for row in rows:
        name = key_text(row["person"])
        person = Person(name, role_among(known, name), key_text(row.get("role")), key_text(row.get("notes")))
        found.setdefault(name.casefold(), person)
    return list(found.values())


def set_roles(registry: Registry, roles: Mapping[str, str], who: str, agreed: Decision | None = None) -> Decided:
    """Give people roles, or take them away.

    Args:
        roles: the role of each person; empty takes it away, and the row stays for the history.
        agreed: the plan that the person saw.

    Raises:
        BadRequestError: the workbook has no people table.
        Others: as :func:`plan_roles` and :func:`tracker.deciding.decide.carry_out`.
    """
    if read_grid(registry.folders, "people") is None:
        reason = "The workbook has no table 'people': copy that sheet from a template. Nothing was changed."
        raise BadRequestError(reason=reason)
    return carry_out(
        registry, lambda: plan_roles(cells_of(registry.folders, "people"), roles, who, time.time()), who, agreed
    )


def plan_roles(rows: Sequence[Cells], roles: Mapping[str, str], who: str, now: float) -> Decision:
    """The plan to give people these roles; arguments as for :func:`set_roles`.

    Raises:
        BadRequestError: no such role or person, or nobody would be left who may change roles.
    """
    changes: list[Change] = []
    said = []
    after = _roles(rows)
    for given, role in roles.items():
        name, row = on_one_line(given), _row_of(rows, given)
        if not name or (row is None and not role):
            raise BadRequestError(reason=f"There is no '{given}' in the people table. Nothing was changed.")
        if role and role not in ROLES:
            raise BadRequestError(reason=f"'{role}' is no role: choose {', '.join(ROLES)}. Nothing was changed.")
        cells = {"role": role or None}
        key = (name if row is None else key_text(row["person"]),)
        change = (
            new_row("people", key, cells, who, now) if row is None else change_row("people", key, row, cells, who, now)
        )
        after[key[0].casefold()] = role or "viewer"
        if change:
            changes.append(change)
        said.append(f"{key[0]} {'is' if change else 'is already'} {f'a {role}' if role else 'without a role'}")
    if "manager" not in after.values():
        reason = "Nobody would be a manager, and nobody could change that. Nothing was changed; name a manager as well."
        raise BadRequestError(reason=reason)
    return Decision("; ".join(said), tuple(changes), "people")


def _roles(rows: Sequence[Cells]) -> dict[str, str]:
    return roles_in(("person", "role"), [(row["person"], row.get("role")) for row in rows])


def _row_of(rows: Sequence[Cells], name: str) -> Cells | None:
    wanted = on_one_line(name).casefold()
    return next((row for row in rows if key_text(row["person"]).casefold() == wanted), None)
