"""Cell formats: which of them show a date, and one more where a date or a formula needs it."""

from __future__ import annotations

import re
from functools import lru_cache

from tracker.xlsx.xml import attributes, check_patchable, root_prefix, set_attribute, tag_pattern

_BUILTIN_DATES = frozenset([*range(14, 23), *range(27, 37), *range(50, 59)])
"""Number format ids that are dates in every workbook (ECMA-376 part 1, 18.8.30); 45 to 47 are durations."""
_TEXT = "49"
"""The number format ``@``, which every workbook has."""
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
DATE_FORMAT = "yyyy\\-mm\\-dd\\ hh:mm:ss"


def is_date_format(code: str) -> bool:
    """Whether a number format shows a date or time of day; elapsed time such as ``[h]:mm`` is a number."""
    code = _LITERAL.sub("", code.split(";")[0])
    return not re.search(r"\[[hms]+\]", code, re.IGNORECASE) and bool(re.search(r"[ymdhs]", code, re.IGNORECASE))


class Styles:
    """The styles part. ``xml`` has what :meth:`date_style` and :meth:`formula_style` added."""

    def __init__(self, xml: bytes) -> None:
        self.xml = xml
        self._original = xml
        self._prefix, formats, cells = _read(xml)
        self._formats = dict(formats)
        self._cells = list(cells)
        self._added: dict[tuple[int, int], int] = {}
        self._dates: dict[int, bool] = {}

    @property
    def changed(self) -> bool:
        return self.xml is not self._original

    def is_date(self, style: int) -> bool:
        """Whether a cell with this format shows its number as a date."""
        if style not in self._dates:
            number = int(self._cells[style].get("numFmtId", "0") or 0) if 0 <= style < len(self._cells) else 0
            code = self._formats.get(number)
            self._dates[style] = number in _BUILTIN_DATES if code is None else is_date_format(code)
        return self._dates[style]

    def dates(self) -> list[bool]:
        """For every cell format whether it shows a date."""
        return [self.is_date(style) for style in range(len(self._cells))]

    def is_general(self, style: int) -> bool:
        """Whether a cell with this format shows its value as it is, whatever it is."""
        return 0 <= style < len(self._cells) and self._cells[style].get("numFmtId", "0") == "0"

    def date_style(self, base: int) -> int:
        """The format ``base`` itself where it shows dates, else one that is like it and does; added where needed."""
        return base if self.is_date(base) else self._with_format(base, self._date_format())

    def formula_style(self, base: int) -> int:
        """The format ``base``, but for text: there a formula would turn into text once it is edited."""
        number = self._cells[base].get("numFmtId", "0") if 0 <= base < len(self._cells) else "0"
        is_text = number == _TEXT or (number.isdigit() and self._formats.get(int(number)) == "@")
        return self._with_format(base, 0) if is_text else base

    def _with_format(self, base: int, number: int) -> int:
        """A cell format like ``base`` that shows numbers by another number format."""
        if (base, number) not in self._added:
            tag = (
                _cell_formats(self.xml, self._prefix)[base]
                if 0 <= base < len(self._cells)
                else b"<%sxf/>" % self._prefix
            )
            opening = re.match(rb"<[^>]*?(?=\s*/?>)", tag)
            copy = (opening[0] if opening else b"<%sxf" % self._prefix) + b"/>"
            copy = set_attribute(copy, "numFmtId", str(number))
            copy = set_attribute(copy, "applyNumberFormat", "1")
            self._append("cellXfs", copy)
            self._cells.append(attributes(copy))
            self._added[base, number] = len(self._cells) - 1
        return self._added[base, number]

    def _date_format(self) -> int:
        for number, code in self._formats.items():
            if code == DATE_FORMAT:
                return number
        number = max([163, *self._formats]) + 1
        element = b'<%snumFmt numFmtId="%d" formatCode="%b"/>' % (self._prefix, number, DATE_FORMAT.encode())
        if tag_pattern(self._prefix, b"numFmts").search(self.xml):
            self._append("numFmts", element)
        else:
            root = tag_pattern(self._prefix, b"styleSheet").search(self.xml)
            assert root is not None
            block = b'<%snumFmts count="1">%b</%snumFmts>' % (self._prefix, element, self._prefix)
            self.xml = self.xml[: root.end()] + block + self.xml[root.end() :]
        self._formats[number] = DATE_FORMAT
        return number

    def _append(self, list_name: str, element: bytes) -> None:
        """Add an element at the end of a counted list, which keeps every index that cells use."""
        opening = tag_pattern(self._prefix, list_name.encode()).search(self.xml)
        closing = b"</%s%s>" % (self._prefix, list_name.encode())
        assert opening is not None
        count = attributes(opening[0]).get("count")
        tag = set_attribute(opening[0], "count", str(int(count) + 1)) if count and count.isdigit() else opening[0]
        if tag.endswith(b"/>"):
            body = tag[:-2].rstrip() + b">" + element + closing
            self.xml = self.xml[: opening.start()] + body + self.xml[opening.end() :]
            return
        end = self.xml.find(closing[:-1], opening.end())
        self.xml = b"".join([self.xml[: opening.start()], tag, self.xml[opening.end() : end], element, self.xml[end:]])


@lru_cache(maxsize=16)  # a process opens the same workbook again and again
def _read(xml: bytes) -> tuple[bytes, dict[int, str], tuple[dict[str, str], ...]]:
    """The part's prefix, its number formats and the attributes of its cell formats; not to be changed."""
    check_patchable(xml, "the styles part")
    prefix = root_prefix(xml, "styleSheet")
    formats = {
        int(found["numFmtId"]): found.get("formatCode", "")
        for found in map(attributes, tag_pattern(prefix, b"numFmt").findall(xml))
        if found.get("numFmtId", "").isdigit()
    }
    return prefix, formats, tuple(attributes(tag) for tag in _cell_formats(xml, prefix))


def _cell_formats(xml: bytes, prefix: bytes) -> list[bytes]:
    p = re.escape(prefix)
    block = re.search(rb"<" + p + rb"cellXfs(?=[\s>])[^>]*>(.*?)</" + p + rb"cellXfs\s*>", xml, re.DOTALL)
    return tag_pattern(prefix, b"xf").findall(block[1]) if block else []
