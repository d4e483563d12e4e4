"""What Tracker adds to a script before it does anything: the time of its import, and the size of its installation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import ROOT, Aim, Figure, Found, Note, Options, in_child, medians


def measure(options: Options) -> Found:
    works = {
        "import": in_child("-c", "import json, tracker"),
        "start_run": in_child("-c", "import json; from tracker import start_run"),
        "python": in_child("-c", "import json"),
    }
    for work in works.values():
        work()
    seconds = medians(works, options.repeats(25))
    python = seconds["python"]
    aim = Aim(0.08, "ours")
    yield Figure("import tracker", seconds["import"] - python, "starting Python", python, aim)
    yield Figure(
        "import tracker, with all that start_run needs", seconds["start_run"] - python, "starting Python", python, aim
    )
    if not options.install:
        return
    with options.scratch() as folder:
        try:
            ours = installed_size(folder, ROOT)
        except subprocess.CalledProcessError as error:
            yield Note(f"the size of an installation: {error}")
            return
    yield Figure("a library installation", ours, aim=Aim(15e6, "ours"), unit="B")


def installed_size(folder: Path, package: Path) -> float:
    """The bytes of a package and of all it needs, compiled, without pip itself."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*pip, str(package)], check=True)
    return float(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))
