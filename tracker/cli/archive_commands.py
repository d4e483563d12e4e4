"""The command that moves runs into an archive workbook, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli import shell
from tracker.errors import BadRequestError
from tracker.wording import count, size

if TYPE_CHECKING:
    from tracker.archiving.plan import MovePlan

MOST = 20
"""How many runs a plan lists."""


@click.command("archive", cls=shell.Command)
@shell.registry_argument
@click.option("--before", metavar="DATE", help="Runs that began before this day, such as 2026-01-01 (UTC).")
@click.option("--experiment", default="", help="Runs of this experiment; with --before, those of them that are older.")
@click.option("--run", "runs", multiple=True, metavar="RUN", help="A run, by its id or name; may be given again.")
@click.option("--to", type=click.Path(path_type=Path), help="The archive; REGISTRY-archive.xlsx beside the registry.")
@click.option("--back", is_flag=True, help="Bring runs back from the archive.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be done, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shell.as_json
def archive_runs(
    registry: str,
    before: str | None,
    experiment: str,
    runs: Sequence[str],
    to: Path | None,
    back: bool,
    only_plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Move runs into an archive workbook with their metric steps, artifacts, lineage and checklist; or back.

    What would move and what stays, with the reason, is shown first. A run's row stays as one line that says where the
    run is; everything is copied and compared before anything is taken away. It takes a manager.

    \b
    python -m tracker archive registry.xlsx --before 2026-01-01
    python -m tracker archive registry.xlsx --experiment churn --to old/churn.xlsx
    python -m tracker archive registry.xlsx --back --run "gbm depth 6"
    """
    from tracker.archiving.carry_out import Wanted, archive_of, move_runs, planned

    here = shell.opened(registry)
    archive = to or archive_of(here)
    wanted = Wanted(_day(before), experiment, tuple(runs))
    origin, target = (shell.opened(str(archive)), here.path) if back else (here, Path(archive))
    plan = planned(origin, target, wanted, back=back)
    if not as_json:
        click.echo("\n".join(plan_lines(plan, target)))
    if only_plan or not plan.runs:
        if as_json:
            shell.print_json(_plain(plan, target, moved=False))
        return
    if not yes:
        click.confirm("\nDo it?", abort=True, err=True)
    moved = move_runs(origin, target, wanted, shell.person(), back=back, agreed=plan)
    if as_json:
        shell.print_json(_plain(moved.plan, moved.path, moved=True))
    else:
        click.echo(f"\nMoved: {count(len(moved.plan.runs), 'run')} to {moved.path}.")


def plan_lines(plan: MovePlan, target: Path) -> list[str]:
    """What a plan says in a terminal."""
    from tracker import terminal

    lines = []
    if plan.runs:
        what = [
            count(sum(run.lineage for run in plan.runs), "row") + " of lineage",
            count(sum(run.checklist for run in plan.runs), "row") + " of checklists",
            count(len(plan.artifacts), "artifact version"),
        ]
        moves = f"{count(len(plan.runs), 'run')} to {target}"
        lines += [f"{moves}, with {', '.join(what)}: {size(float(plan.size))} of files.", ""]
        rows = [
            [terminal.one_line(run.name), run.run_id, str(len(run.artifacts)), size(float(run.steps))]
            for run in plan.runs[:MOST]
        ]
        lines += terminal.fit(["run", "id", "artifacts", "steps"], rows, terminal.terminal_width()).lines
        if len(plan.runs) > MOST:
            lines.append(f"… and {count(len(plan.runs) - MOST, 'more run')}")
    else:
        lines.append("No run moves.")
    if plan.stays:
        lines += ["", f"{count(len(plan.stays), 'run')} that you asked for will stay:"]
        lines += [
            f"  {terminal.one_line(one.name or one.run_id)}: {terminal.one_line(one.why)}" for one in plan.stays[:MOST]
        ]
        if len(plan.stays) > MOST:
            lines.append(f"  … and {count(len(plan.stays) - MOST, 'more run')}")
    if plan.runs and plan.shared:
        few = ", ".join(plan.shared[:5]) + (" …" if len(plan.shared) > 5 else "")
        lines += [
            "",
            f"Files that stay, since other runs made them too or they lie elsewhere: {terminal.one_line(few)}.",
        ]
    return lines


def _plain(plan: MovePlan, target: Path, moved: bool) -> dict[str, object]:
    return {
        "moved": moved,
        "to": str(target),
        "runs": [run.run_id for run in plan.runs],
        "artifacts": list(plan.artifacts),
        "bytes": plan.size,
        "stays": [{"run_id": one.run_id, "why": one.why} for one in plan.stays],
        "shared": list(plan.shared),
    }


def _day(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequestError(reason=f"--before must be a day such as 2026-01-01, not '{text}'.") from None
    return moment.replace(tzinfo=None) if moment else None


COMMANDS = (archive_runs,)
