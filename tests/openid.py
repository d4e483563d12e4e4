"""A real OpenID provider on this machine, and the app served to a team that signs in with it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import free_port, wait_for

SECRET = "a secret of a test, long enough to sign cookies with"

PEOPLE: dict[str, dict[str, object]] = {
    "ann": {"email": "Ann@Example.com", "email_verified": True},
    "ben": {"email": "ben@example.com", "email_verified": True},
    "eve": {"email": "eve@example.com", "email_verified": True},
    "mallory": {"email": "ann@example.com", "email_verified": False},
}
"""Whom the provider knows. Mallory says that Ann's address is hers."""


@contextlib.contextmanager
def provider(folder: Path) -> Iterator[str]:
    """The provider's address."""
    if importlib.util.find_spec("oidc_provider_mock") is None:
        pytest.skip("oidc-provider-mock is not installed")
    port = free_port()
    url = f"http://localhost:{port}"
    command = [sys.executable, "-m", "oidc_provider_mock", f"--port={port}"]
    command += [f"--user-claims={json.dumps({'sub': name, **claims})}" for name, claims in PEOPLE.items()]
    log = folder / "provider.log"
    with _running(command, folder, log) as process:
        wait_for(f"{url}/.well-known/openid-configuration", process, log)
        yield url


@contextlib.contextmanager
def team_app(shown: Path, provider: str, folder: Path, *words: str) -> Iterator[str]:
    """``python -m tracker app REGISTRY --shared`` with a file of secrets; gives its address."""
    port = free_port()
    url = f"http://localhost:{port}"
    secrets = folder / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir(exist_ok=True)
    secrets.write_text(
        f'[auth]\nredirect_uri = "{url}/oauth2callback"\ncookie_secret = "{SECRET}"\nclient_id = "tracker"\n'
        f'client_secret = "any"\nserver_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    log = folder / "team.log"
    command = [sys.executable, "-m", "tracker", "app", str(shown), "--shared", f"--port={port}", "--headless", *words]
    with _running(command, folder, log) as process:
        wait_for(f"{url}/_stcore/health", process, log)
        yield url


@contextlib.contextmanager
def _running(command: list[str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with open(log, "wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, start_new_session=True)
        try:
            yield process
        finally:
            _end(process)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a process and what it started, such as the command's streamlit."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(server.pid)], capture_output=True, check=False)
    else:
        os.killpg(server.pid, 15)
    server.wait(10)


def sign_in(page: Any, name: str) -> None:
    """From the app's first page through the provider's and back."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("button[name=sub]", has_text=name).click()


def sign_out(page: Any) -> None:
    """Out of the app, and at the provider too, which asks once more; then back to the app."""
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()
    page.get_by_role("button", name="Sign in", exact=True).wait_for()
