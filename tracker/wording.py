"""Counts, sizes and lists of names as sentences say them."""

from __future__ import annotations

from collections.abc import Iterable


def count(number: int, one: str, many: str = "") -> str:
    """``1 run``, ``2,000 runs``; of a word with a plural of its own, that."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(count: float) -> str:
    """Bytes as people say them: ``1.2 MB``."""
    if count < 1000:
        return f"{count:.0f} bytes" if count != 1 else "1 byte"
    amount = float(count)
    for unit in ("KB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f}".removesuffix(".0") + f" {unit}"
    return f"{amount / 1000:.1f} TB"


def some_of(names: Iterable[str], most: int) -> str:
    """The first names, and how many more there are: ``a, b and 4 more``."""
    every = list(names)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
