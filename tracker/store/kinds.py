"""What an artifact probably is: one of the four categories, and a kind. A person's own word wins."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

MODEL, CODE = "model", "code"
MANAGEMENT, DOCUMENTATION = "project management", "documentation"

_GUESSES: tuple[tuple[str, str, str], ...] = (
    (MODEL, "environment", r"environment|requirements.*\.txt|(environment|conda).*\.ya?ml|.*lock(\.json|\.toml)?"),
    (MODEL, "container", r"(dockerfile|containerfile).*|.*\.(dockerfile|sif|tar)"),
    (MODEL, "model file", r".*\.(pkl|pickle|joblib|skops|onnx|pt|pth|ckpt|safetensors|h5|keras|pb|tflite|gguf)"),
    (MODEL, "model file", r".*\.(cbm|ubj|xgb|lgb|pmml|model)"),
    (CODE, "diff", r"git-diff|.*\.(diff|patch)"),
    (CODE, "notebook", r".*\.ipynb"),
    (CODE, "script", r".*\.(py|r|jl|sh|bat|ps1|sql|c|cc|cpp|h|java|scala|go|rs|js|ts)"),
    (CODE, "build", r".*\.(whl|jar|so|dll|exe|o|a)"),
    (CODE, "test log", r"(test|junit|coverage).*\.(xml|log|txt|html)"),
    (CODE, "log", r".*\.(log|out|err)"),
    (MANAGEMENT, "change log", r"change[-_ ]?log.*|changes\.\w+"),
    (MANAGEMENT, "roadmap", r"road[-_ ]?map.*"),
    (MANAGEMENT, "vision", r"vision([-_ ]statement)?\.\w+"),
    (MANAGEMENT, "benchmark", r".*benchmarks?\.\w+"),
    (MANAGEMENT, "quality plan", r".*quality[-_ ]plan.*"),
    (DOCUMENTATION, "model card", r".*model[-_ ]?card.*"),
    (DOCUMENTATION, "datasheet", r".*data[-_ ]?sheet.*"),
    (DOCUMENTATION, "agreement", r".*(agreement|eula).*"),
    (DOCUMENTATION, "guide", r"read[-_ ]?me.*"),
    (DOCUMENTATION, "diagram", r".*\.(drawio|puml|dot|vsdx|mmd)"),
    (DOCUMENTATION, "document", r".*\.(md|rst|txt|tex|pdf|docx?|odt|html?|pptx?)"),
    (MODEL, "data set", r".*\.(csv|tsv|parquet|feather|arrow|npy|npz|jsonl|ndjson|xlsx?|ods|db|sqlite|arff|gz|zip)"),
    (MODEL, "data set", r".*\.(wav|mp3|flac|ogg|mp4|avi)"),
    (MODEL, "figure", r".*\.(png|jpe?g|gif|svg|webp|bmp|tiff?)"),
    (MODEL, "config", r".*\.(json|ya?ml|toml|ini|cfg)"),
)
"""The first that fits counts."""
_BY_NAME = re.compile("|".join(f"(?P<g{place}>{pattern})" for place, (_, _, pattern) in enumerate(_GUESSES)))
"""All in one: a folder may hold many files."""

_BY_CONTENT = {
    **dict.fromkeys(("csv", "json", "jsonl", "parquet", "feather", "npy"), (MODEL, "data set")),
    **dict.fromkeys(("pickle", "safetensors", "onnx", "hdf5"), (MODEL, "model file")),
    **dict.fromkeys(("image", "svg"), (MODEL, "figure")),
    "requirements": (MODEL, "environment"),
    "pdf": (DOCUMENTATION, "document"),
}
_MODEL_FOLDER = re.compile(
    r"saved_model\.pb|MLmodel|.*\.(safetensors|onnx|keras|gguf)|pytorch_model.*\.bin|tf_model\.h5"
)
"""Files by which folders of models are known, whatever else lies beside them."""

Field = Literal["category", "kind"]


class Guess(NamedTuple):
    """The category and kind of an artifact, and which of both nobody said."""

    category: str
    kind: str
    guessed: tuple[Field, ...]


def described(category: str | None, kind: str | None, guess: tuple[str, str]) -> Guess:
    """What was said of an artifact, and what was guessed for the rest. A guess that says nothing is none."""
    guessed: list[Field] = [] if category else ["category"]
    if kind is None and guess[1]:
        guessed.append("kind")
    return Guess(category or guess[0], guess[1] if kind is None else kind, tuple(guessed))


def guess(*names: str, folder: bool = False, path: Path | None = None, files: Iterable[str] = ()) -> tuple[str, str]:
    """The category and kind of an artifact; ``("model", "")`` where nothing tells them.

    The first of its names that says them counts, then what the first bytes of the file at ``path`` are, or which
    ``files`` a folder holds.
    """
    for name in names:
        if found := _by_name(name):
            return found
    if folder:
        return _of_folder(files)
    return (_of_content(path) if path is not None else None) or (MODEL, "")


def _by_name(name: str) -> tuple[str, str] | None:
    match = _BY_NAME.fullmatch(name.lower())
    return _GUESSES[int(match.lastgroup[1:])][:2] if match and match.lastgroup else None


def _of_folder(files: Iterable[str]) -> tuple[str, str]:
    """A model if a file says so; else what all files are; else just a folder."""
    names = [os.path.basename(file) for file in files]
    if any(map(_MODEL_FOLDER.fullmatch, names)):
        return MODEL, "model file"
    only = _by_name(names[0]) if names else None
    if only is None or any(_by_name(name) != only for name in names):
        return MODEL, "folder"
    # A folder of pictures is what a model learns from; a figure is one picture.
    return (MODEL, "data set") if only[1] == "figure" and len(names) > 1 else only


def _of_content(path: Path) -> tuple[str, str] | None:
    from tracker.data.metadata import kind_of

    try:
        return _BY_CONTENT.get(kind_of(path))
    except OSError:
        return None
