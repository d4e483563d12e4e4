"""Two classes: benign or malignant? A missed tumour is worse than a false alarm, so recall counts.

python tumours.py registry.xlsx forest --trees 50
"""

import argparse

import joblib
import matplotlib.pyplot as plt
import numpy
import pandas
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    RocCurveDisplay,
    accuracy_score,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tracker

parser = argparse.ArgumentParser()
parser.add_argument("registry")
parser.add_argument("model", choices=("logistic", "forest", "boosting"))
parser.add_argument("--name")
parser.add_argument("--C", type=float, default=1.0)
parser.add_argument("--trees", type=int, default=100)
parser.add_argument("--depth", type=int, default=3)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--threshold", type=float, default=0.5)
parser.add_argument(
    "--scale", choices=("none", "log", "log1p"), default="none", help="what to do with all measures first"
)
options = parser.parse_args()
SEED = 3

if options.model == "logistic":
    model = make_pipeline(StandardScaler(), LogisticRegression(C=options.C, random_state=SEED))
    params = {"C": options.C}
elif options.model == "forest":
    model = RandomForestClassifier(options.trees, max_depth=options.depth, random_state=SEED)
    params = {"trees": options.trees, "depth": options.depth}
else:
    model = GradientBoostingClassifier(
        n_estimators=options.trees, max_depth=options.depth, learning_rate=options.lr, random_state=SEED
    )
    params = {"trees": options.trees, "depth": options.depth, "lr": options.lr}

with tracker.start_run(options.registry, experiment="tumours", name=options.name or options.model) as run:
    run.log_params(
        {"model": options.model, "scale": options.scale, "threshold": options.threshold, "seed": SEED, **params}
    )
    frame = pandas.read_csv(run.use_artifact("tumours-data:latest"))
    measures, benign = frame.drop(columns="target"), frame["target"]
    if options.scale != "none":
        measures = getattr(numpy, options.scale)(measures)
    malignant = 1 - benign
    train, test, train_truth, truth = train_test_split(measures, malignant, random_state=SEED, stratify=malignant)
    model.fit(train, train_truth)

    if options.model == "boosting":
        for step, chances in enumerate(model.staged_predict_proba(test)):
            scores = {"loss": model.train_score_[step], "log_loss": log_loss(truth, chances)}
            run.log_metrics(scores | {"auc": roc_auc_score(truth, chances[:, 1])}, step=step)
    chances = model.predict_proba(test)
    found = chances[:, 1] >= options.threshold
    run.log_metrics(
        {
            "accuracy": accuracy_score(truth, found),
            "precision": precision_score(truth, found),
            "recall": recall_score(truth, found),
            "f1": f1_score(truth, found),
            "log_loss": log_loss(truth, chances),
            "auc": roc_auc_score(truth, chances[:, 1]),
        }
    )
    figure, axes = plt.subplots(figsize=(4.5, 4), layout="constrained")
    RocCurveDisplay.from_predictions(truth, chances[:, 1], ax=axes, name=run.name, plot_chance_level=True)
    run.log_figure(figure, "tumours-roc.png", save_kwargs={"dpi": 70})
    joblib.dump(model, "tumours-model.joblib", compress=3)
    run.log_artifact("tumours-model.joblib", name="tumours-model", category="model", kind="model file")
