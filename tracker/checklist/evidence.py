"""Whether a rule holds for a run, and what proves it or what is lacking. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from tracker.checklist.facts import ArtifactFacts, Cells, RunFacts
from tracker.checklist.patterns import Patterns, fits
from tracker.checklist.rule_text import alternatives, written
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
from tracker.matching import as_number, comparer, is_blank
from tracker.values import from_cell, key_text

MOST_NAMED = 3
"""How many artifacts or values an evidence names; the others are counted."""
MOST_CHARACTERS = 80
"""How much of a text an evidence quotes."""
NO_KIND = ("", "folder")
"""Kinds of artifacts that neither their name nor their content tells anything of."""
EVER_IN_PRODUCTION = ("production", "retired")


class Proof(NamedTuple):
    """Whether a rule holds; and what proves it, or what is lacking."""

    holds: bool
    text: str


def prove(rule: Rule, facts: RunFacts, row: Cells) -> Proof:
    """Whether the rule holds for the run.

    Args:
        row: the item's own row of the checklist, in which a person may have ticked it; empty where there is none.
    """
    return _WAYS[type(rule)](rule, facts, row)


def _all_of(rule: AllOf, facts: RunFacts, row: Cells) -> Proof:
    proofs = [prove(part, facts, row) for part in rule.rules]
    lacking = [proof.text for proof in proofs if not proof.holds]
    return Proof(not lacking, "; ".join(lacking or [proof.text for proof in proofs]))


def _any_of(rule: AnyOf, facts: RunFacts, row: Cells) -> Proof:
    proofs = [prove(part, facts, row) for part in rule.rules]
    first = next((proof for proof in proofs if proof.holds), None)
    return first or Proof(False, ", and ".join(proof.text for proof in proofs))


def _artifact(rule: AnyArtifact, facts: RunFacts) -> Proof:
    there = [used.artifact for used in facts.used if not rule.direction or used.direction == rule.direction]
    found = [artifact.key for artifact in there if _passes(artifact, rule.filters)]
    if found:
        return Proof(True, _several(found))
    return Proof(False, "; ".join([f"no {written(rule)}", *filter(None, [_several(_but_for_kind(rule, there))])]))


def _but_for_kind(rule: AnyArtifact, artifacts: Iterable[ArtifactFacts]) -> Iterator[str]:
    """Those that would do if somebody gave them another kind: that they have none, or all else that is asked for."""
    others = tuple(one for one in rule.filters if one.field != "kind")
    for artifact in artifacts if len(others) < len(rule.filters) else ():
        if _passes(artifact, others) and (others or artifact.kind in NO_KIND):
            yield f"{artifact.key} has {f'the kind {artifact.kind}' if artifact.kind else 'no kind'}"


def _every(rule: EveryArtifact, facts: RunFacts) -> Proof:
    chosen = {used.artifact.key: used.artifact for used in facts.used if _passes(used.artifact, rule.filters)}
    if not chosen:
        return Proof(False, f"no {written(AnyArtifact(rule.filters))}")
    lacking = [key for key, artifact in chosen.items() if not _has(artifact, rule.field, rule.patterns)]
    what = rule.field + (f"={alternatives(rule.patterns)}" if rule.patterns else "")
    if lacking:
        return Proof(False, f"no {what}: {_several(lacking)}")
    return Proof(True, f"{what}: {_several(chosen)}")


def _passes(artifact: ArtifactFacts, filters: tuple[Filter, ...]) -> bool:
    return all(_has(artifact, one.field, one.patterns) for one in filters)


def _has(artifact: ArtifactFacts, field: str, patterns: Patterns) -> bool:
    if field == "aliases":
        return any(fits(patterns, alias) for alias in artifact.aliases) if patterns else bool(artifact.aliases)
    if field in ("profile", "hash"):
        there = artifact.profiled if field == "profile" else artifact.hashed
        return there and (not patterns or fits(patterns, "true"))
    value = str(getattr(artifact, field))
    return fits(patterns, value) if patterns else bool(value)


def _logged(rule: Logged, facts: RunFacts) -> Proof:
    found = {name: value for name, value in _values(rule, facts.cells) if not is_blank(value)}
    if not found:
        return Proof(False, f"no {rule.what} {alternatives(rule.names)}")
    if rule.operator:
        good = {name: value for name, value in found.items() if _compares(value, rule.operator, rule.values)}
        if not good:
            wanted = f"{rule.operator} {alternatives(rule.values)}"
            return Proof(False, f"{_several(_equations(found))}, not {wanted}")
        found = good
    return Proof(True, _several(_equations(found)))


def _values(rule: Logged, cells: Cells) -> Iterable[tuple[str, Any]]:
    prefix = f"{rule.what}s."
    kind: Any = {"param": "any", "metric": "number", "tag": "text"}[rule.what]
    if any("*" in name for name in rule.names):
        wanted = [name for name in cells if name.startswith(prefix) and fits(rule.names, name[len(prefix) :])]
    else:
        wanted = [prefix + name for name in rule.names if f"{prefix}{name}" in cells]
        wanted = wanted or [name for name in cells if name.startswith(prefix) and fits(rule.names, name[len(prefix) :])]
    return ((name[len(prefix) :], from_cell(cells[name], kind)) for name in wanted)


def _equations(values: dict[str, Any]) -> list[str]:
    return [f"{name} = {_cut(_number(value))}" for name, value in values.items()]


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) and not value.is_integer() else key_text(value)


def _compares(value: Any, operator: str, wanted: Patterns) -> bool:
    if operator in ("=", "!="):
        equal = any(_equal(one)(value) for one in wanted)
        return equal == (operator == "=")
    number = as_number(wanted[0])
    return bool(comparer(operator, wanted[0] if number is None else number)(value))


def _equal(wanted: str) -> Callable[[Any], bool]:
    number = as_number(wanted)
    test = comparer("=", wanted if number is None else number)
    return lambda value: bool(test(value)) or fits((wanted,), key_text(value))


def _filled(value: Any, column: str, characters: int) -> Proof:
    text = key_text(value)
    if is_blank(value) or not text:
        return Proof(False, f"{column} is blank")
    if len(text) < characters:
        return Proof(False, f"{column} has {len(text)} characters, not {characters}")
    return Proof(True, f"{column}: {_cut(text)}")


def _git(cells: Cells, clean: bool) -> Proof:
    commit = key_text(cells.get("git_commit"))
    if not commit:
        return Proof(False, "no git commit")
    if not clean:
        return Proof(True, f"commit {commit[:12]}")
    dirty = key_text(cells.get("git_dirty")).upper()
    if dirty in ("FALSE", "0"):
        return Proof(True, f"commit {commit[:12]}, nothing uncommitted")
    return Proof(False, f"commit {commit[:12]}, " + ("with changes uncommitted" if dirty else "git_dirty is blank"))


def _approval(role: str, facts: RunFacts, row: Cells) -> Proof:
    who = key_text(row.get("who"))
    by = f" by a {role}" if role else " by another than the run's owner"
    if key_text(row.get("status")).lower() != "done" or not who:
        return Proof(False, f"not approved{by}")
    if who.casefold() == facts.owner.casefold():
        return Proof(False, f"not approved{by}: {who} is the run's owner")
    if role and facts.roles is not None and facts.roles.get(who.casefold()) != role:
        return Proof(False, f"not approved{by}: {who} is none")
    return Proof(True, f"approved by {who}")


def _registered(stages: Patterns, facts: RunFacts) -> Proof:
    own = facts.own_versions
    found = [f"{one.model} v{one.version} ({one.stage})" for one in own if not stages or fits(stages, one.stage)]
    if found:
        return Proof(True, _several(found))
    if own and stages:
        there = _several([f"{one.model} v{one.version} ({one.stage})" for one in own])
        return Proof(False, f"{there}, not in {alternatives(stages)}")
    return Proof(False, "none of its artifacts is a registered model version")


def _rollback(facts: RunFacts) -> Proof:
    own = {one.model: one.version for one in sorted(facts.own_versions, key=lambda one: one.version)}
    if not own:
        return Proof(False, "none of its artifacts is a registered model version")
    found, lacking = [], []
    for model, version in own.items():
        others = [one for one in facts.versions if one.model == model and one.version != version]
        used = [one for one in others if one.stage in EVER_IN_PRODUCTION]
        there = [one for one in used or others if not one.gone and (one.version < version or one in used)]
        if there:
            back = max(there, key=lambda one: (one.stage == "production", one.version))
            found.append(f"{model} v{back.version} to go back to")
        elif used:
            lacking.append(f"no version of {model} to go back to: the files of those before are gone")
        else:
            found.append(f"no other version of {model} was in production")
    return Proof(not lacking, "; ".join(lacking or found))


def _several(texts: Iterable[str]) -> str:
    texts = list(dict.fromkeys(texts))
    more = len(texts) - MOST_NAMED
    return ", ".join(texts[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"


_WAYS: dict[type[Rule], Callable[[Any, RunFacts, Cells], Proof]] = {
    AllOf: _all_of,
    AnyOf: _any_of,
    AnyArtifact: lambda rule, facts, row: _artifact(rule, facts),
    EveryArtifact: lambda rule, facts, row: _every(rule, facts),
    Logged: lambda rule, facts, row: _logged(rule, facts),
    Filled: lambda rule, facts, row: _filled(facts.cells.get(rule.column), rule.column, rule.characters),
    Git: lambda rule, facts, row: _git(facts.cells, rule.clean),
    Approval: lambda rule, facts, row: _approval(rule.role, facts, row),
    Registered: lambda rule, facts, row: _registered(rule.stages, facts),
    Rollback: lambda rule, facts, row: _rollback(facts),
}
