"""The ML Test Score: 28 tests in four sections, scored as its authors score them.

Breck, Cai, Nielsen, Salib and Sculley, IEEE Big Data 2017 (research.google/pubs/pub46555): half a point for a test that
was done by hand with its result written down and passed on, a full point for one that runs by itself again and again;
the score is the lowest of the four sections' sums.
"""

from __future__ import annotations

from datetime import date

from templates.lists.words import CHECKED_ON, Form, Item, Source, Template, given, number, yours
from tracker.schema import Column

DATA, MODEL, INFRASTRUCTURE, MONITORING = SECTIONS = ("Data", "Model", "Infrastructure", "Monitoring")
MANUAL, AUTOMATED = "manual", "automated"
POINTS = {MANUAL: 0.5, AUTOMATED: 1.0}

BANDS = (
    (0, "exactly 0", "A research project rather than a product."),
    (1, "above 0, up to 1", "Not without tests, but serious holes are likely."),
    (2, "above 1, up to 2", "A first pass at the basics; more work is due."),
    (3, "above 2, up to 3", "Reasonably tested; more of it could run by itself."),
    (5, "above 3, up to 5", "Strong automated tests and monitoring: fit for what a business depends on."),
    (7, "above 5", "Exceptional."),
)
"""What a score means, in our words: the upper bounds are those of the paper's table."""


def _test(section: str, place: int, name: str, asks: str, rule: str = "") -> Item:
    return Item(f"Test score, {section} {place}: {name}", rule, "should", f"test {section} {place}", section, asks)


ITEMS = (
    _test(
        DATA,
        1,
        "schema",
        "What is expected of each feature is in a schema, and data are checked by it.",
        "artifact name=*schema*",
    ),
    _test(
        DATA,
        2,
        "features help",
        "Every feature is shown to help the predictions.",
        "artifact name=*importance*|*ablation*",
    ),
    _test(DATA, 3, "features pay", "No feature costs more (latency, memory, upkeep, risk) than it brings."),
    _test(
        DATA,
        4,
        "rules of use",
        "Features keep to the rules of the project: sources that may be used, fields that may not.",
    ),
    _test(DATA, 5, "privacy", "Personal data are guarded all along the pipeline: access, deletion, copies."),
    _test(DATA, 6, "new features soon", "A new feature goes from idea to production quickly."),
    _test(DATA, 7, "feature code tested", "All code that makes features has tests.", 'artifact kind="test log"'),
    _test(
        MODEL,
        1,
        "reviewed, in the repository",
        "Every model specification is reviewed by another person and kept under version control.",
        "git clean and approval",
    ),
    _test(
        MODEL,
        2,
        "offline follows online",
        "The offline metric moves with what counts in use: clicks, losses, complaints.",
    ),
    _test(
        MODEL,
        3,
        "hyperparameters tuned",
        "All hyperparameters were tuned by a search.",
        "artifact name=*sweep*|*search*|*tuning*",
    ),
    _test(MODEL, 4, "staleness", "It is known how quality falls as the model grows old.", "artifact name=*stale*"),
    _test(
        MODEL,
        5,
        "simpler is not better",
        "A simpler model was tried and is not as good.",
        "artifact kind=baseline or tag baseline",
    ),
    _test(MODEL, 6, "slices", "Quality holds on every important slice of the data.", "artifact name=*slice*"),
    _test(
        MODEL,
        7,
        "inclusion",
        "The model was tested for unfair treatment of groups of people.",
        "artifact name=*fair*|*inclusion*|*bias*",
    ),
    _test(
        INFRASTRUCTURE,
        1,
        "training reproducible",
        "Training twice on the same data gives the same model, or nearly.",
        "git clean and param seed and artifact kind=environment|container",
    ),
    _test(
        INFRASTRUCTURE,
        2,
        "specification tested",
        "The code of the model specification has unit tests.",
        'artifact kind="test log"',
    ),
    _test(
        INFRASTRUCTURE,
        3,
        "pipeline tested",
        "The whole pipeline, from raw data to serving, has an integration test.",
        'artifact kind="test log" name=*integration*|*pipeline*',
    ),
    _test(
        INFRASTRUCTURE,
        4,
        "quality before serving",
        "No model serves before its quality was checked, against a bound and against the one before.",
        "registered and approval",
    ),
    _test(INFRASTRUCTURE, 5, "one example through", "One can follow a single example through the model, step by step."),
    _test(INFRASTRUCTURE, 6, "canary", "A new model first serves a small part of the traffic.", "tag canary"),
    _test(
        INFRASTRUCTURE,
        7,
        "way back",
        "One can go back to an earlier model quickly and safely, and has tried it.",
        "rollback",
    ),
    _test(MONITORING, 1, "sources announce changes", "Who depends on a data source hears of changes in it."),
    _test(
        MONITORING,
        2,
        "inputs keep to the schema",
        "Data that break the schema raise an alarm, in training and in serving.",
    ),
    _test(
        MONITORING,
        3,
        "same features in both",
        "Training and serving compute the same values of the same features.",
        "artifact name=*skew*",
    ),
    _test(MONITORING, 4, "not too old", "A model that is older than it should be raises an alarm."),
    _test(MONITORING, 5, "numbers stay sound", "NaN, infinity and other numerical faults raise an alarm."),
    _test(
        MONITORING,
        6,
        "speed and memory",
        "Training speed, latency, throughput and memory do not get worse unseen.",
        "metric *latency*|*throughput*|*memory*",
    ),
    _test(
        MONITORING, 7, "quality of predictions", "The quality of predictions on live data does not get worse unseen."
    ),
)

TESTS = Form(
    "ml_tests",
    "Tests",
    "Mark each test: manual, with its result written down, or automated; say what proves it.",
    (
        given("no", "The number in its section.", 7),
        given("section", "One of the four sections.", 16),
        given("test", "The test, in short.", 32),
        given("what it asks", "When the test counts as done, in our words.", 66),
        yours("done", "manual: half a point; automated: one point; blank: none.", 14, MANUAL, AUTOMATED),
        Column("points", "number", "Computed from done.", "script", width=10),
        yours("evidence", "What proves it: a run, an artifact, a job, a page.", 40),
        yours("who", "Who looks after the test.", 13),
        CHECKED_ON,
    ),
    tuple(
        {"no": number(item), "section": item.section, "test": item.item.split(": ")[1], "what it asks": item.asks}
        for item in ITEMS
    ),
    "done",
    ("System", "Version", "Scored by"),
    formulas={
        "points": "=IF(ml_tests[[#This Row],[done]]="
        f'"{AUTOMATED}",{POINTS[AUTOMATED]:g},IF(ml_tests[[#This Row],[done]]="{MANUAL}",{POINTS[MANUAL]:g},0))'
    },
    tones={"done": {AUTOMATED: "GOOD", MANUAL: "CAUTION"}},
)

TEMPLATE = Template(
    name="ml-test-score",
    title="production readiness, ML Test Score",
    purpose="The registry of a system on its way to production, with the 28 tests of the ML Test Score.",
    source=Source(
        "ML Test Score (2017)",
        "E. Breck, S. Cai, E. Nielsen, M. Salib, D. Sculley: The ML Test Score, IEEE Big Data 2017; "
        "research.google/pubs/pub46555",
        (
            "28 tests, seven in each of four sections. Half a point for a test done by hand whose result is written "
            "down and passed on, one point for a test that runs by itself; the score is the lowest of the four sums.",
        ),
    ),
    items=ITEMS,
    steps=(
        "Go through Tests with the team: choose manual or automated in the column done, and say what proves it.",
        "Look at Score: the weakest section is your score, and says where the next hour is spent best.",
        "Log runs as usual: the tests hold for runs whose model is in staging or production; some tick themselves.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("registry.xlsx", experiment="ranking") as run:',
        '    run.log_params({"seed": 1, "depth": 6})',
        '    run.log_artifact("junit.xml")',
        '    run.log_table(slices, "slices.csv")',
    ),
    next_review=date(2027, 5, 25),
    applies_to="stage:staging, stage:production",
    forms=(TESTS,),
    run_columns=("params.seed", "metrics.latency_ms", "metrics.memory_mb", "tags.baseline", "tags.canary"),
)
