"""One whole run in a process of its own: 20 params, 10 metrics, 5 tags, a file of 100 kB, and the sync at its end."""

from __future__ import annotations

import os

from benchmarks.measure import Aim, Figure, Found, Note, Options, in_child, medians, scripts_in_git
from benchmarks.workbooks import registry


def measure(options: Options) -> Found:
    with options.scratch() as folder:
        artifact = folder / "model.bin"
        artifact.write_bytes(os.urandom(100_000))
        scripts = scripts_in_git(folder)
        path = registry(options, folder, min(options.sizes))
        works = {
            "tracker": in_child(scripts / "run_with_tracker.py", path, artifact),
            "csv": in_child(scripts / "run_with_csv.py", folder, artifact),
        }
        for work in works.values():
            work()  # the workbook is laid out, the modules are compiled
        seconds = medians(works, options.repeats(15))
        what = f"a whole run, {min(options.sizes):,} runs in the workbook"
        yield Figure(what, seconds["tracker"], "plain CSV", seconds["csv"], Aim(0.25, "ours"))
        if options.mlflow is None:
            yield Note("a whole run beside mlflow: give --mlflow the Python of an environment that has it")
            return
        mlflow_script = scripts / "run_with_mlflow.py"
        works["mlflow"] = in_child(mlflow_script, folder, artifact, python=options.mlflow, DO_NOT_TRACK="true")
        try:
            works["mlflow"]()  # its database is made
        except (OSError, RuntimeError) as error:
            yield Note(f"a whole run beside mlflow: {error}")
            return
        del works["csv"]
        seconds = medians(works, options.repeats(5))
        yield Figure(what, seconds["tracker"], "mlflow on SQLite", seconds["mlflow"])
