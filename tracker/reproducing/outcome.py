"""What came of running a run again: which of the new runs it is, and what is the same in both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.deciding.rows import values_of
from tracker.reading.registry import Registry
from tracker.reproducing.agreement import Compared, compare, metric_values
from tracker.reproducing.reproduce import ENVIRONMENT, GIT_DIFF, SCRIPT, Plan

Row = Mapping[str, Any]
_SURROUNDINGS = (ENVIRONMENT, GIT_DIFF, SCRIPT)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of running a run again."""

    exit_code: int
    output: Path
    """What the command printed."""
    run_id: str = ""
    """The new run; empty where the command logged none."""
    metrics: tuple[Compared, ...] = ()
    more: tuple[str, ...] = ()
    """Metrics that only the new run has."""
    params: tuple[tuple[str, Any, Any], ...] = ()
    """Params that differ: the name, the value then, the value now."""
    same_artifacts: tuple[str, ...] = ()
    """Versions that both wrote: the same, byte for byte."""
    other_artifacts: tuple[tuple[str, str], ...] = ()
    """Versions with another content: the one then, the one now."""
    notes: tuple[str, ...] = ()
    """What was not as it was recorded."""

    @property
    def agrees(self) -> bool:
        """The command ended well, and every metric of the old run is the same in the new one."""
        return bool(self.exit_code == 0 and self.metrics and all(each.agrees for each in self.metrics))


def outcome_of(
    plan: Plan, registry: Registry, before: Collection[str], code: int, output: Path, notes: Sequence[str]
) -> Outcome:
    """Compare the run with that of the new runs which is most like it.

    Args:
        plan: What was run again.
        registry: Where the new runs are.
        before: The runs that had been there.
        code: The exit code of the command.
        output: What it printed.
        notes: What was not as it was recorded.
    """
    runs = values_of(registry.folders, "runs")
    made = _made(runs, plan.run_id, before)
    if not made:
        return Outcome(code, output, metrics=compare(plan.metrics, {}), notes=tuple(notes))
    old = next(row for row in runs if row["run_id"] == plan.run_id)
    likeness = {str(row["run_id"]): _likeness(old, row) for row in made}
    best = [row for row in made if likeness[str(row["run_id"])] == max(likeness.values())]
    new = best[0]
    if len(best) > 1:
        notes = (*notes, f"{len(best)} of the new runs are alike; compared is the first")
    values = metric_values(registry.folders, new)
    known = {each.metric for each in plan.metrics}
    same, other = _artifacts(values_of(registry.folders, "lineage"), plan.run_id, str(new["run_id"]))
    return Outcome(
        exit_code=code,
        output=output,
        run_id=str(new["run_id"]),
        metrics=compare(plan.metrics, values),
        more=tuple(name for name in values if name not in known),
        params=_different_params(old, new),
        same_artifacts=same,
        other_artifacts=other,
        notes=tuple(notes),
    )


def _made(runs: Iterable[Row], parent: str, before: Collection[str]) -> list[Row]:
    """The new runs below the old one, in the order in which they began."""
    new = [row for row in runs if str(row["run_id"]) not in before and isinstance(row.get("start_time"), datetime)]
    new.sort(key=lambda row: row["start_time"])
    inside, found = {parent}, []
    for row in new:
        if row.get("parent_run_id") in inside:
            inside.add(str(row["run_id"]))
            found.append(row)
    return found


def _likeness(old: Row, new: Row) -> tuple[bool, bool, bool, bool]:
    """How alike two runs are, one of which one command made several."""
    nested = new.get("parent_run_id") != old["run_id"]
    return (
        old.get("name") == new.get("name"),
        not _different_params(old, new),
        old.get("experiment") == new.get("experiment"),
        bool(old.get("parent_run_id")) == nested,
    )


def _different_params(old: Row, new: Row) -> tuple[tuple[str, Any, Any], ...]:
    names = sorted({name for row in (old, new) for name in row if name.startswith("params.")})
    pairs = [(name.removeprefix("params."), old.get(name), new.get(name)) for name in names]
    return tuple((name, then, now) for name, then, now in pairs if then != now and (then == then or now == now))


def _artifacts(links: Iterable[Row], old: str, new: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The versions that both wrote, and those of the same name that differ."""
    written: dict[str, dict[str, str]] = {old: {}, new: {}}
    for link in links:
        name = str(link["artifact"]).rpartition(":")[0]
        if link.get("direction") == "output" and link["run_id"] in written and name not in _SURROUNDINGS:
            written[str(link["run_id"])][name] = str(link["artifact"])
    then, now = written[old], written[new]
    same = tuple(artifact for name, artifact in then.items() if now.get(name) == artifact)
    return same, tuple((artifact, now[name]) for name, artifact in then.items() if now.get(name, artifact) != artifact)
