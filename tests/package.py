"""An independent reader of workbook files for the tests: parts, relationships, sheets, cells and tables.

It shares no code with tracker/xlsx and reads whole parts with the standard library's parser: plain, not fast.
Namespaces are dropped: the prefixed, the strict and the usual variant look alike.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from xml.etree import ElementTree

Area = tuple[int, int, int, int]
"""First row, first column, last row, last column; rows and columns count from 1."""


@dataclass(frozen=True)
class Cell:
    """One cell as its sheet part has it."""

    row: int
    column: int
    type: str
    style: int
    value: str | None
    """A string however it is stored, else the text of ``<v>``; None for a blank and for a formula without result."""
    formula: str | None
    """Formula text; '' for a follower of a shared formula."""
    formula_type: str
    """normal, shared, array or dataTable; '' without a formula."""
    formula_ref: str


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its part, and its id in the workbook part."""

    name: str
    part: str
    sheet_id: int
    kind: str
    """worksheet, chartsheet, dialogsheet, …: the last word of the relationship's type."""


@dataclass(frozen=True)
class TableInfo:
    """One table as its part describes it."""

    name: str
    part: str
    id: int
    sheet: Sheet
    area: Area
    columns: tuple[str, ...]
    header_rows: int
    totals_rows: int
    auto_filter: str | None
    xml: ElementTree.Element = field(repr=False, compare=False)

    @property
    def first_data_row(self) -> int:
        return self.area[0] + self.header_rows

    @property
    def last_data_row(self) -> int:
        return self.area[2] - self.totals_rows


@cache
def local(tag: str) -> str:
    """A tag or attribute without its namespace."""
    return tag.rpartition("}")[2]


def attributes(element: ElementTree.Element) -> dict[str, str]:
    """The attributes by local name."""
    return {local(name): value for name, value in element.attrib.items()}


def children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The direct children with a local name."""
    return [child for child in element if local(child.tag) == name]


def child(element: ElementTree.Element, name: str) -> ElementTree.Element | None:
    """The first direct child with a local name."""
    return next(iter(children(element, name)), None)


def descendants(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """All elements below with a local name."""
    return (found for found in element.iter() if local(found.tag) == name)


@cache
def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """A for 1, AA for 27."""
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def area_of(reference: str) -> Area:
    """``B2:D7`` or ``B2`` as numbers; dollar signs are ignored."""
    first, _, last = reference.replace("$", "").partition(":")
    numbers = []
    for corner in (first, last or first):
        match = re.fullmatch(r"([A-Za-z]{1,3})([0-9]{1,7})", corner)
        if match is None:
            raise ValueError(f"not a cell reference: {reference!r}")
        numbers += [int(match[2]), column_number(match[1])]
    return numbers[0], numbers[1], numbers[2], numbers[3]


def reference_of(area: Area) -> str:
    """The area as people write it."""
    return f"{column_letters(area[1])}{area[0]}:{column_letters(area[3])}{area[2]}"


def overlap(one: Area, other: Area) -> bool:
    """Whether two areas share a cell."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def unescape(text: str) -> str:
    """``_x000a_`` and the like as the characters they stand for."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


class Package:
    """A workbook file, read whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            self.parts = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
        self._by_key = {_key(name): name for name in self.parts}

    def part(self, name: str) -> str | None:
        """The member that a part name means (names are compared without case, slashes either way)."""
        return self._by_key.get(_key(name))

    def xml(self, name: str) -> ElementTree.Element:
        """The root element of a part."""
        return ElementTree.fromstring(self.parts[self._by_key[_key(name)]])

    def relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """Type (its last word) and target part of each internal relationship of a part, by id; '' is the package."""
        folder, _, file = part.replace("\\", "/").rpartition("/")
        rels = self.part(posixpath.join(folder, "_rels", file + ".rels"))
        found: dict[str, tuple[str, str]] = {}
        for item in self.xml(rels) if rels else ():
            if item.get("TargetMode") != "External":
                target = item.get("Target", "").replace("\\", "/")
                full = target if target.startswith("/") else posixpath.join("/", folder, target)
                found[item.get("Id", "")] = (
                    item.get("Type", "").rpartition("/")[2],
                    posixpath.normpath(full).lstrip("/"),
                )
        return found

    @cached_property
    def workbook(self) -> str:
        """The workbook part, found through the package's relationships."""
        target = next(target for kind, target in self.relationships("").values() if kind == "officeDocument")
        return self._by_key[_key(target)]

    @cached_property
    def sheets(self) -> list[Sheet]:
        """All sheets in the order of their tabs."""
        relationships = self.relationships(self.workbook)
        found = []
        for item in descendants(self.xml(self.workbook), "sheet"):
            values = attributes(item)
            kind, target = relationships.get(values.get("id", ""), ("", ""))
            found.append(Sheet(values["name"], self.part(target) or target, int(values["sheetId"]), kind))
        return found

    @cached_property
    def tables(self) -> dict[str, TableInfo]:
        """All tables by name, as written."""
        found = {}
        for sheet in self.sheets:
            for kind, target in self.relationships(sheet.part).values():
                if kind == "table" and self.part(target):
                    table = self._table(sheet, target)
                    found[table.name] = table
        return found

    def _table(self, sheet: Sheet, part: str) -> TableInfo:
        xml = self.xml(part)
        columns = child(xml, "tableColumns")
        auto_filter = child(xml, "autoFilter")
        items = children(columns, "tableColumn") if columns is not None else []
        return TableInfo(
            name=xml.get("displayName") or xml.get("name") or "",
            part=self._by_key[_key(part)],
            id=int(xml.get("id", "0")),
            sheet=sheet,
            area=area_of(xml.get("ref", "")),
            columns=tuple(unescape(item.get("name", "")) for item in items),
            header_rows=int(xml.get("headerRowCount", "1")),
            totals_rows=int(xml.get("totalsRowCount", "0")),
            auto_filter=auto_filter.get("ref") if auto_filter is not None else None,
            xml=xml,
        )

    @cached_property
    def strings(self) -> list[str]:
        """The shared strings."""
        part = next(
            (target for kind, target in self.relationships(self.workbook).values() if kind == "sharedStrings"), ""
        )
        if not part or not self.part(part):
            return []
        return [rich_text(item) for item in children(self.xml(part), "si")]

    def cells(self, part: str) -> dict[tuple[int, int], Cell]:
        """All cell elements of a sheet part by row and column, blank styled ones too."""
        return {(cell.row, cell.column): cell for cell in self.cell_list(self.xml(part))}

    def cell_list(self, sheet: ElementTree.Element) -> Iterator[Cell]:
        """The cell elements of a sheet in the order of the part, repeated ones too."""
        data = child(sheet, "sheetData")
        number = 0
        for row in data if data is not None else ():
            number = int(row.get("r", number + 1))
            column = 0
            for item in children(row, "c"):
                reference = item.get("r")
                column = area_of(reference)[1] if reference else column + 1
                yield self._cell(item, area_of(reference)[0] if reference else number, column)

    def _cell(self, item: ElementTree.Element, row: int, column: int) -> Cell:
        kind, value, inline, formula = item.get("t", "n"), child(item, "v"), child(item, "is"), child(item, "f")
        text = value.text if value is not None else None
        if kind == "s" and text is not None:
            text = self.strings[int(text)] if int(text) < len(self.strings) else None
        elif kind == "inlineStr" and inline is not None:
            text = rich_text(inline)
        elif kind == "str" and text is not None:
            text = unescape(text)
        return Cell(
            row=row,
            column=column,
            type=kind,
            style=int(item.get("s", "0")),
            value=text,
            formula=(formula.text or "") if formula is not None else None,
            formula_type=formula.get("t", "normal") if formula is not None else "",
            formula_ref=formula.get("ref", "") if formula is not None else "",
        )


def rich_text(item: ElementTree.Element) -> str:
    """The text of an ``<si>`` or ``<is>``: plain or in runs, without phonetic readings."""
    texts = [text for text in children(item, "t")]
    for run in children(item, "r"):
        texts += children(run, "t")
    return unescape("".join(text.text or "" for text in texts))


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
