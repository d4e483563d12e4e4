"""Who is at the page: the person at this machine; in a team, somebody who signed in and has a role in the registry."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from tracker.capture import owner
from tracker.errors import TrackerError
from tracker.folders import Folders
from tracker.serving import Serving, email_of, is_recent, lacking, providers, serving
from tracker.web.common.shown import code, plain
from tracker.web.entering import wanted
from tracker.web.reading import data, watch

GUEST = "a guest"
"""Who somebody is who looks at what everybody may look at, without having signed in."""
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody at a page."""

    name: str
    needs_role: bool
    """Nothing is shown but to those that the people table gives a role."""


def how() -> Serving:
    """How this app is served."""
    return serving(sys.argv[1:], str(st.get_option("server.address") or ""))


def visitor() -> Visitor | None:
    """Who is at the page; None where nobody has signed in, which :func:`ask` then lets them do."""
    served = how()
    if not served.shared:
        return Visitor(str(st.user.get("email") or owner()), needs_role=False)
    auth = _auth()
    if not auth and served.read_only:
        return Visitor(GUEST, needs_role=False)
    if lacking(auth) or not st.user.get("is_logged_in") or not is_recent(st.user, time.time()):
        return None
    email = email_of(st.user)
    return Visitor(email, needs_role=True) if email else None


def may_enter(visitor: Visitor, path: Path) -> bool:
    """Whether a registry is shown to somebody; one that cannot be read, and so has no roles, is not."""
    if not visitor.needs_role:
        return True
    try:
        return bool(data.role_given(path, watch.stamp(Folders(path), time.time()), visitor.name))
    except TrackerError:
        return False


def ask() -> None:
    """The page on which people sign in; or what keeps them from it."""
    wanted.remember()
    with _card("sign-in"):
        lack = lacking(_auth())
        if lack:
            st.error(f"**Nobody can sign in here yet, so nothing is shown.** {plain(lack)}", icon=":material/lock:")
            st.caption("Whoever serves this app finds how in docs/signing-in.md, and can serve it read-only meanwhile.")
            return
        if st.user.get("is_logged_in"):
            _not_proved()
            return
        st.markdown("Experiments of a team, in one workbook. Sign in to see them.")
        for name in providers(_auth()):
            label = "Sign in" if name == DEFAULT else f"Sign in with {name}"
            if st.button(plain(label), type="primary", key=f"sign-in-{name}", icon=":material/login:"):
                st.login(None if name == DEFAULT else name)
        st.caption("A link that somebody sent you opens after that.")


def _not_proved() -> None:
    """Somebody signed in, but too long ago, or in a way that says nothing about who they are."""
    if not is_recent(st.user, time.time()):
        st.markdown("You signed in more than a week ago. Please do it again; nothing that was saved is lost.")
    else:
        st.error("Your provider does not vouch for your e-mail address, so it says nothing about who you are.")
        st.caption("Verify the address with the provider, then sign in again.")
    sign_out("Sign in again")


def refused(visitor: Visitor) -> None:
    """The page of somebody who has no role here."""
    contact = how().contact
    with _card("no-role"):
        st.markdown(f"You are signed in as {code(visitor.name)}, and nobody has given you a role here yet.")
        asked = f"Ask {plain(contact)}" if contact else "Ask the person who sent you here"
        st.markdown(
            f"**{asked} to add this address to the people table of the registry**, as viewer, contributor or manager. "
            "Then load this page again."
        )
        sign_out()


def account(name: str, role: str = "") -> None:
    """The small menu of somebody who signed in: who they are, what they may do, the way out."""
    if not how().shared or name == GUEST:
        return
    with st.popover(plain(name), icon=":material/account_circle:", key="account", width="content"):
        st.markdown(f"Signed in as {code(name)}" + (f", a **{plain(role)}** here." if role else "."))
        sign_out()


def sign_out(label: str = "Sign out") -> None:
    """The button that ends it."""
    if st.button(label, key="sign-out", icon=":material/logout:"):
        st.logout()


def _auth() -> dict[str, Any]:
    """The settings for signing in; empty where there are none."""
    try:
        section = st.secrets.get("auth", {})
        return {name: section[name] for name in section}
    except (FileNotFoundError, TypeError):  # no file, or no section
        return {}


@contextmanager
def _card(key: str) -> Iterator[None]:
    """A box in the middle of an otherwise empty page."""
    with st.container(horizontal_alignment="center"), st.container(border=True, key=key, width=520):
        st.markdown("# Tracker")
        yield
