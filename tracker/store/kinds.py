"""What an artifact probably is, by its name: one of the four categories, and a kind. A person's own word wins."""

from __future__ import annotations

import re

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


def guess(*names: str, folder: bool = False) -> tuple[str, str]:
    """The category and kind of an artifact, by the first of its names that says them; else ``("model", "")``."""
    for name in names:
        for category, kind, pattern in _GUESSES:
            if re.fullmatch(pattern, name.lower()):
                return category, kind
    return MODEL, "folder" if folder else ""
