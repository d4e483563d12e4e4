"""JSON files and JSON lines in blocks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.data.arrow_files import of_arrow
from tracker.data.records import Records, records_of
from tracker.data.tables import MOST_CELLS, MOST_COLUMNS, NotATable, Table, Taken, clean, column_of, unique_names

_LARGEST_JSON = 16 << 20
"""A JSON file that is not in lines can only be read as a whole."""


@dataclass(frozen=True, slots=True)
class _JsonBlock:
    records: Records
    table: Table

    @property
    def rows(self) -> int:
        return len(self.records.starts)

    def take(self, index: Any) -> Taken:
        import numpy

        rows, kept = [], []
        for position, line in zip(index, self.records.pick(index), strict=True):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                rows.append(row)
                kept.append(position)
        table, mixed = rows_table(rows)
        self.table.mixed |= mixed
        return Taken(table, numpy.array(kept, dtype=numpy.int64))


def open_json_lines(path: Path) -> Table:
    """A file with one JSON object in each line, plain or compressed."""
    table = Table("jsonl", lambda: (_JsonBlock(r, table) for r in records_of(path, table.note) if len(r.starts)))
    return table


def open_json(path: Path) -> Table:
    """A JSON file that holds a list of objects, an object of columns, or one object in each line.

    Raises:
        NotATable: it holds something else, or is too large to be read as a whole.
    """
    with open(path, "rb") as file:
        first = file.readline(1 << 20).strip()
        second = file.read(1)
    if first.startswith(b"{") and first.endswith(b"}") and second.strip():
        return open_json_lines(path)
    size = path.stat().st_size
    if size > _LARGEST_JSON:
        raise NotATable(
            f"{path.name} is JSON of {size >> 20} MiB that is not in lines. Such a file can only be read as a whole, "
            f"which is done up to {_LARGEST_JSON >> 20} MiB; write one object per line (.jsonl), or Parquet"
        )
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NotATable(f"{path.name} is not valid JSON: {error}") from error
    if isinstance(content, dict):
        content = _rows_of(content)
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise NotATable(f"{path.name} holds JSON that is no table: neither a list of objects nor an object of columns")
    rows, mixed = rows_table(content)
    table = of_arrow("json", rows)
    table.mixed |= mixed
    return table


def _rows_of(columns: dict[str, Any]) -> list[dict[str, Any]] | None:
    """An object of columns as rows; each column is a list, or an object by row label as pandas writes it."""
    lists = [list(c.values()) if isinstance(c, dict) else c for c in columns.values()]
    if not all(isinstance(one, list) for one in lists) or len({len(one) for one in lists}) != 1:
        return None
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def rows_table(rows: Sequence[dict[Any, Any]]) -> tuple[Any, set[str]]:
    """Rows as an arrow table, and the columns that had values of several types; objects and lists become text."""
    import pyarrow

    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > MOST_COLUMNS or len(names) * len(rows) > MOST_CELLS:
        raise NotATable(f"its rows have {len(names):,} different names in them, too many to be columns")
    columns, mixed = {}, set()
    for name, unique in zip(names, unique_names(names), strict=True):
        values = [row.get(name) for row in rows]
        values = [clean(json.dumps(v)) if isinstance(v, (dict, list)) else v for v in values]
        columns[unique], several = column_of([clean(v) if isinstance(v, str) else v for v in values])
        if several:
            mixed.add(unique)
    return pyarrow.table(columns) if columns else pyarrow.table({"column 1": pyarrow.nulls(len(rows))}), mixed
