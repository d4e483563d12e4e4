"""Workbooks with one difficulty each: what real programs write that a patcher of bytes can stumble over.

A trap is the registry of raw.py with a change. It says what is to be read from it, and what an append of one row to the
table ``runs`` has to do: work, with the row landing in a given row of the sheet, or be refused with one of some errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.errors import ContentInTheWayError, TrackerError, WorkbookUnsupportedError
from zoo.raw import ROWS, registry
from zoo.zips import Parts, write_zip

Change = Callable[[Parts], dict[str, Any] | None]


@dataclass(frozen=True)
class Trap:
    """One difficulty."""

    name: str
    change: Change
    """Changes the parts of the small registry, and may give options for the zip."""
    rows: tuple[tuple[Any, ...], ...] | None
    """What the table holds; None where reading may be refused too."""
    refused: tuple[type[TrackerError], ...]
    """The errors of which an append must raise one; empty where it must work."""
    lands_in: int
    """The sheet's row in which an appended row must stand."""

    def build(self, path: Path) -> None:
        """Writes the workbook."""
        parts = registry()
        options = self.change(parts) or {}
        write_zip(path, options.pop("items", parts), **options)

    def __str__(self) -> str:
        return self.name


def trap(
    *,
    rows: tuple[tuple[Any, ...], ...] | None = ROWS,
    refused: tuple[type[TrackerError], ...] = (),
    lands_in: int = 5,
) -> Callable[[Change], Trap]:
    """Makes a trap of a function; its name is the trap's."""
    return lambda change: Trap(change.__name__, change, rows, refused, lands_in)


UNSUPPORTED = (WorkbookUnsupportedError,)
IN_THE_WAY = (ContentInTheWayError,)
