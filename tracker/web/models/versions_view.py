"""Two versions of a model side by side on a page: all that differs, and what changed in the code between them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tracker.deciding.models import ModelVersion
from tracker.errors import TrackerError
from tracker.web.common import say
from tracker.web.common.context import Context
from tracker.web.compare import pair_view


def show(context: Context, versions: Sequence[ModelVersion]) -> None:
    """The choice of two versions, and what differs between them; nothing while there is only one."""
    if len(versions) < 2:
        return
    if not st.toggle("Compare two versions", key="versions-toggle", persist_state="session"):
        return
    references = {f"{one.model}:v{one.version}": one for one in versions}
    names = list(references)

    def called(name: str) -> str:
        return f"v{references[name].version} ({references[name].stage})"

    columns = st.columns(2)
    left = columns[0].selectbox("From", names, index=1, format_func=called, key="versions-left")
    right = columns[1].selectbox("To", names, index=0, format_func=called, key="versions-right")
    try:
        found = pair_view.comparison_of(context.place.path, context.stamp, left, right)
    except TrackerError as error:
        say.failed(error)
        return
    heads = (called(left), called(right))
    pair_view.differences(found, heads)
    pair_view.code(found, heads)
