"""Ten minutes of a team: two people, each in a LibreOffice of their own, and three training processes, one registry.

Ann has the registry itself open, so that syncs wait meanwhile. Ben works at another desk, where nobody sees that he has
it open: his saves are stale, and overwrite hers. ``TRACKER_MINUTES`` is how long the slow test takes instead of ten.
"""

from __future__ import annotations

import contextlib
import copy
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from faults import faults
from libreoffice import Office
from script import Script
from window import Desk, OfficePerson, Window

from tracker.errors import TrackerError
from tracker.history.outside import outside_saves
from tracker.history.timeline import verify
from tracker.journal.changes import Journal

ROOT = Path(__file__).parent.parent
PROCESSES = 3
MINUTES = float(os.environ.get("TRACKER_MINUTES", "10"))
FEWEST = 12
"""Turns that people take in any case."""

LOGS = """
import os, sys, time, tracker

registry, process, stop = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def said(*words):
    os.write(1, ("\\t".join(map(str, words)) + "\\n").encode())

with tracker.start_run(registry, experiment="long", name=f"long {process}") as long:
    said("run", long.run_id)
    number = 0
    while not os.path.exists(stop):
        number += 1
        long.set_tag("stage", f"{process}-{number}"); said("stage", long.run_id, f"{process}-{number}")
        with tracker.start_run(experiment="short", name=f"short {process}-{number}", nested=True) as run:
            said("run", run.run_id)
            run.log_params({"process": process, "number": number}); said("number", run.run_id, process, number)
            for step in range(5):
                run.log_metric("auc", number + step / 10, step=step)
            time.sleep(0.3 * process)
        said("ended", run.run_id)
said("ended", long.run_id)
"""

Place = tuple[str, str]
"""Run and column."""


@dataclass(slots=True)
class Hands:
    """What people's hands put into a workbook: the values by place, the rows that they typed and deleted."""

    cells: dict[Place, Any] = field(default_factory=dict)
    typed: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)


class Team:
    """The people, and what must be in the workbook of what they did."""

    def __init__(self, script: Script, people: list[Desk]) -> None:
        self.script, self.people = script, people
        self.chance = random.Random(7)
        self.saved = Hands()
        """What is in the workbook that lies there."""
        self.open: list[Hands | None] = [None for _ in people]
        self.seen: set[tuple[str, str, Any]] = set()
        """The cells of every workbook that a sync saw: run, column and value."""
        self.typed: set[str] = set()
        """The rows that were typed in them."""
        self.count = self.saves = 0

    def turn(self, number: int) -> None:
        """One person opens the workbook, or edits, and then often saves and sometimes closes it."""
        person, hands = self.people[number], self.open[number]
        if hands is None:
            person.opens()
            print(f"{number} opens")
            self.open[number] = copy.deepcopy(self.saved)
            return
        for _ in range(self.chance.randint(1, 3)):
            print(f"{number} {self.edits(person.window, hands)}")
        if self.chance.random() < 0.7:
            person.saves()
            print(f"{number} saves")
            self.saved = copy.deepcopy(hands)
            self.saves += 1
        if self.chance.random() < 0.4:
            person.closes()
            print(f"{number} closes")
            self.open[number] = None
        with contextlib.suppress(TrackerError):  # Ann has it open
            print(f"sync {self.script.sync().change_set}")
            self.seen |= {(*place, value) for place, value in self.saved.cells.items()}
            self.typed |= self.saved.typed

    def edits(self, window: Window, hands: Hands) -> str:
        """One edit, and in words which."""
        rows = window.rows()
        short = sorted(run for run, row in rows.items() if row["experiment"] == "short")
        long = sorted(run for run, row in rows.items() if row["experiment"] == "long")
        act = self.chance.choices(("write", "stage", "sort", "type", "delete"), (10, 3, 2, 2, 1))[0]
        if act == "write" and short:
            column = self.chance.choice(("goal", "notes", "insight", "metrics.auc"))
            value = self.fresh() if column != "metrics.auc" else self.fresh_number()
            return self.writes(window, hands, self.chance.choice(short), column, value)
        if act == "stage" and "tags.stage" in next(iter(rows.values()), {}) and long:
            return self.writes(window, hands, self.chance.choice(long), "tags.stage", self.fresh())
        if act == "sort" and rows:
            window.document.sort_table("runs", self.chance.choice(("name", "run_id")), self.chance.random() < 0.5)
            return "sorts"
        if act == "type" and rows:
            name = self.fresh()
            window.type_below(name=name, goal="planned")
            hands.typed.add(name)
            return f"types {name}"
        if act == "delete" and len(short) > 5:
            run = self.chance.choice([run for run in short if rows[run]["status"] == "FINISHED"])
            window.delete(run)
            hands.deleted.add(run)
            hands.cells = {place: value for place, value in hands.cells.items() if place[0] != run}
            return f"deletes {run}"
        return "only looks"

    def writes(self, window: Window, hands: Hands, run: str, column: str, value: Any) -> str:
        window.write(run, column, value)
        hands.cells[run, column] = value
        return f"writes {value} into {column} of {run}"

    def fresh(self) -> str:
        self.count += 1
        return f"hand {self.count}"

    def fresh_number(self) -> float:
        self.count += 1
        return self.count + 0.0625

    def leaves(self) -> None:
        for number, person in enumerate(self.people):
            person.closes()
            self.open[number] = None


@pytest.mark.parametrize("minutes", [0.0, pytest.param(MINUTES, marks=pytest.mark.slow)])
def test_two_people_and_three_scripts(registry_path: Path, tmp_path: Path, libreoffice: Office, minutes: float) -> None:
    script, second = Script(registry_path), Office(tmp_path / "second")
    team = Team(script, [Desk(registry_path, libreoffice), OfficePerson(registry_path, second, tmp_path / "desk")])
    stop = tmp_path / "stop"
    children = [_started(registry_path, stop, number + 1) for number in range(PROCESSES)]
    end = time.monotonic() + 60 * minutes
    turns = 0
    try:
        while turns < FEWEST or time.monotonic() < end:
            team.turn(turns % 2)
            turns += 1
            time.sleep(team.chance.uniform(0.0, 0.8))
        team.leaves()
        stop.touch()
        assert [child.wait(60) for child, _ in children] == [0] * PROCESSES
    finally:
        team.leaves()
        second.end()
        for child, _ in children:
            child.kill()
            child.wait()
    said = [line.split("\t") for _, output in children for line in output.read_text().splitlines()]
    script.sync()
    _what_scripts_logged_is_there(script, team, said)
    _what_people_did_is_there(script, team)
    assert script.sync().change_set is None
    assert verify(script.folders).faults == ()
    assert faults(registry_path) == []
    conflicts = sum(len(one.conflicts) for one in Journal(script.folders.changes).newest_first())
    print(f"{len(script.rows())} runs, {turns} turns, {team.saves} saves, {conflicts} conflicts")


def _started(registry: Path, stop: Path, number: int) -> tuple[subprocess.Popen[bytes], Path]:
    """A training process, and the file with what it was told is safe."""
    output = registry.with_name(f"said-{number}.txt")
    with open(output, "wb") as said, open(registry.with_name(f"warned-{number}.txt"), "wb") as warned:
        command = [sys.executable, "-c", LOGS, str(registry), str(number), str(stop)]
        return subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=warned), output


def _what_scripts_logged_is_there(script: Script, team: Team, said: list[list[str]]) -> None:
    rows, dropped = script.rows(), _conflicts(script)
    stages: dict[str, str] = {}
    for kind, run, *rest in said:
        assert run in rows or run in team.saved.deleted, (kind, run, rest)
        if run not in rows:
            continue
        if kind == "number":
            assert [rows[run]["params.process"], rows[run]["params.number"]] == [int(word) for word in rest]
            by_hand = team.saved.cells.get((run, "metrics.auc"))
            assert rows[run]["metrics.auc"] == (int(rest[1]) + 0.4 if by_hand is None else by_hand), run
        elif kind == "ended":
            assert rows[run]["status"] == "FINISHED", run
        elif kind == "stage":
            stages[run] = rest[0]
    for run, stage in stages.items():
        held = rows[run]["tags.stage"]
        assert held == stage or (run, "tags.stage", stage) in dropped, (run, stage, held)


def _what_people_did_is_there(script: Script, team: Team) -> None:
    rows = script.rows()
    names = [row["name"] for row in rows.values()]
    for (run, column), value in team.saved.cells.items():
        assert rows[run][column] == value, (run, column, value)
    assert not team.saved.deleted & rows.keys()
    for name in team.typed | team.saved.typed:
        assert names.count(name) == 1, name
    told = _conflicts(script)
    for one in (*Journal(script.folders.changes).newest_first(), *outside_saves(script.folders)):
        for entry in one.entries:
            for column, cell in entry.cells.items():
                told |= {(entry.key[0], column, cell.old), (entry.key[0], column, cell.new)}
    for run, column, value in team.seen:
        assert (run in rows and rows[run].get(column) == value) or (run, column, value) in told, (run, column, value)


def _conflicts(script: Script) -> set[tuple[str, str, Any]]:
    """What became a conflict: run, column, and the value that was not written."""
    return {
        (conflict.key[0], conflict.column, conflict.dropped)
        for change_set in Journal(script.folders.changes).newest_first()
        for conflict in change_set.conflicts
    }
