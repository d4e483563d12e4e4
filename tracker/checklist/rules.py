"""What proves an item of a checklist: the rules, as small values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tracker.checklist.patterns import Patterns

FIELDS = ("category", "kind", "name", "retention_class", "aliases")
"""What an artifact is chosen by."""
HAD = (*FIELDS, "profile", "hash")
"""What an artifact may be asked to have."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A field of an artifact and what it must look like."""

    field: str
    patterns: Patterns


@dataclass(frozen=True, slots=True)
class AnyArtifact:
    """At least one artifact that the run read or wrote passes all filters."""

    filters: tuple[Filter, ...] = ()
    direction: Literal["", "input", "output"] = ""


@dataclass(frozen=True, slots=True)
class EveryArtifact:
    """Each artifact that passes the filters has a field, with one of the values where there are any."""

    field: str
    filters: tuple[Filter, ...] = ()
    patterns: Patterns = ()


@dataclass(frozen=True, slots=True)
class Logged:
    """A param, metric or tag was logged, with a value that compares so where there is an operator."""

    what: Literal["param", "metric", "tag"]
    names: Patterns
    operator: str = ""
    values: Patterns = ()


@dataclass(frozen=True, slots=True)
class Filled:
    """A column of the runs sheet is filled, with a text of at least so many characters."""

    column: str
    characters: int = 1


@dataclass(frozen=True, slots=True)
class Git:
    """The code has a commit; and nothing was uncommitted."""

    clean: bool


@dataclass(frozen=True, slots=True)
class Approval:
    """A person other than the run's owner ticked this very item, with that role where one is given."""

    role: str = ""


@dataclass(frozen=True, slots=True)
class Registered:
    """One of the run's artifacts is a registered model version, in one of the stages where there are any."""

    stages: Patterns = ()


@dataclass(frozen=True, slots=True)
class Rollback:
    """The run's registered model has an earlier version to go back to, or none was ever in production."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """Rules that must hold together."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Rules of which one must hold."""

    rules: tuple[Rule, ...]


Rule = AnyArtifact | EveryArtifact | Logged | Filled | Git | Approval | Registered | Rollback | AllOf | AnyOf


def needs_approval(rule: Rule | None) -> bool:
    """Whether a person's tick counts only if it is that of another than the run's owner."""
    if isinstance(rule, AllOf | AnyOf):
        return any(map(needs_approval, rule.rules))
    return isinstance(rule, Approval)


def asks_for_profiles(rule: Rule | None) -> bool:
    """Whether it must be known which artifacts have a profile beside them."""
    if isinstance(rule, AllOf | AnyOf):
        return any(map(asks_for_profiles, rule.rules))
    return isinstance(rule, EveryArtifact) and rule.field == "profile"
