"""A real OpenID provider on this machine, and the app served to a team that signs in with it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_browser import _free_port, _wait_for

SECRET = "a secret of a test, long enough to sign cookies with"

PEOPLE: dict[str, dict[str, object]] = {
    "ann": {"email": "Ann@Example.com", "email_verified": True},
    "ben": {"email": "ben@example.com", "email_verified": True},
    "eve": {"email": "eve@example.com", "email_verified": True},
    "mallory": {"email": "ann@example.com", "email_verified": False},
}
"""Whom the provider knows. Mallory says that Ann's address is hers."""


@contextlib.contextmanager
def provider() -> Iterator[str]:
    """The provider's address."""
    mock = pytest.importorskip("oidc_provider_mock", reason="oidc-provider-mock is not installed")
    users = [mock.User(sub=name, claims=claims) for name, claims in PEOPLE.items()]
    with mock.run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@contextlib.contextmanager
def team_app(shown: Path, provider: str, folder: Path, *words: str) -> Iterator[str]:
    """``python -m tracker app REGISTRY --shared`` with a file of secrets; gives its address."""
    port = _free_port()
    url = f"http://localhost:{port}"
    secrets = folder / ".streamlit" / "secrets.toml"
    secrets.parent.mkdir(exist_ok=True)
    secrets.write_text(
        f'[auth]\nredirect_uri = "{url}/oauth2callback"\ncookie_secret = "{SECRET}"\nclient_id = "tracker"\n'
        f'client_secret = "any"\nserver_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    log = folder / "team.log"
    command = [sys.executable, "-m", "tracker", "app", str(shown), "--shared", f"--port={port}", "--headless", *words]
    with open(log, "wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, start_new_session=True)
        try:
            _wait_for(f"http://localhost:{port}/_stcore/health", server, log)
            yield url
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the command and the streamlit that it started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(server.pid)], capture_output=True, check=False)
    else:
        os.killpg(server.pid, 15)
    server.wait(10)


def sign_in(page: Any, name: str) -> None:
    """From the app's first page through the provider's and back."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("input[name=sub]").first.wait_for(timeout=20_000)
    page.locator("input[name=sub]").last.fill(name)
    page.get_by_role("button", name="Authorize").click()
