"""The rows of one worksheet, as bytes: read, changed and written back without touching the other rows.

A worksheet part is a head (to ``<sheetData>``), rows, and a foot (from ``</sheetData>`` on). Rows are held in segments
of about a megabyte, each compressed for itself (see codec.py). Where a :class:`Layout` tells where the segments lie in
the file, only those that are looked at are inflated and only those that are changed are compressed again; the others
are copied. Without a layout (a person's program saved last) the part is inflated whole; writing lays segments.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tracker.xlsx.cells import cells_of
from tracker.xlsx.codec import crc32, crc32_combine, deflate, deflate_fast, inflate
from tracker.xlsx.package import DamagedPackage, Package, Slice, Stream
from tracker.xlsx.refs import MAX_COLUMN, MAX_ROW, column_number
from tracker.xlsx.xml import UnpatchablePart, check_patchable, drop_attribute, root_prefix, tag_pattern

SEGMENT = 1 << 20
TAIL = 128 << 10
"""When the last segment passes this, its older rows become a segment of their own."""
TAIL_KEPT = 32 << 10

_ROW_NUMBER = re.compile(rb"""\sr\s*=\s*["']([0-9]+)["']""")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the segments of a sheet part lie in its compressed bytes; holds for exactly one content (see ``fits``)."""

    crc: int
    compressed: int
    size: int
    pieces: Sequence[Sequence[int]]
    """Head, rows …, tail with foot: compressed size, size, checksum, first row, last row."""
    foot: int
    body_crc: int
    formulas: bool
    columns: int
    """The last column in use; 0 where it is not known."""

    def fits(self, package: Package, part: str) -> bool:
        """Whether the part in the file is the one that this layout was made for."""
        member = package.members[part]
        return (member.crc, member.compressed, member.size, member.method) == (self.crc, self.compressed, self.size, 8)


@dataclass(slots=True)
class Segment:
    """A stretch of rows: its bytes (when inflated), where they lie compressed, and the rows it begins and ends with."""

    first: int
    last: int
    size: int
    crc: int
    raw: bytes | None = None
    where: Slice | None = None


@dataclass(frozen=True, slots=True)
class RowSpan:
    """One row and where it stands in its segment."""

    number: int
    start: int
    end: int


class Sheet:
    """One worksheet part.

    Raises:
        UnpatchablePart: its XML is of a kind that cannot be patched as bytes.
        DamagedPackage: its compressed bytes are damaged.
    """

    def __init__(self, package: Package, part: str, layout: Layout | None = None) -> None:
        self.package = package
        self.part = part
        self.formulas: bool | None = None
        """Whether any row holds a formula; None until :meth:`has_formulas` has looked."""
        self._columns = 0
        self._edits: dict[int, bytes] = {}
        self._spans: dict[int, list[RowSpan]] = {}
        self._body_crc: int | None = None
        if layout is not None and layout.fits(package, part):
            self._load_laid(layout)
        else:
            self._load_plain()
        self._original = (self.head, self.foot)
        self.prefix = root_prefix(self.head, "worksheet")

    # -- loading ------------------------------------------------------------------------------------------------

    def _load_plain(self) -> None:
        xml = self.package.read(self.part)
        check_patchable(xml, f"the sheet part {self.part}")
        prefix = root_prefix(xml, "worksheet")
        opening = tag_pattern(prefix, b"sheetData").search(xml)
        if opening is None:
            raise UnpatchablePart(f"the sheet part {self.part} has no <sheetData>")
        if opening[0].endswith(b"/>"):
            self.head = xml[: opening.start()] + opening[0][:-2].rstrip() + b">"
            self.foot = b"</%ssheetData>" % prefix + xml[opening.end() :]
            self.segments = [Segment(1, 0, 0, 0, b"")]
            return
        end = xml.rfind(b"</%ssheetData" % prefix)
        if end < opening.end():
            raise UnpatchablePart(f"the sheet part {self.part} has no </sheetData>")
        self.head, self.foot = xml[: opening.end()], xml[end:]
        self.segments = _cut(xml[opening.end() : end], prefix, 1)

    def _load_laid(self, layout: Layout) -> None:
        start = self.package.members[self.part].data
        pieces = []
        for compressed, size, crc, first, last in layout.pieces:
            pieces.append(Segment(first, last, size, crc, None, Slice(start, compressed)))
            start += compressed
        self.head = self._inflated(pieces[0])
        tail = pieces[-1]
        raw = self._inflated(tail)
        self.foot = raw[len(raw) - layout.foot :]
        rows = raw[: len(raw) - layout.foot]
        self.segments = [*pieces[1:-1], Segment(tail.first, tail.last, len(rows), 0, rows)]
        self._body_crc = layout.body_crc
        self.formulas = layout.formulas
        self._columns = layout.columns

    def _inflated(self, segment: Segment) -> bytes:
        if segment.raw is not None:
            return segment.raw
        assert segment.where is not None
        try:
            raw = inflate(self.package.raw(segment.where.start, segment.where.size), segment.size)
        except ValueError as error:
            raise DamagedPackage(f"its part {self.part} is damaged: {error}") from None
        if crc32(raw) != segment.crc:
            raise DamagedPackage(f"its part {self.part} is damaged: the checksum is wrong")
        return raw

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def last_row(self) -> int:
        """The number of the last ``<row>``; 0 where there is none."""
        for index in range(len(self.segments) - 1, -1, -1):
            spans = self._index(index)
            if spans:
                return max(spans[-1].number, max(self._edits, default=0))
        return max(self._edits, default=0)

    def row(self, number: int) -> bytes | None:
        """The ``<row>`` with this number, as it stands or as it was put; None where the sheet has none."""
        if number in self._edits:
            return self._edits[number]
        index = self._segment_of(number)
        spans = self._index(index)
        at = bisect_left(spans, number, key=lambda span: span.number)
        if at < len(spans) and spans[at].number == number:
            raw = self._inflated(self.segments[index])
            return raw[spans[at].start : spans[at].end]
        return None

    def rows(self, first: int = 1, last: int = MAX_ROW) -> Iterator[tuple[int, bytes]]:
        """The rows with these numbers, in order, with what was put."""
        added = sorted(number for number in self._edits if first <= number <= last)
        for index, segment in enumerate(self.segments):
            if segment.last < first and index < len(self.segments) - 1:
                continue
            if segment.first > last:
                break
            raw = self._inflated(segment)
            for span in self._index(index, raw):
                if not first <= span.number <= last:
                    continue
                while added and added[0] < span.number:
                    yield added[0], self._edits[added.pop(0)]
                if added and added[0] == span.number:
                    yield added[0], self._edits[added.pop(0)]
                else:
                    yield span.number, raw[span.start : span.end]
        yield from ((number, self._edits[number]) for number in added)

    def search(self, needle: re.Pattern[bytes]) -> Iterator[int]:
        """The numbers of the rows in which the pattern is found, from the last row upward."""
        yield from sorted((number for number, xml in self._edits.items() if needle.search(xml)), reverse=True)
        for index in range(len(self.segments) - 1, -1, -1):
            raw = self._inflated(self.segments[index])
            starts = [match.start() for match in needle.finditer(raw)]
            spans = self._index(index, raw) if starts else []
            previous = -1
            for start in reversed(starts):
                place = bisect_left(spans, start + 1, key=lambda span: span.start) - 1
                if place not in (-1, previous) and start < spans[place].end and spans[place].number not in self._edits:
                    yield spans[place].number
                previous = place

    def has_formulas(self) -> bool:
        """Whether any row holds a formula."""
        if self.formulas is None:
            pattern = re.compile(rb"<" + re.escape(self.prefix) + rb"f[\s/>]")
            self.formulas = any(pattern.search(self._inflated(segment)) for segment in self.segments)
        return self.formulas

    def last_column(self) -> int:
        """The last column in use on the whole sheet."""
        if not self._columns:
            needle = b"<%sc " % self.prefix
            for number, xml in self.rows():
                at = xml.rfind(needle)
                match = _CELL_COLUMN.search(xml, at) if at >= 0 else None
                column = (
                    column_number(match[1].decode())
                    if match
                    else (MAX_COLUMN if b"<%sc" % self.prefix in xml and number else 0)
                )
                self._columns = max(self._columns, column)
            self._columns = max(self._columns, 1)
        return self._columns

    def _segment_of(self, number: int) -> int:
        for index, segment in enumerate(self.segments):
            if number <= segment.last or index == len(self.segments) - 1:
                return index
        return 0

    def _index(self, index: int, raw: bytes | None = None) -> list[RowSpan]:
        if index not in self._spans:
            segment = self.segments[index]
            self._spans[index] = _spans(raw if raw is not None else self._inflated(segment), self.prefix, segment.first)
        return self._spans[index]

    # -- changing -----------------------------------------------------------------------------------------------

    def put(self, number: int, xml: bytes, last_column: int = 0) -> None:
        """Set or add the row with this number."""
        self._edits[number] = xml
        if self._columns:
            self._columns = max(self._columns, last_column)
        if b"f>" in xml or b"f " in xml:
            self.formulas = None if not self.formulas else True

    @property
    def changed(self) -> bool:
        return bool(self._edits) or (self.head, self.foot) != self._original

    def encode(self) -> tuple[bytes | Stream, Layout | None]:
        """The part with its changes, and the layout by which a later sync finds its segments again."""
        dirty = self._apply_edits()
        formulas = self.has_formulas()
        size = sum(segment.size for segment in self.segments) + len(self.head) + len(self.foot)
        if size <= SEGMENT // 4 and all(segment.raw is not None for segment in self.segments):
            return b"".join([self.head, *(self._inflated(s) for s in self.segments), self.foot]), None
        self._freeze_tail()
        head = deflate(self.head, last=False)
        pieces: list[bytes | Slice] = [head]
        table = [[len(head), len(self.head), zlib.crc32(self.head), 0, 0]]
        many = sum(segment.where is None for segment in self.segments) > 4
        body_crc, body_clean = 0, not dirty and self._body_crc is not None
        for segment in self.segments[:-1]:
            if segment.where is None:
                raw = segment.raw or b""
                compressed = (deflate_fast if many else deflate)(raw, last=False)
                segment.crc, segment.size = crc32(raw), len(raw)
                pieces.append(compressed)
                table.append([len(compressed), segment.size, segment.crc, segment.first, segment.last])
                body_clean = False
            else:
                pieces.append(segment.where)
                table.append([segment.where.size, segment.size, segment.crc, segment.first, segment.last])
        if body_clean and self._body_crc is not None:
            body_crc = self._body_crc
        else:
            for _, part_size, part_crc, _, _ in table[1:]:
                body_crc = crc32_combine(body_crc, part_crc, part_size)
        tail = self.segments[-1]
        raw = (tail.raw or b"") + self.foot
        compressed = deflate(raw)
        table.append([len(compressed), len(raw), zlib.crc32(raw), tail.first, tail.last])
        pieces.append(compressed)
        body_size = sum(row[1] for row in table[1:-1])
        crc = crc32_combine(crc32_combine(table[0][2], body_crc, body_size), table[-1][2], table[-1][1])
        size = sum(row[1] for row in table)
        stream = Stream(pieces, crc, size)
        layout = Layout(
            crc, sum(row[0] for row in table), size, table, len(self.foot), body_crc, formulas, self._columns
        )
        return stream, layout

    def _apply_edits(self) -> bool:
        """Rebuild the segments that have edited rows; True where one besides the last was among them."""
        touched: dict[int, list[int]] = {}
        for number in sorted(self._edits):
            touched.setdefault(self._segment_of(number), []).append(number)
        for index, numbers in touched.items():
            segment = self.segments[index]
            raw = self._inflated(segment)
            parts: list[bytes] = []
            position = 0
            for span in self._index(index, raw):
                while numbers and numbers[0] < span.number:
                    parts += [raw[position : span.start], self._edits[numbers.pop(0)]]
                    position = span.start
                if numbers and numbers[0] == span.number:
                    parts += [raw[position : span.start], self._edits[numbers.pop(0)]]
                    position = span.end
            end = self._spans[index][-1].end if self._spans[index] else 0
            end = max(position, end)
            parts += [raw[position:end], *(self._edits[number] for number in numbers), raw[end:]]
            fresh = b"".join(parts)
            spans = _spans(fresh, self.prefix, segment.first)
            first = spans[0].number if spans else segment.first
            last = spans[-1].number if spans else segment.last
            self.segments[index] = Segment(min(segment.first, first), last, len(fresh), 0, fresh)
            self._spans[index] = spans
        self._edits = {}
        return any(index < len(self.segments) - 1 for index in touched)

    def _freeze_tail(self) -> None:
        tail = self.segments[-1]
        raw = tail.raw if tail.raw is not None else self._inflated(tail)
        tail.raw, tail.where = raw, None
        if len(raw) <= TAIL:
            return
        spans = self._index(len(self.segments) - 1, raw)
        at = bisect_left(spans, len(raw) - TAIL_KEPT, key=lambda span: span.start)
        if not 0 < at < len(spans):
            return
        cut = spans[at].start
        frozen = Segment(tail.first, spans[at - 1].number, cut, crc32(raw[:cut]), raw[:cut])
        rest = Segment(spans[at].number, spans[-1].number, len(raw) - cut, 0, raw[cut:])
        self.segments[-1:] = [frozen, rest]
        self._spans = {}


_CELL_COLUMN = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})""")


@lru_cache(maxsize=16)
def _row_pattern(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<" + re.escape(prefix) + rb"row(?=[\s/>])[^>]*>")


def _spans(raw: bytes, prefix: bytes, first: int) -> list[RowSpan]:
    """Every row of a stretch of rows, with its number; a row without a number follows its neighbour.

    Raises UnpatchablePart where rows are doubled or out of order.
    """
    spans: list[RowSpan] = []
    closing = b"</%srow" % prefix
    number = first - 1
    for match in _row_pattern(prefix).finditer(raw):
        tag = match[0]
        found = _ROW_NUMBER.search(tag)
        previous, number = number, int(found[1]) if found else number + 1
        if number <= previous and spans:
            raise UnpatchablePart(f"its rows are doubled or out of order (row {number} after row {previous})")
        end = match.end()
        if not tag.endswith(b"/>"):
            at = raw.find(closing, end)
            end = raw.find(b">", at) + 1
            if at < 0 or end <= match.end():
                raise UnpatchablePart(f"row {number} has no end")
        spans.append(RowSpan(number, match.start(), end))
    return spans


def _cut(body: bytes, prefix: bytes, first: int) -> list[Segment]:
    """Rows cut into segments of about SEGMENT bytes, each beginning with a numbered row."""
    if len(body) <= SEGMENT:
        return [_whole(body, prefix, first)]
    needle = b"<%srow " % prefix
    segments: list[Segment] = []
    start = 0
    while start < len(body):
        at = body.find(needle, start + SEGMENT)
        tag_end = body.find(b">", at)
        found = _ROW_NUMBER.search(body, at, tag_end) if at >= 0 else None
        if at >= 0 and found is None:
            return [_whole(body, prefix, first)]  # rows without numbers can only be counted from the top
        end = at if at >= 0 else len(body)
        piece = body[start:end]
        last = int(found[1]) - 1 if found else 0
        if found and last < first:
            raise UnpatchablePart(f"its rows are doubled or out of order (row {last + 1} after row {first})")
        segments.append(Segment(first, last, len(piece), 0, piece) if found else _whole(piece, prefix, first))
        first, start = last + 1, end
    return segments


def _whole(body: bytes, prefix: bytes, first: int) -> Segment:
    spans = _spans(body, prefix, first)
    return Segment(first, spans[-1].number if spans else first - 1, len(body), 0, body)


def merged_row(row: bytes | None, number: int, cells: dict[int, bytes], prefix: bytes) -> bytes:
    """The row with these cells set: each replaces the one in its column or goes where its column belongs.

    ``spans`` is dropped from the row, since it may no longer be true and is optional.
    """
    if row is None:
        return b'<%srow r="%d">%b</%srow>' % (prefix, number, b"".join(cells[c] for c in sorted(cells)), prefix)
    tag_end = row.find(b">") + 1
    tag = drop_attribute(row[:tag_end], "spans")
    body = row[tag_end:]
    if tag.endswith(b"/>"):
        tag, body = tag[:-2].rstrip() + b">", b"</%srow>" % prefix
    waiting = sorted(cells)
    parts: list[bytes] = [tag]
    position = 0
    last_end = 0
    for cell in cells_of(body, prefix):
        last_end = cell.end
        if not waiting:
            break
        while waiting and waiting[0] < cell.column:
            parts += [body[position : cell.start], cells[waiting.pop(0)]]
            position = cell.start
        if waiting and waiting[0] == cell.column:
            parts += [body[position : cell.start], cells[waiting.pop(0)]]
            position = cell.end
    if waiting:
        parts += [body[position:last_end], *(cells[column] for column in waiting)]
        position = last_end
    return b"".join([*parts, body[position:]])
