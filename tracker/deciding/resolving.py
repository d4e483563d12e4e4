"""Settling conflicts: a person takes the value that was not written, or keeps the one that stands.

Either is a change of theirs, made only while the cell holds what they saw. It stands in the history with the number of
the conflict, which is not listed any more; undo takes it back like any other.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from functools import partial
from typing import Literal

from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Decision
from tracker.errors import BadRequestError, ConflictNotFoundError
from tracker.model import SETTLES, Change, Key
from tracker.reading import roles
from tracker.reading.conflicts import OpenConflict, read_conflicts
from tracker.reading.registry import Registry
from tracker.wording import count

Choice = Literal["take", "keep"]
"""The value that was not written, or the one that stands."""


def plan_settling(conflicts: Iterable[OpenConflict], choice: Choice, who: str, now: float) -> Decision:
    """What settles these conflicts all in one way: a pure decision.

    Raises:
        BadRequestError: a formula computes a cell of which the other value was chosen.
    """
    rows: dict[tuple[str, Key], list[OpenConflict]] = {}
    for one in conflicts:
        if one.is_formula and choice == "take":
            reason = f"{one.place} is computed by a formula, which stays. Change it in the workbook."
            raise BadRequestError(reason=reason)
        rows.setdefault((one.conflict.table, one.conflict.key), []).append(one)
    changes = []
    for (table, key), here in rows.items():
        was = {one.conflict.column: one.conflict.kept for one in here}
        values = {one.conflict.column: one.conflict.dropped for one in here} if choice == "take" else was
        why = f"{SETTLES} {', '.join(one.number for one in here)}"
        changes.append(Change(table, key, values, was, False, now, who, "person", why))
    cells = sum(len(change.set) for change in changes)
    done = "the value that was not written is taken" if choice == "take" else "the value that stands is kept"
    return Decision(f"{count(cells, 'conflict')} settled: {done}", tuple(changes))


def settle(
    registry: Registry, numbers: Collection[str], choice: Choice, who: str, agreed: Decision | None = None
) -> Decided:
    """Settle open conflicts, all in one way and all or none.

    Args:
        numbers: their numbers, such as ``57.1``.
        agreed: what :func:`plan_settling` gave for what the person saw.

    Raises:
        ConflictNotFoundError: one of them is not open any more.
        BadRequestError: as :func:`plan_settling`.
        Others: as :func:`tracker.deciding.decide.carry_out`.
    """
    return carry_out(registry, partial(_plan, registry, tuple(numbers), choice, who), who, agreed)


def _plan(registry: Registry, numbers: tuple[str, ...], choice: Choice, who: str) -> Decision:
    there = {one.number: one for one in read_conflicts(registry.folders)}
    for number in numbers:
        if number not in there:
            raise ConflictNotFoundError(number=number, path=registry.path)
    decision = plan_settling([there[number] for number in dict.fromkeys(numbers)], choice, who, time.time())
    acts = dict.fromkeys(act for change in decision.changes for act in roles.acts_of_edit(change.table, change.set))
    roles.require_all(registry.folders, who, tuple(acts))
    return decision
