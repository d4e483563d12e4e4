"""Runs of another tracker, as far as a registry has a place for them: what every bridge reads, and import takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tracker.values import EXACT_INTEGER, utc

ORIGIN = "tags.imported_from"
"""The column that says where a run came from, ``mlflow:641af108…``: so that it is known when it comes again."""


class Step(NamedTuple):
    """One value of one metric."""

    metric: str
    value: float
    step: int | None
    time: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file or folder that a run made."""

    path: Path
    name: str
    """The artifact's name: all versions of it share the name."""
    size: int
    """Bytes."""
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """One run as another tracker knows it."""

    origin: str
    """Which tracker's, and its id there."""
    run_id: str
    cells: Mapping[str, Any]
    """Columns of the runs table, params and tags included; of metrics there are steps."""
    steps: Callable[[], Iterator[Step]] = lambda: iter(())
    """Every value of every metric, read when it is asked for."""
    metrics: tuple[str, ...] = ()
    files: tuple[ForeignFile, ...] = ()
    parent: str = ""
    """The origin of the run that this one is part of."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is to be imported."""

    path: Path
    what: str
    """What it is, in words: ``MLflow's file store``."""
    runs: tuple[ForeignRun, ...]
    left: tuple[str, ...] = field(default=())
    """What of it is not imported and why, in sentences."""


def run_id_of(kind: str, id: str) -> str:
    """The id that an imported run has in the registry: always the same for the same run."""
    short = id[:16] if re.fullmatch(r"[0-9a-f]{16,}", id) else hashlib.sha256(id.encode()).hexdigest()[:16]
    return f"{kind}-{short}"


def moment(milliseconds: Any) -> datetime | None:
    """Milliseconds since 1970 as a cell holds a time; None where it is none."""
    try:
        return utc(int(milliseconds) / 1000)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def meant(text: str) -> Any:
    """A param that another tracker keeps as text: a number or truth value where that writes itself in the same way."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if str(value) == text and abs(value) <= EXACT_INTEGER:
            return value
    return text


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
