"""MLflow's database, ``mlflow.db``: read with the standard library's sqlite3, and never written to."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from tracker.bridges.foreign import ForeignFile, ForeignRun, Source, Step, meant
from tracker.bridges.mlflow_words import described, files_in, folder_of, is_elsewhere, left_sentences, model_file
from tracker.errors import BadRequestError

MAGIC = b"SQLite format 3\0"
LARGEST = 1.79e308
"""MLflow stores infinities as the largest number that there is."""


def is_sqlite(path: Path) -> bool:
    """Whether a file is a database of sqlite."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_sqlite(path: Path) -> Source:
    """The runs of all experiments that were not deleted.

    Raises:
        BadRequestError: it is no database of MLflow's, or cannot be read.
    """
    try:
        with closing(_open(path)) as database:
            return _read(path, database)
    except sqlite3.Error as error:
        raise BadRequestError(reason=f"{path} is no database of MLflow's, or is damaged: {error}.") from error


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _read(path: Path, database: sqlite3.Connection) -> Source:
    texts: dict[tuple[str, str], dict[str, str]] = {}
    for table in ("params", "tags"):
        for key, value, run_id in database.execute(f"select key, value, run_uuid from {table}"):
            texts.setdefault((table, run_id), {})[key] = value or ""
    metrics: dict[str, list[str]] = {}
    for run_id, key in database.execute("select distinct run_uuid, key from metrics order by key"):
        metrics.setdefault(run_id, []).append(key)
    models = _models(path, database)
    experiments = dict(database.execute("select experiment_id, name from experiments where lifecycle_stage = 'active'"))
    runs: list[ForeignRun] = []
    elsewhere: list[str] = []
    deleted = lost = 0
    query = (
        "select run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id "
        "from runs order by start_time, run_uuid"
    )
    for id, name, user, status, start, end, stage, uri, experiment in database.execute(query):
        if stage != "active" or experiment not in experiments:
            deleted += 1
            continue
        usual = [path.parent / folder / str(experiment) / id / "artifacts" for folder in ("mlruns", "mlartifacts")]
        artifacts = folder_of(uri or "", path.parent, *usual)
        if artifacts is None and uri:
            elsewhere += [uri.partition(id)[0]] if is_elsewhere(uri) else []
        params = {key: meant(text) for key, text in texts.get(("params", id), {}).items()}
        tags = texts.get(("tags", id), {})
        runs.append(
            described(
                id, name or "", experiments[experiment], status or "FINISHED", user or "", start, end, params, tags,
                steps=partial(_steps, path, id),
                metrics=tuple(metrics.get(id, ())),
                files=(*files_in(artifacts), *models.get(id, ())),
            )
        )  # fmt: skip
    return Source(path, "MLflow's database", tuple(runs), left_sentences(deleted, elsewhere, lost))


def _models(path: Path, database: sqlite3.Connection) -> dict[str, list[ForeignFile]]:
    """The models that were logged, by the run that made them; a database of MLflow 2 has none."""
    found: dict[str, list[ForeignFile]] = {}
    query = (
        "select source_run_id, name, artifact_location, experiment_id, model_id from logged_models "
        "where lifecycle_stage = 'active' order by creation_timestamp_ms"
    )
    try:
        rows = database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return found
    for run_id, name, uri, experiment, id in rows:
        usual = path.parent / "mlruns" / str(experiment) / "models" / id / "artifacts"
        found.setdefault(run_id, []).extend(model_file(name or id, folder_of(uri or "", path.parent, usual)))
    return found


def _steps(path: Path, id: str) -> Iterator[Step]:
    query = "select key, value, step, timestamp, is_nan from metrics where run_uuid = ? order by key, timestamp, step"
    try:
        with closing(_open(path)) as database:
            for key, value, step, time, is_nan in database.execute(query, (id,)):
                yield Step(key, _value(value, is_nan), step, time)
    except sqlite3.Error as error:
        raise BadRequestError(reason=f"The metrics of run {id} in {path} cannot be read: {error}.") from error


def _value(value: Any, is_nan: Any) -> float:
    if is_nan or value is None:
        return math.nan
    number = float(value)
    return math.copysign(math.inf, number) if abs(number) > LARGEST else number
