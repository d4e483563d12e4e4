"""Model cards: the nine sections of the paper of 2019, and what Hugging Face's template adds."""

from __future__ import annotations

from datetime import date

from templates.lists.words import Item, Source, Template, questions

(DETAILS, USE, FACTORS, METRICS, EVALUATION, TRAINING, ANALYSES, ETHICS, CAVEATS) = SECTIONS = (
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and advice",
)
ADDED = "Added by Hugging Face"


def _section(name: str, rule: str, level: str = "must") -> Item:
    place = SECTIONS.index(name) + 1
    return Item(f"Model card {place}: {name.lower()}", rule, level, f"section {place}", name)


ITEMS = (
    _section(DETAILS, 'artifact kind="model card"'),
    _section(USE, 'artifact kind="model card" or artifact kind="use case"'),
    _section(FACTORS, "", "should"),
    _section(METRICS, "metric *"),
    _section(EVALUATION, 'artifact kind="data set" name=*test*|*eval*|*valid*'),
    _section(TRAINING, 'artifact kind="data set" name=*train*'),
    _section(ANALYSES, "artifact name=*slice*|*group*|*report*|*confusion*", "should"),
    _section(ETHICS, ""),
    _section(CAVEATS, "", "should"),
)

QUESTIONS = (
    ("1.1", DETAILS, "Which person or organisation developed the model?"),
    ("1.2", DETAILS, "When was it made?"),
    ("1.3", DETAILS, "Which version is it, and how does it differ from the others?"),
    ("1.4", DETAILS, "What type of model is it (architecture, task)?"),
    ("1.5", DETAILS, "How was it trained: algorithm, params, constraints for fairness, features?"),
    ("1.6", DETAILS, "Where can one read more: paper, repository, demo?"),
    ("1.7", DETAILS, "How is it to be cited?"),
    ("1.8", DETAILS, "Under which licence may it be used?"),
    ("1.9", DETAILS, "Where do questions and comments go?"),
    ("2.1", USE, "What is it mainly meant for?"),
    ("2.2", USE, "Who is meant to use it?"),
    ("2.3", USE, "What should it not be used for, however near it may lie?"),
    ("3.1", FACTORS, "Which groups, instruments and surroundings could change how well it works?"),
    ("3.2", FACTORS, "Which of them are reported here, and why these?"),
    ("4.1", METRICS, "Which measures are reported, and why these?"),
    ("4.2", METRICS, "Which thresholds for decisions are used, and why?"),
    ("4.3", METRICS, "How were uncertainty and variation of the measures found: repeats, folds, bootstrap?"),
    ("5.1", EVALUATION, "Which data sets were used to evaluate it?"),
    ("5.2", EVALUATION, "Why these?"),
    ("5.3", EVALUATION, "How were they preprocessed?"),
    ("6.1", TRAINING, "Which data sets was it trained on? If they cannot be named: what may be said of them?"),
    ("6.2", TRAINING, "How are the factors above distributed in them, and how were they preprocessed?"),
    ("7.1", ANALYSES, "How does it do on each factor by itself?"),
    ("7.2", ANALYSES, "How does it do where factors meet, such as age and sex together?"),
    ("8.1", ETHICS, "Does it use sensitive data?"),
    ("8.2", ETHICS, "Is it meant for decisions that matter for life, health, safety, freedom or livelihood?"),
    ("8.3", ETHICS, "What was done to lessen risks while it was developed?"),
    ("8.4", ETHICS, "Which harms may come of its use, to whom, how likely and how grave?"),
    ("8.5", ETHICS, "Which uses are especially doubtful?"),
    ("9.1", CAVEATS, "What was not tested, and which groups are missing in the data?"),
    ("9.2", CAVEATS, "What should users do or watch for?"),
    ("10.1", ADDED, "How does one begin: the shortest code that loads and runs it?"),
    ("10.2", ADDED, "Which hardware and software does it need?"),
    ("10.3", ADDED, "Environmental impact: hardware, hours, place, estimated carbon?"),
)

TEMPLATE = Template(
    name="model-card",
    title="model registry with model cards",
    purpose="The registry of models that others will use, with a model card to fill in and the runs that prove it.",
    source=Source(
        "Model cards (2019)",
        "M. Mitchell et al.: Model Cards for Model Reporting, FAT* 2019; arxiv.org/abs/1810.03993",
        (
            "Nine sections. The last three questions of the sheet come from Hugging Face's template of model cards "
            "(huggingface.co/docs/hub/model-cards).",
        ),
    ),
    items=ITEMS,
    steps=(
        "Log runs, register the model: python -m tracker register registry.xlsx churn churn-model:v3",
        "Fill in the sheet Model card. For the next model, copy the sheet (right click on its tab).",
        "As text: python -m tracker card registry.xlsx churn:v3 writes what the registry knows and leaves blanks.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("registry.xlsx", experiment="churn") as run:',
        '    run.log_metrics({"auc": 0.91, "auc_std": 0.01})',
        '    run.log_artifact("model.pkl", name="churn-model")',
        '    run.log_artifact("model-card.md")',
    ),
    next_review=date(2027, 5, 25),
    applies_to="stage:candidate, stage:staging, stage:production",
    forms=(
        questions(
            "model_card",
            "Model card",
            "One model on one sheet: write in the blue columns. Short answers that somebody else understands.",
            QUESTIONS,
            ("Model", "Version", "Written by"),
        ),
    ),
    run_columns=("params.model", "params.seed", "tags.license"),
)
