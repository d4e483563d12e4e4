"""Deflate in segments, so that an append or an update compresses only what it touches.

A large part is compressed as segments that are each closed with a full flush: no segment refers back into another, so
any of them can be copied compressed, inflated alone, or replaced, and the whole is an ordinary deflate stream
(RFC 1951). The CRC of the whole follows from the CRCs of the segments without looking at their bytes.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from types import ModuleType
from typing import Any

_POLYNOMIAL = 0xEDB88320
SMALL = 1 << 20
"""Below this many bytes the best level costs nothing to speak of."""


@lru_cache(maxsize=1)
def _fast() -> ModuleType:
    """Intel's ISA-L where it is installed (the extra ``fast``), else the standard zlib: same streams, other speed."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    return isal_zlib


def deflate(data: bytes | memoryview, *, last: bool = True) -> bytes:
    """One segment of a raw deflate stream; all but the last are closed with a full flush."""
    codec: Any = zlib if len(data) < SMALL else _fast()
    level = 6 if len(data) < SMALL // 4 else 1
    compressor = codec.compressobj(level, zlib.DEFLATED, -15)
    return bytes(compressor.compress(data) + compressor.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH))


def deflate_fast(data: bytes | memoryview, *, last: bool = True) -> bytes:
    """As :func:`deflate`, at the fastest level whatever the size: for laying out a large part the first time."""
    compressor = _fast().compressobj(1, zlib.DEFLATED, -15)
    return bytes(compressor.compress(data) + compressor.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH))


def inflate(data: bytes, size: int) -> bytes:
    """The raw deflate stream or segment, inflated to exactly ``size`` bytes.

    Raises:
        ValueError: it is damaged, or holds more or less than that.
    """
    codec: Any = zlib if size < SMALL else _fast()
    decompressor = codec.decompressobj(-15)
    try:
        raw = decompressor.decompress(data, size + 1)
    except codec.error as error:
        raise ValueError(str(error)) from None
    if len(raw) != size:
        raise ValueError(f"it holds {'more' if len(raw) > size else 'less'} than the {size:,} bytes it declares")
    return bytes(raw)


def crc32(data: bytes | memoryview, start: int = 0) -> int:
    """The zip format's checksum."""
    return int(_fast().crc32(data, start)) if len(data) > SMALL else zlib.crc32(data, start)


def crc32_combine(first: int, second: int, second_size: int) -> int:
    """The checksum of two pieces of data, one after the other, from the checksum of each."""
    return _multiply(_power_of_x(8 * second_size), first) ^ second


def crc32_without_start(whole: int, start: int, rest_size: int) -> int:
    """The checksum of what follows a start, from the checksums of the whole and of the start."""
    return whole ^ _multiply(_power_of_x(8 * rest_size), start)


def _multiply(a: int, b: int) -> int:
    """The product of two polynomials over GF(2), modulo the CRC's; bit 31 is the coefficient of x**0."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return product


@lru_cache(maxsize=4096)
def _power_of_x(exponent: int) -> int:
    result, index = 1 << 31, 0
    while exponent:
        if exponent & 1:
            result = _multiply(_square_power(index), result)
        exponent >>= 1
        index += 1
    return result


@lru_cache(maxsize=64)
def _square_power(index: int) -> int:
    """x to the power of 2**index."""
    if index == 0:
        return 1 << 30
    half = _square_power(index - 1)
    return _multiply(half, half)
