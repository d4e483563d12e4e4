"""Logs runs for so many seconds, and prints the id and the steps of each that ended: REGISTRY NAME SECONDS."""

import json
import sys
import time

import tracker

registry, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
end = time.monotonic() + seconds
number = 0
while time.monotonic() < end:
    with tracker.start_run(registry, experiment="sessions", name=f"{name} {number}", params={"lr": 0.1}) as run:
        steps = 0
        while steps < 100 and time.monotonic() < end:
            run.log_metrics({"loss": 1 / (steps + 1), "accuracy": steps / 100}, step=steps)
            steps += 1
            time.sleep(0.1)
    print(json.dumps({"run_id": run.run_id, "steps": steps}), flush=True)
    number += 1
