"""Rules and patterns of the procedure in plain words, for people who do not write them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.checklist.applies import Applies
from tracker.checklist.items import Item
from tracker.checklist.patterns import Patterns
from tracker.checklist.rules import (
    AllOf,
    AnyArtifact,
    AnyOf,
    Approval,
    EveryArtifact,
    Filled,
    Filter,
    Git,
    Logged,
    Registered,
    Rollback,
    Rule,
)

ANY = ("*",)
BY_HAND = "somebody ticks it"
FIELDS = {"retention_class": "retention class", "aliases": "alias"}
COMPARED = {
    "=": "is", "!=": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least",
}  # fmt: skip


def proof(item: Item) -> str:
    """What proves an item: ``param seed is logged``."""
    return in_words(item.rule) if item.rule else BY_HAND


def in_words(rule: Rule) -> str:
    """What must be true, as a clause."""
    match rule:
        case AnyOf(rules):
            return ", or ".join(map(in_words, rules))
        case AllOf(rules):
            return ", and ".join(map(in_words, rules))
        case AnyArtifact(filters, direction):
            did = {"input": "reads", "output": "stores", "": "stores or reads"}[direction]
            return f"the run {did} an artifact{_with(filters)}"
        case EveryArtifact(field, filters, patterns):
            what = {"hash": "fingerprint"}.get(field, FIELDS.get(field, field))
            return f"every artifact{_with(filters)} has a {what}" + (f" {_either(patterns)}" if patterns else "")
        case Logged(what, names, operator, values):
            name = f"any {what}" if names == ANY else f"{what} {_either(names)}"
            return f"{name} {COMPARED[operator]} {_either(values)}" if operator else f"{name} is {_done[what]}"
        case Filled(column, characters):
            much = f" with at least {characters} characters" if characters > 1 else ""
            return f"the column {column} is filled{much}"
        case Git(clean):
            return "all code is committed" if clean else "the code has a commit"
        case Approval(role):
            return f"another person than the owner ticks it{f', a {role}' if role else ''}"
        case Registered(stages):
            return "its model is registered" + (f" and in stage {_either(stages)}" if stages else "")
        case Rollback():
            return "there is an earlier version of its model to go back to"


_done = {"param": "logged", "metric": "logged", "tag": "set"}


def scope(applies: Applies) -> str:
    """For which runs an item holds: ``every run``, ``experiment churn*``."""
    parts = []
    if applies.experiments:
        parts.append(f"experiment {_either(applies.experiments)}")
    if applies.tags:
        tags = [name if value == "*" else f"{name}={value}" for name, value in applies.tags]
        parts.append(f"tag {_either(tags)}")
    if applies.stages:
        parts.append(f"model in stage {_either(applies.stages)}")
    return ", ".join(parts) or "every run"


def _with(filters: Sequence[Filter]) -> str:
    telling = [one for one in filters if one.patterns != ANY]
    said = " and ".join(f"{FIELDS.get(one.field, one.field)} {_either(one.patterns)}" for one in telling)
    return f" of {said}" if said else ""


def _either(patterns: Patterns | Sequence[str]) -> str:
    *most, last = patterns
    return f"{', '.join(most)} or {last}" if most else last
