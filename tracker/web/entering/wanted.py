"""The address that somebody wanted before they had to sign in: streamlit comes back from there to its first page.

The browser's tab remembers it, so that it is in nobody's hands on the way, and it leads only to a page of this app.
Where scripts are off, one opens the link once more.
"""

from __future__ import annotations

import streamlit as st

from tracker.web.pages import PAGES

JS = """
const KEY = "tracker.wanted";

export default function ({ data }) {
  const page = path => path.slice(path.lastIndexOf("/") + 1);
  const here = location.pathname + location.search;
  if (data.signing) {
    if (location.search || page(location.pathname)) sessionStorage.setItem(KEY, here);
    return;
  }
  const wanted = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (!wanted || wanted === here) return;
  const url = new URL(wanted, location.origin);
  if (url.origin === location.origin && ["", ...data.pages].includes(page(url.pathname))) location.replace(url);
}
"""

_mount = st.components.v2.component(
    "tracker.wanted", css=".st-key-wanted { position: absolute; height: 0; }", js=JS, isolate_styles=False
)


def remember() -> None:
    """On the page to sign in on: remember the address."""
    _mount(key="wanted", data={"signing": True, "pages": []})


def go_back() -> None:
    """For somebody who has signed in: go to the address that they wanted, once."""
    _mount(key="wanted", data={"signing": False, "pages": [page.address for page in PAGES]})
