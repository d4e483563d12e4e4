"""Commands about what became of a registry: its history, what differs between versions, undo and restore."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli import shell
from tracker.errors import BadRequestError
from tracker.wording import count

if TYPE_CHECKING:
    from tracker.deciding.restoring import Restoring
    from tracker.deciding.undo import Undo
    from tracker.history.versions import Version
    from tracker.reading.registry import Registry

without_asking = click.option("--yes", is_flag=True, help="Do it without asking.")


# -- looking ------------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("run", required=False)
@click.option("--table", metavar="NAME", default="", help="Only what is in this table.")
@click.option("--who", metavar="NAME", default="", help="Only what this person decided; a part of the name will do.")
@click.option("--since", metavar="TIME", help="Only what is not older: 2026-11-01 or 2026-11-01T17:30, UTC.")
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True, help="The most; 0 for all.")
@click.option("--verify", is_flag=True, help="Prove that no change set was altered. The exit code is 1 if one was.")
@shell.as_json
def history(
    registry: str, run: str | None, table: str, who: str, since: str | None, limit: int, verify: bool, as_json: bool
) -> None:
    """Show what was changed, newest first: when, by whom, each cell from what to what.

    What people saved in Excel or LibreOffice is listed as well, with who saved it. A save that was overwritten by
    another before any sync is not: nobody saw it.

    \b
    python -m tracker history registry.xlsx "gbm depth 6" --limit 5
    python -m tracker history registry.xlsx --table people --since 2026-11-01
    python -m tracker history registry.xlsx --verify
    """
    from tracker.cli import history_report

    opened = shell.opened(registry)
    if verify:
        _verify(opened, as_json)
        return
    found = opened.changes(run or "", table=table, who=who, since=_time(since), limit=limit or None)
    if as_json:
        shell.print_json([history_report.plain_change_set(each) for each in found])
        return
    lines = [line for each in found for line in history_report.history_lines(each)]
    nothing = "Nothing of that kind is in the history." if run or table or who or since else "Nothing was written yet."
    click.echo("\n".join(lines) or nothing)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadRequestError(
            reason=f"--since must be a time such as 2026-11-01 or 2026-11-01T17:30, not '{text}'."
        ) from None


def _verify(registry: Registry, as_json: bool) -> None:
    from tracker.history.timeline import verify

    proof = verify(registry.folders)
    faults = [f"{registry.folders.changes.name}/{fault.file} {fault.what}." for fault in proof.faults]
    if as_json:
        whole = {"change_sets": proof.count, "newest": proof.newest}
        shell.print_json(whole | {"faults": [{"file": fault.file, "what": fault.what} for fault in proof.faults]})
    elif faults:
        click.echo("\n".join(faults))
        click.echo("Everything else is as it was written. Restore these files from a backup.", err=True)
    elif not proof.count:
        click.echo("Nothing was written yet.")
    else:
        click.echo(f"{count(proof.count, 'change set')}: every one is as it was written, and none is missing.")
        click.echo(
            f"The newest is {proof.newest}. Noted elsewhere, it proves later that all up to it is still the same."
        )
    if faults:
        raise SystemExit(1)


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("a")
@click.argument("b", required=False)
@click.option("--table", metavar="NAME", default="", help="Only this table.")
@shell.as_json
def diff(registry: str, a: str, b: str | None, table: str, as_json: bool) -> None:
    """Show what differs between two versions of a registry, or two workbooks: cell by cell, by row key.

    A and B are each the number of a change set, a time such as 2026-11-01 (the end of that day, UTC), the name of a
    file in the versions folder, another workbook, or now. Without B, A is compared with the workbook as it is; where A
    is another workbook, the registry with that.

    \b
    python -m tracker diff registry.xlsx 57
    python -m tracker diff registry.xlsx 2026-11-01 2026-11-08
    python -m tracker diff registry.xlsx colleague.xlsx
    """
    from dataclasses import replace

    from tracker.cli import history_report
    from tracker.history.compare import compare_files

    workbook = Path(registry)
    sides = [a, b] if b else ["now", a] if _is_workbook(a) else [a, "now"]
    before, after = (_version(workbook, side) for side in sides)
    found = compare_files(before.path, after.path)
    if table:
        found = replace(
            found,
            entries=tuple(entry for entry in found.entries if entry.table == table.lower()),
            columns=tuple(one for one in found.columns if one.table == table.lower()),
            sheets=(),
        )
    if as_json:
        shell.print_json(history_report.plain_differences(found))
        return
    for sign, version in (("---", before), ("+++", after)):
        click.echo(f"{sign} {version.path.name}: {version.label}")
    for line in history_report.difference_lines(found):
        click.echo(line)


def _is_workbook(text: str) -> bool:
    return text.lower().endswith(shell.WORKBOOKS) and Path(text).is_file()


def _version(workbook: Path, name: str) -> Version:
    """A version of the registry, or another workbook."""
    from tracker.folders import Folders
    from tracker.history.versions import find_version

    other = _is_workbook(name)
    path = Path(name) if other else workbook
    return find_version(path, Folders(path).versions, "now" if other else name)


# -- taking back --------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("change")
@click.option("--what-is-unchanged", is_flag=True, help="Leave cells alone that changed since, and undo the rest.")
@without_asking
def undo(registry: str, change: str, what_is_unchanged: bool, yes: bool) -> None:
    """Put the old values of a change set back, as a new change set; shows them and asks first.

    CHANGE is its number as history shows it, or the id of an outside save. Where a cell changed since, nothing is
    changed and the cells are listed. Of rows that it added, the cells become blank and the key stays.

    \b
    python -m tracker undo registry.xlsx 57
    """
    from tracker.deciding import undo as undoing

    opened, who = shell.opened(registry), shell.person()
    plan = undoing.undoing(opened, change, who)
    if plan.changed and not what_is_unchanged:
        raise undoing.refusal(plan)
    if plan.decision.changes and not yes:
        click.echo("\n".join(_undo_lines(plan)), err=True)
        click.confirm("Do it?", abort=True, err=True)
    done = undoing.undo(opened, change, who, what_is_unchanged=what_is_unchanged, agreed=plan)
    click.echo(f"Done: {done.decision.what}." if done.report.changed else "Nothing to do: all is as it was before.")
    for sentence in plan.left:
        click.echo(f"{sentence}.", err=True)
    if not done.report.in_workbook:
        click.echo(done.report.pending_because, err=True)


def _undo_lines(plan: Undo) -> list[str]:
    from tracker.cli import history_report
    from tracker.model import CellChange
    from tracker.terminal import one_line

    lines = [f"{plan.decision.what}."]
    for change in islice(plan.decision.changes, history_report.MOST_ROWS):
        lines.append(
            f"  {one_line(change.table + ' ' + ' '.join(change.key))}" + (": comes back" if change.new else "")
        )
        if not change.new:
            cells = {name: CellChange(change.was.get(name), value) for name, value in change.set.items()}
            lines += [f"    {history_report.cell_line(name, cell)}" for name, cell in cells.items()]
    if (more := len(plan.decision.changes) - history_report.MOST_ROWS) > 0:
        lines.append(f"  … and {count(more, 'more row')}")
    if plan.blanked:
        lines.append(f"{count(len(plan.blanked), 'row')} will have only the key left: rows are not deleted.")
    return lines


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("version", required=False)
@without_asking
def restore(registry: str, version: str | None, yes: bool) -> None:
    """Bring a whole earlier workbook back, people's charts and formats too; without VERSION, list what there is.

    VERSION is the number of the last change set in it, a time such as 2026-11-01 (the end of that day, UTC), or the
    name of its file. It takes a manager. What came since stays in the history: undo takes the restore back.

    \b
    python -m tracker restore registry.xlsx
    python -m tracker restore registry.xlsx 57
    """
    from tracker import terminal
    from tracker.cli import history_report
    from tracker.deciding.restoring import restore_version, restoring
    from tracker.history.versions import known_versions
    from tracker.reading.roles import require

    opened, who = shell.opened(registry), shell.person()
    if version is None:
        rows = history_report.version_rows(known_versions(opened.folders.versions))
        headers = ["change set", "saved", "replaced", "size", "file"]
        fitted = terminal.fit(headers, rows, terminal.terminal_width(), ["change set", "size"])
        click.echo("\n".join(fitted.lines) if rows else "No earlier workbook has been kept yet.")
        return
    require(opened.folders, who, "version")
    plan = restoring(opened, version)
    if not yes:
        click.echo("\n".join(_restore_lines(plan)), err=True)
        click.confirm("Do it?", abort=True, err=True)
    done = restore_version(opened, plan.version.path.name, who, agreed=plan)
    number = int((done.change_set or "0").partition("-")[0])
    click.echo(f"Done: {plan.version.path.name} is the workbook again.")
    click.echo(f"To take it back: python -m tracker undo {registry} {number}", err=True)


def _restore_lines(plan: Restoring) -> list[str]:

    new, removed, changed = plan.differences.counts
    lines = [f"{plan.version.label[0].upper()}{plan.version.label[1:]} UTC, becomes the workbook again."]
    for number, words in ((removed, "not in it: out of the workbook"), (new, "back"), (changed, "with other cells")):
        lines += [f"  {count(number, 'row')} {words}"] if number else []
    if plan.removed_runs:
        lines.append(f"  {count(len(plan.removed_runs), 'run')} among the rows that go; they stay in the history")
    if plan.under_way:
        lines.append(
            f"  still running: {', '.join(plan.under_way[:5])}; what they log from now on is not in the workbook"
        )
    if plan.orphans:
        lines.append(f"  {count(plan.orphans, 'artifact version')} without a row; the files stay")
    return lines


COMMANDS = (history, diff, undo, restore)
