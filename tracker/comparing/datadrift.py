"""What changed in the data that two runs read in different versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.comparing.compare import Comparison
from tracker.contents.compared import drift_between
from tracker.contents.parts import Part, find_part, tables_of
from tracker.data.sentences import sentences
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.settings import Settings

MOST_TABLES = 5
"""How many tables of a folder are compared."""


@dataclass(frozen=True, slots=True)
class ChangedData:
    """An artifact that both runs read, each in a version of its own."""

    left: str
    right: str
    sentences: tuple[str, ...]
    """What changed, the most important first; one that says why that is not known."""


def changed_data(comparison: Comparison, folders: Folders, settings: Settings) -> Iterator[ChangedData]:
    """What changed in each artifact of which both read one version, but not the same.

    Tables get their profile where they have none, up to the size that the settings name.
    """
    for line in comparison.of("data"):
        versions = [str(value) for value in (line.left, line.right) if value and "," not in str(value)]
        if line.differs and len(versions) == 2:
            left, right = (f"{line.name}:{version}" for version in versions)
            yield ChangedData(left, right, tuple(_sentences(folders, left, right, settings)))


def _sentences(folders: Folders, left: str, right: str, settings: Settings) -> Iterator[str]:
    try:
        pairs = list(_pairs(find_part(folders, left), find_part(folders, right)))
    except TrackerError as error:
        yield str(error)
        return
    if not pairs:
        yield "There is no table in both, so nothing more is known."
    for one, other in pairs[:MOST_TABLES]:
        beginning = f"{one.file}: " if one.file else ""
        yield from (beginning + sentence for sentence in _of_tables(folders, one, other, settings))
    if len(pairs) > MOST_TABLES:
        yield f"{len(pairs) - MOST_TABLES:,} more tables changed; python -m tracker drift compares any two."


def _pairs(left: Part, right: Part) -> Iterator[tuple[Part, Part]]:
    """The tables to compare: both themselves, or the files of two folders that changed and kept their names."""
    if left.is_table and right.is_table:
        yield left, right
        return
    theirs = {part.file: part for part in tables_of(right.stored)}
    for part in tables_of(left.stored):
        other = theirs.get(part.file)
        if other is not None and other.key != part.key:
            yield part, other


def _of_tables(folders: Folders, left: Part, right: Part, settings: Settings) -> list[str]:
    if max(part.size for part in (left, right)) > settings.number("data.megabytes") * 1e6:
        return [f"It is large; python -m tracker drift {folders.workbook.name} {left} {right} says what changed."]
    try:
        return sentences(drift_between(folders, left, right), str(left), str(right))
    except TrackerError as error:
        return [str(error)]
