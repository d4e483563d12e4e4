"""The zip of a workbook: reads parts, and writes a copy in which every untouched part is the same bytes, compressed.

The standard library's ``zipfile`` cannot copy a member without inflating it, so the central directory is read here.
What is refused (encrypted, damaged, doubled or oversized members) is refused before anything is written.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tracker.xlsx.codec import crc32, deflate, inflate
from tracker.xlsx.xml import UnpatchablePart

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_DOS_EPOCH = 33 << 16
MAX_PART = 4 << 30
BOMB_SIZE = 256 << 20
BOMB_RATIO = 400
"""A part larger than BOMB_SIZE that inflates more than this is no sheet: real ones stay below 40."""
_LIMIT = 0xFFFFFFFF


class EncryptedPackage(Exception):
    """An OLE2 file: an encrypted workbook or the old .xls."""


class DamagedPackage(Exception):
    """Not a zip, cut off, or with members that no program would write."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the directory has it; ``start`` to ``end`` is all of it in the file, header included."""

    name: str
    raw_name: bytes
    central: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    start: int
    end: int
    data: int


@dataclass(frozen=True, slots=True)
class Slice:
    """Compressed bytes to copy from the file as they are."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A new deflated member: pieces of its stream, some copied from the file; checksum and size of the whole."""

    pieces: Sequence[bytes | Slice]
    crc: int
    size: int


class Package:
    """The parts of one workbook file, read from an open file; changes are collected and written by ``write``."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self.members: dict[str, Member] = {}
        self._comment = b""
        self._by_lower: dict[str, str] = {}
        self._new: dict[str, bytes | Stream | None] = {}
        self._read_directory()

    # -- reading ------------------------------------------------------------------------------------------------

    def find(self, name: str) -> str | None:
        """The part's name as it stands in the zip; names compare without case. None where there is no such part."""
        found = self._by_lower.get(name.lstrip("/").lower())
        return None if found is None or (found in self._new and self._new[found] is None) else found

    def names(self) -> list[str]:
        """All parts, added ones last."""
        return [name for name in (*self.members, *(n for n in self._new if n not in self.members)) if self.find(name)]

    def read(self, name: str) -> bytes:
        """The part's bytes, with what was set so far. Raises KeyError where there is none, DamagedPackage."""
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        new = self._new.get(found)
        if isinstance(new, bytes):
            return new
        member = self.members[found]
        self._refuse_bomb(member)
        data = self.raw(member.data, member.compressed)
        try:
            content = data if member.method == 0 else inflate(data, member.size)
        except ValueError as error:
            raise DamagedPackage(f"its part {found} is damaged: {error}") from None
        if crc32(content) != member.crc:
            raise DamagedPackage(f"its part {found} is damaged: the checksum is wrong")
        return content

    @property
    def file(self) -> BinaryIO:
        """The open file, for another reader of the same state; where it stands in it does not matter."""
        return self._file

    def raw(self, start: int, size: int) -> bytes:
        """Bytes of the file as they stand."""
        data = _read_at(self._file, start, size)
        if len(data) != size:
            raise DamagedPackage("it is cut off")
        return data

    # -- changing -----------------------------------------------------------------------------------------------

    def set(self, name: str, content: bytes | Stream) -> None:
        """Replace or add a part."""
        found = self._by_lower.setdefault(name.lower(), name)
        self._new[found] = content

    def remove(self, name: str) -> None:
        """Leave a part out."""
        found = self.find(name)
        if found is not None:
            self._new[found] = None

    def write(self, target: BinaryIO) -> dict[str, int]:
        """Write the whole zip; returns where the data of each new or replaced part starts in it.

        Untouched members keep their bytes, order, names, times and attributes; neighbours are copied in one go.
        """
        central: list[bytes] = []
        data_starts: dict[str, int] = {}
        position = run_start = run_end = 0
        copied_to: list[tuple[Member, int]] = []

        def flush() -> None:
            nonlocal position
            if run_end > run_start:
                _copy(self._file, run_start, target, run_end - run_start)
                position += run_end - run_start

        order = sorted(self.members.values(), key=lambda member: member.start)
        offsets: dict[str, int] = {}
        for member in order:
            if member.name in self._new:
                flush()
                run_start = run_end = 0
                new = self._new[member.name]
                if new is not None:
                    offsets[member.name] = position
                    position = self._write_member(target, member, member.name, new, position, data_starts)
                continue
            if run_end != member.start:
                flush()
                run_start = member.start
            run_end = member.end
            offsets[member.name] = position + member.start - run_start
            copied_to.append((member, offsets[member.name]))
        flush()
        for name, member in self.members.items():  # the directory keeps its own order
            if name not in self._new:
                central.append(_with_offset(member.central, offsets[name]))
            elif name in offsets:
                central.append(self._central_entry(member, name, offsets[name]))
        for name, content in self._new.items():
            if name not in self.members and content is not None:
                offset = position
                position = self._write_member(target, None, name, content, position, data_starts)
                central.append(self._central_entry(None, name, offset))
        directory = b"".join(central)
        if position + len(directory) >= _LIMIT or len(central) >= 0xFFFF:
            raise UnpatchablePart("the file would pass 4 GB, the limit of a plain zip")
        counts = (len(central), len(central), len(directory), position)
        target.write(directory + _END.pack(b"PK\x05\x06", 0, 0, *counts, len(self._comment)) + self._comment)
        return data_starts

    def _write_member(
        self,
        target: BinaryIO,
        old: Member | None,
        name: str,
        content: bytes | Stream,
        position: int,
        data_starts: dict[str, int],
    ) -> int:
        if isinstance(content, bytes):
            content = Stream([deflate(content)], zlib.crc32(content), len(content))
            self._new[name] = content
        compressed = _stream_size(content)
        if content.size >= _LIMIT or compressed >= _LIMIT:
            raise UnpatchablePart(f"its part {name} would pass 4 GB, the limit of a plain zip")
        raw_name = old.raw_name if old else name.encode("utf-8")
        flags, moment = self._flags_and_time(old, raw_name)
        header = _LOCAL.pack(
            b"PK\x03\x04", 20, flags, 8, moment & 0xFFFF, moment >> 16,
            content.crc, compressed, content.size, len(raw_name), 0,
        )  # fmt: skip
        target.write(header + raw_name)
        data_starts[name] = position + len(header) + len(raw_name)
        for start, size, piece in _joined(content.pieces):
            if piece is None:
                _copy(self._file, start, target, size)
            else:
                target.write(piece)
        return data_starts[name] + compressed

    def _central_entry(self, old: Member | None, name: str, offset: int) -> bytes:
        content = self._new[name]
        assert isinstance(content, Stream)
        raw_name = old.raw_name if old else name.encode("utf-8")
        flags, moment = self._flags_and_time(old, raw_name)
        made_by, internal, external = 20, 0, 0
        if old:
            fields = _CENTRAL.unpack(old.central[: _CENTRAL.size])
            made_by, internal, external = (fields[1] & 0xFF00) | 20, fields[14], fields[15]
        return _CENTRAL.pack(
            b"PK\x01\x02", made_by, 20, flags, 8, moment & 0xFFFF, moment >> 16,
            content.crc, _stream_size(content), content.size, len(raw_name), 0, 0, 0, internal, external, offset,
        ) + raw_name  # fmt: skip

    def _flags_and_time(self, old: Member | None, raw_name: bytes) -> tuple[int, int]:
        """The UTF-8 bit kept, the data-descriptor bit cleared; the member's own time."""
        if old:
            fields = _CENTRAL.unpack(old.central[: _CENTRAL.size])
            return old.flags & 0x0800, fields[5] | fields[6] << 16
        return (0 if raw_name.isascii() else 0x0800), _DOS_EPOCH

    def _refuse_bomb(self, member: Member) -> None:
        if member.size > MAX_PART or (member.size > BOMB_SIZE and member.size > BOMB_RATIO * max(1, member.compressed)):
            raise DamagedPackage(f"its part {member.name} would inflate to {member.size:,} bytes (a zip bomb?)")

    # -- the central directory ----------------------------------------------------------------------------------

    def _read_directory(self) -> None:
        if self._size < _END.size:
            raise DamagedPackage("it is empty" if self._size == 0 else "it is not a zip file")
        magic = self.raw(0, min(8, self._size))
        if magic == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            raise EncryptedPackage
        tail_size = min(self._size, _END.size + 0xFFFF)
        tail = self.raw(self._size - tail_size, tail_size)
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + _END.size > len(tail):
            raise DamagedPackage("it is cut off" if magic[:2] == b"PK" else "it is not a zip file")
        _, disk, _, _, count, size, offset, comment_size = _END.unpack_from(tail, at)
        self._comment = tail[at + _END.size : at + _END.size + comment_size]
        if offset == _LIMIT or count == 0xFFFF or disk not in (0, 0xFFFF):
            count, size, offset = self._read_zip64(self._size - tail_size + at)
        if offset + size > self._size:
            raise DamagedPackage("it is cut off")
        self._read_members(self.raw(offset, size), count, offset)

    def _read_zip64(self, end: int) -> tuple[int, int, int]:
        locator = self.raw(max(0, end - 20), 20)
        if locator[:4] != b"PK\x06\x07":
            raise DamagedPackage("its directory is damaged")
        (at,) = struct.unpack_from("<Q", locator, 8)
        record = self.raw(at, 56)
        if record[:4] != b"PK\x06\x06":
            raise DamagedPackage("its directory is damaged")
        count, size, offset = struct.unpack_from("<3Q", record, 32)
        return count, size, offset

    def _read_members(self, directory: bytes, count: int, directory_start: int) -> None:
        found: list[tuple[int, str, bytes, bytes, tuple[int, ...]]] = []
        at = 0
        for _ in range(count):
            if directory[at : at + 4] != b"PK\x01\x02" or at + _CENTRAL.size > len(directory):
                raise DamagedPackage("its directory is damaged")
            fields = _CENTRAL.unpack_from(directory, at)
            name_size, extra_size, comment_size = fields[10:13]
            end = at + _CENTRAL.size + name_size + extra_size + comment_size
            raw_name = directory[at + _CENTRAL.size : at + _CENTRAL.size + name_size]
            extra = directory[at + _CENTRAL.size + name_size : end - comment_size]
            name = raw_name.decode("utf-8" if fields[3] & 0x0800 else "cp437", "replace").replace("\\", "/")
            sizes = _zip64_sizes(extra, fields[9], fields[8], fields[16])
            found.append((sizes[2], name.lstrip("/"), raw_name, directory[at:end], (*fields, *sizes)))
            at = end
        starts = sorted(item[0] for item in found)
        following = dict(zip(starts, [*starts[1:], directory_start], strict=True))
        for start, name, raw_name, entry, fields in found:
            flags, method = fields[3], fields[4]
            if flags & 0x1:
                raise EncryptedPackage
            if method not in (0, 8):
                raise DamagedPackage(
                    f"its part {name} is compressed in a way (method {method}) that workbooks never are"
                )
            local = self.raw(start, _LOCAL.size) if start + _LOCAL.size <= self._size else b""
            if local[:4] != b"PK\x03\x04":
                raise DamagedPackage(f"its part {name} is not where the directory says")
            data = start + _LOCAL.size + sum(_LOCAL.unpack(local)[9:11])
            end = following[start]
            if data + fields[18] > end:
                raise DamagedPackage(f"its part {name} is cut off")
            if name.lower() in self._by_lower:
                raise DamagedPackage(f"it has two parts named {name}")
            self.members[name] = Member(
                name, raw_name, entry, flags, method, fields[7], fields[18], fields[17], start, end, data
            )
            self._by_lower[name.lower()] = name


@contextmanager
def open_package(path: Path) -> Iterator[Package]:
    """The package in a file, which is closed at the end."""
    with open(path, "rb") as file:
        yield Package(file)


def _zip64_sizes(extra: bytes, size: int, compressed: int, offset: int) -> tuple[int, int, int]:
    """Size, compressed size and offset, from the zip64 field where the plain ones are at their limit."""
    at = 0
    while at + 4 <= len(extra) and _LIMIT in (size, compressed, offset):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            values = list(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            size = values.pop(0) if size == _LIMIT and values else size
            compressed = values.pop(0) if compressed == _LIMIT and values else compressed
            offset = values.pop(0) if offset == _LIMIT and values else offset
        at += 4 + length
    return size, compressed, offset


def _with_offset(central: bytes, offset: int) -> bytes:
    if offset >= _LIMIT:
        raise UnpatchablePart("the file would pass 4 GB, the limit of a plain zip")
    if central[42:46] == b"\xff\xff\xff\xff":
        raise UnpatchablePart("it is a zip64 file of more than 4 GB")
    return central[:42] + struct.pack("<L", offset) + central[46:]


def _stream_size(stream: Stream) -> int:
    return sum(piece.size if isinstance(piece, Slice) else len(piece) for piece in stream.pieces)


def _joined(pieces: Sequence[bytes | Slice]) -> list[tuple[int, int, bytes | None]]:
    """The pieces with neighbouring slices joined: (start, size, None) to copy, (0, size, bytes) to write."""
    joined: list[tuple[int, int, bytes | None]] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            joined.append((0, len(piece), piece))
        elif joined and joined[-1][2] is None and sum(joined[-1][:2]) == piece.start:
            joined[-1] = (joined[-1][0], joined[-1][1] + piece.size, None)
        else:
            joined.append((piece.start, piece.size, None))
    return joined


def _read_at(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


def _copy(source: BinaryIO, start: int, target: BinaryIO, size: int) -> None:
    """Copy bytes between files, inside the kernel where it can."""
    target.flush()
    if hasattr(os, "copy_file_range"):
        offset = start
        try:
            while size:
                done = os.copy_file_range(source.fileno(), target.fileno(), size, offset_src=offset)
                if done == 0:
                    raise DamagedPackage("it is cut off")
                size -= done
                offset += done
            target.seek(0, os.SEEK_END)
            return
        except OSError as error:
            if error.errno not in _NO_KERNEL_COPY:
                raise
            start = offset
            target.seek(0, os.SEEK_END)
    while size:
        chunk = _read_at(source, start, min(size, 1 << 20))
        if not chunk:
            raise DamagedPackage("it is cut off")
        target.write(chunk)
        size -= len(chunk)
        start += len(chunk)


_NO_KERNEL_COPY = {1, 18, 22, 38, 95}  # EPERM, EXDEV, EINVAL, ENOSYS, EOPNOTSUPP: another file system, an old kernel
