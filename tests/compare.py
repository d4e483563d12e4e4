"""What changed between two versions of a workbook file, down to the byte; and the readers that serve as oracles."""

from __future__ import annotations

import struct
import warnings
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

import openpyxl
import python_calamine
from libreoffice import Grid
from package import column_letters, local


@dataclass(frozen=True)
class Member:
    """One member of a zip as it lies in the file, still compressed."""

    name: str
    method: int
    crc: int
    size: int
    time: tuple[int, ...]
    attributes: int
    packed: bytes


def members(path: Path) -> list[Member]:
    """All members in the order of the directory."""
    data = path.read_bytes()
    found = []
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
            start = info.header_offset + 30 + name + extra
            packed = data[start : start + info.compress_size]
            found.append(
                Member(
                    info.filename,
                    info.compress_type,
                    info.CRC,
                    info.file_size,
                    info.date_time,
                    info.external_attr,
                    packed,
                )
            )
    return found


def parts(path: Path) -> dict[str, bytes]:
    """All members by name, decompressed, in the order of the directory."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def changed_parts(before: Path, after: Path) -> set[str]:
    """The names of parts whose content differs, that are new, or that are gone."""
    old, new = parts(before), parts(after)
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def assert_only_parts_changed(before: Path, after: Path, allowed: Collection[str]) -> None:
    """Every other part is in its place and lies in the file byte for byte as it did: packed, with its time."""
    unexpected = changed_parts(before, after) - set(allowed)
    assert not unexpected, f"changed beyond {sorted(allowed)}: {sorted(unexpected)}"
    old, new = members(before), members(after)
    kept = [member.name for member in new if member.name in {other.name for other in old}]
    assert kept == [member.name for member in old if member.name in kept], "the order of the members changed"
    by_name = {member.name: member for member in new}
    for member in old:
        if member.name not in allowed:
            assert by_name[member.name] == member, f"{member.name} was packed anew"


def sheet_rows(xml: bytes) -> dict[int, bytes]:
    """The raw bytes of each row element of a sheet part, by row number."""
    return {number: xml[start:end] for number, start, end in _row_spans(xml)}


def outside_rows(xml: bytes) -> bytes:
    """A sheet part without its rows: what stands before, between and after them."""
    pieces, at = [], 0
    for _, start, end in _row_spans(xml):
        pieces.append(xml[at:start])
        at = end
    return b"".join(pieces) + xml[at:]


def assert_untouched_rows_equal(before: bytes, after: bytes, touched: Collection[int]) -> None:
    """All rows but the touched ones are equal byte for byte; no row is there that is neither old nor touched."""
    old, new = sheet_rows(before), sheet_rows(after)
    for number, row in old.items():
        if number not in touched:
            assert new.get(number) == row, f"row {number} was {row[:300]!r}, is {new.get(number, b'')[:300]!r}"
    extra = new.keys() - old.keys() - set(touched)
    assert not extra, f"rows appeared: {sorted(extra)}"


def _row_spans(xml: bytes) -> list[tuple[int, int, int]]:
    """Number, start and end of each row element: where the XML parser itself sees them, not where a pattern would."""
    found: list[tuple[int, int, int]] = []
    path: list[str] = []
    opened: list[tuple[int, int, bytes]] = []
    parser = expat.ParserCreate()

    def begin(name: str, attributes: dict[str, str]) -> None:
        path.append(name.rpartition(":")[2])
        if path[1:] == ["sheetData", "row"]:
            number = int(attributes.get("r", found[-1][0] + 1 if found else 1))
            opened.append((number, parser.CurrentByteIndex, b"</" + name.encode()))

    def end(name: str) -> None:
        if path[1:] == ["sheetData", "row"]:
            number, start, closing = opened.pop()
            # For a self-closed element, the parser stands behind it already.
            at = parser.CurrentByteIndex
            is_closing = xml.startswith(closing, at)
            found.append((number, start, xml.index(b">", at) + 1 if is_closing else at))
        path.pop()

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.Parse(xml, True)
    return found


class Difference(NamedTuple):
    """One difference between two XML parts; ``before`` is None where something is new, ``after`` where it is gone."""

    where: str
    """Such as ``worksheet/dimension@ref`` for an attribute, ``workbook/calcPr`` for an element or its text."""
    before: str | None
    after: str | None


def xml_differences(before: bytes, after: bytes) -> list[Difference]:
    """Each element, attribute or text that differs.

    Attribute order, quotes and namespace prefixes do not count; ``sheetData`` is left to
    :func:`assert_untouched_rows_equal`.
    """
    return list(_differences(ElementTree.fromstring(before), ElementTree.fromstring(after), ""))


def _differences(old: ElementTree.Element, new: ElementTree.Element, path: str) -> Iterator[Difference]:
    here = f"{path}/{local(old.tag)}".lstrip("/")
    if old.tag != new.tag:
        yield Difference(here, old.tag, new.tag)
        return
    for name in sorted(old.attrib.keys() | new.attrib.keys()):
        if old.get(name) != new.get(name):
            yield Difference(f"{here}@{local(name)}", old.get(name), new.get(name))
    texts = [(element.text or "").strip() for element in (old, new)]
    if texts[0] != texts[1]:
        yield Difference(here, texts[0], texts[1])
    if local(old.tag) == "sheetData":
        return
    tags = [[child.tag for child in element] for element in (old, new)]
    for kind, start, end, new_start, new_end in SequenceMatcher(None, *tags, autojunk=False).get_opcodes():
        if kind == "equal":
            for one, other in zip(old[start:end], new[new_start:new_end], strict=True):
                yield from _differences(one, other, here)
        else:
            yield from (Difference(f"{here}/{local(gone.tag)}", gone.tag, None) for gone in old[start:end])
            yield from (Difference(f"{here}/{local(added.tag)}", None, added.tag) for added in new[new_start:new_end])


def openpyxl_workbook(path: Path) -> openpyxl.Workbook:
    """The workbook as openpyxl loads it, formulas as text; raises whatever openpyxl raises on a broken file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells what it is going to lose; nothing is saved here
        return openpyxl.load_workbook(path, keep_vba=path.suffix == ".xlsm")


def calamine_rows(path: Path, table: str) -> list[list[Any]]:
    """The data rows of a table as calamine reads them."""
    workbook = python_calamine.load_workbook(path, load_tables=True)
    return [list(row) for row in workbook.get_table_by_name(table).to_python()]


def grids_differ(before: dict[str, Grid], after: dict[str, Grid]) -> dict[str, tuple[Any, Any]]:
    """The cells in which two results of ``sheet_values`` differ, by name (``Runs!B4``); numbers count to 14 digits."""
    found: dict[str, tuple[Any, Any]] = {}
    for sheet in before.keys() | after.keys():
        old, new = before.get(sheet, []), after.get(sheet, [])
        for row in range(max(len(old), len(new))):
            left, right = (grid[row] if row < len(grid) else [] for grid in (old, new))
            for column in range(max(len(left), len(right))):
                one = left[column] if column < len(left) else ""
                other = right[column] if column < len(right) else ""
                if not _same(one, other):
                    found[f"{sheet}!{column_letters(column + 1)}{row + 1}"] = (one, other)
    return found


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or abs(one - other) <= 1e-14 * max(abs(one), abs(other))
    return bool(one == other)
