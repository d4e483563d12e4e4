"""What the command line says about retention plans and storage: as lines of text, and as plain data for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from tracker import terminal
from tracker.cli.report import plain
from tracker.retention import Plan, Storage
from tracker.wording import count, size

MOST_SHOWN = 40
"""How many rows of a list a terminal gets to see; JSON has all."""


def plan_lines(found: Plan) -> Iterator[str]:
    """What a plan would do, and what is exempt from it and why."""
    width = terminal.terminal_width()
    if found.items:
        what = f"{count(len(found.items), 'version')}, {size(found.size)}"
        frees = f", {size(found.freed)} become free once purged" if found.freed else ""
        if any(item.action == "purge" for item in found.items):
            frees = f", {size(found.freed)} become free"
        yield f"Plan {found.id}: {what}{frees}."
        rows = [
            [item.artifact, item.action, size(item.size), size(item.freed), item.reason]
            for item in found.items[:MOST_SHOWN]
        ]
        yield from _table(["artifact", "action", "size", "frees", "why"], rows, width)
        yield from _more(len(found.items))
    else:
        yield "Nothing is to be done."
    if found.exempt:
        yield f"Exempt: {count(len(found.exempt), 'version')}."
        rows = [[one.artifact, one.action, size(one.size), "; ".join(one.reasons)] for one in found.exempt[:MOST_SHOWN]]
        yield from _table(["artifact", "not", "size", "because"], rows, width)
        yield from _more(len(found.exempt))


def storage_lines(found: Storage) -> Iterator[str]:
    """Who stores how much, what is there twice, what belongs to nothing, and what expires."""
    width = terminal.terminal_width()
    yield f"{count(found.versions, 'version')}, {size(found.size)}; shared bytes are counted once."
    for name, shares in found.by.items():
        yield ""
        rows = [[one.label, f"{one.versions:,}", size(one.size)] for one in shares[:MOST_SHOWN]]
        yield from _table([name, "versions", "size"], rows, width)
        yield from _more(len(shares))
    if found.duplicates:
        yield "\nThere twice:"
        twice = [[", ".join(one.artifacts), size(one.wasted)] for one in found.duplicates[:MOST_SHOWN]]
        yield from _table(["the same content", "size"], twice, width)
    if found.without_row:
        yield f"\nVersions without a row: {', '.join(found.without_row[:MOST_SHOWN])}"
    for problem in found.orphans:
        yield f"\n{terminal.one_line(problem.message)}"
    if found.expiring:
        yield "\nDue within 90 days:"
        rows = [
            [one.artifact, f"{one.when:%Y-%m-%d}", one.action, size(one.size), "; ".join(one.kept) or one.why]
            for one in found.expiring[:MOST_SHOWN]
        ]
        yield from _table(["artifact", "on", "action", "size", "why, or why it stays"], rows, width)
        yield from _more(len(found.expiring))


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    shown = [[terminal.one_line(cell) for cell in row] for row in rows]
    yield from terminal.fit(headers, shown, width, ["size", "frees", "versions"]).lines


def _more(total: int) -> Iterator[str]:
    if total > MOST_SHOWN:
        yield f"… and {total - MOST_SHOWN:,} more; --json lists all."


def plain_plan(found: Plan) -> dict[str, Any]:
    """A plan for JSON."""

    def row(one: Any) -> dict[str, Any]:
        return {name: plain(value) if name == "when" else value for name, value in asdict(one).items()}

    items, exempt = [row(item) for item in found.items], [row(one) for one in found.exempt]
    return {"id": found.id, "size": found.size, "freed": found.freed, "items": items, "exempt": exempt}


def plain_storage(found: Storage) -> dict[str, Any]:
    """The storage for JSON."""
    record = asdict(found)
    record["orphans"] = [problem.message for problem in found.orphans]
    for one in record["expiring"]:
        one["when"] = plain(one["when"])
    return record
