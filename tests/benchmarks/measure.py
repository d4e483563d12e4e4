"""What all benchmarks share: work is timed in turn, so that whatever else the machine does slows all of it alike."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "scripts"

Work = Callable[[], float]
"""One piece of work; tells how many of its seconds count, so that what prepares it does not."""


@dataclass(frozen=True)
class Options:
    """How much to measure."""

    folder: Path
    """For workbooks that are kept from one time to the next, and for what is thrown away."""
    sizes: Sequence[int] = (1_000, 10_000, 100_000)
    """Runs in the workbooks."""
    share: float = 1.0
    """Of the usual number of repeats."""
    mlflow: str | None = None
    """A Python that has mlflow."""
    trackio: str | None = None
    """A Python that has trackio."""
    openpyxl: int = 10_000
    """The largest workbook that openpyxl is given: at 100,000 runs it takes minutes."""
    install: bool = True
    """Whether to measure an installation, which asks the package index."""

    def repeats(self, usual: int) -> int:
        return max(1, round(usual * self.share))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder that is gone afterwards, on the same file system as everything else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            yield Path(folder)


@dataclass(frozen=True)
class Aim:
    """The most that is wanted: of our own figure, or of its ratio to the reference."""

    most: float
    of: Literal["ours", "ratio"] = "ratio"


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    ours: float
    beside: str = ""
    """The reference: what a user would pick instead, on the same work."""
    reference: float | None = None
    aim: Aim | None = None
    unit: Literal["s", "B"] = "s"

    @property
    def ratio(self) -> float | None:
        return None if self.reference is None else self.ours / self.reference

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        value = self.ours if self.aim and self.aim.of == "ours" else self.ratio
        return None if self.aim is None or value is None else value <= self.aim.most


@dataclass(frozen=True)
class Note:
    """Something that was not measured, and why."""

    text: str


Found = Iterator[Figure | Note]


def timed(work: Callable[[], object]) -> float:
    """The seconds that it takes once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(works: Mapping[str, Work], repeats: int, patience: float = 45.0) -> dict[str, float]:
    """The median seconds of each, run in turn: A B C A B C …; no further round once ``patience`` seconds are over."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    end = time.monotonic() + patience
    for _ in range(repeats):
        for name, work in works.items():
            seconds[name].append(work())
        if time.monotonic() > end:
            break
    return {name: statistics.median(times) for name, times in seconds.items()}


def child_environment() -> dict[str, str]:
    """Our checkout first, and modules that stay compiled, as they are where a package was installed."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": str(ROOT),
    }


def child(*arguments: object, python: str = sys.executable, **environment: str) -> str:
    """What a script prints in a process of its own, which finds our checkout's ``tracker``.

    Raises:
        RuntimeError: it failed; with what it complained of.
    """
    command = [python, *map(str, arguments)]
    done = subprocess.run(command, env=child_environment() | environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def in_child(*arguments: object, python: str = sys.executable, **environment: str) -> Work:
    """The work of a whole process, from its start to its end."""
    return lambda: timed(lambda: child(*arguments, python=python, **environment))


def scripts_in_git(folder: Path) -> Path:
    """The scripts as users have theirs: in a git repository, which is looked at when a run starts."""
    place = folder / "scripts"
    shutil.copytree(SCRIPTS, place, ignore=shutil.ignore_patterns("__pycache__"))
    if shutil.which("git"):
        author = ("-c", "user.name=benchmarks", "-c", "user.email=benchmarks@localhost")
        for command in (("init", "--quiet"), ("add", "."), (*author, "commit", "--quiet", "--message", "scripts")):
            subprocess.run(["git", "-C", str(place), *command], check=True)
    return place


def bare_copy(source: Path, target: Path) -> None:
    """The least that replacing a file safely takes: copy, fsync, rename."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.copyfile(source, partial)
    with open(partial, "rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, target)
    folder = os.open(target.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


# -- the table ----------------------------------------------------------------------------------------------------


def in_words(value: float, unit: str) -> str:
    """Seconds or bytes with three digits and a unit that suits: ``8.03 µs``."""
    steps = {"s": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")), "B": ((1e6, "MB"), (1e3, "kB"), (1, "B"))}[unit]
    size, name = next(((size, name) for size, name in steps if value >= size), steps[-1])
    return f"{value / size:.{0 if value >= 100 * size else 1 if value >= 10 * size else 2}f} {name}"


def ratio_in_words(ratio: float) -> str:
    """``3.4×``, and ``1/120`` where we need less than the reference."""
    if ratio < 0.5:
        return f"1/{1 / ratio:.0f}" if ratio <= 0.1 else f"1/{1 / ratio:.1f}"
    return f"{ratio:.0f}×" if ratio >= 100 else f"{ratio:.3g}×"


def row(figure: Figure) -> tuple[str, ...]:
    """What, ours, beside, reference, ratio, aim, and whether it is reached."""
    aim = ""
    if figure.aim:
        most = figure.aim.most
        aim = "≤ " + (ratio_in_words(most) if figure.aim.of == "ratio" else in_words(most, figure.unit))
    return (
        figure.what,
        in_words(figure.ours, figure.unit),
        figure.beside,
        "" if figure.reference is None else in_words(figure.reference, figure.unit),
        "" if figure.ratio is None else ratio_in_words(figure.ratio),
        aim,
        {True: "yes", False: "NO", None: ""}[figure.reached],
    )
