"""Who wins: scripts overwrite only what scripts wrote, people's cells stay, and applying twice is applying once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.journal.incoming import Incoming
from tracker.journal.merge import Plan, plan
from tracker.journal.overlay import overlay
from tracker.model import CellChange, Change, ChangeSet, Entry, Key
from tracker.settings import Settings
from tracker.workbook import TableRows

COLUMNS = ("run_id", "name", "status", "notes", "params.x", "my column")


def runs(*rows: tuple[Any, ...], columns: tuple[str, ...] = COLUMNS) -> dict[str, TableRows]:
    filled = [list(row) + [None] * (len(columns) - len(row)) for row in rows]
    table = TableRows("runs", "runs", f"A1:F{len(rows) + 1}", columns, filled, list(range(2, len(rows) + 2)))
    settings = TableRows("settings", "settings", "A1:C1", ("name", "value", "help"), [], [])
    return {"runs": table, "settings": settings}


def no_history(table: str, key: Key, column: str) -> Entry | None:
    return None


def set_x(
    value: Any, *, was: Any = None, time: float = 1.0, key: str = "r1", new: bool = False, by: Any = "script"
) -> Change:
    return Change("runs", (key,), {"params.x": value}, {} if was is None else {"params.x": was}, new, time, "me", by)


def decide(tables: dict[str, TableRows], *changes: Change, history: Any = no_history, replay: Any = ()) -> Plan:
    return plan(tables, Incoming(tuple(replay), (), changes), Settings(), history)


def scripted(value: Any, time: float = 0.5, by: Any = "script") -> Any:
    return lambda table, key, column: Entry(table, key, {column: CellChange(None, value)}, time=time, by=by)


def test_a_new_row_is_appended_with_its_key() -> None:
    decided = decide(runs(), set_x(1, new=True))
    assert decided.tables["runs"].appends == [{"run_id": "r1", "params.x": 1}]
    assert decided.entries[0].new


def test_a_blank_cell_is_set() -> None:
    assert decide(runs(("r1",)), set_x(1)).tables["runs"].updates == {0: {"params.x": 1}}


def test_what_the_writer_wrote_before_is_overwritten() -> None:
    decided = decide(runs(("r1", None, None, None, 1)), set_x(2, was=1))
    assert decided.tables["runs"].updates == {0: {"params.x": 2}} and not decided.conflicts


def test_what_libreoffice_rounded_is_still_what_the_writer_wrote() -> None:
    rounded = 0.142857142857143
    assert not decide(runs(("r1", None, None, None, rounded)), set_x(2, was=1 / 7)).conflicts


@pytest.mark.parametrize("current", [9, None, "text"])
def test_a_person_who_changed_or_cleared_a_cell_wins(current: Any) -> None:
    decided = decide(runs(("r1", None, None, None, current)), set_x(2, was=1), history=scripted(1))
    assert not decided.tables
    (conflict,) = decided.conflicts
    assert (conflict.kept, conflict.dropped, conflict.reason) == (current, 2, "person")


def test_a_value_of_another_script_is_overwritten_only_by_a_later_one() -> None:
    tables = runs(("r1", None, None, None, 5))
    assert decide(tables, set_x(6, time=2.0), history=scripted(5, 1.0)).tables["runs"].updates
    (conflict,) = decide(tables, set_x(6, time=0.5), history=scripted(5, 1.0)).conflicts
    assert conflict.reason == "later script"


def test_a_value_that_a_person_set_through_the_app_counts_as_a_persons() -> None:
    decided = decide(runs(("r1", None, None, None, 5)), set_x(6, time=2.0), history=scripted(5, 1.0, by="person"))
    assert decided.conflicts[0].reason == "person"


def test_a_person_through_the_app_overwrites_only_what_they_saw() -> None:
    tables = runs(("r1", None, None, None, 5))
    assert decide(tables, set_x(6, was=5, by="person")).tables["runs"].updates
    assert decide(tables, set_x(6, was=4, by="person")).conflicts


def test_a_formula_is_never_overwritten() -> None:
    tables = runs(("r1", None, None, None, 5))
    tables["runs"].formulas.add((0, 4))
    assert decide(tables, set_x(6, was=5)).conflicts[0].reason == "person"


def test_a_row_that_a_person_deleted_stays_deleted() -> None:
    decided = decide(runs(("other",)), set_x(1), history=scripted(5))
    assert not decided.tables and decided.conflicts[0].reason == "deleted row"


def test_a_change_of_a_row_that_nobody_made_yet_waits_for_it() -> None:
    decided = decide(runs(("other",)), set_x(1))
    assert not decided.tables and not decided.conflicts
    assert [change.set for change in decided.deferred] == [{"params.x": 1}]
    tables = runs(("other",))
    row = Change("runs", ("r1",), {"name": "late"}, new=True, time=0.5)
    decided = plan(tables, Incoming((), tuple(decided.deferred), (row,)), Settings(), no_history)
    assert decided.tables["runs"].appends == [{"run_id": "r1", "params.x": 1, "name": "late"}]


def test_all_that_is_wanted_of_a_row_that_nobody_made_yet_waits_for_it() -> None:
    early = set_x(1, time=1.0, by="person"), set_x(2, time=2.0)
    decided = decide(runs(("other",)), *early)
    assert [(change.set["params.x"], change.by) for change in decided.deferred] == [(1, "person"), (2, "script")]
    row = Change("runs", ("r1",), {"name": "late"}, new=True, time=0.5)
    late = plan(runs(("other",)), Incoming((), tuple(decided.deferred), (row,)), Settings(), no_history)
    assert late.tables["runs"].appends == [{"run_id": "r1", "params.x": 1, "name": "late"}]
    assert [(one.kept, one.dropped) for one in late.conflicts] == [(1, 2)]


def test_of_several_changes_of_a_cell_each_is_decided_on_what_the_ones_before_it_leave() -> None:
    """Another script's value goes over the first one's; a person saw that, and sets the cell."""
    changes = set_x(2, time=1.0), set_x(3, was=2, time=2.0, by="person")
    decided = decide(runs(("r1", None, None, None, 1)), *changes, history=scripted(1))
    assert decided.tables["runs"].updates == {0: {"params.x": 3}} and not decided.conflicts


def test_the_history_of_a_cell_is_asked_once_however_many_values_a_person_keeps_out() -> None:
    asked = []

    def history(table: str, key: Key, column: str) -> Entry | None:
        asked.append((key, column))
        return None

    decided = decide(
        runs(("r1", None, None, None, 9)), *(set_x(value, was=value - 1) for value in range(2, 9)), history=history
    )
    assert [(one.kept, one.dropped) for one in decided.conflicts] == [(9, 8)]
    assert asked == [(("r1",), "params.x")]


def test_a_scripts_value_that_a_waiting_decision_of_a_persons_keeps_out_is_a_conflict() -> None:
    decided = decide(runs(("r1",)), set_x(1, time=1.0, by="person"), set_x(2, time=2.0))
    assert decided.tables["runs"].updates == {0: {"params.x": 1}}
    assert [(one.kept, one.dropped, one.reason) for one in decided.conflicts] == [(1, 2, "person")]


def test_a_scripts_value_that_a_person_did_not_see_and_decided_over_is_a_conflict() -> None:
    decided = decide(runs(("r1",)), set_x(1, time=1.0), set_x(2, was=7, time=2.0, by="person"))
    assert decided.tables["runs"].updates == {0: {"params.x": 2}}
    assert [(one.kept, one.dropped) for one in decided.conflicts] == [(2, 1)]


def test_a_scripts_value_that_a_person_saw_and_decided_over_is_none_though_it_comes_later() -> None:
    """The metrics of a run are summed up when they are read, so they may come after who saw them."""
    decided = decide(runs(("r1",)), set_x(2, was=1, time=1.0, by="person"), set_x(1, time=2.0), history=scripted(None))
    assert decided.tables["runs"].updates == {0: {"params.x": 2}} and not decided.conflicts


def test_a_change_of_a_row_that_is_gone_does_not_wait_for_it_in_an_older_copy() -> None:
    """A restore took the row away, a script set a cell of it all the same; the copy is from before there was a row."""
    gone = Entry("runs", ("r1",), {"params.x": CellChange(1, None)}, time=1.0, by="person", removed=True)
    late = Entry("runs", ("r1",), {"params.x": CellChange(1, 2)}, time=2.0)
    lost = ChangeSet((), 1.0, "", "", (gone,), id="a"), ChangeSet(("a",), 2.0, "", "", (late,), id="b")
    decided = plan(runs(("other",)), Incoming(lost), Settings(), no_history)
    assert not decided.deferred and [(one.dropped, one.reason) for one in decided.conflicts] == [(2, "deleted row")]


def decided_before(old: Any, new: Any, parents: tuple[str, ...] = ()) -> ChangeSet:
    """A change set in which a person set the cell through the app."""
    entry = Entry("runs", ("r1",), {"params.x": CellChange(old, new)}, time=2.0, by="person")
    return ChangeSet(parents, 2.0, "ann", "person", (entry,), number=2, id="000002-0123456789abcdef")


def test_an_older_copy_gets_a_persons_decision_back_whatever_it_replaced() -> None:
    """Somebody typed 9 over the script's 5, a decision made it 7; the copy is from before all that."""
    tables = runs(("r1", None, None, None, 5))
    lost = Incoming((decided_before(9, 7),))
    decided = plan(tables, lost, Settings(), scripted(5))
    assert decided.tables["runs"].updates == {0: {"params.x": 7}} and not decided.conflicts


def test_a_decision_of_another_branch_does_not_go_over_ours() -> None:
    tables = runs(("r1", None, None, None, 5))
    other = Incoming((decided_before(None, 7),), forked=True)
    decided = plan(tables, other, Settings(), scripted(5, by="person"))
    assert not decided.tables and [(one.kept, one.dropped) for one in decided.conflicts] == [(5, 7)]


def test_a_change_replaces_what_was_decided_last_which_an_older_copy_does_not_hold() -> None:
    """A decision blanked the 3, somebody saved the copy with the 3 again, a script that expects a blank logs 4."""
    lost = Incoming((decided_before(3, None),), changes=(set_x(4, time=3.0),))
    decided = plan(runs(("r1", None, None, None, 3)), lost, Settings(), scripted(3, by="person"))
    assert decided.tables["runs"].updates == {0: {"params.x": 4}}
    assert [dict(entry.cells) for entry in decided.entries] == [{"params.x": CellChange(None, 4)}]
    again = Incoming((*lost.replay, ChangeSet(("a",), 3.0, "", "", tuple(decided.entries), id="b")))
    decided = plan(runs(("r1", None, None, None, 3)), again, Settings(), scripted(3, by="person"))
    assert decided.tables["runs"].updates == {0: {"params.x": 4}} and not decided.conflicts


def test_a_cell_that_is_blanked_in_a_row_that_comes_back_stays_blank() -> None:
    """A copy without the row was saved, and an undo of what made the row waits."""
    made = Entry("runs", ("r1",), {"params.x": CellChange(None, 5)}, new=True, time=1.0)
    lost = ChangeSet((), 1.0, "", "", (made,), number=1, id="a")
    undone = set_x(None, was=5, time=2.0, by="person")
    decided = plan(runs(), Incoming((lost,), changes=(undone,)), Settings(), no_history)
    assert decided.tables["runs"].appends == [{"run_id": "r1"}]
    again = lost, ChangeSet(("a",), 2.0, "", "", tuple(decided.entries), number=2, id="b")
    decided = plan(runs(), Incoming(again), Settings(), no_history)
    assert decided.tables["runs"].appends == [{"run_id": "r1"}]


def test_what_a_change_set_says_already_is_not_said_again() -> None:
    lost = Incoming((decided_before(3, 5),), changes=(set_x(5, was=3, time=3.0, by="person"),))
    decided = plan(runs(("r1", None, None, None, 3)), lost, Settings(), scripted(3))
    assert decided.tables["runs"].updates == {0: {"params.x": 5}} and not decided.entries


def test_a_value_that_only_an_older_copy_holds_already_is_in_the_history_too() -> None:
    """Somebody saved a copy from before 3 became 5; a person makes it 3 again."""
    lost = Incoming((decided_before(3, 5),), changes=(set_x(3, was=5, time=3.0, by="person"),))
    decided = plan(runs(("r1", None, None, None, 3)), lost, Settings(), scripted(3))
    assert [dict(entry.cells) for entry in decided.entries] == [{"params.x": CellChange(5, 3)}]
    assert not any(plan.updates.get(0) for plan in decided.tables.values())


def test_several_changes_of_one_cell_are_one() -> None:
    decided = decide(runs(("r1",)), set_x(1), set_x(2, was=1), set_x(3, was=2))
    assert decided.tables["runs"].updates == {0: {"params.x": 3}} and len(decided.entries) == 1


def test_a_missing_column_of_ours_is_a_conflict_and_the_rest_goes_on() -> None:
    tables = runs(("r1",), columns=("run_id", "name"))
    decided = decide(tables, Change("runs", ("r1",), {"host": "h", "name": "n"}))
    assert decided.tables["runs"].updates == {0: {"name": "n"}}
    assert decided.conflicts[0].reason == "no column"


def test_a_missing_table_is_a_conflict() -> None:
    assert decide(runs(), Change("lineage", ("r", "input", "a:v1"), {}, new=True)).conflicts == []
    assert decide(runs(), Change("models", ("m", "1"), {"stage": "x"}, new=True)).conflicts[0].reason == "no table"


def test_new_params_become_columns_and_case_does_not_mix_them() -> None:
    decided = decide(runs(("r1",)), Change("runs", ("r1",), {"params.X": 1, "metrics.auc": 2, "metrics.AUC": 3}))
    assert decided.tables["runs"].columns == ["params.X_2", "metrics.auc", "metrics.AUC_2"]
    assert decided.tables["runs"].updates[0] == {"params.X_2": 1, "metrics.auc": 2, "metrics.AUC_2": 3}
    names = {append["name"]: append["value"] for append in decided.tables["settings"].appends}
    assert names == {"column.runs.params.X": "params.X_2", "column.runs.metrics.AUC": "metrics.AUC_2"}


def test_a_renamed_column_is_found_by_the_settings() -> None:
    tables = runs(("r1",), columns=("run_id", "wie viel"))
    settings = Settings({"column.runs.params.x": "wie viel"})
    decided = plan(tables, Incoming(changes=(set_x(1),)), settings, no_history)
    assert decided.tables["runs"].updates == {0: {"wie viel": 1}} and not decided.tables["runs"].columns


def test_a_text_that_no_cell_holds_waits() -> None:
    decided = decide(runs(("r1",)), Change("runs", ("r1",), {"notes": "x" * 32_768, "name": "n"}))
    assert decided.tables["runs"].updates == {0: {"name": "n"}}
    assert decided.deferred[0].set == {"notes": "x" * 32_768} and decided.too_long[0][1:] == ("notes", 32_768)


def test_a_row_that_a_person_typed_gets_its_key_back() -> None:
    typed = Entry(
        "runs", ("r9",), {"name": CellChange("mine", "mine"), "run_id": CellChange(None, "r9")}, typed=True, by="person"
    )
    lost = ChangeSet((), 1.0, "", "sync", (typed,), id="000001-0123456789abcdef", number=1)
    tables = runs((None, "theirs"), (None, "mine"))
    keyless = {index: tables["runs"].row(index) for index in (0, 1)}
    decided = plan(tables, Incoming((lost,)), Settings(), no_history, keyless)
    assert decided.tables["runs"].updates == {1: {"run_id": "r9"}} and not decided.tables["runs"].appends


def test_a_key_does_not_go_to_another_row_that_a_person_typed() -> None:
    """Two planned runs with one goal: the copy that was saved has only the second."""
    cells = {
        "name": CellChange("mine", "mine"),
        "notes": CellChange("planned", "planned"),
        "run_id": CellChange(None, "r9"),
    }
    typed = Entry("runs", ("r9",), cells, typed=True, by="person")
    lost = ChangeSet((), 1.0, "", "sync", (typed,), id="000001-0123456789abcdef", number=1)
    tables = runs((None, "theirs", None, "planned"))
    decided = plan(tables, Incoming((lost,)), Settings(), no_history, {0: tables["runs"].row(0)})
    assert decided.tables["runs"].appends == [{"run_id": "r9", "name": "mine", "notes": "planned"}]
    assert not decided.tables["runs"].updates


# -- for all of them ----------------------------------------------------------------------------------------------

CELLS = st.sampled_from([None, 1, 2, 3])
CHANGES = st.lists(
    st.builds(
        lambda key, value, was, time: set_x(value, was=was, time=float(time), key=key, new=True),
        st.sampled_from(["r1", "r2", "r3"]),
        st.sampled_from([1, 2, 3]),
        CELLS,
        st.integers(1, 9),
    ),
    max_size=8,
)


@given(st.lists(CELLS, max_size=3), CHANGES)
def test_applying_twice_is_applying_once(current: list[Any], changes: list[Change]) -> None:
    tables = runs(*((f"old{index + 1}", None, None, None, value) for index, value in enumerate(current)))
    lookup = Incoming(changes=tuple(changes))
    once = overlay(tables, lookup, Settings(), no_history)
    entries = tuple(plan(tables, lookup, Settings(), no_history).entries)
    again = overlay(once, Incoming((ChangeSet((), 1.0, "", "", entries),)), Settings(), no_history)
    assert again["runs"].rows == once["runs"].rows


@given(st.lists(CELLS, min_size=1, max_size=3), CHANGES)
def test_no_value_disappears(current: list[Any], changes: list[Change]) -> None:
    """Every change is in a cell, followed by a later one for the cell, or kept as a conflict."""
    tables = runs(*((f"old{index + 1}", None, None, None, value) for index, value in enumerate(current)))
    decided = decide(tables, *changes)
    after = overlay(tables, Incoming(changes=tuple(changes)), Settings(), no_history)["runs"]
    assert [row[4] for row in after.rows[: len(current)]] == current
    for key in {change.key for change in changes}:
        last = [change.set["params.x"] for change in changes if change.key == key][-1]
        held = [row[4] for row in after.rows if row[0] == key[0]]
        assert held == [last] or last in [conflict.dropped for conflict in decided.conflicts]


def test_a_column_of_a_later_version_is_added_and_one_that_a_person_took_away_is_not() -> None:
    columns = ("artifact", "Status", "status_why")
    artifacts = TableRows("artifacts", "artifacts", "A1:C2", columns, [["m:v1", "stored", None]], [2])
    tables = {**runs(), "artifacts": artifacts}
    cells = {"status": "deleted", "status_why": "scratch, 30 days", "status_by": "me", "notes": "gone"}
    decided = decide(tables, Change("artifacts", ("m:v1",), cells, {"status": "stored"}))
    assert decided.tables["artifacts"].columns == ["status_by"]
    done = {"Status": "deleted", "status_why": "scratch, 30 days", "status_by": "me"}
    assert decided.tables["artifacts"].updates == {0: done}
    assert [(conflict.column, conflict.reason) for conflict in decided.conflicts] == [("notes", "no column")]
