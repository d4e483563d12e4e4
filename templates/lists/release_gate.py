"""The release gate: what must hold before a model goes into production."""

from __future__ import annotations

from datetime import date

from templates.lists.words import Item, Source, Template

ITEMS = (
    Item(
        "Gate 1: everything there, with its fingerprint",
        'artifact kind="model file" and artifact kind="data set" and metric * and every artifact name=* has hash',
        part="point 1",
    ),
    Item("Gate 2: waivers have a name and a reason", part="point 2"),
    Item("Gate 3: approved by somebody else", "approval", part="point 3"),
    Item("Gate 4: a version to go back to", "rollback", part="point 4"),
    Item("Gate 5: retention class of every artifact", "every artifact name=* has retention_class", part="point 5"),
)

TEMPLATE = Template(
    name="release-gate",
    title="registry with a release gate",
    purpose="The registry of models that go into production, and the five points that each must pass before.",
    source=Source(
        "Release gate (2026)",
        "Tracker's own list, from what users of trackers ask for: github.com/mlflow/mlflow issues 7762 and 6636",
        (
            "Five points: files complete and unaltered; checklist done or waived with name and reason; approver is not "
            "the author; an earlier version to go back to; retention class set.",
            "Put it on top of any other registry: python -m tracker sop add registry.xlsx release-gate",
        ),
    ),
    items=ITEMS,
    steps=(
        "Log runs and register the model: python -m tracker register registry.xlsx churn churn-model:v3",
        "Ask a colleague to look at it and to tick Gate 3 of the run in Checklist, under their own name.",
        'Promote it: python -m tracker promote registry.xlsx churn:v3 production --reason "best auc on the holdout"',
    ),
    code=(
        "import tracker",
        'with tracker.start_run("registry.xlsx", experiment="churn") as run:',
        '    run.use_artifact("churn-train:latest")',
        '    run.log_metric("auc", 0.91)',
        '    run.log_artifact("model.pkl", name="churn-model")',
    ),
    next_review=date(2027, 5, 25),
    applies_to="stage:production",
    run_columns=("tags.release",),
)
