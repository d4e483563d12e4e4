"""A table as rows to be edited in a browser: which columns may be, the rows of one page, what was changed in them.

No streamlit in here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from tracker.deciding.edits import RowEdit
from tracker.matching import as_number
from tracker.model import Key
from tracker.reading import roles
from tracker.reading.tables import choices
from tracker.schema import TABLES, Table
from tracker.values import Kind, key_text
from tracker.web.common import editing, shown
from tracker.workbook import TableRows

AT_ONCE = 500
"""How many rows a page of a table shows."""

WRITABLE_PREFIXES = ("params.", "tags.")
"""Columns of scripts that people correct; metrics come from a run's steps."""


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One column as the editor offers it."""

    name: str
    kind: Kind
    """How it is edited: as text where its cells are of several kinds."""
    why_not: str = ""
    """Why it cannot be changed; empty where it can."""
    help: str = ""
    choices: tuple[str, ...] = ()


def column_rules(
    name: str, frame: pd.DataFrame, role: str, computed: Collection[str], kinds: TableRows | None
) -> list[ColumnRule]:
    """What a person with this role may change in a table.

    Args:
        computed: columns that a formula fills.
        kinds: the ``kinds`` table, where a team adds its own choices.
    """
    table = TABLES.get(name)
    return [_rule(table, name, str(column), frame, role, computed, kinds) for column in frame.columns]


def _rule(
    table: Table | None, name: str, column: str, frame: pd.DataFrame, role: str, computed: Collection[str],
    kinds: TableRows | None,
) -> ColumnRule:  # fmt: skip
    declared = table.column(column) if table else None
    kind = _kind(frame[column], table.kind(column) if table else "raw")
    why = ""
    if table is None:
        why = "This table is not one of Tracker's: change it in the workbook."
    elif column in table.key:
        why = "The key: Tracker finds the row again by it."
    elif column in computed:
        why = "A formula computes it."
    elif column.startswith("metrics."):
        why = "Comes from the steps that the run logged."
    elif declared and declared.writer == "script" and not column.startswith(WRITABLE_PREFIXES):
        why = "Tracker writes it."
    elif missing := [act for act in roles.acts_of_edit(name, [column]) if not roles.may(role, act)]:
        why = f"Takes a {roles.ACTS[missing[0]].role}; your role is {role}."
    options = choices(name, column, kinds) if table and declared else ()
    return ColumnRule(column, kind, why, declared.help if declared else "", options)


def _kind(values: pd.Series[Any], kind: Kind) -> Kind:
    """How a column is edited: what its cells hold counts, whatever they are for."""
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "datetime"
    if pd.api.types.is_integer_dtype(values):
        return "integer"
    if pd.api.types.is_float_dtype(values):
        return "integer" if kind == "integer" else "number"
    return "boolean" if kind == "boolean" else "text"


# -- the rows of a page -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that one page of a table shows."""

    frame: pd.DataFrame
    """Cells as the registry's frames have them."""
    found: int
    """Rows in which the text occurs."""
    total: int
    page: int
    """From 1."""
    doubled: frozenset[Key] = frozenset()
    """Keys on this page that another row of the table has too, or of which a part is blank."""

    @property
    def pages(self) -> int:
        return max(1, -(-self.found // AT_ONCE))


def window(frame: pd.DataFrame, text: str, page: int, table: Table | None = None) -> Window:
    """One page of the rows in which a text occurs, the last rows of the sheet on the last page."""
    rows = np.flatnonzero(_matches(frame, text.strip())) if text.strip() else np.arange(len(frame))
    last = max(1, -(-len(rows) // AT_ONCE))
    page = min(max(page, 1), last)
    chosen = rows[(page - 1) * AT_ONCE : page * AT_ONCE]
    shown_rows = frame.iloc[chosen].reset_index(drop=True)
    return Window(shown_rows, len(rows), len(frame), page, _doubled(frame, chosen, table) if table else frozenset())


def _doubled(frame: pd.DataFrame, chosen: Any, table: Table) -> frozenset[Key]:
    """The keys of these rows that are no row's own."""
    keys = frame[list(table.key)]
    unclear = (keys.duplicated(keep=False) | keys.isna().any(axis=1)).to_numpy(dtype=bool)
    rows = [place for place in chosen if unclear[place]]
    return frozenset(key_of(table, row) for row in frame.iloc[rows].to_dict("records"))


def _matches(frame: pd.DataFrame, text: str) -> Any:
    """Which rows have the text in one of their texts, or the number in one of their numbers."""
    number = as_number(text)
    found = np.zeros(len(frame), dtype=bool)
    for column in frame.columns:
        values = frame[column]
        if pd.api.types.is_object_dtype(values) or pd.api.types.is_string_dtype(values):
            texts = values.astype(str).where(values.notna(), "")
            found |= texts.str.contains(text, case=False, regex=False).to_numpy(dtype=bool)
        elif number is not None and pd.api.types.is_numeric_dtype(values):
            found |= (values == number).to_numpy(dtype=bool)
    return found


def editable(frame: pd.DataFrame, rules: list[ColumnRule]) -> pd.DataFrame:
    """The rows as a grid can edit them: a column whose cells are of several kinds as texts, with all their digits."""
    columns = {}
    for rule in rules:
        values = frame[rule.name]
        if rule.kind == "text":
            values = pd.Series(
                [None if shown.is_blank(value) else shown.exact(value) for value in values], dtype=object
            )
        columns[rule.name] = values
    return pd.DataFrame(columns)


# -- what was changed ---------------------------------------------------------------------------------------------


def key_of(table: Table, row: Mapping[Any, Any]) -> Key:
    """The key of a row of a frame."""
    return tuple(key_text(plain_value(row.get(part))) for part in table.key)


def edits_between(table: Table, seen: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> list[RowEdit]:
    """What a person changed.

    Args:
        seen: the rows as the registry's frame had them.
        before: the same rows as the grid showed them.
        after: the same rows as the grid has them now.
    """
    changed: dict[int, dict[str, Any]] = {}
    for column in before.columns:
        old, new = before[column], after[column]
        differs = ~((old == new) | (old.isna() & new.isna())).fillna(False).to_numpy(dtype=bool)
        for row in np.flatnonzero(differs).tolist():
            value = plain_value(new.iloc[row])
            if shown.is_blank(value) and shown.is_blank(plain_value(old.iloc[row])):
                continue
            like = plain_value(seen[column].iloc[row])
            changed.setdefault(row, {})[str(column)] = editing.typed(value, like) if value is not None else None
    found = []
    for row, values in sorted(changed.items()):
        there = seen.iloc[row]
        known = {column: plain_value(there[column]) for column in values}
        found.append(RowEdit(key_of(table, there), values, known))
    return found


def plain_value(value: Any) -> Any:
    """A cell of a frame as Python's own value; None for every kind of blank."""
    if shown.is_blank(value) or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if isinstance(value, np.generic) else value


def told(value: Any) -> str:
    """A value in a sentence."""
    value = plain_value(value)
    if value is None:
        return "blank"
    return shown.exact_time(value) if isinstance(value, datetime) else shown.exact(value)
