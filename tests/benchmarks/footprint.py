"""What Tracker adds to a script before it does anything: the time of its import, and the size of its installation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import ROOT, Aim, Figure, Found, Note, Options, Work, child, in_child, medians


def measure(options: Options) -> Found:
    works = {
        "import tracker": importing("import tracker"),
        "import tracker, with all that start_run needs": importing("from tracker import start_run"),
        "python": in_child("-c", "import json"),
    }
    for work in works.values():
        work()  # the modules are compiled
    seconds = medians(works, options.repeats(25))
    python = seconds.pop("python")
    for what, ours in seconds.items():
        yield Figure(what, ours, "starting Python", python, Aim(0.08, "ours"))
    if not options.install:
        return
    with options.scratch() as folder:
        try:
            ours = installed_size(folder, ROOT)
        except subprocess.CalledProcessError as error:
            yield Note(f"the size of an installation: {error}")
            return
    yield Figure("a library installation", ours, aim=Aim(15e6, "ours"), unit="B")


def importing(statement: str) -> Work:
    """The time of an import in a fresh process, which has imported json."""
    code = f"import json, time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
    return lambda: float(child("-c", code))


def installed_size(folder: Path, package: Path) -> float:
    """The bytes of a package and of all it needs, compiled, without pip itself."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    subprocess.run([*pip, str(package)], check=True)
    return float(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))
