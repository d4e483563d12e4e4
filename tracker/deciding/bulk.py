"""One edit of many runs: the same tag, status or note for all of them, in one change set or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.deciding.decide import Decided, carry_out
from tracker.deciding.decision import Cells, Decision, change_row
from tracker.deciding.rows import cells_of
from tracker.errors import BadRequestError, ValueChangedError
from tracker.matching import is_blank
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.schema import MOVED, MOVED_TO, RUN_STATUS, RUNS
from tracker.values import from_cell, key_text, same, to_cell
from tracker.wording import count

Values = Mapping[str, Mapping[str, Any]]
"""What stands, or is to stand, in some columns of some runs: by run id, then by column."""
OTHERS = ("name", "experiment", "status", "owner", "goal", "change", "insight", "next_step", "notes")
"""Besides tags, the columns that may be set for many runs at once."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A cell that holds something else than the person saw."""

    run_id: str
    name: str
    column: str
    seen: Any
    current: Any


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """What an edit of many runs would do."""

    decision: Decision
    changed: tuple[Changed, ...] = ()
    """Cells that changed since the person saw them: of these nothing is written until they have decided."""
    gone: tuple[str, ...] = ()
    """Ids of runs that are not there any more."""


def plan_bulk(rows: Iterable[Cells], values: Values, seen: Values, who: str, now: float) -> BulkPlan:
    """The plan to set these cells.

    Args:
        rows: the runs as they are now.
        values: what is to stand there; None makes a cell blank.
        seen: what the person saw in these cells.

    Raises:
        BadRequestError: a column that cannot be set for many, a status that there is none of, a run that moved away.
        CellTooLongError: more text than a cell holds.
    """
    for column in dict.fromkeys(column for cells in values.values() for column in cells):
        if not (column in OTHERS or (column.startswith("tags.") and len(column) > 5 and column != MOVED_TO)):
            raise BadRequestError(reason=f"{column} cannot be set for many runs at once. Nothing was changed.")
    current = {key_text(row["run_id"]): row for row in reversed(list(rows))}
    changes: list[Change] = []
    changed: list[Changed] = []
    for run_id, cells in values.items():
        row = current.get(run_id)
        if row is None:
            continue
        if row.get("status") == MOVED:
            name = key_text(row.get("name")) or run_id
            raise BadRequestError(reason=f"{name} is in {row.get(MOVED_TO)} now: edit it there. Nothing was changed.")
        if not is_blank(status := cells.get("status")) and status not in RUN_STATUS:
            raise BadRequestError(reason=f"status must be one of: {', '.join(RUN_STATUS)}. Nothing was changed.")
        mine = {}
        for column, value in cells.items():
            was = seen.get(run_id, {}).get(column)
            found = from_cell(row.get(column), RUNS.kind(column))
            if is_blank(found) if is_blank(was) else same(row.get(column), to_cell(was, RUNS.kind(column))):
                mine[column] = None if is_blank(value) else value
            else:
                changed.append(Changed(run_id, key_text(row.get("name")), column, was, found))
        if mine and (change := change_row("runs", (run_id,), row, mine, who, now)):
            changes.append(change)
    what = f"{count(len(changes), 'run is', 'runs are')} changed"
    gone = tuple(run_id for run_id in values if run_id not in current)
    return BulkPlan(Decision(what, tuple(changes)), tuple(changed), gone)


def edit_runs(registry: Registry, values: Values, seen: Values, who: str) -> Decided:
    """Set cells of many runs as one change.

    Raises:
        ValueChangedError: one of them holds something else than the person saw; nothing was changed.
        Others: as :func:`plan_bulk` and :func:`tracker.deciding.decide.carry_out`.
    """

    def plan() -> Decision:
        found = plan_bulk(cells_of(registry.folders, "runs"), values, seen, who, time.time())
        for one in found.changed:
            raise ValueChangedError(column=one.column, key=one.run_id, seen=one.seen, current=one.current)
        return found.decision

    return carry_out(registry, plan, who)


def planned(registry: Registry, values: Values, seen: Values, who: str) -> BulkPlan:
    """What :func:`edit_runs` would do; changes nothing."""
    return plan_bulk(cells_of(registry.folders, "runs"), values, seen, who, time.time())


def added_to_note(note: Any, text: str) -> str:
    """A note with more below it."""
    return text if is_blank(note) else f"{str(note).rstrip()}\n\n{text}"


def settled(values: Values, changed: Sequence[Changed], *, overwrite: bool) -> tuple[Values, Values]:
    """The values, and what was seen, after a person has decided about cells that changed meanwhile.

    Args:
        overwrite: their own values go over what they see there now; otherwise those cells are left.

    Returns:
        What to set, and what the person saw in the cells that changed.
    """
    cells = {(one.run_id, one.column): one.current for one in changed}
    kept = {
        run_id: {column: value for column, value in columns.items() if overwrite or (run_id, column) not in cells}
        for run_id, columns in values.items()
    }
    now: dict[str, dict[str, Any]] = {}
    for (run_id, column), current in cells.items():
        now.setdefault(run_id, {})[column] = current
    return {run_id: columns for run_id, columns in kept.items() if columns}, now
