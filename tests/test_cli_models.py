"""The command line on artifacts and models: what it lists, decides, compares, draws, verifies and runs again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from invoking import Invoke
from trained import open_gates, prepare, settle, train

from tracker import capture
from tracker.deciding import decide
from tracker.deciding.aliases import aliases_of
from tracker.deciding.models import registered
from tracker.deciding.rows import cells_of
from tracker.journal.pending import PendingWriter
from tracker.model import Change
from tracker.reading.registry import Registry
from tracker.syncing.sync import sync

ROOT = Path(__file__).parent.parent
LOCK = ",ana,desk,24.11.2026 07:00,file;"


@pytest.fixture
def sample(invoke: Invoke, tmp_path: Path) -> Registry:
    """A copy of the sample, alone in the current folder."""
    shutil.copyfile(ROOT / "sample_workbooks" / "ml_experiments.xlsx", tmp_path / "ml_experiments.xlsx")
    shutil.copytree(ROOT / "sample_workbooks" / "ml_experiments.tracker", tmp_path / "ml_experiments.tracker")
    return Registry(tmp_path / "ml_experiments.xlsx")


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry of a data set, three runs and a model of three versions, v1 in production."""
    path = tmp_path_factory.mktemp("trained") / "registry.xlsx"
    shutil.copyfile(ROOT / "templates" / "general.xlsx", path)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)
        patch.setattr(capture, "script", lambda: None)
        patch.setattr(capture, "packages", lambda: "numpy==2.0\n")
        open_gates(path)
        prepare(path, "a\n1\n")
        for number in (1, 2, 3):
            train(path, f"gbm {number}", data="churn-train:v1", params={"lr": number}, metrics={"auc": 1 / number})
            decide.register(Registry(path), "churn", f"churn-model:v{number}", "analyst")
    decide.promote(Registry(path), "churn:v1", "production", "the first", "analyst")
    settle(path)
    return path.parent


@pytest.fixture
def churn(invoke: Invoke, tmp_path: Path, trained_once: Path) -> Registry:
    """A copy of that registry, alone in the current folder."""
    shutil.copytree(trained_once, tmp_path, dirs_exist_ok=True)
    return Registry(tmp_path / "registry.xlsx")


def stages(registry: Registry, model: str = "churn") -> dict[int, str]:
    return {one.version: one.stage for one in registered(registry) if one.model == model}


def aliases(registry: Registry) -> dict[str, list[str]]:
    rows = cells_of(registry.folders, "artifacts")
    return {str(row["artifact"]): aliases_of(row) for row in rows if aliases_of(row)}


def read(result: Result) -> Any:
    return json.loads(result.stdout)


# -- artifacts ----------------------------------------------------------------------------------------------------


def test_artifacts_are_listed_newest_first(churn: Registry, invoke: Invoke) -> None:
    lines = invoke("artifacts").stdout.splitlines()
    assert lines[0].split() == ["name", "version", "category", "kind", "size", "run", "aliases", "created"]
    assert lines[2].split()[:2] == ["churn-model", "3"]
    assert "data set" in next(line for line in lines if line.startswith("churn-train"))


def test_artifacts_are_found_by_a_query_and_limited(churn: Registry, invoke: Invoke) -> None:
    found = read(invoke("artifacts", "kind = 'model file' and version > 1", "--json"))
    assert [artifact["artifact"] for artifact in found] == ["churn-model:v3", "churn-model:v2"]
    assert (found[0]["size"], found[0]["created"][-1]) == (5, "Z")
    assert [artifact["version"] for artifact in read(invoke("artifacts", "--limit", "1", "--json"))] == [3]
    assert "more versions: --limit 0 lists all." in invoke("artifacts", "--limit", "2").output
    assert invoke("artifacts", "size > 1e9").stdout == "No artifact matches the query.\n"
    assert "there is no column 'sise'" in invoke("artifacts", "sise > 3", exit_code=2).stderr


def test_a_new_registry_has_neither_artifacts_nor_models(invoke: Invoke) -> None:
    invoke("init", "new.xlsx")
    assert invoke("artifacts").stdout == "There are no artifacts yet.\n"
    assert "No model is registered yet" in invoke("models").output
    assert read(invoke("models", "--json")) == []
    assert "stored file is what it was" in invoke("verify").output


# -- lineage ------------------------------------------------------------------------------------------------------


def test_lineage_goes_both_ways_unless_one_is_asked_for(churn: Registry, invoke: Invoke) -> None:
    both = invoke("lineage", "churn-model:v2").output
    assert "written by gbm 2" in both and "registered as churn v2" in both
    up, down = invoke("lineage", "churn-model:v2", "--up").output, invoke("lineage", "churn-model:v2", "--down").output
    assert "written by prepare" in up and "registered as" not in up
    assert "registered as churn v2" in down and "written by" not in down
    assert both == up + down == invoke("lineage", "churn-model:v2", "--up", "--down").output
    assert "came from nothing that Tracker knows of" in invoke("lineage", "prepare", "--up").output


def test_which_models_came_from_a_data_set(churn: Registry, invoke: Invoke) -> None:
    output = invoke("lineage", "churn-train:v1", "--down").output
    listed = output.partition("Models that came from it:\n")[2].splitlines()[2:]
    assert [line.split()[:3] for line in listed] == [[f"churn-model:v{n}", "churn", f"v{n}"] for n in (1, 2, 3)]


def test_lineage_for_graphviz_and_for_scripts(churn: Registry, invoke: Invoke) -> None:
    drawing = invoke("lineage", "churn:production", "--dot").output
    assert drawing.startswith("digraph lineage {") and drawing.endswith("}\n")
    assert r'label="churn v1\nproduction", shape=hexagon, style=bold' in drawing
    found = read(invoke("lineage", "gbm 1", "--json"))
    assert list(found) == ["upstream", "downstream"]
    assert {"depth": 1, "what": "artifact", "id": "churn-train:v1", "how": "read"}.items() <= found["upstream"][
        0
    ].items()
    assert list(read(invoke("lineage", "gbm 1", "--down", "--json"))) == ["downstream"]


def test_lineage_of_nothing(churn: Registry, invoke: Invoke) -> None:
    assert "Nor is there a model or a run of that name" in invoke("lineage", "nobody", exit_code=2).stderr


# -- compare ------------------------------------------------------------------------------------------------------


def test_compare_shows_what_differs(churn: Registry, invoke: Invoke) -> None:
    lines = invoke("compare", "gbm 1", "churn:v2").stdout.splitlines()
    rows = {tuple(line.split()[:2]): line for line in lines}
    assert rows["what", "name"].split() == ["what", "name", "gbm", "1", "churn", "v2", "remark"]
    assert rows["metric", "auc"].split() == ["metric", "auc", "1", "0.5", "gbm", "1", "is", "better"]
    assert rows["param", "lr"].split() == ["param", "lr", "1", "2"]
    assert "Both read the same data." in lines
    assert "No commit is recorded for either run." in lines


def test_compare_with_itself_and_for_scripts(churn: Registry, invoke: Invoke) -> None:
    assert invoke("compare", "gbm 1", "gbm 1").output.startswith("0 differences; ")
    found = read(invoke("compare", "gbm 1", "gbm 2", "--json"))
    line = next(line for line in found["lines"] if line["name"] == "auc")
    assert line == {**line, "kind": "metric", "left": 1, "right": 0.5, "differs": True, "better": "left"}
    assert (found["left"], found["right"], found["same_data"]) == ("gbm 1", "gbm 2", True)
    assert "There is no run 'nobody'" in invoke("compare", "gbm 1", "nobody", exit_code=2).stderr


def test_two_runs_of_one_name_go_by_their_ids(churn: Registry, invoke: Invoke) -> None:
    ids = [train(churn.path, "twin", metrics={"auc": auc}) for auc in (0.1, 0.2)]
    lines = invoke("compare", *ids).stdout.splitlines()
    assert lines[0].split() == ["what", "name", *ids, "remark"]
    assert any(line.endswith(f"{ids[1]} is better") for line in lines)


def test_the_code_between_two_commits(
    churn: Registry, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> str:
        who = ("-c", "user.name=analyst", "-c", "user.email=analyst@example.com")
        done = subprocess.run(["git", "-C", str(tmp_path), *who, *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    git("init", "-q")
    for number in (1, 2):
        Path("train.py").write_text(f"lr = {number}\n", encoding="utf-8")
        git("add", "train.py")
        git("commit", "-q", "-m", "a commit")
        cells = {"git_commit": git("rev-parse", "HEAD")}
        writer = PendingWriter(churn.folders.pending, who="analyst")
        writer.append(Change("runs", (churn.run_id(f"gbm {number}"),), cells, new=False, time=1.8e9, who="analyst"))
        writer.close()
        sync(churn.folders)
    output = invoke("compare", "gbm 1", "gbm 2").output
    assert f"git -C {tmp_path} diff " in output
    assert "train.py | 2 +-" in output
    assert "+lr = 2" in read(invoke("compare", "gbm 1", "gbm 2", "--json"))["code"]["diff"]
    assert "train.py | 2 +-" in invoke("compare", "gbm 1", "gbm 2", "--why").output
    assert "+lr = 2" in read(invoke("compare", "gbm 1", "gbm 2", "--why", "--json"))["code"]["diff"]


def test_why_did_it_get_worse(churn: Registry, invoke: Invoke) -> None:
    for number in range(5):
        train(churn.path, f"usual {number}", data="churn-train:v1", params={"lr": 1}, metrics={"auc": 1})
    lines = invoke("compare", "gbm 1", "gbm 3", "--why").stdout.splitlines()
    assert lines[0] == "gbm 3 is worse than gbm 1 in auc 1 → 0.333333."
    assert lines[1].startswith("What differs, the most unusual among 7 other runs of the experiment first:")
    assert lines[2].split()[1:4] == ["param", "lr:", "1"]
    scores = [float(line.split()[0]) for line in lines[2:] if line.startswith("  0.")]
    assert scores == sorted(scores, reverse=True) and scores[0] > 0.5
    found = read(invoke("compare", "gbm 1", "gbm 3", "--why", "--json"))
    assert (found["good"], found["bad"], found["causes"][0]["name"]) == ("gbm 1", "gbm 3", "lr")
    assert "gbm 1 is worse than gbm 3 in no metric" in invoke("compare", "gbm 3", "gbm 1", "--why").output


def test_compare_on_the_sample(sample: Registry, invoke: Invoke) -> None:
    output = invoke("compare", "boosting, depth 2", "boosting, depth 3", "--why").output
    assert "boosting, depth 3 is worse than boosting, depth 2 in accuracy" in output
    assert "param depth: 2 in the good run, 3 in the bad one" in output


# -- models -------------------------------------------------------------------------------------------------------


def test_models_are_listed_with_their_stages(churn: Registry, invoke: Invoke) -> None:
    lines = invoke("models").stdout.splitlines()
    assert [line.split()[:4] for line in lines[2:]] == [
        ["churn", "3", "none", "churn-model:v3"],
        ["churn", "2", "none", "churn-model:v2"],
        ["churn", "1", "production", "churn-model:v1"],
    ]
    newest, _, first = read(invoke("models", "--json"))
    assert (newest["model"], newest["version"], newest["stage"]) == ("churn", 3, "none")
    assert (first["promoted_by"], first["reason"], first["promoted_at"][-1]) == ("analyst", "the first", "Z")


def test_register_makes_the_next_version_once(sample: Registry, invoke: Invoke) -> None:
    words = ("register", "tumours", "tumours-model:v7", "--run", "boosting, depth 2", "--notes", "fewer alarms")
    assert invoke(*words).stdout == "Done: tumours-model:v7 becomes tumours v2.\n"
    assert invoke(*words).stdout == "Nothing to do: tumours-model:v7 is tumours v2 already.\n"
    newest = registered(sample)[0]
    assert (newest.label, newest.notes) == ("tumours v2", "fewer alarms")
    assert newest.run_id == sample.run_id("boosting, depth 2")
    assert "There is no artifact" in invoke("register", "tumours", "nothing", exit_code=2).stderr


def test_promote_shows_its_plan_and_asks(churn: Registry, invoke: Invoke) -> None:
    words = ("promote", "churn:v2", "production", "--reason", "better auc")
    refused = invoke(*words, exit_code=1, answer="n\n")
    assert "churn v2 goes from none into production; v1 from production into retired." in refused.stderr
    assert stages(churn) == {1: "production", 2: "none", 3: "none"}
    done = invoke(*words, answer="y\n")
    assert done.stdout == "Done: churn v2 goes from none into production; v1 from production into retired.\n"
    assert stages(churn) == {1: "retired", 2: "production", 3: "none"}
    assert invoke(*words).stdout == "Nothing to do: churn v2 is in production already.\n"


def test_revert_brings_the_version_before_back(churn: Registry, invoke: Invoke) -> None:
    assert "is the first in production" in invoke("revert", "churn", "--reason", "x", exit_code=2).stderr
    invoke("promote", "churn:v3", "production", "--reason", "newer", "--yes")
    plan = "churn v1 comes back into production instead of v3."
    assert plan in invoke("revert", "churn", "--reason", "false alarms", exit_code=1, answer="n\n").stderr
    assert stages(churn)[3] == "production"
    assert invoke("revert", "churn", "--reason", "false alarms", "--yes").stdout == f"Done: {plan}\n"
    assert stages(churn) == {1: "production", 2: "none", 3: "retired"}
    assert "false alarms" in invoke("models").output


def test_revert_in_another_stage(churn: Registry, invoke: Invoke) -> None:
    for version in ("churn:v2", "churn:v3"):
        invoke("promote", version, "staging", "--reason", "to try", "--yes")
    invoke("revert", "churn", "--reason", "too slow", "--stage", "staging", "--yes")
    assert stages(churn) == {1: "production", 2: "staging", 3: "none"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("promote", "churn:v9", "production", "--reason", "x"), "Its versions are v3 (none)"),
        (("promote", "churn:v2", "heaven", "--reason", "x"), "The stages are none, candidate"),
        (("promote", "churn:v2", "staging", "--reason", " "), "Give a reason"),
        (("promote", "churn:v2", "staging"), "Missing option '--reason'"),
        (("revert", "shurn", "--reason", "x"), "There are: churn."),
        (("alias", "churn-model:v9", "champion", "--reason", "x"), "Its versions are v3, v2, v1."),
        (("alias", "churn-model:v2", "champion", "--reason", "x", "--remove"), "Name churn-model without a version"),
        (("alias", "churn-model", "champion", "--reason", "x", "--remove"), "no version of it has this alias"),
        (("card", "churn:v9"), "Its versions are v3 (none)"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    churn: Registry, invoke: Invoke, words: tuple[str, ...], message: str
) -> None:
    before = churn.path.read_bytes()
    assert message in invoke(*words, exit_code=2).stderr
    assert churn.path.read_bytes() == before
    assert churn.status().pending == 0


def test_an_alias_moves_and_goes(churn: Registry, invoke: Invoke) -> None:
    words = ("champion", "--reason", "best auc")
    assert invoke("alias", "churn-model:v1", *words, "--yes").stdout == "Done: champion points to churn-model:v1.\n"
    assert "no longer to churn-model:v1." in invoke("alias", "churn-model:v2", *words, answer="y\n").stderr
    assert aliases(churn) == {"churn-model:v2": ["champion"]}
    assert "champion" in invoke("artifacts", "version = 2").output
    invoke("alias", "churn-model", *words, "--remove", exit_code=1, answer="n\n")
    assert aliases(churn) == {"churn-model:v2": ["champion"]}
    invoke("alias", "churn-model", *words, "--remove", "--yes")
    assert aliases(churn) == {}


def test_a_decision_while_the_workbook_is_open_is_safe_and_says_so(churn: Registry, invoke: Invoke) -> None:
    lock = Path(".~lock.registry.xlsx#")
    lock.write_text(LOCK, encoding="utf-8")
    done = invoke("promote", "churn:v2", "staging", "--reason", "to try", "--yes")
    assert done.stdout == "Done: churn v2 goes from none into staging.\n"
    assert "is open in LibreOffice by ana on desk" in done.stderr
    lock.unlink()
    invoke("sync")
    assert stages(churn)[2] == "staging"


def test_who_may_not_decide_is_told_before_being_asked(churn: Registry, invoke: Invoke) -> None:
    writer = PendingWriter(churn.folders.pending, who="lead")
    for person, role in (("lead", "manager"), ("analyst", "viewer")):
        writer.append(Change("people", (person,), {"role": role}, new=True, time=1.8e9, who="lead"))
    writer.close()
    sync(churn.folders)
    words = ("promote", "churn:v2", "production", "--reason", "x")
    refused = invoke(*words, exit_code=8)
    assert "analyst is a viewer" in refused.stderr and "Do it?" not in refused.output
    assert stages(churn)[2] == "none"


# -- cards --------------------------------------------------------------------------------------------------------


def test_a_card_is_printed_completed_and_kept(sample: Registry, invoke: Invoke) -> None:
    printed = invoke("card", "tumours:v1")
    assert "# Model card: tumours v1" in printed.stdout
    assert "Nobody has completed yet: " in printed.stderr and "Intended use" in printed.stderr
    before, found, after = printed.stdout.partition("<!-- yours:intended-use")
    assert found, "the card has no such section"
    head, _, rest = after.partition("\n")
    text = f"{before}{found}{head}\nFor screening, never alone.\n\n{rest}"
    Path("card.md").write_text(text, encoding="utf-8")
    saved = invoke("card", "tumours:v1", "--save", "card.md")
    assert saved.stdout == "card.md is kept as tumours-card.md:v1.\n"
    assert "Intended use" not in saved.stderr
    assert "For screening, never alone." in invoke("card", "tumours").stdout
    assert "tumours-card.md" in invoke("artifacts", "kind = 'model card'").output


def test_a_card_as_a_page(sample: Registry, invoke: Invoke) -> None:
    assert invoke("card", "tumours:candidate", "--html", "card.html").stdout == "The card is in card.html.\n"
    page = Path("card.html").read_text(encoding="utf-8")
    assert "<title>Model card: tumours v1</title>" in page and "<h1>" in page
    assert "nowhere" in invoke("card", "tumours:v1", "--html", "nowhere/card.html", exit_code=1).stderr


def test_a_card_that_is_none_is_not_kept(churn: Registry, invoke: Invoke) -> None:
    Path("card.md").write_bytes("größer".encode("utf-16"))
    assert "is not a text in UTF-8" in invoke("card", "churn:v1", "--save", "card.md", exit_code=2).stderr
    Path("card.md").write_text(invoke("card", "churn:v2").stdout, encoding="utf-8")
    assert "not of churn v1" in invoke("card", "churn:v1", "--save", "card.md", exit_code=2).stderr
    assert read(invoke("artifacts", "kind = 'model card'", "--json")) == []


# -- verify -------------------------------------------------------------------------------------------------------


def test_verify_finds_what_is_altered_missing_or_nobodys(sample: Registry, invoke: Invoke) -> None:
    assert invoke("verify").stdout == "Every stored file is what it was when it was stored.\n"
    stray = sample.folders.artifacts / "stray.txt"
    stray.write_text("nobody's", encoding="utf-8")
    assert "stray.txt belongs to no version" in invoke("verify").output
    stored = sample.folders.artifacts / "digits-data" / "v1" / "digits.csv"
    content = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(b"X" + content[1:])
    (sample.folders.artifacts / "tumours-data" / "v1" / "tumours.csv").unlink()
    lines = invoke("verify", exit_code=3).stdout.splitlines()
    assert sum(line.startswith("error: digits-data:v1: ") for line in lines) == 1
    assert sum(line.startswith("error: tumours-data:v1: ") for line in lines) == 1
    codes = [problem["code"] for problem in read(invoke("verify", "--json", exit_code=3))]
    assert sorted(codes) == ["artifact-altered", "artifact-missing", "artifact-orphan"]


# -- reproduce ----------------------------------------------------------------------------------------------------


def test_reproduce_says_what_is_missing_and_writes_the_rest(sample: Registry, invoke: Invoke) -> None:
    said = invoke("reproduce", "boosting, depth 2", "--dry-run").output
    assert "tumours-data:v1 (121,378 bytes)" in said and "Missing, so that it cannot be run again:" in said
    assert [path.name for path in Path().iterdir() if path.is_dir()] == ["ml_experiments.tracker"]
    assert "Written to again." in invoke("reproduce", "boosting, depth 2", "again").output
    assert {"README.md", "requirements.txt"} <= set(os.listdir("again"))
    assert "exists already" in invoke("reproduce", "boosting, depth 2", "again", exit_code=2).stderr
    words = ("reproduce", "boosting, depth 2", "other", "--run", "--yes")
    assert "cannot be run again" in invoke(*words, exit_code=2).stderr
    assert "is no tolerance" in invoke("reproduce", "mean 0", "--tolerance", "much", exit_code=2).stderr


def test_reproduce_runs_it_and_compares(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    invoke("init", "registry.xlsx")
    script = "import os, tracker\nwith tracker.start_run('registry.xlsx', name='sum') as run:\n"
    script += "    run.log_metrics({'sum': 3, 'shift': float(os.environ.get('SHIFT', 0))})\n"
    Path("train.py").write_text(script, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    subprocess.run([sys.executable, "train.py"], check=True)
    run_id = Registry(Path("registry.xlsx")).run_id("sum")
    words = ("reproduce", "registry.xlsx", run_id)
    refused = invoke(*words, "refused", "--run", "--same-environment", exit_code=1, answer="n\n")
    assert "which the workbook names, on this machine?" in refused.stderr
    assert len(read(invoke("runs", "--json"))) == 1
    agreed = invoke(*words, "same", "--run", "--same-environment", answer="y\n")
    assert "The command ended with 0; the new run is " in agreed.stdout
    new = next(run for run in read(invoke("runs", "--json")) if run["run_id"] != run_id)
    assert new["parent_run_id"] == run_id
    monkeypatch.setenv("SHIFT", "1")
    other = invoke(*words, "other", "--run", "--same-environment", "--yes", exit_code=1)
    assert "differs" in other.stdout
    invoke(*words, "tolerant", "--run", "--same-environment", "--yes", "--tolerance", "shift=inf")
