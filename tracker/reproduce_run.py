"""Runs a run again in the folder that was written for it, and says which metrics are the same."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.agreement import Compared, compare, metric_values
from tracker.errors import NotReproducibleError
from tracker.registry import Registry
from tracker.reproduce import ENVIRONMENT, GIT_DIFF, SCRIPT, Plan
from tracker.reproduce_environment import Python, Say, clean_variables, current, make_environment, run_logged
from tracker.reproduce_text import variables
from tracker.rows import values_of

Row = Mapping[str, Any]


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


def run_reproduction(
    plan: Plan, folder: Path, registry: Registry, fresh_environment: bool = True, say: Say = lambda output: None
) -> Outcome:
    """Run the command of a reproduction's folder; the new run becomes a part of the old one, and both are compared.

    This starts a program that the registry names: ask whoever sits there before.

    Args:
        plan: What :func:`tracker.reproduce_folder.write_reproduction` gave back for this folder.
        folder: That folder.
        registry: Where the new run goes: the run's own registry, or a copy of it.
        fresh_environment: Make an environment with the recorded packages; otherwise this process's own is used.
        say: Gets what pip and the command print, as it comes.

    Raises:
        NotReproducibleError: something is missing without which it cannot be run.
    """
    folder = Path(os.path.abspath(folder))
    place = _ready(plan, folder, fresh_environment)
    python = current()
    if fresh_environment:
        python = make_environment(folder, plan.environment.python, folder / "install.log", say)
    before = {str(row["run_id"]) for row in values_of(registry.folders, "runs")}
    output = folder / "output.log"
    code = run_logged(
        plan.command.words(python.path, python.programs), place, _variables(plan, folder, registry, python), output, say
    )
    return _outcome(plan, registry, before, code, output, python.notes)


def _ready(plan: Plan, folder: Path, fresh_environment: bool) -> Path:
    """The folder to run in, once it is sure that everything is there."""
    reasons = [gap.text for gap in plan.stopping]
    if fresh_environment and not plan.environment.requirements:
        reasons.append("Its packages were not recorded, so no fresh environment can be made")
    code = (folder / "code").resolve()
    place = (code / plan.command.folder).resolve()
    if not reasons and plan.command.kind == "script":
        script = (place / plan.command.target).resolve()
        if not script.exists() or not script.is_relative_to(code):
            reasons.append(f"The code has no {plan.command.target} in {plan.command.folder or 'its top folder'}")
    if not reasons and not (place.is_dir() and place.is_relative_to(code)):
        reasons.append(f"The code has no folder {plan.command.folder}")
    if reasons:
        hint = f"What is there is in {folder}; its README.md says what is missing."
        raise NotReproducibleError(run=plan.name, reason=". ".join(reasons), hint=hint)
    return place


def _variables(plan: Plan, folder: Path, registry: Registry, python: Python) -> dict[str, str]:
    own = variables(plan, str(registry.path))
    library = str(folder / "library")
    if python == current():
        paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, **own, "PYTHONPATH": os.pathsep.join(paths)}
    path = os.pathsep.join([str(python.programs), os.environ.get("PATH", "")])
    return clean_variables({**own, "PYTHONPATH": library, "PATH": path, "VIRTUAL_ENV": str(python.programs.parent)})


# -- what came of it ----------------------------------------------------------------------------------------------


def _outcome(
    plan: Plan, registry: Registry, before: Collection[str], code: int, output: Path, notes: Sequence[str]
) -> Outcome:
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


_SURROUNDINGS = (ENVIRONMENT, GIT_DIFF, SCRIPT)
