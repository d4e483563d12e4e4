"""Gates, ticks and reviews: what keeps a model out of production, who may override it, and what is due."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from trained import train

import tracker
from tracker import capture
from tracker.checklist.judging import outlook
from tracker.checklist.report import item_uses
from tracker.checklist.reviews import Review, calendar, reviews_of
from tracker.cli.commands import main
from tracker.deciding import decide
from tracker.deciding.edits import edit_row, set_cell
from tracker.deciding.gate import look
from tracker.deciding.ticking import tick
from tracker.errors import BadRequestError, GateError, PermissionRefusedError
from tracker.reading.registry import Registry


@pytest.fixture(autouse=True)
def out_of_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capture, "script", lambda: None)
    monkeypatch.setattr(capture, "packages", lambda: "numpy==2.0\n")
    monkeypatch.setenv("LOGNAME", "lead")


@pytest.fixture
def registry(registry_path: Path) -> Registry:
    """A registry whose procedure asks for a model file and a seed, and a model of one version without a seed."""
    registry = Registry(registry_path)
    for row in registry.rows("sop").rows:
        edit_row(registry, "sop", (row[0],), {"level": "should"}, {"level": row[2]}, "lead")
    for item, rule in (("model file", 'artifact kind="model file"'), ("seed", "param seed")):
        seen = registry.row("sop", (item,)) or {}
        edit_row(registry, "sop", (item,), {"level": "must", "rule": rule}, seen, "lead", create=True)
    train(registry_path, "gbm", metrics={"auc": 0.9})
    decide.register(registry, "churn", "churn-model:v1", "ds1")
    return registry


def run_id(registry: Registry) -> str:
    return str(registry.runs()["run_id"][0])


def set_role(registry: Registry, person: str, role: str) -> None:
    edit_row(registry, "people", (person,), {"role": role}, {}, "lead", create=True)


def stage(registry: Registry) -> str:
    return str(registry.table("models")["stage"][0])


def test_a_run_says_at_its_end_what_it_lacks(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    with tracker.start_run(registry.path, name="another") as run:
        run.log_param("seed", 1)
    registry.sync()
    frame = registry.runs().set_index("name")
    assert frame["checklist"]["another"].endswith(" of 14")
    said = capsys.readouterr().err
    assert not said or "checklist items; missing: model file" in said


def test_a_shut_gate_refuses_and_names_everything(registry: Registry) -> None:
    with pytest.raises(GateError, match=r"churn v1 may not go into production:\n- seed: .*\nNothing was changed"):
        decide.promote(registry, "churn:v1", "production", "best", "lead")
    assert stage(registry) == "none"
    decide.promote(registry, "churn:v1", "staging", "no gate there", "lead")
    assert stage(registry) == "staging"


def test_a_gate_opens_with_what_it_asks_for(registry: Registry) -> None:
    set_cell(registry, "runs", (run_id(registry),), "params.seed", 7, None, "ds1")
    found = look(registry, "churn:v1", "production", "lead")
    assert found.is_open, found.findings
    decide.promote(registry, "churn:v1", "production", "best", "lead")
    assert stage(registry) == "production"


def test_a_waiver_with_a_reason_opens_it_until_its_last_day(registry: Registry) -> None:
    run = run_id(registry)
    with pytest.raises(BadRequestError, match="needs a reason"):
        tick(registry, run, "seed", "waived", "lead")
    yesterday = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=2)
    tick(registry, run, "seed", "waived", "lead", why="deterministic", until=yesterday)
    (finding,) = look(registry, "churn:v1", "production", "lead").findings
    assert finding.what.startswith("seed: the waiver of lead ended")
    assert any(problem.code == "waiver-ended" for problem in registry.check())
    tick(registry, run, "seed", "waived", "lead", why="deterministic")
    row = registry.row("checklist", (run, "seed")) or {}
    assert (row["status"], row["who"], row["why"]) == ("waived", "lead", "deterministic")
    set_cell(registry, "checklist", (run, "seed"), "until", None, row["until"], "lead")
    assert look(registry, "churn:v1", "production", "lead").is_open


def test_altered_files_keep_it_shut(registry: Registry) -> None:
    set_cell(registry, "runs", (run_id(registry),), "params.seed", 7, None, "ds1")
    file = next((registry.folders.artifacts / "churn-model" / "v1").iterdir())
    file.chmod(0o600)
    file.write_bytes(b"something else")
    (finding,) = look(registry, "churn:v1", "production", "lead").findings
    assert finding.kind == "files"
    with pytest.raises(GateError):
        decide.promote(registry, "churn:v1", "production", "best", "lead")


def test_nobody_approves_their_own(registry: Registry) -> None:
    set_cell(registry, "runs", (run_id(registry),), "params.seed", 7, None, "ds1")
    set_role(registry, "lead", "manager")
    set_role(registry, "ds1", "manager")
    (finding,) = look(registry, "churn:v1", "production", "ds1").findings
    assert finding.kind == "approver"
    with pytest.raises(GateError, match="nobody approves their own"):
        decide.promote(registry, "churn:v1", "production", "best", "ds1")
    decide.promote(registry, "churn:v1", "production", "best", "lead")


def test_a_manager_overrides_it_and_that_stays(registry: Registry) -> None:
    set_role(registry, "lead", "manager")
    set_role(registry, "ds2", "contributor")
    with pytest.raises(PermissionRefusedError):
        decide.promote(registry, "churn:v1", "production", "best", "ds2", override="hurry")
    decide.promote(registry, "churn:v1", "production", "best", "lead", override="the old one is broken")
    row = registry.row("models", ("churn", "1")) or {}
    assert "lead into production: the old one is broken. Lacking: seed" in row["override"]
    assert any("override" in entry.cells for changes in registry.changes() for entry in changes.entries)


def test_a_tick_whose_evidence_is_gone_is_told(registry: Registry) -> None:
    run = run_id(registry)
    tick(registry, run, "model file", "done", "lead", evidence="churn-model:v1")
    row = registry.row("artifacts", ("churn-model:v1",)) or {}
    edit_row(registry, "artifacts", ("churn-model:v1",), {"status": "deleted"}, row, "lead")
    seen = outlook(registry.folders, run)
    assert seen is not None
    assert next(one.state for one in seen.standings if one.item == "model file") == "vanished"
    assert any(problem.code == "evidence-gone" for problem in registry.check())


def test_a_person_takes_a_tick_back_and_the_rule_decides_again(registry: Registry) -> None:
    run = run_id(registry)
    tick(registry, run, "seed", "done", "lead", evidence="42, as always")
    assert (registry.row("checklist", (run, "seed")) or {})["status"] == "done"
    tick(registry, run, "seed", "missing", "lead")
    set_cell(registry, "runs", (run,), "params.seed", 7, None, "ds1")
    assert (registry.row("checklist", (run, "seed")) or {})["status"] == "done"


def test_a_promotion_judges_what_is_asked_for_in_its_stage(registry: Registry) -> None:
    cells = {"level": "should", "applies_to": "stage:staging", "rule": 'artifact kind="model card"'}
    edit_row(registry, "sop", ("model card",), cells, {}, "lead", create=True)
    run = run_id(registry)
    assert registry.row("checklist", (run, "model card")) is None
    decide.promote(registry, "churn:v1", "staging", "try", "lead")
    assert (registry.row("checklist", (run, "model card")) or {})["status"] == "missing"


def test_a_rule_that_nobody_can_read_is_a_problem_with_its_cell(registry: Registry) -> None:
    edit_row(registry, "sop", ("nonsense",), {"rule": "artefact kind=figure"}, {}, "lead", create=True)
    (problem,) = [found for found in registry.check() if found.code == "sop-rule"]
    assert problem.sheet == "SOP" and problem.cell and "nonsense" in problem.message


# -- reviews ------------------------------------------------------------------------------------------------------


def test_what_is_due_is_listed_and_checked(registry: Registry) -> None:
    soon = datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=3)
    row = registry.row("sop", ("seed",)) or {}
    edit_row(registry, "sop", ("seed",), {"next_review": soon, "owner": "anna"}, row, "lead")
    found = [one for one in reviews_of(registry) if "seed" in one.what]
    assert found == [Review(soon.date(), "Item 'seed' is to be reviewed", "anna")]
    assert any(problem.code == "review-due" and "seed" in problem.message for problem in registry.check())


def test_a_calendar_file_has_short_lines_and_nothing_unescaped() -> None:
    reviews = [Review(date(2026, 12, 1), "Größe; a, b\\c\n" + "ü" * 80, "änna"), Review(date(2027, 1, 1), "second")]
    content = calendar(reviews, "team", datetime(2026, 11, 25, 12, 0, 0))
    lines = content.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR" and lines[-2:] == [b"END:VCALENDAR", b""]
    assert all(len(line) <= 75 for line in lines) and b"\n" not in content.replace(b"\r\n", b"")
    text = content.replace(b"\r\n ", b"").decode("utf-8")
    assert "SUMMARY:Größe\\; a\\, b\\\\c\\n" + "ü" * 80 + " (änna)" in text
    assert text.count("BEGIN:VEVENT") == 2 and "DTEND;VALUE=DATE:20261202" in text


# -- the command line ---------------------------------------------------------------------------------------------


def invoke(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == code, result.output
    return result.output if code else result.stdout  # a sync that was put off may speak on stderr


def test_the_commands(registry: Registry, tmp_path: Path) -> None:
    path = str(registry.path)
    assert "✗ seed *" in invoke("checklist", path, "gbm")
    assert "churn v1 may not go into production" in invoke("gate", path, "churn:v1", code=9)
    assert json.loads(invoke("gate", path, "churn:v1", "--json", code=9))["findings"][0]["kind"] == "item"
    assert "may not go into" in invoke("promote", path, "churn:v1", "production", "--reason", "x", "--yes", code=9)
    invoke("checklist", path, "gbm", "--waive", "seed", "--reason", "deterministic")
    assert "~ seed * (waived): deterministic" in invoke("checklist", path, "gbm")
    assert "may go into production" in invoke("gate", path, "churn:v1")
    assert "runs were judged" in invoke("checklist", path, "--evaluate", "--all")
    invoke("promote", path, "churn:v1", "production", "--reason", "best", "--yes")
    assert stage(registry) == "production"
    calendar_file = tmp_path / "reviews.ics"
    invoke("due", path, "--days", "4000", "--ics", str(calendar_file))
    assert calendar_file.read_bytes().startswith(b"BEGIN:VCALENDAR")


def test_the_report_says_which_items_nobody_needs() -> None:
    rows = [("card", "waived")] * 6 + [("seed", "done")] * 6 + [("log", "missing")] * 5 + [("new", "missing")]
    uses = {one.item: one for one in item_uses(rows)}
    assert uses["card"].advice.startswith("Nobody needs it") and uses["log"].advice.startswith("Nobody ever brings it")
    assert not uses["seed"].advice and not uses["new"].advice
    assert (uses["card"].runs, uses["seed"].done) == (6, 6)
