"""What an auditor wants to know first, in sentences: files, history, checklist, code, data, and who decided what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.deciding.decision import on_one_line
from tracker.exporting.facts import Facts
from tracker.wording import some_of
from tracker.workbook import Tone

MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an auditor wants to know first."""

    tone: Tone
    what: str
    says: str


def findings(facts: Facts) -> list[Finding]:
    """What stands at the top: files, history, checklist, code, data, environment, and who decided what."""
    return [
        _files(facts),
        _chain(facts),
        *_pending(facts),
        _items(facts),
        *_decisions(facts),
        _code(facts),
        _data(facts),
        _environment(facts),
    ]


def _files(facts: Facts) -> Finding:
    states: dict[str, list[str]] = {}
    for artifact in facts.artifacts:
        states.setdefault(artifact.state, []).append(artifact.key)
    wrong = {state: keys for state, keys in states.items() if state != "unchanged"}
    if not facts.artifacts:
        return Finding("caution", "Files", "No artifact is recorded.")
    if not wrong:
        return Finding("good", "Files", f"All {len(facts.artifacts)} artifact versions are what they were when stored.")
    listed = "; ".join(f"{state}: {some_of(map(on_one_line, keys), MOST_NAMED)}" for state, keys in wrong.items())
    tone: Tone = "bad" if {"missing", "altered"} & wrong.keys() else "caution"
    return Finding(tone, "Files", f"{len(states.get('unchanged', []))} of {len(facts.artifacts)} unchanged; {listed}.")


def _chain(facts: Facts) -> Finding:
    history = facts.history
    if not history.count:
        return Finding("caution", "History", "The registry has no history yet.")
    if not history.faults:
        says = f"All {history.count} change sets of the registry are what they were when written, and none is missing."
        return Finding("good", "History", says)
    listed = "; ".join(on_one_line(f"{fault.file} {fault.what}") for fault in history.faults[:6])
    more = f"; and {len(history.faults) - 6} more" if len(history.faults) > 6 else ""
    return Finding("bad", "History", f"The chain of {history.count} change sets is broken: {listed}{more}.")


def _pending(facts: Facts) -> Iterator[Finding]:
    if facts.pending:
        says = (
            f"{facts.pending} changes are in the journal and not in the workbook yet; what they say is included here."
        )
        yield Finding("caution", "Workbook", says)


def _items(facts: Facts) -> Finding:
    by_status: dict[str, list[str]] = {}
    for item in facts.checklist:
        by_status.setdefault(str(item.get("status") or "missing"), []).append(str(item.get("item")))
    if not by_status:
        return Finding("caution", "Checklist", "Nothing is recorded in the checklist.")
    musts = [
        str(item.get("item"))
        for item in facts.checklist
        if item.get("level") == "must" and (item.get("status") or "missing") == "missing"
    ]
    done = len(by_status.get("done", []))
    says = f"{done} of {len(facts.checklist) - len(by_status.get('not applicable', []))} items are done"
    for status in ("missing", "waived"):
        if status in by_status:
            says += f"; {status}: {some_of(map(on_one_line, by_status[status]), MOST_NAMED)}"
    tone: Tone = "bad" if musts else "caution" if {"missing", "waived"} & by_status.keys() else "good"
    return Finding(tone, "Checklist", f"{says}.")


def _decisions(facts: Facts) -> Iterator[Finding]:
    model = facts.model
    if model is None:
        return
    if override := model.cells.get("override"):
        yield Finding("bad", "Override", f"{on_one_line(str(override))}")
    owner, by = str(facts.side.run.get("owner") or ""), model.promoted_by
    if by:
        when = f" on {model.promoted_at:%Y-%m-%d}" if model.promoted_at else ""
        says = f"{by} put it into {model.stage}{when}: {model.reason or 'no reason is recorded'}"
        own = owner.casefold() == by.casefold()
        says += ". The same person ran the training" if own else ""
        yield Finding("caution" if own else "good", "Approval", f"{on_one_line(says).rstrip('.')}.")
    else:
        yield Finding("caution", "Approval", f"It is in the stage {model.stage}; nobody has promoted it yet.")


def _code(facts: Facts) -> Finding:
    commit = facts.side.commit
    if not commit:
        kept = "its script is kept here" if facts.script else "no script is kept"
        return Finding("caution", "Code", f"No commit is recorded; {kept}.")
    if facts.side.run.get("git_dirty"):
        return Finding(
            "caution", "Code", f"Commit {commit[:12]}, with changes that were not committed; their diff is kept."
        )
    return Finding("good", "Code", f"Commit {commit[:12]}, with nothing uncommitted.")


def _data(facts: Facts) -> Finding:
    if not facts.side.inputs:
        return Finding("caution", "Data", "No data is recorded as input.")
    return Finding("good", "Data", f"It read {some_of(map(on_one_line, facts.side.inputs), MOST_NAMED)}.")


def _environment(facts: Facts) -> Finding:
    if not facts.side.packages:
        return Finding("caution", "Environment", "The installed packages are not recorded.")
    return Finding(
        "good", "Environment", f"Python {facts.side.run.get('python') or '?'} with {len(facts.side.packages)} packages."
    )
