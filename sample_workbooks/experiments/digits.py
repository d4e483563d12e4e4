"""Ten classes: which model reads handwritten digits, and how large must it be?

python digits.py registry.xlsx logistic|neighbours|svm
python digits.py registry.xlsx sweep            a parent run with one nested run per size and learning rate
"""

import sys

import joblib
import matplotlib.pyplot as plt
import pandas
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, classification_report, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import tracker

registry, what = sys.argv[1:]
SEED = 7
EPOCHS = 40
BASELINES = {
    "logistic": LogisticRegression(max_iter=300, random_state=SEED),
    "neighbours": KNeighborsClassifier(n_neighbors=5),
    "svm": SVC(C=5.0, gamma=0.05, random_state=SEED),
}
SIZES = (16, 32, 64)
RATES = (0.001, 0.003, 0.01)


def split(run):
    """The same split for every run, so that runs compare fairly."""
    frame = pandas.read_csv(run.use_artifact("digits-data:latest"))
    pixels, digits = frame.drop(columns="target").to_numpy() / 16, frame["target"].to_numpy()
    return train_test_split(pixels, digits, test_size=0.25, random_state=SEED, stratify=digits)


def report(run, model, pixels, digits):
    """What every run has to show: metrics, the confusion matrix, quality by class, the model itself."""
    found = model.predict(pixels)
    run.log_metrics({"accuracy": accuracy_score(digits, found), "f1": f1_score(digits, found, average="macro")})
    figure, axes = plt.subplots(figsize=(5, 4.5), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(digits, found, ax=axes, cmap="Blues", colorbar=False)
    axes.set_title(run.name)
    run.log_figure(figure, "digits-confusion.png", save_kwargs={"dpi": 70})
    plt.close(figure)
    by_class = pandas.DataFrame(classification_report(digits, found, output_dict=True, zero_division=0)).T.round(4)
    run.log_table(by_class.rename_axis("class").reset_index(), "digits-report.csv")


def keep(run, model):
    joblib.dump(model, "digits-model.joblib", compress=3)
    run.log_artifact("digits-model.joblib", name="digits-model", category="model", kind="model file")


def train_network(run, size, rate):
    pixels, test_pixels, digits, test_digits = split(run)
    run.log_params({"model": "MLPClassifier", "hidden": size, "lr": rate, "epochs": EPOCHS, "seed": SEED})
    model = MLPClassifier((size,), learning_rate_init=rate, random_state=SEED)
    for epoch in range(EPOCHS):
        model.partial_fit(pixels, digits, classes=range(10))
        scores = {"loss": model.loss_, "log_loss": log_loss(test_digits, model.predict_proba(test_pixels))}
        run.log_metrics(scores | {"accuracy": model.score(test_pixels, test_digits)}, step=epoch)
    report(run, model, test_pixels, test_digits)
    return model, model.score(test_pixels, test_digits)


if what == "sweep":
    with tracker.start_run(registry, experiment="digits", name="sweep of networks", tags={"stage": "sweep"}) as parent:
        parent.log_params({"model": "MLPClassifier", "sizes": str(SIZES), "rates": str(RATES), "seed": SEED})
        best = (None, 0.0)
        for size in SIZES:
            for rate in RATES:
                with tracker.start_run(nested=True, name=f"network {size}, lr {rate:g}") as run:
                    run.set_tag("stage", "sweep")
                    trained = train_network(run, size, rate)
                    best = max(best, trained, key=lambda pair: pair[1])
        keep(parent, best[0])
        parent.log_metric("accuracy", best[1])
else:
    with tracker.start_run(registry, experiment="digits", name=f"{what} baseline", tags={"stage": "baseline"}) as run:
        pixels, test_pixels, digits, test_digits = split(run)
        model = BASELINES[what].fit(pixels, digits)
        settings = {name: value for name, value in model.get_params().items() if name in ("C", "gamma", "n_neighbors")}
        run.log_params({"model": type(model).__name__, "seed": SEED, **settings})
        report(run, model, test_pixels, test_digits)
