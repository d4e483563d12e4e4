"""Commands about what runs read and made: artifacts, what came from what, what differs, whether all is still there."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import shell
from tracker.wording import count

if TYPE_CHECKING:
    from tracker.comparing.codediff import CodeDiff
    from tracker.comparing.compare import Comparison, Line
    from tracker.comparing.datadrift import ChangedData
    from tracker.comparing.explain import Explanation
    from tracker.comparing.lineage import Direction, Graph, Node

MOST_ARTIFACTS = 30
"""How many versions a terminal gets to see unless it asks for more."""


# -- artifacts ----------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("query", required=False, default="")
@click.option(
    "--limit", type=click.IntRange(min=0), help=f"The most to list; {MOST_ARTIFACTS} in a terminal, 0 for all."
)
@shell.as_json
def artifacts(registry: str, query: str, limit: int | None, as_json: bool) -> None:
    """List artifact versions, all or those that a query finds, the newest first.

    \b
    python -m tracker artifacts registry.xlsx "kind = 'data set' and size > 1000000"
    """
    from tracker import terminal
    from tracker.cli import report
    from tracker.contents.parts import guessed_fields
    from tracker.reading.query import arrange, parse, parse_order

    expression = parse(query)
    opened = shell.opened(registry)
    table = opened.rows("artifacts")
    found = report.table_columns("artifacts", table.columns, table.rows)
    if query.strip():
        found = found.take([row for row, wanted in enumerate(expression.mask(found)) if wanted])
    if "created" in found.values:
        found = found.take(arrange(found, parse_order("created DESC")))
    total = len(found)
    most = limit if limit is not None else (0 if as_json or not sys.stdout.isatty() else MOST_ARTIFACTS)
    if most:
        found = found.take(range(min(most, total)))
    guesses = [guessed_fields(opened.folders, row) for row in found.rows()]
    if as_json:
        rows = [{name: report.plain(cell) for name, cell in row.items()} for row in found.rows()]
        shell.print_json([{**row, "guessed": guessed} for row, guessed in zip(rows, guesses, strict=True)])
        return
    if not total:
        click.echo("No artifact matches the query." if query.strip() else "There are no artifacts yet.")
        return
    usual = ("name", "version", "category", "kind", "size", "run_id", "aliases", "created")
    names = [name for name in usual if name in found.values]
    lines = [
        [terminal.shown(row[name]) + (" ?" if name in guessed else "") for name in names]
        for row, guessed in zip(found.rows(), guesses, strict=True)
    ]
    headers = ["run" if name == "run_id" else name for name in names]
    click.echo("\n".join(terminal.fit(headers, lines, terminal.terminal_width(), ["version", "size"]).lines))
    if any(guesses):
        click.echo("? guessed from the name or content; write the right word into the workbook.")
    if len(found) < total:
        click.echo(f"… and {count(total - len(found), 'more version')}: --limit 0 lists all.")


@click.command(cls=shell.Command)
@shell.registry_argument
@shell.as_json
def verify(registry: str, as_json: bool) -> None:
    """Read every stored file again. The exit code is 3 if one is missing or altered, 6 if a store is out of reach.

    Files in the store that belong to no version are listed, too; they are no error.

    \b
    python -m tracker verify registry.xlsx
    """
    from tracker import store
    from tracker.cli import report

    folders = shell.opened(registry).folders
    with store.bar("verify") as on_progress:
        problems = store.verify(folders, on_progress=on_progress)
    if as_json:
        shell.print_json([report.plain_problem(problem) for problem in problems])
    else:
        all_well = "Every stored file is what it was when it was stored."
        click.echo("\n".join(report.problem_lines(problems)) or all_well)
    if code := store.exit_code(problems):
        raise SystemExit(code)


# -- lineage ------------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("thing")
@click.option("--up", is_flag=True, help="Only what it came from.")
@click.option("--down", is_flag=True, help="Only what came from it.")
@click.option("--dot", is_flag=True, help="Print a drawing for Graphviz.")
@shell.as_json
def lineage(registry: str, thing: str, up: bool, down: bool, dot: bool, as_json: bool) -> None:
    """Show what something came from, and what came from it.

    THING is an artifact version, a run, or a registered model version.

    \b
    python -m tracker lineage registry.xlsx churn-train:v3 --down
    python -m tracker lineage registry.xlsx churn:production --dot | dot -Tsvg > churn.svg
    """
    from tracker.cli import report
    from tracker.comparing.lineage import as_dot, as_rows, find_node, read_graph, walk

    opened = shell.opened(registry)
    node, graph = find_node(opened, thing), read_graph(opened)
    directions: list[Direction] = ["upstream"] if up or not down else []
    directions += ["downstream"] if down or not up else []
    if dot:
        click.echo(as_dot(graph, *(walk(graph, node, direction) for direction in directions)), nl=False)
    elif as_json:
        rows = {direction: as_rows(graph, walk(graph, node, direction)) for direction in directions}
        shell.print_json({name: [{k: report.plain(v) for k, v in row.items()} for row in rows[name]] for name in rows})
    else:
        click.echo("\n".join(line for direction in directions for line in _lineage_lines(graph, node, direction)))


def _lineage_lines(graph: Graph, node: Node, direction: Direction) -> Iterator[str]:
    """A tree, and below it the models that came from an artifact."""
    from tracker import terminal
    from tracker.comparing.lineage import as_text, models_from

    tree = as_text(graph, node, direction)
    if len(tree) == 1:
        nothing = "came from nothing" if direction == "upstream" else "is used by nothing"
        yield f"{tree[0]} {nothing} that Tracker knows of."
        return
    yield "What it came from:" if direction == "upstream" else "What came from it:"
    yield from tree
    found = models_from(graph, node.id) if direction == "downstream" and node.kind == "artifact" else []
    if found:
        rows = [[one.artifact, ", ".join(one.registered), one.run_id, str(one.depth)] for one in found]
        shown = [[terminal.one_line(cell) for cell in row] for row in rows]
        headers = ["model", "registered as", "run", "steps"]
        yield "Models that came from it:"
        yield from terminal.fit(headers, shown, terminal.terminal_width(), ["steps"]).lines


# -- comparing ----------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.option("--why", is_flag=True, help="Why is B worse than A? The most unusual differences first.")
@shell.as_json
def compare(registry: str, left: str, right: str, why: bool, as_json: bool) -> None:
    """Show what differs between two runs or model versions.

    A run goes by its id, the beginning of its id, or its name, a model version by churn:v3 or churn:production.

    \b
    python -m tracker compare registry.xlsx "gbm depth 6" "gbm depth 8"
    python -m tracker compare registry.xlsx churn:v2 churn:v3 --why
    """
    from dataclasses import asdict

    from tracker.comparing.compare import compare_named
    from tracker.comparing.datadrift import changed_data
    from tracker.comparing.explain import explain
    from tracker.comparing.sides import Known

    known = Known(shell.opened(registry))
    found = compare_named(known, left, right)
    if why:
        explained = explain(found, known.others(found.left, found.right))
        data = list(changed_data(found, known.registry.folders, known.settings))
        if as_json:
            known_more = {"data": [asdict(one) for one in data], "code": _plain_code(found.code)}
            shell.print_json({**_plain_explanation(explained), **known_more})
        else:
            click.echo("\n".join([*_why_lines(explained), *_data_lines(data), *_code_lines(found)]))
    elif as_json:
        shell.print_json(_plain_comparison(found))
    else:
        click.echo("\n".join(_comparison_lines(found)))


def _labels(found: Comparison) -> tuple[str, str]:
    """What both are called; two runs of one name by their ids."""
    from tracker.terminal import one_line

    sides = (found.left, found.right)
    same = found.left.label == found.right.label
    left, right = (one_line(side.run_id if same else side.label) for side in sides)
    return left, right


def _comparison_lines(found: Comparison) -> Iterator[str]:
    from tracker import terminal

    left, right = _labels(found)
    remarks = {"left": f"{left} is better", "right": f"{right} is better", "": ""}
    rows = [
        [line.kind, *map(terminal.shown, (line.name, line.left, line.right, line.note or remarks[line.better]))]
        for line in found.differences
    ]
    if rows:
        width = terminal.terminal_width()
        yield from terminal.fit(["what", "name", left, right, "remark"], rows, width).lines
    yield f"{count(len(rows), 'difference')}; {count(len(found.lines) - len(rows), 'value')} the same."
    if found.same_data is not None:
        yield "Both read the same data." if found.same_data else "They did not read the same data."
    yield from _code_lines(found)


def _code_lines(found: Comparison) -> Iterator[str]:
    """What git says of their code; git quotes what is odd in the names of files."""
    from tracker.terminal import one_line

    code = found.code
    if code.why_not:
        yield one_line(code.why_not)
    elif not code.same:
        yield f"The code, as git -C {code.repository} diff {code.left} {code.right} shows it whole:"
        yield from (f"  {one_line(line)}" for line in code.stat.splitlines())


def _why_lines(found: Explanation) -> Iterator[str]:
    from tracker.terminal import one_line, quoted

    good, bad = _labels(found.comparison)
    worse = [f"{line.name} {quoted(line.left)} → {quoted(line.right)}" for line in found.worse]
    if worse:
        yield f"{bad} is worse than {good} in {one_line(', '.join(worse))}."
    else:
        yield f"{bad} is worse than {good} in no metric that both have."
    if not found.causes:
        yield "Nothing else differs that could be the reason."
        return
    yield f"What differs, the most unusual among {count(found.others, 'other run')} of the experiment first:"
    for cause in found.causes:
        yield f"  {cause.score:.2f}  {one_line(cause.sentence)}"


def _data_lines(changed: Iterable[ChangedData]) -> Iterator[str]:
    from tracker.terminal import one_line

    for one in changed:
        yield f"What changed from {one_line(one.left)} to {one_line(one.right)}:"
        yield from (f"  {one_line(sentence)}" for sentence in one.sentences)


def _plain_line(line: Line) -> dict[str, Any]:
    from tracker.cli.report import plain

    names = ("kind", "name", "left", "right", "differs", "better", "note")
    return {name: plain(getattr(line, name)) for name in names}


def _plain_code(code: CodeDiff) -> dict[str, str]:
    return {"left": code.left, "right": code.right, "diff": code.text, "why_not": code.why_not}


def _plain_comparison(found: Comparison) -> dict[str, Any]:
    return {
        "left": found.left.label,
        "right": found.right.label,
        "lines": [_plain_line(line) for line in found.lines],
        "same_data": found.same_data,
        "code": _plain_code(found.code),
        "uncommitted": list(found.uncommitted),
    }


def _plain_explanation(found: Explanation) -> dict[str, Any]:
    from tracker.cli.report import plain

    names = ("kind", "name", "good", "bad", "score", "odd", "sentence")
    return {
        "good": found.comparison.left.label,
        "bad": found.comparison.right.label,
        "worse": [_plain_line(line) for line in found.worse],
        "causes": [{name: plain(getattr(cause, name)) for name in names} for cause in found.causes],
        "others": found.others,
    }


# -- running again --------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("run")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--repository",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A clone that has the run's commit; if not given, the one around the current folder or the registry.",
)
@click.option(
    "--run", "run_it", is_flag=True, help="Run it and say which metrics agree; the exit code is 1 if not all do."
)
@click.option(
    "--same-environment", is_flag=True, help="Run it with the packages installed here, not the recorded ones."
)
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="[METRIC=]NUMBER",
    help="How far a metric may be off, relative to its value; 1e-9. METRIC may have a *.",
)
@click.option("--dry-run", is_flag=True, help="Only say what there is and what is missing.")
@click.option("--yes", is_flag=True, help="Do not ask before running the command.")
def reproduce(
    registry: str,
    run: str,
    folder: Path | None,
    repository: Path | None,
    run_it: bool,
    same_environment: bool,
    tolerances: Sequence[str],
    dry_run: bool,
    yes: bool,
) -> None:
    """Write a folder in which a run can be run again: its code, packages, inputs and command. With --run, run it.

    FOLDER is new; if it is not given, it is called after the run. The new run becomes a part of the old one.

    \b
    python -m tracker reproduce registry.xlsx "gbm depth 6" --run
    """
    from tracker import terminal
    from tracker.reproducing import text as reproduce_text
    from tracker.reproducing.agreement import read_tolerances
    from tracker.reproducing.folder import write_reproduction
    from tracker.reproducing.reproduce import plan_reproduction
    from tracker.reproducing.run import run_reproduction
    from tracker.store import artifact_name

    opened = shell.opened(registry)
    places = [repository] if repository else [Path.cwd(), opened.path.parent]
    plan = plan_reproduction(opened, run, places, read_tolerances(tolerances))
    target = folder or Path(f"reproduce-{artifact_name(plan.run_id)}")  # an id from a cell, as a name of one folder
    if not dry_run:
        plan = write_reproduction(plan, target)
    click.echo("\n".join(reproduce_text.plan_lines(plan)))
    if dry_run:
        return
    click.echo(f"Written to {target}.")
    if not run_it:
        return
    if not yes and not plan.stopping:
        click.confirm("Run this command, which the workbook names, on this machine?", abort=True, err=True)
    outcome = run_reproduction(
        plan, target, opened, not same_environment, say=lambda output: click.echo(output, nl=False, err=True)
    )
    click.echo("\n".join(reproduce_text.outcome_lines(outcome, terminal.terminal_width())))
    if not outcome.agrees:
        raise SystemExit(1)


COMMANDS = (artifacts, verify, lineage, compare, reproduce)
