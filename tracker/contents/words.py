"""What was found in an artifact, in words for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.data.columns import ColumnProfile
from tracker.data.profile import Profile
from tracker.wording import count, some_of

_LISTED = 20
_QUIET = ("format", "size", "warnings", "notes", "width", "height")
"""What is not worth a line of its own, or has another place."""
_TYPES = {"csv": "CSV table", "jsonl": "JSON lines", "parquet": "Parquet table", "feather": "Arrow table",
          "xlsx": "Excel workbook", "json": "JSON", "npy": "numpy array", "onnx": "ONNX model", "svg": "SVG picture",
          "pickle": "pickle, never loaded here", "safetensors": "safetensors", "zip": "zip archive",
          "tar": "tar archive", "dockerfile": "Dockerfile", "requirements": "requirements file", "pdf": "PDF",
          "hdf5": "HDF5", "folder": "folder"}  # fmt: skip


def format_name(metadata: Mapping[str, Any]) -> str:
    """What kind of file it is; empty where that is unknown."""
    name = str(metadata.get("format") or "")
    return _TYPES.get(name, f"{name} picture" if "width" in metadata else name)


def facts(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of a file, each as a label and a text on one line."""
    if name := format_name(metadata):
        yield "format", name
    if "width" in metadata:
        yield "picture size", f"{metadata['width']:,} × {metadata['height']:,} pixels"
    for label, value in metadata.items():
        if label == "types" and "columns" in metadata:
            continue  # of a table, the profile has them
        if label not in _QUIET and (value or value == 0) and (text := _text(value)):
            yield label.replace("_", " "), text


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float, list, dict)):
        return str(value)
    if isinstance(value, (int, float)):
        return f"{value:,}"
    if isinstance(value, dict):
        return some_of((f"{name}: {_inner(one)}" for name, one in value.items()), _LISTED)
    return some_of(map(_inner, value), _LISTED)


def _inner(value: Any) -> str:
    """One thing of several: a member of an archive by its name and size, a shape as people write it."""
    if isinstance(value, dict):
        if set(value) == {"name", "size"}:
            return f"{value['name']} ({value['size']:,} bytes)"
        return " ".join(f"{name} {_inner(one)}" for name, one in value.items())
    if isinstance(value, list):
        return " × ".join(map(str, value)) or "a single number"
    return str(value)


# -- profiles -----------------------------------------------------------------------------------------------------


def profile_sentence(profile: Profile) -> str:
    """How large a table is, and how much of it was looked at."""
    if profile.refused:
        return profile.refused
    said = f"{count(profile.rows, 'row')}, {count(len(profile.columns), 'column')}"
    if profile.duplicates:
        of = " of those looked at" if profile.sampled else ""
        said += f", {count(profile.duplicates, 'row')}{of} the same as an earlier one"
    elif profile.duplicates == 0:
        said += ", no row twice" if not profile.sampled else ", no row twice among those looked at"
    return said + "."


def share(part: int, whole: int) -> str:
    """A share in percent, with a digit more where it is small; empty for nothing."""
    if not part or not whole:
        return ""
    percent = 100 * part / whole
    return "< 0.1%" if percent < 0.05 else f"{percent:.1f}%" if percent < 10 else f"{percent:.0f}%"


def column_range(column: ColumnProfile) -> str:
    """From the least to the greatest value, or how long texts are."""
    if column.grid:
        return f"{column.shown(column.min)} … {column.shown(column.max)}"
    if column.longest is not None:
        lengths = {column.shortest, column.longest}
        return f"{' … '.join(f'{length:,}' for length in sorted(n for n in lengths if n is not None))} characters"
    return ""


def top_values(column: ColumnProfile, rows: int, most: int = 3) -> str:
    """The most frequent values with their shares; nothing for numbers that hardly repeat."""
    if column.grid and not column.all_values:
        return ""
    told = column.shown if column.type == "number" else _cut
    return ", ".join(f"{told(value)} ({share(count, rows)})" for value, count in column.values[:most])


def _cut(value: Any, length: int = 24) -> str:
    text = " ".join(str(value).split()) or "(blank)"
    return text if len(text) <= length else text[: length - 1] + "…"
