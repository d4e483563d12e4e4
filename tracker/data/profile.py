"""The profile of a table: what each column holds, how many rows repeat another; kept beside the artifact as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tracker.data.columns import ColumnProfile, measure
from tracker.data.formats import open_table
from tracker.data.row_text import row_texts
from tracker.data.sample import LIMIT_ROWS, Sample, uniform_sample
from tracker.data.tables import NotATable, OnRows, Table, tell_rows
from tracker.disk import write_durably

_VERSION = 1
_WIDE = 1_000
"""Of a table with more columns, the distributions are kept in coarser steps."""
_LARGEST_FILE = 256 << 20


@dataclass(frozen=True, slots=True)
class Profile:
    """What was measured of a table. Facts about columns are about the ``read`` rows, a uniform sample of ``rows``."""

    format: str = ""
    size: int | None = None
    """Of the file, in bytes."""
    rows: int = 0
    read: int = 0
    unreadable: int = 0
    """Rows that were looked at and are not among those read, because they could not be."""
    duplicates: int | None = None
    """Rows read that repeat an earlier one. A sample hides most of them; None where they cannot be counted."""
    columns: tuple[ColumnProfile, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know about how the table was read."""
    refused: str = ""
    """Why there is no profile; everything else is empty then."""

    @property
    def sampled(self) -> bool:
        """Not every row was looked at."""
        return self.read + self.unreadable < self.rows

    def column(self, name: str) -> ColumnProfile | None:
        """The column of that name; None where there is none."""
        return next((column for column in self.columns if column.name == name), None)

    def to_json(self) -> str:
        """The profile as JSON text; what has its default is left out."""
        record = {"profile": _VERSION, **_without_defaults(self, asdict(self))}
        record["columns"] = [_without_defaults(column, asdict(column)) for column in self.columns]
        return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Profile:
        """The profile that :meth:`to_json` wrote.

        Raises:
            ValueError: it is none.
        """
        record = json.loads(text)
        if not isinstance(record, dict) or record.pop("profile", None) != _VERSION:
            raise ValueError("not the JSON of a profile")
        try:
            columns = tuple(ColumnProfile(**_tuples(column)) for column in record.pop("columns", ()))
            return cls(columns=columns, **_tuples(record))
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not the JSON of a profile: {error}") from error


def _without_defaults(instance: Any, record: dict[str, Any]) -> dict[str, Any]:
    return {one.name: record[one.name] for one in fields(instance) if record[one.name] != one.default}


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tuples(one) for name, one in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


# -- measuring --------------------------------------------------------------------------------------------------


def profile_table(source: Any, limit_rows: int = LIMIT_ROWS, on_rows: OnRows | None = None) -> Profile:
    """The profile of a table file (CSV, TSV, JSON, JSON lines, Parquet, Feather, Excel), DataFrame or arrow table.

    A larger table than ``limit_rows`` is sampled uniformly, the same way each time; so is one whose rows are so wide
    that they would take more than 20 million cells or 64 MiB. What cannot be read gives a profile that says why.
    ``on_rows`` is told how far it is.

    Raises:
        MissingPackageError: pyarrow is not installed, or python-calamine for Excel.
    """
    try:
        table = open_table(source)
        if on_rows is not None:
            tell_rows(table, on_rows)
        return _profile(table, uniform_sample(table, limit_rows))
    except NotATable as error:
        return Profile(refused=f"Not profiled: {str(error).rstrip('.')}.")


def _profile(table: Table, sample: Sample) -> Profile:
    looked_at = sample.read + sample.unreadable
    if sample.unreadable > sample.read:
        raise NotATable(f"{sample.unreadable:,} of the {looked_at:,} rows that were looked at cannot be read")
    if sample.unreadable:
        table.note(f"{sample.unreadable:,} of the {looked_at:,} rows that were looked at could not be read.")
    if looked_at < sample.rows:
        table.note(f"{looked_at:,} of its {sample.rows:,} rows were looked at, a uniform random sample.")
    steps = 100 if sample.table.num_columns <= _WIDE else 20
    columns = tuple(
        _column(table, name, column, steps)
        for name, column in zip(sample.table.column_names, sample.table.columns, strict=True)
    )
    return Profile(
        format=table.format,
        size=table.size,
        rows=sample.rows,
        read=sample.read,
        unreadable=sample.unreadable,
        duplicates=_duplicates(sample.table, columns),
        columns=columns,
        notes=tuple(table.notes),
    )


def _column(table: Table, name: str, column: Any, steps: int) -> ColumnProfile:
    import pyarrow

    if name in table.bulky:
        missing = column.null_count
        type = "empty" if missing == len(column) else "other"
        return ColumnProfile(name, type, table.bulky[name], missing, distinct=0 if type == "empty" else None)
    from_text, comma = table.is_written(name), table.decimal_comma
    try:
        return measure(name, column, steps=steps, from_text=from_text, decimal_comma=comma)
    except pyarrow.ArrowException:
        # Files may hold types that arrow can store and not count.
        return ColumnProfile(name, "other", str(column.type), column.null_count)


def _duplicates(table: Any, columns: Sequence[ColumnProfile]) -> int | None:
    """How many rows repeat an earlier one; None where values cannot be compared quickly."""
    if not columns or any(column.type == "other" for column in columns):
        return None
    return int(table.num_rows - len(row_texts(table.columns, as_written=True).unique()))


# -- beside the artifact ----------------------------------------------------------------------------------------


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile under its name or not at all.

    Raises:
        OSError: it cannot be written.
    """
    write_durably(path, profile.to_json().encode())


def read_profile(path: Path) -> Profile | None:
    """The profile in the file; None where there is none that can be read."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return None
        return Profile.from_json(path.read_bytes())
    except (OSError, ValueError):
        return None
