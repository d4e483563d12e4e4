"""A patch changes what it must and nothing else: proven byte by byte, and by what LibreOffice computes.

Every feature-rich workbook of the zoo gets a run appended, a run updated, a column added, and a stamp. Then every part
that had no reason to change lies in the file as it lay before, every other row is the same bytes, and each difference
in a part that had to change is one of a few that are allowed by name.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from compare import (
    Difference,
    assert_only_parts_changed,
    assert_untouched_rows_equal,
    changed_parts,
    grids_differ,
    outside_rows,
    parts,
    xml_differences,
)
from faults import faults
from libreoffice import Office, OfficeError
from package import Package, TableInfo
from zoo import grafts, with_xlsxwriter

from tracker.errors import TrackerError
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
    runs.append([{name: NEW[name] for name in runs.columns if name in NEW}])


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
        above = Package(rich_workbook).cells(runs.sheet.part).get((new_row - 1, cell.column))
        assert cell.style == (above.style if above else 0)


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


def test_nothing_else_changes_where_nothing_refers_to_the_table(tmp_path: Path) -> None:
    path = tmp_path / "beside.xlsx"
    with_xlsxwriter.beside(path)
    runs = Package(path).tables["runs"]
    assert changed_parts(path, patch(path, append_run)) == {runs.sheet.part, runs.part}
    assert changed_parts(path, patch(path, update_run)) == {runs.sheet.part}
    assert changed_parts(path, patch(path, add_column)) == {runs.sheet.part, runs.part}


def test_what_ended_with_the_table_grows_with_it(tmp_path: Path) -> None:
    """Validation, formats (x14 too), ignored errors, sparkline, names, print area, and three charts."""
    path = tmp_path / "bound.xlsx"
    with_xlsxwriter.bound(path)
    after = patch(path, append_run)
    old, new, runs = parts(path), parts(after), Package(path).tables["runs"]
    last = runs.last_data_row
    for part, references in {
        runs.sheet.part: {"sqref", "f", "conditionalFormatting@sqref", "dataValidation@sqref", "ignoredError@sqref"},
        "xl/workbook.xml": {"definedName"},
    }.items():
        grown = [item for item in xml_differences(outside_rows(old[part]), outside_rows(new[part])) if item.before]
        assert references <= {item.where.rpartition("/")[2] for item in grown}
    # Wherever the old parts name a range down to the table's last row, the new ones name one row more.
    for name in [runs.sheet.part, "xl/workbook.xml", *(name for name in old if "/charts/" in name)]:
        assert not re.findall(rb"[A-Z$]%d\b(?=[<\" ])" % last, outside_rows(new[name])), name


def test_only_results_that_are_no_longer_true_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "bound.xlsx"
    with_xlsxwriter.bound(path)
    summary = next(sheet.part for sheet in Package(path).sheets if sheet.name == "Summary")
    after = Package(patch(path, append_run))
    kept = {
        place for place, cell in after.cells(summary).items() if cell.formula is not None and cell.value is not None
    }
    assert kept == {(8, 2), (8, 3), (4, 2)}  # =40+2, what sees it, and a sum of cells above the new row
    assert b'fullCalcOnLoad="1"' in after.parts["xl/workbook.xml"]
    # The update changes notes and a loss: what counts runs and statuses, or looks at scores, is still true.
    after = Package(patch(path, update_run))
    lost = {place for place, cell in after.cells(summary).items() if cell.formula is not None and cell.value is None}
    assert {(3, 2), (4, 2), (6, 2), (3, 3)} <= lost
    assert not lost & {(8, 2), (8, 3)}
    plans = next(sheet.part for sheet in after.sheets if sheet.name == "Plans")
    assert after.parts[plans] == parts(path)[plans]


def test_libreoffice_opens_the_result_and_computes_the_same(rich_workbook: Path, libreoffice: Office) -> None:
    """It shows the new values, and no result that it would compute otherwise."""
    after = patch(rich_workbook, everything)
    assert_libreoffice_shows_the_run(after, rich_workbook, libreoffice)


def test_what_libreoffice_saved_is_patched_as_well(resaved_workbook: Path, libreoffice: Office) -> None:
    runs = Package(resaved_workbook).tables["runs"]
    after = patch(resaved_workbook, append_run)
    new_row = runs.last_data_row + 1
    assert_changes_are_explained(resaved_workbook, after, runs, {new_row, new_row + runs.totals_rows})
    assert_libreoffice_shows_the_run(patch(resaved_workbook, everything), resaved_workbook, libreoffice)


@pytest.mark.slow
def test_every_workbook_from_the_wild_can_hold_a_registry(wild_workbook: Path, libreoffice: Office) -> None:
    """The tables grafted into each; what Tracker refuses to patch, it refuses with a clear error."""
    path = wild_workbook.with_name(f"registry{wild_workbook.suffix}")
    try:
        grafts.graft(wild_workbook, path)
    except (zipfile.BadZipFile, StopIteration, KeyError):
        pytest.skip("no registry can be put into it")
    try:
        after = patch(path, update_run)
    except TrackerError as error:
        assert "othing was" in str(error)
        return
    assert_changes_are_explained(path, after, Package(path).tables["runs"], {3})
    try:
        libreoffice.sheet_values(path)
    except OfficeError:
        return  # such as the one with backslashes in its zip, which it cannot open as it is
    assert_libreoffice_shows_the_run(patch(path, everything), path, libreoffice)


def assert_libreoffice_shows_the_run(after: Path, before: Path, office: Office) -> None:
    assert [fault for fault in faults(after) if fault not in faults(before)] == []
    shown, computed = office.saved_and_computed(after)
    stale = set(grids_differ(shown, computed))
    if stale:  # what rolls dice, or what this LibreOffice computes otherwise than Excel, differed before
        stale -= set(grids_differ(*office.saved_and_computed(before)))
    dice = {sheet.name for sheet in Package(before).sheets if b"RAND" in parts(before)[sheet.part]}
    assert {cell for cell in stale if cell.partition("!")[0] not in dice} == set()
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
    sheets = {sheet.part for sheet in package.sheets}
    for name in changed:
        if name in sheets:
            own = touched if name == table.sheet.part else set()
            assert_untouched_rows_equal(old[name], new[name], own | rows_that_lost_results(package, result, name, own))
            differences = xml_differences(outside_rows(old[name]), outside_rows(new[name]))
            assert_allowed(differences, CHANGES_OF_THE_SHEET if own else "", table)
        elif name == table.part:
            assert_allowed(xml_differences(old[name], new[name]), CHANGES_OF_THE_TABLE, table)
        elif name == package.workbook:
            assert_allowed(xml_differences(old[name], new[name]), CHANGES_OF_THE_WORKBOOK, table)
        elif "/charts/" in name:
            assert_allowed(xml_differences(old[name], new[name]), "", table)
        else:
            # The calculation chain goes when formulas move, and then the two lists that name it.
            gone = {"xl/calcChain.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels"}
            assert name in gone and "xl/calcChain.xml" in changed and table.totals_rows, name


CHANGES_OF_THE_SHEET = "worksheet/dimension@ref|worksheet/cols(/col)?"
CHANGES_OF_THE_TABLE = "table(/autoFilter|/sortState)?@ref|table/tableColumns@count|table/tableColumns/tableColumn"
CHANGES_OF_THE_WORKBOOK = "workbook/calcPr(@fullCalcOnLoad)?"
REFERENCES = r".*(/(f|formula|formula1|formula2|sqref|definedName)|@sqref)"


def assert_allowed(differences: list[Difference], allowed: str, table: TableInfo) -> None:
    """Every difference is allowed, or is a reference that ended in the table's last row and now ends one row below."""
    last = table.last_data_row
    for difference in differences:
        if not re.fullmatch(allowed, difference.where):
            assert re.fullmatch(REFERENCES, difference.where), difference
            grown = re.sub(rf"(?<=[A-Z$]){last}(?!\d)", str(last + 1), difference.before or "")
            assert difference.after == grown, difference


def rows_that_lost_results(before: Package, after: Package, part: str, touched: set[int]) -> set[int]:
    """The other rows in which formulas lost their saved results, and in which that is all that changed."""
    old, new = before.cells(part), after.cells(part)
    rows = {
        place[0]
        for place, cell in old.items()
        if place[0] not in touched and cell.formula is not None and cell.value is not None and new[place].value is None
    }
    for place, cell in old.items():
        if place[0] in rows:
            now = new[place]
            has_lost = cell.formula is not None and now.value is None
            assert now == (replace(cell, value=None, type="n") if has_lost else cell)
    return rows
