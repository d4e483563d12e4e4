"""Cells: from XML to values and from values to XML."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from tracker.values import from_serial, to_serial
from tracker.xlsx.links import Link, link_text
from tracker.xlsx.refs import cell_name, column_letters, column_number
from tracker.xlsx.xml import UnpatchablePart, attributes, escape, unescape, unescape_text

_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})([0-9]+)["']""")
_STYLE = re.compile(rb"""\ss\s*=\s*["']([0-9]+)["']""")
_TYPE = re.compile(rb"""\st\s*=\s*["']([A-Za-z]+)["']""")


class ErrorValue(str):
    """An error that a formula left in a cell, such as ``#N/A``."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CellSpan:
    """One ``<c>`` inside its row: its column, where it stands, its start tag and its content."""

    column: int
    start: int
    end: int
    tag: bytes
    content: bytes

    @property
    def style(self) -> int:
        """Index into the workbook's cell formats."""
        match = _STYLE.search(self.tag)
        return int(match[1]) if match else 0

    @property
    def has_formula(self) -> bool:
        return b"<" in self.content and _FORMULA.search(self.content) is not None

    @property
    def is_blank(self) -> bool:
        """No value, text or formula: at most a format."""
        return b"<" not in self.content


_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f(?=[\s/>])")


@lru_cache(maxsize=16)
def _cell_pattern(prefix: bytes) -> re.Pattern[bytes]:
    p = re.escape(prefix)
    return re.compile(rb"(<" + p + rb"c(?=[\s/>])[^>]*?)(?:/>|>(.*?)</" + p + rb"c\s*>)", re.DOTALL)


@lru_cache(maxsize=16)
def _plain_pattern(prefix: bytes) -> re.Pattern[bytes]:
    """A cell without rich text or attributes out of order: column, style, type, formula, value, text."""
    return re.compile(b'<%bc r="([A-Z]+)[0-9]+"%b' % (re.escape(prefix), _plain_rest(prefix)))


@lru_cache(maxsize=16)
def column_pattern(column: int, prefix: bytes) -> re.Pattern[bytes]:
    """A plain cell of one column: row, style, type, formula, value, text (see :meth:`CellReader.plain`)."""
    letters = column_letters(column).encode()
    return re.compile(b'<%bc r="%b([0-9]+)"%b' % (re.escape(prefix), letters, _plain_rest(prefix)))


def _plain_rest(prefix: bytes) -> bytes:
    more = rb'(?: s="([0-9]+)")?(?: t="(\w+)")?'
    formula = rb'(?:<%sf(?: aca="\w+")?>([^<]+)</%sf>)?'
    body = rb"(?:" + formula + rb'<%sv>([^<]*)</%sv>|<%sis><%st(?: xml:space="preserve")?>([^<]*)</%st></%sis>)'
    return more + (rb"(?:/>|>" + body + rb"</%sc>)") % ((re.escape(prefix),) * 9)


@cache
def _column(letters: bytes) -> int:
    return column_number(letters.decode())


@lru_cache(maxsize=16)
def _content_patterns(prefix: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    p = re.escape(prefix)
    value = re.compile(rb"<" + p + rb"v(?=[\s>])[^>]*>(.*?)</" + p + rb"v\s*>", re.DOTALL)
    text = re.compile(rb"<" + p + rb"t(?=[\s/>])[^>]*?(?:/>|>(.*?)</" + p + rb"t\s*>)", re.DOTALL)
    phonetic = re.compile(rb"<" + p + rb"rPh(?=[\s>]).*?</" + p + rb"rPh\s*>", re.DOTALL)
    return value, text, phonetic


def row_body(xml: bytes | None) -> bytes:
    """A row without its own start tag; empty where there is none."""
    return xml[xml.find(b">") + 1 :] if xml else b""


def cells_of(row: bytes, prefix: bytes) -> Iterator[CellSpan]:
    """The cells of one ``<row>``, in order; a cell without a reference follows its neighbour."""
    column = 0
    for match in _cell_pattern(prefix).finditer(row):
        tag = match[1]
        reference = _REFERENCE.search(tag)
        column = _column(reference[1]) if reference else column + 1
        yield CellSpan(column, match.start(), match.end(), tag, match[2] or b"")


def cells_around(row: bytes, prefix: bytes, columns: Collection[int]) -> list[CellSpan]:
    """Of the cells of one ``<row>`` those in these columns, and the nearest on both sides of each: enough to set them.

    Much faster than :func:`cells_of` where few columns of many are meant.
    """
    references = list(_opening_pattern(prefix).finditer(row))
    places = [_column(reference[1]) for reference in references]
    if len(places) != row.count(b"<%sc" % prefix) or places != sorted(places):
        return list(cells_of(row, prefix))
    chosen: set[int] = set()
    for column in columns:
        at = bisect_left(places, column)
        chosen.update(range(max(0, at - 1), min(len(places), at + 2)))
    matches = ((places[index], _cell_pattern(prefix).match(row, references[index].start())) for index in sorted(chosen))
    return [CellSpan(column, m.start(), m.end(), m[1], m[2] or b"") for column, m in matches if m]


@lru_cache(maxsize=16)
def _opening_pattern(prefix: bytes) -> re.Pattern[bytes]:
    """Where a cell begins, as most programs write it."""
    return re.compile(b'<%bc r="([A-Z]{1,3})[0-9]+"' % re.escape(prefix))


def text_of(content: bytes, prefix: bytes) -> str:
    """The text of an ``<is>`` or ``<si>``: its runs joined, without phonetic hints."""
    _, text, phonetic = _content_patterns(prefix)
    if b"rPh" in content:
        content = phonetic.sub(b"", content)
    return unescape_text("".join((piece or b"").decode("utf-8", "replace") for piece in text.findall(content)))


def link_of(cell: CellSpan, prefix: bytes) -> str | None:
    """The text of a cell that is a link; None for all others."""
    found = formula_of(cell, prefix) if b"HYPERLINK" in cell.content else None
    return link_text(found[1]) if found else None


def has_formula(xml: bytes, prefix: bytes) -> bool:
    """Whether there is a formula among the cells of rows; links depend on nothing and do not count."""
    if b"<%sf" % prefix not in xml:
        return False
    return any(not match[1] or _link(match[1]) is None for match in _formula_pattern(prefix).finditer(xml))


@lru_cache(maxsize=16)
def _formula_pattern(prefix: bytes) -> re.Pattern[bytes]:
    p = re.escape(prefix)
    return re.compile(rb'<%sf(?:(?: aca="\w+")?>([^<]*)</|[\s/>])' % p)


def _link(formula: bytes) -> str | None:
    """The text of a link, from its formula as it stands in the XML."""
    return link_text(unescape(formula.decode("utf-8", "replace"))) if b"HYPERLINK" in formula else None


@dataclass(frozen=True, slots=True)
class CellReader:
    """What is needed to tell a cell's value: the shared strings, and which formats show a date."""

    string: Callable[[int], str]
    is_date: Callable[[int], bool]
    date1904: bool
    prefix: bytes

    def value(self, cell: CellSpan) -> Any:
        """None, bool, int, float, str, datetime or ErrorValue; a formula gives its saved result, a link its text."""
        if not cell.content:
            return None
        if cell.has_formula and (link := link_of(cell, self.prefix)) is not None:
            return link or None
        match = _TYPE.search(cell.tag)
        kind = match[1] if match else b"n"
        if kind == b"inlineStr":
            return text_of(cell.content, self.prefix) or None
        found = _content_patterns(self.prefix)[0].search(cell.content)
        if found is None:
            return None
        return self._stored(kind, found[1].decode("utf-8", "replace"), cell.style)

    def row(self, xml: bytes, first: int, width: int) -> tuple[list[Any], list[int]]:
        """The values of one row from column ``first`` on, and the indexes of those that are formulas."""
        values: list[Any] = [None] * width
        formulas: list[int] = []
        plain = _plain_pattern(self.prefix).findall(xml)
        if len(plain) == xml.count(b"<%sc" % self.prefix):
            string = self.string
            for letters, style, kind, formula, raw, text in plain:
                if raw or text or formula:
                    index = _column(letters) - first
                    if not 0 <= index < width:
                        continue
                    if kind == b"s" and raw.isdigit() and not formula:  # most texts, without a call for each
                        values[index] = string(int(raw)) or None
                        continue
                    values[index] = self.plain(style, kind, formula, raw, text)
                    if formula and _link(formula) is None:
                        formulas.append(index)
            return values, formulas
        for cell in cells_of(row_body(xml), self.prefix):
            index = cell.column - first
            if 0 <= index < width and cell.content:
                values[index] = self.value(cell)
                if cell.has_formula and link_of(cell, self.prefix) is None:
                    formulas.append(index)
        return values, formulas

    def plain(self, style: bytes, kind: bytes, formula: bytes, raw: bytes, text: bytes) -> Any:
        """The value of a cell as most programs write it, from the groups of its pattern."""
        if formula and (link := _link(formula)) is not None:
            return link or None
        if text or kind == b"inlineStr":
            found = text.decode("utf-8", "replace")
            return (unescape_text(found) if "&" in found or "_" in found else found) or None
        return self._stored(kind, raw.decode("utf-8", "replace"), int(style) if style else 0)

    def _stored(self, kind: bytes, raw: str, style: int) -> Any:
        """The value for the text of a ``<v>``."""
        if not kind or kind == b"n":
            return self._number(raw.strip(), style)
        if kind == b"s":
            try:
                return self.string(int(raw)) or None
            except ValueError:
                raise UnpatchablePart(f"a cell refers to the shared string {raw}, which is no number") from None
        if kind == b"str":
            return unescape_text(raw) or None
        if kind == b"b":
            return raw.strip() in ("1", "true")
        if kind == b"e":
            return ErrorValue(unescape_text(raw))
        return _iso_date(raw.strip())

    def _number(self, raw: str, style: int) -> Any:
        try:
            number: int | float = int(raw) if raw.isdigit() else float(raw)
        except ValueError:
            return unescape_text(raw) or None
        if style and self.is_date(style):
            return from_serial(float(number), self.date1904)
        if isinstance(number, float) and number.is_integer() and raw.lstrip("-").isdigit():
            return int(raw)
        return number


def _iso_date(raw: str) -> Any:
    try:
        moment = datetime.fromisoformat(raw.replace("Z", "+00:00"))
    except ValueError:
        return raw
    return moment.replace(tzinfo=None)


def cell_xml(row: int, column: int, value: Any, style: int, prefix: bytes, date1904: bool) -> bytes:
    """One ``<c>`` for a value as :mod:`tracker.values` gives it; a blank keeps its format."""
    ending = cell_writer(style, prefix, date1904)(value)
    return b"%b%d%b" % (cell_opening(column, prefix), row, ending) if ending else b""


def cell_opening(column: int, prefix: bytes) -> bytes:
    """A cell of a column up to the row's number."""
    return b'<%sc r="%b' % (prefix, column_letters(column).encode())


CellWriter = Callable[[Any], bytes]
"""Gives what stands in a cell behind the row's number, for its value; nothing where there need not be a cell."""


@lru_cache(maxsize=256)
def cell_writer(style: int, prefix: bytes, date1904: bool) -> CellWriter:
    """What makes the cells of one format; see :func:`cell_opening` for what stands before."""
    p = prefix
    start = b'" s="%d"' % style if style else b'"'
    blank = start + b"/>" if style else b""
    number = b"%b><%sv>%%b</%sv></%sc>" % (start, p, p, p)
    boolean = b'%b t="b"><%sv>%%d</%sv></%sc>' % (start, p, p, p)
    plain = b'%b t="inlineStr"><%sis><%st>%%b</%st></%sis></%sc>' % (start, p, p, p, p, p)
    link = b'%b t="str"><%sf>%%b</%sf><%sv>%%b</%sv></%sc>' % (start, p, p, p, p, p)
    spaced = plain.replace(b"<%st>" % p, b'<%st xml:space="preserve">' % p)

    def write(value: Any) -> bytes:
        if value is None or value == "":
            return blank
        if value is True or value is False:
            return boolean % value
        if isinstance(value, (int, float)):
            return number % repr(value).encode()
        if isinstance(value, datetime):
            return number % repr(to_serial(value, date1904)).encode()
        if isinstance(value, Link):
            return link % (_formula(value.formula), escape(value))
        text = str(value)
        space = text != text.strip() or "\n" in text or "  " in text
        return (spaced if space else plain) % escape(text)

    return write


class ColumnWriter:
    """Makes the cells of a column in many new rows: texts and dates that come again are made once."""

    __slots__ = ("_known", "_write")

    def __init__(self, write: CellWriter) -> None:
        self._write = write
        self._known: dict[Any, bytes] = {None: write(None)}

    def ending(self, value: Any) -> bytes:
        """As :data:`CellWriter`."""
        kind = type(value)
        if kind is not str and kind is not datetime and value is not None:
            return self._write(value)  # 1, 1.0 and True are different cells, and equal
        known = self._known.get(value)
        if known is None:
            known = self._write(value)
            if len(self._known) < _MOST_KNOWN:
                self._known[value] = known
        return known


_MOST_KNOWN = 2048


def formula_xml(row: int, column: int, formula: str, style: int, prefix: bytes) -> bytes:
    """One ``<c>`` with a formula and no saved result, so that every program computes it."""
    p = prefix
    start = b'<%sc r="%b"%b>' % (p, cell_name(row, column).encode(), b' s="%d"' % style if style else b"")
    return start + b"<%sf>%b</%sf></%sc>" % (p, _formula(formula), p, p)


def _formula(text: str) -> bytes:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


def formula_of(cell: CellSpan, prefix: bytes) -> tuple[dict[str, str], str] | None:
    """The ``<f>`` of a cell: its attributes (``t``, ``si``, ``ref`` …) and its text; None where it has none."""
    p = re.escape(prefix)
    match = re.search(rb"(<" + p + rb"f(?=[\s/>])[^>]*?)(?:/>|>(.*?)</" + p + rb"f\s*>)", cell.content, re.DOTALL)
    if match is None:
        return None
    return attributes(match[1]), unescape((match[2] or b"").decode("utf-8", "replace"))
