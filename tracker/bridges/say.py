"""What a plan to import says in words, for a terminal and a page alike."""

from __future__ import annotations

from tracker.bridges.plan import ImportPlan
from tracker.wording import count, size, some_of

MOST_NAMED = 6


def sentences(plan: ImportPlan, *, files: bool = True) -> list[str]:
    """What would come in, what is there already, what is left out."""
    experiments = [name for name in plan.experiments if name]
    word = "experiment" if len(experiments) == 1 else "experiments"
    of = f", of {word} {some_of(experiments, MOST_NAMED)}" if experiments else ""
    said = [f"{count(len(plan.new), 'run')} would come in{of}." if plan.new else "No run would come in."]
    if plan.already:
        said.append(
            f"{count(plan.already, 'run')} here already, left as {'it is' if plan.already == 1 else 'they are'}."
        )
    if plan.twice:
        said.append(f"{count(plan.twice, 'row')} standing there twice, taken once.")
    if plan.files and files:
        said.append(f"{count(plan.files, 'artifact')} of {size(plan.size)}; the same content is stored once.")
    elif plan.files:
        said.append(f"{count(plan.files, 'artifact')} left out.")
    if plan.columns:
        said.append(f"The runs table gets {count(len(plan.columns), 'column')}: {some_of(plan.columns, MOST_NAMED)}.")
    return [*said, *plan.source.left]
