"""Commands about models: what is registered, its stages and aliases, its card. Whoever decides sees the plan first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from tracker.cli import shell
from tracker.errors import BadRequestError

if TYPE_CHECKING:
    from tracker.deciding.decide import Decided
    from tracker.deciding.decision import Decision
    from tracker.deciding.edits import EditReport
    from tracker.reading.registry import Registry

without_asking = click.option("--yes", is_flag=True, help="Do it without asking.")


# -- looking ------------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@shell.as_json
def models(registry: str, as_json: bool) -> None:
    """List the registered models: every version, its stage, since when and why.

    \b
    python -m tracker models registry.xlsx
    """
    from tracker import terminal
    from tracker.cli import report
    from tracker.deciding.models import registered

    names = ("model", "version", "stage", "artifact", "run_id", "promoted_by", "promoted_at", "reason", "notes")
    rows = [[getattr(version, name) for name in names] for version in registered(shell.opened(registry))]
    if as_json:
        shell.print_json([{name: report.plain(cell) for name, cell in zip(names, row, strict=True)} for row in rows])
        return
    if not rows:
        click.echo("No model is registered yet: python -m tracker register MODEL ARTIFACT")
        return
    headers = ["run" if name == "run_id" else name.replace("_", " ") for name in names]
    cells = [[terminal.shown(cell) for cell in row] for row in rows]
    click.echo("\n".join(terminal.fit(headers, cells, terminal.terminal_width(), ["version"]).lines))


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("version", metavar="MODEL:vN")
@click.option("--html", "page", type=click.File("w", encoding="utf-8"), help="Write it as a page to this file.")
@click.option(
    "--save",
    "completed",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Keep this Markdown file, a card that you completed, as the version's card.",
)
def card(registry: str, version: str, page: TextIO | None, completed: Path | None) -> None:
    """Print the card of a model version as Markdown: what the registry knows, and blanks for what people know.

    \b
    python -m tracker card registry.xlsx churn:v3 > card.md
    python -m tracker card registry.xlsx churn:v3 --save card.md
    python -m tracker card registry.xlsx churn:v3 --html card.html
    """
    from tracker.cards.card import read_facts, to_html
    from tracker.cards.saved import model_card, save_card

    opened = shell.opened(registry)
    if completed:
        saved = save_card(opened, version, _text_of(completed), shell.person())
        written = saved.card
        click.echo(f"{completed} is kept as {saved.artifact}.")
        _say_if_pending(saved.report)
    else:
        written = model_card(opened, version)
    if page:
        facts = read_facts(written.markdown)
        page.write(to_html(written.markdown, f"Model card: {facts['model']} v{facts['version']}"))
        click.echo(f"The card is in {page.name}.")
    elif not completed:
        click.echo(written.markdown, nl=False)
    if written.blanks:
        titles = ", ".join(section.title for section in written.blanks)
        click.echo(f"Nobody has completed yet: {titles}.", err=True)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BadRequestError(reason=f"{path} is not a text in UTF-8. Nothing was saved; save it as that.") from None


# -- deciding -----------------------------------------------------------------------------------------------------


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("model")
@click.argument("artifact")
@click.option("--run", metavar="RUN", default="", help="The run that made it, if not the one that logged it.")
@click.option("--notes", default="", help="What to know of this version.")
def register(registry: str, model: str, artifact: str, run: str, notes: str) -> None:
    """Register an artifact version as the next version of a model.

    ARTIFACT is a name and a version; without a version it is the latest.

    \b
    python -m tracker register registry.xlsx churn churn-model:v3 --notes "trained on all of 2026"
    """
    from tracker.deciding import decide

    _say(decide.register(shell.opened(registry), model, artifact, shell.person(), run=run, notes=notes))


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("version", metavar="MODEL:vN")
@click.argument("stage")
@click.option("--reason", required=True, help="Why; it stands in the models table.")
@click.option("--override", default="", help="Why it is promoted although its gate is shut; takes a manager.")
@without_asking
def promote(registry: str, version: str, stage: str, reason: str, override: str, yes: bool) -> None:
    """Move a model version into a stage, and out of it the one that is there.

    STAGE is none, candidate, staging, production or retired; staging and production hold one version of a model.

    \b
    python -m tracker promote registry.xlsx churn:v3 production --reason "best auc on the holdout"
    """
    from tracker.deciding import decide

    opened, who = shell.opened(registry), shell.person()
    plan = decide.promotion(opened, version, stage, reason, who, override)
    _agree(opened, plan, who, yes)
    _say(decide.promote(opened, version, stage, reason, who, agreed=plan, override=override))


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("model")
@click.option("--reason", required=True, help="Why; it stands in the models table.")
@click.option("--stage", default="production", show_default=True, help="production or staging.")
@without_asking
def revert(registry: str, model: str, reason: str, stage: str, yes: bool) -> None:
    """Bring back the version of a model that was in a stage before.

    \b
    python -m tracker revert registry.xlsx churn --reason "too many false alarms since Monday"
    """
    from tracker.deciding import decide

    opened, who = shell.opened(registry), shell.person()
    plan = decide.reversion(opened, model, reason, who, stage)
    _agree(opened, plan, who, yes)
    _say(decide.revert(opened, model, reason, who, stage, agreed=plan))


@click.command(cls=shell.Command)
@shell.registry_argument
@click.argument("artifact")
@click.argument("name", metavar="ALIAS")
@click.option("--reason", "why", required=True, help="Why; it is added to the notes of the versions.")
@click.option("--remove", is_flag=True, help="Take the alias away; ARTIFACT is then a name without a version.")
@without_asking
def alias(registry: str, artifact: str, name: str, why: str, remove: bool, yes: bool) -> None:
    """Let an alias such as champion point to an artifact version, and to no other of that name.

    \b
    python -m tracker alias registry.xlsx churn-model:v3 champion --reason "best auc on the holdout"
    """
    from tracker.deciding import decide

    if remove and ":" in artifact:
        reason = f"Name {artifact.partition(':')[0]} without a version: whichever has the alias loses it."
        raise BadRequestError(reason=reason)
    opened, who = shell.opened(registry), shell.person()
    preview, carry_out = (decide.unaliasing, decide.remove_alias) if remove else (decide.aliasing, decide.set_alias)
    plan = preview(opened, artifact, name, why, who)
    _agree(opened, plan, who, yes)
    _say(carry_out(opened, artifact, name, why, who, agreed=plan))


def _agree(registry: Registry, plan: Decision, who: str, yes: bool) -> None:
    """Show a plan and ask whether it is to be done; who may not decide it is told before."""
    from tracker.reading.roles import require

    require(registry.folders, who, plan.act)
    if plan.changes and not yes:
        click.echo(f"{plan.what}.", err=True)
        click.confirm("Do it?", abort=True, err=True)


def _say(done: Decided) -> None:
    click.echo(f"{'Done' if done.report.changed else 'Nothing to do'}: {done.decision.what}.")
    _say_if_pending(done.report)


def _say_if_pending(report: EditReport) -> None:
    """Where it waits for the workbook, say why: it is safe."""
    if not report.in_workbook:
        click.echo(report.pending_because, err=True)


COMMANDS = (models, card, register, promote, revert, alias)
