"""What is wrong with a registry: a list of problems, each with its cell and a hint. Nothing here changes anything.

One small function per kind of problem; each looks at the :class:`tracker.reading.facts.Facts` and yields what it found.
Tables and cells are looked at here, everything else in the modules ``check_…`` beside this one.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tracker.folders import Folders
from tracker.model import Key, Problem
from tracker.reading import (
    check_checklist,
    check_columns,
    check_conversions,
    check_files,
    check_journal,
    check_links,
    check_outside,
)
from tracker.reading import tables as reading
from tracker.reading.classes import class_problems
from tracker.reading.facts import MAX_ALIKE, Cell, Facts, Sheet, capped, read_facts, shown
from tracker.reading.fitting import FITS, FIXES, spelt, value_of_text
from tracker.schema import MOVED, SINGLE_STAGES, TABLES
from tracker.settings import COLUMN_PREFIX, DEFAULTS, TABLE_PREFIX, VIEW_PREFIX
from tracker.values import Kind, key_text


def find_problems(folders: Folders) -> list[Problem]:
    """Everything in a registry that a person should look at, errors first.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError: it cannot be read.
    """
    return problems_in(read_facts(folders))


def problems_in(facts: Facts) -> list[Problem]:
    """The same of what was read already."""
    return by_severity(problem for checks in MODULES for check in checks for problem in check(facts))


def by_severity(problems: Iterable[Problem]) -> list[Problem]:
    """The problems, errors first."""
    return sorted(problems, key=lambda problem: ("error", "warning", "info").index(problem.severity))


# -- keys ---------------------------------------------------------------------------------------------------------


def duplicate_keys(facts: Facts) -> Iterator[Problem]:
    """Rows with the key of an earlier row: changes go to one of them only."""
    for sheet in facts.known_sheets():
        seen: dict[Key, int] = {}
        for index, key in enumerate(sheet.keys):
            if not all(key):
                continue
            first = seen.setdefault(key, index)
            if first != index:
                cell = _key_cell(sheet, index)
                message = f"'{' '.join(key)}' stands twice in table '{sheet.name}': first in {_key_cell(sheet, first)}."
                hint = "Delete one of the rows, or clear the key of one."
                yield sheet.problem("duplicate-key", cell, message, hint, "error")


def blank_keys(facts: Facts) -> Iterator[Problem]:
    """Rows that a person typed without a key; runs get one by themselves."""
    for sheet in facts.known_sheets():
        for index, key in enumerate(sheet.keys):
            if all(key) or all(value is None or value == "" for value in sheet.rows.rows[index]):
                continue
            cell = _key_cell(sheet, index, key.index(""))
            if sheet.name == "runs":
                yield sheet.problem(
                    "blank-key", cell, "This run has no run_id yet.", "The next sync gives it one.", "info"
                )
            else:
                missing = TABLES[sheet.name].key[key.index("")]
                message = f"A row of table '{sheet.name}' has no {missing}, so Tracker passes over it."
                yield sheet.problem("blank-key", cell, message, f"Fill in {missing}, or delete the row.")


def rows_below(facts: Facts) -> Iterator[Problem]:
    """Rows typed directly below a table, which LibreOffice leaves outside of it."""
    for sheet in facts.known_sheets():
        numbers = sheet.rows.below
        if numbers:
            listed = ", ".join(map(str, numbers[:MAX_ALIKE])) + (" …" if len(numbers) > MAX_ALIKE else "")
            message = f"Row {listed} stands directly below table '{sheet.name}' and is not part of it yet."
            yield sheet.problem(
                "rows-below-table", f"{numbers[0]}:{numbers[-1]}", message, "The next sync takes it in.", "info"
            )


def _key_cell(sheet: Sheet, index: int, part: int = 0) -> str:
    return sheet.address(index, sheet.key_places[part])


# -- cells --------------------------------------------------------------------------------------------------------


def error_cells(facts: Facts) -> Iterator[Problem]:
    """Errors that formulas left, in any column of Tracker's tables."""
    for sheet in facts.known_sheets():
        for place, name in enumerate(sheet.columns):
            cells = sheet.errors(place)
            yield from capped(
                sheet, name, "error-value", cells, lambda cell: f"holds the error {cell.value}", "Repair its formula."
            )


def wrong_types(facts: Facts) -> Iterator[Problem]:
    """Cells that hold something else than their column is for: text among numbers, text that is no date."""
    for sheet in facts.known_sheets():
        for place, column in sheet.declared():
            if column.kind not in FITS:
                continue
            fits, what = FITS[column.kind]

            def is_misfit(value: Any, fits: Callable[[Any], bool] = fits) -> bool:
                return not fits(value)

            def hint(cell: Cell, what: str = what, kind: Kind = column.kind) -> str:
                return f"It must be {what}.{FIXES if value_of_text(cell.value, kind) is not None else ''}"

            cells = sheet.cells(place, is_misfit)
            yield from capped(sheet, column.name, "wrong-type", cells, lambda cell: f"holds {shown(cell.value)}", hint)


def stored_as_text(facts: Facts) -> Iterator[Problem]:
    """Numbers, dates and truth values that stand as text, by column: whole columns of adopted sheets may."""
    for sheet in facts.known_sheets():
        for place, column in sheet.declared():
            if column.kind not in FITS:
                continue
            fits = FITS[column.kind][0]
            texts = sheet.cells(place, lambda value: isinstance(value, str))
            cells = [cell for cell in texts if value_of_text(cell.value, column.kind) is not None and fits(cell.value)]
            if cells:
                first = sheet.address(cells[0].row, place)
                count = "a value" if len(cells) == 1 else f"{len(cells)} values"
                message = (
                    f"{column.name} has {count} as text, which the workbook's formulas and charts pass over, such as"
                )
                message = f"{message} {shown(cells[0].value)}."
                yield sheet.problem("stored-as-text", first, message, FIXES.strip(), "info")


def wrong_choices(facts: Facts) -> Iterator[Problem]:
    """Values outside a column's choices. Categories can be extended in the ``kinds`` table."""
    kinds = facts.sheets.get("kinds")
    for sheet in facts.known_sheets():
        for place, column in sheet.declared():
            choices = reading.choices(sheet.name, column.name, kinds.rows if kinds else None)
            if not choices:
                continue
            known = {*choices, MOVED} if (sheet.name, column.name) == ("runs", "status") else set(choices)
            cells = (cell for cell in sheet.cells(place) if key_text(cell.value) not in known)

            def hint(cell: Cell, choices: tuple[str, ...] = choices) -> str:
                if (right := spelt(key_text(cell.value), choices)) is not None:
                    return f"Did you mean {right}?{FIXES}"
                folded = {choice.casefold(): choice for choice in choices}
                match = difflib.get_close_matches(key_text(cell.value).casefold(), folded, 1)
                return f"Did you mean {folded[match[0]]}?" if match else f"Choose one of: {', '.join(choices)}."

            yield from capped(
                sheet, column.name, "wrong-choice", cells, lambda cell: f"holds {shown(cell.value)}", hint
            )


def stages_held_twice(facts: Facts) -> Iterator[Problem]:
    """Stages that a person's edit gave to two versions of a model, where only one can hold them."""
    sheet = facts.sheets.get("models")
    if sheet is None or not sheet.key_places or "stage" not in sheet.columns:
        return
    held: dict[tuple[str, str], list[Cell]] = {}
    for cell in sheet.cells(sheet.columns.index("stage")):
        stage = key_text(cell.value).lower()
        if stage in SINGLE_STAGES and all(sheet.keys[cell.row]):
            held.setdefault((sheet.keys[cell.row][0], stage), []).append(cell)
    for (model, stage), cells in held.items():
        if len(cells) > 1:
            versions = " and ".join(f"v{sheet.keys[cell.row][1]}" for cell in cells)
            last = sheet.address(cells[-1].row, cells[-1].place)
            message = f"{versions} of {model} are all in {stage}; only one can be."
            yield sheet.problem("stage-held-twice", last, message, f"Promote the one that belongs in {stage} again.")


def unknown_settings(facts: Facts) -> Iterator[Problem]:
    """Settings that Tracker does not know: a slip of the pen would go unnoticed."""
    sheet = facts.sheets.get("settings")
    if sheet is None or not sheet.key_places:
        return
    for cell in sheet.cells(sheet.key_places[0]):
        name = key_text(cell.value)
        if name not in DEFAULTS and not name.startswith((COLUMN_PREFIX, TABLE_PREFIX, VIEW_PREFIX)):
            match = difflib.get_close_matches(name, DEFAULTS, 1)
            hint = f"Did you mean {match[0]}?" if match else "Delete the row if nobody needs it."
            yield sheet.problem(
                "unknown-setting", sheet.address(cell.row, cell.place), f"There is no setting '{name}'.", hint, "info"
            )


CHECKS: tuple[Callable[[Facts], Iterator[Problem]], ...] = (
    duplicate_keys,
    blank_keys,
    rows_below,
    error_cells,
    wrong_types,
    stored_as_text,
    wrong_choices,
    stages_held_twice,
    unknown_settings,
    class_problems,
)

MODULES = (
    check_columns.CHECKS,
    CHECKS,
    check_outside.CHECKS,
    check_conversions.CHECKS,
    check_links.CHECKS,
    check_checklist.CHECKS,
    check_journal.CHECKS,
    check_files.CHECKS,
)
"""All checks, in the order in which their problems are listed."""
