"""What importing would do: which runs are new here, which are there already, and what comes along. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tracker.bridges.foreign import ForeignRun, Source
from tracker.schema import RUNS


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What importing a source would add to a registry."""

    source: Source
    new: tuple[ForeignRun, ...]
    already: int = 0
    """Runs of the source that the registry has."""
    twice: int = 0
    """Runs that stand in the source more than once."""
    columns: tuple[str, ...] = ()
    """Columns that the runs table gets."""

    @property
    def experiments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(run.cells.get("experiment") or "") for run in self.new))

    @property
    def files(self) -> int:
        """How many artifacts come along."""
        return sum(len(run.files) for run in self.new)

    @property
    def size(self) -> int:
        """Their bytes; the same content is stored once."""
        return sum(file.size for run in self.new for file in run.files)

    def adds_the_same(self, other: ImportPlan) -> bool:
        """Whether both would add the same runs."""
        return [run.origin for run in self.new] == [run.origin for run in other.new]


def plan_import(
    source: Source, run_ids: Collection[str], origins: Collection[str], columns: Collection[str]
) -> ImportPlan:
    """Decide which runs come in.

    Args:
        run_ids: the ids of the registry's runs.
        origins: where runs of the registry were imported from.
        columns: the columns that its runs table has.
    """
    new: dict[str, ForeignRun] = {}
    already = twice = 0
    for run in source.runs:
        if run.origin in origins or run.run_id in run_ids:
            already += 1
        elif run.run_id in new:
            twice += 1
        else:
            new[run.run_id] = run
    names = [name for run in new.values() for name, value in run.cells.items() if value is not None]
    names += [f"metrics.{metric}" for run in new.values() for metric in run.metrics]
    declared = {column.name for column in RUNS.columns}
    fresh = tuple(name for name in dict.fromkeys(names) if name not in columns and name not in declared)
    return ImportPlan(source, tuple(new.values()), already, twice, fresh)
