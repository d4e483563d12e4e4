"""What the cells of a registry must hold, in plain Python and without files: stands beside followed.py.

A *wish* is an acknowledged change of one cell, or of a row as a whole. A *sheet* is the runs table of one workbook: the
registry's, one in somebody's window, an earlier version. It contains the first so many wishes; the others it lacks.
Bringing them in is :meth:`Shadow.fold`, the one rule of all: what a person wrote is set anew only by who knew of it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

OWN = ("mine", "extra")
"""How the names of people's own columns begin: no script and no replay adds them."""


class Cell(NamedTuple):
    """A value, and who put it there: a script, a person by hand, or one through Tracker, as a change set tells."""

    value: Any = None
    by: Literal["script", "hand", "app"] = "script"


@dataclass(eq=False, slots=True)
class Wish:
    """An acknowledged change of a cell; ``new`` makes the row, ``gone`` takes it away."""

    run: str
    column: str
    value: Any
    was: Any
    by_person: bool
    kind: Literal["cell", "new", "gone"] = "cell"
    tag: str = ""
    """For a row that a person typed without an id: by what it is known."""
    metric: bool = False
    saw: Any = None
    """What its author knew of, whatever it replaced in the end."""
    over: bool = False
    """A later wish took its place before it was in any workbook, or it became a conflict: nobody tries it again."""

    def __post_init__(self) -> None:
        self.saw = self.was

    @property
    def by(self) -> Literal["script", "app"]:
        return "app" if self.by_person else "script"


class Lost(NamedTuple):
    """A conflict: what was not written, and what stayed."""

    run: str
    column: str
    dropped: Any


@dataclass(slots=True)
class Sheet:
    """The runs table of one workbook."""

    contains: int = 0
    rows: dict[str, dict[str, Cell]] = field(default_factory=dict)
    typed: dict[str, dict[str, Cell]] = field(default_factory=dict)
    """Rows without an id, by their tag."""
    own: set[str] = field(default_factory=lambda: {"mine"})
    beside: set[str] = field(default_factory=set)
    """Columns that stand right of the table, until a sync takes them in."""

    def copy(self) -> Sheet:
        return copy.deepcopy(self)

    def cell(self, run: str, column: str) -> Cell:
        return self.rows[run].get(column, Cell())

    def put(self, run: str, column: str, value: Any, by: Literal["script", "hand", "app"] = "hand") -> None:
        self.rows[run][column] = Cell(value, by)

    def values(self) -> dict[str, dict[str, Any]]:
        """The cells that are not blank."""
        return {
            run: {column: cell.value for column, cell in row.items() if cell.value is not None}
            for run, row in self.rows.items()
        }


class Shadow:
    """All wishes, and the sheets they are brought into."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.committed = 0
        """How many of the wishes a change set has."""
        self.file = Sheet()
        """The workbook where it lies."""
        self.versions: dict[str, Sheet] = {}
        self.left: dict[str, Sheet] = {}
        """What each sync left, by the stamp."""
        self.typed: set[tuple[str, str, Any]] = set()
        """What people typed into a workbook that a sync has seen since."""

    # -- wishes -------------------------------------------------------------------------------------------------

    def wish(self, run: str, column: str, value: Any, was: Any, by_person: bool = False, **more: Any) -> None:
        if more.get("metric"):  # of a metric only the last value since the last sync is brought in
            waiting = [w for w in self.wishes[self.committed :] if (w.run, w.column) == (run, column) and w.metric]
            for earlier in waiting:
                earlier.over, was = True, earlier.was
        self.wishes.append(Wish(run, column, value, was, by_person, **more))

    def new_row(self, run: str, cells: dict[str, Any], by_person: bool = False, tag: str = "") -> None:
        self.wishes.append(Wish(run, "", None, None, by_person, "new", tag))
        for column, value in cells.items():
            self.wish(run, column, value, None, by_person)

    def clear_by_hand(self, sheet: Sheet, run: str, column: str) -> None:
        """A person empties a cell. Where the history left it empty, nobody can tell that they did."""
        contained = [w for w in self.wishes[: sheet.contains] if (w.run, w.column, w.over) == (run, column, False)]
        last = contained[-1] if contained else None
        if last is None or last.value is None:
            sheet.put(run, column, None, last.by if last else "script")
        else:
            sheet.put(run, column, None)

    # -- bringing in --------------------------------------------------------------------------------------------

    def now(self) -> Sheet:
        """What a reader sees, and what is in the workbook after the next sync."""
        return self.fold(self.file)[0]

    def fold(self, sheet: Sheet) -> tuple[Sheet, set[Lost]]:
        """The sheet with every wish that it lacks brought in, and the conflicts."""
        result, lost = sheet.copy(), set[Lost]()
        for run, wishes in self._lacking(sheet).items():
            lost.update(self._fold_row(result, run, wishes))
        result.contains = len(self.wishes)
        return result, lost

    def commit(self, result: Sheet) -> None:
        """A change set has all wishes now: of each cell the one that came through, with the value it replaced."""
        for run, wishes in self._lacking(self.file).items():
            row = self.file.rows.get(run, {})
            for column in {w.column for w in wishes if w.kind == "cell"}:
                chain = [w for w in wishes if w.column == column and w.kind == "cell"]
                held = row.get(column, Cell())
                winner = self._fold_cell(held, chain)[0]
                has_place = not column.startswith(OWN) or column in result.own
                known = self._fold_cell(held, [w for w in chain if self._is_committed(w)])[0]
                before = known.value if known else held.value
                for w in chain:
                    if not self._is_committed(w):
                        stays = w is winner and run in result.rows and has_place
                        w.over = not stays or w.value == before
                        w.was = before
        self.committed = len(self.wishes)

    def _is_committed(self, wish: Wish) -> bool:
        return self.wishes.index(wish) < self.committed

    def _lacking(self, sheet: Sheet) -> dict[str, list[Wish]]:
        found: dict[str, list[Wish]] = {}
        for wish in self.wishes[sheet.contains :]:
            if not wish.over:
                found.setdefault(wish.run, []).append(wish)
        return found

    def _ever_set(self, run: str, until: Wish | None = None) -> set[str]:
        """The columns that the run had a value in before."""
        wishes = self.wishes if until is None else self.wishes[: self.wishes.index(until)]
        return {wish.column for wish in wishes if wish.run == run and wish.kind == "cell" and not wish.over}

    def _fold_row(self, sheet: Sheet, run: str, wishes: list[Wish]) -> Iterable[Lost]:
        passed_over = set[str]()
        gone = next((at for at in reversed(range(len(wishes))) if wishes[at].kind == "gone"), None)
        if gone is not None:
            passed_over = {wish.column for wish in wishes[:gone] if wish.kind == "cell" and run in sheet.rows}
            wishes = wishes[gone + 1 :]
            if run in sheet.rows and not any(w.kind == "new" or self._is_committed(w) for w in wishes):
                yield Lost(run, "run_id", None)
        made = next((w for w in wishes if w.kind == "new"), None)
        if run not in sheet.rows and made is not None:
            sheet.rows[run] = sheet.typed.pop(made.tag, {})
        for column in dict.fromkeys(w.column for w in wishes if w.kind == "cell"):
            chain = [w for w in wishes if w.column == column]
            if run not in sheet.rows:
                yield Lost(run, column, chain[-1].value)
            elif column.startswith(OWN) and column not in sheet.own:
                if chain[-1].value is not None:
                    yield Lost(run, column, chain[-1].value)
            else:
                winner, dropped = self._fold_cell(sheet.cell(run, column), chain)
                if winner is not None:
                    sheet.put(run, column, winner.value, winner.by)
                stays = sheet.cell(run, column).value
                yield from (Lost(run, column, w.value) for w in dropped if w.value != stays)
        for column in passed_over - {wish.column for wish in wishes}:
            # A person saved a copy that still has the row, with values from before the ones that a restore took away.
            sheet.put(run, column, sheet.cell(run, column).value)
        if made is not None and made.by_person and not made.tag and run in sheet.rows:
            for column in self._ever_set(run, made):  # a row that came back: what it leaves blank is meant to be
                sheet.rows[run].setdefault(column, Cell(None, "app"))

    def _fold_cell(self, cell: Cell, chain: Sequence[Wish]) -> tuple[Wish | None, list[Wish]]:
        """Which wish the cell holds in the end, None for what is there already; and which became conflicts."""
        winner: Wish | None = None
        dropped: dict[bool, Wish] = {}
        # An older copy may hold some of it already: a row that was typed there, and got its key elsewhere.
        held = [at for at, wish in enumerate(chain) if self._is_committed(wish) and wish.value == cell.value]
        if held:
            winner = chain[held[-1]]
            cell = Cell(winner.value, winner.by)
        for wish in chain[held[-1] + 1 if held else 0 :]:
            later = wish.by_person and cell.by == "app" and (winner is not None or self._is_committed(wish))
            if cell.by == "script" or wish.was == cell.value or later:
                if winner and wish.by_person and not winner.by_person and wish.was != winner.value:
                    dropped |= {False: winner} if not self._is_committed(winner) else {}
                winner, cell = wish, Cell(wish.value, wish.by)
            else:
                dropped[wish.by_person] = wish
        return winner, list(dropped.values())

    # -- earlier workbooks --------------------------------------------------------------------------------------

    def restore(self, version: Sheet) -> Sheet:
        """The version in the place of the workbook: its differences are a person's wishes."""
        now = self.file
        for run in now.rows.keys() - version.rows.keys():
            self.wishes.append(Wish(run, "", None, None, True, "gone"))
        for run, row in version.rows.items():
            if run not in now.rows:
                self.wishes.append(Wish(run, "", None, None, True, "new"))
                for column in self._ever_set(run):
                    row.setdefault(column, Cell(None, "app"))
            for column in sorted({*row, *now.rows.get(run, {})}):
                old = now.rows.get(run, {}).get(column, Cell())
                new = row.get(column, Cell())
                if old.value != new.value:
                    self.wish(run, column, new.value, old.value, True)
                    row[column] = Cell(new.value, "app")
                elif run in now.rows:
                    row[column] = old
        self.committed = version.contains = len(self.wishes)
        return version

    def accounts(self) -> Iterator[tuple[str, str, Any]]:
        """Every value that somebody was told is safe and that nobody wrote over who knew of it, and no other script."""
        last: dict[tuple[str, str, bool], Wish] = {}
        for wish in self.wishes:
            if wish.kind == "cell":
                last[wish.run, wish.column, wish.by_person] = wish
        known = {(wish.run, wish.column, wish.saw) for wish in self.wishes}
        found = {(w.run, w.column, w.value) for w in last.values() if w.value is not None}
        yield from found - known
