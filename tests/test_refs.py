"""References, ranges, and ranges that grow with a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from tracker.xlsx.refs import (
    MAX_COLUMN,
    MAX_ROW,
    Range,
    cell_name,
    column_letters,
    column_number,
    grow_reference,
    grow_sqref,
)

rows = st.integers(1, MAX_ROW)
columns = st.integers(1, MAX_COLUMN)
ranges = st.builds(
    lambda top, bottom, left, right: Range(min(top, bottom), min(left, right), max(top, bottom), max(left, right)),
    rows,
    rows,
    columns,
    columns,
)


# -- columns and cells ------------------------------------------------------------------------------------------------


def test_every_column_of_a_sheet_has_the_letters_that_excel_gives_it() -> None:
    assert [column_letters(number) for number in range(1, MAX_COLUMN + 1)] == [
        get_column_letter(number) for number in range(1, MAX_COLUMN + 1)
    ]


@given(columns)
def test_letters_and_number_of_a_column_are_inverse(number: int) -> None:
    assert column_number(column_letters(number)) == column_number(column_letters(number).lower()) == number


@pytest.mark.parametrize("number", [0, -1, MAX_COLUMN + 1])
def test_no_letters_for_columns_outside_the_sheet(number: int) -> None:
    with pytest.raises(ValueError, match="no column"):
        column_letters(number)


@pytest.mark.parametrize("letters", ["", "XFE", "AAAA", "A1", "$A", "É", "ß", "\u212a", "A B"])
def test_no_number_for_what_is_not_a_column(letters: str) -> None:
    with pytest.raises(ValueError, match="is not a column"):
        column_number(letters)


def test_cell_name() -> None:
    assert (cell_name(12, 2), cell_name(MAX_ROW, MAX_COLUMN)) == ("B12", "XFD1048576")


# -- ranges -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A1", (1, 1, 1, 1)),
        ("$B$12", (12, 2, 12, 2)),
        ("A1:B2", (1, 1, 2, 2)),
        ("$A$1:B2", (1, 1, 2, 2)),
        ("a1:b2", (1, 1, 2, 2)),
        ("B2:A1", (1, 1, 2, 2)),
        ("A2:B1", (1, 1, 2, 2)),
        ("A:C", (1, 1, MAX_ROW, 3)),
        ("$C:A", (1, 1, MAX_ROW, 3)),
        ("3:5", (3, 1, 5, MAX_COLUMN)),
        ("$5:$3", (3, 1, 5, MAX_COLUMN)),
        ("XFD1048576", (MAX_ROW, MAX_COLUMN, MAX_ROW, MAX_COLUMN)),
    ],
)
def test_parse(text: str, expected: tuple[int, int, int, int]) -> None:
    assert Range.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "A",
        "3",
        "A1:",
        ":A1",
        "A1:B",
        "A:1",
        "A0",
        "XFE1",
        "A1048577",
        "A1:B2:C3",
        "1A",
        "#REF!",
        "A1 B2",
        "A٣",
    ],
)
def test_parse_refuses_what_is_not_a_range(text: str) -> None:
    with pytest.raises(ValueError):
        Range.parse(text)


@given(ranges)
def test_a_range_is_read_back_from_its_text(area: Range) -> None:
    assert Range.parse(str(area)) == area


def test_the_text_of_whole_columns_is_one_that_a_table_may_have() -> None:
    assert str(Range.parse("A:C")) == "A1:C1048576"


@given(ranges, ranges)
def test_ranges_intersect_when_a_corner_of_their_overlap_lies_in_both(one: Range, other: Range) -> None:
    corner = max(one.first_row, other.first_row), max(one.first_column, other.first_column)
    assert one.intersects(other) == other.intersects(one) == (one.contains(*corner) and other.contains(*corner))


@pytest.mark.parametrize(("row", "column", "inside"), [(2, 2, True), (5, 4, True), (1, 2, False), (6, 4, False)])
def test_contains(row: int, column: int, inside: bool) -> None:
    assert Range.parse("B2:D5").contains(row, column) is inside


# -- lists of ranges that grow ----------------------------------------------------------------------------------------

RUNS = Range.parse("B3:F31")


@pytest.mark.parametrize(
    ("sqref", "expected"),
    [
        ("C4:C31", "C4:C40"),
        ("$C$4:$C$31", "$C$4:$C$40"),
        ("B3:F31", "B3:F40"),  # with the header
        ("C4:C31 E4:E31", "C4:C40 E4:E40"),
        ("C4:C31  H1\nE4:E31", "C4:C40  H1\nE4:E40"),
        ("A4:B31", "A4:B40"),  # partly in the table's columns
        ("C31", "C31:C40"),
        ("C31:D31", "C31:D40"),
        ("20:31", "20:40"),
    ],
)
def test_what_ends_with_the_table_grows_with_it(sqref: str, expected: str) -> None:
    assert grow_sqref(sqref, RUNS, 40) == expected


@pytest.mark.parametrize(
    "sqref",
    [
        "C4:C30",  # ends above
        "C4:C32",  # reaches below
        "C4:C1000",
        "C:C",
        "H4:H31",  # beside
        "A4:A31",
        "C3",  # the header
        "",
        "#REF! C4:C30",
    ],
)
def test_everything_else_stays_the_same_string(sqref: str) -> None:
    assert grow_sqref(sqref, RUNS, 40) is sqref


def test_a_range_over_the_only_blank_row_of_a_new_table_grows() -> None:
    assert grow_sqref("B2 A1:C2 C1", Range.parse("A1:C2"), 12) == "B2:B12 A1:C12 C1"


def test_nothing_grows_when_the_table_does_not() -> None:
    sqref = "C31 C4:C31"
    assert grow_sqref(sqref, RUNS, 31) is sqref


# -- references that grow ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("runs!$C$4:$C$31", "runs!$C$4:$C$40"),
        ("RUNS!$C$4:$C$31", "RUNS!$C$4:$C$40"),
        ("'runs'!$C$4:$C$31", "'runs'!$C$4:$C$40"),
        ("runs!C4:C31", "runs!C4:C40"),
        ("runs!$C$31:$C$4", "runs!$C$40:$C$4"),
        ("runs!$B$3:$F$31,runs!$H$1:$J$9", "runs!$B$3:$F$40,runs!$H$1:$J$9"),
        ("(runs!$C$4:$C$31,runs!$E$4:$E$31)", "(runs!$C$4:$C$40,runs!$E$4:$E$40)"),
        ('AVERAGE( runs!C$4:C$31 ) & "runs!C4:C31"', 'AVERAGE( runs!C$4:C$40 ) & "runs!C4:C31"'),
        ("runs!$20:$31", "runs!$20:$40"),
        ("[0]!x+runs!C4:C31", "[0]!x+runs!C4:C40"),
    ],
)
def test_ranges_over_the_table_grow_inside_formulas(formula: str, expected: str) -> None:
    assert grow_reference(formula, "runs", "summary", RUNS, 40) == expected


@pytest.mark.parametrize(
    "formula",
    [
        "$C$4:$C$31",  # another sheet's
        "other!$C$4:$C$31",
        "[1]runs!$C$4:$C$31",  # another workbook's
        "'[1]runs'!$C$4:$C$31",
        "runs:other!$C$4:$C$31",  # a row of sheets
        "runs!$C$4:$C$30",
        "runs!$C$31",  # one cell
        "runs!$C$31:$E$31",  # one row
        "runs!$H$4:$H$31",
        "runs!$C:$C",
        "runs!C4:C31x",
        '"runs!C4:C31"',
        "#REF!$C$4:$C$31",
        "t[C4:C31]",
        "runs!$C$4:C$31('",
        "'runs!$C$4:$C$31",
    ],
)
def test_other_references_leave_the_same_string(formula: str) -> None:
    assert grow_reference(formula, "runs", "summary", RUNS, 40) is formula


def test_a_reference_without_a_sheet_means_the_formulas_own() -> None:
    assert grow_reference("C4>MAX($C$4:$C$31)", "Runs", "runs", RUNS, 40) == "C4>MAX($C$4:$C$40)"


def test_a_quoted_sheet_name_is_understood() -> None:
    formula = "'it''s [not] here'!A1,'bob''s runs'!$C$4:$C$31"
    expected = "'it''s [not] here'!A1,'bob''s runs'!$C$4:$C$40"
    assert grow_reference(formula, "Bob's runs", "summary", RUNS, 40) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("runs!$B$2", "runs!$B$2:$B$9"),
        ("runs!B2", "runs!B2:B9"),
        ("runs!$B$2:$B$2", "runs!$B$2:$B$9"),
        ("runs!$B$1", "runs!$B$1"),
        ("runs!$B$2:$C$2", "runs!$B$2:$C$2"),
        ("runs!$D$2", "runs!$D$2"),
    ],
)
def test_a_chart_over_a_new_tables_only_row_grows(formula: str, expected: str) -> None:
    assert grow_reference(formula, "runs", "", Range.parse("A1:C2"), 9, lone_row=True) == expected
    assert grow_reference(formula, "runs", "", Range.parse("A1:C2"), 9) is formula


def test_a_chart_over_one_cell_of_a_longer_table_stays_on_that_cell() -> None:
    assert grow_reference("runs!$C$31", "runs", "", RUNS, 40, lone_row=True) == "runs!$C$31"


fragments = st.sampled_from(
    ["runs!", "'runs'!", "C4", ":", "C$31", "$B31", "31", '"', "'", "[", "]", "(", ")", ",", "+"]
)


@given(st.lists(fragments, max_size=12).map("".join))
def test_growing_never_fails_and_changes_nothing_but_last_rows(formula: str) -> None:
    assert grow_reference(formula, "runs", "runs", RUNS, 40).replace("40", "31") == formula
