"""A team signs in with a real OpenID provider, in Chromium: who sees what, who sees nothing, and the way out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openid
import pytest

import tracker
from tracker.deciding.people import set_roles
from tracker.reading.registry import Registry

pytestmark = pytest.mark.browser
WAIT = 20_000


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with openid.provider(tmp_path_factory.mktemp("provider")) as url:
        yield url


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two registries: in one Ann is a manager and Ben looks on, in the other Ben is the manager."""
    folder = tmp_path_factory.mktemp("team")
    root = Path(__file__).parent.parent
    for name, roles in (
        ("churn", {"ann@example.com": "manager", "BEN@example.com": "viewer"}),
        ("wine", {"ben@example.com": "manager"}),
    ):
        path = Path(shutil.copyfile(root / "templates" / "general.xlsx", folder / f"{name}.xlsx"))
        with tracker.start_run(path, experiment=name, name=f"first {name}") as run:
            run.log_metric("auc", 0.8)
        set_roles(Registry(path), roles, "ann@example.com")
    return folder


@pytest.fixture
def page(chromium: Any, tmp_path: Path) -> Iterator[Any]:
    """A page of a browser in which nobody has signed in anywhere."""
    context = chromium.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    page.set_default_timeout(WAIT)
    yield page
    page.screenshot(path=tmp_path / "last-seen.png")
    context.close()


def test_people_sign_in_see_what_their_role_allows_and_sign_out(
    page: Any, provider: str, team: Path, tmp_path: Path
) -> None:
    registry = team / "churn.xlsx"
    with openid.team_app(registry, provider, tmp_path, "--contact=Ann in room 12") as url:
        page.goto(url)
        page.get_by_role("heading", name="Tracker").wait_for()
        assert "churn" not in page.content() and not page.locator(".st-key-head").count()

        openid.sign_in(page, "eve")
        page.get_by_text("nobody has given you a role here").wait_for()
        assert page.get_by_text("Ask Ann in room 12 to add this address").count() == 1
        assert "churn" not in page.content()
        page.goto(f"{url}/history")  # no page answers under its own address either
        page.get_by_text("nobody has given you a role here").wait_for()
        set_roles(Registry(registry), {"eve@example.com": "contributor"}, "ann@example.com")
        page.reload()
        page.locator(".st-key-head", has_text="churn.xlsx").wait_for()
        set_roles(Registry(registry), {"eve@example.com": ""}, "ann@example.com")
        page.get_by_text("nobody has given you a role here").wait_for()  # by itself, a second later
        openid.sign_out(page)

        wanted = f"{url}/runs?filter=metrics.auc+%3E+0.7&sort=-metrics.auc"
        page.goto(wanted)  # a link that somebody sent him opens after signing in
        openid.sign_in(page, "ben")
        page.wait_for_url(wanted)
        page.wait_for_function("document.querySelector('.st-key-filter input')?.value === 'metrics.auc > 0.7'")
        assert page.url == wanted
        page.get_by_role("button", name="ben@example.com").click()
        page.get_by_text("a viewer here").wait_for()
        (cookie,) = [one for one in page.context.cookies() if one["name"] == "_streamlit_user"]
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
        assert cookie["expires"] - time.time() <= 30 * 86_400
        openid.sign_out(page)
        assert not [one for one in page.context.cookies() if one["name"].startswith("_streamlit_user")]

        page.evaluate("sessionStorage.setItem('tracker.wanted', '//example.com/runs')")  # no page of this app
        openid.sign_in(page, "ann")  # whom the provider calls Ann@Example.com
        page.get_by_role("button", name="Ann@Example.com").click()
        page.get_by_text("a manager here").wait_for()
        assert page.url == f"{url}/"
        openid.sign_out(page)

        openid.sign_in(page, "mallory")  # who only says that Ann's address is hers
        page.get_by_text("does not vouch for your e-mail address").wait_for()
        assert "churn" not in page.content()


def test_of_a_folder_everybody_sees_the_registries_in_which_they_have_a_role(
    page: Any, provider: str, team: Path, tmp_path: Path
) -> None:
    with openid.team_app(team, provider, tmp_path) as url:
        page.goto(url)
        openid.sign_in(page, "ann")
        page.get_by_text("a folder with 1 registry").wait_for()
        assert "wine" not in page.content()
        for address in ("wine.xlsx", str(team / "wine.xlsx"), str(team / ".." / team.name / "wine.xlsx")):
            page.goto(f"{url}/runs?registry={address}")
            page.get_by_text("nobody has given you a role here").wait_for()
        for address in ("churn.xlsx", str(team / "churn.xlsx")):
            page.goto(f"{url}/runs?registry={address}")
            page.get_by_text("1 run").first.wait_for()
        page.goto(f"{url}/runs?registry=/etc/passwd")
        page.get_by_text("a folder with 1 registry").wait_for()
        assert not page.get_by_text("Open it").count()
