"""Commands about what is wrong with a registry."""

from __future__ import annotations

import click

from tracker.cli import shell


@click.command(cls=shell.Command)
@shell.registry_argument
@click.option("--files", is_flag=True, help="Read every stored file again, too, and compare it with its fingerprint.")
@shell.as_json
def check(registry: str, files: bool, as_json: bool) -> None:
    """List what a person should look at, with its cell and what to do. The exit code is 1 if there are errors.

    \b
    python -m tracker check registry.xlsx
    """
    from tracker import store
    from tracker.cli import report

    opened = shell.opened(registry)
    if files:
        with store.bar("check") as on_progress:
            problems = opened.check(files=True, on_progress=on_progress)
    else:
        problems = opened.check()
    if as_json:
        shell.print_json([report.plain_problem(problem) for problem in problems])
    else:
        click.echo("\n".join(report.problem_lines(problems)) or "No problems.")
    if any(problem.severity == "error" for problem in problems):
        raise SystemExit(1)


COMMANDS = (check,)
