"""Parquet, Feather and Arrow files in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.data.tables import Table, Taken, unique_names

_BATCH = 65_536


@dataclass(frozen=True, slots=True)
class ArrowBlock:
    """Rows that are in memory as arrow arrays."""

    batch: Any

    @property
    def rows(self) -> int:
        return int(self.batch.num_rows)

    def take(self, index: Any) -> Taken:
        import pyarrow

        rows = self.batch if len(index) == self.rows else self.batch.take(pyarrow.array(index))
        return Taken(rows if isinstance(rows, pyarrow.Table) else pyarrow.Table.from_batches([rows]), index)


def _checked(batch: Any, names: list[str]) -> ArrowBlock:
    """The rows of a file; raises where it is damaged, for then they may point anywhere in memory."""
    batch.validate(full=True)
    return ArrowBlock(batch.rename_columns(names))


def of_arrow(format: str, content: Any) -> Table:
    """An arrow table."""
    content = content.rename_columns(unique_names(content.column_names))
    return Table(format, lambda: iter([ArrowBlock(content)] if content.num_rows else []), content.column_names)


def open_parquet(path: Path) -> Table:
    """A Parquet file."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        metadata, names = file.metadata, unique_names(file.schema_arrow.names)

    def blocks() -> Iterator[ArrowBlock]:
        # Without buffering ahead, which would keep several row groups in memory.
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16) as file:
            for batch in file.iter_batches(batch_size=_rows_per_batch(metadata), use_threads=False):
                yield _checked(batch, names)

    return Table("parquet", blocks, names)


def _rows_per_batch(metadata: Any) -> int:
    """Fewer rows at once where they are wide, so that a batch stays within some ten megabytes."""
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    width = max(8 * metadata.num_columns, size // max(1, metadata.num_rows), 1)
    return max(16, min(_BATCH, (32 << 20) // int(width)))


def open_feather(path: Path) -> Table:
    """A Feather or Arrow file, or an Arrow stream."""
    import pyarrow
    from pyarrow import ipc

    with open(path, "rb") as file:
        reader = ipc.open_file if file.read(6) == b"ARROW1" else ipc.open_stream
    with pyarrow.memory_map(str(path)) as source, reader(source) as opened:
        names = unique_names(opened.schema.names)

    def blocks() -> Iterator[ArrowBlock]:
        with pyarrow.memory_map(str(path)) as source, reader(source) as opened:
            count = getattr(opened, "num_record_batches", None)
            for batch in opened if count is None else map(opened.get_batch, range(count)):
                yield _checked(batch, names)

    return Table("feather", blocks, names)
