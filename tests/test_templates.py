"""The templates: the tables of the schema, helpers on every column, and sheets that compute in LibreOffice."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest
from libreoffice import Office
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import tracker
from templates import build, look
from templates.sheets import FIRST_ROW, HEADER_ROW, sheet_title
from tracker.kinds import guess
from tracker.schema import TABLES, Table
from tracker.settings import DEFAULTS

TEMPLATES = Path(build.__file__).parent
SHOWN_ERROR = re.compile(r"#(N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!)|Err:\d+")

both = pytest.mark.parametrize("template", build.TEMPLATES, ids=lambda template: template.name)


def committed(template: build.Template) -> Workbook:
    return openpyxl.load_workbook(TEMPLATES / f"{template.name}.xlsx", rich_text=True)


def sheet_of(book: Workbook, table: Table) -> Worksheet:
    sheet = book[sheet_title(table.name)]
    assert table.name in sheet.tables
    return sheet


def headers(sheet: Worksheet) -> list[str]:
    return [cell.value for cell in sheet[HEADER_ROW] if cell.column <= sheet.tables[next(iter(sheet.tables))].ref_width]


@pytest.fixture(params=build.TEMPLATES, ids=lambda template: template.name)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A fresh copy of each template."""
    return Path(shutil.copyfile(TEMPLATES / f"{request.param.name}.xlsx", tmp_path / "registry.xlsx"))
