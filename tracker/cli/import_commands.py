"""The command that brings in the runs of other trackers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli import shell

if TYPE_CHECKING:
    from tracker.bridges.plan import ImportPlan

MOST_RUNS = 20
"""How many runs a terminal gets to see."""


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@shell.registry_argument
@click.option("--plan", "only_plan", is_flag=True, help="Show what would come in, and change nothing.")
@click.option("--no-artifacts", is_flag=True, help="Leave the artifacts where they are.")
@click.option("--sheet", default="", help="Of a workbook: the sheet with the runs, where the guess is wrong.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADER=WHAT",
    help="Of a table: what a column is: metrics.NAME, params.NAME, tags.NAME, owner, notes …, or own to leave it out.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@shell.as_json
def import_(
    source: Path,
    registry: str,
    only_plan: bool,
    no_artifacts: bool,
    sheet: str,
    columns: tuple[str, ...],
    yes: bool,
    as_json: bool,
) -> None:
    """Bring the runs of another tracker into the registry: params, metrics with every step, tags, artifacts.

    SOURCE is MLflow's folder mlruns or its database mlflow.db, a folder with TensorBoard's event files (scalars only),
    or a table of runs as .csv or .xlsx, such as an export of W&B, MLflow or Neptune. It is only read. A run that was
    imported before is not imported again.

    \b
    python -m tracker import mlruns registry.xlsx --plan
    python -m tracker import wandb_export.csv registry.xlsx
    """
    from tracker.bridges.carry_out import import_runs, planned
    from tracker.bridges.sources import open_source

    opened = shell.opened(registry)
    found = open_source(source.expanduser(), dict(map(shell.pair, columns)), sheet)
    plan = planned(opened, found)
    if only_plan or not plan.new:
        _say(plan, no_artifacts, as_json, in_workbook=False)
        return
    if not as_json:
        _say(plan, no_artifacts, as_json)
    if not yes:
        click.confirm("\nDo it?", abort=True, err=True)
    done = import_runs(opened, found, shell.person(), files=not no_artifacts, agreed=plan)
    if as_json:
        _say(done.plan, no_artifacts, as_json, in_workbook=done.in_workbook)
        return
    click.echo(f"\n{len(done.plan.new):,} runs are in {opened.path.name}.")
    for sentence in done.left:
        click.echo(f"Left out: {sentence}", err=True)
    if not done.in_workbook:
        click.echo(f"Safe, but not in the workbook yet. {done.pending_because}", err=True)


def _say(plan: ImportPlan, no_artifacts: bool, as_json: bool, in_workbook: bool = False) -> None:
    from tracker.bridges.say import sentences
    from tracker.terminal import fit, shown, terminal_width

    if as_json:
        shell.print_json(
            {
                "source": plan.source.what,
                "new": [
                    {"run_id": run.run_id, "origin": run.origin, "name": run.cells.get("name")} for run in plan.new
                ],
                "already": plan.already,
                "artifacts": 0 if no_artifacts else plan.files,
                "left": list(plan.source.left),
                "in_workbook": in_workbook,
            }
        )
        return
    click.echo(f"{plan.source.path} is {plan.source.what}.")
    click.echo("\n".join(sentences(plan, files=not no_artifacts)))
    if plan.new:
        rows = [
            tuple(shown(run.cells.get(name)) for name in ("name", "experiment", "status", "start_time"))
            for run in plan.new[:MOST_RUNS]
        ]
        lines = fit(("name", "experiment", "status", "start_time"), rows, terminal_width()).lines
        click.echo("\n" + "\n".join(lines))
        if len(plan.new) > MOST_RUNS:
            click.echo(f"… and {len(plan.new) - MOST_RUNS:,} more")


COMMANDS = (import_,)
