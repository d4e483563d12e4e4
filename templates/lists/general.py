"""Any machine-learning run: the artifacts that the practice asks for."""

from __future__ import annotations

from datetime import date

from templates.lists import datasheet, ml_test_score, model_card, neurips
from templates.lists.words import Item, Source, Template

PRACTICE = "MLOps Simplified (2023)"
COMPLETENESS = "ML code completeness checklist (2020)"
NEURIPS, MODEL_CARDS, DATASHEETS, TEST_SCORE = (
    each.TEMPLATE.source.name for each in (neurips, model_card, datasheet, ml_test_score)
)

ITEMS = (
    Item("training data, with its version", 'artifact kind="data set" name=*train*', sources=(PRACTICE, DATASHEETS)),
    Item("test data, with its version", 'artifact kind="data set" name=*test*', sources=(PRACTICE, DATASHEETS)),
    Item("model file", 'artifact kind="model file"', sources=(PRACTICE, COMPLETENESS)),
    Item("params", "param *", sources=(PRACTICE, NEURIPS)),
    Item("metrics", "metric *", sources=(PRACTICE, NEURIPS)),
    Item("code commit, nothing uncommitted", "git clean", sources=(PRACTICE, COMPLETENESS)),
    Item("requirements or container", "artifact kind=environment|container", sources=(PRACTICE, COMPLETENESS)),
    Item("figures of the data explored", "artifact kind=figure", "should", sources=(PRACTICE,)),
    Item("log of the run", "artifact kind=log", "should", sources=(PRACTICE,)),
    Item(
        "model or use-case documentation", "artifact category=documentation", "should", sources=(PRACTICE, MODEL_CARDS)
    ),
    Item("what changed since the run before", "column change", "should", sources=(PRACTICE,)),
    Item("owner", "column owner", sources=(MODEL_CARDS,)),
    Item(
        "retention class of every artifact", "every artifact name=* has retention_class", "should", sources=(PRACTICE,)
    ),
)

TEMPLATE = Template(
    name="general",
    title="experiment registry",
    purpose="The registry of your experiments. People edit it here, scripts log to it, the app shows it.",
    source=Source(
        "General list",
        "MLOps Simplified (2023); ML code completeness checklist (github.com/paperswithcode/releasing-research-code); "
        "the NeurIPS checklist, model cards and datasheets where they say the same of any run.",
        ("Thirteen items that every run can have with little work. SOP names the source of each.",),
    ),
    items=ITEMS,
    steps=(
        "Log a run from Python, as at the right: it appears in Runs, its files in Artifacts.",
        "Read SOP: keep the items that your team means, put a name in the owner column, delete the others.",
        "Look at Checklist: what each run has and lacks. Tick, or waive with a reason, what no rule can see.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("registry.xlsx", experiment="churn") as run:',
        '    run.log_params({"depth": 6, "lr": 0.1})',
        '    run.log_metric("auc", 0.91)',
    ),
    next_review=date(2027, 5, 25),
)
