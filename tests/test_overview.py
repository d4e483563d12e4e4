"""What the Overview says: the best runs, counts by day, what people did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tracker
from tracker.deciding import edits
from tracker.deciding.ticking import tick
from tracker.deciding.undo import undo
from tracker.history.timeline import events
from tracker.reading.registry import Registry
from tracker.settings import Settings
from tracker.web.overview.feed import deeds
from tracker.web.overview.later import storage
from tracker.web.reading.glance import checked_shares, glance, main_metric

TODAY = date(2026, 11, 25)
ROOT = Path(__file__).parent.parent


def runs(*rows: dict[str, object], **columns: object) -> pd.DataFrame:
    """A runs table; the first run is of today, each other one of the day before the last."""
    blank = dict.fromkeys(("run_id", "name", "experiment", "status", "owner", "checklist"))
    frame = pd.DataFrame([{**blank, **row} for row in rows], columns=[*blank, *columns] if not rows else None)
    days = [TODAY - timedelta(days=place) for place in range(len(frame))]
    frame["start_time"] = pd.to_datetime([datetime(d.year, d.month, d.day, 12) for d in days], utc=True)
    return frame


def run(
    name: str, experiment: str | None = "churn", status: str | None = "FINISHED", **metrics: float
) -> dict[str, object]:
    return {
        "run_id": f"id-{name}",
        "name": name,
        "experiment": experiment,
        "status": status,
        **{f"metrics.{metric}": value for metric, value in metrics.items()},
    }


def test_the_best_run_is_the_highest_or_the_lowest_as_the_metric_says() -> None:
    table = runs(
        run("a", auc=0.8), run("b", auc=0.9), run("c", "wine", rmse=2.0), run("d", "wine", rmse=1.0), run("e", None)
    )
    found = {one.name: one for one in glance(table, Settings(), TODAY).experiments}
    assert {name: (one.best.name, one.best.value, one.lowest) for name, one in found.items() if one.best} == {
        "churn": ("b", 0.9, False),
        "wine": ("d", 1.0, True),
    }


def test_runs_that_failed_or_are_planned_are_not_the_best() -> None:
    table = runs(run("a", auc=0.8), run("b", status="FAILED", auc=0.99), run("c", status="PLANNED", auc=0.98))
    (one,) = glance(table, Settings(), TODAY).experiments
    assert one.best and one.best.name == "a" and one.runs == 3


def test_the_main_metric_is_the_one_of_the_settings_else_the_most_frequent() -> None:
    there = [("loss", 3), ("auc", 5), ("f1", 5)]
    assert main_metric(there, Settings()) == "auc"
    assert main_metric(there, Settings({"metrics.main": "accuracy, F*"})) == "f1"
    assert main_metric(there, Settings({"metrics.main": "accuracy"})) == "auc"
    assert main_metric([("auc", 0)], Settings()) == ""


def test_an_experiment_without_metrics_or_dates_is_listed_all_the_same() -> None:
    table = runs(run("a"), run("b", "wine"))
    table.loc[1, "start_time"] = pd.NaT
    seen = glance(table, Settings(), TODAY)
    assert [(one.name, one.best, one.last is None) for one in seen.experiments] == [
        ("churn", None, False),
        ("wine", None, True),
    ]
    assert [one.name for one in seen.newest] == ["a"]


def test_runs_are_counted_by_day_and_what_runs_is_named() -> None:
    table = runs(
        *(run(str(place), status="FAILED" if place == 1 else "FINISHED") for place in range(9)),
        run("z", status="RUNNING"),
    )
    seen = glance(table, Settings(), TODAY)
    assert (seen.runs, seen.week, seen.failed) == (10, 7, 1)
    assert [one.name for one in seen.running] == ["z"]
    assert [one.name for one in seen.newest] == list("01234567")


def test_moved_runs_and_blank_rows_do_not_count() -> None:
    table = runs(run("a"), run("b", status="MOVED"), {"owner": "typed by slip"})
    assert glance(table, Settings(), TODAY).runs == 1


def test_checklists_are_averaged_over_runs_that_have_one() -> None:
    table = runs(run("a"), run("b"), run("c"), run("d", "wine"))
    table["checklist"] = ["9 of 9", "3 of 9", None, "see notes"]
    seen = glance(table, Settings(), TODAY)
    assert (seen.judged, seen.complete, seen.done) == (2, 1, pytest.approx(2 / 3))
    assert [one.done for one in seen.experiments] == [pytest.approx(2 / 3), None]


def test_an_empty_registry_is_seen_as_such(registry_path: Path) -> None:
    seen = glance(Registry(registry_path).runs(), Settings(), TODAY)
    assert (seen.runs, seen.experiments, seen.newest, seen.done) == (0, (), (), None)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.floats(-1e9, 1e9), st.booleans()), min_size=1))
def test_no_run_of_an_experiment_is_better_than_its_best(rows: list[tuple[str, float | None, bool]]) -> None:
    table = runs(*(
        run(str(place), experiment, "FAILED" if failed else "FINISHED", auc=float("nan") if value is None else value)
        for place, (experiment, value, failed) in enumerate(rows)
    ))  # fmt: skip
    for one in glance(table, Settings(), TODAY).experiments:
        values = [
            value for experiment, value, failed in rows if experiment == one.name and value is not None and not failed
        ]
        assert (one.best.value if one.best else None) == max(values, default=None)


def test_shares_are_read_from_tallies_alone() -> None:
    shares = checked_shares(pd.Series(["1 of 4", "0 of 0", "all", None, 7]))
    assert shares[0] == 0.25 and shares[1:].isna().all()


def test_storage_adds_up_what_has_bytes() -> None:
    table = pd.DataFrame({"status": ["stored", "trash", "deleted", None], "size": [10.0, 5.0, 100.0, None]})
    found = storage(table)
    assert (found.versions, found.size, found.trash) == (2, 15, 1)


# -- what people did ----------------------------------------------------------------------------------------------


@pytest.fixture
def used(registry_path: Path) -> Registry:
    """A registry with two runs on which people worked."""
    for name in ("forest", "boosting"):
        with tracker.start_run(registry_path, experiment="churn", name=name) as logged:
            logged.log_metric("auc", 0.8)
    return Registry(registry_path)


def told(registry: Registry) -> list[tuple[str, str]]:
    table = registry.runs()
    names = dict(zip(table["run_id"], table["name"], strict=True))
    return [(one.who, one.what) for one in deeds(events(registry.folders), names)]


def test_what_scripts_log_is_no_deed_of_people(used: Registry) -> None:
    assert told(used) == []


def test_each_deed_is_a_sentence_and_the_same_to_several_rows_is_told_once(used: Registry) -> None:
    edits.set_note(used, "forest", "good", None, "ann")
    assert told(used) == [("ann", "changed notes of run forest")]
    edits.set_note(used, "boosting", "better", None, "ann")
    tick(used, "forest", "model file", "waived", "ben", why="one run only")
    assert told(used) == [
        ("ben", "set checklist item model file of forest to waived"),
        ("ann", "changed notes of 2 runs"),
    ]


def test_what_was_done_for_another_reason_is_told_by_itself(used: Registry) -> None:
    used.sync()
    edits.set_note(used, "forest", "good", None, "ann")
    used.sync()
    change = next(events(used.folders)).id
    undo(used, change, "ann")
    edits.set_note(used, "boosting", "better", None, "ann")
    assert told(used) == [
        ("ann", "changed notes of 2 runs"),
        ("ann", f"undo of change set {int(change[:6])}: run forest"),
    ]


def test_deeds_come_with_their_time_and_no_more_than_asked_for(used: Registry) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    edits.set_note(used, "forest", "good", None, "ann")
    edits.set_note(used, "forest", "better", "good", "ben")
    (one,) = deeds(events(used.folders), {}, most=1)
    assert one.who == "ben" and before < one.when < datetime.now(UTC)
