"""The rows of one worksheet, as bytes: read, changed and written back without touching the other rows.

A worksheet part is a head (to ``<sheetData>``), rows, and a foot (from ``</sheetData>`` on). Rows are held in segments
of about a megabyte, each compressed for itself (see codec.py). Where a :class:`Layout` tells where the segments lie in
the file, only those that are looked at are inflated and only those that are changed are compressed again; the others
are copied. Without a layout (a person's program saved last) the part is inflated whole, the segments are stretches of
it, and writing lays them.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import chain

from tracker.xlsx.cells import has_formula
from tracker.xlsx.codec import crc32, crc32_combine, deflate, deflate_fast, inflate
from tracker.xlsx.package import DamagedPackage, Package, Slice, Stream
from tracker.xlsx.refs import MAX_COLUMN, MAX_ROW, column_number
from tracker.xlsx.rows import RowSpan, row_spans
from tracker.xlsx.segments import SEGMENT, Layout, Segment, cut
from tracker.xlsx.xml import UnpatchablePart, check_patchable, root_prefix, tag_pattern

TAIL = 128 << 10
"""When the last segment passes this, its older rows become a segment of their own."""
TAIL_KEPT = 32 << 10


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
        """Whether any row holds a formula that is no link; None until :meth:`has_formulas` has looked."""
        self._columns = 0
        self._edits: dict[int, bytes] = {}
        self._spans: dict[int, list[RowSpan]] = {}
        self._body_crc: int | None = None
        self._xml = b""
        """The whole part, where it was loaded without a layout."""
        self._last: tuple[Segment, bytes] | None = None
        """The segment that was inflated last: the same is often asked for again."""
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
            self.segments = [Segment(1, 0, 0, raw=b"")]
            return
        end = xml.rfind(b"</%ssheetData" % prefix)
        if end < opening.end():
            raise UnpatchablePart(f"the sheet part {self.part} has no </sheetData>")
        self.head, self.foot = xml[: opening.end()], xml[end:]
        self.segments = cut(xml, opening.end(), end, prefix)
        self._xml = xml

    def _load_laid(self, layout: Layout) -> None:
        start = self.package.members[self.part].data
        pieces = []
        for compressed, size, crc, first, last in layout.pieces:
            pieces.append(Segment(first, last, size, crc, where=Slice(start, compressed)))
            start += compressed
        self.head = self._inflated(pieces[0])
        tail = pieces[-1]
        raw = self._inflated(tail)
        self.foot = raw[len(raw) - layout.foot :]
        rows = raw[: len(raw) - layout.foot]
        self.segments = [*pieces[1:-1], Segment(tail.first, tail.last, len(rows), raw=rows)]
        self._body_crc = layout.body_crc
        self.formulas = layout.formulas
        self._columns = layout.columns

    def _inflated(self, segment: Segment) -> bytes:
        if segment.raw is not None:
            return segment.raw
        if self._last is not None and self._last[0] is segment:
            return self._last[1]
        if segment.where is None:
            raw = self._xml[segment.start : segment.start + segment.size]
        else:
            try:
                raw = inflate(self.package.raw(segment.where.start, segment.where.size), segment.size)
            except ValueError as error:
                raise DamagedPackage(f"its part {self.part} is damaged: {error}") from None
            if crc32(raw) != segment.crc:
                raise DamagedPackage(f"its part {self.part} is damaged: the checksum is wrong")
        self._last = segment, raw
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

    def scan(
        self, pattern: re.Pattern[bytes], first: int = 1, last: int = MAX_ROW
    ) -> Iterator[tuple[list[tuple[bytes, ...]], dict[int, bytes]]]:
        """Stretches of rows from the last upward: what the pattern finds, and the whole rows in which it finds nothing.

        The first group of the pattern is the row's number. The stretches begin and end around the rows from ``first``
        to ``last``. Much faster than :meth:`rows` where the pattern finds something in nearly every row.
        """
        for index in range(len(self.segments) - 1, -1, -1):
            segment = self.segments[index]
            if segment.first > last or (segment.last < first and index < len(self.segments) - 1):
                continue
            raw = self._inflated(segment)
            found = pattern.findall(raw)
            rest: dict[int, bytes] = {}
            edited = {number for number in self._edits if self._segment_of(number) == index}
            if edited or len(found) <= segment.last - segment.first:
                found = [match for match in found if int(match[0]) not in edited]
                known = {int(match[0]) for match in found}
                rest = {span.number: raw[span.start : span.end] for span in self._index(index, raw)}
                rest = {n: xml for n, xml in (rest | {n: self._edits[n] for n in edited}).items() if n not in known}
            yield found, rest

    def has_formulas(self) -> bool:
        """Whether any row holds a formula that is no link."""
        if self.formulas is None:
            self.formulas = any(has_formula(self._inflated(segment), self.prefix) for segment in self.segments)
        return self.formulas

    def last_column(self) -> int:
        """The last column in use on the whole sheet."""
        if not self._columns:
            start, closing = b"<%sc" % self.prefix, b"</%srow" % self.prefix
            stretches = (self._inflated(segment).split(closing) for segment in self.segments)
            for row in chain(self._edits.values(), *stretches):
                at = row.rfind(start)
                match = _CELL_COLUMN.search(row, at, at + 64) if at >= 0 else None
                column = column_number(match[1].decode()) if match else MAX_COLUMN if at >= 0 else 1
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
            raw = self._inflated(segment) if raw is None else raw
            self._spans[index] = row_spans(raw, self.prefix, segment.first)
        return self._spans[index]

    # -- changing -----------------------------------------------------------------------------------------------

    def put(self, number: int, xml: bytes, last_column: int = 0) -> None:
        """Set or add the row with this number."""
        self._edits[number] = xml
        if self._columns:
            self._columns = max(self._columns, last_column)
        if not self.formulas and has_formula(xml, self.prefix):
            self.formulas = True

    @property
    def changed(self) -> bool:
        return bool(self._edits) or (self.head, self.foot) != self._original

    def encode(self) -> tuple[bytes | Stream, Layout | None]:
        """The part with its changes, and the layout by which a later sync finds its segments again."""
        dirty = self._apply_edits()
        formulas = self.has_formulas()
        size = sum(segment.size for segment in self.segments) + len(self.head) + len(self.foot)
        if size <= SEGMENT // 4 and all(segment.where is None for segment in self.segments):
            return b"".join([self.head, *(self._inflated(s) for s in self.segments), self.foot]), None
        self._freeze_tail()
        head = deflate(self.head, last=False)
        pieces: list[bytes | Slice] = [head]
        table = [[len(head), len(self.head), zlib.crc32(self.head), 0, 0]]
        many = sum(segment.where is None for segment in self.segments) > 4
        body_crc, body_clean = 0, not dirty and self._body_crc is not None
        for segment in self.segments[:-1]:
            if segment.where is None:
                raw = self._inflated(segment)
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
        edits, numbers, begin = self._edits, sorted(self._edits), 0
        self._edits = {}
        segments: list[Segment] = []
        known: dict[int, list[RowSpan]] = {}
        dirty = False
        for index, segment in enumerate(self.segments):
            is_last = index == len(self.segments) - 1
            end = len(numbers) if is_last else bisect_right(numbers, segment.last)
            if begin < end:
                dirty |= not is_last
                for piece, spans in self._rebuilt(index, edits, numbers[begin:end]):
                    known[len(segments)] = spans
                    segments.append(piece)
            else:
                if index in self._spans:
                    known[len(segments)] = self._spans[index]
                segments.append(segment)
            begin = end
        self.segments, self._spans = segments, known
        return dirty

    def _rebuilt(
        self, index: int, edits: dict[int, bytes], numbers: list[int]
    ) -> Iterator[tuple[Segment, list[RowSpan]]]:
        """A segment with these rows, each in the place of the one with its number or where that belongs.

        Where very many are added, it becomes several; the rows are taken out of ``edits``, so that none is there twice.
        """
        first, raw, waiting = self.segments[index].first, self._inflated(self.segments[index]), numbers[::-1]
        parts: list[bytes] = []
        spans: list[RowSpan] = []
        size = position = 0

        def add(row: bytes, number: int) -> None:
            nonlocal size
            spans.append(RowSpan(number, size, size + len(row)))
            parts.append(row)
            size += len(row)

        for span in self._index(index, raw):
            if position < span.start:
                parts.append(raw[position : span.start])
                size += span.start - position
            while waiting and waiting[-1] < span.number:
                add(edits.pop(waiting[-1]), waiting.pop())
            is_replaced = bool(waiting) and waiting[-1] == span.number
            add(edits.pop(waiting.pop()) if is_replaced else raw[span.start : span.end], span.number)
            position = span.end
        while waiting:
            add(edits.pop(waiting[-1]), waiting.pop())
            if size > SEGMENT and waiting:
                yield Segment(first, spans[-1].number, size, raw=b"".join(parts)), spans
                first, parts, spans, size = spans[-1].number + 1, [], [], 0
        parts.append(raw[position:])
        fresh = b"".join(parts)
        yield Segment(min(first, spans[0].number), spans[-1].number, len(fresh), raw=fresh), spans

    def _freeze_tail(self) -> None:
        tail = self.segments[-1]
        raw = self._inflated(tail)
        tail.raw, tail.where = raw, None
        if len(raw) <= TAIL:
            return
        spans = self._index(len(self.segments) - 1, raw)
        at = bisect_left(spans, len(raw) - TAIL_KEPT, key=lambda span: span.start)
        if not 0 < at < len(spans):
            return
        pieces: list[Segment] = []
        first, start, begin = tail.first, 0, 0
        while begin < at:  # very many rows at once, as an import brings them, become several segments
            begin = min(at, bisect_left(spans, start + SEGMENT, begin + 1, key=lambda span: span.start))
            end = spans[begin].start
            pieces.append(Segment(first, spans[begin - 1].number, end - start, raw=raw[start:end]))
            first, start = spans[begin].number, end
        pieces.append(Segment(first, spans[-1].number, len(raw) - start, raw=raw[start:]))
        self.segments[-1:] = pieces
        self._spans = {}


_CELL_COLUMN = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})""")
