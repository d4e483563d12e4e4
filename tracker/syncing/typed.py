"""What people did to a registry's tables by hand that sync answers to: typed rows without a key, renamed columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracker.ids import new_run_id
from tracker.journal.merge import Row
from tracker.model import CellChange, Change, Entry
from tracker.schema import TABLES
from tracker.settings import COLUMN_PREFIX, Settings
from tracker.values import utc


def give_keys(
    keyless: Mapping[int, Row], columns: Sequence[str], settings: Settings, now: float, who: str
) -> list[tuple[int, Entry]]:
    """A run_id for every row that a person typed without one, and status, times and owner where they are blank.

    Gives the row's handle and the entry: it records the whole row as typed, so that it is known again when the same
    row comes back without its key in an older copy of the workbook.
    """
    moment = utc(int(now))
    names = [settings.column("runs", header) for header in columns]
    given = []
    for handle, row in keyless.items():
        cells = {
            name: CellChange(value, value)
            for index, (name, value) in enumerate(zip(names, row.values, strict=True))
            if value is not None and index not in row.formulas
        }
        measured = any(name.startswith("metrics.") for name in cells)
        filled: dict[str, object] = {"status": "FINISHED" if measured else "PLANNED", "owner": who}
        if measured:
            filled |= {"start_time": moment, "end_time": moment}
        run_id = new_run_id(now)
        for name, value in filled.items():
            if name in names and name not in cells and value and names.index(name) not in row.formulas:
                cells[name] = CellChange(None, value)
        cells["run_id"] = CellChange(None, run_id)
        given.append((handle, Entry("runs", (run_id,), cells, False, True, now, who, "person")))
    return given


def renamed_columns(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]], settings: Settings
) -> list[Change]:
    """Columns of Tracker that a person gave another header, as far as their place between their neighbours shows it.

    The new header is noted in the settings table, where people can see and correct it.
    """
    changes = []
    for table, old in before.items():
        new = after.get(table)
        schema = TABLES.get(table)
        if new is None or schema is None:
            continue
        for index, header in enumerate(old):
            name = settings.column(table, header)
            if header in new or schema.column(name) is None:
                continue
            candidates = [
                place
                for place, fresh in enumerate(new)
                if fresh not in old and _neighbours(old, index) == _neighbours(new, place)
            ]
            if len(candidates) == 1:
                key = (f"{COLUMN_PREFIX}{table}.{name}",)
                changes.append(Change("settings", key, {"value": new[candidates[0]]}, new=True, by="sync"))
    return changes


def _neighbours(columns: Sequence[str], index: int) -> tuple[str, str]:
    left = columns[index - 1] if index else ""
    right = columns[index + 1] if index + 1 < len(columns) else ""
    return left, right
