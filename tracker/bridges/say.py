"""What a plan to import says in words, for a terminal and a page alike."""

from __future__ import annotations

from tracker import terminal
from tracker.bridges.plan import ImportPlan

MOST_NAMED = 6


def sentences(plan: ImportPlan, *, files: bool = True) -> list[str]:
    """What would come in, what is there already, what is left out."""
    experiments = [name for name in plan.experiments if name]
    of = (
        f", of {'experiment' if len(experiments) == 1 else 'experiments'} {_listed(experiments)}" if experiments else ""
    )
    said = [f"{_count(len(plan.new), 'run')} would come in{of}." if plan.new else "No run would come in."]
    if plan.already:
        said.append(
            f"{_count(plan.already, 'run')} here already, left as {'it is' if plan.already == 1 else 'they are'}."
        )
    if plan.twice:
        said.append(f"{_count(plan.twice, 'row')} standing there twice, taken once.")
    if plan.files and files:
        said.append(f"{_count(plan.files, 'artifact')} of {terminal.size(plan.size)}; the same content is stored once.")
    elif plan.files:
        said.append(f"{_count(plan.files, 'artifact')} left out.")
    if plan.columns:
        said.append(f"The runs table gets {_count(len(plan.columns), 'column')}: {_listed(plan.columns)}.")
    return [*said, *plan.source.left]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
