"""One whole run with plain CSV: FOLDER ARTIFACT. One line in runs.csv, the rest in a folder of the run's own."""

import csv
import shutil
import sys
import time
from pathlib import Path

folder, artifact = map(Path, sys.argv[1:])
start = time.time()
own = folder / f"{time.time_ns()}"
own.mkdir(parents=True)
params = {f"param{i}": i / 7 for i in range(20)}
tags = {f"tag{i}": f"value {i}" for i in range(5)}
with open(own / "metrics.csv", "w", newline="", buffering=1) as file:
    writer = csv.writer(file)
    for i in range(10):
        writer.writerow([time.time_ns() // 1_000_000, 0, f"metric{i}", i / 3])
shutil.copy(artifact, own / artifact.name)
with open(folder / "runs.csv", "a", newline="") as file:
    csv.writer(file).writerow([own.name, start, time.time(), *params.values(), *tags.values(), i / 3])
