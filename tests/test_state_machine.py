"""Scripts, people, crashes, restores, undo and conflict copies in any order: no work is lost, and nothing doubled.

Real files and the real engine. Beside them stands shadow.py, which says in plain Python what every cell must hold. Each
value is written once only, so one that is in the wrong place, lost or doubled is seen.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from faults import faults
from followed import Crash, Followed
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from libreoffice import Office
from person import Person
from shadow import OWN, Cell, Sheet
from window import OfficePerson
from zoo import with_openpyxl

from tracker.deciding.edits import set_cell
from tracker.deciding.restoring import restore_version
from tracker.deciding.undo import undo, undoing
from tracker.errors import UndoRefusedError
from tracker.history.timeline import verify
from tracker.history.versions import list_versions
from tracker.journal.changes import Journal
from tracker.journal.pending import PendingWriter
from tracker.merging.merge import merge
from tracker.model import Change
from tracker.runs.recorder import Recorder
from tracker.runs.run import Run
from tracker.syncing import restore as restoring
from tracker.syncing import sync as syncing
from tracker.workbook import read_stamp

COLUMNS = ("name", "params.depth", "metrics.auc", "notes", "goal", "mine")
FOR_SCRIPTS = ("params.depth", "notes", "tags.team")
FOR_PEOPLE = ("metrics.auc", "params.depth", "notes", "goal")
WRITERS, WINDOWS = 2, 2
pick = st.integers(0, 11)
T = TypeVar("T")


class NoPulse:
    """When to sync is for the machine to say."""

    def join(self, run: object) -> None: ...
    def leave(self, *arguments: object) -> None: ...
    def look_into(self, *arguments: object) -> None: ...


class Machine(Followed, RuleBasedStateMachine):
    """One registry and whoever works on it."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.folder = Path(tempfile.mkdtemp(prefix="tracker-machine-"))
        path = self.folder / "registry.xlsx"
        tables = {"runs": ("run_id", *COLUMNS), "artifacts": ("artifact", "name"), "settings": ("name", "value")}
        with_openpyxl.simple(path, {name: (columns, ()) for name, columns in tables.items()})
        Followed.__init__(self, path)
        self.count = 0
        self.writers: list[PendingWriter] = []
        self.wrote: list[dict[tuple[str, str], Any]] = [{} for _ in range(WRITERS)]
        self.runs: dict[str, tuple[Run, dict[str, Any]]] = {}
        self.windows: dict[int, tuple[Any, Sheet, dict[tuple[str, str], Any]]] = {}
        self.copies: dict[Path, Sheet] = {}
        for _ in range(WRITERS):
            self.writers.append(PendingWriter(self.folders.pending, who="script"))
        self.script_begins_a_run(0, True)
        self.syncs()

    # -- scripts ------------------------------------------------------------------------------------------------

    @rule(writer=pick, is_run=st.booleans())
    def script_begins_a_run(self, writer: int, is_run: bool) -> None:
        run = self.fresh("run-")
        value = self.fresh("s")
        if is_run:
            recorder = Recorder(self.folders, run, "script")
            recorder.change("runs", (run,), {"params.depth": value}, new=True)
            row = {"run_id": run, "start_time": datetime(2026, 11, 25)}
            self.runs[run] = Run(self.folders, recorder, NoPulse(), row), {"params.depth": value}
        else:
            self.log(writer, Change("runs", (run,), {"params.depth": value}, new=True))
        self.shadow.new_row(run, {"params.depth": value})

    @rule(writer=pick, run=pick, column=st.sampled_from(FOR_SCRIPTS))
    def script_logs(self, writer: int, run: int, column: str) -> None:
        name, value = one_of(self.known_runs(), run), self.fresh("s")
        wrote = self.wrote[writer % WRITERS]
        was = wrote.get((name, column))
        self.log(writer, Change("runs", (name,), {column: value}, {column: was} if was else {}))
        wrote[name, column] = value
        self.shadow.wish(name, column, value, was)

    @precondition(lambda self: self.runs)
    @rule(run=pick, what=st.sampled_from(("param", "metric", "note", "end")))
    def run_logs(self, run: int, what: str) -> None:
        name = one_of(sorted(self.runs), run)
        running, wrote = self.runs[name]
        value = self.fresh_value("metrics.") if what == "metric" else self.fresh("s")
        column = {"param": "params.depth", "metric": "metrics.auc", "note": "notes"}.get(what)
        if what == "param":
            running.log_param("depth", value)
        elif what == "metric":
            running.log_metric("auc", value)
        elif what == "note":
            running.set_note(value)
        else:
            running.end()
            del self.runs[name]
        if column:
            self.shadow.wish(name, column, value, wrote.get(column), metric=what == "metric")
            wrote[column] = value

    # -- people in their windows --------------------------------------------------------------------------------

    @precondition(lambda self: not self.shadow.file.beside)
    @rule(window=st.integers(0, WINDOWS - 1))
    def person_opens(self, window: int) -> None:
        self.windows[window] = self.opened(self.folders.workbook), self.shadow.file.copy(), dict(self.outside)

    @precondition(lambda self: self.windows)
    @rule(window=pick, run=pick, column=pick, clears=st.sampled_from((False, False, False, True)))
    def person_writes(self, window: int, run: int, column: int, clears: bool) -> None:
        person, sheet, typed = self.window(window)
        if not sheet.rows:
            return
        name = one_of(sorted(sheet.rows), run)
        where = one_of(sorted({*FOR_PEOPLE, *sheet.own}), column)
        value = None if clears else self.fresh_value(where)
        person.writes(name, where, value)
        if clears:
            self.shadow.clear_by_hand(sheet, name, where)
        else:
            sheet.put(name, where, value)
        typed[name, where] = value

    @precondition(lambda self: self.windows)
    @rule(window=pick, act=st.sampled_from(("sort", "sort back", "delete", "insert", "type", "type below")), which=pick)
    def person_rearranges(self, window: int, act: str, which: int) -> None:
        person, sheet, typed = self.window(window)
        if act.startswith("sort"):
            person.sorts(one_of(("run_id", "notes", "params.depth"), which), descending=act == "sort back")
        elif act == "delete" and len(sheet.rows) > 1:
            name = one_of(sorted(sheet.rows), which)
            person.deletes(name)
            del sheet.rows[name]
            for place in [place for place in typed if place[0] == name]:
                del typed[place]
        elif act == "insert":
            header = self.fresh("extra ")
            person.inserts_column(header, before=one_of(COLUMNS, which))
            sheet.own.add(header)
        elif act.startswith("type") and sheet.rows and not sheet.typed:
            tag, goal = self.fresh("typed "), one_of(("planned", self.fresh("p")), which)
            (person.types if act == "type" else person.types_below)(name=tag, goal=goal)
            sheet.typed[tag] = {"name": Cell(tag, "hand"), "goal": Cell(goal, "hand")}

    @precondition(lambda self: self.windows)
    @rule(window=pick, run=pick)
    def person_adds_a_column_beside(self, window: int, run: int) -> None:
        """And saves and closes: what one does next in such a window tells the program more than the sync."""
        person, sheet, typed = self.window(window)
        if not sheet.rows:
            return
        name, header, value = one_of(sorted(sheet.rows), run), self.fresh("extra "), self.fresh("p")
        person.adds_a_column_beside(header, **{name: value})
        sheet.own.add(header)
        sheet.beside.add(header)
        sheet.put(name, header, value)
        typed[name, header] = value
        self.person_saves(window)
        del self.windows[one_of(sorted(self.windows), window)]

    @precondition(lambda self: self.windows)
    @rule(window=pick)
    def person_saves(self, window: int) -> None:
        person, sheet, typed = self.window(window)
        person.saves()
        self.shadow.file, self.outside, self.unfinished = sheet.copy(), dict(typed), None

    @rule(run=pick, column=pick)
    def some_program_changes_a_part(self, run: int, column: int) -> None:
        """A text of the saved workbook is another one, and nothing else of it."""
        sheet = self.shadow.file
        held = Counter(cell.value for row in sheet.rows.values() for cell in row.values())
        texts = [
            (name, where, cell.value)
            for name, row in sheet.rows.items()
            for where, cell in row.items()
            if where in FOR_PEOPLE and isinstance(cell.value, str) and held[cell.value] == 1
        ]
        if texts:
            name, where, old = one_of(sorted(texts), run + 12 * column)
            new = self.fresh("p")
            replace_text(self.folders.workbook, old, new)
            sheet.put(name, where, new)
            self.outside[name, where] = new
            self.unfinished = None

    @rule(is_open=st.booleans())
    def workbook_is_open_elsewhere(self, is_open: bool) -> None:
        if is_open:
            self.lock_file.write_text(",ann,host,24.11.2026 10:00,file;", "utf-8")
        else:
            self.lock_file.unlink(missing_ok=True)

    # -- people through the app ---------------------------------------------------------------------------------

    @rule(run=pick, column=pick)
    def person_edits_through_the_app(self, run: int, column: int) -> None:
        now = self.shadow.now()
        if not now.rows or self.unfinished:
            return
        name = one_of(sorted(now.rows), run)
        where = one_of(sorted({*FOR_PEOPLE, *now.own} - now.beside), column)
        value = self.fresh_value(where)
        seen = now.cell(name, where).value
        with self.syncing():
            self.shadow.wish(name, where, value, seen, True)
            assert set_cell(self.registry, "runs", (name,), where, value, seen, "ann").changed

    @rule(back=pick, all_of_it=st.booleans())
    def person_undoes(self, back: int, all_of_it: bool) -> None:
        history = list(Journal(self.folders.changes).newest_first())
        if not history or self.unfinished:
            return
        found, now = one_of(history, back % 4), self.shadow.now()
        plan = undoing(self.registry, found.id, "ann")
        old = {(e.key[0], name): cell for e in found.entries if e.table == "runs" for name, cell in e.cells.items()}
        known = len(self.shadow.wishes)
        with self.syncing():
            for change in (change for change in plan.decision.changes if change.table == "runs"):
                run = change.key[0]
                if change.new:
                    assert run not in now.rows
                    cells = {name: value for name, value in change.set.items() if name != "run_id"}
                    self.shadow.new_row(run, cells, True)
                    continue
                for where, value in change.set.items():
                    assert now.cell(run, where).value == old[run, where].new and value == old[run, where].old
                    self.shadow.wish(run, where, value, now.cell(run, where).value, True)
            try:
                undo(self.registry, found.id, "ann", what_is_unchanged=not all_of_it)
            except UndoRefusedError:
                assert all_of_it and plan.changed
                del self.shadow.wishes[known:]

    @rule(back=pick, step=st.sampled_from(("", *restoring.STEPS)))
    def person_restores(self, back: int, step: str) -> None:
        known = [path.name for path in list_versions(self.folders.versions)]
        if not known:
            return
        name = one_of(known[::-1], back)
        with self.syncing():
            if step:
                restoring.restore(self.folders, self.folders.versions / name, on_step=crash_at(step))
            else:
                restore_version(self.registry, name, "")

    # -- conflict copies ----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.copies) < 3 and not self.shadow.file.typed)
    @rule()
    def cloud_drive_makes_a_copy(self) -> None:
        path = self.folders.workbook.with_name(f"registry (conflicted copy {len(self.copies) + 1}).xlsx")
        shutil.copy2(self.folders.workbook, path)
        self.copies[path] = self.shadow.file.copy()

    @precondition(lambda self: self.copies)
    @rule(which=pick, run=pick, column=pick)
    def person_edits_a_copy(self, which: int, run: int, column: int) -> None:
        path = one_of(sorted(self.copies), which)
        sheet = self.copies[path]
        if not sheet.rows:
            return
        name = one_of(sorted(sheet.rows), run)
        where = one_of(sorted({*FOR_PEOPLE, *sheet.own}), column)
        value = self.fresh_value(where)
        person = self.opened(path)
        person.writes(name, where, value)
        person.saves()
        sheet.put(name, where, value)

    @precondition(lambda self: self.copies and not self.unfinished)
    @rule(which=pick, theirs=st.booleans())
    def person_merges_a_copy(self, which: int, theirs: bool) -> None:
        path = one_of(sorted(self.copies), which)
        stamp = read_stamp(path)
        base = self.shadow.left[stamp] if stamp else None
        now, shadow = self.shadow.now(), self.shadow
        with self.syncing():
            for run, row in self.copies[path].rows.items():
                for where, cell in row.items():
                    if run not in now.rows or (where.startswith(OWN) and where not in now.own):
                        continue
                    known = base.rows.get(run, {}).get(where, Cell()).value if base else None
                    ours = now.cell(run, where).value
                    if cell.value == known or cell.value == ours or (base is None and cell.value is None):
                        continue
                    shadow.wish(run, where, cell.value, ours if theirs or ours == known else known, True)
            merge(self.registry, path, "ann", "theirs" if theirs else "ours")

    # -- syncs --------------------------------------------------------------------------------------------------

    @rule()
    def syncs(self) -> None:
        with self.syncing(surely=True):
            self.registry.sync()

    @rule(step=st.sampled_from(syncing.STEPS))
    def sync_crashes(self, step: str) -> None:
        with self.syncing():
            syncing.sync(self.folders, on_step=crash_at(step))

    # -- what holds ---------------------------------------------------------------------------------------------

    @invariant()
    def a_reader_sees_all_that_was_done(self) -> None:
        if self.unfinished is None:
            expected = self.shadow.now()
            self.compare(self.registry.rows("runs"), expected)

    def teardown(self) -> None:
        try:
            self.lock_file.unlink(missing_ok=True)
            self.syncs()
            self.everything_is_accounted_for()
            before = self.folders.workbook.read_bytes()
            assert self.registry.sync().change_set is None
            assert self.folders.workbook.read_bytes() == before
            assert faults(self.folders.workbook) == []
            assert verify(self.folders).faults == ()
        finally:
            for writer in self.writers:
                writer.close()
            for run, _ in self.runs.values():
                run.flush()
            shutil.rmtree(self.folder)

    # -- helpers ------------------------------------------------------------------------------------------------

    def log(self, writer: int, change: Change) -> None:
        self.writers[writer % WRITERS].append(change)

    def opened(self, path: Path) -> Any:
        person = Person(path)
        person.opens()
        return person

    def window(self, number: int) -> tuple[Any, Sheet, dict[tuple[str, str], Any]]:
        return self.windows[one_of(sorted(self.windows), number)]

    def known_runs(self) -> list[str]:
        return sorted({wish.run for wish in self.shadow.wishes if wish.kind == "new" and not wish.by_person})

    def fresh(self, what: str) -> str:
        self.count += 1
        return f"{what}{self.count}"

    def fresh_value(self, column: str) -> Any:
        """What nobody has written before."""
        self.count += 1
        return self.count + 0.5 if column.startswith("metrics.") else f"p{self.count}"


def one_of(options: Sequence[T], number: int) -> T:
    return options[number % len(options)]


def crash_at(step: str) -> Callable[[str], None]:
    def on_step(reached: str) -> None:
        if reached == step:
            raise Crash

    return on_step


def replace_text(workbook: Path, old: str, new: str) -> None:
    """Another text in a part of the workbook, all other parts as they are; as a program does that knows the format."""
    temporary = workbook.with_name("patched.tmp")
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(f">{old}<".encode(), f">{new}<".encode()))
    os.replace(temporary, workbook)


def run(sequences: int, steps: int, machine: Callable[[], Machine] = Machine, chance: bool = False) -> None:
    """So many sequences of so many steps at the most; always the same ones unless left to chance."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not chance,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


class OfficeMachine(Machine):
    """The same with people who work in LibreOffice."""

    def __init__(self, office: Office) -> None:
        self.office, self.people = office, list[OfficePerson]()
        super().__init__()

    def opened(self, path: Path) -> Any:
        person = OfficePerson(path, self.office, self.folder / f"desk-{len(self.people)}")
        self.people.append(person)
        person.opens()
        return person

    def teardown(self) -> None:
        for person in self.people:
            person.closes()
        super().teardown()


def test_any_order_of_sixty_short_stories() -> None:
    run(60, 20)


@pytest.mark.slow
def test_any_order_of_two_thousand_stories() -> None:
    run(2000, 30, chance=True)


@pytest.mark.slow
def test_any_order_of_two_hundred_stories_with_libreoffice(libreoffice: Office) -> None:
    run(200, 25, partial(OfficeMachine, libreoffice), chance=True)
