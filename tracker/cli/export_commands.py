"""Commands that hand out what the registry knows."""

from __future__ import annotations

from pathlib import Path

import click

from tracker.cli import shell


@click.group(cls=shell.Group)
def export() -> None:
    """Hand out what the registry knows, in files that stand by themselves.

    \b
    python -m tracker export audit registry.xlsx churn:v3
    python -m tracker export verify churn-v3-audit.zip
    """


@export.command(cls=shell.Command)
@shell.registry_argument
@click.argument("subject", metavar="RUN|MODEL:vN")
@click.option("--to", type=click.Path(path_type=Path), help="The file or folder; the current folder if not given.")
@click.option(
    "--no-verify", is_flag=True, help="Do not read the artifact files again, which takes time if they are large."
)
def audit(registry: str, subject: str, to: Path | None, no_verify: bool) -> None:
    """Write everything about a run or a model version into one zip file.

    It has a page that opens offline (index.html), a workbook (audit.xlsx), the model card, every metric step, the
    packages, the diff of the code, and the history of its rows. manifest.json has the hash of every file.

    \b
    python -m tracker export audit registry.xlsx churn:production --to audit.zip
    """
    from tracker.exporting.pack import export_audit

    click.echo(export_audit(shell.opened(registry), subject, to, verify=not no_verify))


@export.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def verify(file: Path) -> None:
    """Check that no file of an audit pack was changed since. The exit code is 1 if one was.

    \b
    python -m tracker export verify churn-v3-audit.zip
    """
    from tracker.exporting.pack import verify_pack
    from tracker.terminal import one_line

    found = verify_pack(file)
    for problem in found.problems:
        click.echo(one_line(problem))
    if found.problems:
        raise SystemExit(1)
    click.echo(f"All {found.members} files of the audit pack of {one_line(found.subject)} are what they were.")


COMMANDS = (export,)
