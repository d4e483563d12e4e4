"""What tells at little cost whether a registry has changed: a few file sizes and times. No streamlit in here."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tracker.folders import Folders

Stamp = tuple[Any, ...]
"""Differs whenever what a page shows may differ. Two equal stamps mean: nothing to read again."""

LIVENESS_SECONDS = 60
"""How often it is asked again whether the process of a run that says nothing still lives."""


def stamp(folders: Folders, now: float) -> Stamp:
    """The workbook, who has it open, everything that waits to get into it, and the metrics of runs under way."""
    waiting = _files(folders.pending, ".jsonl")
    live = sorted({run_id for name, _ in waiting if (run_id := _run_of(folders.pending / name))})
    name = folders.workbook.name
    return (
        _mark(folders.workbook),
        *(_mark(folders.workbook.with_name(lock)) for lock in (f"~${name}", f".~lock.{name}#")),
        tuple(waiting),
        tuple(name for name, _ in _files(folders.changes, "")),
        now // LIVENESS_SECONDS if waiting else 0,
        tuple(steps_stamp(folders, run_id) for run_id in live),
    )


def without_steps(stamp: Stamp) -> Stamp:
    """The stamp of a page that follows the metrics of its run by itself: they alone are no reason to draw it anew."""
    return *stamp[:-1], ()


def steps_stamp(folders: Folders, run_id: str) -> Stamp:
    """The same for one run's metrics alone: they only ever grow."""
    return run_id, _mark(folders.metrics(run_id))


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _files(folder: Path, ending: str) -> list[tuple[str, int]]:
    """Names and sizes; the heartbeat of a run changes only the time of its pending file, which is no news."""
    try:
        with os.scandir(folder) as entries:
            return sorted((entry.name, entry.stat().st_size) for entry in entries if entry.name.endswith(ending))
    except OSError:
        return []


def _run_of(pending: Path) -> str:
    """The run whose process writes this pending file, as its first line says."""
    try:
        with open(pending, "rb") as file:
            header = json.loads(file.readline())
        return str(header.get("run_id") or "")
    except (OSError, ValueError, AttributeError):
        return ""
