"""Commands about what is wrong with a registry: listing it, putting right what takes no opinion, settling conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli import shell
from tracker.errors import BadRequestError

if TYPE_CHECKING:
    from tracker.deciding.repair import Repairs
    from tracker.deciding.resolving import Choice
    from tracker.model import Problem
    from tracker.reading.registry import Registry

MOST_TOLD = 50
"""How many repairs are listed one by one."""


@click.command(cls=shell.Command)
@shell.registry_argument
@click.option("--files", is_flag=True, help="Read every stored file again, too, and compare it with its fingerprint.")
@click.option("--fix", is_flag=True, help="Put right what takes no opinion; shows it and asks first.")
@click.option("--yes", is_flag=True, help="With --fix: do it without asking.")
@shell.as_json
def check(registry: str, files: bool, fix: bool, yes: bool, as_json: bool) -> None:
    """List what a person should look at, with its cell and what to do. The exit code is 1 if there are errors.

    --fix sets only what means the same as before, or what the history knows: numbers and dates that stand as text,
    choices and links in another case, texts of which Excel made dates, columns that were renamed, runs that were not
    heard of for a day; then it syncs, and lists what is left. Undo takes it back.

    \b
    python -m tracker check registry.xlsx
    python -m tracker check registry.xlsx --files
    python -m tracker check registry.xlsx --fix
    """
    from tracker.cli import report

    opened = shell.opened(registry)
    fixed = _fix(opened, registry, yes) if fix else []
    problems = _problems(opened, files)
    left = [report.plain_problem(problem) for problem in problems]
    if as_json:
        shell.print_json({"fixed": fixed, "left": left} if fix else left)
    else:
        click.echo("\n".join(report.problem_lines(problems)) or "No problems.")
    if any(problem.severity == "error" for problem in problems):
        raise SystemExit(1)


def _problems(opened: Registry, files: bool) -> list[Problem]:
    from tracker import store

    if not files:
        return opened.check()
    with store.bar("check") as on_progress:
        return opened.check(files=True, on_progress=on_progress)


def _fix(opened: Registry, registry: str, yes: bool) -> list[dict[str, Any]]:
    """Show what can be put right, ask, and do it; what was done, for JSON."""
    from tracker.deciding.repair import repair, repairing

    who = shell.person()
    plan = repairing(opened, who)
    if not plan.is_empty:
        click.echo("\n".join(_lines(plan)), err=True)
        if not yes:
            click.confirm("Do it?", abort=True, err=True)
        done = repair(opened, who, plan)
        click.echo(f"Done: {done.decision.what}." if done.decision.changes else "Done.", err=True)
        if not done.report.in_workbook:
            click.echo(done.report.pending_because, err=True)
        elif done.decision.changes:
            number = (opened.stamp or "0").partition("-")[0].lstrip("0")
            click.echo(f"To take it back: python -m tracker undo {registry} {number}", err=True)
    elif not plan.refused:
        click.echo("Nothing can be put right without a person's decision.", err=True)
    if plan.refused:
        click.echo(f"{len(plan.refused)} more can be put right by somebody with a higher role.", err=True)
    return [{"code": one.code, "sheet": one.sheet, "cell": one.cell, "what": one.what} for one in plan.repairs] + [
        {"code": one.code, "sheet": one.sheet, "cell": one.cell, "what": one.message} for one in plan.by_sync
    ]


def _lines(plan: Repairs) -> list[str]:
    from tracker.terminal import one_line

    lines = ["What can be put right:"]
    for repair in plan.repairs[:MOST_TOLD]:
        lines.append(f"  {repair.sheet}!{repair.cell}: {one_line(repair.what)}")
    if len(plan.repairs) > MOST_TOLD:
        lines.append(f"  … and {len(plan.repairs) - MOST_TOLD:,} more")
    return lines + [f"  by the sync: {one_line(problem.message)}" for problem in plan.by_sync]


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("numbers", nargs=-1)
@click.option("--take", "choice", flag_value="take", default=None, help="Take the value that was not written.")
@click.option("--keep", "choice", flag_value="keep", help="Keep the value that stands.")
@click.option("--all", "every", is_flag=True, help="All open conflicts.")
@shell.as_json
def resolve(registry: str, numbers: tuple[str, ...], choice: Choice | None, every: bool, as_json: bool) -> None:
    """Settle conflicts: values that were not written because another one stood there. Without NUMBERS, list them.

    A conflict comes from a script that met a person's value, or from two people who changed one cell. What was chosen
    is a change of yours in the history; a settled conflict is not listed any more.

    \b
    python -m tracker resolve registry.xlsx
    python -m tracker resolve registry.xlsx 57.1 58.2 --take
    python -m tracker resolve registry.xlsx --all --keep
    """
    from tracker.cli import report
    from tracker.deciding.resolving import settle
    from tracker.reading.conflicts import read_conflicts

    opened = shell.opened(registry)
    if (numbers or every) and choice is None:
        raise BadRequestError(reason="Say which value is right: --take the one not written, or --keep the one there.")
    if choice is not None and not (numbers or every):
        raise BadRequestError(reason="Name conflicts by their numbers, or --all.")
    conflicts = read_conflicts(opened.folders)
    if choice is None:
        if as_json:
            shell.print_json([report.plain_open_conflict(one) for one in conflicts])
        else:
            lines = [line for one in conflicts for line in report.open_conflict_lines(one)]
            click.echo("\n".join(lines) or "No open conflicts.")
        return
    done = settle(opened, [one.number for one in conflicts] if every else numbers, choice, shell.person())
    click.echo(f"Done: {done.decision.what}." if done.report.changed else "No open conflicts.")
    if not done.report.in_workbook:
        click.echo(done.report.pending_because, err=True)


COMMANDS = (check, resolve)
