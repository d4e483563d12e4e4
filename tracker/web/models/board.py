"""The versions of a model as cards on a board, one column per stage. No streamlit in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.comparing.compare import best
from tracker.deciding.models import ModelVersion, holder_of
from tracker.schema import STAGES
from tracker.settings import Settings
from tracker.web.common import shown

ALWAYS = ("candidate", "staging", "production")
"""Stages that are on every board; the others where a version is in them."""
NEXT = {"none": "candidate", "candidate": "staging", "staging": "production"}
"""Where a version usually goes from each stage."""


@dataclass(frozen=True, slots=True)
class Card:
    """One version as it stands on the board."""

    version: ModelVersion
    value: Any = None
    """The metric of the run that made it; None where it has none."""
    beside: str = ""
    """How far that is from what is in production: ``+0.012``."""
    is_best: bool = False
    owner: str = ""
    checklist: str = ""
    """How many items of the procedure its run has: ``7 of 9``."""
    is_complete: bool = False
    next_stage: str = ""


def stages(versions: Sequence[ModelVersion]) -> list[str]:
    """The columns of the board, in the order of the stages; what nobody knows comes last."""
    there = {one.stage for one in versions}
    return [*(stage for stage in STAGES if stage in ALWAYS or stage in there), *sorted(there - set(STAGES))]


def cards(
    versions: Sequence[ModelVersion], runs: Mapping[str, Mapping[str, Any]], metric: str, settings: Settings
) -> dict[str, list[Card]]:
    """The cards of each stage, the newest version first.

    Args:
        versions: those of one model.
        runs: the rows of the runs that made them, by id, without what is blank.
        metric: which metric the cards show, without ``metrics.``; empty for none.
    """
    made = [runs.get(one.run_id, {}) for one in versions]
    values = [run.get(f"metrics.{metric}") if metric else None for run in made]
    greatest = best(metric, values, settings)
    holder = holder_of(versions, "production")
    reference = values[versions.index(holder)] if holder else None
    found: dict[str, list[Card]] = {stage: [] for stage in stages(versions)}
    for place, (one, run, value) in enumerate(zip(versions, made, values, strict=True)):
        done, _, of = str(run.get("checklist", "")).partition(" of ")
        found[one.stage].append(
            Card(
                one,
                value,
                "" if one is holder else _distance(value, reference),
                place in greatest,
                str(run.get("owner", "")),
                str(run.get("checklist", "")),
                bool(of) and done == of,
                NEXT.get(one.stage, ""),
            )
        )
    return {stage: sorted(own, key=lambda card: -card.version.version) for stage, own in found.items()}


def _distance(value: Any, reference: Any) -> str:
    if value is None or reference is None:
        return ""
    difference = float(value) - float(reference)
    return f"{'+' if difference >= 0 else '-'}{shown.number(abs(difference))}"
