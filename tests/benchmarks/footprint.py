"""What Tracker adds to a script before it does anything: the time of its import, and the size of its installation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import ROOT, Aim, Figure, Found, Note, Options, in_child, medians

LEAST_TO_LOG = "import json, csv, uuid, socket, platform, threading"
"""What a script of one's own that logs as much would import."""


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
    yield Figure("import tracker, more than Python itself", seconds["import"] - python, "starting Python", python,
                 Aim(0.08, "ours"))  # fmt: skip
    yield Figure("… with all that start_run needs", seconds["start_run"] - python, "starting Python", python,
                 Aim(0.08, "ours"))  # fmt: skip
    if not options.install:
        return
    with options.scratch() as folder:
        try:
            ours = installed_size(folder / "ours", str(ROOT))
        except subprocess.CalledProcessError as error:
            yield Note(f"size of an installation: pip failed, {error}")
            return
    own = size_of(folder)
    yield Figure("size of a library installation", ours, "", None, Aim(15e6, "ours"), "B")


def installed_size(folder: Path, what: str) -> float:
    """The size of a package with all it needs, compiled as pip does, without pip itself."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*pip, what], check=True)
    return float(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))
