"""The tests' own tools: the zoo's workbooks are what they claim, the comparators have teeth, LibreOffice obeys."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from compare import (
    assert_only_parts_changed,
    assert_untouched_rows_equal,
    calamine_rows,
    changed_parts,
    grids_differ,
    members,
    outside_rows,
    parts,
    sheet_rows,
    xml_differences,
)
from faults import faults, table_faults, zip_faults
from libreoffice import Office, OfficeError, OfficeGoneError
from package import Package, area_of, column_letters, column_number, reference_of
from zoo import WORKBOOKS, Broken, Trap, grafts, registry_tables, with_xlsxwriter
from zoo.raw import COLUMNS, OTHER, SHEET, SHEET_RELS, STRINGS, TABLE, TYPES, WORKBOOK, WORKBOOK_RELS, registry
from zoo.traps_around_tables import another_table_beside
from zoo.zips import bomb, swap, write_zip

Document = dict[str, list[list[Any]]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.xlsx"
    write_zip(path, registry())
    return path


# The workbooks


def test_rich_workbooks_are_sound_and_hold_the_whole_registry(rich_workbook: Path) -> None:
    package = Package(rich_workbook)
    assert faults(rich_workbook) == []
    assert {"runs", "artifacts"} <= package.tables.keys()
    runs, sample = package.tables["runs"], registry_tables()["runs"]
    assert runs.columns[: len(sample.columns)] == sample.columns
    cells = package.cells(runs.sheet.part)
    ids = [cells[row, runs.area[1]].value for row in range(runs.first_data_row, runs.last_data_row + 1)]
    assert ids == [row[0] for row in sample.rows]
    notes = runs.area[1] + sample.column("notes")
    texts = [cells[row, notes].value for row in range(runs.first_data_row, runs.last_data_row + 1)]
    assert texts == [row[sample.column("notes")] for row in sample.rows]


def test_rich_workbooks_survive_a_save_in_libreoffice(resaved_workbook: Path, libreoffice: Office) -> None:
    package = Package(resaved_workbook)
    sheet, sample = package.tables["runs"].sheet, registry_tables()["runs"]
    first = package.tables["runs"].first_data_row
    names = package.tables["runs"].area[1] + sample.column("name") - 1
    shown = libreoffice.sheet_values(resaved_workbook)[sheet.name]
    assert [row[names] for row in shown[first - 1 : first - 1 + len(sample.rows)]] == [f"gbm {n}" for n in range(12)]
    # LibreOffice lets the filter cover the totals row; nothing else may be wrong with its files.
    assert [fault for fault in faults(resaved_workbook) if "autoFilter" not in fault] == []


def test_saved_results_are_those_that_libreoffice_computes(tmp_path: Path, libreoffice: Office) -> None:
    path = tmp_path / "bound.xlsx"
    with_xlsxwriter.totals(path)
    saved, computed = libreoffice.saved_and_computed(path)
    assert grids_differ(saved, computed) == {}
    assert saved["Summary"][0][1] == 12


def test_libreoffice_shows_a_stale_result_until_it_computes_anew(tmp_path: Path, libreoffice: Office) -> None:
    """Why a patch has to take away the results that are no longer true."""
    path, changed = tmp_path / "stale.xlsx", registry()
    swap(changed, OTHER, "<f>1+1</f>", "<f>SUM(runs[metrics.loss])</f>")
    write_zip(path, changed)
    saved, computed = libreoffice.saved_and_computed(path)
    assert (saved["Other"][0][1], computed["Other"][0][1]) == (2, 0.875)


def test_the_specimens_have_what_a_patcher_could_lose(tmp_path: Path, corpus: Path) -> None:
    names: set[str] = set()
    for specimen in WORKBOOKS:
        path = tmp_path / f"{specimen.name}{specimen.ending}"
        specimen.build(path, corpus)
        names |= {name.lower() for name in parts(path)}
    for kind in (
        *(
            "/charts/chart",
            "/chartsheets/",
            "/drawings/drawing",
            "/media/image",
            "vmldrawing",
            "/comments",
            "/pivottables/",
        ),
        *("/pivotcache/", "/slicers/", "/slicercaches/", "threadedcomment", "/persons/", "vbaproject", "/activex/"),
        *(
            "/ctrlprops/",
            "customxml/",
            "docprops/custom.xml",
            "/richdata/",
            "metadata.xml",
            "/externallinks/",
            "/embeddings/",
        ),
        *("/diagrams/", "calcchain", "featurepropertybag", "printersettings", "connections.xml", "customui"),
    ):
        assert any(kind in name for name in names), kind


def test_a_graft_leaves_every_other_part_alone(corpus: Path, tmp_path: Path) -> None:
    source, path = corpus / "021-IronCalc.xlsx", tmp_path / "grafted.xlsx"
    grafts.graft(source, path)
    touched = {name for name in changed_parts(source, path) if "grafted" not in name}
    assert touched == {"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml"}


def test_traps_that_must_work_are_sound(trap: Trap, tmp_path: Path) -> None:
    path = tmp_path / "trap.xlsx"
    trap.build(path)
    assert zip_faults(path) == [] or trap.refused
    if not trap.refused:
        assert faults(path) == []
        table = Package(path).tables["runs"]
        assert len(table.columns) >= len(COLUMNS)


def test_traps_are_read_by_others_as_they_say(trap: Trap, tmp_path: Path) -> None:
    """calamine has no words for errors and blanks, and cannot find the parts of two traps."""
    path = tmp_path / "trap.xlsx"
    trap.build(path)
    if not trap.rows or trap.name in ("strict_namespace", "a_workbook_elsewhere"):
        return
    expected = [["" if value is None or str(value).startswith("#") else value for value in row] for row in trap.rows]
    assert [row[: len(COLUMNS)] for row in calamine_rows(path, "runs")] == expected


def test_broken_files_are_told_from_whole_ones(broken: Broken, tmp_path: Path) -> None:
    path = tmp_path / "broken.xlsx"
    broken.build(path)
    assert path.stat().st_size < 2**21
    try:
        package = Package(path) if "bomb" not in broken.name else None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError):
        package = None
    if package is not None:
        assert WORKBOOK not in package.parts or faults(path)


def test_a_bomb_has_the_size_and_checksum_of_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    write_zip(path, {"a.xml": b""}, raw={"a.xml": bomb(3, (b"<a>", b"</a>"))})
    with zipfile.ZipFile(path) as archive:
        assert archive.read("a.xml") == b"<a>" + b" " * 3 * 2**20 + b"</a>"
    assert path.stat().st_size < 10_000


# The comparators


def test_a_changed_part_is_seen(small: Path, tmp_path: Path) -> None:
    after, changed = tmp_path / "after.xlsx", registry()
    swap(changed, OTHER, "1+1", "1+2")
    write_zip(after, changed)
    assert changed_parts(small, after) == {OTHER}
    assert_only_parts_changed(small, after, {OTHER})
    with pytest.raises(AssertionError, match="changed beyond"):
        assert_only_parts_changed(small, after, {SHEET})


def test_a_part_that_was_packed_anew_is_seen(small: Path, tmp_path: Path) -> None:
    after = tmp_path / "after.xlsx"
    write_zip(after, registry(), stored=True)
    assert changed_parts(small, after) == set()
    with pytest.raises(AssertionError, match="packed anew"):
        assert_only_parts_changed(small, after, set())


def test_parts_in_another_order_are_seen(small: Path, tmp_path: Path) -> None:
    after = tmp_path / "after.xlsx"
    write_zip(after, dict(reversed(registry().items())))
    with pytest.raises(AssertionError, match="order"):
        assert_only_parts_changed(small, after, set())


def test_added_and_lost_parts_are_seen(small: Path, tmp_path: Path) -> None:
    after, changed = tmp_path / "after.xlsx", registry()
    changed["docProps/custom.xml"] = changed.pop("docProps/app.xml")
    write_zip(after, changed)
    assert changed_parts(small, after) == {"docProps/app.xml", "docProps/custom.xml"}


def test_members_hold_their_packed_bytes(small: Path) -> None:
    with zipfile.ZipFile(small) as archive:
        assert [member.name for member in members(small)] == archive.namelist()
        assert sum(len(member.packed) for member in members(small)) == sum(i.compress_size for i in archive.infolist())


ROW_FORMS = {
    b'<worksheet><sheetData><row r="2"><c r="A2"/></row><row r="5"/></sheetData></worksheet>': {
        2: b'<row r="2"><c r="A2"/></row>',
        5: b'<row r="5"/>',
    },
    b"<x:worksheet xmlns:x='u'><x:sheetData>\n<x:row r='1' >\n</x:row >\n<x:row></x:row></x:sheetData></x:worksheet>": {
        1: b"<x:row r='1' >\n</x:row >",
        2: b"<x:row></x:row>",
    },
    b'<worksheet><!-- <row r="9"/> --><sheetData><row><c><v><![CDATA[</row>]]></v></c></row></sheetData><rowBreaks/>'
    b"<a><row/></a></worksheet>": {1: b"<row><c><v><![CDATA[</row>]]></v></c></row>"},
    b"<worksheet><sheetData/></worksheet>": {},
    "<worksheet><x>é</x><sheetData><row r='1'><c>漢字</c></row></sheetData></worksheet>".encode(): {
        1: "<row r='1'><c>漢字</c></row>".encode()
    },
}


@pytest.mark.parametrize("xml", ROW_FORMS, ids=range(len(ROW_FORMS)))
def test_rows_are_cut_where_the_parser_sees_them(xml: bytes) -> None:
    assert sheet_rows(xml) == ROW_FORMS[xml]
    rest = outside_rows(xml)
    assert len(rest) == len(xml) - sum(map(len, ROW_FORMS[xml].values()))


def test_a_touched_row_is_told_from_an_untouched_one() -> None:
    before = registry()[SHEET]
    after = before.replace(b"<v>0.25</v>", b"<v>0.3</v>").replace(b"</sheetData>", b'<row r="5"/></sheetData>')
    assert_untouched_rows_equal(before, after, {3, 5})
    for touched, complaint in (({5}, "row 3 was"), ({3}, "rows appeared")):
        with pytest.raises(AssertionError, match=complaint):
            assert_untouched_rows_equal(before, after, touched)
    with pytest.raises(AssertionError, match="row 5 was"):
        assert_untouched_rows_equal(after, before, {3})


def test_differences_in_xml_are_named() -> None:
    before, after = registry()[TABLE], registry()[TABLE].replace(b"A1:D4", b"A1:D5").replace(b'count="4"', b"count='4'")
    assert xml_differences(before, before) == []
    assert xml_differences(before, after) == [
        ("table@ref", "A1:D4", "A1:D5"),
        ("table/autoFilter@ref", "A1:D4", "A1:D5"),
    ]
    assert xml_differences(b"<a><b>1</b></a>", b"<a><b>2</b><c/></a>") == [("a/b", "1", "2"), ("a/c", None, "c")]
    assert xml_differences(b"<a><b/></a>", b"<a><c/></a>") == [("a/b", "b", None), ("a/c", None, "c")]
    shifted = xml_differences(b"<a><b/><b x='1'/></a>", b"<a><c/><b/><b x='2' y=''/></a>")
    assert shifted == [("a/c", None, "c"), ("a/b@x", "1", "2"), ("a/b@y", None, "")]
    assert xml_differences(b"<a/>", b"<b/>") == [("a", "a", "b")]


def test_grids_are_compared_to_fourteen_digits() -> None:
    one: Document = {"S": [[1.0, "a"], [0.1428571428571428]]}
    assert grids_differ(one, {"S": [[1.0, "a", ""], [0.142857142857143], []], "empty": []}) == {}
    other: Document = {"S": [[1.1, "a"], [0.1428571428571428, 3.0]], "T": [["new"]]}
    assert grids_differ(one, other) == {"S!A1": (1.0, 1.1), "S!B2": ("", 3.0), "T!A1": ("", "new")}


def test_references() -> None:
    assert area_of("$B$2:AA10") == (2, 2, 10, 27)
    assert reference_of((2, 2, 10, 27)) == "B2:AA10"
    assert [column_letters(n) for n in (1, 26, 27, 702, 703, 16384)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_number(column_letters(n)) == n for n in range(1, 16385, 7))


# What is wrong with a file

BREAKAGES: dict[str, tuple[str, str, str, str]] = {
    "two tables with one id": (TABLE, 'id="1" name="runs"', 'id="2" name="runs"', "table id 2 twice"),
    "a header that is not its column": (TABLE, 'name="notes"', 'name="remarks"', "has the header 'notes'"),
    "a table wider than its columns": (TABLE, 'ref="A1:D4" totals', 'ref="A1:E4" totals', "width 5"),
    "a filter that stays behind": (TABLE, '<autoFilter ref="A1:D4"', '<autoFilter ref="A1:D3"', "autoFilter A1:D3"),
    "a column twice": (TABLE, '"notes"', '"NAME"', "column name name twice"),
    "a column id twice": (TABLE, 'id="4" name', 'id="3" name', "column id 3 twice"),
    "a name taken by a name": (
        WORKBOOK,
        "</sheets>",
        '</sheets><definedNames><definedName name="RUNS">1</definedName></definedNames>',
        "name runs twice",
    ),
    "a table over merged cells": (
        SHEET,
        "</sheetData>",
        '</sheetData><mergeCells><mergeCell ref="D4:D6"/></mergeCells>',
        "merged",
    ),
    "a wrong count": (SHEET, 'tableParts count="1"', 'tableParts count="2"', "says 2"),
    "children out of order": (SHEET, "<tableParts", "<mergeCells/><tableParts", "wrong order"),
    "a row too early": (SHEET, '<row r="4"', '<row r="2"', "row 2 after row 3"),
    "a cell in another row": (SHEET, 'r="B3"', 'r="B4"', "B4 stands in row 3"),
    "a cell too early": (SHEET, 'r="C3"', 'r="A3"', "A3 after column 2"),
    "a text that is not there": (SHEET, "<v>0</v>", "<v>99</v>", "shared string 99"),
    "a style that is not there": (SHEET, 's="2"', 's="40"', "style 40"),
    "a number that is none": (SHEET, "0.25", "NaN", "'NaN' is not a number"),
    "an inline string without its type": (
        SHEET,
        '<c r="C2" s="2"><v>0.5</v>',
        '<c r="C2"><is><t>x</t></is>',
        "inline string",
    ),
    "a follower without its master": (OTHER, "<f>1+1</f>", '<f t="shared" si="4"/>', "shared formula 4"),
    "a range off the sheet": (SHEET, 'ref="A1:D4"', 'ref="A1:XFE4"', "not on the sheet"),
    "a relationship to nowhere": (
        SHEET_RELS,
        "../tables/table1.xml",
        "../tables/table9.xml",
        "table9.xml does not exist",
    ),
    "a relationship id twice": (WORKBOOK_RELS, 'Id="rId2"', 'Id="rId1"', "id rId1 twice"),
    "a part without a type": (TYPES, 'Default Extension="rels"', 'Default Extension="relz"', ".rels: no content type"),
    "a type without a part": (TYPES, "/docProps/app.xml", "/docProps/core.xml", "core.xml does not exist"),
    "a part that is not XML": (STRINGS, "</sst>", "", "sharedStrings.xml: no element found"),
    "two sheets with one name": (WORKBOOK, 'name="Other"', 'name="runs"', "two sheets with name runs"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_faults_are_found(name: str, tmp_path: Path) -> None:
    part, old, new, complaint = BREAKAGES[name]
    changed = registry()
    if name == "two tables with one id":
        another_table_beside.change(changed)
    swap(changed, part, old, new)
    path = tmp_path / "faulty.xlsx"
    write_zip(path, changed)
    assert any(complaint in fault for fault in faults(path)), faults(path)


def test_a_stray_calculation_chain_is_found(tmp_path: Path) -> None:
    changed = registry()
    changed["xl/calcChain.xml"] = b'<calcChain><c r="B1" i="2"/><c r="A1"/></calcChain>'
    swap(
        changed,
        WORKBOOK_RELS,
        "</Relationships>",
        '<Relationship Id="c" Type="x/calcChain" Target="calcChain.xml"/></Relationships>',
    )
    path = tmp_path / "chain.xlsx"
    write_zip(path, changed)
    assert faults(path) == ["calcChain: A1 of sheet 2 has no formula"]


def test_a_totals_row_that_stayed_behind_is_found(tmp_path: Path) -> None:
    path = tmp_path / "totals.xlsx"
    with_xlsxwriter.totals(path)
    changed = parts(path)
    name = Package(path).tables["runs"].part
    grown = re.sub(rb"(B4:[A-Z]+)(16|17)\b", lambda ref: ref[1] + b"%d" % (int(ref[2]) + 1), changed[name])
    assert grown != changed[name]
    changed[name] = grown
    write_zip(path, changed)
    found = table_faults(Package(path))
    assert any("totals label 'Total' is not in row 18" in fault for fault in found)
    assert any("no totals formula in row 18" in fault for fault in found)


HEADER_DAMAGE: dict[str, Callable[[bytearray, int], None]] = {
    "flags": lambda data, at: data.__setitem__(at + 6, 8),
    "version": lambda data, at: data.__setitem__(at + 4, 45),
    "sizes differ": lambda data, at: data.__setitem__(at + 18, data[at + 18] ^ 1),
}


@pytest.mark.parametrize("complaint", HEADER_DAMAGE)
def test_headers_that_contradict_each_other_are_found(small: Path, complaint: str) -> None:
    data = bytearray(small.read_bytes())
    with zipfile.ZipFile(small) as archive:
        HEADER_DAMAGE[complaint](data, archive.getinfo(OTHER).header_offset)
    small.write_bytes(data)
    assert zip_faults(small)


# LibreOffice


def test_a_person_at_work_in_libreoffice(bare_registry: Path, libreoffice: Office) -> None:
    with libreoffice.open(bare_registry) as document:
        assert document.lock_file.exists()
        assert document.lock_file.read_text(encoding="utf-8").startswith("Test Analyst,")
        assert document.tables()["runs"] == ("Runs", "A1:E4")
        document.sort_table("runs", "metrics.loss")
        document.insert_columns("Runs", before="B")
        document.set_cell("Runs", "B1", "mood")
        document.set_cell("Runs", "B2", "=1+1")
        document.set_cell("Runs", "B3", datetime(2026, 1, 2, 12))
        document.set_cell("Runs", "B4", True)
        document.type_rows("Runs", "A5", [["r4", None, "fourth", "PLANNED"]])
        document.set_colour("Runs", "A2:B2", 0xFFCC00)
        document.add_note("Runs", "A2", "look here")
        document.add_chart("Runs", "E1:E4")
        document.rename_sheet("Runs", "Our runs")
        document.add_sheet("Mine")
        document.delete_rows("Our runs", 3)
        document.insert_rows("Our runs", before=2)
        document.save()
        assert document.lock_file.exists()
    assert not document.lock_file.exists()
    assert faults(bare_registry) == []
    shown = libreoffice.sheet_values(bare_registry)
    assert list(shown) == ["Mine", "Our runs", "Artifacts"]
    assert [row[0] for row in shown["Our runs"]] == ["run_id", "", "r2", "r3", "r4"]
    assert shown["Our runs"][2] == ["r2", 2.0, "second", "FAILED", 0.25, ""]
    with libreoffice.open(bare_registry) as document:
        cell = document.look("Our runs", "A3")
        assert (cell["value"], cell["colour"], cell["note"]) == ("r2", 0xFFCC00, "look here")
        assert document.look("Our runs", "B3")["formula"] == "=1+1"
        assert document.tables()["runs"] == ("Our runs", "A1:F4")


def test_a_filter_hides_rows(bare_registry: Path, libreoffice: Office) -> None:
    with libreoffice.open(bare_registry) as document:
        document.filter_table("runs", "status", "FAILED")
        document.save()
    rows = sheet_rows(parts(bare_registry)["xl/worksheets/sheet1.xml"])
    assert [number for number, row in rows.items() if b'hidden="true"' in row.partition(b">")[0]] == [2, 4]


def test_closing_without_saving_changes_nothing(bare_registry: Path, libreoffice: Office) -> None:
    before = bare_registry.read_bytes()
    with libreoffice.open(bare_registry) as document:
        document.set_cell("Runs", "B2", None)
        assert document.get("Runs", "B2") is None
        assert document.get("Runs", "D2") == 0.5
    assert bare_registry.read_bytes() == before


def test_a_save_goes_over_a_file_that_was_replaced_meanwhile(
    bare_registry: Path, libreoffice: Office, tmp_path: Path
) -> None:
    with libreoffice.open(bare_registry) as document:
        other = tmp_path / "other"
        write_zip(other, registry())
        other.replace(bare_registry)
        document.set_cell("Runs", "B2", "stale")
        document.save()
    assert [row[1] for row in calamine_rows(bare_registry, "runs")] == ["stale", "second", "third"]


def test_conversions(bare_registry: Path, libreoffice: Office, tmp_path: Path) -> None:
    sheets = libreoffice.convert(bare_registry, "csv", tmp_path / "out")
    assert [path.name for path in sheets] == ["bare-Artifacts.csv", "bare-Runs.csv"]
    assert sheets[1].read_text(encoding="utf-8").splitlines()[1] == "r1,first,FINISHED,0.5,mine"
    assert libreoffice.convert(bare_registry, "pdf", tmp_path / "out")[0].read_bytes().startswith(b"%PDF")
    assert faults(libreoffice.convert(bare_registry, "xlsx", tmp_path / "out")[0]) == []
    assert not list(tmp_path.glob(".~lock*"))


def test_what_libreoffice_cannot_do_is_an_error_and_no_end(
    bare_registry: Path, libreoffice: Office, tmp_path: Path
) -> None:
    starts = libreoffice.starts
    with libreoffice.open(bare_registry) as document, pytest.raises(OfficeError, match="insert_rows"):
        document.insert_rows("No such sheet", before=2)
    text = tmp_path / "text.xlsx"
    text.write_text("no workbook")
    with pytest.raises(OfficeError, match="open"):
        libreoffice.sheet_values(tmp_path / "text.xlsx")
    assert libreoffice.starts == starts


def test_a_killed_libreoffice_leaves_its_lock_and_comes_back(bare_registry: Path, libreoffice: Office) -> None:
    starts = libreoffice.starts
    with libreoffice.open(bare_registry) as document:
        libreoffice.kill()
        document.is_open = False
    assert document.lock_file.exists()
    assert libreoffice.sheet_values(bare_registry)["Runs"][1][0] == "r1"
    assert libreoffice.starts == starts + 1


def test_a_libreoffice_that_does_not_answer_in_time_is_given_up(libreoffice: Office, tmp_path: Path) -> None:
    office = Office(tmp_path, timeout=0.001)
    with pytest.raises(OfficeGoneError, match="no answer within"):
        office.ask("sheets", document=1)
    office.end()


def test_a_hard_link_is_written_through_by_libreoffice(
    bare_registry: Path, libreoffice: Office, tmp_path: Path
) -> None:
    """Why no earlier version may share its file with the workbook that people open."""
    link = tmp_path / "link.xlsx"
    link.hardlink_to(bare_registry)
    with libreoffice.open(bare_registry) as document:
        document.set_cell("Runs", "B2", "changed")
        document.save()
    assert calamine_rows(link, "runs")[0][1] == "changed"
