"""Commands about what is wrong with a registry: listing it, and putting right what takes no opinion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tracker.cli import shell

if TYPE_CHECKING:
    from tracker.deciding.repair import Repairs
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


COMMANDS = (check,)
