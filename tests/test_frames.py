"""Tables as DataFrames: their columns and types, what is pending in them, and that both ways of reading agree."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import python_calamine
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from person import Person
from zoo import Trap, with_openpyxl

from tracker.errors import BadRequestError, MissingPackageError, NoTablesError, QueryError, TrackerError
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading import tables as reading
from tracker.reading.registry import Registry
from tracker.schema import RUNS

MOMENT = datetime(2026, 11, 1, 12, 30)


@contextmanager
def without(*packages: str) -> Iterator[None]:
    """As if these packages were not installed."""
    with pytest.MonkeyPatch.context() as patch:
        for package in packages:
            patch.setitem(sys.modules, package, None)
        yield


@contextmanager
def without_our_reader() -> Iterator[None]:
    """Fails where a whole table is read by our own reader, so that a test knows which way was taken."""

    def fail(*_: Any) -> None:
        raise AssertionError("our own reader was used")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "tables_read", fail)
        yield


def both_ways(path: Path, table: str = "runs") -> pd.DataFrame:
    """The table as a frame, read by python-calamine and by our own reader, which must agree."""
    with without_our_reader():
        fast = Registry(path).table(table)
    with without("python_calamine"):
        slow = Registry(path).table(table)
    pd.testing.assert_frame_equal(fast, slow, check_exact=True)
    return fast


def log(path: Path, *changes: Change) -> None:
    writer = PendingWriter(Registry(path).folders.pending, who="script")
    for change in changes:
        writer.append(change)
    writer.close()


def run(run_id: str, **cells: Any) -> Change:
    return Change("runs", (run_id,), {k.replace("__", "."): v for k, v in cells.items()}, new=True, time=time.time())


def table(path: Path, columns: Sequence[str], *rows: Sequence[Any]) -> Path:
    with_openpyxl.simple(path, {"runs": (columns, rows)})
    return path


# -- columns and types --------------------------------------------------------------------------------------------


def test_columns_stand_as_in_search_runs_with_the_persons_own_before_the_params(tmp_path: Path) -> None:
    columns = ("tags.team", "metrics.b", "verdict", "name", "metrics.a", "run_id", "params.z", "Cost (EUR)", "params.a")
    frame = both_ways(table(tmp_path / "r.xlsx", columns, ("risk", 1, "good", "first", 2, "r1", 3, 9.5, 4)))
    declared = [column.name for column in RUNS.columns]
    own = ["verdict", "Cost (EUR)", "params.z", "params.a", "metrics.b", "metrics.a", "tags.team"]
    assert list(frame.columns) == declared + own
    assert frame.columns[0] == "run_id"


def test_each_kind_of_column_has_its_type(tmp_path: Path) -> None:
    columns = (
        "run_id", "status", "start_time", "duration", "git_dirty", "metrics.auc", "metrics.gone", "params.depth",
        "params.lr", "params.some", "params.optimizer", "params.flag", "params.mixed", "params.day", "tags.team",
        "my day", "my number",
    )  # fmt: skip
    rows = [
        ("r1", "FINISHED", MOMENT, 3, True, 0.5, None, 6, 0.1, 3, "adam", True, 4, MOMENT, "risk", MOMENT, 1),
        ("r2", None, None, None, False, 1, "n/a", 7, 1, None, None, False, "auto", MOMENT, 5, None, None),
    ]
    frame = both_ways(table(tmp_path / "r.xlsx", columns, *rows))
    expected = {
        "run_id": "object", "status": "object", "start_time": "datetime64[ms, UTC]", "duration": "float64",
        "git_dirty": "bool", "metrics.auc": "float64", "metrics.gone": "float64", "params.depth": "int64",
        "params.lr": "float64", "params.some": "float64", "params.optimizer": "object", "params.flag": "bool",
        "params.mixed": "object", "params.day": "datetime64[ms, UTC]", "tags.team": "object",
        "my day": "datetime64[ms]", "my number": "float64", "end_time": "datetime64[ms, UTC]", "notes": "object",
    }  # fmt: skip
    assert {name: str(frame[name].dtype) for name in expected} == expected
    assert frame.loc[0, "start_time"] == pd.Timestamp(MOMENT, tz="UTC")
    assert frame["status"].tolist() == ["FINISHED", None]
    assert frame["tags.team"].tolist() == ["risk", "5"]
    assert frame["params.mixed"].tolist() == [4, "auto"]
    assert type(frame["params.mixed"][0]) is int
    assert frame["params.optimizer"].tolist() == ["adam", None]
    assert frame["metrics.gone"].isna().all()
    assert frame["end_time"].isna().all()


def test_logged_values_come_back_as_they_were_logged(registry_path: Path) -> None:
    params = {"nan": "NaN", "text_nan": "'NaN", "big": str(2**60), "digits": "'1234567890123456", "formula": "=1+1"}
    cells = {f"params.{name}": value for name, value in params.items()}
    log(registry_path, Change("runs", ("r1",), {**cells, "metrics.loss": "Infinity"}, new=True, time=time.time()))
    Registry(registry_path).sync()
    row = both_ways(registry_path).iloc[0]
    assert math.isnan(row["params.nan"])
    assert row["params.text_nan"] == "NaN"
    assert row["params.big"] == 2**60
    assert row["params.digits"] == "1234567890123456"
    assert row["params.formula"] == "=1+1"
    assert row["metrics.loss"] == math.inf


def test_text_in_a_number_column_is_a_blank_and_text_dates_are_dates(tmp_path: Path) -> None:
    columns = ("run_id", "metrics.auc", "start_time")
    rows = [
        ("r1", "0.5", "2026-11-01 12:30"),
        ("r2", "good", "yesterday"),
        ("r3", "NaN", "2026-11-01T13:30:00+01:00"),
        ("r4", True, 46327.5208333333),
    ]
    frame = both_ways(table(tmp_path / "r.xlsx", columns, *rows))
    assert frame["metrics.auc"].tolist()[0] == 0.5
    assert frame["metrics.auc"].isna().tolist() == [False, True, True, False]
    day = pd.Timestamp(MOMENT, tz="UTC")
    assert frame["start_time"][[0, 2, 3]].tolist() == [day] * 3
    assert pd.isna(frame["start_time"][1])


def test_renamed_headers_keep_their_names_in_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    settings_rows = [("column.runs.status", "State"), ("column.runs.metrics.auc", "AUC"), ("column.runs.run_id", "Id")]
    runs = (("Id", "State", "AUC", "Name"), [("r1", "FINISHED", 0.5, "first")])
    with_openpyxl.simple(path, {"runs": runs, "settings": (("Name", "VALUE"), settings_rows)})
    frame = both_ways(path)
    assert frame.loc[0, ["run_id", "status", "name", "metrics.auc"]].tolist() == ["r1", "FINISHED", "first", 0.5]
    assert not {"Id", "State", "AUC", "Name"} & set(frame.columns)


def test_blank_rows_are_left_out_and_typed_rows_without_a_key_are_not(tmp_path: Path) -> None:
    columns = ("run_id", "name", "git_dirty")
    rows = [("r1", "a", None), (None, None, None), (None, "typed", None), (None, None, False), (None, None, None)]
    frame = both_ways(table(tmp_path / "r.xlsx", columns, *rows))
    assert frame["name"].tolist() == ["a", "typed", None]
    assert list(frame.index) == [0, 1, 2]


def test_an_empty_registry_has_all_its_columns(registry_path: Path) -> None:
    for name in ("runs", "artifacts", "checklist", "lineage", "models", "people"):
        assert both_ways(registry_path, name).empty
    frame = Registry(registry_path).runs("metrics.auc > 0.9", ["metrics.auc DESC"])
    assert frame.empty
    assert list(frame.columns) == [column.name for column in RUNS.columns]


def test_a_missing_table_is_empty_and_a_persons_own_table_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with_openpyxl.simple(path, {"runs": (("run_id",), [("r1",)]), "budget": (("month", "EUR"), [("May", 5)])})
    registry = Registry(path)
    assert registry.artifacts().empty
    assert "aliases" in registry.artifacts()
    assert registry.table("Budget", "EUR = 5").to_dict("list") == {"month": ["May"], "EUR": [5]}
    with pytest.raises(BadRequestError, match="There is no table 'budge'"):
        registry.table("budge")


def test_a_workbook_without_runs_says_so(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    with_openpyxl.simple(path, {"budget": (("month", "EUR"), [("May", 5)])})
    with pytest.raises(NoTablesError):
        Registry(path).runs()


def test_without_pandas_a_frame_says_what_to_install(bare_registry: Path) -> None:
    with without("pandas"), pytest.raises(MissingPackageError, match="pip install pandas"):
        Registry(bare_registry).runs()


# -- query, order, limit ------------------------------------------------------------------------------------------


def test_query_order_and_limit_work_together(tmp_path: Path) -> None:
    columns = ("run_id", "metrics.auc", "params.depth")
    rows = [("r1", 0.7, 6), ("r2", None, 6), ("r3", 0.9, 6), ("r4", 0.8, 5), ("r5", 0.95, "6")]
    registry = Registry(table(tmp_path / "r.xlsx", columns, *rows))
    assert registry.runs("params.depth = 6", ["metrics.auc DESC"])["run_id"].tolist() == ["r5", "r3", "r1", "r2"]
    assert registry.runs("params.depth = 6", "metrics.auc DESC", 2)["run_id"].tolist() == ["r5", "r3"]
    found = registry.runs("metrics.auc < 0.9", limit=1)
    assert found["run_id"].tolist() == ["r1"]
    assert list(found.index) == [0]
    assert registry.runs(limit=0).empty
    assert registry.runs("metrics.auc > 1").empty


def test_a_query_with_an_unknown_column_suggests_one(bare_registry: Path) -> None:
    with pytest.raises(QueryError, match=r"did you mean metrics\.loss"):
        Registry(bare_registry).runs("metrics.los > 1")


# -- what is pending ----------------------------------------------------------------------------------------------


def test_pending_changes_show_at_once_and_look_the_same_after_the_sync(bare_registry: Path) -> None:
    log(
        bare_registry,
        run("r4", name="fourth", metrics__auc=0.5, params__lr=0.1, status="RUNNING"),
        Change("runs", ("r2",), {"metrics.loss": 0.75, "tags.team": "risk"}, {"metrics.loss": 0.25}, time=time.time()),
        Change("runs", ("gone",), {"metrics.loss": 1.0}, time=time.time()),
    )
    before = both_ways(bare_registry)
    assert before["run_id"].tolist() == ["r1", "r2", "r3", "r4"]
    assert before["metrics.loss"].tolist()[1] == 0.75
    assert before["tags.team"].tolist() == [None, "risk", None, None]
    assert before["my verdict"].tolist() == ["mine", None, "also", None]
    Registry(bare_registry).sync()
    pd.testing.assert_frame_equal(both_ways(bare_registry), before)


def test_a_persons_value_shows_rather_than_the_pending_one_of_a_script(bare_registry: Path) -> None:
    log(bare_registry, Change("runs", ("r1",), {"metrics.loss": 0.1}, {"metrics.loss": 0.9}, time=time.time()))
    assert both_ways(bare_registry)["metrics.loss"][0] == 0.5


def test_reading_writes_nothing(bare_registry: Path) -> None:
    log(bare_registry, run("r4"))
    before = {path: path.stat().st_mtime_ns for path in bare_registry.parent.rglob("*")}
    Registry(bare_registry).runs()
    Registry(bare_registry).rows("runs")
    Registry(bare_registry).run("r4")
    assert {path: path.stat().st_mtime_ns for path in bare_registry.parent.rglob("*")} == before


def test_a_first_run_in_an_empty_table_is_the_only_row(registry_path: Path) -> None:
    log(registry_path, run("r1", metrics__auc=0.5))
    assert both_ways(registry_path)["run_id"].tolist() == ["r1"]


def test_what_a_stale_save_lost_shows_before_the_sync_that_brings_it_back(registry_path: Path) -> None:
    person, registry = Person(registry_path), Registry(registry_path)
    log(registry_path, run("r1", metrics__auc=0.5))
    registry.sync()
    person.opens()
    log(registry_path, run("r2", metrics__auc=0.75))
    registry.sync()
    person.writes("r1", "notes", "mine")
    person.saves()
    frame = both_ways(registry_path)
    assert frame["run_id"].tolist() == ["r1", "r2"]
    assert frame["notes"].tolist() == ["mine", None]


def test_a_typed_row_keeps_its_key_although_a_stale_save_lost_it(registry_path: Path) -> None:
    person, registry = Person(registry_path), Registry(registry_path)
    person.opens()
    person.types(name="typed by hand", experiment="churn")
    person.saves()
    registry.sync()
    run_id = registry.runs()["run_id"][0]
    person.saves()
    assert registry.runs()["run_id"].tolist() == [run_id]
    assert [row[0] for row in registry.rows("runs").rows if any(row)] == [run_id]
    assert registry.run("typed by hand")["run_id"] == run_id


# -- history ------------------------------------------------------------------------------------------------------


def test_history_is_long_and_in_utc(bare_registry: Path) -> None:
    metrics = Registry(bare_registry).folders.metrics("r1")
    metrics.parent.mkdir(parents=True)
    metrics.write_text("timestamp,step,metric,value\n1793536200000,1,auc,0.5\n1793536200500,2,auc,nan\n")
    frame = Registry(bare_registry).history("r1")
    assert frame["timestamp"].tolist() == [pd.Timestamp(t, unit="ms", tz="UTC") for t in (1793536200000, 1793536200500)]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "timestamp": "datetime64[ms, UTC]", "step": "int64", "metric": "object", "value": "float64"
    }  # fmt: skip
    assert frame["step"].tolist() == [1, 2]
    assert math.isnan(frame["value"][1])
    empty = Registry(bare_registry).history("r2")
    assert empty.empty
    assert list(empty.columns) == ["timestamp", "step", "metric", "value"]


# -- both ways of reading agree -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["runs", "artifacts", "checklist", "settings"])
def test_both_ways_agree_on_feature_rich_workbooks(rich_workbook: Path, name: str) -> None:
    fast = Registry(rich_workbook).table(name)
    with without("python_calamine"):
        pd.testing.assert_frame_equal(fast, Registry(rich_workbook).table(name))


def test_both_ways_agree_on_traps_that_our_reader_does_not_refuse(trap: Trap, tmp_path: Path) -> None:
    path = tmp_path / "trap.xlsx"
    trap.build(path)
    with without("python_calamine"):
        try:
            slow = Registry(path).runs()
        except TrackerError:
            return  # what cannot be patched safely; python-calamine may still read it
    pd.testing.assert_frame_equal(Registry(path).runs(), slow)


numbers = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-5, 5),
)
texts = st.one_of(
    st.sampled_from(
        ["NaN", "NA", "None", "'NaN", "007", "1e5", "=1+1", "_x000D_", " a ", "true", "2026-11-01", "#N/A"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5),
)
moments = st.datetimes(datetime(1900, 3, 1), datetime(2200, 1, 1)).map(lambda m: m.replace(microsecond=0))
values = st.one_of(st.none(), st.booleans(), numbers, texts, moments)
COLUMNS = (
    "run_id",
    "name",
    "start_time",
    "duration",
    "git_dirty",
    "params.a",
    "params.b",
    "metrics.c",
    "tags.d",
    "own",
)
kinds = st.sampled_from([numbers, texts, moments, st.booleans(), values, st.none(), st.none() | numbers])


@st.composite
def tables(draw: st.DrawFn) -> list[list[Any]]:
    count = draw(st.integers(1, 4))
    columns = [[f"r{n}" for n in range(count)]]
    columns += [draw(st.lists(draw(kinds), min_size=count, max_size=count)) for _ in COLUMNS[1:]]
    return [list(row) for row in zip(*columns, strict=True)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_both_ways_agree_on_any_values(tmp_path: Path, rows: list[list[Any]]) -> None:
    path = tmp_path / "values.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Runs")
        day = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for row, cells in enumerate(rows, 3):
            for column, value in enumerate(cells, 1):
                _write(sheet, row, column, value, day)
        headers = [{"header": name} for name in COLUMNS]
        sheet.add_table(2, 1, len(rows) + 2, len(COLUMNS), {"name": "runs", "columns": headers})
    both_ways(path)


def _write(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value, day)
    elif value is not None:
        sheet.write_number(row, column, value)


def test_a_stray_cell_at_the_far_corner_does_not_end_the_process(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Runs")
        sheet.write(1, 0, "r1")
        sheet.write(1_048_575, 16_383, "x")
        sheet.add_table(0, 0, 1, 1, {"name": "runs", "columns": [{"header": "run_id"}, {"header": "notes"}]})
    opened = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python_calamine, "load_workbook", lambda *_, **__: opened.append(1))
        assert Registry(path).runs()["run_id"].tolist() == ["r1"]
    assert not opened


def test_a_panic_of_the_fast_reader_leaves_the_work_to_ours(bare_registry: Path) -> None:
    class PanicException(BaseException):
        pass

    def panic(*_: Any, **__: Any) -> None:
        raise PanicException

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python_calamine, "load_workbook", panic)
        assert Registry(bare_registry).runs()["run_id"].tolist() == ["r1", "r2", "r3"]


def test_both_ways_agree_on_errors_results_of_formulas_and_elapsed_times(tmp_path: Path) -> None:
    path = tmp_path / "odd.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Runs")
        elapsed, clock = workbook.add_format({"num_format": "[h]:mm"}), workbook.add_format({"num_format": "hh:mm"})
        sheet.write_row(1, 0, ["r1", 1])
        sheet.write_formula(1, 2, "=NA()", None, "#N/A")
        sheet.write_formula(1, 3, "=1+1", None, 2)
        sheet.write_formula(1, 4, '=""', None, "")
        sheet.write_datetime(1, 5, timedelta(hours=36), elapsed)
        sheet.write_number(1, 6, 0.5, clock)
        headers = ["run_id", "metrics.a", "metrics.b", "metrics.c", "tags.d", "took", "at"]
        options = {"name": "Runs", "columns": [{"header": name} for name in headers], "total_row": True}
        sheet.add_table(0, 0, 2, len(headers) - 1, options)
    row = both_ways(path).iloc[0]
    assert math.isnan(row["metrics.b"])
    assert row["metrics.c"] == 2
    assert row["tags.d"] is None
    assert row["took"] == 1.5
    assert row["at"].hour == 12
