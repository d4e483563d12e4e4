"""Classifiers: the general list and what a classifier needs besides."""

from __future__ import annotations

from dataclasses import replace

from templates.lists import general
from templates.lists.general import DATASHEETS, MODEL_CARDS, NEURIPS, TEST_SCORE
from templates.lists.words import Item

ITEMS = (
    Item("seed", "param seed", sources=(TEST_SCORE, NEURIPS)),
    Item("metrics beyond accuracy", "metric auc|f1|log_loss", sources=(MODEL_CARDS,)),
    Item("confusion matrix", "artifact name=*confusion*", sources=(MODEL_CARDS,)),
    Item("precision and recall of every class", "artifact name=*report*", "should", sources=(MODEL_CARDS, TEST_SCORE)),
    Item("ROC or precision-recall curve", "artifact name=*roc*|*pr*curve*", "should", sources=(MODEL_CARDS,)),
    Item("balance of the classes in train and test", "artifact name=*balance*", "should", sources=(DATASHEETS,)),
    Item("decision threshold, where it is not 0.5", "param threshold", "should", sources=(MODEL_CARDS,)),
    Item("compared with a simpler model", "tag baseline", "should", sources=(TEST_SCORE,)),
    Item(
        "quality on important groups of the data", "artifact name=*slices*", "should", sources=(TEST_SCORE, MODEL_CARDS)
    ),
)

TEMPLATE = replace(
    general.TEMPLATE,
    name="classification",
    title="experiment registry for classifiers",
    purpose="The registry of your classifiers. People edit it here, scripts log to it, the app shows it.",
    source=replace(
        general.TEMPLATE.source,
        notes=("The thirteen items of the general list and nine for classifiers; SOP names the source of each.",),
    ),
    items=general.ITEMS + ITEMS,
    code=(
        "import tracker",
        'with tracker.start_run("registry.xlsx", experiment="churn") as run:',
        '    run.log_params({"model": "gbm", "seed": 1, "depth": 6})',
        '    run.log_metrics({"auc": 0.91, "f1": 0.74})',
        '    run.log_figure(figure, "confusion.png")',
    ),
    run_columns=(
        "metrics.accuracy",
        "metrics.auc",
        "metrics.f1",
        "metrics.precision",
        "metrics.recall",
        "metrics.log_loss",
        "params.model",
        "params.seed",
    ),
    metric="accuracy",
    chart_column="metrics.accuracy",
    chart_title="Accuracy of each run",
)
