"""The seconds that mlflow takes to log a folder: FOLDER SOURCE."""

import sys
import time

import mlflow

folder, source = sys.argv[1:]
mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
if mlflow.get_experiment_by_name("folders") is None:
    mlflow.create_experiment("folders", artifact_location=f"file://{folder}/artifacts")
mlflow.set_experiment("folders")
with mlflow.start_run():
    start = time.perf_counter()
    mlflow.log_artifacts(source)
    seconds = time.perf_counter() - start
print(seconds)
