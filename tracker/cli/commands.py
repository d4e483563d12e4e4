"""The command line, ``python -m tracker``: thin commands over the library; an error is one sentence and an exit code.

What a command needs is imported when it runs, so that ``--help`` is there at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker import __version__
from tracker.cli import (
    adopt_commands,
    app_commands,
    archive_commands,
    artifact_commands,
    check_commands,
    checklist_commands,
    data_commands,
    export_commands,
    history_commands,
    import_commands,
    merge_commands,
    model_commands,
    people_commands,
    retention_commands,
    shell,
    sop_commands,
)
from tracker.errors import BadRequestError, TrackerError, TrackerWarning, WorkbookOpenElsewhereError
from tracker.wording import count

if TYPE_CHECKING:
    from tracker.reading.registry import Registry
    from tracker.runs.run import Run
    from tracker.syncing.sync import SyncReport

MOST_RUNS = 30
"""How many runs a terminal gets to see unless it asks for more."""
PROGRAM = "command line"


@click.group(cls=shell.Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tracker")
def main() -> None:
    """Track experiments in one Excel workbook.

    REGISTRY is the workbook. It may be left out where TRACKER_REGISTRY names one, or where the current folder
    holds exactly one.

    \b
    python -m tracker init registry.xlsx
    python -m tracker runs registry.xlsx "metrics.auc > 0.9"
    """


for module in (
    adopt_commands,
    app_commands,
    archive_commands,
    artifact_commands,
    check_commands,
    checklist_commands,
    data_commands,
    export_commands,
    history_commands,
    import_commands,
    merge_commands,
    model_commands,
    people_commands,
    retention_commands,
    sop_commands,
):
    for each in module.COMMANDS:
        main.add_command(each)


# -- making and logging -------------------------------------------------------------------------------------------


@main.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--template",
    default="general",
    show_default=True,
    help="A template that Tracker brings, such as neurips or eu-ai-act, or any workbook that has the tables.",
)
def init(path: Path, template: str) -> None:
    """Make a new registry from a template.

    \b
    python -m tracker init registry.xlsx --template classification
    """
    from tracker.reading.registry import init_registry

    registry = init_registry(path, template)
    click.echo(
        f"{registry.path} is ready: open it in Excel or LibreOffice, log to it with tracker.start_run({str(path)!r})."
    )


@main.command(cls=shell.Command)
@shell.registry_argument
@click.option(
    "--run", "run", metavar="RUN", help="Add to this run (id, beginning of the id, or name) instead of making one."
)
@click.option("--experiment", help="The question that the run belongs to.")
@click.option("--name", help="What to call the run.")
@click.option(
    "--param", "params", multiple=True, metavar="KEY=VALUE", help="A param; a value in double quotes is a text."
)
@click.option("--metric", "metrics", multiple=True, metavar="KEY=VALUE[@STEP]", help="A metric, of a step if given.")
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="A tag.")
@click.option("--artifact", "artifacts", multiple=True, metavar="FILE", help="A file or folder to keep.")
@click.option("--note", help="A note on the run.")
@click.option("--status", type=click.Choice(["FINISHED", "FAILED", "KILLED"]), help="How the run ended; FINISHED.")
def log(registry: str, run: str | None, note: str | None, **given: Any) -> None:
    """Log a finished run from a shell, or add to a run; prints the run's id.

    \b
    python -m tracker log registry.xlsx --experiment churn --param depth=6 \\
        --metric auc=0.91 --metric loss=0.4@1 --artifact model.pkl
    """
    import warnings

    if run and (given["experiment"] or given["name"] or given["status"]):
        raise BadRequestError(
            reason="--experiment, --name and --status are for a new run; with --run they have no place."
        )
    params, tags = dict(map(shell.pair, given["params"])), dict(map(shell.pair, given["tags"]))
    metrics = [shell.metric(text) for text in given["metrics"]]
    with warnings.catch_warnings(record=True) as faults:
        warnings.simplefilter("always", TrackerWarning)
        started = _existing_run(registry, run) if run else _new_run(registry, given["experiment"], given["name"])
        if params:
            started.log_params({name: shell.typed(value) for name, value in params.items()})
        if tags:
            started.set_tags(tags)
        if note:
            started.set_note(note)
        for name, value, step in metrics:
            started.log_metric(name, value, step)
        for path in given["artifacts"]:
            started.log_artifact(path)
        failed = len(faults)
        if run:
            started.flush()
            _sync_if_possible(started.registry)
        else:
            started.end(given["status"] or "FINISHED")
    click.echo(started.run_id)
    for fault in faults:
        click.echo(str(fault.message), err=True)
    if failed:
        raise SystemExit(1)


def _new_run(registry: str, experiment: str | None, name: str | None) -> Run:
    from tracker.runs.begin import new_run, registry_folders
    from tracker.runs.pulse import Pulse

    folders = registry_folders(registry)
    return new_run(folders, Pulse(folders, shell.person()), experiment=experiment or "Default", name=name)


def _existing_run(registry: str, run: str) -> Run:
    """A run to add to, whose status and times stay as they are."""
    from tracker.reading.roles import require
    from tracker.runs.pulse import Pulse
    from tracker.runs.recorder import Recorder
    from tracker.runs.run import Run

    opened = shell.opened(registry)
    require(opened.folders, shell.person(), "log")
    row = opened.run(run)
    recorder = Recorder(opened.folders, str(row["run_id"]), shell.person())
    return Run(opened.folders, recorder, Pulse(opened.folders, shell.person()), row)


def _sync_if_possible(workbook: Path) -> None:
    """Sync; where that has to wait, say why: what was logged is safe."""
    from tracker.folders import Folders
    from tracker.syncing.sync import sync

    try:
        sync(Folders(workbook), who=shell.person(), program=PROGRAM)
    except TrackerError as error:
        click.echo(str(error), err=True)


# -- looking ------------------------------------------------------------------------------------------------------


@main.command(cls=shell.Command)
@shell.registry_argument
@click.argument("query", required=False, default="")
@click.option(
    "--order-by", multiple=True, metavar="COLUMN", help="Such as 'metrics.auc DESC'; newest first if not given."
)
@click.option(
    "--limit", type=click.IntRange(min=0), help=f"The most runs to list; {MOST_RUNS} in a terminal, 0 for all."
)
@click.option("--columns", metavar="NAMES", help="Which columns, separated by commas.")
@shell.as_json
def runs(
    registry: str, query: str, order_by: Sequence[str], limit: int | None, columns: str | None, as_json: bool
) -> None:
    """List runs, all or those that a query finds.

    \b
    python -m tracker runs registry.xlsx "metrics.auc > 0.9 and params.depth = 6" --order-by "metrics.auc DESC"
    """
    from tracker import terminal
    from tracker.cli import report
    from tracker.reading.query import arrange, parse, parse_order
    from tracker.reading.query_parts import Name

    expression, orders = parse(query), parse_order(order_by or ("start_time DESC",))
    table = shell.opened(registry).rows("runs")
    found = report.table_columns("runs", table.columns, table.rows)
    if query.strip():
        found = found.take([row for row, wanted in enumerate(expression.mask(found)) if wanted])
    if order_by or "start_time" in found.values:
        found = found.take(arrange(found, orders))
    total = len(found)
    most = limit if limit is not None else (0 if as_json or not sys.stdout.isatty() else MOST_RUNS)
    if most:
        found = found.take(range(min(most, total)))
    if columns:
        names = [Name(name.strip(), 0, columns).find(list(found)) for name in columns.split(",") if name.strip()]
    else:
        names = list(found) if as_json else report.usual_columns(found)
    if as_json:
        shell.print_json(found.records(names))
        return
    if not total:
        click.echo("No run matches the query." if query.strip() else "There are no runs yet.")
        return
    fitted = report.runs_table(found, names, terminal.terminal_width())
    click.echo("\n".join(fitted.lines))
    if len(found) < total:
        click.echo(f"… and {count(total - len(found), 'more run')}: --limit 0 lists all.")
    if fitted.dropped:
        left = f"No room for {count(len(fitted.dropped), 'column')}: {', '.join(fitted.dropped)}"
        click.echo(terminal.clipped(left, terminal.terminal_width()))
        click.echo("Choose with --columns, or see one run with: python -m tracker show RUN")


@main.command(cls=shell.Command)
@shell.registry_argument
@click.argument("run")
@shell.as_json
def show(registry: str, run: str, as_json: bool) -> None:
    """Show one run: params, metrics, tags, artifacts, notes, code and machine.

    RUN is its id, the beginning of its id, or its name.

    \b
    python -m tracker show registry.xlsx "gbm depth 6"
    """
    from tracker import terminal
    from tracker.cli import report
    from tracker.journal.metrics import summarise

    opened = shell.opened(registry)
    row = opened.run(run)
    run_id = str(row["run_id"])
    whole = summarise(opened.folders.metrics(run_id))[1]
    found = report.RunReport(row, whole, _artifacts_of(opened, run_id))
    if as_json:
        shell.print_json(found.plain())
    else:
        click.echo("\n".join(found.lines(terminal.terminal_width())))


def _artifacts_of(registry: Registry, run_id: str) -> list[dict[str, Any]]:
    """The artifact versions that a run read and wrote."""
    from tracker.cli.report import table_columns

    tables = {name: registry.rows(name) for name in ("lineage", "artifacts")}
    links, artifacts = (table_columns(name, table.columns, table.rows).rows() for name, table in tables.items())
    known = {artifact.get("artifact"): artifact for artifact in artifacts}
    return [
        {"artifact": link["artifact"], "direction": link["direction"], **known.get(link["artifact"], {})}
        for link in links
        if link.get("run_id") == run_id
    ]


@main.command(cls=shell.Command)
@shell.registry_argument
@click.argument("artifact")
@click.argument("destination", required=False, default=".", type=click.Path(path_type=Path))
def get(registry: str, artifact: str, destination: Path) -> None:
    """Copy an artifact out of the registry, and check that every byte is what was stored.

    ARTIFACT is a name, or a name and a version; without a version it is the latest.

    \b
    python -m tracker get registry.xlsx churn-model:v3 model.pkl
    """
    from tracker.store import fetch

    click.echo(fetch(shell.opened(registry).folders, artifact, destination))


# -- keeping in order ---------------------------------------------------------------------------------------------


@main.command(cls=shell.Command)
@shell.registry_argument
@click.option("--force", is_flag=True, help="Write although a lock file says that the workbook is open in Excel.")
@click.option(
    "--wait", type=float, default=10.0, show_default=True, metavar="SECONDS", help="Wait until it can be written."
)
@shell.as_json
def sync(registry: str, force: bool, wait: float, as_json: bool) -> None:
    """Bring what was logged into the workbook. Scripts do that by themselves when a run ends.

    \b
    python -m tracker sync registry.xlsx --wait 600
    """
    from tracker.cli import report

    done = _sync(shell.opened(registry), force, wait)
    if as_json:
        shell.print_json(report.plain_sync(done))
    else:
        click.echo("\n".join(report.sync_lines(done)))


def _sync(registry: Registry, force: bool, wait: float) -> SyncReport:
    """Sync; where the workbook is open, try again until the time is up."""
    end = time.monotonic() + wait
    while True:
        left = max(0.0, end - time.monotonic())
        try:
            return registry.sync(who=shell.person(), program=PROGRAM, wait=left, force=force)
        except WorkbookOpenElsewhereError:
            if left < 1:
                raise
            time.sleep(1)
