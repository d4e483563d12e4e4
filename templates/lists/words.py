"""What a template says: its list of items, the sheets that people fill in, where it all comes from, how to begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from templates.rows import Row
from tracker.schema import Column

CHECKED = date(2026, 11, 25)
"""When the lists were last compared with their sources."""
NOT_LEGAL_ADVICE = "working aid, not legal advice"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a list comes from."""

    name: str
    """As the ``source`` column has it: short, with the year."""
    where: str
    """Who published it and where it can be read."""
    notes: tuple[str, ...] = ()
    """What a reader must know of it: whom it binds, from when on, what it replaces."""
    law: bool = False
    """Law or supervision: marked as a working aid wherever it is named."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a standard operating procedure."""

    item: str
    """Short; the key of the ``sop`` table, so no two lists share one unless they mean the same."""
    rule: str = ""
    """What proves it; blank where only a person can tell."""
    level: str = "must"
    part: str = ""
    """The place in the source, such as ``question 3``."""
    section: str = ""
    asks: str = ""
    """What it asks for, in a sentence, where the template has a sheet to answer it in."""
    sources: tuple[str, ...] = ()
    """Instead of the list's source, where an item has several."""


@dataclass(frozen=True, slots=True)
class Form:
    """A sheet that people fill in: given columns at the left, theirs at the right."""

    table: str
    title: str
    help: str
    columns: tuple[Column, ...]
    """Those that scripts write by their declaration are given by the template here."""
    rows: tuple[Row, ...]
    counted: str
    """The column whose filled cells are counted as done."""
    about: tuple[str, ...] = ()
    """What the sheet is about: labels of cells above the table, such as the model and its version."""
    formulas: Mapping[str, str] = field(default_factory=dict)
    """Columns that are computed, by formulas over this row, such as ``=tests[[#This Row],[done]]``."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """Columns whose drop-down list is a defined name."""
    tones: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """How values stand out: the name of a tone of ``look`` by column and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Everything that one template says."""

    name: str
    title: str
    purpose: str
    source: Source
    items: tuple[Item, ...]
    steps: tuple[str, ...]
    """How to begin, one line each."""
    code: tuple[str, ...]
    next_review: date
    applies_to: str = ""
    forms: tuple[Form, ...] = ()
    run_columns: tuple[str, ...] = ()
    """Columns that runs of this kind have, after ``owner``: metrics, params and tags."""
    metric: str = ""
    """What Summary compares at first; blank: the first metric there is."""
    chart_column: str = "duration"
    chart_title: str = "Seconds that each run took"
    version: str = "1"
    """Of the list; raised when an item changes."""

    def sop(self) -> tuple[Row, ...]:
        """The rows of the ``sop`` table; whoever answers for an item is for the team to say."""
        review = datetime(self.next_review.year, self.next_review.month, self.next_review.day)
        return tuple(
            {
                "item": item.item,
                "applies_to": self.applies_to or None,
                "level": item.level,
                "rule": item.rule or None,
                "source": "; ".join(item.sources) or self._source_of(item),
                "version": self.version,
                "next_review": review,
            }
            for item in self.items
        )

    def _source_of(self, item: Item) -> str:
        named = ", ".join(filter(None, (self.source.name, item.part)))
        return f"{named}; read {CHECKED:%Y-%m-%d}" + (f"; {NOT_LEGAL_ADVICE}" if self.source.law else "")


# -- forms of one kind --------------------------------------------------------------------------------------------


def given(name: str, help: str, width: int) -> Column:
    """A column that the template fills."""
    return Column(name, "text", help, "script", width=width)


def yours(name: str, help: str, width: int, *choices: str) -> Column:
    """A column of texts that people fill in."""
    return Column(name, "text", help, "person", choices, width)


CHECKED_ON = Column("checked", "datetime", "When this was last looked at.", "person", width=13)


def questions(
    table: str, title: str, help: str, asked: tuple[tuple[str, str, str], ...], about: tuple[str, ...]
) -> Form:
    """A form of open questions; ``asked`` has number, section and question of each."""
    return Form(
        table,
        title,
        help,
        (
            given("no", "The number in the source.", 8),
            given("section", "The section of the source.", 21),
            given("question", "What is asked, in our words.", 58),
            yours("answer", "Your answer. Where it does not apply, say so and why.", 66),
            yours("evidence", "What proves it: a run, an artifact, a page.", 28),
            yours("who", "Who answered.", 13),
            CHECKED_ON,
        ),
        tuple({"no": no, "section": section, "question": question} for no, section, question in asked),
        "answer",
        about,
    )


def answers(
    table: str, title: str, help: str, items: tuple[Item, ...], about: tuple[str, ...], choices: Mapping[str, str]
) -> Form:
    """A form that asks what the items ask, with answers to choose from, each with the tone that it stands out by."""
    return Form(
        table,
        title,
        help,
        (
            given("no", "The number in the source.", 8),
            given("section", "The section of the source.", 21),
            given("question", "What is asked, in our words.", 68),
            yours("answer", "Your answer.", 16, *choices),
            yours("reason", "Why, and where it can be read.", 58),
            yours("who", "Who answered.", 13),
            CHECKED_ON,
        ),
        tuple({"no": number(item), "section": item.section, "question": item.asks} for item in items),
        "answer",
        about,
        tones={"answer": choices},
    )


def number(item: Item) -> str:
    """The number of an item in its source: the last word of its place there."""
    return item.part.split()[-1]
