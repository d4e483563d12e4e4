"""Judging runs from an open workbook with everything pending laid over it; only what is needed of it is read.

A sync judges the runs that it brings to their end, and those of the checklist for which it brings something; after a
person saved the workbook, all that are in the checklist. Runs that nobody has judged yet are left alone until somebody
asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from tracker.checklist.evaluate import Verdict, evaluate
from tracker.checklist.facts import GONE, Cells, Rows, RunFacts, facts_of
from tracker.checklist.items import Item, read_items
from tracker.checklist.look import Look
from tracker.checklist.rules import asks_for_profiles
from tracker.checklist.standing import Standing, Tally, by_item, named_in, tally
from tracker.folders import Folders
from tracker.journal.changes import Journal
from tracker.journal.incoming import Incoming, gather
from tracker.model import Change, Entry
from tracker.schema import MOVED
from tracker.settings import Settings
from tracker.values import key_text, same, utc
from tracker.workbook import Workbook, open_workbook

JUDGED_STATUS = "FINISHED"
"""How a run must have ended to be judged by itself; one that failed was not meant to have everything."""
_OF_ALL = ("sop", "people", "retention")
"""Tables whose changes concern every run."""
_TALLY = re.compile(r"\d+ of \d+")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which runs somebody wants judged, whatever a sync would do by itself."""

    runs: frozenset[str] = frozenset()
    """These, however they ended, by the procedure as it is now."""
    every: bool = False
    """All that finished."""
    anew: bool = False
    """Those that were judged by an earlier version of the procedure, too."""


NOTHING = Asked()


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it."""

    changes: tuple[Change, ...] = ()
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    """How far each run is that was looked at."""


def judge(
    workbook: Workbook,
    folders: Folders,
    incoming: Incoming,
    settings: Settings,
    now: float,
    *,
    edited: bool = False,
    asked: Asked = NOTHING,
) -> Judged:
    """What changes in the checklist.

    Args:
        incoming: what a sync is about to bring in.
        edited: a person saved the workbook since the last sync, so that anything may be different.
        asked: what somebody wants judged besides.
    """
    edited = edited or any(change.table in _OF_ALL for change in incoming.changes)
    if not (incoming.changes or edited or asked != NOTHING):
        return Judged()
    look = Look(workbook, folders, incoming, settings)
    if not look.can_judge:
        return Judged()
    items = read_items(look.rows("sop"))
    if not items:
        return Judged()
    ended = {
        change.key[0]
        for change in incoming.changes
        if change.table == "runs"
        and change.set.get("status") == JUDGED_STATUS
        and change.was.get("status") != MOVED  # it comes back as it was judged
    }
    anew = ended | asked.runs | _promoted(look, incoming)
    if edited or asked.every:
        wanted: Collection[str] | None = None
        if not asked.every:
            wanted = {key_text(row.get("run_id")) for row in look.rows("checklist")} | anew
    else:
        wanted = _touched(look, incoming) | anew
    runs = [
        row
        for row in look.rows("runs", "run_id", wanted)
        if key_text(row.get("status")) == JUDGED_STATUS or key_text(row.get("run_id")) in asked.runs
    ]
    recorded = _by_run(look.rows("checklist", "run_id", {key_text(row.get("run_id")) for row in runs}))
    if not asked.every:
        known = recorded.keys() | anew
        runs = [row for row in runs if key_text(row.get("run_id")) in known]
    return _judge(look, folders, items, runs, recorded, now, lambda run_id: asked.anew or run_id in anew)


def _judge(
    look: Look,
    folders: Folders,
    items: list[Item],
    runs: list[Cells],
    recorded: Mapping[str, Mapping[str, Cells]],
    now: float,
    is_anew: Callable[[str], bool],
) -> Judged:
    facts, gone = _facts(look, folders, items, runs, recorded)
    moment = utc(int(now))

    def verdict(run_id: str, ours: Callable[[str], bool] = lambda item: True) -> Verdict:
        rows = recorded.get(run_id, {})
        anew = is_anew(run_id) or not any(key_text(row.get("sop_version")) for row in rows.values())
        return evaluate(facts[run_id], rows, items, moment, anew=anew, gone=gone, ours=ours)

    verdicts = {run_id: verdict(run_id) for run_id in facts}
    overwritten = {
        (run_id, item): recorded[run_id][item]["evidence"]
        for run_id, found in verdicts.items()
        if run_id in recorded
        for item, cells in found.cells.items()
        if "evidence" in cells and key_text(recorded[run_id].get(item, {}).get("evidence"))
    }
    if overwritten:
        last = Journal(folders.changes).last_entries("checklist", "evidence", overwritten)
        theirs = {key for key, cell in overwritten.items() if not _is_ours(last.get(key), cell)}
        for run_id in {run_id for run_id, _ in theirs}:
            verdicts[run_id] = verdict(run_id, lambda item, run_id=run_id: (run_id, item) not in theirs)  # type: ignore[misc]
    changes: list[Change] = []
    tallies = {}
    writable = look.writable("checklist")
    for run_id, found in verdicts.items():
        rows = recorded.get(run_id, {})
        tallies[run_id] = tally(found.standings)
        for item, cells in found.cells.items():
            row = rows.get(item)
            values = cells if cells.keys() <= writable else {c: value for c, value in cells.items() if c in writable}
            was = {} if row is None else {column: row.get(column) for column in values}
            changes.append(Change("checklist", (run_id, item), values, was, row is None, now, "", "sync"))
        changes += _count(facts[run_id], str(tallies[run_id]), now)
    return Judged(tuple(changes), tallies)


def _is_ours(entry: Entry | None, cell: object) -> bool:
    return entry is not None and entry.by != "person" and same(entry.cells["evidence"].new, cell)


def _count(facts: RunFacts, said: str, now: float) -> list[Change]:
    """The run's own cell; what a person wrote there instead stays."""
    cell = facts.cells.get("checklist")
    if "checklist" not in facts.cells or same(cell, said) or (cell and not _TALLY.fullmatch(key_text(cell))):
        return []
    return [Change("runs", (facts.run_id,), {"checklist": said or None}, {"checklist": cell}, False, now, "", "sync")]


# -- which runs ---------------------------------------------------------------------------------------------------


def _promoted(look: Look, incoming: Incoming) -> set[str]:
    """The runs whose model versions change: of them something else may be asked in another stage."""
    keys = {change.key for change in incoming.changes if change.table == "models"}
    return {
        key_text(row.get("run_id"))
        for row in (look.rows("models") if keys else ())
        if (key_text(row.get("model")), key_text(row.get("version"))) in keys
    } - {""}


def _touched(look: Look, incoming: Incoming) -> set[str]:
    """The runs that something is incoming for."""
    runs: set[str] = set()
    artifacts: set[str] = set()
    models: set[str] = set()
    for change in incoming.changes:
        if change.table in ("runs", "lineage", "checklist"):
            runs.add(change.key[0])
        elif change.table == "artifacts" and not change.new:
            artifacts.add(change.key[0])
        elif change.table == "models":
            models.add(change.key[0])
    for row in look.rows("models") if models else ():
        if key_text(row.get("model")) in models:
            runs.add(key_text(row.get("run_id")))
            artifacts.add(key_text(row.get("artifact")))
    if artifacts:
        runs |= {key_text(row.get("run_id")) for row in look.rows("artifacts", "artifact", artifacts)}
        runs |= {key_text(row.get("run_id")) for row in look.rows("lineage", "artifact", artifacts)}
    return runs - {""}


def _facts(
    look: Look,
    folders: Folders,
    items: list[Item],
    runs: list[Cells],
    recorded: Mapping[str, Mapping[str, Cells]],
) -> tuple[dict[str, RunFacts], set[str]]:
    """The facts of these runs, and which artifact versions are gone."""
    ids = {key_text(row.get("run_id")) for row in runs}
    lineage = look.rows("lineage", "run_id", ids)
    models = look.rows("models")
    keys = {key_text(row.get("artifact")) for row in (*lineage, *models)}
    for rows in recorded.values():
        for row in rows.values():
            keys.update(named_in(key_text(row.get("evidence"))))
    made = look.rows("artifacts", "run_id", ids)
    keys -= {key_text(row.get("artifact")) for row in made}
    artifacts = [*made, *look.rows("artifacts", "artifact", keys)]
    profiles = any(asks_for_profiles(item.rule) for item in items)
    found = facts_of(
        Rows(
            runs,
            artifacts,
            lineage,
            models,
            look.rows("people"),
            look.rows("retention"),
            partial(_has_profile, folders) if profiles else lambda artifact: False,
        )
    )
    return found, {key_text(row.get("artifact")) for row in artifacts if key_text(row.get("status")).lower() in GONE}


def _has_profile(folders: Folders, artifact: str) -> bool:
    name, _, version = artifact.rpartition(":")
    return bool(name) and (folders.artifacts / name / f"{version}.profile.json").is_file()


def _by_run(rows: Iterable[Cells]) -> dict[str, Mapping[str, Cells]]:
    found: dict[str, list[Cells]] = {}
    for row in rows:
        found.setdefault(key_text(row.get("run_id")), []).append(row)
    return {run_id: by_item(mine) for run_id, mine in found.items()}


# -- one run, without a sync --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a run stands by the procedure as it is now, whatever is in the checklist yet."""

    facts: RunFacts
    items: tuple[Item, ...]
    standings: tuple[Standing, ...]

    @property
    def tally(self) -> Tally:
        return tally(self.standings)


def outlook(folders: Folders, run_id: str, stage: str = "") -> Outlook | None:
    """How a run stands; None where there is no such run. Reads only.

    Args:
        stage: as if a model version that the run made were in it, for the items that are asked for there.

    Raises:
        As :func:`tracker.workbook.open_workbook`.
    """
    with open_workbook(folders.workbook) as workbook:
        settings = workbook.settings()
        look = Look(workbook, folders, gather(folders, workbook.stamp, settings), settings)
        items = read_items(look.rows("sop"))
        runs = look.rows("runs", "run_id", {run_id})
        recorded = _by_run(look.rows("checklist", "run_id", {run_id}))
        facts, gone = _facts(look, folders, items, runs, recorded)
    if run_id not in facts:
        return None
    found, rows = facts[run_id], recorded.get(run_id, {})
    stages = (*found.stages, stage) if stage else found.stages
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    verdict = evaluate(found, rows, items, now, anew=True, stages=stages, gone=gone)
    return Outlook(found, tuple(items), verdict.standings)
