"""What differs between two workbooks: cell by cell, by row key, in all tables that both or one of them has.

Where the rows stand, how they look and what a column is headed does not count; a formula counts by being one. Rows that
are the same bytes in both are not taken apart, so that comparing what two syncs wrote costs little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tracker.journal.incoming import Incoming
from tracker.journal.merge import TablePlan, plan
from tracker.model import Author, CellChange, ChangeSet, ColumnChange, Entry, Key
from tracker.schema import TABLES
from tracker.settings import Settings, own_names
from tracker.values import key_text, same
from tracker.workbook import ErrorValue, Table, TableRow, Workbook, open_workbook

ALIKE = 0.9
"""The share of equal values from which a column that went and one that came count as one with another header; where
both are blank their place decides."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What is otherwise in the second workbook."""

    entries: tuple[Entry, ...] = ()
    """The rows that are new, removed, or have other cells."""
    columns: tuple[ColumnChange, ...] = ()
    sheets: tuple[str, ...] = ()
    """Sheets without a table of Tracker's whose bytes differ, or that only one of both has."""

    def __bool__(self) -> bool:
        return bool(self.entries or self.columns or self.sheets)

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many rows are new, removed, changed."""
        new = sum(entry.new for entry in self.entries)
        removed = sum(entry.removed for entry in self.entries)
        return new, removed, len(self.entries) - new - removed


def compare_files(before: Path, after: Path, made: Sequence[ChangeSet] = ()) -> Differences:
    """What differs between two workbooks; raises as :func:`tracker.workbook.open_workbook`.

    Args:
        made: change sets that are applied to the first one before it is compared; it is not written.
    """
    with open_workbook(before) as one, open_workbook(after) as other:
        return compare(one, other, made)


def compare(before: Workbook, after: Workbook, made: Sequence[ChangeSet] = ()) -> Differences:
    """The same for workbooks that are open; both are only read."""
    known = {**before.settings().values, **after.settings().values}
    settings = Settings(known)
    alike = before.reads_like(after)
    planned = _applied(before, made, settings) if made else {}
    entries: list[Entry] = []
    columns: list[ColumnChange] = []
    for name in dict.fromkeys((*TABLES, *before.table_names, *after.table_names)):
        one, other = before.table(name), after.table(name)
        if one is None and other is None:
            continue
        sides = [_Side.of(table, name, settings, planned.get(name) if table is one else None) for table in (one, other)]
        found = _TableComparison(name, sides[0], sides[1], alike)
        if found.comparable:
            entries += found.entries()
            columns += found.columns()
    return Differences(tuple(entries), tuple(columns), tuple(_sheets(before, after)))


def _applied(workbook: Workbook, made: Sequence[ChangeSet], settings: Settings) -> Mapping[str, TablePlan]:
    """What change sets do to the tables of a workbook, as a sync would decide that brings them back."""
    views = {name: table for name in workbook.table_names if (table := workbook.table(name)) is not None}
    for table in views.values():
        table.take_in_rows_below()
        table.take_in_columns_beside()
    keyless: dict[int, TableRow] = {}
    if runs := views.get("runs"):
        places = _places(own_names("runs", runs.columns, settings), ("run_id",))
        if places is not None:
            rows = map(runs.row, runs.blank_in(places[0]))
            keyless = {row.number: row for row in rows if not row.is_blank}
    return plan(views, Incoming(replay=tuple(made)), settings, lambda *_: None, keyless).tables


def _sheets(before: Workbook, after: Workbook) -> Iterator[str]:
    one, other = before.other_sheets(), after.other_sheets()
    for name in dict.fromkeys((*one, *other)):
        if one.get(name) != other.get(name):
            yield name


# -- one table ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Side:
    """One of the two tables: its rows by key, and those that cannot be told by a key."""

    table: Table | None
    headers: Sequence[str]
    names: Sequence[str]
    updates: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    appends: Sequence[Mapping[str, Any]] = ()
    rows: dict[Key, int] = field(default_factory=dict)
    """Row numbers; the rows that a plan appends count down from -1."""
    others: list[int] = field(default_factory=list)
    """Rows without a key, or with one that stands further up already."""
    has_key: bool = True

    @property
    def places(self) -> dict[str, int]:
        """Where each column stands, by its own name."""
        return {name: place for place, name in enumerate(self.names)}

    @classmethod
    def of(cls, table: Table | None, name: str, settings: Settings, planned: TablePlan | None) -> _Side:
        if table is None:
            return cls(None, (), ())
        table.take_in_columns_beside()
        added = planned.columns if planned else []
        headers = (*table.columns, *added)
        side = cls(table, headers, own_names(name, headers, settings))
        if planned:
            side.updates, side.appends = planned.updates, planned.appends
        side._look_up(TABLES[name].key if name in TABLES else side.names[:1])
        return side

    def _look_up(self, key: Sequence[str]) -> None:
        places = _places(self.names, key)
        if places is None or self.table is None:
            self.has_key = False
            return
        self.table.take_in_rows_below()
        for number, texts in self.table.keys(places):
            if number in self.updates:
                texts = tuple(key_text(self.row(number).values[place]) for place in places)
            self._add(texts, number)
        for index, values in enumerate(self.appends):
            self._add(tuple(key_text(values.get(self.headers[place])) for place in places), -1 - index)

    def _add(self, key: Key, number: int) -> None:
        if not key[0] or key in self.rows:
            self.others.append(number)
        else:
            self.rows[key] = number

    def row(self, number: int) -> TableRow:
        """A row as it is when the plan is carried out."""
        assert self.table is not None
        if number < 0:
            return TableRow(number, [self.appends[-1 - number].get(header) for header in self.headers], frozenset())
        row = self.table.row(number)
        values = row.values + [None] * (len(self.headers) - len(row.values))
        for header, value in self.updates.get(number, {}).items():
            values[self.headers.index(header)] = value
        return replace(row, values=values)

    def cells(self, number: int) -> dict[str, Any]:
        """The cells of a row that are not blank, by the columns' own names."""
        row = self.row(number)
        return {name: _plain(v) for name, v in zip(self.names, row.values, strict=True) if v is not None and v != ""}


class _TableComparison:
    """Two states of one table."""

    def __init__(self, name: str, before: _Side, after: _Side, alike: bool) -> None:
        self._name = name
        self._before = before
        self._after = after
        same_place = (
            before.table is not None
            and after.table is not None
            and before.table.columns == after.table.columns[: len(before.table.columns)]
            and before.table.ref.first_column == after.table.ref.first_column
        )
        self._unchanged = _equal_rows(before, after) if alike and same_place else frozenset[int]()
        self._renamed = self._find_renamed() if self.comparable else {}

    @property
    def comparable(self) -> bool:
        """Whether rows can be told: a table of people's is compared only where its first column does."""
        if not (self._before.has_key and self._after.has_key):
            return False
        return self._name in TABLES or not (self._before.others or self._after.others)

    def entries(self) -> Iterator[Entry]:
        """The rows that are new, removed, or have other cells, in the order of the second state."""
        before, after = self._before, self._after
        pairs: list[tuple[str, int | None, int | None]] = [
            (name, before.places.get(self._renamed.get(name, name)), place) for name, place in after.places.items()
        ]
        gone = before.places.keys() - after.places.keys() - set(self._renamed.values())
        pairs += [(name, place, None) for name, place in before.places.items() if name in gone]
        for key, number in after.rows.items():
            there = before.rows.get(key)
            if there is None:
                yield self._entry(key, after.cells(number), new=True)
            elif changed := self._changed(there, number, pairs):
                yield Entry(self._name, key, changed, by="person")
        for key, number in before.rows.items():
            if key not in after.rows:
                yield self._entry(key, before.cells(number), new=False)
        yield from self._without_key()

    def _entry(self, key: Key, cells: Mapping[str, Any], new: bool) -> Entry:
        changes = {c: CellChange(None, value) if new else CellChange(value, None) for c, value in cells.items()}
        return Entry(self._name, key, changes, new=new, removed=not new, by="person")

    def _changed(
        self, there: int, here: int, pairs: Sequence[tuple[str, int | None, int | None]]
    ) -> dict[str, CellChange]:
        if there == here and here in self._unchanged:
            return {}
        one, other = self._before.row(there), self._after.row(here)
        changed = {}
        for name, left, right in pairs:
            old = None if left is None else one.values[left]
            new = None if right is None else other.values[right]
            computed = left in one.formulas and right in other.formulas
            if not computed and not same(old, new):
                changed[name] = CellChange(_plain(old), _plain(new))
        return changed

    def _without_key(self) -> Iterator[Entry]:
        """Rows that no key tells: those that both have, cell by cell, are left out."""
        left = [self._before.cells(number) for number in self._before.others]
        found = []
        for number in self._after.others:
            cells = self._after.cells(number)
            twin = next((one for one in left if _equal(one, cells)), None)
            if twin is not None:
                left.remove(twin)
            elif cells:
                found.append(cells)
        key = ("",) * len(TABLES[self._name].key) if self._name in TABLES else ("",)
        yield from (self._entry(key, cells, new=True) for cells in found)
        yield from (self._entry(key, cells, new=False) for cells in left if cells)

    def columns(self) -> list[ColumnChange]:
        """The columns that came, went, or have another header."""
        before, after = self._before, self._after
        if before.table is None or after.table is None:
            return []
        changes = []
        for name, place in after.places.items():
            was = before.places.get(self._renamed.get(name, name))
            old, new = "" if was is None else before.headers[was], after.headers[place]
            if old != new:
                changes.append(ColumnChange(self._name, name, old, new))
        gone = before.places.keys() - after.places.keys() - set(self._renamed.values())
        return changes + [
            ColumnChange(self._name, name, before.headers[place], "")
            for name, place in before.places.items()
            if name in gone
        ]

    def _find_renamed(self) -> dict[str, str]:
        """Columns that hold what one that is gone held, so they have only another header: the old name by the new."""
        before, after = self._before, self._after
        gone = [name for name in before.places if name not in after.places]
        come = [name for name in after.places if name not in before.places]
        if not gone or not come or before.table is None or after.table is None:
            return {}
        shared = [key for key in before.rows if key in after.rows]
        equal = dict.fromkeys(((one, two) for one in gone for two in come), 0)
        filled = dict.fromkeys(equal, 0)
        for key in shared[:: max(1, len(shared) // _LOOKED_AT)]:
            old, new = before.cells(before.rows[key]), after.cells(after.rows[key])
            for one, two in equal:
                if one in old or two in new:
                    filled[one, two] += 1
                    equal[one, two] += same(old.get(one), new.get(two))
        found: dict[str, str] = {}
        for (one, two), count in sorted(equal.items(), key=lambda item: -item[1]):
            blank = not filled[one, two] and before.places[one] == after.places[two]
            alike = count and count >= ALIKE * filled[one, two]
            if (alike or blank) and two not in found and one not in found.values():
                found[two] = one
        return found


_LOOKED_AT = 200
"""How many rows tell whether two columns hold the same."""


def _equal_rows(before: _Side, after: _Side) -> frozenset[int]:
    """The numbers of the rows that are the same bytes on both sides."""
    assert before.table is not None and after.table is not None
    first, last = before.table.ref.first_row + 1, min(before.table.ref.last_row, after.table.ref.last_row)
    others = after.table.sheet.rows(first, last)
    here, xml = next(others, (last + 1, b""))
    equal = set()
    for number, old in before.table.sheet.rows(first, last):
        while here < number:
            here, xml = next(others, (last + 1, b""))
        if here == number and xml == old:
            equal.add(number)
    return frozenset(equal - before.updates.keys())


def _places(names: Sequence[str], key: Iterable[str]) -> list[int] | None:
    lower = [name.lower() for name in names]
    wanted = [part.lower() for part in key]
    return [lower.index(part) for part in wanted] if wanted and set(wanted) <= set(lower) else None


def _equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())


def _plain(value: Any) -> Any:
    """An error such as #N/A as its text."""
    return str(value) if isinstance(value, ErrorValue) else value


def stamped(differences: Differences, time: float, who: str, by: Author = "person", why: str = "") -> tuple[Entry, ...]:
    """The entries with when and by whom."""
    return tuple(replace(entry, time=time, who=who, by=by, why=why) for entry in differences.entries)
