"""The audit pack: all that is known of a run or a model version, true to the registry, inert, and checkable."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from libreoffice import Office
from trained import open_gates, settle

import tracker
from tracker.cli.commands import main
from tracker.deciding import decide
from tracker.deciding.edits import edit_row, set_note
from tracker.deciding.ticking import tick
from tracker.errors import BadRequestError, NotAPackError, RunNotFoundError
from tracker.exporting import pack as packing
from tracker.exporting.facts import gather
from tracker.exporting.findings import Finding, findings
from tracker.exporting.pack import export_audit, make_pack, verify_pack
from tracker.exporting.page import write_page
from tracker.exporting.report import Part
from tracker.reading.registry import Registry
from tracker.store import find, versions
from tracker.workbook import NewColumn, NewSheet, read_tables, write_book

ROOT = Path(__file__).parent.parent
NASTY = '<script>alert(1)</script> =HYPERLINK("http://evil.example") **b** ![p](http://evil.example/p.png) \u202eltr'
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a model of two versions, data, a checklist, and texts that nobody should trust."""
    folder = tmp_path_factory.mktemp("audit")
    path = folder / "registry.xlsx"
    registry = tracker.init(path)
    (folder / "data").mkdir()
    for name in ("train.csv", "test.csv"):
        (folder / "data" / name).write_text(f"{name}\n1,2\n")
    with tracker.start_run(path, experiment="churn", name="prepare") as run:
        run.log_artifact(folder / "data", name="churn-data", kind="data set")
    for number in (1, 2):
        (folder / "model.bin").write_bytes(b"model" * number)
        with tracker.start_run(path, experiment="churn", name=f"train {number}", owner="analyst") as run:
            run.use_artifact("churn-data")
            run.log_params({"depth": number, FORMULA: "=1+1"})
            for step in range(5):
                run.log_metric("auc", 0.8 + step / 100, step=step)
                run.log_metric(FORMULA, step, step=step)
            run.set_tag("team", NASTY)
            run.log_artifact(folder / "model.bin", name="churn-model", kind="model file")
        decide.register(registry, "churn", f"churn-model:v{number}", "ds1")
    run_id = registry.run_id("train 2")
    set_note(registry, run_id, NASTY, None, "ds1")
    tick(registry, run_id, "model file", "done", "ds1", evidence=FORMULA)
    tick(registry, run_id, "owner", "waived", "ds1", why=NASTY)
    open_gates(path)
    decide.promote(registry, "churn:v2", "production", "best on the holdout", "lead")
    settle(path)
    return path


@pytest.fixture
def registry(made: Path, tmp_path: Path) -> Registry:
    """A copy of it for one test."""
    shutil.copytree(made.with_suffix(".tracker"), tmp_path / "registry.tracker")
    return Registry(shutil.copyfile(made, tmp_path / "registry.xlsx"))


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(registry: Registry, reference: str = "churn:v2") -> dict[str, bytes]:
    return members(make_pack(gather(registry, reference)))


def table(pack: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    """A table of the pack's data, as rows by header."""
    held = json.loads(pack["data.json"])["tables"][name]
    return [dict(zip(held["columns"], row, strict=True)) for row in held["rows"]]


def found(registry: Registry, about: str, reference: str = "churn:v2") -> Finding:
    return next(one for one in findings(gather(registry, reference)) if one.what == about)


# -- what is in it ------------------------------------------------------------------------------------------------


def test_a_model_version_with_everything_about_it(registry: Registry) -> None:
    pack = packed(registry)
    assert {"index.html", "audit.xlsx", "data.json", "card.md", "lineage.txt", "manifest.json"} <= pack.keys()
    assert {"metrics/steps.csv", "environment/requirements.txt"} <= pack.keys()
    assert b"# Model card: churn v2" in pack["card.md"]
    assert {(row["version"], row["stage"]) for row in table(pack, "Versions")} == {(1, "none"), (2, "production")}
    items = {row["item"]: row for row in table(pack, "Checklist")}
    assert items["model file"]["evidence"] == FORMULA and items["owner"]["status"] == "waived"
    assert len(table(pack, "Procedure")) == len(registry.rows("sop").rows)
    tree = pack["lineage.txt"].decode()
    assert "churn-model:v2" in tree and "churn-data:v1" in tree and "prepare" in tree
    assert {row["param"]: row["value"] for row in table(pack, "Params")} == {"depth": 2, FORMULA: "=1+1"}
    metrics = {row["metric"]: row for row in table(pack, "Metrics")}
    assert metrics["auc"]["value"] == pytest.approx(0.84) and metrics["auc"]["steps"] == 5
    packages = {row["package"] for row in table(pack, "Environment")}
    assert "pytest" in packages


def test_hashes_are_those_of_the_files(registry: Registry) -> None:
    pack = packed(registry)
    listed = {(row["artifact"], row["file"]): row["sha256"] for row in table(pack, "Files")}
    stored = find(registry.folders, "churn-data:v1")
    for name in ("train.csv", "test.csv"):
        digest = hashlib.sha256((stored.path / name).read_bytes()).hexdigest()
        assert listed["churn-data:v1", name] == digest
    states = {row["artifact"]: (row["direction"], row["found"]) for row in table(pack, "Artifacts")}
    assert states["churn-model:v2"] == ("model", "unchanged")
    assert states["churn-data:v1"] == ("input", "unchanged")


def test_a_run_has_a_pack_without_a_card(registry: Registry) -> None:
    pack = packed(registry, "train 1")
    assert "card.md" not in pack
    assert table(pack, "Versions")[0]["artifact"] == "churn-model:v1"
    assert all(row["artifact"] != "churn-model:v2" for row in table(pack, "Artifacts"))


def test_the_history_has_every_cell_with_who_and_when(registry: Registry) -> None:
    rows = table(packed(registry), "History")
    stage = [row for row in rows if row["table"] == "models" and row["column"] == "stage"]
    assert [(row["row"], row["before"], row["after"]) for row in stage] == [
        ("churn 1", None, "none"),
        ("churn 2", None, "none"),
        ("churn 2", "none", "production"),
    ]
    assert (stage[-1]["who"], stage[-1]["by"]) == ("lead", "person")
    note = next(row for row in rows if row["column"] == "notes" and row["table"] == "runs")
    assert (note["who"], note["after"]) == ("ds1", NASTY)
    assert all(row["after"] != "train 1" for row in rows)


def test_whoever_has_the_pack_can_follow_the_chain(registry: Registry) -> None:
    pack = packed(registry)
    links = [name for name in pack if name.startswith("history/")]
    assert links
    for name in links:
        number, digest = Path(name).stem.split("-")
        assert hashlib.sha256(pack[name]).hexdigest().startswith(digest)
        assert int(number) == json.loads(pack[name].splitlines()[0])["number"]


def test_all_steps_are_there(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_STEPS", 3)
    pack = packed(registry)
    lines = pack["metrics/steps.csv"].decode().splitlines()
    assert len(lines) == 11 and lines[0] == "timestamp,step,metric,value"
    assert all(line.split(",")[2].lstrip('"')[0] not in "=+-@" for line in lines[1:])
    book = openpyxl.load_workbook(io.BytesIO(pack["audit.xlsx"]))
    assert book["Steps"].max_row == 4 + 3
    assert "first 3 of 10 values" in book["Steps"]["A2"].value


def test_what_was_not_committed_is_kept(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "x.diff").write_text("--- a\n+++ b\n</pre><script>alert(1)</script>\n")
    with tracker.start_run(registry.path, name="dirty") as run:
        run.log_artifact(tmp_path / "x.diff", name="git-diff")
    pack = packed(registry, "dirty")
    assert (tmp_path / "x.diff").read_bytes() in pack["code/uncommitted.diff"]
    assert "script" not in Page(pack["index.html"].decode()).tags


def test_a_script_that_is_not_in_git_is_kept(registry: Registry, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import sys, tracker\nwith tracker.start_run(sys.argv[1], name='scripted'):\n    pass\n")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(script), str(registry.path)], cwd=tmp_path, env=environment, check=True)
    assert packed(registry, "scripted")["code/script.txt"] == script.read_bytes()


# -- what it finds ------------------------------------------------------------------------------------------------


def test_all_well_is_said_so(registry: Registry) -> None:
    assert found(registry, "Files").tone == "good"
    assert found(registry, "History").tone == "good"
    assert found(registry, "Approval").tone == "good"
    assert re.fullmatch(
        r"lead put it into production on \d{4}-\d\d-\d\d: best on the holdout\.", found(registry, "Approval").says
    )
    assert found(registry, "Data").says == "It read churn-data:v1."


@pytest.mark.parametrize("harm", ["altered", "missing"])
def test_a_file_that_is_not_what_it_was_is_named(registry: Registry, harm: str) -> None:
    path = find(registry.folders, "churn-model:v2").path
    os.chmod(path, 0o644)
    path.write_bytes(b"something else") if harm == "altered" else path.unlink()
    finding = found(registry, "Files")
    assert finding.tone == "bad" and f"{harm}: churn-model:v2" in finding.says
    row = next(row for row in table(packed(registry), "Artifacts") if row["artifact"] == "churn-model:v2")
    assert row["found"] == harm and "churn-model" in row["remark"]


def test_only_its_own_versions_are_read(registry: Registry) -> None:
    path = versions(registry.folders, "churn-model")[-1].path
    os.chmod(path, 0o644)
    path.write_bytes(b"v1 is altered")
    assert found(registry, "Files").tone == "good"
    assert found(registry, "Files", "churn:v1").tone == "bad"


def test_files_need_not_be_read(registry: Registry) -> None:
    facts = gather(registry, "churn:v2", verify=False)
    assert {artifact.state for artifact in facts.artifacts} == {"not read"}
    assert next(one for one in findings(facts) if one.what == "Files").tone == "caution"


def test_a_hash_that_somebody_changed_in_the_workbook_is_found(registry: Registry) -> None:
    edit_row(registry, "artifacts", ("churn-model:v2",), {"sha256": "0" * 64}, _seen(registry, "sha256"), "lead")
    assert "altered: churn-model:v2" in found(registry, "Files").says


def _seen(registry: Registry, column: str) -> dict[str, Any]:
    row = registry.row("artifacts", ("churn-model:v2",))
    assert row is not None
    return {column: row[column]}


def test_a_change_set_that_was_altered_is_found_and_named(registry: Registry) -> None:
    path = next(path for path in sorted(registry.folders.changes.glob("*.json")) if b"holdout" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"best on the holdout", b"worst on the holdout"))
    finding = found(registry, "History")
    assert finding.tone == "bad" and path.stem in finding.says
    pack = packed(registry)
    assert next(row for row in table(pack, "Change sets") if row["change set"] == path.stem)["content"] == "altered"


@pytest.mark.parametrize("torn", [b"", b"{", b"[]\n", b'{"number": 1}\n'])
def test_a_torn_change_set_stops_nothing(registry: Registry, torn: bytes) -> None:
    path = sorted(registry.folders.changes.glob("*.json"))[2]
    path.write_bytes(torn)
    facts = gather(registry, "churn:v2")
    assert path.stem in facts.history.altered


def test_a_change_set_that_is_gone_is_named(registry: Registry) -> None:
    path = sorted(registry.folders.changes.glob("*.json"))[3]
    path.unlink()
    assert f"{path.stem}, which is missing" in found(registry, "History").says


def test_pending_changes_are_part_of_it_and_said(registry: Registry) -> None:
    (registry.path.parent / f"~${registry.path.name}").write_bytes(b"\x03ds9" + bytes(161))  # open in Excel
    set_note(registry, "train 2", "written meanwhile", NASTY, "ds1")
    assert "1 changes are in the journal" in found(registry, "Workbook").says
    summary = {row["what"]: row["value"] for row in table(packed(registry), "Summary")}
    assert summary["notes"] == "written meanwhile"


def test_who_trained_and_who_approved_are_told_apart(registry: Registry) -> None:
    assert found(registry, "Approval").tone == "good"
    decide.promote(registry, "churn:v1", "production", "the old one was better", "analyst")
    finding = found(registry, "Approval", "churn:v1")
    assert finding.tone == "caution" and "The same person ran the training." in finding.says


@pytest.mark.parametrize("where", ["bare", "new"])
def test_little_is_known_of_a_run(bare_registry: Path, registry_path: Path, where: str) -> None:
    if where == "new":
        with tracker.start_run(registry_path, name="first"):
            pass
    pack = packed(Registry(bare_registry if where == "bare" else registry_path), "first")
    assert b"first" in pack["index.html"]
    assert openpyxl.load_workbook(io.BytesIO(pack["audit.xlsx"])).sheetnames[0] == "Findings"


def test_what_there_is_not_is_told(registry: Registry) -> None:
    with pytest.raises(RunNotFoundError):
        gather(registry, "nobody")


# -- the same state, the same bytes -------------------------------------------------------------------------------


def test_the_same_state_gives_the_same_bytes(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_pack(gather(registry, "churn:v2"))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert make_pack(gather(Registry(registry.path), "churn:production")) == first
    set_note(registry, "train 2", "another note", NASTY, "ds1")
    assert make_pack(gather(registry, "churn:v2")) != first


# -- nothing in it is executed ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href", "action", "data", "srcset", "style", "background"):
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_loads_nothing_and_runs_nothing(registry: Registry) -> None:
    text = packed(registry)["index.html"].decode()
    page = Page(text)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "link", "form", "base", "svg", "video"}
    assert all(link.startswith("#") or link == "http://evil.example/p.png" for link in page.links), page.links
    assert "default-src 'none'" in text
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style and "@import" not in style
    assert "<script>alert(1)</script>" in "".join(page.words)
    assert "\u202e" not in text


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(texts, texts)
def test_whatever_is_stored_shows_as_text_on_the_page(title: str, cell: str) -> None:
    part = Part("Notes", "note", [NewColumn("a"), NewColumn("b", "state")], [[cell, title]], text=cell)
    text = write_page(title, "run", [cell], [Finding("bad", title, cell)], [part], "")
    page = Page(text)
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "p",
        "h1",
        "h2",
        "ul",
        "li",
        "span",
        "b",
        "nav",
    }
    assert page.tags <= {*allowed, "a", "section", "div", "table", "thead", "tbody", "tr", "th", "td", "pre", "footer"}
    assert page.links == ["#notes"]
    plain = "".join(sign for sign in cell if sign.isprintable())
    kept = "".join(sign for sign in "".join(page.words) if sign.isprintable())
    assert plain in kept or any(not sign.isprintable() for sign in cell)


@given(st.lists(st.tuples(texts, texts), max_size=4), texts)
def test_whatever_is_stored_is_text_in_the_workbook(rows: list[tuple[str, str]], title: str) -> None:
    target = io.BytesIO()
    write_book(target, title, [NewSheet("Notes", title, [NewColumn("a"), NewColumn("b", "code")], rows)])
    book = openpyxl.load_workbook(target)
    assert all(cell.data_type != "f" for row in book["Notes"].iter_rows() for cell in row)
    with zipfile.ZipFile(target) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml")


def test_the_workbook_says_what_the_registry_says(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "audit.xlsx"
    path.write_bytes(packed(registry)["audit.xlsx"])
    tables = read_tables(path)
    summary = dict(tables["summary"].rows)
    assert summary["tag team"] == NASTY and summary["notes"] == NASTY
    assert [FORMULA, "=1+1"] in tables["params"].rows
    assert not any(rows.formulas for rows in tables.values())
    book = openpyxl.load_workbook(path)
    for sheet in book:
        assert sheet.freeze_panes == "A5" and len(sheet.tables) == 1
        assert all(dimension.width >= 9 for dimension in sheet.column_dimensions.values())
    cell = next(cell for row in book["Params"].iter_rows() for cell in row if cell.value == FORMULA)
    assert (cell.quotePrefix and cell.data_type == "s") or cell.data_type == "inlineStr" or cell.data_type == "s"


def test_a_text_longer_than_a_cell_is_cut_off_and_says_so(tmp_path: Path) -> None:
    with open(tmp_path / "long.xlsx", "w+b") as file:
        write_book(file, "t", [NewSheet("Notes", "n", [NewColumn("a")], [["x" * 40_000]])])
    (value,) = read_tables(tmp_path / "long.xlsx")["notes"].rows[0]
    assert len(value) == 32_767 and value.endswith("a cell holds no more")


def test_libreoffice_opens_the_workbook_and_computes_nothing(
    registry: Registry, tmp_path: Path, libreoffice: Office
) -> None:
    path = tmp_path / "audit.xlsx"
    path.write_bytes(packed(registry)["audit.xlsx"])
    before = {name: rows.rows for name, rows in read_tables(path).items()}
    with libreoffice.open(path) as document:
        document.save()
    after = read_tables(path)
    assert not any(rows.formulas for rows in after.values())
    assert dict(after["params"].rows) == dict(before["params"])


def test_no_name_in_the_pack_comes_from_the_registry(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "evil").write_bytes(b"x")
    with tracker.start_run(registry.path, name="../../evil\\..") as run:
        run.log_artifact(tmp_path / "evil", name="../../../etc/passwd")
    path = export_audit(registry, "../../evil\\..", tmp_path)
    assert path.parent == tmp_path and path.name.endswith("audit.zip")
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert re.fullmatch(r"(history|metrics|environment|code)?/?[\w.-]+", name), name


# -- checking -----------------------------------------------------------------------------------------------------


@pytest.fixture
def audit_file(registry: Registry, tmp_path: Path) -> Path:
    return export_audit(registry, "churn:v2", tmp_path / "audit.zip")


def rewritten(path: Path, change: dict[str, bytes | None], add: Iterator[tuple[str, bytes]] | None = None) -> Path:
    """The pack with members replaced (or left out), zipped anew."""
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change.get(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name, content in add or ():
            new.writestr(name, content)
    return target


def test_a_pack_that_nobody_touched_is_well(audit_file: Path) -> None:
    found = verify_pack(audit_file)
    assert found.problems == () and found.subject == "churn v2" and found.members > 8


def test_every_file_that_was_changed_is_named(audit_file: Path) -> None:
    with zipfile.ZipFile(audit_file) as archive:
        names = [name for name in archive.namelist() if name != "manifest.json"]
        contents = {name: archive.read(name) for name in names}
    for name in names:
        flipped = bytes([contents[name][0] ^ 1]) + contents[name][1:]
        problems = verify_pack(rewritten(audit_file, {name: flipped})).problems
        assert problems[0] == f"{name} is not what it was"
        assert verify_pack(rewritten(audit_file, {name: None})).problems == (f"{name} is missing",)


def test_a_file_that_was_added_is_named(audit_file: Path) -> None:
    changed = rewritten(audit_file, {}, iter([("extra.txt", b"x")]))
    assert verify_pack(changed).problems == ("extra.txt was added",)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_stands_twice_is_named(audit_file: Path) -> None:
    changed = rewritten(audit_file, {}, iter([("card.md", b"x")]))
    assert "card.md stands in it twice" in verify_pack(changed).problems


def test_history_that_was_altered_before_the_pack_was_made_is_named(registry: Registry, tmp_path: Path) -> None:
    path = next(path for path in registry.folders.changes.glob("*.json") if b"holdout" in path.read_bytes())
    path.write_bytes(path.read_bytes().replace(b"best on", b"last on"))
    problems = verify_pack(export_audit(registry, "churn:v2", tmp_path / "audit.zip")).problems
    assert len(problems) == 1 and "altered before the pack was made" in problems[0]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(50)])
def test_what_is_no_pack_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(NotAPackError, match=r"x\.zip is no audit pack"):
        verify_pack(tmp_path / "x.zip")


@pytest.mark.parametrize(
    "manifest", [None, b"{}", b"[1]", b"nonsense", b'{"format": 1, "members": [{}]}', b'{"format": 99}']
)
def test_a_pack_without_its_manifest_is_told(audit_file: Path, manifest: bytes | None) -> None:
    with pytest.raises(NotAPackError):
        verify_pack(rewritten(audit_file, {"manifest.json": manifest}))


def test_a_file_that_is_damaged_in_the_zip_is_named(audit_file: Path) -> None:
    content = bytearray(audit_file.read_bytes())
    at = content.index(b"card.md") + 200
    content[at : at + 20] = bytes(20)
    audit_file.write_bytes(content)
    assert verify_pack(audit_file).problems[0].startswith("card.md ")


# -- writing ------------------------------------------------------------------------------------------------------


def test_the_file_is_called_after_its_subject_and_never_written_over(registry: Registry, tmp_path: Path) -> None:
    path = export_audit(registry.path, "churn:production", tmp_path)
    assert path.name == "churn-v2-audit.zip"
    before = path.read_bytes()
    with pytest.raises(BadRequestError, match="exists already"):
        tracker.export_audit(registry, "churn:v2", tmp_path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if "partial" in entry.name] == []


# -- the command line ---------------------------------------------------------------------------------------------


def invoked(*words: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(main, ["export", *words])
    assert result.exit_code == exit_code, result.output
    return result.output


def test_a_pack_is_written_and_checked_from_a_shell(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRACKER_REGISTRY", raising=False)
    assert invoked("audit", "churn:production") == "churn-v2-audit.zip\n"  # the only registry of the folder is meant
    assert "exists already" in invoked("audit", "registry.xlsx", "churn:v2", exit_code=2)
    invoked("audit", "registry.xlsx", "train 1", "--to", "one.zip", "--no-verify")
    assert re.fullmatch(
        r"All \d+ files of the audit pack of churn v2 are what they were\.\n", invoked("verify", "churn-v2-audit.zip")
    )
    changed = rewritten(Path("one.zip"), {"lineage.txt": b"nothing"})
    assert invoked("verify", str(changed), exit_code=1) == "lineage.txt is not what it was\n"
    assert "no audit pack" in invoked("verify", "registry.xlsx", exit_code=3)
    assert "There is no run 'nobody'" in invoked("audit", "registry.xlsx", "nobody", exit_code=2)
