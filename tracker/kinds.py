"""What an artifact probably is, by its name: one of the four categories, and a kind. A person's own word wins."""

from __future__ import annotations

import re

_BY_NAME: tuple[tuple[str, str, str], ...] = (
    (
        r"requirements.*\.txt|(environment|conda).*\.ya?ml|.*lock(\.json|\.toml)?|environment",
        "model",
        "environment",
    ),
    (r"(dockerfile|containerfile).*|.*\.(dockerfile|sif|tar)", "model", "container"),
    (r"change[-_ ]?log.*|changes.*\.(md|rst|txt)", "project management", "change log"),
    (r"road[-_ ]?map.*", "project management", "roadmap"),
    (r"vision.*", "project management", "vision"),
    (r".*benchmark.*", "project management", "benchmark"),
    (r".*quality[-_ ]?plan.*", "project management", "quality plan"),
    (r".*model[-_ ]?card.*", "documentation", "model card"),
    (r".*data[-_ ]?sheet.*", "documentation", "datasheet"),
    (r".*(agreement|eula).*", "documentation", "agreement"),
    (r"read[-_ ]?me.*", "documentation", "guide"),
    (r"(test|junit|coverage).*\.(xml|log|txt|html)", "code", "test log"),
)
_BY_EXTENSION: tuple[tuple[str, str, str], ...] = (
    (
        "pkl pickle joblib skops onnx pt pth ckpt safetensors h5 keras pb tflite gguf cbm ubj xgb lgb pmml model",
        "model",
        "model file",
    ),
    (
        "csv tsv parquet feather arrow npy npz jsonl ndjson xlsx xls ods db sqlite arff gz zip",
        "model",
        "data set",
    ),
    ("wav mp3 flac ogg mp4 avi", "model", "data set"),
    ("png jpg jpeg gif svg webp bmp tif tiff", "model", "figure"),
    ("json yaml yml toml ini cfg", "model", "config"),
    ("diff patch", "code", "diff"),
    ("ipynb", "code", "notebook"),
    ("py r jl sh bat ps1 sql c cc cpp h java scala go rs js ts", "code", "script"),
    ("whl jar so dll exe o a", "code", "build"),
    ("log out err", "code", "log"),
    ("drawio puml dot vsdx mmd", "documentation", "diagram"),
    ("md rst txt tex pdf doc docx odt html htm ppt pptx", "documentation", "document"),
)


def guess(name: str, *, folder: bool = False) -> tuple[str, str]:
    """The category and the kind of an artifact with this name; ``("model", "")`` where the name says nothing."""
    lower = name.lower()
    for pattern, category, kind in _BY_NAME:
        if re.fullmatch(pattern, lower):
            return category, kind
    extension = lower.rpartition(".")[2]
    for extensions, category, kind in _BY_EXTENSION:
        if extension in extensions.split():
            return category, kind
    return "model", "folder" if folder else ""
