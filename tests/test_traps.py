"""The traps of real workbooks, one by one: each is patched rightly or refused with a clear error; never made worse."""

from __future__ import annotations

import contextlib
import random
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from compare import (
    assert_only_parts_changed,
    assert_untouched_rows_equal,
    calamine_rows,
    changed_parts,
    openpyxl_workbook,
    parts,
)
from faults import faults
from libreoffice import Office
from package import Package
from zoo import TRAPS, Broken, Trap
from zoo.raw import COLUMNS, ROWS, TYPES, registry
from zoo.traps_around_tables import (
    a_row_typed_below,
    a_totals_row_with_cells_beside_and_below,
    an_empty_table_with_a_styled_row,
    escaped_column_names,
)
from zoo.traps_in_sheets import greater_signs_in_attributes
from zoo.zips import write_zip

from tracker.errors import ContentInTheWayError, TrackerError
from tracker.workbook import Workbook, check_registry, open_workbook, read_stamp, read_tables

NEW = ("r9", "=1+1", 0.0625, "new\nnote")


def append(path: Path, values: tuple[Any, ...] = NEW) -> tuple[Path, list[int]]:
    """Appends a row to the table ``runs`` as a sync does, stamp included; gives the result and the row numbers."""
    target = path.with_name("after.xlsx")
    with open_workbook(path) as book:
        runs = writable_runs(book)
        numbers = runs.append([dict(zip(runs.columns, values, strict=False))])
        book.stamp = "000001-0a1b2c3d"
        with open(target, "wb") as file:
            book.save(file)
    return target, numbers


def writable_runs(book: Workbook) -> Any:
    """The table, after the checks that come before any write."""
    book.refuse_unwritable()
    runs = book.table("runs")
    assert runs is not None
    runs.refuse_unwritable()
    return runs


WORKING = [trap for trap in TRAPS if not trap.refused]
REFUSED = [trap for trap in TRAPS if trap.refused]
NOT_FOR_LIBREOFFICE = {"names_in_another_case", "names_with_backslashes"}
"""Traps whose parts LibreOffice does not find, before and after."""
READABLE = [trap for trap in TRAPS if trap.rows is not None]


@pytest.mark.parametrize("trap", READABLE, ids=str)
def test_a_trap_is_read_as_it_says(trap: Trap, tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    trap.build(path)
    runs = read_tables(path)["runs"]
    assert tuple(tuple(row[: len(COLUMNS)]) for row in runs.rows) == trap.rows


@pytest.mark.parametrize("trap", WORKING, ids=str)
def test_a_row_goes_into_a_trap_and_nothing_else_changes(trap: Trap, tmp_path: Path, libreoffice: Office) -> None:
    path = tmp_path / "registry.xlsx"
    trap.build(path)
    after, numbers = append(path)
    assert numbers == [trap.lands_in]
    assert [fault for fault in faults(after) if fault not in faults(path)] == []
    package = Package(path)
    table = package.tables["runs"]
    relationships = package.part("_rels/.rels") or ""
    allowed = {table.sheet.part, table.part, TYPES, relationships, "docProps/custom.xml"}
    moves_formulas = table.totals_rows or trap.name == "greater_signs_in_attributes"  # the latter's name grows
    assert_only_parts_changed(path, after, allowed | ({package.workbook} if moves_formulas else set()))
    touched = {trap.lands_in, trap.lands_in + table.totals_rows}
    assert_untouched_rows_equal(parts(path)[table.sheet.part], parts(after)[table.sheet.part], touched)
    assert read_stamp(after) == "000001-0a1b2c3d"
    rows = tuple(tuple(row[: len(COLUMNS)]) for row in read_tables(after)["runs"].rows)
    assert rows == (*(trap.rows or ()), NEW)
    if trap.name not in NOT_FOR_LIBREOFFICE:
        shown = libreoffice.sheet_values(after)[table.sheet.name][trap.lands_in - 1]
        assert tuple(shown[: len(COLUMNS)]) == NEW


@pytest.mark.parametrize("trap", REFUSED, ids=str)
def test_a_trap_that_cannot_be_patched_is_refused(trap: Trap, tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    trap.build(path)
    before = path.read_bytes()
    with pytest.raises(trap.refused) as caught:
        append(path)
    assert "othing was" in str(caught.value)
    assert path.read_bytes() == before
    assert not (tmp_path / "after.xlsx").exists()


def test_cells_beside_a_totals_row_stay_where_they_are(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    a_totals_row_with_cells_beside_and_below.build(path)
    after, _ = append(path)
    cells = Package(after).cells("xl/worksheets/sheet1.xml")
    assert cells[5, 8].value == "9"
    assert cells[6, 1].value == "Total"
    assert cells[6, 3].formula == "SUBTOTAL(109,runs[metrics.loss])"
    assert cells[6, 3].value is None
    assert cells[9, 1].value == "1"


def test_a_row_typed_below_is_taken_in(tmp_path: Path) -> None:
    path, after = tmp_path / "registry.xlsx", tmp_path / "after.xlsx"
    a_row_typed_below.build(path)
    with open_workbook(path) as book, open(after, "wb") as file:
        runs = writable_runs(book)
        assert [row.number for row in runs.rows_below()] == [5]
        assert runs.take_in_rows_below() == 1
        assert runs.append([{runs.columns[0]: "r9"}]) == [6]
        book.save(file)
    assert faults(after) == []
    assert Package(after).tables["runs"].area == (1, 1, 6, 4)
    assert_untouched_rows_equal(
        parts(path)["xl/worksheets/sheet1.xml"], parts(after)["xl/worksheets/sheet1.xml"], touched={6}
    )
    assert [row[1] for row in calamine_rows(after, "runs")] == ["first", "second", "third", "typed", ""]


def test_headers_are_those_that_people_see(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    escaped_column_names.build(path)
    assert read_tables(path)["runs"].columns[3] == "my\nnotes \"&'"
    greater_signs_in_attributes.build(path)
    assert read_tables(path)["runs"].columns[3] == "notes > all"
    after, _ = append(path)
    assert b">Runs!$C$2:$C$5<" in parts(after)["xl/workbook.xml"]
    assert b'sqref="C2:C5"' in parts(after)["xl/worksheets/sheet1.xml"]


ROOM = {"own_cells_beside": 3, "another_table_beside": 1, "a_totals_row_with_cells_beside_and_below": 3}
"""For how many new columns there is room in traps that have something beside the table."""
NAMES = ["metrics.f1", "a\nb", "_x000D_", '"<&>\'"', "=1+1", " padded ", "漢字"]


@pytest.mark.parametrize("trap", WORKING, ids=str)
def test_columns_are_added_to_a_trap(trap: Trap, tmp_path: Path) -> None:
    path, after = tmp_path / "registry.xlsx", tmp_path / "after.xlsx"
    trap.build(path)
    names = NAMES[: ROOM.get(trap.name)]
    with open_workbook(path) as book, open(after, "wb") as file:
        runs = writable_runs(book)
        columns = list(runs.columns)
        runs.add_columns(names, [12.0] * len(names))
        book.save(file)
    assert [fault for fault in faults(after) if fault not in faults(path)] == []
    assert list(Package(after).tables["runs"].columns) == [*columns, *names]
    assert list(read_tables(after)["runs"].columns) == [*columns, *(name.strip() for name in names)]
    sheet = Package(path).tables["runs"].sheet.part
    touched = {Package(path).tables["runs"].area[0], *_totals_row(path)}
    assert_untouched_rows_equal(parts(path)[sheet], parts(after)[sheet], touched)


@pytest.mark.parametrize(("name", "room"), ROOM.items())
def test_columns_stop_before_what_stands_beside(name: str, room: int, tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    next(trap for trap in TRAPS if trap.name == name).build(path)
    with open_workbook(path) as book:
        writable_runs(book).add_columns(NAMES[:room], [12.0] * room)
    with open_workbook(path) as book, pytest.raises(ContentInTheWayError, match="othing was"):
        writable_runs(book).add_columns(NAMES[: room + 1], [12.0] * (room + 1))


@pytest.mark.parametrize("trap", WORKING, ids=str)
def test_a_date_goes_into_a_trap(trap: Trap, tmp_path: Path) -> None:
    """Its cell gets a format for dates, made from the one that is there."""
    path, moment = tmp_path / "registry.xlsx", datetime(2026, 1, 2, 3, 4, 5)
    trap.build(path)
    after, _ = append(path, ("r9", "=1+1", 0.0625, moment))
    assert [fault for fault in faults(after) if fault not in faults(path)] == []
    value = read_tables(after)["runs"].rows[-1][3]
    assert value == (46024.1278356481 if trap.name == "no_dimension_no_styles" else moment)


@pytest.mark.parametrize("name", ["a_calculated_column", "a_shared_formula_in_the_rows"])
def test_a_calculated_column_is_continued(name: str, tmp_path: Path, libreoffice: Office) -> None:
    path = tmp_path / "registry.xlsx"
    next(trap for trap in TRAPS if trap.name == name).build(path)
    after, _ = append(path)
    cell = Package(after).cells("xl/worksheets/sheet1.xml")[5, 5]
    assert cell.formula in ("runs[[#This Row],[metrics.loss]]*2", "C5*2")
    assert (cell.value, cell.style) == (None, 2)
    assert libreoffice.sheet_values(after)["Runs"][4][4] == 0.125


@pytest.mark.parametrize("trap", [trap for trap in TRAPS if trap.name.startswith("an_empty_table")], ids=str)
def test_the_first_run_takes_the_blank_row(trap: Trap, tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    trap.build(path)
    after, _ = append(path)
    assert Package(after).tables["runs"].area == (1, 1, 2, 4)
    if "styled" in trap.name:
        cells = Package(after).cells("xl/worksheets/sheet1.xml")
        assert [cells[2, column].style for column in (1, 3)] == [1, 2]


def test_what_covers_the_blank_row_covers_all_runs(tmp_path: Path) -> None:
    path, after = tmp_path / "registry.xlsx", tmp_path / "after.xlsx"
    an_empty_table_with_a_styled_row.build(path)
    with open_workbook(path) as book, open(after, "wb") as file:
        runs = writable_runs(book)
        assert runs.append([{runs.columns[0]: run_id} for run_id in ("r1", "r2", "r3")]) == [2, 3, 4]
        book.save(file)
    assert faults(after) == []
    assert b'sqref="B2:B4"' in parts(after)["xl/worksheets/sheet1.xml"]
    cells = Package(after).cells("xl/worksheets/sheet1.xml")
    for row in (2, 3, 4):
        assert [cells[row, 1].style, cells[row, 3].style] == [1, 2]


def test_metadata_and_hiding_are_not_copied_to_the_new_row(tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    for name in ("metadata_on_the_last_row", "a_hidden_last_row"):
        next(trap for trap in TRAPS if trap.name == name).build(path)
        after, _ = append(path)
        new_row = parts(after)["xl/worksheets/sheet1.xml"].partition(b'<row r="5"')[2].partition(b"</row>")[0]
        assert b"r9" in new_row
        for word in (b"cm=", b"vm=", b"hidden", b"ht="):
            assert word not in new_row


@pytest.mark.parametrize("trap", WORKING, ids=str)
def test_a_value_is_replaced_in_a_trap(trap: Trap, tmp_path: Path) -> None:
    path, after = tmp_path / "registry.xlsx", tmp_path / "after.xlsx"
    trap.build(path)
    with open_workbook(path) as book, open(after, "wb") as file:
        runs = writable_runs(book)
        first = next(iter(runs.rows())).number
        runs.set(first, {1: "changed", 2: 0.75})
        book.save(file)
    assert [fault for fault in faults(after) if fault not in faults(path)] == []
    sheet = Package(path).tables["runs"].sheet.part
    assert_untouched_rows_equal(parts(path)[sheet], parts(after)[sheet], {first, *_totals_row(path)})
    assert read_tables(after)["runs"].rows[0][1:3] == ["changed", 0.75]
    assert Package(after).cells(sheet)[first, 2].style == Package(path).cells(sheet).get((first, 2), _BLANK).style


def _totals_row(path: Path) -> set[int]:
    table = Package(path).tables["runs"]
    return {table.area[2]} if table.totals_rows else set()


class _BLANK:
    style = 0


VALUES = [
    *("=1+1", "+1", "-1", "@cell", "1e5", "3-1", "MAR1", "007", "1/2", "TRUE", "#N/A", "NaN", "  two  spaces  ", " "),
    *("_x000D_", "_x005F_x000D_", "a\tb\nc", "<b>&amp;</b>", '"\'"', "]]>", "🎈漢字é", "\x01\x1f", "x" * 32_767),
    *(0, -1, 2**53, 0.1, 1e-300, 1.7976931348623157e308, 5e-324, 123456789.123456789, True, False),
    *(datetime(2026, 1, 2, 3, 4, 5), datetime(1999, 12, 31, 23, 59, 59, 999000)),
]
ODD_FOR_OTHERS = {"\x01\x1f", "_x000D_", "_x005F_x000D_", "TRUE", "#N/A"}
"""What openpyxl does not unescape, and what others show like a boolean or an error."""


def test_what_is_written_is_what_everyone_reads(tmp_path: Path, libreoffice: Office) -> None:
    path, after = tmp_path / "registry.xlsx", tmp_path / "after.xlsx"
    TRAPS[0].build(path)
    with open_workbook(path) as book, open(after, "wb") as file:
        runs = writable_runs(book)
        key, last = runs.columns[0], runs.columns[3]
        runs.append([{key: f"n{at}", last: value} for at, value in enumerate(VALUES)])
        book.save(file)
    assert faults(after) == []
    own = [row[3] for row in read_tables(after)["runs"].rows[len(ROWS) :]]
    assert own == VALUES
    assert [type(value) for value in own] == [type(value) for value in VALUES]
    office = [row[3] for row in libreoffice.sheet_values(after)["Runs"][len(ROWS) + 1 :]]
    calamine = [row[3] for row in calamine_rows(after, "runs")[len(ROWS) :]]
    openpyxl = [row[3].value for row in openpyxl_workbook(after)["Runs"].iter_rows(min_row=len(ROWS) + 2)]
    for value, by_office, by_calamine, by_openpyxl in zip(VALUES, office, calamine, openpyxl, strict=True):
        if isinstance(value, str):
            assert isinstance(by_office, str)
            assert value in (by_office, by_calamine)
            assert by_openpyxl == value or value in ODD_FOR_OTHERS
        elif isinstance(value, datetime):
            assert by_calamine == by_openpyxl == value
        else:
            assert by_office == pytest.approx(float(value), rel=1e-14)
            assert by_calamine == by_openpyxl == value


def test_a_broken_file_is_one_clear_error_at_once(broken: Broken, tmp_path: Path) -> None:
    path = tmp_path / "registry.xlsx"
    broken.build(path)
    before = path.read_bytes()
    start = time.perf_counter()
    with pytest.raises(broken.errors) as caught:
        check_registry(path)
        read_tables(path)
    assert str(path) in str(caught.value)
    assert time.perf_counter() - start < 3
    assert path.read_bytes() == before


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_to_a_workbook_there_is_one_kind_of_error(seed: int, tmp_path: Path) -> None:
    """Parts cut, doubled and sprinkled with nonsense, and then the zip's own bytes."""
    chance = random.Random(seed)
    path = tmp_path / "registry.xlsx"
    for _ in range(20):
        changed = registry()
        for name in chance.sample(sorted(changed), chance.randint(1, 3)):
            changed[name] = _damaged(changed[name], chance)
        write_zip(path, changed)
        if chance.random() < 0.3:
            path.write_bytes(_damaged(path.read_bytes(), chance))
        with contextlib.suppress(TrackerError):
            check_registry(path)
            read_tables(path)
            append(path)


def _damaged(body: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(body))
    end = start + chance.randrange(60)
    signs = [b"", b"<", b">", b'"', b"&", b"'", b"/", b"=", b"\0", b"\xff"]
    words = [b"<row>", b"</c>", b"<!--", b"A0", b"1:1", b"99999999999", b"XFE1", b"&#x110000;"]
    word = chance.choice([*signs, *words, body[end : end + chance.randrange(200)]])
    return body[:start] + word + body[chance.choice((start, start + len(word), end)) :]


def test_a_workbook_from_the_wild_is_patched_or_refused(wild_workbook: Path) -> None:
    """Every table of every workbook: a row more and nothing else, or a clear error and no file."""
    before = wild_workbook.read_bytes()
    try:
        names = list(read_tables(wild_workbook))
    except TrackerError as error:
        assert str(wild_workbook) in str(error)
        names = []
    for name in names:
        target = wild_workbook.with_name(f"after{wild_workbook.suffix}")
        try:
            with open_workbook(wild_workbook) as book:
                book.refuse_unwritable()
                table = book.table(name)
                assert table is not None
                table.refuse_unwritable()
                number = table.append([{table.columns[0]: "a new row"}])[0]
                with open(target, "wb") as file:
                    book.save(file)
        except TrackerError:
            continue
        assert [fault for fault in faults(target) if fault not in faults(wild_workbook)] == []
        assert_only_parts_changed(wild_workbook, target, changed_parts(wild_workbook, target))
        old, new = read_tables(wild_workbook)[name], read_tables(target)[name]
        at = new.numbers.index(number)
        assert new.rows[at][0] == "a new row"
        for index, (was, now) in enumerate(zip(old.rows, new.rows, strict=False)):
            for column, value in enumerate(was):
                lost_its_result = now[column] is None and (index, column) in new.formulas
                assert now[column] == value or lost_its_result or (index == at and value is None)
    assert wild_workbook.read_bytes() == before
