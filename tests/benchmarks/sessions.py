"""Twenty people who look and click while eight scripts log: how long they wait, and that nothing is lost."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import tracker
from benchmarks.measure import SCRIPTS, Aim, Figure, Found, Options, child_environment
from benchmarks.server import serving
from benchmarks.visitor import Visitor
from benchmarks.workbooks import registry

LARGEST = 10_000
"""Runs in the workbook at most."""
PEOPLE = 20
LOGGERS = 8
SECONDS = 300
PAUSE = (2.0, 10.0)
"""Seconds between two clicks of one person."""


class Waited(NamedTuple):
    """One interaction."""

    what: str
    seconds: float


class Day(NamedTuple):
    """What some people waited for, and what it took the server."""

    waited: list[Waited]
    processor: float
    memory: int

    def within(self, share: float) -> float:
        """The seconds within which that share of the interactions was over."""
        times = sorted(wait.seconds for wait in self.waited)
        return times[min(len(times) - 1, int(len(times) * share))]


def measure(options: Options) -> Found:
    rows = max([size for size in options.sizes if size <= LARGEST] or [min(options.sizes)])
    people, loggers, seconds = options.repeats(PEOPLE), options.repeats(LOGGERS), SECONDS * options.share
    alone = day(options, rows, 1, 0, min(seconds, 30))
    together = day(options, rows, people, loggers, seconds)
    count = len(together.waited)
    what = f"{count:,} interactions of {people} sessions while {loggers} scripts log, {rows:,} runs"
    beside = "one session, nobody logs"
    yield Figure(f"{what}: 95 % within", together.within(0.95), beside, alone.within(0.95), Aim(1.0, "ours"))
    yield Figure(f"{what}: half within", together.within(0.5), beside, alone.within(0.5))
    each = alone.processor / len(alone.waited)
    yield Figure("the server's processor time for each", together.processor / count, beside, each)
    yield Figure("the server's memory then", together.memory, beside, alone.memory, unit="B")


def day(options: Options, rows: int, people: int, loggers: int, seconds: float) -> Day:
    """People who look around in a registry of so many runs while scripts log to it; nothing may be lost or fail."""
    with options.scratch() as folder:
        path = registry(options, folder, rows)
        known = run_ids(path)
        with serving(path, folder) as server:
            writers = [
                subprocess.Popen(
                    [sys.executable, str(SCRIPTS / "log_until.py"), str(path), f"script {number}", str(seconds)],
                    env=child_environment(),
                    stdout=subprocess.PIPE,
                    text=True,
                )
                for number in range(loggers)
            ]
            waited, errors = asyncio.run(visits(server.url, seconds, known, people))
            told = [json.loads(line) for writer in writers for line in (writer.communicate()[0] or "").splitlines()]
            errors += [f"a script ended with {writer.returncode}" for writer in writers if writer.returncode]
            memory, processor = server.memory(), server.processor()
            errors += server.errors()
        if errors:
            raise AssertionError("\n".join(errors[:20]))
        nothing_lost(path, rows, told)
    return Day(waited, processor, memory)


def run_ids(path: Path) -> list[str]:
    return [str(run_id) for run_id in tracker.open(path).runs()["run_id"][:200]]


async def visits(url: str, seconds: float, runs: Sequence[str], people: int) -> tuple[list[Waited], list[str]]:
    """Everybody comes within a few seconds, and looks around until the time has come."""
    waited: list[Waited] = []
    errors: list[str] = []

    async def one(number: int) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.uniform(0, min(5.0, seconds / 10)))
        async with Visitor(url) as visitor:
            waited.append(Waited("first page", await visitor.open()))
            end = asyncio.get_running_loop().time() + seconds * 0.9
            while asyncio.get_running_loop().time() < end:
                await asyncio.sleep(chance.uniform(*PAUSE) * min(1.0, seconds / 60))
                waited.append(await click(visitor, chance, runs))
            errors.extend(f"session {number}: {error}" for error in visitor.errors)

    results = await asyncio.gather(*(one(number) for number in range(people)), return_exceptions=True)
    return waited, errors + [f"{type(result).__name__}: {result}" for result in results if result is not None]


async def click(visitor: Visitor, chance: random.Random, runs: Sequence[str]) -> Waited:
    """What a person does next: the list of runs most often, then single runs, now and then another page."""
    where = chance.random()
    if where < 0.35:
        if not visitor.has("filter"):
            return Waited("runs", await visitor.open("runs" if visitor.knows("runs") else ""))
        query = f"metrics.m0 > {chance.random():.3f} and params.p1 >= {chance.randrange(40)}"
        return Waited("filter", await visitor.set("filter", string_value=query))
    if where < 0.6:
        return Waited("run", await visitor.open("run", run=chance.choice(runs)))
    if where < 0.75:
        return Waited("compare", await visitor.open("compare", runs=",".join(chance.sample(list(runs), 3))))
    page = chance.choice(["artifacts", "models", "lineage", "checklist", "retention", "history", "problems"])
    return Waited(page, await visitor.open(page))


def nothing_lost(path: Path, rows: int, told: Sequence[dict[str, object]]) -> None:
    """Every run that a script ended is there once, with every step that it logged."""
    opened = tracker.open(path)
    opened.sync()
    ids = opened.runs()["run_id"]
    if ids.duplicated().any() or len(ids) < rows + len(told):
        raise AssertionError(f"{len(ids)} runs where {rows + len(told)} should be, {ids.duplicated().sum()} twice")
    for one in told:
        history = opened.history(str(one["run_id"]))
        steps = int((history["metric"] == "loss").sum())
        if steps != one["steps"]:
            raise AssertionError(f"{one}: {steps} steps are there")
