"""Tables (ListObjects): where one stands, what its columns are called, and the patch when it grows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tracker.xlsx.refs import Range
from tracker.xlsx.xml import (
    UnpatchablePart,
    attributes,
    check_patchable,
    escape_attribute,
    root_prefix,
    set_attribute,
    tag_pattern,
    unescape,
    unescape_characters,
)

_FORMULA = re.compile(rb"<(?:[\w.-]+:)?calculatedColumnFormula(?=[\s>])[^>]*>(.*?)</", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a table: its name (the header's text) and, for a calculated column, its formula."""

    name: str
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class TablePart:
    """One table part, parsed; ``with_…`` give its bytes with a change."""

    xml: bytes
    prefix: bytes
    name: str
    ref: Range
    header_rows: int
    totals_rows: int
    kind: str
    """``worksheet``, ``queryTable`` or ``xml``."""
    columns: tuple[TableColumn, ...]

    @property
    def first_data_row(self) -> int:
        return self.ref.first_row + self.header_rows

    @property
    def last_data_row(self) -> int:
        return self.ref.last_row - self.totals_rows

    def with_last_row(self, last_data_row: int) -> bytes:
        """The part with the table (and its filter) ending at another last row of data."""
        return self._set_ref(self.ref._replace(last_row=last_data_row + self.totals_rows), last_data_row)

    def with_columns(self, names: list[str]) -> bytes:
        """The part with columns added at the right."""
        xml = self._set_ref(self.ref._replace(last_column=self.ref.last_column + len(names)), self.last_data_row)
        opening = tag_pattern(self.prefix, b"tableColumns").search(xml)
        if opening is None:
            raise UnpatchablePart(f"table {self.name} has no columns")
        ids = [
            int(attributes(tag).get("id", "0") or 0) for tag in tag_pattern(self.prefix, b"tableColumn").findall(xml)
        ]
        elements = b"".join(
            b'<%stableColumn id="%d" name="%b"/>' % (self.prefix, max(ids, default=0) + 1 + index, column_name(name))
            for index, name in enumerate(names)
        )
        tag = set_attribute(opening[0], "count", str(len(self.columns) + len(names)))
        end = xml.find(b"</%stableColumns" % self.prefix, opening.end())
        return b"".join([xml[: opening.start()], tag, xml[opening.end() : end], elements, xml[end:]])

    def _set_ref(self, ref: Range, last_data_row: int) -> bytes:
        xml = _replace_tag(self.xml, self.prefix, b"table", lambda tag: set_attribute(tag, "ref", str(ref)))
        filtered = ref._replace(last_row=last_data_row)
        xml = _replace_tag(xml, self.prefix, b"autoFilter", lambda tag: set_attribute(tag, "ref", str(filtered)))
        return _replace_tag(xml, self.prefix, b"sortState", lambda tag: self._grown_sort(tag, filtered))

    def _grown_sort(self, tag: bytes, filtered: Range) -> bytes:
        sort = Range.parse(attributes(tag).get("ref", "A1"))
        if sort.last_row != self.last_data_row:
            return tag
        return set_attribute(tag, "ref", str(sort._replace(last_row=filtered.last_row)))


@lru_cache(maxsize=128)  # a process opens the same workbook again and again
def parse_table(xml: bytes) -> TablePart:
    """A table part. Raises UnpatchablePart where it cannot be understood."""
    check_patchable(xml, "a table part")
    prefix = root_prefix(xml, "table")
    root = tag_pattern(prefix, b"table").search(xml)
    if root is None:
        raise UnpatchablePart("a table part is cut off")
    found = attributes(root[0])
    try:
        ref = Range.parse(found["ref"])
    except (KeyError, ValueError):
        raise UnpatchablePart("a table has no range") from None
    columns = []
    openings = list(tag_pattern(prefix, b"tableColumn").finditer(xml))
    for index, match in enumerate(openings):
        end = openings[index + 1].start() if index + 1 < len(openings) else len(xml)
        formula = None if match[0].endswith(b"/>") else _FORMULA.search(xml, match.end(), end)
        text = unescape(formula[1].decode("utf-8", "replace")) if formula else None
        columns.append(TableColumn(unescape_characters(attributes(match[0]).get("name", "")), text))
    return TablePart(
        xml=xml,
        prefix=prefix,
        name=found.get("displayName") or found.get("name", ""),
        ref=ref,
        header_rows=int(found.get("headerRowCount", "1")),
        totals_rows=int(found.get("totalsRowCount", "0")),
        kind=found.get("tableType", "worksheet"),
        columns=tuple(columns),
    )


def column_name(name: str) -> bytes:
    """A column's name as its part has it: escapes as in a cell, and a newline or a tab as ``_x000a_``, ``_x0009_``.

    As they are, whoever reads the attribute would take them for blanks.
    """
    escaped = escape_attribute(re.sub(r"_(?=x[0-9a-fA-F]{4}_)", "_x005F_", name))
    return escaped.replace(b"\n", b"_x000a_").replace(b"\t", b"_x0009_")


def _replace_tag(xml: bytes, prefix: bytes, name: bytes, change: Callable[[bytes], bytes]) -> bytes:
    match = tag_pattern(prefix, name).search(xml)
    if match is None:
        return xml
    return xml[: match.start()] + change(match[0]) + xml[match.end() :]
