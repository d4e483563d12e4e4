"""Who wins one cell: of several changes of it, each is decided on what the ones before it leave there. Pure.

A script overwrites only what a script wrote. A cell counts as changed by a person when it holds neither what the change
expects nor what a change set last put there; then the person's value stays and the other is kept as a conflict.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from tracker.model import SETTLES, Author, Entry, Reason
from tracker.values import same


@dataclass(slots=True)
class Wish:
    """What is wanted of one cell; several wishes for it are linked, the newest first."""

    value: Any
    expected: Any
    """What is in the cell if nobody changed it meanwhile."""
    time: float
    who: str
    by: Author
    why: str = ""
    replayed: bool = False
    """It stands in a change set that the workbook lacks."""
    follows: bool = False
    """It is replayed, and was decided after everything that the workbook contains."""
    earlier: Wish | None = None

    @property
    def settles(self) -> bool:
        """A person decides between the two values of a conflict, which is recorded whatever the cell holds."""
        return not self.replayed and self.why.startswith(SETTLES)

    @property
    def chain(self) -> list[Wish]:
        """All that is wanted of the cell, the oldest first."""
        found, wish = [self], self.earlier
        while wish is not None:
            found.append(wish)
            wish = wish.earlier
        return found[::-1]


class Refused(NamedTuple):
    """A wish that does not come through, and why."""

    wish: Wish
    reason: Reason


class Verdict(NamedTuple):
    """What becomes of a cell."""

    winner: Wish | None
    """What it is to hold; None where it stays as it is."""
    before: Any
    """What the winner replaces: what was decided last before it, which an older copy of the workbook may not hold."""
    refused: tuple[Refused, ...] = ()
    """What became a conflict: the newest of a person's wishes and the newest of the others."""


def decide(newest: Wish, held: Any, is_formula: bool, last: Callable[[], Entry | None], column: str) -> Verdict:
    """What becomes of a cell that holds a value, or a formula.

    Args:
        newest: the newest of all wishes for it.
        last: asks the history for the newest entry that set the cell.
        column: the cell's column in that entry.
    """
    if newest.earlier is None and not is_formula and same(held, newest.expected):
        return Verdict(newest, held)  # as nearly all are
    chain = newest.chain
    last = functools.cache(last)  # a long run that a person keeps out of a cell may have logged thousands of values
    # A copy that lost its stamp, or was saved in between, may hold some of it already.
    known = max((at for at, wish in enumerate(chain) if wish.replayed and same(held, wish.value)), default=-1)
    winner = chain[known] if known >= 0 else None
    before = held
    refused: dict[bool, Refused] = {}
    for wish in chain[known + 1 :]:
        value = winner.value if winner else held
        reason = _reason_against(wish, winner, value, is_formula, last, column)
        if reason is None:
            if winner and winner.replayed and not wish.replayed:
                before = winner.value
                if same(before, wish.value) and not wish.settles:
                    continue
            if winner and _is_unseen(winner, wish):
                refused[False] = Refused(winner, "person")
            winner = wish
        elif not (winner and _was_seen(wish, winner)):
            refused[wish.by == "person"] = Refused(wish, reason)
    stays = winner.value if winner else held
    return Verdict(winner, before, tuple(one for one in refused.values() if not same(one.wish.value, stays)))


def _reason_against(
    wish: Wish, winner: Wish | None, value: Any, is_formula: bool, last: Callable[[], Entry | None], column: str
) -> Reason | None:
    """Why a wish is refused; None where it is not. ``winner`` is the wish that the cell has its value from, if any."""
    if wish.by == "person" and same(wish.value, value):
        return None  # they agree with what is there
    if is_formula:
        return "person"
    if same(value, wish.expected):
        return None
    if winner is not None:
        by, time = winner.by, winner.time
        return None if wish.by == "person" else _reason_against_script(wish, by, time)
    entry = last()
    if not same(value, entry.cells[column].new if entry else None):
        return "person"
    by, time = (entry.by, entry.time) if entry else ("sync", 0.0)
    if wish.by != "person":
        return _reason_against_script(wish, by, time)
    # Where the cell is as the history left it, nobody has changed it since a decision that follows on all of that.
    return None if wish.follows or by != "person" else "person"


def _reason_against_script(wish: Wish, by: Author, time: float) -> Reason | None:
    """Why a script's wish does not go over a value of this author and time."""
    if by == "person":
        return "person"
    return None if wish.time >= time else "later script"


def _is_unseen(loser: Wish, winner: Wish) -> bool:
    """Whether a person decides over a script's value that is in no change set yet and that they did not see."""
    by_person = winner.by == "person" != loser.by
    return by_person and not (loser.replayed or same(loser.value, winner.expected))


def _was_seen(loser: Wish, winner: Wish) -> bool:
    """Whether a script's value that comes late is the one that a person saw and decided over."""
    return winner.by == "person" and same(loser.value, winner.expected)
