"""Drift is found where it was planted, and none is claimed between two halves of one data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import datasets

from tracker.data.columns import ColumnProfile
from tracker.data.drift import ALPHA, LEAST_EFFECT, compare_profiles, compare_tables, least_distance
from tracker.data.profile import Profile, profile_table
from tracker.data.sentences import METHOD, sentences

ROWS = 2_000


def mixed_frame(rows: int, seed: int) -> pd.DataFrame:
    """Columns of every type and shape: skewed, heavy-tailed, sparse, discrete, correlated, unique, mixed."""
    random = np.random.default_rng(seed)
    score = random.normal(size=rows)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "age": random.integers(18, 90, rows),
            "income": random.lognormal(10, 1, rows).round(2),
            "score": score,
            "near": score + random.normal(size=rows) / 10,
            "double": score * 2,
            "segment": random.choice(list("abcd"), rows, p=[0.6, 0.3, 0.08, 0.02]),
            "word": [f"w{n}" for n in random.zipf(1.3, rows) % 5_000],
            "key": [f"k{n:x}" for n in random.integers(0, 1 << 40, rows)],
            "rare": random.random(rows) < 0.03,
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 3 * 10**7, rows), unit="s"),
            "sparse": np.where(random.random(rows) < 0.9, np.nan, random.normal(size=rows)),
            "zeros": np.where(random.random(rows) < 0.8, 0, random.exponential(size=rows)),
            "count": random.poisson(1.2, rows),
            "mixed": np.where(random.random(rows) < 0.02, "bad", random.normal(size=rows).astype(object)),
            "heavy": random.standard_cauchy(rows),
        }
    )


def drifted(left: pd.DataFrame, right: pd.DataFrame) -> set[tuple[str, str]]:
    return {(test.column, test.what) for test in compare_tables(left, right).drifted}


# -- no drift ---------------------------------------------------------------------------------------------------

SETS: dict[str, Callable[[], pd.DataFrame]] = {
    "iris": lambda: datasets.load_iris(as_frame=True).frame,
    "wine": lambda: datasets.load_wine(as_frame=True).frame,
    "breast cancer": lambda: datasets.load_breast_cancer(as_frame=True).frame,
    "diabetes": lambda: datasets.load_diabetes(as_frame=True).frame,
    "digits": lambda: datasets.load_digits(as_frame=True).frame,
    "mixed, 300 rows": lambda: mixed_frame(300, 0),
    "mixed, 5,000 rows": lambda: mixed_frame(5_000, 1),
}


def false_alarms(frame: pd.DataFrame, splits: int) -> int:
    """In how many of so many random splits into halves any change is claimed."""
    random = np.random.default_rng(7)
    alarms = 0
    for _ in range(splits):
        order = random.permutation(len(frame))
        left, right = frame.iloc[order[: len(frame) // 2]], frame.iloc[order[len(frame) // 2 :]]
        alarms += compare_tables(left, right).changed
    return alarms


@pytest.mark.parametrize("name", SETS)
def test_two_halves_of_one_data_set_have_not_drifted(name: str) -> None:
    assert false_alarms(SETS[name](), 20) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_in_200_splits_no_drift_is_claimed(name: str) -> None:
    assert false_alarms(SETS[name](), 200) == 0


def test_a_table_has_not_drifted_from_itself() -> None:
    frame = mixed_frame(ROWS, 0)
    comparison = compare_tables(frame, frame)
    assert not comparison.changed and not comparison.unseen
    assert max(test.effect for test in comparison.tests) == 0
    assert sentences(comparison) == ["No drift found between the first and the second in 16 columns."]


# -- planted drift ----------------------------------------------------------------------------------------------


def some(frame: pd.DataFrame, share: float) -> Any:
    return np.random.default_rng(5).random(len(frame)) < share


PLANTED: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], tuple[str, str]]] = {
    "a shift by 0.4 standard deviations": (lambda f: f.assign(heavy=f["heavy"] + 0.6), ("heavy", "values")),
    "a wider spread": (lambda f: f.assign(income=10 + (f["income"] - 10) * 2), ("income", "values")),
    "another unit": (lambda f: f.assign(age=f["age"] / 10), ("age", "values")),
    "later dates": (lambda f: f.assign(when=f["when"] + pd.Timedelta(days=60)), ("when", "values")),
    "more zeros": (lambda f: f.assign(zeros=f["zeros"].where(~some(f, 0.8), 0)), ("zeros", "values")),
    "a category for another": (
        lambda f: f.assign(segment=f["segment"].where(~some(f, 0.25), "b")),
        ("segment", "values"),
    ),
    "a new category": (lambda f: f.assign(segment=f["segment"].where(~some(f, 0.2), "new")), ("segment", "values")),
    "a word among thousands": (lambda f: f.assign(word=f["word"].where(~some(f, 0.25), "same")), ("word", "values")),
    "keys that are no longer unique": (lambda f: f.assign(key=f["key"].where(~some(f, 0.3), "k")), ("key", "values")),
    "a flag that is set more often": (lambda f: f.assign(rare=f["rare"] | some(f, 0.2)), ("rare", "values")),
    "counts": (lambda f: f.assign(count=f["count"] + some(f, 0.5)), ("count", "values")),
    "values that go missing": (lambda f: f.assign(income=f["income"].mask(some(f, 0.04))), ("income", "missing")),
    "missing values that are filled": (lambda f: f.assign(sparse=f["sparse"].fillna(0)), ("sparse", "missing")),
    "texts among numbers": (lambda f: f.assign(mixed=f["mixed"].where(~some(f, 0.06), "n/k")), ("mixed", "strays")),
    "infinite numbers": (lambda f: f.assign(score=f["score"].mask(some(f, 0.05), np.inf)), ("score", "strays")),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_drift_is_found(name: str) -> None:
    plant, expected = PLANTED[name]
    left, right = mixed_frame(ROWS, 11), mixed_frame(ROWS, 12)
    assert drifted(left, right) == set()
    found = drifted(left, plant(right))
    assert expected in found
    assert {column for column, _ in found} == {expected[0]}


def test_what_is_significant_but_small_is_shown_and_not_claimed() -> None:
    random = np.random.default_rng(0)
    left, right = (pd.DataFrame({"x": random.normal(shift, 1, 100_000)}) for shift in (0, 0.05))
    (test,) = compare_tables(left, right).tests
    assert test.p < ALPHA / 1_000 and test.effect < LEAST_EFFECT and not test.drifted


def test_the_largest_drift_comes_first() -> None:
    left, right = mixed_frame(ROWS, 11), mixed_frame(ROWS, 12)
    right = right.assign(age=right["age"] + 10, score=right["score"] + 3, income=right["income"].mask(some(right, 0.3)))
    tests = compare_tables(left, right).tests
    assert (tests[0].column, tests[0].what) == ("score", "values")
    assert [test.drifted for test in tests] == sorted((test.drifted for test in tests), reverse=True)
    effects = [test.effect for test in tests if test.drifted]
    assert effects == sorted(effects, reverse=True)


def test_with_more_columns_chance_needs_more_to_be_believed() -> None:
    random = np.random.default_rng(1)
    left, right = random.normal(size=(60, 200)), random.normal(size=(60, 200))
    right[:, 0] += 0.8
    alone = compare_tables(pd.DataFrame(left[:, :1]), pd.DataFrame(right[:, :1])).tests[0]
    among = next(test for test in compare_tables(pd.DataFrame(left), pd.DataFrame(right)).tests if test.column == "0")
    assert among.effect == alone.effect and among.p > alone.p


# -- schema -----------------------------------------------------------------------------------------------------


def test_columns_that_came_went_or_changed_type_are_named() -> None:
    left = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1, 2], "d": [1, 2], "e": [None, None], "f": [True, False]})
    right = pd.DataFrame({"a": ["1", "2"], "c": [1.5, None], "d": [1, 2], "e": ["x", "y"], "f": [1, 0], "g": [1, 2]})
    comparison = compare_tables(left, right)
    assert (comparison.added, comparison.removed) == (("g",), ("b",))
    assert [(one.column, one.left, one.right) for one in comparison.retyped] == [
        ("a", "integer", "text"),
        ("f", "boolean", "integer"),
    ]
    assert sentences(comparison, "v1", "v2") == [
        "'b' is only in v1.",
        "'g' is only in v2.",
        "a: whole numbers in v1, text in v2.",
        "f: true or false in v1, whole numbers in v2.",
    ]


def test_values_that_were_never_seen_are_named_and_are_no_drift() -> None:
    left = pd.DataFrame({"city": ["Bonn", "Rome"] * 500, "n": [1, 2] * 500})
    right = pd.DataFrame({"city": ["Bonn", "Rome"] * 499 + ["Oslo", "Rome"], "n": [1, 2] * 499 + [3, 2]})
    comparison = compare_tables(left, right)
    assert not comparison.changed
    assert comparison.unseen == {"city": ("Oslo",), "n": (3,)}


def test_a_table_that_cannot_be_read_is_not_compared() -> None:
    refused = Profile(refused="Not profiled: why.")
    comparison = compare_profiles(profile_table(pd.DataFrame({"a": [1]})), refused)
    assert not comparison.changed and sentences(comparison) == ["Not profiled: why."]


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": [1]})], ids=len)
def test_tables_with_next_to_nothing_in_them_have_not_drifted(frame: pd.DataFrame) -> None:
    other = pd.DataFrame({name: [5] for name in frame.columns})
    assert not compare_tables(frame, other).changed
    assert not compare_tables(other, frame).changed


# -- the statistics ---------------------------------------------------------------------------------------------

samples = st.lists(st.floats(-1e6, 1e6) | st.integers(-5, 5).map(float), min_size=1, max_size=400)


def column(of: list[float]) -> ColumnProfile:
    return profile_table(pd.DataFrame({"x": of})).columns[0]


@settings(deadline=None)
@given(samples, samples)
def test_the_distance_from_quantiles_is_a_little_less_than_the_true_one(left: list[float], right: list[float]) -> None:
    points = np.union1d(left, right)
    shares = [np.searchsorted(np.sort(sample), points, side="right") / len(sample) for sample in (left, right)]
    true = abs(shares[0] - shares[1]).max()
    found = least_distance(column(left).grid, len(left), column(right).grid, len(right))
    assert true - 0.02 - 1e-9 <= found <= true + 1e-9
    if len(left) <= 100 and len(right) <= 100:
        assert found == pytest.approx(true)


def test_p_values_are_those_of_scipy() -> None:
    random = np.random.default_rng(2)
    left, right = random.normal(0, 1, 100), random.normal(0.7, 1, 90)
    (test,) = compare_tables(pd.DataFrame({"x": left}), pd.DataFrame({"x": right})).tests
    assert test.p == pytest.approx(stats.ks_2samp(left, right, method="asymp").pvalue)
    left, right = random.integers(0, 4, 500), random.integers(0, 3, 500)
    (test,) = compare_tables(pd.DataFrame({"x": left}), pd.DataFrame({"x": right})).tests
    counts = [np.bincount(left, minlength=4), np.bincount(right, minlength=4)]
    assert test.p == pytest.approx(stats.chi2_contingency(counts)[1])
    assert test.psi and test.psi > 0.25


def test_few_rows_of_many_values_do_not_seem_to_have_moved() -> None:
    random = np.random.default_rng(4)
    effects = []
    for _ in range(20):
        left, right = (pd.DataFrame({"x": [f"k{n}" for n in random.integers(0, 10**9, 500)]}) for _ in range(2))
        effects += [test.effect for test in compare_tables(left, right).tests]
    assert np.mean(effects) < 0.02 and max(effects) < 0.1


def test_two_profiles_are_enough() -> None:
    left, right = (Profile.from_json(profile_table(mixed_frame(ROWS, seed)).to_json()) for seed in (11, 12))
    assert compare_profiles(left, right).tests == compare_tables(mixed_frame(ROWS, 11), mixed_frame(ROWS, 12)).tests
    shifted = replace(right, columns=tuple(replace(c, name=f"{c.name}_") for c in right.columns))
    assert len(compare_profiles(left, shifted).added) == 16


# -- sentences --------------------------------------------------------------------------------------------------


def test_drift_is_said_in_sentences() -> None:
    rows = 1_000
    left = pd.DataFrame(
        {
            "age": np.arange(rows) % 60 + 20,
            "city": ["Bonn"] * 600 + ["Rome"] * 400,
            "when": pd.date_range("2024-01-01", periods=rows),
            "income": [1.5, 2.5] * 500,
            "flag": [True, False] * 500,
        }
    )
    right = left.assign(
        age=left["age"] + 30,
        city=["Bonn"] * 300 + ["Rome"] * 700,
        when=left["when"] + pd.Timedelta(days=400),
        income=[1.5, None] * 500,
        flag=[np.True_] * rows,
    ).iloc[:900]
    assert sentences(compare_tables(left, right), "v1", "v2") == [
        "age: median 49 → 79, middle 90% 22 to 76 → 52 to 106 (Kolmogorov–Smirnov, effect 0.51, p < 1e-9).",
        "income: median 1.5 → 1.5, middle 90% 1.5 to 2.5 → 1.5 to 1.5 (Kolmogorov–Smirnov, effect 0.49, p < 1e-9).",
        "income: 0% missing in v1, 50% in v2 (chi-square, effect 0.48, p < 1e-9).",
        "flag: 'False' 50% → 0%, 'True' 50% → 100% (chi-square, effect 0.48, p < 1e-9).",
        "when: median 2025-05-14 → 2026-04-29, middle 90% 2024-02-19 to 2026-08-07 → 2025-03-20 to 2027-06-08 "
        "(Kolmogorov–Smirnov, effect 0.40, p < 1e-9).",
        "city: 'Bonn' 60% → 33%, 'Rome' 40% → 67% (chi-square, effect 0.25, p < 1e-9).",
        "1,000 rows in v1, 900 in v2.",
    ]
    assert "p < 0.001" in METHOD and "10%" in METHOD and "2%" in METHOD


def test_odd_values_are_said_with_examples() -> None:
    left = pd.DataFrame({"x": range(1_000)})
    right = pd.DataFrame({"x": ["unknown", *range(9)] * 100})
    said = sentences(compare_tables(left, right), "v1", "v2")
    assert "x: 0% in v1 and 10% in v2 are values that are no finite numbers, such as 'unknown' (" in "".join(said)
