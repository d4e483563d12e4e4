"""Profiles of tables: what is measured is what pandas says, whatever the format; samples are uniform and say so."""

from __future__ import annotations

import json
import math
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker import store
from tracker.data import sample as sampling
from tracker.data.columns import BUCKETS, VALUES, ColumnProfile
from tracker.data.profile import Profile, profile_table, read_profile, write_profile
from tracker.folders import Folders

numbers = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=300)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values: list[st.SearchStrategy[Any]] = [
    st.one_of(st.none(), st.floats()),
    st.integers(-(2**63), 2**63 - 1),
    st.one_of(st.none(), texts),
    st.booleans(),
    st.one_of(st.none(), st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))),
    st.one_of(texts, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=2)),
]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    count = draw(st.integers(0, 40))
    columns = draw(st.lists(st.sampled_from(range(len(values))), max_size=6))
    names = draw(st.lists(texts, min_size=len(columns), max_size=len(columns)))
    data = [draw(st.lists(values[kind], min_size=count, max_size=count)) for kind in columns]
    series = [pd.Series(column, dtype=object).infer_objects() for column in data]
    return pd.concat(series, axis=1, keys=range(len(series))).set_axis(names, axis=1) if series else pd.DataFrame()


def mixed_frame(rows: int = 500) -> pd.DataFrame:
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age": random.integers(18, 90, rows),
            "income": np.where(random.random(rows) < 0.1, np.nan, random.lognormal(10, 1, rows).round(2)),
            "city": random.choice(["Bonn", "Rome, IT", 'the "Hague"', "Łódź"], rows),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 10**8, rows), unit="s"),
            "active": random.random(rows) < 0.3,
        }
    )


def write(frame: pd.DataFrame, path: Path) -> Path:
    match path.suffix:
        case ".csv" | ".gz":
            frame.to_csv(path, index=False)
        case ".tsv":
            frame.to_csv(path, index=False, sep="\t")
        case ".parquet":
            frame.to_parquet(path, index=False)
        case ".feather":
            frame.to_feather(path)
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True, date_format="iso")
        case ".json":
            frame.to_json(path, orient="records", date_format="iso")
    return path


def column(of: list[Any], type: str = "float64") -> ColumnProfile:
    return profile_table(pa.table({"x": pa.array(of, getattr(pa, type)())})).columns[0]


# -- what is measured -------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(numbers)
def test_numbers_are_measured_as_pandas_and_numpy_do(of: list[float]) -> None:
    measured = column(of)
    present = pd.Series(of, dtype="float64").dropna()
    finite = present[np.isfinite(present)]
    assert measured.missing == len(of) - len(present)
    assert measured.infinite == len(present) - len(finite)
    assert measured.distinct == finite.nunique()
    if len(finite):
        assert (measured.min, measured.max) == (finite.min(), finite.max())
        # The smallest value that at least k percent do not exceed, for each k.
        ordered = sorted(finite)
        assert list(measured.grid) == [ordered[max(-(-k * len(ordered) // 100), 1) - 1] for k in range(101)]
        assert measured.quantile(0.5) == np.quantile(ordered, 0.5, method="inverted_cdf")
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = finite.to_numpy().mean(), finite.to_numpy().std(ddof=1) if len(finite) > 1 else 0.0
        assert measured.mean == (pytest.approx(mean, nan_ok=True) if math.isfinite(mean) else None)
        assert measured.std == (pytest.approx(std) if math.isfinite(std) else None)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "", " b", "ö", "x" * 300]) | texts, max_size=80))
def test_texts_are_counted(of: list[str]) -> None:
    measured = column(of, "string")
    counts = Counter(of)
    assert measured.distinct == len(counts)
    if of:
        assert measured.type == "text"
        assert sum(measured.buckets) == len(of) and len(measured.buckets) == BUCKETS
        assert (measured.shortest, measured.longest) == (min(map(len, of)), max(map(len, of)))
        if len(counts) <= VALUES:
            assert sum(count for _, count in measured.values) == len(of)
        assert measured.values[0][1] == counts.most_common(1)[0][1] or len(counts) > VALUES


def test_big_integers_keep_every_digit() -> None:
    measured = column([2**63 - 1, -(2**63), 2**53 + 1], "int64")
    assert (measured.type, measured.min, measured.max) == ("integer", -(2**63), 2**63 - 1)
    assert dict(measured.values) == {-(2**63): 1, 2**53 + 1: 1, 2**63 - 1: 1}


def test_of_many_values_the_most_frequent_are_kept() -> None:
    measured = column([float(i) for i in range(1000)] + [7.0] * 5 + [3.0] * 2)
    assert measured.values == ((7.0, 6), (3.0, 3))
    assert not measured.all_values


def test_dates_are_shown_as_dates() -> None:
    measured = column([datetime(2024, 2, 29), datetime(2024, 3, 1, 12, 30), None], "date64")
    assert (measured.type, measured.missing) == ("date", 1)
    assert measured.shown(measured.min) == "2024-02-29"
    moments = pa.table({"x": pa.array([datetime(2024, 3, 1, 12, 30, tzinfo=UTC)], pa.timestamp("ns", "Asia/Tokyo"))})
    assert profile_table(moments).columns[0].values == (("2024-03-01 12:30:00", 1),)
    ancient = pa.table({"x": pa.array([-(2**60)], pa.timestamp("s"))})
    assert profile_table(ancient).columns[0].values == ((f"{-(2**60)} seconds since 1970", 1),)


@pytest.mark.parametrize(
    ("values", "type", "stored"),
    [
        (pa.array([[1, 2], None]), "other", "list<item: int64>"),
        (pa.array([b"\x00", None]), "other", "binary"),
        (pa.array([{"a": 1}, None]), "other", "struct<a: int64>"),
        (pa.nulls(2), "empty", "null"),
        (pa.array([float("nan"), None]), "empty", "double"),
        (pa.array(["a", None]).dictionary_encode(), "text", "dictionary<values=string, indices=int32, ordered=0>"),
        (pa.array([1, None], pa.decimal128(10, 2)), "number", "decimal128(10, 2)"),
        (pa.array([1.5, None], pa.float16()), "number", "halffloat"),
        (pa.array([60, None], pa.duration("s")), "number", "duration[s]"),
        (pa.array([60, None], pa.time32("s")), "text", "time32[s]"),
        (pa.array(["a", None], pa.string_view()), "text", "string_view"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_every_type_of_a_column_has_a_place(values: Any, type: str, stored: str) -> None:
    measured = profile_table(pa.table({"x": values})).columns[0]
    assert (measured.type, measured.stored) == (type, stored)
    assert measured.missing == (2 if type == "empty" else 1)


def test_duplicate_rows_are_counted() -> None:
    frame = pd.DataFrame({"a": [1, 1, 2, 1, None, None], "b": ["x", "x", "x", "y", None, None]})
    assert profile_table(frame).duplicates == 2
    assert profile_table(frame.assign(c=[[1]] * 6)).duplicates is None


# -- formats ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.parquet", "t.feather", "t.jsonl", "t.json"])
def test_every_format_gives_the_same_profile(tmp_path: Path, name: str) -> None:
    frame = mixed_frame()
    expected = profile_table(frame)
    profile = profile_table(write(frame, tmp_path / name))
    assert (profile.rows, profile.read, profile.duplicates, profile.refused) == (500, 500, 0, "")
    assert profile.size == (tmp_path / name).stat().st_size
    if name.startswith("t.json"):
        assert profile.column("since").type == "text"  # JSON has no dates
    for one, other in zip(profile.columns, expected.columns, strict=True):
        if name.startswith("t.json") and one.name == "since":
            continue
        for field in ("name", "type", "missing", "distinct", "mean", "std", "grid", "values", "buckets", "longest"):
            assert getattr(one, field) == getattr(other, field), f"{one.name}.{field}"


def test_excel_sheets_are_tables_too(tmp_path: Path) -> None:
    from zoo import with_openpyxl

    rows = [(1, 2.5, "a", datetime(2024, 1, 1)), (2, None, "b", None), (3, 1.5, "bad", None)]
    with_openpyxl.simple(tmp_path / "t.xlsx", {"data": (("n", "x", "t", "d"), rows)})
    profile = profile_table(tmp_path / "t.xlsx")
    assert [(c.name, c.type, c.missing) for c in profile.columns] == [
        ("n", "number", 0),
        ("x", "number", 1),
        ("t", "text", 0),
        ("d", "date", 2),
    ]


def test_polars_and_arrow_tables_are_read_as_they_are() -> None:
    class Polars:
        def to_arrow(self) -> pa.Table:
            return pa.table({"a": [1, 2]})

    assert profile_table(Polars()).columns == profile_table(pa.table({"a": [1, 2]})).columns
    assert profile_table(object()).refused == "Not profiled: a object is no table."


# -- sampling ---------------------------------------------------------------------------------------------------


def test_a_larger_table_is_sampled_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("n,t\n" + "".join(f"{n},x\n" for n in range(20_000)))
    profile = profile_table(path, limit_rows=2_000)
    assert (profile.rows, profile.read, profile.sampled) == (20_000, 2_000, True)
    assert profile.notes == ("2,000 of its 20,000 rows were looked at, a uniform random sample.",)
    assert profile == profile_table(path, limit_rows=2_000)
    whole = profile_table(path)
    assert (whole.read, whole.sampled, whole.notes) == (20_000, False, ())


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl", "frame"])
def test_every_row_has_the_same_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("tracker.data.records._BLOCK", 1 << 14)
    monkeypatch.setattr("tracker.data.arrow_files._BATCH", 1_000)
    monkeypatch.setattr("tracker.data.frames._BLOCK", 1_000)
    rows, limit = 30_000, 3_000
    frame = pd.DataFrame({"n": np.arange(rows)})
    source = frame if name == "frame" else write(frame, tmp_path / name)
    grid = np.array(profile_table(source, limit_rows=limit).columns[0].grid)
    # Of a uniform sample in order, the k-th percentile is within five standard errors of the table's own.
    shares = np.linspace(0, 1, 101)
    error = np.sqrt(np.maximum(shares * (1 - shares), 0.01) / limit)
    assert (abs(grid / rows - shares) < 5 * error + 0.011).all()


def test_the_sample_does_not_depend_on_how_the_file_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(mixed_frame(5_000), tmp_path / "t.csv")
    whole = profile_table(path, limit_rows=300)
    monkeypatch.setattr("tracker.data.records._BLOCK", 5_000)
    assert profile_table(path, limit_rows=300) == whole


def test_wide_rows_make_a_smaller_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_BYTES", 100_000)
    monkeypatch.setattr("tracker.data.frames._BLOCK", 100)
    profile = profile_table(pd.DataFrame({"t": [f"{n:01000d}" for n in range(2_000)]}))
    assert 50 <= profile.read <= 100 and profile.rows == 2_000 and profile.sampled
    monkeypatch.setattr(sampling, "MOST_CELLS", 1_000)
    assert profile_table(pd.DataFrame(np.zeros((500, 10)))).read == 100


def test_pictures_and_embeddings_do_not_make_the_sample_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "MOST_BYTES", 100_000)
    table = pa.table({"picture": [bytes(1_000), None] * 500, "label": range(1_000)})
    profile = profile_table(table)
    assert profile.read == 1_000
    assert profile.columns[0] == ColumnProfile("picture", "other", "binary", missing=500)


def test_rows_that_cannot_be_read_take_part_in_the_draw(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n1\n1,2\n" * 5_000)
    profile = profile_table(path, limit_rows=1_000)
    assert profile.read + profile.unreadable == 1_000
    assert 250 < profile.unreadable < 420
    assert f"{profile.unreadable:,} of the 1,000 rows that were looked at could not be read." in profile.notes


# -- JSON -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(frames())
def test_a_profile_survives_its_json(frame: pd.DataFrame) -> None:
    profile = profile_table(frame)
    text = profile.to_json()
    assert Profile.from_json(text) == profile
    assert Profile.from_json(text.encode()) == profile
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"profile": 2}', '{"profile": 1, "columns": [{"x": 1}]}', "{"]
)
def test_other_json_is_no_profile(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError):
        Profile.from_json(text)
    (tmp_path / "p.json").write_text(text)
    assert read_profile(tmp_path / "p.json") is None


def test_a_profile_lies_beside_its_artifact_version(registry_path: Path, tmp_path: Path) -> None:
    folders = Folders(registry_path)
    data = write(mixed_frame(), tmp_path / "train.csv")
    stored = store.put(folders, data, "train")
    path = folders.profile(stored.name, stored.version)
    profile = profile_table(stored.path)
    assert read_profile(path) is None
    write_profile(path, profile)
    assert path.name == "v1.profile.json"
    assert read_profile(path) == profile
    assert store.find(folders, "train:latest").version == 1
    data.write_text("a\n1\n")
    assert store.put(folders, data, "train").version == 2
    shutil.rmtree(stored.path.parent)
    assert read_profile(path) == profile
