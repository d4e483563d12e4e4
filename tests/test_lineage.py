"""Lineage: what came from what, however far, in circles too, and which models came from a data set."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trained import prepare, train

import tracker
from tracker import capture
from tracker.comparing import lineage
from tracker.comparing.lineage import (
    Direction,
    Edge,
    Graph,
    Node,
    as_dot,
    as_rows,
    as_text,
    build,
    models_from,
    search,
    thinned,
    walk,
)
from tracker.deciding import decide
from tracker.deciding.models import ModelVersion
from tracker.errors import ArtifactNotFoundError
from tracker.reading.registry import Registry


@pytest.fixture(autouse=True)
def out_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capture, "script", lambda: None)
    monkeypatch.setattr(capture, "packages", lambda: "numpy==2.0\n")


def rows(*links: str) -> list[dict[str, Any]]:
    """Lineage rows: ``d:v1 > r1`` is read, ``r1 > m:v1`` is written."""
    found = []
    for link in links:
        source, target = link.split(" > ")
        read = ":" in source
        run, artifact = (target, source) if read else (source, target)
        found.append({"run_id": run, "direction": "input" if read else "output", "artifact": artifact})
    return found


def ids(graph: Graph, kind: lineage.Kind, id: str, direction: Direction) -> set[str]:
    return {step.node.id for step in walk(graph, Node(kind, id), direction).steps}


CHAIN = rows("raw:v1 > clean", "clean > train:v1", "train:v1 > fit", "fit > model:v1", "train:v1 > fit2")


# -- pure ---------------------------------------------------------------------------------------------------------


def test_upstream_and_downstream_go_all_the_way() -> None:
    graph = build(CHAIN)
    assert ids(graph, "artifact", "model:v1", "upstream") == {"fit", "train:v1", "clean", "raw:v1"}
    assert ids(graph, "artifact", "raw:v1", "downstream") == {"clean", "train:v1", "fit", "fit2", "model:v1"}
    assert ids(graph, "run", "fit", "upstream") == {"train:v1", "clean", "raw:v1"}
    assert ids(graph, "run", "fit", "downstream") == {"model:v1"}


def test_a_circle_ends() -> None:
    graph = build(rows("a:v1 > r", "r > a:v1", "r > b:v1", "b:v1 > s", "s > a:v1"))
    trace = walk(graph, Node("artifact", "a:v1"), "downstream")
    assert {node.id for node in trace.nodes} == {"a:v1", "r", "b:v1", "s"}
    assert Edge(Node("run", "s"), Node("artifact", "a:v1")) in trace.edges
    assert len(as_text(graph, trace.start, "downstream")) == 6


def test_what_is_unknown_has_no_surroundings() -> None:
    assert walk(build(CHAIN), Node("artifact", "nothing:v1"), "upstream").steps == ()
    assert models_from(build(CHAIN), "nothing:v1") == []


def test_an_artifact_whose_lineage_row_is_gone_still_has_its_run() -> None:
    graph = build(rows("d:v1 > fit"), [{"artifact": "m:v1", "run_id": "fit", "kind": "model file"}])
    assert ids(graph, "artifact", "m:v1", "upstream") == {"fit", "d:v1"}
    assert [found.artifact for found in models_from(graph, "d:v1")] == ["m:v1"]


def test_rows_of_no_known_direction_are_passed_over() -> None:
    strange = [{"run_id": "r", "direction": "sideways", "artifact": "a:v1"}, {"run_id": "r", "artifact": None}]
    assert build(strange) == Graph()


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("model file", True), ("Model", True), ("risk model", True), ("model card", False), ("figure", False)],
)
def test_which_kinds_are_models(kind: str, counts: bool) -> None:
    graph = build(CHAIN, [{"artifact": "model:v1", "kind": kind}])
    assert bool(models_from(graph, "raw:v1")) == counts


def test_models_from_data_are_the_registered_ones_and_the_files_nearest_first() -> None:
    links = [*CHAIN, *rows("fit2 > other:v1", "model:v1 > tune", "tune > model:v2")]
    kinds = [{"artifact": name, "kind": "model file"} for name in ("model:v1", "model:v2")]
    versions = [ModelVersion("churn", 3, "model:v2", stage="production"), ModelVersion("twin", 1, "other:v1")]
    found = models_from(build(links, kinds, versions), "raw:v1")
    assert [(one.artifact, one.registered, one.run_id, one.depth) for one in found] == [
        ("model:v1", (), "fit", 4),
        ("other:v1", ("twin v1",), "fit2", 4),
        ("model:v2", ("churn v3",), "tune", 6),
    ]


def test_the_tree_says_how_each_thing_stands_to_the_next() -> None:
    kinds = [{"artifact": "model:v1", "kind": "model file"}]
    graph = build(
        CHAIN, kinds, [ModelVersion("churn", 2, "model:v1", stage="staging")], [{"run_id": "fit", "name": "gbm"}]
    )
    assert as_text(graph, Node("model", "churn v2"), "upstream") == [
        "churn v2 (staging)",
        "└─ is model:v1 (model file)",
        "   └─ written by gbm (fit)",
        "      └─ read train:v1",
        "         └─ written by clean",
        "            └─ read raw:v1",
    ]
    assert as_text(graph, Node("artifact", "train:v1"), "downstream") == [
        "train:v1",
        "├─ read by gbm (fit)",
        "│  └─ wrote model:v1 (model file)",
        "│     └─ registered as churn v2 (staging)",
        "└─ read by fit2",
    ]


def test_what_was_shown_before_is_only_named() -> None:
    graph = build(rows("d:v1 > r", "r > m:v1", "d:v1 > s", "s > m:v1", "m:v1 > t"))
    lines = as_text(graph, Node("artifact", "d:v1"), "downstream")
    assert lines[-1] == "   └─ wrote m:v1, see above"
    assert sum("read by t" in line for line in lines) == 1


def test_a_long_tree_is_cut_off_and_says_how_much_is_missing() -> None:
    graph = build(rows(*(f"d:v1 > r{number:03d}" for number in range(500))))
    lines = as_text(graph, Node("artifact", "d:v1"), "downstream", most=10)
    assert len(lines) == 12
    assert lines[-1] == "… cut off here; 490 more are not shown"


def test_nothing_in_a_name_moves_the_cursor_or_ends_a_quote() -> None:
    graph = build(rows("d:v1 > r"), runs=[{"run_id": "r", "name": 'a\x1b[2J"\\\nb'}])
    (_, line) = as_text(graph, Node("artifact", "d:v1"), "downstream")
    assert line == '└─ read by a [2J"\\ b (r)'
    assert r'label="a [2J\"\\ b\nr"' in as_dot(graph, walk(graph, Node("artifact", "d:v1"), "downstream"))


@given(st.text(max_size=30))
def test_no_name_leaves_its_quotes_in_a_drawing(name: str) -> None:
    graph = build(CHAIN, runs=[{"run_id": "fit", "name": name}])
    middle = Node("artifact", "train:v1")
    text = as_dot(graph, walk(graph, middle, "upstream"), walk(graph, middle, "downstream"))
    quoted = r'"(?:[^"\\\n]|\\["\\n])*"'
    node = rf"  n\d+ \[label={quoted}, shape=(box|ellipse|hexagon)(, style=bold)?\];"
    lines = text.split("\n")
    assert sum(re.fullmatch(node, line) is not None for line in lines) == 6
    assert sum(re.fullmatch(rf"  n\d+ -> n\d+ \[label={quoted}\];", line) is not None for line in lines) == 5
    assert len(lines) == 6 + 5 + 5


def test_rows_have_everything_for_a_table() -> None:
    graph = build(CHAIN)
    found = as_rows(graph, walk(graph, Node("artifact", "train:v1"), "upstream"))
    assert found == [
        {"depth": 1, "what": "run", "id": "clean", "label": "clean", "how": "written by", "from": "train:v1"},
        {"depth": 2, "what": "artifact", "id": "raw:v1", "label": "raw:v1", "how": "read", "from": "clean"},
    ]


LINKS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["input", "output"]), st.integers(0, 6)), max_size=40, unique=True
)


@given(LINKS, st.integers(0, 6))
def test_a_walk_reaches_exactly_what_can_be_reached(links: list[tuple[int, str, int]], start: int) -> None:
    graph = build(
        {"run_id": f"r{run}", "direction": side, "artifact": f"a{artifact}:v1"} for run, side, artifact in links
    )
    arrows = {
        (f"a{artifact}:v1", f"r{run}") if side == "input" else (f"r{run}", f"a{artifact}:v1")
        for run, side, artifact in links
    }
    expected = {f"a{start}:v1"}
    while more := {target for source, target in arrows if source in expected} - expected:
        expected |= more
    trace = walk(graph, Node("artifact", f"a{start}:v1"), "downstream")
    assert {node.id for node in trace.nodes} == expected
    assert len(trace.nodes) == len(expected)
    assert {(edge.source.id, edge.target.id) for edge in trace.edges} == {a for a in arrows if a[0] in expected}
    depths = {trace.start: 0, **{step.node: step.depth for step in trace.steps}}
    assert all(depths[step.via] == step.depth - 1 for step in trace.steps)


@given(LINKS, st.integers(0, 6), st.integers(1, 3), st.integers(1, 8))
def test_a_thinned_trace_hangs_together_and_says_what_is_missing(
    links: list[tuple[int, str, int]], start: int, across: int, most: int
) -> None:
    graph = build(
        {"run_id": f"r{run}", "direction": side, "artifact": f"a{artifact}:v1"} for run, side, artifact in links
    )
    trace = walk(graph, Node("artifact", f"a{start}:v1"), "downstream")
    thin, missing = thinned(trace, across, most)
    kept = set(thin.nodes)
    assert len(thin.steps) <= most
    assert set(thin.steps) <= set(trace.steps)
    assert all(step.via in kept for step in thin.steps)
    assert thin.edges == tuple(edge for edge in trace.edges if kept.issuperset(edge))
    for node in kept:
        beside = [step for step in trace.steps if step.via == node]
        drawn = [step for step in thin.steps if step.via == node]
        assert len(drawn) <= across
        assert len(drawn) + missing.get(node, 0) == len(beside)
    assert set(missing) <= kept
    if len(trace.steps) <= min(across, most):
        assert (thin, missing) == (trace, {})


def test_a_drawing_says_how_much_is_missing_and_where_a_click_leads() -> None:
    graph = build(rows("d:v1 > r1", "d:v1 > r2", "d:v1 > r3", "r1 > m:v1"))
    trace = walk(graph, Node("artifact", "d:v1"), "downstream")
    thin, missing = thinned(trace, 1, 10)
    dot = as_dot(graph, thin, missing={"downstream": missing}, link=lambda node: f'lineage?of="{node.id}')
    assert [node.id for node in thin.nodes] == ["d:v1", "r1", "m:v1"]
    assert '  n1 [label="r1", shape=ellipse, URL="lineage?of=\\"r1", target="_self"];' in dot
    assert '  m0 [label="… 2 more", shape=plaintext];\n  n0 -> m0 [style=dashed];' in dot
    assert "URL" not in as_dot(graph, trace)


def test_things_are_found_by_words_the_newest_first() -> None:
    named = [{"run_id": f"r{number}", "name": f"Gbm fold {number}"} for number in range(3)]
    artifacts = [{"artifact": f"gbm-model:v{number}", "kind": "model file"} for number in range(3)]
    graph = build([], artifacts, [ModelVersion("gbm", 1, stage="production")], named)
    found = [node.id for node in search(graph, "gbm")]
    assert found == ["gbm v1", "gbm-model:v2", "gbm-model:v1", "gbm-model:v0", "r2", "r1", "r0"]
    assert [node.id for node in search(graph, "FOLD gbm 1")] == ["r1"]
    assert [node.id for node in search(graph, "production")] == ["gbm v1"]
    assert search(graph, "nothing") == []
    assert [node.id for node in search(graph, "", 1)] == ["gbm v1", "gbm-model:v2", "r2"]


@given(LINKS, st.integers(0, 6), st.integers(0, 6))
def test_upstream_is_downstream_seen_from_the_other_end(links: list[Any], one: int, other: int) -> None:
    graph = build(
        {"run_id": f"r{run}", "direction": side, "artifact": f"a{artifact}:v1"} for run, side, artifact in links
    )
    here, there = Node("artifact", f"a{one}:v1"), Node("artifact", f"a{other}:v1")
    assert (there in walk(graph, here, "downstream").nodes) == (here in walk(graph, there, "upstream").nodes)


@given(LINKS, st.integers(0, 6))
def test_the_tree_names_everything_once_in_full(links: list[Any], start: int) -> None:
    graph = build(
        {"run_id": f"r{run}", "direction": side, "artifact": f"a{artifact}:v1"} for run, side, artifact in links
    )
    node = Node("artifact", f"a{start}:v1")
    lines = as_text(graph, node, "downstream", most=10_000)
    shown = [line.split()[-1] for line in lines if not line.endswith(", see above")]
    assert set(shown) == {found.id for found in walk(graph, node, "downstream").nodes}


def test_ten_thousand_runs_are_answered_at_once() -> None:
    links = []
    for number in range(10_000):
        run = f"20261124-{number:06d}-abcdef"
        reads = (f"train:v{number % 50 + 1}", f"test:v{number % 7 + 1}", "features:v1")
        links += [{"run_id": run, "direction": "input", "artifact": artifact} for artifact in reads]
        links += [
            {"run_id": run, "direction": "output", "artifact": f"{n}:v{number + 1}"} for n in ("model", "roc.png")
        ]
    versions = [ModelVersion("m", number + 1, f"model:v{number + 1}") for number in range(0, 10_000, 100)]
    taken = []
    for _ in range(5):
        begin = time.process_time()  # it only computes: what else the machine does is not its time
        found = models_from(build(links, models=versions), "features:v1")
        taken.append(time.process_time() - begin)
    assert len(found) == 100
    assert min(taken) < 0.1


# -- a registry ---------------------------------------------------------------------------------------------------


def test_a_registry_knows_which_models_came_from_which_data(registry_path: Path) -> None:
    prepare(registry_path, "a,b\n1,2\n")
    first = train(registry_path, "one", data="churn-train:latest")
    prepare(registry_path, "a,b\n3,4\n")
    second = train(registry_path, "two", data="churn-train:latest")
    registry = Registry(registry_path)
    decide.register(registry, "churn", "churn-model:v2", "ds1")
    graph = lineage.read_graph(registry)
    assert [(m.artifact, m.registered, m.run_id) for m in models_from(graph, "churn-train:v1")] == [
        ("churn-model:v1", (), first)
    ]
    assert [(m.artifact, m.registered, m.run_id) for m in models_from(graph, "churn-train:v2")] == [
        ("churn-model:v2", ("churn v1",), second)
    ]


def test_what_is_pending_is_in_the_graph(registry_path: Path) -> None:
    prepare(registry_path, "a,b\n1,2\n")
    with tracker.start_run(registry_path, experiment="churn", name="one") as run:
        run.use_artifact("churn-train:v1")
        run.log_artifact(registry_path.with_name("churn-train.csv"), name="churn-model", kind="model file")
        registry = Registry(registry_path)
        assert registry.status().pending
        found = models_from(lineage.read_graph(registry), "churn-train:v1")
        assert [one.artifact for one in found] == ["churn-model:v1"]


def test_people_name_artifacts_models_and_runs(registry_path: Path) -> None:
    run_id = train(registry_path, "gbm")
    registry = Registry(registry_path)
    decide.register(registry, "churn", "churn-model", "ds1")
    artifact, model, run = Node("artifact", "churn-model:v1"), Node("model", "churn v1"), Node("run", run_id)
    for text, node in {
        "churn-model": artifact,
        "churn-model:v1": artifact,
        "churn v1": model,
        "churn:v1": model,
        "churn:none": model,
        "gbm": run,
        run_id[:-2]: run,
    }.items():
        assert lineage.find_node(registry, text) == node, text
    with pytest.raises(ArtifactNotFoundError, match="Nor is there a model or a run of that name"):
        lineage.find_node(registry, "nobody")
