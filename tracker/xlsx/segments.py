"""The segments of a worksheet part: stretches of rows of about a megabyte, each compressed for itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.xlsx.package import Package, Slice
from tracker.xlsx.rows import ROW_NUMBER, row_spans
from tracker.xlsx.xml import UnpatchablePart

SEGMENT = 1 << 20


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
    """A stretch of rows: the rows it begins and ends with, and its bytes, which are in one of three places."""

    first: int
    last: int
    size: int
    crc: int = 0
    raw: bytes | None = None
    where: Slice | None = None
    """Where it lies compressed in the file."""
    start: int = 0
    """Else where it begins in the whole part, inflated."""


def cut(xml: bytes, start: int, end: int, prefix: bytes) -> list[Segment]:
    """The rows of a part, which lie from ``start`` to ``end``, cut into segments that each begin with a numbered row.

    Raises UnpatchablePart where rows are seen to be out of order.
    """
    needle = b"<%srow " % prefix
    segments: list[Segment] = []
    first, begin = 1, start
    while end - begin > SEGMENT and (at := xml.find(needle, begin + SEGMENT, end)) >= 0:
        found = ROW_NUMBER.search(xml, at, xml.find(b">", at))
        if found is None:  # rows without numbers can only be counted from the top
            return [_whole(xml, start, end, prefix, 1)]
        last = int(found[1]) - 1
        if last < first:
            raise UnpatchablePart(f"its rows are doubled or out of order (row {last + 1} after row {first})")
        segments.append(Segment(first, last, at - begin, start=begin))
        first, begin = last + 1, at
    return [*segments, _whole(xml, begin, end, prefix, first)]


def _whole(xml: bytes, start: int, end: int, prefix: bytes, first: int) -> Segment:
    spans = row_spans(xml[start:end], prefix, first)
    return Segment(first, spans[-1].number if spans else first - 1, end - start, start=start)
