"""A run is run again from what was recorded of it: same code, same data, same metrics; what is missing is said."""

from __future__ import annotations

import math
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from script import Script

import tracker
from sample_workbooks import build
from tracker import capture
from tracker.deciding.aliases import aliases_of
from tracker.deciding.rows import values_of
from tracker.errors import ArtifactAlteredError, ArtifactNotFoundError, BadRequestError, NotReproducibleError
from tracker.folders import Folders
from tracker.model import Change
from tracker.reading.registry import Registry, open_registry
from tracker.reproducing.agreement import Compared, Expected, compare, metric_values, read_tolerances, tolerance_of
from tracker.reproducing.code import clone_address, read_diff
from tracker.reproducing.environment import make_environment
from tracker.reproducing.folder import write_reproduction
from tracker.reproducing.outcome import Outcome
from tracker.reproducing.reproduce import Plan, family_of, plan_reproduction, read_requirements
from tracker.reproducing.run import run_reproduction
from tracker.reproducing.text import LIBRARY_NEEDS, outcome_lines, plan_lines, power_shell_script
from tracker.runs.begin import INPUTS_VARIABLE, PARENT_VARIABLE, REGISTRY_VARIABLE

ROOT = Path(__file__).parent.parent

TRAIN = """
import sys

import joblib
import pandas
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import tracker

ALPHA = 0.01
with tracker.start_run("registry.xlsx", experiment="churn", name="sgd") as run:
    frame = pandas.read_csv(run.use_artifact("churn-data:latest"))
    X, test_X, y, test_y = train_test_split(frame.drop(columns="churned"), frame["churned"], random_state=1)
    run.log_params({"alpha": ALPHA, "epochs": int(sys.argv[1])})
    model = SGDClassifier(loss="log_loss", alpha=ALPHA, random_state=7)
    for epoch in range(int(sys.argv[1])):
        model.partial_fit(X, y, classes=[0, 1])
        run.log_metric("accuracy", model.score(test_X, test_y), step=epoch)
        run.log_metric("log_loss", log_loss(test_y, model.predict_proba(test_X)), step=epoch)
    joblib.dump(model, "model.joblib")
    run.log_artifact("model.joblib", name="churn-model")
"""
"""Names its registry as scripts do: relative to where it was started first."""

SUM = """
import os
import random
import sys

import tracker

random.seed(7)
with tracker.start_run("registry.xlsx", name="sum") as run:
    numbers = run.use_artifact("numbers").read_text().split()
    run.log_params({"count": len(numbers)})
    run.log_metrics({"sum": sum(map(float, numbers)) + random.random(), "shift": float(os.environ.get("SHIFT", 0))})
    run.log_text("always the same", "same.txt")
    run.log_text(os.environ.get("SHIFT", "nothing"), "other.txt")
"""


class Lab:
    """A git repository with a script in it, beside a registry."""

    def __init__(self, folder: Path, script: str, git: bool = True) -> None:
        (folder / "code" / "jobs").mkdir(parents=True)
        tracker.init(folder / "lab" / "registry.xlsx")
        self._stand_in(folder)
        self.script.write_text(script, "utf-8")
        if git:
            (self.code / ".gitignore").write_text("registry.*\n*.joblib\n", "utf-8")
            self.git("init", "-q", "-b", "main")
            self.git("config", "user.email", "nobody@example.com")
            self.git("config", "user.name", "nobody")
            self.commit()

    def copied(self, folder: Path) -> Lab:
        """The same in another folder."""
        shutil.copytree(self.code, folder / "code", ignore=shutil.ignore_patterns("registry.*"))
        shutil.copytree(self.registry.path.parent, folder / "lab")
        twin = Lab.__new__(Lab)
        twin._stand_in(folder)
        return twin

    def _stand_in(self, folder: Path) -> None:
        self.code = folder / "code"
        self.jobs = self.code / "jobs"
        self.script = self.jobs / "train.py"
        self.registry = tracker.open(folder / "lab" / "registry.xlsx")
        self.folders = self.registry.folders
        (self.jobs / "registry.xlsx").symlink_to(self.registry.path)
        (self.jobs / "registry.tracker").symlink_to(self.folders.side, target_is_directory=True)

    def git(self, *words: str) -> str:
        command = ["git", "-C", str(self.code), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a commit")
        return self.git("rev-parse", "HEAD")

    def data(self, name: str, text: str) -> Path:
        """Log a file as an artifact of that name, by a run of its own; gives its place in the store."""
        code = "import sys, tracker\nwith tracker.start_run(sys.argv[1], name='data') as run:\n    "
        code += "print(run.log_artifact(sys.argv[2], name=sys.argv[3], kind='data set').path)"
        source = self.folders.side.parent / f"{name}.csv"
        source.write_text(text, "utf-8")
        return Path(self.python("-c", code, str(self.registry.path), str(source), name).strip())

    def run(self, *arguments: str, **variables: str) -> str:
        """Run the script as somebody did once; gives the run's id."""
        self.python("train.py", *arguments, **variables)
        return self.runs()[-1]["run_id"]

    def python(self, *words: str, **variables: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        command = [sys.executable, "-W", "ignore:This process:DeprecationWarning", *words]
        done = subprocess.run(command, cwd=self.jobs, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def runs(self) -> list[dict[str, Any]]:
        return sorted(values_of(self.folders, "runs"), key=lambda row: row["start_time"])

    def set(self, run_id: str, **cells: Any) -> None:
        """Change a run's row, as whoever may write to the registry can."""
        Script(self.registry.path).log(Change("runs", (run_id,), cells, time=time.time()))

    def plan(self, run: str, **options: Any) -> Plan:
        return plan_reproduction(self.registry, run, [self.jobs], **options)

    def again(self, run: str, folder: Path, **options: Any) -> Outcome:
        """Run it again in this environment."""
        plan = write_reproduction(self.plan(run, **options), folder)
        return run_reproduction(plan, folder, self.registry, fresh_environment=False)


@pytest.fixture(autouse=True)
def no_variables_of_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (REGISTRY_VARIABLE, PARENT_VARIABLE, INPUTS_VARIABLE, "SHIFT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def first_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A script that adds up an artifact of numbers, to be copied."""
    lab = Lab(tmp_path_factory.mktemp("first"), SUM)
    lab.data("numbers", "1 2 3.5")
    return lab


@pytest.fixture(scope="module")
def first_run(first_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lab, str]:
    """The same with a run, to be copied."""
    lab = first_lab.copied(tmp_path_factory.mktemp("first_run"))
    return lab, lab.run()


@pytest.fixture
def lab(first_lab: Lab, tmp_path: Path) -> Lab:
    """A script that adds up an artifact of numbers."""
    return first_lab.copied(tmp_path)


@pytest.fixture
def ran(first_run: tuple[Lab, str], tmp_path: Path) -> tuple[Lab, str]:
    """The same with a run."""
    lab, run_id = first_run
    return lab.copied(tmp_path), run_id


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lab, str]:
    """A run of scikit-learn with code that was changed and not committed; the data went on since."""
    lab = Lab(tmp_path_factory.mktemp("trained"), TRAIN)
    lab.data("churn-data", table(200))
    lab.script.write_text(TRAIN.replace("ALPHA = 0.01", "ALPHA = 0.002"), "utf-8")
    (lab.code / "ideas.txt").write_text("more trees", "utf-8")
    run_id = lab.run("5")
    lab.data("churn-data", table(300))
    lab.script.write_text("raise SystemExit('this is not what ran')", "utf-8")
    return lab, run_id


def table(rows: int) -> str:
    """A data set in which two columns say something about the third."""
    lines = ["age,calls,churned"]
    for row in range(rows):
        age, calls = (row * 37) % 61 / 10, (row * 53) % 17 / 10
        lines.append(f"{age},{calls},{int(age + calls * 2 > 5 + (row % 7) / 5)}")
    return "\n".join(lines) + "\n"


def texts(plan: Plan, part: str, stops: bool | None = None) -> str:
    return "\n".join(gap.text for gap in plan.gaps if gap.part == part and stops in (None, gap.stops))


# -- the whole way ------------------------------------------------------------------------------------------------


def test_the_plan_says_what_there_is_and_what_is_missing(trained: tuple[Lab, str]) -> None:
    lab, run_id = trained
    plan = lab.plan("sgd")
    assert (plan.run_id, plan.name) == (run_id, "sgd")
    assert (plan.code.commit, plan.code.branch) == (lab.git("rev-parse", "HEAD"), "main")
    assert (plan.code.repository, plan.code.diff) == (lab.code, "git-diff:v1")
    assert plan.command.words("python", Path())[-2:] == ["train.py", "5"]
    assert plan.command.folder == "jobs"
    assert plan.environment.python == capture.python_version()
    assert "scikit-learn" in " ".join(plan.environment.requirements)
    assert [(each.artifact, each.place) for each in plan.inputs] == [("churn-data:v1", "inputs/churn-data-v1")]
    assert [each.metric for each in plan.metrics] == ["accuracy", "log_loss"]
    assert plan.stopping == ()
    assert texts(plan, "code") == "Files that were not in git were not kept: ideas.txt"
    said = "\n".join(plan_lines(plan))
    assert "train.py 5" in said
    assert plan.code.commit in said
    assert "churn-data:v1" in said


def test_run_again_it_has_exactly_the_same_metrics(trained: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = trained
    outcome = lab.again(run_id, tmp_path / "again")
    assert outcome.exit_code == 0, outcome.output.read_text()
    assert outcome.agrees
    assert [(each.expected.metric, each.value) for each in outcome.metrics] == [
        (each.expected.metric, each.expected.value) for each in outcome.metrics
    ]
    assert (outcome.params, outcome.more, outcome.notes) == ((), (), ())
    assert outcome.same_artifacts == ("churn-model:v1",)
    then, now = (lab.registry.run(run) for run in (run_id, outcome.run_id))
    assert now["parent_run_id"] == run_id
    assert (now["status"], now["params.alpha"], now["experiment"]) == ("FINISHED", 0.002, "churn")
    assert (now["git_commit"], now["git_dirty"]) == (then["git_commit"], True)
    inputs = [row["artifact"] for row in values_of(lab.folders, "lineage") if row["run_id"] == outcome.run_id]
    assert "churn-data:v1" in inputs
    assert "churn-data:v2" not in inputs


@pytest.mark.slow
def test_run_again_in_a_fresh_environment_it_has_exactly_the_same_metrics(
    trained: tuple[Lab, str], tmp_path: Path
) -> None:
    lab, run_id = trained
    folder = tmp_path / "again"
    plan = write_reproduction(lab.plan(run_id), folder)
    outcome = run_reproduction(plan, folder, lab.registry)
    assert outcome.exit_code == 0, outcome.output.read_text()
    assert outcome.agrees
    assert outcome.notes == ()
    packages = next(
        row["artifact"]
        for row in values_of(lab.folders, "lineage")
        if row["run_id"] == outcome.run_id and row["artifact"].startswith("environment:")
    )
    listed = read_requirements(open_text(lab.folders, packages))
    shutil.rmtree(folder / "environment")  # more than a gigabyte
    assert set(plan.environment.requirements) <= set(listed.requirements)


def open_text(folders: Folders, artifact: str) -> str:
    from tracker.store import find

    return find(folders, artifact).path.read_text("utf-8")


def test_it_can_be_run_again_from_a_shell(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    folder = tmp_path / "by hand"
    write_reproduction(lab.plan(run_id), folder)
    python = folder / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    subprocess.run(["sh", str(folder / "run.sh")], cwd=tmp_path, check=True)
    new = lab.runs()[-1]
    assert new["parent_run_id"] == run_id
    assert new["metrics.sum"] == lab.registry.run(run_id)["metrics.sum"]


def test_metrics_that_differ_are_said_with_their_difference(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = lab.run(SHIFT="1")
    monkeypatch.setenv("SHIFT", "1.5")
    outcome = lab.again(run_id, tmp_path / "again")
    assert not outcome.agrees
    assert {each.expected.metric: (each.agrees, each.difference) for each in outcome.metrics} == {
        "sum": (True, 0.0),
        "shift": (False, 0.5),
    }
    assert outcome.same_artifacts == ("same.txt:v1",)
    assert outcome.other_artifacts == (("other.txt:v1", "other.txt:v2"),)
    assert lab.again(run_id, tmp_path / "lenient", tolerances={"s*t": 0.5}).agrees


def test_a_script_that_fails_is_reported_with_what_it_said(lab: Lab, tmp_path: Path) -> None:
    run_id = lab.run(SHIFT="1")
    plan = write_reproduction(lab.plan(run_id), tmp_path / "again")
    (tmp_path / "again" / "code" / "jobs" / "train.py").write_text("raise ValueError('no luck')")
    printed: list[bytes] = []
    outcome = run_reproduction(plan, tmp_path / "again", lab.registry, fresh_environment=False, say=printed.append)
    assert (outcome.exit_code, outcome.run_id, outcome.agrees) == (1, "", False)
    assert all(each.value is None for each in outcome.metrics)
    assert b"no luck" in outcome.output.read_bytes()
    assert b"".join(printed) == outcome.output.read_bytes()


def test_it_can_go_into_a_copy_of_the_registry(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    copy = Folders(tmp_path / "copy" / "registry.xlsx")
    shutil.copytree(lab.registry.path.parent, copy.workbook.parent)
    plan = write_reproduction(lab.plan(run_id), tmp_path / "again")
    outcome = run_reproduction(plan, tmp_path / "again", Registry(copy.workbook), fresh_environment=False)
    assert outcome.agrees
    assert lab.runs()[-1]["run_id"] == run_id
    assert Registry(copy.workbook).run(outcome.run_id)["parent_run_id"] == run_id


# -- the code -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_script_that_was_not_in_git_is_run_again_all_the_same(lab: Lab, tmp_path: Path, ending: str) -> None:
    lab.git("rm", "-q", "--cached", "jobs/train.py")
    lab.git("commit", "-q", "-m", "without the script")
    script = lab.script.read_text().replace("\n", ending).encode()
    lab.script.write_bytes(script)
    run_id = lab.run()
    lab.script.write_text("raise SystemExit('this is not what ran')")
    plan = lab.plan(run_id)
    assert texts(plan, "code") == "Files that were not in git were not kept: jobs/"
    assert lab.again(run_id, tmp_path / "again").agrees
    assert (tmp_path / "again" / "code" / "jobs" / "train.py").read_bytes() == script


def test_a_script_without_any_git_is_kept_and_run_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path, SUM, git=False)
    lab.data("numbers", "1 2 3.5")
    run_id = lab.run()
    lab.script.unlink()
    plan = lab.plan(run_id)
    assert (plan.code.script, plan.code.commit) == ("script:v1", "")
    assert "no git repository" in texts(plan, "code", stops=False)
    assert lab.again(run_id, tmp_path / "again").agrees


def test_a_commit_that_is_not_at_hand_is_named(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    commit = lab.git("rev-parse", "HEAD")
    plan = write_reproduction(plan_reproduction(lab.registry, run_id, [tmp_path]), tmp_path / "again")
    (gap,) = plan.stopping
    assert gap.text.startswith(f"No repository at hand has commit {commit} of branch main, which the code is;")
    assert commit in (tmp_path / "again" / "README.md").read_text()
    assert (tmp_path / "again" / "inputs" / "numbers-v1" / "numbers.csv").read_text() == "1 2 3.5"
    with pytest.raises(NotReproducibleError, match=f"sum cannot be run again: No repository at hand has .*{commit}"):
        run_reproduction(plan, tmp_path / "again", lab.registry, fresh_environment=False)
    stopped = subprocess.run(["sh", str(tmp_path / "again" / "run.sh")], capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert commit in stopped.stderr
    assert len(lab.runs()) == 2


@pytest.fixture
def cloned(lab: Lab, tmp_path: Path) -> Lab:
    """A script in a clone of a repository on a server; the clone is gone since, as after a change of machine."""
    subprocess.run(["git", "clone", "-q", "--bare", str(lab.code), str(tmp_path / "server.git")], check=True)
    lab.git("remote", "add", "origin", f"file://{tmp_path}/server.git")
    return lab


def test_code_that_is_not_at_hand_is_cloned_from_where_it_came(cloned: Lab, tmp_path: Path) -> None:
    cloned.script.write_text(SUM.replace("seed(7)", "seed(8)"))
    run_id = cloned.run()
    assert cloned.registry.run(run_id)["git_remote"] == f"file://{tmp_path}/server.git"
    plan = plan_reproduction(cloned.registry, run_id, [tmp_path])
    assert not plan.stopping
    assert f"cloned from file://{tmp_path}/server.git, with the changes in git-diff:v1" in "\n".join(plan_lines(plan))
    shutil.rmtree(cloned.code / ".git")
    plan = write_reproduction(plan, tmp_path / "again")
    assert "seed(8)" in (tmp_path / "again" / "code" / "jobs" / "train.py").read_text()
    assert run_reproduction(plan, tmp_path / "again", cloned.registry, fresh_environment=False).agrees


def test_a_commit_that_no_branch_of_the_server_has_any_more_is_asked_for_by_name(cloned: Lab, tmp_path: Path) -> None:
    run_id = cloned.run()
    server = ["git", "-C", str(tmp_path / "server.git"), "-c", "user.name=n", "-c", "user.email=n@example.com"]
    tree = subprocess.run([*server, "write-tree"], check=True, capture_output=True, text=True).stdout.strip()
    other = subprocess.run([*server, "commit-tree", tree, "-m", "x"], check=True, capture_output=True, text=True)
    subprocess.run([*server, "update-ref", "refs/heads/main", other.stdout.strip()], check=True)
    subprocess.run([*server, "config", "uploadpack.allowAnySHA1InWant", "true"], check=True)
    plan = write_reproduction(plan_reproduction(cloned.registry, run_id, [tmp_path]), tmp_path / "again")
    assert not plan.stopping
    assert (tmp_path / "again" / "code" / "jobs" / "train.py").read_text() == SUM


@pytest.mark.parametrize("gone", ["commit", "server"])
def test_code_that_cannot_be_cloned_is_said_and_the_rest_is_written(cloned: Lab, tmp_path: Path, gone: str) -> None:
    run_id = cloned.run()
    if gone == "server":
        shutil.rmtree(tmp_path / "server.git")
    else:
        cloned.set(run_id, git_commit="0" * 40)
    plan = write_reproduction(plan_reproduction(cloned.registry, run_id, [tmp_path]), tmp_path / "again")
    assert "says: fatal: " in texts(plan, "code", stops=True)
    assert not (tmp_path / "again" / "code").exists()
    assert (tmp_path / "again" / "inputs" / "numbers-v1" / "numbers.csv").exists()


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c 'touch {}/sprung'",
        "ext::touch {}/sprung",
        "--upload-pack=touch {}/sprung",
        "-u touch {}/sprung",
        "ssh://-oProxyCommand=touch {}/sprung/x",
        "fd::3/x",
        "../server.git",
        "server.git",
    ],
)
def test_an_address_that_somebody_crafted_is_not_cloned(ran: tuple[Lab, str], tmp_path: Path, address: str) -> None:
    lab, run_id = ran
    subprocess.run(["git", "clone", "-q", "--bare", str(lab.code), str(tmp_path / "server.git")], check=True)
    lab.set(run_id, git_remote=address.format(tmp_path))
    plan = write_reproduction(plan_reproduction(lab.registry, run_id, [tmp_path]), tmp_path / "again")
    assert plan.code.remote == ""
    assert "No repository at hand" in texts(plan, "code", stops=True)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "address",
    [
        "https://host/a.git",
        "ssh://git@host:22/a",
        "git@host:team/a.git",
        "host.example:a",
        "/srv/a.git",
        "C:/srv/a.git",
    ],
)
def test_the_usual_addresses_are_cloned(address: str) -> None:
    assert clone_address(address) == address


def test_a_script_that_was_started_from_a_folder_that_git_does_not_keep_is_run_from_there(
    lab: Lab, tmp_path: Path
) -> None:
    place = lab.code / "results"
    place.mkdir()
    (place / "registry.xlsx").symlink_to(lab.registry.path)
    (place / "registry.tracker").symlink_to(lab.folders.side, target_is_directory=True)
    lab.python("-c", f"import os, subprocess, sys; os.chdir({str(place)!r}); "
        "sys.exit(subprocess.call([sys.executable, '../jobs/train.py']))")  # fmt: skip
    plan = lab.plan(lab.runs()[-1]["run_id"])
    assert (plan.command.folder, plan.command.target, texts(plan, "command")) == ("results", "../jobs/train.py", "")
    assert lab.again(plan.run_id, tmp_path / "again").agrees
    assert (tmp_path / "again" / "code" / "results").is_dir()


def test_a_commit_is_found_though_no_branch_has_it_any_more(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    lab.git("commit", "-q", "--amend", "-m", "another commit")
    assert lab.git("rev-parse", "HEAD") != lab.registry.run(run_id)["git_commit"]
    assert lab.again(run_id, tmp_path / "again").agrees


def test_a_diff_that_does_not_fit_is_said(lab: Lab, tmp_path: Path) -> None:
    lab.script.write_text(SUM.replace("seed(7)", "seed(8)"))
    run_id = lab.run()
    other = lab.folders.side.parent / "other.py"
    other.write_text("nothing like it")
    shutil.copy(other, lab.script)
    lab.set(run_id, git_commit=lab.commit())
    plan = write_reproduction(lab.plan(run_id), tmp_path / "again")
    assert "git apply says: " in texts(plan, "code", stops=True)
    assert "seed(8)" in (tmp_path / "again" / "uncommitted.diff").read_text()


def test_changes_that_were_too_long_to_be_kept_are_said(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.script.write_text(SUM + "# a comment\n" * 100_000)
    plan = lab.plan(lab.run())
    assert plan.code.diff == ""
    assert "too long to be kept" in texts(plan, "code", stops=False)


def test_changes_of_a_file_that_is_no_text_are_said_and_the_others_made(lab: Lab, tmp_path: Path) -> None:
    (lab.code / "weights.bin").write_bytes(b"\0\1")
    lab.commit()
    (lab.code / "weights.bin").write_bytes(b"\0\2")
    lab.script.write_text(SUM.replace("seed(7)", "seed(8)"))
    run_id = lab.run()
    assert texts(lab.plan(run_id), "code") == "Changes of files that are no text were not kept: weights.bin"
    assert lab.again(run_id, tmp_path / "again").agrees
    assert "seed(8)" in (tmp_path / "again" / "code" / "jobs" / "train.py").read_text()


def test_a_diff_is_read_for_what_it_says() -> None:
    text = "# untracked: a b.py\n# untracked: data/\n"
    text += "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n"
    text += "diff --git a/y b/y\nnew file mode 100644\nindex 0..2\n--- /dev/null\n+++ b/y\n@@ -0,0 +1 @@\n+diff --git\n"
    found = read_diff(text)
    assert (found.untracked, found.binary, found.added, found.cut) == (("a b.py", "data/"), ("x",), ("y",), False)
    assert found.patch == text[text.index("diff --git a/y") :]
    assert (found.covers("data/x.py"), found.covers("other.py")) == (True, False)
    assert read_diff("# untracked: a\n").patch == ""


# -- the inputs ---------------------------------------------------------------------------------------------------


def test_data_that_was_changed_since_is_refused(lab: Lab, tmp_path: Path) -> None:
    path = lab.folders.artifacts / "numbers" / "v1" / "numbers.csv"
    run_id = lab.run()
    path.chmod(0o644)
    path.write_text("1 2 3.6")
    with pytest.raises(ArtifactAlteredError, match="numbers:v1 cannot be trusted"):
        write_reproduction(lab.plan(run_id), tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["code", "lab"]


def test_data_with_another_hash_than_the_workbook_has_is_refused(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    plan = lab.plan(run_id)
    forged = replace(plan, inputs=tuple(replace(each, sha256="0" * 64) for each in plan.inputs))
    with pytest.raises(ArtifactAlteredError, match="by the hash in the workbook"):
        write_reproduction(forged, tmp_path / "again")


def test_data_that_is_gone_is_named(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    shutil.rmtree(lab.folders.artifacts / "numbers")
    plan = write_reproduction(lab.plan(run_id), tmp_path / "again")
    assert texts(plan, "inputs", stops=True) == "numbers:v1, which the run read, is not in the registry any more"
    with pytest.raises(NotReproducibleError, match="numbers:v1"):
        run_reproduction(plan, tmp_path / "again", lab.registry, fresh_environment=False)


def test_what_the_command_made_itself_is_no_input(tmp_path: Path) -> None:
    lab = Lab(
        tmp_path,
        "import tracker\nwith tracker.start_run('registry.xlsx', name='two steps') as run:\n"
        "    run.log_text('41', 'step.txt')\n"
        "    run.log_metric('answer', int(run.use_artifact('step.txt').read_text()) + 1)\n",
    )
    run_id = lab.run()
    assert lab.plan(run_id).inputs == ()
    assert lab.again(run_id, tmp_path / "again").agrees


# -- runs of one command --------------------------------------------------------------------------------------------

SWEEP = """
import tracker
with tracker.start_run("registry.xlsx", name="sweep") as sweep:
    for rate in (1, 2, 3):
        with tracker.start_run(nested=True, name=f"rate {rate}") as run:
            run.log_param("rate", rate)
            run.log_metric("score", rate * float(run.use_artifact("numbers").read_text()))
    sweep.log_metric("best", 3)
"""


def test_a_part_of_a_sweep_is_compared_with_its_own_likeness(tmp_path: Path) -> None:
    lab = Lab(tmp_path, SWEEP)
    lab.data("numbers", "7")
    lab.run()
    lab.data("numbers", "8")
    old = lab.registry.run("rate 2")["run_id"]
    outcome = lab.again(old, tmp_path / "again")
    assert outcome.agrees
    assert [each.value for each in outcome.metrics] == [14.0]
    new = lab.registry.run(outcome.run_id)
    assert (new["name"], new["params.rate"]) == ("rate 2", 2)
    sweep = lab.registry.run(new["parent_run_id"])
    assert (sweep["name"], sweep["parent_run_id"]) == ("sweep", old)


def test_where_several_new_runs_are_alike_that_is_said(tmp_path: Path) -> None:
    lab = Lab(
        tmp_path, SWEEP.replace('name=f"rate {rate}"', 'name="one of them"').replace('run.log_param("rate", rate)', "")
    )
    lab.data("numbers", "7")
    lab.run()
    first = next(row["run_id"] for row in lab.runs() if row["name"] == "one of them")
    outcome = lab.again(first, tmp_path / "again")
    assert outcome.notes == ("3 of the new runs are alike; compared is the first",)
    assert outcome.agrees


def test_the_inputs_of_a_sweep_are_those_of_its_parts(tmp_path: Path) -> None:
    lab = Lab(tmp_path, SWEEP)
    lab.data("numbers", "7")
    lab.run()
    plan = lab.plan("sweep")
    assert [each.artifact for each in plan.inputs] == ["numbers:v1"]
    assert [each.metric for each in plan.metrics] == ["best"]


def test_runs_belong_together_if_one_command_made_them_at_one_time() -> None:
    from datetime import datetime

    def at(minute: int) -> datetime:
        return datetime(2026, 1, 1, 12, minute)

    runs: list[Mapping[str, Any]] = [
        {"run_id": "a", "command": "x", "start_time": at(0), "end_time": at(9)},
        {"run_id": "b", "command": "x", "parent_run_id": "a", "start_time": at(1), "end_time": at(5)},
        {"run_id": "c", "command": "x", "parent_run_id": "b", "start_time": at(2), "end_time": at(3)},
        {"run_id": "d", "command": "x", "parent_run_id": "a", "start_time": at(20), "end_time": at(30)},
        {"run_id": "e", "command": "x --y", "parent_run_id": "a", "start_time": at(2), "end_time": at(3)},
        {"run_id": "f", "command": "x", "parent_run_id": "g"},
        {"run_id": "g", "command": "x", "parent_run_id": "f"},
    ]
    assert family_of(runs, "c") == {"a", "b", "c"}
    assert family_of(runs, "d") == {"d"}
    assert family_of(runs, "e") == {"e"}
    assert family_of(runs, "f") == {"f", "g"}


# -- a run inside another process's run ---------------------------------------------------------------------------


@pytest.fixture
def inside(registry_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tracker.Registry]:
    """A process that was started as a part of the run ``outer``; there is a second registry."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(capture, "script", lambda: None)
    tracker.init(tmp_path / "other.xlsx")
    with tracker.start_run(registry_path, name="outer") as outer:
        for text in ("one", "two"):
            outer.log_text(text, "numbers.txt")
    monkeypatch.setenv(REGISTRY_VARIABLE, str(registry_path))
    monkeypatch.setenv(PARENT_VARIABLE, outer.run_id)
    yield open_registry(registry_path)
    while run := tracker.active_run():
        run.end()


def test_a_run_inside_another_goes_into_its_registry_whatever_the_script_says(inside: Registry) -> None:
    outer = os.environ[PARENT_VARIABLE]
    with (
        tracker.start_run("other.xlsx", name="inner") as inner,
        tracker.start_run("other.xlsx", nested=True, name="innermost") as innermost,
    ):
        pass
    assert (inner.registry, inner.parent_run_id) == (inside.path, outer)
    assert (innermost.registry, innermost.parent_run_id) == (inside.path, inner.run_id)
    assert inside.run("inner")["parent_run_id"] == outer
    assert values_of(Folders(Path("other.xlsx").absolute()), "runs") == []


def test_inside_another_run_nothing_is_added_to_what_was(inside: Registry) -> None:
    with tracker.start_run(run_id="outer", params={"depth": 6}) as run:
        run.log_metric("auc", 0.9)
    outer = inside.run(os.environ[PARENT_VARIABLE])
    assert run.run_id != outer["run_id"]
    assert (run.name, run.parent_run_id) == ("outer", outer["run_id"])
    assert not {"params.depth", "metrics.auc"} & {name for name, value in outer.items() if value is not None}
    with tracker.start_run(run_id=run.run_id) as resumed:
        assert resumed.run_id == run.run_id


def test_inputs_can_be_held_at_their_versions(inside: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INPUTS_VARIABLE, "numbers.txt:v1|nothing:v7")
    with tracker.start_run() as run:
        read = [run.use_artifact(f"numbers.txt{version}").read_text() for version in ("", ":latest", ":best", ":v2")]
        with pytest.raises(ArtifactNotFoundError):
            run.use_artifact("nothing")
    assert read == ["one", "one", "one", "two"]


def test_a_run_that_repeats_another_moves_no_alias(inside: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("numbers.txt").write_text("one")
    for listed, aliases in (("", ()), (None, ("best",))):
        if listed is None:
            monkeypatch.delenv(INPUTS_VARIABLE)
        else:
            monkeypatch.setenv(INPUTS_VARIABLE, listed)
        with tracker.start_run() as run:
            assert run.log_artifact("numbers.txt", aliases=["best"]).artifact == "numbers.txt:v1"
        row = inside.row("artifacts", ("numbers.txt:v1",))
        assert row is not None
        assert aliases_of(row) == list(aliases)


def test_inputs_of_which_several_versions_were_read_are_left_to_the_script(
    inside: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(INPUTS_VARIABLE, "numbers.txt:v1|numbers.txt:v2")
    with tracker.start_run() as run:
        assert run.use_artifact("numbers.txt").read_text() == "two"


# -- nothing that a cell says can do harm -------------------------------------------------------------------------


def test_a_secret_in_the_command_has_to_be_given_again(lab: Lab, tmp_path: Path) -> None:
    run_id = lab.run("--token", "s3cr3t")
    plan = write_reproduction(lab.plan(run_id), tmp_path / "again")
    assert "secret" in texts(plan, "command", stops=True)
    with pytest.raises(NotReproducibleError, match="secret"):
        run_reproduction(plan, tmp_path / "again", lab.registry, fresh_environment=False)
    script = (tmp_path / "again" / "run.sh").read_text()
    assert "train.py --token '***'" in script
    assert not any(b"s3cr3t" in path.read_bytes() for path in (tmp_path / "again").rglob("*") if path.is_file())


def test_no_name_or_argument_is_executed(lab: Lab, tmp_path: Path) -> None:
    trap = f"$(touch {tmp_path}/sprung) `touch {tmp_path}/sprung`'\"\n; touch {tmp_path}/sprung #"
    run_id = lab.run(trap)
    lab.set(run_id, name=trap, git_branch=trap)
    folder = tmp_path / "again"
    plan = write_reproduction(lab.plan(run_id), folder)
    assert plan.command.arguments == (trap,)
    python = folder / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" > {shlex.quote(str(tmp_path))}/words\n')
    python.chmod(0o755)
    subprocess.run(["sh", str(folder / "run.sh")], check=True)
    assert (tmp_path / "words").read_text().split("\0")[-3:] == ["train.py", trap, ""]
    assert run_reproduction(plan, folder, lab.registry, fresh_environment=False).agrees
    assert not (tmp_path / "sprung").exists()
    assert [line for line in power_shell_script(plan).split("\r\n") if line.startswith("& ")] == [
        f"& $python '-W' 'ignore:This process:DeprecationWarning' 'train.py' '{trap.replace(chr(39), chr(39) * 2)}'"
    ]


@pytest.mark.parametrize(
    "cells",
    [
        {"command": "sh -c 'touch sprung'"},
        {"command": "python ../../evil.py", "source": "../../evil.py"},
        {"command": "python /etc/evil.py", "source": "/etc/evil.py"},
        {"git_commit": "--upload-pack=touch sprung"},
        {"git_commit": "main"},
    ],
    ids=lambda cells: next(iter(cells.values())),
)
def test_a_cell_that_somebody_crafted_stops_it(ran: tuple[Lab, str], tmp_path: Path, cells: dict[str, str]) -> None:
    lab, run_id = ran
    lab.set(run_id, **cells)
    plan = write_reproduction(lab.plan(run_id), tmp_path / "again")
    assert plan.stopping
    with pytest.raises(NotReproducibleError, match="sum cannot be run again"):
        run_reproduction(plan, tmp_path / "again", lab.registry, fresh_environment=False)
    assert not list(tmp_path.rglob("sprung"))


@pytest.mark.parametrize("artifact", ["../../evil:v1", "/etc/passwd:v1", "..:v1", "numbers:v0", "numbers"])
def test_no_name_of_an_input_leads_out_of_the_folder(ran: tuple[Lab, str], tmp_path: Path, artifact: str) -> None:
    lab, run_id = ran
    Script(lab.registry.path).log(
        Change("lineage", (run_id, "input", artifact), {}, new=True, time=time.time(), by="person")
    )
    folder = tmp_path / "again"
    plan = write_reproduction(lab.plan(run_id), folder)
    assert [path.name for path in (folder / "inputs").iterdir()] == ["numbers-v1"]
    assert artifact in texts(plan, "inputs", stops=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "code", "lab"]


@pytest.mark.parametrize(
    "patch",
    [
        "diff --git a/../../evil b/../../evil\nnew file mode 100644\n--- /dev/null\n+++ b/../../evil\n"
        "@@ -0,0 +1 @@\n+x\n",
        "diff --git a/.git/hooks/x b/.git/hooks/x\nnew file mode 100755\n--- /dev/null\n+++ b/.git/hooks/x\n"
        "@@ -0,0 +1 @@\n+x\n",
    ],
)
def test_no_recorded_diff_writes_elsewhere(lab: Lab, tmp_path: Path, patch: str) -> None:
    lab.script.write_text(SUM.replace("seed(7)", "seed(8)"))
    run_id = lab.run()
    place = lab.folders.artifacts / "git-diff"
    crafted = lab.data("git-diff", patch)
    Script(lab.registry.path).log(Change("lineage", (run_id, "output", "git-diff:v2"), {}, new=True, time=1.0))
    plan = lab.plan(run_id)
    forged = replace(plan, code=replace(plan.code, diff="git-diff:v2"))
    assert crafted.is_relative_to(place)
    written = write_reproduction(forged, tmp_path / "again")
    assert "git apply says" in texts(written, "code", stops=True)
    assert not list(tmp_path.glob("evil")) and not list(tmp_path.rglob("hooks/x"))


def test_a_recorded_text_that_was_altered_is_refused(ran: tuple[Lab, str]) -> None:
    lab, run_id = ran
    environment = next((lab.folders.artifacts / "environment").glob("v*/requirements.txt"))
    environment.chmod(0o644)
    environment.write_text("evil==1.0\n")
    with pytest.raises(ArtifactAlteredError, match="environment:v1"):
        lab.plan(run_id)


def test_a_folder_that_holds_something_is_left_alone(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    plan = lab.plan(run_id)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    with pytest.raises(BadRequestError, match="exists already"):
        write_reproduction(plan, full)
    assert [path.name for path in full.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert write_reproduction(plan, tmp_path / "empty") == plan
    assert (tmp_path / "empty" / "run.sh").is_file()


# -- the environment ------------------------------------------------------------------------------------------------


def test_only_exact_versions_from_an_index_are_taken() -> None:
    text = (
        "# Python 3.11.7 (pypy)\nnumpy==2.1.0\npip==23.0\ntracker_workbook==0.1.0\nmine==1.0  # from a local folder\n"
        "theirs==1.0  # from git+https://host/it.git@0ab1\ntorch==2.3.0+cu121\n--index-url https://evil.example\n"
        "-e ../evil\nevil @ https://evil.example/x.whl\nscipy>=1.0\nodd==1.0 --hash=x\n\n"
    )
    found = read_requirements(text)
    assert found.python == "3.11.7"
    assert found.requirements == ("numpy==2.1.0", "torch==2.3.0+cu121")
    reasons = dict(found.left_out)
    assert set(reasons) == {
        *("pip==23.0", "tracker_workbook==0.1.0", "mine==1.0", "theirs==1.0", "--index-url https://evil.example"),
        *("-e ../evil", "evil @ https://evil.example/x.whl", "scipy>=1.0", "odd==1.0 --hash=x"),
    }
    assert reasons["mine==1.0"] == "it was installed from a local folder"


def test_tracker_in_the_folder_needs_what_the_project_says() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert sorted(LIBRARY_NEEDS) == sorted(project["dependencies"])


def test_what_no_index_has_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name, version in (("tiny", "1.0"), ("built", "2.0")):
        wheel(wheels, name, version)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    folder = tmp_path / "again"
    folder.mkdir()
    (folder / "requirements.txt").write_text("# a comment\ngone_too==3.1\ntiny==1.0\nbuilt==2.0+cu121\ntiny-more==1\n")
    python = make_environment(folder, "3.11.1", folder / "install.log", lambda output: None)
    assert set(python.notes) == {
        f"Python {capture.python_version()} in place of 3.11.1",
        "gone_too==3.1 is in no index, and not installed",
        "built==2.0 in place of built==2.0+cu121",
        "tiny-more==1 is in no index, and not installed",
    }
    code = "import tiny, built, sys; print(sys.prefix)"
    done = subprocess.run([python.path, "-c", code], capture_output=True, text=True, check=True, env={})
    assert Path(done.stdout.strip()) == folder / "environment"


def test_an_environment_that_cannot_be_made_is_an_error_that_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "requirements.txt").write_text("gone>=3.1\n")
    with pytest.raises(NotReproducibleError, match=r"pip could not install its packages.*install\.log"):
        make_environment(tmp_path, "", tmp_path / "install.log", lambda output: None)


def test_without_recorded_packages_no_fresh_environment_is_made(ran: tuple[Lab, str], tmp_path: Path) -> None:
    lab, run_id = ran
    shutil.rmtree(lab.folders.artifacts / "environment")
    plan = write_reproduction(lab.plan(run_id), tmp_path / "again")
    assert "not recorded" in texts(plan, "environment", stops=False)
    with pytest.raises(NotReproducibleError, match="packages were not recorded"):
        run_reproduction(plan, tmp_path / "again", lab.registry)
    assert run_reproduction(plan, tmp_path / "again", lab.registry, fresh_environment=False).agrees


def wheel(folder: Path, name: str, version: str) -> None:
    """A wheel with one empty module."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


# -- metrics ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "now", "tolerance", "agrees"),
    [
        (0.5, 0.5, 0.0, True),
        (0.5, 0.5 + 1e-12, 1e-9, True),
        (0.5, 0.5 + 1e-8, 1e-9, False),
        (0.0, 1e-300, 1e-9, False),
        (100.0, 101.0, 0.01, True),
        (math.nan, math.nan, 1e-9, True),
        (math.nan, 0.5, 1e-9, False),
        (math.inf, math.inf, 1e-9, True),
        (math.inf, -math.inf, 1e-9, False),
        (12.5, 99.0, math.inf, True),
        (0.5, None, math.inf, False),
    ],
)
def test_metrics_agree_within_their_tolerance(then: float, now: float | None, tolerance: float, agrees: bool) -> None:
    assert Compared(Expected("auc", then, tolerance), now).agrees is agrees


def test_the_tolerance_is_that_of_the_name_or_of_the_longest_pattern() -> None:
    tolerances = read_tolerances(["1e-6", "*time*=inf", "auc=0"])
    assert [tolerance_of(name, tolerances) for name in ("fit_time", "auc", "f1")] == [math.inf, 0.0, 1e-6]
    assert tolerance_of("f1", {}) == 1e-9


@pytest.mark.parametrize("text", ["", "auc", "auc=", "auc=-1", "nan", "auc=much"])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError, match="no tolerance"):
        read_tolerances([text])


def test_what_came_of_it_is_said_in_lines() -> None:
    metrics = compare([Expected("auc", 0.5), Expected("f1", 0.25), Expected("loss", 2.0)], {"auc": 0.5, "loss": 2.5})
    outcome = Outcome(
        0,
        Path("output.log"),
        "r2",
        metrics,
        more=("new",),
        params=(("lr", 0.1, 0.2),),
        same_artifacts=("model:v1",),
        other_artifacts=(("plot:v1", "plot:v2"),),
        notes=("Python 3.12.1 in place of 3.11.7",),
    )
    lines = "\n".join(outcome_lines(outcome, 200))
    for said in ("r2", "auc +0.5 +0.5 +same", r"f1 +0.25 +missing +differs", r"loss +2.0 +2.5 +\+0.5 +differs"):
        assert re.search(said, lines)
    for said in (
        "metric new",
        "lr was 0.1, is now 0.2",
        "model:v1",
        "plot:v2",
        "Python 3.12.1",
        "1 of 3 metrics agree",
    ):
        assert said in lines


def test_a_metric_that_is_missing_has_no_difference() -> None:
    (one, two) = compare([Expected("auc", 0.5), Expected("f1", 0.25)], {"auc": 0.75})
    assert (one.difference, one.agrees, two.value, two.difference) == (0.25, False, None, None)


def test_metrics_are_the_last_steps_or_what_the_row_says(registry_path: Path) -> None:
    folders = Folders(registry_path)
    row = {"run_id": "r1", "metrics.auc": 0.5, "metrics.auc.best": 0.75, "metrics.note": "text", "params.x": 1}
    assert metric_values(folders, row) == {"auc": 0.5, "auc.best": 0.75}
    path = folders.metrics("r1")
    path.parent.mkdir(parents=True)
    path.write_text("timestamp,step,metric,value\n1,0,auc,0.25\n2,1,auc,0.125\n")
    assert metric_values(folders, row) == {"auc": 0.125}


# -- the sample -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Registry, Path]:
    """A copy of the sample registry, and the repository that its runs came from."""
    place = tmp_path_factory.mktemp("sample")
    for path in ROOT.glob("sample_workbooks/ml_experiments.*"):
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, place / path.name)
    build._repository(place / "experiments")
    return open_registry(place / "ml_experiments.xlsx"), place / "experiments"


@pytest.mark.parametrize("run", ["lasso 0.1", "neighbours baseline"])
def test_a_run_of_the_sample_has_the_same_metrics_again(
    sample: tuple[Registry, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str
) -> None:
    registry, code = sample
    monkeypatch.setenv("MPLBACKEND", "Agg")
    plan = write_reproduction(plan_reproduction(registry, run, [code]), tmp_path / "again")
    assert plan.gaps == ()
    outcome = run_reproduction(plan, tmp_path / "again", registry, fresh_environment=False)
    assert outcome.exit_code == 0, outcome.output.read_text()
    assert outcome.agrees
    assert outcome.params == ()


@pytest.mark.slow
def test_a_sweep_of_the_sample_has_the_same_metrics_in_a_fresh_environment(
    sample: tuple[Registry, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, code = sample
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    plan = write_reproduction(plan_reproduction(registry, "network 16, lr 0.01", [code]), tmp_path / "again")
    outcome = run_reproduction(plan, tmp_path / "again", registry)
    assert outcome.exit_code == 0, outcome.output.read_text()
    assert outcome.agrees
    assert registry.run(outcome.run_id)["name"] == "network 16, lr 0.01"
    shutil.rmtree(tmp_path / "again" / "environment")  # more than a gigabyte
