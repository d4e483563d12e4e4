"""Large sheets are written in segments that the next sync finds again: always the same XML, always a good zip."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from compare import assert_untouched_rows_equal, calamine_rows, members, parts
from faults import zip_faults
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo.raw import SHEET, TABLE, registry
from zoo.zips import swap, write_zip

from tracker.workbook import Layout, Workbook, open_workbook, read_tables
from tracker.xlsx.cells import cells_around
from tracker.xlsx.refs import column_letters
from tracker.xlsx.rows import merged_row

RUNS = 9_000
CELLS = ('<c r="%s7" s="3"/>', '<c  s="2" r="%s7"><v>1</v></c>', '<c r="%s7"><v>2</v></c>', '<c r="%s7"><v>3</v></c>')
NOON = datetime(2026, 11, 25, 12)
Change = Callable[[Workbook], None]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry whose runs sheet has several megabytes."""
    path = tmp_path_factory.mktemp("large") / "registry.xlsx"
    changed = registry()
    chance = random.Random(7)
    rows = "".join(
        f'<row r="{row}" spans="1:4"><c r="A{row}" t="inlineStr"><is><t>run-{row}</t></is></c>'
        f'<c r="B{row}" t="inlineStr"><is><t>{chance.getrandbits(800):x}</t></is></c>'
        f'<c r="C{row}" s="2"><v>{chance.random()!r}</v></c><c r="D{row}"/></row>'
        for row in range(5, RUNS + 5)
    )
    swap(changed, SHEET, "</sheetData>", rows + "</sheetData>")
    for name in (SHEET, TABLE):
        swap(changed, name, "A1:D4", f"A1:D{RUNS + 4}")
    write_zip(path, changed)
    return path


def append(count: int) -> Change:
    def change(book: Workbook) -> None:
        runs = book.table("runs")
        assert runs is not None
        key, text, number = runs.columns[:3]
        runs.append([{key: f"new-{at}", text: "x" * 500, number: at / 7} for at in range(count)])

    return change


def update(*numbers: int) -> Change:
    def change(book: Workbook) -> None:
        runs = book.table("runs")
        assert runs is not None
        for number in numbers:
            runs.set(number, {1: f"changed {number}", 2: 0.5})

    return change


def add_column(book: Workbook) -> None:
    runs = book.table("runs")
    assert runs is not None
    runs.add_columns([f"c{len(runs.columns)}"], [12])


def patch(source: Path, target: Path, change: Change, layouts: Mapping[str, Layout]) -> dict[str, Layout]:
    with open_workbook(source, layouts) as book, open(target, "wb") as file:
        change(book)
        return book.save(file)


CHANGES = {
    "appends": [append(1)] * 4,
    "many rows": [append(2_000), append(1), append(900), append(1)],
    "updates": [update(2), update(4_000, 4_001), update(RUNS + 4), update(2, 3_000, 6_000, 9_000)],
    "columns": [add_column, append(1), add_column],
    "everything": [append(3), update(5_000), append(1), update(RUNS + 6), add_column, append(300), update(2, RUNS + 7)],
}


def test_equal_values_of_other_types_stay_what_they_are(large: Path, tmp_path: Path) -> None:
    values = [1, True, 1.0, "1", 0, False, "0", 0.0, -0.0, "", None, "x", "x", NOON, NOON, " x", "TRUE"] * 2
    with open_workbook(large) as book, open(tmp_path / "filled.xlsx", "wb") as file:
        runs = book.table("runs")
        assert runs is not None
        key, text = runs.columns[:2]
        before = book.read("runs")
        added = runs.append([{key: f"new-{at}", text: value} for at, value in enumerate(values)])
        assert before is not None and [row.values[1] for row in map(runs.row, added)][:2] == [1, True]
        assert len(book.read("runs").rows) == len(before.rows) + len(values)  # type: ignore[union-attr]
        book.save(file)
    with open_workbook(tmp_path / "filled.xlsx") as book:
        rows = book.read("runs")
        assert rows is not None
        found = [row[1] for row in rows.rows[-len(values) :]]
        assert list(map(repr, found)) == [repr(None if value == "" else value) for value in values]


@settings(deadline=None)
@given(
    there=st.dictionaries(st.integers(1, 40), st.sampled_from(CELLS)),
    wanted=st.sets(st.integers(1, 42), min_size=1, max_size=4),
)
def test_few_cells_of_a_row_are_set_as_if_all_had_been_looked_at(there: dict[int, str], wanted: set[int]) -> None:
    cells = "".join(there[column] % column_letters(column) for column in sorted(there))
    row = f'<row r="7" spans="1:9">{cells}</row>'.encode()
    body = row[row.find(b">") + 1 :]
    fresh = {column: b"<c new%d/>" % column for column in wanted}
    assert merged_row(row, 7, fresh, b"", cells_around(body, b"", wanted)) == merged_row(row, 7, fresh, b"")


def test_very_many_new_rows_become_several_segments(large: Path, tmp_path: Path) -> None:
    layouts = patch(large, tmp_path / "one.xlsx", append(1), {})
    layouts = patch(tmp_path / "one.xlsx", tmp_path / "many.xlsx", append(9_000), layouts)
    (layout,) = layouts.values()
    assert all(size < 2 << 20 for _, size, *_ in layout.pieces)
    assert layouts == patch_again(tmp_path, layouts)


def patch_again(folder: Path, layouts: Mapping[str, Layout]) -> dict[str, Layout]:
    """The layouts of a workbook that is written once more; its rows are found by them."""
    with open_workbook(folder / "many.xlsx", layouts) as book, open(folder / "again.xlsx", "wb") as file:
        runs = book.table("runs")
        assert runs is not None
        keys = [(f"new-{number}",) for number in range(0, 9_000, 500)]
        assert len(runs.find([0], keys)) == len(keys)
        return book.save(file)


@pytest.mark.parametrize("name", CHANGES)
def test_segments_hold_the_same_sheet_as_a_plain_write(name: str, large: Path, tmp_path: Path) -> None:
    laid, plain, layouts = large, large, {}
    for step, change in enumerate(CHANGES[name]):
        laid_after, plain_after = tmp_path / f"laid{step}.xlsx", tmp_path / f"plain{step}.xlsx"
        layouts = patch(laid, laid_after, change, layouts)
        patch(plain, plain_after, change, {})
        assert SHEET in layouts
        assert parts(laid_after) == parts(plain_after)
        assert zip_faults(laid_after) == []
        laid, plain = laid_after, plain_after
    assert calamine_rows(laid, "runs") == [
        ["" if value is None else value for value in row] for row in read_tables(laid)["runs"].rows
    ]


def test_an_append_inflates_and_packs_only_the_end(large: Path, tmp_path: Path) -> None:
    """The bytes of all earlier segments lie in the new file as they lay in the old one."""
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    layouts = patch(large, first, append(1), {})
    patch(first, second, append(1), layouts)
    packed = {path: next(m.packed for m in members(path) if m.name == SHEET) for path in (first, second)}
    pieces = layouts[SHEET].pieces
    start = pieces[0][0]
    middle = sum(piece[0] for piece in pieces[1:-1])
    assert len(pieces) > 3
    assert packed[first][start : start + middle] in packed[second]
    assert_untouched_rows_equal(parts(first)[SHEET], parts(second)[SHEET], touched={RUNS + 6})


def test_a_layout_of_another_file_is_not_believed(large: Path, tmp_path: Path) -> None:
    """A person saved meanwhile: the remembered layout does not fit, and the sheet is read whole."""
    first, other, second = tmp_path / "first.xlsx", tmp_path / "other.xlsx", tmp_path / "second.xlsx"
    layouts = patch(large, first, append(1), {})
    write_zip(other, parts(first))
    assert parts(other) == parts(first)
    patch(other, second, append(1), layouts)
    assert zip_faults(second) == []
    assert len(read_tables(second)["runs"].rows) == RUNS + 5
