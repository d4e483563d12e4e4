"""What the templates say: the standard operating procedure, the retention classes, the kinds of artifacts."""

from __future__ import annotations

Row = dict[str, object]

PRACTICE = "MLOps Simplified (2023)"
COMPLETENESS = "ML code completeness checklist (2020)"
TEST_SCORE = "ML Test Score (Breck et al., 2017)"
NEURIPS = "NeurIPS paper checklist (2025)"
MODEL_CARDS = "Model cards (arXiv 1810.03993)"
DATASHEETS = "Datasheets for datasets (arXiv 1803.09010)"


def _item(item: str, level: str, rule: str, *sources: str) -> Row:
    return {"item": item, "level": level, "rule": rule, "source": "; ".join(sources), "version": "1"}


GENERAL_SOP: tuple[Row, ...] = (
    _item("training data, with its version", "must", 'artifact kind="data set" name=*train*', PRACTICE, DATASHEETS),
    _item("test data, with its version", "must", 'artifact kind="data set" name=*test*', PRACTICE, DATASHEETS),
    _item("model file", "must", 'artifact kind="model file"', PRACTICE, COMPLETENESS),
    _item("params", "must", "param *", PRACTICE, NEURIPS),
    _item("metrics", "must", "metric *", PRACTICE, NEURIPS),
    _item("code commit, nothing uncommitted", "must", "git clean", PRACTICE, COMPLETENESS),
    _item("requirements or container", "must", "artifact kind=environment|container", PRACTICE, COMPLETENESS),
    _item("figures of the data explored", "should", "artifact kind=figure", PRACTICE),
    _item("log of the run", "should", "artifact kind=log", PRACTICE),
    _item("model or use-case documentation", "should", "artifact category=documentation", PRACTICE, MODEL_CARDS),
    _item("what changed since the run before", "should", "column change", PRACTICE),
    _item("owner", "must", "column owner", MODEL_CARDS),
    _item("retention class of every artifact", "should", "artifact retention_class=*", PRACTICE),
)

CLASSIFICATION_SOP: tuple[Row, ...] = (
    _item("seed", "must", "param seed", TEST_SCORE, NEURIPS),
    _item("metrics beyond accuracy", "must", "metric auc|f1|log_loss", MODEL_CARDS),
    _item("confusion matrix", "must", "artifact name=*confusion*", MODEL_CARDS),
    _item("precision and recall of every class", "should", "artifact name=*report*", MODEL_CARDS, TEST_SCORE),
    _item("ROC or precision-recall curve", "should", "artifact name=*roc*|*pr*curve*", MODEL_CARDS),
    _item("balance of the classes in train and test", "should", "artifact name=*balance*", DATASHEETS),
    _item("decision threshold, where it is not 0.5", "should", "param threshold", MODEL_CARDS),
    _item("compared with a simpler model", "should", "tag baseline", TEST_SCORE),
    _item("quality on important groups of the data", "should", "artifact name=*slices*", TEST_SCORE, MODEL_CARDS),
)


def _keep(name: str, days: int | None, trigger: str, last: int | None, action: str, notes: str) -> Row:
    return {
        "class": name,
        "keep_days": days,
        "trigger": trigger,
        "keep_last": last,
        "action": action,
        "notes": notes,
    }


RETENTION_CLASSES: tuple[Row, ...] = (
    _keep("scratch", 30, "created", None, "trash", "Trials that nobody will ask for again."),
    _keep("experiment", 180, "last used", 3, "trash", "The usual run: long enough to compare with and to write up."),
    _keep(
        "candidate", 730, "superseded", 5, "archive", "Models that were considered for use: two years after the next."
    ),
    _keep("production", 3650, "model retired", None, "archive", "In use: its whole life, and ten years after that."),
    _keep(
        "regulated",
        3650,
        "created",
        None,
        "archive",
        "EU AI Act Art. 18: ten years for technical documentation. Not legal advice.",
    ),
    _keep("permanent", None, "created", None, "archive", "Never deleted: keep_days is blank."),
)


KINDS_BY_CATEGORY: dict[str, dict[str, str]] = {
    "model": {
        "data set": "Raw, training or test data: tables, pictures, sound, text.",
        "features": "Data made ready for training.",
        "model file": "A trained model: weights, a pickle, ONNX.",
        "baseline": "A simpler or earlier model to compare with.",
        "figure": "A plot: of the data explored, or of how the model does.",
        "table": "Predictions, errors, results by class or group.",
        "config": "Settings that training read.",
        "environment": "The packages that the run used: requirements.txt, a lock file.",
        "container": "A Docker image or the file that builds it.",
    },
    "code": {
        "script": "Training, set-up or evaluation code.",
        "diff": "Changes that were not committed when the run began.",
        "notebook": "A Jupyter notebook.",
        "build": "Compiled or generated code.",
        "test suite": "Tests of code, data or model.",
        "test log": "What the tests or the coverage said.",
        "log": "The log of a run.",
    },
    "project management": {
        "standard": "The least that a model or a run must reach.",
        "benchmark": "Numbers to measure against.",
        "vision": "What the project is for.",
        "roadmap": "What comes when.",
        "change log": "What changed between versions.",
        "scope": "What is in, what is out.",
        "quality plan": "How quality is checked, and by whom.",
    },
    "documentation": {
        "diagram": "How the system fits together.",
        "agreement": "End-user or data agreements, licences.",
        "guide": "How to use or run it.",
        "model card": "What a model does and where its limits are.",
        "use case": "What the model is used for, by whom.",
        "datasheet": "What a data set is, where it comes from, what it may be used for.",
        "document": "Anything else written down.",
        "report": "Results written up for others.",
    },
}

KINDS: tuple[Row, ...] = tuple(
    {"category": category, "kind": kind, "what it is": what}
    for category, kinds in KINDS_BY_CATEGORY.items()
    for kind, what in kinds.items()
)
