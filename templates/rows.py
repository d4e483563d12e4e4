"""What all templates have: the retention classes and the kinds of artifacts."""

from __future__ import annotations

Row = dict[str, object]


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
