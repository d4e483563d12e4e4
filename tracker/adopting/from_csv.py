"""A workbook of a CSV file: one sheet with its cells, numbers and dates as such."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.errors import BadRequestError, RegistryNotFoundError
from tracker.matching import as_date, as_number
from tracker.values import MAX_TEXT
from tracker.whole_sheets import MAX_COLUMN, MAX_ROW, SheetCells, cell_xml

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="Runs" sheetId="1" r:id="rId1"/></sheets>'
        '<calcPr calcId="191029"/></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
        '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    ),
}
_DATE_STYLE = 1


def workbook_of_csv(path: Path) -> tuple[bytes, SheetCells]:
    """The workbook's bytes, and its sheet as adopting sees it. The delimiter is found out; UTF-8, or Latin-1.

    Raises:
        RegistryNotFoundError: there is no such file.
        BadRequestError: it is empty, or larger than a sheet.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        raise RegistryNotFoundError(path=path) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    try:
        dialect: Any = csv.Sniffer().sniff(text[:65536], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    cells: dict[int, dict[int, Any]] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), dialect), 1):
        filled = {column: value for column, raw in enumerate(row, 1) if (value := _value(raw)) is not None}
        if filled:
            cells[number] = filled
    if not cells or max(cells) > MAX_ROW or max(map(max, cells.values())) > MAX_COLUMN:
        raise BadRequestError(reason=f"{path} {'is empty' if not cells else 'is larger than a sheet'}.")
    long = next((row for row, filled in cells.items() if any(len(str(v)) > MAX_TEXT for v in filled.values())), 0)
    if long:
        raise BadRequestError(reason=f"{path} has a text longer than a cell in row {long}; it would be cut off.")
    rows = b"".join(
        b'<row r="%d">%b</row>' % (number, b"".join(_cell(number, place, value) for place, value in filled.items()))
        for number, filled in cells.items()
    )
    sheet = f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetData>'.encode() + rows + b"</sheetData></worksheet>"
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in _PARTS.items():
            archive.writestr(name, _DECLARATION + part)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return saved.getvalue(), SheetCells("Runs", cells, {})


def _value(raw: str) -> Any:
    """What a field means: a number where writing it again gives the same text, a date, or the text."""
    text = raw.strip()
    if not text:
        return None
    number = as_number(text)
    if number is not None and (
        repr(number) == text or (isinstance(number, float) and "." in text) or "e" in text.lower()
    ):
        return number
    return as_date(text) if "-" in text and len(text) >= 8 and as_date(text) is not None else raw


def _cell(row: int, column: int, value: Any) -> bytes:
    return cell_xml(row, column, value, _DATE_STYLE if isinstance(value, datetime) else 0, b"", False)
