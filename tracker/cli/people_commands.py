"""The command about people: who has which role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tracker.cli import shell

if TYPE_CHECKING:
    from tracker.deciding.people import Person


@click.command(cls=shell.Command)
@shell.registry_argument
@click.option(
    "--set", "given", multiple=True, metavar="PERSON=ROLE", help="Make somebody a viewer, contributor or manager."
)
@click.option("--remove", "removed", multiple=True, metavar="PERSON", help="Take somebody's role away; the row stays.")
@shell.as_json
def people(registry: str, given: Sequence[str], removed: Sequence[str], as_json: bool) -> None:
    """List who has which role, or change that, which takes a manager.

    While nobody is named, everybody may do everything: begin with yourself.

    \b
    python -m tracker people registry.xlsx
    python -m tracker people registry.xlsx --set analyst=manager --set ds1=contributor
    """
    from tracker.deciding import people as deciding

    opened, who = shell.opened(registry), shell.person()
    wanted = {**dict(map(shell.pair, given)), **dict.fromkeys(removed, "")}
    if wanted:
        decided = deciding.set_roles(opened, wanted, who)
        done = "Done" if decided.report.changed else "Nothing to do"
        click.echo(f"{done}: {decided.decision.what}.", err=as_json)
        if not decided.report.in_workbook:
            click.echo(decided.report.pending_because, err=True)
    found = deciding.people(opened)
    if as_json:
        shell.print_json([{"person": one.name, "role": one.role, "notes": one.notes} for one in found])
    elif not wanted:
        click.echo("\n".join(_lines(found, who)))


def _lines(found: Sequence[Person], who: str) -> list[str]:
    from tracker import terminal
    from tracker.reading.roles import role_among

    you = f"You are {terminal.one_line(who)}: {role_among({one.name.casefold(): one.role for one in found}, who)}."
    if not found:
        return ["Nobody is named in the people table, so everybody may do everything.", you]
    rows = [[terminal.shown(cell) for cell in (one.name, one.role, _remark(one) or one.notes)] for one in found]
    return [*terminal.fit(["person", "role", "notes"], rows, terminal.terminal_width()).lines, you]


def _remark(person: Person) -> str:
    """Where the cell says something else than the role that counts."""
    if person.said.casefold() == person.role:
        return ""
    return f"'{person.said}' is no role" if person.said else "no role is given"


COMMANDS = (people,)
