"""What a script prints, kept beside its run: it goes on to where it went, and each whole line also into output.txt.

Only what Python's own sys.stdout and sys.stderr are given is seen; what compiled code or another process writes is not.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST_BYTES = 10_000_000
"""As long as an output.txt may become; then its middle gives way, so that the beginning and the end stay."""
MOST_PARTIAL = 10_000
"""Characters of a line without an end that are held back; a longer one goes on in a line of its own."""


class OutputFile:
    """A text that is appended to and never grows beyond a size; processes may share it.

    Raises:
        OSError: by every method; the file cannot be written.
    """

    def __init__(self, path: Path, most: int = MOST_BYTES) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._most = most
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.open(path, flags, 0o664)
        self._size = os.fstat(self._file).st_size

    def append(self, text: str) -> None:
        """Write some lines."""
        content = text.encode("utf-8", "replace")
        while content:
            written = os.write(self._file, content)
            content = content[written:]
            self._size += written
        if self._size > self._most:
            self._shorten()

    def _shorten(self) -> None:
        """Let the middle go: a quarter of the size stays at the beginning, a quarter at the end."""
        part = self._most // 4
        size = os.fstat(self._file).st_size
        os.lseek(self._file, max(size - part, 0), os.SEEK_SET)
        tail = os.read(self._file, part).partition(b"\n")[2]
        os.lseek(self._file, 0, os.SEEK_SET)
        head = os.read(self._file, part).rpartition(b"\n")[0]
        os.ftruncate(self._file, len(head))
        left_out = f"\n… {size - len(head) - len(tail):,} bytes were left out here …\n".encode()
        os.write(self._file, left_out + tail)
        self._size = os.fstat(self._file).st_size

    def close(self) -> None:
        os.close(self._file)


class Console:
    """Copies what is printed into a file, from :meth:`start` to :meth:`stop`. Nothing here reaches whoever prints."""

    def __init__(self, file: OutputFile, fault: Callable[[Exception], None] = lambda fault: None) -> None:
        """Does nothing yet.

        Args:
            file: where the lines go.
            fault: told the error that ended the copying before its time.
        """
        self._file: OutputFile | None = file
        self._fault = fault
        self._streams: list[tuple[Any, Callable[[str], Any], Callable[[str], int]]] = []
        self._partial: dict[int, str] = {}
        self._begin_anew()

    def _begin_anew(self) -> None:
        """At first, and in a forked child: another thread of its parent may have held the lock."""
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._partial.clear()

    def start(self) -> None:
        """Watch sys.stdout and sys.stderr as they are now.

        A method of theirs is replaced and not they themselves: handlers of logging hold on to their stream.
        """
        for stream in dict.fromkeys((sys.stdout, sys.stderr)):
            if stream is not None:
                self._watch(stream)

    def _watch(self, stream: Any) -> None:
        before = stream.write
        number = len(self._streams)

        def write(text: str) -> Any:
            written = before(text)
            self._take(number, text)
            return written

        try:
            stream.write = write
        except AttributeError:  # a stream that lets nobody in
            return
        self._streams.append((stream, before, write))

    def stop(self, last: str = "") -> None:
        """Let the streams be as they were, and close the file.

        Args:
            last: written at the end, such as the traceback that Python will only print later.
        """
        for stream, before, write in reversed(self._streams):
            if stream.write is write:  # else somebody watches the stream through us: we stay, and do nothing any more
                stream.write = before
        with self._lock:
            rest = "".join(f"{settled(text)}\n" for text in self._partial.values() if settled(text))
            self._append(rest + last)
            if self._file is not None:
                self._file.close()
                self._file = None

    def _take(self, number: int, text: object) -> None:
        if self._file is None or not isinstance(text, str):
            return
        if self._pid != os.getpid():
            self._begin_anew()
        with self._lock:
            *lines, partial = (self._partial.get(number, "") + text).split("\n")
            if len(partial) > MOST_PARTIAL:
                lines, partial = [*lines, partial], ""
            elif "\r" in partial:
                partial = settled(partial) + "\r" * partial.endswith("\r")
            self._partial[number] = partial
            self._append("".join(f"{settled(line)}\n" for line in lines))

    def _append(self, text: str) -> None:
        if self._file is None or not text:
            return
        try:
            self._file.append(text)
        except Exception as fault:
            self._file = None
            self._fault(fault)


def settled(line: str) -> str:
    """What remains of a line in a terminal: a progress bar writes itself anew behind each carriage return."""
    if "\r" not in line:
        return line
    return next((part for part in reversed(line.split("\r")) if part), "")
