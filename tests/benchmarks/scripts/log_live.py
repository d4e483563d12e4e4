"""Logs metrics at a steady rate: python log_live.py REGISTRY SECONDS PER_SECOND; prints the run's id and the time."""

import math
import random
import sys
import time

import tracker

registry, seconds, rate = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
with tracker.start_run(registry, experiment="live", name="a live run") as run:
    begin = time.time()
    print(run.run_id, begin, flush=True)
    step = 0
    while (elapsed := time.time() - begin) < seconds:
        loss = math.exp(-step / 5000) + random.random() / 20
        values = {
            "loss": loss,
            "accuracy": 1 - loss * random.random(),
            "grad_norm": random.random(),
            "rate": 1 / (step + 1),
        }
        run.log_metrics({**values, "elapsed": elapsed, "sine": math.sin(step / 500)}, step=step)
        step += 1
        time.sleep(max(0.0, begin + step / rate - time.time()))
