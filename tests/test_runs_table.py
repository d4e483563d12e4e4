"""Runs as files: what is text stays text in every program, numbers stay numbers, and all of it is there."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.exporting.runs_table import FORMULA_SIGNS, inert, to_clipboard, to_csv, to_parquet, to_xlsx

NASTY = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\tx", "\r=1", "-5", "+1e3", "plain", None, 'a "b", c\nd']
RUNS = pd.DataFrame(
    {
        "name": NASTY,
        "status": ["FINISHED"] * len(NASTY),
        "start_time": pd.date_range("2026-01-01 10:00:00.5", periods=len(NASTY), tz="UTC"),
        "metrics.auc": [-0.5 + number for number in range(len(NASTY))],
        "params.mixed": pd.Series([1, "x", True, None, *([2.5] * (len(NASTY) - 4))], dtype=object),
        "=evil": [float("inf")] * len(NASTY),
        "Name": [1] * len(NASTY),
    }
)


def test_a_workbook_is_a_styled_table_without_formulas() -> None:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(RUNS, "registry", "11 runs")))
    sheet = book["Runs"]
    (table,) = sheet.tables.values()
    rows = [[cell for cell in row] for row in sheet[table.ref]]
    headers = [cell.value for cell in rows[0]]
    assert headers == ["name", "status", "start_time", "metrics.auc", "params.mixed", "=evil", "Name_"]
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert [row[0].value for row in rows[1:]] == [_kept(text) for text in NASTY]
    assert rows[1][3].value == -0.5 and rows[1][2].value.year == 2026 and rows[1][2].is_date


def _kept(text: str | None) -> str | None:
    return None if text is None else text.replace("\r", "\n")  # as openpyxl reads it


def test_csv_has_no_formula_and_numbers_stay_numbers() -> None:
    lines = list(csv.reader(io.StringIO(to_csv(RUNS).decode("utf-8-sig"), newline="")))
    assert lines[0][5] == "'=evil"
    names = [line[0] for line in lines[1:]]
    assert names[:8] == ["'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(1)", "'\tx", "'\r=1", "-5", "+1e3"]
    assert names[8:] == ["plain", "", 'a "b", c\nd']
    assert lines[1][3] == "-0.5" and lines[1][2] == "2026-01-01 10:00:00"
    back = pd.read_csv(io.BytesIO(to_csv(RUNS)))
    assert list(back["metrics.auc"]) == list(RUNS["metrics.auc"])


def test_pasted_text_has_one_line_a_run() -> None:
    lines = to_clipboard(RUNS).split("\n")
    assert len(lines) == len(RUNS) + 1 and {line.count("\t") for line in lines} == {len(RUNS.columns) - 1}
    assert lines[1].startswith("'=1+1\t")


def test_parquet_keeps_types_and_takes_mixed_columns_as_text() -> None:
    back = pd.read_parquet(io.BytesIO(to_parquet(RUNS)))
    assert list(back["metrics.auc"]) == list(RUNS["metrics.auc"])
    assert back["start_time"].dtype.kind == "M" and list(back["params.mixed"][:3]) == ["1", "x", "True"]


@pytest.mark.parametrize("write", [to_csv, to_clipboard, to_parquet, lambda runs: to_xlsx(runs, "t", "n")])
def test_no_runs_are_a_file_too(write: Any) -> None:
    assert write(RUNS.iloc[:0])


@given(st.text())
def test_no_text_begins_as_a_formula_does(text: str) -> None:
    safe = inert(text)
    assert safe.removeprefix("'") == text.removeprefix("'") or safe == f"'{text}"
    assert not safe.startswith(FORMULA_SIGNS) or safe.strip().lstrip("+-")[:1] in "0123456789.iI"
