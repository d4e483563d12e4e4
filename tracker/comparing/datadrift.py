"""What changed in the data that two runs read in different versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.comparing.compare import Comparison
from tracker.contents.compared import drift_between
from tracker.contents.parts import find_part
from tracker.data.sentences import sentences
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.settings import Settings


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


def _sentences(folders: Folders, left: str, right: str, settings: Settings) -> list[str]:
    try:
        parts = find_part(folders, left), find_part(folders, right)
        if not all(part.is_table for part in parts):
            return ["It is no table, so nothing more is known."]
        if max(part.size for part in parts) > settings.number("data.megabytes") * 1e6:
            return [f"It is large; python -m tracker drift {folders.workbook.name} {left} {right} says what changed."]
        return sentences(drift_between(folders, *parts), left, right)
    except TrackerError as error:
        return [str(error)]
