"""Two runs side by side, the code between their commits, and why the bad one may be worse."""

from __future__ import annotations

import math
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from script import Script
from trained import open_gates, prepare, train

import tracker
from tracker import capture
from tracker.comparing import codediff
from tracker.comparing.codediff import code_diff
from tracker.comparing.compare import Comparison, Line, best, compare, compare_named
from tracker.comparing.datadrift import changed_data
from tracker.comparing.explain import Explanation, explain, oddity
from tracker.comparing.sides import Known, Side, packages_in
from tracker.deciding import decide
from tracker.errors import BadRequestError, ModelNotFoundError, RunNotFoundError
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.settings import Settings


@pytest.fixture(autouse=True)
def out_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capture, "script", lambda: None)
    install(monkeypatch, "# Python 3.11.7\nnumpy==2.0\npandas==2.2\n")


def install(monkeypatch: pytest.MonkeyPatch, packages: str) -> None:
    monkeypatch.setattr(capture, "packages", lambda: packages)


def log(registry: Registry, *changes: Change) -> None:
    writer = PendingWriter(registry.folders.pending, who="ds1", program="person")
    for change in changes:
        writer.append(change)
    writer.close()


def lines(comparison: Comparison, *kinds: Any) -> dict[str, tuple[Any, Any]]:
    return {line.name: (line.left, line.right) for line in comparison.of(*kinds) if line.differs}


def line(comparison: Comparison, name: str) -> Line:
    (found,) = (one for one in comparison.lines if one.name == name)
    return found


# -- side by side -------------------------------------------------------------------------------------------------


def test_everything_that_differs_between_two_runs(registry_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(registry_path, "a\n1\n")
    prepare(registry_path, "a\n2\n")
    good = train(
        registry_path,
        "good",
        data="churn-train:v1",
        params={"lr": 0.1, "depth": 6, "loss": "log"},
        metrics={"auc": 0.9, "rmse": 0.2, "f1": 0.5},
        notes_md="n",
    )
    install(monkeypatch, "# Python 3.11.7\nnumpy==1.9\nscipy==1.0\n")
    bad = train(
        registry_path,
        "bad",
        data="churn-train:v2",
        params={"lr": 10, "depth": 6, "warm": True},
        metrics={"auc": 0.7, "rmse": 0.1, "f1": 0.5},
        errors_csv="e",
    )
    registry = Registry(registry_path)
    log(
        registry,
        Change("checklist", (good, "params"), {"status": "done"}, new=True),
        Change("checklist", (bad, "params"), {"status": "waived"}, new=True),
        Change("checklist", (bad, "owner"), {"status": "done"}, new=True),
        Change("runs", (bad,), {"tags.team": "risk", "insight": "worse"}),
    )
    found = compare_named(Known(registry), "good", "bad")
    assert lines(found, "metric") == {"auc": (0.9, 0.7), "rmse": (0.2, 0.1)}
    assert [(one.name, one.better) for one in found.of("metric")] == [("auc", "left"), ("rmse", "right"), ("f1", "")]
    assert lines(found, "param") == {"lr": (0.1, 10), "loss": ("log", None), "warm": (None, True)}
    assert lines(found, "data") == {"churn-train": ("v1", "v2")}
    assert lines(found, "environment") == {"numpy": ("2.0", "1.9"), "pandas": ("2.2", None), "scipy": (None, "1.0")}
    assert lines(found, "artifact") == {
        "churn-model": ("v1", "v2"),
        "notes.md": ("v1", None),
        "errors.csv": (None, "v1"),
    }
    assert lines(found, "checklist") == {"params": ("done", "waived"), "owner": (None, "done")}
    assert lines(found, "tag") == {"team": (None, "risk")}
    assert lines(found, "note") == {"insight": (None, "worse")}
    assert line(found, "depth") == Line("param", "depth", (6, 6), False)
    assert line(found, "churn-model").note == "4 and 3 bytes"
    assert found.same_data is False
    assert [one.kind for one in found.lines] == sorted((one.kind for one in found.lines), key=list_of_kinds().index)


def list_of_kinds() -> list[str]:
    from tracker.comparing.compare import KINDS

    return list(KINDS)


@pytest.mark.parametrize(
    ("metric", "values", "places"),
    [
        ("auc", [0.5, 0.7], (1,)),
        ("auc", [0.7, 0.5, 0.7], (0, 2)),
        ("loss", [0.5, 0.7, None], (0,)),
        ("auc", [0.5, math.nan], (0,)),
        ("auc", [math.nan, math.nan], ()),
        ("auc", [0.5, 0.5], ()),
        ("auc", [0.5, None], ()),
        ("auc", ["a", 1, 2], (2,)),
        ("auc", [], ()),
    ],
)
def test_which_values_of_a_metric_are_the_best(metric: str, values: list[Any], places: tuple[int, ...]) -> None:
    assert best(metric, values, Settings()) == places


def test_the_same_run_has_no_differences(registry_path: Path) -> None:
    train(registry_path, "one", params={"nan": math.nan, "x": 1e300}, metrics={"auc": math.nan})
    found = compare_named(Known(Registry(registry_path)), "one", "one")
    assert found.differences == ()
    assert found.lines
    assert found.same_data is None


def test_the_same_data_are_known_as_such(registry_path: Path) -> None:
    prepare(registry_path, "a\n1\n")
    for name in ("one", "two"):
        train(registry_path, name, data="churn-train")
    assert compare_named(Known(Registry(registry_path)), "one", "two").same_data is True


def test_the_same_content_under_another_name_is_found(registry_path: Path) -> None:
    train(registry_path, "one", content="same", model="old-name")
    train(registry_path, "two", content="same", model="new-name")
    found = compare_named(Known(Registry(registry_path)), "one", "two")
    assert line(found, "old-name").note == "the other has the same content as new-name:v1"


def test_a_kind_of_artifact_that_one_lacks_altogether_is_said(registry_path: Path) -> None:
    train(registry_path, "one", log_csv="x")
    train(registry_path, "two")
    found = compare_named(Known(Registry(registry_path)), "one", "two")
    assert line(found, "log.csv").note == "the other has no data set at all"


@pytest.mark.parametrize("missing", ["packages", "checklist"])
def test_what_was_recorded_for_one_only_is_one_difference(missing: str) -> None:
    full = Side("full", packages={"a": "1", "b": "2"}, checklist=({"item": "x", "status": "done"},))
    bare = Side("bare", packages={} if missing == "packages" else full.packages, checklist=())
    found = compare(full, bare, Settings())
    kind = "environment" if missing == "packages" else "checklist"
    assert [(one.left, one.right) for one in found.of(kind) if one.differs] == [("recorded", None)]
    assert explain(found, []).causes == ()


def test_model_versions_compare_with_their_runs_and_with_each_other(registry_path: Path) -> None:
    for name in ("one", "two"):
        train(registry_path, name, params={"name": name}, content=name * 2)
    registry = Registry(registry_path)
    for version in (1, 2):
        decide.register(registry, "churn", f"churn-model:v{version}", "ds1")
    open_gates(registry_path)
    decide.promote(registry, "churn:v2", "production", "x", "ds1")
    found = compare_named(Known(registry), "churn:v1", "churn:production")
    assert (found.left.label, found.right.label) == ("churn v1", "churn v2")
    assert lines(found, "model") == {"stage": ("none", "production"), "artifact": ("churn-model:v1", "churn-model:v2")}
    assert lines(found, "param") == {"name": ("one", "two")}
    assert lines(compare_named(Known(registry), "churn:v1", "one"), "param") == {}


def test_what_is_not_there_is_told(registry_path: Path) -> None:
    train(registry_path, "twice")
    train(registry_path, "twice")
    known = Known(Registry(registry_path))
    with pytest.raises(RunNotFoundError):
        known.side("nobody")
    with pytest.raises(ModelNotFoundError):
        known.side("nobody:v1")
    with pytest.raises(BadRequestError, match="2 runs could be meant"):
        known.side("twice")


def test_a_run_whose_environment_is_gone_compares_all_the_same(registry_path: Path) -> None:
    train(registry_path, "one")
    registry = Registry(registry_path)
    for file in registry.folders.artifacts.glob("environment/v1/*"):
        file.unlink()
    assert Known(registry).side("one").packages == {}


def test_requirements_are_read_however_they_are_pinned() -> None:
    text = "# Python 3.11\nnumpy==2.0  # why\nScikit_Learn >= 1.5\npandas[excel]==2.2\nplain\n\n--index-url x\n"
    assert packages_in(text) == {"numpy": "2.0", "scikit-learn": ">= 1.5", "pandas": "2.2", "plain": "any"}


# -- code ---------------------------------------------------------------------------------------------------------


class Repository:
    """A repository of its own, with commits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "nobody@example.com")
        self.git("config", "user.name", "nobody")

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, text: str) -> str:
        (self.folder / "train.py").write_text(text, encoding="utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a commit")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "code")


def test_the_code_between_two_commits(repository: Repository) -> None:
    left, right = repository.commit("lr = 1\n"), repository.commit("lr = 2\n")
    (repository.folder / "deep").mkdir()
    found = code_diff(left, right, [repository.folder.parent, repository.folder / "deep"])
    assert found.repository == repository.folder
    assert "train.py | 2 +-" in found.stat
    assert "-lr = 1\n+lr = 2\n" in found.text
    assert (found.same, found.why_not) == (False, "")
    assert code_diff(left, left, [repository.folder]).same


def test_commits_that_are_in_no_repository_here_are_named(repository: Repository, tmp_path: Path) -> None:
    known = repository.commit("x")
    found = code_diff(known, "f" * 40, [repository.folder, tmp_path])
    assert found.why_not.endswith(f"git diff {known[:12]} ffffffffffff")
    assert found.text == ""


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [
        ("", "a" * 40, "No commit is recorded for the first run"),
        ("a" * 40, "", "No commit is recorded for the second run"),
        ("", "", "No commit is recorded for either run"),
        ("--output=x", "a" * 40, "are no commits of git"),
        ("HEAD", "a" * 40, "are no commits of git"),
    ],
)
def test_what_is_no_commit_never_reaches_git(
    repository: Repository, left: str, right: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_git(*_: Any) -> str:
        raise AssertionError("git was asked")

    monkeypatch.setattr(codediff, "ask_git", no_git)
    assert says in code_diff(left, right, [repository.folder]).why_not


def test_nothing_that_the_repository_configures_is_run(repository: Repository, tmp_path: Path) -> None:
    trap, sprung = tmp_path / "trap.sh", tmp_path / "sprung"
    trap.write_text(f"#!/bin/sh\ntouch {sprung}\n")
    trap.chmod(0o755)
    repository.git("config", "diff.external", str(trap))
    repository.git("config", "core.fsmonitor", str(trap))
    repository.git("config", "diff.x.textconv", str(trap))
    (repository.folder / ".gitattributes").write_text("*.py diff=x\n")
    left, right = repository.commit("lr = 1\n"), repository.commit("lr = 2\n")
    sprung.unlink(missing_ok=True)
    assert "+lr = 2" in code_diff(left, right, [repository.folder]).text
    assert not sprung.exists()


def test_what_was_not_committed_is_shown(registry_path: Path, repository: Repository, monkeypatch: Any) -> None:
    repository.commit("lr = 1\n")
    script = repository.folder / "train.py"
    monkeypatch.setattr(capture, "script", lambda: script)
    train(registry_path, "clean")
    script.write_text("lr = 3\n")
    train(registry_path, "dirty")
    found = compare_named(Known(Registry(registry_path)), "clean", "dirty", [repository.folder])
    assert found.code.same
    assert found.uncommitted[0] == ""
    assert "+lr = 3" in found.uncommitted[1]
    assert lines(found, "code")["uncommitted changes"] == ("none", "git-diff:v1")


# -- why did it get worse? ----------------------------------------------------------------------------------------


def told(registry: Registry, good: str = "good", bad: str = "bad") -> Explanation:
    known = Known(registry)
    comparison = compare_named(known, good, bad, [])
    return explain(comparison, known.others(comparison.left, comparison.right))


def test_the_most_unusual_difference_comes_first(registry_path: Path) -> None:
    prepare(registry_path, "a\n1\n")
    prepare(registry_path, "a\n2\n")
    for number in range(6):
        scheduler = ("cosine", "step")[number % 2]
        params = {"seed": number, "optimizer": "adam", "schedule": scheduler, "lr": 0.1 + number / 100}
        train(registry_path, f"run {number}", data="churn-train:v1", params=params, metrics={"auc": 0.9})
    shared = {"optimizer": "adam", "lr": 0.12}
    good = {**shared, "seed": 11, "schedule": "cosine"}
    train(registry_path, "good", data="churn-train:v1", params=good, metrics={"auc": 0.91})
    bad = {**shared, "seed": 12, "schedule": "step", "lr": 30}
    train(registry_path, "bad", data="churn-train:v2", params=bad, metrics={"auc": 0.6})
    found = told(Registry(registry_path))
    assert [one.name for one in found.worse] == ["auc"]
    assert found.others == 8  # the runs that prepared the data are of the experiment too
    ranks = {cause.name: place for place, cause in enumerate(found.causes)}
    assert {found.causes[0].name, found.causes[1].name} == {"churn-train", "lr"}
    assert ranks["schedule"] > ranks["lr"]
    scores = {cause.name: cause.score for cause in found.causes}
    assert scores["schedule"] < 0.3 < scores["lr"]
    data, rate = found.causes[ranks["churn-train"]], found.causes[ranks["lr"]]
    assert data.sentence == "data churn-train: v1 in the good run, v2 in the bad one; none of 8 other runs has v2."
    assert rate.sentence.startswith("param lr: 0.12 in the good run, 30 in the bad one; the bad run is farther")
    assert scores["seed"] == 2 / 9  # only the two runs without any have something commoner
    assert "optimizer" not in ranks


def test_everything_that_may_be_the_reason_is_listed_with_what_changed_in_it(registry_path: Path) -> None:
    """Data and their drift, params, code, artifacts and checklist items, one of each kind."""
    pytest.importorskip("scipy", reason="the extra 'data' is not installed")
    table = registry_path.with_name("tables")
    table.mkdir()
    for shift in (0, 50):
        (table / "train.csv").write_text("age\n" + "".join(f"{20 + shift + row % 40}\n" for row in range(400)))
        (table / "notes.md").write_text(f"shift {shift}")
        with tracker.start_run(registry_path, experiment="churn", name="prepare") as run:
            run.log_artifacts(table, "churn-train")
    for name, number in (("good", 1), ("bad", 2)):
        with tracker.start_run(registry_path, experiment="churn", name=name, params={"lr": number}) as run:
            run.use_artifact(f"churn-train:v{number}")
            run.log_metric("auc", 1 / number)
            if name == "good":
                run.log_text("as it should be", "calibration.txt")
        cells = {"git_commit": f"{number}" * 40}
        script = Script(registry_path)
        script.log(Change("runs", (run.run_id,), cells, time=time.time()))
        done = {"status": "done" if name == "good" else "missing"}
        script.log(Change("checklist", (run.run_id, "seed"), done, new=True, time=time.time()))
    known = Known(Registry(registry_path))
    comparison = compare_named(known, "good", "bad", [])
    found = explain(comparison, known.others(comparison.left, comparison.right))
    assert {(cause.kind, cause.name) for cause in found.causes} >= {
        ("data", "churn-train"),
        ("param", "lr"),
        ("code", "commit"),
        ("artifact", "calibration.txt"),
        ("checklist", "seed"),
    }
    (changed,) = changed_data(comparison, known.registry.folders, known.settings)
    assert (changed.left, changed.right) == ("churn-train:v1", "churn-train:v2")
    assert changed.sentences[0].startswith("train.csv: age: median 39 → 89, ")


def test_the_good_run_can_be_the_unusual_one() -> None:
    def side(number: int, **params: Any) -> Side:
        return Side(str(number), {"run_id": str(number), **{f"params.{name}": value for name, value in params.items()}})

    good, bad = side(0, augment="mixup"), side(1, augment="none")
    (cause,) = explain(compare(good, bad, Settings()), [side(n, augment="none") for n in range(2, 10)]).causes
    assert (cause.odd, cause.score) == ("good", 1 - 1 / 9)
    assert cause.sentence.endswith("none of 8 other runs has mixup.")


def test_without_other_runs_nothing_is_unusual() -> None:
    good, bad = Side("a", {"params.x": 1}), Side("b", {"params.x": 2})
    found = explain(compare(good, bad, Settings()), [])
    assert [(cause.score, cause.sentence) for cause in found.causes] == [
        (0.0, "param x: 1 in the good run, 2 in the bad one.")
    ]


def test_an_environment_that_changed_as_a_whole_is_one_reason() -> None:
    old, new = ({f"package{n}": version for n in range(20)} for version in ("1", "2"))
    good, bad = Side("a", packages=old), Side("b", packages={**new, "extra": "1"})
    (cause,) = explain(compare(good, bad, Settings()), [Side(str(n), packages=old) for n in range(5)]).causes
    assert cause.sentence.startswith("environment: 21 packages differ and are equally unusual: package0 1 → 2, ")
    assert cause.sentence.endswith(" and 18 more.")


def test_others_are_of_the_same_experiment_and_were_run(registry_path: Path) -> None:
    train(registry_path, "good")
    train(registry_path, "bad")
    train(registry_path, "other")
    train(registry_path, "elsewhere", experiment="fraud")
    registry = Registry(registry_path)
    log(registry, Change("runs", ("planned",), {"experiment": "churn", "status": "PLANNED"}, new=True))
    known = Known(registry)
    assert [side.label for side in known.others(known.side("good"), known.side("bad"))] == ["other"]


@pytest.mark.parametrize(
    ("value", "others", "score"),
    [
        ("sgd", ["adam"] * 9, 0.9),
        ("adam", ["adam"] * 9, 0.0),
        ("b", ["a", "a", "a", "b", "b", "b"], 0.0),
        (None, ["yes"] * 4, 0.8),
        ("yes", [None] * 4, 0.8),
        (7, [1, 2, 3, 4, 5, 6, 8], 0.5),
        (1000, [1, 2, 3, 4, 5, 6, 8], 0.875),
        (4, [1, 2, 3, 4, 5, 6, 8], 0.0),
        (42, [1, 2, 3], 0.75),
        (0.5, [0.1] * 4 + [0.01] * 5, 0.9),
        (True, [False] * 3, 0.75),
        (math.nan, [1.0, 2.0, 3.0, 4.0], 0.0),
        ("x", [], 0.0),
    ],
)
def test_how_unusual_a_value_is(value: Any, others: list[Any], score: float) -> None:
    assert oddity(value, others).score == pytest.approx(score)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.sampled_from(["a", "b"]))


@given(VALUES, st.lists(VALUES, max_size=20))
def test_a_score_never_claims_more_than_the_other_runs_can_carry(value: Any, others: list[Any]) -> None:
    found = oddity(value, others)
    assert 0 <= found.score <= len(others) / (1 + len(others))
    assert 0 <= found.share <= len(others)


@given(st.lists(st.one_of(st.integers(0, 3), st.floats(-10, 10), st.sampled_from("ab")), min_size=2, max_size=20))
def test_few_runs_are_very_unusual_among_their_own(values: list[Any]) -> None:
    """What makes the score a p-value: among n runs, no more than a share p of them scores 1 - p or above."""
    scores = sorted(oddity(value, [*values[:n], *values[n + 1 :]]).score for n, value in enumerate(values))
    by_share = [oddity(v, [*values[:n], *values[n + 1 :]]).by for n, v in enumerate(values)]
    if len(set(by_share)) == 1:
        for score in scores:
            at_least = sum(other >= score - 1e-9 for other in scores) / len(values)
            assert at_least <= 1 - score + 1e-9


def test_a_person_reads_what_they_can_compare(registry_path: Path) -> None:
    with tracker.start_run(registry_path, experiment="churn", name="one") as run:
        run.log_param("text", "line\n" * 100)
    train(registry_path, "two", params={"text": "short"})
    (cause,) = (cause for cause in told(Registry(registry_path), "one", "two").causes if cause.name == "text")
    assert "\n" not in cause.sentence
    assert len(cause.sentence) < 250
