"""Paths of artifacts open when they are clicked, and nothing depends on where they lead."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest
from faults import faults
from hypothesis import given
from hypothesis import strategies as st
from libreoffice import Office
from package import Package
from script import Script
from zoo.zips import write_zip

import tracker
from tracker.folders import Folders
from tracker.model import Change
from tracker.reading.check import find_problems
from tracker.syncing.cache import recall
from tracker.workbook import as_link, open_workbook, read_tables
from tracker.xlsx.cells import has_formula
from tracker.xlsx.links import link_text

TEMPLATE = Path(__file__).parent.parent / "templates" / "general.xlsx"
OWN = "registry.tracker/artifacts/"


@pytest.fixture
def script(registry_path: Path) -> Script:
    return Script(registry_path)


def log_path(script: Script, key: str, path: str, was: str | None = None, new: bool = True) -> None:
    """As the store does, or as whoever forges a pending file."""
    name, _, version = key.partition(":v")
    cells = {"name": name, "version": int(version), "status": "stored"} if new else {}
    expected = {"path": was} if was else {}
    script.log(Change("artifacts", (key,), {"path": path, **cells}, expected, new=new))


def cells(registry: Path) -> dict[str, tuple[str | None, str]]:
    """The formula and the text of each artifact's path, as another program reads them."""
    found = []
    for saved in (False, True):
        with warnings.catch_warnings(action="ignore"):  # openpyxl does not know everything that LibreOffice saves
            book = openpyxl.load_workbook(registry, data_only=saved)
        sheet = next(sheet for sheet in book if "artifacts" in sheet.tables)
        rows = sheet[sheet.tables["artifacts"].ref]
        headers = [cell.value for cell in rows[0]]
        key, path = headers.index("artifact"), headers.index("path")
        found.append({row[key].value: row[path] for row in rows[1:] if row[key].value})
        book.close()
    formulas, texts = found
    return {key: (cell.value if cell.data_type == "f" else None, texts[key].value) for key, cell in formulas.items()}


def paths(registry: Path) -> dict[str, str]:
    """The same as Tracker reads them from the workbook alone; none of them counts as a formula."""
    table = read_tables(registry, {"artifacts"})["artifacts"]
    assert not table.formulas
    key, path = table.columns.index("artifact"), table.columns.index("path")
    return {row[key]: row[path] for row in table.rows}


def link(path: str) -> tuple[str, str]:
    return f'=HYPERLINK("{path}","{path}")', path


# -- what is a link -----------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_link_says_what_it_was_made_of_or_is_none(path: str) -> None:
    made = as_link(path)
    if made is not None:
        assert link_text(made.formula) == made == path
        assert len(path.encode("utf-16-le")) <= 510
        assert not path.startswith("/") and not path.endswith("/") and '"' not in path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../up", "a/../../up", "a//b", "C:/x", "a\\b", "//server/share", "https://x.org/a"),
        *('a"b', "a#b", "50%.csv", "what?.csv", "a\nb", "x_x0041_y", "a/" + 254 * "b", "a" + 128 * "😀"),
    ],
)
def test_what_programs_would_read_otherwise_is_no_link(path: str) -> None:
    assert as_link(path) is None


@pytest.mark.parametrize(
    "formula",
    [
        *('HYPERLINK("a")', 'HYPERLINK("a","b")', 'HYPERLINK(A1,"a")', 'HYPERLINK("a"&A1,"a")', '"HYPERLINK"', ""),
        *('SUM(HYPERLINK("a","a"))', 'HYPERLINK("a","a")&B2', 'HYPERLINK("a""","a")'),
    ],
)
def test_other_formulas_stay_formulas(formula: str) -> None:
    assert link_text(formula) is None


def test_a_link_counts_as_no_formula_however_a_program_writes_it() -> None:
    excel = b'<c r="A1" t="str"><f>HYPERLINK("a/b&amp;c","a/b&amp;c")</f><v>a/b&amp;c</v></c>'
    office = b'<c r="A1" t="str"><f aca="false">HYPERLINK(&quot;a/b&quot;,&quot;a/b&quot;)</f><v>a/b</v></c>'
    assert not has_formula(excel + office, b"")
    assert has_formula(excel + b"<c><f>A2</f></c>", b"")
    assert has_formula(b'<c><f t="shared" si="0"/></c>' + excel, b"")


# -- written ------------------------------------------------------------------------------------------------------


def test_the_path_of_an_artifact_opens_it(registry_path: Path, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"weights")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a\n1\n")
    with tracker.start_run(registry_path, experiment="links") as run:
        run.log_artifact(tmp_path / "model.pkl", name="Müller & co")
        run.log_artifact(tmp_path / "data", name="data")
        run.log_reference(tmp_path / "data" / "a.csv", name="elsewhere")
    registry = tracker.open(registry_path)
    shown = registry.artifacts().set_index("artifact")["path"].to_dict()
    there = cells(registry_path)
    assert there["Müller & co:v1"] == link(OWN + "Müller & co/v1/model.pkl")
    assert there["data:v1"] == link(OWN + "data/v1")
    assert there["elsewhere:v1"] == (None, str(tmp_path / "data" / "a.csv"))
    assert shown == paths(registry_path) == {key: text for key, (_, text) in there.items()}
    assert not faults(registry_path)
    assert not registry.check()


FORGED = [
    '=HYPERLINK("https://evil.example","registry.tracker")',
    "https://evil.example/x",
    "file:///etc/passwd",
    "\\\\server\\share\\x.exe",
    "C:\\Windows\\System32\\calc.exe",
    "../../other/x",
    OWN + "../../../other/x",
    OWN + 'x"),WEBSERVICE("https://evil.example',
    OWN + "x#Sheet1!A1",
    "registry.tracker.exe",
    "registry.tracker/pending/x",
    "other.xlsx",
    OWN + 250 * "x",
]


def test_nothing_that_was_logged_becomes_a_formula(script: Script) -> None:
    for number, path in enumerate(FORGED, 1):
        log_path(script, f"x:v{number}", path)
    log_path(script, "=1+1:v1", OWN + "=1+1/v1/=1+1")
    script.sync()
    there = cells(script.folders.workbook)
    assert [there[f"x:v{number}"] for number in range(1, len(FORGED) + 1)] == [(None, path) for path in FORGED]
    assert there["=1+1:v1"] == link(OWN + "=1+1/v1/=1+1")  # in a literal it stays text
    assert not faults(script.folders.workbook)


def test_a_script_changes_its_own_link(script: Script) -> None:
    log_path(script, "m:v1", OWN + "m/v1/a")
    script.sync()
    log_path(script, "m:v1", OWN + "m/v1/b", was=OWN + "m/v1/a", new=False)
    assert not script.sync().conflicts
    assert cells(script.folders.workbook)["m:v1"] == link(OWN + "m/v1/b")
    log_path(script, "m:v1", "s3://bucket/b", was=OWN + "m/v1/b", new=False)
    assert not script.sync().conflicts
    assert cells(script.folders.workbook)["m:v1"] == (None, "s3://bucket/b")
    log_path(script, "m:v1", OWN + "m/v1/c", was="s3://bucket/b", new=False)
    assert not script.sync().conflicts
    assert cells(script.folders.workbook)["m:v1"] == link(OWN + "m/v1/c")


@pytest.mark.parametrize("typed", ["elsewhere/m.pkl", '=HYPERLINK("https://x.org","m")', '=HYPERLINK("x","x")', "=A1"])
def test_what_a_person_puts_there_stays(script: Script, typed: str) -> None:
    log_path(script, "m:v1", OWN + "m/v1/a")
    script.sync()
    registry = script.folders.workbook
    book = openpyxl.load_workbook(registry)
    sheet = next(sheet for sheet in book if "artifacts" in sheet.tables)
    place = next(cell for row in sheet for cell in row if str(cell.value).startswith("=HYPERLINK"))
    place.value = typed
    book.save(registry)
    log_path(script, "m:v1", OWN + "m/v1/b", was=OWN + "m/v1/a", new=False)
    (conflict,) = script.sync().conflicts
    assert (conflict.column, conflict.reason) == ("path", "person")
    assert (cells(registry)["m:v1"][0] or cells(registry)["m:v1"][1]) == typed


def test_a_calculation_chain_does_not_keep_a_link_that_is_gone(script: Script) -> None:
    log_path(script, "m:v1", OWN + "m/v1/a")
    script.sync()
    registry = script.folders.workbook
    with open_workbook(registry) as book:
        table = book.table("artifacts")
        assert table is not None
        place, sheet = table.address(table.ref.last_row, table.columns.index("path")), table.sheet_name
    add_calculation_chain(registry, place, sheet)
    assert not faults(registry)
    log_path(script, "m:v1", OWN + "m/v1/b", was=OWN + "m/v1/a", new=False)
    script.log(Change("artifacts", ("m:v1",), {"aliases": "champion"}))
    script.sync()
    assert not faults(registry)
    assert "xl/calcChain.xml" in Package(registry).parts  # the same cells have a formula as before
    log_path(script, "m:v1", "s3://bucket/b", was=OWN + "m/v1/b", new=False)
    script.sync()
    assert not faults(registry)
    assert "xl/calcChain.xml" not in Package(registry).parts


def add_calculation_chain(registry: Path, cell: str, sheet: str) -> None:
    """As Excel saves one: every cell that has a formula."""
    parts = Package(registry).parts
    book = openpyxl.load_workbook(registry)
    formulas = [
        (found.coordinate, number)
        for number, page in enumerate(book.worksheets, 1)
        for row in page
        for found in row
        if found.data_type == "f"
    ]
    assert (cell, book.sheetnames.index(sheet) + 1) in formulas
    chain = "".join(f'<c r="{at}" i="{number}"/>' for at, number in formulas)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/calcChain.xml"] = f'<calcChain xmlns="{main}">{chain}</calcChain>'.encode()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"
    rels = "xl/_rels/workbook.xml.rels"
    parts[rels] = parts[rels].replace(
        b"</Relationships>", f'<Relationship Id="chain" Type="{kind}" Target="calcChain.xml"/></Relationships>'.encode()
    )
    content = b"application/vnd.openxmlformats-officedocument.spreadsheetml.calcChain+xml"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"</Types>", b'<Override PartName="/xl/calcChain.xml" ContentType="%b"/></Types>' % content
    )
    write_zip(registry, parts)


def test_links_neither_slow_a_sync_down_nor_ask_for_recalculation(script: Script) -> None:
    for number in range(3_000):
        log_path(script, f"m:v{number + 1}", f"{OWN}m/v{number + 1}/{'x' * 180}")
    script.sync()
    layout = next(layout for layout in recall(script.folders).layouts.values() if len(layout.pieces) > 2)
    assert not layout.formulas
    log_path(script, "m:v1", OWN + "m/v1/b", was=f"{OWN}m/v1/{'x' * 180}", new=False)
    script.sync()
    assert cells(script.folders.workbook)["m:v1"] == link(OWN + "m/v1/b")
    assert not any(layout.formulas for layout in recall(script.folders).layouts.values())


def test_a_text_format_does_not_turn_a_link_into_text(tmp_path: Path) -> None:
    registry = Path(shutil.copyfile(TEMPLATE, tmp_path / "registry.xlsx"))
    book = openpyxl.load_workbook(registry)
    sheet = next(sheet for sheet in book if "artifacts" in sheet.tables)
    for cell in sheet[sheet.tables["artifacts"].ref][1]:
        cell.number_format = "@"
    book.save(registry)
    script = Script(registry)
    log_path(script, "m:v1", OWN + "m/v1/a")
    log_path(script, "m:v2", "s3://bucket/a")
    script.sync()
    book = openpyxl.load_workbook(registry)
    sheet = next(sheet for sheet in book if "artifacts" in sheet.tables)
    formats = {str(cell.value): cell.number_format for row in sheet for cell in row}
    assert formats[link(OWN + "m/v1/a")[0]] == "General"
    assert formats["s3://bucket/a"] == formats["m:v1"] == "@"


# -- in LibreOffice -----------------------------------------------------------------------------------------------


def test_links_live_through_a_save_in_libreoffice(script: Script, libreoffice: Office) -> None:
    for number in (1, 2, 3):
        log_path(script, f"m:v{number}", f"{OWN}m/v{number}/a & b")
    script.sync()
    registry = script.folders.workbook
    with libreoffice.open(registry) as document:
        document.sort_table("artifacts", "version", descending=True)
        document.save()
    assert not script.sync().conflicts
    assert {problem.code for problem in tracker.open(registry).check()} == {"missing-file"}
    there = cells(registry)
    assert list(there) == ["m:v3", "m:v2", "m:v1"]
    assert there == {f"m:v{number}": link(f"{OWN}m/v{number}/a & b") for number in (1, 2, 3)}
    log_path(script, "m:v2", OWN + "m/v2/c", was=OWN + "m/v2/a & b", new=False)
    log_path(script, "m:v4", "s3://bucket/x")
    script.log(Change("artifacts", ("m:v5",), {"name": "m", "version": 5}, new=True))
    assert not script.sync().conflicts
    there = cells(registry)
    assert there["m:v2"] == link(OWN + "m/v2/c")
    assert (there["m:v4"], there["m:v5"]) == ((None, "s3://bucket/x"), (None, None))  # none from the row above
    assert not faults(registry)


def links_in_libreoffice(office: Office, registry: Path, out: Path) -> list[str]:
    """The addresses to which its cells lead, relative to the workbook's folder, as LibreOffice prints them."""
    with office.open(registry) as document:
        document.save_as(out / f"{registry.stem}.pdf")
    found = re.findall(rb"/S/URI/URI\(([^)]*)\)", (out / f"{registry.stem}.pdf").read_bytes())
    return [unquote(address.decode()) for address in found]


@pytest.fixture
def kept(registry_path: Path, tmp_path: Path) -> Iterator[Path]:
    """A registry with two artifacts, one of them a folder."""
    (tmp_path / "model.pkl").write_bytes(b"weights")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a\n1\n")
    with tracker.start_run(registry_path, experiment="links") as run:
        run.log_artifact(tmp_path / "model.pkl", name="model")
        run.log_artifact(tmp_path / "data", name="data set")
    yield registry_path


def assert_artifacts_are_found(registry: Path) -> None:
    opened = tracker.open(registry)
    assert not [problem for problem in opened.check() if problem.code in ("missing-file", "path-outside")]
    with tracker.start_run(registry, experiment="links", name="reader") as run:
        assert run.use_artifact("model:latest").read_bytes() == b"weights"
        assert (run.use_artifact("data set:v1") / "a.csv").read_text() == "a\n1\n"
    for command in ("verify", "check"):
        done = subprocess.run(
            [sys.executable, "-m", "tracker", command, str(registry)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_links_lead_to_the_files_also_after_the_folder_has_moved(
    kept: Path, tmp_path: Path, libreoffice: Office
) -> None:
    for folder in (kept.parent, tmp_path / "moved to" / "another place"):
        registry = folder / kept.name
        if folder != kept.parent:
            folder.mkdir(parents=True)
            shutil.move(kept, registry)
            shutil.move(Folders(kept).side, Folders(registry).side)
        out = tmp_path / f"out of {folder.name}"
        out.mkdir()
        found = links_in_libreoffice(libreoffice, registry, out)
        assert {OWN + "model/v1/model.pkl", OWN + "data set/v1"} <= set(found)
        assert all((registry.parent / path).exists() for path in found if path.startswith(OWN))
    assert_artifacts_are_found(registry)


def test_a_workbook_and_its_side_folder_may_be_renamed_together(
    kept: Path, tmp_path: Path, libreoffice: Office
) -> None:
    before = paths(kept)
    team = kept.with_name("team.xlsx")
    kept.rename(team)
    Folders(kept).side.rename(Folders(team).side)
    opened = tracker.open(team)
    assert paths(team) == before
    assert not [problem for problem in opened.check() if problem.code == "missing-file"]
    opened.sync()
    present = {key: path.replace("registry.tracker", "team.tracker") for key, path in before.items()}
    assert paths(team) == present
    assert cells(team)["model:v1"] == link(present["model:v1"])
    assert opened.sync().change_set is None
    assert_artifacts_are_found(team)
    out = tmp_path / "out"
    out.mkdir()
    assert present["model:v1"] in links_in_libreoffice(libreoffice, team, out)


def test_paths_from_before_a_renaming_that_come_later_are_put_right(kept: Path) -> None:
    script = Script(kept)
    older = kept.read_bytes()
    with tracker.start_run(kept, experiment="links") as run:
        run.log_text("later", "notes.txt")
    log_path(script, "data set:v2", OWN + "data set/v1")
    team = kept.with_name("team.xlsx")
    kept.rename(team)
    Folders(kept).side.rename(Folders(team).side)
    team.write_bytes(older)  # a backup of the workbook alone: the journal brings back what it lacks
    registry = tracker.open(team)
    for _ in range(3):
        report = registry.sync()
    assert report.change_set is None
    there = paths(team)
    assert {"notes:v1", "data set:v2"} <= there.keys() or {"notes.txt:v1", "data set:v2"} <= there.keys()
    assert all(path.startswith("team.tracker/") for path in there.values())
    assert not [problem for problem in registry.check() if problem.code in ("missing-file", "conflict")]


def test_a_workbook_that_was_copied_alone_keeps_its_paths(kept: Path) -> None:
    before = paths(kept)
    alone = Path(shutil.copyfile(kept, kept.with_name("alone.xlsx")))
    with tracker.start_run(alone, experiment="links"):
        pass
    there = paths(alone)
    assert all(there[key] == before[key] for key in ("model:v1", "data set:v1"))


def test_a_path_is_told_as_it_reads_now(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "team.xlsx")
    (folders.artifacts / "m").mkdir(parents=True)
    assert folders.present("registry.tracker/artifacts/m") == "team.tracker/artifacts/m"
    same = ("team.tracker/artifacts/m", "registry.tracker/artifacts/n", "registry.tracker/artifacts/../artifacts/m")
    for path in (*same, "s3://x/y", "", "registry.tracker", "x/artifacts/m", "registry.tracker/runs/m"):
        assert folders.present(path) == path


MANY = 66_000
"""More links than a sheet may have relationships."""


@pytest.fixture
def many(script: Script) -> Script:
    (script.folders.artifacts / "m" / f"v{MANY}").mkdir(parents=True)
    script.log(
        *(
            Change("artifacts", (f"m:v{n}",), {"name": "m", "version": n, "path": f"{OWN}m/v{n}"}, new=True)
            for n in range(1, MANY + 1)
        )
    )
    assert script.sync().rows_added == MANY
    return script


def test_links_need_no_relationships_of_which_a_sheet_has_too_few(many: Script) -> None:
    assert not any(b"/hyperlink" in xml for name, xml in Package(many.folders.workbook).parts.items() if "rels" in name)
    one_more_and_all_is_well(many)


@pytest.mark.slow
def test_more_links_than_a_sheet_may_have_relationships_live_through_libreoffice(
    many: Script, libreoffice: Office
) -> None:
    registry = many.folders.workbook
    with open_workbook(registry) as book:
        table = book.table("artifacts")
        assert table is not None
        sheet, path = table.sheet_name, table.columns.index("path")
        first, last = table.address(table.ref.first_row + 1, path), table.address(table.ref.last_row, path)
    with libreoffice.open(registry) as document:
        document.recalculate()
        assert document.get(sheet, first) == OWN + "m/v1"
        assert document.get(sheet, last) == f"{OWN}m/v{MANY}"
        assert document.look(sheet, last)["formula"] == f'=HYPERLINK("{OWN}m/v{MANY}";"{OWN}m/v{MANY}")'
        document.save()
    one_more_and_all_is_well(many)


def one_more_and_all_is_well(script: Script) -> None:
    log_path(script, f"m:v{MANY}", f"{OWN}m/v{MANY}/x", was=f"{OWN}m/v{MANY}", new=False)
    report = script.sync()
    assert not report.conflicts and report.rows_changed == 1
    assert len(paths(script.folders.workbook)) == MANY
    assert [problem.code for problem in find_problems(script.folders) if problem.level == "error"] == []
