"""The command about the standard operating procedure: adding a ready-made list to it."""

from __future__ import annotations

import click

from tracker.cli import shell


@click.group(cls=shell.Group)
def sop() -> None:
    """Work on the standard operating procedure: what every run must have.

    The procedure is the sheet SOP of the workbook; edit it there. A list that Tracker brings can be added to it.

    \b
    python -m tracker sop add registry.xlsx release-gate
    """


@sop.command(cls=shell.Command)
@shell.registry_argument
@click.argument("template")
@shell.as_json
def add(registry: str, template: str, as_json: bool) -> None:
    """Add the items of a template's procedure; items that are there already stay as they are.

    TEMPLATE is one that Tracker brings, such as release-gate, neurips or eu-ai-act, or a workbook of your own.

    \b
    python -m tracker sop add registry.xlsx release-gate
    """
    from tracker.deciding.procedure import add_items

    done = add_items(shell.opened(registry), template, shell.person())
    added, kept = done.decision.facts["added"], done.decision.facts["kept"]
    if as_json:
        shell.print_json({"added": list(added), "kept": list(kept), "in_workbook": done.report.in_workbook})
    else:
        click.echo(f"{'Done' if done.report.changed else 'Nothing to do'}: {done.decision.what}.")
        for item in added:
            click.echo(f"  {item}")
        if added:
            click.echo("Name an owner for each in the sheet SOP.")
    if not done.report.in_workbook:
        click.echo(done.report.pending_because, err=True)


COMMANDS = (sop,)
