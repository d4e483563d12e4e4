"""Rules and patterns of the procedure in plain words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tracker.checklist.applies import parse_applies
from tracker.checklist.items import read_items
from tracker.checklist.rule_text import parse_rule
from tracker.checklist.words import in_words, proof, scope
from tracker.deciding.rows import cells_of
from tracker.folders import Folders
from tracker.reading.registry import templates


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("param seed", "param seed is logged"),
        ("metric auc|f1 >= 0.9", "metric auc or f1 is at least 0.9"),
        ("tag team=risk", "tag team is risk"),
        ("tag team", "tag team is set"),
        ("column goal >= 20 characters", "the column goal is filled with at least 20 characters"),
        ("git commit and git clean", "the code has a commit, and all code is committed"),
        ('input artifact kind="data set" name=*train*', "the run reads an artifact of kind data set and name *train*"),
        ("param *", "any param is logged"),
        ("output artifact name=*", "the run stores an artifact"),
        ("artifact category=model or rollback", "the run stores or reads an artifact of category model, or "
         "there is an earlier version of its model to go back to"),
        ("every artifact category=model has retention_class", "every artifact of category model has a retention class"),
        ("every artifact has hash", "every artifact has a fingerprint"),
        ("approval role=manager", "another person than the owner ticks it, a manager"),
        ("registered stage=staging|production", "its model is registered and in stage staging or production"),
    ],
)  # fmt: skip
def test_a_rule_is_a_clause(rule: str, words: str) -> None:
    assert in_words(parse_rule(rule)) == words


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "every run"),
        ("churn*, wine", "experiment churn* or wine"),
        ("tag:team=risk, tag:final", "tag team=risk or final"),
        ("churn*, stage:production", "experiment churn*, model in stage production"),
    ],
)
def test_a_pattern_says_for_which_runs(pattern: str, words: str) -> None:
    assert scope(parse_applies(pattern)) == words


@pytest.mark.parametrize("name", sorted(templates()))
def test_every_rule_that_tracker_brings_has_words(name: str, tmp_path: Path) -> None:
    path = Path(shutil.copyfile(templates()[name], tmp_path / "registry.xlsx"))
    items = read_items(cells_of(Folders(path), "sop"))
    assert items and all(proof(item) and scope(item.applies) for item in items)
