"""The templates: the tables of the schema, helpers on every column, and sheets that compute in LibreOffice."""

from __future__ import annotations

import re
import shutil
import zipfile
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from libreoffice import Office
from openpyxl.utils import range_boundaries
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import tracker
from templates import build, look
from templates.sheets import FIRST_ROW, HEADER_ROW, sheet_title
from templates.summary import METRIC_CELL
from tracker.schema import RUNS, TABLES, Table
from tracker.settings import DEFAULTS
from tracker.store import guess

TEMPLATES = Path(build.__file__).parent
ERROR = re.compile(r"#(N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!)|Err:\d+")

every_template = pytest.mark.parametrize("template", build.TEMPLATES, ids=lambda template: template.name)
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


def file_of(template: build.Template) -> Path:
    return TEMPLATES / f"{template.name}.xlsx"


@cache
def load(path: Path) -> Workbook:
    """A committed workbook, only to look at."""
    return openpyxl.load_workbook(path)


def book_of(template: build.Template) -> Workbook:
    return load(file_of(template))


def sheet_of(template: build.Template, table: Table) -> Worksheet:
    return book_of(template)[sheet_title(table.name)]


def letters(sheet: Worksheet) -> dict[str, str]:
    """The column letter of each header."""
    return {cell.value: cell.column_letter for cell in sheet[HEADER_ROW] if cell.comment}


def rows(sheet: Worksheet, table: Table) -> str:
    """The table's data rows, such as ``4:9``."""
    _, _, _, last = range_boundaries(sheet.tables[table.name].ref)
    return f"{FIRST_ROW}:{last}"


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


@pytest.fixture(params=build.TEMPLATES, ids=lambda template: template.name)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A fresh registry from each template."""
    return Path(shutil.copyfile(file_of(request.param), tmp_path / "registry.xlsx"))


@pytest.fixture(params=("general", "classification", "bank-models"))
def with_runs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A registry with three runs of two experiments in it, the last one failed, of templates that differ."""
    registry = Path(shutil.copyfile(TEMPLATES / f"{request.param}.xlsx", tmp_path / "registry.xlsx"))
    for number, experiment in enumerate(("churn", "digits", "churn")):
        with tracker.start_run(registry, experiment=experiment, name=f"trial {number}") as run:
            run.log_param("seed", number)
            run.log_metric("accuracy", 0.7 + number / 10)
            run.log_text("as expected", f"notes {number}.md")
            if number == 2:
                run.end("FAILED")
    tracker.open(registry).sync()
    return registry


# -- what is in the files -------------------------------------------------------------------------------------------


@every_template
def test_committed_file_is_what_build_makes(template: build.Template, tmp_path: Path) -> None:
    made = tmp_path / "made.xlsx"
    build.save(build.make(template), made)
    expected, found = parts(made), parts(file_of(template))
    different = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
    assert not different, "run: python -m templates.build"


def test_building_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        build.main(tmp_path / name)
    for template in build.TEMPLATES:
        first, second = (tmp_path / name / f"{template.name}.xlsx" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


@every_template
def test_sheets_come_in_order(template: build.Template) -> None:
    own = [title for title, _, _ in build.own_sheets(template)]
    assert book_of(template).sheetnames == ["Start", "Summary", *own, *map(sheet_title, build.ORDER), "Lists"]
    assert sorted(build.ORDER) == sorted(TABLES)


@every_template
@every_table
def test_columns_are_those_of_the_schema(template: build.Template, table: Table) -> None:
    sheet = sheet_of(template, table)
    listed = sheet.tables[table.name]
    extra = template.run_columns if table is RUNS else ()
    assert [name for name in listed.column_names if name not in extra] == [column.name for column in table.columns]
    assert set(extra) <= set(listed.column_names)
    assert list(letters(sheet)) == listed.column_names


@every_template
@every_table
def test_every_header_has_a_note_that_says_who_writes(template: build.Template, table: Table) -> None:
    sheet = sheet_of(template, table)
    for name, letter in letters(sheet).items():
        column = table.column(name)
        text = sheet[f"{letter}{HEADER_ROW}"].comment.text
        assert column is not None
        assert column.help in text
        assert look.WRITERS[column.writer] in text


@every_template
@every_table
def test_every_column_with_choices_has_a_drop_down_list(template: build.Template, table: Table) -> None:
    sheet = sheet_of(template, table)
    lists = {str(check.sqref): check for check in sheet.data_validations.dataValidation if check.type == "list"}
    first, last = rows(sheet, table).split(":")
    for column in table.columns:
        if column.choices:
            letter = letters(sheet)[column.name]
            where = f"{letter}{first}" if first == last else f"{letter}{first}:{letter}{last}"
            assert lists[where].formula1 == f'"{",".join(column.choices)}"'
            assert len(lists[where].formula1) <= 255  # Excel's limit for a list in place


@every_template
@every_table
def test_headers_stay_in_sight(template: build.Template, table: Table) -> None:
    sheet = sheet_of(template, table)
    assert sheet.freeze_panes.endswith(str(FIRST_ROW))
    assert sheet.print_title_rows == f"${HEADER_ROW}:${HEADER_ROW}"
    assert sheet.page_setup.orientation == "landscape"


@every_template
def test_settings_are_the_defaults(template: build.Template) -> None:
    sheet = sheet_of(template, TABLES["settings"])
    found = {name: (value, text) for name, value, text in sheet.iter_rows(FIRST_ROW, max_col=3, values_only=True)}
    assert found == DEFAULTS


@every_template
def test_no_person_is_named(template: build.Template) -> None:
    properties = book_of(template).properties
    assert (properties.creator, properties.lastModifiedBy) == ("Tracker", None)
    assert properties.title


@every_template
def test_kinds_offered_have_those_that_tracker_guesses(template: build.Template) -> None:
    offered = set(book_of(template)["Lists"].iter_rows(FIRST_ROW, max_col=2, values_only=True))
    names = (
        "requirements.txt Dockerfile CHANGELOG.md roadmap.md vision.md benchmark.csv quality-plan.md model-card.md "
        "datasheet.md agreement.pdf README.md junit.xml model.pkl train.csv clip.wav roc.png config.json code.diff "
        "explore.ipynb train.py tool.whl train.log system.drawio report.pdf"
    )
    guessed = {guess(name) for name in names.split()}
    assert guessed <= offered


@every_template
def test_texts_that_look_like_numbers_are_not_marked_as_mistakes(template: build.Template) -> None:
    package = parts(file_of(template))
    for number, sheet in enumerate(book_of(template), 1):
        text = package[f"xl/worksheets/sheet{number}.xml"].decode()
        told = re.search(r'<ignoredError sqref="([^"]*)" numberStoredAsText="1"/>', text)
        allowed = {part.split(":")[0].rstrip("1") for part in told[1].split()} if told else set()
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and re.fullmatch(r"\d+(\.\d+)?", cell.value):
                    assert cell.column_letter in allowed, (sheet.title, cell)


# -- what they do ---------------------------------------------------------------------------------------------------


def test_a_new_registry_has_no_runs_and_no_problems(registry: Path) -> None:
    opened = tracker.open(registry)
    assert opened.check() == []
    assert len(opened.runs()) == 0


def test_rows_that_a_sync_adds_look_like_the_first(with_runs: Path) -> None:
    book = openpyxl.load_workbook(with_runs)
    for name in ("runs", "artifacts", "lineage"):
        sheet = book[sheet_title(name)]
        first, *others = sheet[sheet.tables[name].ref][1:]
        assert others, f"only one row in {name}"
        for row in others:
            for above, cell in zip(first, row, strict=True):
                assert cell.number_format == above.number_format, cell
                assert cell.alignment.horizontal == above.alignment.horizontal, cell
                assert cell.border.bottom.style == above.border.bottom.style, cell
                assert cell.fill.fgColor.rgb == above.fill.fgColor.rgb, cell


def test_helpers_grow_with_the_table(with_runs: Path) -> None:
    sheet = openpyxl.load_workbook(with_runs)["Runs"]
    status = letters(sheet)["status"]
    where = f"{status}{FIRST_ROW}:{status}{FIRST_ROW + 2}"
    assert where in [str(check.sqref) for check in sheet.data_validations.dataValidation]
    assert where in [str(formats.sqref) for formats in sheet.conditional_formatting]


def test_chart_grows_with_the_table(with_runs: Path) -> None:
    text = b"".join(content for name, content in parts(with_runs).items() if name.startswith("xl/charts/"))
    assert f"'Runs'!$B${FIRST_ROW}:$B${FIRST_ROW + 2}".encode() in text


def errors(sheets: dict[str, list[list[object]]]) -> list[tuple[str, object]]:
    """Every cell that shows an error, with its sheet."""
    return [(name, value) for name, grid in sheets.items() for row in grid for value in row if ERROR.match(str(value))]


def shown(grid: list[list[object]], label: str, down: int = 0, right: int = 0) -> object:
    """What stands beside a label."""
    row, column = next((y, x) for y, line in enumerate(grid) for x, value in enumerate(line) if value == label)
    return grid[row + down][column + right]


def test_an_empty_registry_shows_no_error_in_libreoffice(registry: Path, libreoffice: Office) -> None:
    sheets = libreoffice.sheet_values(registry, recalculate=True)
    assert not errors(sheets)
    assert shown(sheets["Summary"], "Runs", down=1) == 0
    assert shown(sheets["Summary"], "FINISHED", right=1) == 0


@pytest.mark.parametrize(
    "registry",
    [
        pytest.param(
            template, marks=() if template.name in ("general", "bank-models", "eu-ai-act") else pytest.mark.slow
        )
        for template in build.TEMPLATES
    ],
    indirect=True,
    ids=lambda template: template.name,
)
def test_every_sheet_prints(registry: Path, libreoffice: Office, tmp_path: Path) -> None:
    (pdf,) = libreoffice.convert(registry, "pdf", tmp_path / "pdf")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
    assert pages >= len(build.ORDER) + 3


def test_summary_follows_the_runs_in_libreoffice(with_runs: Path, libreoffice: Office) -> None:
    with libreoffice.open(with_runs) as document:
        document.set_cell("Summary", METRIC_CELL.replace("$", ""), "accuracy")
        document.recalculate()
        sheets = {name: document.values(name) for name in document.sheets()}
    assert not errors(sheets)
    summary = sheets["Summary"]
    assert shown(summary, "Runs", down=1) == 3
    assert shown(summary, "Failed or killed", down=1) == 1
    assert shown(summary, "metric", right=1) == "accuracy"
    latest = next(y for y, line in enumerate(summary) if "latest first" in line)
    by_experiment = [line[1:7] for line in summary[latest + 1 : latest + 3]]
    assert by_experiment[0][:2] == ["churn", 2]
    assert by_experiment[0][3] == pytest.approx(0.9)
    assert by_experiment[0][4] == pytest.approx(0.8)
    assert by_experiment[0][5] == "trial 2"
    assert by_experiment[1][:2] == ["digits", 1]
