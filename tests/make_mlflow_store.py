"""Makes the stores of MLflow that tests/mlflow_stores.zip holds: a real mlruns folder, and a real database.

    python tests/make_mlflow_store.py FOLDER    in an environment that has mlflow 3

Both hold the same: four runs of two experiments, one of them a part of another, one that failed, and a deleted one; NaN
and an infinity; names with a slash; artifacts in folders; a model. FOLDER stands in them as the place of the artifacts.
"""

from __future__ import annotations

import os
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import mlflow

ZIP = Path(__file__).with_name("mlflow_stores.zip")


MODEL = """from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class Echo(PythonModel):
    def predict(self, context, model_input: list[str]) -> list[str]:
        return model_input


set_model(Echo())
"""


def fill(uri: str) -> None:
    """Log the same runs to a store."""
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("churn: 2026 #1")
    with mlflow.start_run(run_name="boosting", description="Deeper *is* better."):
        mlflow.log_params({"depth": 3, "lr": 0.1, "loss/name": "logloss", "early": True, "version": "1.10"})
        mlflow.set_tag("team", "risk")
        for step in range(4):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"val/auc": 0.81, "bad": float("nan"), "big": float("inf")})
        mlflow.log_text("roc", "roc.txt")
        mlflow.log_dict({"depth": 3}, "conf/config.json")
        with mlflow.start_run(run_name="fold 1", nested=True):
            mlflow.log_metric("loss", 0.5, step=7)
    with suppress(ValueError), mlflow.start_run(run_name="broken off"):
        raise ValueError
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("churn: 2026 #1")
    client.delete_run(client.create_run(experiment.experiment_id, run_name="deleted").info.run_id)
    mlflow.set_experiment("models")
    with mlflow.start_run(run_name="echo"):
        Path("echo.py").write_text(MODEL, encoding="utf-8")
        mlflow.pyfunc.log_model(name="echo-model", python_model="echo.py", pip_requirements=[])


def main(folder: Path) -> None:
    """Fill both stores in the folder, and pack them."""
    os.environ |= {"MLFLOW_ALLOW_FILE_STORE": "true", "LOGNAME": "ann", "USER": "ann"}
    folder.mkdir(parents=True)
    for name, uri in (
        ("files", f"file://{folder}/files/mlruns"),
        ("database", f"sqlite:///{folder}/database/mlflow.db"),
    ):
        (folder / name).mkdir()
        os.chdir(folder / name)
        fill(uri)
    with zipfile.ZipFile(ZIP, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder).as_posix())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
