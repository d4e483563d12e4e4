"""Datasheets for data sets: the seven sections and 57 questions of the paper, as it was published in 2021."""

from __future__ import annotations

from datetime import date

from templates.lists.words import Item, Source, Template, questions

MOTIVATION, COMPOSITION, COLLECTION, PREPARATION, USES, DISTRIBUTION, MAINTENANCE = SECTIONS = (
    "Motivation",
    "Composition",
    "Collection",
    "Preparation",
    "Uses",
    "Distribution",
    "Maintenance",
)
"""Preparation is what the paper calls preprocessing, cleaning and labelling."""


def _section(name: str, rule: str = "", level: str = "must") -> Item:
    place = SECTIONS.index(name) + 1
    return Item(f"Datasheet {place}: {name.lower()}", rule, level, f"section {place}", name)


ITEMS = (
    _section(MOTIVATION, "artifact kind=datasheet"),
    _section(COMPOSITION, 'every artifact kind="data set" has profile'),
    _section(COLLECTION),
    _section(PREPARATION, "git clean"),
    _section(USES, level="should"),
    _section(DISTRIBUTION, "tag license|data_license"),
    _section(MAINTENANCE, 'every artifact kind="data set" has retention_class', "should"),
)

ANYTHING_ELSE = "Anything else?"

ASKED: dict[str, tuple[str, ...]] = {
    MOTIVATION: (
        "What was the data set made for: which task, which gap?",
        "Who made it, and on whose behalf?",
        "Who paid for it?",
        ANYTHING_ELSE,
    ),
    COMPOSITION: (
        "What does one instance stand for (a document, a person, a rating)? Are there several kinds?",
        "How many instances are there, of each kind?",
        "Are these all there are, or a sample? Of what, and does it represent that?",
        "What does each instance consist of: raw data or features?",
        "Is there a label or target?",
        "Is anything missing from instances, and why?",
        "Are relations between instances shown, such as links or friendships?",
        "Are there splits for training, validation and test to keep to, and why those?",
        "Which errors, noise or duplicates are there?",
        "Does it stand by itself, or need something outside: will that last, what does it cost?",
        "Is anything in it confidential?",
        "Could anything in it offend, threaten or distress people who see it?",
        "People: does it name groups, such as by age or sex? How are they distributed?",
        "People: can single persons be identified, directly or together with other data?",
        "People: does it hold sensitive data, such as origin, health, beliefs, finance, location?",
        ANYTHING_ELSE,
    ),
    COLLECTION: (
        "How was each instance obtained: observed, reported by people, derived? Was it verified?",
        "By which means: sensors, hand work, programs, interfaces? How were those checked?",
        "If it is a sample: how was it drawn?",
        "Who collected it, and how were they paid?",
        "Over which time? Is that the time that the instances are about?",
        "Was there an ethical review? With which result?",
        "People: were the data taken from them, or from third parties such as websites?",
        "People: were they told of it, and how?",
        "People: did they agree, and to what?",
        "People: can they take back their consent, and how?",
        "People: was the effect on them analysed, such as by a data protection impact assessment?",
        ANYTHING_ELSE,
    ),
    PREPARATION: (
        "What was done to the data: cleaning, labelling, tokens, missing values, …?",
        "Are the raw data kept as well, and where?",
        "Is the software for it available, and where?",
        ANYTHING_ELSE,
    ),
    USES: (
        "What was it used for so far?",
        "Where are papers and systems that use it listed?",
        "What else could it be used for?",
        "Does anything in how it was made bear on future uses, and what can a user do about it?",
        "What should it not be used for?",
        ANYTHING_ELSE,
    ),
    DISTRIBUTION: (
        "Is it given to others outside the organisation that made it?",
        "How: website, interface, repository? Has it a DOI?",
        "When?",
        "Under which licence or terms of use?",
        "Do third parties hold rights in the data, or set limits?",
        "Do export controls or other rules apply?",
        ANYTHING_ELSE,
    ),
    MAINTENANCE: (
        "Who hosts and looks after it?",
        "How can they be reached?",
        "Is there a list of errors found?",
        "Is it updated: how often, by whom, and how do users hear of it?",
        "People: how long may the data be kept, and who sees to it?",
        "Are older versions still kept and looked after?",
        "Can others add to it, how, and who checks that?",
        ANYTHING_ELSE,
    ),
}

QUESTIONS = tuple(
    (f"{place}.{number}", section, question)
    for place, section in enumerate(SECTIONS, 1)
    for number, question in enumerate(ASKED[section], 1)
)

TEMPLATE = Template(
    name="datasheet",
    title="data registry with datasheets",
    purpose="The registry of your data sets, with a datasheet to fill in and the runs that made each version.",
    source=Source(
        "Datasheets for datasets (2021)",
        "T. Gebru et al.: Datasheets for Datasets, Communications of the ACM 64 (12), 2021; arxiv.org/abs/1803.09010",
        ("57 questions in seven sections. Read the first three before you collect data, not after.",),
    ),
    items=ITEMS,
    steps=(
        "Log each step that makes data as a run, and tag it with the data set's name: only those get the checklist.",
        "Fill in the sheet Datasheet. For the next data set, copy the sheet (right click on its tab).",
        "Artifacts keeps every version with its fingerprint; Lineage says which runs read it.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("data.xlsx", experiment="churn data") as run:',
        '    run.set_tags({"data_set": "churn-train", "license": "CC BY 4.0"})',
        '    run.log_artifact("train.csv", name="churn-train")',
        '    run.log_metrics({"rows": 48_211, "missing_share": 0.013})',
    ),
    next_review=date(2027, 5, 25),
    applies_to="tag:data_set=*",
    forms=(
        questions(
            "datasheet",
            "Datasheet",
            "One data set on one sheet: write in the blue columns. Questions on people are for data about people.",
            QUESTIONS,
            ("Data set", "Version", "Written by"),
        ),
    ),
    run_columns=("tags.data_set", "tags.license", "metrics.rows", "metrics.missing_share"),
    chart_column="metrics.rows",
    chart_title="Rows that each run made",
)
