"""A new workbook of tables to read and print: one table a sheet, with a title, a header that stays, and a filter.

Every text is written as text, so nothing that somebody stored becomes a formula, and the same tables give the same
bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any, BinaryIO, Literal

from tracker.values import MAX_TEXT
from tracker.xlsx.cells import cell_opening, cell_writer, cell_xml
from tracker.xlsx.refs import column_letters
from tracker.xlsx.xml import escape_attribute

Look = Literal["text", "code", "number", "count", "time", "state"]
"""How the cells of a column look; ``state`` is a word with a colour."""
Tone = Literal["good", "bad", "caution", "quiet"]

CUT = "… cut off here: a cell holds no more"
_HEADER_ROW = 4
_LEAST, _MOST = 9, 78
"""Characters that a column is wide; longer texts are wrapped."""
_HIGHEST = 405
"""Points that a row is high at most."""
_EFFORT = 3
"""How hard a sheet is compressed: half the time of the usual 6, for a tenth more bytes."""
_AT_ONCE = 1000
"""Rows that are made together."""
_MOST_KNOWN = 4096
"""Texts of a column that are kept."""
_LOOKED_AT = 300
"""Rows by which the widths are chosen."""

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_TITLE, _NOTE, _HEADER = 1, 2, 3
_STYLES: dict[str, int] = {
    "text": 4,
    "code": 5,
    "number": 6,
    "count": 7,
    "time": 8,
    "state": 4,
    "good": 9,
    "bad": 10,
    "caution": 11,
    "quiet": 12,
    "quoted": 13,
}
"""The cell formats, in the order of :data:`_STYLES_XML`."""


@dataclass(frozen=True, slots=True)
class NewColumn:
    """A column of a new table."""

    header: str
    look: Look = "text"


@dataclass(frozen=True, slots=True)
class NewSheet:
    """One sheet with one table."""

    name: str
    """The sheet's name, of at most 31 letters, digits and blanks."""
    note: str
    columns: Sequence[NewColumn]
    rows: Sequence[Sequence[Any]]
    """Values as :func:`tracker.values.to_cell` gives them."""


def write_book(
    target: BinaryIO, title: str, sheets: Sequence[NewSheet], tones: Mapping[str, Tone] | None = None
) -> None:
    """Write a workbook of these sheets.

    Args:
        title: what stands on top of each sheet.
        tones: the colours of words in ``state`` columns.
    """
    parts = {
        "[Content_Types].xml": _content_types(len(sheets)),
        "_rels/.rels": _relationships([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _workbook(sheets),
        "xl/_rels/workbook.xml.rels": _relationships(
            [*(("worksheet", f"worksheets/sheet{n + 1}.xml") for n in range(len(sheets))), ("styles", "styles.xml")]
        ),
        "xl/styles.xml": _DECLARATION + _STYLES_XML,
    }
    for place, sheet in enumerate(sheets, 1):
        parts[f"xl/worksheets/_rels/sheet{place}.xml.rels"] = _relationships([("table", f"../tables/table{place}.xml")])
        parts[f"xl/tables/table{place}.xml"] = _table(sheet, place)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(_member(name), text.encode())
        for place, sheet in enumerate(sheets, 1):
            content = b"".join(_sheet(sheet, title, tones or {}))
            archive.writestr(_member(f"xl/worksheets/sheet{place}.xml"), content, compresslevel=_EFFORT)


def _member(name: str) -> zipfile.ZipInfo:
    """An entry that says nothing of when and where it was made."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


# -- a sheet ------------------------------------------------------------------------------------------------------


def _sheet(sheet: NewSheet, title: str, tones: Mapping[str, Tone]) -> Iterator[bytes]:
    count = len(sheet.columns)
    last_row = _HEADER_ROW + max(1, len(sheet.rows))
    widths = _widths(sheet)
    listed = "".join(f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in enumerate(widths, 1))
    yield (
        f'{_DECLARATION}<worksheet {_MAIN} xmlns:r="{_OFFICE}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<dimension ref="A1:{column_letters(count)}{last_row}"/>'
        f'<sheetViews><sheetView showGridLines="0" workbookViewId="0"><pane ySplit="{_HEADER_ROW}" '
        f'topLeftCell="A{_HEADER_ROW + 1}" activePane="bottomLeft" state="frozen"/>'
        f'<selection pane="bottomLeft" activeCell="A{_HEADER_ROW + 1}" sqref="A{_HEADER_ROW + 1}"/></sheetView>'
        f'</sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>{listed}</cols><sheetData>'
    ).encode()
    yield _row(1, [(f"{sheet.name} – {title}", _TITLE)], 26)
    yield _row(2, [(sheet.note, _NOTE)], 18)
    yield _row(_HEADER_ROW, [(column.header, _HEADER) for column in sheet.columns], 20)
    columns = [_Cells(*one, tones) for one in zip(range(1, count + 1), sheet.columns, widths, strict=True)]
    for first in range(0, len(sheet.rows), _AT_ONCE):
        some = sheet.rows[first : first + _AT_ONCE]
        numbers = range(first + _HEADER_ROW + 1, first + _HEADER_ROW + 1 + len(some))
        made = [column.make(numbers, values) for column, values in zip(columns, zip(*some, strict=True), strict=True)]
        lines = [lines for _, lines in made if lines]
        heights = (
            [min(_HIGHEST, 15 * most) for most in map(max, *lines, [1] * len(some))] if lines else [15] * len(some)
        )
        cells = map("".join, zip(*(cells for cells, _ in made), strict=True))
        yield "".join(
            f'<row r="{number}" ht="{height}" customHeight="1">{row}</row>'
            for number, height, row in zip(numbers, heights, cells, strict=True)
        ).encode()
    yield (
        b'</sheetData><pageMargins left="0.5" right="0.5" top="0.6" bottom="0.6" header="0.3" footer="0.3"/>'
        b'<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
        b'<headerFooter><oddFooter>&amp;L&amp;"Calibri"&amp;8&amp;A&amp;R&amp;"Calibri"&amp;8&amp;P / &amp;N'
        b'</oddFooter></headerFooter><tableParts count="1"><tablePart r:id="rId1"/></tableParts></worksheet>'
    )


def _row(number: int, cells: Iterable[tuple[Any, int]], height: int | None = None) -> bytes:
    tall = f' ht="{height}" customHeight="1"' if height else ""
    body = b"".join(
        cell_xml(number, column, value, style, b"", False) for column, (value, style) in enumerate(cells, 1)
    )
    return f'<row r="{number}"{tall}>'.encode() + body + b"</row>"


class _Cells:
    """Makes the cells of a column, many at a time: a hundred thousand rows are millions of them."""

    def __init__(self, place: int, column: NewColumn, width: int, tones: Mapping[str, Tone]) -> None:
        self._opening = cell_opening(place, b"").decode()
        self._look, self._width, self._tones = column.look, width, tones
        self._known: dict[str, tuple[str, int]] = {}
        """What stands behind the row's number in the cell of a text, and its lines."""

    def make(self, numbers: Sequence[int], values: Sequence[Any]) -> tuple[list[str], list[int] | None]:
        """The cells in some rows, and the lines that their texts take; None where all take one."""
        opening, kinds = self._opening, set(map(type, values))
        if kinds <= {float, int, NoneType}:
            before, after = self._ending(0)[0].split("0</v>")
            after, blank = f"</v>{after}", self._ending(None)[0]
            return [
                f"{opening}{n}{blank}" if value is None else f"{opening}{n}{before}{value!r}{after}"
                for n, value in zip(numbers, values, strict=True)
            ], None
        known = self._known
        endings = [
            (known.get(value) or self._text(value)) if type(value) is str else self._ending(value) for value in values
        ]
        cells = [f"{opening}{n}{ending}" for n, (ending, _) in zip(numbers, endings, strict=True)]
        return cells, [lines for _, lines in endings] if str in kinds else None

    def _text(self, value: str) -> tuple[str, int]:
        made = self._ending(value)
        if len(self._known) < _MOST_KNOWN:
            self._known[value] = made
        return made

    def _ending(self, value: Any) -> tuple[str, int]:
        shown, style = _styled(value, self._look, self._tones)
        lines = _lines(shown, style, self._width) if isinstance(shown, str) else 1
        return cell_writer(style, b"", False)(shown).decode(), lines


def _styled(value: Any, look: Look, tones: Mapping[str, Tone]) -> tuple[Any, int]:
    """A value as its cell holds it, and its format."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            value = value[: MAX_TEXT - len(CUT)] + CUT
        if look == "state":
            return value, _STYLES[tones.get(value, "state")]
        if look == "text" and value[:1] in ("=", "+", "-", "@"):
            return value, _STYLES["quoted"]  # stays a text, too, when somebody edits the cell and leaves it
        return value, _STYLES["code" if look == "code" else "text"]
    if isinstance(value, datetime):
        return value, _STYLES["time"]
    if isinstance(value, bool):
        return ("yes" if value else "no"), _STYLES["text"]
    return value, _STYLES[look if look in ("number", "count") else "text"]


def _widths(sheet: NewSheet) -> list[int]:
    """Widths of the columns in characters: by what they hold, within limits."""
    widths = []
    for place, column in enumerate(sheet.columns):
        longest = max((_length(row[place]) for row in sheet.rows[:_LOOKED_AT]), default=0)
        wide = 1.15 if column.look == "code" else 1.0
        widths.append(min(_MOST, max(_LEAST, round(longest * wide) + 3, len(column.header) + 6)))
    return widths


def _lines(value: str, style: int, width: int) -> int:
    """Lines that a text takes when it is wrapped; not every program finds that out by itself."""
    room = max(1, int((width - 2) / (1.15 if style == _STYLES["code"] else 0.95)))
    if len(value) <= room and "\n" not in value:
        return 1
    return sum(max(1, -(-len(line) // room)) for line in value.split("\n"))


def _length(value: Any) -> int:
    """About how many characters a value takes."""
    if isinstance(value, datetime):
        return 19
    if isinstance(value, float):
        return min(len(repr(value)), 12)
    if isinstance(value, int):
        return len(f"{value:,}")
    return max(map(len, str(value).split("\n"))) if value is not None and value != "" else 0


# -- the other parts ----------------------------------------------------------------------------------------------


def _table(sheet: NewSheet, place: int) -> str:
    reference = f"A{_HEADER_ROW}:{column_letters(len(sheet.columns))}{_HEADER_ROW + max(1, len(sheet.rows))}"
    columns = "".join(
        f'<tableColumn id="{n}" name="{escape_attribute(column.header).decode()}"/>'
        for n, column in enumerate(sheet.columns, 1)
    )
    name = "".join(sign if sign.isalnum() else "_" for sign in sheet.name)
    return (
        f'{_DECLARATION}<table {_MAIN} id="{place}" name="{name}" displayName="{name}" ref="{reference}">'
        f'<autoFilter ref="{reference}"/><tableColumns count="{len(sheet.columns)}">{columns}</tableColumns>'
        '<tableStyleInfo showFirstColumn="0" showLastColumn="0" showRowStripes="0" showColumnStripes="0"/></table>'
    )


def _workbook(sheets: Sequence[NewSheet]) -> str:
    listed = "".join(f'<sheet name="{sheet.name}" sheetId="{n}" r:id="rId{n}"/>' for n, sheet in enumerate(sheets, 1))
    titles = "".join(
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{n}">\'{sheet.name}\'!${_HEADER_ROW}:${_HEADER_ROW}'
        "</definedName>"
        for n, sheet in enumerate(sheets)
    )
    return (
        f'{_DECLARATION}<workbook {_MAIN} xmlns:r="{_OFFICE}"><bookViews><workbookView tabRatio="850"/></bookViews>'
        f"<sheets>{listed}</sheets><definedNames>{titles}</definedNames></workbook>"
    )


def _relationships(targets: Iterable[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    namespace = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'{_DECLARATION}<Relationships xmlns="{namespace}">{listed}</Relationships>'


def _content_types(sheets: int) -> str:
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [("/xl/workbook.xml", "sheet.main"), ("/xl/styles.xml", "styles")]
    for n in range(1, sheets + 1):
        parts += [(f"/xl/worksheets/sheet{n}.xml", "worksheet"), (f"/xl/tables/table{n}.xml", "table")]
    listed = "".join(f'<Override PartName="{name}" ContentType="{types}.{kind}+xml"/>' for name, kind in parts)
    return (
        f'{_DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )


def _font(size: int, color: str, name: str = "Calibri", bold: bool = False) -> str:
    return f'<font>{"<b/>" if bold else ""}<sz val="{size}"/><color rgb="FF{color}"/><name val="{name}"/></font>'


def _fill(color: str) -> str:
    return f'<fill><patternFill patternType="solid"><fgColor rgb="FF{color}"/></patternFill></fill>'


def _format(font: int, fill: int = 0, number: int = 0, border: int = 1, align: str = "", more: str = "") -> str:
    """One cell format; texts are wrapped and stand at the top of their cell."""
    alignment = align or '<alignment horizontal="left" vertical="top" indent="1" wrapText="1"/>'
    return (
        f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="{border}" xfId="0" applyFont="1" '
        f'applyFill="1" applyBorder="1" applyNumberFormat="1" applyAlignment="1"{more}>{alignment}</xf>'
    )


_FONTS = [
    _font(11, "16324A"),
    _font(16, "16324A", bold=True),
    _font(10, "5B6B79"),
    _font(11, "FFFFFF", bold=True),
    _font(10, "16324A", "Consolas"),
    *(_font(11, color, bold=True) for color in ("00664B", "A33F00", "7A5200", "5B6B79")),
]
_FILLS = [
    '<fill><patternFill patternType="none"/></fill>',
    '<fill><patternFill patternType="gray125"/></fill>',
    *map(_fill, ("16324A", "D9F2E9", "FBE1D2", "FDEFD0", "EDF0F3")),
]
_PLAIN = '<alignment vertical="center"/>'
_FORMATS = [
    _format(0, border=0, align=_PLAIN),
    _format(1, border=0, align=_PLAIN),
    _format(2, border=0, align=_PLAIN),
    _format(3, 2, border=0, align='<alignment horizontal="left" vertical="center" wrapText="1" indent="1"/>'),
    _format(0),
    _format(4),
    _format(0, align='<alignment horizontal="right" vertical="top"/>'),
    _format(0, number=3, align='<alignment horizontal="right" vertical="top"/>'),
    _format(0, number=164, align='<alignment horizontal="left" vertical="top" indent="1"/>'),
    *(_format(font, fill) for font, fill in ((5, 3), (6, 4), (7, 5), (8, 6))),
    _format(0, more=' quotePrefix="1"'),
]
_LINE = '<bottom style="thin"><color rgb="FFD5DFE7"/></bottom>'
_STYLES_XML = (
    f'<styleSheet {_MAIN}><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    f'<fonts count="{len(_FONTS)}">{"".join(_FONTS)}</fonts><fills count="{len(_FILLS)}">{"".join(_FILLS)}</fills>'
    '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
    f"<border><left/><right/><top/>{_LINE}<diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    f'<cellXfs count="{len(_FORMATS)}">{"".join(_FORMATS)}</cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    '<dxfs count="0"/><tableStyles count="0"/></styleSheet>'
)
