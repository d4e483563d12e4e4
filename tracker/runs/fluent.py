"""mlflow's way of logging: module-level verbs that act on the active run of this thread."""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from tracker.capture import owner as login
from tracker.errors import BadRequestError, TrackerWarning
from tracker.folders import Folders
from tracker.runs.begin import OUTPUT_VARIABLE, REGISTRY_VARIABLE, new_run, registry_folders, resumed_run
from tracker.runs.pulse import Pulse
from tracker.runs.run import Run, status_after
from tracker.store import Stored

DEFAULT_EXPERIMENT = "Default"
FORK_SECONDS = 2.0
"""How long a fork waits for git and for a sync at most."""

_active: ContextVar[tuple[Run, ...]] = ContextVar("tracker_active_runs", default=())
"""The runs that were started in this thread or task, the innermost last."""


class Session:
    """What one process has under way: its runs, the background of each registry, and what happens when it ends."""

    def __init__(self) -> None:
        self.experiment = DEFAULT_EXPERIMENT
        self._pid = os.getpid()
        self._runs: list[Run] = []
        self._pulses: dict[Path, Pulse] = {}
        self._error: BaseException | None = None
        self._report_error = sys.excepthook
        sys.excepthook = self._see_error
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._in_forked_child
            )

    def pulse(self, folders: Folders) -> Pulse:
        """The background of a registry; one for all its runs in this process."""
        return self._pulses.setdefault(folders.workbook, Pulse(folders, login()))

    def add(self, run: Run) -> None:
        """Take care that the run ends with the process."""
        self._runs = [other for other in self._runs if not other.ended or other.unwritten]
        self._runs.append(run)

    def close(self) -> None:
        """End what is open; as FAILED or KILLED if the process ends because of an exception."""
        if os.getpid() != self._pid:  # a forked child ends nothing of its parent's
            return
        for run in reversed(self._runs):
            if run.ended:
                run.flush()
            else:
                run.end(status_after(self._error))
        for pulse in self._pulses.values():
            error = pulse.finish()
            if error is not None:
                warnings.warn(str(error), TrackerWarning, stacklevel=1)

    def _before_fork(self) -> None:
        """Let the background threads come to rest: what they hold would stay locked in the child for ever."""
        for run in self._runs:
            run.wait_for_capture(FORK_SECONDS)
        for pulse in self._pulses.values():
            pulse.pause(FORK_SECONDS)

    def _after_fork(self) -> None:
        for pulse in self._pulses.values():
            pulse.go_on()

    def _in_forked_child(self) -> None:
        self._after_fork()
        for run in self._runs:
            run.begin_anew()

    def _see_error(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        self._error = error
        self._report_error(kind, error, traceback)


@cache
def _session(pid: int) -> Session:
    """The session of the process with this number: a forked child begins its own."""
    return Session()


def _active_runs() -> tuple[Run, ...]:
    return tuple(run for run in _active.get() if not run.ended)


def _current() -> Run:
    """The active run; as with mlflow one is started if there is none, but only where it is clear in which registry."""
    run = active_run()
    if run is None and not os.environ.get(REGISTRY_VARIABLE):
        raise BadRequestError(
            reason="No run is active in this thread: start one with tracker.start_run('registry.xlsx'), "
            f"or set {REGISTRY_VARIABLE}"
        )
    return run or start_run()


# -- runs -------------------------------------------------------------------------------------------------------


def start_run(
    registry: str | os.PathLike[str] | None = None,
    *,
    experiment: str | None = None,
    name: str | None = None,
    run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    nested: bool = False,
    owner: str | None = None,
    notes: str | None = None,
    capture_output: bool | None = None,
) -> Run:
    """Start a run and make it the active one; as a context manager it ends by itself.

    Args:
        registry: The workbook, or an open registry; the parent's for a nested run, else what TRACKER_REGISTRY names.
        experiment: The question that the run belongs to; what ``set_experiment`` said where it is not given.
        name: What to call it; after the script where it is not given.
        run_id: Go on with this run, which may also be one that a person planned: its id, the unique beginning of the
            id, or its name.
        tags: Tags to set at once.
        params: Params to log at once.
        nested: It is part of the run that is active now.
        owner: Who started it; the login name where it is not given.
        notes: Notes on it.
        capture_output: Keep what the script prints from now on beside the run, to be read on its page; what
            TRACKER_CAPTURE_OUTPUT says where it is not given, else not. Nothing in it is masked.

    Raises:
        BadRequestError: no registry is named, or another run is active and ``nested`` was not asked for.
        RegistryNotFoundError, NotAWorkbookError, NoTablesError, WorkbookEncryptedError, WorkbookUnsupportedError:
            the path is no registry.
        RegistryNotWritableError: its folder cannot be written.
        RunNotFoundError: there is no run ``run_id``.
    """
    around = _active_runs()
    if around and not nested:
        raise BadRequestError(
            reason=f"Run '{around[-1].name}' is still active: end it with tracker.end_run(), "
            "or start this one as part of it with nested=True"
        )
    parent = around[-1] if around else None
    folders = registry_folders(registry or (parent.registry if parent else None))
    session = _session(os.getpid())
    pulse = session.pulse(folders)
    if run_id is not None:
        run = resumed_run(folders, pulse, run_id, params=params, tags=tags)
    else:
        run = new_run(
            folders,
            pulse,
            experiment=experiment or (parent.experiment if parent else session.experiment),
            name=name,
            owner=owner,
            notes=notes,
            parent_run_id=parent.run_id if parent else None,
            params=params,
            tags=tags,
        )
    session.add(run)
    _active.set((*around, run))
    if capture_output is None:
        capture_output = os.environ.get(OUTPUT_VARIABLE, "") not in ("", "0", "off")
    if capture_output:
        run.capture_output()
    return run


def active_run() -> Run | None:
    """The run that was started last in this thread and has not ended."""
    around = _active_runs()
    return around[-1] if around else None


def end_run(status: str = "FINISHED") -> None:
    """End the active run, if there is one."""
    run = active_run()
    if run is not None:
        run.end(status)


def set_experiment(name: str) -> None:
    """The experiment of the runs that this process starts from now on."""
    _session(os.getpid()).experiment = name or DEFAULT_EXPERIMENT


# -- logging to the active run ------------------------------------------------------------------------------------


def log_param(key: str, value: Any) -> None:
    """Log one param of the active run; see :meth:`tracker.runs.run.Run.log_param`."""
    _current().log_param(key, value)


def log_params(params: Mapping[str, Any]) -> None:
    """Log several params of the active run."""
    _current().log_params(params)


def log_metric(key: str, value: Any, step: int | None = None, timestamp: int | None = None) -> None:
    """Log one value of a metric of the active run; ``timestamp`` is milliseconds since 1970 UTC."""
    _current().log_metric(key, value, step, timestamp)


def log_metrics(metrics: Mapping[str, Any], step: int | None = None, timestamp: int | None = None) -> None:
    """Log several metrics of one step of the active run."""
    _current().log_metrics(metrics, step, timestamp)


def set_tag(key: str, value: Any) -> None:
    """Set one tag of the active run."""
    _current().set_tag(key, value)


def set_tags(tags: Mapping[str, Any]) -> None:
    """Set several tags of the active run."""
    _current().set_tags(tags)


def set_note(text: str) -> None:
    """Set the notes of the active run."""
    _current().set_note(text)


def log_artifact(
    local_path: str | os.PathLike[str],
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    category: str | None = None,
    kind: str | None = None,
    aliases: Iterable[str] = (),
) -> Stored | None:
    """Store a file or folder as an artifact of the active run; see :meth:`tracker.runs.run.Run.log_artifact`."""
    return _current().log_artifact(local_path, artifact_path, name=name, category=category, kind=kind, aliases=aliases)


def log_artifacts(local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> Stored | None:
    """Store a folder as one artifact of the active run."""
    return _current().log_artifacts(local_dir, artifact_path)


def log_reference(
    uri: str | os.PathLike[str],
    *,
    name: str = "",
    category: str | None = None,
    kind: str | None = None,
    sha256: str = "",
    aliases: Iterable[str] = (),
) -> Stored | None:
    """Record data that is not copied as an artifact of the active run; see :meth:`Run.log_reference`."""
    return _current().log_reference(uri, name=name, category=category, kind=kind, sha256=sha256, aliases=aliases)


def log_figure(figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> Stored | None:
    """Store a figure of matplotlib, plotly or altair."""
    return _current().log_figure(figure, artifact_file, save_kwargs=save_kwargs)


def log_dict(dictionary: Any, artifact_file: str) -> Stored | None:
    """Store a dictionary or list as .json or .yaml."""
    return _current().log_dict(dictionary, artifact_file)


def log_text(text: str, artifact_file: str) -> Stored | None:
    """Store a text."""
    return _current().log_text(text, artifact_file)


def log_table(data: Any, artifact_file: str) -> Stored | None:
    """Store a data frame, a dictionary of columns or a list of dictionaries as .csv, .json or .parquet."""
    return _current().log_table(data, artifact_file)


def log_image(image: Any, artifact_file: str) -> Stored | None:
    """Store an image of Pillow or an array of pixels."""
    return _current().log_image(image, artifact_file)


def use_artifact(artifact: str) -> Path:
    """The path of an artifact, which is recorded as the active run's input."""
    return _current().use_artifact(artifact)
