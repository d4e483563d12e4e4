"""One pass over a file that copies and hashes it: of a large one, threads read and write while another hashes."""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

from tracker.errors import ArtifactPathError
from tracker.store.sources import Source, unreadable

CHUNK = 4 << 20
"""What is handed to the writer at once; a multiple of every disk's block."""
_CHUNKS = 8
"""So many at the most are read before the first is written: a disk that pauses for a moment keeps nobody waiting."""
_STEP = 1 << 18
"""What is read and hashed at once: it stays in the processor's cache between the two."""
_ATTEMPTS = 3
_FEW = 8
_BATCH = 16
"""Files that one thread takes at once: handing them out one by one takes longer than copying them."""
WORKERS = min(8, 4 * (os.cpu_count() or 1))
"""Threads for many files, which mostly wait for a disk or a server."""

OnBytes = Callable[[int], object]
Given = TypeVar("Given")
Made = TypeVar("Made")


class Sink(Protocol):
    """Where the bytes of one file go. What its methods raise says what to do about it."""

    def write(self, chunk: memoryview) -> None:
        """Take the next bytes."""

    def close(self) -> None:
        """The file is whole."""

    def abandon(self) -> None:
        """It will not become whole; nothing of it is to be left."""


class UnsteadyError(Exception):
    """A file was written to while it was read."""


def nothing(count: int) -> None:
    """Not interested in progress."""


def copy_hashed(source: Path, open_sink: Callable[[int], Sink], on_bytes: OnBytes = nothing) -> tuple[int, str]:
    """Copy a file into the sink that ``open_sink`` makes for its size; its size and sha256, of the very bytes copied.

    Raises:
        ArtifactPathError: it cannot be read, or does not stop changing while it is copied.
    """
    for _ in range(_ATTEMPTS):
        with _opened(source) as reader:
            before = os.fstat(reader.fileno())
            sink = open_sink(before.st_size)
            counted = _Counted(on_bytes)
            try:
                size, sha256 = _pass(reader, before.st_size, sink, counted, source)
                if _is_steady(before, size, os.fstat(reader.fileno())):
                    sink.close()
                    return size, sha256
            except BaseException:
                sink.abandon()
                raise
            sink.abandon()
            counted.take_back()
    raise ArtifactPathError(path=source, reason="it kept changing while it was copied")


def read_small(source: Source) -> bytes | None:
    """The content of a small file; None where it must be copied piece by piece: it is larger, or is being written to.

    One that cannot be read gives None too: copying it finds the same fault, and says so.
    """
    if source.size >= _STEP:
        return None
    try:
        file = os.open(source.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            before = os.fstat(file)
            content = os.read(file, min(before.st_size, _STEP) + 1)  # one more, to see that it is the end
            steady = _is_steady(before, len(content), os.fstat(file))
        finally:
            os.close(file)
    except OSError:
        return None
    return content if steady else None


def hash_file(path: Path, on_bytes: OnBytes = nothing) -> tuple[int, str]:
    """The size and the sha256 of a file.

    Raises:
        OSError: it cannot be read.
        UnsteadyError: it was written to meanwhile.
    """
    digest, size = hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as reader:
        before = os.fstat(reader.fileno())
        buffer = memoryview(bytearray(min(_STEP, before.st_size + 1)))
        while (count := reader.readinto(buffer)) and size <= before.st_size:
            digest.update(buffer[:count])
            size += count
            on_bytes(count)
        steady = _is_steady(before, size, os.fstat(reader.fileno()))
    if not steady:
        raise UnsteadyError
    return size, digest.hexdigest()


def many(work: Callable[[Given], Made], items: Iterable[Given], workers: int = WORKERS) -> list[Made]:
    """What ``work`` gives for each, several at a time where there are many; the first error ends it."""
    items = list(items)
    if len(items) < _FEW:
        return [work(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    def some(batch: list[Given]) -> list[Made]:
        return [work(item) for item in batch]

    size = min(_BATCH, -(-len(items) // workers))
    with ThreadPoolExecutor(workers) as pool:
        try:
            batches = pool.map(some, (items[start : start + size] for start in range(0, len(items), size)))
            return [made for batch in batches for made in batch]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class _Counted:
    """Progress of one attempt, which can be taken back."""

    def __init__(self, on_bytes: OnBytes) -> None:
        self._on_bytes = on_bytes
        self._count = 0

    def __call__(self, count: int) -> None:
        self._count += count
        self._on_bytes(count)

    def take_back(self) -> None:
        self._on_bytes(-self._count)


def _is_steady(before: os.stat_result, size: int, after: os.stat_result) -> bool:
    """Whether nobody wrote to a file while so many bytes of it were read."""
    return (size, after.st_size, after.st_mtime_ns) == (before.st_size, before.st_size, before.st_mtime_ns)


def _opened(source: Path) -> FileIO:
    try:
        return open(source, "rb", buffering=0)
    except OSError as error:
        raise unreadable(error, source) from error


def _pass(reader: FileIO, expected: int, sink: Sink, on_bytes: OnBytes, source: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    if expected < CHUNK:
        buffer = memoryview(bytearray(expected + 1))  # one more, to see that it is the end
        size = _fill(reader, buffer, source, digest.update)
        if size:
            sink.write(buffer[:size])
        on_bytes(size)
        return size, digest.hexdigest()
    size, buffers = 0, _Buffers()
    with _Writer(sink, buffers) as writer, _Reader(reader, expected, source, buffers) as ahead:
        for buffer, count in ahead:
            digest.update(buffer[:count])
            writer.write(buffer, count)
            size += count
            on_bytes(count)
    return size, digest.hexdigest()


def _fill(reader: FileIO, buffer: memoryview, source: Path, update: Callable[[memoryview], object] = len) -> int:
    """Read until the buffer is full or the file ends; ``update`` is given what was read, piece by piece."""
    filled = 0
    try:
        while count := reader.readinto(buffer[filled : filled + _STEP]):
            update(buffer[filled : filled + count])
            filled += count
    except OSError as error:
        raise unreadable(error, source) from error
    return filled


class _Buffers:
    """Buffers that go round from the reader to the writer; they begin at a page, as direct writes want them."""

    def __init__(self) -> None:
        self._free: SimpleQueue[memoryview] = SimpleQueue()
        self._made = 0

    def take(self) -> memoryview:
        """One that nobody uses, as soon as there is one."""
        if self._free.empty() and self._made < _CHUNKS:
            self._made += 1
            return memoryview(mmap.mmap(-1, CHUNK))
        return self._free.get()

    def give_back(self, buffer: memoryview) -> None:
        """It was written."""
        self._free.put(buffer)


class _Reader:
    """Reads ahead in a thread of its own: gives the buffers with how much of each is filled, the last one not wholly.

    What it raises, it raises in the thread that takes them.
    """

    def __init__(self, file: FileIO, expected: int, source: Path, buffers: _Buffers) -> None:
        self._file, self._expected, self._source, self._buffers = file, expected, source, buffers
        self._full: SimpleQueue[tuple[memoryview, int] | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="tracker-reader", daemon=True)

    def __iter__(self) -> Iterator[tuple[memoryview, int]]:
        while (item := self._full.get()) is not None:
            yield item
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> _Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = True
        self._buffers.give_back(memoryview(bytearray()))  # it may be waiting for one
        self._thread.join()

    def _run(self) -> None:
        size, count = 0, CHUNK
        try:
            # A file that grows as fast as it is read would never end.
            while count == CHUNK and size <= self._expected and not self._stopped:
                buffer = self._buffers.take()
                count = _fill(self._file, buffer, self._source)
                self._full.put((buffer, count))
                size += count
        except BaseException as failure:
            self._failure = failure
        self._full.put(None)


class _Writer:
    """Writes in a thread of its own. What it raises, it raises in the thread that hands it buffers, or at the end."""

    def __init__(self, sink: Sink, buffers: _Buffers) -> None:
        self._sink, self._buffers = sink, buffers
        self._full: SimpleQueue[tuple[memoryview, int] | None] = SimpleQueue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="tracker-writer", daemon=True)

    def write(self, buffer: memoryview, count: int) -> None:
        """Have the beginning of a buffer written, and the buffer used again."""
        self._check()
        self._full.put((buffer, count))

    def __enter__(self) -> _Writer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._full.put(None)
        self._thread.join()
        if kind is None:
            self._check()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while (item := self._full.get()) is not None:
            buffer, count = item
            try:
                if count and self._failure is None:
                    self._sink.write(buffer[:count])
            except BaseException as failure:
                self._failure = failure
            self._buffers.give_back(buffer)


def sha256_of_lines(lines: Iterable[str]) -> str:
    """The hash of sorted lines of text."""
    text: Any = "".join(sorted(lines))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
