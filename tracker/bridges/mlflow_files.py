"""MLflow's file store, ``mlruns/``: read without MLflow.

One folder per experiment and run: ``meta.yaml``; ``params/<key>`` and ``tags/<key>``, a text each; ``metrics/<key>``, a
line per value. Keys with a slash are folders within folders.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from tracker.bridges.foreign import ForeignFile, ForeignRun, Source, Step, meant
from tracker.bridges.mlflow_words import (
    STATUSES,
    described,
    files_in,
    folder_of,
    is_elsewhere,
    left_sentences,
    model_file,
)
from tracker.errors import BadRequestError

META = "meta.yaml"
_LINE = re.compile(r"([A-Za-z_]\w*):(?:\s+(.*))?")


def is_file_store(path: Path) -> bool:
    """Whether a folder is one: an experiment in it has a ``meta.yaml`` that names itself."""
    try:
        metas = (entry / META for entry in path.iterdir() if entry.is_dir())
        return any("experiment_id" in read_meta(meta) for meta in metas if meta.is_file())
    except OSError:
        return False


def read_file_store(path: Path) -> Source:
    """The runs of all experiments that were not deleted.

    Raises:
        BadRequestError: a file of it cannot be read.
    """
    runs: list[ForeignRun] = []
    elsewhere: list[str] = []
    deleted = lost = 0
    try:
        for folder in sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")):
            experiment = read_meta(folder / META)
            if "experiment_id" not in experiment or folder.name == "models":
                continue
            models = _models(folder, path)
            for place in sorted(entry for entry in folder.iterdir() if (entry / META).is_file()):
                meta = read_meta(place / META)
                if "run_id" not in meta and "run_uuid" not in meta:
                    continue
                if meta.get("lifecycle_stage") == "deleted":
                    deleted += 1
                    continue
                uri = meta.get("artifact_uri", "")
                artifacts = folder_of(uri, path, place / "artifacts")
                if artifacts is None:
                    elsewhere += [uri] if is_elsewhere(uri) else []
                    lost += not is_elsewhere(uri)
                runs.append(_run(place, meta, experiment.get("name", ""), artifacts, models))
    except OSError as error:
        raise BadRequestError(reason=f"{error.filename or path} cannot be read: {error.strerror or error}") from error
    runs.sort(key=lambda run: str(run.cells.get("start_time")))
    return Source(path, "MLflow's file store", tuple(runs), left_sentences(deleted, elsewhere, lost))


def _run(
    place: Path,
    meta: Mapping[str, str],
    experiment: str,
    artifacts: Path | None,
    models: Mapping[str, list[ForeignFile]],
) -> ForeignRun:
    id = meta.get("run_id") or meta.get("run_uuid") or place.name
    params = {key: meant(text) for key, text in _texts(place / "params").items()}
    tags = _texts(place / "tags")
    number = meta.get("status", "")
    status = STATUSES.get(int(number), "FINISHED") if number.isdecimal() else number or "FINISHED"
    name, user = meta.get("run_name") or meta.get("name", ""), meta.get("user_id", "")
    return described(
        id, name, experiment, status, user, meta.get("start_time"), meta.get("end_time"), params, tags,
        steps=partial(_steps, place / "metrics"),
        metrics=tuple(key for key, _ in _keys(place / "metrics")),
        files=(*files_in(artifacts), *models.get(id, ())),
    )  # fmt: skip


def _models(experiment: Path, store: Path) -> dict[str, list[ForeignFile]]:
    """The models that were logged in an experiment, by the run that made them."""
    found: dict[str, list[ForeignFile]] = {}
    folder = experiment / "models"
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        meta = read_meta(place / META)
        if meta.get("source_run_id") and meta.get("lifecycle_stage") != "deleted":
            uri = meta.get("artifact_location", "")
            name = meta.get("name") or place.name
            made = model_file(name, folder_of(uri, store, place / "artifacts"))
            found.setdefault(meta["source_run_id"], []).extend(made)
    return found


def _keys(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _texts(folder: Path) -> dict[str, str]:
    return {key: path.read_text(encoding="utf-8", errors="replace") for key, path in _keys(folder)}


def _steps(folder: Path) -> Iterator[Step]:
    """Every value: ``time value step``, of which the step may be missing and more may follow."""
    for key, path in _keys(folder):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                fields = line.split()
                try:
                    time, value = int(fields[0]), float(fields[1])
                    yield Step(key, value, int(fields[2]) if len(fields) > 2 else None, time)
                except (ValueError, IndexError):
                    continue  # a line that a crash tore


def read_meta(path: Path) -> dict[str, str]:
    """The flat YAML that MLflow writes, as texts; empty where there is no such file. Of null nothing is left.

    A quoted or long text may go on in further lines, which are indented.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    joined: list[str] = []
    for line in lines:
        if line.startswith((" ", "\t")) and joined:
            joined[-1] += " " + line.strip()
        else:
            joined.append(line)
    found = {}
    for line in joined:
        match = _LINE.fullmatch(line.rstrip())
        if match and (text := _scalar(match[2] or "")) is not None:
            found[match[1]] = text
    return found


def _scalar(text: str) -> str | None:
    if text in ("", "null", "~"):
        return None
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(re.sub(r"\\x([0-9A-Fa-f]{2})", r"\\u00\1", text)))
        except ValueError:
            return text[1:-1]
    return text
