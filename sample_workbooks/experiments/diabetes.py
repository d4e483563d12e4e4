"""A number: how far does diabetes progress within a year? Plain linear models against boosted trees.

python diabetes.py registry.xlsx ridge 0.1
python diabetes.py registry.xlsx boosting 200
"""

import sys

import joblib
import matplotlib.pyplot as plt
import pandas
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import Lasso, Ridge
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

import tracker

registry, what, setting = sys.argv[1], sys.argv[2], float(sys.argv[3])
SEED = 3
MODELS = {
    "mean": ("quantile", lambda value: DummyRegressor(strategy="mean")),
    "ridge": ("alpha", lambda value: Ridge(alpha=value)),
    "lasso": ("alpha", lambda value: Lasso(alpha=value)),
    "boosting": (
        "trees",
        lambda value: GradientBoostingRegressor(
            n_estimators=int(value), learning_rate=0.05, max_depth=2, subsample=0.8, random_state=SEED
        ),
    ),
}


def scores(truth, found):
    return {
        "rmse": root_mean_squared_error(truth, found),
        "mae": mean_absolute_error(truth, found),
        "r2": r2_score(truth, found),
    }


param, make = MODELS[what]
with tracker.start_run(registry, experiment="diabetes", name=f"{what} {setting:g}") as run:
    run.log_params({"model": what, "seed": SEED, param: int(setting) if setting.is_integer() else setting})
    frame = pandas.read_csv(run.use_artifact("diabetes-data:latest"))
    patients, progression = frame.drop(columns="target"), frame["target"]
    train, test, train_truth, truth = train_test_split(patients, progression, random_state=SEED)
    model = make(setting).fit(train, train_truth)
    if what == "boosting":
        for step, found in enumerate(model.staged_predict(test)):
            run.log_metrics({"loss": model.train_score_[step], **scores(truth, found)}, step=step)
    found = model.predict(test)
    run.log_metrics(scores(truth, found))

    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    axes.axhline(0, color="grey", linewidth=1)
    axes.scatter(found, truth - found, s=14)
    axes.set(xlabel="predicted progression", ylabel="what is missing to the truth", title=run.name)
    run.log_figure(figure, "diabetes-residuals.png", save_kwargs={"dpi": 70})
    joblib.dump(model, "diabetes-model.joblib", compress=3)
    run.log_artifact("diabetes-model.joblib", name="diabetes-model", category="model", kind="model file")
