"""Rows of a table by the columns' own names, pending changes included, without pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.folders import Folders
from tracker.reading.matching import is_blank
from tracker.reading.tables import read_grid
from tracker.schema import TABLES
from tracker.values import EXACT_INTEGER, Kind, from_cell


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
