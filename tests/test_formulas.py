"""What formulas see, how they read in another row, and which of them a change reaches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.formula.translate import Translator

from tracker.xlsx.dependants import Dependants
from tracker.xlsx.formulas import Area, Cell, Sees, references, translate
from tracker.xlsx.refs import Range, cell_name, column_letters
from tracker.xlsx.tokens import joined, tokens


def area(text: str, sheet: str = "own") -> Area:
    """``area("A1:B2")`` on the formula's own sheet, ``area("'it''s'!A1")`` on another."""
    name, _, cells = text.rpartition("!")
    return (name or sheet, Range.parse(cells))


def seen_ranges(formula: str) -> list[str]:
    """The ranges that a formula on the sheet ``own`` sees, other sheets named."""
    return [str(cells) if sheet == "own" else f"{sheet}!{cells}" for sheet, cells in references(formula, "Own").ranges]


# -- the parts of a formula -------------------------------------------------------------------------------------------

pieces = st.sampled_from(
    [
        *("A1", "$B$2", "A:C", "3:5", "XFD1048576", "XFE1", "LOG10(", "_xlfn.STDEV.S(", "runs", "été", "x.y_1", "1E5"),
        *("1.5", ".5", "Sheet1!", "'it''s'!", "[1]Sheet1!", "'[1]a b'!", "Sheet1:Sheet3!", '"a""b"', '"', "'", "#REF!"),
        *(
            "#N/A",
            "#",
            "t[x]",
            "t[[#This Row],[a'] b]]",
            "[@x]",
            "[",
            "]",
            "(",
            ")",
            "{",
            "}",
            ",",
            ";",
            ":",
            " ",
            "\n",
        ),
        *("+", "-", "=", "<>", "%", "&", "@", "!", "|", "~", "$", "\\", "?", "\u212a1", "😀"),
    ]
)
texts = st.lists(pieces, max_size=15).map("".join) | st.text(max_size=30)


@given(texts)
def test_cutting_a_formula_loses_no_character(formula: str) -> None:
    assert joined(tokens(formula)) == formula


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A1+LOG10(B2)", ["reference", "operator", "function", "operator", "reference", "operator"]),
        ("1E5*E5", ["number", "operator", "reference"]),
        ("'a b'!A1:B2", ["reference"]),
        ("Jan:Mar!A1", ["reference"]),
        ("A:B!C1", ["reference"]),
        ("A1#", ["reference", "spill"]),
        ("Sheet1!#REF!", ["error"]),
        ("#REF!A1:B2", ["error"]),
        ("#DIV/0!#N/A", ["error", "error"]),
        ("A1.b", ["name"]),
        ("A1_", ["name"]),
        ("XFE1 A1048577", ["name", "space", "name"]),
        ("\u212a1", ["name"]),
        ("t[it''s '[ms']]", ["table"]),
        ("[1]!t[x]", ["table"]),
        ('"never ends', ["unknown"]),
    ],
)
def test_kinds_of_parts(formula: str, expected: list[str]) -> None:
    assert [part.kind for part in tokens(formula)] == expected


# -- what a formula sees ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A1", ["A1"]),
        ("=$A$1+b2", ["A1", "B2"]),
        ("SUM(A1:B2,C3)", ["A1:B2", "C3"]),
        ("SUM(A:A)", ["A1:A1048576"]),
        ("SUM($3:5)", ["A3:XFD5"]),
        ("A1:C3 B2:D9", ["A1:C3", "B2:D9"]),
        ("(A1,B2)", ["A1", "B2"]),
        ("A1+A1", ["A1"]),
        ("LOG10(5)+ATAN2(A1,2)", ["A1"]),
        ("1E5+2.5E-3+E5", ["E5"]),
        ("{1,2;3,4}*A1", ["A1"]),
        ("A1#*2", ["A1"]),
        ("_xlfn.ANCHORARRAY(A1)+_xlfn.SINGLE(B2)", ["A1", "B2"]),
        ("@A1:A9", ["A1:A9"]),
        ('"A1"&"say ""B2"" "&C3', ["C3"]),
        ("IF(ISNA(#N/A),#REF!,A1)", ["A1"]),
        ("Sheet1!A1", ["sheet1!A1"]),
        ("'my sheet'!A1:B2", ["my sheet!A1:B2"]),
        ("'it''s'!A1+B2", ["it's!A1", "B2"]),
        ("'a(1)+\"b'!A1", ['a(1)+"b!A1']),
        ("2023!A1", ["2023!A1"]),
        ("été!A1", ["été!A1"]),
        ("Sheet1!A:A", ["sheet1!A1:A1048576"]),
        ("!A1", ["A1"]),
        ("[0]Sheet1!A1", ["sheet1!A1"]),
        ("'[0]my sheet'!A1", ["my sheet!A1"]),
        ("A1:B2:C3", ["A1:B2", "A1:C3", "C3"]),
        ("Sheet1!A1:Sheet1!B2", ["sheet1!A1", "sheet1!A1:B2", "sheet1!B2"]),
        ("SUM(B2:INDEX(B:D,COUNTA(B:B),2))", ["B2", "B1:D1048576", "B1:B1048576"]),
        ("INDEX($B$2:$B$9,1):D4", ["B2:B9", "B2:D9", "D4"]),
        ('SUMIF(A1:A9,">0")+AVERAGEIF(A1:A9,1,B2:B10)', ["A1:A9", "B2:B10"]),
        ('SUMIF(A:A,"(,",C:C)', ["A1:A1048576", "C1:C1048576"]),
    ],
)
def test_ranges(formula: str, expected: list[str]) -> None:
    assert seen_ranges(formula) == expected
    assert not references(formula, "Own").volatile


@pytest.mark.parametrize(
    "formula",
    [
        "1+2",
        "[1]Sheet1!A1",
        "'[1]my sheet'!A1:B2",
        "'C:\\data\\[old.xlsx]Sheet1'!$A$1",
        "[1]Sheet1:Sheet3!A1",
        "[1]!name+[1]Sheet1!name",
        "[1]!t[x]",
        "Sheet1!#REF!+#REF!A1",
        "TRUE+FALSE()",
        "_xlfn.LET(_xlpm.x,1,_xlpm.x+1)",
        '"="',
    ],
)
def test_formulas_that_see_nothing_in_this_workbook(formula: str) -> None:
    sees = references(formula, "own")
    assert Sees(functions=sees.functions) == sees


@pytest.mark.parametrize(
    ("formula", "tables", "row_tables"),
    [
        ("SUM(runs[loss])", {"runs"}, set()),
        ("Runs[metrics.auc]", {"runs"}, set()),
        ("SUBTOTAL(109,runs[[#All],[x]])", {"runs"}, set()),
        ("runs[#Headers]+runs[]", {"runs"}, set()),
        ("runs[[a]:[c]]", {"runs"}, set()),
        ("runs[a]:runs[c]", {"runs"}, set()),
        ("runs[it''s '[ms'] '#1]+A1", {"runs"}, set()),
        ("runs['#This Row]", {"runs"}, set()),
        ("runs[[#This Row],[a]]*2", set(), {"runs"}),
        ("runs[[#this row],[a]:[c]]", set(), {"runs"}),
        ("runs[ [#This Row], [a] ]", set(), {"runs"}),
        ("runs[#This Row]", set(), {"runs"}),
        ("runs[@a]+runs[@[b c]]", set(), {"runs"}),
        ("SUM(runs[@a]:runs[@c])", set(), {"runs"}),
        ("[@a]/MAX([a])", {""}, {""}),
        ("runs[@a]/SUM(other[b])", {"other"}, {"runs"}),
        ("SUM(INDEX(runs[a],1):runs[@a])", {"runs"}, {"runs"}),
        ("SUM(runs[[#Headers],[a]]:runs[[#This Row],[a]])", {"runs"}, {"runs"}),
        ("SUMIF(runs[a],1,runs[b])", {"runs"}, set()),
        ("läufe_2[größe]", {"läufe_2"}, set()),
    ],
)
def test_tables(formula: str, tables: set[str], row_tables: set[str]) -> None:
    sees = references(formula, "own")
    of_columns = {table for table, _ in sees.columns}
    assert (sees.tables | of_columns, sees.row_tables, sees.volatile) == (tables, row_tables, False)


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("rate*A1", {"rate"}),
        ("Best_Run.1+\\x", {"best_run.1", "\\x"}),
        ("LOG10+R1C1+Sheet1!Rate", {"log10", "r1c1", "sheet1!rate"}),
        ("'my sheet'!rate", {"my sheet!rate"}),
        ("[0]!rate", {"rate"}),
        ("ROWS(runs)", {"runs"}),
        ("größe", {"größe"}),
        ("XFE1+A1048577+A01", {"xfe1", "a1048577", "a01"}),
    ],
)
def test_names(formula: str, names: set[str]) -> None:
    assert references(formula, "own").names == names - {"log10"}


def test_functions_are_known_without_the_prefixes_of_newer_versions() -> None:
    assert references("_xlfn._xlws.SORT(MyLambda(LOG10(A1)))", "own").functions == {"sort", "mylambda", "log10"}


@pytest.mark.parametrize(
    "formula",
    [
        'INDIRECT("A"&B1)',
        "SUM(OFFSET(A1,1,0))",
        'CELL("row")',
        'INFO("osversion")',
        "now()",
        "TODAY()-A1",
        "RAND()+RANDBETWEEN(1,2)",
        "_xlfn.RANDARRAY(3)",
        "GET.CELL(1,A1)",
        "EVALUATE(A1)",
        "Sheet1:Sheet3!A1",
        "'Jan 1:Mar 1'!A1",
        "SUM(A1:B!C1)",
        "A1:OFFSET(A1,1,0)",
        "A1:CHOOSE(1,B2,C3)",
        "(A1):B2",
        "first:last",
        "A1:INDEX(first,1)",
        "INDEX((A1,B2),1):C3",
        "A1:Sheet1!B2",
        "Sheet2!A1:Sheet1!B2",
        "runs[a]:other[a]",
        "A1:runs[a]",
        "A1:B2:C3:D4:E5",
        "SUMIF(A1:A9,1,B1)",
        "AVERAGEIF(A1:A9,1,B1:B8)",
        "SUMIF(first,1,last)",
        "SUMIF(runs[a],1,other[b])",
        "SUMIF(runs[#All],1,runs[b])",
        "SUMIF((A1:A9),1,(B1:B9))",
        "",
        " ",
        '"never ends',
        "'never ends!A1",
        "runs[never ends",
        "cmd|'/c calc'!A1",
        "A1~B2",
        "A1 !",
        "$",
        "A1]",
        ":",
        "A1:",
        "):A1",
        "1" + "+1" * 4096,
    ],
)
def test_volatile(formula: str) -> None:
    assert references(formula, "own").volatile


@given(texts)
def test_reading_a_formula_never_fails(formula: str) -> None:
    assert isinstance(references(formula, "own"), Sees)


# -- formulas in another row ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "rows", "columns", "expected"),
    [
        ("A1", 3, 0, "A4"),
        ("A1", 0, 2, "C1"),
        ("$A$1+$A1+A$1", 3, 2, "$A$1+$A4+C$1"),
        ("SUM(B$2:B5)", 1, 0, "SUM(B$2:B6)"),
        ("A:C 3:5", 2, 1, "B:D 5:7"),
        ("$A:C $3:5", 2, 1, "$A:D $3:7"),
        ("A1:A1048576+A1:XFD3", 1, 1, "B1:B1048576+A2:XFD4"),
        ("A1#", 1, 0, "A2#"),
        ("'it''s'!A1&Sheet1!B2", 1, 0, "'it''s'!A2&Sheet1!B3"),
        ("[1]Sheet1!A1+Sheet1:Sheet3!A1", 1, 0, "[1]Sheet1!A2+Sheet1:Sheet3!A2"),
        ('"A1"&LOG10(A1)&rate&x1y&1E5', 1, 0, '"A1"&LOG10(A2)&rate&x1y&1E5'),
        ("runs[@A1]+runs[[#This Row],[B2]]+[A1]", 1, 0, "runs[@A1]+runs[[#This Row],[B2]]+[A1]"),
        ("#REF!+Sheet1!#REF!", 1, 0, "#REF!+Sheet1!#REF!"),
        ("{1,2;3,4}*A1", 1, 0, "{1,2;3,4}*A2"),
        ("a1", 1, 0, "A2"),
        ("A1", -1, 0, "#REF!"),
        ("A1", 0, -1, "#REF!"),
        ("A1048576", 1, 0, "#REF!"),
        ("XFD1", 0, 1, "#REF!"),
        ("SUM(A1:A5)+Sheet1!A1:B2+B9", -1, 0, "SUM(#REF!)+Sheet1!#REF!+B8"),
        ("1:2+B:C", -1, -2, "#REF!+#REF!"),
        ("A$1", -1, 0, "A$1"),
        ("A1+'never ends A1", 1, 0, "A2+'never ends A1"),
    ],
)
def test_translate(formula: str, rows: int, columns: int, expected: str) -> None:
    assert translate(formula, rows, columns) == expected


def test_a_formula_that_does_not_move_stays_as_it_was_written() -> None:
    assert translate("sum( a1 )", 0) == "sum( a1 )"


FORMULAS = [
    "=A1",
    "=$A$1+$B2+C$3",
    "=SUM(A1:B$2,$C3:D4)",
    '=IF(A1>0,"A1 is ""B2""",Sheet1!B2)',
    "='my sheet'!$A1*'it''s'!B$2",
    "=SUM(A:C)+SUM($A:C)",
    "=SUM(3:5)+SUM($3:5)",
    "=LOG10(A1)+ATAN2(B1,C1)",
    "=1E5+1.5E-3*A1%",
    "={1,2;3,4}+A1",
    "=-A1^2<>B1&C1",
    "=VLOOKUP(A2,Data!$A$2:$D$99,3,FALSE)",
    "=rate*B2",
    "=SUM(runs[loss])/runs[[#This Row],[A1]]",
    "=#N/A+B2",
    "=(A1,B2) C3:D4",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(("rows", "columns"), [(1, 0), (0, 1), (7, 3), (1000, 700)])
def test_translation_agrees_with_openpyxl(formula: str, rows: int, columns: int) -> None:
    target = cell_name(1 + rows, 1 + columns)
    assert translate(formula, rows, columns) == Translator(formula, origin="A1").translate_formula(target)


references_inside = st.builds(
    lambda sheet, column, row, dollars: f"{sheet}{dollars[0]}{column_letters(column)}{dollars[1]}{row}",
    st.sampled_from(["", "runs!", "'my sheet'!"]),
    st.integers(200, 16_000),
    st.integers(2000, 1_000_000),
    st.tuples(st.sampled_from(["", "$"]), st.sampled_from(["", "$"])),
)


@given(
    st.lists(references_inside, min_size=1, max_size=4).map("+".join),
    st.integers(-1999, 48_000),
    st.integers(-199, 380),
)
def test_there_and_back_is_the_same_formula(formula: str, rows: int, columns: int) -> None:
    assert translate(translate(formula, rows, columns), -rows, -columns) == formula


# -- whom a change reaches --------------------------------------------------------------------------------------------

TABLES = {"runs": ("runs", Range.parse("A1:D11")), "other": ("summary", Range.parse("H1:I5"))}


def affected(
    formulas: dict[str, str],
    *changed: str,
    names: dict[str, str] | None = None,
    tables_changed: tuple[str, ...] = (),
    results: dict[str, str] | None = None,
    columns: dict[str, list[str]] | None = None,
) -> set[str]:
    """The cells affected; cells are given and come as ``runs!B2``."""
    cells: dict[Cell, str] = {}
    for place in {**formulas, **(results or {})}:
        sheet, where = area(place)
        cells[sheet, where.first_row, where.first_column] = place
    by_place = {place: cell for cell, place in cells.items()}
    dependants = Dependants(
        [(*by_place[place], text, None) for place, text in formulas.items()],
        TABLES,
        names or {},
        {by_place[place]: Range.parse(text) for place, text in (results or {}).items()},
        columns,
    )
    return {cells[cell] for cell in dependants.affected([area(text) for text in changed], tables_changed)}


def test_a_formula_that_sees_the_changed_cell_is_affected_and_no_other() -> None:
    formulas = {"s!A1": "runs!B2", "s!A2": "SUM(runs!B:B)", "s!A3": "runs!B3", "s!A4": "B2", "s!A5": "SUM(runs!2:2)"}
    assert affected(formulas, "runs!B2") == {"s!A1", "s!A2", "s!A5"}
    assert affected(formulas, "runs!C2:C9") == {"s!A5"}
    assert affected(formulas, "elsewhere!B2") == set()


def test_a_change_travels_through_other_formulas() -> None:
    formulas = {"s!A1": "runs!B2", "t!A1": "s!A1*2", "t!A2": "SUM(A1:A1)", "t!A3": "B1"}
    assert affected(formulas, "runs!B2") == {"s!A1", "t!A1", "t!A2"}


def test_circular_formulas_come_to_an_end() -> None:
    assert affected({"s!A1": "A2+B1", "s!A2": "A1", "s!A3": "A3"}, "s!B1") == {"s!A1", "s!A2"}


def test_volatile_formulas_are_affected_by_any_change_and_so_is_who_sees_them() -> None:
    assert affected({"s!A1": "NOW()", "s!A2": "A1", "s!A3": "B1"}, "elsewhere!A1") == {"s!A1", "s!A2"}


def test_a_table_reference_sees_the_whole_table() -> None:
    formulas = {"s!A1": "SUM(runs[loss])", "s!A2": "ROWS(runs)", "s!A3": "SUM(other[x])"}
    for changed in ("runs!A1", "runs!D11", "runs!B5"):
        assert affected(formulas, changed) == {"s!A1", "s!A2"}
    assert affected(formulas, "runs!E5") == set()


def test_a_reference_to_one_column_sees_that_column_where_the_headers_are_known() -> None:
    formulas = {"s!A1": "SUM(runs[loss])", "s!A2": "ROWS(runs)", "s!A3": "SUM(runs[[LOSS]:[d]])", "s!A4": "runs[AUC]"}
    formulas |= {"s!A5": "SUM(runs[loss]:runs[d])", "s!A6": "SUM(runs[[#All],[loss]])", "s!A7": "SUM(runs[gone])"}
    formulas |= {"s!A8": "MAX(best)", "s!A9": "A1"}
    columns, names = {"runs": ["id", "Loss", "auc", "d"]}, {"best": "runs[auc]"}
    whole = {"s!A2", "s!A3", "s!A5", "s!A6", "s!A7"}
    assert affected(formulas, "runs!B5", columns=columns, names=names) == whole | {"s!A1", "s!A9"}
    assert affected(formulas, "runs!C5", columns=columns, names=names) == whole | {"s!A4", "s!A8"}
    assert affected(formulas, "runs!A1", columns=columns, names=names) == whole
    assert affected(formulas, tables_changed=("runs",), columns=columns, names=names) == set(formulas)


def test_a_reference_to_its_own_row_sees_only_that_row() -> None:
    formulas = {f"runs!D{row}": "runs[[#This Row],[loss]]*2" for row in range(2, 12)}
    assert affected(formulas, "runs!B5") == {"runs!D5"}
    assert affected(formulas, "runs!E5") == set()


def test_brackets_without_a_name_mean_the_table_around_the_formula() -> None:
    formulas = {"runs!D5": "[@loss]", "runs!D6": "MAX([loss])", "summary!H2": "MAX([x])", "runs!Z1": "MAX([x])"}
    # Outside every table it cannot be understood, so it is always affected.
    assert affected(formulas, "runs!B5") == {"runs!D5", "runs!D6", "runs!Z1"}
    assert affected(formulas, "summary!I3") == {"summary!H2", "runs!Z1"}


def test_a_table_that_grew_affects_who_sees_all_of_it() -> None:
    formulas = {"s!A1": "ROWS(runs)", "s!A2": "SUM(runs[x])", "s!A3": "other[x]", "s!A4": "A2"}
    formulas |= {"runs!C5": "MAX([x])", "runs!D6": "runs[@x]"}
    assert affected(formulas, tables_changed=("runs",)) == {"s!A1", "s!A2", "s!A4", "runs!C5"}


def test_a_table_or_name_that_is_not_there_makes_a_formula_volatile() -> None:
    formulas = {"s!A1": "SUM(gone[x])", "s!A2": "gone[@x]", "s!A3": "nowhere+1", "s!A4": "LOG10(B1)+TRUE"}
    assert affected(formulas, "elsewhere!A1") == {"s!A1", "s!A2", "s!A3"}


def test_names_see_what_their_definitions_see() -> None:
    names = {"loss": "runs!$B$2:$B$11", "twice": "loss*2", "all": "SUM(runs[x])", "clock": "NOW()"}
    formulas = {"s!A1": "SUM(loss)", "s!A2": "twice", "s!A3": "all", "s!A4": "clock", "s!A5": "[0]!Loss"}
    assert affected(formulas, "runs!B5", names=names) == {"s!A1", "s!A2", "s!A3", "s!A4", "s!A5"}
    assert affected(formulas, "runs!C5", names=names) == {"s!A3", "s!A4"}
    assert affected(formulas, tables_changed=("runs",), names=names) == {"s!A3", "s!A4"}


def test_names_in_a_circle_see_all_that_any_of_them_sees() -> None:
    names = {"one": "other_one+s!$B$1", "other_one": "one+s!$B$2"}
    formulas = {"s!A1": "one", "s!A2": "other_one"}
    assert affected(formulas, "s!B1", names=names) == affected(formulas, "s!B2", names=names) == {"s!A1", "s!A2"}


def test_a_sheets_own_name_comes_before_the_workbooks() -> None:
    names = {"rate": "s!$B$1", "t!rate": "s!$B$2"}
    formulas = {"s!A1": "rate", "t!A1": "rate", "u!A1": "T!rate"}
    assert affected(formulas, "s!B1", names=names) == {"s!A1"}
    assert affected(formulas, "s!B2", names=names) == {"t!A1", "u!A1"}


def test_relative_references_in_names_may_lie_in_any_row_or_column() -> None:
    names = {"above": "s!A1048576", "in_b": "s!$B2", "first": "$A$1", "here": "!$A$1"}
    formulas = {"s!C5": "above", "s!C6": "in_b", "t!C7": "first", "t!C8": "here"}
    assert affected(formulas, "s!Z9", names=names) == {"s!C5"}
    assert affected(formulas, "s!B9", names=names) == {"s!C5", "s!C6"}
    assert affected(formulas, "t!A1", names=names) == {"t!C7", "t!C8"}


def test_a_name_that_is_called_sees_what_its_lambda_sees() -> None:
    names = {"scaled": "_xlfn.LAMBDA(_xlpm.x,_xlpm.x*s!$B$1)"}
    assert affected({"s!A1": "scaled(C1)", "s!A2": "C1"}, "s!B1", names=names) == {"s!A1"}


def test_the_result_of_an_array_formula_changes_as_a_whole() -> None:
    formulas = {"s!A1": "runs!B2:B11", "s!C1": "A5", "s!C2": "A11"}
    assert affected(formulas, "runs!B2", results={"s!A1": "A1:A10"}) == {"s!A1", "s!C1"}


def test_what_a_formula_sees_may_be_given_instead_of_its_text() -> None:
    sees = Sees(ranges=(area("s!B1"),))
    dependants = Dependants([("s", 1, 1, "not read", sees)], {}, {})
    assert dependants.affected([area("s!B1")]) == {("s", 1, 1)}
    assert dependants.affected([area("s!B2")]) == set()


def test_each_question_is_answered_afresh() -> None:
    dependants = Dependants([("s", 1, 1, "B1", None), ("s", 2, 1, "A1", None)], {}, {})
    for _ in range(2):
        assert dependants.affected([area("s!B1")]) == {("s", 1, 1), ("s", 2, 1)}


@pytest.mark.parametrize("step", [-1, 1])
def test_a_long_chain_is_followed_to_its_end(step: int) -> None:
    length = 20_000
    formulas = [("s", row, 1, f"A{row + step}+1", None) for row in range(2, length + 2)]
    start = 1 if step < 0 else length + 2
    assert len(Dependants(formulas, {}, {}).affected([("s", Range(start, 1, start, 1))])) == length


cells = st.tuples(st.sampled_from(["s", "t"]), st.integers(1, 8), st.integers(1, 6))
areas = st.builds(
    lambda sheet, a, b, c, d: (sheet, Range(min(a, b), min(c, d), max(a, b), max(c, d))),
    st.sampled_from(["s", "t"]),
    *(st.integers(1, limit) for limit in (8, 8, 6, 6)),
)


@given(st.dictionaries(cells, st.lists(areas, max_size=3), max_size=30), st.lists(areas, max_size=4))
def test_the_cells_reached_are_those_that_a_plain_search_finds(
    formulas: dict[Cell, list[Area]], changed: list[Area]
) -> None:
    reached: set[Cell] = set()
    seen = list(changed)
    while True:
        fresh = {
            cell
            for cell, watched in formulas.items()
            if cell not in reached and any(a[0] == b[0] and a[1].intersects(b[1]) for a in watched for b in seen)
        }
        if not fresh:
            break
        reached |= fresh
        seen = [(sheet, Range(row, column, row, column)) for sheet, row, column in fresh]
    texts = {
        cell: "+".join(["0", *(f"{sheet}!{where}" for sheet, where in watched)]) for cell, watched in formulas.items()
    }
    assert Dependants([(*cell, text, None) for cell, text in texts.items()], {}, {}).affected(changed) == reached
