"""The shared strings of a workbook: read only, since new text is written into its cell.

A large workbook has hundreds of thousands of them, of which a sync needs a handful: they are taken apart block by
block, as they are asked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from itertools import accumulate, islice

from tracker.xlsx.cells import text_of
from tracker.xlsx.xml import UnpatchablePart, check_patchable, escape, root_prefix

BLOCK = 16 << 10
"""Bytes that are taken apart together."""


class SharedStrings:
    """Every shared string by its index, rich text joined, phonetic hints left out.

    Raises:
        UnpatchablePart: the part is of a kind that cannot be read as bytes, or lacks a string that is asked for.
    """

    def __init__(self, xml: bytes) -> None:
        check_patchable(xml, "the shared strings")
        self._xml = xml
        self._prefix = root_prefix(xml, "sst")
        self._opening = b"<%ssi" % self._prefix  # no other element of the part begins so
        p = re.escape(self._prefix)
        self._item = re.compile(rb"<" + p + rb"si(?=[\s/>])[^>]*?(?:/>|>(.*?)</" + p + rb"si\s*>)", re.DOTALL)
        counts = (self._count(start, start + BLOCK) for start in range(0, len(xml), BLOCK))
        self._before = list(accumulate(counts, initial=0))
        """How many strings begin before each block; last, how many there are."""
        self._texts: dict[int, str] = {}

    def __len__(self) -> int:
        return self._before[-1]

    def __getitem__(self, index: int) -> str:
        if index not in self._texts:
            if not 0 <= index < len(self):
                raise UnpatchablePart(f"a cell refers to the shared string {index}, which is missing")
            block = bisect_right(self._before, index) - 1
            first, behind = self._before[block : block + 2]
            items = islice(self._item.finditer(self._xml, block * BLOCK), behind - first)
            self._texts.update((n, text_of(item[1] or b"", self._prefix)) for n, item in enumerate(items, first))
            if index not in self._texts:
                raise UnpatchablePart(f"its shared string {index} has no end")
        return self._texts[index]

    def begins_like(self, other: SharedStrings) -> bool:
        """Whether an index that both have means the same in both, as far as the bytes show it."""
        mine, theirs = (one._xml[one._xml.find(one._opening) :].rpartition(b"</")[0].rstrip() for one in (self, other))
        return mine.startswith(theirs) or theirs.startswith(mine)

    def likely(self, texts: Collection[str]) -> set[int]:
        """The indexes of the strings that are one of these texts, as far as they are written the usual way."""
        found = set()
        for text in texts:
            needle = b">%b<" % escape(text)
            at = self._xml.find(needle) if text else -1
            while at >= 0:
                index = self._before[at // BLOCK] + self._count(at // BLOCK * BLOCK, at) - 1
                if 0 <= index < len(self) and self[index].strip() == text:
                    found.add(index)
                at = self._xml.find(needle, at + 1)
        return found

    def all(self, texts: Collection[str]) -> set[int]:
        """The indexes of all strings that are one of these texts, blanks around them left aside; much slower."""
        p = re.escape(self._prefix.decode())
        plain = re.compile(rf"<{p}si(?=[\s/>])(?:>(?:<{p}t(?:\s[^>]*)?>([^<]*)</{p}t></{p}si>)?)?")
        found = set()
        for index, text in enumerate(plain.findall(self._xml.decode("utf-8", "replace"))):
            if not text or "&" in text or "_x" in text:  # rich or escaped
                text = self[index]
            if text.strip() in texts:
                found.add(index)
        return found

    def _count(self, start: int, end: int) -> int:
        """How many strings begin from one byte on and before another."""
        return self._xml.count(self._opening, start, end + len(self._opening) - 1)
