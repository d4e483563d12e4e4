"""The Compare page: which runs it takes, its tables, axes and bands; run by streamlit's own tester."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_web import NASTY, ROOT, Open, _run, open_app, words  # noqa: F401

import tracker
from tracker.comparing.seeds import groups_over_seeds
from tracker.reading.query import parse
from tracker.settings import Settings
from tracker.web.compare import axes, differences, file_diff, parallel
from tracker.web.compare.bands import band
from tracker.web.reading.curves import curve


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with 12 runs: two rates, two optimizers, three seeds each."""
    path = tmp_path_factory.mktemp("swept") / "registry.xlsx"
    shutil.copyfile(ROOT / "templates" / "general.xlsx", path)
    for rate in (0.001, 0.1):
        for optimizer in ("adam", NASTY):
            for seed in range(3):
                with tracker.start_run(path, experiment="sweep", name=f"{optimizer} {rate} {seed}") as run:
                    run.log_params({"lr": rate, "optimizer": optimizer, "seed": seed})
                    for step in range(4):
                        run.log_metric("loss", rate + seed / 10 + step, step=step)
                    run.log_metric("auc", 0.9 - rate + seed / 100)
                    run.log_text(f"rate {rate}\nseed {seed}\n", "notes.txt")
    with tracker.start_run(path, experiment="other", name="alone") as run:
        run.log_metric("auc", 0.5)
    tracker.open(path).sync()
    return path


def ids(path: Path) -> dict[str, str]:
    runs = tracker.open(path).runs()
    return dict(zip(runs["name"], runs["run_id"], strict=True))


def view(app: Any, name: str) -> Any:
    return _run(app.button_group(key="compare-view").set_value(name))


def frames(app: Any) -> list[list[str]]:
    return [list(table.value.columns) for table in app.dataframe]


# -- which runs ---------------------------------------------------------------------------------------------------


def test_who_comes_by_the_menu_sees_the_newest_experiment_with_runs_to_compare(open_app: Open, swept: Path) -> None:  # noqa: F811
    app = open_app(swept, "compare")
    assert app.multiselect(key="compare-experiments").value == ["sweep"]
    assert "12 runs" in words(app)
    assert app.query_params["experiment"] == "sweep"


def test_the_address_names_runs_or_a_filter(open_app: Open, swept: Path) -> None:  # noqa: F811
    named = ids(swept)
    app = open_app(swept, "compare", runs=f"{named['adam 0.001 1']},{named['alone']},gone")
    assert app.multiselect(key="compare-picker").value == [named["adam 0.001 1"], named["alone"]]
    assert "Not in this registry: gone" in words(app)
    app = open_app(swept, "compare", filter="params.lr < 0.01 and params.seed > 0")
    assert "4 runs" in words(app)
    _run(app.text_input(key="compare-filter").set_value("params.lr < 0.01"))
    assert "6 runs" in words(app) and app.query_params["filter"] == "params.lr < 0.01"
    _run(app.text_input(key="compare-filter").set_value("params.lr <"))
    assert app.error and "13 runs" in words(app)


def test_one_run_is_not_compared_and_it_is_said_how_to_choose(open_app: Open, swept: Path) -> None:  # noqa: F811
    app = open_app(swept, "compare", runs=ids(swept)["alone"])
    assert "Choose two or more runs" in words(app)


def test_from_a_filter_to_names_and_back(open_app: Open, swept: Path) -> None:  # noqa: F811
    app = open_app(swept, "compare", filter="params.lr < 0.01")
    _run(app.button_group(key="compare-by").set_value("Runs"))
    assert len(app.multiselect(key="compare-picker").value) == 2
    _run(app.button_group(key="compare-by").set_value("A filter"))
    assert app.multiselect(key="compare-experiments").value == ["sweep"]


# -- the views ----------------------------------------------------------------------------------------------------


def test_runs_that_differ_in_their_seed_only_stand_as_one(open_app: Open, swept: Path) -> None:  # noqa: F811
    app = open_app(swept, "compare", experiment="sweep")
    metrics = app.dataframe[0].value.set_index("")
    assert len(metrics.columns) == 1 + 4
    assert metrics.loc["auc", "lr 0.1, optimizer adam × 3"] == "0.81 ± 0.01"
    _run(app.button_group(key="compare-seeds").set_value("reach"))
    assert app.dataframe[0].value.set_index("").loc["auc", "lr 0.1, optimizer adam × 3"] == "0.81  [0.8 … 0.82]"
    _run(app.button_group(key="compare-seeds").set_value("each"))
    assert len(app.dataframe[0].value.columns) == 2 + 12
    assert app.query_params["compare-seeds"] == "each"


def test_why_one_of_two_is_worse(open_app: Open, swept: Path) -> None:  # noqa: F811
    named = ids(swept)
    app = open_app(swept, "compare", runs=f"{named['adam 0.001 0']},{named['adam 0.1 0']}")
    assert "adam 0.1 0** is worse than **adam 0.001 0** in loss" in words(app).replace("\\", "")
    causes = next(table.value for table in app.dataframe if "unusual" in table.value.columns)
    assert causes["name"][0] == "lr"
    assert causes["better run"][0] == "0.001" and causes["worse run"][0] == "0.1"


@pytest.mark.parametrize("name", ["differences", "curves", "parallel", "scatter", "importance", "files"])
def test_every_view_opens_by_its_address(open_app: Open, swept: Path, name: str) -> None:  # noqa: F811
    app = open_app(swept, "compare", experiment="sweep", **{"compare-view": name})
    assert app.button_group(key="compare-view").value == name
    assert app.dataframe or app.get("vega_lite_chart")
    assert "javascript:" not in words(app).replace(NASTY, "")


@pytest.mark.parametrize("name", ["differences", "curves", "parallel", "scatter", "importance", "files"])
def test_runs_without_anything_have_every_view(open_app: Open, registry_path: Path, name: str) -> None:  # noqa: F811
    for number in range(2):
        with tracker.start_run(registry_path, experiment="empty", name=f"run {number}"):
            pass
    open_app(registry_path, "compare", experiment="empty", **{"compare-view": name})


def test_what_matters_says_on_how_many_runs_it_rests(open_app: Open, swept: Path) -> None:  # noqa: F811
    app = open_app(
        swept, "compare", experiment="sweep", **{"compare-view": "importance", "compare-metric": "metrics.auc"}
    )
    assert app.dataframe[0].value["param"][0] == "lr"
    assert "It rests on 12 runs" in words(app).replace("\\", "") and "few" in words(app)


def test_a_text_of_both_is_compared_line_by_line(open_app: Open, swept: Path) -> None:  # noqa: F811
    named = ids(swept)
    both = f"{named['adam 0.001 0']},{named['adam 0.1 0']}"
    app = open_app(swept, "compare", runs=both, **{"compare-view": "files"})
    assert any("-rate 0.001\n+rate 0.1\n seed 0" in block.value for block in app.code)


def test_a_diff_names_both_and_is_empty_for_the_same() -> None:
    assert file_diff.diff(["a\nb\n", "a\nc\n"], ["left", "right"]) == [
        "--- left",
        "+++ right",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
    assert file_diff.diff(["a\r\nb", "a\nb\n"], ["left", "right"]) == []


# -- groups -------------------------------------------------------------------------------------------------------


def test_a_group_is_its_mean_and_what_its_runs_have_in_common() -> None:
    rows: list[dict[str, Any]] = [
        {"params.lr": 0.1, "params.seed": seed, "metrics.auc": auc, "tags.who": who, "duration": 10.0 * seed}
        for seed, auc, who in ((1, 0.8, "ann"), (2, 0.9, "ben"), (3, float("inf"), "ann"))
    ]
    groups = groups_over_seeds(rows, ["a", "b", "c"])
    compared = differences.beside(rows, ["a", "b", "c"], groups)
    (side,) = compared.sides
    assert side.run["metrics.auc"] == pytest.approx(0.85) and side.run["params.lr"] == 0.1
    assert side.run["tags.who"] == "ann, ben" and side.run["duration"] == 20
    spread = compared.spreads["auc", 0]
    assert (spread.least, spread.greatest, spread.runs) == (0.8, 0.9, 2)
    line = differences.differences(compared.sides, Settings())["metrics"][0]
    assert differences.cell(line, 0, spread) == "0.85 ± 0.07071"


def test_a_band_is_the_mean_between_what_the_runs_logged() -> None:
    def logged(steps: list[int], values: list[float]) -> Any:
        times = pandas.to_datetime(steps, unit="s", utc=True)
        history = pandas.DataFrame({"metric": "loss", "step": steps, "value": values, "timestamp": times})
        return curve(history, "loss", "run")

    found = band("both", [logged([0, 2, 4], [0.0, 2.0, 4.0]), logged([0, 4, 6], [2.0, 6.0, 6.0])]).points
    assert list(found["x"]) == [0, 2, 4, 6]
    assert list(found["mean"]) == [1, 3, 5, 6]  # at 2 the second is halfway; after 4 only the second goes on
    assert list(found["runs"]) == [2, 2, 2, 1]
    assert found["high"][0] == pytest.approx(1 + 2**0.5) and found["low"][3] == 6
    reach = band("both", [logged([0], [1.0]), logged([0], [5.0])], reach=True).points
    assert (reach["low"][0], reach["high"][0]) == (1, 5)


def test_a_band_of_many_points_is_thinned_and_of_none_empty() -> None:
    history = pandas.DataFrame(
        {
            "metric": "loss",
            "step": range(10_000),
            "value": numpy.linspace(0, 1, 10_000),
            "timestamp": pandas.Timestamp("2026-01-01", tz="UTC"),
        }
    )
    found = band("one", [curve(history, "loss", "run", most=20_000)]).points
    assert len(found) == 600 and found["mean"].iloc[-1] == 1
    assert band("none", []).points.empty


# -- axes ---------------------------------------------------------------------------------------------------------


def test_axes_place_numbers_words_and_blanks() -> None:
    runs = pandas.DataFrame(
        {"params.lr": [0.001, 0.1, 10.0], "params.depth": [2, None, 6], "params.model": ["b", "a", None]}
    )
    rate, depth, model = (axes.axis(runs, name, name) for name in runs.columns)
    assert rate.scale == "log" and list(rate.places) == pytest.approx([0, 0.5, 1])
    assert [text for _, text in rate.ticks] == ["0.001", "0.1", "10"]
    assert depth.scale == "linear" and list(depth.places) == [0, axes.BLANK, 1]
    assert model.scale == "words" and list(model.places) == [1, 0, axes.BLANK]
    assert model.ticks == ((axes.BLANK, "none"), (0.0, "a"), (1.0, "b"))


def test_of_many_words_the_frequent_have_places_of_their_own() -> None:
    words_ = [f"w{number}" for number in range(30) for _ in range(30 - number)]
    found = axes.axis(pandas.DataFrame({"tags.t": words_}), "tags.t", "t")
    assert len(found.ticks) == axes.MOST_WORDS and found.ticks[-1] == (1.0, axes.OTHERS)
    assert found.places.iloc[-1] == 1.0


def test_seeds_and_what_is_the_same_are_no_axes_at_first() -> None:
    runs = pandas.DataFrame(
        {"params.seed": [1, 2], "params.same": [1, 1], "params.lr": [1, 2], "metrics.a": [1, 2], "metrics.b": [2, 1]}
    )
    assert axes.suitable(axes.varying(runs), runs, "metrics.b") == ["params.lr", "metrics.a", "metrics.b"]


VALUES = st.one_of(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1, max_size=12),
    st.lists(st.one_of(st.none(), st.sampled_from(["adam", "it's", "a b", "1e3", "TRUE"])), min_size=1, max_size=12),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=1, max_size=12),
)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(["params.x", "params.learning rate", 'tags."odd"', "own"]), st.data())
def test_a_brush_and_its_filter_find_the_same_runs(values: list[Any], column: str, data: st.DataObject) -> None:
    runs = pandas.DataFrame({column: pandas.Series(values, dtype=object)})
    made = [axes.axis(runs, column, column)]
    reach = sorted(data.draw(st.tuples(st.floats(-0.2, 1.1), st.floats(-0.2, 1.1))))
    inside = axes.inside(made, [column], reach)
    if inside.any():
        said = axes.condition(runs, made, [column], reach)
        assert parse(said).mask(runs) == inside.tolist()


def test_of_many_runs_the_drawn_ones_reach_from_the_least_to_the_greatest() -> None:
    runs = pandas.DataFrame({"metrics.auc": numpy.random.default_rng(0).permutation(5_000)})
    drawn = parallel.thinned(runs, "metrics.auc", 100)["metrics.auc"]
    assert len(drawn) == 100 and drawn.min() == 0 and drawn.max() == 4_999
