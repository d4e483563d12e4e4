"""How a run begins: the registry is checked, the run gets its id and its row. Here errors are told at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tracker import capture
from tracker.errors import BadRequestError, RegistryNotWritableError
from tracker.folders import Folders
from tracker.ids import new_run_id
from tracker.reading.roles import require
from tracker.runs.given import column_name
from tracker.runs.pulse import Pulse
from tracker.runs.recorder import Recorder
from tracker.runs.run import Run
from tracker.schema import MOVED, MOVED_TO, RUNS
from tracker.values import to_cell
from tracker.workbook import check_registry, patiently

REGISTRY_VARIABLE = "TRACKER_REGISTRY"
PARENT_VARIABLE = "TRACKER_PARENT_RUN"
"""While it holds the id of a run, every run that begins is a part of that one, in the registry that TRACKER_REGISTRY
names, whatever the script says."""
INPUTS_VARIABLE = "TRACKER_INPUTS"
"""While it is set, a run repeats another one. It lists the artifact versions that the other one read, separated by
``|``: the run gets them where it asks for the latest or for an alias. And it moves no alias."""
OUTPUT_VARIABLE = "TRACKER_CAPTURE_OUTPUT"
"""Whether what a script prints is kept beside its run, where it does not say so itself."""


def registry_folders(registry: Any) -> Folders:
    """The folders of the registry at a path, of an open registry, or of the one that TRACKER_REGISTRY names.

    Inside another run, TRACKER_PARENT_RUN, it is always that run's, which TRACKER_REGISTRY names.

    Raises:
        BadRequestError: nothing names one.
        RegistryNotFoundError, NotAWorkbookError, NoTablesError, WorkbookEncryptedError, WorkbookUnsupportedError.
    """
    usual = os.environ.get(REGISTRY_VARIABLE)
    path = getattr(registry, "path", registry) or usual
    if usual and os.environ.get(PARENT_VARIABLE):
        path = usual
    if not path:
        raise BadRequestError(
            reason=f"No registry is named: give start_run the path of a workbook, or set {REGISTRY_VARIABLE}. "
            "Make one with: python -m tracker init registry.xlsx"
        )
    folders = Folders(Path(os.path.abspath(os.path.expanduser(path))))
    if folders.side.is_dir():  # somebody logged to it before; while a person saves it, it is torn or absent
        patiently(lambda: check_registry(folders.workbook))
    else:
        check_registry(folders.workbook)
    return folders


def new_run(
    folders: Folders,
    pulse: Pulse,
    *,
    experiment: str,
    name: str | None = None,
    owner: str | None = None,
    notes: str | None = None,
    parent_run_id: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Run:
    """Begin a run of its own; without another parent, it is a part of the run that TRACKER_PARENT_RUN names.

    Raises:
        BadRequestError: a param or tag without a name.
        RegistryNotWritableError: the side folder cannot be written.
        PermissionRefusedError: whoever runs this only looks on.
    """
    _require_access(folders)
    script = capture.script()
    facts = _surroundings(script)
    with _writable(folders):
        run_id = _claim_id(folders)
    row = {
        "run_id": run_id,
        "name": name or f"{_called(script)}-{run_id[-4:]}",
        "experiment": experiment,
        "status": "RUNNING",
        "owner": owner or capture.owner(),
        "start_time": capture.utc_now(),
        "notes": notes,
        "parent_run_id": parent_run_id or os.environ.get(PARENT_VARIABLE) or None,
        **facts,
        **_columns("params.", params),
        **_columns("tags.", tags),
    }
    run = _begin(folders, pulse, row, row, new=True)
    run.capture_surroundings(script)
    return run


def resumed_run(
    folders: Folders,
    pulse: Pulse,
    run: str,
    *,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> Run:
    """Go on with a run that is there already, or begin one that a person planned.

    What is known of the machine and the code stays that of the beginning. Inside another run, TRACKER_PARENT_RUN, only
    its own parts are gone on with; in place of any other a new part begins, so that nothing is added to what was.

    Raises:
        RunNotFoundError: there is no such run.
        BadRequestError: a param or tag without a name, or the run is in an archive.
        RegistryNotWritableError: the side folder cannot be written.
        PermissionRefusedError: whoever runs this only looks on.
    """
    from tracker.reading.registry import open_registry

    _require_access(folders)
    row = open_registry(folders.workbook).run(run)
    if row.get("status") == MOVED:
        where, run_id = row.get(MOVED_TO), row["run_id"]
        command = f"python -m tracker archive {folders.workbook} --back --to {where} --run {run_id}"
        raise BadRequestError(reason=f"Run {run_id} is in {where}. Bring it back first: {command}")
    parent = os.environ.get(PARENT_VARIABLE)
    if parent and row.get("parent_run_id") != parent:
        name, experiment = row.get("name"), row.get("experiment") or ""
        return new_run(folders, pulse, experiment=experiment, name=name, params=params, tags=tags)
    cells: dict[str, Any] = {"status": "RUNNING", "end_time": None, "duration": None}
    cells |= {**_columns("params.", params), **_columns("tags.", tags)}
    script = capture.script()
    planned = row.get("start_time") is None
    if planned:
        cells |= {"start_time": capture.utc_now(), **_surroundings(script)}
        cells["owner"] = row.get("owner") or capture.owner()
    # A planned run's status, for one, was written by a person: it gives way because it is what we have just read.
    was = {column: row.get(column) for column in cells}
    resumed = _begin(folders, pulse, {**row, **cells}, cells, was=was)
    if planned:
        resumed.capture_surroundings(script)
    return resumed


def _begin(
    folders: Folders,
    pulse: Pulse,
    row: Mapping[str, Any],
    cells: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    new: bool = False,
) -> Run:
    """Write the cells of the run's row, and have its heart beat."""
    key = (str(row["run_id"]),)
    with _writable(folders):
        recorder = Recorder(folders, key[0], row["owner"] or "")
        recorder.change("runs", key, _cells(cells), was=None if was is None else _cells(was), new=new)
    listed = os.environ.get(INPUTS_VARIABLE)
    run = Run(folders, recorder, pulse, row, None if listed is None else _named_inputs(listed))
    pulse.join(recorder)
    return run


def _require_access(folders: Folders) -> None:
    with _writable(folders):
        require(folders, capture.owner(), "log")


def _named_inputs(listed: str) -> dict[str, str]:
    """The artifact versions by name; a name that stands there with several versions is left to the script."""
    keys = [key.strip() for key in listed.split("|") if ":" in key]
    names = [key.rpartition(":")[0] for key in keys]
    return {name: key for name, key in zip(names, keys, strict=True) if names.count(name) == 1}


def _cells(values: Mapping[str, Any]) -> dict[str, Any]:
    return {column: to_cell(value, RUNS.kind(column)) for column, value in values.items() if column != "run_id"}


def _columns(prefix: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {prefix + column_name(key): value for key, value in (values or {}).items()}


def _surroundings(script: Path | None) -> dict[str, Any]:
    """What can be known at once; git is asked in the background."""
    return {
        "source": capture.source(script),
        "command": capture.command_line(),
        "working_folder": capture.working_folder(script) or None,
        "host": capture.host(),
        "python": capture.python_version(),
    }


def _called(script: Path | None) -> str:
    if script is None:
        return capture.source(None)
    return script.parent.name if script.stem == "__main__" else script.stem


def _claim_id(folders: Folders) -> str:
    """An id that no other run of this registry has; its folder is made."""
    folders.runs.mkdir(parents=True, exist_ok=True)
    while True:
        run_id = new_run_id(time.time())
        try:
            (folders.runs / run_id).mkdir()
        except FileExistsError:
            continue
        return run_id


@contextmanager
def _writable(folders: Folders) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "Make room, or ask whoever owns the folder for write access, then start the run again."
        reason = error.strerror or str(error)
        raise RegistryNotWritableError(path=folders.side, reason=reason, hint=hint) from error
