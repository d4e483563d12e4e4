"""FAIR: the 15 principles for data that others, and their programs, can find, get, combine and use again.

Order and count are those of go-fair.org/fair-principles (Wilkinson et al. 2016), read 2026-11-25.
"""

from __future__ import annotations

from datetime import date

from templates.lists.words import Item, Source, Template, answers

FINDABLE, ACCESSIBLE, INTEROPERABLE, REUSABLE = "Findable", "Accessible", "Interoperable", "Reusable"


def _principle(number: str, section: str, name: str, asks: str, rule: str = "", level: str = "must") -> Item:
    return Item(f"FAIR {number}: {name}", rule, level, f"principle {number}", section, asks)


ITEMS = (
    _principle(
        "F1",
        FINDABLE,
        "lasting identifier",
        "Have data and metadata an identifier that is unique in the world and lasts, such as a DOI?",
        "tag doi|identifier",
    ),
    _principle(
        "F2",
        FINDABLE,
        "rich metadata",
        "Are the data described so richly that somebody finds them who does not know their identifier?",
        'every artifact kind="data set" has profile',
    ),
    _principle(
        "F3",
        FINDABLE,
        "metadata name the data",
        "Do the metadata name the identifier of the data that they describe?",
        'every artifact kind="data set" has hash',
    ),
    _principle(
        "F4",
        FINDABLE,
        "indexed",
        "Are data and metadata in an index or catalogue that can be searched?",
        "tag indexed_in",
    ),
    _principle(
        "A1",
        ACCESSIBLE,
        "retrievable",
        "Can one get them by their identifier with a standard protocol?",
        "tag data_url",
    ),
    _principle(
        "A1.1", ACCESSIBLE, "open protocol", "Is the protocol open, free and such that anybody can implement it?"
    ),
    _principle(
        "A1.2",
        ACCESSIBLE,
        "access control",
        "Does the protocol allow for authentication and authorisation where they are needed?",
        level="should",
    ),
    _principle(
        "A2",
        ACCESSIBLE,
        "metadata outlive data",
        "Do the metadata stay accessible when the data are gone? Tracker keeps the row of every purged file.",
        'every artifact kind="data set" has retention_class',
    ),
    _principle(
        "I1", INTEROPERABLE, "shared language", "Are they in a formal, shared language or format that is widely used?"
    ),
    _principle(
        "I2", INTEROPERABLE, "vocabularies", "Are the vocabularies that are used themselves FAIR?", level="should"
    ),
    _principle(
        "I3",
        INTEROPERABLE,
        "qualified references",
        "Do they refer to other data, and say how they relate to them?",
        "input artifact name=*",
        "should",
    ),
    _principle(
        "R1",
        REUSABLE,
        "described for use",
        "Have they many accurate and relevant attributes: what, how, when, with which limits?",
        "artifact kind=datasheet",
    ),
    _principle(
        "R1.1",
        REUSABLE,
        "licence",
        "Are they released with a clear licence that can be found?",
        "tag license|data_license",
    ),
    _principle(
        "R1.2",
        REUSABLE,
        "provenance",
        "Is it said in detail where they come from and what was done to them?",
        "git commit and input artifact name=*",
    ),
    _principle(
        "R1.3", REUSABLE, "community standards", "Do they keep to the standards of their field?", level="should"
    ),
)

TEMPLATE = Template(
    name="fair",
    title="registry of FAIR data",
    purpose="The registry of data and models that you publish, with the 15 FAIR principles and what proves them.",
    source=Source(
        "FAIR principles (2016)",
        "M. Wilkinson et al.: The FAIR Guiding Principles, Scientific Data 3, 2016; go-fair.org/fair-principles",
        ("15 principles: four to find, four to get, three to combine, four to use again.",),
    ),
    items=ITEMS,
    steps=(
        "Log each step that makes data or models. Tag runs whose outputs you publish: only they get the checklist.",
        "Answer the 15 principles in FAIR assessment for each publication: met, partly, not met.",
        "Give data sets a licence, a DOI and a retention class: the checklist ticks itself.",
    ),
    code=(
        "import tracker",
        'with tracker.start_run("data.xlsx", experiment="survey 2026") as run:',
        '    run.set_tags({"published": "Zenodo", "license": "CC BY 4.0"})',
        '    run.set_tag("doi", "10.5281/zenodo.1234567")',
        '    run.use_artifact("survey-raw:latest")',
        '    run.log_artifact("survey.csv", name="survey")',
    ),
    next_review=date(2027, 11, 25),
    applies_to="tag:published=*",
    forms=(
        answers(
            "fair_assessment",
            "FAIR assessment",
            "How far data or a model follow each principle: answer in the blue columns. One sheet for each.",
            ITEMS,
            ("Data set or model", "Identifier", "Assessed by"),
            {"met": "GOOD", "partly": "CAUTION", "not met": "BAD", "not applicable": "QUIET"},
        ),
    ),
    run_columns=("tags.published", "tags.doi", "tags.license", "tags.data_url", "tags.indexed_in"),
)
