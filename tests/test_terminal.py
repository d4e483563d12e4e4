"""Tables in a terminal: they fit, numbers stay whole, and no cell can move the cursor."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.terminal import clipped, fit, one_line, quoted, shown

TEXTS = st.text(max_size=40).map(one_line)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (0.1 + 0.2, "0.3"),
        (1234567.0, "1.23457e+06"),
        (float("nan"), "NaN"),
        (float("-inf"), "-inf"),
        (12, "12"),
        (datetime(2026, 11, 24, 7, 5, 9, 500_000), "2026-11-24 07:05:09"),
        ("two\nlines", "two lines"),
        ("\x1b[31mred\x07", "[31mred"),
        ("\u202eright to left", "right to left"),
    ],
)
def test_a_value_is_one_plain_line(value: object, expected: str) -> None:
    assert shown(value) == expected


def test_blanks_and_texts_are_seen_in_sentences() -> None:
    assert (quoted(None), quoted(""), quoted("0.5"), quoted(0.5)) == ("(blank)", "(blank)", '"0.5"', "0.5")


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdefg", 6) == "abcde…"
    assert clipped("漢字漢字", 5) == "漢字…"


def test_columns_without_room_are_named_and_texts_are_cut_before_numbers() -> None:
    fitted = fit(["run_id", "name", "auc", "loss"], [["20261124", "a" * 40, "0.912345", "0.5"]], 34, {"auc", "loss"})
    assert fitted.lines == [
        "run_id    name                 auc",
        "────────  ──────────────  ────────",
        "20261124  aaaaaaaaaaaaa…  0.912345",
    ]
    assert fitted.dropped == ["loss"]


def test_the_first_column_is_whole_even_where_nothing_else_fits() -> None:
    fitted = fit(["run_id", "name"], [["20261124-064512-3fa1c9", "first"]], 10)
    assert fitted.dropped == ["name"]


@given(
    st.lists(st.tuples(st.text("ab", min_size=1, max_size=8), TEXTS, st.floats(), TEXTS), max_size=5),
    st.integers(30, 90),
)
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, str, float, str]], columns: int) -> None:
    texts = [[key, name, shown(number), note] for key, name, number, note in rows]
    fitted = fit(["key", "name", "number", "note"], texts, columns, {"number"})
    assert all(clipped(line, columns) == line for line in fitted.lines)
    for line, row in zip(fitted.lines[2:], texts, strict=True):
        assert line.startswith(row[0])
        assert "number" in fitted.dropped or row[2] in line
