"""Which params a metric hangs on, and runs that differ in their seed only."""

from __future__ import annotations

import sys

import numpy
import pandas
import pytest

from tracker.comparing.importance import LEAST_RUNS, MOST_PARAMS, MOST_RUNS, importance
from tracker.comparing.seeds import groups_over_seeds, is_seed
from tracker.errors import MissingPackageError


def sweep(runs: int, rng: numpy.random.Generator) -> pandas.DataFrame:
    """Runs whose auc grows with lr, is better for one model, and hangs on nothing else."""
    lr = rng.uniform(0, 1, runs)
    model = rng.choice(["forest", "boosting"], runs)
    auc = 0.5 + 0.3 * lr + 0.3 * (model == "boosting") + rng.normal(0, 0.01, runs)
    return pandas.DataFrame(
        {
            "params.lr": lr,
            "params.model": model,
            "params.noise": rng.uniform(size=runs),
            "params.seed": rng.integers(0, 1000, runs),
            "params.same": 7,
            "params.blank": [None] * runs,
            "params.id": [f"run-{number}" for number in range(runs)],
            "metrics.auc": auc,
        }
    )


def test_what_matters_comes_first_and_noise_is_worth_nothing() -> None:
    found = importance(sweep(120, numpy.random.default_rng(7)), "auc")
    assert {one.param for one in found.influences[:2]} == {"lr", "model"}
    worth = {one.param: one.importance for one in found.influences}
    assert worth["lr"] > 0.3 and worth["model"] > 0.3
    assert abs(worth["noise"]) < 0.05 and abs(worth["seed"]) < 0.05
    assert found.explained is not None and found.explained > 0.9
    assert found.runs == 120 and found.caution == ""
    assert dict(found.left_out) == {"same": "the same in all of them", "id": "another text in each of them"}


def test_the_correlation_is_of_ranks_and_only_of_numbers() -> None:
    runs = sweep(40, numpy.random.default_rng(1)).assign(**{"metrics.auc": lambda frame: -(frame["params.lr"] ** 9)})
    by_name = {one.param: one.correlation for one in importance(runs, "auc").influences}
    assert by_name["lr"] == pytest.approx(-1)
    assert by_name["model"] is None and by_name["seed"] is None


def test_blanks_are_a_value_like_others() -> None:
    rng = numpy.random.default_rng(3)
    has = rng.uniform(size=80) > 0.5
    runs = pandas.DataFrame({"params.dropout": numpy.where(has, 0.5, None), "metrics.loss": 1.0 - has * 0.5})
    (only,) = importance(runs, "loss").influences
    assert only.importance > 0.5 and only.runs == int(has.sum())


def test_switches_are_numbers() -> None:
    rng = numpy.random.default_rng(3)
    flag = rng.uniform(size=60) > 0.5
    runs = pandas.DataFrame({"params.bias": [bool(one) for one in flag], "metrics.auc": flag + rng.uniform(size=60)})
    (only,) = importance(runs, "auc").influences
    assert only.correlation is not None and only.correlation > 0.7


def test_too_few_runs_are_said_and_no_forest_is_grown() -> None:
    runs = sweep(LEAST_RUNS - 1, numpy.random.default_rng(0))
    found = importance(runs, "auc")
    assert found.explained is None and "too few" in found.caution and f"Only {LEAST_RUNS - 1}" in found.caution
    assert all(one.importance == 0 for one in found.influences)
    few = importance(sweep(25, numpy.random.default_rng(0)), "auc")
    assert few.explained is not None and "25 runs are few" in few.caution


def test_params_that_explain_nothing_are_said_to() -> None:
    rng = numpy.random.default_rng(5)
    runs = pandas.DataFrame({"params.a": rng.uniform(size=60), "metrics.auc": rng.uniform(size=60)})
    assert "next to nothing" in importance(runs, "auc").caution


def test_what_is_no_number_does_not_count() -> None:
    runs = sweep(30, numpy.random.default_rng(2))
    runs.loc[:9, "metrics.auc"] = [numpy.nan] * 5 + [numpy.inf] * 5
    assert importance(runs, "auc").runs == 20
    nothing = importance(runs.assign(**{"metrics.auc": None}), "auc")
    assert nothing.runs == 0 and nothing.explained is None and nothing.influences == ()


def test_of_very_many_runs_and_params_some_are_looked_at() -> None:
    rng = numpy.random.default_rng(4)
    count = MOST_RUNS + 500
    columns = {f"params.p{number}": rng.uniform(size=count) for number in range(MOST_PARAMS + 5)}
    runs = pandas.DataFrame({**columns, "metrics.auc": columns["params.p3"]})
    found = importance(runs, "auc")
    assert found.runs == MOST_RUNS and len(found.influences) == MOST_PARAMS
    assert found.influences[0].param == "p3" and len(found.left_out) == 5


def test_without_scikit_learn_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingPackageError, match="pip install scikit-learn"):
        importance(sweep(20, numpy.random.default_rng(0)), "auc")


# -- groups over seeds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["seed", "random_state", "random-seed", "torch_seed"])
def test_seeds_are_known_by_their_names(name: str) -> None:
    assert is_seed(name)


def run(experiment: str = "e", **params: object) -> dict[str, object]:
    return {"experiment": experiment, **{f"params.{name}": value for name, value in params.items()}}


def test_runs_that_differ_in_their_seed_only_are_one_group() -> None:
    runs = [run(lr=0.1, seed=1), run(lr=0.2, seed=1), run(lr=0.1, seed=2), run(lr=0.2, seed=2.0), run(lr=0.3, seed=1)]
    groups = groups_over_seeds(runs, ["a", "b", "c", "d", "e"])
    assert [group.places for group in groups] == [(0, 2), (1, 3), (4,)]
    assert [group.label for group in groups] == ["lr 0.1 × 2", "lr 0.2 × 2", "e"]


def test_a_param_that_one_lacks_or_another_experiment_makes_another_group() -> None:
    runs = [run(lr=0.1), run(lr=0.1, decay=0.5), run("f", lr=0.1)]
    assert [group.places for group in groups_over_seeds(runs, ["a", "b", "c"])] == [(0,), (1,), (2,)]


def test_runs_without_params_are_alone_unless_they_have_a_seed() -> None:
    assert len(groups_over_seeds([run(), run()], ["a", "b"])) == 2
    (group,) = groups_over_seeds([run(seed=1), run(seed=2)], ["a", "b"])
    assert group.label == "e × 2"


def test_a_label_names_as_few_params_as_tell_the_groups_apart() -> None:
    runs = [
        run(optimizer=optimizer, nesterov=optimizer == "sgd", lr=lr, seed=seed)
        for optimizer in ("adam", "sgd")
        for lr in (1, 2)
        for seed in (1, 2)
    ]
    labels = [group.label for group in groups_over_seeds(runs, [f"run {place}" for place in range(len(runs))])]
    assert labels == [f"optimizer {name}, lr {lr} × 2" for name in ("adam", "sgd") for lr in (1, 2)]


def test_groups_of_one_label_are_told_apart() -> None:
    runs = [run(lr=1, seed=1), run(lr=1, seed=2), run("f", lr=1, seed=1), run("f", lr=1, seed=2)]
    groups = groups_over_seeds(runs, ["a", "b", "c", "d"])
    assert len({group.label for group in groups}) == 2
