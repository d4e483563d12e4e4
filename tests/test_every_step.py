"""A run is killed before every single call by which it changes the disk, from its start to the end of its sync.

The list of steps is not written down but found: a first child counts the calls. Whatever the child had been told is
done when it was killed must be in the workbook after the next sync, once.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from faults import faults
from script import Script

from tracker.store import verify

ROOT = Path(__file__).parent.parent
CALLS = ("open", "write", "fsync", "replace", "rename", "link", "mkdir", "unlink", "utime")

LOGS_A_RUN = """
import os, signal, sys
from pathlib import Path

registry, limit = Path(sys.argv[1]), int(sys.argv[2])
said = os.write
count = 0

def counted(call):
    def wrapper(*arguments, **options):
        global count
        writes = os.O_CREAT | os.O_WRONLY | os.O_RDWR
        if call.__name__ != "open" or (len(arguments) > 1 and arguments[1] & writes):
            count += 1
            if count == limit:
                os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    return wrapper

import tracker
from tracker.syncing import sync  # imported beforehand, so that only what a run does is counted

(registry.parent / "model.bin").write_bytes(b"weights")
(registry.parent / "data").mkdir()
(registry.parent / "data" / "a.csv").write_text("a,b")
for name in NAMES:
    setattr(os, name, counted(getattr(os, name)))

def done(*words):
    said(1, (" ".join(map(str, words)) + "\\n").encode())

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
done("calls", count)
"""


def child(registry: Path, limit: int) -> subprocess.CompletedProcess[str]:
    code = LOGS_A_RUN.replace("NAMES", repr(CALLS))
    return subprocess.run(
        [sys.executable, "-c", code, str(registry), str(limit)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


@cache
def number_of_steps() -> int:
    """How many calls there are, by a child that nobody kills."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        registry = Path(shutil.copyfile(ROOT / "templates" / "general.xlsx", Path(folder) / "registry.xlsx"))
        done = child(registry, 0)
        assert done.returncode == 0, done.stderr
        return int(done.stdout.split()[-1])


@pytest.mark.parametrize("part", range(4))
def test_killed_before_every_call_that_changes_the_disk(registry_path: Path, tmp_path: Path, part: int) -> None:
    steps = number_of_steps()
    assert steps > 40
    for limit in range(1 + part, steps + 1, 4):
        folder = tmp_path / str(limit)
        folder.mkdir()
        registry = Path(shutil.copyfile(registry_path, folder / "registry.xlsx"))
        killed = child(registry, limit)
        # What runs in the background makes the number of calls vary by a few from child to child.
        assert killed.returncode in (-signal.SIGKILL, 0), killed.stderr
        assert faults(registry) == [], limit
        script = Script(registry)
        script.sync()
        _all_that_was_done_is_there(script, killed.stdout.splitlines(), limit)
        assert script.sync().change_set is None, limit
        shutil.rmtree(folder)


def _all_that_was_done_is_there(script: Script, done: list[str], limit: int) -> None:
    rows = list(script.rows().values())
    lines = [line.split() for line in done]
    if not lines:
        assert len(rows) <= 1
        return
    (row,) = rows
    assert row["run_id"] == lines[0][1], limit
    last = {words[1]: words[2] for words in lines if words[0] == "cell"}
    for column, text in last.items():
        value = row[column]
        reached = float(value) >= float(text) if column == "metrics.loss" else str(value) == text
        assert reached, (limit, column, value, text)
    stored = {words[1] for words in lines if words[0] == "artifact"}
    assert stored <= script.artifacts(), limit
    assert row["status"] == ("FINISHED" if ["ended"] in lines else row["status"]) != "RUNNING", limit
    assert {problem.code for problem in verify(script.folders)} <= {"artifact-manifest"}, limit
