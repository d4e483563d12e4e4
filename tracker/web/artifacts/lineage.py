"""The Lineage page: what something came from, what came from it, and which models a data set is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from tracker.comparing.lineage import (
    Direction,
    FoundModel,
    Graph,
    Kind,
    Node,
    Trace,
    as_dot,
    as_rows,
    find_node,
    models_from,
    search,
    thinned,
    walk,
)
from tracker.errors import TrackerError
from tracker.web.common import address, say, shown
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.reading import data, finding
from tracker.web.reading.watch import Stamp

CODE = """with tracker.start_run({path!r}, experiment="churn") as run:
    path = run.use_artifact("churn-train:latest")
    run.log_artifact("model.pkl", name="churn-model", category="model")
"""
KINDS: tuple[Kind, ...] = ("model", "artifact", "run")
"""In the order in which they are offered."""
SIDES: dict[str, tuple[Direction, ...]] = {
    "Both": ("upstream", "downstream"),
    "Upstream": ("upstream",),
    "Downstream": ("downstream",),
}
SHARED: address.Defaults = {"lineage-side": "Both"}
"""What the page's address says of it, besides what it begins with."""
TITLES: dict[Direction, str] = {"upstream": "What it came from", "downstream": "What came from it"}
MOST_OFFERED = 1_000
"""Things to choose from that a browser filters at once; of more, it is given the newest, and the server looks for the
others."""
ACROSS = 8
"""How many neighbours of one thing are drawn, with how many more there are; the tables have all."""
MOST_DRAWN = 40
"""How many things of each direction are drawn."""
FEW = 30
"""So many things are seen at once; a drawing of more is scrolled."""
DRAWING = 620
STYLE = """<style>
.st-key-lineage-drawing svg .node text { font-size: 10px !important; }
.st-key-lineage-drawing svg .edge text { font-size: 9px !important; }
.st-key-lineage-drawing [data-testid=stGraphVizChart] { overflow-x: auto; }
.st-key-lineage-drawing svg { max-width: none !important; }
</style>"""
"""Streamlit would draw all words smaller than the shapes were made for, and smaller still on a narrow screen."""
THEME = {"light": ("#5B7083", "#0B1B2A"), "dark": ("#9DB7CB", "#E6EEF4")}
"""Lines and text of the drawing."""


@st.cache_resource(max_entries=4, show_spinner=False)  # nobody changes it, and a copy for each look would take a while
def graph_of(path: Path, stamp: Stamp) -> Graph:
    """The graph of a registry; see :func:`tracker.comparing.lineage.read_graph`."""
    return data.workers().find(finding.graph, path)


def show(context: Context) -> None:
    """The page."""
    graph = graph_of(context.place.path, context.stamp)
    begun = graph.written_by or graph.read_by or any(node.kind == "artifact" for node in graph.about)
    if not begun or not graph.about:
        say.nothing_yet(
            "No lineage yet",
            "It comes by itself from what runs read and write:",
            CODE.format(path=str(context.place.path)),
        )
        return
    address.take_over(SHARED, of="of")
    start, directions = _chosen(context, graph)
    address.write(SHARED, keep=("of",))
    if start is None:
        return
    traces = [walk(graph, start, direction) for direction in directions]
    _draw(context, graph, traces)
    if start.kind == "artifact":
        _models(context, start, models_from(graph, start.id))
    for trace in traces:
        _steps(context, graph, trace)


def _chosen(context: Context, graph: Graph) -> tuple[Node | None, tuple[Direction, ...]]:
    """What the page's address names, else what was looked at last, else the first model or artifact."""
    many = len(graph.about) > MOST_OFFERED
    offered = search(graph, "", MOST_OFFERED // len(KINDS) if many else MOST_OFFERED)
    wanted = st.query_params.get("of")
    start: Node | None = st.session_state.get("last-lineage")
    if wanted is not None:
        start, alike = _named(context, graph, wanted)
        offered = alike or offered
    elif start not in graph.about:
        start = offered[0]

    def turn() -> None:
        picked = st.session_state["lineage-picker"]
        if picked is not None:
            st.query_params["of"] = picked.id if isinstance(picked, Node) else picked

    if start is not None and start not in offered:  # an older one, or one that only a lineage row names
        offered = [start, *offered]
    st.session_state["lineage-picker"] = start
    left, right = st.columns([5, 3], vertical_alignment="bottom")
    left.selectbox(
        "An artifact version, a model version or a run",
        offered,
        index=None if start is None else 0,
        format_func=lambda node: f"{node.kind} · {graph.label(node)}" if isinstance(node, Node) else node,
        key="lineage-picker",
        on_change=turn,
        placeholder="Choose one",
        accept_new_options=many,
        filter_mode="contains",
        help=f"Of {len(graph.about):,} the newest are listed; type words of another and press Enter." if many else None,
    )
    address.keep_valid("lineage-side", SIDES)
    st.session_state.setdefault("lineage-side", "Both")
    side = right.segmented_control(
        "Direction",
        list(SIDES),
        required=True,
        key="lineage-side",
        label_visibility="collapsed",
        persist_state="session",
    )
    if start is not None:
        st.session_state["last-lineage"] = start
        address.name("of", start.id)
    return start, SIDES[str(side)]


def _named(context: Context, graph: Graph, name: str) -> tuple[Node | None, list[Node]]:
    """What a person means; and where several things may be meant, those."""
    for kind in KINDS:  # found without reading the workbook again
        if (node := Node(kind, name)) in graph.about:
            return node, []
    try:
        return find_node(context.registry, name), []
    except TrackerError as error:
        most = MOST_OFFERED // len(KINDS)
        alike = search(graph, name, most)
        if len(alike) == 1:
            return alike[0], []
        if alike:
            number = f"{len(alike):,}" if len(alike) < most else "Many"
            st.info(f"{number} things are called like {plain(name)}. Choose one of them below.")
        else:
            say.failed(error)
        return None, alike


def draw(context: Context, node: Node) -> bool:
    """The drawing of one thing in both directions, for its own page; says whether anything is connected with it."""
    graph = graph_of(context.place.path, context.stamp)
    traces = [walk(graph, node, direction) for direction in SIDES["Both"]] if node in graph.about else []
    if not any(trace.steps for trace in traces):
        return False
    _draw(context, graph, traces)
    return True


# -- the drawing --------------------------------------------------------------------------------------------------


def _draw(context: Context, graph: Graph, traces: Sequence[Trace]) -> None:
    if not any(trace.steps for trace in traces):
        st.info("Nothing is known to be connected with it in this direction.")
        return
    thin = [thinned(trace, ACROSS, MOST_DRAWN) for trace in traces]
    missing = {trace.direction: rest for trace, rest in thin}
    dot = as_dot(graph, *(trace for trace, _ in thin), missing=missing, link=_link(context))
    line, words = THEME.get(str(st.context.theme.type), THEME["light"])
    style = (
        f'  bgcolor="transparent"; ranksep=0.5; nodesep=0.12;\n'
        f'  node [color="{line}", fontcolor="{words}", fontsize=10, height=0.3, margin="0.08,0.04"];\n'
        f'  edge [color="{line}", fontcolor="{line}", fontsize=9, arrowsize=0.6];\n'
    )
    st.html(STYLE)
    head, brace, rest = dot.partition("{\n")
    drawn = sum(len(each.steps) for each, _ in thin)
    with st.container(border=True, key="lineage-drawing", height="content" if drawn <= FEW else DRAWING):
        st.graphviz_chart(f"{head}{brace}{style}{rest}", width="content", alt="The lineage as a drawing")
    left = sum(len(trace.steps) for trace in traces) - drawn
    more = f" {left:,} more are in the tables." if left else ""
    st.caption(f"boxes: artifacts · ellipses: runs · hexagons: models · arrows: where the data goes.{more}")


def _link(context: Context) -> Callable[[Node], str]:
    """A click on a thing in the drawing leads to its own lineage."""
    registry = {"registry": context.link} if context.link else {}
    return lambda node: f"lineage?{urlencode({'of': node.id, **registry})}"


# -- the tables ---------------------------------------------------------------------------------------------------


def _models(context: Context, start: Node, found: Sequence[FoundModel]) -> None:
    """The answer to: which models came from this data?"""
    if not found:
        return
    st.markdown(f"## {shown.count(len(found), 'model')} came from {plain(start.id)}")
    runs = context.runs()
    names = dict(zip(runs["run_id"], runs["name"], strict=True))
    table = pd.DataFrame(
        {
            "model": [one.artifact for one in found],
            "registered as": [", ".join(one.registered) or None for one in found],
            "made by": [shown.cut(str(names.get(one.run_id) or one.run_id), 80) for one in found],
            "steps": [one.depth for one in found],
        }
    )
    _clickable(
        context,
        table,
        "lineage-models",
        {
            "model": [Node("artifact", one.artifact) for one in found],
            "made by": [Node("run", one.run_id) for one in found],
        },
    )


def _steps(context: Context, graph: Graph, trace: Trace) -> None:
    """Everything in one direction, nearest first."""
    st.markdown(f"## {TITLES[trace.direction]}")
    if not trace.steps:
        st.caption("Nothing that is known.")
        return
    rows = as_rows(graph, trace)
    table = pd.DataFrame(
        {
            "step": [row["depth"] for row in rows],
            "from": [shown.cut(row["from"], 100) for row in rows],
            "how": [row["how"] for row in rows],
            "to": [shown.cut(row["label"], 100) for row in rows],
            "what": [row["what"] for row in rows],
            "trace": ["from here"] * len(rows),
        }
    )
    nodes = [step.node for step in trace.steps]
    _clickable(context, table, f"lineage-{trace.direction}", {"to": nodes}, nodes)


def _clickable(
    context: Context,
    table: pd.DataFrame,
    key: str,
    links: dict[str, list[Node]],
    traced: Sequence[Node] = (),
) -> None:
    """A table in which some columns lead to the page of what they name, and one to its lineage."""

    def clicked(column: str, nodes: Sequence[Node], what: str) -> Callable[[], None]:
        def on_click() -> None:
            if (cell := st.session_state.get(f"{key}-{column}")) is not None:
                st.session_state[what] = nodes[cell["row"]]

        return on_click

    buttons: dict[str, Any] = {
        column: st.column_config.ButtonColumn(
            column,
            type="tertiary",
            alignment="left",
            key=f"{key}-{column}",
            on_click=clicked(column, nodes, "lineage-open"),
            help="Opens its page.",
        )
        for column, nodes in links.items()
    }
    if traced:
        buttons["trace"] = st.column_config.ButtonColumn(
            "trace",
            type="tertiary",
            key=f"{key}-trace",
            on_click=clicked("trace", traced, "lineage-next"),
            width=90,
            help="Its own lineage.",
        )
    st.container(key=key).dataframe(
        table,
        key=f"{key}-grid",
        hide_index=True,
        height=shown.grid_height(len(table), 390),
        placeholder="",
        column_config={
            "step": st.column_config.NumberColumn(width=50),
            "steps": st.column_config.NumberColumn(width=60),
            "what": st.column_config.TextColumn(width=75),
            **buttons,
        },
        alt="Lineage",
    )
    if (node := st.session_state.pop("lineage-next", None)) is not None:
        st.query_params["of"] = node.id
        st.rerun()
    if (node := st.session_state.pop("lineage-open", None)) is not None:
        _open(context, node)


def _open(context: Context, node: Node) -> None:
    """Turn to the page of a run, an artifact version or a model."""
    registry = {"registry": context.link} if context.link else {}
    if node.kind == "run":
        context.open_run(node.id)
    elif node.kind == "artifact":
        st.switch_page(context.pages["artifacts"], query_params={"artifact-name": node.id, **registry})
    else:
        st.switch_page(context.pages["models"], query_params={"model": node.id.rpartition(" v")[0], **registry})
