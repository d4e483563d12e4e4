"""How the app is served: to the person at this machine, or to a team in which everybody signs in.

The words after ``--`` of ``streamlit run app.py -- registry.xlsx --shared`` say it, and the address that it listens to:
others are shown nothing before they have signed in, unless nothing can be changed. No streamlit in here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tracker.read_only import is_read_only

LOCAL_ADDRESSES = ("127.0.0.1", "localhost", "::1")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
SHARED, CONTACT = "--shared", "--contact="
CALLBACK = "/oauth2callback"
SECRET_LENGTH = 32
"""Characters of the secret that signs the cookies: whoever guesses it can say to be anybody."""
PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")
SIGNED_IN_FOR = timedelta(days=7)
"""How long a person stays signed in."""


@dataclass(frozen=True, slots=True)
class Serving:
    """How the app is served."""

    shared: bool
    """Others reach it, so that each of them has to sign in and no page opens a path that somebody names."""
    read_only: bool
    contact: str = ""
    """Whom to ask for a role, as whoever serves it said."""


def serving(arguments: Sequence[str], address: str) -> Serving:
    """What the app's arguments and the address that it listens to amount to; no address means every one."""
    contact = next((word.removeprefix(CONTACT) for word in arguments if word.startswith(CONTACT)), "")
    return Serving(SHARED in arguments or address not in LOCAL_ADDRESSES, is_read_only(), contact.strip())


# -- what signing in takes ----------------------------------------------------------------------------------------


def secrets_file(folder: Path, home: Path) -> Path | None:
    """The file with the settings for signing in, where streamlit would look for it too: here, else at home."""
    places = (folder / ".streamlit" / "secrets.toml", home / ".streamlit" / "secrets.toml")
    return next((path for path in places if path.is_file()), None)


def providers(auth: Mapping[str, Any]) -> list[str]:
    """The names of the providers by which people can sign in; ``default`` is the one without a name."""
    named = [name for name, value in auth.items() if isinstance(value, Mapping) and "client_id" in value]
    return (["default"] if "client_id" in auth else []) + named


def lacking(auth: Mapping[str, Any]) -> str:
    """What the section ``[auth]`` lacks for people to sign in safely, as a sentence; empty where it lacks nothing."""
    if not auth:
        return "There is no section [auth] in .streamlit/secrets.toml."
    uri = urlsplit(str(auth.get("redirect_uri", "")))
    if not uri.netloc or not uri.path.endswith(CALLBACK):
        return f"redirect_uri in [auth] must be the app's own address with {CALLBACK} at its end."
    if uri.scheme != "https" and uri.hostname not in LOCAL_HOSTS:
        return "redirect_uri in [auth] must begin with https: over http, others on the way could sign in as anybody."
    if len(str(auth.get("cookie_secret", ""))) < SECRET_LENGTH:
        return f"cookie_secret in [auth] must be random and have {SECRET_LENGTH} characters or more."
    known = providers(auth)
    if not known:
        return f"[auth] names no provider: it needs {', '.join(PROVIDER_KEYS)}."
    for name in known:
        section = auth if name == "default" else auth[name]
        absent = [key for key in PROVIDER_KEYS if not section.get(key)]
        if absent or "_" in name:
            what = f"lacks {', '.join(absent)}" if absent else "must have a name without '_'"
            return f"[auth{'' if name == 'default' else f'.{name}'}] {what}."
    if any(importlib.util.find_spec(package) is None for package in ("authlib", "httpx")):
        return "Signing in needs a package: pip install tracker-workbook[shared]."
    return ""


def host_of(auth: Mapping[str, Any]) -> str:
    """The name by which browsers reach the app, as its redirect_uri says."""
    return urlsplit(str(auth.get("redirect_uri", ""))).hostname or ""


# -- who signed in ------------------------------------------------------------------------------------------------


def email_of(user: Mapping[str, Any]) -> str:
    """The e-mail address of somebody who signed in; empty where it proves nothing.

    A provider that says whether it has verified an address must have done so. Capitals make no difference, but signs
    that only look like one of ASCII when their case is folded, such as the sign for kelvin, must not become it.
    """
    email = str(user.get("email") or "").strip()
    verified = user.get("email_verified")
    if verified is not None and str(verified).lower() != "true":
        return ""
    if "@" not in email or (email.casefold().isascii() and not email.isascii()):
        return ""
    return email


def is_recent(user: Mapping[str, Any], now: float) -> bool:
    """Whether somebody signed in so lately that it still counts; the provider says when (``iat``)."""
    try:
        return now - float(user.get("iat") or 0) < SIGNED_IN_FOR.total_seconds()
    except (TypeError, ValueError):
        return False
