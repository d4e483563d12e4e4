"""Change sets, outside saves and differences as tables of a page. No streamlit in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from tracker.history.versions import Version
from tracker.model import CellChange, ChangeSet, ColumnChange, Entry
from tracker.schema import TABLES
from tracker.values import from_cell
from tracker.web.common import shown

MOST_CELLS = 2000
"""How many cells a page lists; the command line has all."""
SIGNS = {"new": "+", "removed": "-", "changed": "≠"}


def events_table(events: Sequence[ChangeSet]) -> pd.DataFrame:
    """One line per change set or outside save."""
    rows = [
        {
            "when": datetime.fromtimestamp(found.time, UTC),
            "change": "outside" if found.outside else str(found.number),
            "who": found.who or None,
            "with": program(found) or None,
            "what": what(found),
        }
        for found in events
    ]
    return pd.DataFrame(rows, columns=["when", "change", "who", "with", "what"])


def program(found: ChangeSet) -> str:
    """What the change was made with, as people say it."""
    return "Tracker" if found.program == "person" else brief(found.program)


def brief(name: str) -> str:
    """A program's name without its maker and its build: ``Excel``, ``LibreOffice``."""
    return name.rpartition(" / ")[2].partition("/")[0].removeprefix("Microsoft ")


def what(found: ChangeSet) -> str:
    """What a change set did, in one line: ``undo of change set 3; runs: 2 changed``."""
    reasons = dict.fromkeys(entry.why for entry in found.entries if entry.why)
    parts = [f"brought back {found.restored}"] if found.restored else list(reasons)[:2]
    counts = Counter((entry.table, _kind(entry)) for entry in found.entries)
    tables = dict.fromkeys(table for table, _ in counts)
    said = [f"{table}: {', '.join(f'{counts[table, k]} {k}' for k in SIGNS if counts[table, k])}" for table in tables]
    if found.columns:
        said.append(shown.count(len(found.columns), "column"))
    if found.conflicts:
        said.append(shown.count(len(found.conflicts), "conflict"))
    if found.replayed:
        said.append(f"{shown.count(len(found.replayed), 'lost change set')} brought back")
    return "; ".join(part for part in (*parts, *said, found.note) if part) or "nothing in cells"


def cells_table(entries: Iterable[Entry], who: str = "") -> tuple[pd.DataFrame, int]:
    """Every cell from what to what, as far as a page lists them; and how many there are.

    Args:
        who: the person who is not named again for each row.
    """
    rows: list[dict[str, Any]] = []
    count = 0
    for entry in sorted(entries, key=lambda entry: _kind(entry) == "new"):  # old cells tell more than new rows
        count += len(entry.cells)
        for column, cell in entry.cells.items():
            if len(rows) < MOST_CELLS:
                old, new = _texts(entry.table, column, cell)
                row = {"": SIGNS[_kind(entry)], "table": entry.table, "row": " ".join(entry.key).strip() or "(no key)"}
                by = entry.who if entry.who not in ("", who) else None
                rows.append({**row, "column": column, "before": old, "after": new, "by": by})
    table = pd.DataFrame(rows, columns=["", "table", "row", "column", "before", "after", "by"])
    return table.dropna(axis="columns", how="all") if len(table) else table, count


def column_words(change: ColumnChange) -> str:
    """What became of a column, in a sentence."""
    if not change.old:
        return f"{change.table}: column {change.new} is new"
    if not change.new:
        return f"{change.table}: column {change.old} is gone"
    return f"{change.table}: column {change.old} is headed {change.new} now"


def versions_table(versions: Sequence[Version]) -> pd.DataFrame:
    """One line per earlier workbook, the newest first."""
    rows = [
        {
            "change set": "none yet" if version.number is None else str(version.number),
            "saved": version.saved.replace(tzinfo=UTC),
            "until": version.replaced.replace(tzinfo=UTC) if version.replaced else None,
            "size": version.path.stat().st_size,
        }
        for version in versions
    ]
    return pd.DataFrame(rows, columns=["change set", "saved", "until", "size"])


def _kind(entry: Entry) -> str:
    return "new" if entry.new or entry.typed else "removed" if entry.removed else "changed"


def _texts(table: str, column: str, cell: CellChange) -> tuple[str, str]:
    """Both values, with as many digits as it takes to see a difference."""
    kind = TABLES[table].kind(column) if table in TABLES else "raw"
    old, new = from_cell(cell.old, kind), from_cell(cell.new, kind)
    texts = shown.text(old), shown.text(new)
    return texts if texts[0] != texts[1] else (shown.exact(old), shown.exact(new))
