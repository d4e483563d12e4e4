"""The command that makes a registry of a workbook which people made themselves."""

from __future__ import annotations

import sys
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
    if not yes and sys.stdin.isatty():
        click.confirm("\nDo it?", abort=True)
    registry = make(path, sheet=sheet, header_row=header_row, columns=chosen, copy=copy, who=shell.person())
    click.echo(f"\n{registry.path} is a registry now. The workbook as it was is in {registry.folders.versions}.")


def plan_lines(plan: AdoptionPlan) -> list[str]:
    """What a plan says in a terminal."""
    from tracker.terminal import fit, terminal_width

    if plan.region is None:
        return ["No list of runs was found. Tracker's sheets are added, with an empty Runs sheet; all others stay."]
    lines = [f"Sheet '{plan.sheet}', header in row {plan.region.header_row}, {len(plan.rows):,} runs.", ""]
    rows = [
        (
            mapped.header,
            mapped.target or ("paths, left as they are" if mapped.guess.role == "artifact" else "yours, left as it is"),
            "" if mapped.guess.is_sure else "no",
            mapped.guess.reason,
        )
        for mapped in plan.columns
    ]
    lines += fit(("column", "is", "sure", "because"), rows, terminal_width()).lines
    lines.append("")
    for mapped in plan.new_headers:
        was = "blank" if mapped.was is None else f"'{mapped.was}'"
        lines.append(f"The header that is {was} becomes '{mapped.header}', since a table needs a name for each column.")
    if plan.mode == "copied":
        lines.append(f"The rows are copied to a new sheet and theirs stays as it is: {plan.why}.")
    elif plan.mode == "linked":
        lines.append(f"The table '{plan.table}' becomes the runs table and keeps its name.")
    else:
        lines.append("The list becomes an Excel table where it stands.")
    if plan.mode != "copied" and plan.add_columns:
        lines.append(f"It gets {len(plan.add_columns)} columns at its right: {', '.join(plan.add_columns)}.")
    lines.append("Tracker's other tables come as new sheets. Everything else in the workbook stays byte for byte.")
    if plan.unsure:
        names = ", ".join(f"'{mapped.header}'" for mapped in plan.unsure)
        lines.append(f'Look at {names}: say what they are with --column "HEADER=WHAT", or leave them.')
    return lines


COMMANDS = (adopt,)
