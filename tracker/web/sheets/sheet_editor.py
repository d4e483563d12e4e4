"""A table in the browser, to be edited: what was typed is kept until it is saved, whatever happens to the registry.

The rows that a person looks at stay as they are while the registry changes; that newer data is there is said, and shown
when they ask for it. Each save tells what the person saw: where a cell is another by now, nothing is written, and both
values are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from tracker.deciding.edits import RowEdit, edit_rows
from tracker.errors import BadRequestError, TrackerError, ValueChangedError
from tracker.model import Key
from tracker.schema import TABLES
from tracker.web.common import editing, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import count, plain
from tracker.web.sheets.sheet_rows import ColumnRule, Window, editable, edits_between, key_of, told

MOST_HEIGHT = 620
COUNTER = "sheet-counter"


@dataclass
class Held:
    """The rows that a person looks at, with what they typed."""

    place: tuple[Any, ...]
    """Which registry, table and page of it."""
    seen: pd.DataFrame
    """As the registry's frame had them; after both values were shown, what was shown."""
    before: pd.DataFrame
    """As the grid showed them at first."""
    base: pd.DataFrame
    """What the grid is given: with what was typed before the person turned to another page and came back."""
    after: pd.DataFrame
    taken: pd.DataFrame
    """The rows as they were when they were taken: newer data is what differs from them."""
    rules: list[ColumnRule]
    doubled: frozenset[Key]
    """Keys by which no single row is found."""
    number: int
    refused: dict[Key, TrackerError] = field(default_factory=dict)
    """Rows that the last save left as they are, and why."""
    rest: list[RowEdit] | None = None
    """After a save: what is still typed over the rows, which are to be read anew."""

    @property
    def key(self) -> str:
        return f"sheet-grid-{self.number}"


def held_in(context: Context, table: str) -> Held | None:
    """The rows of a table that this session looks at."""
    held = st.session_state.get(_name(context, table))
    return held if isinstance(held, Held) else None


def _name(context: Context, table: str) -> str:
    return f"sheet-held-{context.place.path}-{table}"


def unsaved(context: Context, table: str) -> list[RowEdit]:
    """What was typed into a table and is not saved."""
    held = held_in(context, table)
    return edits_between(TABLES[table], held.seen, held.before, held.after) if held and table in TABLES else []


def show(context: Context, table: str, window: Window, rules: list[ColumnRule], place: tuple[Any, ...]) -> None:
    """The grid with what belongs to it."""
    held = held_in(context, table)
    if held is None or (held.place != place and not unsaved(context, table)):
        held = _take(context, table, window, rules, place)
    elif held.rest is not None:
        held = _taken_anew(context, table, held, window, rules)
    if held.key not in st.session_state and held.after is not held.base:
        held.base, held.number = held.after, _next_number()
    if held.place == place and not window.frame.equals(held.taken):
        _newer(context, table, held, window, rules)
    _grid(held, table)
    edits = unsaved(context, table)
    if edits:
        _bar(context, table, edits)
    for key, error in held.refused.items():
        _refused(context, table, key, error)


def _take(context: Context, table: str, window: Window, rules: list[ColumnRule], place: tuple[Any, ...]) -> Held:
    """Look at the rows as they are now."""
    before = editable(window.frame, rules)
    held = Held(place, window.frame, before, before, before, window.frame, rules, window.doubled, _next_number())
    st.session_state[_name(context, table)] = held
    return held


def _next_number() -> int:
    st.session_state[COUNTER] = int(st.session_state.get(COUNTER, 0)) + 1
    return int(st.session_state[COUNTER])


def forget(context: Context, table: str) -> None:
    """Look at the rows anew, without what was typed."""
    st.session_state.pop(_name(context, table), None)


def _newer(context: Context, table: str, held: Held, window: Window, rules: list[ColumnRule]) -> None:
    """That the registry has changed since; what was typed is put over the newer rows where the person wants them."""
    with st.container(horizontal=True, vertical_alignment="center", key="sheet-newer"):
        st.markdown(
            ":material/update: The table has changed since you look at it. What you typed is kept.", width="content"
        )
        if st.button("Show it", key="sheet-show-newer"):
            held.rest = unsaved(context, table)
            _taken_anew(context, table, held, window, rules)
            st.rerun()


def _taken_anew(context: Context, table: str, held: Held, window: Window, rules: list[ColumnRule]) -> Held:
    """The rows as they are now, with the rest of what was typed over them."""
    fresh = _take(context, table, window, rules, held.place)
    _lay(fresh, table, held.rest or ())
    fresh.refused = held.refused
    return fresh


def _lay(held: Held, table: str, edits: Sequence[RowEdit]) -> None:
    """Put what was typed over rows; what the person saw when they typed it stays what they saw."""
    rows = {key_of(TABLES[table], row): place for place, (_, row) in enumerate(held.seen.iterrows())}
    seen, after = held.seen.copy(), held.after.copy()
    for edit in edits:
        place = rows.get(edit.key)
        for column, value in edit.values.items() if place is not None else ():
            if column in after.columns:
                after[column] = _with(after[column], place, _as_shown(value, held, column))
                seen[column] = _with(seen[column], place, edit.seen[column])
    held.seen, held.base, held.after = seen, after, after


def _with(values: pd.Series[Any], place: int | None, value: Any) -> pd.Series[Any]:
    changed = values.astype(object)
    changed.iloc[place] = value
    try:
        return changed.astype(values.dtype)
    except (TypeError, ValueError):
        return changed


def _as_shown(value: Any, held: Held, column: str) -> Any:
    is_text = next(rule.kind for rule in held.rules if rule.name == column) == "text"
    return shown.exact(value) if is_text and value is not None else value


# -- the grid -----------------------------------------------------------------------------------------------------


def _grid(held: Held, table: str) -> None:
    edited = st.container(key="sheet-grid").data_editor(
        held.base,
        key=held.key,
        hide_index=True,
        num_rows="fixed",
        disabled=[rule.name for rule in held.rules if rule.why_not],
        column_config={rule.name: _config(rule, held.base[rule.name]) for rule in held.rules},
        height=shown.grid_height(len(held.base), MOST_HEIGHT),
        row_height=shown.ROW,
        placeholder="",
        alt=f"Rows of the table {table}",
    )
    held.after = edited


def _config(rule: ColumnRule, values: pd.Series[Any]) -> Any:
    reason = f"Read only. {rule.why_not}" if rule.why_not else ""
    help = "  \n".join(part for part in (plain(rule.help), plain(reason)) if part) or None
    label = f"{rule.name} 🔒" if rule.why_not else rule.name
    options: dict[str, Any] = {"label": label, "help": help, "disabled": bool(rule.why_not)}
    if rule.choices and not rule.why_not:
        there = [value for value in values.dropna().unique() if value not in rule.choices]
        return st.column_config.SelectboxColumn(**options, options=[*rule.choices, *there])
    if rule.kind in ("number", "integer"):
        step = 1 if rule.kind == "integer" else None
        return st.column_config.NumberColumn(**options, step=step, format=None if not rule.why_not else "%.6g")
    if rule.kind == "datetime":
        return st.column_config.DatetimeColumn(**options, format="YYYY-MM-DD HH:mm:ss")
    if rule.kind == "boolean":
        return st.column_config.CheckboxColumn(**options)
    return st.column_config.TextColumn(**options)


# -- saving -------------------------------------------------------------------------------------------------------


def _bar(context: Context, table: str, edits: Sequence[RowEdit]) -> None:
    cells = sum(len(edit.values) for edit in edits)
    with st.container(horizontal=True, vertical_alignment="center", key="sheet-bar"):
        st.markdown(
            f"**{count(cells, 'cell')}** changed in {count(len(edits), 'row')}, not saved yet.", width="content"
        )
        st.button(
            "Save", key="sheet-save", type="primary", icon=":material/save:", on_click=_save, args=(context, table)
        )
        st.button("Discard", key="sheet-discard", icon=":material/undo:", on_click=forget, args=(context, table))


def _save(context: Context, table: str) -> None:
    """Save all that was typed; what could not be saved stays in the grid, with the reason."""
    held, edits = held_in(context, table), unsaved(context, table)
    if held is None or not edits:
        return
    unclear: dict[Key, TrackerError] = {
        edit.key: BadRequestError(reason="Its key is blank or stands twice, so nobody can tell which row is meant")
        for edit in edits
        if edit.key in held.doubled
    }
    try:
        clear = [edit for edit in edits if edit.key not in unclear]
        report = edit_rows(context.registry, table, clear, context.who)
    except TrackerError as error:
        held.refused = {edits[0].key: error}
        return
    if report.report.changed and len(report.refused) < len(clear):
        editing.done(report.report)
    held.refused = {**report.refused, **unclear}
    held.rest = [edit for edit in edits if edit.key in held.refused]


def _refused(context: Context, table: str, key: Key, error: TrackerError) -> None:
    """Why a row was not saved; where a cell is another by now both values, and the ways to go on."""
    edit = next((one for one in unsaved(context, table) if one.key == key), None)
    if edit is None:
        return
    if not isinstance(error, ValueChangedError):
        say.failed(error, f"{' '.join(key)} was not saved.")
        return
    current = _current(context, table, edit)
    with st.container(border=True, key="sheet-clash"):
        st.markdown(
            f":material/warning: **{plain(' '.join(key))}** was not saved: somebody changed it since you looked. "
            "Nothing was overwritten."
        )
        for column, value in edit.values.items():
            there, seen = current.get(column), edit.seen.get(column)
            st.markdown(
                f"{plain(column)}: you saw {plain(told(seen))}, there is **{plain(told(there))}** now, "
                f"you typed **{plain(told(value))}**"
            )
        with st.container(horizontal=True):
            st.button(
                "Keep what is there", key=f"sheet-theirs-{'-'.join(key)}", on_click=_decide,
                args=(context, table, edit, current, False),
            )  # fmt: skip
            st.button(
                "Write mine", key=f"sheet-mine-{'-'.join(key)}", on_click=_decide,
                args=(context, table, edit, current, True),
            )  # fmt: skip


def _decide(context: Context, table: str, edit: RowEdit, current: Mapping[str, Any], mine: bool) -> None:
    """After both values were shown: write the person's, or let it go."""
    held = held_in(context, table)
    if held is None:
        return
    held.refused.pop(edit.key, None)
    rest = [one for one in unsaved(context, table) if one.key != edit.key]
    if mine:
        now = RowEdit(edit.key, edit.values, {column: current.get(column) for column in edit.values})
        try:
            report = edit_rows(context.registry, table, [now], context.who)
        except TrackerError as error:
            held.refused[edit.key] = error
            return
        if report.refused:
            held.refused |= report.refused
            return
        editing.done(report.report)
    held.rest = rest


def _current(context: Context, table: str, edit: RowEdit) -> dict[str, Any]:
    frame = context.table(table)
    declared = TABLES[table]
    places = frame[declared.key[0]] == edit.key[0]
    for _, row in frame[places].iterrows():
        if key_of(declared, row) == edit.key:
            return {column: row.get(column) for column in edit.values}
    return {}
