"""The Retention page: the plan, the trash, holds, acts by hand; for a viewer; and a manager's journey in a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browser import Shown, note_outside, served
from streamlit.testing.v1 import AppTest
from team import Team
from test_web import WHO, Open, _run, open_app, words  # noqa: F401

from tracker import retention
from tracker.errors import StoreFullError

DAY = timedelta(days=1)


@pytest.fixture
def team(registry_path: Path) -> Team:
    """A registry with two old scratch versions, one of which is aliased, one on hold, and two in the trash."""
    team, now = Team(registry_path), datetime.now(UTC).replace(tzinfo=None)
    old = now - 100 * DAY
    team.runs("r0", old, experiment="churn")
    for name, cells in (("plot", {}), ("best", {"aliases": "champion"}), ("held", {"hold": True}), ("table", {})):
        team.stores(name, name.encode() * 1000, old, "r0", retention_class="scratch", **cells)
    for name in ("gone", "going"):
        team.stores(name, name.encode() * 1000, old, "r0")
    team.registry.sync()
    retention.trash(team.registry, ["gone:v1"], "drawn anew", "ds1", now - 20 * DAY)
    retention.trash(team.registry, ["going:v1"], "drawn anew", "ds1", now - 2 * DAY)
    return team


def table(app: AppTest, column: str) -> Any:
    return next(grid.value for grid in app.dataframe if column in grid.value.columns)


def click(app: AppTest, key: str) -> AppTest:
    button(app, key).click()
    return _run(app)


def button(app: AppTest, begins: str) -> Any:
    """The button whose key begins so: those that agree to a plan end with its id."""
    return next(one for one in app.button if str(one.key).startswith(begins))


def statuses(team: Team) -> dict[str, str]:
    return {name: row["status"] for name, row in team.rows().items()}


def test_the_page_shows_the_plan_and_what_is_exempt(open_app: Open, team: Team) -> None:  # noqa: F811
    app = open_app(team.folders.workbook, "retention")
    assert not app.error and not app.exception
    assert list(table(app, "frees")["artifact"]) == ["plot:v1", "table:v1"]
    exempt = table(app, "stays because")
    assert dict(zip(exempt["artifact"], exempt["stays because"], strict=True)) == {
        "best:v1": "aliased: champion",
        "held:v1": "on hold",
    }
    assert list(table(app, "days left")["days left"]) == [12, 0]


def test_approve_does_what_was_shown(open_app: Open, team: Team) -> None:  # noqa: F811
    app = click(open_app(team.folders.workbook, "retention"), "retention-approve")
    assert not app.error
    assert {name for name, status in statuses(team).items() if status == "trash"} >= {"plot:v1", "table:v1"}
    assert "Nothing is due" in words(app)


def test_what_went_wrong_is_said_until_something_else_is_done(
    open_app: Open,  # noqa: F811
    team: Team,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreFullError(store="the disk", reason="has no space left", hint="Make room.")

    app = open_app(team.folders.workbook, "retention")
    with monkeypatch.context() as patched:
        patched.setattr(retention, "approve", full)
        click(app, "retention-approve")
    for _ in range(2):  # the page is drawn anew whenever runs come
        assert "no space left" in app.error[0].value
        _run(app)
    click(app, "retention-approve")
    assert not app.error


def test_a_plan_that_changed_meanwhile_is_refused(open_app: Open, team: Team) -> None:  # noqa: F811
    app = open_app(team.folders.workbook, "retention")
    button(app, "retention-approve").click()
    team.writes("artifacts", "plot:v1", hold=True)
    team.registry.sync()
    _run(app)
    assert statuses(team)["plot:v1"] == statuses(team)["table:v1"] == "stored"


def test_only_what_was_long_enough_in_the_trash_is_deleted_and_after_a_question(open_app: Open, team: Team) -> None:  # noqa: F811
    app = click(open_app(team.folders.workbook, "retention"), "retention-purge")
    assert statuses(team)["gone:v1"] == "trash"
    click(app, "retention-purge-agree")
    assert (statuses(team)["gone:v1"], statuses(team)["going:v1"]) == ("deleted", "trash")


def test_hold_and_release(open_app: Open, team: Team) -> None:  # noqa: F811
    app = open_app(team.folders.workbook, "retention")
    app.multiselect(key="retention-hold-artifacts").set_value(["plot:v1"])
    app.text_input(key="retention-hold-reason").input("audit")
    click(app, "retention-hold")
    row = team.rows()["plot:v1"]
    assert (row["hold"], row["hold_reason"], row["held_by"]) == (True, "audit", WHO)


def test_by_hand_a_plan_comes_first(open_app: Open, team: Team) -> None:  # noqa: F811
    app = open_app(team.folders.workbook, "retention")
    app.multiselect(key="retention-hand-artifacts").set_value(["table:v1", "best:v1"])
    app.text_input(key="retention-hand-reason").input("no use")
    app = click(app, "retention-hand-plan")
    shown = table(app, "act")
    assert sorted(zip(shown["artifact"], shown["act"], strict=True)) == [("best:v1", "stays"), ("table:v1", "trash")]
    assert statuses(team)["table:v1"] == "stored"
    click(app, "retention-agree")
    assert (statuses(team)["table:v1"], statuses(team)["best:v1"]) == ("trash", "stored")
    assert team.rows()["table:v1"]["status_why"] == f"chosen by {WHO}: no use"


@pytest.mark.parametrize("role", ["viewer", "contributor"])
def test_who_is_no_manager_looks_and_cannot_act(open_app: Open, team: Team, role: str) -> None:  # noqa: F811
    team.writes("people", WHO, new=True, role=role)
    team.registry.sync()
    app = open_app(team.folders.workbook, "retention")
    assert list(table(app, "frees")["artifact"]) == ["plot:v1", "table:v1"]
    assert f"Your role is {role}" in words(app)
    mine = [button for button in app.button if str(button.key).startswith("retention-")]
    assert mine and all(button.disabled for button in mine)
    assert not [field for field in app.multiselect if str(field.key).startswith("retention-")]


def test_an_empty_registry_says_what_will_be_here(open_app: Open, registry_path: Path) -> None:  # noqa: F811
    assert "Nothing is stored yet" in words(open_app(registry_path, "retention"))


def test_a_workbook_with_two_tables_only_opens(open_app: Open, bare_registry: Path) -> None:  # noqa: F811
    assert not open_app(bare_registry, "retention").error


def test_the_artifacts_page_says_until_when_and_how_it_comes_back(open_app: Open, team: Team) -> None:  # noqa: F811
    app = open_app(team.folders.workbook, "artifacts")
    ends = dict(zip(table(app, "kept until")["artifact"], table(app, "kept until")["kept until"], strict=True))
    assert ends["plot:v1"] < datetime.now(UTC).replace(tzinfo=None) and str(ends["best:v1"]) == "NaT"
    app.text_input(key="artifact-name").input("best")
    _run(app)
    assert "then trash (scratch: 30 days after it was created" in words(app).replace("\\", "")
    assert "It stays all the same: aliased: champion" in words(app).replace("\\", "")


@pytest.mark.browser
def test_a_manager_looks_after_the_trash(chromium: Any, team: Team, tmp_path: Path) -> None:
    with served(team.folders.workbook, tmp_path) as (url, log):
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        outside: list[str] = []
        page.on("request", lambda request: note_outside(request.url, outside))
        app = Shown(page, team.folders.workbook, url, outside)
        try:
            _journey(app, team)
        finally:
            page.screenshot(path=tmp_path / "last-seen.png")
            print(log.read_text())
            page.close()


def _journey(app: Shown, team: Team) -> None:
    page = app.page
    app.open("/retention")
    app.click_row("retention-due", 1, 15)
    page.get_by_text("1 version, 5 KB.").wait_for()
    app.button("Approve: put 1 version into the trash")
    app.idle()
    page.get_by_role("tab", name="Trash").click()
    app.idle()
    assert (statuses(team)["plot:v1"], statuses(team)["table:v1"]) == ("stored", "trash")
    app.click_row("retention-trash", 2, 15)
    app.button("Restore 1 version")
    app.idle()
    assert statuses(team)["table:v1"] == "stored"
    app.button("Delete 1 version for good")
    page.get_by_text("The files cannot be brought back.").wait_for()
    page.locator("[class*=st-key-retention-purge-agree] button").click()
    page.locator(".st-key-retention-purge-shown").wait_for(state="detached")
    assert statuses(team)["gone:v1"] == "deleted"
    assert not (team.folders.trash / "gone").exists()
    page.get_by_role("tab", name="Storage").click()
    page.get_by_text("By experiment").wait_for()
    page.locator(".vega-embed svg").first.wait_for()
    assert app.outside == []
