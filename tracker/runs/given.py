"""Names and numbers as scripts give them, made into what is logged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from tracker.errors import BadRequestError

LONGEST = 240
"""Characters of a name: Excel repairs a workbook with a header of more than 255, and the prefix takes some of them."""
_KEPT, _DIGITS = 220, 12


def column_name(key: Any) -> str:
    """A param's, tag's or metric's name as it can stand in a header: on one line, and not too long for Excel.

    Of a name of more than :data:`LONGEST` characters the beginning is kept, and digits of its hash tell it apart.

    Raises:
        BadRequestError: nothing is left of it.
    """
    if type(key) is str and key.isprintable() and key.strip() == key != "" and len(key) <= LONGEST:
        return key
    name = " ".join(str(key).split())
    if not name:
        raise BadRequestError(reason="A name is empty; its value was not logged")
    if len(name) > LONGEST:
        name = f"{name[:_KEPT]}… {hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:_DIGITS]}"
    return name


def as_float(key: Any, value: Any) -> float:
    """The value of a metric as a float: of a number, or of an array or tensor that holds a single one.

    Raises:
        BadRequestError: it is none.
    """
    try:
        return float(value.item() if hasattr(value, "item") else value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise BadRequestError(reason=f"'{key}' needs a number, not {repr(value)[:80]}") from None


def whole_step(step: Any, warn: Callable[[str, Exception], None]) -> int:
    """The step as a whole number; the part behind the point is lost, which is said.

    Raises:
        BadRequestError: it is no number.
    """
    number = as_float("step", step)
    if number != int(number):
        warn("log_metric", BadRequestError(reason=f"Steps are whole numbers: {step!r} counts as {int(number)}"))
    return int(number)
