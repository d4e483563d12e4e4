"""Which files are tables, by the endings of their names."""

from __future__ import annotations

from pathlib import Path

COMPRESSED = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
"""Endings of compressed text files, and what arrow calls the compression."""
_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".feather": "feather",
    ".arrow": "feather",
    ".ipc": "feather",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


def format_of(path: Path) -> str:
    """``csv``, ``json``, ``jsonl``, ``parquet``, ``feather`` or ``xlsx`` by the file's name; empty for no table."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
        return {"csv": "csv", "jsonl": "jsonl"}.get(_FORMATS.get(suffixes[-1] if suffixes else "", ""), "")
    return _FORMATS.get(suffixes[-1] if suffixes else "", "")
