"""Technical documentation of high-risk AI systems: Annex IV of the EU AI Act, nine points.

Regulation (EU) 2024/1689; the dates are those of Regulation (EU) 2026/1744 (OJ 24.7.2026). Both read 2026-11-25.
Working aid, not legal advice.
"""

from __future__ import annotations

from datetime import date

from templates.lists.words import Item, Source, Template, questions

GENERAL, DEVELOPMENT, CONTROL, METRICS, RISK, CHANGES, STANDARDS, DECLARATION, AFTER = SECTIONS = (
    "General description",
    "Development",
    "Monitoring, functioning, control",
    "Choice of metrics",
    "Risk management",
    "Changes in the lifecycle",
    "Standards",
    "Declaration of conformity",
    "After placing on the market",
)


def _point(name: str, rule: str = "") -> Item:
    place = SECTIONS.index(name) + 1
    return Item(f"Annex IV point {place}: {name[0].lower()}{name[1:]}", rule, "must", f"Annex IV point {place}", name)


ITEMS = (
    _point(GENERAL, "artifact category=documentation"),
    _point(DEVELOPMENT, 'git clean and every artifact kind="data set" has hash and artifact kind="test log"|report'),
    _point(CONTROL),
    _point(METRICS),
    _point(RISK, "artifact name=*risk*"),
    _point(CHANGES, 'column change or artifact kind="change log"'),
    _point(STANDARDS, "artifact kind=standard"),
    _point(DECLARATION, "artifact name=*declaration*"),
    _point(AFTER, "artifact name=*monitoring*plan*"),
)

QUESTIONS = (
    (
        "1(a)",
        GENERAL,
        "What is the system meant for, who provides it, which version is it, and how does it relate to earlier ones?",
    ),
    (
        "1(b)",
        GENERAL,
        "How does it interact with hardware or software that is not part of it, other AI systems included?",
    ),
    ("1(c)", GENERAL, "Which versions of software or firmware does it need, and what do updates require?"),
    (
        "1(d)",
        GENERAL,
        "In which forms is it placed on the market or put into service: package in a device, download, API?",
    ),
    ("1(e)", GENERAL, "On which hardware is it meant to run?"),
    ("1(f)", GENERAL, "Part of a product: photographs or drawings of its outside, marking and inner layout."),
    ("1(g)", GENERAL, "What does the user interface for the deployer look like?"),
    ("1(h)", GENERAL, "Where are the deployer's instructions for use, with the user interface described?"),
    (
        "2(a)",
        DEVELOPMENT,
        "By which methods and steps was it developed? Which pre-trained systems or tools of others were used or "
        "changed, and how?",
    ),
    (
        "2(b)",
        DEVELOPMENT,
        "Design: logic, algorithms, key choices with reasons and assumptions (also about people it is used on), what "
        "it optimises, expected output, trade-offs made to meet the requirements.",
    ),
    (
        "2(c)",
        DEVELOPMENT,
        "Architecture: how do the parts build on each other? Which computing resources were used to develop, train, "
        "test and validate?",
    ),
    (
        "2(d)",
        DEVELOPMENT,
        "Data, as datasheets: training methods and sets, provenance, scope, how they were obtained, selected, "
        "labelled and cleaned.",
    ),
    (
        "2(e)",
        DEVELOPMENT,
        "Which human oversight is needed (Art. 14), and what helps deployers to understand outputs (Art. 13(3)(d))?",
    ),
    (
        "2(f)",
        DEVELOPMENT,
        "Which changes of the system and its performance are determined beforehand, and what keeps it compliant "
        "through them?",
    ),
    (
        "2(g)",
        DEVELOPMENT,
        "Validation and testing: procedures, data, metrics for accuracy, robustness, discriminatory effects; logs "
        "and reports of tests, dated and signed.",
    ),
    ("2(h)", DEVELOPMENT, "Which measures of cybersecurity are in place?"),
    (
        "3.1",
        CONTROL,
        "What can it do and what not: accuracy for particular persons or groups, and overall for its purpose?",
    ),
    (
        "3.2",
        CONTROL,
        "Which unintended outcomes, and which risks to health, safety, fundamental rights and of discrimination, can "
        "be foreseen?",
    ),
    (
        "3.3",
        CONTROL,
        "Which measures of human oversight are in place (Art. 14), and what helps deployers to read outputs?",
    ),
    ("3.4", CONTROL, "What must input data be like?"),
    ("4", METRICS, "Why are the performance metrics right for this very system?"),
    ("5", RISK, "How does the risk management system of Art. 9 work here: risks found, measures taken, what remains?"),
    ("6", CHANGES, "Which relevant changes did the provider make through the lifecycle?"),
    (
        "7",
        STANDARDS,
        "Which harmonised standards are applied in full or in part? Where none: which other solutions, standards and "
        "specifications meet the requirements?",
    ),
    ("8", DECLARATION, "Where is the copy of the EU declaration of conformity (Art. 47)?"),
    (
        "9",
        AFTER,
        "How is performance watched after placing on the market (Art. 72), and where is the post-market monitoring "
        "plan (Art. 72(3))?",
    ),
)

TEMPLATE = Template(
    name="eu-ai-act",
    title="technical documentation, EU AI Act Annex IV",
    purpose="The registry of a high-risk AI system, with the nine points of its documentation to fill in and prove.",
    source=Source(
        "EU AI Act",
        "Regulation (EU) 2024/1689, Art. 11 and Annex IV, as amended by Regulation (EU) 2026/1744 (OJ 24.7.2026, "
        "in force 27.7.2026); eur-lex.europa.eu",
        (
            "High-risk obligations apply from 2 December 2027 (Annex III) and 2 August 2028 (Annex I).",
            "Documentation is kept for 10 years (Art. 18), logs for at least 6 months (Art. 19).",
        ),
        law=True,
    ),
    items=ITEMS,
    steps=(
        "Fill in the sheet Annex IV with the people who answer for the system; evidence names runs and artifacts.",
        "Log runs as usual and register the model: the nine points hold for its run in staging and production.",
        "Give the documents the retention class regulated: it keeps them for ten years.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("registry.xlsx", experiment="triage") as run:',
        '    run.log_metrics({"recall": 0.94, "recall_women": 0.93})',
        '    run.log_artifact("risk-management.pdf")',
        '    run.log_artifact("test-report.pdf", kind="report")',
    ),
    next_review=date(2027, 5, 25),
    applies_to="stage:staging, stage:production",
    forms=(
        questions(
            "annex_iv",
            "Annex IV",
            "One AI system on one sheet: write in the blue columns. What does not apply gets a reason, not a blank.",
            QUESTIONS,
            ("AI system", "Version", "Provider"),
        ),
    ),
    run_columns=("tags.ai_system", "tags.intended_purpose", "params.seed", "metrics.accuracy"),
)
