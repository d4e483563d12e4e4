"""Runs a run again in the folder that was written for it, and says which metrics are the same."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.deciding.rows import values_of
from tracker.errors import NotReproducibleError
from tracker.reading.registry import Registry
from tracker.reproducing.environment import Python, Say, clean_variables, current, make_environment, run_logged
from tracker.reproducing.outcome import Outcome, outcome_of
from tracker.reproducing.reproduce import Plan
from tracker.reproducing.text import variables


def run_reproduction(
    plan: Plan, folder: Path, registry: Registry, fresh_environment: bool = True, say: Say = lambda output: None
) -> Outcome:
    """Run the command of a reproduction's folder; the new run becomes a part of the old one, and both are compared.

    This starts a program that the registry names: ask whoever sits there before.

    Args:
        plan: What :func:`tracker.reproducing.folder.write_reproduction` gave back for this folder.
        folder: That folder.
        registry: Where the new run goes: the run's own registry, or a copy of it.
        fresh_environment: Make an environment with the recorded packages; otherwise this process's own is used.
        say: Gets what pip and the command print, as it comes.

    Raises:
        RunNotFoundError: the registry does not have the run.
        NotReproducibleError: something is missing without which it cannot be run.
    """
    folder = Path(os.path.abspath(folder))
    registry.run(plan.run_id)
    place = _ready(plan, folder, fresh_environment)
    python = current()
    if fresh_environment:
        python = make_environment(folder, plan.environment.python, folder / "install.log", say)
    before = {str(row["run_id"]) for row in values_of(registry.folders, "runs")}
    output = folder / "output.log"
    words = plan.command.words(python.path, python.programs)
    code = run_logged(words, place, _variables(plan, folder, registry, python), output, say)
    return outcome_of(plan, registry, before, code, output, python.notes)


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
