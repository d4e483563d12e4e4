"""Runs or model versions side by side: everything that is known of each, line by line. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tracker.comparing.codediff import CodeDiff, code_diff
from tracker.comparing.sides import ENVIRONMENT, GIT_DIFF, Known, Side
from tracker.schema import RUNS
from tracker.settings import Settings
from tracker.values import same

Kind = Literal["metric", "param", "data", "artifact", "code", "environment", "checklist", "model", "tag", "run", "note"]
KINDS: tuple[Kind, ...] = (
    "metric",
    "param",
    "data",
    "artifact",
    "code",
    "environment",
    "checklist",
    "model",
    "tag",
    "run",
    "note",
)
"""What a line can be about, in the order in which lines come."""

_CODE = {
    "git_commit": "commit",
    "git_branch": "branch",
    "git_remote": "repository",
    "source": "source",
    "command": "command",
    "working_folder": "working folder",
}
_RUN = ("status", "duration", "owner", "host", "python")
_NOTES = ("goal", "change", "insight", "next_step", "notes")
WHOLES = ("all packages", "all items")
"""What a line is about where one side has no record of its environment or checklist at all."""
_PREFIXES: dict[str, Kind] = {"metrics.": "metric", "params.": "param", "tags.": "tag"}
_LEFT_OUT = {"run_id", "name", "experiment", "start_time", "end_time", "checklist", "parent_run_id", "git_dirty"}


class Fact(NamedTuple):
    """Something that can be known of a run: what it is about, and what it is called."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One fact of all that are compared."""

    kind: Kind
    name: str
    values: tuple[Any, ...]
    """One per side, in their order; None where it has none."""
    differs: bool
    best: tuple[int, ...] = ()
    """Whose value of a metric is the best, by place; nobody's where all are the same."""
    note: str = ""
    """What else is to be said: that the same content is there under another name, how the size changed."""

    @property
    def left(self) -> Any:
        """The value of the first of two."""
        return self.values[0]

    @property
    def right(self) -> Any:
        """The value of the second of two."""
        return self.values[1]

    @property
    def better(self) -> Literal["left", "right", ""]:
        """Which of two values of a metric is better."""
        return "left" if self.best == (0,) else "right" if self.best == (1,) else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs or model versions."""

    left: Side
    right: Side
    lines: tuple[Line, ...]
    code: CodeDiff
    uncommitted: tuple[str, str] = ("", "")
    """What each had changed and not committed, as git said it when the run began."""

    @property
    def differences(self) -> tuple[Line, ...]:
        """The lines that differ."""
        return tuple(line for line in self.lines if line.differs)

    def of(self, *kinds: Kind) -> tuple[Line, ...]:
        """The lines of some kinds."""
        return tuple(line for line in self.lines if line.kind in kinds)

    @property
    def same_data(self) -> bool | None:
        """Whether both read the same versions of the same data, so that they compare fairly; None if neither says."""
        lines = self.of("data")
        return not any(line.differs for line in lines) if lines else None


def compare(left: Side, right: Side, settings: Settings, places: Sequence[Path] = ()) -> Comparison:
    """Compare two runs or model versions.

    Args:
        settings: which metrics are best when they are small.
        places: folders in or below whose git repository the commits may be found.
    """
    lines = compare_facts((left, right), settings)
    return Comparison(left, right, lines, code_diff(left.commit, right.commit, places))


def compare_named(known: Known, left: str, right: str, places: Sequence[Path] | None = None) -> Comparison:
    """Compare what two references name, as :meth:`Known.side` understands them; raises as that.

    ``places`` are the current folder and the workbook's where they are not given.
    """
    where = (Path.cwd(), known.registry.path.parent) if places is None else places
    one, other = known.side(left), known.side(right)
    uncommitted = (known.uncommitted(one), known.uncommitted(other))
    return replace(compare(one, other, known.settings, where), uncommitted=uncommitted)


def compare_facts(sides: Sequence[Side], settings: Settings) -> tuple[Line, ...]:
    """Every fact of any, those of one kind together, in the order in which the first has them."""
    known = [facts_of(side) for side in sides]
    wholes: tuple[tuple[Kind, str, list[bool]], ...] = (
        ("environment", WHOLES[0], [bool(side.packages) for side in sides]),
        ("checklist", WHOLES[1], [bool(side.checklist) for side in sides]),
    )
    for kind, what, has in wholes:
        if any(has) and not all(has):  # every single one would differ from what nobody recorded
            known = [{fact: value for fact, value in facts.items() if fact.kind != kind} for facts in known]
            for facts, recorded in zip(known, has, strict=True):
                facts[Fact(kind, what)] = "recorded" if recorded else None
    every = {fact: None for facts in known for fact in facts}
    found = []
    for fact in sorted(every, key=lambda fact: KINDS.index(fact.kind)):
        values = tuple(facts.get(fact) for facts in known)
        differs = any(not alike(value, values[0]) for value in values[1:])
        stars = best(fact.name, values, settings) if fact.kind == "metric" and differs else ()
        of_two = fact.kind == "artifact" and differs and len(sides) == 2
        found.append(
            Line(*fact, values, differs, stars, _about_artifact(sides[0], sides[1], fact.name) if of_two else "")
        )
    return tuple(found)


def facts_of(side: Side) -> dict[Fact, Any]:
    """Everything that is known of a run, in one dictionary; what is blank is left out."""
    facts: dict[Fact, Any] = {}
    for column, value in side.run.items():
        prefix = next((prefix for prefix in _PREFIXES if column.startswith(prefix)), "")
        if prefix:
            facts[Fact(_PREFIXES[prefix], column.removeprefix(prefix))] = value
        elif column in _CODE:
            facts[Fact("code", _CODE[column])] = value
        elif column in _RUN:
            facts[Fact("run", column)] = value
        elif column not in _LEFT_OUT and (column in _NOTES or RUNS.column(column) is None):
            facts[Fact("note", column)] = value
    facts[Fact("code", "uncommitted changes")] = _uncommitted(side)
    for name, versions in _by_name(side.inputs).items():
        facts[Fact("data", name)] = versions
    for name, versions in _by_name(side.outputs).items():
        if name not in (ENVIRONMENT, GIT_DIFF):
            facts[Fact("artifact", name)] = versions
    for package, version in side.packages.items():
        facts[Fact("environment", package)] = version
    for item in side.checklist:
        facts[Fact("checklist", str(item.get("item")))] = item.get("status")
    if side.model is not None:
        facts[Fact("model", "stage")] = side.model.stage
        facts[Fact("model", "artifact")] = side.model.artifact
        facts[Fact("model", "size in bytes")] = side.artifacts.get(side.model.artifact, {}).get("size")
    return {fact: value for fact, value in facts.items() if value is not None and value != ""}


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same; NaN is the same as NaN, and a blank as a blank."""
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other):
        return True
    return same(one, other)


def _uncommitted(side: Side) -> Any:
    """What identifies the changes that were not committed: the version of the recorded diff."""
    versions = _by_name(side.outputs).get(GIT_DIFF)
    if versions:
        return f"{GIT_DIFF}:{versions}"
    dirty = side.run.get("git_dirty")
    return None if dirty is None else "yes" if dirty else "none"


def _by_name(artifacts: Sequence[str]) -> dict[str, str]:
    """The versions of each artifact, several separated by commas."""
    found: dict[str, list[str]] = {}
    for artifact in artifacts:
        name, _, version = artifact.rpartition(":")
        found.setdefault(name, []).append(version)
    return {name: ", ".join(sorted(versions, key=lambda v: (len(v), v))) for name, versions in found.items()}


def best(metric: str, values: Sequence[Any], settings: Settings) -> tuple[int, ...]:
    """Which of several values of a metric are the best; none where fewer than two are there, or all are the same."""
    numbers = {place: float(value) for place, value in enumerate(values) if isinstance(value, (int, float))}
    finite = {place: number for place, number in numbers.items() if not math.isnan(number)}
    if len(numbers) < 2 or not finite:
        return ()
    wanted = min(finite.values()) if settings.minimize(metric) else max(finite.values())
    found = tuple(place for place, number in finite.items() if number == wanted)
    return found if len(found) < len(numbers) else ()


def _about_artifact(left: Side, right: Side, name: str) -> str:
    """What else distinguishes an artifact that one has and the other lacks, or that both have in two versions."""
    rows = [_rows(side, name) for side in (left, right)]
    if all(rows):
        sizes = [sum(row.get("size") or 0 for row in each) for each in rows]
        return f"{sizes[0]:,} and {sizes[1]:,} bytes" if sizes[0] != sizes[1] else ""
    lacking = right if rows[0] else left
    contents = {row.get("sha256") for each in rows for row in each} - {None}
    for key in lacking.outputs:
        if lacking.artifacts.get(key, {}).get("sha256") in contents:
            return f"the other has the same content as {key}"
    kinds = {str(row["kind"]) for each in rows for row in each if row.get("kind")}
    theirs = {lacking.artifacts.get(key, {}).get("kind") for key in lacking.outputs}
    none = sorted(kinds - theirs)
    return f"the other has no {' and no '.join(none)} at all" if none else ""


def _rows(side: Side, name: str) -> list[Mapping[str, Any]]:
    return [side.artifacts.get(key, {}) for key in side.outputs if key.rpartition(":")[0] == name]
