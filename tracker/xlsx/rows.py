"""Rows: where each stands in a stretch of rows, and one with other cells in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tracker.xlsx.cells import CellSpan, cells_of
from tracker.xlsx.xml import UnpatchablePart, drop_attribute

ROW_NUMBER = re.compile(rb"""\sr\s*=\s*["']([0-9]+)["']""")


class RowSpan(NamedTuple):
    """One row and where it stands in its stretch."""

    number: int
    start: int
    end: int


@lru_cache(maxsize=16)
def _row_pattern(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<" + re.escape(prefix) + rb'row(?=[\s/>])(?: r="([0-9]+)")?[^>]*>')


def row_spans(raw: bytes, prefix: bytes, first: int) -> list[RowSpan]:
    """Every row of a stretch of rows, with its number; a row without a number follows its neighbour.

    Raises UnpatchablePart where rows are doubled or out of order.
    """
    spans: list[RowSpan] = []
    closing = b"</%srow" % prefix
    number = first - 1
    for match in _row_pattern(prefix).finditer(raw):
        tag = match[0]
        digits = match[1]
        if digits is None and (found := ROW_NUMBER.search(tag)):
            digits = found[1]
        previous, number = number, int(digits) if digits else number + 1
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


def merged_row(
    row: bytes | None,
    number: int,
    cells: dict[int, bytes],
    prefix: bytes,
    spans: Iterable[CellSpan] | None = None,
) -> bytes:
    """The row with these cells set: each replaces the one in its column or goes where its column belongs.

    ``spans`` has the row's cells, where they are known. The row's attribute of that name is dropped, since it may no
    longer be true and is optional.
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
    for cell in cells_of(body, prefix) if spans is None else spans:
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
