"""Which tracker's store or export a path is, and its runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tracker.bridges import mlflow_files, mlflow_sqlite, table_files, tensorboard_files
from tracker.bridges.foreign import Source
from tracker.errors import BadRequestError

WHAT = (
    "MLflow's folder mlruns or its database mlflow.db, a folder with TensorBoard's event files, or a table of runs as "
    ".csv or .xlsx, such as an export of W&B, MLflow or Neptune"
)
"""What can be imported, in words."""


def open_source(path: Path, columns: Mapping[str, str] | None = None, sheet: str = "") -> Source:
    """The runs of whatever is at the path.

    Args:
        columns: of a table, what its columns are, by their header.
        sheet: of a workbook, the sheet with the runs, where the guess is wrong.

    Raises:
        BadRequestError: there is nothing, or nothing that can be imported.
        Others: as :func:`tracker.bridges.table_files.read_table_file`.
    """
    if not path.exists():
        raise BadRequestError(reason=f"There is no file or folder {path}.")
    if path.is_dir():
        for folder in (path, path / "mlruns"):
            if folder.is_dir() and mlflow_files.is_file_store(folder):
                return mlflow_files.read_file_store(folder)
        database = path / "mlflow.db"
        if mlflow_sqlite.is_sqlite(database):
            return mlflow_sqlite.read_sqlite(database)
        if tensorboard_files.has_events(path):
            return tensorboard_files.read_events_folder(path)
    elif mlflow_sqlite.is_sqlite(path):
        return mlflow_sqlite.read_sqlite(path)
    elif path.suffix.lower() in table_files.SUFFIXES:
        return table_files.read_table_file(path, columns, sheet)
    raise BadRequestError(reason=f"{path} is nothing that can be imported. That can be {WHAT}.")
