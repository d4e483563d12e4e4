"""Problems by severity and kind, with the kind in words. No streamlit in here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tracker.model import Problem

KINDS = {
    "artifact-manifest": "Stored files without their list",
    "artifact-missing": "Stored files that are gone",
    "artifact-orphan": "Stored files without a row",
    "artifact-store": "Stores that cannot be reached",
    "backward-time": "Times that run backwards",
    "blank-key": "Rows without a key",
    "broken-link": "Links that lead nowhere",
    "cell-too-long": "Texts too long for a cell",
    "column-outside-table": "Columns outside their table",
    "conflict": "Values that were not written",
    "conflict-copy": "Copies of the workbook",
    "converted": "Texts that Excel converted",
    "damaged-history": "History that was altered",
    "dead-run": "Runs that never ended",
    "duplicate-key": "Keys that stand twice",
    "error-value": "Formulas that show an error",
    "evidence-gone": "Evidence that is gone",
    "left-over": "Left over",
    "lost-history": "History that was lost",
    "missing-column": "Columns that are missing",
    "missing-file": "Artifact files that are gone",
    "missing-table": "Tables that are missing",
    "path-outside": "Paths that lead out of the folder",
    "retention-class": "Retention classes that cannot be read",
    "rows-below-table": "Rows below their table",
    "rows-outside-table": "Rows outside their table",
    "sop-rule": "Rules that cannot be read",
    "stage-held-twice": "Stages held twice",
    "stale-workbook": "An older workbook",
    "stored-as-text": "Numbers and dates stored as text",
    "table-refused": "Tables that cannot be changed",
    "unknown-class": "Retention classes that are not there",
    "unknown-setting": "Settings that nobody knows",
    "waiting": "Changes that wait for room",
    "waiver-ended": "Waivers that have ended",
    "wrong-choice": "Values outside of the choices",
    "wrong-type": "Values of the wrong type",
}
"""What the code of a problem means. A code that is not here is shown as it is."""

SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Group:
    """Problems of one kind."""

    severity: str
    code: str
    problems: tuple[Problem, ...]

    @property
    def title(self) -> str:
        return KINDS.get(self.code, self.code)

    @property
    def hint(self) -> str:
        """What to do, where it is the same for all of them; else empty."""
        hints = {problem.hint for problem in self.problems}
        return hints.pop() if len(hints) == 1 else ""


def groups(problems: Sequence[Problem], severities: Collection[str] = (), text: str = "") -> list[Group]:
    """The problems by severity and kind, errors first, and of each severity the most frequent kind first.

    Args:
        severities: only these; all where none is named.
        text: only problems in whose sheet, cell, kind or words it occurs; capitals do not count.
    """
    wanted = text.strip().casefold()
    found: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        if severities and problem.severity not in severities:
            continue
        if wanted and wanted not in _words(problem):
            continue
        found.setdefault((problem.severity, problem.code), []).append(problem)
    made = [Group(severity, code, tuple(alike)) for (severity, code), alike in found.items()]
    return sorted(made, key=lambda group: (SEVERITIES.index(group.severity), -len(group.problems), group.code))


def place(problem: Problem) -> str:
    """``Runs!D2``; empty where the problem has no place."""
    return "!".join(part for part in (problem.sheet, problem.cell) if part)


def _words(problem: Problem) -> str:
    kind = KINDS.get(problem.code, "")
    return "\n".join((place(problem), problem.code, kind, problem.message, problem.hint)).casefold()
