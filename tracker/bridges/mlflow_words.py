"""What MLflow calls things, and what they are here: its statuses, and the tags with which it describes a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from tracker.bridges.foreign import ORIGIN, ForeignFile, ForeignRun, moment, run_id_of, size_of

KIND = "mlflow"
STATUSES = {1: "RUNNING", 2: "PLANNED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
"""By the numbers that the file store writes; RUNNING and SCHEDULED stand for runs that may go on."""
NAMES = {"SCHEDULED": "PLANNED"}
COLUMNS = {
    "mlflow.user": "owner",
    "mlflow.note.content": "notes",
    "mlflow.source.name": "source",
    "mlflow.source.git.commit": "git_commit",
    "mlflow.source.git.branch": "git_branch",
    "mlflow.source.git.repoURL": "git_remote",
}
PARENT = "mlflow.parentRunId"
OWN = "mlflow."
"""Tags that begin like this are MLflow's own."""


def described(
    id: str,
    name: str,
    experiment: str,
    status: str,
    user: str,
    start: Any,
    end: Any,
    params: Mapping[str, Any],
    tags: Mapping[str, str],
    **more: Any,
) -> ForeignRun:
    """A run of MLflow's; times in milliseconds, ``more`` is for :class:`ForeignRun`."""
    began, ended = moment(start), moment(end)
    cells: dict[str, Any] = {
        "name": tags.get("mlflow.runName") or name or id,
        "experiment": experiment,
        "status": NAMES.get(status, status),
        "owner": user or None,
        "start_time": began,
        "end_time": ended,
        "duration": (ended - began).total_seconds() if began and ended else None,
    }
    cells |= {column: tags[tag] for tag, column in COLUMNS.items() if tags.get(tag)}
    cells |= {f"params.{key}": value for key, value in params.items()}
    cells |= {f"tags.{key}": value for key, value in tags.items() if not key.startswith(OWN)}
    cells[ORIGIN] = f"{KIND}:{id}"
    parent = f"{KIND}:{tags[PARENT]}" if tags.get(PARENT) else ""
    return ForeignRun(f"{KIND}:{id}", run_id_of(KIND, id), cells, parent=parent, **more)


def folder_of(uri: str, store: Path, *usual: Path) -> Path | None:
    """Where the artifacts of a run lie on this machine: only within the folder of its store, whatever its address says.

    Args:
        uri: the address as MLflow wrote it; a store that was moved or copied still says the old one.
        store: the folder that everything must be in.
        usual: where they are else.
    """
    parsed = urlparse(uri)
    named = [Path(url2pathname(unquote(parsed.path)))] if parsed.scheme == "file" else []
    named += [Path(uri)] if "://" not in uri and uri else []
    root = store.resolve()
    for path in (*usual, *named):
        found = path.resolve()
        if found.is_dir() and found.is_relative_to(root):
            return found
    return None


def files_in(folder: Path | None) -> tuple[ForeignFile, ...]:
    """Each file and folder that a run logged, as an artifact of that name."""
    if folder is None:
        return ()
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return tuple(ForeignFile(path, path.name, size_of(path)) for path in entries if size_of(path) or path.is_file())


def model_file(name: str, folder: Path | None) -> Iterable[ForeignFile]:
    """A model that a run logged, which MLflow 3 keeps apart from the run's other artifacts."""
    if folder is not None:
        yield ForeignFile(folder, name, size_of(folder), "model file")


def is_elsewhere(uri: str) -> bool:
    """Whether artifacts lie on a server or in a store of the cloud."""
    return uri.startswith("mlflow-artifacts:") or ("://" in uri and not uri.startswith("file:"))


def left_sentences(deleted: int, elsewhere: Iterable[str], lost: int) -> tuple[str, ...]:
    """What of a store is not imported."""
    said = []
    if deleted:
        said.append(f"{deleted:,} deleted run{'s' if deleted != 1 else ''} left out.")
    places = sorted(set(elsewhere))
    if places:
        shown = ", ".join(places[:3]) + (" …" if len(places) > 3 else "")
        said.append(f"Artifacts at {shown} are not fetched: they are not on this machine.")
    if lost:
        said.append(
            f"The artifacts of {lost:,} run{'s' if lost != 1 else ''} are not beside the store and are left out."
        )
    return tuple(said)
