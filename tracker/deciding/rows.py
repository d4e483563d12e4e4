"""Rows of a table by the columns' own names, pending changes included, without pandas."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tracker.folders import Folders
from tracker.matching import is_blank
from tracker.model import Key
from tracker.reading.tables import read_grid, read_row
from tracker.schema import TABLES
from tracker.values import EXACT_INTEGER, Kind, from_cell, key_text


def cells_of(folders: Folders, table: str) -> list[dict[str, Any]]:
    """The rows with their cells as the workbook holds them; those without the first part of a key are left out.

    A table that the workbook lacks has no rows. Raises as :func:`tracker.reading.tables.read_grid`.
    """
    grid = read_grid(folders, table)
    if grid is None:
        return []
    names, first = tuple(grid.columns), TABLES[table].key[0]
    rows = (dict(zip(names, row, strict=True)) for row in zip(*grid.columns.values(), strict=True))
    return [row for row in rows if not is_blank(row.get(first))]


def rows_by_key(folders: Folders, wanted: Collection[tuple[str, Key]]) -> dict[tuple[str, Key], dict[str, Any]]:
    """The cells of these rows, by table and key, as far as they are there; of a key that stands twice the first.

    Raises as :func:`tracker.reading.tables.read_grid`.
    """
    found: dict[tuple[str, Key], dict[str, Any]] = {}
    for table in {table for table, _ in wanted} & TABLES.keys():
        keys = {key for name, key in wanted if name == table}
        if len(keys) <= FEW:
            found |= {(table, key): row for key in keys if (row := read_row(folders, table, key)) is not None}
            continue
        for row in cells_of(folders, table):
            key = tuple(key_text(row.get(part)) for part in TABLES[table].key)
            if key in keys:
                found.setdefault((table, key), row)
    return found


FEW = 8
"""Up to so many rows of a table are looked up one by one; more are found by reading the table."""


def values_of(folders: Folders, table: str) -> list[dict[str, Any]]:
    """The rows with the values that were logged; a blank is None."""
    kinds = TABLES[table]
    return [valued(row, {name: kinds.kind(name) for name in row}) for row in cells_of(folders, table)]


def valued(row: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """One row's cells as the values that were logged; Excel does not tell 6 from 6.0, so a param is then 6."""
    values = {name: None if cell == "" else from_cell(cell, kinds[name]) for name, cell in row.items()}
    return {name: _whole(value) if kinds[name] in ("any", "raw") else value for name, value in values.items()}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_INTEGER else value
