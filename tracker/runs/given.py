"""Names and numbers as scripts give them, made into what is logged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.errors import BadRequestError


def column_name(key: Any) -> str:
    """A param's, tag's or metric's name as it can stand in a header: on one line.

    Raises:
        BadRequestError: nothing is left of it.
    """
    if type(key) is str and key.isprintable() and key.strip() == key != "":
        return key
    name = " ".join(str(key).split())
    if not name:
        raise BadRequestError(reason="A name is empty; its value was not logged")
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
