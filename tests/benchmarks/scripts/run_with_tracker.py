"""One whole run with Tracker: REGISTRY ARTIFACT."""

import sys

import tracker

registry, artifact = sys.argv[1:]
with tracker.start_run(registry, experiment="churn", name="gbm", tags={f"tag{i}": f"value {i}" for i in range(5)}):
    tracker.log_params({f"param{i}": i / 7 for i in range(20)})
    for i in range(10):
        tracker.log_metric(f"metric{i}", i / 3, step=0)
    tracker.log_artifact(artifact, name="churn-model")
