"""Rows are found by their key however it stands in the cell: as looking at every cell finds them, only faster."""

from __future__ import annotations

import gc
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from package import Package
from zoo.raw import SHEET, TABLE, registry
from zoo.zips import swap, write_zip

from tracker.collector import collector_paused
from tracker.values import key_text
from tracker.workbook import Workbook, open_workbook
from tracker.xlsx import keys
from tracker.xlsx.strings import SharedStrings
from tracker.xlsx.xml import UnpatchablePart

KEYS = st.one_of(
    st.text(st.sampled_from("ab7 &<>\"'_x000A\n\t\u00a0é漢😀"), max_size=12),
    st.integers(-5, 10**6),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda number: round(number, 3)),
    st.booleans(),
    st.just(datetime(2026, 11, 24, 9, 30)),
    st.none(),
)
CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def made(path: Path, rows: list[tuple[Any, ...]], in_cells: bool = False) -> Path:
    """A table ``t`` with three columns; texts are shared strings, some of them rich, or stand in their cells."""
    with xlsxwriter.Workbook(path) as book:
        date, bold = book.add_format({"num_format": "yyyy-mm-dd hh:mm"}), book.add_format({"bold": True})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("a", "b", "c"))
        for number, row in enumerate(() if in_cells else rows, 1):
            for place, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(number, place, value, date)
                elif isinstance(value, str) and 4 < len(value) < 40:
                    sheet.write_rich_string(number, place, value[:2], bold, value[2:])
                elif isinstance(value, str) and value:
                    sheet.write_string(number, place, value)
                else:
                    sheet.write(number, place, value)
        columns = [{"header": header} for header in ("a", "b", "c")]
        sheet.add_table(0, 0, 1 if in_cells else len(rows), 2, {"name": "t", "columns": columns})
    if in_cells:
        with open_workbook(path) as book, open(path.with_suffix(".filled"), "wb") as filled:
            table = book.table("t")
            assert table is not None
            table.append([dict(zip(table.columns, row, strict=True)) for row in rows])
            book.save(filled)
        path.with_suffix(".filled").replace(path)
    return path


def every_row(book: Workbook) -> dict[int, tuple[str, ...]]:
    """The texts of each row, by looking at all of them."""
    table = book.table("t")
    assert table is not None
    return {row.number: tuple(map(key_text, row.values)) for row in table.rows()}


@CALM
@given(
    rows=st.lists(st.tuples(KEYS, KEYS, st.just(0.5)), min_size=1, max_size=20),
    in_cells=st.booleans(),
    all_at_once=st.booleans(),
)
def test_every_key_is_found_in_its_lowest_row(
    rows: list[tuple[Any, ...]], in_cells: bool, all_at_once: bool, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch, open_workbook(made(tmp_path / "t.xlsx", rows, in_cells)) as book:
        patch.setattr(keys, "_SHARE", 1000 if all_at_once else 0)
        table = book.table("t")
        assert table is not None
        texts = every_row(book)
        for key in ([0], [1], [1, 0]):
            there = {tuple(row[column] for column in key): number for number, row in texts.items()}
            absent = [("not there",) * len(key), ("a",) * len(key), ("0",) * len(key)]
            expected = {k: number for k, number in there.items() if k[0]}
            assert table.find(key, [k for k in {*there, *absent} if k[0]]) == expected
            for one, number in expected.items():
                assert table.find(key, [one]) == {one: number}
        assert table.blank_in(0) == [number for number, row in texts.items() if not row[0]]


@CALM
@given(data=st.data())
def test_rows_that_were_changed_are_found_as_they_are_now(data: st.DataObject, tmp_path: Path) -> None:
    rows = [(f"r{number}", None, number) for number in range(12)]
    with open_workbook(made(tmp_path / "t.xlsx", rows, data.draw(st.booleans()))) as book:
        table = book.table("t")
        assert table is not None
        for number, text in data.draw(
            st.dictionaries(st.integers(2, 13), st.sampled_from(["r3", "new", None]))
        ).items():
            table.set(number, {0: text})
        texts = every_row(book)
        assert table.find([0], [("r3",), ("new",), ("r7",)]) == {
            (row[0],): number for number, row in texts.items() if row[0] in ("r3", "new", "r7")
        }
        assert table.blank_in(0) == [number for number, row in texts.items() if not row[0]]


def test_keys_are_found_in_all_segments_of_a_large_sheet(tmp_path: Path) -> None:
    parts = registry()
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>run-{n}</t></is></c><c r="B{n}" t="inlineStr">'
        f"<is><t>{'y' * 300}</t></is></c></row>"
        for n in range(5, 9_000)
        if n % 1_000  # a row here and there is left out
    )
    rows = rows.replace('"A4001" t="inlineStr"><is><t>run-4001</t></is>', '"A4001" s="0" cm="0"><v>4001</v>')
    swap(parts, SHEET, "</sheetData>", rows + "</sheetData>")
    for name in (SHEET, TABLE):
        swap(parts, name, "A1:D4", "A1:D8999")
    path = tmp_path / "large.xlsx"
    write_zip(path, parts)
    wanted = [("run-5",), ("run-3999",), ("4001",), ("run-8999",), ("run-6000",)]
    with open_workbook(path) as book, open(tmp_path / "copy.xlsx", "wb") as copy:
        runs = book.table("runs")
        assert runs is not None
        assert runs.find([0], wanted) == {("run-5",): 5, ("run-3999",): 3999, ("4001",): 4001, ("run-8999",): 8999}
        runs.set(4_500, {0: "moved"})
        layouts = book.save(copy)
    assert layouts
    with open_workbook(tmp_path / "copy.xlsx", layouts) as book:
        runs = book.table("runs")
        assert runs is not None
        assert runs.find([0], [*wanted, ("moved",)])[("moved",)] == 4_500
        assert runs.find([0], [("4001",), ("run-4500",)]) == {("4001",): 4001}


@CALM
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=40), max_size=60)
)
def test_shared_strings_are_read_one_by_one_as_all_at_once(texts: list[str], tmp_path: Path) -> None:
    path = made(tmp_path / "t.xlsx", [(text, None, text * 90) for text in texts if text] or [("a", "b", "c")])
    expected = Package(path).strings
    name = "xl/sharedStrings.xml"
    strings = SharedStrings(Package(path).parts[name])
    assert len(strings) == len(expected)
    for index in reversed(range(len(expected))):
        assert strings[index] == expected[index]
    wanted = {text.strip() for text in texts}
    assert strings.all(wanted) == {n for n, text in enumerate(expected) if text.strip() in wanted}
    assert strings.likely(wanted) <= strings.all(wanted)


def test_a_shared_string_that_is_missing_is_told() -> None:
    strings = SharedStrings(b"<sst><si><t>a</t></si><si/><si><t>b</t></si></sst>")
    assert [strings[0], strings[1], strings[2]] == ["a", "", "b"]
    for index in (3, -1):
        with pytest.raises(UnpatchablePart, match="which is missing"):
            strings[index]
    with pytest.raises(UnpatchablePart, match="has no end"):
        SharedStrings(b"<sst><si><t>a</t></sst>")[0]


def test_the_garbage_collector_goes_on_whatever_happens() -> None:
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), collector_paused():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with collector_paused():
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with collector_paused():
        thread.start()
        assert entered.wait(10)
    leave.set()
    thread.join()
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
