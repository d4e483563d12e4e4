"""Several runs one after the other in one process, with Tracker: REGISTRY COUNT."""

import sys

import tracker

registry, count = sys.argv[1:]
for number in range(int(count)):
    with tracker.start_run(registry, experiment="sweep", params={"number": number, "lr": 0.1}) as run:
        for step in range(3):
            run.log_metric("loss", 1 / (number + step + 1), step=step)
