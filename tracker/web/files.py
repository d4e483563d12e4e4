"""Stored files for the pages: which may be shown, how, and how much of them. No streamlit in here."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tracker.folders import Folders

if TYPE_CHECKING:
    import pandas as pd

Look = Literal["image", "svg", "table", "json", "markdown", "text", "none"]
"""How a file is previewed."""

MOST_TEXT = 100_000
MOST_JSON = 1_000_000
MOST_IMAGE = 20_000_000
MOST_PIXELS = 40_000_000
MOST_DOWNLOAD = 2_000_000_000
"""Bytes up to which the page hands a file over; greater ones are better copied from where they lie."""
MOST_FILES = 1_000
TABLE_ROWS = 200

_LOOKS: dict[str, Look] = {
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "bmp"), "image"),
    "svg": "svg",
    **dict.fromkeys(("csv", "tsv"), "table"),
    "json": "json",
    **dict.fromkeys(("md", "markdown"), "markdown"),
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
        path = (folders.workbook.parent / stored).resolve(strict=True)
        within = path.is_relative_to(folders.side.resolve()) and (path.is_file() or path.is_dir())
    except (OSError, ValueError, RuntimeError):
        return None
    return path if within else None


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
    return known or ("text" if _is_text(path) else "none")


def language(path: Path) -> str | None:
    """In which language a text is, for its colours."""
    return _LANGUAGES.get(path.suffix.lower().lstrip("."))


def text(path: Path, most: int = MOST_TEXT) -> tuple[str, bool]:
    """The beginning of a text, and whether it goes on."""
    with open(path, "rb") as file:
        content = file.read(most + 1)
    return content[:most].decode("utf-8", "replace"), len(content) > most


def structure(path: Path) -> Any:
    """A JSON file's content; None where it is too long, or no JSON."""
    content, more = text(path, MOST_JSON)
    try:
        return None if more else json.loads(content)
    except (ValueError, RecursionError):
        return None


def table(path: Path) -> pd.DataFrame | None:
    """The first rows of a table; None where it is none. Nothing is guessed: all cells are texts."""
    import pandas

    content, more = text(path, 2_000_000)
    if more:
        content = content[: content.rfind("\n") + 1]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        rows = list(itertools.islice(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter), TABLE_ROWS + 1))
    except csv.Error:
        return None
    if not rows:
        return None
    width = max(len(row) for row in rows)
    header, *cells = (row + [""] * (width - len(row)) for row in rows)
    names = [name if header.index(name) == place else f"{name} ({place + 1})" for place, name in enumerate(header)]
    return pandas.DataFrame(cells, columns=names, dtype=object)


def picture(path: Path) -> bytes | None:
    """An image as the browser can show it; None where it is damaged, too large, or only claims to be small."""
    from PIL import Image, UnidentifiedImageError

    if path.stat().st_size > MOST_IMAGE:
        return None
    content = path.read_bytes()
    try:
        with Image.open(io.BytesIO(content)) as image:
            return content if image.width * image.height <= MOST_PIXELS else None
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def drawing(path: Path) -> str | None:
    """An SVG file as text; None where it is too large or no SVG."""
    content, more = text(path, 2_000_000)
    return content if not more and re.search(r"<svg\b", content) else None


def as_zip(folder: Path) -> bytes:
    """A stored folder as one zip file."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, _ in contents(folder):
            archive.write(folder / name, name)
    return target.getvalue()


def _is_text(path: Path) -> bool:
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
