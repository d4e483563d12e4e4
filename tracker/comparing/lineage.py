"""What came from what: the graph of runs, artifact versions and registered models, and its answers.

Arrows point where the data goes: an artifact is read by a run, a run wrote an artifact, an artifact is registered as a
model version. *Upstream* of something is all it came from, *downstream* all that came from it. A run that reads and
writes the same content makes a circle, which every walk passes once. Everything here is pure except :func:`read_graph`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from tracker.deciding.aliases import resolve
from tracker.deciding.decision import Cells, on_one_line
from tracker.deciding.models import ModelVersion, find_version, registered
from tracker.deciding.rows import cells_of
from tracker.errors import ArtifactNotFoundError, ModelNotFoundError, RunNotFoundError, TrackerError
from tracker.reading.registry import Registry
from tracker.values import key_text

Kind = Literal["artifact", "run", "model"]
Direction = Literal["upstream", "downstream"]

VERBS: dict[tuple[Direction, Kind, Kind], str] = {
    ("upstream", "artifact", "run"): "written by",
    ("upstream", "run", "artifact"): "read",
    ("upstream", "model", "artifact"): "is",
    ("downstream", "artifact", "run"): "read by",
    ("downstream", "run", "artifact"): "wrote",
    ("downstream", "artifact", "model"): "registered as",
}
"""How one thing is said to stand to the next, by where one looks and what both are."""


class Node(NamedTuple):
    """An artifact version (``churn:v3``), a run (its id) or a registered model version (``churn v3``)."""

    kind: Kind
    id: str


class Edge(NamedTuple):
    """An arrow, in the direction in which the data goes."""

    source: Node
    target: Node

    @property
    def verb(self) -> str:
        """What the source had to do with the target."""
        return VERBS["downstream", self.source.kind, self.target.kind]


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that the lineage, artifacts and models tables say; see :func:`build`."""

    read_by: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Runs by the artifact version that they read."""
    written_by: Mapping[str, Collection[str]] = field(default_factory=dict)
    inputs: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Artifact versions by the run that read them."""
    outputs: Mapping[str, Collection[str]] = field(default_factory=dict)
    models: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Registered model versions by their artifact version."""
    artifact_of: Mapping[str, str] = field(default_factory=dict)
    """The artifact version by the registered model version."""
    about: Mapping[Node, str] = field(default_factory=dict)
    """What is known of a node besides its id: a run's name, an artifact's kind, a model's stage."""

    def next(self, node: Node, direction: Direction) -> Iterator[Node]:
        """The nodes one step away."""
        name = node.id
        if node.kind == "run":
            found = self.inputs if direction == "upstream" else self.outputs
            yield from (Node("artifact", artifact) for artifact in found.get(name, ()))
        elif node.kind == "model":
            if direction == "upstream" and name in self.artifact_of:
                yield Node("artifact", self.artifact_of[name])
        else:
            runs = self.written_by if direction == "upstream" else self.read_by
            yield from (Node("run", run) for run in runs.get(name, ()))
            if direction == "downstream":
                yield from (Node("model", model) for model in self.models.get(name, ()))

    def label(self, node: Node) -> str:
        """A node for people, on one line: ``churn:v3 (data set)``, ``gbm depth 6 (20261124-…)``."""
        name, *more = self.words(node)
        return f"{name} ({more[0]})" if more else name

    def words(self, node: Node) -> list[str]:
        """What a node is called, and what else tells it from others."""
        about, name = on_one_line(self.about.get(node, "")), on_one_line(node.id)
        if not about:
            return [name]
        return [about, name] if node.kind == "run" else [name, about]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that a walk came to."""

    node: Node
    depth: int
    """Steps from the start, on the shortest way."""
    via: Node
    """What it was reached from."""


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is upstream or downstream of something."""

    start: Node
    direction: Direction
    steps: tuple[Step, ...]
    """Nearest first; the start itself is none."""
    edges: tuple[Edge, ...]
    """Every arrow among the start and what was reached, each once."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The start and what was reached, nearest first."""
        return (self.start, *(step.node for step in self.steps))


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model that came from a data set: an artifact that is one, and what it is registered as."""

    artifact: str
    registered: tuple[str, ...]
    """``churn v3``; several where it is registered under several names, empty where it is under none."""
    run_id: str
    """The run that wrote it, of those that came from the data."""
    depth: int
    """Steps from the data: 2 where the run that wrote it read the data itself."""


# -- making -------------------------------------------------------------------------------------------------------


def build(
    lineage: Iterable[Cells],
    artifacts: Iterable[Cells] = (),
    models: Iterable[ModelVersion] = (),
    runs: Iterable[Cells] = (),
) -> Graph:
    """The graph that rows of these tables make. Only lineage is needed; the others add names, kinds and stages."""
    read_by: dict[str, dict[str, None]] = {}
    written_by: dict[str, dict[str, None]] = {}
    inputs: dict[str, dict[str, None]] = {}
    outputs: dict[str, dict[str, None]] = {}
    sides = {"input": (inputs, read_by), "output": (outputs, written_by)}
    for row in lineage:
        run, artifact = key_text(row["run_id"]), key_text(row.get("artifact"))
        of_run, of_artifact = sides.get(key_text(row.get("direction")).lower(), (None, None))
        if of_run is not None and of_artifact is not None and artifact:
            of_run.setdefault(run, {})[artifact] = None
            of_artifact.setdefault(artifact, {})[run] = None
    about: dict[Node, str] = {}
    for row in artifacts:
        artifact, run = key_text(row["artifact"]), key_text(row.get("run_id"))
        about[Node("artifact", artifact)] = key_text(row.get("kind"))
        if run and artifact not in written_by:  # a lineage row that a person deleted
            outputs.setdefault(run, {})[artifact] = None
            written_by.setdefault(artifact, {})[run] = None
    held: dict[str, list[str]] = {}
    artifact_of: dict[str, str] = {}
    for model in models:
        about[Node("model", model.label)] = "" if model.stage == "none" else model.stage
        if model.artifact:
            held.setdefault(model.artifact, []).append(model.label)
            artifact_of[model.label] = model.artifact
    for row in runs:
        about[Node("run", key_text(row["run_id"]))] = key_text(row.get("name"))
    return Graph(read_by, written_by, inputs, outputs, held, artifact_of, about)


def read_graph(registry: Registry) -> Graph:
    """The graph of a registry, pending changes included. Raises as :func:`tracker.reading.tables.read_grid`."""
    tables = {name: cells_of(registry.folders, name) for name in ("lineage", "artifacts", "runs")}
    return build(tables["lineage"], tables["artifacts"], registered(registry), tables["runs"])


def find_node(registry: Registry, reference: str) -> Node:
    """What a person means: an artifact version, a registered model version, or a run.

    Models go by ``churn v3`` or as :func:`~tracker.deciding.models.find_version` has it, runs as :meth:`Registry.run`.

    Raises:
        TrackerError: none of them; the message says what there is.
    """
    try:
        return Node("artifact", key_text(resolve(cells_of(registry.folders, "artifacts"), reference)["artifact"]))
    except ArtifactNotFoundError as error:
        not_found: TrackerError = error
    versions = registered(registry)
    for one in versions:
        if one.label == reference.strip():
            return Node("model", one.label)
    try:
        return Node("model", find_version(versions, reference).label)
    except ModelNotFoundError:
        pass
    try:
        return Node("run", registry.run_id(reference))
    except RunNotFoundError:
        pass
    fields = {**not_found.fields, "path": registry.path}
    hint = f"Nor is there a model or a run of that name. {fields['hint']}"
    raise ArtifactNotFoundError(**{**fields, "hint": hint})


def search(graph: Graph, words: str, most: int = 200) -> list[Node]:
    """The nodes whose name, kind or stage has all the words, without regard to case; ``most`` of each kind.

    Models come first, then artifacts, then runs; of each the newest first.
    """
    wanted = words.casefold().split()
    found: dict[Kind, list[Node]] = {"model": [], "artifact": [], "run": []}
    for node in reversed(list(graph.about)):
        if len(found[node.kind]) < most and all(word in f"{node.id} {graph.about[node]}".casefold() for word in wanted):
            found[node.kind].append(node)
    return [node for nodes in found.values() for node in nodes]


# -- walking ------------------------------------------------------------------------------------------------------


def walk(graph: Graph, start: Node, direction: Direction) -> Trace:
    """All that is upstream or downstream of an artifact version, a run or a model, however far."""
    steps: dict[Node, Step] = {}
    edges: dict[Edge, None] = {}
    todo = deque([(start, 0)])
    while todo:
        node, depth = todo.popleft()
        for found in graph.next(node, direction):
            edges[Edge(node, found) if direction == "downstream" else Edge(found, node)] = None
            if found != start and found not in steps:
                steps[found] = Step(found, depth + 1, node)
                todo.append((found, depth + 1))
    return Trace(start, direction, tuple(steps.values()), tuple(edges))


def thinned(trace: Trace, across: int, most: int) -> tuple[Trace, dict[Node, int]]:
    """The beginning of a trace that can be drawn: of each thing ``across`` neighbours, ``most`` things in all.

    Returns:
        It, with the arrows among what is left of it; and how many neighbours of which things are missing.
    """
    kept: dict[Node, Step] = {}
    shown: Counter[Node] = Counter()
    missing: Counter[Node] = Counter()
    for step in trace.steps:
        if step.via != trace.start and step.via not in kept:
            continue
        if shown[step.via] < across and len(kept) < most:
            shown[step.via] += 1
            kept[step.node] = step
        else:
            missing[step.via] += 1
    inside = {trace.start, *kept}
    edges = tuple(edge for edge in trace.edges if edge.source in inside and edge.target in inside)
    return Trace(trace.start, trace.direction, tuple(kept.values()), edges), dict(missing)


def models_from(graph: Graph, artifact: str) -> list[FoundModel]:
    """Every model that came from an artifact version, such as a data set: registered ones, and files that are models.

    Nearest first. An artifact counts as a model where it is registered as one or its kind says so.
    """
    found: list[FoundModel] = []
    artifacts, runs = {artifact}, set[str]()
    here, depth = [artifact], 0
    while here:  # by names alone: a data set that 10,000 runs read is answered at once
        depth += 2
        reached = []
        for run in (run for name in here for run in graph.read_by.get(name, ()) if run not in runs):
            runs.add(run)
            for output in graph.outputs.get(run, ()):
                if output in artifacts:
                    continue
                artifacts.add(output)
                reached.append(output)
                names = graph.models.get(output, ())
                if names or _is_model(graph.about.get(Node("artifact", output), "")):
                    found.append(FoundModel(output, tuple(names), run, depth))
        here = reached
    return found


def _is_model(kind: str) -> bool:
    """Whether a kind of artifact is a model: ``model file``, or what a team calls it, but not ``model card``."""
    words = kind.lower().split()
    return "model" in words and "card" not in words


# -- showing ------------------------------------------------------------------------------------------------------


def as_rows(graph: Graph, trace: Trace) -> list[dict[str, Any]]:
    """A trace as a table: depth, what (artifact, run or model), id, label, how, from."""
    return [
        {
            "depth": step.depth,
            "what": step.node.kind,
            "id": step.node.id,
            "label": graph.label(step.node),
            "how": VERBS[trace.direction, step.via.kind, step.node.kind],
            "from": graph.label(step.via),
        }
        for step in trace.steps
    ]


def as_text(graph: Graph, start: Node, direction: Direction, most: int = 200) -> list[str]:
    """A tree for a terminal. What was shown before is only named; after ``most`` lines it is cut off, which is said."""
    lines = [graph.label(start)]
    shown = {start}
    todo: list[tuple[Node, Node, str, bool]] = []

    def put(node: Node, indent: str) -> None:
        below = list(graph.next(node, direction))
        todo.extend((node, child, indent, place == 0) for place, child in enumerate(reversed(below)))

    put(start, "")
    while todo:
        parent, node, indent, is_last = todo.pop()
        if len(lines) > most:
            rest = len(walk(graph, start, direction).nodes) - len(shown)
            return [*lines, f"… cut off here; {rest} more are not shown" if rest else "… cut off here"]
        line = f"{indent}{'└─' if is_last else '├─'} {VERBS[direction, parent.kind, node.kind]} {graph.label(node)}"
        is_known = node in shown
        shown.add(node)
        if is_known:
            line += ", see above" if next(graph.next(node, direction), None) else ""
        else:
            put(node, indent + ("   " if is_last else "│  "))
        lines.append(line)
    return lines


_SHAPES: dict[Kind, str] = {"artifact": "box", "run": "ellipse", "model": "hexagon"}


def as_dot(
    graph: Graph,
    *traces: Trace,
    missing: Mapping[Direction, Mapping[Node, int]] | None = None,
    link: Callable[[Node], str] | None = None,
) -> str:
    """Traces of one start as a drawing for Graphviz, the start in bold; both directions are its surroundings.

    Args:
        missing: what :func:`thinned` left out in each direction.
        link: gives the address that a click on a thing leads to.
    """
    starts = {trace.start for trace in traces}
    nodes = dict.fromkeys(node for trace in traces for node in trace.nodes)
    edges = dict.fromkeys(edge for trace in traces for edge in trace.edges)
    names = {node: f"n{number}" for number, node in enumerate(nodes)}
    lines = ["digraph lineage {", "  rankdir=LR;", '  node [fontname="sans-serif"];']
    for node, name in names.items():
        bold = ", style=bold" if node in starts else ""
        href = f', URL={_quoted(link(node))}, target="_self"' if link else ""
        lines.append(f"  {name} [label={_quoted(*graph.words(node))}, shape={_SHAPES[node.kind]}{bold}{href}];")
    for edge in edges:
        lines.append(f"  {names[edge.source]} -> {names[edge.target]} [label={_quoted(edge.verb)}];")
    rests = [(direction, node, count) for direction, rest in (missing or {}).items() for node, count in rest.items()]
    for number, (direction, node, count) in enumerate(rests):
        lines.append(f'  m{number} [label="… {count:,} more", shape=plaintext];')
        ends = (names[node], f"m{number}") if direction == "downstream" else (f"m{number}", names[node])
        lines.append(f"  {ends[0]} -> {ends[1]} [style=dashed];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(*lines: str) -> str:
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(escaped) + '"'
