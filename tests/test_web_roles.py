"""What each page offers to each role: the more somebody may, the more there is; nothing to those who only look."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from test_web import WHO, Open, filled, made, open_app  # noqa: F401

from tracker.deciding.people import set_roles
from tracker.reading.registry import Registry
from tracker.schema import ROLES
from tracker.web.pages import PAGES

SYNC = {"Sync", "Sync now"}
"""What everybody may press, since it decides nothing; it changes the workbook all the same."""
OTHER_REGISTRIES = {"Open", "Make and open"}
LOOKING = ("Look ", "Compare", "Prove", "Show", "Details", "Clear", "Measure", "Take the tour")
"""What begins so changes nothing."""


def offered(app: AppTest) -> set[str]:
    """The buttons that may be pressed, by what they say."""
    return {str(button.label) for button in app.button if not button.disabled}


def content(folder: Path) -> dict[Path, bytes]:
    """The registry's files, but for what belongs to the machine of the app."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] != "cache")
    return {path: path.read_bytes() for path in files}


def changing(app: AppTest) -> set[str]:
    """Those that would change the registry."""
    return {label for label in offered(app) - OTHER_REGISTRIES if not label.startswith(LOOKING)}


@pytest.mark.parametrize("page", [page.address for page in PAGES])
def test_each_role_is_offered_what_it_may_do_and_no_more(
    open_app: Open,  # noqa: F811
    filled: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    page: str,
) -> None:
    offers: dict[str, set[str]] = {}
    for role in ROLES:
        set_roles(Registry(filled), {WHO: role, "boss": "manager"}, "boss")
        before = content(filled.parent)
        app = open_app(filled, page)
        assert role != "viewer" or content(filled.parent) == before, "who only looks leaves no file"
        assert not app.error, [error.value for error in app.error]
        offers[role] = changing(app)
    assert offers["viewer"] <= SYNC, "who only looks is offered nothing that changes something"
    assert offers["contributor"] <= offers["manager"]
    monkeypatch.setenv("TRACKER_READ_ONLY", "1")
    assert changing(open_app(filled, page)) == set(), "nor is anybody where everything is only shown"


def test_more_is_offered_to_those_who_may_do_more(open_app: Open, filled: Path) -> None:  # noqa: F811
    @cache
    def on(page: str, role: str) -> set[str]:
        set_roles(Registry(filled), {WHO: role, "boss": "manager"}, "boss")
        return changing(open_app(filled, page))

    assert "Edit" in on("run", "contributor")
    assert on("retention", "contributor") < on("retention", "manager")
