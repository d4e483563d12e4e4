"""The artifact manager's commands: what is due and what is done about it, holds, the trash, the archive, the report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import shell
from tracker.errors import BadRequestError

if TYPE_CHECKING:
    from tracker.deciding.decide import Decided
    from tracker.deciding.edits import EditReport
    from tracker.reading.registry import Registry
    from tracker.retention import Outcome, Plan


@click.group(cls=shell.Group)
def retention() -> None:
    """The artifact manager's desk: what is due by the retention table, holds, the trash, the archive, who stores what.

    Deleting takes a plan that was shown, a manager who approves it, and the trash time. What is held, aliased,
    registered, in use or shared with a version that is kept stays; a row remains of everything, for ever.

    \b
    python -m tracker retention plan registry.xlsx
    python -m tracker retention approve registry.xlsx 1f0c9a3e
    """


chosen = click.argument("artifacts", nargs=-1, metavar="[ARTIFACT]...")
where = click.option("--where", "query", metavar="QUERY", help="All versions that a query finds, too.")
without_asking = click.option("--yes", is_flag=True, help="Do not ask.")


# -- by rule ------------------------------------------------------------------------------------------------------


@retention.command(cls=shell.Command)
@shell.registry_argument
@chosen
@shell.as_json
def plan(registry: str, artifacts: Sequence[str], as_json: bool) -> None:
    """Show what is due by the retention table: sizes, rules, and what is exempt and why. Nothing is changed.

    With ARTIFACTs, such as churn-model:v3, the plan is of these only.

    \b
    python -m tracker retention plan registry.xlsx
    """
    from tracker import retention as desk
    from tracker.cli.retention_report import plain_plan

    opened = shell.opened(registry)
    found = desk.retention_plan(opened, only=artifacts or None)
    if as_json:
        shell.print_json(plain_plan(found))
        return
    _show(found)
    if found.items:
        words = " ".join(["python -m tracker retention approve", registry, found.id, *artifacts])
        click.echo(f"\nTo do exactly this: {words}")
    purge_plan = desk.purge_plan(opened)
    if purge_plan.items:
        click.echo("\nIn the trash for long enough; 'retention purge' deletes it for good:")
        _show(purge_plan)


@retention.command(cls=shell.Command)
@shell.registry_argument
@click.argument("plan_id", metavar="PLAN")
@chosen
def approve(registry: str, plan_id: str, artifacts: Sequence[str]) -> None:
    """Do what a plan says, if it is still the one that was shown.

    PLAN is the id that 'retention plan' gave; with the ARTIFACTs, if it was given some.

    \b
    python -m tracker retention approve registry.xlsx 1f0c9a3e
    """
    from tracker import retention as desk

    _say(desk.approve(shell.opened(registry), plan_id, shell.person(), only=artifacts or None))


@retention.command(cls=shell.Command)
@shell.registry_argument
@without_asking
def purge(registry: str, yes: bool) -> None:
    """Delete for good what has been in the trash long enough; the setting trash.days says how long that is.

    The rows remain, with hash, size, who, when and by which rule.

    \b
    python -m tracker retention purge registry.xlsx
    """
    from tracker import retention as desk

    opened, who = shell.opened(registry), shell.person()
    _refuse(opened, who, "purge")
    found = desk.purge_plan(opened)
    _show(found)
    if found.items:
        if not yes:
            click.confirm("Delete these files for good?", abort=True, err=True)
        _say(desk.purge(opened, found, who))


@retention.command(cls=shell.Command)
@shell.registry_argument
def run(registry: str) -> None:
    """For a nightly job: purge what was in the trash long enough, and show the plan that waits for approval.

    What goes into the trash always takes a person. 'retention schedule' prints the line that starts the job.

    \b
    python -m tracker retention run registry.xlsx
    """
    from tracker import retention as desk

    opened, who = shell.opened(registry), shell.person()
    _say(desk.purge(opened, None, who))
    _show(desk.retention_plan(opened))


@retention.command(cls=shell.Command)
@shell.registry_argument
def schedule(registry: str) -> None:
    """Print the line that has 'retention run' done every night: for cron, and for the Task Scheduler of Windows.

    \b
    python -m tracker retention schedule registry.xlsx
    """
    from tracker.retention.schedule import cron_line, task_scheduler_line

    opened = shell.opened(registry)
    click.echo("Linux and macOS, a line for 'crontab -e':")
    click.echo(cron_line(opened.path, sys.executable, opened.folders.side / "retention.log"))
    click.echo("\nWindows, a command for its prompt:")
    click.echo(task_scheduler_line(opened.path, sys.executable))


@retention.command(cls=shell.Command)
@shell.registry_argument
@shell.as_json
def report(registry: str, as_json: bool) -> None:
    """Show who stores how much of what, what is there twice, what belongs to nothing, and what expires in 90 days.

    \b
    python -m tracker retention report registry.xlsx
    """
    from tracker import retention as desk
    from tracker.cli.retention_report import plain_storage, storage_lines

    found = desk.storage(shell.opened(registry))
    if as_json:
        shell.print_json(plain_storage(found))
    else:
        click.echo("\n".join(storage_lines(found)))


# -- by choice ----------------------------------------------------------------------------------------------------


def _chosen_command(name: str, text: str, *, reason: str | None = None) -> click.Command:
    """A command that does one act with the versions that are named or found."""

    def do(registry: str, artifacts: Sequence[str], query: str | None, yes: bool, why: str = "") -> None:
        _do(registry, name, artifacts, query, yes, why)

    needs = click.option("--reason", "why", required=True, help=reason) if reason else None
    decorators: list[Callable[..., Any] | None] = [shell.registry_argument, chosen, where, needs, without_asking]
    for decorate in reversed(decorators):
        if decorate is not None:
            do = decorate(do)
    option = ' --reason "superseded by v4"' if reason else ""
    example = f"python -m tracker retention {name} registry.xlsx churn-model:v3{option}"
    query = f"python -m tracker retention {name} registry.xlsx --where \"retention_class = 'scratch'\"{option}"
    help = f"{text}\n\n\b\n{example}\n{query}"
    return shell.Command(name, callback=do, params=getattr(do, "__click_params__", [])[::-1], help=help)


retention.add_command(
    _chosen_command(
        "trash",
        "Put versions into the trash, from which they can be restored until they are purged.\n\n"
        "Refused for what is held, aliased, registered or in use.",
        reason="Why; their rows say it.",
    )
)
retention.add_command(_chosen_command("restore", "Bring versions back from the trash."))
retention.add_command(
    _chosen_command(
        "archive",
        "Move versions into the archive store, which the setting artifacts.archive names.",
        reason="Why; their rows say it.",
    )
)
retention.add_command(
    _chosen_command("unarchive", "Bring versions back from the archive to where new artifacts are stored.")
)


@retention.command(cls=shell.Command)
@shell.registry_argument
@chosen
@where
@click.option("--to", required=True, metavar="STORE", help="A folder or an address; beside for the registry's own.")
@without_asking
def move(registry: str, artifacts: Sequence[str], query: str | None, to: str, yes: bool) -> None:
    """Move versions into another store; every copied byte is checked before the old one is removed.

    \b
    python -m tracker retention move registry.xlsx churn-train:v3 --to s3://bucket/team
    """
    _do(registry, "move", artifacts, query, yes, "", "" if to == "beside" else to)


@retention.command(cls=shell.Command)
@shell.registry_argument
@click.argument("artifact")
@click.argument("target")
def copy(registry: str, artifact: str, target: str) -> None:
    """Copy a version to a folder or to an address, every byte checked. The registry does not know of the copy.

    \b
    python -m tracker retention copy registry.xlsx churn-model:v3 s3://bucket/for-customers
    """
    from tracker import retention as desk

    click.echo(f"Copied to {desk.copy(shell.opened(registry), artifact, target, shell.person())}")


@retention.command(cls=shell.Command)
@shell.registry_argument
@chosen
@where
@click.option("--reason", "why", required=True, help="Why, such as an audit; their rows say it.")
def hold(registry: str, artifacts: Sequence[str], query: str | None, why: str) -> None:
    """Put versions on hold: nothing deletes them, whatever the rules say, until they are released.

    \b
    python -m tracker retention hold registry.xlsx churn-model:v3 --reason "audit of 2027"
    """
    from tracker import retention as desk

    opened = shell.opened(registry)
    _decided(desk.hold(opened, _selected(opened, artifacts, query), why, shell.person()))


@retention.command(cls=shell.Command)
@shell.registry_argument
@chosen
@where
def release(registry: str, artifacts: Sequence[str], query: str | None) -> None:
    """Release versions from their hold; the history keeps who held them and why.

    \b
    python -m tracker retention release registry.xlsx churn-model:v3
    """
    from tracker import retention as desk

    opened = shell.opened(registry)
    _decided(desk.release(opened, _selected(opened, artifacts, query), shell.person()))


def _do(
    registry: str, action: str, artifacts: Sequence[str], query: str | None, yes: bool, why: str, to: str = ""
) -> None:
    """Show what it would take, ask, and do it."""
    from tracker import retention as desk
    from tracker.retention.desk import ACT_OF

    opened, who = shell.opened(registry), shell.person()
    _refuse(opened, who, ACT_OF.get(action, action))
    names = _selected(opened, artifacts, query)
    found = desk.chosen_plan(opened, action, names, why, who, to)
    _show(found)
    if not found.items:
        raise SystemExit(1)
    if not yes:
        click.confirm("Do it?", abort=True, err=True)
    _say(desk.do_chosen(opened, action, names, why, who, to=to, agreed=found))


def _selected(registry: Registry, artifacts: Sequence[str], query: str | None) -> list[str]:
    """The versions that are named, by number or alias, and those that a query finds."""
    from tracker.cli.report import table_columns
    from tracker.deciding.aliases import resolve
    from tracker.deciding.rows import cells_of
    from tracker.reading.query import parse
    from tracker.values import key_text

    rows = cells_of(registry.folders, "artifacts")
    names = [key_text(resolve(rows, artifact, registry.path)["artifact"]) for artifact in artifacts]
    if query is not None:
        if not query.strip():
            raise BadRequestError(reason='--where needs a query; one that finds everything is "version >= 1".')
        table = registry.rows("artifacts")
        found = table_columns("artifacts", table.columns, table.rows)
        mask = parse(query).mask(found)
        names += [str(name) for name, wanted in zip(found.values["artifact"], mask, strict=True) if wanted and name]
    return list(dict.fromkeys(names))


def _refuse(registry: Registry, who: str, act: str) -> None:
    """Tell those who may not do it before they are asked anything."""
    from tracker.reading.roles import require

    require(registry.folders, who, act)


# -- what is said -------------------------------------------------------------------------------------------------


def _show(plan: Plan) -> None:
    from tracker.cli.retention_report import plan_lines

    click.echo("\n".join(plan_lines(plan)))


def _say(outcome: Outcome) -> None:
    """What was done, and what stayed where it was."""
    from tracker.terminal import one_line
    from tracker.wording import count, size

    done: dict[str, int] = {}
    for item in outcome.done:
        done[item.action] = done.get(item.action, 0) + 1
    listed = ", ".join(f"{action} {count(number, 'version')}" for action, number in done.items())
    freed = f"; {size(outcome.freed)} became free" if outcome.freed else ""
    click.echo(f"Done: {listed}{freed}." if listed else "Nothing was to be done.")
    _say_if_pending(outcome.report)
    for item, why in outcome.failed:
        click.echo(f"Not done: {item.action} {item.artifact}: {one_line(why)}", err=True)
    if outcome.failed:
        raise SystemExit(1)


def _decided(done: Decided) -> None:
    click.echo(f"{done.decision.what}.")
    _say_if_pending(done.report)


def _say_if_pending(report: EditReport) -> None:
    if not report.in_workbook:
        click.echo(report.pending_because, err=True)


COMMANDS = (retention,)
