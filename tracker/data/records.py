"""The rows of a text file as bytes: where they end is looked up for all of them, what is in them for none."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tracker.data.endings import COMPRESSED
from tracker.data.tables import IrregularQuotes, NotATable

_BLOCK = 4 << 20
_LONGEST_ROW = 16 << 20
_MOST_TEXT = 1 << 36
"""Where to stop: 64 GiB of text; a small compressed file can hold more."""
_NEWLINE, _RETURN, _QUOTE = b'\n\r"'
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Records:
    """Whole rows of a text file: the bytes and where each row begins and ends, its newline included."""

    text: bytes
    starts: Any
    ends: Any

    def pick(self, index: Any) -> list[bytes]:
        return [self.text[start:end] for start, end in zip(self.starts[index], self.ends[index], strict=True)]


class _Text:
    """A text file's bytes as UTF-8 or another code that has ASCII in it, with newlines at the ends of lines."""

    def __init__(self, path: Path, note: Callable[[str], None]) -> None:
        import pyarrow

        compression = COMPRESSED.get(path.suffix.lower())
        self._file: BinaryIO = pyarrow.input_stream(str(path), compression=compression)
        self._note = note
        self._left = _MOST_TEXT
        self._decoder: codecs.IncrementalDecoder | None = None
        self._returns = False
        self._first = self._open()

    def _open(self) -> bytes:
        first = self._file.read(_BLOCK)
        for mark, name in _WIDE_MARKS:
            if first.startswith(mark):
                self._decoder = codecs.getincrementaldecoder(name)("replace")
                first = self._decoder.decode(first).encode()
        first = first.removeprefix(codecs.BOM_UTF8)
        self._returns = b"\r" in first and b"\n" not in first
        return first.replace(b"\r", b"\n") if self._returns else first

    def read(self) -> bytes:
        """The next few megabytes; empty at the end."""
        if self._first:
            chunk, self._first = self._first, b""
            return chunk
        if self._left <= 0:
            if self._file.read(1):
                self._note(f"Only the first {_MOST_TEXT >> 30} GiB of its text were looked at.")
            return b""
        chunk = self._file.read(_BLOCK)
        self._left -= len(chunk)
        if self._decoder is not None:
            chunk = self._decoder.decode(chunk, final=not chunk).encode()
        return chunk.replace(b"\r", b"\n") if self._returns else chunk

    def close(self) -> None:
        self._file.close()


def records_of(path: Path, note: Callable[[str], None], delimiter: bytes = b"") -> Iterator[Records]:
    """The file's rows without blank lines; with a delimiter, newlines between quotes do not end a row.

    Raises:
        IrregularQuotes: a quote opens or closes where there is no delimiter.
        NotATable: a row is too long.
    """
    import numpy

    text = _Text(path, note)
    rest = b""
    try:
        while True:
            chunk = text.read()
            buffer = rest + chunk if chunk or not rest else rest + b"\n"
            if not buffer:
                return
            bytes_ = numpy.frombuffer(buffer, numpy.uint8)
            ends = numpy.flatnonzero(bytes_ == _NEWLINE)
            if delimiter and b'"' in buffer:
                quotes = numpy.flatnonzero(bytes_ == _QUOTE)
                ends = ends[numpy.searchsorted(quotes, ends) % 2 == 0]
                _refuse_irregular(bytes_, quotes, ends, delimiter)
                if not chunk and not len(ends):
                    raise IrregularQuotes
            ends = ends + 1
            if len(ends):
                rest = buffer[int(ends[-1]) :]
                starts = numpy.concatenate(([0], ends[:-1]))
                blank = (ends - starts == 1) | ((ends - starts == 2) & (bytes_[starts] == _RETURN))
                if blank.any():
                    starts, ends = starts[~blank], ends[~blank]
                yield Records(buffer, starts, ends)
            else:
                rest = buffer
            if len(rest) > _LONGEST_ROW:
                if delimiter and b'"' in rest:
                    raise IrregularQuotes
                raise NotATable(f"one of its lines is longer than {_LONGEST_ROW >> 20} MiB, too long to be a row")
            if not chunk:
                return
    finally:
        text.close()


def _refuse_irregular(text: Any, quotes: Any, ends: Any, delimiter: bytes) -> None:
    """Raise where a quote opens after, or closes before, anything but a delimiter, the end of a row or a quote."""
    if not len(ends):
        return
    quotes = quotes[: _position(quotes, int(ends[-1]))]
    opening, closing = quotes[0::2], quotes[1::2]
    before, after = text[opening - 1], text[closing + 1]
    good_before = (before == delimiter[0]) | (before == _NEWLINE) | (before == _QUOTE)
    good_before[: 1 if len(opening) and opening[0] == 0 else 0] = True
    good_after = (after == delimiter[0]) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE)
    if not (good_before.all() and good_after.all()):
        raise IrregularQuotes


def _position(numbers: Any, limit: int) -> int:
    import numpy

    return int(numpy.searchsorted(numbers, limit))
