"""What is wrong with a workbook file: whatever Excel would offer to repair, or a careful reader complain about.

There is no Excel where the tests run, so its rules are written down here. Each function returns a list of sentences,
empty for a good workbook. Files from the wild have faults of their own: compare the lists before and after.
"""

from __future__ import annotations

import struct
import zipfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from package import (
    Package,
    Sheet,
    TableInfo,
    area_of,
    attributes,
    child,
    children,
    descendants,
    local,
    overlap,
    reference_of,
    unescape,
)

LAST_ROW, LAST_COLUMN, LONGEST_TEXT = 1_048_576, 16_384, 32_767
DESCRIPTOR, ENCRYPTED = 0x8, 0x1
# The order of a worksheet's children that the schema demands.
SHEET_ORDER = (
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios "
    "autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations "
    "hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches "
    "ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF drawingHF picture oleObjects controls "
    "webPublishItems tableParts extLst"
)
COUNTED = (
    "mergeCells",
    "dataValidations",
    "tableParts",
    "tableColumns",
    "cellXfs",
    "fonts",
    "fills",
    "borders",
    "dxfs",
)


def faults(path: Path) -> list[str]:
    """All faults of a workbook file."""
    found = zip_faults(path)
    if found:
        return found
    package = Package(path)
    found = xml_faults(package)
    if not found:
        found = package_faults(package) + table_faults(package)
        for sheet in package.sheets:
            if sheet.kind == "worksheet" and package.part(sheet.part) is not None:
                found += sheet_faults(package, sheet)
    return found


def zip_faults(path: Path) -> list[str]:
    """Members that cannot be read, headers that contradict each other, repeated names."""
    found = []
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            broken = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        return [f"not a readable zip: {error}"]
    if broken:
        found.append(f"{broken}: wrong checksum")
    repeated = [name for name, count in Counter(info.filename.lower() for info in infos).items() if count > 1]
    found += [f"{name}: occurs twice" for name in repeated]
    for info in infos:
        found += [f"{info.filename}: {fault}" for fault in _header_faults(data, info)]
    for one, other in zip(sorted(infos, key=_offset), sorted(infos, key=_offset)[1:], strict=False):
        if one.header_offset + 30 + one.compress_size > other.header_offset:
            found.append(f"{one.filename} and {other.filename} overlap")
    return found


def _offset(info: zipfile.ZipInfo) -> int:
    return info.header_offset


def _header_faults(data: bytes, info: zipfile.ZipInfo) -> list[str]:
    start = info.header_offset
    signature, version, flags, method, _, _, crc, packed, size, name, extra = struct.unpack_from(
        "<IHHHHHIIIHH", data, start
    )
    if signature != 0x04034B50:
        return ["no local header where the directory says"]
    found = []
    if flags != info.flag_bits:
        found.append(f"flags {flags:#x} in the local header, {info.flag_bits:#x} in the directory")
    if method != info.compress_type:
        found.append("method differs between local header and directory")
    if version != info.extract_version:
        found.append(f"needs version {version} in the local header, {info.extract_version} in the directory")
    if flags & ENCRYPTED:
        found.append("encrypted")
    if flags & DESCRIPTOR:
        at = start + 30 + name + extra + info.compress_size
        body = data[at : at + 24]
        body = body[4:] if body.startswith(b"PK\x07\x08") else body
        crc, packed, size = struct.unpack_from("<III", body)
    if 0xFFFFFFFF not in (packed, size) and (crc, packed, size) != (info.CRC, info.compress_size, info.file_size):
        found.append("checksum or sizes differ between local header and directory")
    return found


def xml_faults(package: Package) -> list[str]:
    """Parts that are not well-formed XML."""
    found = []
    for name, body in package.parts.items():
        if name.lower().endswith((".xml", ".rels", ".vml")):
            try:
                ElementTree.fromstring(body)
            except ElementTree.ParseError as error:
                found.append(f"{name}: {error}")
    return found


def package_faults(package: Package) -> list[str]:
    """Parts without content type, relationships to nowhere, repeated ids, a calculation chain that leads astray."""
    found = []
    types = package.part("[Content_Types].xml")
    if types is None:
        return ["no [Content_Types].xml"]
    root = package.xml(types)
    overrides = [item.get("PartName", "").lstrip("/").lower() for item in children(root, "Override")]
    endings = [item.get("Extension", "").lower() for item in children(root, "Default")]
    found += [f"[Content_Types].xml: {name} twice" for name, count in Counter(overrides + endings).items() if count > 1]
    for name in package.parts:
        plain = name.replace("\\", "/").lower()
        if plain != "[content_types].xml" and plain not in overrides and plain.rpartition(".")[2] not in endings:
            found.append(f"{name}: no content type")
    found += [f"[Content_Types].xml: {name} does not exist" for name in overrides if package.part(name) is None]
    for name in package.parts:
        if name.endswith(".rels"):
            found += _relationship_faults(package, name)
    sheets = package.sheets
    for what, values in (
        ("name", [sheet.name.lower() for sheet in sheets]),
        ("id", [sheet.sheet_id for sheet in sheets]),
    ):
        found += [f"two sheets with {what} {value}" for value, count in Counter(values).items() if count > 1]
    return found + _calculation_chain_faults(package) + _property_faults(package)


def _relationship_faults(package: Package, rels: str) -> list[str]:
    folder, _, file = rels.replace("\\", "/").rpartition("/")
    part = (folder.rpartition("_rels")[0] + file.removesuffix(".rels")).lstrip("/")
    found = [
        f"{rels}: {target} does not exist"
        for _, target in package.relationships(part).values()
        if not target.endswith("NULL") and "#" not in target and package.part(target) is None
    ]
    ids = Counter(item.get("Id") for item in package.xml(rels))
    return found + [f"{rels}: id {name} twice" for name, count in ids.items() if count > 1]


def _calculation_chain_faults(package: Package) -> list[str]:
    chains = [target for kind, target in package.relationships(package.workbook).values() if kind == "calcChain"]
    if not chains or package.part(chains[0]) is None:
        return []
    formulas = {}
    for sheet in package.sheets:
        if sheet.kind == "worksheet":
            cells = package.cells(sheet.part)
            formulas[sheet.sheet_id] = {place for place, cell in cells.items() if cell.formula is not None}
            for cell in cells.values():
                if cell.formula_type == "array" and cell.formula_ref:
                    top, left, bottom, right = area_of(cell.formula_ref)
                    area = ((row, column) for row in range(top, bottom + 1) for column in range(left, right + 1))
                    formulas[sheet.sheet_id].update(area)
    found, number = [], 0
    for item in package.xml(chains[0]):
        number = int(item.get("i", number))
        if area_of(item.get("r", ""))[:2] not in formulas.get(number, set()):
            found.append(f"calcChain: {item.get('r')} of sheet {number} has no formula")
    return found


def _property_faults(package: Package) -> list[str]:
    parts = [target for kind, target in package.relationships("").values() if kind == "custom-properties"]
    found = []
    for part in parts:
        items = list(package.xml(part))
        for what in ("pid", "name"):
            repeated = [value for value, count in Counter(item.get(what) for item in items).items() if count > 1]
            found += [f"{part}: {what} {value} twice" for value in repeated]
        found += [f"{part}: pid {item.get('pid')} is reserved" for item in items if int(item.get("pid", "0")) < 2]
    return found


def sheet_faults(package: Package, sheet: Sheet) -> list[str]:
    """Rows and cells out of order, indexes that lead nowhere, ranges off the sheet, children in the wrong order."""
    root = package.xml(sheet.part)
    found = []
    order = SHEET_ORDER.split()
    known = [order.index(local(item.tag)) for item in root if local(item.tag) in order]
    if known != sorted(known):
        found.append("children in the wrong order")
    for name in COUNTED:
        for item in descendants(root, name):
            if item.get("count") is not None and int(item.get("count", "0")) != len(item):
                found.append(f"{name} says {item.get('count')} and has {len(item)}")
    found += _row_faults(root) + _cell_faults(package, root) + _range_faults(root)
    relationships = package.relationships(sheet.part)
    parts = [attributes(item).get("id") for item in descendants(root, "tablePart")]
    if sorted(map(str, parts)) != sorted(name for name, (kind, _) in relationships.items() if kind == "table"):
        found.append("tableParts and the table relationships do not agree")
    return [f"{sheet.part}: {fault}" for fault in found]


def _row_faults(root: ElementTree.Element) -> list[str]:
    data = child(root, "sheetData")
    if data is None:
        return ["no sheetData"]
    found, number = [], 0
    for row in data:
        this = int(row.get("r", number + 1))
        if this <= number:
            found.append(f"row {this} after row {number}")
        number = this
        column = 0
        for item in children(row, "c"):
            reference = item.get("r")
            place = area_of(reference) if reference else (number, column + 1)
            if place[0] != number:
                found.append(f"{reference} stands in row {number}")
            if place[1] <= column:
                found.append(f"{reference} after column {column} in row {number}")
            column = place[1]
        spans = row.get("spans")
        if (
            spans
            and column
            and not any(int(span.split(":")[0]) <= column <= int(span.split(":")[1]) for span in spans.split())
        ):
            found.append(f"row {number} has cells outside its spans {spans}")
    if number > LAST_ROW:
        found.append(f"row {number} is beyond the last row")
    return found


def _cell_faults(package: Package, root: ElementTree.Element) -> list[str]:
    found: list[str] = []
    styles = _style_count(package)
    masters, followers = set(), set()
    data = child(root, "sheetData")
    for item in descendants(data, "c") if data is not None else ():
        name, kind, value, formula = item.get("r", "?"), item.get("t", "n"), child(item, "v"), child(item, "f")
        text = value.text or "" if value is not None else ""
        if styles is not None and int(item.get("s", "0")) >= styles:
            found.append(f"{name}: style {item.get('s')} does not exist")
        if kind == "s" and value is not None and not 0 <= int(text) < len(package.strings):
            found.append(f"{name}: shared string {text} does not exist")
        if (child(item, "is") is not None) != (kind == "inlineStr"):
            found.append(f"{name}: inline string and type {kind} do not fit")
        if kind == "n" and value is not None and not _is_number(text) and (text or formula is None):
            found.append(f"{name}: {text!r} is not a number")
        if kind == "b" and value is not None and text not in ("0", "1"):
            found.append(f"{name}: {text!r} is not a boolean")
        if value is not None and formula is not None and kind == "inlineStr":
            found.append(f"{name}: a formula with an inline string")
        order = [local(part.tag) for part in item if local(part.tag) in ("f", "v", "is")]
        if order not in ([], ["f"], ["v"], ["is"], ["f", "v"], ["f", "is"]):
            found.append(f"{name}: children {order}")
        texts = [part.text or "" for part in descendants(item, "t")]
        if sum(len(unescape(part).encode("utf-16-le")) // 2 for part in texts) > LONGEST_TEXT:
            found.append(f"{name}: text too long")
        for part in texts:
            found += [f"{name}: {ord(letter):#x} cannot stand in a cell" for letter in part if letter in "\ufffe\uffff"]
        if formula is not None and formula.get("t") == "shared":
            (masters if formula.get("ref") else followers).add(formula.get("si"))
    return found + [f"shared formula {number} has no master" for number in followers - masters]


def _is_number(text: str) -> bool:
    try:
        return float(text) - float(text) == 0  # neither NaN nor infinite
    except ValueError:
        return False


def _style_count(package: Package) -> int | None:
    part = next((target for kind, target in package.relationships(package.workbook).values() if kind == "styles"), None)
    if part is None or package.part(part) is None:
        return None
    formats = child(package.xml(part), "cellXfs")
    return len(formats) if formats is not None else None


def _range_faults(root: ElementTree.Element) -> list[str]:
    found = []
    areas = [
        item.get("ref", "") for name in ("dimension", "mergeCell", "hyperlink") for item in descendants(root, name)
    ]
    for name in ("conditionalFormatting", "dataValidation", "ignoredError", "protectedRange"):
        for item in descendants(root, name):
            areas += (item.get("sqref") or "").split()
    areas += [area for item in descendants(root, "sqref") for area in (item.text or "").split()]
    for reference in areas:
        try:
            first_row, first_column, last_row, last_column = area_of(reference)
        except ValueError:
            continue  # whole columns or rows
        if not (1 <= first_row <= last_row <= LAST_ROW and 1 <= first_column <= last_column <= LAST_COLUMN):
            found.append(f"{reference} is not on the sheet")
    merges = [area_of(item.get("ref", "")) for item in descendants(root, "mergeCell")]
    for index, one in enumerate(merges):
        found += [
            f"merged {reference_of(one)} and {reference_of(other)} overlap"
            for other in merges[:index]
            if overlap(one, other)
        ]
    return found


def table_faults(package: Package) -> list[str]:
    """Tables that Excel would drop or repair: headers unlike the sheet's, repeated ids, ranges that disagree."""
    tables = list(package.tables.values())
    found = [f"table id {number} twice" for number, count in Counter(table.id for table in tables).items() if count > 1]
    names = [table.name.lower() for table in tables]
    names += [item.get("name", "").lower() for item in descendants(package.xml(package.workbook), "definedName")]
    found += [f"the name {name} twice" for name in {table.name.lower() for table in tables} if names.count(name) > 1]
    for table in tables:
        found += [f"table {table.name}: {fault}" for fault in _one_table_faults(package, table)]
        merged = [area_of(item.get("ref", "")) for item in descendants(package.xml(table.sheet.part), "mergeCell")]
        found += [
            f"table {table.name}: merged cells {reference_of(area)}" for area in merged if overlap(area, table.area)
        ]
    for index, table in enumerate(tables):
        for other in tables[:index]:
            if table.sheet == other.sheet and overlap(table.area, other.area):
                found.append(f"tables {table.name} and {other.name} overlap")
    return found


def _one_table_faults(package: Package, table: TableInfo) -> list[str]:
    top, left, bottom, right = table.area
    found = []
    if table.last_data_row < table.first_data_row:
        found.append("no room for a data row")
    container = child(table.xml, "tableColumns")
    columns = children(container, "tableColumn") if container is not None else []
    count = container.get("count", str(len(columns))) if container is not None else "0"
    if not len(columns) == int(count) == right - left + 1:
        found.append(f"{len(columns)} columns, count {count}, width {right - left + 1}")
    for what in ("id", "name"):
        values = Counter(item.get(what, "").lower() for item in columns)
        found += [f"column {what} {value} twice" for value, count in values.items() if count > 1]
    cells = package.cells(table.sheet.part)
    for offset, name in enumerate(table.columns):
        header = cells.get((top, left + offset)) if table.header_rows else None
        if table.header_rows and (header is None or header.value != name):
            found.append(f"column {name!r} has the header {header.value if header else None!r}")
        elif header is not None and header.type not in ("s", "str", "inlineStr"):
            found.append(f"header {name!r} is not text")
    if table.auto_filter is not None:
        area = area_of(table.auto_filter)
        if area != (top, left, table.last_data_row, right):
            found.append(f"autoFilter {table.auto_filter} does not fit {reference_of(table.area)}")
    for item in descendants(table.xml, "sortState"):
        first_row, first_column, last_row, last_column = area_of(item.get("ref", ""))
        if not (top <= first_row and left <= first_column and last_row <= bottom and last_column <= right):
            found.append(f"sortState {item.get('ref')} leaves the table")
    for offset, column in enumerate(columns if table.totals_rows else []):
        cell = cells.get((bottom, left + offset))
        label, function = column.get("totalsRowLabel"), column.get("totalsRowFunction")
        if label and (cell is None or cell.value != unescape(label)):
            found.append(f"totals label {label!r} is not in row {bottom}")
        if function and function != "none" and (cell is None or cell.formula is None):
            found.append(f"no totals formula in row {bottom} under {column.get('name')!r}")
    return found
