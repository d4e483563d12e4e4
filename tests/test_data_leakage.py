"""Rows of the training data in the test data: every planted one is found, and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.data import leakage
from tracker.data.leakage import Leak, find_leakage
from tracker.data.row_text import row_hashes, row_texts
from tracker.errors import BadRequestError


def frame(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": random.permutation(10**6)[:rows],
            "x": random.normal(size=rows),
            "single": random.normal(size=rows).astype("float32"),
            "n": random.integers(0, 1000, rows),
            "word": random.choice(["a", "b, c", 'd "e"', " f", None], rows),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 10**9, rows), unit="ms"),
            "flag": random.random(rows) < 0.5,
            "gap": np.where(random.random(rows) < 0.3, np.nan, random.integers(0, 9, rows)),
        }
    )


def planted() -> tuple[pd.DataFrame, pd.DataFrame, dict[int, int]]:
    """A training table, a test table, and which test rows are which training rows (counted from 1)."""
    train, test = frame(3_000, 1), frame(1_000, 2)
    places = {17: 5, 400: 2_999, 401: 0, 999: 1_234}
    for row, source in places.items():
        test.iloc[row] = train.iloc[source]
    return train, test.astype(train.dtypes), {row + 1: source + 1 for row, source in places.items()}


def save(table: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix == ".feather":
        table.to_feather(path)
    elif path.suffix == ".jsonl":
        table.to_json(path, orient="records", lines=True, date_format="iso", double_precision=15)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


FORMATS = ["csv", "tsv", "parquet", "feather"]


@pytest.mark.parametrize("of_test", [*FORMATS, "frame"])
@pytest.mark.parametrize("of_train", [*FORMATS, "frame"])
def test_planted_rows_are_found_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_train: str, of_test: str
) -> None:
    monkeypatch.setattr("tracker.data.records._BLOCK", 20_000)
    monkeypatch.setattr("tracker.data.arrow_files._BATCH", 700)
    train, test, expected = planted()
    ours = train if of_train == "frame" else save(train, tmp_path / f"train.{of_train}")
    theirs = test if of_test == "frame" else save(test, tmp_path / f"test.{of_test}")
    found = find_leakage(ours, theirs)
    assert {leak.test_row: leak.train_row for leak in found.examples} == expected
    assert (found.count, found.train_rows, found.test_rows, found.repeated) == (4, 3_000, 1_000, 0)
    assert found.share == 0.004
    assert str(found) == (
        "4 of the 1,000 test rows (0.40%) are in the training data too (compared in 8 columns), "
        "such as rows 18 (training row 6), 401 (training row 3,000), 402 (training row 1)."
    )


def test_json_lines_are_compared_too(tmp_path: Path) -> None:
    train, test, expected = planted()
    columns = ["id", "n", "word", "flag", "gap"]
    found = find_leakage(save(train[columns], tmp_path / "a.jsonl"), save(test[columns], tmp_path / "b.jsonl"))
    assert {leak.test_row: leak.train_row for leak in found.examples} == expected


def test_keys_and_the_target_can_be_ignored() -> None:
    train, test, expected = planted()
    test["id"] += 10**7
    test["extra"] = 1
    assert find_leakage(train, test).count == 0
    assert str(find_leakage(train, test)) == (
        "None of the 1,000 test rows is in the training data (compared in 8 columns)."
    )
    found = find_leakage(train, test, ignore=["id"])
    assert found.count == len(expected)
    assert found.left_out == ("id", "extra") and "id" not in found.columns


cells = st.one_of(
    st.none(), st.integers(-3, 3), st.sampled_from([0.0, -0.0, 1.0, 2.5]), st.sampled_from(["", "a", "1", "1.0"])
)
tables = st.lists(st.tuples(cells, cells), max_size=25)


def meaning(value: Any) -> Any:
    """What a value of the tables above counts as."""
    return float(value) if value not in (None, "", "a") else value


@settings(deadline=None)
@given(tables, tables)
def test_what_is_found_is_what_comparing_every_pair_finds(train: list[Any], test: list[Any]) -> None:
    ours, theirs = (pd.DataFrame(rows, columns=["a", "b"], dtype=object) for rows in (train, test))
    known = [tuple(map(meaning, row)) for row in train]
    expected = [
        Leak(place + 1, known.index(row) + 1)
        for place, row in enumerate(tuple(map(meaning, row)) for row in test)
        if row in known and row != (None, None)
    ]
    found = find_leakage(ours, theirs, examples=1_000)
    assert list(found.examples) == expected
    assert found.count == len(expected)


def test_rows_that_only_share_a_hash_are_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test, expected = planted()
    monkeypatch.setattr(leakage, "row_hashes", lambda columns, coarse: np.zeros(len(columns[0]), dtype=np.uint64))
    found = find_leakage(train, test)
    assert {leak.test_row: leak.train_row for leak in found.examples} == expected


def test_tables_that_share_most_rows_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leakage, "_COMPARED", 100)
    train = frame(1_000, 1)
    test = train.sample(frac=1, random_state=3)
    found = find_leakage(train, test, examples=1_000)
    assert found.count == 1_000
    assert [leak.train_row for leak in found.examples] == [place + 1 for place in test.index]


def test_a_row_that_occurs_often_is_counted_each_time_it_is_in_the_test_data() -> None:
    train = pd.DataFrame({"a": [1, 1, 2]})
    found = find_leakage(train, pd.DataFrame({"a": [1, 1, 1, 3, None]}))
    assert (found.count, found.repeated, found.examples[0]) == (3, 1, Leak(1, 1))


def test_rows_without_any_value_leak_nothing() -> None:
    empty = pd.DataFrame({"a": [None, None], "b": [np.nan, 1.0]})
    assert find_leakage(empty, empty).count == 1


def test_lists_and_bytes_are_compared() -> None:
    train = pa.table({"v": [[1.5, 2], [3], None], "p": [b"a", b"b", None]})
    found = find_leakage(train, pa.table({"v": [[3.0], [3.0]], "p": [b"b", b"c"]}))
    assert found.examples == (Leak(1, 2),)


def test_rows_that_cannot_be_read_keep_the_others_numbers(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b\n1,2\n3\n5,6\n")
    (tmp_path / "test.csv").write_text('a,b\n0,0\n1\n"5",6\n9,9\n')
    assert find_leakage(tmp_path / "train.csv", tmp_path / "test.csv").examples == (Leak(3, 3),)


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="no column in common"):
        find_leakage(pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}))
    with pytest.raises(BadRequestError, match="no column in common"):
        find_leakage(pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), ignore={"a"})
    with pytest.raises(BadRequestError, match=r"Leakage cannot be looked for: .* cannot be read"):
        find_leakage(tmp_path / "missing.csv", pd.DataFrame({"a": [1]}))
    assert find_leakage(pd.DataFrame({"a": []}), pd.DataFrame({"a": [1]})).count == 0
    assert find_leakage(pd.DataFrame({"a": [1]}), pd.DataFrame({"a": []})).share == 0


# -- when values are the same -----------------------------------------------------------------------------------

SAME = [
    [pa.array([1], pa.int8()), pa.array([1.0]), pa.array(["1"]), pa.array([" 1.00 "]), pa.array(["+1e0"])],
    [pa.array([0.1], pa.float32()), pa.array([0.1]), pa.array(["0.1"]), pa.array([".10"])],
    [pa.array([0.0]), pa.array([-0.0]), pa.array([0]), pa.array(["-0.0"]), pa.array(["0"])],
    [pa.array([10**16]), pa.array(["10000000000000000"])],
    [pa.array([True]), pa.array(["TRUE"]), pa.array(["true"]), pa.array(["True"])],
    [pa.array([None], pa.string()), pa.array([float("nan")]), pa.nulls(1), pa.array([None], pa.int64())],
    [
        pa.array([datetime(2024, 2, 29, 10, tzinfo=UTC)]),
        pa.array([datetime(2024, 2, 29, 10)], pa.timestamp("s")),
        pa.array([datetime(2024, 2, 29, 10)], pa.timestamp("ns")),
        pa.array(["2024-02-29 10:00"]),
        pa.array(["2024-02-29T10:00:00.000"]),
        pa.array(["2024-02-29T12:00:00+02:00"]),
    ],
    [pa.array([date(2024, 2, 29)]), pa.array([datetime(2024, 2, 29)], pa.timestamp("us")), pa.array(["2024-02-29"])],
    [pa.array(["x"]), pa.array([" x"]), pa.array(["x"]).dictionary_encode(), pa.array(["x"], pa.large_string())],
]
DIFFERENT = [
    pa.array(["007"]),
    pa.array([7]),
    pa.array([2**53 + 1]),
    pa.array([2**53]),
    pa.array(["9" * 400]),
    pa.array(["9" * 401]),
    pa.array(["2024-02-31"]),
    pa.array([""]),
    pa.array(["X"]),
    pa.array([float("inf")]),
]


@pytest.mark.parametrize("group", SAME, ids=lambda group: str(group[0][0]))
def test_values_that_mean_the_same_are_the_same(group: list[Any]) -> None:
    texts = {row_texts([array])[0].as_py() for array in group}
    assert len(texts) == 1
    coarse = {0} if any(array.type == pa.float32() for array in group) else ()
    assert len({int(row_hashes([array], coarse)[0]) for array in group}) == 1


def test_values_that_mean_something_else_are_not() -> None:
    texts = [row_texts([array])[0].as_py() for array in [*DIFFERENT, *(group[0] for group in SAME)]]
    assert len(set(texts)) == len(texts)


@settings(deadline=None)
@given(st.lists(st.floats() | st.none(), max_size=50))
def test_numbers_have_the_hash_of_their_text(numbers: list[float | None]) -> None:
    array = pa.array(numbers, pa.float64())
    written = pa.array([None if n is None or n != n else repr(n) for n in numbers], pa.string())
    assert row_texts([array]).to_pylist() == row_texts([written]).to_pylist()
    assert row_hashes([array]).tolist() == row_hashes([written]).tolist()


def test_the_order_of_values_counts() -> None:
    one, other = pa.array(["a"]), pa.array(["b"])
    assert row_hashes([one, other]).tolist() != row_hashes([other, one]).tolist()
    assert row_texts([one, other]).to_pylist() != row_texts([other, one]).to_pylist()
