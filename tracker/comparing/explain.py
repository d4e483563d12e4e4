"""Why did it get worse? What differs between a good and a bad run, the most unusual differences first.

How unusual a value is, is measured against the same fact of the experiment's other runs, as an empirical p-value: the
share of runs, itself included, that are at least as odd as this one. ``score`` is 1 minus that share: 0 for a value as
usual as any, close to 1 for one that stands alone among many. With n other runs it is n / (n + 1) at most, so that few
runs never make a strong case, and without any it is 0. How odd a run is, is measured

* by how few runs share its value: for texts, versions, switches, and numbers that come again and again. Where every run
  has a value of its own, such as a seed, none is odd;
* by its distance from the median: for other numbers.

A difference counts as much as the odder of its two sides. What the checklist says comes last: it tells how a run was
looked after. All this says where to look first and proves nothing.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tracker.comparing.compare import WHOLES, Comparison, Fact, Kind, Line, facts_of
from tracker.comparing.seeds import is_seed
from tracker.comparing.sides import Side
from tracker.deciding.decision import on_one_line
from tracker.values import key_text
from tracker.wording import count

CAUSES: tuple[Kind, ...] = ("data", "param", "code", "environment", "artifact", "checklist", "tag", "run")
"""What can be a reason; of equal scores the likelier kind comes first. Metrics are what is to be explained."""
NO_CAUSES = {"status", "duration", "command", *WHOLES}
"""Facts that follow from how a run went, that say once more what its params say, or that are about the record only."""
MOST_ALIKE = 3
"""More packages than this that are equally unusual become one reason."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """How unusual a value is among those of other runs."""

    score: float
    """From 0, as usual as any, to n / (n + 1), alone among n others."""
    share: int
    """How many of the others have the same value."""
    others: int
    by: Literal["share", "distance"] = "share"
    nearer: int = 0
    """By distance: how many of the others are nearer to the median."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A difference that may be the reason."""

    kind: Kind
    name: str
    good: Any
    bad: Any
    score: float
    odd: Literal["good", "bad"]
    """Which side is the unusual one."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a run may be worse than another."""

    worse: tuple[Line, ...]
    """The metrics in which it is worse; the good run is on the left."""
    causes: tuple[Cause, ...]
    """The most unusual first."""
    others: int
    """How many other runs of the experiment there were to compare with."""
    comparison: Comparison


def explain(comparison: Comparison, others: Sequence[Side]) -> Explanation:
    """Order the differences of a comparison by how unusual they are among other runs.

    Args:
        comparison: the good run on the left, the bad one on the right.
        others: the experiment's other runs, without these two.
    """
    known = [facts_of(side) for side in others]
    worse = tuple(line for line in comparison.differences if line.kind == "metric" and line.better == "left")
    ranked = []
    for line in comparison.differences:
        if line.kind in CAUSES and (line.kind == "param" or line.name not in NO_CAUSES):
            values = [facts.get(Fact(line.kind, line.name)) for facts in known]
            in_order = not is_seed(line.name)
            ranked.append((line, oddity(line.left, values, in_order), oddity(line.right, values, in_order)))
    ranked.sort(
        key=lambda one: (
            one[0].kind == "checklist",
            -max(one[1].score, one[2].score),
            -one[2].score,
            CAUSES.index(one[0].kind),
        )
    )
    return Explanation(worse, tuple(_grouped([_cause(*one) for one in ranked])), len(others), comparison)


def oddity(value: Any, others: Sequence[Any], in_order: bool = True) -> Oddity:
    """How unusual a value is among those of other runs; None stands for a run that has none.

    ``in_order``: numbers are more or less of something, and not names as seeds are.
    """
    share = sum(_plain(value) == _plain(other) for other in others)
    numbers = [float(other) for other in others if _is_number(other)]
    if in_order and _is_number(value) and 2 * len(numbers) > len(others) and 2 * len(set(numbers)) > len(numbers):
        middle = statistics.median([*numbers, float(value)])
        distance = abs(value - middle)
        farther = sum(abs(other - middle) >= distance for other in numbers)
        nearer = len(numbers) - farther
        return Oddity(nearer / (1 + len(numbers)), share, len(numbers), "distance", nearer)
    counts = Counter(_plain(other) for other in (*others, value))
    commoner = sum(counts[_plain(other)] > counts[_plain(value)] for other in others)
    return Oddity(commoner / (1 + len(others)), share, len(others))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value - value == 0


def _plain(value: Any) -> Hashable:
    """A value as it counts: 1, 1.0 and a text that says 1 are the same."""
    return None if value is None else key_text(value)


def _cause(line: Line, good: Oddity, bad: Oddity) -> Cause:
    odd: Literal["good", "bad"] = "bad" if bad.score >= good.score else "good"
    seen, value = (bad, line.right) if odd == "bad" else (good, line.left)
    what = f"{line.kind} {line.name}: {said(line.left)} in the good run, {said(line.right)} in the bad one"
    sentence = f"{what}; {_among(seen, value, odd)}." if seen.others else f"{what}."
    return Cause(line.kind, line.name, line.left, line.right, max(good.score, bad.score), odd, sentence)


def _among(seen: Oddity, value: Any, odd: str) -> str:
    if seen.by == "distance":
        return f"the {odd} run is farther from the middle than {seen.nearer} of {_runs(seen.others)}"
    who = f"{seen.share or 'none'} of {_runs(seen.others)}"
    if value is None:
        return f"{who} {'lacks' if seen.share < 2 else 'lack'} it"
    return f"{who} {'has' if seen.share < 2 else 'have'} {said(value)}"


def _runs(number: int) -> str:
    return count(number, "other run")


def said(value: Any) -> str:
    """A value in a sentence."""
    if value is None:
        return "none"
    text = f"{value:.6g}" if isinstance(value, float) else on_one_line(key_text(value))
    return text if len(text) <= 80 else f"{text[:79]}…"


def _grouped(causes: Sequence[Cause]) -> list[Cause]:
    """Many packages that are equally unusual as one reason: an environment changes as a whole."""
    groups: dict[float, list[Cause]] = {}
    for cause in causes:
        if cause.kind == "environment":
            groups.setdefault(cause.score, []).append(cause)
    found: list[Cause] = []
    for cause in causes:
        group = groups.get(cause.score, []) if cause.kind == "environment" else []
        if len(group) <= MOST_ALIKE:
            found.append(cause)
        elif cause is group[0]:
            few = ", ".join(f"{one.name} {said(one.good)} → {said(one.bad)}" for one in group[:MOST_ALIKE])
            name = f"{len(group)} packages"
            sentence = f"environment: {name} differ and are equally unusual: {few} and {len(group) - MOST_ALIKE} more."
            found.append(Cause("environment", name, None, None, cause.score, cause.odd, sentence))
    return found
