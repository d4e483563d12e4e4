"""One whole run with mlflow on SQLite: FOLDER ARTIFACT."""

import sys

import mlflow

folder, artifact = sys.argv[1:]
mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
if mlflow.get_experiment_by_name("churn") is None:
    mlflow.create_experiment("churn", artifact_location=f"file://{folder}/artifacts")
mlflow.set_experiment("churn")
with mlflow.start_run(run_name="gbm", tags={f"tag{i}": f"value {i}" for i in range(5)}):
    mlflow.log_params({f"param{i}": i / 7 for i in range(20)})
    for i in range(10):
        mlflow.log_metric(f"metric{i}", i / 3, step=0)
    mlflow.log_artifact(artifact)
