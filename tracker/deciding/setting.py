"""Changing a setting: what a person typed is understood or refused before it is a change."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tracker.deciding.edits import EditReport, edit_row
from tracker.errors import BadRequestError
from tracker.matching import as_date, as_number, is_blank
from tracker.reading.registry import Registry
from tracker.schema import SETTINGS, STAGES
from tracker.settings import COLUMN_PREFIX, DEFAULTS, TABLE_PREFIX

SUMMARIES = ("last", "best", "min", "max")
LARGEST = 1_000_000_000
ON = ("on", "true", "yes", "1")
OFF = ("off", "false", "no", "0")


def set_setting(registry: Registry, name: str, text: str, seen: Any, who: str) -> EditReport:
    """Set a setting as a person's own decision; a blank text gives it its default again.

    Args:
        text: what the person typed.
        seen: the value that they saw.

    Raises:
        BadRequestError: there is no such setting, the text is no value of it, or the workbook has no settings table.
        Others: as :func:`tracker.deciding.edits.edit_row`.
    """
    value = understood(name, text)
    if not registry.rows(SETTINGS.name).ref:
        reason = "The workbook has no table 'settings': copy that sheet from a template. Nothing was changed."
        raise BadRequestError(reason=reason)
    values, known = {"value": value}, {"value": seen}
    if name in DEFAULTS and registry.row(SETTINGS.name, (name,)) is None:
        values["help"] = DEFAULTS[name][1]
    return edit_row(registry, SETTINGS.name, (name,), values, known, who, create=True)


def understood(name: str, text: str) -> Any:
    """The value that a text means for a setting; None where it is blank. Pure.

    Raises:
        BadRequestError: there is no such setting, or the text is no value of it.
    """
    text = " ".join(text.split())
    if name.startswith((COLUMN_PREFIX, TABLE_PREFIX)):
        return text or None
    if name not in DEFAULTS:
        match = difflib.get_close_matches(name, DEFAULTS, 1)
        raise BadRequestError(reason=f"There is no setting '{name}'." + (f" Did you mean {match[0]}?" if match else ""))
    read = _READ.get(name)
    return None if is_blank(text) else read(name, text) if read else text


def _number(least: float, most: float, *, whole: bool = False) -> Callable[[str, str], Any]:
    def read(name: str, text: str) -> Any:
        value = as_number(text)
        if value is None or not least <= value <= most or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            limits = f"from {least:g} to {most:g}" if most < LARGEST else f"of at least {least:g}"
            raise BadRequestError(reason=f"{name} must be {kind} {limits}, not '{text}'. Nothing was changed.")
        return int(value) if value == int(value) else value

    return read


def _words(*known: str) -> Callable[[str, str], Any]:
    def read(name: str, text: str) -> Any:
        words = [word.strip().lower() for word in text.split(",") if word.strip()]
        unknown = [word for word in words if word not in known]
        if unknown:
            reason = (
                f"{name} may hold {', '.join(known)}, separated by commas, not '{unknown[0]}'. Nothing was changed."
            )
            raise BadRequestError(reason=reason)
        return ", ".join(dict.fromkeys(words))

    return read


def _day(name: str, text: str) -> datetime:
    value = as_date(text)
    if value is None:
        raise BadRequestError(reason=f"{name} must be a date such as 2026-11-24, not '{text}'. Nothing was changed.")
    return value


def _switch(name: str, text: str) -> str:
    word = text.lower()
    if word not in ON + OFF:
        raise BadRequestError(reason=f"{name} must be on or off, not '{text}'. Nothing was changed.")
    return "on" if word in ON else "off"


_READ: dict[str, Callable[[str, str], Any]] = {
    "metrics.summary": _words(*SUMMARIES),
    "sync.share": _number(0, 1),
    "versions.keep": _number(1, LARGEST, whole=True),
    "versions.megabytes": _number(1, LARGEST),
    "data.profile": _switch,
    "data.megabytes": _number(0, LARGEST),
    "trash.days": _number(0, LARGEST),
    "gate.stages": _words(*STAGES, "none"),
    "checklist.review": _day,
}
"""What is not any text."""
