"""Runs that differ in nothing but their seed are one group: its mean and spread say more than any one of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.values import key_text

_SEED = re.compile(r"seed|random.?state", re.IGNORECASE)
_PREFIX = "params."


@dataclass(frozen=True, slots=True)
class Group:
    """Runs of one experiment whose params are all the same, but for seeds."""

    label: str
    """What distinguishes it from the other groups; of a run alone its name."""
    places: tuple[int, ...]
    """Which of the runs, by place."""


def is_seed(param: str) -> bool:
    """Whether a param's numbers are names: 41 is no nearer to 42 than 7 is."""
    return bool(_SEED.search(param))


def groups_over_seeds(runs: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[Group]:
    """The groups, in the order of their first runs; a run without params is a group of its own.

    Args:
        runs: rows of the runs table, without what is blank.
        labels: what each run is called, each once.
    """
    found: dict[object, list[int]] = {}
    for place, run in enumerate(runs):
        params = _params(run)
        seeds = any(column.startswith(_PREFIX) and is_seed(column) for column in run)
        key = (str(run.get("experiment")), tuple(sorted(params.items()))) if params or seeds else place
        found.setdefault(key, []).append(place)
    firsts = [_params(runs[places[0]]) for places in found.values()]
    varying = _telling(firsts)
    groups = []
    for params, places in zip(firsts, found.values(), strict=True):
        named = ", ".join(f"{name} {params[name]}" for name in varying if name in params)
        alone = labels[places[0]]
        label = alone if len(places) == 1 else f"{named or runs[places[0]].get('experiment') or alone} × {len(places)}"
        groups.append(Group(label, tuple(places)))
    return _told_apart(groups, labels)


def _telling(params: Sequence[Mapping[str, str]]) -> list[str]:
    """As few params as tell the groups apart; what follows from those before says nothing more."""
    found: list[str] = []
    apart = 1
    for name in {name: None for one in params for name in one}:
        combinations = len({tuple(one.get(each) for each in (*found, name)) for one in params})
        if combinations > apart:
            found.append(name)
            apart = combinations
    return found


def _params(run: Mapping[str, Any]) -> dict[str, str]:
    return {
        column.removeprefix(_PREFIX): key_text(value)
        for column, value in run.items()
        if column.startswith(_PREFIX) and not is_seed(column)
    }


def _told_apart(groups: list[Group], labels: Sequence[str]) -> list[Group]:
    """Groups of one label, as of two experiments, get the name of their first run besides."""
    names = [group.label for group in groups]
    return [
        Group(f"{group.label} ({labels[group.places[0]]})", group.places) if names.count(group.label) > 1 else group
        for group in groups
    ]
