"""An audit pack as parts to show, one table per subject. Page and workbook come from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tracker.comparing.sides import Row
from tracker.deciding.decision import on_one_line
from tracker.exporting.facts import Facts
from tracker.exporting.findings import MOST_NAMED
from tracker.exporting.history import CellEvent
from tracker.schema import TABLES, Table
from tracker.wording import some_of
from tracker.workbook import Look, NewColumn, Tone

TONES: Mapping[str, Tone] = {
    "done": "good",
    "not applicable": "quiet",
    "waived": "caution",
    "missing": "bad",
    "unchanged": "good",
    "altered": "bad",
    "out of reach": "caution",
    "not read": "caution",
    "trash": "caution",
    "deleted": "quiet",
    "production": "good",
    "retired": "quiet",
    "whole": "good",
    "good": "good",
    "caution": "caution",
    "bad": "bad",
}
"""Words that have a colour."""
FACTS = (
    *("name", "experiment", "status", "owner", "start_time", "end_time", "duration"),
    *("goal", "change", "insight", "next_step", "notes"),
    *("source", "command", "host", "python", "git_commit", "git_branch", "git_dirty"),
)
"""The columns of a run that the summary shows; params and metrics have parts of their own."""


@dataclass(frozen=True, slots=True)
class Part:
    """One subject: a table, and below it a text where there is one."""

    name: str
    """Its heading, and the name of its sheet: at most 31 letters and blanks."""
    note: str
    columns: Sequence[NewColumn]
    rows: Sequence[Sequence[Any]]
    text: str = ""
    nothing: str = ""
    """What is said where there are no rows."""


def parts(facts: Facts) -> list[Part]:
    """Every part, in order."""
    return [
        _summary(facts),
        *([_model_versions(facts)] if facts.versions else []),
        _checklist(facts),
        _procedure(facts),
        _lineage_part(facts),
        _artifacts_part(facts),
        _files_part(facts),
        _params(facts),
        _metrics(facts),
        _environment_part(facts),
        _code_part(facts),
        _events(facts),
        _links(facts),
    ]


def parts_to_read(facts: Facts) -> list[Part]:
    """The parts as a page shows them: without columns that are blank, and in fewer lines where there are many."""
    shorter = {"History": _by_row(facts), "Environment": _side_by_side(_environment_part(facts), 3)}
    return [trimmed(shorter.get(part.name, part)) for part in parts(facts)]


def _summary(facts: Facts) -> Part:
    run, model = facts.side.run, facts.model
    pairs: list[tuple[str, Any]] = []
    if model:
        pairs += [("model", model.model), ("version", model.version), ("stage", model.stage)]
        pairs += [("artifact", model.artifact), ("promoted by", model.promoted_by), ("promoted at", model.promoted_at)]
        pairs += [("reason", model.reason), ("override", model.cells.get("override")), ("model notes", model.notes)]
    pairs.append(("run id", facts.side.run_id))
    pairs += [(name.replace("_", " "), run.get(name)) for name in FACTS]
    pairs += [(f"tag {name.removeprefix('tags.')}", value) for name, value in run.items() if name.startswith("tags.")]
    pairs += [("registry", facts.workbook), ("as of change set", facts.history.stamp), ("last change", facts.as_of)]
    rows = [pair for pair in pairs if pair[1] not in (None, "")]
    return Part("Summary", "What the registry says of it. Times are UTC.", _columns("what", "value"), rows)


def _model_versions(facts: Facts) -> Part:
    rows = [
        (one.model, one.version, one.stage, one.artifact, one.run_id, one.promoted_by, one.promoted_at, one.reason)
        for one in facts.versions
    ]
    columns = _columns("model", "version:count", "stage:state", "artifact:code", "run:code", "promoted by")
    columns += _columns("promoted at:time", "reason")
    return Part("Versions", "The registered versions, the newest first.", columns, rows)


def _checklist(facts: Facts) -> Part:
    names = ("item", "level", "status", "evidence", "who", "when", "why", "until", "sop_version")
    return _of_table("Checklist", TABLES["checklist"], names, facts.checklist, "Each item with its evidence.")


def _procedure(facts: Facts) -> Part:
    names = ("item", "applies_to", "level", "rule", "owner", "source", "version", "next_review")
    judged = sorted({str(item["sop_version"]) for item in facts.checklist if item.get("sop_version")})
    note = "The standard operating procedure as it is now."
    if judged:
        note += f" The items above were judged by version {some_of(map(on_one_line, judged), MOST_NAMED)}."
    return _of_table("Procedure", TABLES["sop"], names, facts.procedure, note)


def _of_table(name: str, table: Table, names: Sequence[str], rows: Sequence[Row], note: str) -> Part:
    """Some columns of a table of the registry."""
    looks = {"datetime": "time", "integer": "count", "number": "number"}
    columns = []
    for column in names:
        look = looks.get(table.kind(column), "text")
        look = {"status": "state", "rule": "code"}.get(column, look)
        columns += _columns(f"{column.replace('_', ' ')}:{look}")
    return Part(
        name, note, columns, [[row.get(column) for column in names] for row in rows], nothing="Nothing is there."
    )


def _lineage_part(facts: Facts) -> Part:
    names = ("direction", "depth", "what", "label", "how", "from")
    trees = []
    if len(facts.upstream) > 1:
        trees += ["What it came from:", *facts.upstream, ""]
    if len(facts.downstream) > 1:
        trees += ["What came from it:", *facts.downstream]
    rows = [[row.get(name) for name in names] for row in facts.lineage]
    note = "Upstream is all it came from, downstream all that came from it; depth counts the steps."
    columns = _columns("direction", "depth:count", "what", "name", "how", "from")
    return Part("Lineage", note, columns, rows, "\n".join(trees).rstrip(), "Nothing is recorded.")


def _artifacts_part(facts: Facts) -> Part:
    rows = [
        (
            one.direction,
            one.key,
            one.state,
            one.row.get("category"),
            one.row.get("kind"),
            one.stored.size if one.stored else one.row.get("size"),
            (one.stored.sha256 if one.stored else "") or one.row.get("sha256"),
            one.row.get("created"),
            one.row.get("created_by"),
            "; ".join(str(text) for text in (one.remark, _held(one.row)) if text),
        )
        for one in facts.artifacts
    ]
    columns = _columns("direction", "artifact:code", "found:state", "category", "kind", "bytes:count", "sha256:code")
    columns += _columns("created:time", "created by", "remark")
    note = "What was found when this pack was made: every file was read again and its hash compared."
    if any(one.state == "not read" for one in facts.artifacts):
        note = "The hashes as they were when stored. The files were not read again for this pack."
    return Part("Artifacts", note, columns, rows, nothing="No artifact is recorded.")


def _held(row: Row) -> str:
    if not row.get("hold"):
        return ""
    by, why = row.get("held_by"), row.get("hold_reason")
    return f"on hold{f' by {by}' if by else ''}{f': {why}' if why else ''}"


def _files_part(facts: Facts) -> Part:
    rows = [
        (one.key, file.path, file.size, file.sha256)
        for one in facts.artifacts
        if one.stored is not None
        for file in one.stored.files
    ]
    columns = _columns("artifact:code", "file:code", "bytes:count", "sha256:code")
    note = "The SHA-256 of every file; of a folder, the artifact's own hash is that of its lines 'sha256 size path'."
    return Part("Files", note, columns, rows, nothing="No files are stored.")


def _params(facts: Facts) -> Part:
    rows = [
        (name.removeprefix("params."), value)
        for name, value in facts.side.run.items()
        if name.startswith("params.") and value not in (None, "")
    ]
    return Part("Params", "As they were logged.", _columns("param", "value"), rows, nothing="None were logged.")


def _metrics(facts: Facts) -> Part:
    held = {
        name.removeprefix("metrics."): value
        for name, value in facts.side.run.items()
        if name.startswith("metrics.") and value not in (None, "")
    }
    rows = []
    for name in dict.fromkeys([*held, *facts.metrics]):
        steps = facts.metrics.get(name)
        last = steps and steps.last
        rows.append(
            (
                name,
                held.get(name, last),
                *((steps.min, steps.max, steps.count, steps.last_step) if steps else [None] * 4),
            )
        )
    columns = _columns("metric", "value:number", "least:number", "greatest:number", "steps:count", "last step:count")
    return Part("Metrics", "Every step is in metrics/steps.csv.", columns, rows, nothing="None were logged.")


def _environment_part(facts: Facts) -> Part:
    rows = sorted(facts.side.packages.items())
    note = "The installed packages; the file is environment/requirements.txt."
    return Part("Environment", note, _columns("package:code", "version:code"), rows, nothing="Not recorded.")


def _code_part(facts: Facts) -> Part:
    run = facts.side.run
    pairs = [("commit", facts.side.commit), ("branch", run.get("git_branch")), ("uncommitted", run.get("git_dirty"))]
    pairs += [("source", run.get("source")), ("command", run.get("command"))]
    texts = []
    if facts.uncommitted:
        texts.append(f"What was not committed (code/uncommitted.diff):\n\n{facts.uncommitted}")
    if facts.script:
        texts.append(f"The script (code/script.txt):\n\n{facts.script}")
    if facts.code is not None:
        before = f"Since the version before, commit {facts.code.left[:12] or 'unknown'}"
        pairs.append(
            ("since the version before", facts.code.why_not or ("the same commit" if facts.code.same else "changed"))
        )
        if facts.code.text:
            texts.append(f"{before} (code/since-version-before.diff):\n\n{facts.code.stat}\n{facts.code.text}")
    rows = [pair for pair in pairs if pair[1] not in (None, "")]
    return Part(
        "Code", "Which code ran.", _columns("what", "value:code"), rows, "\n".join(texts), "Nothing is recorded."
    )


def _events(facts: Facts) -> Part:
    rows = [
        (
            one.time,
            one.who,
            one.by,
            one.table,
            " ".join(one.key),
            one.column,
            one.what,
            one.old,
            one.new,
            one.change_set,
        )
        for one in facts.history.events
    ]
    columns = _columns(
        "time:time", "who", "by", "table", "row:code", "column", "what", "before", "after", "change set:code"
    )
    note = "Every cell of its rows that was ever set through Tracker, the oldest first."
    return Part("History", note, columns, rows, nothing="Nothing was recorded.")


def _by_row(facts: Facts) -> Part:
    """The history with one line per row and change set."""
    grouped: dict[tuple[Any, ...], list[CellEvent]] = {}
    for one in facts.history.events:
        grouped.setdefault((one.time, one.who, one.table, one.key, one.what, one.change_set), []).append(one)
    rows = []
    for (time, who, table, key, what, change_set), events in grouped.items():
        cells = "\n".join(_said(one) for one in events if one.column not in TABLES[table].key)
        rows.append((time, who, f"{table} {' '.join(key)}", what, cells, change_set))
    columns = _columns("time:time", "who", "row", "what", "cells", "change set:code")
    note = "Every change of its rows that was made through Tracker, the oldest first. The workbook has a line per cell."
    return Part("History", note, columns, rows, nothing="Nothing was recorded.")


def _said(one: CellEvent) -> str:
    """A cell on one line."""
    new, old = cut(shown(one.new)) or "blank", cut(shown(one.old))
    if one.what.startswith("not written"):
        return f"{one.column}: {new}, it stays {old or 'blank'}"
    return f"{one.column}: {f'{old} → ' if old else ''}{new}"


def _side_by_side(part: Part, count: int) -> Part:
    """The part with several of its rows beside each other, read downward."""
    height = -(-len(part.rows) // count)
    columns = [*part.columns] * count
    blank = [""] * len(part.columns)
    beside = [
        [*part.rows[place : place + height], *[blank] * height][:height]
        for place in range(0, height * count, height or 1)
    ]
    return replace(
        part, columns=columns, rows=[[cell for row in rows for cell in row] for rows in zip(*beside, strict=True)]
    )


def cut(text: str, most: int = 300) -> str:
    """The text on one line, its beginning where it is long."""
    line = on_one_line(text)
    return line if len(line) <= most else f"{line[:most]}…"


def trimmed(part: Part) -> Part:
    """The part without columns in which nothing stands."""
    kept = [place for place in range(len(part.columns)) if any(row[place] not in (None, "") for row in part.rows)]
    if not part.rows or len(kept) == len(part.columns):
        return part
    columns = [part.columns[place] for place in kept]
    return replace(part, columns=columns, rows=[[row[place] for place in kept] for row in part.rows])


def _links(facts: Facts) -> Part:
    rows = [
        (one.id, one.time, one.who, "altered" if one.id in facts.history.altered else "whole", ", ".join(one.parents))
        for one in facts.history.links
    ]
    columns = _columns("change set:code", "time:time", "who", "content:state", "follows:code")
    note = (
        "The change sets above as files, in history/. A name ends in the first 16 digits of the SHA-256 of the file, "
        "and its first line names the ones it follows. A file also holds what else the same sync wrote."
    )
    return Part("Change sets", note, columns, rows, nothing="There are none.")


def _columns(*wanted: str) -> list[NewColumn]:
    """Columns from ``header`` or ``header:look``."""
    split = (one.rpartition(":") if ":" in one else (one, "", "text") for one in wanted)
    return [NewColumn(header, look) for header, _, look in split]  # type: ignore[arg-type]


def shown(value: Any, look: Look = "text") -> str:
    """A value as the page shows it: all digits, times to the second; counts with a mark at each thousand."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}" if value.time() != datetime.min.time() else f"{value:%Y-%m-%d}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if look == "count" and isinstance(value, (int, float)):
        return f"{value:,.0f}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
