"""The files of runs that move: copied whole, moved between the stores, and removed where they were left over."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tracker import store
from tracker.archiving.plan import MovePlan
from tracker.capture import utc_now
from tracker.deciding.rows import cells_of
from tracker.disk import writing, written_whole
from tracker.reading.registry import Registry
from tracker.retention.carry_out import version_row
from tracker.retention.inventory import read_versions
from tracker.schema import MOVED, MOVED_TO
from tracker.store import acts
from tracker.store.manifest import manifest_path, rewrite
from tracker.values import key_text

BESIDE = ("profile.json", "metadata.json")
"""What lies beside an artifact version and goes along."""


def files_of(registry: Registry, run_id: str) -> Sequence[Path]:
    """The files with the metric steps and the output of a run.

    Raises:
        RegistryNotWritableError: they cannot be looked at; a run without them is no whole run.
    """
    folder = registry.folders.runs / run_id
    with writing(folder):
        return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def copy_steps(origin: Registry, other: Registry, run_id: str) -> None:
    """Copy the files of a run that lie beside the workbook."""
    for path in files_of(origin, run_id):
        _copy(path, other.folders.runs / run_id / path.name)


def _copy(source: Path, target: Path) -> None:
    """Copy a file durably, under its name when it is whole."""
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_torn(target)
        with written_whole(target) as partial:
            shutil.copyfile(source, partial)


def _remove_torn(path: Path) -> None:
    """Remove what a process that was killed left of a file."""
    for torn in path.parent.glob(f"{path.name}.*.partial"):
        torn.unlink(missing_ok=True)


def move_files(origin: Registry, other: Registry, plan: MovePlan, who: str) -> None:
    """Move the bytes of the versions into the other's store, and tell each store who has them."""
    address, why = store_address(origin, other), f"moved with its run to {relative(other.path, origin.path)}"
    versions = read_versions(origin.folders)
    with store.Mover(origin.folders, who) as mover:
        for artifact in plan.artifacts:
            version = versions[artifact]
            before = version.stored
            assert before is not None, "a plan has no version without files"
            for ending in BESIDE:
                path = manifest_path(origin.folders, version.name, version.number).with_suffix(f".{ending}")
                if path.is_file():
                    _copy(path, other.folders.artifacts / version.name / path.name)
            if before.state == "archived":  # by a process that was killed then
                after = before
            else:
                now = utc_now()
                after = acts.archived(origin.folders, before, address, now, who, why)
                mover.move(store.Step(before, after, version_row(origin.folders, version, after, why, who, now)))
            mine = replace(after, store="", state="stored", since="", by="", why="", before="")
            manifest = manifest_path(other.folders, mine.name, mine.version)
            _remove_torn(manifest)
            rewrite(other.folders, mine)


def remove_left_over(origin: Registry, other: Registry) -> None:
    """Remove the metric steps of runs whose rows say that they are in the other workbook, which has the same."""
    address = relative(other.path, origin.path)
    for row in cells_of(origin.folders, "runs"):
        run_id = key_text(row.get("run_id"))
        if row.get("status") != MOVED or key_text(row.get(MOVED_TO)) != address:
            continue
        for path in files_of(origin, run_id):
            there = other.folders.runs / run_id / path.name
            if there.is_file() and filecmp.cmp(path, there, shallow=False):
                with writing(path):
                    path.unlink()


def relative(path: Path, origin: Path) -> str:
    """A workbook's path as another one says it, with ``/``."""
    try:
        return Path(os.path.relpath(path, origin.parent)).as_posix()
    except ValueError:  # another drive of Windows
        return path.as_posix()


def store_address(origin: Registry, other: Registry) -> str:
    """The artifact store of the other workbook, as this one names it."""
    return relative(other.folders.artifacts, origin.path)
