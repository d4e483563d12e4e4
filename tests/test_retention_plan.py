"""Which versions a plan takes and which it leaves: classes, triggers, exemptions, bytes. Thousands of registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.deciding.models import ModelVersion
from tracker.errors import ArtifactNotFoundError, BadRequestError, PlanChangedError
from tracker.reading.classes import class_of, read_class, read_classes
from tracker.retention.carry_out import refuse_other
from tracker.retention.due import due
from tracker.retention.inventory import Inventory, Piece, Run, Version
from tracker.retention.plan import Plan, plan_chosen, plan_purge, plan_retention
from tracker.retention.report import forecast, measure
from tracker.schema import RETENTION_TRIGGERS, STAGES
from tracker.store import Stored, StoredFile

NOW = datetime(2027, 6, 1, 12)
DAY = timedelta(days=1)


def stored(artifact: str, state: str, since: datetime | None = None) -> Stored:
    name, _, number = artifact.rpartition(":v")
    return Stored(
        name=name,
        version=int(number),
        sha256="0" * 64,
        size=10,
        folder=False,
        category="model",
        kind="",
        run_id="",
        created=NOW,
        created_by="ds1",
        files=(StoredFile("file", 10, "0" * 64),),
        path=Path("file"),
        state=state,  # type: ignore[arg-type]
        since=since.isoformat() if since else "",
        why="the rule",
    )


def version(artifact: str, days_old: float = 400, **facts: Any) -> Version:
    """A version with ten bytes of its own."""
    name, _, number = artifact.rpartition(":v")
    state, since = facts.get("state", "stored"), facts.get("since")
    usual: dict[str, Any] = {
        "created": NOW - timedelta(days=days_old),
        "size": 10,
        "pieces": (Piece(artifact, 10),) if state in ("stored", "trash", "archived") else (),
        "stored": stored(artifact, state, since),
        "row": {},
        "own_class": "scratch",
    }
    return Version(artifact, name, int(number), **{**usual, **facts})


def classes(*rows: Mapping[str, Any]) -> Any:
    return read_classes([{"class": "scratch", "keep_days": 30, "trigger": "created", "action": "trash"}, *rows])


def inventory(*versions: Version, **facts: Any) -> Inventory:
    return Inventory(**{"versions": {one.artifact: one for one in versions}, "classes": classes(), **facts})


def planned(one: Inventory) -> list[str]:
    return [item.artifact for item in plan_retention(one, NOW).items]


def reasons(one: Inventory) -> dict[str, str]:
    return {exempt.artifact: "; ".join(exempt.reasons) for exempt in plan_retention(one, NOW).exempt}


# -- classes ------------------------------------------------------------------------------------------------------


def test_its_own_cell_counts_before_names_and_names_before_categories() -> None:
    rows = (
        {"class": "by category", "category": "model"},
        {"class": "by name", "pattern": "churn-*, other"},
        {"class": "mine"},
    )
    found = read_classes(rows)
    for own, name, expected in (
        ("mine", "churn-model", "mine"),
        ("MINE", "churn-model", "mine"),
        ("", "Churn-model", "by name"),
        ("", "digits", "by category"),
    ):
        one, _ = class_of(found, own, name, "Model")
        assert one is not None and one.name == expected
    assert class_of(found, "", "digits", "code") == (None, "it has no retention class")
    assert class_of(found, "min", "churn-model", "model") == (None, "its class 'min' is not in the retention table")


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        ({"keep_days": "soon"}, "keep_days"),
        ({"keep_days": -1}, "keep_days"),
        ({"keep_days": 1e12}, "keep_days"),
        ({"keep_days": True}, "keep_days"),
        ({"keep_last": "all"}, "keep_last"),
        ({"trigger": "whenever"}, "trigger"),
        ({"action": "burn"}, "action"),
    ],
)
def test_a_class_with_nonsense_in_a_cell_keeps_everything(cell: dict[str, Any], column: str) -> None:
    row = {"class": "scratch", "keep_days": 30, **cell}
    assert [name for name, _ in read_class(row).faults] == [column]
    one = inventory(version("a:v1"), classes=read_classes([row]))
    assert planned(one) == [] and f"{column} of class scratch cannot be read" in due(one, one.versions["a:v1"]).why


def test_a_class_that_stands_twice_keeps_everything() -> None:
    one = inventory(version("a:v1"), classes=classes({"class": "Scratch", "keep_days": 1}))
    assert planned(one) == []


# -- triggers -----------------------------------------------------------------------------------------------------


def test_the_days_count_from_the_trigger_of_the_class() -> None:
    rows = [
        {"class": trigger, "keep_days": 100, "trigger": trigger, "action": "trash"} for trigger in RETENTION_TRIGGERS
    ]
    retired = ModelVersion("m", 1, "d:v1", stage="retired", promoted_at=NOW - 30 * DAY)
    one = inventory(
        version("a:v1", 101, own_class="created"),
        version("b:v1", 400, own_class="last used"),
        version("c:v1", 400, own_class="superseded"),
        version("c:v2", 20, own_class="superseded"),
        version("d:v1", 400, own_class="model retired"),
        version("e:v1", 400, own_class="model retired"),
        classes=read_classes(rows),
        inputs=[("r", "b:v1", NOW - 10 * DAY), ("r", "b:v1", NOW - 50 * DAY)],
        models=[retired],
    )
    whens = {artifact: due(one, found).when for artifact, found in one.versions.items()}
    assert whens == {
        "a:v1": NOW - DAY,
        "b:v1": NOW + 90 * DAY,
        "c:v1": NOW + 80 * DAY,
        "c:v2": None,
        "d:v1": NOW + 70 * DAY,
        "e:v1": None,
    }
    assert planned(one) == ["a:v1"]
    assert (
        plan_retention(one, NOW).items[0].reason
        == f"created: 100 days after it was created ({NOW - 101 * DAY:%Y-%m-%d})"
    )


def test_what_was_brought_back_has_its_days_once_more() -> None:
    assert planned(inventory(version("a:v1", since=NOW - 10 * DAY))) == []
    assert planned(inventory(version("a:v1", since=NOW - 31 * DAY))) == ["a:v1"]


def test_the_newest_of_a_name_stay_whatever_their_age() -> None:
    one = inventory(
        *(version(f"a:v{number}", state="trash" if number == 4 else "stored") for number in range(1, 6)),
        classes=read_classes([{"class": "scratch", "keep_days": 30, "keep_last": 2}]),
    )
    assert planned(one) == ["a:v1", "a:v2"]
    assert reasons(one)["a:v3"] == "one of the newest 2 of a, which class scratch keeps"


def test_a_date_that_is_not_known_or_beyond_the_calendar_is_no_date() -> None:
    forever = read_classes([{"class": "scratch", "keep_days": 365_000}])
    late = replace(version("b:v1"), created=datetime(9999, 1, 1))
    assert planned(inventory(version("a:v1", created=None), late, classes=forever)) == []


# -- exemptions ---------------------------------------------------------------------------------------------------


def test_what_is_exempt_says_why() -> None:
    one = inventory(
        version("held:v1", hold=True, hold_reason="audit", held_by="ds2"),
        version("aliased:v1", aliases=("champion",)),
        version("registered:v1"),
        version("retired:v1"),
        version("features:v1"),
        version("raw:v1"),
        version("read by nobody:v1"),
        version("running:v1"),
        version("elsewhere:v1", state="referenced"),
        version("lost:v1", stored=None, pieces=()),
        version("doubled:v1", twice=True),
        models=[
            ModelVersion("churn", 1, "registered:v1", stage="candidate"),
            ModelVersion("churn", 2, "retired:v1", stage="retired", promoted_at=NOW - 300 * DAY),
        ],
        runs={"r1": Run("r1", "trains", status="FINISHED"), "r3": Run("r3", "now", status="RUNNING")},
        inputs=[
            ("r1", "features:v1", NOW),
            ("r2", "raw:v1", NOW),
            ("r3", "running:v1", NOW),
            ("r4", "retired:v1", NOW),
        ],
        outputs=[("r1", "registered:v1"), ("r2", "features:v1")],
    )
    assert planned(one) == ["read by nobody:v1", "retired:v1"]
    assert reasons(one) == {
        "held:v1": "on hold by ds2: audit",
        "aliased:v1": "aliased: champion",
        "registered:v1": "registered: churn v1 (candidate)",
        "features:v1": "input of run trains, which made registered:v1",
        "raw:v1": "input of run r2, which made features:v1",
        "running:v1": "input of run now, which is running",
        "elsewhere:v1": "only referred to: its data are not Tracker's to delete",
        "lost:v1": "the store has no files of it",
        "doubled:v1": "its key stands in two rows",
    }


def test_what_shares_files_with_a_kept_version_stays_and_so_does_what_shares_with_that() -> None:
    chain = [
        version("a:v1", pieces=(Piece(1, 5), Piece("x", 1))),
        version("a:v2", pieces=(Piece(1, 5), Piece(2, 5))),
        version("a:v3", pieces=(Piece(2, 5), Piece(3, 5)), hold=True),
        version("a:v4", pieces=(Piece(4, 5),)),
    ]
    one = inventory(*chain)
    assert planned(one) == ["a:v4"]
    assert reasons(one)["a:v2"] == "shares files with a:v3, which is kept"
    assert reasons(one)["a:v1"] == "shares files with a:v2, which is kept"


def test_versions_that_share_with_each_other_only_go_together_and_shared_bytes_count_once() -> None:
    one = inventory(version("a:v1", pieces=(Piece(1, 5), Piece(2, 1))), version("a:v2", pieces=(Piece(1, 5),)))
    plan = plan_retention(one, NOW)
    assert [item.artifact for item in plan.items] == ["a:v1", "a:v2"]
    assert plan.freed == 6 and plan.size == 20
    assert planned(one) and plan_retention(one, NOW, only={"a:v1"}).items == ()


def test_bytes_with_a_name_that_tracker_does_not_know_of_are_not_freed() -> None:
    assert plan_retention(inventory(version("a:v1", pieces=(Piece(1, 5, pinned=True),))), NOW).freed == 0


def test_archiving_needs_an_archive_and_is_done_once() -> None:
    rows = read_classes([{"class": "scratch", "keep_days": 30, "action": "archive"}])
    one = inventory(version("a:v1"), version("b:v1", state="archived"), classes=rows)
    assert planned(one) == []
    assert "set artifacts.archive" in reasons(one)["a:v1"] and "b:v1" not in reasons(one)
    with_one = replace(one, archive="/archive")
    assert [(item.action, item.artifact, item.to) for item in plan_retention(with_one, NOW).items] == [
        ("archive", "a:v1", "/archive")
    ]


# -- purge and choice -----------------------------------------------------------------------------------------------


def test_the_trash_is_kept_for_its_days_and_holds_count_in_it_too() -> None:
    one = inventory(
        version("a:v1", state="trash", since=NOW - 15 * DAY),
        version("b:v1", state="trash", since=NOW - 13 * DAY),
        version("c:v1", state="trash", since=NOW - 15 * DAY, hold=True),
        version("d:v1", state="trash"),
    )
    plan = plan_purge(one, NOW)
    assert [item.artifact for item in plan.items] == ["a:v1"] and plan.items[0].reason == "the rule"
    assert [(exempt.artifact, exempt.reasons) for exempt in plan.exempt] == [("c:v1", ("on hold",))]


def test_by_hand_the_trash_takes_nothing_that_is_exempt_and_says_so() -> None:
    one = inventory(version("a:v1"), version("b:v1", aliases=("best",)), version("c:v1", state="trash"))
    plan = plan_chosen(one, "trash", ["a:v1", "b:v1", "c:v1"], "no use", "ds1")
    assert [(item.artifact, item.reason) for item in plan.items] == [("a:v1", "chosen by ds1: no use")]
    assert [exempt.reasons[0] for exempt in plan.exempt] == ["aliased: best", "it is in the trash"]


def test_by_hand_what_shares_files_may_go_and_frees_only_its_own() -> None:
    one = inventory(version("a:v1", pieces=(Piece(1, 5), Piece(2, 1))), version("a:v2", pieces=(Piece(1, 5),)))
    assert plan_chosen(one, "trash", ["a:v1"], "no use", "ds1").freed == 1


def test_choosing_needs_a_version_that_is_there_and_a_reason() -> None:
    one = inventory(version("a:v1"))
    with pytest.raises(ArtifactNotFoundError):
        plan_chosen(one, "trash", ["a:v2"], "no use", "ds1")
    for action, chosen, why, match in (
        ("trash", ["a:v1"], " ", "reason"),
        ("trash", [], "no use", "No artifact"),
        ("archive", ["a:v1"], "old", r"artifacts\.archive"),
    ):
        with pytest.raises(BadRequestError, match=match):
            plan_chosen(one, action, chosen, why, "ds1")


def test_another_plan_than_the_one_agreed_to_is_refused() -> None:
    shown, now = plan_retention(inventory(version("a:v1")), NOW), plan_retention(inventory(version("b:v1")), NOW)
    refuse_other(shown, shown.id)
    with pytest.raises(PlanChangedError, match=r"\+ trash b:v1, - trash a:v1"):
        refuse_other(now, shown)
    with pytest.raises(PlanChangedError):
        refuse_other(now, shown.id)


def test_a_plan_keeps_its_id_while_it_stays_the_same() -> None:
    one = inventory(version("a:v1"))
    assert plan_retention(one, NOW).id == plan_retention(one, NOW + DAY).id != Plan().id


# -- the report -----------------------------------------------------------------------------------------------------


def test_the_report_counts_shared_bytes_once_and_finds_what_is_there_twice() -> None:
    one = inventory(
        version("a:v1", 10, pieces=(Piece(1, 50),), sha256="a", owner="ds1", run_id="r1", category="model"),
        version("a:v2", 40, pieces=(Piece(1, 50), Piece(2, 5)), sha256="b", owner="ds2", category="model"),
        version("c:v1", 400, pieces=(Piece(3, 50),), sha256="a", row=None, own_class="permanent"),
        version("t:v1", state="trash", since=NOW, sha256="c"),
        runs={"r1": Run("r1", experiment="churn")},
        classes=classes({"class": "permanent"}),
    )
    found = measure(one, NOW)
    assert (found.versions, found.size) == (4, 50 + 5 + 50 + 10)
    assert [(share.label, share.size) for share in found.by["experiment"]] == [("–", 65), ("churn", 50)]
    assert [(share.label, share.size) for share in found.by["owner"]] == [("–", 60), ("ds1", 50), ("ds2", 5)]
    assert {share.label for share in found.by["age"]} == {"up to 30 days", "31 to 90 days", "over a year"}
    assert [(one.artifacts, one.wasted) for one in found.duplicates] == [(("a:v1", "c:v1"), 50)]
    assert found.without_row == ["c:v1"]
    assert [(one.artifact, one.action) for one in found.expiring] == [
        ("a:v2", "trash"),
        ("t:v1", "purge"),
        ("a:v1", "trash"),
    ]


def test_the_forecast_says_what_keeps_a_version() -> None:
    one = inventory(version("a:v1", aliases=("best",)), version("b:v1", own_class=""))
    found = {expiry.artifact: expiry for expiry in forecast(one)}
    assert found["a:v1"].kept == ("aliased: best",) and found["a:v1"].when == NOW - 370 * DAY
    assert (found["b:v1"].when, found["b:v1"].why) == (None, "it has no retention class")


# -- any registry -----------------------------------------------------------------------------------------------------

NAMES = [f"{name}:v{number}" for name in "abc" for number in range(1, 5)]
RUNS = ["r1", "r2", "r3", "r4"]
TIMES = [None, *(NOW - days * DAY for days in (0, 1, 29, 30, 31, 100, 1000))]


class Lots:
    """Choices drawn from one large number: a strategy for each of some hundred choices takes ten times as long."""

    def __init__(self, number: int) -> None:
        self.number = number

    def one(self, options: Sequence[Any]) -> Any:
        self.number, choice = divmod(self.number, len(options))
        return options[choice]

    def rarely(self, often: int = 6) -> bool:
        return bool(self.one(range(often)) == often - 1)

    def some(self, options: Sequence[Any], most: int, least: int = 0) -> list[Any]:
        """So many different ones of them."""
        left = list(options)
        return [left.pop(self.one(range(len(left)))) for _ in range(self.one(range(least, most + 1)))]


def classes_of_all_kinds(lots: Lots) -> list[dict[str, Any]]:
    return [
        {
            "class": name,
            "keep_days": lots.one([30, 30, 1, 1, 0, 365, "30", None, "soon", -3]),
            "trigger": lots.one([*RETENTION_TRIGGERS, "created", "created", "created", None, "never"]),
            "keep_last": lots.one([None, None, None, None, 0, 1, 2, "x"]),
            "action": lots.one(["trash", "trash", "trash", "archive", None]),
            "category": lots.one([None, None, "model"]),
            "pattern": lots.one([None, None, "a*", "b,c"]),
        }
        for name in lots.some(["scratch", "experiment", "permanent"], 3, 1)
    ]


def versions_of_all_kinds(lots: Lots, artifact: str) -> Version:
    state = lots.one(["stored", "stored", "stored", "archived", "trash", "deleted", "referenced"])
    kept = state in ("stored", "archived", "trash")
    shared = lots.some(range(6), 2) if kept else []
    pieces = [Piece((artifact[0], number), 100 + number) for number in shared]
    pieces += [Piece(artifact, 7, lots.one([False, True]))] if kept and lots.one([False, True]) else []
    since = lots.one(TIMES)
    has_files = not lots.rarely(10)
    return version(
        artifact,
        created=lots.one(TIMES),
        state=state,
        since=since,
        pieces=tuple(pieces) if has_files else (),
        stored=stored(artifact, state, since) if has_files else None,
        own_class=lots.one(["", "scratch", "scratch", "experiment", "permanent", "unknown"]),
        category=lots.one(["model", "code"]),
        hold=lots.rarely(),
        aliases=("best",) if lots.rarely() else (),
        twice=lots.rarely(10),
    )


def any_inventory(lots: Lots) -> Inventory:
    chosen = lots.some(NAMES, 7, 1)
    return Inventory(
        versions={artifact: versions_of_all_kinds(lots, artifact) for artifact in chosen},
        classes=read_classes(classes_of_all_kinds(lots)),
        models=[
            ModelVersion(
                "m", number, lots.one(chosen), stage=lots.one([*STAGES, "unknown"]), promoted_at=lots.one(TIMES)
            )
            for number in range(1, lots.one(range(3)) + 1)
        ],
        runs={run: Run(run, status=lots.one(["FINISHED", "RUNNING"])) for run in RUNS[:2]},
        inputs=[(lots.one(RUNS), lots.one(chosen), lots.one(TIMES)) for _ in range(lots.one(range(5)))],
        outputs=[(lots.one(RUNS), lots.one(chosen)) for _ in range(lots.one(range(5)))],
        trash_days=lots.one([0.0, 14.0, 90.0]),
        archive=lots.one(["", "/archive"]),
    )


registries = st.binary(min_size=80, max_size=80).map(lambda drawn: Lots(int.from_bytes(drawn, "big")))


def must_stay(one: Inventory) -> set[str]:
    """What no rule may delete, found in the plainest way: again and again until nothing is added."""
    kept = {
        artifact
        for artifact, found in one.versions.items()
        if found.hold
        or found.aliases
        or found.twice
        or found.stored is None
        or found.state == "referenced"
        or any(model.artifact == artifact and model.stage != "retired" for model in one.models)
    }
    wanted = {a for a in kept if (v := one.versions[a]).hold or v.aliases or any(
        model.artifact == a and model.stage != "retired" for model in one.models)}  # fmt: skip
    while True:
        runs = {run for run, artifact in one.outputs if artifact in wanted}
        runs |= {run.run_id for run in one.runs.values() if run.status == "RUNNING"}
        more = {artifact for run, artifact, _ in one.inputs if run in runs}
        if more <= wanted:
            return (kept | wanted) & set(one.versions)
        wanted |= more


def check_plans(one: Inventory, only: set[str] | None = None) -> None:
    stays = must_stay(one)
    plan = plan_retention(one, NOW, only)
    going = {item.artifact for item in plan.items}
    assert going.isdisjoint(stays)
    assert going.isdisjoint(exempt.artifact for exempt in plan.exempt)
    for item in plan.items:
        found = one.versions[item.artifact]
        assert only is None or item.artifact in only
        rule, _ = one.class_of(found)
        assert rule is not None and not rule.faults and rule.keep_days is not None and item.action == rule.action
        assert found.state in ("stored", "archived")
        assert item.when is not None and item.when <= NOW
        newer = [v for v in one.versions.values() if v.name == found.name and v.number > found.number]
        assert sum(v.state in ("stored", "archived") for v in newer) >= rule.keep_last
        others = [v for a, v in one.versions.items() if a not in going and v.state != "trash"]
        assert not {piece.id for piece in found.pieces} & {piece.id for v in others for piece in v.pieces}
    check_bytes(one, plan)
    purge = plan_purge(one, NOW)
    assert {item.artifact for item in purge.items}.isdisjoint(stays)
    for item in purge.items:
        found = one.versions[item.artifact]
        assert found.state == "trash" and found.since is not None
        assert found.since + timedelta(days=one.trash_days) <= NOW
    check_bytes(one, purge)
    chosen = plan_chosen(one, "trash", one.versions, "no use", "ds1")
    assert {item.artifact for item in chosen.items}.isdisjoint(stays)
    check_bytes(one, chosen)
    forecast(one)
    assert measure(one, NOW).size == sum({p.id: p.size for v in one.versions.values() for p in v.pieces}.values())


def check_bytes(one: Inventory, plan: Plan) -> None:
    """What is freed is what only they have, counted once, whatever its names."""
    going = {item.artifact for item in plan.items if item.action in ("trash", "purge")}
    theirs = {piece.id: piece for artifact in going for piece in one.versions[artifact].pieces}
    others = {piece.id for artifact, v in one.versions.items() if artifact not in going for piece in v.pieces}
    assert plan.freed == sum(piece.size for id, piece in theirs.items() if id not in others and not piece.pinned)


def check_any(lots: Lots) -> None:
    one = any_inventory(lots)
    check_plans(one, set(lots.some(NAMES, 12)) if lots.one([False, True]) else None)


@settings(max_examples=5_000, deadline=None)
@given(registries)
def test_no_plan_takes_what_a_rule_exempts_and_its_bytes_are_right(lots: Lots) -> None:
    check_any(lots)


@pytest.mark.slow
@settings(max_examples=50_000, deadline=None)
@given(registries)
def test_no_plan_takes_what_a_rule_exempts_in_very_many_registries(lots: Lots) -> None:
    check_any(lots)
