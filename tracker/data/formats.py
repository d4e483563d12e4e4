"""How each format of tables is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker.data import arrow_files, csv_files, excel, frames, json_files
from tracker.data.endings import format_of
from tracker.data.tables import MOST_COLUMNS, NotATable, Table
from tracker.errors import MissingPackageError


def open_table(source: Any) -> Table:
    """The table in a file, a pandas or polars DataFrame or an arrow table.

    Raises:
        NotATable: it is none, or reading it would take too much memory; says why.
        MissingPackageError: pyarrow is not installed.
    """
    try:
        import pyarrow
    except ImportError:
        raise MissingPackageError(what="Reading a table", package="pyarrow") from None
    if not isinstance(source, (str, Path)):
        return frames.open_frame(source)
    path = Path(source)
    kinds = {
        "csv": csv_files.open_csv,
        "jsonl": json_files.open_json_lines,
        "json": json_files.open_json,
        "parquet": arrow_files.open_parquet,
        "feather": arrow_files.open_feather,
        "xlsx": excel.open_excel,
    }
    kind = format_of(path)
    if kind not in kinds or (path.exists() and not path.is_file()):
        raise NotATable(f"{path.name} is in no format that Tracker reads as a table")
    try:
        size = path.stat().st_size
        table = kinds[kind](path) if size else Table(kind, lambda: iter(()), notes=["The file is empty."])
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise not_readable(path, error) from error
    table.size = size
    if len(table.names) > MOST_COLUMNS:
        raise NotATable(f"{len(table.names):,} columns are more than the {MOST_COLUMNS:,} that Tracker looks at")
    return table


def not_readable(path: Path, error: Exception) -> NotATable:
    """The refusal that names the file and the first line of what its reader said."""
    reason = (error.strerror if isinstance(error, OSError) else None) or next(iter(str(error).splitlines()), "damaged")
    return NotATable(f"{path.name} cannot be read: {reason.rstrip('.')}")
