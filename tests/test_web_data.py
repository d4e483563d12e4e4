"""The Data page, and what the Artifacts page says of contents: profiles, drift, leaked rows, by address."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from browser import Shown, note_outside, served
from streamlit.testing.v1 import AppTest
from test_web import ROOT, WHO, Open, _run, open_app, words  # noqa: F401

import tracker
from tracker.data.profile import profile_table
from tracker.deciding.people import set_roles
from tracker.folders import Folders
from tracker.reading.registry import Registry
from tracker.web.datasets import histograms


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of a training table, a test table with leaked rows, a folder of tables, a model, a picture."""
    folder = tmp_path_factory.mktemp("data")
    path = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", folder / "registry.xlsx"))
    random = np.random.default_rng(0)
    train = pd.DataFrame({"key": range(500), "age": random.integers(18, 90, 500), "city": ["Bonn", "Rome"] * 250})
    (folder / "split").mkdir()
    train.iloc[:300].to_csv(folder / "split" / "train.csv", index=False)
    train.iloc[290:].to_csv(folder / "split" / "test.csv", index=False)
    pd.concat([train.iloc[:5], train.iloc[5:50].assign(key=range(900, 945))]).to_csv(folder / "test.csv", index=False)
    (folder / "model.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    for number, frame in enumerate((train, train.assign(age=train["age"] + 40, source="web"))):
        frame.to_csv(folder / "train.csv", index=False)
        with tracker.start_run(path, experiment="churn", name=f"run {number}") as run:
            run.log_artifact(folder / "train.csv", name="train")
            run.use_artifact("train")
            if not number:
                run.log_artifact(folder / "test.csv", name="test")
                run.log_artifact(folder / "split", name="split")
                run.log_artifact(folder / "model.pkl", name="model")
    return path


@pytest.fixture
def registry(made: Path, tmp_path: Path) -> Path:
    here = shutil.ignore_patterns("sync.*")  # a sync that was put off may be under way
    shutil.copytree(made.with_suffix(".tracker"), tmp_path / "registry.tracker", ignore=here)
    return Path(shutil.copyfile(made, tmp_path / "registry.xlsx"))


def until(app: AppTest, says: str) -> str:
    """Run the page again, as its fragment does, until what is looked for in the background is there."""
    deadline = time.monotonic() + 60
    while says not in words(app):
        assert time.monotonic() < deadline, words(app)
        time.sleep(0.2)
        app = _run(app)
    return words(app)


def table(app: AppTest, column: str) -> pd.DataFrame:
    return next(grid.value for grid in app.dataframe if column in grid.value.columns)


# -- the page -----------------------------------------------------------------------------------------------------


def test_the_newest_table_is_shown_column_by_column(open_app: Open, registry: Path) -> None:  # noqa: F811
    app = open_app(registry, "data")
    until(app, "500 rows, 4 columns")
    columns = table(app, "most frequent")
    assert list(columns["column"]) == ["key", "age", "city", "source"]
    assert columns["most frequent"].tolist()[2:] == ["Bonn (50%), Rome (50%)", "web (100%)"]
    assert app.query_params["artifact"] == "train:v2"
    assert Folders(registry).profile("train", 2).exists()
    seen = table(app, "read by")
    assert seen[["artifact", "runs", "read by"]].to_numpy().tolist() == [
        ["train:v2", 1, "run 1"],
        ["train:v1", 1, "run 0"],
    ]
    assert "2 runs saw 2 versions" in words(app)


def test_two_versions_are_compared_by_address(open_app: Open, registry: Path) -> None:  # noqa: F811
    app = open_app(registry, "data", **{"artifact": "train:v1", "with": "train:v2"})
    said = until(app, "No row of train")
    assert "1 column drifted, 1 change of columns" in said
    assert "'source' is only in train\\:v2\\." in said
    drift = table(app, "effect")
    assert drift[["≠", "column"]].iloc[0].tolist() == ["≠", "age"]
    assert (drift["≠"] == "≠").sum() == 1
    app.toggle(key="drift-only").set_value(True)
    assert list(table(_run(app), "effect")["column"]) == ["age"]


def test_leaked_rows_are_found_and_keys_left_out(open_app: Open, registry: Path) -> None:  # noqa: F811
    app = open_app(registry, "data", **{"artifact": "train:v1", "with": "test:v1"})
    assert "5 of the 50 rows of test:v1 are in train:v1 too" in until(app, "are in train").replace("\\", "")
    assert table(app, "row in test:v1").to_numpy().tolist() == [[row, row] for row in range(1, 6)]
    app.multiselect(key="leakage-ignore").set_value(["key"])
    app = _run(app)
    assert "50 of the 50 rows" in until(app, "50 of the 50")
    assert app.query_params["ignore"] == "key"


def test_tables_in_a_folder_are_compared(open_app: Open, registry: Path) -> None:  # noqa: F811
    app = open_app(registry, "data", **{"artifact": "split:v1/train.csv", "with": "split:v1/test.csv"})
    assert "10 of the 210 rows" in until(app, "of the 210 rows")


@pytest.mark.parametrize("parameters", [{"artifact": "nothing:v1"}, {"artifact": "../../x"}, {"with": "a/b"}])
def test_what_is_not_there_is_said_and_another_can_be_chosen(
    open_app: Open,  # noqa: F811
    registry: Path,
    parameters: dict[str, str],
) -> None:
    app = open_app(registry, "data", **{"artifact": "train:v1", **parameters})
    assert len(app.error) == 1
    app.selectbox(key="data-right").set_value("nothing")
    app.selectbox(key="data-left").set_value("test:v1")
    until(_run(app), "50 rows, 3 columns")


def test_what_is_no_table_is_said(open_app: Open, registry: Path) -> None:  # noqa: F811
    assert "model\\:v1 is no table" in words(open_app(registry, "data", artifact="model:v1"))


def test_a_file_that_is_gone_is_said_and_can_be_tried_again(open_app: Open, registry: Path) -> None:  # noqa: F811
    stored = Folders(registry).artifacts / "test" / "v1"
    shutil.move(stored, registry.parent / "away")
    assert "There is no artifact" in words(open_app(registry, "data", artifact="test:v1"))
    shutil.move(registry.parent / "away", stored)
    until(open_app(registry, "data", artifact="test:v1"), "50 rows")


def test_a_reader_that_fails_is_told_with_a_way_to_try_again(
    open_app: Open,  # noqa: F811
    registry: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    monkeypatch.setattr(sys, "executable", shutil.which("false") or "false")
    app = open_app(registry, "data", artifact="test:v1")
    deadline = time.monotonic() + 30
    while not app.error:
        assert time.monotonic() < deadline
        app = _run(app)
    assert "test\\:v1 could not be looked into" in app.error[0].value
    monkeypatch.undo()
    again = next(button for button in app.button if button.label == "Try again")
    until(_run(again.click()), "50 rows")


def test_what_is_off_or_large_is_done_when_somebody_asks(open_app: Open, registry: Path) -> None:  # noqa: F811
    import openpyxl

    book = openpyxl.load_workbook(registry)
    for row in book["Settings"].iter_rows():
        if row[0].value == "data.megabytes":
            row[1].value = 0
    book.save(registry)
    app = open_app(registry, "data", artifact="test:v1")
    button = next(button for button in app.button if button.label.startswith("Look into it"))
    until(_run(button.click()), "50 rows")


def test_who_only_looks_finds_it_out_and_leaves_nothing_in_the_registry(
    open_app: Open,  # noqa: F811
    registry: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders = Folders(registry)
    for found in [*folders.side.rglob("*.profile.json"), *folders.side.rglob("*.metadata.json")]:
        found.unlink()
    shutil.rmtree(folders.cache / "contents", ignore_errors=True)
    set_roles(Registry(registry), {"boss": "manager"}, "boss")
    before = content(folders.side)
    leaked = {"artifact": "train:v1", "with": "test:v1"}
    assert "are in train" in until(open_app(registry, "data", **leaked), "are in train")
    assert "no table" in words(open_app(registry, "data", artifact="model:v1"))
    monkeypatch.setenv("TRACKER_READ_ONLY", "1")
    until(open_app(registry, "data", artifact="split:v1/test.csv"), "210 rows")
    assert content(folders.side) == before
    assert list((tmp_path / "cache").rglob("*.profile.json")), "once found, it need not be looked for again"
    monkeypatch.undo()
    set_roles(Registry(registry), {WHO: "contributor"}, "boss")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    until(open_app(registry, "data", artifact="test:v1"), "50 rows")
    deadline = time.monotonic() + 60
    while not folders.profile("test", 1).exists():  # it is shown before it is kept
        assert time.monotonic() < deadline
        time.sleep(0.05)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_empty_registry_says_how_data_comes(open_app: Open, registry_path: Path) -> None:  # noqa: F811
    assert "No data yet" in words(open_app(registry_path, "data"))


def test_a_workbook_with_two_tables_only_opens(open_app: Open, bare_registry: Path) -> None:  # noqa: F811
    assert not open_app(bare_registry, "data").error


def test_rows_that_say_nonsense_do_no_harm(open_app: Open, tmp_path: Path) -> None:  # noqa: F811
    from zoo import with_openpyxl

    path = tmp_path / "disorder.xlsx"
    rows = (
        ("../../x:v1", "../../x", 1, "/etc/passwd", "data set", "stored", "yesterday"),
        ("x.csv:v1", "x.csv", "one", "nowhere/x.csv", None, None, None),
        (None, None, None, None, None, None, None),
        (7, 7, 7, 7, 7, 7, 7),
    )
    columns = ("artifact", "name", "version", "path", "kind", "status", "created")
    with_openpyxl.simple(path, {"runs": (("run_id",), (("r",),)), "artifacts": (columns, rows)})
    for page in ("data", "artifacts"):
        open_app(path, page)
    assert "There is no artifact" in words(open_app(path, "data", artifact="x.csv:v1"))


def test_a_comparison_of_runs_says_whether_they_saw_the_same_data(open_app: Open, registry: Path) -> None:  # noqa: F811
    with tracker.start_run(registry, name="again") as run:
        run.use_artifact("train:v1")
    with tracker.start_run(registry, name="without"):
        pass
    runs = tracker.open(registry).runs()
    ids = dict(zip(runs["name"], runs["run_id"], strict=True))

    def said(*names: str) -> str:
        return words(open_app(registry, "compare", runs=",".join(ids[name] for name in names))).replace("\\", "")

    assert "All 2 runs saw the same data: train:v1." in said("run 0", "again")
    assert "The runs did not see the same data: they differ in train." in said("run 0", "run 1")
    assert "1 of 2 runs recorded no data" in said("run 0", "without")


# -- the Artifacts page -------------------------------------------------------------------------------------------


def test_exactly_one_artifact_opens_by_its_address(open_app: Open, registry: Path) -> None:  # noqa: F811
    app = open_app(registry, "artifacts", **{"artifact": "model:v1", "artifact-name": "train"})
    said = words(app)
    assert "## model\\:v1" in said
    assert "loading the pickle may run commands" in said
    assert "os\\.system" in said
    assert app.query_params["artifact"] == "model:v1"
    app.text_input(key="artifact-name").set_value("test")
    app = _run(app)
    assert "## test\\:v1" in words(app)
    assert "artifact" not in app.query_params
    assert "Not in this registry" in words(open_app(registry, "artifacts", artifact="nothing:v9"))


def test_a_table_leads_to_its_columns(open_app: Open, registry: Path) -> None:  # noqa: F811
    app = open_app(registry, "artifacts", artifact="test:v1")
    until(app, "50 rows, 3 columns, no row twice")
    assert "tables" in words(open_app(registry, "artifacts", artifact="split:v1"))


def test_what_is_guessed_is_shown_as_a_guess(open_app: Open, registry: Path) -> None:  # noqa: F811
    assert "data set ?" in "".join(
        str(one.value) for one in open_app(registry, "artifacts", artifact="test:v1").markdown
    )


# -- pictures of distributions ------------------------------------------------------------------------------------


def test_bars_show_where_values_are() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "flat": np.arange(1600),
            "two": [0, 1] * 800,
            "word": ["a"] * 1200 + ["b"] * 400,
            "one": [5.0] * 1600,
            "key": [f"k{number}" for number in range(1600)],
            "heavy": random.standard_cauchy(1600),
            "none": [None] * 1600,
        }
    )
    found = {column.name: histograms.bars(column) for column in profile_table(frame).columns}
    assert len(found["flat"]) == histograms.BARS
    assert max(found["flat"]) < 0.08 and sum(found["flat"]) == pytest.approx(1, abs=0.01)
    assert found["two"] == [0.5, 0.5]
    assert found["word"] == [0.75, 0.25]
    assert found["one"] == [1.0]
    assert found["key"] == found["none"] == []
    assert sum(found["heavy"]) == pytest.approx(1, abs=0.01)


def test_two_columns_are_drawn_on_one_scale() -> None:
    left, right = (profile_table(pd.DataFrame({"x": np.arange(500.0) + shift})).columns[0] for shift in (0, 1000))
    ours, theirs = histograms.pair(left, right)
    assert sum(ours[:6]) > 0.99 and sum(theirs[-6:]) > 0.99
    left, right = (profile_table(pd.DataFrame({"x": words})).columns[0] for words in (["a", "b"] * 9, ["b", "c"] * 9))
    assert histograms.pair(left, right) == ([0.5, 0.5, 0.0], [0.5, 0.0, 0.5])


# -- in a browser -------------------------------------------------------------------------------------------------


@pytest.fixture
def data_app(chromium: Any, registry: Path, tmp_path: Path) -> Iterator[Shown]:
    with served(registry, tmp_path) as (url, _):
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        outside: list[str] = []
        page.on("request", lambda request: note_outside(request.url, outside))
        yield Shown(page, registry, url, outside)
        page.screenshot(path=tmp_path / "last-seen.png")
        page.close()


@pytest.mark.browser
def test_from_an_artifact_to_its_columns_to_drift_and_back(data_app: Shown) -> None:
    page = data_app.page
    data_app.open("/artifacts?artifact=train:v1")
    page.get_by_role("link", name="Columns and drift").click()
    page.get_by_text("500 rows, 3 columns, no row twice").wait_for(timeout=30_000)
    data_app.has_cell("profile-columns", 0, 1, "age")
    assert "artifact=train" in page.url
    page.get_by_role("combobox", name="Compared with").click()
    page.get_by_role("option", name="train:v2").click()
    page.get_by_text("1 column drifted, 1 change of columns").wait_for(timeout=30_000)
    data_app.has_cell("drift-table", 1, 0, "age")
    page.get_by_text("No row of train:v2 is in train:v1").wait_for(timeout=60_000)
    assert "with=train" in page.url
    page.go_back()
    page.get_by_text("500 rows, 3 columns, no row twice").wait_for(timeout=30_000)
    assert data_app.outside == []
