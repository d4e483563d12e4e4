"""What a copy has that the registry lacks: its differences from their common ancestor, as changes of a person's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tracker.history.compare import Differences
from tracker.model import Change, Entry, Key
from tracker.schema import TABLES
from tracker.values import same

Cells = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Clash:
    """A cell that both sides changed to different values."""

    table: str
    key: Key
    column: str
    base: object
    ours: object
    theirs: object


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What merging would do."""

    changes: tuple[Change, ...] = ()
    """What only the copy has; the registry's cells hold what the ancestor has."""
    clashes: tuple[Clash, ...] = ()
    already: int = 0
    """Cells that both sides changed to the same value, or that the registry got from the copy before."""
    removed: tuple[tuple[str, Key], ...] = ()
    """Rows that are gone in the copy and stay in the registry."""
    unknown_columns: tuple[tuple[str, str], ...] = ()
    """Columns of people's own that only the copy has, as (table, column): to be added before they can be merged."""
    keyless: int = 0
    """Rows without a key that only the copy has; they become rows of the registry's runs."""

    def does_the_same(self, other: MergePlan) -> bool:
        """Whether both set the same cells from the same to the same, whenever they were made."""

        def cells(plan: MergePlan) -> list[object]:
            return [(one.table, one.key, dict(one.set), dict(one.was)) for one in plan.changes]

        return repr((cells(self), self.clashes)) == repr((cells(other), other.clashes))


def plan_three_way(
    differences: Differences,
    ours: Mapping[str, Mapping[Key, Cells]],
    columns: Mapping[str, Iterable[str]],
    who: str,
    now: float,
) -> MergePlan:
    """Decide cell by cell: whoever changed a cell alone is right; where both did, both values are shown.

    Args:
        differences: from the common ancestor to the copy.
        ours: the rows of the registry that ``differences`` speaks of, as far as they are there.
        columns: the columns that each table of the registry has.
        who: who saved the copy.
        now: seconds since 1970, UTC.
    """
    changes: list[Change] = []
    clashes: list[Clash] = []
    removed: list[tuple[str, Key]] = []
    unknown: dict[tuple[str, str], None] = {}
    already = keyless = 0
    for entry in differences.entries:
        if entry.table not in TABLES or entry.table not in columns:
            continue
        row = ours.get(entry.table, {}).get(entry.key)
        if entry.removed:
            if row is not None:
                removed.append((entry.table, entry.key))
            continue
        if not entry.key[0]:
            if entry.table != "runs":
                continue
            entry, keyless = replace(entry, key=(_id_of(entry),)), keyless + 1
            row = ours.get("runs", {}).get(entry.key)
        cells: dict[str, object] = {}
        was: dict[str, object] = {}
        for column, cell in entry.cells.items():
            if column in TABLES[entry.table].key:
                continue
            if not _has(entry.table, column, columns[entry.table]):
                unknown[entry.table, column] = None
                continue
            current = (row or {}).get(column)
            if row is not None and same(current, cell.new):
                already += 1
            elif row is None or same(current, cell.old):
                cells[column] = cell.new
                was[column] = cell.old
            else:
                clashes.append(Clash(entry.table, entry.key, column, cell.old, current, cell.new))
        if row is None and not entry.new:
            removed.append((entry.table, entry.key))  # the registry's side deleted the row
        elif cells or row is None:
            changes.append(Change(entry.table, entry.key, cells, was, row is None, now, who, "person"))
    return MergePlan(tuple(changes), tuple(clashes), already, tuple(removed), tuple(unknown), keyless)


def clash_changes(clashes: Iterable[Clash], take_theirs: bool, who: str, now: float) -> list[Change]:
    """Clashes as changes of which the next sync sets the copy's values, or keeps them as conflicts beside ours."""
    return [
        Change(
            clash.table,
            clash.key,
            {clash.column: clash.theirs},
            {clash.column: clash.ours if take_theirs else clash.base},
            False,
            now,
            who,
            "person",
        )
        for clash in clashes
    ]


def _id_of(entry: Entry) -> str:
    """A run_id for a row that somebody typed into the copy: merged once more, it is the same row."""
    text = repr(sorted((name, str(cell.new)) for name, cell in entry.cells.items()))
    return f"merged-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:10]}"


def _has(table: str, column: str, columns: Iterable[str]) -> bool:
    """Whether the registry's table has the column, or gets it with the first value."""
    prefixes = TABLES[table].open_prefixes
    declared = TABLES[table].column(column)
    return column in columns or (
        declared is not None and (declared.added or any(column.startswith(prefix) for prefix in prefixes))
    )
