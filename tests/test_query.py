"""The filter language: what it finds, what it refuses, and that one row and a whole table agree."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import QueryError
from tracker.reading.query import arrange, parse, parse_order

ROW: dict[str, Any] = {
    "run_id": "a1",
    "status": "FINISHED",
    "start_time": datetime(2026, 11, 1, 14, 30),
    "git_dirty": True,
    "metrics.auc": 0.93,
    "metrics.val/loss": 0.2,
    "metrics.f1 macro": 0.5,
    "metrics.gone": math.nan,
    "params.depth": 6,
    "params.width": "64",
    "params.optimizer": "Adam",
    "params.layers": "[64, 32]",
    "params.seed": None,
    "tags.team": "risk",
    "My column": 'it\'s 5% "off"',
}

FINDS = [
    "",
    "  \n ",
    "metrics.auc > 0.9 and params.depth = 6",
    "metric.auc > .9 AND parameters.depth == 6.0",
    "METRICS.AUC >= 0.93",
    "params.depth = '6'",
    "params.width > 7",
    "params.width <= 64",
    "params.width != 7",
    "params.optimizer = 'Adam'",
    'params.optimizer = "Adam"',
    "params.optimizer <> 'adam'",
    "params.optimizer ilike 'AD%'",
    "params.optimizer like 'A_am'",
    "params.optimizer not like 'a%'",
    "params.layers like '[64%'",
    "params.depth like '6'",
    "attributes.status = 'FINISHED'",
    "status in ('FAILED', 'FINISHED')",
    "status not in ('FAILED')",
    "params.depth in (5, '6')",
    "params.depth between 6 and 7",
    "params.depth not between 7 and 9",
    "start_time = '2026-11-01'",
    "start_time <= '2026-11-01'",
    "start_time >= '2026-11-01' and start_time < '2026-11-02'",
    "start_time > '2026-11-01 14:29:59'",
    "start_time > '2026-11-01T15:00:00+01:00'",
    "start_time > 1793500000000",
    "start_time between '2026-11-01' and '2026-11-01'",
    "git_dirty = true",
    "git_dirty = TRUE",
    "git_dirty = 1",
    "git_dirty = 'true'",
    "git_dirty != false",
    'metrics."f1 macro" = 0.5',
    "metrics.`f1 macro` = 0.5",
    "metrics.val/loss < 0.3",
    "\"My column\" = 'it''s 5% \"off\"'",
    '`My column` = "it\'s 5% ""off"""',
    "params.seed is null",
    "metrics.gone IS NULL",
    "params.depth is not null",
    "not status = 'FAILED'",
    "not (status = 'FAILED' or metrics.auc < 0.5)",
    "status = 'FAILED' or status = 'FINISHED'",
    "status = 'FAILED' and metrics.auc > 2 or params.depth = 6",
    "params.depth = 6 and(status='FINISHED')",
    "params.depth > -1",
    "params.depth < 1e3",
]

FINDS_NOT = [
    "metrics.auc > 0.9 and params.depth = 7",
    "params.optimizer = 'adam'",
    "params.optimizer > 5",
    "params.optimizer < 5",
    "not params.optimizer > 5",
    "params.depth < 'text'",
    "params.seed = 6",
    "params.seed != 6",
    "not params.seed = 6",
    "params.seed not in (6)",
    "params.seed like '%'",
    "metrics.gone < 1",
    "metrics.gone != 1",
    "start_time > '2026-11-01'",
    "start_time < '2026-11-01'",
    "start_time != '2026-11-01'",
    "start_time > 'yesterday'",
    "start_time is null",
    "git_dirty = 'FINISHED'",
    "params.depth between 7 and 9",
    "status in ('finished')",
    "not (params.depth = 6 or params.seed = 1)",
    "status = 'FAILED' and (metrics.auc > 2 or params.depth = 6)",
]


@pytest.mark.parametrize("query", FINDS)
def test_finds_the_row(query: str) -> None:
    assert parse(query).matches(ROW)
    assert parse(query).mask(pd.DataFrame([ROW])) == [True]


@pytest.mark.parametrize("query", FINDS_NOT)
def test_does_not_find_the_row(query: str) -> None:
    assert not parse(query).matches(ROW)
    assert parse(query).mask(pd.DataFrame([ROW])) == [False]


@pytest.mark.parametrize(
    ("query", "position", "reason"),
    [
        ("metrics.acu > 0.9", 1, "no column 'metrics.acu'; did you mean metrics.auc?"),
        ("status = 'x' and stats = 'y'", 18, "no column 'stats'; did you mean status?"),
        ("auc > 1", 1, "no column 'auc'; did you mean metrics.auc?"),
        ("entirely_else > 1", 1, "no column 'entirely_else'"),
        ("status = FINISHED", 10, "a text must stand in quotes: 'FINISHED'"),
        ("status = 'FINISHED", 10, "this quote is never closed"),
        ("start_time > 2026-11-01", 14, "put texts and dates in quotes"),
        ("status = null", 10, "IS NULL"),
        ("status", 7, "a comparison such as = or > is missing after status"),
        ("status ! 'x'", 8, "! means nothing here"),
        ("status = 'x' && metrics.auc > 1", 14, "&& means nothing here"),
        ("status = 'x' metrics.auc > 1", 14, "AND or OR is missing before metrics.auc"),
        ("(status = 'x'", 14, "a closing parenthesis is missing"),
        ("status = 'x')", 13, "AND or OR is missing before )"),
        ("status in 'x'", 11, "a list in parentheses must follow IN"),
        ("status in ('x' 'y')", 16, "a comma or a closing parenthesis"),
        ("status in ()", 12, "a value must stand here"),
        ("params.depth between 1 or 2", 24, "AND is missing between the two ends of BETWEEN"),
        ("status is 'x'", 11, "NULL is missing after IS"),
        ("status not = 'x'", 12, "a comparison such as"),
        ("and status = 'x'", 1, "the name of a column must stand here, not and"),
        ("status = 'x' and", 17, "the name of a column must stand here"),
        ("0.9 < metrics.auc", 1, "the name of a column must stand here, not 0.9"),
        ("metrics. > 1", 8, "means nothing here"),
        ("(" * 2000 + "status = 'x'", 101, "inside one another"),
        ("not " * 2000 + "status = 'x'", 401, "inside one another"),
    ],
)
def test_a_wrong_filter_says_where_and_why(query: str, position: int, reason: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(query).matches(ROW)
    fields = raised.value.fields
    assert fields["position"] == position
    assert reason in fields["reason"]
    assert fields["pointer"] == " " * (position - 1) + "^"
    assert fields["query"] == query
    assert reason in str(raised.value)


def test_the_pointer_stands_right_in_a_filter_of_several_lines() -> None:
    with pytest.raises(QueryError) as raised:
        parse("status = 'x'\n\tand depth >")
    shown, pointer = str(raised.value).splitlines()[1:]
    assert len(shown) == len(pointer) - 1
    assert pointer.endswith("^")


def test_names_that_differ_in_case_alone_must_be_exact() -> None:
    row = {"Note": "a", "note": "b"}
    assert parse("note = 'b'").matches(row)
    with pytest.raises(QueryError, match="did you mean Note or note"):
        parse("NOTE = 'b'").matches(row)


def test_a_registry_without_rows_lacks_no_column() -> None:
    frame = pd.DataFrame({"run_id": []})
    assert parse("metrics.auc > 0.9").mask(frame) == []
    assert arrange(frame, parse_order("metrics.auc DESC")) == []


def test_a_text_of_very_many_digits_is_a_text() -> None:
    assert parse("x != 1").matches({"x": "9" * 6000})
    assert parse("x > 1").matches({"x": "9" * 300})


def test_dates_of_a_frame_are_compared_in_utc() -> None:
    times = pd.to_datetime(pd.Series(["2026-11-01 23:30", None, "2026-11-02 00:30"])).dt.tz_localize("UTC")
    frame = pd.DataFrame({"start_time": times.dt.tz_convert("Europe/Zurich")})
    assert parse("start_time = '2026-11-01'").mask(frame) == [True, False, False]
    assert parse("start_time is null").mask(frame) == [False, True, False]


# -- one row and a whole table agree ------------------------------------------------------------------------------

cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.sampled_from([0.5, -1.5, 1e300, math.inf, math.nan, 2**60]),
    st.sampled_from(["", "a", "A", "ab", "6", " 6 ", "0.5", "true", "2026-11-01", "Infinity", "%", "x_y"]),
    st.sampled_from([datetime(2026, 11, 1), datetime(2026, 11, 1, 12), datetime(2027, 1, 1, tzinfo=UTC)]),
)
literals = st.sampled_from(["6", "-1.5", "0", "'6'", "'a'", "'A%'", "true", "false", "'2026-11-01'", "1793491200000"])
names = st.sampled_from(["x", "metrics.y"])
comparisons = st.one_of(
    st.tuples(names, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), literals).map(" ".join),
    st.tuples(names, st.sampled_from(["like", "ilike", "not like"]), literals).map(" ".join),
    st.tuples(names, literals, literals).map(lambda parts: "{} in ({}, {})".format(*parts)),
    st.tuples(names, literals, literals).map(lambda parts: "{} between {} and {}".format(*parts)),
    st.tuples(names, st.sampled_from(["is null", "is not null"])).map(" ".join),
)
queries = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: "({} {} {})".format(*parts)),
        inner.map(lambda part: f"not {part}"),
    ),
    max_leaves=5,
)
rows = st.lists(st.fixed_dictionaries({"x": cells, "metrics.y": cells}), min_size=1, max_size=5)


@given(queries, rows)
def test_a_frame_and_its_rows_are_judged_alike(query: str, table: list[dict[str, Any]]) -> None:
    expression = parse(query)
    frame = pd.DataFrame(table, dtype=object)
    assert expression.mask(frame) == [expression.matches(row) for row in table]


@given(queries, rows)
def test_a_negated_filter_finds_none_of_the_rows_that_the_filter_finds(query: str, table: list[dict[str, Any]]) -> None:
    for row in table:
        assert not (parse(query).matches(row) and parse(f"not {query}").matches(row))


@given(st.text(alphabet="ab.'\"`()=<>!,% 19e-+_andort\n", max_size=30))
def test_any_text_is_a_filter_or_a_clear_error(query: str) -> None:
    try:
        parse(query).mask(pd.DataFrame([ROW]))
    except QueryError as error:
        assert 1 <= error.fields["position"] <= len(query) + 1


# -- order --------------------------------------------------------------------------------------------------------


def test_order_takes_blanks_last_in_both_directions() -> None:
    frame = pd.DataFrame({"metrics.auc": [0.5, math.nan, 0.9, 0.7]})
    assert arrange(frame, parse_order(["metrics.auc DESC"])) == [2, 3, 0, 1]
    assert arrange(frame, parse_order(["metrics.auc"])) == [0, 3, 2, 1]


def test_order_by_several_columns_keeps_equal_rows_as_they_stand() -> None:
    frame = pd.DataFrame({"team": ["b", "a", "B", "a"], "n n": [1, 2, 3, 2]})
    assert arrange(frame, parse_order(["team ASC", '"n n" desc'])) == [1, 3, 2, 0]
    assert arrange(frame, parse_order("team, `n n` DESC")) == [1, 3, 2, 0]
    assert arrange(frame, ()) == [0, 1, 2, 3]


def test_order_of_mixed_values_puts_numbers_before_dates_before_text() -> None:
    values = ["auto", 10, "9", datetime(2026, 1, 1), True, None, "Zeta"]
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object)})
    assert arrange(frame, parse_order("x")) == [4, 2, 1, 3, 0, 6, 5]


@pytest.mark.parametrize("entry", ["", "auc sideways", "auc DESC auc", "auc,", "'auc'", "auc = 1"])
def test_a_wrong_order_is_refused(entry: str) -> None:
    with pytest.raises(QueryError):
        parse_order([entry])


def test_an_order_by_a_column_that_is_not_there_suggests_one() -> None:
    with pytest.raises(QueryError, match=r"did you mean metrics\.auc"):
        arrange(pd.DataFrame({"metrics.auc": [1.0]}), parse_order("metrics.acu"))
