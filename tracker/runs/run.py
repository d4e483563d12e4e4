"""One run, as a script holds it: everything it logs goes through here.

After the start, logging never raises into the training: a fault is said once, as a :class:`TrackerWarning`, and what
was logged is kept in memory until it can be written.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback as traceback_module
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from tracker import capture
from tracker.errors import BadRequestError
from tracker.folders import Folders
from tracker.model import Key
from tracker.runs import render
from tracker.runs.artifacts import RunArtifacts
from tracker.runs.console import Console, OutputFile
from tracker.runs.faults import Faults
from tracker.runs.given import as_float, column_name, whole_step
from tracker.runs.pulse import Pulse
from tracker.runs.recorder import Recorder
from tracker.runs.surroundings import record_surroundings
from tracker.store import Stored
from tracker.values import Kind, from_cell, to_cell

if TYPE_CHECKING:
    from tracker.checklist.standing import Tally

ENDED = ("FINISHED", "FAILED", "KILLED")
CAPTURE_SECONDS = 10.0
"""How long the end of a run waits for git at most."""

P = ParamSpec("P")
T = TypeVar("T")


def _never_raises(method: Callable[Concatenate[Run, P], T]) -> Callable[Concatenate[Run, P], T | None]:
    """Turn what a method raises into one warning."""

    @wraps(method)
    def guarded(self: Run, /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return method(self, *args, **kwargs)
        except Exception as fault:
            self._warn(method.__name__.strip("_"), fault, next(iter((*args, *kwargs.values())), None))
            return None

    return guarded


class Run:
    """A run that is being logged. :func:`tracker.start_run` makes one; as a context manager it ends by itself."""

    def __init__(
        self,
        folders: Folders,
        recorder: Recorder,
        pulse: Pulse,
        row: Mapping[str, Any],
        inputs: Mapping[str, str] | None = None,
    ) -> None:
        self.run_id: str = row["run_id"]
        self.name: str = row.get("name") or self.run_id
        self.experiment: str = row.get("experiment") or ""
        self.owner: str = row.get("owner") or ""
        self.parent_run_id: str = row.get("parent_run_id") or ""
        self.start_time: datetime = row["start_time"]
        self.status = "RUNNING"
        self.registry: Path = folders.workbook
        self._folders = folders
        self._recorder = recorder
        self._pulse = pulse
        self._faults = Faults(self.name, recorder)
        self._warn = self._faults.warn
        self._artifacts = RunArtifacts(folders, recorder, self.run_id, self.owner, inputs, self._warn, pulse.look_into)
        self._key: Key = (self.run_id,)
        self._params = {name: to_cell(value) for name, value in row.items() if name.startswith("params.")}
        self._pid = os.getpid()
        self._capturing: threading.Thread | None = None
        self._console: Console | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The params logged so far, as they will be read back."""
        return {name.removeprefix("params."): from_cell(cell) for name, cell in self._params.items()}

    @property
    def info(self) -> Run:
        """The run itself, so that ``run.info.run_id`` works as with mlflow."""
        return self

    @property
    def ended(self) -> bool:
        """The run has ended; what is logged nevertheless is still kept."""
        return self.status != "RUNNING"

    @property
    def unwritten(self) -> bool:
        """Something is still kept in memory, because it could not be written."""
        return self._recorder.waiting

    def __repr__(self) -> str:
        return f"<Run {self.run_id} '{self.name}' {self.status} in {self.registry.name}>"

    # -- params, tags, notes, metrics ---------------------------------------------------------------------------

    def log_param(self, key: str, value: Any) -> None:
        """Log one param; logged again with another value, the last one counts."""
        try:
            cells = {f"params.{column_name(key)}": to_cell(value)}
            self._params.update(cells)
            self._recorder.change("runs", self._key, cells)
        except Exception as fault:
            self._warn("log_param", fault, key)

    @_never_raises
    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log several params: a dictionary, or an object with attributes such as argparse makes."""
        cells = self._cells("params.", params if isinstance(params, Mapping) else vars(params), "any")
        self._params.update(cells)
        self._recorder.change("runs", self._key, cells)

    @_never_raises
    def set_tag(self, key: str, value: Any) -> None:
        """Set one tag; set again, the last value counts."""
        self._recorder.change("runs", self._key, {f"tags.{column_name(key)}": to_cell(value, "text")})

    @_never_raises
    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set several tags."""
        self._recorder.change("runs", self._key, self._cells("tags.", tags, "text"))

    @_never_raises
    def set_note(self, text: str) -> None:
        """Set the run's notes; what a person wrote there is never overwritten."""
        self._recorder.change("runs", self._key, {"notes": to_cell(text, "text")})

    def log_metric(self, key: str, value: Any, step: int | None = None, timestamp: int | None = None) -> None:
        """Log one value of a metric; ``timestamp`` is milliseconds since 1970 UTC, now where it is not given."""
        try:
            if type(value) is not float:
                value = as_float(key, value)
            if step is not None and type(step) is not int:
                step = whole_step(step, self._warn)
            self._recorder.metric(column_name(key), value, step, None if timestamp is None else int(timestamp))
        except Exception as fault:
            self._warn("log_metric", fault, key)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None, timestamp: int | None = None) -> None:
        """Log several metrics of one step; those that are no numbers are left out, with a warning."""
        try:
            values = {}
            for key, value in metrics.items():
                try:
                    values[column_name(key)] = value if type(value) is float else as_float(key, value)
                except Exception as fault:
                    self._warn("log_metrics", fault, key)
            if step is not None and type(step) is not int:
                step = whole_step(step, self._warn)
            if values:
                self._recorder.metrics(values, step, None if timestamp is None else int(timestamp))
        except Exception as fault:
            self._warn("log_metrics", fault)

    def _cells(self, prefix: str, values: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
        """The values as cells by column; one that can be none is said, and the others are not held up."""
        cells = {}
        for key, value in values.items():
            try:
                cells[prefix + column_name(key)] = to_cell(value, kind)
            except Exception as fault:
                self._warn(f"logging {prefix}*", fault, key)
        return cells

    # -- artifacts ----------------------------------------------------------------------------------------------

    @_never_raises
    def log_artifact(
        self,
        local_path: str | os.PathLike[str],
        artifact_path: str | None = None,
        *,
        name: str | None = None,
        category: str | None = None,
        kind: str | None = None,
        aliases: Iterable[str] = (),
    ) -> Stored:
        """Store a file or folder as the next version of an artifact; the same content gives the same version.

        Args:
            local_path: The file or folder; it is copied.
            artifact_path: A prefix for the name, as the folder that it is with mlflow.
            name: The artifact's name; the file's own where it is not given.
            category: One of the four categories, guessed from the name where it is not given.
            kind: What it is: data set, model file, figure …; guessed where it is not given.
            aliases: Names such as ``champion`` that point to this version from now on.

        Returns:
            What was stored, with its ``artifact`` (``churn-model:v3``) and ``path``; None where that failed.
        """
        path = Path(local_path)
        if name is None:
            name = Path(os.path.abspath(path)).name
            name = f"{artifact_path}/{name}" if artifact_path else name
        names = (aliases,) if isinstance(aliases, str) else tuple(aliases)
        return self._artifacts.put(path, name, category, kind, names)

    @_never_raises
    def log_artifacts(self, local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> Stored:
        """Store a folder with everything in it as one artifact, named after the folder or ``artifact_path``."""
        path = Path(local_dir)
        return self._artifacts.put(path, artifact_path or Path(os.path.abspath(path)).name)

    @_never_raises
    def log_reference(
        self,
        uri: str | os.PathLike[str],
        *,
        name: str = "",
        category: str | None = None,
        kind: str | None = None,
        sha256: str = "",
        aliases: Iterable[str] = (),
    ) -> Stored:
        """Record data that is not copied, such as a large data set, as the next version of an artifact.

        Args:
            uri: A path on this machine, or an address such as ``s3://bucket/train.parquet``, without a password.
            name: The artifact's name; the last part of the uri where it is not given.
            category: One of the four categories, guessed from the name where it is not given.
            kind: What it is, guessed where it is not given.
            sha256: The hash of the content, if it is known; data on this machine up to a gigabyte is hashed anyway.
            aliases: Names such as ``current`` that point to this version from now on.
        """
        names = (aliases,) if isinstance(aliases, str) else tuple(aliases)
        return self._artifacts.put_reference(uri, name, category, kind, sha256, names)

    @_never_raises
    def log_figure(self, figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None) -> Stored:
        """Store a figure of matplotlib, plotly or altair; the extension says in which format."""
        options = dict(save_kwargs or {})
        return self._put_made(
            lambda path: render.write_figure(figure, path, **options), artifact_file, "model", "figure"
        )

    @_never_raises
    def log_dict(self, dictionary: Any, artifact_file: str) -> Stored:
        """Store a dictionary or list as .json or .yaml."""
        return self._put_made(lambda path: render.write_dict(dictionary, path), artifact_file)

    @_never_raises
    def log_text(self, text: str, artifact_file: str) -> Stored:
        """Store a text."""
        return self._put_made(lambda path: render.write_text(str(text), path), artifact_file)

    @_never_raises
    def log_table(self, data: Any, artifact_file: str) -> Stored:
        """Store a data frame, a dictionary of columns or a list of dictionaries as .csv, .json or .parquet."""
        return self._put_made(lambda path: render.write_table(data, path), artifact_file, "model", "table")

    @_never_raises
    def log_image(self, image: Any, artifact_file: str) -> Stored:
        """Store an image of Pillow or an array of pixels."""
        return self._put_made(lambda path: render.write_image(image, path), artifact_file, "model", "figure")

    def use_artifact(self, artifact: str) -> Path:
        """The path of an artifact, which is recorded as this run's input.

        Args:
            artifact: ``churn-train:v3``, ``churn-train:latest`` (or no version at all), or an alias such as
                ``churn-model:champion``.

        Raises:
            ArtifactNotFoundError: there is none; a training cannot go on without its data.
            ArtifactAlteredError: it is not what it was when it was stored.
            StoreError: it lies in an artifact store that cannot be reached.
        """
        stored = self._artifacts.find(artifact)
        path = self._artifacts.bring(stored)
        try:
            self._artifacts.used(stored)
        except Exception as fault:
            self._warn("use_artifact", fault)
        return path

    def _put_made(
        self,
        write: Callable[[Path], object],
        artifact_file: str | os.PathLike[str],
        category: str | None = None,
        kind: str | None = None,
    ) -> Stored:
        name = os.fspath(artifact_file)
        return self._artifacts.put_made(write, Path(name).name, name, category, kind)

    # -- the end ------------------------------------------------------------------------------------------------

    def end(self, status: str = "FINISHED") -> None:
        """End the run as FINISHED, FAILED or KILLED, and bring it into the workbook. Ending it twice does nothing."""
        if self.ended:
            return
        wanted = str(status).upper()
        self.status = wanted if wanted in ENDED else "FINISHED"
        if os.getpid() != self._pid:  # a forked child goes; the run is its parent's
            self.flush()
            return
        if self.status != wanted:
            self._warn("end", BadRequestError(reason=f"A run ends as {', '.join(ENDED)}, not as '{status}'"))
        self._stop_console()
        self._end_row()
        self.wait_for_capture(CAPTURE_SECONDS)
        self.flush()
        self._sync()

    @_never_raises
    def _end_row(self) -> None:
        now = capture.utc_now()
        seconds = max(0.0, (now - self.start_time).total_seconds())
        cells = {"status": self.status, "end_time": now, "duration": round(seconds, 3)}
        self._recorder.change("runs", self._key, cells)

    def begin_anew(self) -> None:
        """Called in a forked child: it goes on logging to the run with files of its own, and will not end it."""
        self._recorder.begin_anew()

    @_never_raises
    def flush(self) -> None:
        """Write what could not be written before, and let go of the files; what is logged later opens them again."""
        self._recorder.close()

    @_never_raises
    def _sync(self) -> None:
        error = self._pulse.leave(self._recorder, self.run_id, self._tell)
        if error is not None:
            self._warn("end", error)

    def _tell(self, tally: Tally) -> None:
        """Say how far the checklist is, where there is a procedure: on stderr, since stdout is the script's own."""
        if tally.line:
            print(f"{self.name}: {tally.line}", file=sys.stderr)

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, SystemExit):  # Python itself will print it when this run is over
            self._stop_console("".join(traceback_module.format_exception(error)))
        self.end(status_after(error))

    # -- what surrounds the run ---------------------------------------------------------------------------------

    def capture_surroundings(self, script: Path | None) -> None:
        """Record git's state, or the script where there is no git, and the installed packages, in the background."""
        self._capturing = threading.Thread(target=self._capture, args=(script,), name="tracker-capture", daemon=True)
        self._capturing.start()

    def wait_for_capture(self, seconds: float) -> None:
        """Wait until the surroundings are recorded, for so long at most."""
        if self._capturing is not None:
            self._capturing.join(seconds)

    @_never_raises
    def capture_output(self) -> None:
        """Keep what this process prints until the run ends; see :mod:`tracker.runs.console`."""
        if self._console is None and not self.ended:
            file = OutputFile(self._folders.output(self.run_id))
            self._console = Console(file, lambda fault: self._warn("capture_output", fault))
            self._console.start()

    @_never_raises
    def _stop_console(self, last: str = "") -> None:
        if self._console is not None:
            console, self._console = self._console, None
            console.stop(last)

    @_never_raises
    def _capture(self, script: Path | None) -> None:
        record_surroundings(self.run_id, script, self._folders, self._recorder, self._artifacts)


def status_after(error: BaseException | None) -> str:
    """How a run ends that was left with this exception."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "FINISHED"
    return "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
