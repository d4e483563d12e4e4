"""What a file is and holds, by its kind, as plain values: the only thing that other modules need of all of these.

Nothing is executed or unpacked to disk; memory and time are bounded; whatever cannot be read becomes a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from tracker.data import archives, headers, recipes
from tracker.data.columns import measure
from tracker.data.endings import format_of
from tracker.data.formats import open_table
from tracker.data.pickles import read_imports
from tracker.data.tables import NotATable, read_through
from tracker.errors import MissingPackageError

_TYPED_ROWS = 1_000
_LISTED = 500
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ico")
_PICKLES = (".pkl", ".pickle", ".joblib", ".sav", ".dill", ".pt", ".pth")
_OPTIONAL = ("warnings", "notes")
_MARKS = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "feather"),
    (b"\x93NUMPY", "npy"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"\x89HDF\r\n", "hdf5"),
    (b"%PDF-", "pdf"),
)


def describe(path: Path) -> dict[str, Any]:
    """What a file is: ``format``, ``size``, what its kind has to say, ``warnings`` and ``notes`` where there are any.

    All of it is what JSON knows. A file whose kind is unknown has an empty format.
    """
    facts: dict[str, Any] = {"format": "", "size": 0}
    try:
        if path.is_dir():
            return {"format": "folder"}
        if path.exists() and not path.is_file():
            return {**facts, "notes": ["It is no regular file."]}  # opening a pipe would wait for ever
        facts["size"] = path.stat().st_size
        facts["format"] = kind = kind_of(path)
        if kind in _READERS:
            facts |= _READERS[kind](path)
    except (NotATable, MissingPackageError) as error:
        facts.setdefault("notes", []).append(str(error))
    except Exception as error:
        # Files are made by anybody, and their readers fail in any way; the file is stored all the same.
        facts.setdefault("notes", []).append(f"It could not be looked into: {str(error) or type(error).__name__}")
    return {name: value for name, value in facts.items() if value is not None and (value or name not in _OPTIONAL)}


def kind_of(path: Path) -> str:
    """The format, empty where it is unknown: by the first bytes where these are clear, else by the name.

    Raises:
        OSError: it cannot be read.
    """
    name, ending = path.name.lower(), path.suffix.lower()
    table = format_of(path)
    if table == "xlsx":
        return table
    with open(path, "rb") as file:
        head = file.read(512)
    for mark, kind in _MARKS:
        if head.startswith(mark):
            return kind
    if head[8:10] == b'{"' and 2 < int.from_bytes(head[:8], "little") < path.stat().st_size:
        return "safetensors"
    if head[257:262] == b"ustar" or name.endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
        return "tar"
    if archives.PICKLE.match(head) or ending in _PICKLES or name.endswith((".pkl.gz", ".pickle.gz", ".pkl.bz2")):
        return "pickle"
    if re.search(rb"<svg[\s>]", head) or ending == ".svg":
        return "svg"
    if ending in _IMAGES:
        return "image"
    if ending in (".safetensors", ".onnx"):
        return ending[1:]
    if re.fullmatch(r"(dockerfile|containerfile)(\..*)?|.*\.dockerfile", name):
        return "dockerfile"
    if re.fullmatch(r"(.*[-_.])?(requirements|constraints)([-_.].*)?\.(txt|in)", name):
        return "requirements"
    return table


def _pickle(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        return read_imports(archives.unpacked(file) or file).to_json()


def _table(path: Path) -> dict[str, Any]:
    """Columns and their types, by the first thousand rows; the number of rows where it is known without counting."""
    import numpy

    table = open_table(path)

    def look(blocks: Any) -> tuple[Any, int | None]:
        first = list(islice(blocks, 2))
        rows = sum(block.rows for block in first)
        taken = first[0].take(numpy.arange(min(first[0].rows, _TYPED_ROWS))).table if first else None
        return taken, rows if len(first) < 2 else None

    taken, rows = read_through(table, look)
    if table.format == "parquet":
        from pyarrow import parquet

        rows = parquet.read_metadata(path).num_rows
    names = list(taken.column_names if taken is not None else table.names)
    facts: dict[str, Any] = {"rows": rows, "columns": len(names)}
    if taken is not None:
        facts["types"] = {
            name: measure(name, column, from_text=table.is_written(name), decimal_comma=table.decimal_comma).type
            for name, column in zip(names[:_LISTED], taken.columns, strict=False)
        }
    facts["notes"] = table.notes
    return facts


def _json(path: Path) -> dict[str, Any]:
    """A table if it is one; most JSON files are something else, which is nothing to speak of."""
    try:
        return _table(path)
    except NotATable:
        return {}


_READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "csv": _table,
    "dockerfile": recipes.dockerfile,
    "feather": _table,
    "image": headers.image,
    "json": _json,
    "jsonl": _table,
    "npy": headers.numpy_array,
    "onnx": headers.onnx,
    "parquet": _table,
    "pickle": _pickle,
    "requirements": recipes.requirements,
    "safetensors": headers.safetensors,
    "svg": headers.svg,
    "tar": archives.tarred,
    "xlsx": _table,
    "zip": archives.zipped,
}
