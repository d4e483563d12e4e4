"""A registry's tables put into somebody else's workbook: so pivots, slicers, macros and all else stand beside them."""

from __future__ import annotations

import posixpath
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from package import Package, column_letters

from zoo.samples import SampleTable, registry_tables
from zoo.zips import Parts, read_parts, write_zip

STRICT = "http://purl.oclc.org/ooxml"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def graft(source: Path, path: Path) -> None:
    """Adds a sheet for each of the registry's tables; every other part but the lists of parts stays byte for byte."""
    package, parts = Package(source), read_parts(source)
    workbook = package.workbook
    is_strict = STRICT.encode() in parts[workbook]
    main = f"{STRICT}/spreadsheetml/main" if is_strict else "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = f"{STRICT}/officeDocument" if is_strict else "http://schemas.openxmlformats.org/officeDocument/2006"
    kinds = f"{office}/relationships"
    sheet_id = max((sheet.sheet_id for sheet in package.sheets), default=0)
    table_id = max((table.id for table in package.tables.values()), default=0)
    taken = {table.lower() for table in package.tables}
    sheets, relations, types = "", "", ""
    for at, (name, table) in enumerate(registry_tables().items(), 1):
        if name in taken:
            raise ValueError(f"{source.name} has a table {name} of its own")
        sheet_part, table_part = f"xl/worksheets/grafted{at}.xml", f"xl/tables/grafted{at}.xml"
        parts[sheet_part] = _sheet(table, main, kinds)
        parts[table_part] = _table(table, table_id + at, main)
        parts[f"xl/worksheets/_rels/grafted{at}.xml.rels"] = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{kinds}/table" Target="/{table_part}"/></Relationships>'
        ).encode()
        sheets += f'<%ssheet xmlns:o="{kinds}" name="{name} table" sheetId="{sheet_id + at}" o:id="grafted{at}"/>'
        relations += f'<%sRelationship Id="grafted{at}" Type="{kinds}/worksheet" Target="/{sheet_part}"/>'
        types += f'<%sOverride PartName="/{sheet_part}" ContentType="{TYPE}.worksheet+xml"/>'
        types += f'<%sOverride PartName="/{table_part}" ContentType="{TYPE}.table+xml"/>'
    folder, file = posixpath.split(workbook.replace("\\", "/"))
    if b"relationships+xml" not in parts[package.part("[Content_Types].xml") or ""]:
        types += '<%sDefault Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    _insert(parts, workbook, "sheets", sheets)
    _insert(parts, package.part(f"{folder}/_rels/{file}.rels") or "", "Relationships", relations)
    _insert(parts, package.part("[Content_Types].xml") or "", "Types", types)
    write_zip(path, parts)


def _insert(parts: Parts, name: str, element: str, content: str) -> None:
    """Puts content before an element's end tag, with the same namespace prefix."""
    found = re.search(rf"</([\w.-]+:)?{element}\s*>".encode(), parts[name])
    assert found, f"no </{element}> in {name}"
    prefix = (found[1] or b"").decode()
    text = content.replace("%s", prefix).encode()
    parts[name] = parts[name][: found.start()] + text + parts[name][found.start() :]


def _sheet(table: SampleTable, main: str, kinds: str) -> bytes:
    rows = []
    for number, values in enumerate((table.columns, *table.rows), 1):
        cells = "".join(_cell(f"{column_letters(at)}{number}", value) for at, value in enumerate(values, 1))
        rows.append(f'<row r="{number}">{cells}</row>')
    return (
        f'<worksheet xmlns="{main}" xmlns:r="{kinds}"><sheetData>{"".join(rows)}</sheetData>'
        '<tableParts count="1"><tablePart r:id="rId1"/></tableParts></worksheet>'
    ).encode()


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, datetime):
        value = (value - datetime(1899, 12, 30)).total_seconds() / 86_400
    if isinstance(value, str):
        text = escape(re.sub("_(?=x[0-9a-fA-F]{4}_)", "_x005F_", value))
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    return f'<c r="{place}"><v>{value!r}</v></c>'


def _table(table: SampleTable, number: int, main: str) -> bytes:
    area = f"A1:{column_letters(len(table.columns))}{max(len(table.rows), 1) + 1}"
    columns = "".join(f'<tableColumn id="{at}" name={quoteattr(name)}/>' for at, name in enumerate(table.columns, 1))
    return (
        f'<table xmlns="{main}" id="{number}" name="{table.name}" displayName="{table.name}" ref="{area}" '
        'totalsRowShown="0">'
        f'<autoFilter ref="{area}"/><tableColumns count="{len(table.columns)}">{columns}</tableColumns></table>'
    ).encode()
