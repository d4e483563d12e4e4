"""Several lines from one process into a CSV that others write too, under a lock: FILE COUNT."""

import csv
import os
import sys
import time

from filelock import FileLock

path, count = sys.argv[1:]
for number in range(int(count)):
    row = [
        f"{os.getpid()}-{number}",
        "sweep",
        time.time(),
        number,
        0.1,
        *(1 / (number + step + 1) for step in range(3)),
    ]
    with FileLock(f"{path}.lock"), open(path, "a", newline="") as file:
        csv.writer(file).writerow(row)
