"""What check --fix puts right: shown first, a person's decision, undone like any other; and what it leaves alone."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from person import Person
from script import Script
from zoo import with_openpyxl

from tracker.cli.commands import main
from tracker.conversions import may_have_become
from tracker.deciding.repair import Repairs, repair, repairing
from tracker.deciding.undo import undo
from tracker.errors import ValueChangedError
from tracker.matching import as_date
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.schema import MODELS, RUNS
from tracker.values import from_cell, key_text, same
from tracker.workbook import read_tables

DECLARED = tuple(column.name for column in RUNS.columns)
PEOPLE = (("person", "role"), [("ann", "manager"), ("bob", "contributor"), ("eve", "viewer")])


def runs(path: Path, *rows: dict[str, Any], columns: Sequence[str] = DECLARED, **tables: Any) -> Registry:
    """A registry whose runs table has these rows, and other tables."""
    names = [*columns, *dict.fromkeys(name for row in rows for name in row if name not in columns)]
    with_openpyxl.simple(path, {"runs": (names, [[row.get(name) for name in names] for row in rows]), **tables})
    return Registry(path)


def cell(registry: Registry, key: str, column: str, table: str = "runs") -> Any:
    """What the workbook itself holds."""
    rows = read_tables(registry.path, {table})[table]
    row = next(row for row in rows.rows if key_text(row[0]) == key)
    return row[rows.columns.index(column)]


def told(plan: Repairs) -> list[str]:
    return [repair.what for repair in plan.repairs]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.xlsx"


@pytest.fixture
def script(registry_path: Path) -> Script:
    return Script(registry_path)


# -- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "before", "after"),
    [
        ("metrics.auc", "0.5", 0.5),
        ("metrics.auc", " 87.3 % ", 0.873),
        ("metrics.auc", "0,25", 0.25),
        ("duration", "12", 12),
        ("start_time", "2026-11-01 12:30", datetime(2026, 11, 1, 12, 30)),
        ("start_time", "3 Mar 2026", datetime(2026, 3, 3)),
        ("git_dirty", "true", True),
        ("status", "finished", "FINISHED"),
        ("status", " Failed ", "FAILED"),
    ],
)
def test_a_cell_gets_the_value_that_is_meant(path: Path, column: str, before: Any, after: Any) -> None:
    registry = runs(path, {"run_id": "r1", column: before})
    plan = repairing(registry, "ann")
    (one,) = plan.repairs
    assert one.what.startswith(f"{column} of r1: '{before.strip()}' becomes ") and one.cell.endswith("2")
    assert cell(registry, "r1", column) == before, "a plan changes nothing"
    done = repair(registry, "ann", plan)
    assert done.report.in_workbook
    now = cell(registry, "r1", column)
    assert now == after and isinstance(now, bool) == isinstance(after, bool)
    assert repairing(registry, "ann").is_empty
    (change,) = registry.changes(limit=1)
    (entry,) = [entry for entry in change.entries if not entry.is_judgement]
    assert (change.who, entry.by, entry.why) == ("ann", "person", "repair")
    undo(registry, str(change.number), "ann")
    assert cell(registry, "r1", column) == before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("metrics.auc", "good"),
        ("metrics.auc", "1,500"),
        ("metrics.auc", "NaN"),
        ("metrics.auc", "12345678901234567890"),
        ("params.lr", "0.5"),
        ("name", "5"),
        ("start_time", "3/4/2026"),
        ("start_time", 46327.5),
        ("git_dirty", "yes"),
        ("status", "finishd"),
        ("my own", "0.5"),
        ("notes", datetime(2026, 3, 1)),
    ],
)
def test_what_is_a_matter_of_opinion_is_left(path: Path, column: str, value: Any) -> None:
    registry = runs(path, {"run_id": "r1", column: value})
    assert told(repairing(registry, "ann")) == []


def test_a_date_that_was_text_shows_as_a_date(path: Path) -> None:
    registry = runs(path, {"run_id": "r1", "start_time": "2026-11-01 12:30"})
    repair(registry, "ann")
    sheet = openpyxl.load_workbook(path)["Runs"]
    shown = sheet.cell(2, DECLARED.index("start_time") + 1)
    assert shown.is_date and shown.value == datetime(2026, 11, 1, 12, 30)


def test_formulas_and_rows_that_cannot_be_told_apart_are_left(path: Path) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Runs")
        rows = [("r1", "=B9", "0.5"), ("r2", "0.25", None), ("r2", "0.75", None), (None, "0.1", None)]
        for number, (key, value, result) in enumerate(rows, 1):
            sheet.write(number, 0, key)
            sheet.write(number, 1, value) if result is None else sheet.write_formula(number, 1, value, None, result)
        sheet.add_table(
            0, 0, len(rows), 1, {"name": "runs", "columns": [{"header": "run_id"}, {"header": "metrics.a"}]}
        )
    assert told(repairing(Registry(path), "ann")) == []


texts = st.one_of(
    st.text(max_size=8),
    st.floats(allow_nan=False).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from([" 1,5", "50 %", "NaN", "true", "FALSE ", "finished", "2026-01-02", "1.2.2026", "1e400", "1_000"]),
)
cells = st.one_of(st.none(), texts, st.floats(allow_nan=False, allow_infinity=False), st.booleans())
rows = st.fixed_dictionaries(
    {name: cells for name in ("metrics.a", "git_dirty", "start_time", "status", "params.p", "name", "notes", "mine")}
)


@given(st.lists(rows, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_repair_never_changes_what_a_cell_means_and_needs_no_second_one(messy: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clean = [
            {name: _for_excel(value) for name, value in row.items()} | {"run_id": f"r{n}"}
            for n, row in enumerate(messy)
        ]
        registry = runs(Path(folder) / "registry.xlsx", *clean)
        before = read_tables(registry.path, {"runs"})["runs"]
        plan = repairing(registry, "ann")
        repair(registry, "ann", plan)
        after = read_tables(registry.path, {"runs"})["runs"]
        assert repairing(registry, "ann").is_empty
        changed = {(one.change.key[0], name) for one in plan.repairs for name in one.change.set}
        for old, new in zip(before.rows, after.rows, strict=True):
            for name, was, now in zip(before.columns, old, new, strict=True):
                if (old[0], name) not in changed:
                    assert same(was, now) or name in ("checklist",)
                elif name == "start_time":
                    assert as_date(was) == now
                elif name == "metrics.a":
                    read = from_cell(was.strip(), "number")
                    assert same(read if isinstance(read, (int, float)) else float(was.replace(",", ".")), now)
                elif name == "git_dirty":
                    assert now is (was.strip().casefold() in ("true", "1"))
                else:
                    assert name == "status" and was.strip().upper() == now


def _for_excel(value: Any) -> Any:
    """What openpyxl takes for a cell: no signs that XML cannot carry, no formulas."""
    if not isinstance(value, str):
        return value
    text = "".join(sign for sign in value if sign.isprintable()).lstrip("=")
    return text or None


# -- links, columns, rows -----------------------------------------------------------------------------------------


def test_links_that_differ_in_case_get_the_right_spelling(path: Path) -> None:
    models = [column.name for column in MODELS.columns]
    row = {"model": "m", "version": 1, "artifact": "Churn:V1", "run_id": "R1", "stage": "Candidate"}
    registry = runs(
        path,
        {"run_id": "r1", "parent_run_id": "gone"},
        models=(models, [[row.get(name) for name in models]]),
        artifacts=(("artifact", "run_id"), [("churn:v1", "r1")]),
    )
    repair(registry, "ann")
    assert [cell(registry, "m", name, "models") for name in ("artifact", "run_id", "stage")] == [
        "churn:v1",
        "r1",
        "candidate",
    ]
    assert cell(registry, "r1", "parent_run_id") == "gone"


SETTINGS = (("name", "value", "help"), [("trash.days", 14, None)])


@pytest.mark.parametrize(
    ("header", "column"), [("State", "status"), ("Started by", "owner"), ("Git Commit", "git_commit")]
)
def test_a_renamed_column_gets_its_row_in_the_settings(path: Path, header: str, column: str) -> None:
    columns = [header if name == column else name for name in DECLARED]
    registry = runs(
        path, {"run_id": "r1", header: "FINISHED" if column == "status" else "x"}, columns=columns, settings=SETTINGS
    )
    assert told(repairing(registry, "ann")) == [f"column '{header}' of table 'runs' counts as {column}"]
    repair(registry, "ann")
    assert not [problem for problem in registry.check() if problem.code == "missing-column"]
    assert registry.settings.header("runs", column) == header
    assert registry.run("r1")[column] in ("FINISHED", "x")


def test_a_column_in_the_place_of_another_that_holds_something_else_is_left(path: Path) -> None:
    columns = ["Colour" if name == "status" else name for name in DECLARED]
    registry = runs(path, {"run_id": "r1", "Colour": "blue"}, columns=columns, settings=SETTINGS)
    assert told(repairing(registry, "ann")) == []


def test_what_the_next_sync_does_is_shown_and_done(script: Script) -> None:
    script.run("r1")
    script.sync()
    registry, person = Registry(script.folders.workbook), Person(script.folders.workbook)
    person.opens()
    person.types_below(name="typed below")
    person.saves()
    plan = repairing(registry, "ann")
    assert not plan.repairs and [problem.code for problem in plan.by_sync] == ["rows-below-table"]
    repair(registry, "ann", plan)
    assert repairing(registry, "ann").is_empty
    assert [row["name"] for row in script.rows().values()] == [None, "typed below"]


# -- what the history knows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("params.fold", "3-1", datetime(2026, 3, 1)),
        ("tags.gene", "MAR1", datetime(2026, 3, 1)),
        ("git_commit", "1234e11", 1.234e14),
    ],
)
def test_a_text_of_which_excel_made_something_else_is_put_back(
    script: Script, column: str, text: str, value: Any
) -> None:
    script.log(Change("runs", ("r1",), {column: text}, new=True, time=time.time()))
    script.sync()
    registry, person = Registry(script.folders.workbook), Person(script.folders.workbook)
    person.opens()
    person.writes("r1", column, value)
    person.saves()
    (one,) = repairing(registry, "ann").repairs
    assert one.what.endswith(f"becomes '{text}' again")
    repair(registry, "ann")
    assert script.rows()["r1"][column] == text
    script.log(Change("runs", ("r1",), {column: "4-2"}, {column: text}, time=time.time()))
    assert not script.sync().conflicts, "the script goes on as if nothing had been"


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from("-/."), st.integers(2020, 2030))
def test_two_numbers_may_be_a_day_of_any_year_in_either_order(one: int, two: int, sign: str, year: int) -> None:
    assert may_have_become(f"{one}{sign}{two}", datetime(year, one, two))
    assert may_have_become(f"{one}{sign}{two}", datetime(year, two, one))
    assert not may_have_become(f"{one}{sign}{two}", datetime(year, one, 27 if two != 27 else 28))
    assert not may_have_become("fold 3", datetime(year, one, two))


def running(script: Script, seen: float) -> Registry:
    """A run that is RUNNING although its process is long gone, with its pending file."""
    script.log(Change("runs", ("r1",), {"status": "RUNNING"}, new=True, time=seen))
    script.sync()
    steps = script.folders.metrics("r1")
    steps.parent.mkdir(parents=True, exist_ok=True)
    steps.write_text("")
    os.utime(steps, (seen, seen))
    return Registry(script.folders.workbook)


def test_a_run_that_was_not_heard_of_for_a_day_was_killed_then(script: Script) -> None:
    seen = time.time() - 3 * 86_400
    registry = running(script, seen)
    (one,) = repairing(registry, "ann").repairs
    assert one.code == "dead-run" and "last heard of" in one.what
    repair(registry, "ann")
    row = script.rows()["r1"]
    assert (row["status"], row["end_time"]) == ("KILLED", datetime.fromtimestamp(int(seen), UTC).replace(tzinfo=None))
    script.log(Change("runs", ("r1",), {"status": "FINISHED"}, {"status": "RUNNING"}, time=time.time()))
    assert not script.sync().conflicts and script.rows()["r1"]["status"] == "FINISHED", "it was alive after all"


def test_a_run_that_was_heard_of_today_may_be_alive(script: Script) -> None:
    assert repairing(running(script, time.time() - 3600), "ann").is_empty


# -- who may, and who was faster ----------------------------------------------------------------------------------


def test_each_repair_takes_the_role_of_its_cell(path: Path) -> None:
    columns = ["State" if name == "status" else name for name in DECLARED]
    registry = runs(path, {"run_id": "r1", "metrics.a": "0.5"}, columns=columns, settings=SETTINGS, people=PEOPLE)
    assert [len(repairing(registry, who).repairs) for who in ("ann", "bob", "eve")] == [2, 1, 0]
    assert [one.code for one in repairing(registry, "bob").refused] == ["missing-column"]
    repair(registry, "bob")
    assert cell(registry, "r1", "metrics.a") == 0.5
    assert registry.settings.header("runs", "status") == "status"


def test_what_changed_since_it_was_shown_is_not_touched(path: Path) -> None:
    registry = runs(path, {"run_id": "r1", "metrics.a": "0.5"})
    plan = repairing(registry, "ann")
    book = openpyxl.load_workbook(path)
    book["Runs"].cell(2, len(DECLARED) + 1).value = "0.7"
    book.save(path)
    with pytest.raises(ValueChangedError):
        repair(registry, "ann", plan)
    assert cell(registry, "r1", "metrics.a") == "0.7"


# -- the command line ---------------------------------------------------------------------------------------------


@pytest.fixture
def messy(path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("TRACKER_USER", "ann")
    rows = ({"run_id": "r1", "metrics.a": "0.5", "status": "finished"}, {"run_id": "r2", "status": "finishd"})
    return runs(path, *rows, {"run_id": "r2"})


def invoke(*words: str, answer: str = "") -> Result:
    return CliRunner().invoke(main, words, input=answer)


def test_fix_shows_what_it_will_do_and_asks(messy: Registry) -> None:
    before = messy.path.read_bytes()
    done = invoke("check", str(messy.path), "--fix", answer="n\n")
    assert done.exit_code == 1 and messy.path.read_bytes() == before
    assert "metrics.a of r1: '0.5' becomes 0.5, a number" in done.output
    assert "status of r1: 'finished' becomes 'FINISHED'" in done.output
    assert "Do it? [y/N]" in done.output


def test_fix_says_what_was_done_how_to_take_it_back_and_what_is_left(messy: Registry) -> None:
    done = invoke("check", str(messy.path), "--fix", "--yes")
    assert done.exit_code == 1, "a key that stands twice is left, and an error"
    assert "Done: 2 cells put right." in done.output
    assert f"python -m tracker undo {messy.path} 1" in done.output
    assert "'r2' stands twice" in done.stdout and "becomes" not in done.stdout
    assert cell(messy, "r1", "status") == "FINISHED"


def test_fix_for_scripts(messy: Registry) -> None:
    done = json.loads(invoke("check", str(messy.path), "--fix", "--yes", "--json").stdout)
    assert [one["code"] for one in done["fixed"]] == ["stored-as-text", "wrong-choice"]
    assert {one["code"] for one in done["left"]} >= {"duplicate-key", "wrong-choice"}
    again = json.loads(invoke("check", str(messy.path), "--fix", "--yes", "--json").stdout)
    assert again["fixed"] == [] and again["left"] == done["left"]


def test_fix_where_all_is_well(path: Path) -> None:
    registry = runs(path, {"run_id": "r1", "status": "FINISHED"})
    invoke("sync", str(registry.path))
    done = invoke("check", str(registry.path), "--fix")
    assert done.stderr == "Nothing can be put right without a person's decision.\n" and done.exit_code == 0
