"""The command line: what each command prints, what it does, and how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from invoking import Invoke

import tracker
from tracker.cli import app_commands
from tracker.cli import commands as cli
from tracker.cli.commands import main
from tracker.reading.registry import Registry, open_registry
from tracker.workbook import open_workbook

ROOT = Path(__file__).parent.parent
COMMANDS = (
    *("init", "adopt", "import", "runs", "show", "log", "get", "sync", "check", "resolve", "app"),
    *("history", "diff", "undo", "restore"),
    *("artifacts", "verify", "lineage", "compare", "reproduce", "profile", "drift"),
    *("checklist", "gate", "due"),
    *("merge", "git-setup", "git-text", "git-merge"),
    *("models", "register", "promote", "revert", "alias", "card"),
    *("sop", "people", "export"),
    *("retention", "archive"),
)


@pytest.fixture
def churn(invoke: Invoke) -> Registry:
    """A registry ``churn.xlsx`` with two runs, both made from the command line."""
    Path("model.pkl").write_bytes(b"a model")
    invoke("init", "churn.xlsx")
    invoke(
        *("log", "churn.xlsx", "--experiment", "churn", "--name", "gbm depth 6", "--note", "first try"),
        *("--param", "depth=6", "--param", "lr=0.1", "--param", 'code="007"', "--param", "scale=true"),
        *("--metric", "auc=0.91", "--metric", "loss=0.5@1", "--metric", "loss=0.25@2", "--tag", "team=risk"),
        *("--artifact", "model.pkl"),
    )
    invoke("log", "churn.xlsx", "--experiment", "churn", "--name", "glm", "--metric", "auc=0.8", "--status", "FAILED")
    return open_registry("churn.xlsx")


def set_cells(registry: Registry, run: str, **values: object) -> None:
    """Change a run's cells in the workbook, as a person does in Excel."""
    target = registry.path.with_suffix(".new")
    with open_workbook(registry.path) as workbook, open(target, "w+b") as file:
        table = workbook.table("runs")
        assert table is not None
        number = table.find([table.columns.index("run_id")], [(registry.run_id(run),)])[(registry.run_id(run),)]
        table.set(number, {table.columns.index(column): value for column, value in values.items()})
        workbook.save(file)
    os.replace(target, registry.path)


# -- help ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(invoke: Invoke, command: str) -> None:
    text = invoke(command, "--help").output
    assert f"python -m tracker {command}" in text
    assert len(text.splitlines()) > 8


def test_there_are_exactly_these_commands() -> None:
    assert set(main.commands) == set(COMMANDS)


def test_help_loads_nothing_that_it_does_not_need() -> None:
    code = "import sys; sys.argv = ['tracker', '--help']\n"
    code += "try:\n    import tracker.__main__\nexcept SystemExit:\n    pass\n"
    code += "print(*sorted(name for name in sys.modules if name.startswith('tracker.')), file=sys.stderr)"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Track experiments" in child.stdout
    own = {f"tracker.cli.{path.stem}" for path in Path(cli.__file__).parent.glob("*commands.py")} | {
        "tracker.cli.shell"
    }
    assert set(child.stderr.split()) == {"tracker.cli", "tracker.errors", "tracker.wording", *own}


def test_the_module_runs_as_a_program(churn: Registry) -> None:
    words = [sys.executable, "-m", "tracker", "runs", str(churn.path), "--json"]
    child = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert [run["name"] for run in json.loads(child.stdout)] == ["glm", "gbm depth 6"]


def test_errors_are_one_sentence_on_stderr_and_an_exit_code() -> None:
    words = [sys.executable, "-m", "tracker", "runs", "nowhere.xlsx"]
    child = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert child.returncode == 2
    assert child.stdout == ""
    assert child.stderr.startswith("Error: There is no registry at ")
    assert "Traceback" not in child.stderr


def test_the_version_is_told(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"tracker, version {tracker.__version__}\n"


# -- which registry -----------------------------------------------------------------------------------------------


def test_the_only_registry_of_the_folder_is_meant(churn: Registry, invoke: Invoke) -> None:
    Path("notes.xlsx").write_bytes(b"no workbook at all")
    assert "gbm depth 6" in invoke("runs").output
    assert invoke("runs", "metrics.auc > 0.9", "--columns", "name").output.split("\n")[2:] == ["gbm depth 6", ""]
    assert "risk" in invoke("show", "gbm depth 6").output


def test_the_environment_names_a_registry(churn: Registry, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert "Name a workbook" in invoke("runs", exit_code=2).output
    monkeypatch.setenv("TRACKER_REGISTRY", str(churn.path))
    assert "gbm depth 6" in invoke("runs").output


def test_of_two_registries_none_is_guessed(churn: Registry, invoke: Invoke) -> None:
    invoke("init", "other.xlsx")
    assert "exactly one registry" in invoke("runs", exit_code=2).output
    assert "gbm depth 6" in invoke("runs", "churn.xlsx").output


def test_a_registrys_archive_beside_it_is_not_meant(churn: Registry, invoke: Invoke) -> None:
    invoke("init", "churn-archive.xlsx")
    assert "gbm depth 6" in invoke("runs").output
    assert "There are no runs" in invoke("runs", "churn-archive.xlsx").output
    Path("churn.xlsx").unlink()
    assert "There are no runs" in invoke("runs").output


# -- init and log -------------------------------------------------------------------------------------------------


def test_init_makes_a_registry_once(invoke: Invoke) -> None:
    assert "is ready" in invoke("init", "new.xlsx", "--template", "classification").output
    assert "metrics.auc" in open_registry("new.xlsx").rows("runs").columns
    before = Path("new.xlsx").read_bytes()
    assert "already" in invoke("init", "new.xlsx", exit_code=2).output
    assert Path("new.xlsx").read_bytes() == before
    assert "no template" in invoke("init", "b.xlsx", "--template", "nonsense", exit_code=2).output


def test_log_records_everything_with_its_type(churn: Registry) -> None:
    run = churn.run("gbm depth 6")
    wanted = {"params.depth": 6, "params.lr": 0.1, "params.code": "007", "params.scale": True}
    wanted |= {"metrics.auc": 0.91, "metrics.loss": 0.25, "tags.team": "risk", "notes": "first try"}
    wanted |= {"status": "FINISHED", "experiment": "churn"}
    assert {name: run[name] for name in wanted} == wanted
    assert type(run["params.scale"]) is bool
    assert churn.run("glm")["status"] == "FAILED"
    assert churn.status().pending == 0


def test_log_prints_the_id_and_nothing_else(churn: Registry, invoke: Invoke) -> None:
    printed = invoke("log", "--name", "third").stdout
    assert printed == churn.run("third")["run_id"] + "\n"


def test_log_adds_to_a_run_and_leaves_its_times_and_status(churn: Registry, invoke: Invoke) -> None:
    before = churn.run("glm")
    invoke("log", "--run", "glm", "--metric", "auc=0.85@1", "--param", "C=1", "--tag", "team=risk")
    after = churn.run("glm")
    assert (after["metrics.auc"], after["params.C"], after["tags.team"]) == (0.85, 1, "risk")
    kept = ("status", "start_time", "end_time", "duration", "owner")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert not list(churn.folders.pending.glob("*.jsonl"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--param", "depth"), "'depth' is not KEY=VALUE"),
        (("--metric", "auc=good"), "'auc=good' is not KEY=NUMBER"),
        (("--metric", "auc=0.5@late"), "is not KEY=NUMBER"),
        (("--run", "nobody"), "There is no run 'nobody'"),
        (("--run", "glm", "--status", "FAILED"), "are for a new run"),
    ],
)
def test_log_refuses_before_it_logs(churn: Registry, invoke: Invoke, words: tuple[str, ...], message: str) -> None:
    before = churn.path.read_bytes()
    assert message in invoke("log", *words, exit_code=2).stderr
    assert churn.path.read_bytes() == before
    assert churn.status().pending == 0


def test_log_says_which_artifact_it_could_not_keep(churn: Registry, invoke: Invoke) -> None:
    result = invoke("log", "--name", "half", "--param", "a=1", "--artifact", "missing.pkl", exit_code=1)
    assert "missing.pkl" in result.stderr
    assert churn.run("half")["params.a"] == 1


def test_log_into_an_open_workbook_is_safe_and_says_so(churn: Registry, invoke: Invoke) -> None:
    Path(".~lock.churn.xlsx#").write_text(",ana,desk,24.11.2026 07:00,file;", encoding="utf-8")
    result = invoke("log", "--name", "later")
    assert "is open in LibreOffice by ana on desk" in result.stderr
    assert churn.run("later")["status"] == "FINISHED"
    assert churn.status().pending > 0


# -- runs and show ------------------------------------------------------------------------------------------------


def test_runs_fit_the_terminal_and_say_what_is_left_out(churn: Registry, invoke: Invoke) -> None:
    lines = invoke("runs", columns=60).stdout.splitlines()
    assert all(len(line) <= 60 for line in lines[:-1])
    assert lines[2].startswith(churn.run("glm")["run_id"])
    assert lines[4].startswith("No room for 9 columns: depth, lr, code, scale")


def test_runs_in_a_pipe_are_not_cut(churn: Registry, invoke: Invoke) -> None:
    set_cells(churn, "glm", insight="much " * 100)
    output = invoke("runs").output
    assert ("much " * 100).strip() in output
    assert "…" not in output


def test_runs_are_found_ordered_and_limited(churn: Registry, invoke: Invoke) -> None:
    def names(*words: str) -> list[str]:
        return [run["name"] for run in json.loads(invoke("runs", *words, "--json").stdout)]

    assert names() == ["glm", "gbm depth 6"]
    assert names("--order-by", "metrics.auc DESC") == ["gbm depth 6", "glm"]
    assert names("--order-by", "metrics.auc DESC", "--limit", "1") == ["gbm depth 6"]
    assert names("params.depth = 6") == ["gbm depth 6"]
    assert names("tags.team = 'nobody'") == []
    assert "No run matches" in invoke("runs", "status = 'KILLED'").output


def test_a_limited_list_says_how_many_are_left(churn: Registry, invoke: Invoke) -> None:
    assert "… and 1 more run: --limit 0 lists all." in invoke("runs", "--limit", "1").output


def test_json_has_all_columns_and_all_digits(churn: Registry, invoke: Invoke) -> None:
    invoke("log", "--name", "odd", "--metric", "auc=0.12345678901234567", "--metric", "gap=nan")
    (run,) = json.loads(invoke("runs", "name = 'odd'", "--json").stdout)
    assert run["metrics.auc"] == 0.12345678901234567
    assert run["metrics.gap"] == "NaN"
    assert run["start_time"].endswith("Z")
    assert run["notes"] is None


def test_chosen_columns_and_a_wrong_one(churn: Registry, invoke: Invoke) -> None:
    assert invoke("runs", "--columns", "name, metrics.auc").output.split()[:2] == ["name", "auc"]
    assert "did you mean metrics.auc" in invoke("runs", "--columns", "auc", exit_code=2).stderr


def test_a_wrong_query_points_at_the_place(churn: Registry, invoke: Invoke) -> None:
    error = invoke("runs", "metrics.auc > > 3", exit_code=2).stderr
    assert "position 15" in error
    assert error.splitlines()[-1].endswith("^")


def test_runs_work_without_pandas_and_calamine(churn: Registry) -> None:
    code = (
        "import sys\nfor name in ('pandas', 'numpy', 'python_calamine', 'isal'): sys.modules[name] = None\n"
        f"sys.argv = ['tracker', 'runs', {str(churn.path)!r}, 'metrics.auc > 0.9', '--order-by', 'name', '--json']\n"
        "import tracker.__main__"
    )
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [run["name"] for run in json.loads(child.stdout)] == ["gbm depth 6"]


def test_a_new_registry_has_no_runs(invoke: Invoke) -> None:
    invoke("init", "new.xlsx")
    assert invoke("runs").stdout == "There are no runs yet.\n"
    assert json.loads(invoke("runs", "metrics.auc > 1", "--json").stdout) == []


def test_a_cell_cannot_drive_the_terminal(churn: Registry, invoke: Invoke) -> None:
    set_cells(churn, "glm", notes="\x1b[2Jgone\x07\r\n\x9b5A")
    for words in (("runs",), ("show", "glm"), ("check",), ("history",)):
        output = invoke(*words).output
        assert not [character for character in output if not character.isprintable() and character != "\n"], words


def test_show_tells_all_about_a_run(churn: Registry, invoke: Invoke) -> None:
    output = invoke("show", "gbm depth 6").output
    for text in ("gbm depth 6 FINISHED", "first try", "depth  6", "team  risk", "model.pkl:v1", "output"):
        assert text in output
    loss = next(line for line in output.splitlines() if line.strip().startswith("loss"))
    assert loss.split() == ["loss", "0.25", "0.25", "0.5", "2", "2"]


def test_show_as_json(churn: Registry, invoke: Invoke) -> None:
    run = json.loads(invoke("show", "gbm depth 6", "--json").stdout)
    assert run["params"] == {"depth": 6, "lr": 0.1, "code": "007", "scale": True}
    assert run["metrics"] == {"auc": 0.91, "loss": 0.25}
    assert run["steps"]["loss"] == {"count": 2, "last": 0.25, "last_step": 2, "min": 0.25, "max": 0.5}
    made = {artifact["artifact"]: artifact for artifact in run["artifacts"]}
    assert (made["model.pkl:v1"]["direction"], made["model.pkl:v1"]["size"]) == ("output", 7)


# -- get ----------------------------------------------------------------------------------------------------------


def test_get_copies_an_artifact(churn: Registry, invoke: Invoke) -> None:
    Path("model.pkl").unlink()
    assert invoke("get", "model.pkl:v1").stdout == "model.pkl\n"
    assert invoke("get", "churn.xlsx", "model.pkl", "again.pkl").stdout == "again.pkl\n"
    assert Path("again.pkl").read_bytes() == b"a model"
    assert "exists already" in invoke("get", "model.pkl", exit_code=2).stderr
    assert "Its versions are v1" in invoke("get", "model.pkl:v7", exit_code=2).stderr


def test_get_refuses_an_altered_artifact(churn: Registry, invoke: Invoke) -> None:
    (churn.folders.artifacts / "model.pkl" / "v1" / "model.pkl").write_bytes(b"A model")
    assert "cannot be trusted" in invoke("get", "model.pkl", "copy.pkl", exit_code=3).stderr
    assert not Path("copy.pkl").exists()


# -- sync, check, history -----------------------------------------------------------------------------------------


def test_sync_says_what_it_did(churn: Registry, invoke: Invoke) -> None:
    assert "Nothing to do" in invoke("sync").output
    lock = Path(".~lock.churn.xlsx#")
    lock.write_text(",ana,desk,24.11.2026 07:00,file;", encoding="utf-8")
    invoke("log", "--name", "later")
    assert "is open in LibreOffice" in invoke("sync", "--wait", "0", exit_code=5).stderr
    lock.unlink()
    report = json.loads(invoke("sync", "--json").stdout)
    assert (report["rows_added"] > 0, report["pending"], report["conflicts"]) == (True, 0, [])
    assert "later" in [run["name"] for run in json.loads(invoke("runs", "--json").stdout)]


def test_sync_can_be_forced_past_a_lock_that_was_left_behind(churn: Registry, invoke: Invoke) -> None:
    Path(".~lock.churn.xlsx#").write_text(",ana,desk,24.11.2026 07:00,file;", encoding="utf-8")
    invoke("log", "--name", "later")
    assert "Change set 0000" in invoke("sync", "--force").output
    assert churn.status().pending == 0


def test_sync_waits_until_the_workbook_is_closed(churn: Registry, invoke: Invoke) -> None:
    lock = Path(".~lock.churn.xlsx#")
    lock.write_text(",ana,desk,24.11.2026 07:00,file;", encoding="utf-8")
    invoke("log", "--name", "later")
    closing = threading.Timer(0.5, lock.absolute().unlink)
    closing.start()
    assert "added" in invoke("sync", "--wait", "30").output
    closing.join()


def test_a_conflict_is_told_by_sync_and_in_the_history(churn: Registry, invoke: Invoke) -> None:
    set_cells(churn, "glm", **{"metrics.auc": 0.99})
    invoke("sync")
    Path(".~lock.churn.xlsx#").write_text("", encoding="utf-8")
    invoke("log", "--run", "glm", "--metric", "auc=0.7@5")
    Path(".~lock.churn.xlsx#").unlink()
    output = invoke("sync").output
    assert "not written: runs " in output
    assert "metrics.auc = 0.7; a person's value stands there, 0.99" in output
    assert "metrics.auc = 0.7; a person's value stands there, 0.99" in invoke("history", "glm").output
    (conflict,) = json.loads(invoke("history", "glm", "--limit", "1", "--json").stdout)[0]["conflicts"]
    assert (conflict["kept"], conflict["dropped"], conflict["reason"]) == (0.99, 0.7, "person")


def test_check_fails_where_there_are_errors(churn: Registry, invoke: Invoke) -> None:
    assert invoke("check").stdout == "No problems.\n"
    set_cells(churn, "glm", run_id=churn.run_id("gbm depth 6"))
    output = invoke("check", exit_code=1).output
    assert "error: Runs!A5" in output
    (problem, *_) = json.loads(invoke("check", "--json", exit_code=1).stdout)
    assert (problem["code"], problem["sheet"], problem["severity"]) == ("duplicate-key", "Runs", "error")
    assert problem["hint"]


def test_history_is_newest_first_with_old_and_new_values(churn: Registry, invoke: Invoke) -> None:
    invoke("log", "--run", "glm", "--param", "C=1")
    invoke("log", "--run", "glm", "--param", "C=2", "--param", "name=x")
    lines = invoke("history").stdout.splitlines()
    numbers = [line.split()[0] for line in lines if line[:1].isdigit()]
    assert numbers == sorted(numbers, reverse=True)
    assert "    params.C: 1 → 2" in lines
    assert '    params.name: (blank) → "x"' in lines
    assert lines[0].endswith("analyst (command line)")
    assert any('"gbm depth 6": new' in line for line in lines)


def test_history_of_one_run_and_a_limit(churn: Registry, invoke: Invoke) -> None:
    invoke("log", "--run", "glm", "--param", "C=1")
    of_gbm = invoke("history", "gbm depth 6").output
    assert "model.pkl:v1" in of_gbm
    assert churn.run_id("glm") not in of_gbm
    assert len(json.loads(invoke("history", "--limit", "1", "--json").stdout)) == 1
    assert len(json.loads(invoke("history", "--limit", "0", "--json").stdout)) == 3
    assert invoke("init", "new.xlsx") and invoke("history", "new.xlsx").stdout == "Nothing was written yet.\n"


# -- app ----------------------------------------------------------------------------------------------------------


def test_app_starts_streamlit_on_this_machine_only(
    churn: Registry, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda words, env=None: started.append(words) or 0)
    invoke("app", "churn.xlsx", "--port", "9000", "--headless")
    (words,) = started
    assert words[1:4] == ["-m", "streamlit", "run"]
    assert Path(words[4]).name == "app.py" and Path(words[4]).is_file()
    wanted = {"--server.headless=true", "--server.port=9000", "--server.address=127.0.0.1"}
    assert wanted | {"--browser.gatherUsageStats=false"} <= set(words)
    assert words[-2:] == ["--", str(churn.path)]


def test_app_shows_a_sample_where_no_registry_is_named(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda words, env=None: started.append(words) or 0)
    invoke("app")
    assert "--" not in started[0]
    assert "--server.headless=false" in started[0]
    assert "no registry at" in invoke("app", "nowhere.xlsx", exit_code=2).stderr


def test_app_says_how_to_install_streamlit(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install tracker-workbook[app]" in invoke("app", exit_code=2).stderr


def test_ending_the_app_by_hand_is_no_error(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(words: list[str], env: object = None) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(app_commands, "_entry", lambda: Path("app.py"))
    monkeypatch.setattr(subprocess, "call", interrupted)
    invoke("app")
