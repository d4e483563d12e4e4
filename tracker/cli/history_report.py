"""What the command line says about the history and about what differs: as lines of text, and as plain data for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from tracker.cli.report import conflict_line, plain, plain_conflict
from tracker.history.compare import Differences
from tracker.history.versions import Version
from tracker.model import CellChange, ChangeSet, ColumnChange, Entry
from tracker.terminal import one_line, quoted, shown
from tracker.values import utc
from tracker.wording import count

MOST_CELLS = 12
"""How many cells of one row are shown."""
MOST_ROWS = 50
"""How many rows of one change set are shown."""
NEW, GONE, OTHER = "green", "red", "yellow"


def painted(text: str, colour: str) -> str:
    """The text in a colour; what prints it takes the colour out where no terminal shows it."""
    return click.style(text, fg=colour)


# -- change sets and outside saves --------------------------------------------------------------------------------


def history_lines(found: ChangeSet) -> list[str]:
    """One change set or outside save: when, who, with what, and each cell from what to what."""
    who = " ".join(part for part in (found.who, f"({found.program})" if found.program else "") if part)
    name = f"saved outside {found.id}" if found.outside else f"{found.number:06d}"
    lines = [f"{painted(name, OTHER)}  {shown(utc(found.time))}  {one_line(who)}".rstrip()]
    if found.note:
        lines.append(f"  {one_line(found.note)}")
    if found.restored:
        lines.append(f"  brought back the version {found.restored}")
    if found.replayed:
        lines.append(f"  brought back {count(len(found.replayed), 'change set')} that the workbook had lost")
    lines += [f"  {column_line(change)}" for change in found.columns]
    for entry in found.entries[:MOST_ROWS]:
        lines += _entry_lines(entry, found.who)
    if len(found.entries) > MOST_ROWS:
        lines.append(f"  … and {count(len(found.entries) - MOST_ROWS, 'more row')}; --json has all")
    return lines + [f"  {conflict_line(conflict)}" for conflict in found.conflicts]


def _entry_lines(entry: Entry, who: str) -> list[str]:
    place = one_line(f"{entry.table} {' '.join(entry.key)}".rstrip()) if any(entry.key) else f"{entry.table} (no key)"
    name = entry.cells.get("name") if entry.table == "runs" else None
    known = f" {quoted(name.old if entry.removed else name.new)}" if name and (entry.new or entry.removed) else ""
    if entry.new or entry.typed:
        made = "typed by a person" if entry.typed else "new"
        return [f"  {painted(place + known, NEW)}: {made}, {count(len(entry.cells), 'cell')}"]
    if entry.removed:
        return [f"  {painted(place + known, GONE)}: removed, {count(len(entry.cells), 'cell')}"]
    by = f", by {one_line(entry.who)}" if entry.who not in ("", who) else ""
    why = f" ({one_line(entry.why)})" if entry.why else ""
    return [f"  {place}{by}{why}", *_cell_lines(entry)]


def _cell_lines(entry: Entry) -> list[str]:
    cells = list(entry.cells.items())
    lines = [f"    {cell_line(name, cell)}" for name, cell in cells[:MOST_CELLS]]
    if len(cells) > MOST_CELLS:
        lines.append(f"    … and {count(len(cells) - MOST_CELLS, 'more cell')}")
    return lines


def cell_line(name: str, cell: CellChange) -> str:
    """``metrics.loss: 0.5 → 0.4``, with as many digits as it takes to see a difference."""
    old, new = quoted(cell.old), quoted(cell.new)
    if old == new:
        old, new = repr(cell.old), repr(cell.new)
    return f"{one_line(name)}: {old} → {new}"


def column_line(change: ColumnChange) -> str:
    """What became of a column."""
    table = one_line(change.table)
    if not change.old:
        return f"{table}: column {painted(one_line(change.new), NEW)} is new"
    if not change.new:
        return f"{table}: column {painted(one_line(change.old), GONE)} is gone"
    return f"{table}: column {quoted(change.old)} is headed {quoted(change.new)} now"


def plain_change_set(found: ChangeSet) -> dict[str, Any]:
    """A change set or outside save for JSON, with every cell."""
    return {
        "id": found.id,
        "number": found.number,
        "time": utc(found.time).isoformat() + "Z",
        "who": found.who,
        "program": found.program,
        "outside": found.outside,
        "restored": found.restored,
        "note": found.note,
        "replayed": list(found.replayed),
        "entries": plain_entries(found.entries),
        "columns": plain_columns(found.columns),
        "conflicts": [plain_conflict(conflict) for conflict in found.conflicts],
    }


def plain_entries(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Rows for JSON."""
    return [
        {
            "table": entry.table,
            "key": list(entry.key),
            "new": entry.new,
            "removed": entry.removed,
            "who": entry.who,
            "by": entry.by,
            "why": entry.why,
            "cells": {name: {"old": plain(c.old), "new": plain(c.new)} for name, c in entry.cells.items()},
        }
        for entry in entries
    ]


def plain_columns(columns: Iterable[ColumnChange]) -> list[dict[str, str]]:
    """Columns that came, went or have another header, for JSON."""
    return [{"table": one.table, "column": one.column, "old": one.old, "new": one.new} for one in columns]


# -- what differs -------------------------------------------------------------------------------------------------


def difference_lines(found: Differences) -> Iterator[str]:
    """What differs between two workbooks: table by table, row by row, cell by cell."""
    if not found:
        yield "Nothing differs in the tables or on the other sheets."
        return
    tables = dict.fromkeys([*(one.table for one in found.columns), *(entry.table for entry in found.entries)])
    for table in tables:
        entries = [entry for entry in found.entries if entry.table == table]
        new, removed, changed = Differences(tuple(entries)).counts
        counts = [f"{number:,} {word}" for number, word in zip((new, removed, changed), _WORDS, strict=True) if number]
        yield f"{one_line(table)}: {'rows: ' + ', '.join(counts) if counts else 'columns only'}"
        yield from (f"  {column_line(one)}" for one in found.columns if one.table == table)
        for entry in entries:
            yield from _difference(entry)
    if found.sheets:
        yield f"Other sheets whose content differs: {', '.join(map(one_line, found.sheets))}"


_WORDS = ("new", "removed", "changed")


def _difference(entry: Entry) -> Iterator[str]:
    key = one_line(" ".join(entry.key)) or "(no key)"
    if not (entry.new or entry.removed):
        yield painted(f"  ~ {key}", OTHER)
        yield from _cell_lines(entry)
        return
    sign, colour = ("+", NEW) if entry.new else ("-", GONE)
    yield painted(f"  {sign} {key}", colour)
    cells = [(name, cell.new if entry.new else cell.old) for name, cell in entry.cells.items()]
    for name, value in cells[:MOST_CELLS]:
        yield painted(f"    {one_line(name)}: {quoted(value)}", colour)
    if len(cells) > MOST_CELLS:
        yield f"    … and {count(len(cells) - MOST_CELLS, 'more cell')}"


def plain_differences(found: Differences) -> dict[str, Any]:
    """What differs, for JSON."""
    entries = [{name: row[name] for name in _OF_A_ROW} for row in plain_entries(found.entries)]
    return {"rows": entries, "columns": plain_columns(found.columns), "sheets": list(found.sheets)}


_OF_A_ROW = ("table", "key", "new", "removed", "cells")


# -- versions -----------------------------------------------------------------------------------------------------


def version_rows(versions: Sequence[Version]) -> list[list[str]]:
    """The versions, newest first: which change set, when it was saved and replaced, how large, its file."""
    return [
        [
            "none" if version.number is None else str(version.number),
            shown(version.saved),
            shown(version.replaced or datetime.min),
            f"{version.path.stat().st_size / 1e6:.1f} MB",
            version.path.name,
        ]
        for version in reversed(versions)
    ]
