"""Whether runs saw the same data: by the lineage, and nobody knows where nothing was recorded."""

from __future__ import annotations

from typing import Any

from tracker.data.seen import runs_by_data, same_data


def rows(**inputs: list[str]) -> list[dict[str, Any]]:
    """Lineage rows: what each run read, and a model that each wrote."""
    read = [(run, "input", artifact) for run, artifacts in inputs.items() for artifact in artifacts]
    wrote = [(run, "output", f"model:{run}") for run in inputs]
    return [
        {"run_id": run, "direction": way, "artifact": artifact, "time": None} for run, way, artifact in read + wrote
    ]


def test_runs_that_read_the_same_versions_saw_the_same_data() -> None:
    seen = same_data(rows(a=["train:v1", "test:v1"], b=["test:v1", "train:v1"], c=["train:v2"]), ["a", "b"])
    assert seen.same is True
    assert seen.shared == ("test:v1", "train:v1") and seen.differing == {}
    assert str(seen) == "All 2 runs saw the same data: test:v1, train:v1."


def test_runs_that_read_other_versions_did_not() -> None:
    seen = same_data(rows(a=["train:v1", "test:v1"], b=["train:v2", "test:v1"]), ["a", "b"])
    assert seen.same is False
    assert seen.shared == ("test:v1",)
    assert seen.differing == {"train": {"a": ("train:v1",), "b": ("train:v2",)}}
    assert str(seen) == "The runs did not see the same data: they differ in train."


def test_a_run_that_read_more_did_not_see_the_same() -> None:
    seen = same_data(rows(a=["train:v1"], b=["train:v1", "extra:v1"]), ["a", "b"])
    assert seen.same is False and seen.differing == {"extra": {"a": (), "b": ("extra:v1",)}}


def test_where_nothing_was_recorded_nobody_knows() -> None:
    seen = same_data(rows(a=["train:v1"], b=[]), ["a", "b", "c"])
    assert seen.same is None and seen.unknown == ("b", "c")
    assert str(seen) == "2 of 3 runs recorded no data, so nobody knows whether they saw the same."
    assert same_data([], []).same is None


def test_only_data_counts_where_it_is_said_what_is_data() -> None:
    lineage = rows(a=["train:v1", "config:v1"], b=["train:v1", "config:v2"])
    assert same_data(lineage, ["a", "b"]).same is False
    assert same_data(lineage, ["a", "b"], is_data=lambda artifact: artifact.startswith("train")).same is True


def test_the_runs_that_read_a_version_are_found() -> None:
    lineage = rows(a=["train:v1"], b=["train:v1", "test:v1"], c=["train:v2"])
    assert runs_by_data(lineage) == {"train:v1": ("a", "b"), "test:v1": ("b",), "train:v2": ("c",)}
