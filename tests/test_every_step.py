"""A run is killed before every single call by which it changes the disk, from its start to the end of its sync.

The list of steps is not written down but found: each child is killed one call later than the one before, until one
comes to its end. Whatever a child had been told is done must be in the workbook after the next sync, once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from faults import faults
from script import Script

from tracker.store import verify

ROOT = Path(__file__).parent.parent
CALLS = ("open", "write", "fsync", "replace", "rename", "link", "mkdir", "unlink", "utime")

LOGS_A_RUN = """
import itertools, os, shutil, signal, sys
from pathlib import Path

import tracker
from tracker.syncing import sync  # imported beforehand, so that only what a run does is counted

template, base = map(Path, sys.argv[1:])
for limit in itertools.count(1):
    registry = base / str(limit) / "registry.xlsx"
    registry.parent.mkdir()
    shutil.copyfile(template, registry)
    child = os.fork()
    if child == 0:
        break
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status))

# From here on it is a child, which gets a SIGKILL before the call with the number of the limit.
write, said = os.write, os.open(registry.parent / "said", os.O_CREAT | os.O_WRONLY)
numbers = itertools.count(1)

def counted(call):
    def wrapper(*arguments, **options):
        writes = os.O_CREAT | os.O_WRONLY | os.O_RDWR
        if call.__name__ != "open" or (len(arguments) > 1 and arguments[1] & writes):
            if next(numbers) == limit:
                os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    return wrapper

def done(*words):
    write(said, (" ".join(map(str, words)) + "\\n").encode())

(registry.parent / "model.bin").write_bytes(b"weights")
(registry.parent / "data").mkdir()
(registry.parent / "data" / "a.csv").write_text("a,b")
for name in NAMES:
    setattr(os, name, counted(getattr(os, name)))

with tracker.start_run(registry, experiment="steps", name="steps") as run:
    done("run", run.run_id)
    run.log_param("depth", 6); done("cell", "params.depth", 6)
    for step in range(3):
        run.log_metric("loss", step, step=step); done("cell", "metrics.loss", step)
    run.log_metrics({"auc": 0.5, "f1": 0.25}, step=1); done("cell", "metrics.auc", 0.5)
    run.set_tag("team", "risk"); done("cell", "tags.team", "risk")
    run.log_artifact(registry.parent / "model.bin", name="model"); done("artifact", "model:v1")
    run.log_artifact(registry.parent / "data", name="data"); done("artifact", "data:v1")
    run.log_text("words", "notes.txt"); done("artifact", "notes.txt:v1")
done("ended")
"""


def test_killed_before_every_call_that_changes_the_disk(registry_path: Path, tmp_path: Path) -> None:
    base = tmp_path / "steps"
    base.mkdir()
    code = LOGS_A_RUN.replace("NAMES", repr(CALLS))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code, str(registry_path), str(base)]
    children = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert children.returncode == 0, children.stderr
    folders = sorted(base.iterdir(), key=lambda folder: int(folder.name))
    assert len(folders) > 40
    for folder in folders:
        registry, step = folder / "registry.xlsx", folder.name
        assert faults(registry) == [], step
        script = Script(registry)
        script.sync()
        said = folder / "said"
        _all_that_was_done_is_there(script, said.read_text().splitlines(), step)
        assert script.sync().change_set is None, step
    assert said.read_text().endswith("ended\n"), "the last child is killed by nobody"


def _all_that_was_done_is_there(script: Script, done: list[str], step: str) -> None:
    rows = list(script.rows().values())
    lines = [line.split() for line in done]
    if not lines:
        assert len(rows) <= 1
        return
    (row,) = rows
    assert row["run_id"] == lines[0][1], step
    last = {words[1]: words[2] for words in lines if words[0] == "cell"}
    for column, text in last.items():
        value = row[column]
        reached = float(value) >= float(text) if column == "metrics.loss" else str(value) == text
        assert reached, (step, column, value, text)
    stored = {words[1] for words in lines if words[0] == "artifact"}
    assert stored <= script.artifacts(), step
    assert row["status"] == ("FINISHED" if ["ended"] in lines else row["status"]) != "RUNNING", step
    assert {problem.code for problem in verify(script.folders)} <= {"artifact-manifest"}, step
