"""The benchmarks run: at a size at which their figures mean nothing, and nothing is said about how fast."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from benchmarks.measure import Figure, Note, Options, in_words, medians, ratio_in_words, row
from benchmarks.run import BENCHMARKS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("benchmarks")


# The Runs page stands beside the pages of MLflow and Trackio, which are not installed here.
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "live")) for name in BENCHMARKS if name != "pages"],
)
def test_every_benchmark_gives_a_ratio(name: str, folder: Path) -> None:
    found = list(BENCHMARKS[name](Options(folder, sizes=(10,), share=0.01, install=False)))
    figures = [figure for figure in found if isinstance(figure, Figure)]
    if not figures:
        pytest.skip("; ".join(note.text for note in found if isinstance(note, Note)))
    for figure in figures:
        assert figure.ratio is not None
        assert math.isfinite(figure.ratio)
        assert len(row(figure)) == 7
    assert not [path for path in folder.iterdir() if path.is_dir()], "nothing is left behind but the workbook"


def test_work_is_run_in_turn_and_the_median_counts() -> None:
    order: list[str] = []
    times = iter([1.0, 50.0, 3.0, 50.0, 2.0, 70.0])

    def work(name: str) -> float:
        order.append(name)
        return next(times)

    assert medians({"a": lambda: work("a"), "b": lambda: work("b")}, 3) == {"a": 2.0, "b": 50.0}
    assert order == ["a", "b"] * 3


def test_no_further_round_begins_when_patience_is_over() -> None:
    rounds: list[int] = []
    medians({"a": lambda: rounds.append(1) or 1.0}, 5, patience=-1.0)
    assert rounds == [1]


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(8.031e-6, "s", "8.03 µs"), (0.0125, "s", "12.5 ms"), (0.25, "s", "250 ms"), (58.7, "s", "58.7 s"),
     (15e6, "B", "15.0 MB"), (0, "B", "0.00 B")],
)  # fmt: skip
def test_figures_in_words(value: float, unit: str, words: str) -> None:
    assert in_words(value, unit) == words


@pytest.mark.parametrize(("ratio", "words"), [(3.4, "3.4×"), (117.3, "117×"), (1 / 122, "1/122"), (0.3, "1/3.3")])
def test_ratios_in_words(ratio: float, words: str) -> None:
    assert ratio_in_words(ratio) == words
