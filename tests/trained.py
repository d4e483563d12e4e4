"""Registries with trained models in them, made through ``tracker.start_run`` as a script makes them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import tracker
from tracker.deciding.edits import edit_row
from tracker.runs.pulse import Pulse


def train(
    path: Path,
    name: str,
    *,
    data: str = "",
    content: str | None = None,
    params: dict[str, Any] | None = None,
    metrics: dict[str, float] | None = None,
    model: str = "churn-model",
    experiment: str = "churn",
    **files: str,
) -> str:
    """A run that reads an artifact and writes a model file of its own; gives its id.

    Args:
        content: what the model file holds; the run's name where it is not given.
        files: further outputs, text by name; ``_`` stands for the dot.
    """
    with tracker.start_run(path, experiment=experiment, name=name, owner="ds1", params=params) as run:
        if data:
            run.use_artifact(data)
        run.log_metrics(metrics or {})
        file = path.with_name("model.bin")
        file.write_text(name if content is None else content, encoding="utf-8")
        run.log_artifact(file, name=model, category="model", kind="model file")
        for file_name, text in files.items():
            run.log_text(text, file_name.replace("_", "."))
    return run.run_id


def prepare(path: Path, text: str, name: str = "churn-train") -> str:
    """A run that writes a version of a data set; gives the run's id."""
    with tracker.start_run(path, experiment="churn", name="prepare", owner="ds1") as run:
        file = path.with_name(f"{name}.csv")
        file.write_text(text, encoding="utf-8")
        run.log_artifact(file, name=name, kind="data set")
    return run.run_id


def open_gates(path: Path) -> None:
    """Let models go into any stage: what their checklists lack is tested in test_gate.py."""
    registry = tracker.open(path)
    seen = registry.row("settings", ("gate.stages",)) or {}
    edit_row(registry, "settings", ("gate.stages",), {"value": "none"}, seen, "ds1", create=True)


def settle(registry: Path) -> None:
    """Have the syncs of a registry done that were put off, so that what is copied now is not under way."""
    for thread in threading.enumerate():
        pulse = getattr(getattr(thread, "_target", None), "__self__", None)
        if isinstance(pulse, Pulse) and pulse._folders.workbook == registry:
            assert pulse.finish() is None
