"""The list of problems: each kind with its cell and hint, in workbooks that people have had their hands on."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from faults import faults
from person import Person
from zoo import Trap, with_openpyxl

import tracker
from tracker.errors import TrackerError
from tracker.journal.pending import PendingWriter
from tracker.model import Change, Problem
from tracker.reading import (
    check,
    check_checklist,
    check_columns,
    check_conversions,
    check_files,
    check_journal,
    check_links,
    check_outside,
    facts,
)
from tracker.reading.registry import Registry, init_registry
from tracker.schema import ARTIFACTS, LINEAGE, RUNS

DECLARED = tuple(column.name for column in RUNS.columns)


def log(registry: Registry, *changes: Change) -> None:
    writer = PendingWriter(registry.folders.pending, who="script")
    for change in changes:
        writer.append(change)
    writer.close()


def run(run_id: str, **cells: Any) -> Change:
    return Change("runs", (run_id,), {k.replace("__", "."): v for k, v in cells.items()}, new=True, time=time.time())


def runs(path: Path, *rows: dict[str, Any], columns: Sequence[str] = DECLARED, **tables: Any) -> Registry:
    """A registry whose runs table has these rows (and all declared columns), and other tables."""
    names = [*columns, *dict.fromkeys(name for row in rows for name in row if name not in columns)]
    cells = [[row.get(name) for name in names] for row in rows] or [[None] * len(names)]
    with_openpyxl.simple(path, {"runs": (names, cells), **tables})
    return Registry(path)


def found(registry: Registry, code: str) -> list[Problem]:
    return [problem for problem in registry.check() if problem.code == code]


def only(registry: Registry, code: str) -> Problem:
    problems = found(registry, code)
    assert len(problems) == 1, problems
    return problems[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.xlsx"


@pytest.fixture
def registry(path: Path) -> Registry:
    return init_registry(path)


# -- the list -----------------------------------------------------------------------------------------------------


def test_a_registry_in_good_order_has_no_problems(registry: Registry) -> None:
    cells = {"status": "FINISHED", "start_time": datetime(2026, 11, 1), "metrics__auc": 0.5, "git_dirty": True}
    log(registry, run("r1", **cells, metrics__loss="NaN", params__lr="auto", duration=1.5))
    registry.sync()
    assert registry.check() == []


def test_errors_come_first(path: Path) -> None:
    registry = runs(path, {"run_id": "r1", "status": "finished"}, {"run_id": "r1"}, {"name": "typed"})
    severities = [problem.severity for problem in registry.check()]
    assert severities == sorted(severities, key=("error", "warning", "info").index)
    assert set(severities) == {"error", "warning", "info"}


def test_every_check_is_in_a_list() -> None:
    modules = (
        check,
        check_columns,
        check_checklist,
        check_conversions,
        check_files,
        check_journal,
        check_links,
        check_outside,
    )
    assert {module.CHECKS for module in modules} == set(check.MODULES)
    for module in modules:
        functions = {
            name
            for name, value in vars(module).items()
            if getattr(value, "__annotations__", {}) == {"facts": "Facts", "return": "Iterator[Problem]"}
        }
        assert functions == {function.__name__ for function in module.CHECKS}


def test_any_trap_has_a_list_or_one_clear_error(trap: Trap, path: Path) -> None:
    trap.build(path)
    before = path.read_bytes()
    try:
        problems = Registry(path).check()
    except TrackerError as error:
        assert str(path) in str(error)
    else:
        assert all(problem.message and problem.hint for problem in problems)
    assert path.read_bytes() == before


def test_checking_writes_nothing(registry: Registry) -> None:
    log(registry, run("r1"))
    before = {path: path.stat().st_mtime_ns for path in registry.path.parent.rglob("*")}
    registry.check()
    assert {path: path.stat().st_mtime_ns for path in registry.path.parent.rglob("*")} == before


# -- tables and columns -------------------------------------------------------------------------------------------


def test_a_missing_table_is_named_and_guessed_by_its_columns(path: Path) -> None:
    columns = [column.name for column in ARTIFACTS.columns]
    registry = runs(path, {"run_id": "r1"}, Table5=(columns, [["a:v1", *[None] * (len(columns) - 1)]]))
    problems = {problem.message: problem for problem in found(registry, "missing-table")}
    artifacts = problems["The workbook has no table named 'artifacts'."]
    assert artifacts.severity == "warning"
    assert "Is it 'Table5' on sheet 'Table5'?" in artifacts.hint
    people = problems["The workbook has no table named 'people'."]
    assert people.severity == "info"
    assert "Table Design" in people.hint


def test_a_missing_runs_table_is_an_error_and_the_rest_is_checked(path: Path) -> None:
    with_openpyxl.simple(path, {"people": (("person", "role"), [("ds1", "boss")])})
    problems = Registry(path).check()
    assert problems[0].code == "missing-table"
    assert "'runs'" in problems[0].message
    assert problems[0].severity == "error"
    assert "wrong-choice" in {problem.code for problem in problems}


@pytest.mark.parametrize(
    ("header", "column", "severity"),
    [("Status", None, None), ("state", "status", "warning"), ("Run-Id", "run_id", "error"), ("Aim", "goal", "info")],
)
def test_a_renamed_column_is_guessed_by_name_or_place(
    path: Path, header: str, column: str | None, severity: str | None
) -> None:
    place = DECLARED.index(column or "status")
    columns = [*DECLARED[:place], header, *DECLARED[place + 1 :]]
    registry = runs(path, {DECLARED[1]: "first"}, columns=columns)
    problems = found(registry, "missing-column")
    if column is None:
        assert not problems
        return
    (problem,) = problems
    assert (problem.sheet, problem.cell) == ("Runs", f"{chr(65 + place)}1")
    assert problem.severity == severity
    assert f"Is it '{header}'?" in problem.hint
    assert f"column.runs.{column} with the value {header}" in problem.hint


def test_a_column_that_is_gone_without_a_trace_is_not_guessed(path: Path) -> None:
    columns = [name for name in DECLARED if name != "duration"]
    problem = only(runs(path, {"run_id": "r1", "my own": 5}, columns=columns), "missing-column")
    assert problem.message == "Table 'runs' has no column 'duration'."
    assert "Is it" not in problem.hint


def test_a_column_that_the_settings_know_by_another_header_is_not_missing(path: Path) -> None:
    columns = ["State" if name == "status" else name for name in DECLARED]
    settings = (("name", "value", "help"), [("column.runs.status", "State", None)])
    assert not found(runs(path, {"run_id": "r1"}, columns=columns, settings=settings), "missing-column")


# -- keys ---------------------------------------------------------------------------------------------------------


def test_duplicate_keys_are_named_with_both_cells(path: Path) -> None:
    registry = runs(path, {"run_id": "r1"}, {"run_id": "r2"}, {"run_id": "r1"}, {"run_id": "r1"})
    problems = found(registry, "duplicate-key")
    assert [problem.cell for problem in problems] == ["A4", "A5"]
    assert problems[0].severity == "error"
    assert "'r1' stands twice in table 'runs': first in A2." in problems[0].message


def test_a_key_of_several_columns_is_only_double_as_a_whole(path: Path) -> None:
    columns = [column.name for column in LINEAGE.columns]
    rows = [("r1", "input", "a:v1", None), ("r1", "output", "a:v1", None), ("r1", "input", "a:v1", None)]
    problem = only(runs(path, {"run_id": "r1"}, lineage=(columns, rows)), "duplicate-key")
    assert (problem.sheet, problem.cell) == ("Lineage", "A4")


def test_a_typed_run_gets_its_key_with_the_next_sync(path: Path) -> None:
    registry = runs(path, {"run_id": "r1"}, {"name": "typed"}, {})
    problem = only(registry, "blank-key")
    assert (problem.cell, problem.severity) == ("A3", "info")
    registry.sync()
    assert not found(registry, "blank-key")


def test_a_row_without_a_key_in_another_table_is_a_problem(path: Path) -> None:
    problem = only(
        runs(path, {"run_id": "r1"}, people=(("person", "role", "notes"), [(None, "viewer", None)])), "blank-key"
    )
    assert (problem.sheet, problem.cell, problem.severity) == ("People", "A2", "warning")
    assert "Fill in person" in problem.hint


def test_rows_typed_below_the_table_are_taken_in_by_the_next_sync(registry: Registry) -> None:
    log(registry, run("r1"))
    registry.sync()
    person = Person(registry.path)
    person.opens()
    person.types_below(name="typed below")
    person.saves()
    problem = only(registry, "rows-below-table")
    assert problem.severity == "info"
    registry.sync()
    assert not found(registry, "rows-below-table")
    assert "typed below" in registry.runs()["name"].tolist()


# -- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("metrics.auc", "good", "a number"),
        ("metrics.auc", datetime(2026, 11, 1), "a number"),
        ("metrics.auc", True, "a number"),
        ("duration", "1,5", "a number"),
        ("start_time", "yesterday", "a date"),
        ("start_time", -5, "a date"),
        ("git_dirty", "perhaps", "TRUE or FALSE"),
    ],
)
def test_a_wrong_type_is_named_with_its_cell(path: Path, column: str, value: Any, wanted: str) -> None:
    problem = only(runs(path, {"run_id": "r1"}, {"run_id": "r2", column: value}), "wrong-type")
    assert problem.cell.endswith("3")
    assert f"{column} of r2 holds '" in problem.message
    assert wanted in problem.hint


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("metrics.auc", "0.5"),
        ("metrics.auc", "NaN"),
        ("metrics.auc", "-Infinity"),
        ("metrics.auc", 3),
        ("start_time", "2026-11-01 12:30"),
        ("start_time", 46327.5),
        ("git_dirty", "false"),
        ("git_dirty", 1),
        ("params.lr", "auto"),
        ("name", 5),
        ("my own", datetime(2026, 11, 1)),
        ("status", "PLANNED"),
    ],
)
def test_what_can_be_read_is_no_problem(path: Path, column: str, value: Any) -> None:
    registry = runs(path, {"run_id": "r1", column: value})
    assert not [problem for problem in registry.check() if problem.code in ("wrong-type", "wrong-choice")]


def test_whole_numbers_are_wanted_in_a_version(path: Path) -> None:
    columns = [column.name for column in ARTIFACTS.columns]
    rows = [["a:v1", "a", version, *[None] * (len(columns) - 3)] for version in (1, "2", 1.5, "new")]
    problems = found(runs(path, {"run_id": "r1"}, artifacts=(columns, rows)), "wrong-type")
    assert [problem.cell for problem in problems] == ["C4", "C5"]


def test_a_wrong_choice_suggests_the_right_one(path: Path) -> None:
    registry = runs(path, {"run_id": "r1", "status": "finishd"}, {"run_id": "r2", "status": "in the works"})
    close, far = found(registry, "wrong-choice")
    assert close.message == "status of r1 holds 'finishd'."
    assert close.hint == "Did you mean FINISHED?"
    assert far.hint == "Choose one of: RUNNING, FINISHED, FAILED, KILLED, PLANNED."


def test_categories_of_the_kinds_table_are_right(path: Path) -> None:
    artifacts = (("artifact", "category"), [("a:v1", "ethics"), ("b:v1", "etics")])
    registry = runs(path, {"run_id": "r1"}, artifacts=artifacts, kinds=(("category", "kind"), [("ethics", "review")]))
    assert [problem.cell for problem in found(registry, "wrong-choice")] == ["B3"]


def test_many_cells_with_the_same_problem_are_counted(path: Path) -> None:
    problems = found(runs(path, *({"run_id": f"r{n}", "status": "x"} for n in range(50))), "wrong-choice")
    assert len(problems) == facts.MAX_ALIKE + 1
    assert problems[-1].message == "40 more cells of status in table 'runs' have the same problem."


def test_errors_of_formulas_are_named_once_and_not_as_wrong_types(path: Path) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Runs")
        sheet.write(1, 0, "r1")
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
        sheet.write_formula(1, 2, "=NOBODY", None, "#NAME?")
        headers = [{"header": name} for name in ("run_id", "metrics.auc", "status")]
        sheet.add_table(0, 0, 1, 2, {"name": "runs", "columns": headers})
    registry = Registry(path)
    problems = found(registry, "error-value")
    assert [(problem.cell, problem.message) for problem in problems] == [
        ("B2", "metrics.auc of r1 holds the error #DIV/0!."),
        ("C2", "status of r1 holds the error #NAME?."),
    ]
    assert not found(registry, "wrong-type") + found(registry, "wrong-choice")


def test_a_setting_with_a_slip_of_the_pen_is_told(path: Path) -> None:
    rows = [("trash.day", 5, None), ("trash.days", 5, None), ("column.runs.status", "State", None)]
    problem = only(runs(path, {"run_id": "r1"}, settings=(("name", "value", "help"), rows)), "unknown-setting")
    assert (problem.sheet, problem.cell) == ("Settings", "A2")
    assert problem.hint == "Did you mean trash.days?"


@pytest.mark.parametrize(
    ("column", "value"),
    [("metrics.auc", "0.5"), ("duration", "87.3 %"), ("start_time", "2026-11-01 12:30"), ("git_dirty", "false")],
)
def test_a_value_that_stands_as_text_is_told_quietly(path: Path, column: str, value: str) -> None:
    problem = only(runs(path, {"run_id": "r1", column: value}), "stored-as-text")
    assert problem.severity == "info"
    assert problem.message.startswith(f"{column} has a value as text")
    assert problem.message.endswith(f"such as '{value}'.")


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "12345678901234567890", "good", 0.5, datetime(2026, 1, 1)])
def test_what_is_text_on_purpose_is_not_stored_as_text(path: Path, value: Any) -> None:
    assert not found(runs(path, {"run_id": "r1", "metrics.auc": value, "params.lr": "0.5"}), "stored-as-text")


# -- what Excel converts ------------------------------------------------------------------------------------------


def converts(registry: Registry, column: str, text: str, value: Any) -> None:
    """A script logs a text, and a spreadsheet program makes something else of it."""
    log(registry, Change("runs", ("r1",), {column: text}, new=True, time=time.time()))
    registry.sync()
    person = Person(registry.path)
    person.opens()
    person.writes("r1", column, value)
    person.saves()


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("params.fold", "3-1", datetime(2026, 3, 1)),
        ("params.fold", "3-1", datetime(2026, 1, 3)),
        ("params.gene", "MAR1", datetime(2026, 3, 1)),
        ("params.gene", "SEPT2", datetime(2026, 9, 2)),
        ("tags.version", "1.2.3", datetime(2003, 2, 1)),
        ("tags.release", "Mar-24", datetime(2024, 3, 1)),
        ("params.dataset", "1234567890123456", 1.23456789012346e15),
        ("git_commit", "1234e11", 1.234e14),
    ],
)
def test_what_excel_made_of_a_text_is_told_with_the_text(
    registry: Registry, column: str, text: str, value: Any
) -> None:
    converts(registry, column, text, value)
    problem = only(registry, "converted")
    assert f"it was '{text}', of which Excel made it" in problem.message
    assert problem.cell == registry.rows("runs").address(0, column)
    assert problem.severity == "warning"


def test_a_date_that_is_none_of_the_text_is_a_persons_own(registry: Registry) -> None:
    converts(registry, "params.fold", "3-1", datetime(2026, 5, 7))
    assert not found(registry, "converted")


def test_a_date_where_text_belongs_is_told_quietly_without_a_history(path: Path) -> None:
    problem = only(
        runs(path, {"run_id": "r1", "name": datetime(2026, 3, 1), "params.day": datetime(2026, 3, 1)}), "converted"
    )
    assert problem.severity == "info"
    assert "name of r1 holds the date '2026-03-01 00:00:00', not text" in problem.message


# -- links and times ----------------------------------------------------------------------------------------------


def test_links_that_lead_nowhere_are_named_with_what_may_be_meant(path: Path) -> None:
    models = (("model", "version", "artifact", "run_id"), [("m", 1, "churn:v1", "r9"), ("m", 2, "a:v1", "r1")])
    lineage = (("run_id", "direction", "artifact"), [("r1", "input", "gone:v1"), ("r1", "output", "a:v1")])
    registry = runs(
        path,
        {"run_id": "r1", "parent_run_id": "R1 "},
        {"run_id": "r2", "parent_run_id": "r1"},
        artifacts=(("artifact", "run_id"), [("a:v1", "r1"), ("b:v1", "r3")]),
        models=models,
        lineage=lineage,
    )
    problems = {(problem.sheet, problem.cell): problem for problem in found(registry, "broken-link")}
    place = f"{openpyxl.utils.get_column_letter(DECLARED.index('parent_run_id') + 1)}2"
    assert set(problems) == {
        ("Runs", place),
        ("Models", "C2"),
        ("Models", "D2"),
        ("Lineage", "C2"),
        ("Artifacts", "B3"),
    }
    assert problems["Runs", place].hint.startswith("Did you mean r1? python -m tracker check --fix")
    assert problems["Lineage", "C2"].severity == "info"
    assert "names 'churn:v1', which is not in table 'artifacts'" in problems["Models", "C2"].message


def test_a_link_to_what_is_still_pending_is_whole(registry: Registry) -> None:
    log(registry, run("child", parent_run_id="parent"))
    registry.sync()
    assert found(registry, "broken-link")
    log(registry, run("parent"))
    assert not found(registry, "broken-link")


def test_times_that_run_backwards_are_named(path: Path) -> None:
    registry = runs(
        path,
        {"run_id": "r1", "start_time": datetime(2026, 11, 2), "end_time": "2026-11-01"},
        {"run_id": "r2", "start_time": datetime(2026, 11, 1), "end_time": datetime(2026, 11, 1), "duration": 0},
        {"run_id": "r3", "end_time": datetime(2026, 11, 1), "duration": -3},
        artifacts=(("artifact", "created", "status_time"), [("a:v1", datetime(2026, 2, 1), datetime(2026, 1, 2))]),
    )
    problems = found(registry, "backward-time")
    assert [(problem.sheet, problem.message.partition(" is ")[0]) for problem in problems] == [
        ("Runs", "end_time of r1"),
        ("Artifacts", "status_time of a:v1"),
        ("Runs", "duration of r3"),
    ]


# -- outside of the tables ----------------------------------------------------------------------------------------


def shrunk(registry: Registry, rows: int, blank: int = 0) -> None:
    """The table ends so many rows earlier; the rows that fall outside stand so many rows farther down."""
    book = openpyxl.load_workbook(registry.path)
    sheet = next(sheet for sheet in book.worksheets if "runs" in sheet.tables)
    table = sheet.tables["runs"]
    _, top, right, bottom = openpyxl.utils.range_boundaries(table.ref)
    if blank:
        sheet.move_range(f"A{bottom - rows + 1}:{openpyxl.utils.get_column_letter(right)}{bottom}", rows=blank)
    table.ref = f"A{top}:{openpyxl.utils.get_column_letter(right)}{bottom - rows}"
    if table.autoFilter is not None:
        table.autoFilter.ref = table.ref
    book.save(registry.path)


def test_rows_that_fell_out_of_a_shrunk_table_are_taken_in_or_told(registry: Registry) -> None:
    log(registry, run("r1"), run("r2"), run("r3"))
    registry.sync()
    shrunk(registry, 2)
    assert only(registry, "rows-below-table").message.startswith("Row 5, 6 ")
    assert not found(registry, "rows-outside-table")
    registry.sync()
    assert registry.runs()["run_id"].tolist() == ["r1", "r2", "r3"]
    shrunk(registry, 1, blank=3)
    problem = only(registry, "rows-outside-table")
    assert (problem.cell, problem.severity) == ("A9", "error")
    assert "r3 in row 9" in problem.message


def test_notes_below_a_table_are_nobodys_business(registry: Registry) -> None:
    log(registry, run("r1"))
    registry.sync()
    person = Person(registry.path)
    person.opens()
    person.writes_far_below("a note", 4)
    person.saves()
    assert registry.check() == []


def test_columns_added_beside_the_table_are_taken_in_by_the_next_sync(registry: Registry) -> None:
    log(registry, run("r1"))
    registry.sync()
    person = Person(registry.path)
    person.opens()
    person.adds_a_column_beside("verdict", r1="keep")
    person.saves()
    problem = only(registry, "column-outside-table")
    assert problem.severity == "info" and problem.message.startswith("Column 'verdict' stands")
    log(registry, run("r2", params__fresh=1))  # scripts add their columns behind it
    registry.sync()
    assert not registry.check()
    runs = registry.runs()
    assert runs.set_index("run_id")["verdict"].to_dict() == {"r1": "keep", "r2": None}
    assert runs["params.fresh"].tolist()[-1] == 1
    (saved,) = (one for one in registry.changes() if one.outside)
    assert [entry.cells["verdict"].new for entry in saved.entries] == ["keep"]


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("two\nlines", True),
        ("a\ttab", True),
        ("a & <b> \"c\" 'd'", True),
        (" blanks ", True),
        ("x" * 255, True),
        ("x" * 256, False),
        ("NAME", False),
        (2026, False),
        ('="he"&"ader"', False),
        ("#N/A", False),
    ],
    ids=repr,
)
def test_only_what_can_be_a_header_is_taken_in(registry: Registry, header: Any, taken: bool) -> None:
    log(registry, run("r1"))
    registry.sync()
    person = Person(registry.path)
    person.opens()
    person.adds_a_column_beside(header, r1="keep")
    person.saves()
    registry.sync()
    names = [column.name for column in openpyxl.load_workbook(registry.path)["Runs"].tables["runs"].tableColumns]
    assert (header in names, names.count("name")) == (taken, 1)
    assert faults(registry.path) == []


def test_a_column_that_fell_out_of_its_table_is_taken_in(path: Path) -> None:
    registry = runs(path, {"run_id": "r1"}, columns=("run_id", "name"))
    book = openpyxl.load_workbook(path)
    book["Runs"]["C1"], book["Runs"]["D1"], book["Runs"]["F1"] = "my own", "metrics.auc", "status"
    book["Runs"]["D2"] = 0.9
    book.save(path)
    assert [problem.cell for problem in found(registry, "column-outside-table")] == ["C1", "D1"]
    registry.sync()
    assert registry.runs()["metrics.auc"].tolist() == [0.9]
    assert openpyxl.load_workbook(path)["Runs"].tables["runs"].ref == "A1:D2"


# -- the journal --------------------------------------------------------------------------------------------------


def conflict(registry: Registry) -> None:
    """A script's change that met a person's value."""
    log(registry, run("r1", params__lr=0.1))
    registry.sync()
    person = Person(registry.path)
    person.opens()
    person.writes("r1", "params.lr", 0.2)
    person.saves()
    log(registry, Change("runs", ("r1",), {"params.lr": 0.3}, {"params.lr": 0.1}, time=time.time()))
    registry.sync()


def test_a_conflict_shows_what_was_kept_and_what_was_not(registry: Registry) -> None:
    conflict(registry)
    problem = only(registry, "conflict")
    assert problem.message == (
        "params.lr of r1: a person's value, '0.2', stands; '0.3' of script was not written. It is conflict 2.1."
    )
    rows = registry.rows("runs")
    assert (problem.sheet, problem.cell) == ("Runs", rows.address(0, "params.lr"))


@pytest.mark.parametrize("later", ["the person takes the script's value", "the script writes again", "another value"])
def test_a_conflict_that_was_settled_is_no_problem_any_more(registry: Registry, later: str) -> None:
    conflict(registry)
    if later == "the script writes again":
        log(registry, Change("runs", ("r1",), {"params.lr": 0.4}, {"params.lr": 0.2}, time=time.time()))
        registry.sync()
    else:
        person = Person(registry.path)
        person.opens()
        person.writes("r1", "params.lr", 0.3 if "takes" in later else 0.5)
        person.saves()
    assert not found(registry, "conflict")


def test_changes_for_a_deleted_row_are_told_quietly(registry: Registry) -> None:
    log(registry, run("r1"), run("r2"))
    registry.sync()
    person = Person(registry.path)
    person.opens()
    person.deletes("r2")
    person.saves()
    log(registry, Change("runs", ("r2",), {"metrics.auc": 0.5}, time=time.time()))
    registry.sync()
    problem = only(registry, "conflict")
    assert problem.severity == "info"
    assert "metrics.auc of r2 was not written: a person deleted the row" in problem.message


def test_changes_for_a_row_that_was_never_there_wait_for_it(registry: Registry) -> None:
    log(registry, Change("runs", ("early",), {"metrics.auc": 0.5}, time=time.time()))
    registry.sync()
    problem = only(registry, "waiting")
    assert "such as metrics.auc of early" in problem.message
    assert "not there yet" in problem.hint
    log(registry, run("early"))
    registry.sync()
    assert not found(registry, "waiting")
    assert registry.run("early")["metrics.auc"] == 0.5


def test_changes_for_a_missing_table_are_a_problem_until_there_is_one(path: Path) -> None:
    registry = runs(path, {"run_id": "r1"})
    log(registry, Change("artifacts", ("a:v1",), {"notes": "x"}, new=True, time=time.time()))
    registry.sync()
    assert "there is no table 'artifacts'" in only(registry, "conflict").message


def test_a_value_that_no_cell_holds_waits_with_the_reason(registry: Registry) -> None:
    log(registry, run("r1", notes="x" * 40_000))
    registry.sync()
    problem = only(registry, "waiting")
    assert "such as notes of r1" in problem.message
    assert "32,767 characters" in problem.hint


def test_changes_without_room_wait_with_the_reason(path: Path) -> None:
    registry = runs(path, {"run_id": "r1"}, columns=("run_id", "name"))
    workbook = openpyxl.load_workbook(path)
    workbook["Runs"]["C2"] = "in the way"
    workbook.save(path)
    log(registry, Change("runs", ("r1",), {"tags.team": "risk"}, time=time.time()))
    registry.sync()
    problem = only(registry, "waiting")
    assert problem.sheet == "Runs"
    assert "beside the table" in problem.hint


def test_a_stale_save_is_told_until_the_sync_that_heals_it(registry: Registry) -> None:
    person = Person(registry.path)
    person.opens()
    log(registry, run("r1"))
    registry.sync()
    person.saves()
    assert "lacks 1 change sets" in only(registry, "stale-workbook").message
    registry.sync()
    assert not found(registry, "stale-workbook")


def test_an_altered_change_set_is_found(registry: Registry) -> None:
    log(registry, run("r1"))
    registry.sync()
    (file,) = registry.folders.changes.glob("*.json")
    file.write_bytes(file.read_bytes().replace(b'"r1"', b'"r2"'))
    problem = only(registry, "damaged-history")
    assert problem.severity == "error"
    assert file.stem in problem.message


def test_a_run_whose_process_is_gone_is_told(registry: Registry) -> None:
    log(registry, run("r1", status="RUNNING"))
    registry.sync()
    problem = only(registry, "dead-run")
    assert problem.message == "Run r1 is RUNNING, but no process logs to it."
    assert problem.cell == registry.rows("runs").address(0, "status")
    writer = PendingWriter(registry.folders.pending, run_id="r1", who="script")
    assert not found(registry, "dead-run")
    writer.close()


# -- files --------------------------------------------------------------------------------------------------------


def test_missing_files_and_paths_that_leave_the_folder_are_errors(path: Path) -> None:
    (path.parent / "there.txt").write_text("x")
    (path.parent / "link").symlink_to("/etc")
    (path.parent / "loop").symlink_to("loop")
    paths = ["there.txt", "gone.txt", "../outside.txt", "/etc/hostname", "link/hostname", "s3://bucket/a", None, "loop"]
    rows = [(f"a{n}:v1", path, "stored") for n, path in enumerate(paths)] + [("b:v1", "gone too", "deleted")]
    registry = runs(path, {"run_id": "r1"}, artifacts=(("artifact", "path", "status"), rows))
    assert [problem.cell for problem in found(registry, "missing-file")] == ["B3"]
    assert [problem.cell for problem in found(registry, "path-outside")] == ["B4", "B5", "B6"]


def test_copies_that_a_cloud_drive_made_are_found(registry: Registry) -> None:
    log(registry, run("r1"))
    registry.sync()
    content = registry.path.read_bytes()
    copies = [
        "registry (1).xlsx", "registry-LAPTOP-7.xlsx", "registry (ds1's conflicted copy 2026-11-24).xlsx",
        "registry.sync-conflict-20261124-071200-ABCDEFG.xlsx",
    ]  # fmt: skip
    others = ["registry2.xlsx", "registry-old.xlsx", "registry backup.xlsx", "other (1).xlsx"]
    for name in (*copies, *others):
        (registry.path.parent / name).write_bytes(content)
    (registry.path.parent / "registry-PLAN.xlsx").write_text("no workbook")
    problems = found(registry, "conflict-copy")
    assert sorted(problem.message.partition(" is a copy")[0] for problem in problems) == sorted(copies)


def test_files_are_read_again_only_when_asked(registry: Registry, tmp_path: Path) -> None:
    source = tmp_path / "model.bin"
    source.write_bytes(b"a model")
    with tracker.start_run(registry.path, experiment="e") as logged:
        logged.log_artifact(source, name="model")
    registry.sync()
    assert registry.check(files=True) == []
    (stored,) = (path for path in registry.folders.artifacts.rglob("model.bin") if path.is_file())
    stored.chmod(0o644)
    stored.write_bytes(b"A model")
    assert registry.check() == []
    assert [problem.code for problem in registry.check(files=True)] == ["artifact-altered"]


def test_what_was_left_over_is_told(registry: Registry) -> None:
    log(registry, run("r1"))
    registry.sync()
    orphan = registry.path.with_name(f".{registry.path.name}.syncing-1-ab")
    orphan.write_bytes(b"half")
    steps = registry.folders.metrics("gone")
    steps.parent.mkdir(parents=True)
    steps.write_text("x")
    assert "runs that have no row: gone." in only(registry, "left-over").message
    os.utime(orphan, (1, 1))
    assert any(orphan.name in problem.message for problem in found(registry, "left-over"))
    registry.sync()
    assert not orphan.exists()


def test_a_workbook_that_lost_its_side_folder_is_told_where_it_is(registry: Registry) -> None:
    log(registry, run("r1"))
    registry.sync()
    registry.folders.side.rename(registry.path.with_name("other.tracker"))
    problem = only(registry, "lost-history")
    assert problem.hint == "Rename other.tracker to registry.tracker: it has this workbook's history."
