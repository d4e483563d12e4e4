"""The command that makes a registry of a workbook which people made themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tracker.cli import shell

if TYPE_CHECKING:
    from tracker.adopting.plan import AdoptionPlan


@click.command()
@click.argument("path", type=click.Path())
@click.option("--sheet", default="", help="The sheet with the runs, where the guess is wrong.")
@click.option("--header-row", type=int, default=0, metavar="ROW", help="The number of the row with the columns' names.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADER=WHAT",
    help="What a column is: metrics.NAME, params.NAME, tags.NAME, owner, notes …, or own to leave it as it is.",
)
@click.option("--copy", is_flag=True, help="Copy the rows to a new sheet and leave theirs as it is.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def adopt(
    path: str, sheet: str, header_row: int, columns: tuple[str, ...], copy: bool, only_plan: bool, yes: bool
) -> None:
    """Make a registry of a workbook that people made, in place. Of a CSV file a workbook is made beside it.

    What it would do is shown first: which list has the runs, what each column is taken for and why.

    \b
    python -m tracker adopt team.xlsx --column "Who=owner" --column "Score=metrics.f1"
    """
    from tracker.adopting.carry_out import adopt as make
    from tracker.adopting.carry_out import plan_adoption_of

    chosen = dict(map(shell.pair, columns))
    plan = plan_adoption_of(path, sheet=sheet, header_row=header_row, columns=chosen, copy=copy)
    click.echo("\n".join(plan_lines(plan)))
    if only_plan:
        return
    if not yes:
        click.confirm("\nDo it?", abort=True, err=True)
    registry = make(path, sheet=sheet, header_row=header_row, columns=chosen, copy=copy, who=shell.person())
    click.echo(f"\n{registry.path} is a registry now. The workbook as it was is in {registry.folders.versions}.")


def plan_lines(plan: AdoptionPlan) -> list[str]:
    """What a plan says in a terminal."""
    from tracker.adopting.say import sentences, taken_for
    from tracker.terminal import fit, terminal_width

    if plan.region is None:
        return sentences(plan)
    lines = [f"Sheet '{plan.sheet}', header in row {plan.region.header_row}, {len(plan.rows):,} runs.", ""]
    rows = [
        (mapped.header, taken_for(mapped), "" if mapped.guess.is_sure else "no", mapped.guess.reason)
        for mapped in plan.columns
    ]
    lines += fit(("column", "is", "sure", "because"), rows, terminal_width()).lines
    lines += ["", *sentences(plan)]
    if plan.unsure:
        names = ", ".join(f"'{mapped.header}'" for mapped in plan.unsure)
        lines.append(f'Look at {names}: say what they are with --column "HEADER=WHAT", or leave them.')
    return lines


COMMANDS = (adopt,)
