"""Open conflicts: values that a sync did not write, as long as the value that was kept still stands there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from tracker.folders import Folders
from tracker.journal.changes import Journal
from tracker.model import SETTLES, Change, ChangeSet, Conflict, Key, Reason
from tracker.reading import tables as reading
from tracker.reading.facts import Facts, Sheet, read_facts
from tracker.values import same
from tracker.workbook import open_workbook

RECENT = 200
"""How many change sets back all of them are looked at; of older ones only those that tell of conflicts."""

TWO_VALUES: tuple[Reason, ...] = ("person", "later script")
"""Why one of two values is not written; with every other reason there is no cell to write it into."""
MADE = b'"conflict":'
"""What is in the text of a change set that made a conflict."""


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """A value that was not written, and the one that stands in its place."""

    number: str
    """``57.1``: the first conflict of change set 57."""
    conflict: Conflict
    sheet: str
    """The sheet's own name."""
    cell: str
    is_formula: bool = False
    """A formula computes what stands there; nothing is written over it."""

    @property
    def place(self) -> str:
        """``params.lr of r1``."""
        return f"{self.conflict.column} of {' '.join(self.conflict.key)}"


def recorded(folders: Folders, pending: Iterable[Change] = ()) -> Iterator[tuple[str, Conflict]]:
    """The conflicts of the history with their numbers, newest first, of several for one cell the newest.

    Not those of cells that a later change set, or a person's pending change, decided on.
    """
    settled = {
        (change.table, change.key, column) for change in pending if change.by == "person" for column in change.set
    }
    for change_set, is_recent in _telling(Journal(folders.changes)):
        count = len(change_set.conflicts)
        for index, conflict in enumerate(reversed(change_set.conflicts)):
            cell = (conflict.table, conflict.key, conflict.column)
            if cell not in settled and (is_recent or conflict.reason in TWO_VALUES):
                settled.add(cell)
                yield f"{change_set.number}.{count - index}", conflict
        for entry in change_set.entries:
            settled.update((entry.table, entry.key, column) for column in entry.cells)


def _telling(journal: Journal) -> Iterator[tuple[ChangeSet, bool]]:
    """The newest change sets, and of the older ones those that made or settled a conflict; none where none made one."""
    if not any(MADE in content for _, content in journal.contents()):
        return  # as in most registries: what else is in a change set, which may be large, need not be understood
    seen = set()
    for change_set in islice(journal.newest_first(), RECENT):
        seen.add(change_set.id)
        yield change_set, True
    for change_set in journal.newest_first(MADE, f'"why":"{SETTLES}'.encode()):
        if change_set.id not in seen:
            yield change_set, False


def open_conflicts(facts: Facts) -> list[OpenConflict]:
    """The conflicts that a person can settle by taking one value or the other, newest first."""
    rows: dict[str, dict[Key, int]] = {}
    found = []
    for number, conflict in recorded(facts.folders, facts.incoming.changes):
        sheet = facts.sheets.get(conflict.table)
        if sheet is None or conflict.column not in sheet.columns:
            continue
        index = rows.setdefault(conflict.table, first_rows(sheet)).get(conflict.key)
        if index is not None and stands(conflict, sheet, index):
            place = sheet.columns.index(conflict.column)
            is_formula = (index, place) in sheet.rows.formulas
            found.append(OpenConflict(number, conflict, sheet.rows.sheet, sheet.address(index, place), is_formula))
    return found


def first_rows(sheet: Sheet) -> dict[Key, int]:
    """The index of the row of each key; of a key that stands twice the first."""
    return {key: index for index, key in reversed(list(enumerate(sheet.keys)))}


def stands(conflict: Conflict, sheet: Sheet, index: int) -> bool:
    """Whether a cell still holds what was kept in a conflict of two values."""
    return conflict.reason in TWO_VALUES and same(
        sheet.rows.rows[index][sheet.columns.index(conflict.column)], conflict.kept
    )


def read_conflicts(folders: Folders) -> list[OpenConflict]:
    """The open conflicts of a registry, newest first.

    Raises:
        RegistryNotFoundError, NotAWorkbookError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """

    def read() -> list[OpenConflict]:
        # Most registries have none, which the journal tells a hundred times sooner than the workbook.
        told = any(conflict.reason in TWO_VALUES for _, conflict in recorded(folders))
        if told:
            return open_conflicts(read_facts(folders))
        with open_workbook(folders.workbook):
            return []

    return reading.steadily(folders, read)
