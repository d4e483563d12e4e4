"""What is in an archive: its members listed, the pickles and arrays in it looked through, nothing ever unpacked."""

from __future__ import annotations

import io
import lzma
import re
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from tracker.data.headers import numpy_header
from tracker.data.pickles import PickleFacts, read_imports

PICKLE = re.compile(rb"\x80[\x02-\x05]")
"""How a pickle begins, except for the oldest ones."""
_LISTED = 200
_MOST_MEMBERS = 100_000
_LARGEST_DIRECTORY = 32 << 20
_MOST_UNPACKED = 1 << 30
"""Bytes that are unpacked to look through one file."""
_MOST_OPENED = 1_000
_TAIL = 1 << 16
_SUSPICIOUS_RATIO = 200


class _Limited(io.RawIOBase):
    """A stream that ends with an error when more than a bounded amount was read from it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MOST_UNPACKED

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it unpacks to more than {_MOST_UNPACKED >> 30} GiB")
        buffer[: len(data)] = data
        return len(data)


class _Inflated(io.RawIOBase):
    """The content of a zlib stream, as joblib writes it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(1 << 16)
            data = self._inflate.decompress(packed, len(buffer))
            if data or not packed:
                buffer[: len(data)] = data
                return len(data)
        return 0


def limited(file: BinaryIO) -> BinaryIO:
    """The stream, buffered; reading it raises ValueError where a small file unpacks to more than 1 GiB."""
    return io.BufferedReader(_Limited(file))


def unpacked(file: BinaryIO) -> BinaryIO | None:
    """The content of a file that is compressed as a whole, as a stream; None where it is not."""
    import bz2
    import gzip

    mark = file.read(6)
    file.seek(0)
    if mark.startswith(b"\x1f\x8b"):
        return limited(gzip.GzipFile(fileobj=file))  # type: ignore[arg-type]
    if mark.startswith(b"BZh"):
        return limited(bz2.BZ2File(file))  # type: ignore[arg-type]
    if mark.startswith((b"\xfd7zXZ", b"\x5d\x00\x00")):
        return limited(lzma.LZMAFile(file))  # type: ignore[arg-type]
    if mark[:1] == b"\x78" and mark[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda"):
        return limited(io.BufferedReader(_Inflated(file)))
    return None


def zipped(path: Path) -> dict[str, Any]:
    """Number, names and sizes of the members of a zip, warnings, and what pickles in it would import.

    Raises:
        ValueError: it is damaged, or has too many members.
    """
    refuse_large_directory(path)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        packed = sum(member.compress_size for member in members)
        facts = _listed([(member.filename, member.file_size) for member in members], len(members), size)
        if packed and size / packed > _SUSPICIOUS_RATIO:
            facts["warnings"].append(f"It unpacks to {size / packed:,.0f} times its size.")
        if any(member.flag_bits & 1 for member in members):
            facts["notes"] = ["Some of it is encrypted and was not looked at."]
        facts |= _pickles(archive, members, facts["warnings"])
    return facts


def _pickles(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], warnings: list[str]) -> dict[str, Any]:
    """What the pickles and numpy arrays in the zip are; their warnings are added to those of the zip."""
    found: dict[str, Any] = {}
    seen = PickleFacts()
    pickles = []
    for member in [one for one in members if not one.flag_bits & 1 and not one.is_dir()][:_MOST_OPENED]:
        with archive.open(member) as opened:
            file = limited(opened)  # type: ignore[arg-type]
            mark = file.peek(8)[:8]  # type: ignore[attr-defined]
            if mark.startswith(b"\x93NUMPY"):
                array = numpy_header(file)
                warnings += array.pop("warnings", [])
                found.setdefault("arrays", {})[member.filename.removesuffix(".npy")] = array
            elif PICKLE.match(mark) or member.filename.endswith((".pkl", ".pickle")):
                pickles.append(member.filename)
                read_imports(file, seen)
    if pickles:
        facts = seen.to_json()
        warnings += facts.pop("warnings")
        found |= {"pickles": pickles[:_LISTED], **facts}
    return found


def tarred(path: Path) -> dict[str, Any]:
    """Number, names and sizes of the members of a tar, plain or compressed, and warnings.

    Raises:
        ValueError: it is damaged, or unpacks to too much.
    """
    names: list[tuple[str, int]] = []
    count = size = 0
    notes = []
    with open(path, "rb") as file, tarfile.open(fileobj=unpacked(file) or file, mode="r|") as archive:
        try:
            for member in archive:
                count, size = count + 1, size + member.size
                if len(names) < _MOST_MEMBERS:
                    names.append((member.name, member.size))
                archive.members = []  # type: ignore[attr-defined]  # the library would keep them all
        except (ValueError, tarfile.TarError, EOFError, OSError) as error:
            notes.append(f"Only its first {count:,} members were listed: {error}.")
    return _listed(names, count, size) | ({"notes": notes} if notes else {})


def _listed(members: list[tuple[str, int]], count: int, size: int) -> dict[str, Any]:
    bad = [name for name, _ in members if _leaves(name)]
    return {
        "count": count,
        "unpacked_size": size,
        "members": [{"name": name[:500], "size": size} for name, size in members[:_LISTED]],
        "warnings": [f"{name[:200]} would be unpacked outside of the folder." for name in bad[:10]],
    }


def _leaves(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or re.match(r"[A-Za-z]:", name) is not None


def refuse_large_directory(path: Path) -> None:
    """The list of a zip's members is read as a whole, so a file that is nothing but list must not be opened.

    Raises:
        ValueError: it has too many members, or is no zip.
    """
    with open(path, "rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - _TAIL - 64))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise ValueError("it is damaged")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    long_end = tail.rfind(b"PK\x06\x06", 0, end)
    if directory == 0xFFFFFFFF and long_end >= 0:
        directory = int.from_bytes(tail[long_end + 40 : long_end + 48], "little")
    if directory > _LARGEST_DIRECTORY:
        raise ValueError("it has too many members")
