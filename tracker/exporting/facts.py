"""What an audit pack says, gathered from the registry: its tables, its files, its history. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker import store
from tracker.cards.saved import model_card
from tracker.comparing.codediff import CodeDiff, code_diff
from tracker.comparing.lineage import Direction, Graph, Node, as_rows, as_text, read_graph, walk
from tracker.comparing.sides import ENVIRONMENT, Known, Row, Side
from tracker.deciding.models import ModelVersion, of_model
from tracker.deciding.rows import values_of
from tracker.errors import TrackerError
from tracker.exporting.history import History, RowKey, read_history
from tracker.journal.metrics import MetricSummary, summarise
from tracker.model import Problem
from tracker.reading.registry import Registry
from tracker.store import Stored
from tracker.store.manifest import numbers, read_manifest

SCRIPT = "script"
"""The artifact that holds the script of a run whose code is not in git."""
GONE = ("trash", "deleted")
"""States in which a version's files are not to be read."""
MOST_LINES = 400
"""Lines of a lineage tree."""
STATES = {
    "artifact-missing": "missing",
    "artifact-altered": "altered",
    "artifact-manifest": "altered",
    "artifact-store": "out of reach",
}
"""What is found of a version's files, by the code of the problem."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact version that the run read or wrote, or that is the model."""

    key: str
    direction: str
    """``input``, ``output`` or ``model``."""
    row: Row
    stored: Stored | None
    """What its manifest says; None where the store has none."""
    state: str
    """``unchanged``, ``missing``, ``altered``, ``out of reach``; ``not read`` where its files were not looked at."""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything in an audit pack."""

    workbook: str
    """The name of the registry's file."""
    side: Side
    card: str
    """The model card as Markdown; empty for a run."""
    versions: tuple[ModelVersion, ...]
    """The registered versions: of the model, all of them; of a run, those that it made."""
    checklist: tuple[Row, ...]
    procedure: tuple[Row, ...]
    """The standard operating procedure as it is now."""
    artifacts: tuple[Artifact, ...]
    upstream: tuple[str, ...]
    """What it came from, as a tree of lines."""
    downstream: tuple[str, ...]
    lineage: tuple[Mapping[str, Any], ...]
    metrics: Mapping[str, MetricSummary]
    steps: Path
    """Every step of every metric; there may be no such file."""
    requirements: str
    uncommitted: str
    script: str
    code: CodeDiff | None
    """What changed in the code since the version before; None where there is none, or for a run."""
    history: History
    pending: int
    """Changes that are not in the workbook yet; they are part of what is said here."""

    @property
    def model(self) -> ModelVersion | None:
        return self.side.model

    @property
    def label(self) -> str:
        """``churn v3``, or the name of the run."""
        return self.side.label

    @property
    def as_of(self) -> datetime | None:
        """When the registry last changed, UTC; None where it has no history yet."""
        return self.history.newest


def gather(registry: Registry, reference: str, *, verify: bool = True) -> Facts:
    """Everything about a run or a model version.

    Args:
        reference: a run or a model version, as :meth:`tracker.comparing.sides.Known.side` understands it.
        verify: read all files of its artifacts again.

    Raises:
        ModelNotFoundError, RunNotFoundError: there is neither.
        BadRequestError: several runs could be meant.
    """
    known = Known(registry)
    side = known.side(reference)
    graph = read_graph(registry)
    start = Node("model", side.model.label) if side.model else Node("run", side.run_id)
    steps = registry.folders.metrics(side.run_id) if side.run_id else Path("none")
    status = registry.status()
    return Facts(
        workbook=registry.path.name,
        side=side,
        card=model_card(registry, reference).markdown if side.model else "",
        versions=_versions(known, side),
        checklist=side.checklist,
        procedure=tuple(values_of(registry.folders, "sop")),
        artifacts=tuple(_artifacts(registry, side, verify)),
        upstream=tuple(as_text(graph, start, "upstream", MOST_LINES)),
        downstream=tuple(as_text(graph, start, "downstream", MOST_LINES)),
        lineage=tuple(_lineage(graph, start)),
        metrics=summarise(steps)[1],
        steps=steps,
        requirements=_text(known, side, ENVIRONMENT),
        uncommitted=known.uncommitted(side),
        script=_text(known, side, SCRIPT),
        code=_code(known, side),
        history=read_history(registry.folders, _rows_about(known, side), status.stamp),
        pending=status.pending + status.waiting,
    )


# -- the parts ----------------------------------------------------------------------------------------------------


def _versions(known: Known, side: Side) -> tuple[ModelVersion, ...]:
    if side.model:
        return tuple(of_model(known.models, side.model.model))
    return tuple(one for one in known.models if one.run_id == side.run_id or one.artifact in side.outputs)


def _lineage(graph: Graph, start: Node) -> Iterable[Mapping[str, Any]]:
    directions: tuple[Direction, ...] = ("upstream", "downstream")
    for direction in directions:
        for row in as_rows(graph, walk(graph, start, direction)):
            yield {"direction": direction, **row}


def _text(known: Known, side: Side, name: str) -> str:
    """The text of the run's artifact of that name; empty where it has none."""
    return next((known.text(key) for key in side.outputs if key.rpartition(":")[0] == name), "")


def _code(known: Known, side: Side) -> CodeDiff | None:
    """What changed since the version of the model before this one."""
    if side.model is None:
        return None
    older = [one for one in of_model(known.models, side.model.model) if one.version < side.model.version]
    if not older:
        return None
    places = (known.registry.path.parent, Path.cwd())
    return code_diff(known.of_model(older[0]).commit, side.commit, places)


def _rows_about(known: Known, side: Side) -> set[RowKey]:
    """The rows of the registry that are about it."""
    found: set[RowKey] = set()
    if side.run_id:
        found.add(("runs", (side.run_id,)))
    found |= {("artifacts", (key,)) for key in (*side.inputs, *side.outputs)}
    for direction, keys in (("input", side.inputs), ("output", side.outputs)):
        found |= {("lineage", (side.run_id, direction, key)) for key in keys}
    found |= {("checklist", (side.run_id, str(item.get("item")))) for item in side.checklist}
    found |= {("models", one.key) for one in _versions(known, side)}
    return found


def _artifacts(registry: Registry, side: Side, verify: bool) -> Iterable[Artifact]:
    places: dict[str, str] = dict.fromkeys(side.inputs, "input")
    places |= dict.fromkeys(side.outputs, "output")
    if side.model and side.model.artifact:
        places[side.model.artifact] = "model"
    stored = {key: _stored(registry, key) for key in places}
    looked_at = [key for key, found in stored.items() if found is not None and found.state not in GONE]
    problems = store.verify(registry.folders, looked_at, orphans=False) if verify and looked_at else []
    for key, direction in places.items():
        row = side.artifacts.get(key, {})
        mine = [problem for problem in problems if problem.message.startswith(f"{key}: ")]
        state, remark = _state(row, stored[key], mine, verify and key in looked_at)
        yield Artifact(key, direction, row, stored[key], state, remark)


def _stored(registry: Registry, key: str) -> Stored | None:
    """What the manifest says, of deleted versions too."""
    name, _, version = key.rpartition(":")
    if not version.removeprefix("v").isdigit():
        return None
    try:
        number = int(version.removeprefix("v"))
        return read_manifest(registry.folders, name, number) if number in numbers(registry.folders, name) else None
    except (TrackerError, OSError, ValueError):
        return None


def _state(row: Row, stored: Stored | None, problems: list[Problem], looked_at: bool) -> tuple[str, str]:
    said = str(row.get("status") or "")
    if stored is None:
        return (said if said in GONE else "missing"), "The store has no manifest of it that can be read."
    if stored.state in GONE:
        return stored.state, str(row.get("status_why") or "")
    if problems:
        return STATES.get(problems[0].code, "altered"), problems[0].message.partition(": ")[2]
    if row.get("sha256") and stored.sha256 and row["sha256"] != stored.sha256:
        return "altered", f"The workbook says {row['sha256']}, which is not what was stored."
    return ("unchanged" if looked_at else "not read"), ""
