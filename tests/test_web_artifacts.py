"""The Artifacts page: what its filters find, what is done with many at once."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas
import pytest
from test_web import Open, _run, filled, made, open_app, words  # noqa: F401

from tracker.web.artifacts.artifact_filter import Wanted, matching
from tracker.web.reading import files

ARTIFACTS = pandas.DataFrame(
    [
        ("train:v1", "train", 1, "model", "data set", "ann", 2_000_000, "r1"),
        ("train:v2", "train", 2, "model", "data set", "ben", None, "r2"),
        ("model:v1", "model", 1, "model", "model file", "ann", 500, "r2"),
        ("notes:v1", "notes", 1, "documentation", None, None, 20_000_000, None),
    ],
    columns=["artifact", "name", "version", "category", "kind", "created_by", "size", "run_id"],
)
RUNS = pandas.DataFrame({"run_id": ["r1", "r2"], "name": ["prepare", "fit (all)"]})
LINEAGE = pandas.DataFrame(
    {"run_id": ["r1", "r2", "r2"], "artifact": ["train:v1", "train:v1", "model:v1"]}
    | {"direction": ["output", "input", "output"]}
)
MODELS = pandas.DataFrame({"model": ["churn"], "artifact": ["model:v1"]})


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["train:v1", "train:v2", "model:v1", "notes:v1"]),
        (Wanted(text="TRAIN"), ["train:v1", "train:v2"]),
        (Wanted(text=".*"), []),
        (Wanted(categories=["documentation"]), ["notes:v1"]),
        (Wanted(kinds=["data set"], owners=["ben"]), ["train:v2"]),
        (Wanted(least_size=10**6), ["train:v1", "notes:v1"]),
        (Wanted(run="fit (all)"), ["train:v1", "train:v2", "model:v1"]),
        (Wanted(run="R1"), ["train:v1"]),
        (Wanted(use="read by a run"), ["train:v1"]),
        (Wanted(use="read by no run"), ["train:v2", "model:v1", "notes:v1"]),
        (Wanted(use="a model's"), ["model:v1"]),
        (Wanted(newest=True), ["train:v2", "model:v1", "notes:v1"]),
        (Wanted(newest=True, text="train", owners=["ann"]), ["train:v1"]),
    ],
)
def test_what_the_filters_find(wanted: Wanted, found: list[str]) -> None:
    assert list(matching(ARTIFACTS, LINEAGE, RUNS, MODELS, wanted)["artifact"]) == found


def test_many_artifacts_come_as_one_zip_each_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "b.txt").write_text("b")
    packed = files.zip_of({"a:v1": tmp_path / "a.txt", "../up:v2": tmp_path / "folder"})
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert sorted(archive.namelist()) == ["-up-v2/deep/b.txt", "a-v1/a.txt"]
        assert archive.read("a-v1/a.txt") == b"a"


def test_all_filters_are_in_the_address(open_app: Open, filled: Path) -> None:  # noqa: F811
    app = open_app(
        filled, "artifacts", **{"artifact-run": "forest", "artifact-use": "read by no run", "kind": "report"}
    )
    assert app.text_input(key="artifact-run").value == "forest"
    app = open_app(filled, "artifacts", **{"artifact-name": "report"})
    _run(app.selectbox(key="artifact-use").set_value("read by no run"))
    assert app.query_params["artifact-use"] == "read by no run"
    _run(app.selectbox(key="artifact-size").set_value("1 GB or more"))
    assert "No artifact matches" in words(app)


def test_what_is_found_is_taken_to_the_retention_page(open_app: Open, filled: Path) -> None:  # noqa: F811
    app = open_app(filled, "artifacts", **{"artifact-name": "config"})
    names = list(app.dataframe[0].value["artifact"])
    assert not app.button(key="artifacts-retention").disabled
    held = open_app(filled, "retention")
    for key in ("retention-hold-artifacts", "retention-hand-artifacts"):
        held.session_state[key] = [*names, "gone:v1"]
    _run(held)
    assert held.multiselect(key="retention-hold-artifacts").value == names
    assert held.multiselect(key="retention-hand-artifacts").value == names
