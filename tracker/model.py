"""The words of the machinery: change, change set, conflict, problem. Plain data, no behaviour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Key = tuple[str, ...]
"""The values of a table's key columns, as text: ``("3f2a…",)`` or ``("3f2a…", "input", "churn:v3")``."""

Author = Literal["script", "person", "sync"]
"""Who decided on a value: a training script, a person through the app or command line, or sync itself."""

Reason = Literal["person", "deleted row", "no column", "no table", "later script", "removed row"]
"""Why a value was not written: a person changed the cell or deleted the row, there is no place for it, it came late; or
why a row stays that a restore had removed: a person saved a copy that still has it."""


SETTLES = "settles conflict"
"""How the reason of a change begins by which a person decides between the two values of a conflict. It is recorded even
where the value that stands is the one that was chosen."""


@dataclass(frozen=True, slots=True)
class Change:
    """Set these columns of the row with this key in this table. The only kind of change there is."""

    table: str
    key: Key
    set: Mapping[str, Any]
    was: Mapping[str, Any] = field(default_factory=dict)
    """What the author believes is in the cell: what a script last wrote, or what a person saw."""
    new: bool = False
    """The row is made by this change; without it, a missing row was deleted by a person and stays deleted."""
    time: float = 0.0
    """When it was made: seconds since 1970, UTC."""
    who: str = ""
    by: Author = "script"
    why: str = ""
    """What it belongs to, where that is more than its author's wish: ``undo of 000057``."""


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell that a sync set: the value before and the value after, as the workbook holds them."""

    old: Any
    new: Any


class NewCells(Mapping[str, CellChange]):
    """The cells of a row that is new: nothing was there before. Takes no more room than their values."""

    __slots__ = ("new",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.new = values

    def __getitem__(self, column: str) -> CellChange:
        return CellChange(None, self.new[column])

    def __iter__(self) -> Iterator[str]:
        return iter(self.new)

    def __len__(self) -> int:
        return len(self.new)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a change set."""

    table: str
    key: Key
    cells: Mapping[str, CellChange]
    new: bool = False
    typed: bool = False
    """The row was typed by a person without a key; ``cells`` then has the whole row, so that it is found again."""
    time: float = 0.0
    who: str = ""
    by: Author = "script"
    removed: bool = False
    """The row is not there any more; ``cells`` has all that it held."""
    why: str = ""

    @property
    def is_judgement(self) -> bool:
        """It only says how a checklist stands, which every sync finds out anew."""
        return self.by == "sync" and (self.table == "checklist" or self.cells.keys() <= {"checklist"})


@dataclass(frozen=True, slots=True)
class Conflict:
    """A value that was not written, with the reason; the value itself is kept here for ever."""

    table: str
    key: Key
    column: str
    kept: Any
    dropped: Any
    reason: Reason
    time: float = 0.0
    who: str = ""


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column that came, went or got another header."""

    table: str
    column: str
    """Its own name."""
    old: str
    """The header before; empty where the column came."""
    new: str
    """The header after; empty where the column went."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What one sync put into the workbook. ``id`` and ``number`` are given when it is committed.

    The history also tells of what people did to the workbook in other programs in this form: see ``outside``.
    """

    parents: tuple[str, ...]
    time: float
    who: str
    program: str
    entries: tuple[Entry, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    deferred: tuple[Change, ...] = ()
    """Changes that had no room in the workbook yet; the next sync tries them again."""
    consumed: Mapping[str, int] = field(default_factory=dict)
    """How far each journal file has been read: bytes by file name, for every file that still exists."""
    replayed: tuple[str, ...] = ()
    """Change sets that the workbook lacked and that this one brought back."""
    restored: str = ""
    """The version, by its file's name, that this change set put in the workbook's place."""
    replaces: tuple[int, ...] = ()
    """Size, time and inode of the workbook that a restore replaced: what is still there if it was interrupted."""
    outside: str = ""
    """Not made by Tracker, but found: the version, by its file's name, that a person saved in another program. It is no
    link of the chain; ``parents`` has the change set that the workbook contained, if any."""
    columns: tuple[ColumnChange, ...] = ()
    """For what was found, and for restores."""
    sheets: tuple[str, ...] = ()
    """Sheets without a table of Tracker's whose content is not what it was."""
    note: str = ""
    """What else there is to say, such as why it is not known what changed."""
    number: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a registry that a person should look at."""

    code: str
    """Short and stable, for scripts: ``duplicate-key``, ``wrong-type``, ``conflict`` …"""
    message: str
    hint: str = ""
    sheet: str = ""
    cell: str = ""
    severity: Literal["error", "warning", "info"] = "warning"
