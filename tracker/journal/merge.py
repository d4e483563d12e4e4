"""What of everything incoming is set in which cell of which row. Pure: reads rows, decides, writes nothing.

Who wins where a cell holds something else than a change expects is decided by :mod:`tracker.journal.cell`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from tracker.journal.cell import Verdict, Wish, decide
from tracker.journal.headers import Headers
from tracker.journal.incoming import Incoming
from tracker.model import CellChange, Change, Conflict, Entry, Key, NewCells, Reason
from tracker.schema import TABLES, Table
from tracker.settings import COLUMN_PREFIX, Settings
from tracker.values import MAX_TEXT, same

LastEntry = Callable[[str, Key, str | None], Entry | None]
"""The newest entry of the history that set a cell; with None for the column, any cell of the row."""


class Row(Protocol):
    """One row of a table, as far as a decision needs it."""

    @property
    def values(self) -> list[Any]: ...
    @property
    def formulas(self) -> frozenset[int]: ...


class View(Protocol):
    """One table: its headers, and its rows by a handle of its own (an index or a row number)."""

    @property
    def columns(self) -> Sequence[str]: ...
    def find(self, key: Sequence[int], wanted: Sequence[Key]) -> dict[Key, int]: ...
    def row(self, handle: int, /) -> Row: ...


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry of the change set to come; one that is only replayed stands in an earlier change set already."""

    entry: Entry
    replayed: bool = False


@dataclass(slots=True)
class TablePlan:
    """What is to be done to one table, in terms of headers."""

    columns: list[str] = field(default_factory=list)
    """Headers to add at the right."""
    updates: dict[int, dict[str, Any]] = field(default_factory=dict)
    appends: list[Mapping[str, Any]] = field(default_factory=list)
    updated: list[tuple[int, Planned]] = field(default_factory=list)
    """What is updated, for the change set, with the columns by their own names."""
    appended: list[list[Planned]] = field(default_factory=list)
    """The same for each row of ``appends``."""


@dataclass(slots=True)
class Plan:
    """What a sync will do: per table, and what it will not do, with the reasons."""

    tables: dict[str, TablePlan] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    deferred: list[Change] = field(default_factory=list)
    too_long: list[tuple[Key, str, int]] = field(default_factory=list)
    """Values that no cell can hold: key, column, characters. They are deferred."""
    longest: int = MAX_TEXT

    @property
    def entries(self) -> list[Entry]:
        """Every row that changes for the first time."""
        found: list[Planned] = []
        for plan in self.tables.values():
            found += [planned for row in plan.appended for planned in row]
            found += [planned for _, planned in plan.updated]
        return [planned.entry for planned in found if not planned.replayed]


@dataclass(slots=True)
class _Row:
    new: bool
    replayed: bool
    typed: Entry | None = None
    removed: bool = False
    """A restore took it away; a replay does not bring it back."""
    wishes: dict[str, Wish] = field(default_factory=dict)
    """By column the newest wish for each cell, which leads to the earlier ones."""


def plan(
    views: Mapping[str, View],
    incoming: Incoming,
    settings: Settings,
    last_entry: LastEntry,
    keyless: Mapping[int, Row] | None = None,
    longest: int = MAX_TEXT,
) -> Plan:
    """Decide about everything incoming.

    ``keyless`` has the rows of ``runs`` that a person typed without a run_id, by handle: a replay may know them.
    ``longest`` is how many characters a cell holds.
    """
    result = Plan(longest=longest)
    wanted = _collect(incoming)
    for table_name, rows in wanted.items():
        view = views.get(table_name)
        table = TABLES.get(table_name)
        if view is None or table is None:
            for key, row in rows.items():
                result.conflicts += _conflicts(table_name, key, _row_of(row).wishes, "no table")
            continue
        headers = Headers(table, view.columns, settings)
        key_places = [headers.place(column) for column in table.key]
        if any(place is None for place in key_places):
            for key, row in rows.items():
                result.conflicts += _conflicts(table_name, key, _row_of(row).wishes, "no column")
            continue
        places = [place for place in key_places if place is not None]
        look = [key for key, row in rows.items() if not (row.new and table.unique_keys) or _is_replayed(row)]
        found = view.find(places, look) if look else {}
        typed_left = dict(keyless or {}) if table_name == "runs" else {}
        target = result.tables.setdefault(table_name, TablePlan())
        for key, row in rows.items():
            handle = found.get(key)
            if isinstance(row, Change):
                if handle is None:
                    _append_alone(result, target, table, row, headers)
                    continue
                row = _row_of(row)
            if handle is None and row.typed is not None:
                handle = _match_typed(row.typed, typed_left, headers)
            if handle is not None and row.removed:
                result.conflicts.append(Conflict(table_name, key, table.key[0], key[0], None, "removed row"))
            if handle is not None:
                _update(result, target, table, key, row, handle, view.row(handle), headers, last_entry)
            elif row.new:
                _append(result, target, table, key, row, headers)
            elif not (row.removed or row.replayed) and last_entry(table_name, key, None) is None:
                result.deferred += _early(table_name, key, row)
            else:
                result.conflicts += _conflicts(table_name, key, row.wishes, "deleted row")
        target.columns += headers.added
        for name, header in headers.renamed.items():
            change = Change(
                "settings", (f"{COLUMN_PREFIX}{table_name}.{name}",), {"value": header}, new=True, by="sync"
            )
            _remember(result, views, settings, change)
    result.tables = {name: plan for name, plan in result.tables.items() if plan.updates or plan.appends}
    return result


# -- putting together ---------------------------------------------------------------------------------------------


def _collect(incoming: Incoming) -> dict[str, dict[Key, _Row | Change]]:
    """Everything incoming by table and row.

    A new row that only one change is about, as most rows are where there are many, is that change.
    """
    wanted: dict[str, dict[Key, _Row | Change]] = {}

    def row_of(table: str, key: Key, new: bool, replayed: bool) -> _Row:
        rows = wanted.setdefault(table, {})
        row = rows.get(key)
        if not isinstance(row, _Row):
            row = rows[key] = _Row(False, False) if row is None else _row_of(row)
        row.new |= new
        row.replayed |= replayed
        return row

    for change_set in incoming.replay:
        for entry in change_set.entries:
            if entry.removed:
                wanted.setdefault(entry.table, {})[entry.key] = _Row(False, True, removed=True)
                continue
            row = row_of(entry.table, entry.key, entry.new or entry.typed, True)
            row.typed = entry if entry.typed else row.typed
            row.removed = False
            for column, cell in entry.cells.items():
                origin = (entry.time, entry.who, entry.by, entry.why)
                _want(row, column, Wish(cell.new, cell.old, *origin, replayed=True, follows=not incoming.forked))
    for change in (*incoming.deferred, *incoming.changes):
        rows = wanted.setdefault(change.table, {})
        if change.new and change.key not in rows:
            rows[change.key] = change
        else:
            _add(row_of(change.table, change.key, change.new, False), change)
    return wanted


def _row_of(row: _Row | Change) -> _Row:
    if isinstance(row, _Row):
        return row
    made = _Row(row.new, False)
    _add(made, row)
    return made


def _is_replayed(row: _Row | Change) -> bool:
    return isinstance(row, _Row) and row.replayed


def _add(row: _Row, change: Change) -> None:
    row.removed &= not change.new
    for column, value in change.set.items():
        _want(row, column, Wish(value, change.was.get(column), change.time, change.who, change.by, change.why))


def _want(row: _Row, column: str, wish: Wish) -> None:
    wish.earlier = row.wishes.get(column)
    row.wishes[column] = wish


# -- deciding -----------------------------------------------------------------------------------------------------


def _update(
    result: Plan,
    target: TablePlan,
    table: Table,
    key: Key,
    row: _Row,
    handle: int,
    current: Row,
    headers: Headers,
    last_entry: LastEntry,
) -> None:
    values: dict[str, Any] = {}
    cells: dict[str, CellChange] = {}
    won: dict[str, Wish] = {}
    for column, newest in row.wishes.items():
        place = headers.place(column)
        old = current.values[place] if place is not None and place < len(current.values) else None
        is_formula = place is not None and place in current.formulas
        verdict = decide(newest, old, is_formula, partial(last_entry, table.name, key, column), column)
        wish = _noted(result, table.name, key, column, old, verdict)
        if wish is None:
            continue
        changes = not same(old, wish.value)
        if not (changes or wish.settles or not same(verdict.before, wish.value)):
            continue
        if _has_place(result, table.name, key, column, wish, headers):
            cells[column], won[column] = CellChange(verdict.before, wish.value), wish
            if changes:
                values[str(headers.header(column))] = wish.value
    if row.typed is not None and not cells.keys() >= set(table.key):
        # The row that a person typed gets its key back.
        for part, text in zip(table.key, key, strict=True):
            place = headers.place(part)
            if place is not None and current.values[place] is None:
                cells[part] = CellChange(None, text)
                values[str(headers.header(part))] = text
    if cells:
        target.updates.setdefault(handle, {}).update(values)
        target.updated += [(handle, planned) for planned in _planned(table.name, key, cells, won, row)]


def _append(result: Plan, target: TablePlan, table: Table, key: Key, row: _Row, headers: Headers) -> None:
    cells: dict[str, CellChange] = {}
    won: dict[str, Wish] = {}
    for column, newest in row.wishes.items():
        verdict = decide(newest, None, False, lambda: None, column)
        wish = _noted(result, table.name, key, column, None, verdict)
        if wish is None or (same(wish.value, None) and same(verdict.before, None)):
            continue
        if same(wish.value, None) or _has_place(result, table.name, key, column, wish, headers):
            cells[column], won[column] = CellChange(verdict.before, wish.value), wish
    for part, text in zip(table.key, key, strict=True):
        cells.setdefault(part, CellChange(None, text))
    filled = {column: cell.new for column, cell in cells.items() if not same(cell.new, None)}
    target.appends.append({str(headers.header(column)): value for column, value in filled.items()})
    target.appended.append(_planned(table.name, key, cells, won, row, new=True))


def _append_alone(result: Plan, target: TablePlan, table: Table, change: Change, headers: Headers) -> None:
    """A new row that one change is about."""
    values = {column: value for column, value in change.set.items() if value is not None and value != ""}
    values |= {part: text for part, text in zip(table.key, change.key, strict=True) if text and part not in values}
    header_of, longest, is_renamed = headers.header, result.longest, False
    for column, value in values.items():
        header = header_of(column)
        if header is None or (isinstance(value, str) and len(value) > longest):
            _append(result, target, table, change.key, _row_of(change), headers)
            return
        is_renamed |= header != column
    named = {str(header_of(column)): value for column, value in values.items()} if is_renamed else values
    entry = Entry(
        table.name, change.key, NewCells(values), True, False, change.time, change.who, change.by, why=change.why
    )
    target.appends.append(named)
    target.appended.append([Planned(entry)])


def _noted(result: Plan, table: str, key: Key, column: str, old: Any, verdict: Verdict) -> Wish | None:
    """The winner, once what did not come through is noted as conflicts."""
    stays = verdict.winner.value if verdict.winner else old
    for wish, reason in verdict.refused:
        result.conflicts.append(Conflict(table, key, column, stays, wish.value, reason, wish.time, wish.who))
    return verdict.winner


def _has_place(result: Plan, table: str, key: Key, column: str, wish: Wish, headers: Headers) -> bool:
    """Whether a cell can take the value: it is not too long, and there is a column. If not, that is noted."""
    if isinstance(wish.value, str) and len(wish.value) > result.longest:
        result.deferred.append(_as_change(table, key, column, wish))
        result.too_long.append((key, column, len(wish.value)))
        return False
    if headers.header(column) is None:
        result.conflicts += _conflicts(table, key, {column: wish}, "no column")
        return False
    return True


def _planned(
    table: str, key: Key, cells: dict[str, CellChange], won: Mapping[str, Wish], row: _Row, new: bool = False
) -> list[Planned]:
    """One entry; several where a person decided on some cells and a script on others, since that counts later."""
    if row.typed is not None:
        return [Planned(Entry(table, key, cells, new, True, row.typed.time, row.typed.who, "person"), True)]
    groups: dict[tuple[bool, bool], dict[str, CellChange]] = {}
    for column, cell in cells.items():
        wish = won.get(column)
        group = (wish.by == "person", wish.replayed) if wish else next(iter(groups), (False, row.replayed))
        groups.setdefault(group, {})[column] = cell
    planned: list[Planned] = []
    for (_, replayed), chosen in groups.items():
        decided = (won[column] for column in chosen if column in won)
        # What sync adds to a row, such as how its checklist stands, does not take the row from who logged it.
        latest = max(decided, key=lambda wish: (wish.by != "sync", wish.time), default=None)
        origin = (latest.time, latest.who, latest.by) if latest else (0.0, "", "sync")
        entry = Entry(table, key, chosen, new and not planned, False, *origin, why=latest.why if latest else "")
        planned.append(Planned(entry, replayed))
    return planned


def _conflicts(table: str, key: Key, wishes: Mapping[str, Wish], reason: Reason) -> list[Conflict]:
    return [
        Conflict(table, key, column, None, wish.value, reason, wish.time, wish.who) for column, wish in wishes.items()
    ]


def _early(table: str, key: Key, row: _Row) -> list[Change]:
    """Changes of a row that nobody has made yet: whoever makes it was read too early, and they wait for it."""
    return [_as_change(table, key, column, wish) for column, newest in row.wishes.items() for wish in newest.chain]


def _as_change(table: str, key: Key, column: str, wish: Wish) -> Change:
    """A wish for a later sync."""
    was = {column: wish.expected} if wish.expected is not None else {}
    return Change(table, key, {column: wish.value}, was, False, wish.time, wish.who, wish.by, wish.why)


def _match_typed(typed: Entry, left: dict[int, Row], headers: Headers) -> int | None:
    """The row without a key that holds more than half of what was typed when it got this key."""
    known = {column: cell.new for column, cell in typed.cells.items() if cell.old is not None}
    best, best_score = None, 0.0
    for handle, row in left.items():
        equal = 0
        for column, value in known.items():
            place = headers.place(column)
            equal += place is not None and same(row.values[place], value)
        score = equal / len(known) if known else 0.0
        if score > best_score:
            best, best_score = handle, score
    if best is None or best_score <= 0.5:
        return None
    del left[best]
    return best


def _remember(result: Plan, views: Mapping[str, View], settings: Settings, change: Change) -> None:
    """Note in the settings table under which header a column goes."""
    view = views.get("settings")
    if view is None:
        return
    headers = Headers(TABLES["settings"], view.columns, settings)
    target = result.tables.setdefault("settings", TablePlan())
    row = _Row(True, False, wishes={"value": Wish(change.set["value"], None, 0.0, "", "sync")})
    _append(result, target, TABLES["settings"], change.key, row, headers)
