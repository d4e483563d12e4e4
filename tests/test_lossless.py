"""A patch changes what it must and nothing else: proven on real workbooks, byte by byte, and by what LibreOffice computes.

Every feature-rich workbook of the zoo gets a run appended, a run updated, a column added, and a stamp. Then every part
that had no reason to change lies in the file as it lay before, every other row is the same bytes, and each difference in
a part that had to change is one of a few that are allowed by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from compare import (
    assert_only_parts_changed,
    assert_untouched_rows_equal,
    changed_parts,
    grids_differ,
    outside_rows,
    parts,
    xml_differences,
)
from faults import faults
from libreoffice import Office
from package import Package, TableInfo

from tracker.workbook import Workbook, open_workbook, read_stamp, read_tables

NEW = {
    "run_id": "new-run",
    "name": "=1+1",
    "status": "FINISHED",
    "metrics.loss": 0.125,
    "metrics.auc": 0.75,
    "notes": "a\nb",
}
STAMP_PARTS = {"docProps/custom.xml", "[Content_Types].xml", "_rels/.rels"}

Change = Callable[[Workbook], None]


def patch(source: Path, change: Change) -> Path:
    """The workbook with a change, beside the original."""
    target = source.with_name(f"after{source.suffix}")
    with open_workbook(source) as book, open(target, "wb") as file:
        change(book)
        book.save(file)
    return target


def append_run(book: Workbook) -> None:
    runs = book.table("runs")
    assert runs is not None
    runs.append([{at: NEW[name] for at, name in enumerate(runs.columns) if name in NEW}])


def update_run(book: Workbook) -> None:
    runs = book.table("runs")
    assert runs is not None
    row = next(iter(runs.rows())).number + 1
    runs.set(row, {runs.columns.index("notes"): "other words", runs.columns.index("metrics.loss"): 0.0625})


def add_column(book: Workbook) -> None:
    runs = book.table("runs")
    assert runs is not None
    runs.add_columns(["metrics.f1"], [12])


def set_stamp(book: Workbook) -> None:
    book.stamp = "000007-0a1b2c3d"


def everything(book: Workbook) -> None:
    add_column(book)
    append_run(book)
    update_run(book)
    set_stamp(book)


# The rich workbooks


def test_an_append_touches_only_what_it_must(rich_workbook: Path) -> None:
    runs = Package(rich_workbook).tables["runs"]
    after = patch(rich_workbook, append_run)
    new_row = runs.last_data_row + 1
    assert_changes_are_explained(rich_workbook, after, runs, {new_row, new_row + runs.totals_rows})
    grown = Package(after).tables["runs"]
    assert grown.area == (*runs.area[:2], runs.area[2] + 1, runs.area[3])
    cells = Package(after).cells(runs.sheet.part)
    for name, value in NEW.items():
        cell = cells[new_row, runs.area[1] + runs.columns.index(name)]
        assert cell.formula is None
        assert cell.value == (value if isinstance(value, str) else repr(value))
        assert cell.style == Package(rich_workbook).cells(runs.sheet.part)[new_row - 1, cell.column].style


def test_an_update_touches_only_what_it_must(rich_workbook: Path) -> None:
    runs = Package(rich_workbook).tables["runs"]
    after = patch(rich_workbook, update_run)
    assert_changes_are_explained(rich_workbook, after, runs, {runs.first_data_row + 1})
    assert runs.part not in changed_parts(rich_workbook, after)


def test_a_new_column_touches_only_what_it_must(rich_workbook: Path) -> None:
    runs = Package(rich_workbook).tables["runs"]
    after = patch(rich_workbook, add_column)
    assert_changes_are_explained(rich_workbook, after, runs, {runs.area[0]})
    assert Package(after).tables["runs"].columns == (*runs.columns, "metrics.f1")


def test_a_stamp_touches_no_sheet(rich_workbook: Path) -> None:
    assert read_stamp(rich_workbook) is None
    after = patch(rich_workbook, set_stamp)
    assert_only_parts_changed(rich_workbook, after, STAMP_PARTS)
    assert read_stamp(after) == "000007-0a1b2c3d"
    assert faults(after) == faults(rich_workbook)


def test_libreoffice_opens_the_result_and_computes_the_same(rich_workbook: Path, libreoffice: Office) -> None:
    assert_libreoffice_agrees(rich_workbook, libreoffice)


def test_what_libreoffice_saved_is_patched_as_well(resaved_workbook: Path, libreoffice: Office) -> None:
    runs = Package(resaved_workbook).tables["runs"]
    after = patch(resaved_workbook, append_run)
    new_row = runs.last_data_row + 1
    assert_changes_are_explained(resaved_workbook, after, runs, {new_row, new_row + runs.totals_rows})
    assert_libreoffice_agrees(resaved_workbook, libreoffice)


def assert_libreoffice_agrees(before: Path, office: Office) -> None:
    """After all kinds of changes, LibreOffice shows the new values, and results as if it had computed all anew."""
    after = patch(before, everything)
    assert [fault for fault in faults(after) if fault not in faults(before)] == []
    shown = office.sheet_values(after)
    # Where the saved results were those of this LibreOffice, none may be stale now.
    was_true = not grids_differ(office.sheet_values(before), office.sheet_values(before, recalculate=True))
    if was_true:
        assert grids_differ(shown, office.sheet_values(after, recalculate=True)) == []
    runs = Package(after).tables["runs"]
    row = shown[runs.sheet.name][runs.last_data_row - 1]
    for name, value in NEW.items():
        assert row[runs.area[1] + runs.columns.index(name) - 1] == value
    read = read_tables(after)["runs"]
    assert dict(zip(read.columns, read.rows[-1], strict=True)).items() >= NEW.items()
    assert read_stamp(after) == "000007-0a1b2c3d"


def assert_changes_are_explained(before: Path, after: Path, table: TableInfo, touched: set[int]) -> None:
    """Untouched parts and rows are equal to the byte, and what changed in the others is allowed by name."""
    assert [fault for fault in faults(after) if fault not in faults(before)] == []
    changed = changed_parts(before, after)
    assert_only_parts_changed(before, after, changed)
    old, new = parts(before), parts(after)
    package, result = Package(before), Package(after)
    for name in changed:
        if name == table.part:
            assert_all_allowed(name, xml_differences(old[name], new[name]), TABLE_CHANGES, table)
        elif name == table.sheet.part:
            assert_untouched_rows_equal(old[name], new[name], touched | rows_that_lost_results(package, result, name))
            assert_all_allowed(
                name, xml_differences(outside_rows(old[name]), outside_rows(new[name])), SHEET_CHANGES, table
            )
        elif name in {sheet.part for sheet in package.sheets}:
            assert_untouched_rows_equal(old[name], new[name], rows_that_lost_results(package, result, name))
            assert_all_allowed(
                name, xml_differences(outside_rows(old[name]), outside_rows(new[name])), REFERENCES, table
            )
        elif name == package.workbook:
            assert_all_allowed(name, xml_differences(old[name], new[name]), WORKBOOK_CHANGES, table)
        elif "/charts/" in name:
            assert_all_allowed(name, xml_differences(old[name], new[name]), REFERENCES, table)
        else:
            assert table.totals_rows and name in {
                "xl/calcChain.xml",
                "[Content_Types].xml",
                "xl/_rels/workbook.xml.rels",
            }, name


REFERENCES = (r"(^|/)(f|formula|formula1|formula2|sqref|definedName)(@\w+)?: '(.*)' -> '(.*)'",)
TABLE_CHANGES = (
    r"table(/autoFilter|/sortState)?@ref: .*",
    r"table/tableColumns@count: .*",
    r"table/tableColumns/tableColumn: is new",
)
SHEET_CHANGES = (
    *REFERENCES,
    r"worksheet/dimension@ref: .*",
    r"worksheet/(conditionalFormatting|\w+/dataValidation|\w+/ignoredError|\w+/protectedRange)@sqref: '(.*)' -> '(.*)'",
    r"worksheet/cols/col: is new",
    r"worksheet/cols: is new",
)
WORKBOOK_CHANGES = (*REFERENCES, r"workbook/calcPr@fullCalcOnLoad: None -> '1'", r"workbook/calcPr: is new")


def assert_all_allowed(part: str, differences: list[str], allowed: tuple[str, ...], table: TableInfo) -> None:
    """Every difference has an allowed form; where ranges grew, they differ in the table's last row and nothing else."""
    last = table.last_data_row
    for difference in differences:
        found = next((match for form in allowed if (match := re.search(form, difference))), None)
        assert found, f"{part}: {difference}"
        if found.lastindex and found.lastindex >= 2:
            was, now = found[found.lastindex - 1], found[found.lastindex]
            assert re.sub(rf"(?<=[A-Z$]){last}(?!\d)", str(last + 1), was) == now, f"{part}: {difference}"


def rows_that_lost_results(before: Package, after: Package, part: str) -> set[int]:
    """Rows in which formulas lost their saved results, and in which that is all that changed."""
    old, new = before.cells(part), after.cells(part)
    rows = set()
    for place, cell in old.items():
        now = new.get(place)
        if cell.formula is not None and now is not None and cell.value is not None and now.value is None:
            assert (now.formula, now.formula_type, now.style) == (cell.formula, cell.formula_type, cell.style)
            rows.add(place[0])
    others = {place: cell for place, cell in old.items() if place[0] in rows and cell.formula is None}
    assert all(new.get(place) == cell for place, cell in others.items())
    return rows
