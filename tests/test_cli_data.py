"""``profile`` and ``drift`` from a shell: what they print, and their exit codes for CI."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from invoking import Invoke

import tracker


@pytest.fixture
def registry(registry_path: Path, tmp_path: Path) -> Path:
    """Three versions of one data set, the third of which drifted, a test table with leaked rows, and a pickle."""
    random = np.random.default_rng(0)
    train = pd.DataFrame(
        {"id": range(600), "age": random.integers(18, 90, 600), "city": ["Bonn", "Rome", "Oslo"] * 200}
    )
    with tracker.start_run(registry_path) as run:
        for number, frame in enumerate(
            (train, train.sample(frac=0.9, random_state=0), train.assign(age=train.age + 30))
        ):
            frame.to_csv(tmp_path / f"{number}.csv", index=False)
            run.log_artifact(tmp_path / f"{number}.csv", name="train")
        test = pd.concat([train.iloc[:7], train.iloc[100:200].assign(id=range(1000, 1100))])
        test.to_parquet(tmp_path / "test.parquet")
        run.log_artifact(tmp_path / "test.parquet", name="test", kind="test set")
        run.log_dict({"a": 1}, "config.json")
        (tmp_path / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch loaded'\ntR.")
        run.log_artifact(tmp_path / "model.pkl", name="model")
    return registry_path


def test_a_table_is_shown_column_by_column(invoke: Invoke, registry: Path) -> None:
    lines = invoke("profile", str(registry), "train:v1").stdout.splitlines()
    assert lines[:2] == ["train:v1", "600 rows, 3 columns, no row twice."]
    age = next(line for line in lines if line.startswith("age"))
    assert "integer" in age and "18 … 89" in age
    assert "Bonn (33%), Oslo (33%), Rome (33%)" in next(line for line in lines if line.startswith("city"))
    found = json.loads(invoke("profile", str(registry), "train", "--json").stdout)
    assert found["artifact"] == "train:v3"
    assert found["profile"]["rows"] == found["metadata"]["rows"] == 600
    assert tracker.open(registry).path.with_suffix(".tracker").joinpath("artifacts/train/v3.profile.json").exists()


def test_a_pickle_is_shown_with_a_warning_and_not_loaded(invoke: Invoke, registry: Path) -> None:
    text = invoke("profile", str(registry), "model:v1").output
    assert "imports: os.system" in text
    assert "Warning: " in text
    assert not Path("loaded").exists()


def test_what_is_neither_an_artifact_nor_a_file_is_said(invoke: Invoke, registry: Path) -> None:
    for name in ("nothing", "train:v9", "train:v1/x.csv", "../../x", "/nowhere/x.csv"):
        assert "There is no artifact" in invoke("profile", str(registry), name, exit_code=2).stderr


@pytest.mark.parametrize(
    ("right", "options", "code"),
    [
        ("train:v2", ("--fail-on", "drift", "--fail-on", "schema"), 0),
        ("train:v3", (), 0),
        ("train:v3", ("--fail-on", "schema"), 0),
        ("train:v3", ("--fail-on", "drift"), 1),
        ("test", ("--fail-on", "leakage"), 1),
        ("test", ("--fail-on", "leakage", "--ignore", "age", "--ignore", "city"), 1),
        ("train:v3", ("--fail-on", "leakage"), 0),
    ],
)
def test_the_exit_code_says_what_was_asked_for(
    invoke: Invoke,
    registry: Path,
    right: str,
    options: tuple[str, ...],
    code: int,
) -> None:
    invoke("drift", str(registry), "train:v1", right, *options, exit_code=code)


def test_drift_is_said_in_sentences_and_as_json(invoke: Invoke, registry: Path) -> None:
    text = invoke("drift", str(registry), "train:v1", "train:v3").output
    assert text.startswith("age: median ")
    assert "Kolmogorov–Smirnov, effect 0." in text and "A column counts as drifted if" in text
    found = json.loads(invoke("drift", str(registry), "train:v1", "train:v3", "--json").stdout)
    assert [test["column"] for test in found["tests"] if test["drifted"]] == ["age"]
    assert found["changed"] and found["leakage"] is None
    text = invoke("drift", str(registry), "train:v1", "train:v2").output
    assert "No drift found between train:v1 and train:v2 in 3 columns." in text


def test_leaked_rows_are_counted(invoke: Invoke, registry: Path) -> None:
    text = invoke("drift", str(registry), "train:v1", "test:v1", "--leakage").output
    assert "7 of the 107 test rows (6.54%) are in the training data too" in text
    found = json.loads(
        invoke("drift", str(registry), "train:v1", "test", "--leakage", "--ignore", "id", "--json").output
    )
    assert (found["leakage"]["count"], found["leakage"]["test_rows"]) == (107, 107)


def test_paths_are_compared_with_artifacts_and_with_each_other(
    invoke: Invoke,
    registry: Path,
    tmp_path: Path,
) -> None:
    pd.DataFrame({"id": [5000], "age": [1], "city": ["Bonn"]}).to_csv(tmp_path / "new.csv", index=False)
    assert "1 in new.csv" in invoke("drift", str(registry), "train:v1", "new.csv", "--leakage").output
    assert "None of the 1 test rows" in invoke("drift", str(registry), "0.csv", "new.csv", "--leakage").output
    assert "1 row, 3 columns" in invoke("profile", str(registry), "new.csv").output


def test_what_is_no_table_cannot_be_compared(invoke: Invoke, registry: Path) -> None:
    for name in ("model:v1", "config.json:v1"):
        assert f"{name} cannot be compared." in invoke("drift", str(registry), "train", name, exit_code=2).stderr


def test_guesses_are_shown_as_such(invoke: Invoke, registry: Path) -> None:
    text = invoke("artifacts", str(registry)).output
    train = next(line for line in text.splitlines() if line.startswith("train"))
    test = next(line for line in text.splitlines() if line.startswith("test"))
    assert "data set ?" in train and "model ?" in train
    assert "test set " in test and "test set ?" not in test
    assert "? guessed from the name or content" in text
    rows = json.loads(invoke("artifacts", str(registry), "--json").stdout)
    assert {row["artifact"]: row["guessed"] for row in rows if row["name"] in ("test", "model")} == {
        "test:v1": ["category"],
        "model:v1": ["category", "kind"],
    }


def test_why_says_what_changed_in_the_data(invoke: Invoke, registry: Path) -> None:
    for number, version in ((0, "v1"), (1, "v3")):
        with tracker.start_run(registry, experiment="churn", name=f"run {number}") as run:
            run.use_artifact(f"train:{version}")
            run.use_artifact("model:v1")
            run.log_metric("auc", 0.9 - number / 10)
    text = invoke("compare", str(registry), "run 0", "run 1", "--why").output
    assert "What changed from train:v1 to train:v3:\n  age: median" in text
    assert "model:v1 to" not in text
    found = json.loads(invoke("compare", str(registry), "run 0", "run 1", "--why", "--json").stdout)
    assert [(one["left"], one["right"]) for one in found["data"]] == [("train:v1", "train:v3")]
    assert found["data"][0]["sentences"][0].startswith("age: ")
