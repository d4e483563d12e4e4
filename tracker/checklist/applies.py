"""The language of the ``applies_to`` column: for which runs an item holds.

``churn*`` or ``experiment:churn*`` is an experiment, ``tag:team=risk`` a tag of the run, ``stage:production`` a stage
in which the run made a model version. Commas separate; several of one sort are alternatives, different sorts must all
hold. Blank is every run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tracker.checklist.patterns import fits
from tracker.checklist.rule_text import rule_error, unknown_stage
from tracker.values import key_text

SORTS = ("experiment", "tag", "stage")


@dataclass(frozen=True, slots=True)
class Applies:
    """For which runs an item holds; with no pattern at all for every run."""

    experiments: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    """Name and pattern of the value; any value where the pattern is ``*``."""
    stages: tuple[str, ...] = ()

    def to(self, values: Mapping[str, Any], stages: Iterable[str]) -> bool:
        """Whether it holds for a run.

        Args:
            values: the cells of the run's row, by the columns' own names.
            stages: the stages of the model versions that the run made.
        """
        if self.experiments and not fits(self.experiments, key_text(values.get("experiment"))):
            return False
        if self.tags and not any(fits((value,), key_text(values.get(f"tags.{name}"))) for name, value in self.tags):
            return False
        return not self.stages or any(fits(self.stages, stage) for stage in stages)


EVERY_RUN = Applies()


@lru_cache(maxsize=1024)
def parse_applies(text: str) -> Applies:
    """What a cell says.

    Raises:
        RuleError: it cannot be understood; says where and what may be meant.
    """
    experiments: list[str] = []
    tags: list[tuple[str, str]] = []
    stages: list[str] = []
    place = 0
    for part in text.split(","):
        start = place + len(part) - len(part.lstrip())
        place += len(part) + 1
        pattern = part.strip()
        sort, colon, rest = pattern.partition(":")
        sort, rest = sort.strip().lower(), rest.strip()
        if not pattern:
            continue
        if not colon:
            experiments.append(pattern)
            continue
        if sort not in SORTS:
            match = difflib.get_close_matches(sort, SORTS, 1)
            hint = f"did you mean {match[0]}:?" if match else "it may be experiment:, tag: or stage:"
            raise rule_error(text, start, f"'{sort}:' is no sort of pattern; {hint}")
        if not rest:
            raise rule_error(text, start + len(pattern), f"a pattern must follow '{sort}:'")
        if sort == "experiment":
            experiments.append(rest)
        elif sort == "tag":
            name, _, value = (word.strip() for word in rest.partition("="))
            if not name:
                raise rule_error(text, start + len(sort) + 1, "the tag's name is missing here")
            tags.append((name, value or "*"))
        else:
            if reason := unknown_stage(rest):
                raise rule_error(text, start + pattern.rfind(rest), reason)
            stages.append(rest)
    return Applies(tuple(experiments), tuple(tags), tuple(stages))
