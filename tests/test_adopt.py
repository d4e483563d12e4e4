"""A workbook that people made becomes a registry in place: guessed, shown, and nothing else in it changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from compare import parts
from faults import faults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libreoffice import Office
from openpyxl import Workbook, load_workbook
from team_sheets import SHEETS, TeamSheet, build

import tracker
from tracker.adopting.carry_out import plan_adoption_of
from tracker.adopting.guess import guess_column, numeric
from tracker.adopting.regions import find_regions
from tracker.errors import BadRequestError, WorkbookOpenElsewhereError
from tracker.workbook import read_tables
from tracker.written import written_date


@pytest.fixture(params=SHEETS, ids=lambda sheet: sheet.name)
def team(request: pytest.FixtureRequest) -> TeamSheet:
    return request.param


def what(path: Path) -> dict[str, tuple[str, bool]]:
    """What each column is taken for, and whether that is sure."""
    plan = plan_adoption_of(path)
    return {m.header: (m.target or m.guess.role, m.guess.is_sure) for m in plan.columns}


# -- what is guessed ----------------------------------------------------------------------------------------------


def test_most_columns_are_what_a_person_would_say_and_the_others_are_unsure(team: TeamSheet, tmp_path: Path) -> None:
    found = what(build(team, tmp_path / "team.xlsx"))
    assert found.keys() == team.meant.keys()
    wrong = {header for header, meant in team.meant.items() if found[header][0] != meant}
    assert len(wrong) <= 0.2 * len(found), {header: (found[header][0], team.meant[header]) for header in wrong}
    silent = {header for header in wrong if found[header][1]}
    assert not silent, {header: (found[header][0], team.meant[header]) for header in silent}


def test_every_row_becomes_a_run_where_it_stands_if_that_is_possible(team: TeamSheet, tmp_path: Path) -> None:
    plan = plan_adoption_of(build(team, tmp_path / "team.xlsx"))
    assert (len(plan.rows), plan.mode) == (team.runs, team.mode), plan.why


def test_a_guess_can_be_changed(tmp_path: Path) -> None:
    path = build(SHEETS[0], tmp_path / "team.xlsx")
    registry = tracker.adopt(path, columns={"Model": "name", "Accuracy": "own", "Runtime [min]": "metrics.minutes"})
    frame = registry.runs()
    assert list(frame["name"][:2]) == ["gbm", "mlp"]
    assert frame["metrics.minutes"][0] == 12.5
    assert "metrics.accuracy" not in frame and frame["Accuracy"][0] == "81.5 %"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"Nobody": "own"}, "no column 'Nobody'"),
        ({"Model": "colour"}, "'colour' is no column"),
        ({"Model": "metrics.val_auc"}, "cannot both be metrics.val_auc"),
    ],
)
def test_what_was_said_must_fit(tmp_path: Path, columns: dict[str, str], message: str) -> None:
    path = build(SHEETS[0], tmp_path / "team.xlsx")
    before = path.read_bytes()
    with pytest.raises(BadRequestError, match=message):
        tracker.adopt(path, columns=columns)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("87.3 %", 0.873),
        ("0,93", 0.93),
        ("~12", 12.0),
        ("1 234,5", 1234.5),
        ("ok", None),
        ("v1.2.3", None),
        (True, None),
    ],
)
def test_numbers_as_people_write_them(text: object, number: float | None) -> None:
    assert numeric(text) == number


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("12.03.2025", "2025-03-12"),
        ("12.03.25 14:30", "2025-03-12 14:30"),
        ("3 Mar 2025", "2025-03-03"),
        ("March 3, 2025", "2025-03-03"),
        ("25/4/2025", "2025-04-25"),
        ("4/25/2025", "2025-04-25"),
        ("2025/04/25", "2025-04-25"),
        ("3/4/2025", None),
        ("31.02.2025", None),
        ("1.2.3", None),
        ("0.93", None),
    ],
)
def test_dates_as_people_write_them(text: str, iso: str | None) -> None:
    found = written_date(text)
    assert (found and f"{found:%Y-%m-%d %H:%M}".removesuffix(" 00:00")) == iso


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a busy machine
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text(max_size=8), st.floats(allow_nan=False), st.booleans()), max_size=6),
        max_size=12,
    )
)
def test_whatever_stands_on_a_sheet_lists_never_overlap_and_columns_get_a_guess(grid: list[list[object]]) -> None:
    cells = {
        number: filled
        for number, row in enumerate(grid, 1)
        if (filled := {column: value for column, value in enumerate(row, 1) if value is not None})
    }
    taken: set[tuple[int, int]] = set()
    for region in find_regions(cells):
        area = {(row, column) for row in range(region.header_row, region.last_row + 1) for column in region.columns}
        assert not area & taken
        taken |= area
        for column in region.columns:
            values = [cells[row][column] for row in cells if row > region.header_row and column in cells[row]]
            assert 0 < guess_column(str(cells[region.header_row].get(column, "")), values).sure <= 1


# -- what is done -------------------------------------------------------------------------------------------------


def test_runs_are_read_logged_and_found_without_a_problem(team: TeamSheet, tmp_path: Path) -> None:
    path = build(team, tmp_path / "team.xlsx")
    registry = tracker.adopt(path, who="anna")
    assert [problem for problem in registry.check() if problem.code != "stored-as-text"] == []
    frame = registry.runs()
    assert len(frame) == team.runs and frame["run_id"].is_unique
    metrics = [meant for meant in team.meant.values() if meant.startswith("metrics.") and meant in frame]
    assert metrics and all(frame[name].notna().all() for name in metrics)
    if "start_time" in team.meant.values():
        assert frame["start_time"].notna().all()
    with tracker.start_run(path, experiment="new", name="after") as run:
        run.log_param("fresh_param", 1)
        run.log_metric(metrics[0].removeprefix("metrics."), 0.5)
        run.log_metric("fresh_metric", 0.25)
    with tracker.start_run(path, name="one more"):
        pass
    frame = registry.runs()
    assert len(frame) == team.runs + 2
    last = frame.set_index("name").loc["after"]
    assert (last[metrics[0]], last["metrics.fresh_metric"], last["params.fresh_param"]) == (0.5, 0.25, 1)
    assert [problem for problem in registry.check() if problem.code != "stored-as-text"] == []


@pytest.mark.parametrize("beside", ["", "Done?"], ids=["in place", "copied"])
def test_headers_with_blanks_and_breaks_nobody_sees_stay_what_they_are_taken_for(tmp_path: Path, beside: str) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["Who ", "Depth", " AUC\n(val)", "AUC test ", None, beside or None])
    for depth in range(3, 8):
        sheet.append(["ann", depth, 0.7 + depth / 100, 0.6 + depth / 100, None, "yes" if beside else None])
    book.save(path := tmp_path / "team.xlsx")
    registry = tracker.adopt(path, columns={"AUC test": "metrics.auc_test"})
    runs = registry.runs("metrics.auc_test > 0.65 and owner = 'ann'")
    assert runs["params.depth"].tolist() == [6, 7] and runs["metrics.auc"].tolist() == pytest.approx([0.76, 0.77])
    with tracker.start_run(path) as run:
        run.log_metrics({"auc_test": 0.5})
    assert registry.check() == []
    assert sum(header.strip() == "AUC test" for header in read_tables(path)["runs"].columns) == 1
    assert registry.runs("metrics.auc_test = 0.5")["run_id"].tolist() == [run.run_id]


@pytest.mark.parametrize(("header", "becomes"), [("z" * 300, "z" * 255), ("#N/A", "Column3"), ("a\ttab", "a\ttab")])
def test_a_header_that_no_table_can_have_becomes_what_excel_makes_of_it(
    tmp_path: Path, header: str, becomes: str
) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["name", "auc", header, "lr"])
    for number in range(5):
        sheet.append([f"r{number}", 0.5 + number / 10, number, 0.1])
    book.save(path := tmp_path / "team.xlsx")
    assert plan_adoption_of(path).columns[2].header == becomes
    tracker.adopt(path)
    names = [column.name for column in load_workbook(path).worksheets[0].tables["runs"].tableColumns]
    assert names[2] == becomes and faults(path) == []


def test_everything_else_stays_as_it_was(team: TeamSheet, tmp_path: Path) -> None:
    path = build(team, tmp_path / "team.xlsx")
    before, cells = parts(path), load_workbook(path)
    tracker.adopt(path)
    after = parts(path)
    grown = {"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"}
    touched = grown | ({"xl/worksheets/sheet1.xml", "xl/tables/table1.xml"} if team.mode != "copied" else set())
    assert {name for name, content in before.items() if after.get(name) != content} <= touched
    now = load_workbook(path)
    for row in cells["Experiments"].iter_rows():
        for cell in row:
            same = now["Experiments"][cell.coordinate]
            header = cell.value is None or str(cell.value) in ("mean", "std")
            assert same.value == cell.value or header, cell.coordinate
            assert repr(same.fill) == repr(cell.fill) and same.number_format == cell.number_format


def test_it_opens_in_libreoffice_with_the_same_values(team: TeamSheet, tmp_path: Path, libreoffice: Office) -> None:
    path = build(team, tmp_path / "team.xlsx")
    copy = shutil.copy(path, tmp_path / "before.xlsx")
    tracker.adopt(path)
    with tracker.start_run(path, name="after") as run:
        run.log_metric("fresh", 1.0)
    old = libreoffice.sheet_values(Path(copy))["Experiments"]
    new = libreoffice.sheet_values(path)["Experiments"]
    moved = len(old) if team.name == "titled" else 0  # its averages moved down by one row
    for number, row in enumerate(old):
        if number + 1 == moved:
            continue
        for place, value in enumerate(row):
            header = number == 1 and team.name == "grouped"
            assert new[number][place] == value or header, (number, place)


def test_the_same_rows_get_the_same_ids_again(team: TeamSheet, tmp_path: Path) -> None:
    one, two = build(team, tmp_path / "one.xlsx"), build(team, tmp_path / "two.xlsx")
    assert list(tracker.adopt(one).runs()["run_id"]) == list(tracker.adopt(two).runs()["run_id"])


def test_the_totals_row_stays_below_and_counts_new_runs(tmp_path: Path, libreoffice: Office) -> None:
    path = build(SHEETS[0], tmp_path / "team.xlsx")
    tracker.adopt(path)
    with tracker.start_run(path, name="after") as run:
        run.log_metric("val_auc", 5.0)
    grid = libreoffice.sheet_values(path, recalculate=True)["Experiments"]
    totals = next(row for row in grid if row and row[0] == "Average")
    expected = (sum(0.8 + 0.0113 * n for n in range(14)) + 5.0) / 15
    assert float(totals[6]) == pytest.approx(expected)


def test_the_workbook_as_it_was_is_kept(team: TeamSheet, tmp_path: Path) -> None:
    path = build(team, tmp_path / "team.xlsx")
    before = path.read_bytes()
    registry = tracker.adopt(path)
    assert [version.read_bytes() for version in registry.folders.versions.glob("*.xlsx")] == [before]


def test_a_csv_becomes_a_workbook_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("name;lr;accuracy;date\nfirst;0,1;81 %;2025-01-02\nsecond;0,2;83 %;2025-01-03\n", encoding="utf-8")
    before = path.read_bytes()
    registry = tracker.adopt(path)
    assert registry.path == tmp_path / "log.xlsx" and path.read_bytes() == before
    frame = registry.runs()
    assert list(frame["name"]) == ["first", "second"] and list(frame["metrics.accuracy"]) == [0.81, 0.83]
    assert [problem for problem in registry.check() if problem.code != "stored-as-text"] == []


def test_a_workbook_without_runs_gets_empty_sheets(tmp_path: Path) -> None:
    path = tmp_path / "empty.xlsx"
    Workbook().save(path)
    registry = tracker.adopt(path)
    with tracker.start_run(path, name="first") as run:
        run.log_metric("auc", 0.5)
    assert list(registry.runs()["name"]) == ["first"] and registry.check() == []


def test_what_cannot_be_adopted_is_refused_and_unchanged(tmp_path: Path) -> None:
    path = build(SHEETS[0], tmp_path / "team.xlsx")
    lock = tmp_path / "~$team.xlsx"
    lock.write_bytes(b"\x04anna".ljust(165, b"\0"))
    before = path.read_bytes()
    with pytest.raises(WorkbookOpenElsewhereError):
        tracker.adopt(path)
    lock.unlink()
    assert path.read_bytes() == before
    tracker.adopt(path)
    with pytest.raises(BadRequestError, match="is a registry already"):
        tracker.adopt(path)
