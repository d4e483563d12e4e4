"""Files that are no workbooks, or no whole ones, though their names say so. Each must give one clear error at once."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import (
    NoTablesError,
    NotAWorkbookError,
    TrackerError,
    WorkbookEncryptedError,
    WorkbookUnsupportedError,
)
from zoo.raw import DECLARATION, MAIN, OTHER, SHEET, STRINGS, TABLE, TYPES, WORKBOOK, WORKBOOK_RELS, registry
from zoo.zips import DEFLATED, bomb, swap, write_zip

OLE2 = bytes.fromhex("D0CF11E0A1B11AE1")


@dataclass(frozen=True)
class Broken:
    """One broken file; ``build`` writes it, opening it as a registry raises one of ``errors``."""

    name: str
    build: Callable[[Path], None]
    errors: tuple[type[TrackerError], ...]

    def __str__(self) -> str:
        return self.name


def broken(*errors: type[TrackerError]) -> Callable[[Callable[[Path], None]], Broken]:
    """Makes a broken file of a function that writes it; its name is the file's."""
    return lambda build: Broken(build.__name__, build, errors)


EITHER = (NotAWorkbookError, WorkbookUnsupportedError)


@broken(NotAWorkbookError)
def an_empty_file(path: Path) -> None:
    path.write_bytes(b"")


@broken(NotAWorkbookError)
def a_text_file(path: Path) -> None:
    path.write_text("run_id,loss\nr1,0.5\n" * 200, encoding="utf-8")


@broken(NotAWorkbookError)
def a_web_page(path: Path) -> None:
    """What a failed download leaves."""
    path.write_text("<!DOCTYPE html><html><body>Please sign in</body></html>", encoding="utf-8")


@broken(NotAWorkbookError)
def random_bytes_after_a_zip_mark(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 40)


@broken(WorkbookEncryptedError)
def an_encrypted_workbook(path: Path) -> None:
    """Excel wraps an encrypted workbook in the format of the old .xls."""
    name = "EncryptedPackage".encode("utf-16-le")
    path.write_bytes(OLE2 + bytes(504) + name + bytes(1024 - len(name)))


@broken(WorkbookEncryptedError)
def encrypted_members(path: Path) -> None:
    """A zip with a password."""
    write_zip(path, registry())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            data[info.header_offset + 6] |= 1
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 1)
    path.write_bytes(data)


def _cut_at(share: float) -> Callable[[Path], None]:
    def build(path: Path) -> None:
        write_zip(path, registry())
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return build


CUT_OFF = [
    Broken(f"cut_off_at_{share:.1%}", _cut_at(share), (NotAWorkbookError,)) for share in (0.002, 0.1, 0.5, 0.9, 0.998)
]


@broken(NotAWorkbookError)
def a_hole_in_the_middle(path: Path) -> None:
    """A synchronised folder that filled a block with zeros."""
    write_zip(path, registry())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo(SHEET).header_offset + 30 + len(SHEET)
    data[at + 20 : at + 200] = bytes(180)
    path.write_bytes(data)


@broken(NotAWorkbookError)
def a_wrong_checksum(path: Path) -> None:
    parts = registry()
    write_zip(path, parts, stored=True)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"<v>0.25</v>", b"<v>0.26</v>"))


@broken(NotAWorkbookError)
def an_unknown_compression(path: Path) -> None:
    body = registry()[SHEET]
    write_zip(path, registry(), raw={SHEET: (93, 0, len(body), body)})


@broken(NotAWorkbookError)
def a_zip_bomb(path: Path) -> None:
    """A sheet of a gigabyte of blanks in a megabyte."""
    write_zip(path, registry(), raw={SHEET: _bomb_of(SHEET, 1024)})


@broken(NotAWorkbookError)
def a_zip_bomb_that_lies(path: Path) -> None:
    """It claims to be small: only counting while inflating finds it."""
    _, crc, _, packed = _bomb_of(SHEET, 1024)
    write_zip(path, registry(), raw={SHEET: (DEFLATED, crc, 5000, packed)})


@broken(NotAWorkbookError)
def a_zip_bomb_of_strings(path: Path) -> None:
    write_zip(path, registry(), raw={STRINGS: _bomb_of(STRINGS, 1024)})


def _bomb_of(name: str, megabytes: int) -> tuple[int, int, int, bytes]:
    body = registry()[name]
    return bomb(megabytes, (body[:400], body[400:]))


@broken(*EITHER)
def a_document(path: Path) -> None:
    """A .docx under another name."""
    write_zip(
        path,
        {
            TYPES: f'{DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'.encode(),
            "_rels/.rels": registry()["_rels/.rels"].replace(b"xl/workbook.xml", b"word/document.xml"),
            "word/document.xml": b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>',
        },
    )


@broken(*EITHER)
def a_plain_zip(path: Path) -> None:
    write_zip(path, {"readme.txt": b"hello"})


@broken(*EITHER)
def an_open_document(path: Path) -> None:
    """An .ods under another name."""
    write_zip(path, {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"})


@broken(*EITHER)
def a_binary_workbook(path: Path) -> None:
    """An .xlsb under another name: the parts are not XML."""
    parts = registry()
    for name in (WORKBOOK, SHEET, OTHER):
        parts[name] = b"\x83\x01\x00\x80\x01\x14" + bytes(range(200))
    write_zip(path, parts)


@broken(*EITHER)
def no_workbook_part(path: Path) -> None:
    parts = registry()
    del parts[WORKBOOK]
    write_zip(path, parts)


@broken(*EITHER)
def shared_strings_are_missing(path: Path) -> None:
    """The cells point to texts that are not there."""
    parts = registry()
    parts[STRINGS] = f'{DECLARATION}<sst xmlns="{MAIN}" count="0" uniqueCount="0"/>'.encode()
    write_zip(path, parts)


@broken(*EITHER)
def a_table_part_that_is_cut_off(path: Path) -> None:
    parts = registry()
    parts[TABLE] = parts[TABLE][:150]
    write_zip(path, parts)


@broken(*EITHER)
def the_sheet_is_another_kind_of_part(path: Path) -> None:
    parts = registry()
    parts[SHEET] = parts[STRINGS]
    write_zip(path, parts)


@broken(*EITHER, NoTablesError)
def a_target_outside_the_package(path: Path) -> None:
    parts = registry()
    swap(parts, WORKBOOK_RELS, "worksheets/sheet1.xml", "../../../../etc/passwd")
    swap(parts, WORKBOOK_RELS, "worksheets/sheet2.xml", "..\\\\..\\\\outside.xml")
    write_zip(path, parts)


BROKEN = (*CUT_OFF, *(item for item in list(globals().values()) if isinstance(item, Broken)))
