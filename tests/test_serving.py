"""How the app is served: when people must sign in, what that takes, and that nothing changes where it is only shown."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import tracker
from tracker.cli.commands import main
from tracker.deciding import edits
from tracker.deciding.people import set_roles
from tracker.errors import ReadOnlyError
from tracker.read_only import is_read_only
from tracker.reading.registry import Registry
from tracker.reading.roles import role_given
from tracker.serving import email_of, host_of, is_recent, lacking, providers, secrets_file, serving

AUTH: dict[str, Any] = {
    "redirect_uri": "https://tracker.example.com/oauth2callback",
    "cookie_secret": "x" * 32,
    "client_id": "tracker",
    "client_secret": "any",
    "server_metadata_url": "https://id.example.com/.well-known/openid-configuration",
}
TOML = "[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in AUTH.items())


# -- who has to sign in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "address", "shared"),
    [
        (["r.xlsx"], "127.0.0.1", False),
        (["r.xlsx"], "localhost", False),
        (["r.xlsx", "--shared"], "127.0.0.1", True),
        (["r.xlsx"], "0.0.0.0", True),
        (["r.xlsx"], "", True),
        (["r.xlsx"], "192.168.1.5", True),
    ],
)
def test_whoever_can_be_reached_by_others_serves_them_signed_in_only(
    words: list[str], address: str, shared: bool
) -> None:
    assert serving(words, address).shared is shared


def test_whom_to_ask_is_said_beside_the_registry() -> None:
    assert serving(["r.xlsx", "--contact=Ann, room 12"], "").contact == "Ann, room 12"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"redirect_uri": "https://tracker.example.com/"}, "/oauth2callback at its end"),
        ({"redirect_uri": ""}, "/oauth2callback at its end"),
        ({"redirect_uri": "http://tracker.example.com/oauth2callback"}, "must begin with https:"),
        ({"cookie_secret": "short"}, "32 characters"),
        ({"client_secret": ""}, "lacks client_secret"),
        ({"server_metadata_url": ""}, "lacks server_metadata_url"),
    ],
)
def test_what_signing_in_lacks_is_said(change: dict[str, str], says: str) -> None:
    assert lacking(AUTH) == ""
    assert says in lacking({**AUTH, **change})


def test_providers_may_have_names() -> None:
    shared = {name: AUTH[name] for name in ("redirect_uri", "cookie_secret")}
    named = {name: value for name, value in AUTH.items() if name not in shared}
    assert "names no provider" in lacking(shared)
    assert providers({**shared, "google": named}) == ["google"] and lacking({**shared, "google": named}) == ""
    assert providers({**AUTH, "microsoft": named}) == ["default", "microsoft"]
    assert "[auth.my_own]" in lacking({**shared, "my_own": named})
    assert "There is no section [auth]" in lacking({})
    assert lacking({**AUTH, "redirect_uri": "http://localhost:8501/oauth2callback"}) == ""
    assert host_of(AUTH) == "tracker.example.com"


def test_the_file_of_secrets_is_found_here_before_at_home(tmp_path: Path) -> None:
    here, home = tmp_path / "here", tmp_path / "home"
    assert secrets_file(here, home) is None
    for folder in (home, here):
        (folder / ".streamlit").mkdir(parents=True)
        (folder / ".streamlit" / "secrets.toml").touch()
        assert secrets_file(here, home) == folder / ".streamlit" / "secrets.toml"


# -- who somebody is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verified", [True, "true", "True", None])
def test_an_address_counts_that_the_provider_vouches_for_or_says_nothing_of(verified: object) -> None:
    user = {"email": " Ann@Example.com ", "email_verified": verified}
    assert email_of({name: value for name, value in user.items() if value is not None}) == "Ann@Example.com"


@pytest.mark.parametrize(
    "user",
    [
        {},
        {"email": ""},
        {"email": "ann"},
        {"email": "ann@example.com", "email_verified": False},
        {"email": "ann@example.com", "email_verified": "false"},
        {"email": "ann@example.com", "email_verified": 0},
        {"email": "mi\u212ae@example.com", "email_verified": True},  # the sign for kelvin, which folds to k
        {"email": "stra\u00dfe@example.com", "email_verified": True},  # folds to strasse
        {"preferred_username": "ann@example.com"},
    ],
)
def test_an_address_that_proves_nothing_is_nobody(user: dict[str, object]) -> None:
    assert email_of(user) == ""


@given(st.text(max_size=12), st.sampled_from(["ann@example.com", "mike@strasse.example"]))
def test_no_other_address_counts_as_one_of_plain_signs(text: str, known: str) -> None:
    email = email_of({"email": text + "@example.com"})
    if email.casefold() == known:
        assert email.lower() == known and email.isascii()


def test_signing_in_counts_for_a_week() -> None:
    now = 1_800_000_000.0
    assert is_recent({"iat": now - 6 * 86_400}, now)
    assert not is_recent({"iat": now - 8 * 86_400}, now)
    assert not is_recent({}, now) and not is_recent({"iat": "soon"}, now)


def test_a_role_is_given_by_name_only(registry_path: Path) -> None:
    registry = Registry(registry_path)
    assert role_given(registry.folders, "ann@example.com") == "", "an empty table makes nobody a manager here"
    set_roles(registry, {"Ann@Example.com": "manager", "ben@example.com": "viewer"}, "")
    assert role_given(registry.folders, "ann@example.COM ") == "manager"
    assert role_given(registry.folders, "eve@example.com") == role_given(registry.folders, "") == ""
    set_roles(registry, {"ben@example.com": ""}, "ann@example.com")
    assert role_given(registry.folders, "ben@example.com") == "", "a row without a role gives none"


# -- the command --------------------------------------------------------------------------------------------------

Started = Callable[..., tuple[Result, list[str], dict[str, str]]]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Started:
    """``tracker app WORDS``; what it said, and what it would have started with which environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))

    def started(*words: str) -> tuple[Result, list[str], dict[str, str]]:
        calls: list[tuple[list[str], dict[str, str]]] = []
        monkeypatch.setattr(subprocess, "call", lambda command, env=None: calls.append((command, env or {})) or 0)
        result = CliRunner().invoke(main, ["app", *words])
        return result, *(calls[0] if calls else ([], {}))

    return started


def test_without_signing_in_it_does_not_start_where_others_reach_it(registry_path: Path, start: Started) -> None:
    for words in (["--address", "0.0.0.0"], ["--shared"]):
        result, command, _ = start(str(registry_path), *words)
        assert result.exit_code == 2 and not command
        assert "Others would reach the app without signing in. There is no section [auth]" in result.stderr
    result, command, environment = start(str(registry_path), "--address", "0.0.0.0", "--read-only")
    assert result.exit_code == 0 and environment["TRACKER_READ_ONLY"] == "1"
    assert {"--server.address=0.0.0.0", "--server.allowedHosts=*"} <= set(command)
    registry_path.unlink()
    assert "Name the registry" in start("--shared")[0].stderr, "a sample is for one person"


def test_nobody_is_served_before_the_people_table_names_a_manager(
    registry_path: Path, start: Started, tmp_path: Path
) -> None:
    secrets = tmp_path / "team.toml"
    secrets.write_text(TOML)
    words = (str(registry_path), "--shared", "--secrets", str(secrets), "--contact", "Ann")
    result, command, _ = start(*words)
    assert result.exit_code == 2 and not command and "names no manager" in result.stderr
    set_roles(Registry(registry_path), {"ann@example.com": "manager"}, "")
    result, command, environment = start(*words)
    assert result.exit_code == 0 and "TRACKER_READ_ONLY" not in environment
    assert command[-4:] == ["--", str(registry_path), "--shared", "--contact=Ann"]
    wanted = {"--server.address=127.0.0.1", "--server.allowedHosts=tracker.example.com"}
    assert wanted | {f"--secrets.files={secrets}", "--server.enableXsrfProtection=true"} <= set(command)
    assert start(str(tmp_path), "--shared", "--secrets", str(secrets))[0].exit_code == 0, "a folder with such a one"
    secrets.write_text("[auth")
    assert "cannot be read" in start(*words)[0].stderr


def test_for_the_person_at_this_machine_only_this_machines_names_are_answered_to(
    registry_path: Path, start: Started
) -> None:
    _, command, _ = start(str(registry_path))
    hosts = {word for word in command if word.startswith("--server.allowedHosts")}
    assert hosts == {f"--server.allowedHosts={name}" for name in ("localhost", "127.0.0.1", "::1")}


# -- only to look -------------------------------------------------------------------------------------------------


def test_a_process_that_only_looks_changes_nothing(
    registry_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tracker.start_run(registry_path, name="one") as run:
        run.log_metric("auc", 0.8)
    registry = Registry(registry_path)
    registry.sync()
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    monkeypatch.setenv("TRACKER_READ_ONLY", "1")
    attempts: tuple[Callable[[], object], ...] = (
        registry.sync,
        registry.evaluate,
        lambda: edits.set_note(registry, run.run_id, "changed", None, "ann"),
        lambda: set_roles(registry, {"ann": "manager"}, "ann"),
        lambda: tracker.start_run(registry_path),
        lambda: tracker.init(tmp_path / "new.xlsx"),
        lambda: tracker.adopt(tmp_path / "other.xlsx"),
    )
    for attempt in attempts:
        with pytest.raises(ReadOnlyError, match="nothing was changed"):
            attempt()
    assert list(registry.runs()["name"]) == ["one"]
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before


@pytest.mark.parametrize(("said", "meant"), [("1", True), ("yes", True), ("0", False), ("off", False), ("", False)])
def test_what_the_variable_may_say(said: str, meant: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_READ_ONLY", said)
    assert is_read_only() is meant
