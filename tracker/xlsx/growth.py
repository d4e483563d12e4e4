"""What grows along when a table does: ranges that ended where the table ended, as they would in Excel's own window."""

from __future__ import annotations

import re
from functools import lru_cache

from tracker.xlsx.book import Book, TableEntry
from tracker.xlsx.refs import Range, grow_reference, grow_sqref
from tracker.xlsx.sheet import Sheet
from tracker.xlsx.xml import attributes, escape_attribute, set_attribute, tag_pattern, unescape

_SQREF = re.compile(rb"""(\ssqref\s*=\s*)(["'])([^"']*)\2""")
_SQREF_ELEMENT = re.compile(rb"(<(?:[\w.-]+:)?sqref>)([^<]*)")
_FORMULA_ELEMENT = re.compile(rb"(<(?:(?:[\w.-]+:)?formula[12]?|[\w.-]+:f)>)([^<]*)")
_CHART_FORMULA = re.compile(rb"(:f(?:\s[^>]*)?>)([^<]+)")
_CHART_FORMULA_NO_PREFIX = re.compile(rb"(<f(?:\s[^>]*)?>)([^<]+)")
"""Two, since a pattern is looked for fast where its beginning is spelt out: a chart has a saved point for every row."""
_CHART_PART = re.compile(r"(^|.*/)charts/chart(ex)?\d*\.xml", re.IGNORECASE)


def grow_dependants(book: Book, table: TableEntry, old: Range, new_last_row: int) -> None:
    """Let everything that covered the table's data (``old``: header to last data row) cover its new rows too.

    Formats, validation, ignored errors and protected ranges of the table's sheet; defined names and print areas; charts
    and sparklines anywhere.
    """
    sheet_name = table.sheet.name
    for entry in book.sheets:
        sheet = book.sheet(entry.part)
        foot = sheet.foot
        if entry.part == table.sheet.part:
            foot = _SQREF.sub(lambda m: m[1] + m[2] + _grown_sqref(m[3], old, new_last_row) + m[2], foot)
            foot = _SQREF_ELEMENT.sub(lambda m: m[1] + _grown_sqref(m[2], old, new_last_row), foot)
        sheet.foot = _grown_formulas(_FORMULA_ELEMENT, foot, sheet_name, entry.name, old, new_last_row)
    _grow_names(book, sheet_name, old, new_last_row)
    for part in book.package.names():
        if _CHART_PART.fullmatch(part):
            xml = book.package.read(part)
            grown = xml
            for pattern in (_CHART_FORMULA, _CHART_FORMULA_NO_PREFIX):
                grown = _grown_formulas(pattern, grown, sheet_name, "", old, new_last_row, lone_row=True)
            if grown != xml:
                book.package.set(part, grown)


def grow_dimension(sheet: Sheet, rows: Range) -> None:
    """Let the sheet's declared extent include these cells."""
    match, known = _dimension(sheet.head, sheet.prefix)
    if match is None or known is None:
        return
    grown = Range(
        min(known.first_row, rows.first_row),
        min(known.first_column, rows.first_column),
        max(known.last_row, rows.last_row),
        max(known.last_column, rows.last_column),
    )
    if grown != known:
        sheet.head = (
            sheet.head[: match.start()] + set_attribute(match[0], "ref", str(grown)) + sheet.head[match.end() :]
        )


@lru_cache(maxsize=8)
def _dimension(head: bytes, prefix: bytes) -> tuple[re.Match[bytes] | None, Range | None]:
    """Where a sheet declares its extent, and what it says; None where it says nothing that can be read."""
    match = tag_pattern(prefix, b"dimension").search(head)
    try:
        return match, Range.parse(attributes(match[0]).get("ref", "A1")) if match else None
    except ValueError:
        return match, None


def set_widths(sheet: Sheet, first: int, widths: list[float]) -> None:
    """Give columns from ``first`` on a width (in characters) where the person has set none for them."""
    p = sheet.prefix
    taken = [attributes(tag) for tag in tag_pattern(p, b"col").findall(sheet.head)]
    covered = [(int(found.get("min", "0")), int(found.get("max", "0"))) for found in taken]
    fresh = [
        (first + index, width)
        for index, width in enumerate(widths)
        if not any(low <= first + index <= high for low, high in covered)
    ]
    if not fresh:
        return
    elements = b"".join(b'<%scol min="%d" max="%d" width="%.4g" customWidth="1"/>' % (p, n, n, w) for n, w in fresh)
    end = sheet.head.find(b"</%scols>" % p)
    if end >= 0:
        # The elements must stay in order of columns; where the person's reach further right, leave the widths alone.
        if all(high < fresh[0][0] for _, high in covered):
            sheet.head = sheet.head[:end] + elements + sheet.head[end:]
        return
    at = sheet.head.rfind(b"<%ssheetData" % p)
    sheet.head = sheet.head[:at] + b"<%scols>%b</%scols>" % (p, elements, p) + sheet.head[at:]


def _grow_names(book: Book, sheet_name: str, old: Range, new_last_row: int) -> None:
    pieces: list[bytes] = []
    position = 0
    for match, local_sheet in book.defined_names():
        grown = _grown(match[2], sheet_name, local_sheet, old, new_last_row)
        if grown != match[2]:
            pieces += [book.xml[position : match.start(2)], grown]
            position = match.end(2)
    if pieces:
        book.set_workbook_xml(b"".join([*pieces, book.xml[position:]]))


def _grown_formulas(
    pattern: re.Pattern[bytes],
    xml: bytes,
    sheet: str,
    own_sheet: str,
    old: Range,
    new_last_row: int,
    lone_row: bool = False,
) -> bytes:
    return pattern.sub(lambda m: m[1] + _grown(m[2], sheet, own_sheet, old, new_last_row, lone_row), xml)


def _grown_sqref(raw: bytes, old: Range, new_last_row: int) -> bytes:
    text = raw.decode("utf-8", "replace")
    grown = grow_sqref(text, old, new_last_row)
    return raw if grown == text else grown.encode()


def _grown(raw: bytes, sheet: str, own_sheet: str, old: Range, new_last_row: int, lone_row: bool = False) -> bytes:
    if b"!" not in raw and sheet != own_sheet:
        return raw
    text = unescape(raw.decode("utf-8", "replace"))
    grown = grow_reference(text, sheet, own_sheet, old, new_last_row, lone_row=lone_row)
    return raw if grown == text else escape_attribute(grown).replace(b"&quot;", b'"')
