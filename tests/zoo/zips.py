"""Zip files of every shape, and small changes to the parts in them."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

Parts = dict[str, bytes]

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
DESCRIPTOR = 0x8
_TIME, _DATE = 0x6000, 0x5861  # 12:00:00 on 2024-03-01


def read_parts(path: Path) -> Parts:
    """All members by name, folders left out."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


def swap(parts: Parts, name: str, old: bytes | str, new: bytes | str, count: int = -1) -> None:
    """Replaces text in a part; complains if it is not there, so that no trap loses its teeth unseen."""
    old, new = (text.encode() if isinstance(text, str) else text for text in (old, new))
    assert old in parts[name], f"{old!r} is not in {name}"
    parts[name] = parts[name].replace(old, new, count)


def swap_pattern(parts: Parts, name: str, pattern: str, new: str) -> None:
    """Replaces every match of a pattern in a part; complains if there is none."""
    parts[name], count = re.subn(pattern.encode(), new.encode(), parts[name], flags=re.DOTALL)
    assert count, f"{pattern} is not in {name}"


def rename_part(parts: Parts, old: str, new: str) -> None:
    """Gives a part another name and keeps its place; whoever refers to it is not told."""
    items = [(new if name == old else name, body) for name, body in parts.items()]
    parts.clear()
    parts.update(items)


def write_zip(
    path: Path,
    parts: Mapping[str, bytes] | list[tuple[str, bytes]],
    *,
    stored: bool = False,
    descriptors: bool = False,
    folders: bool = False,
    extra: bytes = b"",
    prefix: bytes = b"",
    counts_prefix: bool = True,
    comment: bytes = b"",
    raw: Mapping[str, tuple[int, int, int, bytes]] | None = None,
) -> None:
    """Writes a zip by hand, since zipfile writes only good ones.

    ``descriptors`` puts sizes behind the data as streaming writers do; ``folders`` adds entries for the folders;
    ``raw`` gives a member's method, checksum, size and packed bytes as they shall be written, true or not. The parts
    may be a list of pairs, in which a name can occur twice.
    """
    items = list(parts.items()) if isinstance(parts, Mapping) else list(parts)
    if folders:
        names = sorted({name[: name.rindex("/") + 1] for name, _ in items if "/" in name})
        items = [(name, b"") for name in names] + items
    out, directory = bytearray(prefix), bytearray()
    for name, body in items:
        method = STORED if stored or name.endswith("/") else DEFLATED
        crc, size = zlib.crc32(body), len(body)
        packed = body if method == STORED else deflate(body)
        if raw and name in raw:
            method, crc, size, packed = raw[name]
        flags = DESCRIPTOR if descriptors and not name.endswith("/") else 0
        sizes = (0, 0, 0) if flags else (crc, len(packed), size)
        encoded = name.encode()
        if not name.isascii():
            flags |= 0x800
        offset = len(out) - (0 if counts_prefix else len(prefix))
        out += struct.pack(
            "<IHHHHHIIIHH", 0x04034B50, 20, flags, method, _TIME, _DATE, *sizes, len(encoded), len(extra)
        )
        out += encoded + extra + packed
        if flags & DESCRIPTOR:
            out += struct.pack("<IIII", 0x08074B50, crc, len(packed), size)
        directory += struct.pack(
            "<IHHHHHHIIIHHHHHII",
            *(0x02014B50, 20, 20, flags, method, _TIME, _DATE, crc, len(packed), size),
            *(len(encoded), len(extra), 0, 0, 0, 0, offset),
        )
        directory += encoded + extra
    at = len(out) - (0 if counts_prefix else len(prefix))
    out += directory
    out += (
        struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(items), len(items), len(directory), at, len(comment)) + comment
    )
    path.write_bytes(out)


def deflate(body: bytes) -> bytes:
    """Raw deflate, as zips hold it."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(body) + packer.flush()


def bomb(megabytes: int, around: tuple[bytes, bytes]) -> tuple[int, int, int, bytes]:
    """Method, checksum, size and packed bytes of a member that is all blanks between two texts; packed in no time."""
    block = b" " * 2**20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(around[0]) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = zlib.crc32(around[0])
    for _ in range(megabytes):
        crc = zlib.crc32(block, crc)
    size = len(around[0]) + megabytes * len(block) + len(around[1])
    return DEFLATED, zlib.crc32(around[1], crc), size, head + body * megabytes + deflate(around[1])


def png(width: int, height: int) -> bytes:
    """A picture in one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x1f\x4e\x79" * width) * height
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body
