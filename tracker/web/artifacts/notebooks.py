"""A Jupyter notebook as cells to show: nothing in it is run, no HTML of its outputs is drawn. No streamlit in here."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

MOST_BYTES = 20_000_000
MOST_CELLS = 100
MOST_TEXT = 20_000
"""Characters of one cell or output."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What is shown beneath each other: a Markdown cell, code, or something that came of it."""

    kind: Literal["markdown", "code", "text", "picture"]
    text: str = ""
    picture: bytes = b""


def pieces(path: Path) -> tuple[list[Piece], bool] | None:
    """The pieces of a notebook of format 4, and whether there are more; None where it is none."""
    if path.stat().st_size > MOST_BYTES:
        return None
    try:
        cells = json.loads(path.read_bytes())["cells"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(cells, list):
        return None
    known = [cell for cell in cells if isinstance(cell, dict)]
    return [piece for cell in known[:MOST_CELLS] for piece in _of_cell(cell)], len(known) > MOST_CELLS


def _of_cell(cell: dict[str, Any]) -> Iterator[Piece]:
    text = _text(cell.get("source"))
    if cell.get("cell_type") == "markdown":
        yield Piece("markdown", text)
        return
    if text:
        yield Piece("code" if cell.get("cell_type") == "code" else "text", text)
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict):
            yield from _of_output(output)


def _of_output(output: dict[str, Any]) -> Iterator[Piece]:
    data = output.get("data")
    held: dict[str, Any] = data if isinstance(data, dict) else {}
    for kind in ("image/png", "image/jpeg"):
        try:
            picture = base64.b64decode(_text(held.get(kind), most=None), validate=False)
        except (binascii.Error, ValueError):
            continue
        if picture:
            yield Piece("picture", picture=picture)
            return
    text = _text(output.get("text")) or _text(held.get("text/plain")) or "\n".join(_lines(output.get("traceback")))
    if text:
        yield Piece("text", text[:MOST_TEXT])


def _text(source: Any, most: int | None = MOST_TEXT) -> str:
    """A text that stands as one string or as a list of lines."""
    return ("".join(_lines(source)) if isinstance(source, list) else source if isinstance(source, str) else "")[:most]


def _lines(source: Any) -> list[str]:
    return [line for line in source if isinstance(line, str)] if isinstance(source, list) else []
