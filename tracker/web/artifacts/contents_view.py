"""What is in an artifact, on a page: found before, or looked into now, in the background where that takes long."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from tracker.contents import words
from tracker.contents.kept import Contents, kept, look_into
from tracker.contents.parts import Part, is_beside
from tracker.contents.tasks import Task
from tracker.errors import TrackerError
from tracker.web.common import say, shown, working
from tracker.web.common.context import Context
from tracker.web.common.shown import plain
from tracker.web.entering import start

AT_ONCE = 5_000_000
"""Bytes of a file that is no table up to which a page waits until it was looked into."""


def contents(context: Context, part: Part) -> Contents | None:
    """What is in it; None while it is looked into, or where that takes a person's word, which the page then says."""
    folders = context.folders
    found = kept(folders, part)
    if found is not None:
        return found
    beside = is_beside(folders, part)
    outside = not beside and bool(part.stored.uri or not part.stored.store)
    if outside and not start.may_choose():
        # A row may name any file of this machine; over the network only what is in the registry is opened.
        st.caption("Nobody has looked into it yet. On the machine of the registry, python -m tracker profile does.")
        return None
    folder = part.stored.folder and not part.file
    if folder or (not part.is_table and beside and part.size <= AT_ONCE):
        try:
            return look_into(folders, part)
        except TrackerError as error:
            say.failed(error)
            return None
    small = part.size <= context.settings.number("data.megabytes") * 1e6
    if not (beside and small and context.settings.is_on("data.profile")):
        where = "" if beside else f", at {part.stored.uri or part.stored.store or part.stored.path}"
        if not working.asked(f"Look into it ({shown.size(part.size)}{plain(where)})", f"look-{part}"):
            return None
    return working.result(folders, Task(str(part)), lambda: kept(folders, part))


def facts(context: Context, part: Part, data_page: Mapping[str, str] | None = None) -> None:
    """What is known of a file, and for a table the way to its profile."""
    found = contents(context, part)
    if found is None:
        return
    for warning in found.metadata.get("warnings", ()):
        st.warning(plain(warning), icon=":material/warning:")
    if found.profile is not None and not found.profile.refused:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(words.profile_sentence(found.profile)), width="content")
            if data_page is not None:
                st.page_link(
                    context.pages["data"],
                    label="Columns and drift",
                    icon=":material/analytics:",
                    query_params=data_page,
                )
    else:
        known = [f"**{plain(label)}** {plain(shown.cut(text, 600))}" for label, text in words.facts(found.metadata)]
        st.caption("  \n".join(known))
    notes = [*found.metadata.get("notes", ()), *(found.profile.notes if found.profile else ())]
    if found.profile is not None and found.profile.refused:
        notes.append(found.profile.refused)
    for note in dict.fromkeys(notes):
        st.caption(plain(note))
