"""New parts for a workbook: a worksheet at the end of its tabs, a table (ListObject) over cells that stand there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tracker.xlsx.book import Book, SheetEntry, TableEntry
from tracker.xlsx.refs import Range
from tracker.xlsx.table_part import column_name, parse_table
from tracker.xlsx.xml import UnpatchablePart, attributes, escape_attribute, set_attribute, tag_pattern

MAX_SHEET_NAME = 31
_FORBIDDEN_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
_TRANSITIONAL = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
)
_STRICT = (
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.%s+xml"
STYLE = "TableStyleMedium2"
_ELEMENT = re.compile(rb"""<(/?)([\w.:-]+)(?:[^>"']|"[^"]*"|'[^']*')*?(/?)>""")


def free_sheet_name(book: Book, wanted: str) -> str:
    """The name itself, or with a number behind it where a sheet of that name is there; Excel ignores case."""
    taken = {attributes(tag).get("name", "").casefold() for tag in tag_pattern(book.prefix, b"sheet").findall(book.xml)}
    name = _FORBIDDEN_IN_SHEET_NAMES.sub("_", wanted).strip("'")[:MAX_SHEET_NAME] or "Sheet"
    number = 2
    fresh = name
    while fresh.casefold() in taken:
        ending = f" {number}"
        fresh = name[: MAX_SHEET_NAME - len(ending)] + ending
        number += 1
    return fresh


def add_sheet(book: Book, name: str, inside: bytes) -> SheetEntry:
    """Add a worksheet as the last tab; what is inside its root element is given, in the main namespace, unprefixed.

    Raises:
        UnpatchablePart: the workbook is of a kind to which no sheet can be added.
    """
    main, relations = _namespaces(book)
    part = book.free_part("xl/worksheets/sheet%d.xml")
    declaration = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    book.package.set(part, declaration + b'<worksheet xmlns="%b">%b</worksheet>' % (main.encode(), inside))
    book.add_content_type(part, _CONTENT_TYPE % "worksheet")
    id = book.add_relation(book.part, f"{relations}/worksheet", part)
    xml = book.xml
    tags = tag_pattern(book.prefix, b"sheet").findall(xml)
    numbers = [int(number) for tag in tags if (number := attributes(tag).get("sheetId", "")).isdigit()]
    element = b'<%bsheet xmlns:rel="%b" name="%b" sheetId="%d" rel:id="%b"/>' % (
        book.prefix,
        relations.encode(),
        escape_attribute(name),
        max(numbers, default=0) + 1,
        id.encode(),
    )
    end = xml.find(b"</%bsheets" % book.prefix)
    if end < 0:
        raise UnpatchablePart("its workbook part has no list of sheets")
    book.set_workbook_xml(xml[:end] + element + xml[end:])
    return book.found_sheet(name)


def add_table(
    book: Book, sheet: SheetEntry, name: str, ref: Range, headers: Sequence[str], totals: bytes = b""
) -> None:
    """Lay a table over cells that stand on a sheet already; its header cells must hold these texts.

    Args:
        ref: header, rows (at least one), and the totals row where there is one.
        totals: for a table with a totals row, its columns' elements as :func:`totals_column` gives them, in order.

    Raises:
        UnpatchablePart: the sheet cannot be patched.
    """
    main, relations = _namespaces(book)
    part = book.free_part("xl/tables/table%d.xml")
    rows = open_sheet = book.sheet(sheet.part)
    filtered = ref._replace(last_row=ref.last_row - 1) if totals else ref
    inner = _taken_filter(book, sheet, filtered)
    columns = totals or b"".join(
        b'<tableColumn id="%d" name="%b"/>' % (index, column_name(header)) for index, header in enumerate(headers, 1)
    )
    xml = b"".join(
        [
            b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
            b'<table xmlns="%b" id="%d" name="%b" displayName="%b" ref="%b"'
            % (main.encode(), _free_id(book), name.encode(), name.encode(), str(ref).encode()),
            b' totalsRowCount="1">' if totals else b' totalsRowShown="0">',
            b'<autoFilter ref="%b"%b' % (str(filtered).encode(), b">%b</autoFilter>" % inner if inner else b"/>"),
            b'<tableColumns count="%d">%b</tableColumns>' % (len(headers), columns),
            b'<tableStyleInfo name="%b" showFirstColumn="0" showLastColumn="0" showRowStripes="1"' % STYLE.encode(),
            b' showColumnStripes="0"/>',
            b"</table>",
        ]
    )
    book.package.set(part, xml)
    book.add_content_type(part, _CONTENT_TYPE % "table")
    id = book.add_relation(sheet.part, f"{relations}/table", part)
    child = b'<%btablePart xmlns:rel="%b" rel:id="%b"/>' % (open_sheet.prefix, relations.encode(), id.encode())
    open_sheet.foot = _with_table_part(open_sheet.foot, rows.prefix, child)
    book.tables[name.lower()] = TableEntry(part, sheet, parse_table(xml))


def totals_column(id: int, header: str, label: str, formula: str) -> bytes:
    """A column of a table with a totals row: what stands in its totals cell is a text, a formula, or nothing."""
    start = b'<tableColumn id="%d" name="%b"' % (id, column_name(header))
    if formula:
        text = formula.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()
        return start + b' totalsRowFunction="custom"><totalsRowFormula>%b</totalsRowFormula></tableColumn>' % text
    return start + (b' totalsRowLabel="%b"/>' % column_name(label) if label else b"/>")


def _namespaces(book: Book) -> tuple[str, str]:
    """The namespaces of the main elements and of relationships: those of ISO's strict variant, or the usual."""
    return _STRICT if _STRICT[0].encode() in book.xml[:4096] else _TRANSITIONAL


def _free_id(book: Book) -> int:
    """An id that no table of the workbook has."""
    ids = [
        int(attributes(tag_pattern(t.info.prefix, b"table").findall(t.info.xml)[0]).get("id", "0") or 0)
        for t in book.tables.values()
    ]
    return max(ids, default=0) + 1


def _with_table_part(foot: bytes, prefix: bytes, child: bytes) -> bytes:
    """The end of a sheet with one more table in its list, which stands before ``extLst`` alone."""
    opening = tag_pattern(prefix, b"tableParts").search(foot)
    if opening is not None and not opening[0].endswith(b"/>"):
        end = foot.find(b"</%btableParts" % prefix, opening.end())
        count = len(tag_pattern(prefix, b"tablePart").findall(foot)) + 1
        tag = set_attribute(opening[0], "count", str(count))
        return foot[: opening.start()] + tag + foot[opening.end() : end] + child + foot[end:]
    block = b'<%btableParts count="1">%b</%btableParts>' % (prefix, child, prefix)
    if opening is not None:
        return foot[: opening.start()] + block + foot[opening.end() :]
    at = _last_child(foot, prefix)
    return foot[:at] + block + foot[at:]


def _last_child(foot: bytes, prefix: bytes) -> int:
    """Where the sheet's own ``extLst`` begins, or its end tag: deeper elements have lists of that name, too."""
    depth = 0
    for match in _ELEMENT.finditer(foot):
        closing, name, closed = match[1], match[2], match[3]
        if closing:
            if name == prefix + b"worksheet":
                return match.start()
            depth -= 1 if name != prefix + b"sheetData" else 0
        else:
            if depth == 0 and name == prefix + b"extLst":
                return match.start()
            depth += 0 if closed else 1
    raise UnpatchablePart("a sheet part has no end")


def _taken_filter(book: Book, sheet: SheetEntry, ref: Range) -> bytes:
    """Take the sheet's own filter over these cells away, as Excel does for a new table; gives its criteria."""
    rows = book.sheet(sheet.part)
    opening = tag_pattern(rows.prefix, b"autoFilter").search(rows.foot)
    if opening is None or not Range.parse(attributes(opening[0]).get("ref", "A1")).intersects(ref):
        return b""
    found = Range.parse(attributes(opening[0])["ref"])
    inner, end = b"", opening.end()
    if not opening[0].endswith(b"/>"):
        closing = re.compile(rb"</%bautoFilter\s*>" % re.escape(rows.prefix)).search(rows.foot, end)
        if closing is None:
            raise UnpatchablePart("a sheet's filter has no end")
        inner, end = rows.foot[opening.end() : closing.start()], closing.end()
    rows.foot = rows.foot[: opening.start()] + rows.foot[end:]
    for match, local in book.defined_names():
        if local == sheet.name and attributes(match[1]).get("name", "").endswith("_FilterDatabase"):
            start = match.start()
            stop = book.xml.find(b">", match.end()) + 1
            book.set_workbook_xml(_without_empty_names(book.xml[:start] + book.xml[stop:], book.prefix))
            break
    keeps = found.first_column == ref.first_column and found.first_row == ref.first_row
    return inner if keeps and not rows.prefix else b""


def _without_empty_names(xml: bytes, prefix: bytes) -> bytes:
    p = re.escape(prefix)
    return re.sub(rb"<" + p + rb"definedNames\s*>\s*</" + p + rb"definedNames\s*>", b"", xml)
