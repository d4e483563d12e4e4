"""Many processes log at once, and processes are killed at any instant: nothing is lost, nothing is there twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from faults import faults, zip_faults
from script import Script

from tracker.store import verify
from tracker.workbook import read_tables

ROOT = Path(__file__).parent.parent

LOGS_RUNS = """
import sys, tracker
registry, number, runs = sys.argv[1], sys.argv[2], int(sys.argv[3])
for index in range(runs):
    with tracker.start_run(registry, experiment="many", name=f"run {number}-{index}") as run:
        run.log_params({"process": int(number), "index": index})
        for step in range(5):
            run.log_metric("loss", 1 / (step + 1), step=step)
"""


@pytest.mark.parametrize(("processes", "runs"), [(8, 5), pytest.param(8, 50, marks=pytest.mark.slow)])
def test_every_run_of_many_processes_is_there_once(registry_path: Path, processes: int, runs: int) -> None:
    command = [sys.executable, "-W", "error", "-c", LOGS_RUNS, str(registry_path)]
    children = [
        subprocess.Popen([*command, str(number), str(runs)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for number in range(processes)
    ]
    for child in children:
        _, errors = child.communicate(timeout=300)
        errors = "".join(line for line in errors.splitlines(keepends=True) if " checklist items" not in line)
        assert child.returncode == 0 and not errors, errors
    script = Script(registry_path)
    script.sync()
    rows = script.rows().values()
    expected = Counter((process, index) for process in range(processes) for index in range(runs))
    assert Counter((row["params.process"], row["params.index"]) for row in rows) == expected
    unlike = [row for row in rows if row["metrics.loss"] != 0.2 or row["status"] != "FINISHED"]
    assert [(row["run_id"], row["metrics.loss"], row["status"]) for row in unlike] == []
    assert faults(registry_path) == []


ACKNOWLEDGES = """
import os, sys, tracker

def said(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

registry, life = sys.argv[1], sys.argv[2]
for index in range(10**6):
    with tracker.start_run(registry, experiment="killed", name=f"{life}-{index}") as run:
        said("run", run.run_id)
        run.log_param("life", life); said("param", run.run_id, "params.life", life)
        for step in range(20):
            run.log_metric("loss", step, step=step); said("metric", run.run_id, step)
        run.set_tag("team", "risk"); said("param", run.run_id, "tags.team", "risk")
        run.log_text(f"{life} {index}", "note.txt"); said("artifact", run.run_id)
    said("ended", run.run_id)
"""


@pytest.mark.parametrize("kills", [10, pytest.param(500, marks=pytest.mark.slow)])
def test_killed_at_random_instants_every_acknowledged_value_is_there_once(registry_path: Path, kills: int) -> None:
    """Two processes log and sync all the time; one after the other is killed and replaced."""
    chance = random.Random(kills)
    acknowledged: list[str] = []
    living: list[tuple[subprocess.Popen[str], Path]] = []

    def starts(life: int) -> None:
        output = registry_path.with_name(f"life-{life}.txt")
        with open(output, "wb") as file:
            command = [sys.executable, "-c", ACKNOWLEDGES, str(registry_path), str(life)]
            living.append((subprocess.Popen(command, cwd=ROOT, stdout=file, text=True), output))

    def ends() -> None:
        process, output = living.pop(0)
        process.send_signal(signal.SIGKILL)
        process.wait()
        acknowledged.extend(output.read_bytes().decode().rpartition("\n")[0].splitlines())

    starts(0)
    for life in range(1, kills):
        starts(life)
        time.sleep(chance.uniform(0.05, 0.45))
        ends()
        # At every instant the path holds a whole workbook; all of its parts are looked at now and then.
        assert (faults(registry_path) if life % 25 == 0 else zip_faults(registry_path)) == []
    ends()
    script = Script(registry_path)
    script.sync()
    _everything_is_there_once(script, acknowledged)
    assert script.sync().change_set is None


def _everything_is_there_once(script: Script, acknowledged: list[str]) -> None:
    rows = script.rows()
    steps: dict[str, int] = {}
    outputs: Counter[str] = Counter()
    lineage = read_tables(script.folders.workbook, {"lineage"})["lineage"]
    for row in lineage.rows:
        outputs[row[lineage.columns.index("run_id")]] += 1
    for line in acknowledged:
        kind, run_id, *rest = line.split()
        assert run_id in rows, line
        if kind == "param":
            column, value = rest
            assert str(rows[run_id][column]) == value, line
        elif kind == "metric":
            steps[run_id] = max(steps.get(run_id, 0), int(rest[0]))
        elif kind == "artifact":
            assert outputs[run_id] >= 1, line
        elif kind == "ended":
            assert rows[run_id]["status"] == "FINISHED", line
    for run_id, step in steps.items():
        assert rows[run_id]["metrics.loss"] >= step
        logged = script.folders.metrics(run_id).read_text().splitlines()[1:]
        assert len(logged) == len(set(logged)) and len(logged) > step
    assert not [row for row in rows.values() if row["status"] == "RUNNING"]
    # A kill may leave a version number claimed with nothing stored under it; every version that was stored is whole.
    assert {problem.code for problem in verify(script.folders)} <= {"artifact-manifest"}
