"""Stored files for the pages: which may be shown, how, and how much of them. No streamlit in here."""

from __future__ import annotations

import base64
import csv
import html
import io
import itertools
import json
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tracker.errors import MissingPackageError
from tracker.folders import Folders

if TYPE_CHECKING:
    import pandas as pd

Look = Literal[
    "image", "svg", "table", "rows", "json", "markdown", "html", "notebook", "pdf", "audio", "video", "text", "none"
]
"""How a file is previewed."""

MOST_TEXT = 100_000
MOST_LINE = 10_000
"""Characters of a text without any line break: browsers are slow with longer lines."""
MOST_JSON = 1_000_000
MOST_DEPTH = 60
"""Levels of JSON that are drawn as a tree."""
MOST_HTML = 5_000_000
MOST_SVG = 2_000_000
MOST_IMAGE = 20_000_000
MOST_PIXELS = 40_000_000
MOST_MEDIA = 100_000_000
"""Bytes of a sound or a film: the server holds them for as long as somebody looks at them."""
MOST_ROWS_FILE = 50_000_000
"""Bytes of a table whose reader takes all of it; of Parquet only the first rows are read."""
MOST_DOWNLOAD = 2_000_000_000
"""Bytes up to which the page hands a file over; greater ones are better copied from where they lie."""
MOST_FILES = 1_000
TABLE_ROWS = 200
TABLE_COLUMNS = 200
TABLE_BYTES = 2_000_000
MOST_CELL = 1_000
"""Characters of a cell."""

_LOOKS: dict[str, Look] = {
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "bmp"), "image"),
    "svg": "svg",
    **dict.fromkeys(("csv", "tsv"), "table"),
    **dict.fromkeys(("parquet", "pq", "feather", "arrow", "jsonl", "ndjson", "xlsx"), "rows"),
    "json": "json",
    "ipynb": "notebook",
    "pdf": "pdf",
    **dict.fromkeys(("wav", "mp3", "ogg", "oga", "flac", "m4a", "aac"), "audio"),
    **dict.fromkeys(("mp4", "webm", "ogv", "m4v", "mov"), "video"),
    **dict.fromkeys(("md", "markdown"), "markdown"),
    **dict.fromkeys(("html", "htm"), "html"),
}
_LANGUAGES = {
    **dict.fromkeys(("diff", "patch"), "diff"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    **dict.fromkeys(("html", "htm", "xml"), "markup"),
    "py": "python",
    "sql": "sql",
    "toml": "toml",
    "sh": "bash",
    "json": "json",
    "r": "r",
}


def inside(folders: Folders, stored: Any) -> Path | None:
    """The file or folder that a cell names, as long as it really lies in the registry's side folder.

    What a workbook says is not trusted: a path or a symbolic link that leads elsewhere gives None.
    """
    if not isinstance(stored, str) or not stored.strip() or "\0" in stored:
        return None
    try:
        path = (folders.workbook.parent / folders.present(stored)).resolve(strict=True)
        within = path.is_relative_to(folders.side.resolve()) and (path.is_file() or path.is_dir())
    except (OSError, ValueError, RuntimeError):
        return None
    return path if within else None


def of_run(folders: Folders, run_id: str, name: str) -> Path:
    """A file in a run's own folder; where its id would lead out of the registry, a path at which nothing is."""
    path = folders.runs / run_id / name
    try:
        within = path.resolve().parent.parent == folders.runs.resolve()
    except (OSError, ValueError, RuntimeError):
        within = False
    return path if within else folders.runs / "no such run" / name


def contents(folder: Path) -> list[tuple[str, int]]:
    """The files in a stored folder with their sizes, by name; links are left out."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            found.append((path.relative_to(folder).as_posix(), path.stat().st_size))
            if len(found) == MOST_FILES:
                break
    return found


def look(path: Path) -> Look:
    """How a file is best shown; ``none`` for what could only be run or is no text."""
    known = _LOOKS.get(path.suffix.lower().lstrip("."))
    return known or ("text" if is_text(path) else "none")


def language(path: Path) -> str | None:
    """In which language a text is, for its colours."""
    return _LANGUAGES.get(path.suffix.lower().lstrip("."))


def text(path: Path, most: int = MOST_TEXT) -> tuple[str, bool]:
    """The beginning of a text, and whether it goes on."""
    with open(path, "rb") as file:
        content = file.read(most + 1)
    return content[:most].decode("utf-8", "replace"), len(content) > most


def readable(path: Path) -> tuple[str, bool]:
    """The same, with less of a text that is all one line."""
    content, more = text(path)
    if any(len(line) > MOST_LINE for line in content.splitlines()):
        return content[:MOST_LINE], True
    return content, more


def structure(path: Path) -> Any:
    """A JSON file's content; None where it is too long or too deep, or no JSON."""
    content, more = text(path, MOST_JSON)
    try:
        found = None if more else json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if _depth(found) <= MOST_DEPTH else None


def _depth(value: Any) -> int:
    """How many levels of lists and dictionaries there are; it stops counting where these are too many."""
    depth, level = 0, [value]
    while level and depth <= MOST_DEPTH:
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        level = [value for values in inner for value in values]
        depth += bool(inner)
    return depth


@dataclass(frozen=True, slots=True)
class Rows:
    """The upper left corner of a table."""

    frame: pd.DataFrame
    """Nothing is guessed: all cells are texts."""
    columns: int
    """How many there are in the longest of these rows."""
    more: bool
    """There are more rows."""


def table(path: Path) -> Rows | None:
    """The first rows of a table; None where it is none."""
    import pandas

    content, more = text(path, TABLE_BYTES)
    if more:
        content = content[: content.rfind("\n") + 1]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        rows = list(itertools.islice(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter), TABLE_ROWS + 2))
    except csv.Error:
        return None
    if not rows or (more and len(rows) == 1):
        return None
    columns = max(map(len, rows))
    width = min(columns, TABLE_COLUMNS)
    header, *cells = (row[:width] + [""] * (width - len(row)) for row in rows)
    taken: set[str] = set()
    names = []
    for place, name in enumerate(header, 1):
        names.append(f"{name} ({place})" if name in taken else name)
        taken.update((name, names[-1]))
    frame = pandas.DataFrame(cells[:TABLE_ROWS], columns=names, dtype=object)
    return Rows(frame, columns, more or len(cells) > TABLE_ROWS)


def rows(path: Path) -> Rows | None:
    """The first rows of a table in a format that is no text; None where it is none, or its reader is not installed."""
    import numpy
    import pandas

    from tracker.data.formats import open_table
    from tracker.data.tables import NotATable

    if path.stat().st_size > MOST_ROWS_FILE and path.suffix.lower() not in (".parquet", ".pq"):
        return None
    try:
        found = open_table(path)
        first = next(iter(found.blocks()), None)
        if first is None:
            return None
        taken = first.take(numpy.arange(min(first.rows, TABLE_ROWS))).table
        columns = taken.num_columns
        taken = taken.select(taken.column_names[:TABLE_COLUMNS])
        cells = {name: [_cell(value) for value in taken[name].to_pylist()] for name in taken.column_names}
    except (NotATable, MissingPackageError, OSError, EOFError, ValueError, ArithmeticError):
        return None
    frame = pandas.DataFrame(cells, dtype=object)
    return Rows(frame, columns, first.rows > TABLE_ROWS) if len(frame) else None


def _cell(value: Any) -> Any:
    """A value that a grid can show beside others of another kind: everything else as text that is not too long."""
    return value if value is None or isinstance(value, (bool, float)) else str(value)[:MOST_CELL]


def media(path: Path) -> bytes | None:
    """A sound or a film; None where it is too large."""
    return None if path.stat().st_size > MOST_MEDIA else path.read_bytes()


def picture(path: Path) -> bytes | None:
    """An image as the browser can show it; None where it is damaged, too large, or only claims to be small."""
    return sound_picture(path.read_bytes()) if path.stat().st_size <= MOST_IMAGE else None


def sound_picture(content: bytes) -> bytes | None:
    """The same of an image's bytes."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it would say of a large one is asked here
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > MOST_PIXELS:
                    return None
                image.verify()
        return content
    except (OSError, ValueError, SyntaxError, EOFError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def drawing(path: Path) -> str | None:
    """An SVG file as the address of a picture, in which no script runs and nothing is loaded; None where it is none.

    As a text, streamlit could take it for the address of another picture.
    """
    content, more = text(path, MOST_SVG)
    if more or not re.search(r"<svg[\s>]", content):
        return None
    if "http://www.w3.org/2000/svg" not in content:  # without its namespace it is no picture
        content = re.sub(r"<svg\b", '<svg xmlns="http://www.w3.org/2000/svg"', content, count=1)
    return f"data:image/svg+xml;base64,{base64.b64encode(content.encode()).decode()}"


def page(path: Path) -> str | None:
    """An HTML file inside a page in which it can do nothing; None where it is too large.

    The frame is of no origin, so that it has no access to the app, and its scripts do not run. The policy, which stands
    in both pages, lets nothing be loaded from anywhere.
    """
    content, more = text(path, MOST_HTML)
    if more:
        return None
    rules = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
    policy = f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{rules}">'
    return (
        f"{policy}<style>html, body, iframe {{ margin: 0; border: 0; width: 100%; height: 100%; background: #fff }}"
        f'</style><iframe sandbox="" referrerpolicy="no-referrer" title="preview" '
        f'srcdoc="{html.escape(policy + content)}"></iframe>'
    )


def as_zip(folder: Path) -> bytes:
    """A stored folder as one zip file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, _ in contents(folder):
            archive.write(folder / name, name)
    return target.getvalue()


def zip_of(paths: Mapping[str, Path]) -> bytes:
    """Stored files and folders as one zip file, each in a folder of its own: ``churn-model-v3/model.pkl``."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for artifact, path in paths.items():
            folder = re.sub(r"[^\w.-]+", "-", artifact).strip(".")
            for name in [path.name] if path.is_file() else [name for name, _ in contents(path)]:
                archive.write(path if path.is_file() else path / name, f"{folder}/{name}")
    return target.getvalue()


def is_text(path: Path) -> bool:
    """Whether a file begins as a text does."""
    try:
        with open(path, "rb") as file:
            start = file.read(8192)
    except OSError:
        return False
    if b"\0" in start:
        return False
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(start) - 4 and len(start) == 8192  # a sign cut in two at the end
    return True
