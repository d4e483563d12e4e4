"""A year in the life of the sample, with a clock that the test sets: runs, promotions, holds, expiry, trash, purge."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from team import Team
from trained import open_gates

from tracker import retention, store
from tracker.checklist.reviews import find_reviews
from tracker.deciding import decide
from tracker.reading.registry import Registry

SAMPLE = Path(__file__).parent.parent / "sample_workbooks" / "ml_experiments.xlsx"
BEGIN = datetime(2026, 12, 1, 9)
WEEK = timedelta(days=7)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A copy of the sample, of which everything so far is an experiment."""
    path = Path(shutil.copyfile(SAMPLE, tmp_path / SAMPLE.name))
    shutil.copytree(SAMPLE.with_suffix(".tracker"), path.with_suffix(".tracker"))
    team = Team(path)
    open_gates(path)
    for artifact in team.rows():
        team.writes("artifacts", artifact, retention_class="experiment")
    team.registry.sync()
    return team


def test_a_year(team: Team) -> None:
    registry = team.registry
    purged: dict[str, int] = {}
    held_until = BEGIN + 30 * WEEK
    team.runs("week-0", BEGIN)
    team.stores("held-plot", b"evidence in a dispute", BEGIN, "week-0", retention_class="scratch")
    registry.sync()
    retention.hold(registry, ["held-plot:v1"], "a dispute", "lead")
    for week in range(1, 53):
        now = BEGIN + week * WEEK
        run = f"week-{week}"
        team.runs(run, now, "tumours-data:v1", experiment="tumours")
        team.stores("weekly-model", f"model {week}".encode() * 50, now, run, retention_class="candidate")
        team.stores("scratch-plot", f"plot {week}".encode() * 30, now, run, retention_class="scratch")
        registry.sync()
        if week % 8 == 0:
            decide.register(registry, "weekly", f"weekly-model:v{week}", "lead")
            version = len([row for row in team.rows_of("models") if row["model"] == "weekly"])
            decide.promote(registry, f"weekly:v{version}", "production", f"week {week}", "lead")
        if now == held_until:
            retention.release(registry, ["held-plot:v1"], "lead")
        plan = retention.retention_plan(registry, now)
        assert not {item.artifact for item in plan.items} & set(protected(team)), "an exempt version was planned"
        outcome = retention.approve(registry, plan, "lead", now)
        assert outcome.done == plan.items and not outcome.failed
        trashed = [name for name, row in team.rows().items() if row["status"] == "trash"]
        if week == 10:
            retention.restore(registry, trashed[:1], "lead", now)
            assert team.rows()[trashed[0]]["status"] == "stored"
        disk = team.on_disk()
        purge = retention.purge_plan(registry, now)
        done = retention.purge(registry, purge, "lead", now)
        assert done.freed == purge.freed == disk - team.on_disk()
        purged |= {item.artifact: item.size for item in done.done}
    rows = team.rows()
    assert len(purged) > 20
    for artifact, size in purged.items():
        row = rows[artifact]
        assert (row["status"], row["size"], row["path"]) == ("deleted", size, None)
        assert row["sha256"] and row["status_by"] == "lead" and row["status_why"]
    assert rows["held-plot:v1"]["status"] in ("trash", "deleted")
    assert rows["tumours-data:v1"]["status"] == "stored", "every week a run read it"
    assert {row["status"] for name, row in rows.items() if name.startswith("weekly-model")} == {"stored"}
    assert [problem for problem in store.verify(team.folders) if problem.severity == "error"] == []
    assert not [problem for problem in Registry(team.folders.workbook).check() if problem.severity == "error"]
    due = find_reviews(team.rows_of("sop"), (), registry.settings)
    assert all(isinstance(review.day.year, int) for review in due)


def protected(team: Team) -> list[str]:
    """What must not go: held, aliased, or in a stage."""
    staged = {row["artifact"] for row in team.rows_of("models") if row["stage"] in ("production", "staging")}
    return [n for n, row in team.rows().items() if row["hold"] or row["aliases"] or n in staged]
