"""Commands that merge: a conflict copy into its registry, registries in git."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli import shell
from tracker.errors import TrackerError

if TYPE_CHECKING:
    from tracker.merging.three_way import Clash, MergePlan


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("copy", required=False, type=click.Path(path_type=Path))
@click.option("--take", type=click.Choice(["ours", "theirs"]), default="ours", show_default=True)
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and change nothing.")
@shell.as_json
def merge(registry: str, copy: Path | None, take: str, only_plan: bool, as_json: bool) -> None:
    """Merge a conflict copy, as a cloud drive makes it, into the registry: cell by cell, against their common ancestor.

    Without COPY the copies beside the registry are listed. What both sides changed differently is shown; the
    registry's value stays unless --take theirs. Exit code 1 if there is such a cell.

    \b
    python -m tracker merge registry.xlsx "registry (conflicted copy 2026-11-25).xlsx"
    """
    from tracker.merging.merge import Merged, plan_merge
    from tracker.merging.merge import merge as do
    from tracker.reading.copies import conflict_copies

    opened = shell.opened(registry)
    if copy is None:
        found = [str(path) for path in conflict_copies(opened.folders)]
        if as_json:
            shell.print_json({"copies": found})
        else:
            click.echo("\n".join(found) if found else "There is no conflict copy beside the registry.")
        return
    who = shell.person()
    merged = Merged(plan_merge(opened, copy, who), True) if only_plan else do(opened, copy, who, take)  # type: ignore[arg-type]
    clashes = merged.plan.clashes if take == "ours" or only_plan else ()
    if as_json:
        shell.print_json(
            {
                "rows": len(merged.plan.changes),
                "already": merged.plan.already,
                "clashes": [_plain(clash) for clash in merged.plan.clashes],
                "in_workbook": merged.in_workbook and not only_plan,
            }
        )
    else:
        click.echo("\n".join(_lines(merged.plan, take, only_plan)))
        if not merged.in_workbook:
            click.echo(f"It is safe, but not in the workbook yet. {merged.pending_because}")
    if clashes:
        sys.exit(1)


@click.command("git-setup")
@click.argument("folder", default=".", type=click.Path(path_type=Path))
def git_setup(folder: Path) -> None:
    """Let git show diffs of registries cell by cell, and merge branches that both logged runs.

    \b
    python -m tracker git-setup
    """
    from tracker.merging.git import set_up

    click.echo("\n".join(set_up(folder)))


@click.command("git-text", hidden=True)
@click.argument("path", type=click.Path(path_type=Path))
def git_text(path: Path) -> None:
    """Print a workbook's tables as lines, for git diff: git calls it, see git-setup.

    Each line is one cell, in the order of tables and keys, so that sorting a sheet makes no difference.

    \b
    python -m tracker git-text registry.xlsx
    """
    from tracker.merging.git import text_of

    try:
        for line in text_of(path):
            click.echo(line)
    except TrackerError as error:
        click.echo(f"(no registry: {type(error).__name__})")


@click.command("git-merge", hidden=True)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@click.argument("name")
def git_merge(base: Path, ours: Path, theirs: Path, name: str) -> None:
    """Merge the workbooks of two branches: git calls it, see git-setup. Exit code 1 if both changed one cell.

    \b
    python -m tracker git-merge base.xlsx ours.xlsx theirs.xlsx registry.xlsx
    """
    from tracker.merging.git import merge_files

    try:
        merged = merge_files(base, ours, theirs, name, shell.person())
    except TrackerError as error:
        click.echo(f"{name}: not merged, ours stays: {error}", err=True)
        sys.exit(2)
    click.echo(f"{name}: {merged.rows} rows of the other branch came in.", err=True)
    for clash in merged.clashes:
        click.echo(f"  {_clash(clash)}; ours stays", err=True)
    sys.exit(1 if merged.clashes else 0)


def _lines(plan: MergePlan, take: str, only_plan: bool) -> list[str]:
    will = "would come" if only_plan else "came"
    new = sum(change.new for change in plan.changes)
    lines = [f"{len(plan.changes)} rows {will} in, {new} of them new; {plan.already} cells were the same already."]
    if plan.clashes:
        stays = "the copy's" if take == "theirs" else "the registry's"
        lines.append(f"Of {len(plan.clashes)} cells that both sides changed differently {stays} value stays:")
        lines += [f"  {_clash(clash)}" for clash in plan.clashes]
    for table, key in plan.removed:
        lines.append(f"The row '{' '.join(key)}' of {table} is gone on one side; the registry stays as it is.")
    for table, column in plan.unknown_columns:
        lines.append(f"Only the copy has the column '{column}' in {table}: add it to the registry, then merge again.")
    return lines


def _clash(clash: Clash) -> str:
    values = f"ours {clash.ours!r}, theirs {clash.theirs!r}, before {clash.base!r}"
    return f"{clash.table}: {clash.column} of {' '.join(clash.key)}: {values}"


def _plain(clash: Clash) -> dict[str, object]:
    from tracker.values import key_text

    values = {name: key_text(getattr(clash, name)) for name in ("base", "ours", "theirs")}
    return {"table": clash.table, "key": list(clash.key), "column": clash.column, **values}


COMMANDS = (merge, git_setup, git_text, git_merge)
