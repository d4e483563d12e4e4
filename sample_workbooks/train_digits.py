import sys

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import tracker

alpha = float(sys.argv[1]) if len(sys.argv) > 1 else 0.001
X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

with tracker.start_run("registry.xlsx", experiment="digits", name=f"SGD, alpha {alpha:g}") as run:
    run.log_params({"model": "SGDClassifier", "alpha": alpha})
    model = SGDClassifier(loss="log_loss", alpha=alpha, random_state=0)
    for epoch in range(20):
        model.partial_fit(X_train, y_train, classes=range(10))
        run.log_metric("accuracy", model.score(X_test, y_test), step=epoch)
        run.log_metric("log_loss", log_loss(y_test, model.predict_proba(X_test)), step=epoch)
