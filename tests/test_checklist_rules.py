"""The rule language of the sop sheet: what is understood, what is not and why, and whether a rule holds for a run."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.checklist.applies import Applies, parse_applies
from tracker.checklist.evidence import prove
from tracker.checklist.facts import Rows, RunFacts, facts_of
from tracker.checklist.rule_text import parse_rule, written
from tracker.checklist.rules import (
    FIELDS,
    HAD,
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
from tracker.errors import RuleError
from tracker.schema import STAGES

# -- reading ------------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(str.strip)
PATTERNS = st.lists(TEXT, min_size=1, max_size=3).map(tuple)
FILTERS = st.lists(st.builds(Filter, st.sampled_from(FIELDS), PATTERNS), max_size=2).map(tuple)
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
NUMBERS = st.integers(-10_000, 10_000).map(lambda number: (str(number / 8),))
COMPARED = st.one_of(st.tuples(st.sampled_from(("=", "!=")), PATTERNS), st.tuples(st.sampled_from(OPERATORS), NUMBERS))
SINGLE: st.SearchStrategy[Rule] = st.one_of(
    st.builds(AnyArtifact, FILTERS, st.sampled_from(("", "input", "output"))),
    st.builds(EveryArtifact, st.sampled_from(HAD), FILTERS, st.one_of(st.just(()), PATTERNS)),
    st.builds(lambda names, compared: Logged("param", names, *compared), PATTERNS, COMPARED),
    st.builds(Logged, st.just("metric"), PATTERNS, st.sampled_from(OPERATORS), NUMBERS),
    st.builds(Logged, st.just("tag"), PATTERNS, st.just("="), PATTERNS),
    st.builds(Logged, st.sampled_from(("param", "metric", "tag")), PATTERNS),
    st.builds(Filled, TEXT, st.integers(1, 500)),
    st.builds(Git, st.booleans()),
    st.builds(Approval, st.sampled_from(("", "manager", "contributor"))),
    st.builds(Registered, st.lists(st.sampled_from(STAGES), max_size=2).map(tuple)),
    st.just(Rollback()),
)  # fmt: skip
ALL = st.one_of(SINGLE, st.lists(SINGLE, min_size=2, max_size=3).map(lambda rules: AllOf(tuple(rules))))
RULES = st.one_of(ALL, st.lists(ALL, min_size=2, max_size=3).map(lambda rules: AnyOf(tuple(rules))))


@given(RULES)
def test_a_rule_that_is_written_is_read_back_as_it_was(rule: Rule) -> None:
    assert parse_rule(written(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "Git Clean",
        "ARTIFACT KIND=Figure AND APPROVAL",
        "Every Artifact Has Hash OR Rollback",
        "Column goal >= 20 Characters",
    ],
)
def test_keywords_are_read_in_upper_case_too(text: str) -> None:
    assert parse_rule(text) == parse_rule(text.lower().replace("figure", "Figure"))


@given(st.text(string.printable, max_size=40))
def test_nonsense_is_refused_with_a_place_and_never_crashes(text: str) -> None:
    try:
        rule = parse_rule(text)
    except RuleError as error:
        assert 1 <= error.fields["position"] <= len(text) + 1
    else:
        assert parse_rule(written(rule)) == rule
    try:
        parse_applies(text)
    except RuleError as error:
        assert 1 <= error.fields["position"] <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("metrc auc", 1, "did you mean metric?"),
        ("artifact knd=figure", 10, "did you mean kind?"),
        ("artifact kind", 14, "'=' and a value must follow 'kind'"),
        ('artifact kind="data set', 15, "a quote is opened here and not closed"),
        ("every artifact has profil", 20, "did you mean profile?"),
        ("every artifact category=model", 30, "'has' is missing here"),
        ("metric auc >= high", 15, "a metric is compared with a number"),
        ("metric auc > 1|2", 14, "> compares with one value"),
        ("tag team>risk", 9, "a tag is compared with = only"),
        ("column goal >= twenty characters", 16, "the number of characters is a whole number"),
        ("column goal >= 20", 18, "'characters' is missing here"),
        ("git clen", 5, "did you mean clean?"),
        ("approval role=boss", 15, "it may be viewer, contributor or manager"),
        ("registered stage=prodution", 18, "did you mean production?"),
        ("param seed param depth", 12, "'and' or 'or' must stand before another rule"),
        ("param seed and", 15, "a rule is missing here"),
        ("(param seed)", 1, "'(param' begins no rule"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_is(text: str, position: int, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)
    assert (caught.value.fields["position"], says in str(caught.value)) == (position, True), str(caught.value)


def test_and_binds_stronger_than_or() -> None:
    rule = parse_rule("param a and param b or git commit")
    assert isinstance(rule, AnyOf) and isinstance(rule.rules[0], AllOf) and rule.rules[1] == Git(False)


# -- for which runs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True), ("churn*", True), ("experiment:Churn 2026", True), ("digits", False), ("digits, churn*", True),
        ("tag:team=risk", True), ("tag:team", True), ("tag:team=fraud", False), ("tag:owner", False),
        ("stage:production", False), ("stage:staging", True), ("churn*, tag:team=fraud", False),
        ("churn*, tag:team=fraud, tag:team=risk, stage:stag*", True),
    ],
)  # fmt: skip
def test_sorts_must_all_hold_and_one_of_a_sort_is_enough(text: str, holds: bool) -> None:
    values = {"experiment": "churn 2026", "tags.team": "risk", "tags.owner": None}
    assert parse_applies(text).to(values, ["none", "staging"]) is holds


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("churn*, tga:team=risk", 9, "did you mean tag:?"),
        ("stage:prod", 7, "the stages are"),
        ("stage: prodction", 8, "did you mean production?"),
        ("churn*, experiment:", 20, "a pattern must follow"),
        ("tag:=risk", 5, "the tag's name is missing"),
    ],
)
def test_a_wrong_pattern_is_said_where_it_is(text: str, position: int, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_applies(text)
    assert (caught.value.fields["position"], says in str(caught.value)) == (position, True), str(caught.value)


def test_no_pattern_is_every_run() -> None:
    assert parse_applies("  ") == Applies() and Applies().to({}, [])


# -- what holds ---------------------------------------------------------------------------------------------------

RUN = {
    "run_id": "r1", "owner": "Ann", "experiment": "churn", "change": "deeper trees", "my verdict": "good",
    "params.seed": 42, "params.model": "gbm", "params.depth": "6", "tags.team": "risk",
    "metrics.auc": 0.93, "metrics.f1": None, "metrics.loss": "NaN", "git_commit": "3fa1c2d4e5f6", "git_dirty": False,
}  # fmt: skip


def an_artifact(key: str, **cells: Any) -> dict[str, Any]:
    return {"artifact": key, "name": key.partition(":")[0], "status": "stored", "sha256": "ab", **cells}


ARTIFACTS = [
    an_artifact("churn-train:v1", category="model", kind="data set", run_id="r0", retention_class="regulated"),
    an_artifact("churn-model:v3", category="model", kind="model file", run_id="r1", aliases="champion, best"),
    an_artifact("roc:v1", category="model", kind="figure", run_id="r1", sha256=None),
    an_artifact("old:v1", category="documentation", kind="report", run_id="r1", status="deleted"),
    an_artifact("elsewhere:v1", category="code", kind="script", run_id="r0"),
]
LINEAGE = [
    {"run_id": "r1", "direction": "input", "artifact": "churn-train:v1"},
    {"run_id": "r1", "direction": "output", "artifact": "churn-model:v3"},
    {"run_id": "r1", "direction": "output", "artifact": "roc:v1"},
    {"run_id": "r1", "direction": "output", "artifact": "old:v1"},
]
MODELS = [
    {"model": "churn", "version": 1, "artifact": "churn-model:v1", "run_id": "r0", "stage": "production"},
    {"model": "churn", "version": 2, "artifact": "churn-model:v3", "run_id": "r1", "stage": "staging"},
]
RETENTION = [{"class": "pictures", "pattern": "roc*"}, {"class": "candidate", "category": "model"}]


def facts(**other: Any) -> RunFacts:
    tables: dict[str, Any] = {
        "runs": [RUN], "artifacts": ARTIFACTS, "lineage": LINEAGE, "models": MODELS,
        "has_profile": lambda artifact: artifact == "churn-train:v1",
    }  # fmt: skip
    return facts_of(Rows(**{**tables, **other}))["r1"]


@pytest.mark.parametrize(
    ("rule", "holds", "says"),
    [
        ("artifact", True, "churn-model:v3, roc:v1, churn-train:v1"),
        ('artifact kind="data set" name=*TRAIN*', True, "churn-train:v1"),
        ('input artifact kind="data set"', True, "churn-train:v1"),
        ('output artifact kind="data set"', False, 'no output artifact kind="data set"'),
        ("artifact kind=report", False, "no artifact kind=report"),
        ("artifact kind=script", False, "no artifact kind=script"),
        ("artifact kind=report|figure", True, "roc:v1"),
        ("artifact aliases=champ*", True, "churn-model:v3"),
        ("every artifact has category", True, "category: churn-model:v3, roc:v1, churn-train:v1"),
        ("every artifact has retention_class", False, "no retention_class: churn-model:v3, roc:v1"),
        ('every artifact kind="data set" has profile', True, "profile: churn-train:v1"),
        ("every artifact category=model has profile", False, "no profile: churn-model:v3, roc:v1"),
        ("every artifact has hash", False, "no hash: roc:v1"),
        ("every artifact kind=notebook has hash", False, "no artifact kind=notebook"),
        ('every artifact has kind="model file"|figure|"data set"', True, 'kind="model file"|figure|"data set": '),
        ("param seed", True, "seed = 42"),
        ("param SEED = 42", True, "seed = 42"),
        ("param seed != 42", False, "seed = 42, not != 42"),
        ("param depth >= 6", True, "depth = 6"),
        ("param depth = 6", True, "depth = 6"),
        ("param model = g*", True, "model = gbm"),
        ("param *", True, "seed = 42, model = gbm, depth = 6"),
        ("param lr", False, "no param lr"),
        ("metric auc > 0.9", True, "auc = 0.93"),
        ("metric auc > 0.95", False, "auc = 0.93, not > 0.95"),
        ("metric f1|auc", True, "auc = 0.93"),
        ("metric f1", False, "no metric f1"),
        ("metric loss", False, "no metric loss"),
        ("tag team=risk|fraud", True, "team = risk"),
        ("tag team=fraud", False, "team = risk, not = fraud"),
        ("column change", True, "change: deeper trees"),
        ("column change >= 20 characters", False, "change has 12 characters, not 20"),
        ("column goal", False, "goal is blank"),
        ('column "my verdict"', True, "my verdict: good"),
        ("git commit", True, "commit 3fa1c2d4e5f6"),
        ("git clean", True, "commit 3fa1c2d4e5f6, nothing uncommitted"),
        ("registered", True, "churn v2 (staging)"),
        ("registered stage=production", False, "churn v2 (staging), not in production"),
        ("rollback", True, "churn v1 to go back to"),
        ("param seed and metric auc", True, "seed = 42; auc = 0.93"),
        ("param seed and metric f1 and git clean", False, "no metric f1"),
        ("metric f1 or param seed", True, "seed = 42"),
        ("metric f1 or param lr", False, "no metric f1, and no param lr"),
    ],
)  # fmt: skip
def test_what_holds_says_what_proves_it_and_what_does_not_says_why(rule: str, holds: bool, says: str) -> None:
    proof = prove(parse_rule(rule), facts(), {})
    assert (proof.holds, says in proof.text) == (holds, True), proof


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("artifact kind=notebook name=churn*", "; churn-model:v3 has the kind model file, churn-train:v1 has the kind"),
        ("input artifact kind=notebook name=churn*", "; churn-train:v1 has the kind data set"),
        ("artifact kind=notebook", "; weights:v1 has no kind"),
        ("artifact kind=notebook name=elsewhere", "no artifact kind=notebook name=elsewhere"),
        ("artifact name=nothing", "no artifact name=nothing"),
    ],
)
def test_what_would_do_but_for_its_kind_is_named(rule: str, says: str) -> None:
    weights = an_artifact("weights:v1", category="model", kind=None, run_id="r1")
    link = {"run_id": "r1", "direction": "output", "artifact": "weights:v1"}
    found = facts(artifacts=[*ARTIFACTS, weights], lineage=[*LINEAGE, link])
    text = prove(parse_rule(rule), found, {}).text
    assert text.endswith(says) if says.startswith("no ") else f"no {rule}{says}" in text, text


def test_what_is_uncommitted_is_not_clean_and_what_is_unknown_neither() -> None:
    for dirty in (True, None):
        assert not prove(Git(True), facts(runs=[{**RUN, "git_dirty": dirty}]), {}).holds
    assert not prove(Git(False), facts(runs=[{**RUN, "git_commit": None}]), {}).holds


def test_the_retention_table_gives_a_class_by_name_before_category() -> None:
    used = {one.artifact.key: one.artifact.retention_class for one in facts(retention=RETENTION).used}
    assert used == {"churn-model:v3": "candidate", "roc:v1": "pictures", "churn-train:v1": "regulated"}
    assert prove(parse_rule("every artifact has retention_class"), facts(retention=RETENTION), {}).holds


@pytest.mark.parametrize(
    ("rule", "who", "people", "holds"),
    [
        ("approval", "bob", [], True),
        ("approval", "ANN", [], False),
        ("approval", "", [], False),
        ("approval role=manager", "bob", [], True),
        ("approval role=manager", "bob", [{"person": "Bob", "role": "manager"}], True),
        ("approval role=manager", "bob", [{"person": "Bob", "role": "contributor"}], False),
        ("approval role=manager", "bob", [{"person": "ann", "role": "manager"}], False),
    ],
)
def test_an_approval_is_that_of_another_person(rule: str, who: str, people: list[Any], holds: bool) -> None:
    found = facts(people=people)
    assert prove(parse_rule(rule), found, {"status": "done", "who": who}).holds is holds
    assert not prove(parse_rule(rule), found, {"status": "missing", "who": who}).holds


@pytest.mark.parametrize(
    ("stages", "gone", "holds"),
    [
        ((), (), True),  # nothing was ever in production
        (("production",), (), True),
        (("retired",), (), True),
        (("production",), (1,), False),  # its files are gone
        (("none", "production"), (2,), False),
        (("retired", "production"), (2,), True),
    ],
)
def test_a_rollback_needs_a_version_whose_files_are_there(
    stages: tuple[str, ...], gone: tuple[int, ...], holds: bool
) -> None:
    others = [
        {"model": "churn", "version": number, "artifact": f"m:v{number}", "run_id": "r0", "stage": stage}
        for number, stage in enumerate(stages, 1)
    ]
    files = [an_artifact(f"m:v{n}", run_id="r0", status="deleted" if n in gone else "stored") for n in range(1, 3)]
    mine = {"model": "churn", "version": 9, "artifact": "churn-model:v3", "run_id": "r1", "stage": "none"}
    assert prove(Rollback(), facts(models=[*others, mine], artifacts=[*ARTIFACTS, *files]), {}).holds is holds
    assert not prove(Rollback(), facts(models=others, artifacts=files), {}).holds
