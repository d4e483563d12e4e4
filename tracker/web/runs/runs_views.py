"""The views of the Runs page that a team shares: taken with a click, saved under a name into the workbook."""

from __future__ import annotations

import streamlit as st

from tracker.deciding.views import LONGEST, save_view, views
from tracker.errors import TrackerError
from tracker.web.common import address, editing, say
from tracker.web.common.address import Defaults
from tracker.web.common.context import Context
from tracker.web.common.shown import plain

FORM = "view"


def show(context: Context, defaults: Defaults) -> None:
    """The content of the popover."""
    known = views(context.settings)
    now = address.text({key: default for key, default in defaults.items() if key != "page"})
    if not known:
        st.caption("A view is a filter, an order, columns and groups under a name, for the whole team.")
    for name, saved in known.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                plain(name),
                key=f"view-{name}",
                on_click=address.take,
                args=(defaults, saved),
                type="primary" if saved == now else "secondary",
                width="stretch",
            )
            if context.may("view"):
                st.button(
                    "Remove",
                    key=f"view-remove-{name}",
                    icon=":material/delete:",
                    type="tertiary",
                    on_click=_save,
                    args=(context, name, None, saved),
                )
    if context.may("view"):
        name = st.text_input(
            "Save what you see as", key="view-name", max_chars=LONGEST, placeholder="best of this month"
        ).strip()
        st.button(
            "Replace" if name in known else "Save",
            key="view-save",
            disabled=not name or not now,
            on_click=_save,
            args=(context, name, now, known.get(name)),
            help=None if now else "There is nothing to save: this is how the page looks at first.",
        )
    say.still_failed(FORM)


def _save(context: Context, name: str, view: str | None, seen: str | None) -> None:
    say.forget_failed(FORM)
    try:
        done = save_view(context.registry, name, view, context.who, seen)
    except TrackerError as error:
        say.keep_failed(FORM, error, ["view-name"])
        return
    st.session_state["view-name"] = ""
    editing.done(done.report)
