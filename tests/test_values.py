"""What is logged is what is read back, and two cells are the same when Excel and LibreOffice keep them so."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.values import from_cell, from_json, from_serial, key_text, same, to_cell, to_json, to_serial

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=40)
MOMENTS = st.datetimes(datetime(1901, 1, 1), datetime(2200, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
LOGGED = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, MOMENTS)


@given(LOGGED)
def test_a_param_is_read_back_as_it_was_logged(value: object) -> None:
    back = from_cell(to_cell(value, "any"), "any")
    if isinstance(value, float) and math.isnan(value):
        assert isinstance(back, float) and math.isnan(back)
    else:
        assert back == value and type(back) is type(value)


@given(st.floats())
def test_a_metric_is_read_back_as_it_was_logged(value: float) -> None:
    back = from_cell(to_cell(value, "number"), "number")
    assert back == value or (math.isnan(back) and math.isnan(value))


@given(LOGGED)
def test_cells_survive_the_journal(value: object) -> None:
    cell = to_cell(value)
    assert from_json(json.loads(json.dumps(to_json(cell), allow_nan=False))) == cell


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "9007199254740993", "'quoted", "''"])
def test_text_that_looks_like_a_special_number_stays_text(text: str) -> None:
    assert from_cell(to_cell(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "1e5", "3-1", "MAR1", "_x000D_", "007", "TRUE", "#N/A"])
def test_text_that_excel_would_convert_is_kept_as_text(text: str) -> None:
    assert to_cell(text) == text and from_cell(text) == text


def test_a_tag_is_always_text() -> None:
    assert to_cell(True, "text") == "True"
    assert to_cell(3, "text") == "3"
    assert from_cell(3.0, "text") == "3"


def test_times_with_a_zone_become_utc() -> None:
    summer = timezone(timedelta(hours=2))
    assert to_cell(datetime(2026, 7, 1, 14, tzinfo=summer)) == datetime(2026, 7, 1, 12)


@pytest.mark.parametrize("date1904", [False, True])
@given(moment=MOMENTS.filter(lambda moment: moment.year > 1904))
def test_dates_survive_excels_numbers_to_the_millisecond(moment: datetime, date1904: bool) -> None:
    assert from_serial(to_serial(moment, date1904), date1904) == moment


@given(st.floats(-1.7e308, 1.7e308))
def test_fifteen_digits_as_libreoffice_saves_them_are_the_same_number(value: float) -> None:
    assert same(value, float(f"{value:.15g}"))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (None, "", True),
        (None, 0, False),
        (1, 1.0, True),
        (True, 1, True),
        ("1", 1, False),
        (0.1, 0.1000001, False),
        ("a\r\nb", "a\nb", True),
        (datetime(2026, 1, 1), 46023.0, True),
        (datetime(2026, 1, 1), "2026-01-01", False),
    ],
)
def test_same(one: object, other: object, expected: bool) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


def test_keys_compare_as_text() -> None:
    assert key_text(3.0) == key_text("3") == key_text(" 3 ") == "3"
    assert key_text(None) == ""


def test_lone_surrogates_and_carriage_returns_do_not_reach_the_workbook() -> None:
    assert to_cell("a\ud800b") == "a?b"
    assert to_cell("a\r\nb\rc") == "a\nb\nc"


def test_numpy_scalars_become_pythons_own() -> None:
    numpy = pytest.importorskip("numpy")
    assert type(to_cell(numpy.float32(0.5))) is float
    assert type(to_cell(numpy.int64(5))) is int
    assert to_cell(numpy.bool_(True)) is True
