"""Commands about the procedure's items: how runs stand, ticks and waivers, gates, and reviews that are due."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli import shell
from tracker.errors import BadRequestError

if TYPE_CHECKING:
    from tracker.checklist.standing import Standing
    from tracker.deciding.gate import Gate
    from tracker.reading.registry import Registry

SIGNS = {"done": "✓", "waived": "~", "not applicable": "·"}


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("run", required=False)
@click.option("--report", is_flag=True, help="Show which items are always waived or never brought.")
@click.option("--evaluate", is_flag=True, help="Judge all finished runs now, those that nobody has judged yet too.")
@click.option("--all", "anew", is_flag=True, help="With --evaluate: by the procedure as it is now, earlier runs too.")
@click.option("--done", metavar="ITEM", help="Tick an item of RUN.")
@click.option("--waive", metavar="ITEM", help="Waive an item of RUN; takes --reason.")
@click.option("--not-applicable", "inapplicable", metavar="ITEM", help="Say that an item does not apply to RUN.")
@click.option("--undo", metavar="ITEM", help="Take a tick or waiver back, so that the rule decides again.")
@click.option("--reason", "why", default="", help="The reason.")
@click.option("--evidence", default="", help="What proves it, such as churn-card:v2.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day of a waiver.")
@shell.as_json
def checklist(
    registry: str, run: str | None, report: bool, evaluate: bool, anew: bool, as_json: bool, **given: Any
) -> None:
    """Show how a run stands by the standard operating procedure, or how far all runs are; tick and waive items.

    \b
    python -m tracker checklist registry.xlsx "gbm depth 6"
    python -m tracker checklist registry.xlsx "gbm depth 6" --waive "model card" --reason "a trial" --until 2026-12-31
    """
    from tracker.checklist.judging import outlook

    opened = shell.opened(registry)
    if report:
        _report(opened, as_json)
        return
    decided = [(name, given[name]) for name in ("done", "waive", "inapplicable", "undo") if given[name]]
    if decided and (run is None or len(decided) > 1):
        raise BadRequestError(reason="Name one run, and one of --done, --waive, --not-applicable, --undo.")
    if decided and run is not None:
        from tracker.deciding.ticking import tick

        what, item = decided[0]
        status = {"done": "done", "waive": "waived", "inapplicable": "not applicable", "undo": "missing"}[what]
        words = {name: given[name] for name in ("why", "evidence", "until")}
        saved = tick(opened, run, item, status, shell.person(), **words)
        if not saved.in_workbook:
            click.echo(f"Saved, but not in the workbook yet. {saved.pending_because}")
    elif evaluate or anew:
        runs = (opened.run_id(run),) if run else ()
        tallies = opened.evaluate(runs, anew=anew, who=shell.person())
        if not as_json:
            click.echo(f"{len(tallies):,} runs were judged.")
    if run is None:
        frame = opened.runs()
        rows = [(str(one["name"] or one["run_id"]), str(one["checklist"] or "")) for one in frame.to_dict("records")]
        if as_json:
            shell.print_json([{"run": name, "checklist": said} for name, said in rows])
        else:
            click.echo("\n".join(f"{said or '–':>10}  {name}" for name, said in rows) or "There are no runs yet.")
        return
    seen = outlook(opened.folders, opened.run_id(run))
    standings = seen.standings if seen else ()
    if as_json:
        shell.print_json([_plain(one) for one in standings])
    elif not standings:
        click.echo("The procedure asks nothing of this run.")
    else:
        click.echo("\n".join([*map(_line, standings), "", seen.tally.line if seen else ""]))


def _report(opened: Registry, as_json: bool) -> None:
    from tracker.checklist.report import item_uses
    from tracker.terminal import fit, terminal_width

    rows = opened.rows("checklist")
    item, status = rows.columns.index("item"), rows.columns.index("status")
    uses = item_uses((str(row[item] or ""), str(row[status] or "")) for row in rows.rows)
    if as_json:
        shell.print_json([{**one._asdict(), "advice": one.advice} for one in uses])
        return
    lines = [(one.item, str(one.runs), str(one.done), str(one.missing), str(one.waived), one.advice) for one in uses]
    click.echo("\n".join(fit(("item", "runs", "done", "missing", "waived", ""), lines, terminal_width()).lines))


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("what", metavar="RUN|MODEL:vN")
@click.option("--stage", default="production", show_default=True, help="The stage it is to go into.")
@shell.as_json
def gate(registry: str, what: str, stage: str, as_json: bool) -> None:
    """Say what a run or a model version lacks before it may go into a stage; exit code 9 if anything.

    Its must-items, every file of the model against its hash, and an approver who is not the author.

    \b
    python -m tracker gate registry.xlsx churn:v3 --stage production
    """
    from tracker.deciding.gate import look
    from tracker.errors import GateError

    found = look(shell.opened(registry), what, stage, shell.person())
    if as_json:
        shell.print_json(_plain_gate(found))
    elif found.is_open:
        click.echo(f"{found.what} may go into {stage}. {found.tally.line}".strip())
    else:
        click.echo(f"{found.what} may not go into {stage}:")
        click.echo("\n".join(f"- {one.what}. {one.hint}" for one in found.findings))
    if not as_json:
        for note in found.notes:
            click.echo(note)
    sys.exit(0 if found.is_open else GateError.exit_code)


@click.command(cls=shell.Command)
@shell.registry_argument
@click.option("--days", type=int, default=30, show_default=True, help="How far to look ahead.")
@click.option("--ics", type=click.Path(path_type=Path), help="Write the reviews as a calendar file.")
@shell.as_json
def due(registry: str, days: int, ics: Path | None, as_json: bool) -> None:
    """List the reviews that are due: of the procedure and its items; and waivers that end.

    \b
    python -m tracker due registry.xlsx --days 90 --ics reviews.ics
    """
    from tracker.checklist.reviews import calendar, reviews_of

    opened = shell.opened(registry)
    now = datetime.now(UTC).replace(tzinfo=None)
    every = reviews_of(opened)
    found = [one for one in every if (one.day - now.date()).days <= days]
    if ics is not None:
        ics.write_bytes(calendar(every, opened.path.stem, now))
    if as_json:
        shell.print_json([{"day": str(one.day), "what": one.what, "owner": one.owner} for one in found])
        return
    for one in found:
        late = " (overdue)" if one.day < now.date() else ""
        click.echo(f"{one.day}{late}  {one.what}" + (f"  {one.owner}" if one.owner else ""))
    if not found:
        click.echo(f"Nothing is due within {days} days.")
    if ics is not None:
        click.echo(f"{len(every)} dates are in {ics}.")


def _line(one: Standing) -> str:
    sign = SIGNS.get(one.state, "✗")
    proof = one.evidence or one.why
    by = f"  {one.who}" if one.by_person else ""
    until = f" until {one.until:%Y-%m-%d}" if one.until and one.state in ("waived", "expired") else ""
    state = "" if one.state in ("done", "missing") else f" ({one.state}{until})"
    return f"{sign} {one.item}{' *' if one.level == 'must' else ''}{state}" + (f": {proof}" if proof else "") + by


def _plain(one: Standing) -> dict[str, Any]:
    return {
        "item": one.item,
        "level": one.level,
        "state": one.state,
        "evidence": one.evidence,
        "who": one.who,
        "why": one.why,
        "until": f"{one.until:%Y-%m-%d}" if one.until else None,
    }


def _plain_gate(found: Gate) -> dict[str, Any]:
    return {
        "what": found.what,
        "stage": found.stage,
        "open": found.is_open,
        "checklist": str(found.tally),
        "findings": [{"kind": one.kind, "what": one.what, "hint": one.hint} for one in found.findings],
        "notes": list(found.notes),
    }


COMMANDS = (checklist, gate, due)
